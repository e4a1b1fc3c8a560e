package filter

import (
	"slices"
	"strings"
)

// A pushed is what a sensor can test of one member of a set.
type pushed struct {
	atoms []Atom // any: the value is in the member, or might be
	exact bool   // and is in it if an atom holds
	ok    bool   // a sensor can say something
}

func exactly(a Atom) pushed { return pushed{[]Atom{a}, true, true} }

// pushMember is what a sensor can test of a text. Numbers are pushed together.
func (c *Column) pushMember(m *Member) pushed {
	switch c.Fact {
	case FactComm, FactUTS:
		return c.pushName(m)
	case FactArgString:
		return c.pushText(m)
	case FactObjectPath:
		if isPath(m) {
			return c.pushText(m)
		}
	case FactPort:
		if m.Kind != MemberText {
			return pushed{}
		}
		port, exact, ok := portOf(m.Text)
		return pushed{[]Atom{{Fact: FactPort, Arg: c.Arg, Lo: uint64(port), Hi: uint64(port)}}, exact, ok}
	}
	return pushed{}
}

// pushName is for names of at most 15 bytes.
func (c *Column) pushName(m *Member) pushed {
	op := OpString
	switch {
	case m.Kind == MemberPrefix:
		op = OpPrefix
	case m.Kind != MemberText:
		return pushed{}
	}
	if len(m.Text) > nameSize || strings.IndexByte(m.Text, 0) >= 0 {
		return pushed{exact: true, ok: true} // no name is so
	}
	return exactly(Atom{Fact: c.Fact, Op: op, Str: m.Text})
}

// pushText is for texts of any length, of which a sensor compares a part.
func (c *Column) pushText(m *Member) pushed {
	a := Atom{Fact: c.Fact, Arg: c.Arg, Str: m.Text}
	exact := true
	switch m.Kind {
	case MemberText:
		a.Op = OpString
		if len(m.Text) >= MaxString {
			a.Op, a.Str, exact = OpPrefix, m.Text[:MaxString], false
		}
	case MemberPrefix:
		a.Op = OpPrefix
		if len(m.Text) > MaxString {
			a.Str, exact = m.Text[:MaxString], false
		}
	case MemberSuffix:
		a.Op = OpSuffix
		if len(m.Text) > MaxString {
			a.Str, exact = m.Text[len(m.Text)-MaxString:], false
		}
	default:
		return pushed{}
	}
	if strings.IndexByte(a.Str, 0) >= 0 {
		return pushed{} // a sensor's strings end at the first
	}
	return pushed{[]Atom{a}, exact, true}
}

// isPath reports whether only a path can match: what has no path (a pipe, a
// socket) has a text that the kernel does not keep, such as pipe:[17].
func isPath(m *Member) bool {
	if m.Kind == MemberSuffix {
		return m.Text != "" && !strings.HasSuffix(m.Text, "]") && !strings.HasSuffix(m.Text, "/")
	}
	return strings.HasPrefix(m.Text, "/")
}

// maxSpans is how many ranges of one comparison are pushed.
const maxSpans = 64

// pushNumbers is what a sensor can test of the numbers among the members: for
// each a pushed, because in a negation they are pushed one by one.
func (c *Column) pushNumbers(members []Member) []pushed {
	signed := c.Type == TypeSigned
	spans := spansOf(members, signed)
	var sets []bits
	var list []pushed
	for i := range members {
		m := &members[i]
		switch m.Kind {
		case MemberMask:
			sets = append(sets, bits{m.Mask, m.Bits})
		case MemberNames, MemberNamesMin:
			list = append(list, c.pushNames(m))
		}
	}
	for _, b := range sets {
		list = append(list, c.pushBits(b))
	}
	for _, s := range spans {
		list = append(list, c.pushSpan(s))
	}
	return list
}

// pushSpan is a range. A sensor may read a 32-bit program's negative long as a
// large number instead: both are let through.
func (c *Column) pushSpan(s span) pushed {
	signed := c.Type == TypeSigned
	a := Atom{Fact: c.Fact, Arg: c.Arg, Signed: signed, Lo: ordered(s.lo, signed), Hi: ordered(s.hi, signed)}
	if !c.Narrow {
		return exactly(a)
	}
	lo, hi := int64(a.Lo), int64(a.Hi)
	negative := hi >= -1<<31 && lo < 0
	doubtful := negative || lo < 1<<32 && hi >= 1<<31
	p := pushed{[]Atom{a}, !doubtful, true}
	if negative {
		a.Lo, a.Hi = uint64(uint32(max(lo, -1<<31))), uint64(uint32(min(hi, -1)))
		p.atoms = append(p.atoms, a)
	}
	return p
}

// pushBits is numbers with some bits.
func (c *Column) pushBits(b bits) pushed {
	all := c.allBits()
	if b.mask&all == all {
		return c.pushSpan(span{ordered(c.extend(b.want), c.Type == TypeSigned), ordered(c.extend(b.want), c.Type == TypeSigned)})
	}
	p := exactly(Atom{Fact: c.Fact, Op: OpMask, Arg: c.Arg, Lo: b.mask, Hi: b.want})
	if c.Narrow && b.mask>>32 != 0 {
		p.atoms[0].Lo, p.atoms[0].Hi, p.exact = uint64(uint32(b.mask)), uint64(uint32(b.want)), false
	}
	return p
}

// extend is a number of the column's width as a value has it.
func (c *Column) extend(n uint64) uint64 {
	if c.Type == TypeSigned && c.Width == 32 {
		return uint64(int64(int32(n)))
	}
	return n
}

// pushNames is the numbers of names. Where they depend on the architecture or on
// another argument, a sensor tests whether it is any of them.
func (c *Column) pushNames(m *Member) pushed {
	var first, union []bits
	same := len(c.Choices) == 1 && c.Choices[0].When < 0
	for i := range c.Choices {
		for _, arch := range arches {
			sets := c.named(m, c.Choices[i].Decoder, arch)
			if i == 0 && arch == arches[0] {
				first = sets
			}
			same = same && slices.Equal(sets, first)
			for _, b := range sets {
				if !slices.Contains(union, b) {
					union = append(union, b)
				}
			}
		}
	}
	p := pushed{exact: same, ok: true}
	for _, b := range union {
		one := c.pushBits(b)
		p.atoms, p.exact = append(p.atoms, one.atoms...), p.exact && one.exact
	}
	return p
}
