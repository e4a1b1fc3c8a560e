package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

func TestMain(m *testing.M) { subject.Main(m) }

// TestTable runs each row of table.txt.
func TestTable(t *testing.T) {
	subject.NeedRoot(t)
	rows, err := parseTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, need := range r.needs {
				needed(t, need)
			}
			s := &scene{t: t, row: r, dir: t.TempDir(), host: fmt.Sprintf("e2e%d-%d", os.Getpid()%10000, i), names: map[string]string{}}
			s.play()
		})
	}
}

// needed skips a row that this host cannot show.
func needed(t *testing.T, what string) {
	t.Helper()
	ok := true
	switch what {
	case "amd64", "arm64":
		if runtime.GOARCH != what {
			t.Skipf("skipped: a row for %s", what)
		}
	case "cgroup":
		ok = len(hierarchies()) > 0
	default:
		t.Fatalf("needs %s: unknown", what)
	}
	if !ok {
		subject.Missing(t, "%s", what)
	}
}

// A scene is a row that is being run.
type scene struct {
	*row
	t      *testing.T
	dir    string
	host   string // the UTS name under which this scene's programs run
	names  map[string]string
	actors []*actor
}

// play starts what must be there before, bulwark, and then each program in
// turn, the next when the one before has ended.
func (s *scene) play() {
	s.names["dir"], s.names["host"] = s.dir, s.host
	for i := range s.programs {
		p := &s.programs[i]
		s.names[p.name] = filepath.Join(s.dir, p.name)
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
		s.checkEvents(subject.RunTrace(s.t, append(args, "--", s.names[s.command])...))
		return
	}
	trace := subject.Start(s.t, args...)
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
	r := trace.Stop()
	if r.Exit != 0 {
		s.t.Fatalf("bulwark: %s", r.Text())
	}
	r.Parse(s.t)
	s.checkEvents(r)
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

// checkEvents compares what was printed of the scene's programs with the row.
func (s *scene) checkEvents(r subject.Run) {
	s.t.Helper()
	var got []subject.Event
	for _, e := range r.Events {
		if s.command != "" || strings.HasPrefix(e.HostName, s.host) && e.ProcessName != comm() {
			got = append(got, e)
		}
	}
	var problems []string
	for i := range max(len(got), len(s.want)) {
		switch {
		case i >= len(got):
			problems = append(problems, "missing: "+s.expand(s.want[i].text))
		case i >= len(s.want):
			problems = append(problems, "surplus: "+got[i].String())
		default:
			if why := s.differs(s.want[i], &got[i]); why != "" {
				problems = append(problems, fmt.Sprintf("event %d: %s\n\twant %s\n\tgot  %s", i+1, why, s.expand(s.want[i].text), got[i]))
			}
		}
		if len(problems) == 3 {
			break
		}
	}
	if len(problems) > 0 {
		s.t.Errorf("table.txt line %d: bulwark trace %s\n%s\nall %d events:\n%s\nstandard error:\n%s", s.line, strings.Join(s.substitute(s.trace), " "),
			strings.Join(problems, "\n"), len(got), lines(got), r.Stderr)
	}
	s.checkAccount(r)
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
	if r.Account.Lost != 0 || r.Account.Delivered != uint64(len(r.Events)) {
		s.t.Errorf("account: %d lost, %d delivered, %d printed\n%s", r.Account.Lost, r.Account.Delivered, len(r.Events), r.Stderr)
	}
}

// comm is the name of this test's own threads.
func comm() string {
	b, _ := os.ReadFile("/proc/self/comm")
	return strings.TrimSpace(string(b))
}
