package tracee

import (
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// An expression is one value of --trace, cut at its operator.
type expression struct {
	text  string
	name  string // before the operator
	op    string // "": there is none
	value string
	at    int // offset of value
}

// add reads one expression into the selection.
func (s *selection) add(text string) error {
	i := strings.IndexAny(text, "=!<>")
	if i < 0 {
		return s.addWord(&expression{text: text, name: text})
	}
	x := &expression{text: text, name: text[:i]}
	if i == 0 {
		if text[0] == '!' && isShort(text[1:], "container") {
			s.container.set(false, text)
			return nil
		}
		return x.unknownField()
	}
	field, known := fieldOf(x.name)
	dotted := strings.Contains(x.name, ".")
	if !known && !dotted {
		return x.unknownField()
	}
	target, err := argTarget{}, error(nil)
	if dotted {
		if target, err = x.target(); err != nil {
			return err
		}
	}
	if err := x.operator(i); err != nil {
		return err
	}
	if dotted {
		return s.addArgument(x, target)
	}
	return s.addField(x, field)
}

// operator reads the operator at offset i and what follows it.
func (x *expression) operator(i int) error {
	n := 1
	if x.text[i] == '!' {
		if n = 2; !strings.HasPrefix(x.text[i:], "!=") {
			if x.text[i:] == "!" {
				return x.fail(i, filter.MissingValue, "the operator is != and wants a value after it", quoteHint)
			}
			return x.fail(i, filter.BadOperator, `"!" is no operator`, "write "+x.name+"!="+x.text[i+1:])
		}
	}
	x.op, x.value, x.at = x.text[i:i+n], x.text[i+n:], i+n
	if x.value == "" {
		return x.fail(x.at, filter.MissingValue, "a value is missing after "+x.op, quoteHint)
	}
	return nil
}

// quoteHint is for what a shell may have done to an expression.
const quoteHint = "quote the expression if your shell took something out of it: --trace 'uid>0', --trace 'openat.pathname=/tmp*'"

// fail is an error at an offset of the expression.
func (x *expression) fail(at int, reason filter.Reason, msg, hint string) error {
	return &filter.Error{Expr: x.text, Offset: at, Reason: reason, Msg: msg, Hint: hint}
}

// isShort reports whether name is the word or the beginning of it.
func isShort(name, word string) bool { return name != "" && strings.HasPrefix(word, name) }

// The fields that may be shortened, and those that may not.
var (
	shortFields = []string{"event", "pid", "set", "uid", "container"}
	wholeFields = []string{"comm", "uts", "mntns", "pidns"}
)

// fieldOf is the whole name of a field.
func fieldOf(name string) (string, bool) {
	for _, f := range wholeFields {
		if name == f {
			return f, true
		}
	}
	for _, f := range shortFields {
		if isShort(name, f) {
			return f, true
		}
	}
	return "", false
}

// addWord reads an expression without an operator.
func (s *selection) addWord(x *expression) error {
	switch {
	case isShort(x.name, "container"):
		s.container.set(true, x.text)
		return nil
	case x.name == "not-container":
		s.container.set(false, x.text)
		return nil
	case isShort(x.name, "follow"):
		s.follow = true
		return nil
	}
	if strings.Contains(x.name, ".") {
		if _, err := x.target(); err != nil {
			return err
		}
	} else if _, ok := fieldOf(x.name); !ok {
		return x.unknownField()
	}
	return x.fail(len(x.text), filter.MissingOperator, "an operator and a value are missing after "+x.name,
		"a shell takes > and < for files: quote the expression, as in --trace 'uid>0'")
}

// addField reads an expression about a field that every event has.
func (s *selection) addField(x *expression, field string) error {
	switch field {
	case "uid":
		return x.addNumbers(&s.uid, 32)
	case "pid":
		if x.value == "new" && x.equality() {
			s.pidNew.set(x.op == "=", x.text)
			return nil
		}
		return x.addNumbers(&s.pid, 32)
	case "mntns":
		return x.addNumbers(&s.mntns, 64)
	case "pidns":
		return x.addNumbers(&s.pidns, 64)
	case "container":
		return s.addContainer(x)
	}
	if !x.equality() {
		return x.fail(len(x.name), filter.BadOperator, field+" takes = and !=, not "+x.op, "")
	}
	switch field {
	case "comm":
		s.addNames(x, &s.comm, field)
	case "uts":
		s.addNames(x, &s.uts, field)
	case "event":
		return x.addKnown(&s.event, x.unknownEvent, func(name string) bool { return dictionary.Lookup(name) != nil })
	case "set":
		return x.addKnown(&s.set, x.unknownSet, func(name string) bool { return dictionary.Members(name) != nil })
	}
	return nil
}

func (x *expression) equality() bool { return x.op == "=" || x.op == "!=" }

// values cuts the value at its commas and calls f with each part and its offset.
func (x *expression) values(f func(at int, value string) error) error {
	at := x.at
	for value := range strings.SplitSeq(x.value, ",") {
		if err := f(at, value); err != nil {
			return err
		}
		at += len(value) + 1
	}
	return nil
}

// addKnown keeps names that must exist.
func (x *expression) addKnown(l *listFilter, unknown func(int, string) error, known func(string) bool) error {
	err := x.values(func(at int, name string) error {
		if !known(name) {
			return unknown(at, name)
		}
		return nil
	})
	if err == nil {
		l.add(x.op, strings.Split(x.value, ","), x.text)
	}
	return err
}

// nameSize is how much of a thread's or a node's name events carry.
const nameSize = 15

// addNames keeps names of threads or nodes.
func (s *selection) addNames(x *expression, l *listFilter, field string) {
	names := strings.Split(x.value, ",")
	for _, name := range names {
		if len(name) > nameSize {
			s.warn("%s: events carry the first %d bytes of %s only: compared with %q", x.text, nameSize, field, name[:nameSize])
		}
	}
	l.add(x.op, names, x.text)
}
