package filter_test

import (
	"slices"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/filtertest"
)

// life is a random history of a few processes, judged three times: by the
// program, by the definition of follow, and by a kernel with the plan.
type life struct {
	source
	t         *testing.T
	expr      *filter.Expr
	judge     *filter.Node // below follow
	rest      *filter.Node
	program   *filter.Program
	kernel    *filtertest.Kernel
	processes map[uint32]event.Context
	followed  map[uint32]bool
	now       uint64
}

func TestFollowHistories(t *testing.T) {
	matched := 0
	for seed := range uint64(400) {
		l := newLife(t, seed)
		for range 60 {
			l.now++
			matched += l.step()
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, l.expr)
			}
		}
	}
	if matched == 0 {
		t.Error("nothing ever matched")
	}
}

func newLife(t *testing.T, seed uint64) *life {
	l := &life{source: newSource(seed), t: t, processes: map[uint32]event.Context{}, followed: map[uint32]bool{}}
	l.judge = l.processNode(2)
	l.rest = l.node(1)
	l.expr = &filter.Expr{Root: filter.And(filter.Follow(l.judge), l.rest)}
	var err error
	if l.program, err = l.expr.Compile(filter.Events); err != nil {
		t.Fatal(err)
	}
	l.kernel = filtertest.NewKernel(l.program.Plan())
	for pid := range uint32(3) {
		l.processes[pid] = l.process(pid)
	}
	return l
}

func (l *life) process(pid uint32) event.Context {
	c := l.context()
	c.HostPID, c.HostTID, c.Start = pid, pid, l.now
	return c
}

// processNode is a condition on the process, which the kernel may know or not.
func (s source) processNode(depth int) *filter.Node {
	n := filter.In("comm", filter.Text(pick(s, texts...)))
	switch s.IntN(5) {
	case 0:
		n = filter.In("uid", filter.Equal(filter.Uint(pick(s, words...))))
	case 1:
		n = filter.Has(pick(s, "container", "new", "container.new"))
	case 2:
		n = filter.In("comm", filter.Contains(pick(s, "a", "s", "/")))
	}
	if depth == 0 {
		return n
	}
	return pick(s, filter.And, filter.Or)(n, s.processNode(depth-1), filter.Not(s.processNode(0)))
}

// make is an event of a process with some arguments.
func (l *life) make(c event.Context, name string, flags event.Flags, args map[string]uint64) *event.Event {
	info := dictionary.Lookup(name)
	var b event.Builder
	b.Begin(info.ID, event.Time(l.now), 0, len(info.Args))
	b.SetFlags(flags)
	for arg, value := range args {
		b.Word(info.ArgIndex(arg), value)
	}
	e := &event.Event{Context: c}
	e.SetRaw(slices.Clone(b.End()))
	return e
}

func (l *life) see(e *event.Event) {
	l.program.Observe(e)
	l.kernel.Observe(e)
}

// step lets something happen to a process. It returns 1 for an event that
// matched.
func (l *life) step() int {
	pids := []uint32{}
	for pid := range l.processes {
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		l.processes[0] = l.process(0)
		return 0
	}
	slices.Sort(pids)
	pid := pick(l.source, pids...)
	c := l.processes[pid]
	follows := func() bool {
		return l.followed[pid] || reference(l.judge, &event.Event{Context: c})
	}
	switch l.IntN(7) {
	case 0:
		l.fork(c, follows())
	case 1:
		e := l.make(c, "execve", event.FlagEntry, nil)
		l.followed[pid] = follows()
		l.see(e)
		copy(c.Comm[:], make([]byte, 16))
		copy(c.Comm[:], pick(l.source, texts...))
		l.processes[pid] = c
	case 2:
		c.UID = uint32(pick(l.source, words...))
		l.processes[pid] = c
	case 3:
		if dead := uint64(l.IntN(2)); dead == 1 {
			l.see(l.make(c, "sched_process_exit", 0, map[string]uint64{"group_dead": 1}))
			delete(l.processes, pid)
			delete(l.followed, pid)
		} else {
			l.see(l.make(c, "sched_process_exit", 0, map[string]uint64{"group_dead": 0}))
		}
	default:
		return l.happens(c)
	}
	return 0
}

func (l *life) fork(c event.Context, follows bool) {
	child := uint32(3 + l.IntN(4))
	if _, alive := l.processes[child]; alive {
		return
	}
	born := c
	born.HostPID, born.HostTID, born.Start = child, child, l.now
	l.processes[child], l.followed[child] = born, follows
	l.see(l.make(c, "sched_process_fork", 0, map[string]uint64{"child_pid": uint64(child), "child_tid": uint64(child), "child_start": l.now}))
	l.see(l.make(c, "sched_process_fork", 0, map[string]uint64{"child_pid": uint64(c.HostPID), "child_tid": 99, "child_start": c.Start})) // a thread
}

func (l *life) happens(c event.Context) int {
	e := l.event()
	e.Context, e.Container = c, nil
	want := (l.followed[c.HostPID] || reference(l.judge, e)) && reference(l.rest, e)
	if got := l.program.Match(e); got != want {
		l.t.Errorf("%s: %v, want %v", describe(e), got, want)
	}
	if want && !l.kernel.Accepts(e) {
		l.t.Errorf("%s: matches, but the plan rejects it", describe(e))
	}
	if want {
		return 1
	}
	return 0
}

// TestReusedPid: who has the id of a followed process is not followed, even if
// its beginning was not seen.
func TestReusedPid(t *testing.T) {
	expr := &filter.Expr{Root: filter.Follow(filter.In("comm", filter.Text("bash")))}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{}
	c := event.Context{HostPID: 5, HostTID: 5, Start: 10}
	copy(c.Comm[:], "bash")
	program.Observe(l.make(c, "execve", event.FlagEntry, nil))
	copy(c.Comm[:], "ls\x00\x00")
	if !program.Match(l.make(c, "close", 0, nil)) {
		t.Error("the followed process is not")
	}
	c.Start = 11
	if program.Match(l.make(c, "close", 0, nil)) {
		t.Error("another process with its id is followed")
	}
}
