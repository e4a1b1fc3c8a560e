package filter_test

import (
	"bytes"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// reference evaluates a tree as its definition reads, node by node. A follow is
// the process itself.
func reference(n *filter.Node, e *event.Event) bool {
	any := func(want bool) bool {
		return slices.ContainsFunc(n.Kids, func(k *filter.Node) bool { return reference(k, e) == want })
	}
	switch n.Kind {
	case filter.KindConst:
		return n.Value
	case filter.KindAnd:
		return !any(false)
	case filter.KindOr, filter.KindFollow:
		return any(true)
	case filter.KindNot:
		return !reference(n.Kids[0], e)
	case filter.KindEvent:
		return slices.Contains(n.Events, e.ID)
	}
	c, _ := filter.Events.Column(n.Column, "")
	var v event.Value
	if c.Events != nil && !slices.Contains(c.Events, e.ID) || !c.Get(e, &v) {
		return false
	}
	return n.Kind == filter.KindHas || slices.ContainsFunc(n.Members, func(m filter.Member) bool { return isMember(&m, &v, &c, n.Column, e) })
}

func isMember(m *filter.Member, v *event.Value, c *filter.Column, column string, e *event.Event) bool {
	switch m.Kind {
	case filter.MemberRange:
		n := new(big.Int).SetUint64(v.Num)
		if v.Class.Signed() {
			n.SetInt64(int64(v.Num))
		}
		return bigOf(m.Lo).Cmp(n) <= 0 && n.Cmp(bigOf(m.Hi)) <= 0
	case filter.MemberMask:
		return v.Num&m.Mask == m.Bits
	case filter.MemberNames, filter.MemberNamesMin:
		return isNamed(m, v, column, e)
	}
	return slices.ContainsFunc(textsOf(m, v), func(text string) bool {
		switch m.Kind {
		case filter.MemberText:
			return text == m.Text
		case filter.MemberPrefix:
			return strings.HasPrefix(text, m.Text)
		case filter.MemberSuffix:
			return strings.HasSuffix(text, m.Text)
		}
		return strings.Contains(text, m.Text)
	})
}

func bigOf(n filter.Number) *big.Int {
	b, _ := new(big.Int).SetString(n.String(), 10)
	return b
}

// textsOf are the forms of a value that a text is compared with.
func textsOf(m *filter.Member, v *event.Value) []string {
	raw := string(event.AppendRaw(nil, v))
	if v.Class != dictionary.Sockaddr {
		return []string{raw}
	}
	s := event.Sockaddr(bytes.Clone(v.Bytes))
	ip := s.Addr()
	_, err := netip.ParseAddrPort(m.Text)
	switch {
	case ip.IsValid() && m.Kind == filter.MemberText:
		port := ":" + strconv.Itoa(int(s.Port()))
		return []string{raw, netip.AddrPortFrom(ip, s.Port()).String(), ip.String(), port}
	case ip.IsValid():
		return []string{raw, netip.AddrPortFrom(ip, s.Port()).String()}
	case s.Family() == 1 && !(m.Kind == filter.MemberText && (err == nil || strings.HasPrefix(m.Text, ":") || strings.HasPrefix(m.Text, "map["))):
		return []string{raw, string(s.AppendField(nil, 1))}
	}
	return []string{raw}
}

// isNamed decides names by the printed text: the same names, or those and more.
func isNamed(m *filter.Member, v *event.Value, column string, e *event.Event) bool {
	d := decoderOf(column, e)
	if d == nil {
		return false
	}
	want := strings.Split(m.Text, "|")
	have := strings.Split(string(d.Append(nil, e.Arch, v.Num)), "|")
	if d.Name() == "socket_type" && m.Kind == filter.MemberNamesMin && !strings.HasPrefix(have[0], "SOCK_") {
		// Printed as a number because the type has no name, but the bits above are set.
		have = strings.Split(string(d.Append(nil, e.Arch, v.Num&^15|1)), "|")[1:]
	}
	if m.Kind == filter.MemberNames {
		slices.Sort(want)
		slices.Sort(have)
		return slices.Equal(want, have)
	}
	head, last := want[:len(want)-1], want[len(want)-1]
	for _, name := range head {
		if !slices.Contains(have, name) {
			return false
		}
	}
	return slices.ContainsFunc(have, func(name string) bool { return strings.HasPrefix(name, last) })
}

func decoderOf(column string, e *event.Event) *dictionary.Decoder {
	name, arg, _ := strings.Cut(column, ".")
	if field, ok := strings.CutPrefix(arg, "object."); ok {
		f, _ := event.FieldByName(field)
		return f.Decoder()
	}
	return e.Decoder(dictionary.Lookup(name).ArgIndex(arg), event.ModeAll)
}
