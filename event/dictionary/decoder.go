package dictionary

import (
	"cmp"
	"fmt"
	"slices"
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
	kind   decoderKind
	rest   int  // base in which bits without a name are shown, 0: not at all
	wide   bool // -1 is not the same number in 32 bits and in 64
	whole  bool // without the name of a field the number is shown, and nothing else
	silent uint64
	zero   string     // the text of 0, where the table has none
	arch   [2]*values // by architecture, one for both where they agree
}

type decoderKind uint8

const (
	kindEnum   decoderKind = iota // one of several
	kindFlags                     // names are joined by |
	kindEvents                    // the id of an event
)

var decoderKinds = map[string]decoderKind{"enum": kindEnum, "flags": kindFlags, "events": kindEvents}

// values are the names of one architecture.
type values struct {
	list   []value // in the order of printing
	sorted []value // enumerations: by number, of equal ones the first of the list first
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
func (d *Decoder) Flags() bool { return d.kind == kindFlags }

// valueReader reads the tables of a file. A table is
//
//	NAME enum [wide]
//	NAME events
//	NAME flags [OPTION]…
//
// and the rows of its values follow, in the order of printing:
//
//	<tab> NAME <tab> NUMBER[/MASK] [arm64=NUMBER[/MASK]]
//
// The number "-" says that the architecture has no such value. A table may go on
// in another file, under the same heading.
func (x *index) valueReader() func(line string) error {
	var d *Decoder
	return func(line string) (err error) {
		switch {
		case line[0] != '\t':
			d, err = x.table(strings.Fields(line))
			return err
		case d == nil:
			return fmt.Errorf("a value before any table")
		}
		return d.row(line[1:])
	}
}

// table begins a table, or finds the one that goes on. The option of an
// enumeration says that its numbers have 64 bits, so that 0xffffffff is not -1.
// The options of flags are
//
//	rest        bits without a name are shown in hex
//	rest=octal  … in octal: permissions
//	whole       a number whose field has no name is shown as it is
//	zero=TEXT   what 0 is printed as, "0" unless said otherwise; zero= for nothing
//	silent=MASK bits that are never shown
func (x *index) table(words []string) (*Decoder, error) {
	if len(words) < 2 {
		return nil, fmt.Errorf("want a name and a kind, have %q", words)
	}
	kind, ok := decoderKinds[words[1]]
	if !ok {
		return nil, fmt.Errorf("%s: %q is no kind of table", words[0], words[1])
	}
	if d := x.decoders[words[0]]; d != nil {
		if len(words) > 2 || d.kind != kind {
			return nil, fmt.Errorf("two tables are called %s", d.name)
		}
		return d, nil
	}
	d := &Decoder{name: words[0], kind: kind, zero: "0"}
	x.decoders[d.name] = d
	d.arch[AMD64] = &values{}
	d.arch[ARM64] = d.arch[AMD64]
	for _, option := range words[2:] {
		if err := d.option(option); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Decoder) option(text string) (err error) {
	key, argument, _ := strings.Cut(text, "=")
	switch key {
	case "rest":
		d.rest = 16
		if argument == "octal" {
			d.rest = 8
		}
	case "wide":
		d.wide = true
	case "whole":
		d.whole = true
	case "zero":
		d.zero = argument
	case "silent":
		d.silent, err = strconv.ParseUint(argument, 0, 64)
	default:
		err = fmt.Errorf("%s: unknown option %q", d.name, text)
	}
	return err
}

// row adds a value to a table.
func (d *Decoder) row(line string) error {
	name, rest, _ := strings.Cut(line, "\t")
	text, other, differs := strings.Cut(rest, " ")
	if !differs {
		return d.arch[AMD64].add(name, text, d.arch[ARM64])
	}
	other, ok := strings.CutPrefix(other, "arm64=")
	if !ok {
		return fmt.Errorf("%s: unknown word %q", name, other)
	}
	if d.arch[ARM64] == d.arch[AMD64] {
		d.arch[ARM64] = &values{list: slices.Clone(d.arch[AMD64].list)}
	}
	if err := d.arch[AMD64].add(name, text, nil); err != nil {
		return err
	}
	return d.arch[ARM64].add(name, other, nil)
}

// add reads a value into the list, and into that of the other architecture too.
func (t *values) add(name, text string, also *values) error {
	if text == "-" {
		return nil
	}
	v, err := parseValue(name, text)
	if err != nil {
		return err
	}
	t.list = append(t.list, v)
	if also != nil && also != t {
		also.list = append(also.list, v)
	}
	return nil
}

// finish prepares a table for look-ups: of two names of a number the first of
// the list is printed.
func (d *Decoder) finish() {
	for _, t := range d.arch {
		if d.kind != kindEnum || t.sorted != nil {
			continue
		}
		t.sorted = slices.Clone(t.list)
		for i := range t.sorted {
			t.sorted[i].bits = d.key(t.sorted[i].bits)
		}
		slices.SortStableFunc(t.sorted, func(a, b value) int { return cmp.Compare(a.bits, b.bits) })
	}
}

// key is what an enumerator is found by.
func (d *Decoder) key(raw uint64) uint64 {
	if d.wide {
		return raw
	}
	return narrow(raw)
}

// enumerator is the name of a number, if it has one.
func (d *Decoder) enumerator(arch Arch, raw uint64) (string, bool) {
	sorted := d.arch[arch&1].sorted
	i, ok := slices.BinarySearchFunc(sorted, d.key(raw), func(v value, key uint64) int { return cmp.Compare(v.bits, key) })
	if !ok {
		return "", false
	}
	return sorted[i].name, true
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
