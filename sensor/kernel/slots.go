package kernel

import (
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// numbering translates the numbers that this architecture uses, in its 64-bit
// and its 32-bit table, into slots, and says where each keeps its arguments.
type numbering struct {
	native, compat [numberCount]uint16
	shapes         [shapeCount]shape
}

func number() *numbering {
	n := &numbering{}
	known := map[shape]uint16{{}: 0}
	for i := range numberCount {
		n.native[i] = n.entry(false, i, known)
		n.compat[i] = n.entry(true, i, known)
	}
	return n
}

// entry is a slot, and above its 10 bits the index of a shape, 0 for the usual one.
func (n *numbering) entry(compat bool, number int, known map[shape]uint16) uint16 {
	e := dictionary.Native(dictionary.Host, compat, number)
	if e == nil {
		return noSlot
	}
	registers := dictionary.Registers(dictionary.Host, compat, number)
	if registers == nil {
		return uint16(slot(e.ID))
	}
	s := shapeOf(registers)
	index, ok := known[s]
	if !ok {
		index = uint16(len(known))
		if index >= shapeCount {
			return uint16(slot(e.ID)) // a test sees to it that there are not so many
		}
		known[s] = index
		n.shapes[index] = s
	}
	return uint16(slot(e.ID)) | index<<10
}

func shapeOf(registers []dictionary.Register) (s shape) {
	for i := range s.Low {
		s.Low[i], s.High[i] = noRegister, noRegister
		if i >= len(registers) {
			continue
		}
		r := registers[i]
		if r.Low >= 0 {
			s.Low[i] = uint8(r.Low)
		}
		if r.High >= 0 {
			s.High[i] = uint8(r.High)
		}
		s.Shift[i] = r.Shift
	}
	return s
}
