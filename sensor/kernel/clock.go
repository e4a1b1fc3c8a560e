package kernel

import (
	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
)

// monotonic is the clock of the records.
func monotonic() event.Time {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return event.Time(t.Nano())
}

// settle waits until every program that runs now has ended: programs count as
// readers of RCU, and a global barrier waits for those.
func settle() {
	const global = 1
	unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0)
}
