package kernel

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
)

// A laneRing reads the lane in place: a BPF ring buffer, mapped by hand.
type laneRing struct {
	control, records []byte // mappings
	consumed         *uint64
	produced         *uint64
	base             unsafe.Pointer
	mask             uint64

	pos   uint64      // next entry to be seen
	queue []laneEntry // seen, not taken, by time
	next  event.Time  // of the first in the queue
	bound event.Time
	size  int // entries in the queue from its begin
	lost  uint64
	state uint64 // life-cycle entries among the lost
}

// A laneEntry is where an entry stands.
type laneEntry struct {
	time event.Time
	pos  uint64
	head *entryHead
}

// entryHead is struct entry of bpf/lane.h, before the record.
type entryHead struct {
	cpu, lifecycle uint16
	dropped        uint32
	context        event.Context
}

const (
	laneBusy    = 1 << 31
	laneDiscard = 1 << 30
	laneHeader  = 8
)

// laneDelay is how much older an entry may be than its place says: its time is
// taken when the hook fires, its place when the record is complete.
const laneDelay = 1_000_000

func mapLane(m *ebpf.Map) (*laneRing, error) {
	page := os.Getpagesize()
	size := int(m.MaxEntries())
	control, err := unix.Mmap(m.FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("lane: map its consumer page: %w", err)
	}
	records, err := unix.Mmap(m.FD(), int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		unix.Munmap(control)
		return nil, fmt.Errorf("lane: map its records: %w", err)
	}
	return &laneRing{
		control: control, records: records,
		consumed: (*uint64)(unsafe.Pointer(&control[0])),
		produced: (*uint64)(unsafe.Pointer(&records[0])),
		base:     unsafe.Pointer(&records[page]),
		mask:     uint64(size - 1),
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
		at := unsafe.Add(l.base, l.pos&l.mask)
		length := atomic.LoadUint32((*uint32)(at))
		if length&laneBusy != 0 {
			return l.bound
		}
		size := length &^ laneDiscard
		if length&laneDiscard == 0 {
			l.enqueue(unsafe.Add(at, laneHeader))
		}
		l.pos += (uint64(size) + laneHeader + 7) &^ 7
	}
	l.bound = max(l.bound, now-laneDelay)
	return l.bound
}

func (l *laneRing) enqueue(at unsafe.Pointer) {
	head := (*entryHead)(at)
	h := (*header)(unsafe.Add(at, unsafe.Sizeof(entryHead{})))
	e := laneEntry{time: event.Time(h.time), pos: l.pos, head: head}
	i := len(l.queue)
	for i > 0 && l.queue[i-1].time > e.time {
		i--
	}
	l.queue = slices.Insert(l.queue, i, e)
	l.next = l.queue[0].time
}

// take makes the first entry e.
func (l *laneRing) take(e *event.Event) bool {
	first := l.queue[0]
	h := (*header)(unsafe.Add(unsafe.Pointer(first.head), unsafe.Sizeof(entryHead{})))
	ok := e.SetRaw(unsafe.Slice((*byte)(unsafe.Pointer(h)), h.size))
	e.CPU = first.head.cpu
	e.Context = first.head.context
	l.lost += uint64(first.head.dropped)
	l.state += uint64(first.head.lifecycle)
	l.queue = slices.Delete(l.queue, 0, 1)
	if len(l.queue) > 0 {
		l.next = l.queue[0].time
	}
	return ok
}

// release gives the room of all entries back that were taken.
func (l *laneRing) release() {
	pos := l.pos
	for i := range l.queue {
		pos = min(pos, l.queue[i].pos)
	}
	atomic.StoreUint64(l.consumed, pos)
}
