package filter

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A trail is what a program remembers of a process.
type trail struct {
	start uint64 // of the process; 0: the source does not say
	bits  uint64 // a bit per follow of the program
}

// same reports whether an event's process is the one remembered: its id may be
// another's by now.
func (t trail) same(start uint64) bool {
	return t.start == 0 || start == 0 || t.start == start
}

// follow is one KindFollow node.
type follow struct {
	judge test
	bit   uint64
}

// maxFollows is how many follows a program may have: the bits of a trail.
const maxFollows = 64

func (c *compiler) compileFollow(n *Node) test {
	judge := c.test(n.Kids[0])
	f := &follow{judge: judge, bit: 1 << len(c.follows)}
	c.follows = append(c.follows, f)
	c.byNode[n] = f
	p := c.Program
	return func(e *event.Event) bool { return p.trailOf(e)&f.bit != 0 || judge(e) }
}

// trailOf is what the event's process is followed for.
func (p *Program) trailOf(e *event.Event) uint64 {
	if len(p.followed) == 0 {
		return 0
	}
	if t, ok := p.followed[e.HostPID]; ok && t.same(e.Start) {
		return t.bits
	}
	return 0
}

// The events that processes are followed by, and where they say what.
var (
	forkEvent = lifeEvent("sched_process_fork", "child_pid", "child_tid", "child_start")
	exitEvent = lifeEvent("sched_process_exit", "group_dead")
	execCalls = [2]event.ID{lifeEvent("execve").id, lifeEvent("execveat").id}
)

type life struct {
	id   event.ID
	args [3]int // -1: the event does not say
}

func lifeEvent(name string, args ...string) (l life) {
	l.id, l.args = 1<<16-1, [3]int{-1, -1, -1}
	if e := dictionary.Lookup(name); e != nil {
		l.id = e.ID
		for i, a := range args {
			l.args[i] = e.ArgIndex(a)
		}
	}
	return l
}

// Observe keeps the state that follow needs. Give it every event, after Match:
// it looks at forks, exits and at execve and execveat when they begin.
func (p *Program) Observe(e *event.Event) {
	if len(p.follows) == 0 {
		return
	}
	switch e.ID {
	case execCalls[0], execCalls[1]:
		if e.Flags&event.FlagEntry != 0 {
			p.follow(e.HostPID, e.Start, p.satisfied(e)|p.trailOf(e))
		}
	case forkEvent.id:
		p.forked(e)
	case exitEvent.id:
		if p.ended(e) {
			delete(p.followed, e.HostPID)
		}
	}
}

// satisfied is a bit per follow that the event's process satisfies by itself.
func (p *Program) satisfied(e *event.Event) (bits uint64) {
	for _, f := range p.follows {
		if f.judge(e) {
			bits |= f.bit
		}
	}
	return bits
}

// follow remembers a process, or forgets whoever had its id before.
func (p *Program) follow(pid uint32, start, bits uint64) {
	if bits == 0 {
		delete(p.followed, pid)
		return
	}
	p.followed[pid] = trail{start, bits}
}

// forked passes the parent's trail on to the child.
func (p *Program) forked(e *event.Event) {
	v := &p.other
	if !e.Arg(forkEvent.args[0], v) && !e.Arg(forkEvent.args[1], v) {
		return
	}
	child, start := uint32(v.Num), uint64(0)
	if child == e.HostPID {
		return // a thread
	}
	if e.Arg(forkEvent.args[2], v) {
		start = v.Num
	}
	p.follow(child, start, p.satisfied(e)|p.trailOf(e))
}

// ended reports whether an exit is that of the whole process.
func (p *Program) ended(e *event.Event) bool {
	if e.Arg(exitEvent.args[0], &p.other) {
		return p.other.Num != 0
	}
	return e.HostTID == e.HostPID
}
