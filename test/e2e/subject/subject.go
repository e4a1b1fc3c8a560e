// Package subject runs the bulwark that a whole-program test is about.
//
//	tr := subject.Start(t, "--trace", "event=openat") // as root; waits until it is ready
//	…
//	run := tr.Stop()                                   // Ctrl-C, waits for the end
//	for _, e := range run.Events { fmt.Println(e) }
//
// The program is the one that the environment variable BULWARK names; without
// it, it is built from this module. Nothing here needs a shell or any other
// program, so that tests compiled with go test -c run in a bare machine.
package subject

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/internal/require"
)

// Binary is the path of the program under test.
func Binary(t testing.TB) string {
	t.Helper()
	if file := os.Getenv("BULWARK"); file != "" {
		return file
	}
	return Build(t, "github.com/bulwark-security/bulwark")
}

var (
	building sync.Mutex
	built    = map[string]string{}
	buildDir string
)

// Build makes a static program of a package of this module, once per test
// process. In a machine without Go the environment variable BULWARK_PROGRAMS
// names a folder that has it ready, by the last element of its path.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	if dir := os.Getenv("BULWARK_PROGRAMS"); dir != "" {
		return filepath.Join(dir, filepath.Base(pkg))
	}
	building.Lock()
	defer building.Unlock()
	if file := built[pkg]; file != "" {
		return file
	}
	if _, err := exec.LookPath("go"); err != nil {
		require.Missing(t, "BULWARK and BULWARK_PROGRAMS, or a Go toolchain: %v", err)
	}
	if buildDir == "" {
		dir, err := os.MkdirTemp("", "bulwark-subject-")
		if err != nil {
			t.Fatal(err)
		}
		buildDir = dir
	}
	file := filepath.Join(buildDir, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	built[pkg] = file
	return file
}

// Main runs the tests of a package and takes away what Build made.
func Main(m *testing.M) {
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// A Trace is a bulwark trace that runs.
type Trace struct {
	Cmd    *exec.Cmd
	t      testing.TB
	stdout bounded
	stderr watched
	stats  string
	done   chan struct{}
	err    error
}

// A Run is a trace that has ended.
type Run struct {
	Exit           int
	Stdout, Stderr string
	Events         []Event // of --output json
	Account        *Account
	Took           time.Duration
}

// Limit is how long any one program of a test may take.
const Limit = 2 * time.Minute

// Command is bulwark with these arguments, not started. The caller's kill -9
// reaches it when the test dies.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(Binary(t), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// Launch starts bulwark trace with JSON output and an account, without waiting
// for anything.
func Launch(t testing.TB, args ...string) *Trace {
	t.Helper()
	stats := filepath.Join(t.TempDir(), "stats.json")
	all := append([]string{"trace", "--output", "json", "--stats", stats}, args...)
	return LaunchRaw(t, stats, all...)
}

// LaunchEach is Launch, and hands over every line as it comes: none is kept. A
// host that is busy prints gigabytes.
func LaunchEach(t testing.TB, each func(line []byte), args ...string) *Trace {
	t.Helper()
	stats := filepath.Join(t.TempDir(), "stats.json")
	cmd := Command(t, append([]string{"trace", "--output", "json", "--stats", stats}, args...)...)
	cmd.Stdout = &liner{each: each}
	return LaunchCommand(t, stats, cmd)
}

// LaunchRaw starts bulwark with exactly these arguments; stats is the file of
// its account, or "".
func LaunchRaw(t testing.TB, stats string, args ...string) *Trace {
	t.Helper()
	return LaunchCommand(t, stats, Command(t, args...))
}

// LaunchCommand starts what Command made and the caller has changed.
func LaunchCommand(t testing.TB, stats string, cmd *exec.Cmd) *Trace {
	t.Helper()
	tr := &Trace{Cmd: cmd, t: t, stats: stats, done: make(chan struct{})}
	tr.Cmd.Stderr = &tr.stderr
	if tr.Cmd.Stdout == nil {
		tr.Cmd.Stdout = &tr.stdout
	}
	if err := tr.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.kill)
	go func() {
		tr.err = tr.Cmd.Wait()
		close(tr.done)
	}()
	return tr
}

func (tr *Trace) kill() {
	select {
	case <-tr.done:
	default:
		_ = syscall.Kill(-tr.Cmd.Process.Pid, syscall.SIGKILL)
		<-tr.done
	}
}

// Start is Launch, and waits until bulwark says that it is ready.
func Start(t testing.TB, args ...string) *Trace {
	t.Helper()
	tr := Launch(t, args...)
	tr.Ready()
	return tr
}

// Ready waits for the ready line on standard error.
func (tr *Trace) Ready() {
	tr.t.Helper()
	if !tr.Said("ready") {
		tr.t.Fatalf("bulwark %s is not ready:\n%s", strings.Join(tr.Cmd.Args[1:], " "), tr.stderr.String())
	}
}

// Said waits until standard error has a line with that text; false when the
// program ends before.
func (tr *Trace) Said(text string) bool {
	limit := time.After(Limit)
	for {
		changed := tr.stderr.changed()
		if strings.Contains(tr.stderr.String(), text) {
			return true
		}
		select {
		case <-changed:
		case <-tr.done:
			return strings.Contains(tr.stderr.String(), text)
		case <-limit:
			return false
		}
	}
}

// Stop is Ctrl-C, and the end.
func (tr *Trace) Stop() Run {
	tr.t.Helper()
	_ = tr.Cmd.Process.Signal(os.Interrupt)
	return tr.Wait()
}

// Wait waits for the end.
func (tr *Trace) Wait() Run {
	tr.t.Helper()
	begun := time.Now()
	select {
	case <-tr.done:
	case <-time.After(Limit):
		tr.t.Fatalf("bulwark %s does not end:\n%s", strings.Join(tr.Cmd.Args[1:], " "), tr.stderr.String())
	}
	r := Run{Exit: tr.Cmd.ProcessState.ExitCode(), Stdout: tr.stdout.String(), Stderr: tr.stderr.String(), Took: time.Since(begun)}
	var exit *exec.ExitError
	if tr.err != nil && !errors.As(tr.err, &exit) {
		tr.t.Fatalf("bulwark: %v", tr.err)
	}
	if tr.stdout.full {
		tr.t.Errorf("bulwark %s printed more than %d bytes, which are not kept", strings.Join(tr.Cmd.Args[1:], " "), mostOutput)
	}
	var err error
	if tr.stats != "" {
		if r.Account, err = ReadAccount(tr.stats); err != nil && r.Exit == 0 {
			tr.t.Errorf("%v\n%s", err, r.Stderr)
		}
	}
	if strings.Contains(r.Stderr, "panic:") || strings.Contains(r.Stderr, "goroutine 1 [") {
		tr.t.Errorf("bulwark panicked:\n%s", r.Stderr)
	}
	return r
}

// RunTrace runs a trace that ends by itself (-- CMD, --count, --duration) and
// parses its events.
func RunTrace(t testing.TB, args ...string) Run {
	t.Helper()
	r := Launch(t, args...).Wait()
	if r.Exit != 0 {
		t.Fatalf("bulwark trace %s: exit %d\n%s", strings.Join(args, " "), r.Exit, r.Stderr)
	}
	r.Parse(t)
	return r
}

// Parse reads the events of the output.
func (r *Run) Parse(t testing.TB) {
	t.Helper()
	for line := range strings.Lines(r.Stdout) {
		e, err := ParseEvent([]byte(line))
		if err != nil {
			t.Fatalf("output is not JSON: %v\n%s", err, line)
		}
		r.Events = append(r.Events, e)
	}
}

// mostOutput is how much of what is printed is kept.
const mostOutput = 64 << 20

// bounded is a buffer that never holds more than mostOutput.
type bounded struct {
	bytes.Buffer
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.full = b.full || b.Len()+len(p) > mostOutput; !b.full {
		return b.Buffer.Write(p)
	}
	return len(p), nil
}

// liner hands over whole lines.
type liner struct {
	each func([]byte)
	rest []byte
}

func (l *liner) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, after, found := bytes.Cut(p, []byte{'\n'})
		if !found {
			l.rest = append(l.rest, p...)
			return n, nil
		}
		if len(l.rest) > 0 {
			line = append(l.rest, line...)
		}
		l.each(line)
		l.rest, p = l.rest[:0], after
	}
}

// watched is a buffer that tells when it grows.
type watched struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	grew chan struct{}
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.grew != nil {
		close(w.grew)
		w.grew = nil
	}
	return w.buf.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// changed is closed by the next Write.
func (w *watched) changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.grew == nil {
		w.grew = make(chan struct{})
	}
	return w.grew
}

// Text is one line about a run, for messages.
func (r Run) Text() string {
	return fmt.Sprintf("exit %d\nstandard error:\n%s", r.Exit, r.Stderr)
}
