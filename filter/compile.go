package filter

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A test is a compiled node.
type test func(*event.Event) bool

// A Program is an expression compiled against a schema, with the state that the
// expression needs. One goroutine may use it at a time.
type Program struct {
	expr    *Expr
	columns map[string]*Column
	events  []event.ID
	// What is left of the expression for one event, as tests that all must hold.
	// Many events share a list.
	lists   [][]test
	byID    []uint16 // event id to 1 + index in lists; 0: it cannot match
	unknown []test   // for ids that the dictionary lacks

	terms    []term
	counting bool

	follows  []*follow
	followed map[uint32]trail
	start    event.Time

	// Scratch memory of the tests.
	value, other event.Value
	text         []byte
}

// compiler compiles the nodes of one program.
type compiler struct {
	*Program
	schema Schema
	done   map[*Node]test
	byNode map[*Node]*follow
	count  int // of follows
}

// Compile makes a program of the expression. Its columns must be in the schema
// and be compared with what they can be.
func (x *Expr) Compile(s Schema) (*Program, error) {
	p := &Program{expr: x, columns: map[string]*Column{}, followed: map[uint32]trail{}}
	c := &compiler{Program: p, schema: s, done: map[*Node]test{}, byNode: map[*Node]*follow{}}
	if err := c.check(x.Root); err != nil {
		return nil, err
	}
	c.split()
	c.compileTerms()
	p.unknown = c.tests(x.Root)
	return p, nil
}

// split specialises the expression for each event of the dictionary.
func (c *compiler) split() {
	lists := map[string]uint16{}
	for _, e := range dictionary.All() {
		n := c.at(c.expr.Root, e.ID)
		if n.Kind == KindConst && !n.Value {
			continue
		}
		c.events = append(c.events, e.ID)
		text := n.String()
		if lists[text] == 0 {
			c.lists = append(c.lists, c.tests(n))
			lists[text] = uint16(len(c.lists))
		}
		for int(e.ID) >= len(c.byID) {
			c.byID = append(c.byID, 0)
		}
		c.byID[e.ID] = lists[text]
	}
}

// at is what is left of n for one event. A node that does not change is the
// same node, so that it is compiled once.
func (p *Program) at(n *Node, id event.ID) *Node {
	switch n.Kind {
	case KindEvent:
		return Const(n.has(id))
	case KindHas, KindIn:
		if !p.column(n).carries(id) {
			return Const(false)
		}
	case KindNot:
		if k := p.at(n.Kids[0], id); k != n.Kids[0] {
			return Not(k)
		}
	case KindAnd, KindOr:
		kids, changed := make([]*Node, len(n.Kids)), false
		for i, k := range n.Kids {
			kids[i] = p.at(k, id)
			changed = changed || kids[i] != k
		}
		if changed {
			return join(n.Kind, n.Kind == KindAnd, kids)
		}
	}
	return n
}

// has reports whether an event is one of the node's.
func (n *Node) has(id event.ID) bool {
	for _, e := range n.Events {
		if e == id {
			return true
		}
	}
	return false
}

// column is the column of a node that was checked.
func (p *Program) column(n *Node) *Column { return p.columns[n.columnKey()] }

func (n *Node) columnKey() string { return n.Column + "[" + n.Arg }

// tests compiles the nodes that all must hold.
func (c *compiler) tests(n *Node) []test {
	var all []test
	for _, k := range n.parts() {
		all = append(all, c.test(k))
	}
	return all
}

// test compiles a node, once.
func (c *compiler) test(n *Node) test {
	t, ok := c.done[n]
	if !ok {
		t = c.compile(n)
		c.done[n] = t
	}
	return t
}

func (c *compiler) compile(n *Node) test {
	switch n.Kind {
	case KindConst:
		v := n.Value
		return func(*event.Event) bool { return v }
	case KindAnd, KindOr:
		var kids []test
		for _, k := range n.Kids {
			kids = append(kids, c.test(k))
		}
		if n.Kind == KindAnd {
			return all(kids)
		}
		return anyOf(kids)
	case KindNot:
		t := c.test(n.Kids[0])
		return func(e *event.Event) bool { return !t(e) }
	case KindEvent:
		return oneOf(n.Events)
	case KindFollow:
		return c.compileFollow(n)
	}
	column := c.column(n)
	t := c.compileIn(n, column)
	if n.Kind == KindHas {
		t = c.compileHas(column)
	}
	if column.Events == nil {
		return t
	}
	carried := oneOf(column.Events)
	return func(e *event.Event) bool { return carried(e) && t(e) }
}

func all(tests []test) test {
	return func(e *event.Event) bool {
		for _, t := range tests {
			if !t(e) {
				return false
			}
		}
		return true
	}
}

func anyOf(tests []test) test {
	return func(e *event.Event) bool {
		for _, t := range tests {
			if t(e) {
				return true
			}
		}
		return false
	}
}

// oneOf tests the event's id.
func oneOf(ids []event.ID) test {
	if len(ids) == 1 {
		id := ids[0]
		return func(e *event.Event) bool { return e.ID == id }
	}
	var set []uint64
	for _, id := range ids {
		for int(id>>6) >= len(set) {
			set = append(set, 0)
		}
		set[id>>6] |= 1 << (id & 63)
	}
	return func(e *event.Event) bool {
		return int(e.ID>>6) < len(set) && set[e.ID>>6]>>(e.ID&63)&1 != 0
	}
}

// compileHas tests that there is a value. What is new, the program knows better
// than the kernel when it was told the start.
func (c *compiler) compileHas(column *Column) test {
	p, get := c.Program, column.Get
	if column.Fact == FactNew {
		return func(e *event.Event) bool {
			if p.start != 0 {
				return e.Start >= uint64(p.start)
			}
			return get(e, &p.value)
		}
	}
	return func(e *event.Event) bool { return get(e, &p.value) }
}

// Events are the events that the expression selects, in the order of their ids:
// the others cannot match, whatever they carry.
func (p *Program) Events() []event.ID { return p.events }

// SetStart says since when a process is new, where the sensor's kernel did not
// say it already: in a replay, the start that stands in the recording.
func (p *Program) SetStart(t event.Time) { p.start = t }

// Expr is the expression that the program was compiled from.
func (p *Program) Expr() *Expr { return p.expr }

// Match reports whether the event satisfies the expression. It is exact and
// allocates nothing. Call it before Observe.
func (p *Program) Match(e *event.Event) bool {
	if p.counting {
		return p.matchAndCount(e)
	}
	for _, t := range p.tests(e.ID) {
		if !t(e) {
			return false
		}
	}
	return true
}

// never is the list of an event that cannot match.
var never = []test{func(*event.Event) bool { return false }}

// tests are what is asked of an event with that id.
func (p *Program) tests(id event.ID) []test {
	if int(id) < len(p.byID) && p.byID[id] > 0 {
		return p.lists[p.byID[id]-1]
	}
	if dictionary.ByID(id) == nil {
		return p.unknown
	}
	return never
}
