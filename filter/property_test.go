package filter_test

import (
	"testing"

	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/filtertest"
)

// TestRandomExpressions holds four things against each other: the compiled
// program and the definition of the tree, the plan and the program, the text and
// the tree.
func TestRandomExpressions(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 200
	}
	exact, matched, rejected := 0, 0, 0
	for seed := range rounds {
		m, r, x := checkExpression(t, uint64(seed))
		matched, rejected = matched+m, rejected+r
		if x {
			exact++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d expressions, %d decided by the plan alone; events: %d matched, %d rejected by the plan", rounds, exact, matched, rejected)
	if exact == 0 || matched == 0 || rejected == 0 {
		t.Error("the expressions do not cover what they should")
	}
}

func FuzzExpressions(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkExpression(t, seed) })
}

// checkExpression tries one expression on some events.
func checkExpression(t *testing.T, seed uint64) (matched, rejected int, exact bool) {
	s := newSource(seed)
	expr := s.expr()
	text := expr.String()
	program, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatalf("seed %d: %s: %v", seed, text, err)
	}
	again, err := filter.Parse(text)
	if err != nil {
		t.Fatalf("seed %d: the text does not parse: %v", seed, err)
	}
	if again.String() != text {
		t.Fatalf("seed %d: the text changes when it is read:\n%s\n%s", seed, text, again)
	}
	reread, err := again.Compile(filter.Events)
	if err != nil {
		t.Fatalf("seed %d: the text does not compile: %v", seed, err)
	}
	counting, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatal(err)
	}
	counting.CountRejections(true)
	plan := program.Plan()
	if n := atoms(plan); n > filter.MaxAtoms {
		t.Fatalf("seed %d: %s: the plan has %d atoms", seed, text, n)
	}
	kernel := filtertest.NewKernel(plan)
	x := program.Explain()
	exact = len(x.User) == 0
	for range 30 {
		e := s.event()
		want := reference(expr.Root, e)
		got, accepts := program.Match(e), kernel.Accepts(e)
		switch {
		case got != want:
			t.Errorf("seed %d: %s\non %s\ncompiled: %v, the tree says %v", seed, text, describe(e), got, want)
		case reread.Match(e) != want:
			t.Errorf("seed %d: %s\non %s\nread back: %v, the tree says %v", seed, text, describe(e), !want, want)
		case counting.Match(e) != want:
			t.Errorf("seed %d: %s\non %s\ncounting: %v, the tree says %v", seed, text, describe(e), !want, want)
		case want && !accepts:
			t.Errorf("seed %d: %s\non %s\nmatches, but the plan rejects it\n%s", seed, text, describe(e), x)
		case exact && accepts && !want:
			t.Errorf("seed %d: %s\non %s\ndoes not match, but the plan, said to be exact, lets it through\n%s", seed, text, describe(e), x)
		}
		if t.Failed() {
			return
		}
		if want {
			matched++
		}
		if !accepts {
			rejected++
		}
	}
	return matched, rejected, exact
}

func atoms(p filter.Plan) (n int) {
	for _, c := range p.Process {
		n += len(c)
	}
	for _, clauses := range p.PerEvent {
		for _, c := range clauses {
			n += len(c)
		}
	}
	return n
}
