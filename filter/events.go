package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Events is the schema of the event dictionary. Its columns are
//
//	pid tid ppid nspid nstid nsppid   process, thread, parent; on the host and in the pid namespace
//	uid euid gid comm uts             credentials, thread name, node name
//	mntns pidns cgroup cpu retval
//	new container container.new       facts of the process
//	container.id container.name container.image
//	EVENT.ARGUMENT EVENT.retval EVENT.object.FIELD object.FIELD
var Events Schema = eventSchema{}

type eventSchema struct{}

// Column finds a column of the dictionary.
func (eventSchema) Column(name, arg string) (Column, error) {
	if arg != "" {
		return Column{}, fmt.Errorf("%s takes nothing in brackets", name)
	}
	if c, ok := headerColumns[name]; ok {
		return c, nil
	}
	head, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return Column{}, unknownColumn(name)
	}
	if head == "object" {
		return objectColumn(rest)
	}
	e := dictionary.Lookup(head)
	if e == nil {
		return Column{}, unknownColumn(name)
	}
	c, err := columnOf(e, rest)
	c.Events = []event.ID{e.ID}
	return c, err
}

func columnOf(e *dictionary.Event, rest string) (Column, error) {
	if field, ok := strings.CutPrefix(rest, "object."); ok {
		return objectColumn(field)
	}
	if i := e.ArgIndex(rest); i >= 0 {
		return argumentColumn(e, i), nil
	}
	if rest == "retval" {
		return headerColumns["retval"], nil
	}
	return Column{}, fmt.Errorf("%s has no argument %q", e.Name, rest)
}

func unknownColumn(name string) error { return fmt.Errorf("there is no field %q", name) }

// ColumnNames are the names of the columns that every event has, sorted.
func ColumnNames() []string {
	names := make([]string, 0, len(headerColumns))
	for name := range headerColumns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// argumentColumn is argument i of an event.
func argumentColumn(e *dictionary.Event, i int) Column {
	a := &e.Args[i]
	c := Column{
		Get:     func(e *event.Event, v *event.Value) bool { return e.Arg(i, v) },
		Choices: a.Choices,
		Arg:     uint8(i),
	}
	switch {
	case a.Class.Word():
		c.Type, c.Fact = TypeUnsigned, FactArg
		if a.Class.Signed() {
			c.Type = TypeSigned
		}
		c.Width, c.Narrow = widthOf(a.Class), a.Class == dictionary.Long
	case a.Class == dictionary.String:
		c.Type, c.Fact = TypeText, FactArgString
	case a.Class == dictionary.Sockaddr:
		c.Type, c.Fact = TypeAddress, FactPort
	default:
		c.Type = TypeRaw
	}
	return c
}

func widthOf(c dictionary.Class) uint8 {
	if c == dictionary.Int || c == dictionary.Uint {
		return 32
	}
	return 64
}

// objectColumn is a fact of the object that the event reached.
func objectColumn(name string) (Column, error) {
	f, ok := event.FieldByName(name)
	if !ok {
		return Column{}, fmt.Errorf("objects have no field %q: they have %s", name, strings.Join(event.Fields(), ", "))
	}
	c := Column{Get: func(e *event.Event, v *event.Value) bool { return e.Object(f, v) }}
	switch class := f.Class(); {
	case class.Word():
		c.Type, c.Width = TypeUnsigned, widthOf(class)
		if f != event.FieldInode { // which a file and a socket have
			c.Fact, c.Arg = FactObject, uint8(f)
		}
		if d := f.Decoder(); d != nil {
			c.Choices = []dictionary.Choice{{Decoder: d, When: -1}}
		}
	case class == dictionary.String:
		c.Type = TypeText
		if f == event.FieldPath {
			c.Fact = FactObjectPath
		}
	case class == dictionary.Sockaddr:
		c.Type = TypeAddress
	default:
		c.Type = TypeRaw
	}
	return c, nil
}
