package dictionary

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Append appends the text of a number: names joined by |, or the one name, or
// the decimal number where an enumeration has no name for it.
func (d *Decoder) Append(dst []byte, arch Arch, raw uint64) []byte {
	switch d.kind {
	case kindFlags:
		return d.appendFlags(dst, d.arch[arch&1], raw)
	case kindEvents:
		if raw <= uint64(^ID(0)) {
			if e := ByID(ID(raw)); e != nil {
				return append(dst, e.Name...)
			}
		}
	default:
		if name, ok := d.enumerator(arch, raw); ok {
			return append(dst, name...)
		}
	}
	return strconv.AppendInt(dst, int64(raw), 10)
}

// narrow makes one of the two forms in which a negative number of 32 bits may
// come: sign-extended or not.
func narrow(raw uint64) uint64 {
	if int64(raw) == int64(int32(raw)) {
		return uint64(uint32(raw))
	}
	return raw
}

func (d *Decoder) appendFlags(dst []byte, t *values, raw uint64) []byte {
	start := len(dst)
	bits := narrow(raw)
	left := bits &^ d.silent // bits that no name has taken
	fields := uint64(0)      // fields that have their name
	for i := range t.list {
		v := &t.list[i]
		if bits&v.mask != v.bits || v.field && fields&v.mask != 0 {
			continue
		}
		if v.field {
			fields |= v.mask
		} else if v.mask == 0 || left&v.mask != v.mask {
			continue // nothing to show, or shown by a name that stands for several bits
		}
		left &^= v.mask
		dst = append(appendBar(dst, start), v.name...)
	}
	switch {
	case d.whole && fields == 0:
		return strconv.AppendInt(dst[:start], int64(raw), 10)
	case d.rest != 0 && left != 0:
		dst = append(appendBar(dst, start), '0')
		if d.rest == 16 {
			dst = append(dst, 'x')
		}
		return strconv.AppendUint(dst, left, d.rest)
	case len(dst) == start && left == 0:
		return append(dst, d.zeroText(t)...)
	}
	return dst
}

// zeroText is what no bit at all is called: by the table's own name of 0, or as
// the table's heading says.
func (d *Decoder) zeroText(t *values) string {
	for i := range t.list {
		if v := &t.list[i]; v.mask == 0 {
			return v.name
		}
	}
	return d.zero
}

func appendBar(dst []byte, start int) []byte {
	if len(dst) > start {
		return append(dst, '|')
	}
	return dst
}

// Parse reads what Append writes, and numbers as C writes them, alone or among
// names: O_RDWR|O_CREAT, 0x42, SIGKILL. Negative numbers come as 64 bits of two's
// complement; Class.Number brings the result to the width of an argument.
func (d *Decoder) Parse(arch Arch, text string) (uint64, bool) {
	t := d.arch[arch&1]
	if d.kind == kindEvents {
		if e := Lookup(text); e != nil && e.Kind == Syscall {
			return uint64(e.ID), true
		}
	}
	if d.kind != kindFlags {
		return t.value(text)
	}
	if text == "" {
		return 0, d.zero == ""
	}
	var all uint64
	for part := range strings.SplitSeq(text, "|") {
		n, ok := t.value(part)
		if !ok {
			return 0, false
		}
		all |= n
	}
	return all, true
}

// value reads a name, of two numbers of a name the first, or a number.
func (t *values) value(text string) (uint64, bool) {
	for i := range t.list {
		if t.list[i].name == text {
			return t.list[i].bits, true
		}
	}
	n, err := parseNumber(text)
	return n, err == nil
}

// Names are the names that Parse knows on an architecture, in the order of
// printing.
func (d *Decoder) Names(arch Arch) []string {
	var names []string
	for _, v := range d.arch[arch&1].list {
		if !slices.Contains(names, v.name) {
			names = append(names, v.name)
		}
	}
	return names
}

// AllDecoders are all decoders, by name.
func AllDecoders() []*Decoder {
	return slices.SortedFunc(maps.Values(tables.decoders), func(a, b *Decoder) int { return strings.Compare(a.name, b.name) })
}

var errnos = Decoders("errno")

// Errno is the name of an error number, "" if it has none.
func Errno(n int) string {
	name, _ := errnos.enumerator(Host, uint64(n))
	return name
}
