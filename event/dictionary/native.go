package dictionary

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A native is what a number of a system call table means.
type native struct {
	event     *Event
	registers []Register
}

// A Register says where an argument is, in calls whose registers do not hold the
// arguments one by one: 32-bit programs pass a number of 64 bits in two of them.
type Register struct {
	Low   int8 // register of the lower half, or of all; -1: the call has no such argument
	High  int8 // register of the upper half, -1: there is none
	Shift uint8
}

// maxNumber bounds the tables: numbers beyond it are private to an architecture.
const maxNumber = 1023

// Native finds the system call behind a number as the processor sees it, in the
// 64-bit table or (compat) in the 32-bit one; nil if the number means nothing.
// Several numbers of the 32-bit tables mean the same call.
func Native(arch Arch, compat bool, number int) *Event {
	if n := find(arch, compat, number); n != nil {
		return n.event
	}
	return nil
}

// Registers says which register holds which argument of the call behind a
// number; nil: each its own.
func Registers(arch Arch, compat bool, number int) []Register {
	if n := find(arch, compat, number); n != nil {
		return n.registers
	}
	return nil
}

func find(arch Arch, compat bool, number int) *native {
	bits := 0
	if compat {
		bits = 1
	}
	if int(arch) >= len(tables.native) {
		return nil
	}
	t := tables.native[arch][bits]
	if number < 0 || number >= len(t) {
		return nil
	}
	return &t[number]
}

// numbers reads the table of native numbers: name, x86-64, arm64, i386, arm EABI
// and perhaps registers. Further rows of a name give it further numbers.
func (x *index) numbers() error {
	return eachLine("numbers.txt", func(line string) error { return x.numberRow(strings.Split(line, "\t")) })
}

type numberColumn struct {
	name string
	arch Arch
	bits int // 0: the 64-bit table
}

// numberColumns are the tables behind the columns.
var numberColumns = []numberColumn{{"amd64", AMD64, 0}, {"arm64", ARM64, 0}, {"i386", AMD64, 1}, {"arm", ARM64, 1}}

func (x *index) numberRow(cells []string) error {
	if len(cells) == 5 {
		cells = append(cells, "")
	}
	if len(cells) != 6 {
		return fmt.Errorf("want a name, four numbers and perhaps registers, have %d cells", len(cells))
	}
	e := x.names[cells[0]]
	if e == nil || e.Kind != Syscall {
		return fmt.Errorf("%s is no system call", cells[0])
	}
	registers, err := parseRegisters(e, cells[5])
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	for i, column := range numberColumns {
		if cells[i+1] == "-" {
			continue
		}
		n, err := strconv.Atoi(cells[i+1])
		if err != nil || n < 0 || n > maxNumber {
			return fmt.Errorf("%s: %q is no number of a system call", e.Name, cells[i+1])
		}
		own := &e.Number[column.arch]
		if column.bits == 1 {
			own = &e.Number32[column.arch]
		}
		if *own < 0 {
			*own = n
		}
		t := &x.native[column.arch][column.bits]
		for n >= len(*t) {
			*t = append(*t, native{})
		}
		if old := (*t)[n].event; old != nil {
			return fmt.Errorf("%s and %s have the same number %d", old.Name, e.Name, n)
		}
		(*t)[n] = native{e, registers[column.name]}
	}
	return nil
}

// parseRegisters reads "i386=0,1,2:3 arm=0,1,4<<12".
func parseRegisters(e *Event, text string) (map[string][]Register, error) {
	if text == "" {
		return nil, nil
	}
	all := map[string][]Register{}
	for word := range strings.FieldsSeq(text) {
		column, list, _ := strings.Cut(word, "=")
		if !slices.ContainsFunc(numberColumns, func(c numberColumn) bool { return c.name == column }) {
			return nil, fmt.Errorf("%s: no table %q", word, column)
		}
		for item := range strings.SplitSeq(list, ",") {
			r, err := parseRegister(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", word, err)
			}
			all[column] = append(all[column], r)
		}
		if len(all[column]) != len(e.Args) {
			return nil, fmt.Errorf("%s: the call has %d arguments", word, len(e.Args))
		}
	}
	return all, nil
}

func parseRegister(text string) (r Register, err error) {
	r = Register{Low: -1, High: -1}
	if text == "-" {
		return r, nil
	}
	text, shift, shifted := strings.Cut(text, "<<")
	if shifted {
		n, err := strconv.ParseUint(shift, 10, 6)
		if err != nil {
			return r, err
		}
		r.Shift = uint8(n)
	}
	low, high, halves := strings.Cut(text, ":")
	if r.Low, err = parseIndex(low); err == nil && halves {
		r.High, err = parseIndex(high)
	}
	return r, err
}

func parseIndex(text string) (int8, error) {
	if len(text) != 1 || text[0] < '0' || text[0] > '5' {
		return 0, fmt.Errorf("%q is no register: 0 to 5", text)
	}
	return int8(text[0] - '0'), nil
}
