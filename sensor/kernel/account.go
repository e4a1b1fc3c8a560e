package kernel

import (
	"sync/atomic"

	"github.com/bulwark-security/bulwark/event"
)

// The causes of loss.
const (
	causeBuffer = "buffer" // the ring of a CPU was full
	causeLane   = "lane"   // the ring of rare events was full
	causeState  = "state"  // and life-cycle events are among them: tables must be taken anew
	causeUnread = "unread" // the stream was closed before they were read
	causeNested = "nested" // the kernel does not run a program that runs on the same CPU already
	causeCPU    = "cpu"    // made on a CPU that was plugged in after the start
)

// tally counts what the reader did, by slot.
type tally struct {
	delivered, unread  [slotCount]uint64
	records, lifeCycle uint64 // that crossed, in the rings and in the lane
}

// Account is the balance so far: of every event that a plan selected since the
// stream was opened. Generated, filtered and lost are counted by the programs,
// each on its own; delivered by the reader.
func (s *Stream) Account() event.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return *s.closed
	}
	return s.account()
}

func (s *Stream) account() event.Account {
	a := event.Account{Events: map[event.ID]*event.Counts{}}
	a.ByCause = map[string]uint64{}
	missed := s.hooks.missed()
	for id := range s.selected {
		c := s.counts(slot(id))
		if n := missed[id]; n > 0 {
			c.Generated += n
			c.Lost += n
			c.ByCause[causeNested] = n
		}
		a.Events[id] = c
		a.Generated += c.Generated
		a.Delivered += c.Delivered
		a.Filtered += c.Filtered
		a.Lost += c.Lost
		a.Pending += c.Pending
		for cause, n := range c.ByCause {
			a.ByCause[cause] += n
		}
	}
	if n := uint64(atomic.LoadUint32(&s.control.Orphans)); n > 0 {
		a.Generated += n
		a.Lost += n
		a.ByCause[causeCPU] = n
	}
	return a
}

func (s *Stream) counts(i int) *event.Counts {
	c := &event.Counts{ByCause: map[string]uint64{}}
	// The programs go on meanwhile: what was generated is read last, so that it
	// is never less than what became of it.
	var filtered, lost uint64
	for _, cpu := range s.cpus {
		filtered += atomic.LoadUint64(&cpu.Filtered[i])
		lost += atomic.LoadUint64(&cpu.Lost[i])
	}
	for _, cpu := range s.cpus {
		c.Generated += atomic.LoadUint64(&cpu.Generated[i])
	}
	c.Delivered = s.tally.delivered[i]
	c.Filtered = filtered
	if lost > 0 {
		cause := causeBuffer
		if laneSlot(i) {
			cause = causeLane
		}
		c.ByCause[cause] = lost
	}
	if n := s.tally.unread[i]; n > 0 {
		c.ByCause[causeUnread] = n
	}
	c.Lost = lost + s.tally.unread[i]
	if !s.ended {
		c.Pending = c.Generated - c.Delivered - c.Filtered - c.Lost
	}
	return c
}

// laneSlot reports whether the slot's event comes through the lane.
func laneSlot(i int) bool { return i >= slot(eventSysExit)+1 && i < slot(2000) }

// Crossed is how many records came from the kernel, and how many of them through
// the lane, which carries life-cycle events whatever the plans say.
func (s *Stream) Crossed() (records, lifeCycle uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tally.records, s.tally.lifeCycle
}
