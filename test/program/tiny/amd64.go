package tiny

import (
	"encoding/binary"
	"fmt"
)

// amd64 encodes for x86-64. Every address is below 2 GiB and is used as a
// 32-bit displacement without a base.
type amd64 struct {
	b      []byte
	labels []*label
}

// Register numbers of the arguments: rdi rsi rdx r10 r8 r9, and of the 32-bit
// entry: ebx ecx edx esi edi ebp.
var (
	registers64 = [6]byte{7, 6, 2, 10, 8, 9}
	registers32 = [6]byte{3, 1, 2, 6, 7, 5}
)

func (a *amd64) bytes(b ...byte)       { a.b = append(a.b, b...) }
func (a *amd64) imm32(n uint64)        { a.b = binary.LittleEndian.AppendUint32(a.b, uint32(n)) }
func (a *amd64) imm64(n uint64)        { a.b = binary.LittleEndian.AppendUint64(a.b, n) }
func (a *amd64) disp(n uint64)         { a.imm32(n) }
func (a *amd64) place(l *label)        { l.at = len(a.b) }
func (a *amd64) keep(addr uint64)      { a.bytes(0x48, 0x89, 0x04, 0x25); a.disp(addr) }
func (a *amd64) poke(addr uint64)      { a.bytes(0x89, 0x3c, 0x25); a.disp(addr) }
func (a *amd64) pokeThrough()          { a.bytes(0x89, 0x3c, 0x16) }       // mov [rsi+rdx], edi
func (a *amd64) beginHandler()         { a.bytes(0x48, 0x83, 0xc4, 0x08) } // the frame begins above the return address
func (a *amd64) set(i int, n uint64)   { a.move(registers64[i], n) }
func (a *amd64) set32(i int, n uint64) { a.move(registers32[i], n) }

// move is movabs register, n.
func (a *amd64) move(register byte, n uint64) {
	a.bytes(0x48|register>>3, 0xb8|register&7)
	a.imm64(n)
}

func (a *amd64) load(i int, addr uint64, narrow bool)   { a.fetch(registers64[i], addr, narrow) }
func (a *amd64) load32(i int, addr uint64, narrow bool) { a.fetch(registers32[i], addr, narrow) }

// fetch is mov register, [addr], or movsxd for 32 bits.
func (a *amd64) fetch(register byte, addr uint64, narrow bool) {
	opcode := byte(0x8b)
	if narrow {
		opcode = 0x63
	}
	a.bytes(0x48|register>>3<<2, opcode, 0x04|register&7<<3, 0x25)
	a.disp(addr)
}

func (a *amd64) call(number int) {
	a.bytes(0xb8)
	a.imm32(uint64(number))
	a.bytes(0x0f, 0x05)
}

func (a *amd64) call32(number int) {
	a.bytes(0xb8)
	a.imm32(uint64(number))
	a.bytes(0xcd, 0x80)
}

// put is mov qword [addr], n; n fits 31 bits.
func (a *amd64) put(addr, n uint64) {
	a.bytes(0x48, 0xc7, 0x04, 0x25)
	a.disp(addr)
	a.imm32(n)
}

func (a *amd64) jump(to *label) { a.bytes(0xe9); a.target(to) }

func (a *amd64) jumpUnlessZero(to *label) {
	a.bytes(0x48, 0x85, 0xc0, 0x0f, 0x85)
	a.target(to)
}

func (a *amd64) count(addr uint64, to *label) {
	a.bytes(0x48, 0xff, 0x0c, 0x25)
	a.disp(addr)
	a.bytes(0x0f, 0x85)
	a.target(to)
}

// spin is pause; cmp dword [addr], 0; jne back.
func (a *amd64) spin(addr uint64) {
	a.bytes(0xf3, 0x90, 0x83, 0x3c, 0x25)
	a.disp(addr)
	a.bytes(0x00, 0x75, 0xf4)
}

// target leaves room for a distance that code fills in.
func (a *amd64) target(to *label) {
	if len(to.jumps) == 0 {
		a.labels = append(a.labels, to)
	}
	to.jumps = append(to.jumps, len(a.b))
	a.imm32(0)
}

func (a *amd64) code() ([]byte, error) {
	for _, l := range a.labels {
		if l.at < 0 {
			return nil, fmt.Errorf("a jump to nowhere")
		}
		for _, j := range l.jumps {
			binary.LittleEndian.PutUint32(a.b[j:], uint32(l.at-j-4))
		}
	}
	return a.b, nil
}
