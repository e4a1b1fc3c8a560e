package filter

import (
	"strconv"
	"strings"
)

// member reads one member of a set.
func (p *parser) member() (Member, error) {
	p.space()
	rest := p.text[p.at:]
	switch {
	case rest == "":
		return Member{}, p.fail("want a value")
	case rest[0] == '"', rest[0] == '*':
		return p.quoted()
	case strings.HasPrefix(rest, "0x"):
		return p.mask()
	case rest[0] == '.', rest[0] == '-', rest[0] >= '0' && rest[0] <= '9':
		return p.numbers()
	case inWord(rest[0], true):
		return p.names(), nil
	}
	return Member{}, p.fail("want a value")
}

// quoted reads a text with a star before it, after it, or both.
func (p *parser) quoted() (Member, error) {
	before := p.take("*")
	quoted, err := strconv.QuotedPrefix(p.text[p.at:])
	if err != nil || quoted[0] != '"' {
		return Member{}, p.fail("want a text in double quotes")
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return Member{}, p.fail("want a text in double quotes")
	}
	p.at += len(quoted)
	after := p.at < len(p.text) && p.text[p.at] == '*'
	if after {
		p.at++
	}
	switch {
	case before && after:
		return Contains(text), nil
	case before:
		return Suffix(text), nil
	case after:
		return Prefix(text), nil
	}
	return Text(text), nil
}

// mask reads bits/mask, both in hexadecimal.
func (p *parser) mask() (Member, error) {
	bits, ok := p.hex()
	if !ok || p.at == len(p.text) || p.text[p.at] != '/' {
		return Member{}, p.fail("want bits/mask, as in 0x1/0x3")
	}
	p.at++
	mask, ok := p.hex()
	if !ok {
		return Member{}, p.fail("want bits/mask, as in 0x1/0x3")
	}
	return Mask(mask, bits), nil
}

func (p *parser) hex() (n uint64, ok bool) {
	if !strings.HasPrefix(p.text[p.at:], "0x") {
		return 0, false
	}
	start := p.at + 2
	p.at = start
	for p.at < len(p.text) && strings.IndexByte("0123456789abcdefABCDEF", p.text[p.at]) >= 0 {
		p.at++
	}
	n, err := strconv.ParseUint(p.text[start:p.at], 16, 64)
	return n, err == nil
}

// numbers reads a number or a range.
func (p *parser) numbers() (Member, error) {
	lo, hi := Least, Most
	var err error
	if !strings.HasPrefix(p.text[p.at:], "..") {
		if lo, err = p.number(); err != nil {
			return Member{}, err
		}
		if !strings.HasPrefix(p.text[p.at:], "..") {
			return Equal(lo), nil
		}
	}
	p.at += 2
	if p.at < len(p.text) && (p.text[p.at] == '-' || p.text[p.at] >= '0' && p.text[p.at] <= '9') {
		if hi, err = p.number(); err != nil {
			return Member{}, err
		}
	}
	return Range(lo, hi), nil
}

func (p *parser) number() (Number, error) {
	start := p.at
	if p.at < len(p.text) && p.text[p.at] == '-' {
		p.at++
	}
	p.digits()
	n, err := ParseNumber(p.text[start:p.at])
	if err != nil {
		p.at = start
		return n, p.fail("want a number")
	}
	return n, nil
}

// names reads names joined by |, with a star if others may be set too.
func (p *parser) names() Member {
	start := p.at
	for p.at < len(p.text) && (inWord(p.text[p.at], false) || p.text[p.at] == '|') {
		p.at++
	}
	text := p.text[start:p.at]
	if p.at < len(p.text) && p.text[p.at] == '*' {
		p.at++
		return NamesAtLeast(text)
	}
	return Names(text)
}
