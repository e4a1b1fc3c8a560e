package tracee

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/filter"
)

func (s *selection) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// addNumbers keeps unsigned numbers of so many bits.
func (x *expression) addNumbers(n *numberFilter, size int) error {
	return x.parseNumbers(n, func(value string) (filter.Number, error) {
		u, err := strconv.ParseUint(value, 10, size)
		return filter.Uint(u), err
	}, false, strconv.FormatUint(1<<size-1, 10))
}

// addSigned keeps signed numbers of 64 bits.
func (x *expression) addSigned(n *numberFilter) error {
	return x.parseNumbers(n, func(value string) (filter.Number, error) {
		i, err := strconv.ParseInt(value, 10, 64)
		return filter.Int(i), err
	}, true, strconv.Itoa(1<<63-1))
}

func (x *expression) parseNumbers(n *numberFilter, parse func(string) (filter.Number, error), signed bool, most string) error {
	var numbers []filter.Number
	err := x.values(func(at int, value string) error {
		if !isDecimal(value, signed) {
			return x.badNumber(at, value, signed)
		}
		number, err := parse(value)
		if err != nil {
			return x.fail(at, filter.OutOfRange, fmt.Sprintf("%s is too big for %s, whose largest value is %s", value, x.name, most), "")
		}
		numbers = append(numbers, number)
		return nil
	})
	if err == nil {
		n.add(x.op, numbers, x.text)
	}
	return err
}

// isDecimal reports whether a text is digits, after a sign where one may be.
func isDecimal(text string, signed bool) bool {
	if signed && text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func (x *expression) badNumber(at int, value string, signed bool) error {
	msg := fmt.Sprintf("%q is not a number", value)
	hint := "numbers are decimal, without blanks or signs"
	if signed {
		hint = "numbers are decimal, without blanks"
	}
	switch {
	case value == "" && strings.Contains(x.value, ","):
		msg, hint = "a number is missing between the commas", ""
	case value == "new":
		msg, hint = `"new" stands alone`, "give it a flag of its own: --trace pid=new"
	case value[0] == '=' && (x.op == "<" || x.op == ">"):
		hint = fmt.Sprintf("there is no %s=: %s", x.op, x.strict(value[1:]))
	case value[0] == '=':
		hint = "the operator is a single ="
	case strings.ContainsAny(value, "<>"):
		hint = "one operator in an expression: give each bound a flag of its own, as in --trace 'uid>0' --trace 'uid<1000'"
	case isShort(x.name, "uid") && !signed && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz_-") == "":
		hint = "users are given by number: id -u " + value
	case isShort(x.name, "pid") && !signed && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz_-") == "":
		hint = "processes are given by number; by name: --trace comm=" + value
	}
	return x.fail(at, filter.BadNumber, msg, hint)
}

// strict is how to write <= or >= with what there is.
func (x *expression) strict(value string) string {
	n, err := filter.ParseNumber(value)
	switch {
	case err != nil:
		return "write < or > with a decimal number"
	case x.op == "<":
		return fmt.Sprintf("write '%s<%s'", x.name, n.Next())
	case n == filter.Number{}:
		return "every number is that large"
	}
	return fmt.Sprintf("write '%s>%s'", x.name, n.Prev())
}

// idDigits is how many digits of a container's id are enough to name it.
const idDigits = 8

// addContainer reads container=new, and container=NAME.
func (s *selection) addContainer(x *expression) error {
	if !x.equality() {
		return x.fail(len(x.name), filter.BadValue, "container takes = and !=, not "+x.op, "write container, !container, container=new or container=NAME")
	}
	if x.value == "new" {
		s.containerNew.set(x.op == "=", x.text)
		return nil
	}
	err := x.values(func(at int, name string) error {
		switch name {
		case "":
			return x.fail(at, filter.BadValue, "a name is missing between the commas", "")
		case "new":
			return x.fail(at, filter.BadValue, `"new" stands alone`, "give it a flag of its own: --trace container=new")
		}
		return nil
	})
	if err == nil {
		s.names.add(x.op, strings.Split(x.value, ","), x.text)
	}
	return err
}
