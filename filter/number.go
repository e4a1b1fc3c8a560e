package filter

import (
	"cmp"
	"strconv"
)

// A Number is an integer from -2^63 to 2^64-1: what a value of any class can
// be, so that a range means the same whatever it is compared with.
type Number struct {
	Minus bool // the number is -Abs
	Abs   uint64
}

// The ends of the line.
var (
	Least = Number{Minus: true, Abs: 1 << 63}
	Most  = Number{Abs: 1<<64 - 1}
)

// Int is n as a Number.
func Int(n int64) Number {
	if n < 0 {
		return Number{Minus: true, Abs: -uint64(n)}
	}
	return Number{Abs: uint64(n)}
}

// Uint is n as a Number.
func Uint(n uint64) Number { return Number{Abs: n} }

// Compare orders numbers.
func (n Number) Compare(m Number) int {
	switch {
	case n.Minus != m.Minus:
		if n.Minus {
			return -1
		}
		return 1
	case n.Minus:
		return cmp.Compare(m.Abs, n.Abs)
	}
	return cmp.Compare(n.Abs, m.Abs)
}

// Next is the number after n; Most has none and is its own.
func (n Number) Next() Number {
	switch {
	case n == Most:
		return n
	case n.Minus && n.Abs == 1:
		return Number{}
	case n.Minus:
		return Number{Minus: true, Abs: n.Abs - 1}
	}
	return Number{Abs: n.Abs + 1}
}

// Prev is the number before n; Least has none and is its own.
func (n Number) Prev() Number {
	switch {
	case n == Least:
		return n
	case n == Number{}:
		return Number{Minus: true, Abs: 1}
	case n.Minus:
		return Number{Minus: true, Abs: n.Abs + 1}
	}
	return Number{Abs: n.Abs - 1}
}

func (n Number) String() string { return string(n.append(nil)) }

func (n Number) append(dst []byte) []byte {
	if n.Minus {
		dst = append(dst, '-')
	}
	return strconv.AppendUint(dst, n.Abs, 10)
}

// ParseNumber reads a decimal number with at most a minus before it.
func ParseNumber(text string) (Number, error) {
	if len(text) > 0 && text[0] == '-' {
		n, err := strconv.ParseInt(text, 10, 64)
		return Int(n), err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return Uint(n), err
}

// ordered maps a raw value to an unsigned one that sorts as the value does.
func ordered(raw uint64, signed bool) uint64 {
	if signed {
		return raw ^ 1<<63
	}
	return raw
}

// span is a range as the evaluator keeps it: ends that sort as unsigned numbers.
type span struct{ lo, hi uint64 }

// spanOf cuts a range to what a column can be; ok is false if nothing is left.
func spanOf(lo, hi Number, signed bool) (s span, ok bool) {
	least, most := Number{}, Most
	if signed {
		least, most = Least, Int(1<<63-1)
	}
	if lo.Compare(least) < 0 {
		lo = least
	}
	if hi.Compare(most) > 0 {
		hi = most
	}
	if lo.Compare(hi) > 0 {
		return span{}, false
	}
	return span{ordered(lo.raw(), signed), ordered(hi.raw(), signed)}, true
}

// raw is the number as a 64-bit word.
func (n Number) raw() uint64 {
	if n.Minus {
		return -n.Abs
	}
	return n.Abs
}
