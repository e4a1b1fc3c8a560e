package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/filtertest"
)

// list is "a, b, …" of n members.
func list(n int, member func(i int) string) string {
	var all []string
	for i := range n {
		all = append(all, member(i))
	}
	return strings.Join(all, ", ")
}

// TestManyNumbers: more numbers than a kernel has room for are pushed as ranges
// that hold them all and some others.
func TestManyNumbers(t *testing.T) {
	p := program(t, "pid in {"+list(500, func(i int) string { return fmt.Sprint(3 * i) })+", 1000000}")
	plan := p.Plan()
	if n := atoms(plan); n == 0 || n > filter.MaxAtoms {
		t.Fatalf("%d atoms", n)
	}
	k := filtertest.NewKernel(plan)
	let := 0
	for pid := range uint32(2000) {
		e := opened("", "")
		e.HostPID = pid
		if p.Match(e) && !k.Accepts(e) {
			t.Fatalf("pid %d matches, but the plan rejects it", pid)
		}
		if k.Accepts(e) {
			let++
		}
	}
	if let < 500 || let > 1500 {
		t.Errorf("the plan lets %d of 2000 through", let)
	}
	e := opened("", "")
	if e.HostPID = 999999; k.Accepts(e) {
		t.Error("the widest gap was closed")
	}
}

func TestManyTexts(t *testing.T) {
	some := program(t, "comm in {"+list(40, func(i int) string { return fmt.Sprintf("%q", fmt.Sprint("name", i)) })+"}").Plan()
	if atoms(some) != 40 {
		t.Errorf("40 names are %d atoms", atoms(some))
	}
	many := program(t, "comm in {"+list(400, func(i int) string { return fmt.Sprintf("%q", fmt.Sprint("name", i)) })+"} and uid=5").Plan()
	if atoms(many) != 1 {
		t.Errorf("what is left of 400 names and a uid are %d atoms", atoms(many))
	}
}

// TestFitTogether: plans share the room; the shortest clauses stay.
func TestFitTogether(t *testing.T) {
	var plans []filter.Plan
	for i := range 4 {
		text := fmt.Sprintf(`uid=%d and openat.pathname in {%s} and close.fd in {%s}`, i,
			list(60, func(i int) string { return fmt.Sprintf(`"/path/%d"`, i) }), list(60, func(i int) string { return fmt.Sprint(2 * i) }))
		text = strings.NewReplacer(" and openat", " and (event!=openat or openat", " and close", ") and (event!=close or close").Replace(text) + ")"
		plans = append(plans, program(t, text).Plan())
	}
	before := 0
	for _, p := range plans {
		before += atoms(p)
	}
	total := 0
	fit := filter.Fit(plans)
	for i, p := range fit {
		total += atoms(p)
		if len(p.Process) != 1 {
			t.Errorf("plan %d lost the short clause on its process", i)
		}
		for _, clauses := range p.PerEvent {
			for _, c := range clauses {
				if len(c) == 0 {
					t.Errorf("plan %d has an empty clause", i)
				}
			}
		}
	}
	if before <= filter.MaxAtoms || total > filter.MaxAtoms || total < filter.MaxAtoms-60 {
		t.Errorf("%d atoms became %d", before, total)
	}
	again := 0
	for _, p := range plans {
		again += atoms(p)
	}
	if again != before {
		t.Error("the plans given were changed")
	}
}

// TestPlans is the shape of plans, for kinds of condition that are pushed.
func TestPlans(t *testing.T) {
	id := func(name string) event.ID { return dictionary.Lookup(name).ID }
	for text, want := range map[string]struct {
		process int
		event   string
		per     int
	}{
		`uid=0 and comm="x" and mntns!=5`:                                         {3, "openat", 0},
		`container and not new and cgroup=7 and uts="a" and pidns=3`:              {5, "openat", 0},
		`event=openat and openat.pathname="/a"* and openat.retval=..-1`:           {0, "openat", 2},
		`event!=openat or openat.object.path=*".so" or openat.object.path="/bin"`: {0, "openat", 1},
		`event=openat and (uid=0 or openat.flags=O_CREAT*)`:                       {0, "openat", 1},
		`event=openat and (uid=0 or openat.pathname=*"x"*)`:                       {0, "openat", 0},
		`event=openat and not (uid=0 or openat.dirfd in {3, 5})`:                  {1, "openat", 2},
		`event=connect and connect.addr=":53"`:                                    {0, "connect", 1},
		`event=openat and openat.object.mode=S_IFDIR*`:                            {0, "openat", 1},
		`event=cap_capable and cap_capable.cap=CAP_SYS_ADMIN`:                     {0, "cap_capable", 1},
		`follow(uid=0 and comm="x") and pid!=1`:                                   {2, "openat", 0},
		`follow(uid=0) or pid=1`:                                                  {0, "openat", 0},
	} {
		plan := program(t, text).Plan()
		if len(plan.Process) != want.process || len(plan.PerEvent[id(want.event)]) != want.per {
			t.Errorf("%s: %d clauses on the process, %d on %s; want %+v\n%s", text, len(plan.Process), len(plan.PerEvent[id(want.event)]), want.event, want, program(t, text).Explain())
		}
		if plan.Follow != strings.HasPrefix(text, "follow(uid=0 and") {
			t.Errorf("%s: follow is %v", text, plan.Follow)
		}
	}
}
