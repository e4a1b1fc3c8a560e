package encode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"unicode/utf8"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// The address families whose addresses have fields.
const (
	afUnix  = 1
	afInet  = 2
	afInet6 = 10
)

// Sizes of socket addresses with all their fields.
const (
	inetSize  = 16
	inet6Size = 28
)

var familyNames = dictionary.Decoders("socket_domain")

// appendSockaddrArg writes an address: the text that Tracee decodes, or, for the
// arguments that it does not, an object of the same fields.
func (p *jsonPrinter) appendSockaddrArg(dst []byte, decoded bool) []byte {
	s := event.Sockaddr(p.v.Bytes)
	if decoded && p.mode == event.Mode2021 || p.mode == event.ModeAll {
		at := len(dst) + 1
		dst = event.AppendSockaddr(append(dst, '"'), s)
		dst = escapeFrom(dst, at)
		dst = append(dst, '"')
	} else {
		dst = append(dst, '{')
		for i, key := range s.Keys() {
			dst = append(append(append(dst, '"'), key...), '"', ':', '"')
			at := len(dst)
			dst = escapeFrom(s.AppendField(dst, i), at)
			dst = append(dst, '"', ',')
		}
		dst = closeList(dst, '}')
	}
	return appendAddressRest(dst, s)
}

// escapeFrom escapes what was written since at for the inside of a JSON string.
func escapeFrom(dst []byte, at int) []byte {
	i := at
	for i < len(dst) && plain[dst[i]] {
		i++
	}
	if i == len(dst) {
		return dst
	}
	var b [256]byte // rare: a socket's name with control bytes, a struct with text in it
	rest := append(b[:0], dst[i:]...)
	dst, _ = appendEscaped(dst[:i], rest)
	return dst
}

// appendAddressRest writes what the fields do not say: the length, where it is
// not that of the family, or all the bytes, where some mean nothing.
func appendAddressRest(dst []byte, s event.Sockaddr) []byte {
	said, whole := significant(s)
	switch {
	case said < 0 || anySet(s[said:]):
		return appendBase64(append(dst, `,"raw":`...), s)
	case len(s) != whole:
		return appendUint(append(dst, `,"length":`...), uint64(len(s)))
	}
	return dst
}

// significant is how many bytes of an address its fields say, -1 if they do not
// say all of what they are about, and the length that is assumed when none is
// given.
func significant(s event.Sockaddr) (said, whole int) {
	switch f := s.Family(); {
	case len(s) < 2:
		return -1, 0
	case f == afUnix:
		return significantPath(s)
	case f == afInet && len(s) >= 8:
		return 8, inetSize
	case f == afInet6 && len(s) >= inet6Size:
		return inet6Size, inet6Size
	case f == afInet6 && len(s) >= inet6Size-4:
		return inet6Size - 4, inet6Size
	}
	return 2, 2
}

// significantPath is significant for names of UNIX sockets: a path and its NUL,
// or a NUL and a name without one, or nothing.
func significantPath(s []byte) (said, whole int) {
	name := s[2:]
	if len(name) == 0 || !anySet(name) {
		return 2, 2
	}
	first := 0
	if name[0] == 0 {
		first = 1
	}
	end := bytes.IndexByte(name[first:], 0)
	switch {
	case end < 0:
		end = len(name)
	default:
		end += first
	}
	path := name[first:end]
	switch {
	case !utf8.Valid(path), bytes.IndexByte(path, '\'') >= 0, first == 0 && path[0] == '@', len(path) == 0:
		return -1, 0
	case first == 0:
		return 2 + end, 2 + end + 1
	}
	return 2 + end, 2 + end
}

func anySet(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return true
		}
	}
	return false
}

// appendEndpoint writes one end of a socket as the object of an event shows it:
// family, address and port, or path.
func appendEndpoint(dst []byte, s event.Sockaddr, cut bool) []byte {
	dst = append(dst, `{"family":"`...)
	dst = familyNames.Append(dst, dictionary.Host, uint64(s.Family()))
	dst = append(dst, '"')
	if keys := s.Keys(); len(keys) > 1 {
		if s.Family() == afUnix {
			dst = append(dst, `,"path":"`...)
			at := len(dst)
			dst = append(escapeFrom(s.AppendField(dst, 1), at), '"')
		} else {
			dst = append(s.Addr().AppendTo(append(dst, `,"address":"`...)), `","port":`...)
			dst = appendUint(dst, uint64(s.Port()))
		}
	}
	if s.Family() == afInet6 && len(s) >= inet6Size {
		if flow := binary.BigEndian.Uint32(s[4:]); flow != 0 {
			dst = appendUint(append(dst, `,"flowinfo":`...), uint64(flow))
		}
		if scope := binary.LittleEndian.Uint32(s[24:]); scope != 0 {
			dst = appendUint(append(dst, `,"scope":`...), uint64(scope))
		}
	}
	dst = appendAddressRest(dst, s)
	if cut {
		dst = append(dst, `,"cut":true`...)
	}
	return append(dst, '}')
}

// An address is the fields of a socket address while they are read back.
type address struct {
	family      uint64
	ip          netip.Addr // valid, where the family has one and it was said
	port        uint64
	flow, scope uint64
	path        []byte
	length      int // -1: that of the family
}

// bytes makes a struct sockaddr of the fields.
func (a *address) bytes(dst []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(a.family))
	switch {
	case a.family == afInet && a.ip.Unmap().Is4():
		dst = binary.BigEndian.AppendUint16(dst, uint16(a.port))
		four := a.ip.Unmap().As4()
		dst = pad(append(dst, four[:]...), at+inetSize)
	case a.family == afInet6 && a.ip.IsValid():
		dst = binary.BigEndian.AppendUint16(dst, uint16(a.port))
		dst = binary.BigEndian.AppendUint32(dst, uint32(a.flow))
		sixteen := a.ip.As16()
		dst = append(dst, sixteen[:]...)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(a.scope))
	case a.family == afUnix && len(a.path) > 0 && a.path[0] == '@':
		dst = append(append(dst, 0), a.path[1:]...)
	case a.family == afUnix && len(a.path) > 0:
		dst = append(append(dst, a.path...), 0)
	}
	if a.length >= 0 {
		dst = pad(dst, at+a.length)
		dst = dst[:at+a.length]
	}
	return dst
}

func pad(dst []byte, length int) []byte {
	for len(dst) < length {
		dst = append(dst, 0)
	}
	return dst
}
