package kernel

import (
	"github.com/cilium/ebpf"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// derivedCalls is what the programs of derived events are told: which calls to
// look at, by native number and of both ABIs together, and which events to make.
type derivedCalls struct {
	exits   [familyCount][numberCount / 64]uint64
	entries [numberCount / 64]uint64
	events  [2]uint64
}

func (c *derivedCalls) add(id event.ID, w *way) {
	if !w.derived {
		return
	}
	word, bit := derivedBit(id)
	c.events[word] |= bit
	for _, name := range w.exits {
		mark(&c.exits[w.family], name)
	}
	for _, name := range w.entries {
		mark(&c.entries, name)
	}
}

// mark sets the bits of all native numbers that mean the call.
func mark(bits *[numberCount / 64]uint64, name string) {
	e := dictionary.Lookup(name)
	if e == nil {
		return
	}
	for _, compat := range []bool{false, true} {
		for number := range numberCount {
			if dictionary.Native(dictionary.Host, compat, number) == e {
				bits[number/64] |= 1 << (number % 64)
			}
		}
	}
}

// store puts it into the maps that the programs read. The order does not matter:
// a call that is looked at makes an event only if a plan selects it.
func (c *derivedCalls) store(maps map[string]*ebpf.Map) {
	for name, value := range map[string]any{
		".data.families": &c.exits,
		".data.entries":  &c.entries,
		".data.derived":  &c.events,
	} {
		if m := maps[name]; m != nil {
			m.Update(uint32(0), value, ebpf.UpdateAny)
		}
	}
}
