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

	pos  uint64     // next record
	end  uint64     // published when this pass began
	next event.Time // of the record at pos
	size uint32     // of the record at pos, 0: there is none
	last event.Time // of the newest record that was taken

	context event.Context // that the record at pos belongs to
	version uint16        // of the plans that judged it
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

// take makes the record at pos e and goes on to the next. arena has room for
// records that do not fit into one of the ring's.
func (r *ring) take(e *event.Event, arena *[]byte) {
	raw := r.skip()
	if event.Flags(raw[15])&event.FlagMore != 0 {
		raw = r.rest(raw, arena)
	}
	e.SetRaw(raw)
	e.CPU = r.cpu
	e.Context = r.context
	r.peek()
}

// skip moves pos behind the record there, without looking for the next.
func (r *ring) skip() []byte {
	raw := r.bytes(r.pos, r.size)
	r.last = r.next
	r.pos += uint64(r.size)
	return raw
}

// rest puts a record together with those that continue it: they were published
// at once.
func (r *ring) rest(raw []byte, arena *[]byte) []byte {
	whole := append((*arena)[len(*arena):], raw...)
	for event.Flags(whole[15])&event.FlagMore != 0 && r.pos < r.end {
		h := r.at(r.pos)
		whole = join(whole, r.bytes(r.pos, h.size))
		r.pos += uint64(h.size)
	}
	*arena = whole[len(whole):]
	return whole
}

// release gives the room before pos back to the programs.
func (r *ring) release() { atomic.StoreUint64(&r.shared.Tail, r.pos) }
