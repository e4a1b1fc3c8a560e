package filter

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Type says what a column's values are and what they can be compared with.
type Type uint8

// The types.
const (
	TypeFact     Type = iota // there or not there: only Has
	TypeUnsigned             // numbers, masks, names
	TypeSigned               // numbers, masks, names
	TypeText                 // texts
	TypeRaw                  // texts, compared with what event.AppendRaw writes
	TypeAddress              // texts, compared with ADDRESS, ADDRESS:PORT, :PORT, a path, or the raw form
)

var typeNames = [...]string{"a fact", "a number", "a number", "a text", "a text", "an address"}

func (t Type) String() string { return typeNames[t] }

// number reports whether values are numbers.
func (t Type) number() bool { return t == TypeUnsigned || t == TypeSigned }

// A Column is how a schema finds the value of a name in an event.
type Column struct {
	Type Type
	// Get reads the value. It returns false when the event does not carry one.
	// It keeps nothing and allocates nothing.
	Get func(*event.Event, *event.Value) bool
	// Choices are the decoders whose names a value may be compared with, the
	// first that applies to the event wins.
	Choices []dictionary.Choice
	// Events that carry the column; nil: every event may.
	Events []event.ID
	// Fact and Arg are what a sensor can test instead; FactNone: nothing.
	Fact Fact
	Arg  uint8
	// Process: a fact of the process, which every event of it carries.
	Process bool
	// Width is how many bits a number has; 0 means 64.
	Width uint8
	// Narrow: a 32-bit program's value is sign-extended from its own 32 bits,
	// which a sensor does not know.
	Narrow bool
}

// A Schema knows the columns of a language.
type Schema interface {
	// Column finds a column. The error is what to tell the user.
	Column(name, arg string) (Column, error)
}

// carries reports whether events of that id can have the column.
func (c *Column) carries(id event.ID) bool {
	if c.Events == nil {
		return true
	}
	for _, e := range c.Events {
		if e == id {
			return true
		}
	}
	return false
}
