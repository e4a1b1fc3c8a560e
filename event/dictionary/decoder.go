package dictionary

import (
	"fmt"
	"strconv"
	"strings"
)

// A Decoder turns a number into the names that the kernel's headers have for
// it, and names into the number.
//
//	d := dictionary.Decoders("open_flags")
//	d.Append(nil, dictionary.AMD64, 0x80241) // O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC
type Decoder struct {
	name   string
	flags  bool // names are joined by |
	rest   bool // bits without a name are shown in hex
	whole  bool // without the name of a field the number is shown, and nothing else
	silent uint64
	zero   string    // the text of 0, where the table has none
	arch   [2]values // by architecture
}

// values are the names of one architecture.
type values struct {
	list   []value           // in the order of printing
	names  map[uint64]string // enumerations
	number map[string]uint64 // the inverse
}

// A value is a name that stands where number & mask = bits. field: several
// values exclude each other.
type value struct {
	name       string
	bits, mask uint64
	field      bool
}

// Name is what the dictionary's rows call the decoder.
func (d *Decoder) Name() string { return d.name }

// Flags reports whether a number is a set of bits, else it is one of several.
func (d *Decoder) Flags() bool { return d.flags }

// valueFile reads the tables of a file. A table is
//
//	NAME enum
//	NAME flags [OPTION]…
//
// and the rows of its values follow, in the order of printing:
//
//	<tab> NAME <tab> NUMBER[/MASK] [amd64=NUMBER[/MASK]] [arm64=…] [means=NUMBER]
//
// The number "-" says that the architecture has no such value. means is what
// the name stands for when somebody writes it, if that is more than its bits.
func (x *index) valueFile(_, text string) error {
	var d *Decoder
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		var err error
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] != '\t':
			d, err = x.table(strings.Fields(line))
		case d == nil:
			err = fmt.Errorf("a value before any table")
		default:
			err = d.row(strings.Fields(line))
		}
		if err != nil {
			return fmt.Errorf("%d: %w", number, err)
		}
	}
	return nil
}

// table begins a table. The options of flags are
//
//	rest        bits without a name are shown in hex
//	whole       a number whose field has no name is shown as it is
//	zero=TEXT   what 0 is printed as, "0" unless said otherwise; zero= for nothing
//	silent=MASK bits that are never shown
func (x *index) table(words []string) (*Decoder, error) {
	if len(words) < 2 || words[1] != "enum" && words[1] != "flags" {
		return nil, fmt.Errorf("want a name and enum or flags, have %q", words)
	}
	d := &Decoder{name: words[0], flags: words[1] == "flags", zero: "0"}
	if x.decoders[d.name] != nil {
		return nil, fmt.Errorf("two tables are called %s", d.name)
	}
	x.decoders[d.name] = d
	for i := range d.arch {
		d.arch[i].number = map[string]uint64{}
		d.arch[i].names = map[uint64]string{}
	}
	for _, option := range words[2:] {
		key, text, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "rest":
			d.rest = true
		case "whole":
			d.whole = true
		case "zero":
			d.zero = text
		case "silent":
			d.silent, err = strconv.ParseUint(text, 0, 64)
		default:
			err = fmt.Errorf("unknown option %q", option)
		}
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// row adds a value to a table.
func (d *Decoder) row(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("want a name and a number, have %q", words)
	}
	name := words[0]
	texts := [2]string{words[1], words[1]}
	means := ""
	for _, w := range words[2:] {
		key, text, _ := strings.Cut(w, "=")
		switch key {
		case "amd64":
			texts[AMD64] = text
		case "arm64":
			texts[ARM64] = text
		case "means":
			means = text
		default:
			return fmt.Errorf("%s: unknown word %q", name, w)
		}
	}
	for arch, text := range texts {
		if text == "-" {
			continue
		}
		v, err := parseValue(name, text)
		if err != nil {
			return err
		}
		number := v.bits
		if means != "" {
			if number, err = parseNumber(means); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		d.arch[arch].add(v, number)
	}
	return nil
}

// add keeps a value. Of two names of a number the first is printed, of two
// numbers of a name the first is meant.
func (t *values) add(v value, number uint64) {
	t.list = append(t.list, v)
	if _, ok := t.names[v.bits]; !ok {
		t.names[v.bits] = v.name
	}
	if _, ok := t.number[v.name]; !ok {
		t.number[v.name] = number
	}
}

func parseValue(name, text string) (v value, err error) {
	v.name = name
	bits, mask, field := strings.Cut(text, "/")
	v.field = field
	if v.bits, err = parseNumber(bits); err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	v.mask = v.bits
	if field {
		if v.mask, err = parseNumber(mask); err != nil {
			return v, fmt.Errorf("%s: %w", name, err)
		}
	}
	return v, nil
}

// parseNumber reads a C literal, negative ones as 64 bits of two's complement.
func parseNumber(text string) (uint64, error) {
	if strings.HasPrefix(text, "-") {
		n, err := strconv.ParseInt(text, 0, 64)
		return uint64(n), err
	}
	return strconv.ParseUint(text, 0, 64)
}
