package kernel

import (
	"sync/atomic"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
)

// A ring reads the records of one CPU in place.
type ring struct {
	shared *cpuShared
	base   unsafe.Pointer // where the records begin
	mask   uint64
	cpu    uint16

	pos  uint64 // next record
	end  uint64 // published when this pass began
	next event.Time
	size uint32
	last event.Time // of the newest record that was seen

	context event.Context // that the records at pos belong to
	version uint16        // of the plans that judged them
	lost    uint64        // before the record at pos
}

// header is the fixed part of struct record.
type header struct {
	time   uint64
	size   uint32
	id     uint16
	nargs  uint8
	flags  uint8
	tid    uint32
	absent uint16
	wanted uint16
	ret    int64
}

func (r *ring) at(pos uint64) *header {
	return (*header)(unsafe.Add(r.base, pos&r.mask))
}

// bytes is the record at pos. It never wraps.
func (r *ring) bytes(pos uint64, size uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.base, pos&r.mask)), size)
}

// patience is how often a head is read again while a record is being written.
const patience = 2000

// look sees what was published so far. now was read before. It returns the time
// up to which no record can follow that is not visible yet.
func (r *ring) look(now event.Time) event.Time {
	head := atomic.LoadUint64(&r.shared.Head)
	// A record that is being written may be older than now. Once it is
	// published, whatever follows is younger.
	for began, n := head, 0; head == began && head&1 != 0; n++ {
		if n == patience {
			now = min(now, r.last)
			break
		}
		head = atomic.LoadUint64(&r.shared.Head)
	}
	r.end = head &^ 1
	if r.peek() && now < r.next {
		return r.next
	}
	return now
}

// peek moves pos over context records to the next event, if there is one.
func (r *ring) peek() bool {
	for r.pos < r.end {
		h := r.at(r.pos)
		if h.id != contextID {
			r.next, r.size = event.Time(h.time), h.size
			return true
		}
		r.context = *(*event.Context)(unsafe.Add(unsafe.Pointer(h), event.HeaderSize))
		r.version = uint16(r.context.Bits >> 16)
		r.context.Bits &= 0xffff
		r.lost += h.time
		r.pos += uint64(h.size)
	}
	r.next, r.size = 0, 0
	return false
}

// take makes the record at pos e and goes on to the next.
func (r *ring) take(e *event.Event) bool {
	raw := r.bytes(r.pos, r.size)
	ok := e.SetRaw(raw)
	e.CPU = r.cpu
	e.Context = r.context
	r.last = r.next
	r.pos += uint64(r.size)
	r.peek()
	return ok
}

// release gives the room before pos back to the programs.
func (r *ring) release() { atomic.StoreUint64(&r.shared.Tail, r.pos) }
