package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/sensor/kernel"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

func TestMain(m *testing.M) { subject.Main(m) }

// TestTable runs each row of table.txt.
func TestTable(t *testing.T) { runRows(t, tableText) }

// TestEvents runs each row of events.txt.
func TestEvents(t *testing.T) { runRows(t, eventsText) }

func runRows(t *testing.T, table string) {
	require.Root(t)
	rows, err := parseTable(table)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, need := range r.needs {
				needed(t, need)
			}
			s := newScene(t, r, i)
			s.play()
		})
	}
}

// needed skips a row that this host cannot show.
func needed(t *testing.T, what string) {
	t.Helper()
	name, isEvent := strings.CutPrefix(what, "event ")
	switch {
	case what == "amd64", what == "arm64":
		if runtime.GOARCH != what {
			t.Skipf("skipped: a row for %s", what)
		}
	case what == "module":
		if os.Getenv(moduleVariable) == "" {
			t.Skipf("skipped: %s names no kernel module that may be loaded; the machines of test/vm have one", moduleVariable)
		}
	case what == "modules":
		if _, err := os.Stat("/proc/modules"); err != nil {
			t.Skip("skipped: this kernel has no modules; the machines of test/vm have")
		}
	case what == "cgroup":
		if len(hierarchies()) == 0 {
			require.Missing(t, "a cgroup hierarchy")
		}
	case isEvent:
		// Not a matter of what is installed, but of the kernel: the machines of
		// test/vm have others.
		if why := undelivered(t, name); why != "" {
			t.Skipf("skipped: this kernel does not deliver %s: %s", name, why)
		}
	default:
		t.Fatalf("needs %s: unknown", what)
	}
}

// moduleVariable is the environment variable that names the file of a kernel
// module of this kernel, not loaded, which needs no other.
const moduleVariable = "BULWARK_TEST_MODULE"

// undelivered says why this kernel does not deliver an event, "" if it does.
func undelivered(t *testing.T, name string) string {
	t.Helper()
	hooks, err := availability()
	if err != nil {
		t.Fatal(err)
	}
	e := dictionary.Lookup(name)
	if e == nil {
		t.Fatalf("no event %s", name)
	}
	hook, known := hooks[e.ID]
	switch {
	case !known:
		return "not known"
	case hook.Err != nil:
		return hook.Err.Error()
	}
	return ""
}

// availability asks the kernel once.
var availability = sync.OnceValues(kernel.Availability)

// A scene is a row that is being run.
type scene struct {
	*row
	t      *testing.T
	dir    string // where the programs may do what they like
	bin    string // where they are
	host   string // the UTS name under which this scene's programs run
	names  map[string]string
	actors []*actor

	printed uint64          // events, whoever's
	events  []subject.Event // of the programs
}

// newScene sets it. Its UTS name has always nine letters.
func newScene(t *testing.T, r *row, number int) *scene {
	t.Helper()
	s := &scene{t: t, row: r, dir: tempDir(t), bin: tempDir(t), names: map[string]string{}}
	s.host = fmt.Sprintf("e2e%03d%03d", os.Getpid()%1000, number)
	s.names["dir"], s.names["host"] = s.dir, s.host
	if tops := hierarchies(); len(tops) > 0 {
		s.names["cgroup"] = tops[0]
	}
	module := os.Getenv(moduleVariable)
	s.names["module"], s.names["module.name"] = module, strings.ReplaceAll(strings.TrimSuffix(filepath.Base(module), ".ko"), "-", "_")
	return s
}

// tempDir is a folder whose path is short and has no letter that filters split
// at: that of T.TempDir has the name of the row in it.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// play starts what must be there before, bulwark, and then each program in
// turn, the next when the one before has ended.
func (s *scene) play() {
	for i := range s.programs {
		p := &s.programs[i]
		s.names[p.name] = filepath.Join(s.bin, p.name)
	}
	for i := range s.programs {
		p := &s.programs[i]
		a := &actor{program: p, scene: s, file: s.names[p.name]}
		s.actors = append(s.actors, a)
		compileTo(s.t, a.file, s.expand(a.script))
	}
	for _, a := range s.actors {
		if a.gated() && !a.after && a.name != s.command {
			a.start()
			a.atGate()
		}
	}
	args := s.substitute(s.trace)
	if s.command != "" {
		r := subject.LaunchEach(s.t, s.take, append(args, "--", s.names[s.command])...).Wait()
		s.check(r)
		return
	}
	trace := subject.LaunchEach(s.t, s.take, args...)
	trace.Ready()
	for _, a := range s.actors {
		if a.helper() {
			continue
		}
		if !a.started {
			a.start()
			if a.gated() {
				a.atGate()
			}
		}
		a.finish()
	}
	s.check(trace.Stop())
}

// take reads a line that bulwark printed, and keeps it if it is of the scene's
// programs; of the rest of the host there may be very many.
func (s *scene) take(line []byte) {
	s.printed++
	if s.command == "" && !bytes.Contains(line, []byte(`"hostName":"`+s.host)) {
		return
	}
	e, err := subject.ParseEvent(line)
	switch {
	case err != nil:
		s.t.Errorf("not a line of JSON: %v\n%s", err, line)
	case s.command != "" || e.ProcessName != comm():
		s.events = append(s.events, e)
	}
}

func (s *scene) substitute(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = s.expand(w)
	}
	return out
}

// expand replaces {NAME} by what the scene knows under that name.
func (s *scene) expand(text string) string {
	for name, value := range s.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// check compares what was printed of the scene's programs with the row.
func (s *scene) check(r subject.Run) {
	s.t.Helper()
	if r.Exit != 0 {
		s.t.Fatalf("bulwark: %s", r.Text())
	}
	got := s.events
	problems := s.match(got)
	if len(problems) > 0 {
		s.t.Errorf("table.txt line %d: bulwark trace %s\n%s\nall %d events:\n%s\nstandard error:\n%s", s.line, strings.Join(s.substitute(s.trace), " "),
			strings.Join(problems, "\n"), len(got), lines(got), r.Stderr)
	}
	s.checkAccount(r)
}

// match says what of the events is not as wanted, the first three problems.
func (s *scene) match(got []subject.Event) (problems []string) {
	i := 0
	for _, w := range s.want {
		why := "missing"
		if i < len(got) {
			why = s.differs(w, &got[i])
		}
		switch {
		case why == "":
			i++
			for w.repeat == "+" && i < len(got) && s.differs(w, &got[i]) == "" {
				i++
			}
		case w.repeat == "?":
		case i < len(got):
			problems = append(problems, fmt.Sprintf("event %d: %s\n\twant %s\n\tgot  %s", i+1, why, s.expand(w.text), got[i]))
			i++
		default:
			problems = append(problems, "missing: "+s.expand(w.text))
		}
		if len(problems) == 3 {
			return problems
		}
	}
	for ; i < len(got) && len(problems) < 3; i++ {
		problems = append(problems, "surplus: "+got[i].String())
	}
	return problems
}

func lines(events []subject.Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString("\t" + e.String() + "\n")
	}
	return b.String()
}

// differs says in what an event is not the wanted one.
func (s *scene) differs(w wanted, e *subject.Event) string {
	if w.event != e.EventName {
		return "another event"
	}
	if w.comm != e.ProcessName && w.comm != "*" {
		return "another process"
	}
	for _, f := range w.fields {
		want := s.expand(f[1])
		got, ok := field(e, f[0])
		if !ok {
			got = "absent"
		}
		if prefix, cut := strings.CutSuffix(want, "*"); got != want && (!cut || !strings.HasPrefix(got, prefix)) {
			return fmt.Sprintf("%s is %q, not %q", f[0], got, want)
		}
	}
	return ""
}

func field(e *subject.Event, name string) (string, bool) {
	switch name {
	case "ret":
		return fmt.Sprint(e.ReturnValue), true
	case "uid":
		return fmt.Sprint(e.UserID), true
	case "pid":
		return fmt.Sprint(e.ProcessID), true
	case "hostname":
		return e.HostName, true
	}
	if o, ok := strings.CutPrefix(name, "object."); ok {
		return e.ObjectField(o)
	}
	return e.Arg(name)
}

// checkAccount asks for a sum that holds, no loss, and as many events delivered
// as were printed.
func (s *scene) checkAccount(r subject.Run) {
	s.t.Helper()
	if r.Account == nil {
		s.t.Errorf("no account")
		return
	}
	if w := r.Account.Wrong(); w != "" {
		s.t.Errorf("account: %s", w)
	}
	if r.Account.Lost != 0 || r.Account.Delivered != s.printed {
		s.t.Errorf("account: %d lost, %d delivered, %d printed\n%s", r.Account.Lost, r.Account.Delivered, s.printed, r.Stderr)
	}
}

// comm is the name of this test's own threads.
func comm() string {
	b, _ := os.ReadFile("/proc/self/comm")
	return strings.TrimSpace(string(b))
}
