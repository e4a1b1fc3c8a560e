package kernel

import (
	"context"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/sensor"
)

// A Stream is what this host does, as it happens.
type Stream struct {
	ctx     context.Context
	options Options
	*programs
	pace pace

	// The reader's own, between calls of Next.
	rings   []*ring
	full    []*ring // those of them with records that this pass may deliver
	lane    *laneRing
	bound   event.Time // every record up to it is visible
	arena   []byte     // of records that were put together
	stash   stash
	stashes atomic.Bool // what a close closes is told at entry
	told    bool        // how things were at the start

	planMu sync.Mutex // one change of plans at a time
	hooks  *hooks     // the optional programs
	entry  bool       // the program at entry is attached
	state  bool       // so is that of the old object for credentials and namespaces

	mu       sync.Mutex // guards the following, which is read while Next runs
	tally    tally
	selected map[event.ID]bool  // ever, by a plan
	version  uint32             // of the plans in force
	started  bool               // the tree has a root
	stopped  bool               // the programs are detached: what is visible is all
	ended    bool               // and all of it was read
	failed   map[event.ID]error // selected, and no hook works
	closed   *event.Account     // what it was in the end
}

const (
	batchSize = 1024
	// readerLag covers the time between a record's time stamp and the moment when
	// the reader can see that it is being written.
	readerLag = 50_000
)

// Next fills the batch with what happened since.
func (s *Stream) Next(b *sensor.Batch) error {
	if cap(b.Events) < batchSize {
		b.Events = make([]event.Event, 0, batchSize)
	}
	s.pace.begin()
	for {
		b.Events, b.Gaps = b.Events[:0], b.Gaps[:0]
		if s.step(b) {
			return nil
		}
		if s.finished() {
			s.pace.end()
			return io.EOF
		}
		if s.ctx.Err() != nil || s.treeEnded() {
			s.Stop()
			continue
		}
		s.pace.sleep()
	}
}

// step gives the room of the last batch back and fills the next.
func (s *Stream) step(b *sensor.Batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.release()
	s.arena = s.arena[:0:0]
	if !s.told {
		s.told = true
		s.atStart(b)
	}
	s.fill(b)
	if len(b.Events) == 0 {
		s.look()
		s.fill(b)
	}
	if len(b.Events) == 0 && s.stopped && !s.ended {
		s.ended = true
		s.lastGaps(b)
	}
	return len(b.Events) > 0 || len(b.Gaps) > 0
}

// lastGaps tells what was lost after the last record of a CPU.
func (s *Stream) lastGaps(b *sensor.Batch) {
	for i, c := range s.cpus {
		if c.Dropped > 0 {
			b.Gaps = append(b.Gaps, sensor.Gap{CPU: i, Lost: c.Dropped, Cause: causeBuffer})
		}
	}
}

func (s *Stream) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// look sees what all rings have published, and up to when that is complete.
func (s *Stream) look() {
	now := monotonic() - readerLag
	bound := s.lane.look(now)
	for _, r := range s.rings {
		before := r.end
		bound = min(bound, r.look(now))
		s.pace.saw(r.end-before, s.ringMask+1)
	}
	if s.stopped {
		bound = math.MaxUint64
	}
	s.bound = bound
	s.sort()
}

// sort finds the rings that have records: most CPUs of a large host have none.
func (s *Stream) sort() {
	s.full = s.full[:0]
	for _, r := range s.rings {
		if r.size != 0 {
			s.full = append(s.full, r)
		}
	}
}

// fill merges what is complete into the batch, by time.
func (s *Stream) fill(b *sensor.Batch) {
	for len(b.Events) < batchSize {
		first, until := s.oldest()
		switch {
		case !s.lane.empty() && s.lane.next() <= until && (first == nil || s.lane.next() <= first.next):
			s.takeLane(b)
		case first == nil:
			return
		case !s.lane.empty():
			s.drain(first, min(until, s.lane.next()), b)
		default:
			s.drain(first, until, b)
		}
	}
}

// oldest is the ring with the oldest complete record, nil if there is none, and
// the time up to which it stays the oldest.
func (s *Stream) oldest() (first *ring, until event.Time) {
	until = s.bound
	for _, r := range s.full {
		switch {
		case r.size == 0:
		case first == nil:
			if r.next <= until {
				first = r
			}
		case r.next < first.next:
			first, until = r, first.next
		default:
			until = min(until, r.next)
		}
	}
	return first, until
}

// drain takes records of one ring as long as they are the oldest of all.
func (s *Stream) drain(r *ring, until event.Time, b *sensor.Batch) {
	for r.size != 0 && r.next <= until && len(b.Events) < batchSize {
		if r.lost > 0 {
			b.Gaps = append(b.Gaps, sensor.Gap{Index: len(b.Events), CPU: int(r.cpu), Lost: r.lost, Cause: causeBuffer})
			r.lost = 0
		}
		if r.at(r.pos).id == stashID {
			s.stash.keep(r)
			continue
		}
		version := r.version
		e := s.grow(b)
		r.take(e, &s.arena)
		if s.stashes.Load() {
			s.stash.complete(e, &s.arena)
		}
		s.count(e, version)
		s.tally.records++
	}
}

func (s *Stream) takeLane(b *sensor.Batch) {
	e := s.grow(b)
	version := s.lane.take(e, &s.arena)
	if s.lane.lost > 0 {
		cause := causeLane
		if s.lane.state > 0 {
			cause = causeState
		}
		b.Gaps = append(b.Gaps, sensor.Gap{Index: len(b.Events) - 1, CPU: int(e.CPU), Lost: s.lane.lost, Cause: cause})
		s.lane.lost, s.lane.state = 0, 0
	}
	s.count(e, version)
	s.tally.records++
	s.tally.lifeCycle++
}

// grow makes room for an event in the batch.
func (s *Stream) grow(b *sensor.Batch) *event.Event {
	n := len(b.Events)
	b.Events = b.Events[:n+1]
	e := &b.Events[n]
	e.Arch = dictionary.Host
	e.Process, e.Container, e.Stack = nil, nil, nil
	return e
}

// count enters the event into the account. What other plans than those in force
// wanted, any plan may want: it is decided in user space.
func (s *Stream) count(e *event.Event, version uint16) {
	if e.Wanted != 0 {
		s.tally.delivered[slot(e.ID)]++
		if version != uint16(s.version) {
			e.Wanted = math.MaxUint16
		}
	}
	if mismatched(e) {
		e.Flags |= event.FlagMismatch
	}
	if s.options.Stacks {
		e.Stack = stackOf(e)
	}
}

// release gives the room of the last batch back to the programs.
func (s *Stream) release() {
	for _, r := range s.rings {
		r.release()
	}
	s.lane.release()
}

// Stop takes the programs off. What was written by then is still delivered, and
// the events after it were never counted.
func (s *Stream) Stop() error {
	s.planMu.Lock()
	defer s.planMu.Unlock()
	if s.programs.control == nil || s.isStopped() {
		return nil
	}
	for i := range s.control.Selected {
		clear(s.control.Selected[i][:])
	}
	err := s.hooks.Close()
	s.detach()
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	return err
}

func (s *Stream) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// Close stops, counts what was not read as lost, and leaves nothing in the kernel.
func (s *Stream) Close() error {
	if err := s.Stop(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.programs.control == nil {
		return nil
	}
	s.discard()
	last := s.account()
	s.closed = &last
	s.lane.unmap()
	s.programs.close()
	return nil
}

// discard counts what was not read.
func (s *Stream) discard() {
	var b sensor.Batch
	b.Events = make([]event.Event, 0, batchSize)
	for !s.ended {
		b.Events, b.Gaps = b.Events[:0], b.Gaps[:0]
		s.release()
		s.look()
		s.fill(&b)
		for i := range b.Events {
			if e := &b.Events[i]; e.Wanted != 0 {
				s.tally.delivered[slot(e.ID)]--
				s.tally.unread[slot(e.ID)]++
			}
		}
		s.ended = len(b.Events) == 0
	}
}
