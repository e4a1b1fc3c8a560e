package dictionary

import (
	"strconv"
	"strings"
)

// Append appends the text of a number: names joined by |, or the one name, or
// the decimal number where an enumeration has no name for it.
func (d *Decoder) Append(dst []byte, arch Arch, raw uint64) []byte {
	t := &d.arch[arch&1]
	if !d.flags {
		if name, ok := t.name(raw); ok {
			return append(dst, name...)
		}
		return strconv.AppendInt(dst, int64(raw), 10)
	}
	if int64(raw) == int64(int32(raw)) {
		raw = uint64(uint32(raw)) // an int with its highest bit set
	}
	return d.appendFlags(dst, t, raw)
}

// name finds the name of an enumerator. Numbers of 32 bits are found whether
// they came sign-extended or not.
func (t *values) name(raw uint64) (string, bool) {
	name, ok := t.names[raw]
	if !ok {
		name, ok = t.names[uint64(int64(int32(raw)))]
		ok = ok && raw>>32 == 0
	}
	return name, ok
}

func (d *Decoder) appendFlags(dst []byte, t *values, raw uint64) []byte {
	start := len(dst)
	left := raw &^ d.silent // bits that no name has taken
	fields := uint64(0)     // fields that have their name
	for i := range t.list {
		v := &t.list[i]
		if raw&v.mask != v.bits || fields&v.mask != 0 && v.field {
			continue
		}
		if v.field {
			fields |= v.mask
		} else if left&v.mask != v.mask || v.mask == 0 {
			continue // taken by a name that stands for several bits
		}
		left &^= v.mask
		dst = appendBar(dst, start)
		dst = append(dst, v.name...)
	}
	switch {
	case d.whole && fields == 0:
		return strconv.AppendInt(dst[:start], int64(raw), 10)
	case d.rest && left != 0:
		dst = append(appendBar(dst, start), "0x"...)
		return strconv.AppendUint(dst, left, 16)
	case len(dst) == start && left == 0:
		return append(dst, d.zeroText(t)...)
	}
	return dst
}

// zeroText is what no bit at all is called: the table's own name of 0, if it is
// not one of a field, or the text that the table was given.
func (d *Decoder) zeroText(t *values) string {
	if name, ok := t.names[0]; ok {
		return name
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
// names: O_RDWR|O_CREAT, 0x42, SIGKILL.
func (d *Decoder) Parse(arch Arch, text string) (uint64, bool) {
	t := &d.arch[arch&1]
	if !d.flags {
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

func (t *values) value(text string) (uint64, bool) {
	if n, ok := t.number[text]; ok {
		return n, true
	}
	n, err := parseNumber(text)
	return n, err == nil
}

// Names are the names that Parse knows on an architecture, in the order of
// printing.
func (d *Decoder) Names(arch Arch) []string {
	var names []string
	for _, v := range d.arch[arch&1].list {
		names = append(names, v.name)
	}
	return names
}

// Errno is the name of an error number, "" if it has none.
func Errno(n int) string {
	return tables.decoders["errno"].arch[Host].names[uint64(n)]
}
