package filter

import (
	"fmt"
	"strings"
)

// Reason says what is wrong with an expression, for programs.
type Reason string

// The reasons.
const (
	UnknownField    Reason = "unknown-field"
	MissingOperator Reason = "missing-operator"
	MissingValue    Reason = "missing-value"
	BadOperator     Reason = "bad-operator"
	BadNumber       Reason = "bad-number"
	BadValue        Reason = "unknown-value"
	OutOfRange      Reason = "out-of-range"
	UnknownEvent    Reason = "unknown-event"
	UnknownArgument Reason = "unknown-argument"
	UnknownSet      Reason = "unknown-set"
	BadArgument     Reason = "bad-argument-form"
	BadSyntax       Reason = "bad-syntax"
	WrongType       Reason = "wrong-type"
)

// An Error is what is wrong with an expression, and where.
type Error struct {
	Expr   string
	Offset int // in bytes, from 0
	Reason Reason
	Msg    string
	Hint   string // what to do about it, "" if there is nothing to say
}

// Error is the message, and the hint on a line of its own.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "filter %q: ", e.Expr)
	if e.Offset > 0 {
		fmt.Fprintf(&b, "at byte %d: ", e.Offset+1)
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("\n  hint: ")
		b.WriteString(e.Hint)
	}
	return b.String()
}
