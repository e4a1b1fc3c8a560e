package kernel

import (
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// What is shared with the programs has the same layout on both sides.
func TestLayout(t *testing.T) {
	spec, err := loadProgram()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"cpu": cpuShared{}, "control": control{}, "desc": desc{}, "atom": atom{}, "put": put{}, "shape": shape{},
		"context": event.Context{}, "entry": entryHead{},
	} {
		var c *btf.Struct
		if err := spec.Types.TypeByName(name, &c); err != nil {
			t.Errorf("struct %s: %v", name, err)
			continue
		}
		typ := reflect.TypeOf(value)
		if uint64(typ.Size()) != uint64(c.Size) {
			t.Errorf("struct %s has %d bytes, in Go %d", name, c.Size, typ.Size())
		}
		offsets := map[uint32]string{}
		for _, m := range c.Members {
			offsets[m.Offset.Bytes()] = m.Name
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Name == "_" {
				continue
			}
			if _, ok := offsets[uint32(f.Offset)]; !ok {
				t.Errorf("struct %s has nothing at %d, where Go has %s", name, f.Offset, f.Name)
			}
		}
	}
}

// Every event has a slot of its own, and every shape of a call a place.
func TestSlots(t *testing.T) {
	taken := map[int]string{}
	for _, e := range dictionary.All() {
		i := slot(e.ID)
		if i == noSlot || i < 0 || i >= slotCount {
			t.Errorf("%s (%d) has no slot", e.Name, e.ID)
		}
		if taken[i] != "" {
			t.Errorf("%s and %s share slot %d", e.Name, taken[i], i)
		}
		taken[i] = e.Name
	}
	n := number()
	shapes := 0
	for _, s := range n.shapes {
		if s != (shape{}) {
			shapes++
		}
	}
	if shapes > shapeCount-2 {
		t.Errorf("%d shapes are nearly all that there is room for", shapes)
	}
}

// No call has more arguments to read than a description has room for.
func TestDescriptions(t *testing.T) {
	for _, e := range dictionary.Members("syscalls") {
		n := 0
		args := e.Args[:min(len(e.Args), 6)]
		for i := range args {
			if putOf(args, i).Kind != putNone {
				n++
			}
		}
		if n > putCount {
			t.Errorf("%s: %d arguments point to something", e.Name, n)
		}
	}
	for name := range reach {
		if dictionary.Lookup(name) == nil && !strings.HasPrefix(name, "sig") {
			t.Errorf("the table of objects has a call %s that the dictionary has not", name)
		}
	}
}
