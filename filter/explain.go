package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// An Explanation says where which part of an expression is decided.
type Explanation struct {
	Expr   string   // canonical
	Events []string // that can match
	Follow bool
	Kernel []string // conditions that the sensor tests
	User   []string // conditions that are left to user space
}

// Explain says what a sensor that can test every atom does.
func (p *Program) Explain() Explanation {
	return p.ExplainFor(func(event.ID, Atom) bool { return true })
}

// ExplainFor says what a sensor does that can test only some atoms.
func (p *Program) ExplainFor(can func(event.ID, Atom) bool) Explanation {
	plan, rest := p.push()
	fit := Fit([]Plan{plan})[0]
	x := Explanation{Expr: p.expr.String(), Follow: plan.Follow}
	for _, id := range p.events {
		x.Events = append(x.Events, dictionary.ByID(id).Name)
	}
	dropped := clausesOf(fit) < clausesOf(plan)
	x.Kernel, dropped = fit.describe(p, can, dropped)
	for _, l := range rest {
		text := ungated(l.node).String()
		if l.weaker {
			text += "  (the kernel tests a weaker condition first)"
		}
		x.User = append(x.User, text)
	}
	if dropped {
		x.User = append(x.User, "what the kernel cannot test or has no room for")
	}
	return x
}

// ungated is what a gate lets be judged: its columns name the event already.
func ungated(n *Node) *Node {
	if n.Kind == KindOr && len(n.Kids) == 2 && n.Kids[0].Kind == KindNot && n.Kids[0].Kids[0].Kind == KindEvent {
		return n.Kids[1]
	}
	return n
}

func clausesOf(p Plan) int {
	n := len(p.Process)
	for _, c := range p.PerEvent {
		n += len(c)
	}
	return n
}

// followText ends the conditions on the process where they are followed.
const followText = ", or it held when the process executed a program, or of its parent at fork"

// describe writes the plan's clauses. dropped: some cannot be tested.
func (p Plan) describe(program *Program, can func(event.ID, Atom) bool, dropped bool) ([]string, bool) {
	var lines []string
	for _, c := range p.Process {
		if !c.testable(p.Events, can) {
			dropped = true
			continue
		}
		lines = append(lines, program.clauseText(nil, c))
	}
	if p.Follow && len(lines) > 0 {
		lines = []string{strings.Join(lines, " and ") + followText}
	}
	for _, id := range p.Events {
		for _, c := range p.PerEvent[id] {
			if !c.testable([]event.ID{id}, can) {
				dropped = true
				continue
			}
			lines = append(lines, program.clauseText(dictionary.ByID(id), c))
		}
	}
	return slices.Compact(lines), dropped
}

func (c Clause) testable(ids []event.ID, can func(event.ID, Atom) bool) bool {
	for _, a := range c {
		for _, id := range ids {
			if !can(id, a) {
				return false
			}
		}
	}
	return true
}

// factNames are the columns that the facts stand for.
var factNames = map[Fact]string{
	FactUID: "uid", FactPID: "pid", FactMntNS: "mntns", FactPidNS: "pidns", FactCgroup: "cgroup",
	FactContainer: "container", FactNew: "new", FactNewContainer: "container.new", FactComm: "comm", FactUTS: "uts",
	FactRet: "retval", FactObjectPath: "object.path",
}

// clauseText is a clause in the canonical form, of an event or of the process.
func (p *Program) clauseText(e *dictionary.Event, c Clause) string {
	kids := make([]*Node, len(c))
	for i, a := range c {
		kids[i] = a.node(e)
	}
	// Alternatives of one column are one comparison.
	var joined []*Node
	for _, k := range kids {
		last := len(joined) - 1
		if last >= 0 && k.Kind == KindIn && joined[last].Kind == KindIn && joined[last].Column == k.Column {
			joined[last] = In(k.Column, append(slices.Clone(joined[last].Members), k.Members...)...)
			continue
		}
		joined = append(joined, k)
	}
	return Or(joined...).String()
}

// node is the atom as a node of the tree.
func (a Atom) node(e *dictionary.Event) *Node {
	if a == nothing {
		return Const(false)
	}
	name := factNames[a.Fact]
	if e != nil && !a.Fact.Process() {
		switch a.Fact {
		case FactArg, FactArgString:
			name = e.Args[a.Arg].Name
		case FactPort:
			name = e.Args[a.Arg].Name + ".port"
		case FactObject:
			name = "object." + event.Field(a.Arg).String()
		}
		name = e.Name + "." + name
	}
	n := In(name, a.member())
	if a.Fact == FactContainer || a.Fact == FactNew || a.Fact == FactNewContainer || a.Op == OpPrefix && a.Str == "" {
		n = Has(name)
	}
	if a.Not {
		return Not(n)
	}
	return n
}

func (a Atom) member() Member {
	switch a.Op {
	case OpMask:
		return Mask(a.Lo, a.Hi)
	case OpString:
		return Text(a.Str)
	case OpPrefix:
		return Prefix(a.Str)
	case OpSuffix:
		return Suffix(a.Str)
	}
	if !a.Signed {
		return Range(Uint(a.Lo), Uint(a.Hi))
	}
	lo, hi := Int(int64(a.Lo)), Int(int64(a.Hi))
	if int64(a.Hi) == 1<<63-1 {
		hi = Most
	}
	return Range(lo, hi)
}

// maxNamed is how many events are listed by name.
const maxNamed = 16

// String is for people: a few lines.
func (x Explanation) String() string {
	var b strings.Builder
	events := strings.Join(x.Events[:min(len(x.Events), maxNamed)], ", ")
	if more := len(x.Events) - maxNamed; more > 0 {
		events += fmt.Sprintf(" and %d more", more)
	}
	if events == "" {
		events = "none: nothing can match"
	}
	fmt.Fprintf(&b, "expression  %s\n", x.Expr)
	fmt.Fprintf(&b, "events      %s\n", events)
	section(&b, "kernel", x.Kernel, "the kind of event only")
	section(&b, "user space", x.User, "nothing")
	return b.String()
}

func section(b *strings.Builder, title string, lines []string, none string) {
	if len(lines) == 0 {
		lines = []string{none}
	}
	for _, line := range lines {
		fmt.Fprintf(b, "%-11s %s\n", title, line)
		title = ""
	}
}
