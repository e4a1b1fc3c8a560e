// Package filter is one expression language over events: a typed tree, compiled
// into an exact predicate for user space and into the strongest necessary
// condition that a sensor can test in the kernel.
//
//	program, err := expr.Compile(schema)
//	stream, err := s.Open(ctx, []filter.Plan{program.Plan()})
//	if program.Match(&e) { … }
//
// Front ends (filter/tracee, detect/falco) lower their own semantics into the
// tree, so the evaluator has no special cases.
package filter

import "github.com/bulwark-security/bulwark/event"

// A Plan is the strongest necessary condition of an expression that a sensor
// can test: what it rejects cannot match; what it lets through is decided in
// user space. Clauses are in conjunctive normal form.
type Plan struct {
	// Events that may be delivered. Empty means none. Life-cycle events (fork,
	// exec, exit, cgroup, credentials) cross in any case: state depends on them.
	Events []event.ID
	// Process is asked once per process context: all clauses must hold.
	Process []Clause
	// PerEvent is asked for that event only, after Process: all must hold.
	PerEvent map[event.ID][]Clause
	// Follow: a process that satisfied Process at its last exec, or whose parent
	// did (or was followed) at fork, passes Process from then on until it exits.
	Follow bool
	// Tree restricts the scope of the stream to this host process id and all
	// that it forks from now on: outside it nothing is even counted. 0 = host-wide.
	Tree uint32
}

// A Clause holds if any of its atoms does.
type Clause []Atom

// Fact names what an atom looks at.
type Fact uint8

// The facts. Process facts first; the values are constants in
// sensor/kernel/bpf/plan.h too. String facts compare the bytes of Str.
const (
	FactNone         Fact = iota // the kernel cannot know it: no push-down
	FactUID                      // u32
	FactPID                      // host process id (tgid)
	FactMntNS                    // inode number
	FactPidNS                    // inode number
	FactCgroup                   // cgroup id
	FactContainer                // 1 in a container, else 0
	FactNew                      // 1 if the process was forked after the sensor started, else 0
	FactNewContainer             // 1 if its container began after the sensor started
	FactComm                     // 16 bytes, zero padded
	FactUTS                      // first 15 bytes of the node name, zero padded to 16

	FactRet        // s64
	FactArg        // argument word Arg, sign-extended for signed classes, zero-extended otherwise
	FactArgString  // user string of argument Arg
	FactObjectPath // path really reached
	FactPort       // port of a socket address argument
)

// Op is how an atom compares.
type Op uint8

// The operators.
const (
	OpRange  Op = iota // Lo <= fact <= Hi, signed when Signed
	OpMask             // fact & Lo == Hi
	OpString           // fact == Str
	OpPrefix           // fact begins with Str
	OpSuffix           // fact ends with Str
)

// An Atom is one test of one fact.
type Atom struct {
	Fact   Fact
	Op     Op
	Not    bool
	Signed bool
	Arg    uint8
	Lo, Hi uint64
	Str    string
}
