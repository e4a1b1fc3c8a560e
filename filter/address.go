package filter

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// addresses is a set of socket addresses, written as people write them: the raw
// form of event.AppendRaw, ADDRESS:PORT, ADDRESS, :PORT, or the path of a UNIX
// socket. The beginning or end of a text is compared with the raw form and with
// the longest of the others.
type addresses struct {
	all   *texts
	paths *texts // without what can only be an internet address
}

func newAddresses(members []Member) *addresses {
	var paths []Member
	for _, m := range members {
		if m.Kind != MemberText || !isEndpoint(m.Text) {
			paths = append(paths, m)
		}
	}
	return &addresses{newTexts(members), newTexts(paths)}
}

// isEndpoint reports whether a text is a port, an address with one, or the raw
// form: no path of a UNIX socket is compared with it.
func isEndpoint(text string) bool {
	if _, err := netip.ParseAddrPort(text); err == nil {
		return true
	}
	return strings.HasPrefix(text, ":") || strings.HasPrefix(text, "map[")
}

// addressIn compares an address with the set.
func (p *Program) addressIn(v *event.Value, s *addresses) bool {
	p.text = event.AppendRaw(p.text[:0], v)
	if s.all.has(p.text) {
		return true
	}
	if v.Class != dictionary.Sockaddr {
		return false
	}
	a := event.Sockaddr(v.Bytes)
	ip := a.Addr()
	if !ip.IsValid() {
		if len(a.Keys()) < 2 {
			return false
		}
		p.text = a.AppendField(p.text[:0], 1)
		return s.paths.has(p.text)
	}
	p.text = append(p.text[:0], '[')
	p.text = ip.AppendTo(p.text)
	end, from := len(p.text), 1
	if ip.Is6() {
		p.text, from = append(p.text, ']'), 0
	}
	colon := len(p.text)
	p.text = strconv.AppendUint(append(p.text, ':'), uint64(a.Port()), 10)
	return s.all.has(p.text[from:]) || s.all.hasExact(p.text[1:end]) || s.all.hasExact(p.text[colon:])
}

// portOf is the port that an address must have to be what a text says. exact:
// any address with that port is.
func portOf(text string) (port uint16, exact, ok bool) {
	if rest, found := strings.CutPrefix(text, ":"); found {
		port, ok = canonicalPort(rest)
		return port, true, ok
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Port(), false, true
	}
	if !strings.HasPrefix(text, "map[sa_family:AF_INET") {
		return 0, false, false
	}
	for _, key := range []string{" sin_port:", " sin6_port:"} {
		if _, rest, found := strings.Cut(text, key); found {
			digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
			port, ok = canonicalPort(digits)
			return port, false, ok
		}
	}
	return 0, false, false
}

// canonicalPort reads a port as it is printed.
func canonicalPort(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && strconv.FormatUint(n, 10) == text
}
