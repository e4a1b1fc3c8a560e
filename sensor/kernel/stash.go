package kernel

import (
	"encoding/binary"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// stash holds what entry told of calls that are under way, by thread: the object
// of a close, which is gone when the call's own record is made.
type stash map[uint32][]byte

// stashMost bounds it: the exit of a call may be lost.
const stashMost = 4096

// keep takes the record at the ring's position.
func (s *stash) keep(r *ring) {
	tid := r.at(r.pos).tid
	raw := r.skip()
	if *s == nil || len(*s) >= stashMost {
		*s = stash{}
	}
	(*s)[tid] = append((*s)[tid][:0], raw[event.HeaderSize+8*int(raw[14]):]...)
	r.peek()
}

var closeID = dictionary.Lookup("close").ID

// complete gives the record of a call the items that entry told.
func (s *stash) complete(e *event.Event, arena *[]byte) {
	if e.ID != closeID {
		return
	}
	items := (*s)[e.HostTID]
	if len(items) == 0 {
		return
	}
	whole := append((*arena)[len(*arena):], e.Raw()...)
	whole = append(whole, items...)
	binary.LittleEndian.PutUint32(whole[8:], uint32(len(whole)))
	*arena = whole[len(whole):]
	e.SetRaw(whole)
	(*s)[e.HostTID] = items[:0]
}
