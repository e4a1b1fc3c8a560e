package tracee

import (
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// lower makes the tree: the kinds of event, the process, the arguments.
func (s *selection) lower(o Options) (*filter.Expr, error) {
	ids, from := s.events(o)
	nodes := []*filter.Node{filter.Event(ids...).From(from)}
	process := filter.And(s.process()...)
	if s.follow {
		process = follow(process)
	}
	nodes = append(nodes, process)
	for _, a := range s.args {
		if !slices.Contains(ids, a.event.ID) {
			s.warn("%s: nothing is judged by it, because %s is not selected", a.sources[0], a.event.Name)
		}
		nodes = append(nodes, s.argument(a))
	}
	for _, r := range s.returns {
		nodes = append(nodes, r.lower())
	}
	s.warnOfNothing(ids)
	return &filter.Expr{Root: filter.And(nodes...), Warnings: s.warnings}, nil
}

// warnOfNothing tells what can never match.
func (s *selection) warnOfNothing(ids []event.ID) {
	for _, n := range []*numberFilter{&s.uid, &s.pid, &s.mntns, &s.pidns} {
		if members, bounded := n.bounds(filter.Number{}); bounded && len(members)+len(n.eq) == 0 {
			s.warn("%s: no number is within the bounds", source(n.sources))
		}
	}
	if len(ids) == 0 {
		s.warn("no event is selected: event!= and set!= take out all that the others select")
	}
}

// follow is filter.Follow, but a condition that always holds needs none.
func follow(n *filter.Node) *filter.Node {
	if n.Kind == filter.KindConst {
		return n
	}
	return filter.Follow(n)
}

// events are the ids of the selected events, and the expressions that say so.
func (s *selection) events(o Options) ([]event.ID, string) {
	var ids []event.ID
	var sources []string
	take := func(from []string, events ...*dictionary.Event) {
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		for _, x := range from {
			if !slices.Contains(sources, x) {
				sources = append(sources, x)
			}
		}
	}
	for _, name := range s.event.eq {
		take(s.event.sources, dictionary.Lookup(name))
	}
	for _, name := range s.set.eq {
		take(s.set.sources, dictionary.Members(name)...)
	}
	for _, a := range s.args {
		if len(a.eq) > 0 {
			take(a.sources, a.event)
		}
	}
	for _, r := range s.returns {
		if len(r.eq) > 0 || r.gt != nil || r.lt != nil {
			take(r.sources, r.event)
		}
	}
	if len(ids) == 0 {
		ids = selectedByDefault(o)
		sources = append(slices.Clone(s.event.sources), s.set.sources...)
	}
	if o.SecurityAlerts {
		take(nil, dictionary.Lookup("mem_prot_alert"))
	}
	return s.without(ids), source(sources)
}

func selectedByDefault(o Options) (ids []event.ID) {
	for _, e := range dictionary.All() {
		if o.All && (e.Kind == dictionary.Syscall || e.LifeCycle) || !o.All && slices.Contains(e.Sets, "default") ||
			o.Capabilities && e.Name == "cap_capable" {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// without takes out what event!= and set!= name.
func (s *selection) without(ids []event.ID) []event.ID {
	out := map[event.ID]bool{}
	for _, name := range s.event.ne {
		out[dictionary.Lookup(name).ID] = true
	}
	for _, name := range s.set.ne {
		for _, e := range dictionary.Members(name) {
			out[e.ID] = true
		}
	}
	return slices.DeleteFunc(ids, func(id event.ID) bool { return out[id] })
}

// process are the conditions on the process.
func (s *selection) process() []*filter.Node {
	return []*filter.Node{
		s.uid.lower("uid"), s.pid.lower("pid"), s.mntns.lower("mntns"), s.pidns.lower("pidns"),
		s.comm.lowerNames("comm"), s.uts.lowerNames("uts"),
		s.pidNew.lower(filter.Has("new")), s.inContainer(), s.inNewContainer(), s.inNamed(),
	}
}

// lower is the condition, or its opposite.
func (f *toggle) lower(n *filter.Node) *filter.Node {
	switch {
	case !f.given:
		return filter.Const(true)
	case !f.value:
		n = filter.Not(n)
	}
	return n.From(source(f.sources))
}

func (s *selection) inContainer() *filter.Node { return s.container.lower(filter.Has("container")) }

// inNewContainer: container!=new is a container, but an old one.
func (s *selection) inNewContainer() *filter.Node {
	is := filter.Has("container.new")
	if !s.containerNew.given || s.containerNew.value {
		return s.containerNew.lower(is)
	}
	old := filter.And(filter.Has("container"), filter.Not(is))
	return old.From(source(s.containerNew.sources))
}

// inNamed: container!=NAME is a container, but another one.
func (s *selection) inNamed() *filter.Node {
	l := &s.names
	if l.empty() {
		return filter.Const(true)
	}
	n := filter.Has("container")
	if len(l.ne) > 0 {
		n = filter.And(n, filter.Not(named(l.ne)))
	} else {
		n = filter.And(n, named(l.eq))
	}
	return n.From(source(l.sources))
}

// named is a container called so, or whose id begins so.
func named(names []string) *filter.Node {
	var byName, byID []filter.Member
	for _, name := range names {
		byName = append(byName, filter.Text(name))
		if len(name) >= idDigits && strings.Trim(name, "0123456789abcdef") == "" {
			byID = append(byID, filter.Prefix(name))
		}
	}
	n := filter.In("container.name", byName...)
	if len(byID) > 0 {
		n = filter.Or(n, filter.In("container.id", byID...))
	}
	return n
}

// lower: what is excluded is out; else what is listed is in; else the bounds
// decide, unless there is nothing but a list.
func (n *numberFilter) lower(column string) *filter.Node {
	if n.empty() {
		return filter.Const(true)
	}
	in := filter.In(column, equal(n.eq)...)
	if bounds, bounded := n.bounds(filter.Number{}); bounded {
		in = filter.In(column, append(equal(n.eq), bounds...)...)
	} else if len(n.ne) > 0 {
		in = filter.Const(true)
	}
	return filter.And(notIn(column, equal(n.ne)), in).From(source(n.sources))
}

// lower: all that is said of a return value must hold.
func (r *returnFilter) lower() *filter.Node {
	column := r.event.Name + ".retval"
	in, within := filter.Const(true), filter.Const(true)
	if len(r.eq) > 0 {
		in = filter.In(column, equal(r.eq)...)
	}
	if bounds, bounded := r.bounds(filter.Least); bounded {
		within = filter.In(column, bounds...)
	}
	n := filter.And(in, notIn(column, equal(r.ne)), within)
	return filter.For(r.event.ID, n).From(source(r.sources))
}

func equal(numbers []filter.Number) []filter.Member {
	var members []filter.Member
	for _, n := range numbers {
		members = append(members, filter.Equal(n))
	}
	return members
}

// bounds is the range between the bounds, none if it is empty. least is what
// the field can be.
func (n *numberFilter) bounds(least filter.Number) (members []filter.Member, bounded bool) {
	lo, hi := least, filter.Most
	if n.gt != nil {
		if *n.gt == filter.Most {
			return nil, true
		}
		lo = n.gt.Next()
	}
	if n.lt != nil {
		hi = n.lt.Prev()
	}
	if lo.Compare(hi) <= 0 {
		members = []filter.Member{filter.Range(lo, hi)}
	}
	return members, n.gt != nil || n.lt != nil
}

// notIn is true when there is nothing to exclude.
func notIn(column string, members []filter.Member) *filter.Node {
	if len(members) == 0 {
		return filter.Const(true)
	}
	return filter.Not(filter.In(column, members...))
}

// lowerNames: what is excluded is out; else, if there is nothing but a list,
// what is not listed is out too.
func (l *listFilter) lowerNames(column string) *filter.Node {
	switch {
	case l.empty():
		return filter.Const(true)
	case len(l.ne) > 0:
		return notIn(column, names(l.ne)).From(source(l.sources))
	}
	return filter.In(column, names(l.eq)...).From(source(l.sources))
}

func names(list []string) []filter.Member {
	var members []filter.Member
	for _, name := range list {
		members = append(members, filter.Text(name[:min(len(name), nameSize)]))
	}
	return members
}

// argument: any of the patterns that are asked for, none of the excluded.
func (s *selection) argument(a *argFilter) *filter.Node {
	column := a.event.Name + "." + a.name
	in := filter.Const(true)
	if len(a.eq) > 0 {
		in = filter.In(column, s.patterns(a, a.eq)...)
	}
	n := filter.And(in, notIn(column, s.patterns(a, a.ne)))
	return filter.For(a.event.ID, n).From(source(a.sources))
}
