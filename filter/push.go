package filter

import (
	"github.com/bulwark-security/bulwark/event"
)

// Plan is what a sensor can test of the program. It never rejects what Match
// accepts.
func (p *Program) Plan() Plan {
	plan, _ := p.push()
	return Fit([]Plan{plan})[0]
}

// A left is a condition that a plan does not decide exactly.
type left struct {
	node   *Node
	weaker bool // the plan has a weaker condition for it
}

// push makes the plan and says what is left to user space.
func (p *Program) push() (Plan, []left) {
	plan := Plan{Events: p.events, PerEvent: map[event.ID][]Clause{}}
	var rest []left
	follow := p.followNode()
	if follow != nil {
		plan.Follow = true
		for _, n := range follow.Kids[0].parts() {
			clauses, exact := p.cnf(n, false)
			process, other := byProcess(clauses)
			plan.Process = append(plan.Process, process...)
			if !exact || len(other) > 0 {
				rest = append(rest, left{n, len(process) > 0})
			}
		}
	}
	for _, n := range p.expr.Root.parts() {
		if n != follow && n.Kind != KindEvent {
			if l, ok := p.pushTerm(&plan, n); !ok {
				rest = append(rest, l)
			}
		}
	}
	return plan, rest
}

// followNode is the condition that the plan's Follow is about, nil if there is
// none: the first at the top.
func (p *Program) followNode() *Node {
	for _, n := range p.expr.Root.parts() {
		if n.Kind == KindFollow {
			return n
		}
	}
	return nil
}

// pushTerm adds one of the conditions that all must hold to the plan. ok says
// that the plan decides it exactly.
func (p *Program) pushTerm(plan *Plan, n *Node) (l left, ok bool) {
	l, ok = left{node: n}, true
	shared := false
	for _, id := range p.events {
		at := p.at(n, id)
		if at == n && shared {
			continue
		}
		clauses, exact := p.cnf(at, false)
		ok, l.weaker = ok && exact, l.weaker || len(clauses) > 0
		if at != n {
			plan.add(id, clauses)
			continue
		}
		// The same for every event: what is of the process is asked once.
		shared = true
		process, other := byProcess(clauses)
		if plan.Follow {
			// Process does not hold for who is followed.
			ok = ok && len(process) == 0
		} else {
			plan.Process = append(plan.Process, process...)
		}
		for _, every := range p.events {
			if p.at(n, every) == n {
				plan.add(every, other)
			}
		}
	}
	return l, ok
}

func (p *Plan) add(id event.ID, clauses []Clause) {
	if len(clauses) > 0 {
		p.PerEvent[id] = append(p.PerEvent[id], clauses...)
	}
}

// byProcess parts the clauses that are about the process only.
func byProcess(clauses []Clause) (process, other []Clause) {
	for _, c := range clauses {
		only := true
		for _, a := range c {
			only = only && a.Fact.Process()
		}
		if only {
			process = append(process, c)
		} else {
			other = append(other, c)
		}
	}
	return process, other
}

// maxClauses bounds what one condition becomes.
const maxClauses = 64

// cnf is a necessary condition of the node (of its negation), as clauses that
// all must hold. exact: and a sufficient one.
func (p *Program) cnf(n *Node, negated bool) (clauses []Clause, exact bool) {
	switch n.Kind {
	case KindConst:
		if n.Value != negated {
			return nil, true
		}
		return []Clause{{nothing}}, true
	case KindNot:
		return p.cnf(n.Kids[0], !negated)
	case KindAnd, KindOr:
		if (n.Kind == KindAnd) != negated {
			return p.cnfAll(n.Kids, negated)
		}
		return p.cnfAny(n.Kids, negated)
	case KindFollow:
		if negated { // neither followed nor satisfied
			clauses, _ = p.cnf(n.Kids[0], true)
		}
		return clauses, false
	case KindHas:
		return p.cnfHas(n, negated)
	case KindIn:
		return p.cnfIn(n, negated)
	}
	return nil, false // the kind of event, where it is not decided
}

// nothing is an atom that never holds.
var nothing = Atom{Fact: FactUID, Lo: 1, Hi: 0}

func (p *Program) cnfAll(kids []*Node, negated bool) (clauses []Clause, exact bool) {
	exact = true
	for _, k := range kids {
		c, e := p.cnf(k, negated)
		clauses, exact = append(clauses, c...), exact && e
	}
	return clauses, exact
}

// cnfAny multiplies out. Any part of the product is a necessary condition.
func (p *Program) cnfAny(kids []*Node, negated bool) (clauses []Clause, exact bool) {
	clauses, exact = []Clause{nil}, true
	for _, k := range kids {
		c, e := p.cnf(k, negated)
		exact = exact && e
		if len(c) == 0 {
			return nil, e // one way is always open
		}
		var product []Clause
		for _, a := range clauses {
			for _, b := range c {
				if len(product) == maxClauses {
					exact = false
					break
				}
				product = append(product, append(a[:len(a):len(a)], b...))
			}
		}
		clauses = product
	}
	return clauses, exact
}

func (p *Program) cnfHas(n *Node, negated bool) ([]Clause, bool) {
	c := p.column(n)
	a := Atom{Fact: c.Fact, Arg: c.Arg, Not: negated}
	switch {
	case c.Fact == FactNew && p.start != 0:
		return nil, false // the sensor means another start
	case c.Type == TypeFact && c.Fact != FactNone:
		a.Lo, a.Hi = 1, 1
	case c.Fact == FactArg, c.Fact == FactObject:
		a.Hi = 1<<64 - 1
	case c.Fact == FactArgString:
		a.Op = OpPrefix
	default:
		return nil, false
	}
	return []Clause{{a}}, true
}

func (p *Program) cnfIn(n *Node, negated bool) ([]Clause, bool) {
	c := p.column(n)
	if c.Fact == FactNone {
		return nil, false
	}
	var list []pushed
	if c.Type.number() {
		list = c.pushNumbers(n.Members)
	} else {
		for i := range n.Members {
			list = append(list, c.pushMember(&n.Members[i]))
		}
	}
	if negated {
		return noneOf(list)
	}
	return someOf(list)
}

// noneOf rejects what is in an exact member; the others are left out.
func noneOf(list []pushed) (clauses []Clause, exact bool) {
	exact = true
	for _, m := range list {
		if !m.ok || !m.exact || len(clauses)+len(m.atoms) > maxClauses {
			exact = false
			continue
		}
		for _, a := range m.atoms {
			a.Not = true
			clauses = append(clauses, Clause{a})
		}
	}
	return clauses, exact
}

// someOf rejects what is in no member. It needs something of each.
func someOf(list []pushed) ([]Clause, bool) {
	clause, exact := Clause{}, true
	for _, m := range list {
		if !m.ok {
			return nil, false
		}
		clause, exact = append(clause, m.atoms...), exact && m.exact
	}
	if len(clause) == 0 {
		return []Clause{{nothing}}, exact
	}
	clause, kept := coarsen(clause)
	if len(clause) > maxClauses {
		return nil, false
	}
	return []Clause{clause}, exact && kept
}
