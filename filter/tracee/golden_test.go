package tracee

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata/*.txtar")

// A section is "-- name --" and the lines below it.
type section struct{ name, body string }

// TestTables runs testdata/*.txtar. In each file a text stands first, then pairs
// of sections: the name of a case with one expression on each line, and want
// with what comes of them. "default set" in want stands for its events.
func TestTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runTable(t, file) })
	}
}

func runTable(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, sections := readTable(t, file, string(data))
	var b strings.Builder
	b.WriteString(head)
	seen := map[string]bool{}
	for i := 0; i < len(sections); i += 2 {
		name, body := sections[i].name, sections[i].body
		if i+1 == len(sections) || sections[i+1].name != "want" || seen[name] || name == "want" {
			t.Fatalf("%s: case %q: every case has a name of its own and a want", file, name)
		}
		seen[name] = true
		got, want := outcome(lines(body)), sections[i+1].body
		if got != want && !*update {
			t.Errorf("%s: %s\ngot\n%s\nwant\n%s", file, name, got, want)
		}
		fmt.Fprintf(&b, "-- %s --\n%s-- want --\n%s", name, body, got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readTable(t *testing.T, file, text string) (head string, sections []section) {
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(line, "-- ")
		if name, end := strings.CutSuffix(name, " --\n"); ok && end {
			sections = append(sections, section{name: name})
		} else if len(sections) == 0 {
			head += line
		} else {
			sections[len(sections)-1].body += line
		}
	}
	if head == "" || len(sections) == 0 {
		t.Fatalf("%s: no text at the top, or no case", file)
	}
	return head, sections
}

// lines are the expressions. \e at the end of a line shows one that is empty.
func lines(body string) (exprs []string) {
	for line := range strings.Lines(body) {
		exprs = append(exprs, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), `\e`))
	}
	return exprs
}

// outcome is what comes of expressions, as text.
func outcome(exprs []string) string {
	expr, err := Parse(exprs, Options{})
	var wrong *filter.Error
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s at %d\n%s\n", wrong.Reason, wrong.Offset, wrong)
	} else if err != nil {
		return "not a filter.Error: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, w := range expr.Warnings {
		fmt.Fprintf(&b, "warning     %s\n", w)
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		return b.String() + "does not compile: " + err.Error() + "\n"
	}
	b.WriteString(program.Explain().String())
	return strings.NewReplacer(defaultText, "event in {default set}", defaultList, "events      default set").Replace(b.String())
}

// The default set as it is printed.
var defaultText, defaultList = func() (string, string) {
	expr, _ := Parse(nil, Options{})
	program, err := expr.Compile(filter.Events)
	if err != nil {
		panic(err)
	}
	_, list, _ := strings.Cut(program.Explain().String(), "\n")
	list, _, _ = strings.Cut(list, "\n")
	return expr.String(), list
}()
