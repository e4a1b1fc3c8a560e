// Command burst makes an exact number of system calls from several threads:
//
//	burst -threads 4 -calls 1000000                 # getppid, as fast as it goes
//	burst -threads 2 -rate 500000 -for 30s          # paced: so many a second in all
//	burst -call open -path /etc/hostname -calls 1000
//
// It writes one line of JSON: how many calls it made and how long that took.
// The runtime of Go never makes the calls that it can be asked for except open
// and close, which are counted by their path and descriptor. With -gate it
// writes a line, and waits for one, before it begins.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

type options struct {
	threads int
	calls   int // of each thread; 0: as long as it runs
	rate    int // calls a second in all; 0: unpaced
	long    time.Duration
	call    string
	path    string
	gate    bool
	report  string
}

// report is the line that it writes.
type report struct {
	Made    uint64  `json:"made"` // calls, in all
	Seconds float64 `json:"seconds"`
	Late    bool    `json:"late"` // it could not keep the pace
}

func main() {
	var o options
	flag.IntVar(&o.threads, "threads", 1, "threads")
	flag.IntVar(&o.calls, "calls", 0, "calls of each thread")
	flag.IntVar(&o.rate, "rate", 0, "calls a second, of all threads together")
	flag.DurationVar(&o.long, "for", 0, "how long, with -rate")
	flag.StringVar(&o.call, "call", "getppid", "getppid, open (and close), close or umask")
	flag.StringVar(&o.path, "path", "/etc/hostname", "what open opens")
	flag.BoolVar(&o.gate, "gate", false, "wait for a line before it begins")
	flag.StringVar(&o.report, "report", "", "write the line to this `FILE` instead of standard output")
	flag.Parse()
	if o.gate {
		fmt.Println("ready")
		_, _ = os.Stdin.Read(make([]byte, 1))
	}
	r, err := o.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "burst:", err)
		os.Exit(1)
	}
	line, err := json.Marshal(r)
	if err == nil && o.report != "" {
		err = os.WriteFile(o.report, line, 0o644)
	} else if err == nil {
		fmt.Printf("%s\n", line)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "burst:", err)
		os.Exit(1)
	}
}

func (o options) run() (report, error) {
	one, err := o.body()
	if err != nil {
		return report{}, err
	}
	made := make([]uint64, o.threads)
	late := make([]bool, o.threads)
	var all sync.WaitGroup
	begun := time.Now()
	for i := range o.threads {
		all.Go(func() {
			runtime.LockOSThread()
			if o.rate > 0 {
				made[i], late[i] = paced(one, float64(o.rate)/float64(o.threads), o.long)
				return
			}
			for range o.calls {
				one()
			}
			made[i] = uint64(o.calls)
		})
	}
	all.Wait()
	r := report{Seconds: time.Since(begun).Seconds()}
	for i := range made {
		r.Made += made[i]
		r.Late = r.Late || late[i]
	}
	return r, nil
}

// body is one call, made without the scheduler of Go.
func (o options) body() (func(), error) {
	path, err := unix.BytePtrFromString(o.path)
	if err != nil {
		return nil, err
	}
	switch o.call {
	case "getppid":
		return func() { _, _, _ = syscall.RawSyscall(unix.SYS_GETPPID, 0, 0, 0) }, nil
	case "umask":
		return func() { _, _, _ = syscall.RawSyscall(unix.SYS_UMASK, 0o22, 0, 0) }, nil
	case "close":
		return func() { _, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, 4095, 0, 0) }, nil
	case "open":
		cwd := unix.AT_FDCWD
		return func() {
			fd, _, e := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(cwd), uintptr(unsafe.Pointer(path)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
			if e == 0 {
				_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
			}
		}, nil
	}
	return nil, fmt.Errorf("-call %s: unknown", o.call)
}

// paced makes calls at an even rate, a millisecond's worth at a time. It is
// late when it fell a tenth of a second behind.
func paced(one func(), rate float64, long time.Duration) (made uint64, late bool) {
	begun := time.Now()
	total := uint64(rate * long.Seconds())
	for made < total {
		due := min(uint64(rate*time.Since(begun).Seconds()), total)
		late = late || float64(due-made) > rate/10
		for ; made < due; made++ {
			one()
		}
		pause := unix.Timespec{Nsec: 500_000}
		_ = unix.Nanosleep(&pause, nil)
	}
	return made, late
}
