package encode

import (
	"encoding/base64"
	"unicode/utf8"
)

// plain marks the bytes that JSON strings and tables print as they are.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString writes s as a JSON string, quotes included. Bytes that are not
// UTF-8 become U+FFFD; exact is then false, and the caller says the bytes in
// another key. `<`, `>` and `&` stay as they are.
func appendString[S ~[]byte | ~string](dst []byte, s S) (_ []byte, exact bool) {
	dst = append(dst, '"')
	i := 0
	for i < len(s) && plain[s[i]] {
		i++
	}
	if i == len(s) {
		dst = append(dst, s...)
		return append(dst, '"'), true
	}
	dst, exact = appendEscaped(append(dst, s[:i]...), s[i:])
	return append(dst, '"'), exact
}

// appendEscaped is the slow path of appendString.
func appendEscaped[S ~[]byte | ~string](dst []byte, s S) (_ []byte, exact bool) {
	const hex = "0123456789abcdef"
	exact = true
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case plain[c]:
			dst = append(dst, c)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < utf8.RuneSelf:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			r, n := decodeRune(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = append(dst, `\ufffd`...)
				exact = false
			case hidden(r):
				dst = appendUnicode(dst, r)
			default:
				dst = append(dst, s[i:i+n]...)
			}
			i += n - 1
		}
		i++
	}
	return dst, exact
}

// AppendText writes s for a terminal: what would move the cursor, change its
// colour, break the line or reorder it is shown as an escape.
func AppendText[S ~[]byte | ~string](dst []byte, s S) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 0x20 && c < 0x7f:
			dst = append(dst, c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < utf8.RuneSelf:
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			r, n := decodeRune(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
			case hidden(r):
				dst = appendUnicode(dst, r)
			default:
				dst = append(dst, s[i:i+n]...)
			}
			i += n - 1
		}
		i++
	}
	return dst
}

// decodeRune is utf8.DecodeRune for both kinds of string, without a copy.
func decodeRune[S ~[]byte | ~string](s S) (rune, int) {
	var b [utf8.UTFMax]byte
	n := copy(b[:], s)
	return utf8.DecodeRune(b[:n])
}

// hidden says that a rune would act on a terminal or on the text around it
// instead of being seen: C1 controls, line separators, marks of direction, and
// those of width zero.
func hidden(r rune) bool {
	switch {
	case r < 0xa0, r == 0xad, r == 0x61c, r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	case r >= 0xe0000 && r <= 0xe007f, r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return false
}

// appendUnicode writes a rune as \uXXXX, those above U+FFFF as a surrogate pair.
func appendUnicode(dst []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		dst = appendUnicode(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// appendBase64 writes bytes as a JSON string in base64 (RFC 4648, padded).
func appendBase64[S ~[]byte | ~string](dst []byte, s S) []byte {
	dst = append(dst, '"')
	for len(s) > 0 { // in pieces, so that a string needs no copy on the heap
		var piece [768]byte
		n := copy(piece[:], s)
		dst = base64.StdEncoding.AppendEncode(dst, piece[:n])
		s = s[n:]
	}
	return append(dst, '"')
}
