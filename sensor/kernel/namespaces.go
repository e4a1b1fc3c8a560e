package kernel

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/sensor"
)

var namespacesID = dictionary.Lookup("init_namespaces").ID

// tellNamespaces begins the stream with the namespaces of the first process, if
// that event is selected. It is told once.
func (s *Stream) tellNamespaces(b *sensor.Batch) {
	if s.told || !s.selected[namespacesID] {
		return
	}
	s.told = true
	var builder event.Builder
	e := s.grow(b)
	*e = event.Event{Arch: dictionary.Host}
	e.SetRaw(initNamespaces(&builder, monotonic()))
	e.HostPID, e.HostTID, e.PID, e.TID = 1, 1, 1, 1
	e.PidNS, e.MntNS = s.control.HostPidNS, s.control.HostMntNS
	e.Wanted = uint64(s.control.Descs[slot(namespacesID)].Plans[s.version&1])
	s.tally.made[slot(namespacesID)]++
	s.tally.delivered[slot(namespacesID)]++
}
