package event

import "encoding/binary"

// A record is what the kernel programs and the Builder write, little endian:
//
//	 0 u64 time     ns CLOCK_MONOTONIC
//	 8 u32 size     bytes in all, a multiple of 8
//	12 u16 id       dictionary.ID
//	14 u8  nargs    argument words that follow the header
//	15 u8  flags    Flags
//	16 u32 tid      host thread id
//	20 u16 absent   bit i: argument i could not be read, or is not carried
//	22 u16 wanted   bit i: plan i may want it
//	24 s64 ret
//	32 u64 args[nargs]
//	   items: {u8 tag, u8 flags, u16 0, u32 length, data, zero padding to 8}*
//
// An item's tag is the argument's index, or one of the Tag constants for what
// the kernel knows of the object.
const (
	HeaderSize = 32
	ItemSize   = 8
)

// Item tags. 0 to 15 are arguments. They are also constants in
// sensor/kernel/bpf/record.h.
const (
	TagPath    = 0x20 // path really reached: components leaf first, each with its NUL
	TagFile    = 0x21 // struct file facts: File
	TagSocket  = 0x22 // socket facts: Socket
	TagPath2   = 0x23 // second path (link, rename)
	TagExe     = 0x24 // executed file, as TagPath
	TagArgv    = 0x25 // argument vector of the new image, each string with its NUL
	TagStack   = 0x26 // user stack: u64 addresses
	TagSunPath = 0x27 // unix socket's address bytes after sun_family
	TagEnv     = 0x28 // environment of the new image
	TagBytes   = 0x29 // first bytes of a buffer
	TagPrev    = 0x2a // path before the call (close: the object at entry)
	TagChild   = 0x2b // Context of the new process (fork)
	TagCwd     = 0x2c // working directory, as TagPath
	TagDir     = 0x2d // directory that a path of the call is relative to, as TagPath
	TagInterp  = 0x2e // interpreter of the executed file, text
	TagDir2    = 0x2f // directory that the second path is relative to, as TagPath
	TagSunPeer = 0x30 // the other end's address bytes after sun_family
)

// Item flags.
const (
	ItemCut      = 1 << iota // longer than what was kept
	ItemDetached             // path: the walk did not end at the process root
	ItemDeleted              // path: no longer linked
	ItemAnon                 // path: memfd, pipe, socket, anon inode: a name, not a path
	ItemHole                 // vector: an element that could not be read stands as an empty string
	ItemText                 // path: written as text already, not as components
)

// File is what a TagFile item holds: 32 bytes, little endian, in this order.
type File struct {
	Inode   uint64
	Dev     uint32 // kernel dev_t, major<<20|minor
	Mode    uint32 // S_IFMT and permission bits
	UID     uint32 // owner
	GID     uint32
	Flags   uint32 // f_flags
	SBMagic uint32 // file system type, statfs(2) f_type
}

// Socket is what a TagSocket item holds: 72 bytes, little endian. Addresses are
// struct sockaddr_in or sockaddr_in6 as in memory (28 bytes each).
type Socket struct {
	Family, Type, Protocol, State uint16
	Inode                         uint64
	Local, Remote                 [28]byte
}

// Raw is the record behind the event.
func (e *Event) Raw() []byte { return e.raw }

// SetRaw makes raw the record of e and reads its header. It reports whether the
// header is whole; the arguments are not touched.
func (e *Event) SetRaw(raw []byte) bool {
	if len(raw) < HeaderSize {
		return false
	}
	size := binary.LittleEndian.Uint32(raw[8:])
	nargs := int(raw[14])
	if size < HeaderSize || int(size) > len(raw) || HeaderSize+8*nargs > int(size) {
		return false
	}
	e.Time = Time(binary.LittleEndian.Uint64(raw))
	e.ID = ID(binary.LittleEndian.Uint16(raw[12:]))
	e.Flags = Flags(raw[15])
	e.Wanted = uint64(binary.LittleEndian.Uint16(raw[22:]))
	e.Ret = int64(binary.LittleEndian.Uint64(raw[24:]))
	e.raw = raw[:size]
	return true
}

// NArgs is the number of argument words in the record.
func (e *Event) NArgs() int {
	if len(e.raw) < HeaderSize {
		return 0
	}
	return int(e.raw[14])
}

// Present reports whether argument i was carried and readable.
func (e *Event) Present(i int) bool {
	return i >= 0 && i < e.NArgs() && binary.LittleEndian.Uint16(e.raw[20:])>>i&1 == 0
}

// Word is argument i's register or number, 0 when it is not in the record.
func (e *Event) Word(i int) uint64 {
	if i < 0 || i >= e.NArgs() {
		return 0
	}
	return binary.LittleEndian.Uint64(e.raw[HeaderSize+8*i:])
}

// Item finds the first item with that tag. The bytes alias the record.
func (e *Event) Item(tag uint8) (data []byte, flags uint8, ok bool) {
	if len(e.raw) < HeaderSize {
		return nil, 0, false
	}
	b := e.raw[HeaderSize+8*int(e.raw[14]):]
	for len(b) >= ItemSize {
		n := binary.LittleEndian.Uint32(b[4:])
		if uint64(n) > uint64(len(b)-ItemSize) {
			return nil, 0, false
		}
		if b[0] == tag {
			return b[ItemSize : ItemSize+int(n)], b[1], true
		}
		step := ItemSize + (int(n)+7)&^7
		if step > len(b) {
			return nil, 0, false
		}
		b = b[step:]
	}
	return nil, 0, false
}

// Builder makes records in user space: for replay, rule tests and corpora.
// The zero value is ready; Begin may be called again after End.
type Builder struct {
	buf []byte
}

// Begin starts a record with nargs argument words, all absent until set.
func (b *Builder) Begin(id ID, t Time, ret int64, nargs int) {
	b.buf = append(b.buf[:0], make([]byte, HeaderSize+8*nargs)...)
	binary.LittleEndian.PutUint64(b.buf, uint64(t))
	binary.LittleEndian.PutUint16(b.buf[12:], uint16(id))
	b.buf[14] = uint8(nargs)
	binary.LittleEndian.PutUint16(b.buf[20:], uint16(1<<nargs-1))
	binary.LittleEndian.PutUint64(b.buf[24:], uint64(ret))
}

// SetFlags sets the record's flags.
func (b *Builder) SetFlags(f Flags) { b.buf[15] = uint8(f) }

// Word sets argument i's word and marks it present. Call before Item.
func (b *Builder) Word(i int, w uint64) {
	binary.LittleEndian.PutUint64(b.buf[HeaderSize+8*i:], w)
	b.present(i)
}

func (b *Builder) present(i int) {
	absent := binary.LittleEndian.Uint16(b.buf[20:])
	binary.LittleEndian.PutUint16(b.buf[20:], absent&^(1<<i))
}

// Item appends an item; a tag below 16 marks that argument present.
func (b *Builder) Item(tag, flags uint8, data []byte) {
	if tag < 16 {
		b.present(int(tag))
	}
	b.buf = append(b.buf, tag, flags, 0, 0)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(len(data)))
	b.buf = append(b.buf, data...)
	for len(b.buf)%8 != 0 {
		b.buf = append(b.buf, 0)
	}
}

// End finishes the record. It aliases the builder until the next Begin.
func (b *Builder) End() []byte {
	binary.LittleEndian.PutUint32(b.buf[8:], uint32(len(b.buf)))
	return b.buf
}
