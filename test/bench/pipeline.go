package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/encode"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/tracee"
	"github.com/bulwark-security/bulwark/test/bench/stream"
)

// terms are the filter of the measurement: several terms, which most events of
// the stream pass, so that each is really asked.
var terms = []string{"uid<65000", "comm!=sshd,cron,systemd", "uts!=elsewhere", "s=syscalls,default", "openat.pathname!=/proc/self/maps,/nonexistent*", "close.fd!=900"}

// A stage is a part of the pipeline that is timed.
type stage struct {
	name   string
	least  float64 // events a second that the issue asks for, 0: none
	rate   float64
	allocs float64
	bytes  float64 // printed, for one event
}

// pipeline are the figures.
type pipeline struct {
	events, kinds int
	matched       int
	stages        []stage
}

// measurePipeline times decoding the header, filter and printers over the mixed
// stream, on one core.
func measurePipeline(file string) (*pipeline, error) {
	events, err := stream.Load(file)
	if err != nil {
		return nil, err
	}
	expr, err := tracee.Parse(terms, tracee.Options{})
	if err != nil {
		return nil, err
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		return nil, err
	}
	p := &pipeline{events: len(events)}
	kinds := map[event.ID]bool{}
	for i := range events {
		kinds[events[i].ID] = true
		if program.Match(&events[i]) {
			p.matched++
		}
	}
	p.kinds = len(kinds)
	p.stages = []stage{
		timeStage("decode + filter", 1_000_000, events, program, nil),
		timeStage("decode + filter + JSON", 700_000, events, program, printer(encode.JSON)),
		timeStage("decode + filter + table", 0, events, program, printer(encode.Table)),
	}
	return p, nil
}

func printer(f encode.Format) encode.Printer {
	p, err := encode.New(encode.Config{Format: f}, encode.Env{})
	if err != nil {
		panic(err) // both formats have a printer
	}
	return p
}

// Each stage is timed several times, and the fastest counts, for the same reason
// as in costs. Time is that of the thread on a processor: other programs may be
// at work.
const (
	repeats = 7
	most    = 400_000 // events at a time
)

// timeStage runs events through the stages again and again. Every event is
// printed, also those that the filter rejects: rates count events that went
// through all of it.
func timeStage(name string, least float64, events []event.Event, program *filter.Program, p encode.Printer) stage {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var e event.Event
	var printed, bytes, passed int
	buf := make([]byte, 0, 1<<20)
	next := func(i int) {
		source := &events[i%len(events)]
		e.SetRaw(source.Raw())
		e.Arch, e.Context, e.Process, e.Container = source.Arch, source.Context, source.Process, source.Container
		if program.Match(&e) {
			passed++
		}
		if p == nil {
			return
		}
		buf, _ = p.Append(buf, &e) // only templates fail
		printed++
		if len(buf) > 1<<20-1<<16 {
			bytes += len(buf)
			buf = buf[:0]
		}
	}
	s := stage{name: name, least: least}
	for range repeats {
		begun := processorTime()
		for i := range most {
			next(i)
		}
		s.rate = max(s.rate, most/(processorTime()-begun).Seconds())
	}
	if passed == 0 {
		panic("bench: the filter passes nothing") // its work would not be measured
	}
	i := 0
	s.allocs = testing.AllocsPerRun(len(events), func() { next(i); i++ })
	if printed > 0 {
		s.bytes = float64(bytes+len(buf)) / float64(printed)
	}
	return s
}

// processorTime is how long this thread has run.
func processorTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (p *pipeline) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## How fast events go through\n\nOne core, the committed mixed stream (%d events of %d kinds, of which the filter passes %d; every event is printed), filter `--trace %s`.\n\n",
		p.events, p.kinds, p.matched, strings.Join(terms, " --trace "))
	b.WriteString("| | events/s | allocations an event | bytes an event | asked for |\n|---|---|---|---|---|\n")
	for _, s := range p.stages {
		asked := ""
		if s.least > 0 {
			asked = fmt.Sprintf("%.0f, ", s.least)
			if s.rate >= s.least && s.allocs == 0 {
				asked += "yes"
			} else {
				asked += "NO"
			}
		}
		fmt.Fprintf(&b, "| %s | %.0f | %.2g | %.0f | %s |\n", s.name, s.rate, s.allocs, s.bytes, asked)
	}
	b.WriteString("\n")
	return b.String()
}
