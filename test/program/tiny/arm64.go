package tiny

import (
	"encoding/binary"
	"fmt"
)

// arm64 encodes for AArch64: arguments in x0 to x5, number in x8; x9 and x10
// are for the steps themselves.
type arm64 struct {
	b      []byte
	labels []*label
}

func (a *arm64) word(w uint32)            { a.b = binary.LittleEndian.AppendUint32(a.b, w) }
func (a *arm64) place(l *label)           { l.at = len(a.b) }
func (a *arm64) pokeThrough()             { a.word(0xb8226820) } // str w0, [x1, x2]
func (a *arm64) beginHandler()            {}
func (a *arm64) set(i int, n uint64)      { a.move(uint32(i), n) }
func (a *arm64) set32(int, uint64)        { panic("tiny: the compiler refuses call32 on arm64") }
func (a *arm64) load32(int, uint64, bool) { panic("tiny: the compiler refuses call32 on arm64") }
func (a *arm64) call32(int)               { panic("tiny: the compiler refuses call32 on arm64") }

// move is movz and up to three movk.
func (a *arm64) move(register uint32, n uint64) {
	a.word(0xd2800000 | uint32(n&0xffff)<<5 | register)
	for part := uint32(1); part < 4; part++ {
		if piece := uint32(n >> (16 * part) & 0xffff); piece != 0 {
			a.word(0xf2800000 | part<<21 | piece<<5 | register)
		}
	}
}

func (a *arm64) load(i int, addr uint64, narrow bool) {
	a.move(9, addr)
	if narrow {
		a.word(0xb9800000 | 9<<5 | uint32(i)) // ldrsw xi, [x9]
		return
	}
	a.word(0xf9400000 | 9<<5 | uint32(i)) // ldr xi, [x9]
}

func (a *arm64) call(number int) {
	a.move(8, uint64(number))
	a.word(0xd4000001) // svc #0
}

func (a *arm64) keep(addr uint64) {
	a.move(9, addr)
	a.word(0xf9000000 | 9<<5) // str x0, [x9]
}

func (a *arm64) poke(addr uint64) {
	a.move(9, addr)
	a.word(0xb9000000 | 9<<5) // str w0, [x9]
}

func (a *arm64) put(addr, n uint64) {
	a.move(9, addr)
	a.move(10, n)
	a.word(0xf9000000 | 9<<5 | 10) // str x10, [x9]
}

func (a *arm64) jump(to *label) { a.target(to, 0x14000000) }

func (a *arm64) jumpUnlessZero(to *label) { a.target(to, 0xb5000000) } // cbnz x0

func (a *arm64) count(addr uint64, to *label) {
	a.move(9, addr)
	a.word(0xf9400000 | 9<<5 | 10)          // ldr x10, [x9]
	a.word(0xf1000000 | 1<<10 | 10<<5 | 10) // subs x10, x10, #1
	a.word(0xf9000000 | 9<<5 | 10)          // str x10, [x9]
	a.target(to, 0x54000001)                // b.ne
}

func (a *arm64) spin(addr uint64) {
	a.move(9, addr)
	a.word(0xb9400000 | 9<<5 | 10)                  // ldr w10, [x9]
	a.word(0x35000000 | (0x7ffff<<5)&0xffffe0 | 10) // cbnz w10, the line before
}

// target leaves the distance open until code fills it in.
func (a *arm64) target(to *label, opcode uint32) {
	if len(to.jumps) == 0 {
		a.labels = append(a.labels, to)
	}
	to.jumps = append(to.jumps, len(a.b))
	a.word(opcode)
}

func (a *arm64) code() ([]byte, error) {
	for _, l := range a.labels {
		if l.at < 0 {
			return nil, fmt.Errorf("a jump to nowhere")
		}
		for _, j := range l.jumps {
			w := binary.LittleEndian.Uint32(a.b[j:])
			distance := uint32((l.at - j) / 4)
			if w>>26 == 0x05 { // b: 26 bits from 0, the others 19 bits from 5
				w |= distance & 0x3ffffff
			} else {
				w |= distance & 0x7ffff << 5
			}
			binary.LittleEndian.PutUint32(a.b[j:], w)
		}
	}
	return a.b, nil
}
