package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/sensor"
)

// A hookCase makes one event happen and says what must be seen of it. A value
// is the whole text of an argument or of an object's field, with * at its ends
// for anything; {dir}, {pid} and {exe} stand for the test's own.
type hookCase struct {
	event  string
	do     func(t *testing.T, dir string) // nil: it happens by itself
	args   map[string]string              // "-": must be absent
	object map[string]string
	ret    string // "": 0
	needs  func() string
}

// TestHooks triggers every event that is no system call, those that this kernel
// can deliver, and looks at what arrives. The others are skipped with the reason.
func TestHooks(t *testing.T) {
	runHookCases(t, hookCases)
}

// TestHookWays does the same by the ways that are not the first choice of a
// kernel that has several.
func TestHookWays(t *testing.T) {
	for _, kind := range []string{"lsm", "kprobe", "tp"} {
		t.Run(kind, func(t *testing.T) {
			defer func() { withoutKinds = nil }()
			for _, k := range programKinds {
				if k.name != kind && k.name != "tp" && k.name != "kret"+kind {
					withoutKinds = append(withoutKinds, k.name)
				}
			}
			runHookCases(t, casesOfKind(kind))
		})
	}
}

// casesOfKind are the rows of events with a way of that kind and a better one.
func casesOfKind(kind string) (cases []hookCase) {
	for _, c := range hookCases {
		e := dictionary.Lookup(c.event)
		for i, w := range ways(e) {
			if i > 0 && strings.HasSuffix(w.kind(), kind) {
				cases = append(cases, c)
				break
			}
		}
	}
	return cases
}

// TestHookCases keeps the table complete: a row for every event of that kind.
func TestHookCases(t *testing.T) {
	rows := map[string]bool{}
	for _, c := range hookCases {
		rows[c.event] = true
	}
	for _, e := range dictionary.All() {
		if e.Kind != dictionary.Syscall && e.ID != 1000 && e.ID != 1001 && !rows[e.Name] {
			t.Errorf("no row triggers %s", e.Name)
		}
	}
}

// runHookCases opens one stream for all cases, makes all of it happen and then
// reports each.
func runHookCases(t *testing.T, cases []hookCase) {
	require.Root(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plan := filter.Plan{Tree: uint32(os.Getpid())} // others may be as busy as they like
	for _, c := range cases {
		plan.Events = append(plan.Events, dictionary.Lookup(c.event).ID)
	}
	stream, err := New(Options{IncludeSelf: true, DetectSyscall: true}).Open(ctx, []filter.Plan{plan})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	unavailable := stream.(*Stream).Unavailable()
	w := &hookWatch{all: make(chan struct{}), ended: make(chan struct{})}
	for i, c := range cases {
		row := &hookRow{hookCase: c, id: plan.Events[i], dir: t.TempDir()}
		if c.needs != nil {
			row.skip = c.needs()
		}
		if err := unavailable[row.id]; err != nil {
			row.skip = err.Error()
		}
		w.rows = append(w.rows, row)
	}
	go w.read(stream)
	for _, row := range w.rows {
		if row.skip == "" && row.do != nil {
			row.do(t, row.dir)
		}
	}
	select {
	case <-w.all:
	case <-time.After(10 * time.Second):
	}
	cancel()
	<-w.ended
	w.report(t)
}

// A hookRow is a case under way.
type hookRow struct {
	hookCase
	id   event.ID
	dir  string
	skip string
	ok   bool
	seen []string // what came and was not as expected
}

// hookWatch reads until all rows have what they want.
type hookWatch struct {
	mu    sync.Mutex
	rows  []*hookRow
	all   chan struct{} // closed when they do
	ended chan struct{} // closed with the stream
}

func (w *hookWatch) read(stream sensor.Stream) {
	defer close(w.ended)
	var batch sensor.Batch
	for done := false; stream.Next(&batch) == nil; {
		w.mu.Lock()
		for i := range batch.Events {
			w.match(&batch.Events[i])
		}
		if !done && w.complete() {
			done = true
			close(w.all)
		}
		w.mu.Unlock()
	}
}

func (w *hookWatch) match(e *event.Event) {
	for _, row := range w.rows {
		if row.id != e.ID || row.ok || row.skip != "" {
			continue
		}
		wrong := row.compare(e, row.dir)
		row.ok = wrong == ""
		if !row.ok && len(row.seen) < 10 {
			row.seen = append(row.seen, fmt.Sprintf("%s: %s", describeEvent(e), wrong))
		}
	}
}

func (w *hookWatch) complete() bool {
	for _, row := range w.rows {
		if !row.ok && row.skip == "" {
			return false
		}
	}
	return true
}

func (w *hookWatch) report(t *testing.T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, row := range w.rows {
		t.Run(row.event, func(t *testing.T) {
			switch {
			case row.skip != "":
				t.Skipf("not here: %s", row.skip)
			case !row.ok:
				t.Errorf("no event is as expected; seen:\n%s", strings.Join(row.seen, "\n"))
			}
		})
	}
}

// changeTime of a file in ns. That somebody asks leaves a mark beside the time in
// kernels since 6.13, which is no part of it.
func changeTime(path string) string {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return err.Error()
	}
	return fmt.Sprint(s.Ctim.Nano())
}

// compare says what is not as expected, "" if nothing is.
func (c *hookCase) compare(e *event.Event, dir string) string {
	exe, _ := os.Executable()
	expand := strings.NewReplacer("{dir}", dir, "{pid}", fmt.Sprint(os.Getpid()), "{exe}", exe, "{ctime}", changeTime(exe))
	var v event.Value
	info := e.Info()
	for name, want := range c.args {
		i := info.ArgIndex(name)
		if i < 0 {
			return "no argument " + name
		}
		got := "-"
		if e.Arg(i, &v) {
			got = string(e.AppendText(nil, i, &v, event.ModeAll))
		}
		if !like(got, expand.Replace(want)) {
			return fmt.Sprintf("%s is %q, not %q", name, got, expand.Replace(want))
		}
	}
	for name, want := range c.object {
		f, ok := event.FieldByName(name)
		if !ok {
			return "no field " + name
		}
		got := "-"
		if e.Object(f, &v) {
			got = string(e.AppendObject(nil, f, &v, event.ModeAll))
		}
		if !like(got, expand.Replace(want)) {
			return fmt.Sprintf("object.%s is %q, not %q", name, got, expand.Replace(want))
		}
	}
	want := c.ret
	if want == "" {
		want = "0"
	}
	if got := fmt.Sprint(e.Ret); !like(got, want) {
		return fmt.Sprintf("ret is %s, not %s", got, want)
	}
	return ""
}

// like compares with a pattern that may have * at either end.
func like(got, pattern string) bool {
	begin, end := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	core := strings.Trim(pattern, "*")
	switch {
	case pattern == "*":
		return got != "-"
	case begin && end:
		return strings.Contains(got, core)
	case begin:
		return strings.HasSuffix(got, core)
	case end:
		return strings.HasPrefix(got, core)
	}
	return got == pattern
}

func describeEvent(e *event.Event) string {
	var v event.Value
	b := fmt.Appendf(nil, "%s pid %d comm %s ret %d", e.Info().Name, e.HostPID, event.Text(&e.Comm), e.Ret)
	for i, a := range e.Info().Args {
		b = fmt.Appendf(b, " %s=", a.Name)
		if e.Arg(i, &v) {
			b = e.AppendText(b, i, &v, event.ModeAll)
		} else {
			b = append(b, '-')
		}
	}
	return string(b)
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		got, pattern string
		want         bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"abc", "ab*", true}, {"abc", "*bc", true}, {"abc", "*b*", true},
		{"-", "*", false}, {"", "*", true}, {"abc", "*x*", false},
	} {
		if like(c.got, c.pattern) != c.want {
			t.Errorf("like(%q, %q) is not %t", c.got, c.pattern, c.want)
		}
	}
}

// TestAvailability: what is said to work must be deliverable, and what does not
// must say why.
func TestAvailability(t *testing.T) {
	all, err := Availability()
	if err != nil {
		if errors.Is(err, ErrUnsupported) {
			require.Missing(t, "a kernel that can be traced: %v", err)
		}
		t.Fatal(err)
	}
	for _, e := range dictionary.All() {
		h, ok := all[e.ID]
		switch {
		case !ok:
			t.Errorf("%s: nothing is said about it", e.Name)
		case h.Err == nil && h.Via == "", h.Err != nil && h.Via != "":
			t.Errorf("%s: via %q, error %v", e.Name, h.Via, h.Err)
		case h.Err != nil && !errors.Is(h.Err, ErrUnsupported):
			t.Errorf("%s: %v is not typed", e.Name, h.Err)
		case e.Kind != dictionary.Syscall:
			t.Logf("%s: via %s %v", e.Name, h.Via, h.Err)
		}
	}
}

func TestFeatures(t *testing.T) {
	for _, f := range Features() {
		t.Logf("%t %s: %s", f.OK, f.Name, f.Why)
		if f.Name == "" || f.Why == "" || f.Lost == "" || f.Fix == "" {
			t.Errorf("incomplete: %+v", f)
		}
		if f.Required && !f.OK && os.Geteuid() == 0 {
			t.Errorf("%s is required: %s", f.Name, f.Why)
		}
	}
}

// TestSources: every call that an event is derived from is in the dictionary.
func TestSources(t *testing.T) {
	for name, s := range sources {
		if dictionary.Lookup(name) == nil {
			t.Errorf("no event %s", name)
		}
		for call := range strings.FieldsSeq(s.exits + " " + s.entries) {
			if e := dictionary.Lookup(call); e == nil || e.Kind != dictionary.Syscall {
				t.Errorf("%s: %s is no system call", name, call)
			}
		}
	}
}

// TestEventNumbers compares the numbers in the programs with the dictionary.
func TestEventNumbers(t *testing.T) {
	header, err := os.ReadFile("bpf/hooks_events.h")
	if err != nil {
		t.Skip(err) // a test binary on its own
	}
	next, found := uint64(0), 0
	for line := range strings.Lines(string(header)) {
		text, isRow := strings.CutSuffix(strings.TrimSpace(line), ",")
		name, number, given := strings.Cut(text, " = ")
		prefix, name, ok := strings.Cut(name, "_")
		if !isRow || !ok || prefix != "EV" && prefix != "CALL" {
			continue
		}
		if given {
			if next, err = strconv.ParseUint(number, 10, 16); err != nil {
				t.Fatal(err)
			}
		}
		e := dictionary.Lookup(strings.ToLower(name))
		if e == nil || e.ID != event.ID(next) || prefix == "EV" == (e.Kind == dictionary.Syscall) {
			t.Errorf("%s_%s is %d: not what the dictionary says: %+v", prefix, name, next, e)
		}
		next++
		found++
	}
	if found < 70 {
		t.Errorf("only %d numbers found", found)
	}
}

func TestFunctionRanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kallsyms")
	text := "0000000000001000 T ns_capable\n0000000000001400 t other\n0000000000001200 T ns_capable_noaudit\n" +
		"0000000000001300 t __pfx_other\n0000000000000000 A absolute\nffffffffc0000000 t ns_capable_noaudit\t[module]\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := functionRanges(file, []string{"ns_capable_noaudit"})
	if len(got) != 1 || got[0] != (codeRange{0x1200, 0x1300}) {
		t.Errorf("ranges %#x, want one from 0x1200 to 0x1300", got)
	}
}
