package tracee

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/filtertest"
	"github.com/bulwark-security/bulwark/internal/corpora"
)

type followStep struct {
	Op         string
	Pid, Child uint32
	Comm       string
	UID        *uint32
	UTS        string
	Mnt, Pns   uint32
	Container  string
	New        bool
	Event      string
	Expect     bool
}

type followCase struct {
	ID, Title string
	Filters   []string
	Steps     []followStep
}

func TestCorpusFilterFollow(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "filter_follow.jsonl") {
		var c followCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		// What is new is said by the kernel, or known from the start.
		for _, replay := range []bool{false, true} {
			if err := c.check(replay); err != nil {
				results[c.ID] = fmt.Errorf("%s: %q, replay %v: %w", c.Title, c.Filters, replay, err)
				break
			}
			results[c.ID] = nil
		}
	}
	corpora.Report(t, "tracee", "filter_follow.jsonl", results)
}

// world is the processes of a case.
type world struct {
	program   *filter.Program
	kernel    *filtertest.Kernel
	processes map[uint32]*event.Context
	now       uint64
	started   bool
	replay    bool
}

func (c *followCase) check(replay bool) error {
	program, err := compile(c.Filters)
	if err != nil {
		return err
	}
	w := &world{program: program, kernel: filtertest.NewKernel(program.Plan()), processes: map[uint32]*event.Context{}, now: 100, replay: replay}
	for i, s := range c.Steps {
		w.now++
		if err := w.step(&s); err != nil {
			return fmt.Errorf("step %d, %s %d: %w", i+1, s.Op, s.Pid, err)
		}
	}
	return nil
}

func (w *world) step(s *followStep) error {
	p := w.processes[s.Pid]
	switch s.Op {
	case "proc":
		p = &event.Context{Start: w.now, HostPID: s.Pid, HostTID: s.Pid, PID: s.Pid, TID: s.Pid, MntNS: 4026531840, PidNS: 4026531836}
		w.processes[s.Pid] = p
		p.Comm = name(s.Comm)
		p.UTS = name("node1")
		w.set(p, s)
	case "start":
		w.started = true
		if w.replay {
			w.program.SetStart(event.Time(w.now))
			w.kernel = filtertest.NewKernel(w.program.Plan())
		}
	case "fork":
		child := *p
		child.Start, child.HostPID, child.HostTID, child.HostPPID = w.now, s.Child, s.Child, s.Pid
		if w.started && !w.replay {
			child.Bits |= event.BitNew
		}
		w.processes[s.Child] = &child
		return w.forked(p, &child)
	case "exec":
		w.observe(p, "execve", event.FlagEntry)
		p.Comm = name(s.Comm)
		w.observe(p, "sched_process_exec", 0)
	case "setuid", "enter_container":
		w.set(p, s)
	case "exit":
		w.exited(p)
		delete(w.processes, s.Pid)
	case "event":
		return w.judge(p, s)
	default:
		return fmt.Errorf("unknown step")
	}
	return nil
}

// set changes what the step gives.
func (w *world) set(p *event.Context, s *followStep) {
	if s.UID != nil {
		p.UID = *s.UID
	}
	if s.Mnt != 0 {
		p.MntNS, p.PidNS = s.Mnt, s.Pns
	}
	if s.UTS != "" {
		p.UTS = name(s.UTS)
	}
	if s.Container == "" {
		return
	}
	p.UTS = name(s.Container)
	p.Bits |= event.BitContainer
	if s.New {
		p.Bits |= event.BitNewContainer
	}
}

func name(s string) (b [16]byte) {
	copy(b[:15], s)
	return b
}

// make builds an event of a process, its arguments by name.
func (w *world) make(p *event.Context, id string, flags event.Flags, args map[string]uint64) *event.Event {
	info := dictionary.Lookup(id)
	var b event.Builder
	b.Begin(info.ID, event.Time(w.now), 0, len(info.Args))
	b.SetFlags(flags)
	for name, value := range args {
		b.Word(info.ArgIndex(name), value)
	}
	e := &event.Event{Context: *p}
	e.SetRaw(slices.Clone(b.End()))
	return e
}

func (w *world) see(e *event.Event) {
	w.program.Observe(e)
	w.kernel.Observe(e)
}

func (w *world) observe(p *event.Context, id string, flags event.Flags) {
	w.see(w.make(p, id, flags, nil))
}

func (w *world) forked(parent, child *event.Context) error {
	e := w.make(parent, "sched_process_fork", 0, nil)
	if err := forked(e, child.HostPID, child.Start); err != nil {
		return err
	}
	e.Context = *parent
	w.see(e)
	return nil
}

func (w *world) exited(p *event.Context) {
	w.see(w.make(p, "sched_process_exit", 0, map[string]uint64{"group_dead": 1}))
}

func (w *world) judge(p *event.Context, s *followStep) error {
	e := w.make(p, s.Event, 0, nil)
	if got := w.program.Match(e); got != s.Expect {
		return fmt.Errorf("%s: %v, want %v", s.Event, got, s.Expect)
	}
	if s.Expect && !w.kernel.Accepts(e) {
		return fmt.Errorf("%s: matches, but the plan rejects it: %s", s.Event, w.program.Explain())
	}
	return nil
}
