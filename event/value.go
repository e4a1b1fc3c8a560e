package event

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Value is one argument, field or fact. Its bytes alias the record, or the
// Value's own buffer where they had to be put together (a path, for example):
// keep one Value and use it again, then nothing is allocated.
type Value struct {
	Class dictionary.Class
	Num   uint64 // word classes; sign-extended for Int and Long
	Bytes []byte // the others: as dictionary.Class says
	Cut   bool   // longer than what was kept
	buf   []byte
}

// Int is the number as a signed one.
func (v *Value) Int() int64 { return int64(v.Num) }

// NextString cuts the first string off a vector of strings, such as the bytes
// of a value of class Strings. It reports whether there was one.
//
//	for s, rest, ok := event.NextString(v.Bytes); ok; s, rest, ok = event.NextString(rest) { … }
func NextString(vector []byte) (s, rest []byte, ok bool) {
	if len(vector) == 0 {
		return nil, nil, false
	}
	if i := bytes.IndexByte(vector, 0); i >= 0 {
		return vector[:i], vector[i+1:], true
	}
	return vector, nil, true
}

// Info is the dictionary's row of the event, nil for an id that it lacks.
func (e *Event) Info() *dictionary.Event { return dictionary.ByID(e.ID) }

// unspec is what a null pointer to a socket address says.
var unspec = []byte{0, 0}

// Arg reads argument i. It returns false when the record does not carry it: the
// memory was not readable, or the event came without arguments.
func (e *Event) Arg(i int, v *Value) bool {
	info := e.Info()
	if info == nil || i < 0 || i >= len(info.Args) {
		return false
	}
	a := &info.Args[i]
	if a.Kernel != dictionary.KernelNothing && e.kernelFact(a.Kernel, v) {
		return true
	}
	if !e.Present(i) {
		return false
	}
	v.Class, v.Num, v.Cut, v.Bytes = a.Class, 0, false, nil
	if a.Class.Word() {
		v.Num = e.number(a.Class, e.Word(i))
		return true
	}
	data, flags, ok := e.Item(uint8(i))
	switch {
	case !ok && a.Class == dictionary.Sockaddr && e.Word(i) == 0:
		v.Bytes = unspec
	case !ok:
		return false
	case flags&(ItemText|ItemAnon) == 0 && a.Kernel != dictionary.KernelNothing:
		e.joined(v, a.Kernel, data)
	default:
		v.Bytes = data
	}
	v.Cut = flags&ItemCut != 0
	return true
}

// number brings a register to the width of its type. A 32-bit program's long
// has 32 bits.
func (e *Event) number(c dictionary.Class, w uint64) uint64 {
	if c == dictionary.Long && e.Flags&FlagCompat != 0 {
		c = dictionary.Int
	}
	return c.Number(w)
}

// kernelFact reads an argument that is what the kernel reached.
func (e *Event) kernelFact(k dictionary.Kernel, v *Value) bool {
	switch k {
	case dictionary.KernelPath:
		return e.path(TagPath, v)
	case dictionary.KernelPath2:
		return e.path(TagPath2, v)
	case dictionary.KernelExe:
		return e.path(TagExe, v)
	case dictionary.KernelArgv:
		return e.item(TagArgv, dictionary.Strings, v)
	case dictionary.KernelEnv:
		return e.item(TagEnv, dictionary.Strings, v)
	}
	return false
}

// item reads the bytes of an item.
func (e *Event) item(tag uint8, c dictionary.Class, v *Value) bool {
	data, flags, ok := e.Item(tag)
	v.Class, v.Num, v.Bytes, v.Cut = c, 0, data, flags&ItemCut != 0
	return ok
}

// joined puts a path that user space said onto the directory it is relative to.
func (e *Event) joined(v *Value, k dictionary.Kernel, said []byte) {
	class, dir := v.Class, uint8(TagDir)
	if k == dictionary.KernelPath2 {
		dir = TagDir2
	}
	absolute := len(said) > 0 && said[0] == '/'
	if absolute || !e.path(dir, v) && !e.path(TagCwd, v) {
		v.Class, v.Bytes = class, said
		return
	}
	v.Class = class
	v.buf = append(v.buf[:0], v.Bytes...)
	if n := len(v.buf); len(said) > 0 && (n == 0 || v.buf[n-1] != '/') {
		v.buf = append(v.buf, '/')
	}
	v.buf = append(v.buf, said...)
	v.Bytes = v.buf
}

// path reads a path item. The kernel wrote its components leaf first.
func (e *Event) path(tag uint8, v *Value) bool {
	data, flags, ok := e.Item(tag)
	if !ok {
		return false
	}
	v.Class, v.Cut = dictionary.String, flags&ItemCut != 0
	switch {
	case flags&ItemText != 0:
		v.Bytes = data
	case flags&ItemAnon != 0:
		v.buf = e.appendAnon(v.buf[:0], data)
		v.Bytes = v.buf
	default:
		v.buf = appendPath(v.buf[:0], data, v.Cut)
		v.Bytes = v.buf
	}
	return true
}

// appendPath writes components that stand leaf first as a path. A path that was
// too long has lost its front: it begins with dots, not with a slash.
func appendPath(dst, components []byte, cut bool) []byte {
	if cut {
		dst = append(dst, "..."...)
	}
	end := len(components)
	if end == 0 {
		return append(dst, '/')
	}
	if components[end-1] == 0 {
		end--
	}
	for end >= 0 {
		start := bytes.LastIndexByte(components[:end], 0) + 1
		dst = append(dst, '/')
		dst = append(dst, components[start:end]...)
		end = start - 1
	}
	return dst
}

// Magic numbers of the file systems whose files have a name but no path.
const (
	pipeMagic   = 0x50495045
	socketMagic = 0x534f434b
	anonMagic   = 0x09041934
	nsMagic     = 0x6e736673
)

// appendAnon writes what a file without a path is called, as /proc/PID/fd shows
// it, from its own name and the facts beside it.
func (e *Event) appendAnon(dst, name []byte) []byte {
	if i := bytes.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	var f File
	e.file(&f)
	switch f.SBMagic {
	case pipeMagic:
		return appendInode(dst, "pipe:[", f.Inode)
	case socketMagic:
		return appendInode(dst, "socket:[", f.Inode)
	case nsMagic:
		return appendInode(append(dst, name...), ":[", f.Inode)
	case anonMagic:
		dst = append(dst, "anon_inode:"...)
	}
	return append(dst, name...)
}

// file reads the facts of the file that the event reached.
func (e *Event) file(f *File) bool {
	b, _, ok := e.Item(TagFile)
	if !ok || len(b) < fileSize {
		return false
	}
	*f = File{
		Inode: binary.LittleEndian.Uint64(b), Dev: binary.LittleEndian.Uint32(b[8:]), Mode: binary.LittleEndian.Uint32(b[12:]),
		UID: binary.LittleEndian.Uint32(b[16:]), GID: binary.LittleEndian.Uint32(b[20:]),
		Flags: binary.LittleEndian.Uint32(b[24:]), SBMagic: binary.LittleEndian.Uint32(b[28:]),
	}
	return true
}

func appendInode(dst []byte, kind string, inode uint64) []byte {
	return append(strconv.AppendUint(append(dst, kind...), inode, 10), ']')
}

// SetText makes v a string, a copy of s. It reports whether s says anything.
func (v *Value) SetText(s string) bool {
	v.buf = append(v.buf[:0], s...)
	v.Class, v.Num, v.Bytes, v.Cut = dictionary.String, 0, v.buf, false
	return s != ""
}
