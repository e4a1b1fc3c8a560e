package filter

import (
	"cmp"
	"maps"
	"slices"

	"github.com/bulwark-security/bulwark/event"
)

// coarsen joins ranges of a clause that are near each other until there are at
// most maxSpans. kept: nothing had to be joined.
func coarsen(c Clause) (coarse Clause, kept bool) {
	var ranges []Atom
	for _, a := range c {
		if a.Op == OpRange && !a.Not {
			ranges = append(ranges, a)
		} else {
			coarse = append(coarse, a)
		}
	}
	if len(ranges) <= maxSpans {
		return c, true
	}
	order := func(a Atom, end uint64) uint64 { return ordered(end, a.Signed) }
	slices.SortFunc(ranges, func(a, b Atom) int { return cmp.Compare(order(a, a.Lo), order(b, b.Lo)) })
	for len(ranges) > maxSpans {
		at, least := 0, uint64(1<<64-1)
		for i := 1; i < len(ranges); i++ {
			if gap := order(ranges[i], ranges[i].Lo) - order(ranges[i-1], ranges[i-1].Hi); gap <= least {
				at, least = i, gap
			}
		}
		ranges[at-1].Hi = ranges[at].Hi
		ranges = slices.Delete(ranges, at, at+1)
	}
	return append(coarse, ranges...), false
}

// Fit leaves out clauses of the plans until they have at most MaxAtoms atoms
// together: those with the most atoms first, so that few are lost. What is left
// is weaker, never wrong. The plans given are not changed.
func Fit(plans []Plan) []Plan {
	fit := make([]Plan, len(plans))
	var all []*Clause
	total := 0
	collect := func(clauses []Clause) []Clause {
		clauses = slices.Clone(clauses)
		for i := range clauses {
			all = append(all, &clauses[i])
			total += len(clauses[i])
		}
		return clauses
	}
	for i, p := range plans {
		p.Process = collect(p.Process)
		per := make(map[event.ID][]Clause, len(p.PerEvent))
		for _, id := range slices.Sorted(maps.Keys(p.PerEvent)) {
			per[id] = collect(p.PerEvent[id])
		}
		p.PerEvent = per
		fit[i] = p
	}
	if total <= MaxAtoms {
		return fit
	}
	slices.SortStableFunc(all, func(a, b *Clause) int { return cmp.Compare(len(*b), len(*a)) })
	for _, c := range all {
		if total <= MaxAtoms {
			break
		}
		total -= len(*c)
		*c = nil
	}
	for i := range fit {
		fit[i].dropEmpty()
	}
	return fit
}

// dropEmpty takes out the clauses that Fit emptied.
func (p *Plan) dropEmpty() {
	empty := func(c Clause) bool { return len(c) == 0 }
	p.Process = slices.DeleteFunc(p.Process, empty)
	for id, clauses := range p.PerEvent {
		if clauses = slices.DeleteFunc(clauses, empty); len(clauses) == 0 {
			delete(p.PerEvent, id)
		} else {
			p.PerEvent[id] = clauses
		}
	}
}
