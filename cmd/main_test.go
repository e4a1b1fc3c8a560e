package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test binary be bulwark: exit codes,
// signals and pipes are then the real ones.
const asProgram = "BULWARK_CMD_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A result is how a run of bulwark ended.
type result struct {
	code           int
	stdout, stderr string
}

// program is bulwark, not yet started.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

func run(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, program(t, args...))
}

// finish runs the command to its end. One that is killed has code -1.
func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &out
	}
	c.Stderr = &errs
	killer := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer killer.Stop()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// unprivileged is bulwark run by nobody.
func unprivileged(t *testing.T, args ...string) result {
	t.Helper()
	c := program(t, args...)
	if os.Geteuid() == 0 { // the test binary is where nobody may not read
		dir, err := os.MkdirTemp("", "bulwark-cmd-*")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		copyTo(t, c.Path, filepath.Join(dir, "bulwark"))
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		c.Path, c.Dir = filepath.Join(dir, "bulwark"), "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return finish(t, c)
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/bad.tmpl", "{{.EventName")
	for _, c := range []struct {
		args string
		says []string // the first line, then the hint
	}{
		{"trace -t event=opnat", []string{`no event "opnat"`, "did you mean openat?"}},
		{"trace -t set=fss", []string{`no set "fss"`, "did you mean fs?"}},
		{"trace -t pid=", []string{"value is missing", "hint"}},
		{"trace -t pid=abc", []string{`"abc" is not a number`, "hint"}},
		{"trace -t uid>x", []string{`"x" is not a number`, "hint"}},
		{"trace -t openat.nosuch=1", []string{`no argument "nosuch"`, "pathname"}},
		{"trace -o gotemplate=/nonexistent", []string{"/nonexistent: no such file", "hint"}},
		{"trace -o gotemplate=" + dir + "/bad.tmpl", []string{"unclosed action", "hint"}},
		{"trace -o out-file:/proc/nonexistent/f", []string{"/proc/nonexistent/f: cannot make the folder", "hint: choose a folder"}},
		{"trace --stats /proc/nonexistent/f", []string{"--stats /proc/nonexistent/f: cannot make the folder", "hint: choose a folder"}},
		{"trace -o option:nosuch", []string{`unknown option "nosuch"`, "stack-addresses"}},
		{"trace -o jsn", []string{`unknown format "jsn"`, "did you mean json?"}},
		{"trace --trac x", []string{"unknown flag --trac", "did you mean --trace?"}},
		{"trace -z", []string{"unknown flag -z", "trace --help"}},
		{"trace -lz", []string{"unknown flag -z"}},
		{"trace --count x", []string{"--count x: not a whole number"}},
		{"trace --duration 5", []string{"--duration 5: not a duration", "10s"}},
		{"trace --duration -5s", []string{"in the past"}},
		{"trace --list=maybe", []string{"neither true nor false"}},
		{"trace --buffer-size 5X", []string{"--buffer-size 5X: not a size", "64K"}},
		{"trace -b 1000", []string{"not a power of two, the next is 1024"}},
		{"trace --buffer-size 1M -b 4", []string{"both say how large"}},
		{"trace -t", []string{"--trace: needs a value, EXPRESSION"}},
		{"trace --build-policy never", []string{"--build-policy: there is nothing to build", "leave it out"}},
		{"trace ls /", []string{`unexpected word "ls"`, "put -- before it"}},
		{"trace --", []string{"a command must follow"}},
		{"trace -- nosuchcommand", []string{"nosuchcommand: executable file not found"}},
		{"trace -- /etc/passwd", []string{"/etc/passwd: permission denied"}},
		{"trace --summary -o gob", []string{"cannot be printed as gob"}},
		{"list opennat", []string{`unknown event "opennat"`, "did you mean openat?"}},
		{"list fs", []string{`unknown event "fs"`, "this is a set: bulwark list --set fs"}},
		{"list --set fss", []string{`unknown set "fss"`, "fs"}},
		{"list openat --jsn", []string{"unknown flag --jsn", "did you mean --json?"}},
		{"doctor now", []string{`unexpected word "now"`}},
		{"completion", []string{"name one shell"}},
		{"completion tcsh", []string{`unknown shell "tcsh"`, "bash, zsh, fish"}},
		{"tracee", []string{`unknown command "tracee"`, "did you mean bulwark trace?"}},
		{"help filterz", []string{`unknown command "filterz"`, "bulwark help filters"}},
		{"--list", []string{"unknown flag --list", "bulwark trace --list"}},
	} {
		r := run(t, strings.Fields(c.args)...)
		if r.code != exitUsage || r.stdout != "" || !strings.HasPrefix(r.stderr, "bulwark: ") {
			t.Errorf("bulwark %s: exit %d, stdout %q, stderr %q", c.args, r.code, r.stdout, r.stderr)
		}
		for _, s := range c.says {
			if !strings.Contains(r.stderr, s) {
				t.Errorf("bulwark %s: want %q in\n%s", c.args, s, r.stderr)
			}
		}
	}
}

func TestWithoutPrivileges(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"trace", exitHost, "CAP_BPF"},
		{"trace -- true", exitHost, "CAP_BPF"},
		{"trace -t event=nosuch", exitUsage, "nosuch"}, // mistakes are told first
		{"trace --explain-filter -t comm=bash", exitFine, ""},
		{"doctor", exitHost, "cannot trace"},
		{"list", exitFine, "run as root"},
		{"list openat", exitFine, ""},
		{"version --json", exitFine, ""},
		{"trace --list", exitFine, ""},
	} {
		r := unprivileged(t, strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("bulwark %s: exit %d, want %d and %q in\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
	}
}
