package kernel

import (
	"bytes"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/sensor"
)

// initNamespaces is the event init_namespaces: the namespaces of the first
// process, in the order of the dictionary. The kernel's numbers, for /proc may
// hide them; one that this kernel does not have is absent.
func (p *programs) initNamespaces(now event.Time) event.Event {
	var b event.Builder
	var numbers [10]uint32 // init_spaces of bpf/host.h
	if m := p.coll.Maps[".data.spaces"]; m != nil {
		m.Lookup(uint32(0), &numbers) // zeros if it cannot be read
	}
	info := dictionary.Lookup("init_namespaces")
	b.Begin(info.ID, now, 0, len(info.Args))
	for i := range info.Args {
		n := numbers[i]
		if n == 0 {
			n = namespace(info.Args[i].Name)
		}
		if n != 0 {
			b.Word(i, uint64(n))
		}
	}
	e := event.Event{Context: p.firstProcess(), Arch: dictionary.Host}
	e.SetRaw(b.End())
	return e
}

// firstProcess is the context of process 1, as far as it can be read.
func (p *programs) firstProcess() event.Context {
	c := event.Context{HostPID: 1, HostTID: 1, PID: 1, TID: 1, MntNS: p.control.HostMntNS, PidNS: p.control.HostPidNS}
	if name, err := os.ReadFile("/proc/1/comm"); err == nil {
		copy(c.Comm[:15], bytes.TrimSpace(name))
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		copy(c.UTS[:15], u.Nodename[:])
	}
	return c
}

// atStart puts the events into the first batch that no hook makes: they say how
// things are when the stream begins.
func (s *Stream) atStart(b *sensor.Batch) {
	id := dictionary.Lookup("init_namespaces").ID
	wanted := s.control.Descs[slot(id)].Plans[s.version&1]
	if wanted == 0 {
		return
	}
	atomic.AddUint64(&s.cpus[0].Generated[slot(id)], 1)
	e := s.grow(b)
	*e = s.initNamespaces(event.Time(s.control.Started))
	e.Wanted = uint64(wanted)
	s.count(e, uint16(s.version))
}
