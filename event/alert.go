package event

import (
	"encoding/binary"
	"strconv"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

var alerts = dictionary.Decoders("alert")

// AlertSaved marks, in the word of mem_prot_alert's argument, that the memory is
// being saved. The low half of the word is the alert's code.
const AlertSaved = 1 << 32

// AlertTime is when the alert of argument i was raised, in microseconds since
// boot: it names the file that the memory is saved to. An item of 8 bytes holds
// it where it is not the event's own time.
func (e *Event) AlertTime(i int) uint64 {
	if b, _, ok := e.Item(uint8(i)); ok && len(b) >= 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return uint64(e.Time) / 1000
}

// appendSaved completes an alert's text.
func (e *Event) appendSaved(dst []byte, i int) []byte {
	if e.Word(i)&AlertSaved == 0 {
		return dst
	}
	return strconv.AppendUint(append(dst, " Saving data to bin."...), e.AlertTime(i), 10)
}
