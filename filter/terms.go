package filter

import "github.com/bulwark-security/bulwark/event"

// A Term is one condition that every event must satisfy: what one flag says, as
// a rule.
type Term struct {
	Text     string   // as the user wrote it, else the canonical form
	Field    string   // the column that it is about
	Values   []string // what the column is compared with
	Process  bool     // it is about the process, so any event of it can be judged
	Rejected uint64   // events that it rejected, while they were counted
}

type term struct {
	Term
	test    test
	follow  test // the process is followed: the term is not asked
	byEvent bool // it is about the kind of event only
}

// compileTerms makes a term of each node that must hold. What stands below
// follow at the top is as many terms.
func (c *compiler) compileTerms() {
	for _, n := range c.expr.Root.conjuncts() {
		if n.Kind != KindFollow {
			c.addTerm(n, nil)
			continue
		}
		c.test(n)
		f := c.byNode[n]
		for _, k := range n.Kids[0].conjuncts() {
			c.addTerm(k, func(e *event.Event) bool { return c.Program.trailOf(e)&f.bit != 0 })
		}
	}
}

func (c *compiler) addTerm(n *Node, follow test) {
	t := term{Term: Term{Text: n.Source, Process: true}, test: c.test(n), follow: follow, byEvent: n.Kind == KindEvent}
	if t.Text == "" {
		t.Text = n.String()
	}
	c.describe(n, &t.Term)
	c.terms = append(c.terms, t)
}

// describe collects what a term is about.
func (p *Program) describe(n *Node, t *Term) {
	switch n.Kind {
	case KindEvent:
		t.Process = false
		if t.Field == "" {
			t.Field = "event"
		}
	case KindHas, KindIn:
		t.Process = t.Process && p.column(n).Process
		if t.Field == "" || t.Field == "event" {
			t.Field = n.Column
		}
		for i := range n.Members {
			m := &n.Members[i]
			text := m.Text
			if m.Kind == MemberRange || m.Kind == MemberMask {
				text = string(m.append(nil))
			}
			t.Values = append(t.Values, text)
		}
	}
	for _, k := range n.Kids {
		p.describe(k, t)
	}
}

// Terms are the conditions that every event must satisfy.
func (p *Program) Terms() []Term {
	all := make([]Term, len(p.terms))
	for i := range p.terms {
		all[i] = p.terms[i].Term
	}
	return all
}

// Test judges an event by one of Terms alone. A term of the process may be asked
// of any event, made up ones too.
func (p *Program) Test(i int, e *event.Event) bool {
	t := &p.terms[i]
	return t.follow != nil && t.follow(e) || t.test(e)
}

// CountRejections says whether Match counts, per term, what it rejects. Then it
// asks every term of every event that the expression selects.
func (p *Program) CountRejections(on bool) { p.counting = on }

func (p *Program) matchAndCount(e *event.Event) bool {
	selected := true
	for i := range p.terms {
		if t := &p.terms[i]; t.byEvent && !t.test(e) {
			t.Rejected++
			selected = false
		}
	}
	if !selected {
		return false
	}
	match := true
	for i := range p.terms {
		if t := &p.terms[i]; !t.byEvent && !p.Test(i, e) {
			t.Rejected++
			match = false
		}
	}
	return match
}
