package event

import (
	"encoding/hex"
	"strconv"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Mode says how much of a value is put into words.
type Mode uint8

// The modes.
const (
	Mode2021 Mode = iota // what Tracee decoded in 2021, exactly as it printed
	ModeAll              // every argument that has names, and error numbers
	ModeRaw              // numbers stay numbers
)

// AppendRaw appends the undecoded text of a value, which filters compare:
// decimal numbers, pointers too, strings as they are, [a b c], map[k:v k:v].
func AppendRaw(dst []byte, v *Value) []byte {
	switch v.Class {
	case dictionary.Int, dictionary.Long:
		return strconv.AppendInt(dst, int64(v.Num), 10)
	case dictionary.Uint, dictionary.Ulong, dictionary.Pointer:
		return strconv.AppendUint(dst, v.Num, 10)
	case dictionary.Strings:
		return appendStrings(dst, v)
	case dictionary.Sockaddr:
		return appendRawSockaddr(dst, v.Bytes)
	case dictionary.Bytes:
		return hex.AppendEncode(dst, v.Bytes)
	case dictionary.Cred:
		return appendRawCred(dst, v.Bytes)
	}
	return append(dst, v.Bytes...)
}

// AppendPlain appends a value as it is printed without a decoder: as AppendRaw,
// but pointers in upper-case hex.
func AppendPlain(dst []byte, v *Value) []byte {
	if v.Class == dictionary.Pointer {
		return appendPointer(dst, v.Num)
	}
	return AppendRaw(dst, v)
}

func appendPointer(dst []byte, p uint64) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, "0x"...)
	shift := 60
	for shift > 0 && p>>shift == 0 {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[p>>shift&15])
	}
	return dst
}

// appendStrings appends a vector. One that was cut ends with dots.
func appendStrings(dst []byte, v *Value) []byte {
	dst = append(dst, '[')
	first := true
	for s, rest, ok := NextString(v.Bytes); ok; s, rest, ok = NextString(rest) {
		if !first {
			dst = append(dst, ' ')
		}
		first = false
		dst = append(dst, s...)
	}
	if v.Cut {
		if !first {
			dst = append(dst, ' ')
		}
		dst = append(dst, "..."...)
	}
	return append(dst, ']')
}

// Decoder is what puts argument i of the event into words, nil if nothing does.
// It may depend on another argument.
func (e *Event) Decoder(i int, m Mode) *dictionary.Decoder {
	info := e.Info()
	if info == nil || i < 0 || i >= len(info.Args) || m == ModeRaw {
		return nil
	}
	a := &info.Args[i]
	if m == Mode2021 && !a.Decoded {
		return nil
	}
	for j := range a.Choices {
		c := &a.Choices[j]
		if c.When < 0 || e.chosen(c, info) {
			return c.Decoder
		}
	}
	return nil
}

// chosen reports whether the argument that a decoder depends on has one of the
// values that it is for.
func (e *Event) chosen(c *dictionary.Choice, info *dictionary.Event) bool {
	if !e.Present(int(c.When)) {
		return false
	}
	n := e.number(info.Args[c.When].Class, e.Word(int(c.When)))
	for _, want := range c.Values {
		if n == want {
			return true
		}
	}
	return false
}

// AppendText appends argument i, which Arg has read into v, as it is printed.
func (e *Event) AppendText(dst []byte, i int, v *Value, m Mode) []byte {
	if v.Class.Word() {
		d := e.Decoder(i, m)
		if d == nil {
			if m == ModeAll && v.Class == dictionary.Pointer {
				return e.appendPointee(dst, i, v)
			}
			return AppendPlain(dst, v)
		}
		dst = d.Append(dst, e.Arch, v.Num)
		if d == alerts {
			dst = e.appendSaved(dst, i)
		}
		return dst
	}
	switch v.Class {
	case dictionary.Sockaddr:
		if m == ModeAll || m == Mode2021 && e.decoded(i) {
			return AppendSockaddr(dst, v.Bytes)
		}
	case dictionary.Cred:
		if m == ModeAll {
			return appendCred(dst, v.Bytes, e.Arch)
		}
	}
	return AppendPlain(dst, v)
}

func (e *Event) decoded(i int) bool {
	info := e.Info()
	return info != nil && i >= 0 && i < len(info.Args) && info.Args[i].Decoded
}

// AppendObject appends a field of the object, which Object has read into v, as
// it is printed.
func (e *Event) AppendObject(dst []byte, f Field, v *Value, m Mode) []byte {
	if d := f.Decoder(); d != nil && m != ModeRaw {
		return d.Append(dst, e.Arch, v.Num)
	}
	if v.Class == dictionary.Sockaddr && m != ModeRaw {
		return AppendSockaddr(dst, v.Bytes)
	}
	return AppendPlain(dst, v)
}

// AppendRet appends the return value. ModeAll writes an error as strace does:
// -2 ENOENT.
func (e *Event) AppendRet(dst []byte, m Mode) []byte {
	dst = strconv.AppendInt(dst, e.Ret, 10)
	if m == ModeAll && e.Ret < 0 && e.Ret > -4096 {
		if info := e.Info(); info != nil && info.Kind == dictionary.Syscall {
			if name := dictionary.Errno(int(-e.Ret)); name != "" {
				dst = append(append(dst, ' '), name...)
			}
		}
	}
	return dst
}
