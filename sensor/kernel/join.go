package kernel

import (
	"encoding/binary"

	"github.com/bulwark-security/bulwark/event"
)

// An event that is longer than a record comes in several: all but the last have
// event.FlagMore, and an item that opens one goes on where the one before ended.

// join appends the record next to the event's record so far. The result is a
// record of its own, outside of the ring.
func join(dst, next []byte) []byte {
	dst[15] = dst[15]&^byte(event.FlagMore) | next[15]&byte(event.FlagMore|event.FlagCut)
	items := next[event.HeaderSize+8*int(next[14]):]
	last := lastItem(dst)
	if last >= 0 && len(items) >= event.ItemSize && items[0] == dst[last] {
		n := binary.LittleEndian.Uint32(items[4:])
		have := binary.LittleEndian.Uint32(dst[last+4:])
		dst = append(dst[:last+event.ItemSize+int(have)], items[event.ItemSize:event.ItemSize+int(n)]...)
		for len(dst)%8 != 0 {
			dst = append(dst, 0)
		}
		dst[last+1] |= items[1]
		binary.LittleEndian.PutUint32(dst[last+4:], have+n)
		items = items[min(len(items), event.ItemSize+(int(n)+7)&^7):]
	}
	dst = append(dst, items...)
	binary.LittleEndian.PutUint32(dst[8:], uint32(len(dst)))
	return dst
}

// lastItem is where the last item of a record begins, -1 if it has none.
func lastItem(record []byte) int {
	last := -1
	for at := event.HeaderSize + 8*int(record[14]); at+event.ItemSize <= len(record); {
		last = at
		at += event.ItemSize + (int(binary.LittleEndian.Uint32(record[at+4:]))+7)&^7
	}
	return last
}
