package tiny

import (
	"fmt"
	"strings"
)

// A statement is one line of a script, with its block.
type statement struct {
	line   int
	verb   string   // the call, or a word of the language
	result string   // name that keeps the result
	args   []string // tokens
	block  []*statement
	braces bool // it has a block
	compat bool // through the 32-bit entry
}

// parse reads a whole script.
func parse(script string) ([]*statement, error) {
	p := &parser{lines: strings.Split(script, "\n")}
	body, err := p.block(false)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", p.at, err)
	}
	return body, nil
}

type parser struct {
	lines []string
	at    int // lines read so far
}

// block reads up to the closing brace, or the end.
func (p *parser) block(nested bool) ([]*statement, error) {
	var body []*statement
	for p.at < len(p.lines) {
		tokens, err := split(p.lines[p.at])
		p.at++
		if err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			continue
		}
		if tokens[0] == "}" {
			if !nested {
				return nil, fmt.Errorf("a } without its {")
			}
			return body, nil
		}
		s, err := p.statement(tokens)
		if err != nil {
			return nil, err
		}
		body = append(body, s)
	}
	if nested {
		return nil, fmt.Errorf("a { without its }")
	}
	return body, nil
}

func (p *parser) statement(tokens []string) (*statement, error) {
	s := &statement{line: p.at}
	if len(tokens) > 2 && tokens[1] == "=" {
		s.result, tokens = tokens[0], tokens[2:]
	}
	if len(tokens) > 1 && tokens[0] == "call32" {
		s.compat, tokens = true, tokens[1:]
	}
	s.verb, s.args = tokens[0], tokens[1:]
	if n := len(s.args); n > 0 && s.args[n-1] == "{" {
		s.args, s.braces = s.args[:n-1], true
		var err error
		if s.block, err = p.block(true); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// split cuts a line at blanks outside quotes and brackets, and at its comment.
func split(line string) ([]string, error) {
	var tokens []string
	begin, depth, quoted := -1, 0, false
	for i := 0; i <= len(line); i++ {
		var c byte = ' '
		if i < len(line) {
			c = line[i]
		}
		switch {
		case quoted && i < len(line):
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
			continue
		case c == '"':
			quoted = true
		case c == '[' || c == '{' && !alone(line, i):
			depth++
		case c == ']' || c == '}' && depth > 0:
			depth--
		case c == '#' && begin < 0 && depth == 0:
			return tokens, nil
		case (c == ' ' || c == '\t') && (depth == 0 || i == len(line)):
			if begin >= 0 {
				tokens = append(tokens, line[begin:i])
			}
			begin = -1
			continue
		}
		if begin < 0 {
			begin = i
		}
	}
	if quoted || depth != 0 {
		return nil, fmt.Errorf("%q: a quote or bracket is not closed", strings.TrimSpace(line))
	}
	return tokens, nil
}

// alone reports whether the brace at i ends the line, so that it opens a block.
func alone(line string, i int) bool {
	rest, _, _ := strings.Cut(line[i+1:], "#")
	return strings.TrimSpace(rest) == ""
}
