// Package workload is who did it: the tree of processes, kept current from the
// events themselves.
//
//	table := workload.New()
//	table.Load(workload.FromProc("/proc"))
//	…
//	table.Attach(&e) // e.Process is now the version that acted
//
// A process is known by its host id and its start time. What the table hands
// out are immutable versions: exec, a change of credentials, of namespaces, of
// the cgroup or of the name each begin a new one, and an event keeps the
// version that it was delivered with. A dead process stays as long as a living
// descendant names it as parent, no longer; the table itself holds the living.
//
// A Table belongs to one goroutine, but for Lookup, Living and Evicted.
package workload

import (
	"sync"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Most is how many living processes a table holds. One more evicts another,
// which is counted: its next event begins it anew, without its history.
const Most = 1 << 18

// tick is how exact a start time from /proc is: the kernel prints hundredths of
// a second, and the two clocks are read one after the other.
const tick = 20e6 // ns

// Table holds the living processes.
type Table struct {
	mu      sync.RWMutex // guards living against readers; only the owner writes
	living  map[uint32]entry
	last    *event.Process // of the event before: neighbours are mostly the same process
	evicted uint64

	fork, exec, exit           event.ID
	childPID, childTID, childT int // arguments of fork
	lastThread                 int // argument of exit
}

// entry is a living process. The start time of one that was read from /proc is
// coarse until its first event gives the exact one.
type entry struct {
	*event.Process
	coarse bool
}

// New returns an empty table.
func New() *Table {
	t := &Table{living: map[uint32]entry{}}
	row := func(name string) *dictionary.Event { return dictionary.Lookup(name) }
	fork, exit := row("sched_process_fork"), row("sched_process_exit")
	t.fork, t.exec, t.exit = fork.ID, row("sched_process_exec").ID, exit.ID
	t.childPID, t.childTID, t.childT = fork.ArgIndex("child_pid"), fork.ArgIndex("child_tid"), fork.ArgIndex("child_start")
	t.lastThread = exit.ArgIndex("group_dead")
	return t
}

// Load adds processes that lived before the first event. Their start times may
// be coarse. Parents are linked by PPID.
func (t *Table) Load(processes []*event.Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range processes {
		t.living[p.PID] = entry{p, true}
	}
	for _, p := range processes {
		if parent, ok := t.living[p.PPID]; ok && p.Parent == nil && parent.Process != p {
			p.Parent = parent.Process
		}
	}
}

// Attach sets e.Process and applies what e says of the life of processes. After
// an exec that is the version that the exec made; after an exit the last one.
func (t *Table) Attach(e *event.Event) {
	if p := t.last; p != nil && p.PID == e.HostPID && p.Start == e.Start && e.HostTID != e.HostPID {
		e.Process = p // what another thread of it does changes nothing here
	} else {
		e.Process = t.acting(e)
	}
	switch e.ID {
	case t.fork:
		t.forked(e)
	case t.exec:
		t.executed(e)
	case t.exit:
		t.exited(e)
	}
}

// acting is the version that e shows: the known one, or a new one where e's
// context differs from it.
func (t *Table) acting(e *event.Event) *event.Process {
	p := t.last
	if p == nil || p.PID != e.HostPID || p.Start != e.Start {
		known, ok := t.living[e.HostPID]
		switch {
		case ok && known.Start == e.Start:
			p = known.Process
		case ok && known.coarse && near(known.Start, uint64(e.Start)):
			p = t.exact(known.Process, e)
		default:
			p = t.begin(e)
		}
	}
	if e.HostTID == e.HostPID && changed(p, e) {
		next := *p
		next.Version++
		adopt(&next, e)
		p = &next
		t.put(p)
	}
	t.last = p
	return p
}

func near(a, b uint64) bool { return max(a, b)-min(a, b) <= tick }

// exact replaces a version from /proc by the same with the kernel's own facts.
// Children that were linked before keep the coarse one as parent.
func (t *Table) exact(p *event.Process, e *event.Event) *event.Process {
	next := *p
	next.Start = e.Start
	if e.HostTID == e.HostPID {
		adopt(&next, e)
	}
	t.put(&next)
	return &next
}

// begin makes the first version of a process whose fork was not seen. It runs
// the program of its parent until an exec says otherwise.
func (t *Table) begin(e *event.Event) *event.Process {
	p := &event.Process{PID: e.HostPID, Start: e.Start}
	adopt(p, e)
	if parent, ok := t.living[e.HostPPID]; ok && parent.PID != p.PID {
		inherit(p, parent.Process)
	}
	t.put(p)
	return p
}

func inherit(child, parent *event.Process) {
	child.Parent = parent
	child.PPID = parent.PID
	child.Exe, child.Argv, child.Cwd = parent.Exe, parent.Argv, parent.Cwd
}

// changed says whether the leading thread's context differs from the version.
func changed(p *event.Process, e *event.Event) bool {
	return p.UID != e.UID || p.EUID != e.EUID || p.GID != e.GID || p.Cap != e.Cap ||
		p.MntNS != e.MntNS || p.PidNS != e.PidNS || p.Cgroup != e.Cgroup || p.Comm != string(event.Text(&e.Comm))
}

// adopt takes the facts of e's context.
func adopt(p *event.Process, e *event.Event) {
	p.PPID, p.UID, p.EUID, p.GID, p.Cap = e.HostPPID, e.UID, e.EUID, e.GID, e.Cap
	p.MntNS, p.PidNS, p.Cgroup = e.MntNS, e.PidNS, e.Cgroup
	if p.Comm != string(event.Text(&e.Comm)) {
		p.Comm = string(event.Text(&e.Comm))
	}
}

func (t *Table) put(p *event.Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.living[p.PID]; !known && len(t.living) >= Most {
		for pid := range t.living { // any one: their ages say nothing of their use
			delete(t.living, pid)
			t.evicted++
			break
		}
	}
	t.living[p.PID] = entry{p, false}
}

// forked adds the child, unless it is only a thread.
func (t *Table) forked(e *event.Event) {
	pid, ok := number(e, t.childPID)
	if tid, _ := number(e, t.childTID); !ok || tid != pid {
		return
	}
	start, _ := number(e, t.childT)
	child := *e.Process
	child.PID, child.Start, child.Version = uint32(pid), start, 0
	inherit(&child, e.Process)
	t.put(&child)
}

// executed begins the version that runs the new program. Argument vector and
// paths are copied out of the record.
func (t *Table) executed(e *event.Event) {
	next := *e.Process
	next.Version++
	adopt(&next, e)
	var v event.Value
	if e.Object(event.FieldExe, &v) || e.Object(event.FieldPath, &v) {
		next.Exe = string(v.Bytes)
	}
	if e.Object(event.FieldCwd, &v) {
		next.Cwd = string(v.Bytes)
	}
	if e.Object(event.FieldArgv, &v) {
		next.Argv = split(v.Bytes)
	}
	t.put(&next)
	t.last, e.Process = &next, &next
}

// split cuts a vector of strings, each with its NUL.
func split(b []byte) (list []string) {
	for len(b) > 0 {
		n := 0
		for n < len(b) && b[n] != 0 {
			n++
		}
		list = append(list, string(b[:n]))
		b = b[min(n+1, len(b)):]
	}
	return list
}

func (t *Table) exited(e *event.Event) {
	if dead, ok := number(e, t.lastThread); ok && dead == 0 {
		return // other threads go on
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.living[e.HostPID]; ok && p.Process == e.Process {
		delete(t.living, e.HostPID)
	}
	t.last = nil
}

func number(e *event.Event, arg int) (uint64, bool) {
	var v event.Value
	if !e.Arg(arg, &v) {
		return 0, false
	}
	return v.Num, true
}

// Lookup is the current version of a living process, nil if the table knows none.
func (t *Table) Lookup(pid uint32) *event.Process {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.living[pid].Process
}

// Living returns the current versions of all living processes, in no order.
func (t *Table) Living() []*event.Process {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]*event.Process, 0, len(t.living))
	for _, p := range t.living {
		list = append(list, p.Process)
	}
	return list
}

// Evicted is how many living processes were forgotten for want of room.
func (t *Table) Evicted() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.evicted
}
