package dictionary

import (
	"fmt"
	"strings"
)

// A Struct is the layout of a structure behind a pointer argument.
type Struct struct {
	Name   string
	Size   int // bytes, in 64-bit programs
	Fields []StructField
}

// A StructField is a number in a structure.
type StructField struct {
	Name   string
	Offset int
	Class
	*Decoder // nil: a plain number
}

// Bytes is the size of a number of the class in memory.
func (c Class) Bytes() int {
	if c == Int || c == Uint {
		return 4
	}
	return 8
}

// structFile reads the layouts. A field stands at the next multiple of its size.
func (x *index) structFile() error {
	var s *Struct
	return eachLine("structs.txt", func(line string) error {
		if line[0] != '\t' {
			s = &Struct{Name: line}
			if x.structs[line] != nil {
				return fmt.Errorf("two structures are called %s", line)
			}
			x.structs[line] = s
			return nil
		}
		cells := strings.Split(line[1:], "\t")
		if s == nil || len(cells) < 2 || len(cells) > 3 {
			return fmt.Errorf("want a field of a structure, its type and perhaps a decoder, have %q", line)
		}
		f := StructField{Name: cells[0], Class: classOf(cells[1])}
		if !f.Class.Word() {
			return fmt.Errorf("%s.%s: %s is no number", s.Name, f.Name, cells[1])
		}
		if len(cells) == 3 {
			if f.Decoder = x.decoders[cells[2]]; f.Decoder == nil {
				return fmt.Errorf("%s.%s: no decoder %q", s.Name, f.Name, cells[2])
			}
		}
		n := f.Class.Bytes()
		f.Offset = (s.Size + n - 1) / n * n
		s.Size = f.Offset + n
		s.Fields = append(s.Fields, f)
		return nil
	})
}
