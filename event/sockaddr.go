package event

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Sockaddr is a struct sockaddr as in memory, the bytes of a value of that
// class. It has named fields, in the order of their names:
//
//	for i, key := range s.Keys() { line = s.AppendField(append(line, key...), i) }
type Sockaddr []byte

// The address families that have fields of their own.
const (
	afUnix  = 1
	afInet  = 2
	afInet6 = 10
)

// Sizes of struct sockaddr_in, and of struct sockaddr_in6 as it was before it
// had a scope: shorter addresses have only their family.
const (
	inetSize  = 16
	inetLeast = 8
	inet6Size = 24
)

var (
	keysUnix  = []string{"sa_family", "sun_path"}
	keysInet  = []string{"sa_family", "sin_addr", "sin_port"}
	keysInet6 = []string{"sa_family", "sin6_addr", "sin6_flowinfo", "sin6_port", "sin6_scopeid"}
	keysOther = keysUnix[:1]
)

var families = dictionary.Decoders("socket_domain")

// Family is the address family.
func (s Sockaddr) Family() uint16 {
	if len(s) < 2 {
		return 0
	}
	return binary.LittleEndian.Uint16(s)
}

// Keys are the names of the fields. The slice is shared: do not change it.
func (s Sockaddr) Keys() []string {
	switch f := s.Family(); {
	case f == afUnix:
		return keysUnix
	case f == afInet && len(s) >= inetLeast:
		return keysInet
	case f == afInet6 && len(s) >= inet6Size:
		return keysInet6
	}
	return keysOther
}

// AppendField appends the text of the i-th field of Keys.
func (s Sockaddr) AppendField(dst []byte, i int) []byte {
	keys := s.Keys()
	if i < 0 || i >= len(keys) {
		return dst
	}
	switch keys[i] {
	case "sa_family":
		return families.Append(dst, dictionary.Host, uint64(s.Family()))
	case "sun_path":
		return s.appendSunPath(dst)
	case "sin_addr", "sin6_addr":
		return s.Addr().AppendTo(dst)
	case "sin6_flowinfo":
		return strconv.AppendUint(dst, uint64(binary.BigEndian.Uint32(s[4:])), 10)
	case "sin6_scopeid":
		scope := uint32(0)
		if len(s) >= addressSize {
			scope = binary.LittleEndian.Uint32(s[24:])
		}
		return strconv.AppendUint(dst, uint64(scope), 10)
	}
	return strconv.AppendUint(dst, uint64(s.Port()), 10)
}

// appendSunPath appends the path of a UNIX socket, an abstract name with @, or
// nothing for a socket without a name.
func (s Sockaddr) appendSunPath(dst []byte) []byte {
	path := []byte(s[2:])
	if len(path) == 0 || !anySet(path) {
		return dst
	}
	if path[0] == 0 {
		dst, path = append(dst, '@'), path[1:]
	}
	if i := bytes.IndexByte(path, 0); i >= 0 {
		path = path[:i]
	}
	return append(dst, path...)
}

// Addr is the address of an internet socket, invalid for other families. Mapped
// addresses come as IPv4.
func (s Sockaddr) Addr() netip.Addr {
	switch f := s.Family(); {
	case f == afInet && len(s) >= inetLeast:
		return netip.AddrFrom4([4]byte(s[4:8]))
	case f == afInet6 && len(s) >= inet6Size:
		return netip.AddrFrom16([16]byte(s[8:24])).Unmap()
	}
	return netip.Addr{}
}

// Port is the port of an internet socket, 0 for other families.
func (s Sockaddr) Port() uint16 {
	if f := s.Family(); (f == afInet || f == afInet6) && len(s) >= 4 {
		return binary.BigEndian.Uint16(s[2:])
	}
	return 0
}

// AppendSockaddr appends an address as Tracee prints it:
//
//	{'sa_family': 'AF_INET','sin_addr': '10.0.0.1','sin_port': '443'}
func AppendSockaddr(dst, raw []byte) []byte {
	s := Sockaddr(raw)
	dst = append(dst, '{')
	for i, key := range s.Keys() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '\''), key...), "': '"...)
		dst = append(s.AppendField(dst, i), '\'')
	}
	return append(dst, '}')
}

// appendRawSockaddr appends an address as the filters compare it:
//
//	map[sa_family:AF_INET sin_addr:10.0.0.1 sin_port:443]
func appendRawSockaddr(dst, raw []byte) []byte {
	s := Sockaddr(raw)
	dst = append(dst, "map["...)
	for i, key := range s.Keys() {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = s.AppendField(append(append(dst, key...), ':'), i)
	}
	return append(dst, ']')
}

// AppendIPv4 appends an IPv4 address given as a number, its first byte on top.
func AppendIPv4(dst []byte, number uint32) []byte {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], number)
	return netip.AddrFrom4(b).AppendTo(dst)
}

// AppendIPv6 appends an IPv6 address.
func AppendIPv6(dst []byte, address [16]byte) []byte {
	return netip.AddrFrom16(address).AppendTo(dst)
}
