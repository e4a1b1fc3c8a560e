package kernel

import (
	"fmt"
	"math"
	"os"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
)

// A laneRing reads the lane in place: a BPF ring buffer, mapped by hand. Its
// entries stand in the order in which they were completed, which is not quite
// that of their times.
type laneRing struct {
	control, records   []byte // mappings
	consumed, produced *uint64
	base               unsafe.Pointer
	mask               uint64

	pos   uint64      // next entry to be seen
	queue []laneEntry // seen and not taken, by time
	bound event.Time  // entries up to this time are all seen
	parts int         // entries in the queue that another continues

	lost  uint64 // entries that found no room
	state uint64 // and life-cycle entries among them
}

// A laneEntry is where an entry stands.
type laneEntry struct {
	time event.Time
	pos  uint64
}

// entryHead is struct entry of bpf/lane.h; the record follows.
type entryHead struct {
	cpu, lifecycle uint16
	dropped        uint32
	context        event.Context
}

const (
	laneBusy    = 1 << 31 // being written
	laneDiscard = 1 << 30 // given up
	laneHeader  = 8
	// laneDelay is how much older an entry may be than its place says: its time
	// is taken when the hook fires, its place when the record is complete.
	laneDelay = 1_000_000
	partsWait = 100_000_000
)

func mapLane(m *ebpf.Map) (*laneRing, error) {
	page, size := os.Getpagesize(), int(m.MaxEntries())
	control, err := unix.Mmap(m.FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("sensor: map the lane: %w", err)
	}
	records, err := unix.Mmap(m.FD(), int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		unix.Munmap(control)
		return nil, fmt.Errorf("sensor: map the lane: %w", err)
	}
	return &laneRing{
		control: control, records: records,
		consumed: (*uint64)(unsafe.Pointer(&control[0])),
		produced: (*uint64)(unsafe.Pointer(&records[0])),
		base:     unsafe.Pointer(&records[page]),
		mask:     uint64(size - 1),
		queue:    make([]laneEntry, 0, 4096),
	}, nil
}

func (l *laneRing) unmap() {
	unix.Munmap(l.control)
	unix.Munmap(l.records)
}

// look queues what was committed so far and returns the time up to which the
// lane is complete. now was read before.
func (l *laneRing) look(now event.Time) event.Time {
	end := atomic.LoadUint64(l.produced)
	for l.pos < end {
		length := atomic.LoadUint32((*uint32)(unsafe.Add(l.base, l.pos&l.mask)))
		if length&laneBusy != 0 {
			return l.bound
		}
		if length&laneDiscard == 0 {
			l.enqueue()
		}
		l.pos += (uint64(length&^laneDiscard) + laneHeader + 7) &^ 7
	}
	l.bound = max(l.bound, now-laneDelay)
	if l.parts > 0 {
		return min(l.bound, l.unfinished(now))
	}
	return l.bound
}

// unfinished is the time up to which every event in several entries is complete.
// One whose end does not come was lost, and is not waited for.
func (l *laneRing) unfinished(now event.Time) event.Time {
	l.parts = 0
	complete := event.Time(math.MaxUint64)
	for i, e := range l.queue {
		head, h := l.entry(e.pos)
		if event.Flags(h.flags)&event.FlagMore == 0 {
			continue
		}
		l.parts++
		ends := slices.ContainsFunc(l.queue[i+1:], func(next laneEntry) bool {
			other, n := l.entry(next.pos)
			return next.time == e.time && n.tid == h.tid && other.cpu == head.cpu && event.Flags(n.flags)&event.FlagMore == 0
		})
		if !ends && now < e.time+partsWait {
			complete = min(complete, e.time-1)
		}
	}
	return complete
}

func (l *laneRing) enqueue() {
	head, h := l.entry(l.pos)
	l.lost += uint64(head.dropped)
	l.state += uint64(head.lifecycle)
	e := laneEntry{time: event.Time(h.time), pos: l.pos}
	i := len(l.queue)
	for i > 0 && l.queue[i-1].time > e.time {
		i--
	}
	l.queue = slices.Insert(l.queue, i, e)
	if event.Flags(h.flags)&event.FlagMore != 0 {
		l.parts++
	}
}

func (l *laneRing) entry(pos uint64) (*entryHead, *header) {
	at := unsafe.Add(l.base, pos&l.mask+laneHeader)
	return (*entryHead)(at), (*header)(unsafe.Add(at, unsafe.Sizeof(entryHead{})))
}

func (l *laneRing) empty() bool { return len(l.queue) == 0 }

func (l *laneRing) next() event.Time { return l.queue[0].time }

// take makes the first entry e. It returns the version of the plans that judged it.
func (l *laneRing) take(e *event.Event, arena *[]byte) (version uint16) {
	head, h := l.entry(l.queue[0].pos)
	l.queue = slices.Delete(l.queue, 0, 1)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(h)), h.size)
	if event.Flags(h.flags)&event.FlagMore != 0 {
		raw = l.rest(head, h, raw, arena)
	}
	e.SetRaw(raw)
	e.CPU = head.cpu
	e.Context = head.context
	e.Context.Bits &= 0xffff
	return uint16(head.context.Bits >> 16)
}

// rest puts an entry together with those that continue it: of the same CPU,
// thread and time. If one was lost, the event is cut.
func (l *laneRing) rest(head *entryHead, h *header, raw []byte, arena *[]byte) []byte {
	whole := append((*arena)[len(*arena):], raw...)
	for i := 0; i < len(l.queue) && event.Flags(whole[15])&event.FlagMore != 0; {
		if uint64(l.queue[i].time) != h.time {
			break
		}
		nextHead, next := l.entry(l.queue[i].pos)
		if nextHead.cpu != head.cpu || next.tid != h.tid || next.id != h.id {
			i++
			continue
		}
		whole = join(whole, unsafe.Slice((*byte)(unsafe.Pointer(next)), next.size))
		l.queue = slices.Delete(l.queue, i, i+1)
	}
	if event.Flags(whole[15])&event.FlagMore != 0 {
		whole[15] = whole[15]&^byte(event.FlagMore) | byte(event.FlagCut)
	}
	*arena = whole[len(whole):]
	return whole
}

// release gives the room of the entries back that were taken.
func (l *laneRing) release() {
	pos := l.pos
	for i := range l.queue {
		pos = min(pos, l.queue[i].pos)
	}
	atomic.StoreUint64(l.consumed, pos)
}
