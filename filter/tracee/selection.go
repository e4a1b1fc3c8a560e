package tracee

import (
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// A selection is what all the expressions say together, by field.
type selection struct {
	uid, pid, mntns, pidns numberFilter
	comm, uts, event, set  listFilter
	names                  listFilter // of containers
	pidNew                 toggle
	container              toggle
	containerNew           toggle
	follow                 bool
	args                   []*argFilter
	returns                []*returnFilter
	warnings               []string
}

// A toggle is a condition that the last expression about it decides.
type toggle struct {
	given, value bool
	sources      []string
}

func (f *toggle) set(value bool, source string) {
	f.given, f.value = true, value
	f.sources = []string{source}
}

// A numberFilter is everything said of a field of numbers.
type numberFilter struct {
	eq, ne  []filter.Number
	gt, lt  *filter.Number // the strictest
	sources []string
}

// A listFilter is everything said of a field of texts.
type listFilter struct {
	eq, ne  []string
	sources []string
}

// An argFilter is everything said of an argument of an event, or of a field of
// its object.
type argFilter struct {
	event  *dictionary.Event
	name   string // the argument, or object.FIELD
	column filter.Column
	listFilter
}

// A returnFilter is everything said of the return value of an event.
type returnFilter struct {
	event *dictionary.Event
	numberFilter
}

func newSelection() *selection { return &selection{} }

// arg is the filter of an argument, made when it is first mentioned.
func (s *selection) arg(e *dictionary.Event, name string, c filter.Column) *argFilter {
	for _, a := range s.args {
		if a.event == e && a.name == name {
			return a
		}
	}
	a := &argFilter{event: e, name: name, column: c}
	s.args = append(s.args, a)
	return a
}

// returned is the filter of an event's return value.
func (s *selection) returned(e *dictionary.Event) *returnFilter {
	for _, r := range s.returns {
		if r.event == e {
			return r
		}
	}
	r := &returnFilter{event: e}
	s.returns = append(s.returns, r)
	return r
}

// add keeps values under their operator.
func (l *listFilter) add(op string, values []string, source string) {
	if op == "=" {
		l.eq = append(l.eq, values...)
	} else {
		l.ne = append(l.ne, values...)
	}
	l.sources = append(l.sources, source)
}

func (l *listFilter) empty() bool { return len(l.eq)+len(l.ne) == 0 }

// add keeps values under their operator, of bounds the strictest.
func (n *numberFilter) add(op string, values []filter.Number, source string) {
	for _, v := range values {
		switch op {
		case "=":
			n.eq = append(n.eq, v)
		case "!=":
			n.ne = append(n.ne, v)
		case ">":
			if n.gt == nil || v.Compare(*n.gt) > 0 {
				n.gt = &v
			}
		case "<":
			if n.lt == nil || v.Compare(*n.lt) < 0 {
				n.lt = &v
			}
		}
	}
	n.sources = append(n.sources, source)
}

func (n *numberFilter) empty() bool { return len(n.sources) == 0 }

// source is what the user wrote, in the order of writing.
func source(sources []string) string { return strings.Join(sources, " ") }
