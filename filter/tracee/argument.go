package tracee

import (
	"fmt"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// An argTarget is what EVENT.SOMETHING names.
type argTarget struct {
	event   *dictionary.Event
	name    string
	returns bool // the return value
	column  filter.Column
}

// target finds what the dotted name stands for.
func (x *expression) target() (t argTarget, err error) {
	parts := strings.Split(x.name, ".")
	object := len(parts) == 3 && parts[1] == "object"
	if len(parts) != 2 && !object {
		return t, x.fail(len(parts[0])+1+len(parts[1]), filter.BadArgument, "too many dots in the name",
			"arguments are written EVENT.ARGUMENT, facts of the object EVENT.object.FIELD")
	}
	if t.event = dictionary.Lookup(parts[0]); t.event == nil {
		return t, x.unknownEvent(0, parts[0])
	}
	t.name = strings.Join(parts[1:], ".")
	if t.name == "retval" && t.event.ArgIndex("retval") < 0 {
		t.returns = true
		return t, nil
	}
	t.column, err = filter.Events.Column(t.event.Name+"."+t.name, "")
	if err == nil {
		return t, nil
	}
	at := len(parts[0]) + 1
	if object {
		return t, x.fail(at+len("object."), filter.UnknownArgument, fmt.Sprintf("objects have no field %q", parts[2]),
			didYouMean(parts[2], event.Fields())+"they have "+strings.Join(event.Fields(), ", "))
	}
	return t, x.unknownArgument(at, t.event, parts[1])
}

func (x *expression) unknownArgument(at int, e *dictionary.Event, name string) error {
	names := []string{}
	for _, a := range e.Args {
		names = append(names, a.Name)
	}
	names = append(names, "retval")
	return x.fail(at, filter.UnknownArgument, fmt.Sprintf("%s has no argument %q", e.Name, name),
		didYouMean(name, names)+e.Name+" has "+strings.Join(names, ", "))
}

// addArgument reads an expression about an argument or the return value.
func (s *selection) addArgument(x *expression, t argTarget) error {
	if t.returns {
		r := s.returned(t.event)
		return x.addSigned(&r.numberFilter)
	}
	if !x.equality() {
		return x.fail(len(x.name), filter.BadOperator, "arguments take = and !=, not "+x.op,
			"only the return value is compared by size: "+t.event.Name+".retval"+x.op+x.value)
	}
	a := s.arg(t.event, t.name, t.column)
	a.add(x.op, strings.Split(x.value, ","), x.text)
	return nil
}
