package tracee

import (
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// patterns are the members of a set that the patterns of an argument stand for.
// A pattern that no value can match stands for none, with a warning.
func (s *selection) patterns(a *argFilter, patterns []string) []filter.Member {
	var members []filter.Member
	for _, p := range patterns {
		text, star := strings.CutSuffix(p, "*")
		if strings.Contains(text, "*") {
			s.warn("%s.%s: a * counts only at the end: %q is compared with a star in it", a.event.Name, a.name, p)
		}
		switch a.column.Type {
		case filter.TypeUnsigned, filter.TypeSigned:
			found := within(&a.column, numberPattern(&a.column, text, star))
			if len(found) == 0 {
				s.warn("%s.%s: no value is %q%s", a.event.Name, a.name, p, valueHint(&a.column, text))
			}
			members = append(members, found...)
		default:
			if star {
				members = append(members, filter.Prefix(text))
			} else {
				members = append(members, filter.Text(text))
			}
		}
	}
	return members
}

// numberPattern is the numbers whose text is, or begins with, what is given:
// decimal, hexadecimal after 0x, or names.
func numberPattern(c *filter.Column, text string, star bool) []filter.Member {
	hex, isHex := strings.CutPrefix(text, "0x")
	switch {
	case star && text == "":
		return []filter.Member{filter.Range(filter.Least, filter.Most)}
	case isHex && star:
		return hexPrefix(hex)
	case isHex:
		return hexNumber(c, hex)
	case isName(text) && c.Knows(text, star):
		if star {
			return []filter.Member{filter.NamesAtLeast(text)}
		}
		return []filter.Member{filter.Names(text)}
	case star:
		return decimalPrefix(text)
	}
	n, err := filter.ParseNumber(text)
	if err != nil || n.String() != text {
		return nil // not as a number is printed
	}
	return []filter.Member{filter.Equal(n)}
}

// isName reports whether a text begins as a name does.
func isName(text string) bool {
	return text != "" && (text[0] == '_' || text[0]|0x20 >= 'a' && text[0]|0x20 <= 'z')
}

// within cuts ranges to what a value of the column can be.
func within(c *filter.Column, members []filter.Member) (cut []filter.Member) {
	lo, hi := limits(c)
	for _, m := range members {
		if m.Kind != filter.MemberRange || m.Lo == filter.Least && m.Hi == filter.Most {
			cut = append(cut, m)
			continue
		}
		if m.Lo.Compare(lo) < 0 {
			m.Lo = lo
		}
		if m.Hi.Compare(hi) > 0 {
			m.Hi = hi
		}
		if m.Lo.Compare(m.Hi) <= 0 {
			cut = append(cut, m)
		}
	}
	return cut
}

// limits are the least and the greatest value of the column.
func limits(c *filter.Column) (lo, hi filter.Number) {
	lo, hi = filter.Number{}, filter.Most
	if c.Width > 0 {
		hi = filter.Uint(1<<c.Width - 1)
	}
	if c.Type == filter.TypeSigned {
		lo, hi = filter.Least, filter.Int(1<<63-1)
		if c.Width > 0 {
			lo, hi = filter.Int(-1<<(c.Width-1)), filter.Int(1<<(c.Width-1)-1)
		}
	}
	return lo, hi
}

// hexNumber is one number. What is negative is written as its bits.
func hexNumber(c *filter.Column, digits string) []filter.Member {
	raw, err := strconv.ParseUint(digits, 16, 64)
	n := filter.Uint(raw)
	switch {
	case err != nil:
		return nil
	case c.Type == filter.TypeSigned && c.Width == 32 && raw < 1<<32:
		n = filter.Int(int64(int32(raw)))
	case c.Type == filter.TypeSigned:
		n = filter.Int(int64(raw))
	}
	return []filter.Member{filter.Equal(n)}
}

// hexPrefix is the numbers whose hexadecimal digits begin so.
func hexPrefix(digits string) []filter.Member {
	if digits == "" {
		return []filter.Member{filter.Range(filter.Number{}, filter.Most)}
	}
	return prefixed(digits, 16)
}

// decimalPrefix is the numbers whose decimal digits begin so.
func decimalPrefix(text string) []filter.Member {
	digits, minus := strings.CutPrefix(text, "-")
	if !minus {
		return prefixed(digits, 10)
	}
	if digits == "" {
		return []filter.Member{filter.Range(filter.Least, filter.Int(-1))}
	}
	var members []filter.Member
	for _, m := range prefixed(digits, 10) {
		if m.Lo.Abs <= filter.Least.Abs && m.Hi.Abs > 0 {
			members = append(members, filter.Range(negative(m.Hi), negative(m.Lo)))
		}
	}
	return members
}

// negative is -n, or the least number there is.
func negative(n filter.Number) filter.Number {
	if n.Abs >= filter.Least.Abs {
		return filter.Least
	}
	return filter.Int(-int64(n.Abs))
}

// prefixed is the numbers whose digits in the base begin so: one range for each
// count of digits.
func prefixed(digits string, base uint64) []filter.Member {
	first, err := strconv.ParseUint(digits, int(base), 64)
	if err != nil || digits[0] == '+' || digits[0] == '0' && len(digits) > 1 {
		return nil
	}
	members := []filter.Member{filter.Equal(filter.Uint(first))}
	lo, hi, most := first, first, filter.Most.Abs
	for first != 0 && lo <= most/base {
		lo *= base
		if hi <= (most-base+1)/base {
			hi = hi*base + base - 1
		} else {
			hi = most
		}
		members = append(members, filter.Range(filter.Uint(lo), filter.Uint(hi)))
	}
	return members
}

// valueHint ends a warning with what the values are called.
func valueHint(c *filter.Column, text string) string {
	if len(c.Choices) == 0 {
		return ""
	}
	known := c.Choices[0].Decoder.Names(dictionary.Host)
	part := text[strings.LastIndexByte(text, '|')+1:]
	if near := dictionary.Nearest(part, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ": values are called " + strings.Join(known[:min(len(known), 4)], ", ") + ", …"
}
