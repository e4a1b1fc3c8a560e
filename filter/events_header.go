package filter

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// headerColumns are the columns of an event's own fields.
var headerColumns = map[string]Column{
	"pid":    word(FactPID, func(e *event.Event) uint64 { return uint64(e.HostPID) }),
	"tid":    word(FactNone, func(e *event.Event) uint64 { return uint64(e.HostTID) }),
	"ppid":   word(FactNone, func(e *event.Event) uint64 { return uint64(e.HostPPID) }),
	"nspid":  word(FactNone, func(e *event.Event) uint64 { return uint64(e.PID) }),
	"nstid":  word(FactNone, func(e *event.Event) uint64 { return uint64(e.TID) }),
	"nsppid": word(FactNone, func(e *event.Event) uint64 { return uint64(e.PPID) }),
	"uid":    word(FactUID, func(e *event.Event) uint64 { return uint64(e.UID) }),
	"euid":   word(FactNone, func(e *event.Event) uint64 { return uint64(e.EUID) }),
	"gid":    word(FactNone, func(e *event.Event) uint64 { return uint64(e.GID) }),
	"mntns":  word(FactMntNS, func(e *event.Event) uint64 { return uint64(e.MntNS) }),
	"pidns":  word(FactPidNS, func(e *event.Event) uint64 { return uint64(e.PidNS) }),
	"cgroup": word(FactCgroup, func(e *event.Event) uint64 { return e.Cgroup }),
	"cpu": {Type: TypeUnsigned, Get: func(e *event.Event, v *event.Value) bool {
		v.Class, v.Num = dictionary.Ulong, uint64(e.CPU)
		return true
	}},
	"retval": {Type: TypeSigned, Fact: FactRet, Get: func(e *event.Event, v *event.Value) bool {
		v.Class, v.Num = dictionary.Long, uint64(e.Ret)
		return true
	}},

	"comm": kernelName(FactComm, func(e *event.Event) *[16]byte { return &e.Comm }),
	"uts":  kernelName(FactUTS, func(e *event.Event) *[16]byte { return &e.UTS }),

	// new is decided by the program, which knows the start: see compileHas.
	"new":           fact(FactNew, func(e *event.Event) bool { return e.Bits&event.BitNew != 0 }),
	"container":     fact(FactContainer, InContainer),
	"container.new": fact(FactNewContainer, InNewContainer),

	"container.id":    containerText(func(c *event.Container) string { return c.ID }),
	"container.name":  containerText(func(c *event.Container) string { return c.Name }),
	"container.image": containerText(func(c *event.Container) string { return c.Image }),
}

// InContainer reports whether the event's process is in a container.
func InContainer(e *event.Event) bool {
	return e.Bits&event.BitContainer != 0 || e.Container != nil
}

// InNewContainer reports whether it is in one that began after the start.
func InNewContainer(e *event.Event) bool {
	return e.Bits&event.BitNewContainer != 0 || e.Container != nil && e.Container.New
}

func word(f Fact, get func(*event.Event) uint64) Column {
	return Column{Type: TypeUnsigned, Process: true, Fact: f, Get: func(e *event.Event, v *event.Value) bool {
		v.Class, v.Num = dictionary.Ulong, get(e)
		return true
	}}
}

func fact(f Fact, get func(*event.Event) bool) Column {
	return Column{Type: TypeFact, Process: true, Fact: f, Get: func(e *event.Event, _ *event.Value) bool { return get(e) }}
}

// nameSize is how much of a task's or a node's name events carry.
const nameSize = 15

func kernelName(f Fact, get func(*event.Event) *[16]byte) Column {
	return Column{Type: TypeText, Process: true, Fact: f, Get: func(e *event.Event, v *event.Value) bool {
		text := event.Text(get(e))
		v.Class, v.Bytes = dictionary.String, text[:min(len(text), nameSize)]
		return true
	}}
}

func containerText(get func(*event.Container) string) Column {
	return Column{Type: TypeText, Process: true, Get: func(e *event.Event, v *event.Value) bool {
		return e.Container != nil && v.SetText(get(e.Container))
	}}
}
