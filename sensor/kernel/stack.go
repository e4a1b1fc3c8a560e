package kernel

import (
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
)

// stackOf is the user stack in the event's record. Items are aligned, so it is
// read in place.
func stackOf(e *event.Event) []uint64 {
	b, _, ok := e.Item(event.TagStack)
	if !ok || len(b) < 8 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(b)/8)
}
