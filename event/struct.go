package event

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// pointee reads what argument i, a pointer, leads to, where the kernel programs
// carry it. The layouts are those of 64-bit programs.
func (e *Event) pointee(i int) ([]byte, bool) {
	if e.Flags&FlagCompat != 0 {
		return nil, false
	}
	b, _, ok := e.Item(uint8(i))
	return b, ok
}

// appendPointee appends the structure or the pair of numbers behind a pointer,
// else the pointer.
func (e *Event) appendPointee(dst []byte, i int, v *Value) []byte {
	b, ok := e.pointee(i)
	info := e.Info()
	switch {
	case !ok || info == nil || i >= len(info.Args):
	case info.Args[i].Struct != nil && len(b) > 0:
		return appendStruct(dst, b, info.Args[i].Struct, e.Arch)
	case info.Args[i].Struct == nil && len(b) == 8:
		return appendPair(dst, b)
	}
	return appendPointer(dst, v.Num)
}

// appendPair appends two descriptors, as pipe and socketpair fill them in: [3, 4].
func appendPair(dst, b []byte) []byte {
	dst = strconv.AppendInt(append(dst, '['), int64(int32(binary.LittleEndian.Uint32(b))), 10)
	dst = strconv.AppendInt(append(dst, ", "...), int64(int32(binary.LittleEndian.Uint32(b[4:]))), 10)
	return append(dst, ']')
}

// appendStruct appends the fields that b is long enough for, in braces. Fields
// with a dot in their name belong to a structure inside:
//
//	{it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=0}}
func appendStruct(dst, b []byte, s *dictionary.Struct, arch dictionary.Arch) []byte {
	dst = append(dst, '{')
	inside := ""
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Offset+f.Class.Bytes() > len(b) {
			break
		}
		outer, name := "", f.Name
		if dot := strings.IndexByte(name, '.'); dot >= 0 {
			outer, name = name[:dot], name[dot+1:]
		}
		if outer != inside && inside != "" {
			dst = append(dst, '}')
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if outer != inside && outer != "" {
			dst = append(append(dst, outer...), "={"...)
		}
		inside = outer
		dst = append(append(dst, name...), '=')
		dst = appendStructField(dst, b, f, arch)
	}
	if inside != "" {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func appendStructField(dst, b []byte, f *dictionary.StructField, arch dictionary.Arch) []byte {
	v := Value{Class: f.Class}
	if f.Class.Bytes() == 4 {
		v.Num = f.Class.Number(uint64(binary.LittleEndian.Uint32(b[f.Offset:])))
	} else {
		v.Num = binary.LittleEndian.Uint64(b[f.Offset:])
	}
	if f.Decoder != nil {
		return f.Decoder.Append(dst, arch, v.Num)
	}
	return AppendPlain(dst, &v)
}
