package tiny

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// headerSize is the ELF header with its three program headers, which lie at the
// beginning of the text segment.
const headerSize = 64 + 3*56

// image is the file: header, text, data, each segment at a page of its own. The
// stack is not executable, which the third program header says.
func image(arch dictionary.Arch, text, data []byte) []byte {
	const page = 0x10000 // the largest that arm64 has
	cpu := elf.EM_X86_64
	if arch == dictionary.ARM64 {
		cpu = elf.EM_AARCH64
	}
	textSize := uint64(headerSize + len(text))
	dataAt := (textSize + page - 1) / page * page
	var b bytes.Buffer
	write := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	write(elf.Header64{
		Ident:   [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(cpu),
		Version: uint32(elf.EV_CURRENT),
		Entry:   textBase + headerSize,
		Phoff:   64, Ehsize: 64, Phentsize: 56, Phnum: 3,
	})
	write(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: textBase, Paddr: textBase, Filesz: textSize, Memsz: textSize, Align: page})
	write(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: dataAt, Vaddr: dataBase, Paddr: dataBase, Filesz: uint64(len(data)), Memsz: uint64(len(data)), Align: page})
	write(elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16})
	b.Write(text)
	b.Write(make([]byte, int(dataAt)-b.Len()))
	b.Write(data)
	return b.Bytes()
}
