package filter

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A bits is the numbers whose bits under mask are want.
type bits struct{ mask, want uint64 }

func (b bits) has(n uint64) bool { return n&b.mask == b.want }

// named is what a member of names stands for on an architecture: the number is
// in one of the sets. None: the names mean nothing there.
func (c *Column) named(m *Member, d *dictionary.Decoder, arch dictionary.Arch) []bits {
	if m.Kind == MemberNames {
		return c.namedExactly(m.Text, d, arch)
	}
	parts := strings.Split(m.Text, "|")
	head, last := parts[:len(parts)-1], parts[len(parts)-1]
	if len(head) > 0 && !d.Flags() {
		return nil
	}
	base := bits{}
	for _, name := range head {
		b, ok := c.oneName(name, d, arch)
		if !ok {
			return nil
		}
		if base, ok = base.and(b); !ok {
			return nil
		}
	}
	var sets []bits
	for _, name := range d.Names(arch) {
		if !strings.HasPrefix(name, last) {
			continue
		}
		b, ok := c.oneName(name, d, arch)
		if !ok {
			continue
		}
		if b, ok = base.and(b); ok && !slices.Contains(sets, b) {
			sets = append(sets, b)
		}
	}
	return sets
}

// namedExactly is the one number that is printed as these names. Bits that are
// not printed do not count.
func (c *Column) namedExactly(text string, d *dictionary.Decoder, arch dictionary.Arch) []bits {
	known := d.Names(arch)
	for _, name := range strings.Split(text, "|") {
		if !slices.Contains(known, name) {
			return nil // a bare number is no name
		}
	}
	n, ok := d.Parse(arch, text)
	if !ok {
		return nil
	}
	b := bits{mask: c.allBits(), want: n & c.allBits()}
	if d.Flags() {
		shown := d.Append(nil, arch, n)
		for bit := uint64(1); bit&b.mask != 0; bit <<= 1 {
			if n&bit == 0 && bytes.Equal(d.Append(nil, arch, n|bit), shown) {
				b.mask &^= bit
			}
		}
	}
	return []bits{b}
}

// oneName is the numbers that are printed with this name among others. For a
// field of several bits those are more than the name's own.
func (c *Column) oneName(name string, d *dictionary.Decoder, arch dictionary.Arch) (bits, bool) {
	if !slices.Contains(d.Names(arch), name) {
		return bits{}, false
	}
	n, ok := d.Parse(arch, name)
	if !ok {
		return bits{}, false
	}
	all := c.allBits()
	n &= all
	if !d.Flags() {
		return bits{all, n}, true
	}
	shown := showing(name, n, d, arch)
	if len(shown) == 0 {
		return bits{all, n}, true // another name of the same number
	}
	mask := n
	for bit := uint64(1); bit&all != 0; bit <<= 1 {
		keeps := func(number uint64) bool { return shows(d, arch, number^bit, name) }
		if n&bit == 0 && !slices.ContainsFunc(shown, keeps) {
			mask |= bit
		}
	}
	return bits{mask, n}, true
}

// showing is numbers that are printed with a name, whose number is n: n itself,
// or n with another name's where the decoder wants a field to have a name.
func showing(name string, n uint64, d *dictionary.Decoder, arch dictionary.Arch) (numbers []uint64) {
	if shows(d, arch, n, name) {
		return []uint64{n}
	}
	for _, other := range d.Names(arch) {
		if with, ok := d.Parse(arch, other); ok && shows(d, arch, with|n, name) {
			numbers = append(numbers, with|n)
		}
	}
	return numbers
}

// shows reports whether a number is printed with the name.
func shows(d *dictionary.Decoder, arch dictionary.Arch, n uint64, name string) bool {
	return slices.Contains(strings.Split(string(d.Append(nil, arch, n)), "|"), name)
}

// and is the numbers in both; ok is false if there are none.
func (b bits) and(o bits) (both bits, ok bool) {
	common := b.mask & o.mask
	return bits{b.mask | o.mask, b.want | o.want}, b.want&common == o.want&common
}

// allBits are the bits that a value of the column has.
func (c *Column) allBits() uint64 {
	if c.Width == 0 {
		return 1<<64 - 1
	}
	return 1<<c.Width - 1
}
