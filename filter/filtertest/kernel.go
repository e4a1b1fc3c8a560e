// Package filtertest is for tests of filters and of sensors: a plan as a kernel
// would test it, slowly and plainly.
//
//	k := filtertest.NewKernel(program.Plan())
//	if program.Match(e) && !k.Accepts(e) { t.Error("the plan rejects what matches") }
//	program.Observe(e); k.Observe(e)
package filtertest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// Kernel tests one plan. It reads events with its own code where that is short.
type Kernel struct {
	plan     filter.Plan
	followed map[uint32]bool
}

// NewKernel is a kernel with a plan.
func NewKernel(p filter.Plan) *Kernel { return &Kernel{p, map[uint32]bool{}} }

// Accepts reports whether the plan lets the event through.
func (k *Kernel) Accepts(e *event.Event) bool {
	return slices.Contains(k.plan.Events, e.ID) && (k.passes(e) || k.followed[e.HostPID]) && all(k.plan.PerEvent[e.ID], e)
}

func (k *Kernel) passes(e *event.Event) bool { return all(k.plan.Process, e) }

// Observe keeps what the kernel knows of followed processes.
func (k *Kernel) Observe(e *event.Event) {
	if !k.plan.Follow {
		return
	}
	follows := k.followed[e.HostPID] || k.passes(e)
	switch e.Info().Name {
	case "execve", "execveat":
		if e.Flags&event.FlagEntry != 0 && follows {
			k.followed[e.HostPID] = true
		}
	case "sched_process_fork":
		var v event.Value
		if child := e.Info().ArgIndex("child_pid"); e.Arg(child, &v) && uint32(v.Num) != e.HostPID {
			k.followed[uint32(v.Num)] = follows
		}
	case "sched_process_exit":
		var v event.Value
		if e.Arg(e.Info().ArgIndex("group_dead"), &v) && v.Num != 0 {
			delete(k.followed, e.HostPID)
		}
	}
}

func all(clauses []filter.Clause, e *event.Event) bool {
	return !slices.ContainsFunc(clauses, func(c filter.Clause) bool {
		return !slices.ContainsFunc(c, func(a filter.Atom) bool { return Holds(a, e) })
	})
}

// Holds tests one atom.
func Holds(a filter.Atom, e *event.Event) bool { return holds(a, e) != a.Not }

func holds(a filter.Atom, e *event.Event) bool {
	switch a.Fact {
	case filter.FactComm:
		return textHolds(a, trim(e.Comm[:]))
	case filter.FactUTS:
		return textHolds(a, trim(e.UTS[:15]))
	case filter.FactArgString:
		var v event.Value
		return e.Arg(int(a.Arg), &v) && v.Class == dictionary.String && textHolds(a, v.Bytes)
	case filter.FactObjectPath:
		var v event.Value
		return e.Object(event.FieldPath, &v) && textHolds(a, v.Bytes)
	case filter.FactPort:
		var v event.Value
		if !e.Arg(int(a.Arg), &v) || v.Class != dictionary.Sockaddr {
			return false
		}
		s := event.Sockaddr(v.Bytes)
		return s.Addr().IsValid() && wordHolds(a, uint64(s.Port()))
	}
	w, ok := wordOf(a, e)
	return ok && wordHolds(a, w)
}

func trim(name []byte) []byte {
	name, _, _ = bytes.Cut(name, []byte{0})
	return name
}

func textHolds(a filter.Atom, text []byte) bool {
	switch a.Op {
	case filter.OpString:
		return string(text) == a.Str
	case filter.OpPrefix:
		return strings.HasPrefix(string(text), a.Str)
	}
	return strings.HasSuffix(string(text), a.Str)
}

func wordOf(a filter.Atom, e *event.Event) (uint64, bool) {
	fact := func(yes bool) (uint64, bool) {
		if yes {
			return 1, true
		}
		return 0, true
	}
	switch a.Fact {
	case filter.FactUID:
		return uint64(e.UID), true
	case filter.FactPID:
		return uint64(e.HostPID), true
	case filter.FactMntNS:
		return uint64(e.MntNS), true
	case filter.FactPidNS:
		return uint64(e.PidNS), true
	case filter.FactCgroup:
		return e.Cgroup, true
	case filter.FactContainer:
		return fact(filter.InContainer(e))
	case filter.FactNewContainer:
		return fact(filter.InNewContainer(e))
	case filter.FactNew:
		return fact(e.Bits&event.BitNew != 0)
	case filter.FactObject:
		var v event.Value
		ok := e.Object(event.Field(a.Arg), &v)
		return v.Num, ok
	case filter.FactRet:
		return uint64(e.Ret), true
	}
	return argument(a, e)
}

// argument reads a word as the kernel does: it does not know that a 32-bit
// program's long has 32 bits.
func argument(a filter.Atom, e *event.Event) (uint64, bool) {
	i, w := int(a.Arg), e.Word(int(a.Arg))
	switch e.Info().Args[i].Class {
	case dictionary.Int:
		w = uint64(int64(int32(w)))
	case dictionary.Uint:
		w = uint64(uint32(w))
	}
	return w, e.Present(i)
}

func wordHolds(a filter.Atom, w uint64) bool {
	switch {
	case a.Op == filter.OpMask:
		return w&a.Lo == a.Hi
	case a.Signed:
		return int64(w) >= int64(a.Lo) && int64(w) <= int64(a.Hi)
	}
	return w >= a.Lo && w <= a.Hi
}
