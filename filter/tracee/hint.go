package tracee

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// fields are the names for suggestions.
var fields = append(append([]string{"follow", "not-container"}, shortFields...), wholeFields...)

// didYouMean is the beginning of a hint, "" if no name is near.
func didYouMean(word string, names []string) string {
	if near := dictionary.Nearest(word, names); near != "" {
		return "did you mean " + near + "? "
	}
	return ""
}

// unknownField is the error for a name that is none, with what was meant.
func (x *expression) unknownField() error {
	if x.text == "" {
		return x.fail(0, filter.UnknownField, "the expression is empty", "was a variable of your shell empty? see --trace help")
	}
	if x.name == "" {
		rest := strings.TrimLeft(x.text, "!")
		if field, ok := fieldOf(rest[:max(0, strings.IndexAny(rest, "=<>"))]); ok {
			return x.fail(0, filter.UnknownField, "an expression begins with its field", "to exclude, write "+field+"!=VALUE")
		}
		return x.fail(0, filter.UnknownField, "a field is missing before the operator", "see --trace help")
	}
	return x.fail(0, filter.UnknownField, fmt.Sprintf("there is no field %q", x.name), x.fieldHint())
}

func (x *expression) fieldHint() string {
	name, lower := x.name, strings.ToLower(x.name)
	rest := x.text[len(name):]
	switch {
	case strings.ContainsAny(name, `'"`):
		return "the quotes became part of the expression: quote it once"
	case strings.TrimSpace(name) != name || strings.ContainsAny(name, " \t"):
		return "an expression has no blanks around its operator; give each expression a --trace of its own"
	case name == "follow" || isShort(name, "follow"):
		return "follow stands alone, without a value"
	case slices.Contains(fields, lower):
		return "fields are in lower case: " + lower + rest
	case dictionary.Lookup(name) != nil:
		return "did you mean event=" + name + "?"
	case dictionary.Members(name) != nil:
		return "did you mean set=" + name + "?"
	}
	if e := argumentOwner(name); e != nil {
		return fmt.Sprintf("an argument is written after its event: %s.%s%s", e.Name, name, rest)
	}
	return didYouMean(name, fields) + "see --trace help"
}

// argumentOwner is an event with an argument of that name, best one that is
// traced by default.
func argumentOwner(name string) *dictionary.Event {
	for _, events := range [][]*dictionary.Event{dictionary.Members("default"), dictionary.All()} {
		for _, e := range events {
			if e.ArgIndex(name) >= 0 {
				return e
			}
		}
	}
	return nil
}

// unknownEvent is the error for an event that is none.
func (x *expression) unknownEvent(at int, name string) error {
	msg, hint := fmt.Sprintf("there is no event %q", name), "see bulwark list"
	switch near := dictionary.Suggest(name); {
	case name == "":
		msg = "the name of an event is missing"
	case strings.Contains(name, "*"):
		hint = "events have no wildcards; give a list or a set: " + matching(name)
	case dictionary.Members(name) != nil:
		hint = name + " is a set: set=" + name
	case near != "" && dictionary.Lookup(near) != nil:
		hint = "did you mean " + near + "?"
	case near != "":
		hint = "did you mean the set " + near + "?"
	}
	return x.fail(at, filter.UnknownEvent, msg, hint)
}

// matching lists a few events that begin as the pattern does.
func matching(pattern string) string {
	prefix, _, _ := strings.Cut(pattern, "*")
	var names []string
	for _, e := range dictionary.All() {
		if strings.HasPrefix(e.Name, prefix) && len(names) < 8 {
			names = append(names, e.Name)
		}
	}
	if prefix == "" || len(names) == 0 {
		return "set=syscalls"
	}
	return "event=" + strings.Join(names, ",")
}

// unknownSet is the error for a set that is none.
func (x *expression) unknownSet(at int, name string) error {
	hint := strings.TrimSpace(didYouMean(name, dictionary.SetNames()))
	if hint == "" {
		hint = "sets are " + strings.Join(dictionary.SetNames(), ", ")
	}
	if dictionary.Lookup(name) != nil {
		hint = name + " is an event: event=" + name
	}
	msg := fmt.Sprintf("there is no set %q", name)
	if name == "" {
		msg = "the name of a set is missing"
	}
	return x.fail(at, filter.UnknownSet, msg, hint)
}
