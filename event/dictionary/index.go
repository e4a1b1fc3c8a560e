package dictionary

import "fmt"

// MaxArgs is how many arguments an event may have: an item of a record with a
// smaller tag is one.
const MaxArgs = 16

// lengthLater marks an argument whose length argument is still to be found.
const lengthLater int8 = -3

// An index is the tables by every way to ask.
type index struct {
	all      []*Event
	ids      []*Event // by id, with holes
	names    map[string]*Event
	sets     map[string][]*Event
	setNames []string
	native   [2][2][]native // by architecture, 32-bit or not, number
	decoders map[string]*Decoder
	structs  map[string]*Struct
	setHelp  map[string]string
	seen     map[ID][]Sighting
}

func newIndex() *index {
	return &index{
		names: map[string]*Event{}, sets: map[string][]*Event{}, decoders: map[string]*Decoder{},
		structs: map[string]*Struct{},
		setHelp: map[string]string{}, seen: map[ID][]Sighting{},
	}
}

// enter adds a row to the maps and checks it.
func (x *index) enter(e *Event) error {
	for int(e.ID) >= len(x.ids) {
		x.ids = append(x.ids, nil)
	}
	if old := x.ids[e.ID]; old != nil {
		return fmt.Errorf("id %d: both %s and %s", e.ID, old.Name, e.Name)
	}
	x.ids[e.ID] = e
	for _, name := range append([]string{e.Name}, e.Aliases...) {
		if x.names[name] != nil {
			return fmt.Errorf("two events are called %s", name)
		}
		x.names[name] = e
	}
	for _, set := range e.Sets {
		x.sets[set] = append(x.sets[set], e)
	}
	for i := range e.Args {
		a := &e.Args[i]
		if a.Length == lengthLater {
			n := e.ArgIndex(e.lengths[0])
			if n < 0 {
				return fmt.Errorf("%s.%s: no argument %q", e.Name, a.Name, e.lengths[0])
			}
			a.Length = int8(n)
			e.lengths = e.lengths[1:]
		}
		if e.ArgIndex(a.Name) != i {
			return fmt.Errorf("%s: two arguments are called %s", e.Name, a.Name)
		}
	}
	return nil
}

// All are the events of all architectures in the order of their ids. The slice
// is the dictionary's own: do not change it.
func All() []*Event { return tables.all }

// Lookup finds an event by its name or an alias of it; nil if there is none.
func Lookup(name string) *Event { return tables.names[name] }

// ByID finds an event by its number; nil if there is none.
func ByID(id ID) *Event {
	if int(id) >= len(tables.ids) {
		return nil
	}
	return tables.ids[id]
}

// SetNames are the names of all sets, sorted.
func SetNames() []string { return tables.setNames }

// Members are the events of a set in the order of their ids; nil if there is no
// such set.
func Members(set string) []*Event { return tables.sets[set] }

// Decoders finds a decoder by name; nil if there is none.
func Decoders(name string) *Decoder { return tables.decoders[name] }

// ArgIndex is the place of an argument, -1 if the event has none of that name.
func (e *Event) ArgIndex(name string) int {
	for i := range e.Args {
		if e.Args[i].Name == name {
			return i
		}
	}
	return -1
}

// On reports whether the architecture has the event: a system call has a number
// there, in either table; the other events are not bound to one.
func (e *Event) On(arch Arch) bool {
	return e.Kind != Syscall || int(arch) < len(e.Number) && (e.Number[arch] >= 0 || e.Number32[arch] >= 0)
}
