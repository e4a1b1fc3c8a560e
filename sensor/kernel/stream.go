package kernel

import (
	"context"
	"io"
	"math"
	"sync"
	"time"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor"
)

// Sensor opens streams of this host's events.
type Sensor struct{ options Options }

// New is a sensor with these options.
func New(o Options) *Sensor { return &Sensor{o} }

// Open loads and attaches the programs. Events are counted from its return on.
func (s *Sensor) Open(ctx context.Context, plans []filter.Plan) (sensor.Stream, error) {
	h := chooseHierarchy()
	p, err := load(s.options, h)
	if err != nil {
		return nil, err
	}
	p.learnHost(s.options.IncludeSelf)
	st := &Stream{ctx: ctx, options: s.options, programs: p, epoch: 0}
	for i, c := range p.cpus {
		st.rings = append(st.rings, &ring{
			shared: c, base: unsafe.Add(unsafe.Pointer(c), ringOffset), mask: p.ringMask, cpu: uint16(i),
		})
	}
	if err := st.SetPlans(plans); err != nil {
		p.close()
		return nil, err
	}
	if err := p.attach("sys_exit"); err != nil {
		p.close()
		return nil, err
	}
	return st, nil
}

// A Stream is what this host does, as it happens.
type Stream struct {
	ctx     context.Context
	options Options
	*programs
	rings []*ring
	lane  *laneRing
	timer *time.Timer

	bound event.Time // every record up to it is visible
	done  bool       // the programs are detached: what is visible is all

	mu        sync.Mutex // guards what Account reads while Next runs
	delivered [slotCount]uint64
	rejected  [slotCount]uint64
	selected  map[event.ID]bool // ever, by a plan
	epoch     uint16            // of the plans in force
}

const batchSize = 1024

// readerLag covers the time between taking a record's time stamp and its being
// marked as under way for the reader to see.
const readerLag = 50_000

// Next fills the batch.
func (s *Stream) Next(b *sensor.Batch) error {
	if cap(b.Events) < batchSize {
		b.Events = make([]event.Event, batchSize)
	}
	s.release()
	pause := shortPause
	for {
		b.Events, b.Gaps = b.Events[:0], b.Gaps[:0]
		s.mu.Lock()
		s.fill(b)
		if len(b.Events) == 0 {
			s.look()
			s.fill(b)
		}
		s.mu.Unlock()
		if len(b.Events) > 0 {
			return nil
		}
		if s.done {
			return io.EOF
		}
		if s.ctx.Err() != nil {
			s.stop()
			continue
		}
		s.sleep(pause)
		pause = min(pause*2, longPause)
	}
}

const (
	shortPause = time.Millisecond
	longPause  = 16 * time.Millisecond
)

func (s *Stream) sleep(d time.Duration) {
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	select {
	case <-s.timer.C:
	case <-s.ctx.Done():
		s.timer.Stop()
	}
}

// look sees what all rings have published, and up to when that is complete.
func (s *Stream) look() {
	now := monotonic() - readerLag
	bound := now
	for _, r := range s.rings {
		bound = min(bound, r.look(now))
	}
	if s.done {
		bound = math.MaxUint64
	}
	s.bound = bound
}

// fill merges what is complete into the batch, by time.
func (s *Stream) fill(b *sensor.Batch) {
	for len(b.Events) < batchSize {
		var first *ring
		until := s.bound
		for _, r := range s.rings {
			switch {
			case r.size == 0:
			case first == nil && r.next <= until:
				first = r
			case first != nil && r.next < first.next:
				until = first.next
				first = r
			default:
				until = min(until, r.next)
			}
		}
		if first == nil {
			return
		}
		s.drain(first, until, b)
	}
}

// drain takes records of one ring as long as they are the oldest of all.
func (s *Stream) drain(r *ring, until event.Time, b *sensor.Batch) {
	for r.size != 0 && r.next <= until && len(b.Events) < batchSize {
		if r.lost > 0 {
			b.Gaps = append(b.Gaps, sensor.Gap{Index: len(b.Events), CPU: int(r.cpu), Lost: r.lost, Cause: "buffer"})
			r.lost = 0
		}
		n := len(b.Events)
		b.Events = b.Events[:n+1]
		e := &b.Events[n]
		r.take(e)
		e.Arch = dictionary.Host
		e.Process, e.Container, e.Stack = nil, nil, nil
		s.delivered[slot(e.ID)]++
	}
}

// release gives the programs the room of the last batch back.
func (s *Stream) release() {
	for _, r := range s.rings {
		r.release()
	}
}

// stop ends the stream: what was written by now is still delivered.
func (s *Stream) stop() {
	if s.done {
		return
	}
	for i := range s.control.Selected {
		clear(s.control.Selected[i][:])
	}
	s.detach()
	s.done = true
}

// Close ends the stream and takes everything out of the kernel.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.programs.close()
	return nil
}

// Filtered says that consumers rejected n events of that id above the kernel.
func (s *Stream) Filtered(id event.ID, n uint64) {
	s.mu.Lock()
	s.rejected[slot(id)] += n
	s.mu.Unlock()
}

// Account is the balance so far.
func (s *Stream) Account() event.Account { return event.Account{} }

// SetPlans replaces the plans, atomically.
func (s *Stream) SetPlans(plans []filter.Plan) error {
	for i, p := range plans {
		for _, id := range p.Events {
			e := dictionary.ByID(id)
			if e == nil || e.Kind != dictionary.Syscall {
				continue
			}
			d := &s.control.Descs[slot(id)]
			if d.ID == 0 {
				*d = describe(e, s.options)
			}
			d.Plans[0] |= 1 << i
			d.Plans[1] |= 1 << i
			if n := e.Number[dictionary.Host]; n >= 0 {
				s.control.Selected[0][n/64] |= 1 << (n % 64)
			}
		}
	}
	s.control.AllPlans = [2]uint32{1, 1}
	return nil
}
