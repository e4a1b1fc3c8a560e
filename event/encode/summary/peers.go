package summary

import (
	"strconv"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// inProgress is EINPROGRESS: a connection that has begun.
const inProgress = -115

// talked counts the other end of a socket, or for listen the own one.
func talked(w ways, from source) handler {
	return func(s *Summary, e *event.Event, info *dictionary.Event) {
		s.fed[peers] = true
		if e.Ret < 0 && !(w == connected && e.Ret == inProgress) || !s.peer(e, info, w) {
			return
		}
		r := s.count(peers, from, w, (*Summary).noteProgram, e)
		if w&(sent|received) != 0 {
			r.bytes[from] += uint64(e.Ret)
		}
	}
}

// peer puts the other end into s.key. Who connected to us is known by address
// alone: the port is another one each time.
func (s *Summary) peer(e *event.Event, info *dictionary.Event, w ways) bool {
	field := event.FieldRemote
	if w == listened {
		field = event.FieldLocal
	}
	if !e.Object(field, &s.v) && !s.addressArg(e, info) {
		return false
	}
	a := event.Sockaddr(s.v.Bytes)
	if len(a.Keys()) < 2 {
		return false
	}
	s.key = s.key[:0]
	if w == accepted && a.Addr().IsValid() {
		s.key = a.Addr().AppendTo(append(s.key, "from "...))
		if e.Object(event.FieldLocal, &s.v) {
			s.key = appendEnd(append(s.key, " to "...), s.v.Bytes)
		}
	} else {
		s.key = appendEnd(s.key, a)
	}
	if len(s.key) == 0 {
		return false
	}
	s.key = s.appendProtocol(s.key, e, a.Family())
	return true
}

// addressArg reads the first address among the arguments into s.v.
func (s *Summary) addressArg(e *event.Event, info *dictionary.Event) bool {
	for i, a := range info.Args {
		if a.Class == dictionary.Sockaddr {
			return e.Arg(i, &s.v)
		}
	}
	return false
}

// appendEnd writes address:port, [address]:port, or a path.
func appendEnd(dst []byte, raw []byte) []byte {
	a := event.Sockaddr(raw)
	switch ip := a.Addr(); {
	case ip.Is4():
		dst = ip.AppendTo(dst)
	case ip.IsValid():
		dst = append(ip.AppendTo(append(dst, '[')), ']')
	case len(a.Keys()) > 1:
		return a.AppendField(dst, 1)
	default:
		return dst
	}
	return strconv.AppendUint(append(dst, ':'), uint64(a.Port()), 10)
}

const afUnix = 1

func (s *Summary) appendProtocol(dst []byte, e *event.Event, family uint16) []byte {
	if family == afUnix {
		return append(dst, " (unix)"...)
	}
	if !e.Object(event.FieldProtocol, &s.v) {
		return dst
	}
	switch s.v.Num {
	case 6:
		return append(dst, "/tcp"...)
	case 17:
		return append(dst, "/udp"...)
	}
	return strconv.AppendUint(append(dst, '/'), s.v.Num, 10)
}
