package kernel

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// pace is how the reader shares the CPUs with those whom it watches: it is never
// woken, sleeps longer when little happens and shorter as the rings fill, and
// when it does run it goes first, if that is permitted.
type pace struct {
	pause  time.Duration
	most   float64 // how full a ring became since the last sleep
	raised bool
	nice   int
}

const (
	shortPause = time.Millisecond
	longPause  = 16 * time.Millisecond
	// A ring shall fill between these parts of it while the reader sleeps.
	fillLittle = 1.0 / 64
	fillMuch   = 1.0 / 16
	readerNice = -15
)

// begin is called before each batch. The first time it binds the goroutine to
// its thread and raises that.
func (p *pace) begin() {
	if p.raised {
		return
	}
	p.raised = true
	p.pause = shortPause
	runtime.LockOSThread()
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err == nil {
		p.nice = 20 - nice // the system call's answer is 20 less the value
	}
	unix.Setpriority(unix.PRIO_PROCESS, 0, readerNice) // refused without CAP_SYS_NICE
}

// end undoes begin, on the same goroutine.
func (p *pace) end() {
	if p.raised {
		p.raised = false
		unix.Setpriority(unix.PRIO_PROCESS, 0, p.nice)
		runtime.UnlockOSThread()
	}
}

// saw is told how much a ring of that size has got since it was looked at last.
func (p *pace) saw(bytes, size uint64) { p.most = max(p.most, float64(bytes)/float64(size)) }

func (p *pace) sleep() {
	switch {
	case p.most > fillMuch:
		p.pause = max(p.pause/2, shortPause)
	case p.most < fillLittle:
		p.pause = min(p.pause*3/2, longPause)
	}
	p.most = 0
	// Not time.Sleep: it would hand a bound thread's work to another and back.
	t := unix.NsecToTimespec(int64(p.pause))
	unix.Nanosleep(&t, nil)
}
