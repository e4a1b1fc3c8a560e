package filter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// maxDepth bounds the nesting of an expression's text.
const maxDepth = 200

// Parse reads the canonical form: see Expr.String.
func Parse(text string) (*Expr, error) {
	p := parser{text: text}
	n, err := p.or(0)
	if err == nil && p.space() < len(text) {
		err = p.fail("want and, or or the end")
	}
	if err != nil {
		return nil, err
	}
	return &Expr{Root: n}, nil
}

type parser struct {
	text string
	at   int
}

// fail is an error at the place that was reached.
func (p *parser) fail(format string, args ...any) error {
	found := "the end"
	if p.space(); p.at < len(p.text) {
		found = strconv.Quote(p.text[p.at:min(p.at+20, len(p.text))])
	}
	return &Error{Expr: p.text, Offset: p.at, Reason: BadSyntax, Msg: fmt.Sprintf(format, args...) + ", found " + found,
		Hint: `comparisons look like uid=0, uid in {0, 1000..}, comm="ls", comm!="ls"; they are joined by and, or, not`}
}

// space skips blanks and returns where it stopped.
func (p *parser) space() int {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t') {
		p.at++
	}
	return p.at
}

// take skips blanks and then the token, if it is there.
func (p *parser) take(token string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// word skips blanks and reads a name: letters, digits, _ and dots inside. A
// column's name may have a minus too.
func (p *parser) word() string {
	start := p.space()
	for p.at < len(p.text) && inWord(p.text[p.at], p.at == start) {
		p.at++
	}
	return p.text[start:p.at]
}

func inWord(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		return true
	}
	return !first && (c >= '0' && c <= '9' || c == '.' || c == '-')
}

// keyword takes a word if it is that one.
func (p *parser) keyword(word string) bool {
	start := p.at
	if p.word() == word {
		return true
	}
	p.at = start
	return false
}

func (p *parser) or(depth int) (*Node, error) { return p.several("or", depth, p.and, Or) }
func (p *parser) and(depth int) (*Node, error) {
	return p.several("and", depth, p.unary, And)
}

// several reads operands with an operator between them.
func (p *parser) several(operator string, depth int, operand func(int) (*Node, error), join func(...*Node) *Node) (*Node, error) {
	var kids []*Node
	for {
		n, err := operand(depth)
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if !p.keyword(operator) {
			return join(kids...), nil
		}
	}
}

func (p *parser) unary(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, p.fail("nested more than %d deep", maxDepth)
	}
	switch {
	case p.take("("):
		return p.closed(p.or(depth + 1))
	case p.keyword("not"):
		n, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return Not(n), nil
	}
	start := p.space()
	switch name := p.word(); name {
	case "", "and", "or", "in":
		p.at = start
		return nil, p.fail("want a comparison")
	case "true", "false":
		return Const(name == "true"), nil
	case "follow":
		if p.take("(") {
			n, err := p.closed(p.or(depth + 1))
			if err != nil {
				return nil, err
			}
			return Follow(n), nil
		}
		return nil, p.fail("want ( after follow")
	case "event":
		return p.events()
	default:
		return p.column(name)
	}
}

// closed wants the parenthesis that ends n.
func (p *parser) closed(n *Node, err error) (*Node, error) {
	if err == nil && !p.take(")") {
		err = p.fail("want )")
	}
	return n, err
}

// test reads the operator and the members, each by the function.
func (p *parser) test(member func() error) (not bool, err error) {
	not = p.take("!=")
	if not || p.take("=") {
		return not, member()
	}
	not = p.keyword("not")
	if !p.keyword("in") {
		return not, errNoTest
	}
	if !p.take("{") {
		return not, p.fail("want {")
	}
	if p.take("}") {
		return not, nil
	}
	for {
		if err := member(); err != nil {
			return not, err
		}
		if !p.take(",") {
			break
		}
	}
	if !p.take("}") {
		return not, p.fail("want , or }")
	}
	return not, nil
}

var errNoTest = errors.New("no comparison")

func (p *parser) events() (*Node, error) {
	var ids []event.ID
	not, err := p.test(func() error {
		start := p.space()
		if p.take("#") {
			n, err := strconv.ParseUint(p.digits(), 10, 16)
			ids = append(ids, event.ID(n))
			if err != nil {
				p.at = start
				return p.fail("want an event")
			}
			return nil
		}
		e := dictionary.Lookup(p.word())
		if e == nil {
			p.at = start
			return p.fail("want an event")
		}
		ids = append(ids, e.ID)
		return nil
	})
	if err == errNoTest {
		err = p.fail("want =, != or in after event")
	}
	if err != nil {
		return nil, err
	}
	return negate(not, Event(ids...)), nil
}

func negate(not bool, n *Node) *Node {
	if not {
		return Not(n)
	}
	return n
}

func (p *parser) column(name string) (*Node, error) {
	n := &Node{Kind: KindIn, Column: name}
	if p.at < len(p.text) && p.text[p.at] == '[' {
		end := strings.IndexByte(p.text[p.at:], ']')
		if end < 0 {
			return nil, p.fail("want ] after the column's argument")
		}
		n.Arg = p.text[p.at+1 : p.at+end]
		p.at += end + 1
	}
	before := p.at
	not, err := p.test(func() error {
		m, err := p.member()
		n.Members = append(n.Members, m)
		return err
	})
	switch {
	case err == errNoTest && !not:
		p.at, n.Kind = before, KindHas
		return n, nil
	case err == errNoTest:
		return nil, p.fail("want in after not")
	case err != nil:
		return nil, err
	}
	return negate(not, n), nil
}

// digits reads decimal digits.
func (p *parser) digits() string {
	start := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	return p.text[start:p.at]
}
