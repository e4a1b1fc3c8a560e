package filter

import (
	"strconv"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// String is the expression in its canonical form, which Parse reads back:
//
//	uid=0                     a number
//	uid in {0, 1000..}        numbers and ranges; 1..9, 1.., ..9
//	close.fd!=5               no value, or another one
//	mmap.prot=0x2/0x6         bits under a mask
//	comm="ls"                 a text; "a"* begins, *"a" ends, *"a"* has it in it
//	openat.flags=O_RDWR|O_APPEND    names; O_RDWR* is set, perhaps with others
//	openat.pathname           has a value
//	event in {open, openat}   the kind of event
//	follow(comm="bash")       the process, or one that it came from
//	not a, a and b, a or b, (a), true, false
//
// not binds closest, then and, then or.
func (x *Expr) String() string { return x.Root.String() }

// String is the node in the canonical form.
func (n *Node) String() string { return string(n.append(nil, 0)) }

// How close the operators bind.
const (
	bindOr = iota + 1
	bindAnd
	bindNot
)

// append writes the node; around is how close the operator around it binds.
func (n *Node) append(dst []byte, around int) []byte {
	switch n.Kind {
	case KindConst:
		return strconv.AppendBool(dst, n.Value)
	case KindAnd:
		return n.appendKids(dst, " and ", "true", bindAnd, around)
	case KindOr:
		return n.appendKids(dst, " or ", "false", bindOr, around)
	case KindNot:
		return n.Kids[0].appendNot(dst)
	case KindFollow:
		dst = append(dst, "follow("...)
		return append(n.Kids[0].append(dst, 0), ')')
	case KindHas:
		return n.appendColumn(dst)
	}
	return n.appendTest(dst, "=", " in ")
}

func (n *Node) appendKids(dst []byte, between, none string, bind, around int) []byte {
	if len(n.Kids) == 0 {
		return append(dst, none...)
	}
	if around > bind {
		dst = append(dst, '(')
	}
	for i, k := range n.Kids {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = k.append(dst, bind)
	}
	if around > bind {
		dst = append(dst, ')')
	}
	return dst
}

// appendNot writes the negation of n.
func (n *Node) appendNot(dst []byte) []byte {
	if n.Kind == KindIn || n.Kind == KindEvent {
		return n.appendTest(dst, "!=", " not in ")
	}
	return n.append(append(dst, "not "...), bindNot)
}

// appendTest writes a comparison: one for a single member, in for several.
func (n *Node) appendTest(dst []byte, one, in string) []byte {
	count := len(n.Members)
	member := func(dst []byte, i int) []byte { return n.Members[i].append(dst) }
	if n.Kind == KindEvent {
		dst, count = append(dst, "event"...), len(n.Events)
		member = func(dst []byte, i int) []byte { return appendEvent(dst, n.Events[i]) }
	} else {
		dst = n.appendColumn(dst)
	}
	if count == 1 {
		return member(append(dst, one...), 0)
	}
	dst = append(append(dst, in...), '{')
	for i := range count {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = member(dst, i)
	}
	return append(dst, '}')
}

func (n *Node) appendColumn(dst []byte) []byte {
	dst = append(dst, n.Column...)
	if n.Arg != "" {
		dst = append(append(append(dst, '['), n.Arg...), ']')
	}
	return dst
}

func appendEvent(dst []byte, id event.ID) []byte {
	if e := dictionary.ByID(id); e != nil {
		return append(dst, e.Name...)
	}
	return strconv.AppendUint(append(dst, '#'), uint64(id), 10)
}

func (m *Member) append(dst []byte) []byte {
	switch m.Kind {
	case MemberRange:
		return m.appendRange(dst)
	case MemberMask:
		dst = strconv.AppendUint(append(dst, "0x"...), m.Bits, 16)
		return strconv.AppendUint(append(dst, "/0x"...), m.Mask, 16)
	case MemberNames:
		return append(dst, m.Text...)
	case MemberNamesMin:
		return append(append(dst, m.Text...), '*')
	}
	if m.Kind == MemberSuffix || m.Kind == MemberContains {
		dst = append(dst, '*')
	}
	dst = strconv.AppendQuote(dst, m.Text)
	if m.Kind == MemberPrefix || m.Kind == MemberContains {
		dst = append(dst, '*')
	}
	return dst
}

func (m *Member) appendRange(dst []byte) []byte {
	if m.Lo == m.Hi {
		return m.Lo.append(dst)
	}
	if m.Lo != Least {
		dst = m.Lo.append(dst)
	}
	dst = append(dst, ".."...)
	if m.Hi != Most {
		dst = m.Hi.append(dst)
	}
	return dst
}
