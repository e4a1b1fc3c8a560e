package differential

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
	"github.com/bulwark-security/bulwark/test/program/calls"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

func TestMain(m *testing.M) { subject.Main(m) }

// decode are the options with which strace decodes what an event decodes:
// numbers beside the names, text in hex; vectors of text, socket addresses and
// the structures that the dictionary knows; other structures as pointers.
func decode() []string {
	calls := []string{"execve", "execveat", "connect", "bind", "accept", "accept4", "sendto", "recvfrom", "getsockname", "getpeername", "pipe", "pipe2", "socketpair"}
	for _, e := range dictionary.All() {
		if e.Kind == dictionary.Syscall && slices.ContainsFunc(e.Args, func(a dictionary.Arg) bool { return a.Struct != nil }) {
			calls = append(calls, e.Name)
		}
	}
	return []string{"-X", "verbose", "-xx", "-s", "65536", "-e", "abbrev=none", "-e", "verbose=" + strings.Join(calls, ",?")}
}

// registers are the options with which it prints each register.
var registers = []string{"-e", "raw=all"}

// show is for whoever checks the table: -args -show 'unreadable'.
var show = flag.String("show", "", "show the cases of the difference that begins so")

// most is how many rows the table of differences may have.
const most = 15

// TestDifferential runs every program of test/program/calls under both.
func TestDifferential(t *testing.T) {
	require.Root(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		require.Missing(t, "strace")
	}
	if dictionary.Host != dictionary.AMD64 {
		t.Skip("skipped: the programs are for x86-64")
	}
	if len(differences) > most {
		t.Errorf("the table of differences has %d rows, at most %d are allowed", len(differences), most)
	}
	c := &comparison{used: map[string]int{}, calls: map[string]int{}, show: *show}
	for _, p := range calls.Programs() {
		t.Run(p.Name, func(t *testing.T) {
			before := len(c.problems)
			program(t, c, strace, p, decode(), false)
			program(t, c, strace, p, registers, true)
			report(t, c.problems[before:])
		})
	}
	for _, text := range c.shown {
		t.Log(text)
	}
	t.Logf("%d different calls, %d arguments compared", len(c.calls), c.args)
	if len(c.calls) < 250 {
		t.Errorf("only %d different calls were compared", len(c.calls))
	}
	for _, d := range differences {
		t.Logf("%4d times: %s (%s)", c.used[d.what], d.what, d.why)
		if c.used[d.what] == 0 && !t.Failed() {
			t.Errorf("the table has a row that nothing needs: %s", d.what)
		}
	}
}

// report prints the first problems; one mistake often has many.
func report(t *testing.T, problems []string) {
	t.Helper()
	const shown = 12
	for _, p := range problems[:min(len(problems), shown)] {
		t.Error(p)
	}
	if n := len(problems) - shown; n > 0 {
		t.Errorf("and %d more", n)
	}
}

// program runs one under bulwark and strace together and compares.
func program(t *testing.T, c *comparison, strace string, p calls.Program, options []string, raw bool) {
	t.Helper()
	dir := t.TempDir()
	image, err := tiny.Compile(strings.ReplaceAll(p.Script, "{dir}", filepath.Join(dir, "room")), dictionary.Host)
	if err != nil {
		t.Fatal(err)
	}
	file, log := filepath.Join(dir, p.Name), filepath.Join(dir, "strace.log")
	if err := os.WriteFile(file, image, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "room"), 0o755); err != nil {
		t.Fatal(err)
	}
	form := "option:parse-arguments"
	if raw {
		form = "option:raw-arguments"
	}
	args := []string{"--output", form, "--output", "option:exec-env", "--trace", "s=syscalls", "--", strace, "-f", "-qq", "-e", "signal=none", "-o", log}
	run := subject.RunTrace(t, append(append(args, options...), file)...)
	if w := run.Account.Wrong(); w != "" || run.Account.Lost > 0 {
		t.Errorf("account: %s, %d lost", w, run.Account.Lost)
	}
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("strace: %v\n%s", err, run.Stderr)
	}
	lines, err := parseLog(string(b))
	if err != nil {
		t.Fatal(err)
	}
	inTime(t, run.Events)
	c.threads(lines, ofThreads(run.Events, lines), raw)
}

// ofThreads are the system calls of the threads that strace saw: bulwark saw
// strace too.
func ofThreads(events []subject.Event, lines []line) []subject.Event {
	seen := map[int]bool{}
	for _, l := range lines {
		seen[l.tid] = true
	}
	return slices.DeleteFunc(events, func(e subject.Event) bool {
		d := dictionary.Lookup(e.EventName)
		return !seen[e.HostThreadID] || d == nil || d.Kind != dictionary.Syscall
	})
}

// inTime checks that the whole stream is in the order of its time stamps.
func inTime(t *testing.T, events []subject.Event) {
	t.Helper()
	last := 0.0
	for i, e := range events {
		var now float64
		if _, err := fmt.Sscan(e.Timestamp.String(), &now); err != nil || now < last {
			t.Errorf("event %d is out of order: %s after %f (%v)", i, e.Timestamp, last, err)
			return
		}
		last = now
	}
}
