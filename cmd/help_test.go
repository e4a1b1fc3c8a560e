package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/spf13/cobra"
)

// inProcess runs a command line that neither waits nor needs the kernel.
func inProcess(args ...string) result {
	var out, errs bytes.Buffer
	code := Main(args, strings.NewReader(""), &out, &errs)
	return result{code, out.String(), errs.String()}
}

func TestHelp(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"", "Usage:"},
		{"--help", "Usage:"},
		{"help", "Usage:"},
		{"help trace", "--explain-filter"},
		{"trace --help", "--explain-filter"},
		{"trace -h", "--explain-filter"},
		{"trace -help", "--explain-filter"},
		{"help filters", "openat.pathname=/tmp*"},
		{"filters", "openat.pathname=/tmp*"},
		{"help exit-codes", "2  wrong usage"},
		{"trace --trace help", "openat.pathname=/tmp*"},
		{"trace -t help", "fs_read_write"},
		{"trace --output help", "gotemplate=PATH"},
		{"trace -output help", "gotemplate=PATH"},
		{"list --help", "--set"},
		{"--version", "bulwark "},
		{"version", "bulwark "},
	} {
		r := inProcess(strings.Fields(c.args)...)
		if r.code != exitFine || r.stderr != "" || !strings.Contains(r.stdout, c.says) {
			t.Errorf("bulwark %s: exit %d, stderr %q, want %q in\n%s", c.args, r.code, r.stderr, c.says, r.stdout)
		}
	}
}

// TestEveryCommandIsDocumented: a text, examples, and no line that a terminal of
// usual width would break badly.
func TestEveryCommandIsDocumented(t *testing.T) {
	for _, c := range New(&Env{}).Commands() {
		if c.Name() == "help" {
			continue
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short is %q", c.Name(), c.Short)
		}
		if !c.IsAdditionalHelpTopicCommand() && strings.Count(c.Example, "\n") < 1 {
			t.Errorf("%s has fewer than two examples", c.Name())
		}
		for line := range strings.Lines(helpText(c)) {
			if len(line) > 141 {
				t.Errorf("%s: help line of %d characters: %s", c.Name(), len(line), line)
			}
		}
	}
}

// words splits a shell command line: quotes are understood, a comment ends it,
// and so do a pipe and a redirection.
func words(line string) (list []string) {
	var word strings.Builder
	quote, begun := rune(0), false
	flush := func() {
		if begun {
			list = append(list, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote != 0:
			word.WriteRune(r)
		case r == ' ' || r == '\t':
			flush()
		case !begun && strings.ContainsRune("#|&;", r), r == '>' && !begun, r == ')':
			flush()
			return list
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	flush()
	return list
}

// commandLine finds bulwark in an example: its arguments.
var commandLine = regexp.MustCompile(`^(?:.*[;&|(] *)?(?:sudo )?(?:bulwark|go run(?: -exec sudo)? \.) (.*)$`)

// checkExample has a command line parsed by everything that parses it in a real
// run. Nothing is started: trace explains its filter, the others print help.
func checkExample(t *testing.T, where, line string) bool {
	t.Helper()
	m := commandLine.FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return false
	}
	args := words(m[1])
	if len(args) == 0 {
		return false
	}
	more := "--help"
	if args[0] == "trace" {
		more = "--explain-filter"
	}
	at := slices.Index(args, "--")
	if at < 0 {
		at = len(args)
	}
	if r := inProcess(slices.Insert(args, at, more)...); r.code != exitFine || r.stderr != "" {
		t.Errorf("%s: %s: exit %d, %s", where, strings.TrimSpace(line), r.code, r.stderr)
	}
	return true
}

func TestExamplesParse(t *testing.T) {
	root := New(&Env{})
	n := 0
	for _, c := range append(root.Commands(), root) {
		for line := range strings.Lines(c.Example) {
			if checkExample(t, c.Name(), line) {
				n++
			} else {
				t.Errorf("%s: no command line in %q", c.Name(), line)
			}
		}
		if c.IsAdditionalHelpTopicCommand() {
			n += checkTopic(t, c)
		}
	}
	if n < 30 {
		t.Errorf("only %d examples were found", n)
	}
}

// checkTopic checks the lines of a topic that begin with a flag of trace.
func checkTopic(t *testing.T, c *cobra.Command) (n int) {
	for line := range strings.Lines(c.Long) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "--trace ") && !strings.HasPrefix(line, "--trace EXPRESSION") ||
			strings.HasPrefix(line, "--output ") && !strings.HasPrefix(line, "--output says") {
			line, _, _ = strings.Cut(line, "    ")
			checkExample(t, c.Name(), "bulwark trace "+line)
			n++
		}
	}
	return n
}

// TestDocumentsParse checks every command line of README and docs.
func TestDocumentsParse(t *testing.T) {
	files, _ := filepath.Glob("../docs/*/*.md")
	more, _ := filepath.Glob("../docs/*.md")
	files = append(append(files, more...), "../README.md", "../CHANGELOG.md")
	n := 0
	for _, file := range files {
		if strings.Contains(file, "/reference/") {
			continue // generated from what TestExamplesParse looks at
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		inside := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				inside = !inside
				continue
			}
			line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "# ")
			if inside && checkExample(t, file, line) {
				n++
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d command lines were found in %d documents", n, len(files))
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		r := inProcess("completion", shell)
		if r.code != exitFine || !strings.Contains(r.stdout, "bulwark") {
			t.Errorf("%s: exit %d", shell, r.code)
			continue
		}
		if path, err := exec.LookPath(shell); err == nil {
			c := exec.Command(path, "-n")
			c.Stdin = strings.NewReader(r.stdout)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s does not read its script: %v\n%s", shell, err, out)
			}
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"trace --trace event=op", "event=openat"},
		{"trace --trace e=close,op", "e=close,openat"},
		{"trace -t s=f", "s=fs"},
		{"trace -t ", "comm="},
		{"trace -t pid=", "pid=new"},
		{"trace -t openat.", "openat.pathname="},
		{"trace -o j", "json"},
		{"list --set f", "fs"},
		{"list open", "openat"},
		{"completion ", "zsh"},
		{"tr", "trace"},
		{"help fil", "filters"},
	} {
		args := append([]string{"__complete"}, strings.Split(c.args, " ")...)
		r := inProcess(args...)
		found := false
		for line := range strings.Lines(r.stdout) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			found = found || word == c.want
		}
		if !found {
			t.Errorf("bulwark %s: no %q in\n%s%s", c.args, c.want, r.stdout, r.stderr)
		}
	}
}

func TestListText(t *testing.T) {
	here := map[dictionary.ID]delivery{
		257:  {Available: true, Hook: "tp:sys_exit"},
		3026: {Why: "this kernel has no modules"},
	}
	text := listText([]*dictionary.Event{dictionary.Lookup("openat"), dictionary.Lookup("module_load")}, here)
	for _, want := range []string{
		"System Calls:", "Other Events:",
		"openat                         257    tp:sys_exit                  [default syscalls fs fs_file_ops]",
		"(int dirfd, const char* pathname, int flags, mode_t mode)",
		"Not on this host:\n\nmodule_load: this kernel has no modules\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if plain := listText([]*dictionary.Event{dictionary.Lookup("openat")}, nil); strings.Contains(plain, "Here:") || strings.Contains(plain, "Other") {
		t.Errorf("says more than it knows:\n%s", plain)
	}
}

func TestListJSON(t *testing.T) {
	var buf bytes.Buffer
	events := []*dictionary.Event{dictionary.Lookup("openat"), dictionary.Lookup("close")}
	if err := printJSON(&buf, listJSON(events, map[dictionary.ID]delivery{3: {Why: "why"}})); err != nil {
		t.Fatal(err)
	}
	var l listed
	if err := json.Unmarshal(buf.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if l.V != 1 || len(l.Events) != 2 || l.Events[0].Here != nil || l.Events[1].Here.Why != "why" || l.Events[0].Arguments[1].Name != "pathname" {
		t.Errorf("%+v", l)
	}
}

func TestVersionJSON(t *testing.T) {
	var v versionInfo
	if err := json.Unmarshal([]byte(inProcess("version", "--json").stdout), &v); err != nil {
		t.Fatal(err)
	}
	if v.V != 1 || v.Go == "" || len(v.Objects) == 0 || len(v.Objects[0].SHA256) != 64 {
		t.Errorf("%+v", v)
	}
}
