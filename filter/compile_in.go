package filter

import (
	"cmp"
	"slices"

	"github.com/bulwark-security/bulwark/event"
)

// compileIn tests that the value is one of the members.
func (c *compiler) compileIn(n *Node, column *Column) test {
	switch column.Type {
	case TypeFact:
		return func(*event.Event) bool { return false }
	case TypeUnsigned, TypeSigned:
		return c.compileNumbers(n, column)
	}
	p, get, set := c.Program, column.Get, newTexts(n.Members)
	switch column.Type {
	case TypeRaw:
		return func(e *event.Event) bool {
			if !get(e, &p.value) {
				return false
			}
			p.text = event.AppendRaw(p.text[:0], &p.value)
			return set.has(p.text)
		}
	case TypeAddress:
		addresses := newAddresses(n.Members)
		return func(e *event.Event) bool { return get(e, &p.value) && p.addressIn(&p.value, addresses) }
	}
	return func(e *event.Event) bool { return get(e, &p.value) && set.has(p.value.Bytes) }
}

// numbers is a set of numbers.
type numbers struct {
	spans []span // sorted, apart from each other
	bits  []bits
}

func (s *numbers) has(raw, order uint64) bool {
	for _, b := range s.bits {
		if b.has(raw) {
			return true
		}
	}
	if len(s.spans) > 8 {
		return hasSpan(s.spans, order)
	}
	for _, r := range s.spans {
		if order >= r.lo && order <= r.hi {
			return true
		}
	}
	return false
}

// hasSpan searches sorted spans.
func hasSpan(spans []span, order uint64) bool {
	lo, hi := 0, len(spans)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if spans[mid].hi < order {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(spans) && spans[lo].lo <= order
}

// spansOf are the ranges among the members, sorted and merged.
func spansOf(members []Member, signed bool) []span {
	var spans []span
	for _, m := range members {
		if m.Kind != MemberRange {
			continue
		}
		if s, ok := spanOf(m.Lo, m.Hi, signed); ok {
			spans = append(spans, s)
		}
	}
	return mergeSpans(spans)
}

func mergeSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && (s.lo <= merged[n-1].hi || s.lo == merged[n-1].hi+1) {
			merged[n-1].hi = max(merged[n-1].hi, s.hi)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func (c *compiler) compileNumbers(n *Node, column *Column) test {
	p, get, signed := c.Program, column.Get, column.Type == TypeSigned
	plain := numbers{spans: spansOf(n.Members, signed)}
	for _, m := range n.Members {
		if m.Kind == MemberMask {
			plain.bits = append(plain.bits, bits{m.Mask, m.Bits})
		}
	}
	if named := c.compileNames(n, column); named != nil {
		return func(e *event.Event) bool {
			return get(e, &p.value) && (plain.has(p.value.Num, ordered(p.value.Num, signed)) || named(e, p.value.Num))
		}
	}
	if len(plain.spans) == 1 && len(plain.bits) == 0 {
		only := plain.spans[0]
		return func(e *event.Event) bool {
			if !get(e, &p.value) {
				return false
			}
			order := ordered(p.value.Num, signed)
			return order >= only.lo && order <= only.hi
		}
	}
	return func(e *event.Event) bool {
		return get(e, &p.value) && plain.has(p.value.Num, ordered(p.value.Num, signed))
	}
}

// compileNames tests a value against the names among the members: by the
// decoder that applies to the event, and its architecture. nil: no names.
func (c *compiler) compileNames(n *Node, column *Column) func(*event.Event, uint64) bool {
	any := false
	sets := make([][len(arches)]numbers, len(column.Choices))
	for i := range sets {
		for j := range n.Members {
			m := &n.Members[j]
			if m.Kind != MemberNames && m.Kind != MemberNamesMin {
				continue
			}
			any = true
			for _, arch := range arches {
				s := &sets[i][arch]
				s.bits = append(s.bits, column.named(m, column.Choices[i].Decoder, arch)...)
			}
		}
	}
	if !any {
		return nil
	}
	p := c.Program
	return func(e *event.Event, value uint64) bool {
		i := p.choice(e, column)
		return i >= 0 && sets[i][int(e.Arch)%len(arches)].has(value, 0)
	}
}

// choice is the decoder that names the column's value in this event, -1: none.
func (p *Program) choice(e *event.Event, column *Column) int {
	for i := range column.Choices {
		c := &column.Choices[i]
		if c.When < 0 {
			return i
		}
		if e.Arg(int(c.When), &p.other) && slices.Contains(c.Values, p.other.Num) {
			return i
		}
	}
	return -1
}
