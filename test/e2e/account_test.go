package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/counter"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

// soak says that the long runs are wanted: make soak.
func soak() bool { return os.Getenv("BULWARK_TEST_SOAK") != "" }

// made is what burst says that it did.
type made struct {
	Made    uint64
	Seconds float64
	Late    bool
}

// burst runs test/program/burst under a trace of what it calls. What bulwark
// prints is counted and not kept.
func burst(t *testing.T, trace []string, args ...string) (made, subject.Run, tally) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report")
	program := subject.Build(t, "github.com/bulwark-security/bulwark/test/program/burst")
	var p tally
	words := append(append(trace, "--", program, "-report", report), args...)
	r := subject.LaunchEach(t, func(line []byte) { p.count(t, line) }, words...).Wait()
	if r.Exit != 0 {
		t.Fatalf("bulwark: %s", r.Text())
	}
	var m made
	b, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatalf("burst did not report: %v\n%s", err, r.Text())
	}
	return m, r, p
}

// tally counts the lines of JSON: events, and what gaps say was lost.
type tally struct{ events, lost uint64 }

func (p *tally) count(t *testing.T, line []byte) {
	if bytes.Contains(line, []byte(`"eventName"`)) {
		p.events++
		return
	}
	var l struct{ Gap struct{ Lost uint64 } }
	if err := json.Unmarshal(line, &l); err != nil {
		t.Errorf("not a line of JSON: %v: %q", err, line)
	}
	p.lost += l.Gap.Lost
}

// exact checks an account of one call: generated is what was made, the sum
// holds, the losses have causes.
func exact(t *testing.T, a *subject.Account, call string, made uint64) {
	t.Helper()
	if w := a.Wrong(); w != "" {
		t.Errorf("account: %s", w)
	}
	if got := a.Events[call].Generated; got != made {
		t.Errorf("%s: %d generated, %d made", call, got, made)
	}
}

// Under a buffer that is far too small most is lost, and every loss is known.
func TestAccountUnderSmallBuffer(t *testing.T) {
	require.Root(t)
	runs := 20
	if testing.Short() {
		runs = 2
	}
	lost := uint64(0)
	for range runs {
		const threads, calls = 4, 50_000
		m, r, p := burst(t, []string{"--trace", "e=getppid", "--buffer-size", "64K"}, "-threads", fmt.Sprint(threads), "-calls", fmt.Sprint(calls))
		if m.Made != threads*calls {
			t.Fatalf("burst made %d", m.Made)
		}
		exact(t, r.Account, "getppid", m.Made)
		if p.events != r.Account.Delivered {
			t.Errorf("%d events printed, %d delivered", p.events, r.Account.Delivered)
		}
		if n := r.Account.Lost; n > 0 && (p.lost != n || !strings.Contains(r.Stderr, "--buffer-size")) {
			t.Errorf("%d lost, the gaps in the stream say %d; standard error must say what to raise:\n%s", n, p.lost, r.Stderr)
		}
		lost += r.Account.Lost
	}
	if lost == 0 {
		t.Error("nothing was lost in any run: the buffer is not small enough for this test")
	}
}

// At a rate that the house promises nothing is lost.
func TestAccountPaced(t *testing.T) { paced(t, 3*time.Second) }

// The same for half a minute.
func TestSoakPaced(t *testing.T) {
	if !soak() {
		t.Skip("skipped: a long run, make soak")
	}
	paced(t, 30*time.Second)
}

func paced(t *testing.T, long time.Duration) {
	t.Helper()
	require.Root(t)
	m, r, _ := burst(t, []string{"--trace", "getppid.retval>0", "--output", "none"}, "-threads", "2", "-rate", "500000", "-for", long.String())
	rate := float64(m.Made) / m.Seconds
	t.Logf("%d calls in %.1f s, %.0f a second: %d delivered, %d lost", m.Made, m.Seconds, rate, r.Account.Delivered, r.Account.Lost)
	exact(t, r.Account, "getppid", m.Made)
	if rate < 450_000 {
		t.Errorf("the program was too slow for this test: %.0f calls a second", rate)
	}
	if r.Account.Lost != 0 || r.Account.Delivered != m.Made {
		t.Errorf("%d of %d delivered, %d lost", r.Account.Delivered, m.Made, r.Account.Lost)
	}
}

// As fast as it goes: what is lost is printed and exact.
func TestAccountUnpaced(t *testing.T) {
	unpaced(t, "none", 1_500_000)
	unpaced(t, "json", 500_000)
}

// The same, and for longer.
func TestSoakUnpaced(t *testing.T) {
	if !soak() {
		t.Skip("skipped: a long run, make soak")
	}
	unpaced(t, "none", 60_000_000)
	unpaced(t, "json", 2_000_000)
}

func unpaced(t *testing.T, output string, calls int) {
	t.Helper()
	require.Root(t)
	m, r, _ := burst(t, []string{"--trace", "e=getppid", "--output", output}, "-threads", "2", "-calls", fmt.Sprint(calls))
	t.Logf("output %s: %.1f M calls a second, %d of %d lost", output, float64(m.Made)/m.Seconds/1e6, r.Account.Lost, m.Made)
	exact(t, r.Account, "getppid", m.Made)
	if r.Account.Lost > 0 && !strings.Contains(r.Stderr, fmt.Sprintf("%d lost", r.Account.Lost)) {
		t.Errorf("the loss of %d is not printed:\n%s", r.Account.Lost, r.Stderr)
	}
}

// everything is a program that makes all kinds of the calls that the table's
// filters are about, in known and in unknown numbers.
const everything = `
loop 300 {
    fd = openat AT_FDCWD "/dev/null" O_RDWR
    write $fd "x" 1
    pread64 $fd &b 1 0
    close $fd
    close 5
    close 77
    dup3 1 9 0
    fcntl 1 F_GETFD
    getpid
    getppid
    s = socket AF_UNIX SOCK_STREAM 0
    connect $s unix:/none 8
    close $s
    unlinkat AT_FDCWD "/none/x" 0
    renameat AT_FDCWD "/none/x" AT_FDCWD "/none/y"
    fsync 1
    faccessat AT_FDCWD "/none" R_OK
    kill 999999 0
}
loop 20 {
    c = fork {
        setuid 1000
        getppid
        execve "/none" ["x"] [ ]
        exit 3
    }
    wait4 $c 0 0x40000000 0
    v = clone CLONE_VM|CLONE_VFORK|SIGCHLD &stack+4096 0 0 0 {
        getpid
        exit_group 1
    }
    wait4 $v 0 0 0
}
handler on {
    getpid
}
rt_sigaction SIGUSR1 {&on SA_RESTORER &on 0} 0 8
me = getpid
loop 10 {
    kill $me SIGUSR1
}
execve "{second}" ["second"] [ ]
buffer b 64
buffer stack 8192
`

// A second counter, which shares nothing with bulwark's, agrees with generated
// for every filter of the table.
func TestAccountAgainstCounter(t *testing.T) {
	require.Root(t)
	rows, err := parseTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "counted"), filepath.Join(dir, "second")
	compileTo(t, second, "loop 100 {\ngetppid\n}\n")
	compileTo(t, first, strings.ReplaceAll(everything, "{second}", second))
	var seen []string
	for _, r := range rows {
		trace := make([]string, len(r.trace))
		for i, w := range r.trace {
			trace[i] = withoutNames(w, dir)
		}
		key := strings.Join(trace, " ")
		if slices.Contains(seen, key) || slices.Contains(r.needs, "arm64") != (runtime.GOARCH == "arm64") && slices.Contains(r.needs, "arm64") {
			continue
		}
		seen = append(seen, key)
		t.Run(r.name, func(t *testing.T) {
			c := counter.New(t, counter.Options{Root: "counted"})
			run := subject.RunTrace(t, append(trace, "--", first)...)
			if w := run.Account.Wrong(); w != "" || run.Account.Lost > 0 {
				t.Errorf("account: %s, %d lost", w, run.Account.Lost)
			}
			agree(t, run.Account, c.Read())
		})
	}
}

// withoutNames puts something in the place of a row's names.
func withoutNames(word, dir string) string {
	for {
		begin := strings.IndexByte(word, '{')
		end := strings.IndexByte(word, '}')
		if begin < 0 || end < begin {
			return word
		}
		value := "7"
		switch name := word[begin+1 : end]; name {
		case "dir":
			value = dir
		case "host":
			value = "nohost"
		}
		word = word[:begin] + value + word[end+1:]
	}
}

// agree compares generated with what the counter saw of that call.
func agree(t *testing.T, a *subject.Account, counted map[int]counter.Counts) {
	t.Helper()
	compared := 0
	for _, e := range dictionary.All() {
		number := e.Number[dictionary.Host]
		got, selected := a.Events[e.Name]
		if e.Kind != dictionary.Syscall || number < 0 || !selected {
			continue
		}
		want := firings(e.Name, counted[number])
		if e.Name == "execve" {
			want++ // the root's own began before the counter knew it
		}
		if got.Generated != want {
			t.Errorf("%s: %d generated, the counter has %d (%+v)", e.Name, got.Generated, want, counted[number])
		}
		compared++
	}
	if compared == 0 && len(a.Events) == 0 {
		t.Error("the account has no events")
	}
}

// The same for the whole host, whose calls go on while both begin and end: what
// the counter saw from ready to the end, and from before the start to after the
// exit, are the bounds.
func TestAccountOfHostAgainstCounter(t *testing.T) {
	require.Root(t)
	dir := tempDir(t)
	const name = "e2e-subject" // a comm that nobody else has
	program, work := filepath.Join(dir, name), filepath.Join(dir, "work")
	copyProgram(t, program)
	compileTo(t, work, strings.ReplaceAll(everything, "{second}", "/none"))
	c := counter.New(t, counter.Options{Except: name})
	stats := filepath.Join(dir, "stats")
	cmd := subject.Command(t, "trace", "--trace", "s=syscalls", "--output", "none", "--stats", stats)
	cmd.Path, cmd.Args[0] = program, program
	before := c.Read()
	tr := subject.LaunchCommand(t, stats, cmd)
	tr.Ready()
	ready := c.Read()
	_ = exec.Command(work).Run() // it ends with an execve that fails
	last := c.Read()
	r := tr.Stop()
	after := c.Read()
	if r.Account == nil || r.Account.Wrong() != "" {
		t.Fatalf("account: %+v", r.Account)
	}
	compared := 0
	for _, e := range dictionary.All() {
		number := e.Number[dictionary.Host]
		got, selected := r.Account.Events[e.Name]
		if e.Kind != dictionary.Syscall || number < 0 || !selected {
			continue
		}
		least, most := firings(e.Name, last[number].Since(ready[number])), firings(e.Name, after[number].Since(before[number]))
		if got.Generated < least || got.Generated > most {
			t.Errorf("%s: %d generated, the counter has between %d and %d", e.Name, got.Generated, least, most)
		}
		if got.Generated > 0 {
			compared++
		}
	}
	if compared < 15 {
		t.Errorf("only %d kinds of call were made", compared)
	}
}

// firings says how often an event fires, by its definition.
func firings(name string, c counter.Counts) uint64 {
	switch name {
	case "execve", "execveat":
		return c.Entries + c.Failures
	case "exit", "exit_group", "rt_sigreturn":
		return c.Entries
	case "fork", "vfork", "clone", "clone3":
		return c.Exits - c.Zeros // the child returns too, with 0
	}
	return c.Exits
}

// compileTo writes a tiny program.
func compileTo(t testing.TB, file, script string) {
	t.Helper()
	image, err := tiny.Compile(script, dictionary.Host)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	if err := os.WriteFile(file, image, 0o755); err != nil {
		t.Fatal(err)
	}
}
