package kernel

import "github.com/bulwark-security/bulwark/event/dictionary"

// slotTables translate the numbers that this architecture uses into slots, in
// its 64-bit and its 32-bit table.
func slotTables() (native, compat [numberCount]uint16) {
	for n := range numberCount {
		native[n], compat[n] = noSlot, noSlot
		if e := dictionary.Native(dictionary.Host, false, n); e != nil {
			native[n] = uint16(slot(e.ID))
		}
		if e := dictionary.Native(dictionary.Host, true, n); e != nil {
			compat[n] = uint16(slot(e.ID))
		}
	}
	return native, compat
}
