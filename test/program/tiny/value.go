package tiny

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Where the program lies: below 2 GiB, so that an address fits a signed 32-bit
// displacement and a 32-bit register.
const (
	textBase = 0x400000
	dataBase = 0x10000000
)

// A value is an argument: a number known now, or memory read when the call is made.
type value struct {
	number uint64
	from   uint64 // address to load from, 0: the number itself
	narrow bool   // load 32 bits, sign-extended
}

// memory is the data segment as it grows.
type memory struct {
	data    []byte
	names   map[string]uint64 // results and buffers
	holes   map[string][]int  // names used in structures before they were placed
	strings map[string]uint64
}

func newMemory() *memory {
	return &memory{names: map[string]uint64{}, holes: map[string][]int{}, strings: map[string]uint64{}}
}

// place appends b, aligned, and returns its address.
func (m *memory) place(b []byte) uint64 {
	for len(m.data)%16 != 0 {
		m.data = append(m.data, 0)
	}
	m.data = append(m.data, b...)
	return dataBase + uint64(len(m.data)-len(b))
}

// reserve names size zeroed bytes; a name keeps its first place.
func (m *memory) reserve(name string, size int) uint64 {
	if a, ok := m.names[name]; ok {
		return a
	}
	a := m.place(make([]byte, size))
	m.names[name] = a
	return a
}

func (m *memory) text(s string) uint64 {
	a, ok := m.strings[s]
	if !ok {
		a = m.place(append([]byte(s), 0))
		m.strings[s] = a
	}
	return a
}

// value makes sense of one token.
func (m *memory) value(token string) (value, error) {
	switch token[0] {
	case '"', '[', '{':
		a, err := m.literal(token)
		return value{number: a}, err
	case '$':
		a, ok := m.names[token[1:]]
		if !ok {
			return value{}, fmt.Errorf("%s: no such result", token)
		}
		return value{from: a}, nil
	case '&', '*':
		a, err := m.address(token[1:])
		if token[0] == '*' {
			return value{from: a, narrow: true}, err
		}
		return value{number: a}, err
	}
	if b, ok, err := sockaddr(token); ok {
		if strings.HasPrefix(token, "len:") {
			return value{number: uint64(len(b))}, err
		}
		return value{number: m.place(b)}, err
	}
	n, err := number(token)
	return value{number: n}, err
}

func (m *memory) address(token string) (uint64, error) {
	name, offset, found := strings.Cut(token, "+")
	a, ok := m.names[name]
	if !ok {
		return 0, fmt.Errorf("%s: no such buffer", name)
	}
	if !found {
		return a, nil
	}
	n, err := number(offset)
	return a + n, err
}

// literal places what quotes and brackets hold.
func (m *memory) literal(token string) (uint64, error) {
	if token[0] == '"' {
		s, err := strconv.Unquote(token)
		if err != nil {
			return 0, fmt.Errorf("%s: not a quoted text", token)
		}
		return m.text(s), nil
	}
	items, err := split(token[1 : len(token)-1])
	if err != nil {
		return 0, err
	}
	if token[0] == '[' {
		items = append(items, "0")
	}
	var b []byte
	for _, item := range items {
		if b, err = m.item(b, item); err != nil {
			return 0, err
		}
	}
	return m.place(b), nil
}

// item appends one item of a structure.
func (m *memory) item(b []byte, token string) ([]byte, error) {
	width := 8
	if len(token) > 2 && token[1] == ':' {
		rest := token[2:]
		switch token[0] {
		case 'b':
			width, token = 1, rest
		case 'w':
			width, token = 2, rest
		case 'd':
			width, token = 4, rest
		case 'z':
			n, err := number(rest)
			return append(b, make([]byte, n)...), err
		case 's':
			s, err := strconv.Unquote(rest)
			return append(b, s...), err
		}
	}
	v, err := m.value(token)
	if err != nil {
		return nil, err
	}
	if v.from != 0 {
		return nil, fmt.Errorf("%s: a structure holds what is known before the program runs; poke it", token)
	}
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], v.number)
	return append(b, word[:width]...), nil
}

// number reads numbers and constants joined by |.
func number(token string) (uint64, error) {
	var n uint64
	for part := range strings.SplitSeq(token, "|") {
		if c, ok := constants[part]; ok {
			n |= c
			continue
		}
		if i, err := strconv.ParseInt(part, 0, 64); err == nil {
			n |= uint64(i)
			continue
		}
		u, err := strconv.ParseUint(part, 0, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: neither a number nor a constant of tiny", part)
		}
		n |= u
	}
	return n, nil
}

// sockaddr makes the bytes of inet:… and unix:…, also behind len:.
func sockaddr(token string) (b []byte, ok bool, err error) {
	token = strings.TrimPrefix(token, "len:")
	if path, ok := strings.CutPrefix(token, "unix:"); ok {
		b = binary.LittleEndian.AppendUint16(nil, 1)
		if name, abstract := strings.CutPrefix(path, "@"); abstract {
			return append(append(b, 0), name...), true, nil
		}
		return append(append(b, path...), 0), true, nil
	}
	text, ok := strings.CutPrefix(token, "inet:")
	if !ok {
		return nil, false, nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return nil, true, fmt.Errorf("%s: %w", token, err)
	}
	if a.Addr().Is4() {
		b = binary.LittleEndian.AppendUint16(nil, 2)
		b = binary.BigEndian.AppendUint16(b, a.Port())
		b = append(b, a.Addr().AsSlice()...)
		return append(b, make([]byte, 8)...), true, nil
	}
	b = binary.LittleEndian.AppendUint16(nil, 10)
	b = binary.BigEndian.AppendUint16(b, a.Port())
	b = append(b, 0, 0, 0, 0)
	b = append(b, a.Addr().AsSlice()...)
	return append(b, 0, 0, 0, 0), true, nil
}
