package filter

import (
	"fmt"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// check finds the columns of the tree and what they cannot be compared with.
func (c *compiler) check(n *Node) error {
	if n.Kind == KindHas || n.Kind == KindIn {
		return c.checkColumn(n)
	}
	if n.Kind == KindFollow {
		if c.count++; c.count > maxFollows {
			return &Error{Expr: c.expr.String(), Reason: BadSyntax, Msg: fmt.Sprintf("follow stands more than %d times", maxFollows)}
		}
	}
	for _, k := range n.Kids {
		if err := c.check(k); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) checkColumn(n *Node) error {
	column := c.column(n)
	if column == nil {
		found, err := c.schema.Column(n.Column, n.Arg)
		if err != nil {
			return &Error{Expr: n.String(), Reason: UnknownField, Msg: err.Error()}
		}
		column = &found
		c.columns[n.columnKey()] = column
	}
	for i := range n.Members {
		if msg := column.refuse(&n.Members[i]); msg != "" {
			return &Error{Expr: n.String(), Reason: WrongType, Msg: n.Column + " " + msg}
		}
	}
	return nil
}

// refuse says why a member cannot be compared with the column's values, "" if
// it can.
func (c *Column) refuse(m *Member) string {
	switch m.Kind {
	case MemberRange, MemberMask:
		if !c.Type.number() {
			return fmt.Sprintf("is %s, not a number", c.Type)
		}
	case MemberNames, MemberNamesMin:
		if !c.Type.number() || len(c.Choices) == 0 {
			return "has no names for its values"
		}
		if !c.knows(m) {
			return fmt.Sprintf("has no value %s", m.Text)
		}
	default:
		if c.Type.number() || c.Type == TypeFact {
			return fmt.Sprintf("is %s, not a text", c.Type)
		}
	}
	return ""
}

// knows reports whether the names of a member mean anything to the column, on
// any architecture.
func (c *Column) knows(m *Member) bool {
	for i := range c.Choices {
		for _, arch := range arches {
			if len(c.named(m, c.Choices[i].Decoder, arch)) > 0 {
				return true
			}
		}
	}
	return false
}

// Knows reports whether the names, joined by |, mean a value of the column.
// With star, others may be set too and the last may be the beginning of a name.
func (c *Column) Knows(names string, star bool) bool {
	m := Names(names)
	if star {
		m = NamesAtLeast(names)
	}
	return c.Type.number() && c.knows(&m)
}

var arches = [...]dictionary.Arch{dictionary.AMD64, dictionary.ARM64}
