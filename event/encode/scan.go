package encode

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A SyntaxError is a line that is no record. Offset counts bytes from the start
// of the line.
type SyntaxError struct {
	Offset int
	Msg    string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Msg) }

// maxDepth bounds nesting, so that a line of brackets cannot exhaust the stack.
const maxDepth = 64

// A scanner walks over one JSON text. It checks what it walks over: a value
// that skip accepted can be read without looking again. The first mistake is
// kept in err and ends every walk.
type scanner struct {
	text []byte
	pos  int
	err  *SyntaxError
}

func (s *scanner) fail(offset int, format string, args ...any) {
	if s.err == nil {
		s.err = &SyntaxError{offset, fmt.Sprintf(format, args...)}
	}
	s.pos = len(s.text)
}

// peek is the next byte that is not blank, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) && s.text[s.pos] > ' ' {
		return s.text[s.pos]
	}
	return s.peekBeyond()
}

func (s *scanner) peekBeyond() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			continue
		}
		return s.text[s.pos]
	}
	return 0
}

// take consumes c, if it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.pos >= len(s.text) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) expect(c byte, where string) {
	if !s.take(c) {
		s.fail(s.pos, "want %q %s, have %s", c, where, s.have())
	}
}

// have describes what stands at the position.
func (s *scanner) have() string {
	if s.pos >= len(s.text) {
		return "the end of the line"
	}
	r, _ := utf8.DecodeRune(s.text[s.pos:])
	return strconv.QuoteRune(r)
}

// A span is a value in the text: its first byte and the one after its last. The
// zero span is a value that is not there.
type span struct{ from, to int }

func (v span) ok() bool { return v.to > v.from }

// object calls each for every member. The key is the text between the quotes;
// escapes in it are not resolved, as no key that matters needs one. each must
// consume nothing: the value is walked over before.
func (s *scanner) object(each func(key []byte, value span)) {
	s.expect('{', "at the start of an object")
	if s.err != nil || s.take('}') {
		return
	}
	for s.err == nil {
		s.peek()
		key := s.string()
		s.expect(':', "after a key")
		value := s.skip(0)
		if s.err != nil {
			return
		}
		each(s.text[key.from+1:key.to-1], value)
		if !s.take(',') {
			s.expect('}', "or a comma after a value")
			return
		}
	}
}

// array calls each for every element.
func (s *scanner) array(each func(value span)) {
	s.expect('[', "at the start of an array")
	if s.err != nil || s.take(']') {
		return
	}
	for s.err == nil {
		value := s.skip(0)
		if s.err != nil {
			return
		}
		each(value)
		if !s.take(',') {
			s.expect(']', "or a comma after a value")
			return
		}
	}
}

// skip walks over one value and checks it.
func (s *scanner) skip(depth int) span {
	c := s.peek()
	from := s.pos
	switch {
	case depth > maxDepth:
		s.fail(from, "nested too deeply")
	case c == '"':
		return s.string()
	case c == '{' || c == '[':
		s.skipNested(c, depth)
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	default:
		s.fail(from, "want a value, have %s", s.have())
	}
	return span{from, s.pos}
}

// skipNested walks over an object or an array.
func (s *scanner) skipNested(open byte, depth int) {
	end := open + 2 // '}' and ']' stand two after '{' and '['
	s.pos++
	if s.take(end) {
		return
	}
	for s.err == nil {
		if open == '{' {
			s.peek()
			s.string()
			s.expect(':', "after a key")
		}
		s.skip(depth + 1)
		if s.err == nil && !s.take(',') {
			s.expect(end, "or a comma after a value")
			return
		}
	}
}

func (s *scanner) literal(word string) {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		s.fail(s.pos, "want %s", word)
		return
	}
	s.pos += len(word)
}

// number walks over a number of RFC 8259.
func (s *scanner) number() {
	from := s.pos
	if s.text[s.pos] == '-' {
		s.pos++
	}
	first := s.pos
	n := s.digits()
	ok := n == 1 || n > 1 && s.text[first] != '0'
	if ok && s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		ok = s.digits() > 0
	}
	if ok && s.pos < len(s.text) && s.text[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		ok = s.digits() > 0
	}
	if !ok {
		s.fail(from, "a number is malformed")
	}
}

// digits walks over decimal digits and returns their number.
func (s *scanner) digits() int {
	i := s.pos
	for i < len(s.text) && s.text[i]-'0' <= 9 {
		i++
	}
	n := i - s.pos
	s.pos = i
	return n
}

// ordinary marks the bytes of a string that mean themselves.
var ordinary = func() (t [256]bool) {
	for c := 0x20; c <= 0xff; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// string walks over a string, quotes included.
func (s *scanner) string() span {
	from := s.pos
	if s.pos >= len(s.text) || s.text[s.pos] != '"' {
		s.fail(s.pos, "want a string, have %s", s.have())
		return span{}
	}
	for i := from + 1; ; {
		for i < len(s.text) && ordinary[s.text[i]] {
			i++
		}
		if i >= len(s.text) {
			s.fail(from, "a string has no end")
			return span{}
		}
		switch s.text[i] {
		case '"':
			s.pos = i + 1
			return span{from, s.pos}
		case '\\':
			n := s.escape(i)
			if n == 0 {
				s.fail(i, "an escape is malformed")
				return span{}
			}
			i += n
		default:
			s.fail(i, "a control byte stands in a string")
			return span{}
		}
	}
}

// escape is the length of the escape at i, 0 if it is none.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.text) {
		return 0
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(s.text, i+2); ok {
			return 6
		}
	}
	return 0
}

func hex4(text []byte, i int) (r rune, ok bool) {
	if i+4 > len(text) {
		return 0, false
	}
	for _, c := range text[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unquote appends the bytes that a string means. The span was walked over, so
// it is well formed.
func unquote(dst, text []byte) []byte {
	text = text[1 : len(text)-1]
	for len(text) > 0 {
		i := 0
		for i < len(text) && text[i] != '\\' {
			i++
		}
		dst = append(dst, text[:i]...)
		text = text[i:]
		if len(text) == 0 {
			break
		}
		n := 2
		switch c := text[1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var r rune
			r, n = surrogates(text)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		text = text[n:]
	}
	return dst
}

// surrogates reads \uXXXX, and a second one if the two are a pair.
func surrogates(text []byte) (r rune, n int) {
	r, _ = hex4(text, 2)
	if r < 0xd800 || r > 0xdbff {
		return r, 6
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if low, ok := hex4(text, 8); ok && low >= 0xdc00 && low <= 0xdfff {
			return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), 12
		}
	}
	return utf8.RuneError, 6
}

// unbase64 appends the bytes that a base64 string means.
func unbase64(dst, text []byte) ([]byte, error) {
	return base64.StdEncoding.AppendDecode(dst, text[1:len(text)-1])
}
