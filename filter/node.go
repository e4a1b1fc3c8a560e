package filter

import (
	"slices"

	"github.com/bulwark-security/bulwark/event"
)

// An Expr is an expression and what its front end has to tell the user.
type Expr struct {
	Root     *Node
	Warnings []string
}

// Kind says what a Node is.
type Kind uint8

// The kinds of node.
const (
	KindConst  Kind = iota // Value
	KindAnd                // all Kids
	KindOr                 // any of Kids
	KindNot                // not Kids[0]
	KindHas                // Column has a value
	KindIn                 // Column has a value, and it is one of Members
	KindEvent              // the event is one of Events
	KindFollow             // the process satisfies Kids[0] or is followed because of it
)

// A Node is one node of the tree. Nodes never change once they are built, and
// may be shared between trees.
type Node struct {
	Kind    Kind
	Value   bool
	Kids    []*Node
	Column  string
	Arg     string // what stands in brackets after the column
	Members []Member
	Events  []event.ID
	// Source is what the user wrote for it, for messages. It has no meaning.
	Source string
}

// MemberKind says what a Member is.
type MemberKind uint8

// The kinds of member. A name is one that the column's decoder knows.
const (
	MemberRange    MemberKind = iota // Lo <= value <= Hi
	MemberMask                       // value & Mask == Bits
	MemberText                       // value is Text
	MemberPrefix                     // value begins with Text
	MemberSuffix                     // value ends with Text
	MemberContains                   // value has Text in it
	MemberNames                      // value is what the names in Text say: SIGKILL, O_RDWR|O_CREAT
	MemberNamesMin                   // the names are set, perhaps with others; the last may be the beginning of one
)

// A Member is a part of the set that a value is compared with.
type Member struct {
	Kind       MemberKind
	Lo, Hi     Number
	Mask, Bits uint64
	Text       string
}

// Range is the numbers from lo to hi.
func Range(lo, hi Number) Member { return Member{Kind: MemberRange, Lo: lo, Hi: hi} }

// Equal is one number.
func Equal(n Number) Member { return Range(n, n) }

// Mask is the numbers whose bits under mask are bits.
func Mask(mask, bits uint64) Member { return Member{Kind: MemberMask, Mask: mask, Bits: bits} }

// Text is one text.
func Text(s string) Member { return Member{Kind: MemberText, Text: s} }

// Prefix is the texts that begin with s.
func Prefix(s string) Member { return Member{Kind: MemberPrefix, Text: s} }

// Suffix is the texts that end with s.
func Suffix(s string) Member { return Member{Kind: MemberSuffix, Text: s} }

// Contains is the texts that have s in them.
func Contains(s string) Member { return Member{Kind: MemberContains, Text: s} }

// Names is the number that the names, joined by |, stand for.
func Names(s string) Member { return Member{Kind: MemberNames, Text: s} }

// NamesAtLeast is the numbers with all these names set, whatever else is. The
// last name may be only the beginning of one.
func NamesAtLeast(s string) Member { return Member{Kind: MemberNamesMin, Text: s} }

// Const is true or false for every event.
func Const(v bool) *Node { return &Node{Kind: KindConst, Value: v} }

// And holds if all of the nodes do; without any, always.
func And(kids ...*Node) *Node { return join(KindAnd, true, kids) }

// Or holds if any of the nodes does; without any, never.
func Or(kids ...*Node) *Node { return join(KindOr, false, kids) }

// join flattens nodes of the same kind, unless they have a source to keep, and
// takes out constants. neutral is the constant that changes nothing.
func join(kind Kind, neutral bool, kids []*Node) *Node {
	var flat []*Node
	for _, k := range kids {
		switch {
		case k.Kind == KindConst && k.Value == neutral:
		case k.Kind == KindConst:
			return Const(!neutral)
		case k.Kind == kind && k.Source == "":
			flat = append(flat, k.Kids...)
		default:
			flat = append(flat, k)
		}
	}
	switch len(flat) {
	case 0:
		return Const(neutral)
	case 1:
		return flat[0]
	}
	return &Node{Kind: kind, Kids: flat}
}

// Not holds if the node does not.
func Not(n *Node) *Node {
	switch n.Kind {
	case KindConst:
		return Const(!n.Value)
	case KindNot:
		return n.Kids[0]
	}
	return &Node{Kind: KindNot, Kids: []*Node{n}, Source: n.Source}
}

// Has holds if the event carries a value for the column.
func Has(column string) *Node { return &Node{Kind: KindHas, Column: column} }

// In holds if the column's value is one of the members.
func In(column string, members ...Member) *Node {
	return &Node{Kind: KindIn, Column: column, Members: members}
}

// Event holds for these events.
func Event(ids ...event.ID) *Node {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return &Node{Kind: KindEvent, Events: slices.Compact(ids)}
}

// For judges only the events named: it holds for all others. It is a gate.
func For(id event.ID, n *Node) *Node { return Or(Not(Event(id)), n) }

// Follow holds for a process that satisfies n, or that satisfied it when it
// executed a program, or whose parent did when it forked.
func Follow(n *Node) *Node { return &Node{Kind: KindFollow, Kids: []*Node{n}, Source: n.Source} }

// From is the node with what the user wrote for it.
func (n *Node) From(source string) *Node {
	m := *n
	m.Source = source
	return &m
}

// parts are the nodes that all must hold, one by one.
func (n *Node) parts() (parts []*Node) {
	switch {
	case n.Kind == KindAnd:
		for _, k := range n.Kids {
			parts = append(parts, k.parts()...)
		}
		return parts
	case n.Kind == KindConst && n.Value:
		return nil
	}
	return []*Node{n}
}

// conjuncts are the nodes that all must hold. What the user wrote as one stays
// one.
func (n *Node) conjuncts() []*Node {
	switch {
	case n.Kind == KindAnd && n.Source == "":
		return n.Kids
	case n.Kind == KindConst && n.Value:
		return nil
	}
	return []*Node{n}
}
