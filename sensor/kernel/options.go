package kernel

import (
	"errors"
	"fmt"
	"math/bits"
)

// Options of a sensor. The zero value is the usual one.
type Options struct {
	BufferSize    int  // bytes per CPU; 0: 8 MiB, less where there are many CPUs
	IncludeSelf   bool // events of this process too
	Stacks        bool // user stack with every event
	ExecEnv       bool // environment with execve and sched_process_exec
	DetectSyscall bool // number of the call in progress with events that are none
	FDPaths       bool // file behind the descriptor argument of every call
}

const (
	defaultBuffer = 8 << 20
	smallestRing  = 2 * recordRoom
	largestRing   = 256 << 20
	// allRings is what the rings of all CPUs take together unless asked for more.
	allRings = 512 << 20
)

// ringSize is a power of two: what was asked for, rounded up.
func (o Options) ringSize(cpus int) int {
	if o.BufferSize > 0 {
		n := 1 << bits.Len(uint(o.BufferSize-1))
		return min(max(n, smallestRing), largestRing)
	}
	n := defaultBuffer
	for n > 1<<20 && n*cpus > allRings {
		n /= 2
	}
	return n
}

// ErrUnsupported is matched by every *Unsupported.
var ErrUnsupported = errors.New("this host cannot do it")

// Unsupported says what this host cannot do, why, and what would help.
type Unsupported struct {
	What, Why, Hint string
	Err             error
}

func (u *Unsupported) Error() string {
	s := fmt.Sprintf("%s: %s", u.What, u.Why)
	if u.Hint != "" {
		s += "\n  hint: " + u.Hint
	}
	return s
}

// Is makes errors.Is(err, ErrUnsupported) true.
func (u *Unsupported) Is(target error) bool { return target == ErrUnsupported }

func (u *Unsupported) Unwrap() error { return u.Err }
