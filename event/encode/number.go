package encode

import (
	"math/bits"
	"time"

	"github.com/bulwark-security/bulwark/event"
)

// pairs holds the two digits of every number below 100.
const pairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"

// digits writes u in decimal to the end of b and returns where it begins. It
// takes half the time of strconv on the numbers that events are full of.
func digits(b *[20]byte, u uint64) int {
	i := len(b)
	for u >= 100 {
		q := u / 100
		r := 2 * (u - q*100)
		i -= 2
		b[i], b[i+1] = pairs[r], pairs[r+1]
		u = q
	}
	if u >= 10 {
		i -= 2
		b[i], b[i+1] = pairs[2*u], pairs[2*u+1]
		return i
	}
	i--
	b[i] = byte('0' + u)
	return i
}

func appendUint(dst []byte, u uint64) []byte {
	if u < 10 {
		return append(dst, byte('0'+u))
	}
	var b [20]byte
	return append(dst, b[digits(&b, u):]...)
}

func appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendUint(append(dst, '-'), -uint64(n))
	}
	return appendUint(dst, uint64(n))
}

// appendFixed writes u with leading zeros to width digits.
func appendFixed(dst []byte, u uint64, width int) []byte {
	var b [20]byte
	i := digits(&b, u)
	for ; len(b)-i < width; i-- {
		b[i-1] = '0'
	}
	return append(dst, b[i:]...)
}

// appendHex writes 0x and upper-case hex digits, as pointers are printed.
func appendHex(dst []byte, u uint64) []byte {
	dst = append(dst, '0', 'x')
	shift := max(bits.Len64(u)-1, 0) &^ 3
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789ABCDEF"[u>>shift&15])
	}
	return dst
}

// appendSeconds writes the time as seconds with the microseconds that are not
// zero: the shortest text of the number that Tracee's JSON carries.
func appendSeconds(dst []byte, t event.Time) []byte {
	us := uint64(t) / 1000
	dst = appendUint(dst, us/1e6)
	fraction := us % 1e6
	if fraction == 0 {
		return dst
	}
	width := 6
	for fraction%10 == 0 {
		fraction /= 10
		width--
	}
	return appendFixed(append(dst, '.'), fraction, width)
}

// appendMicros writes the time as seconds with six decimals, as tables do.
func appendMicros(dst []byte, t event.Time) []byte {
	us := uint64(t) / 1000
	dst = appendUint(dst, us/1e6)
	return appendFixed(append(dst, '.'), us%1e6, 6)
}

// A wallClock writes times of day. Consecutive events share their second, so
// the text up to it is kept.
type wallClock struct {
	second int64
	n      int // length of text, 0: nothing kept
	text   [20]byte
}

// append writes wall time in ns since 1970 as RFC 3339 with nine decimals, UTC.
func (w *wallClock) append(dst []byte, ns int64) []byte {
	second, rest := ns/1e9, ns%1e9
	if rest < 0 {
		second, rest = second-1, rest+1e9
	}
	if w.n == 0 || w.second != second {
		w.second = second
		w.n = len(time.Unix(second, 0).UTC().AppendFormat(w.text[:0], "2006-01-02T15:04:05"))
	}
	dst = append(dst, w.text[:w.n]...)
	dst = appendFixed(append(dst, '.'), uint64(rest), 9)
	return append(dst, 'Z')
}
