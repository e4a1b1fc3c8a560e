package filter

import "github.com/bulwark-security/bulwark/event"

// A Plan is the strongest necessary condition of an expression that a sensor
// can test: what it rejects cannot match; what it lets through is decided in
// user space. Clauses are in conjunctive normal form. A sensor that cannot test
// an atom leaves out the whole clause, never the atom alone.
type Plan struct {
	// Events that may be delivered. Empty means none. Life-cycle events (fork,
	// exec, exit, cgroup, credentials) cross in any case: state depends on them.
	Events []event.ID
	// Process is asked once per process context: all clauses must hold.
	Process []Clause
	// PerEvent is asked for that event only, after Process: all must hold. Its
	// clauses may hold facts of the process too.
	PerEvent map[event.ID][]Clause
	// Follow: a process that satisfied Process when it called execve or execveat
	// (with its values before the call, whatever became of the call), or whose
	// parent did (or was followed) at fork, passes Process from then on until it
	// exits. The entry records of execve and execveat then cross in any case.
	Follow bool
	// Tree restricts the scope of the stream to this host process id and all
	// that it forks from now on: outside it nothing is even counted. 0 = host-wide.
	Tree uint32
}

// What a kernel program has room for. Fit trims plans to it.
const (
	MaxPlans  = 16
	MaxAtoms  = 256 // of all plans together
	MaxString = 64  // bytes of an atom's string; 63 where its end counts
)

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
	FactPort       // port of socket address argument Arg, if it is a whole AF_INET (8 bytes or more) or AF_INET6 (24) one
	FactObject     // number of the object's field Arg, an event.Field
)

// Process reports whether the fact is one of the process, not of the event.
func (f Fact) Process() bool { return f > FactNone && f <= FactUTS }

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

// An Atom is one test of one fact. An atom whose fact the record does not carry
// (an argument that is not there or could not be read, no path, no address)
// does not hold; with Not it holds.
type Atom struct {
	Fact   Fact
	Op     Op
	Not    bool
	Signed bool
	Arg    uint8
	Lo, Hi uint64
	Str    string
}
