package kernel

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// compiler lays plans out as the programs test them.
type compiler struct{ atoms []atom }

// clauses appends the clauses of one plan. One that the programs cannot test is
// left out: what it would have rejected is rejected in user space.
func (c *compiler) clauses(plan int, clauses []filter.Clause, e *dictionary.Event) {
next:
	for _, clause := range clauses {
		begin := len(c.atoms)
		for _, a := range clause {
			low, ok := compileAtom(a, e)
			if !ok || len(c.atoms) == atomCount {
				c.atoms = c.atoms[:begin]
				continue next
			}
			low.Plan = uint8(plan)
			if a.Not {
				low.Negated = 1
			}
			c.atoms = append(c.atoms, low)
		}
		if n := len(c.atoms); n > begin {
			c.atoms[n-1].Last = 1
		}
	}
}

// compileAtom says how the programs test one fact, exactly.
func compileAtom(a filter.Atom, e *dictionary.Event) (atom, bool) {
	switch {
	case a.Fact == filter.FactComm:
		return nameAtom(a, unsafe.Offsetof(event.Context{}.Comm))
	case a.Fact == filter.FactUTS:
		return nameAtom(a, unsafe.Offsetof(event.Context{}.UTS))
	case a.Fact.Process():
		return contextAtom(a)
	case a.Fact == filter.FactRet:
		w := word(a, onRecord, unsafe.Offsetof(header{}.ret), 64)
		w.Tag, w.Sext = 0xff, 8
		return w, true
	case (a.Fact == filter.FactObjectPath || a.Fact == filter.FactObject) && e != nil && e.ID == closeID:
		return atom{}, false // its object is put to the record in user space
	case a.Fact == filter.FactObjectPath:
		return pathAtom(a)
	case a.Fact == filter.FactObject:
		return objectAtom(a)
	case e == nil || int(a.Arg) >= len(e.Args):
		return atom{}, false
	case a.Fact == filter.FactArg:
		return argAtom(a, &e.Args[a.Arg])
	case a.Fact == filter.FactPort:
		return atom{Op: opPort, On: onItem, Tag: a.Arg, Lo: a.Lo, Hi: a.Hi}, a.Op == filter.OpRange
	case a.Fact == filter.FactArgString:
		return argTextAtom(a, e.Args[a.Arg].Kernel)
	}
	return atom{}, false
}

// word is the test of a number of that many bits.
func word(a filter.Atom, on uint8, offset uintptr, bits int) atom {
	w := atom{Op: opRange, On: on, Offset: uint32(offset), Mask: 1<<bits - 1, Lo: a.Lo, Hi: a.Hi}
	if bits == 64 {
		w.Mask = ^uint64(0)
	}
	if a.Op == filter.OpMask {
		w.Op = opMask
	}
	return w
}

func contextAtom(a filter.Atom) (atom, bool) {
	var c event.Context
	offset, bits := unsafe.Offsetof(c.Bits), 32
	switch a.Fact {
	case filter.FactUID:
		offset = unsafe.Offsetof(c.UID)
	case filter.FactPID:
		offset = unsafe.Offsetof(c.HostPID)
	case filter.FactMntNS:
		offset = unsafe.Offsetof(c.MntNS)
	case filter.FactPidNS:
		offset = unsafe.Offsetof(c.PidNS)
	case filter.FactCgroup:
		offset, bits = unsafe.Offsetof(c.Cgroup), 64
	case filter.FactContainer, filter.FactNew, filter.FactNewContainer:
		bits = 1
	}
	w := word(a, onContext, offset, bits)
	switch a.Fact {
	case filter.FactNew:
		w.Shift = 1
	case filter.FactNewContainer:
		w.Shift = 2
	}
	return w, a.Op == filter.OpRange || a.Op == filter.OpMask
}

func argAtom(a filter.Atom, arg *dictionary.Arg) (atom, bool) {
	bits := 64
	if arg.Class == dictionary.Int || arg.Class == dictionary.Uint {
		bits = 32
	}
	w := word(a, onRecord, event.HeaderSize+8*uintptr(a.Arg), bits)
	w.Tag = a.Arg
	switch {
	case arg.Class == dictionary.Int:
		w.Sext = 4
	case a.Signed:
		w.Sext = 8
	}
	return w, a.Op == filter.OpRange || a.Op == filter.OpMask
}

// objectNumbers are where the facts of a file or a socket stand in their items.
var objectNumbers = map[event.Field]struct {
	tag    uint8
	offset uintptr
	bits   int
}{
	event.FieldDev:      {event.TagFile, unsafe.Offsetof(event.File{}.Dev), 32},
	event.FieldMode:     {event.TagFile, unsafe.Offsetof(event.File{}.Mode), 32},
	event.FieldUID:      {event.TagFile, unsafe.Offsetof(event.File{}.UID), 32},
	event.FieldGID:      {event.TagFile, unsafe.Offsetof(event.File{}.GID), 32},
	event.FieldFlags:    {event.TagFile, unsafe.Offsetof(event.File{}.Flags), 32},
	event.FieldFSType:   {event.TagFile, unsafe.Offsetof(event.File{}.SBMagic), 32},
	event.FieldFamily:   {event.TagSocket, unsafe.Offsetof(event.Socket{}.Family), 16},
	event.FieldSockType: {event.TagSocket, unsafe.Offsetof(event.Socket{}.Type), 16},
	event.FieldProtocol: {event.TagSocket, unsafe.Offsetof(event.Socket{}.Protocol), 16},
	event.FieldState:    {event.TagSocket, unsafe.Offsetof(event.Socket{}.State), 16},
}

func objectAtom(a filter.Atom) (atom, bool) {
	n, ok := objectNumbers[event.Field(a.Arg)]
	if !ok || a.Op != filter.OpRange && a.Op != filter.OpMask {
		return atom{}, false
	}
	w := word(a, onItem, n.offset, n.bits)
	w.Tag = n.tag
	return w, true
}

// nameAtom is the test of 16 bytes of the context.
func nameAtom(a filter.Atom, offset uintptr) (atom, bool) {
	w := atom{Op: opString, On: onContext, Offset: uint32(offset)}
	n := len(a.Str)
	if n > 15 {
		return w, false
	}
	switch a.Op {
	case filter.OpString:
		n = 16 // and zeroes after it
	case filter.OpPrefix:
	default:
		return w, false
	}
	w.compare(0, a.Str, n)
	return w, true
}

// compare makes bytes at..at+n of the atom's string those of text, zero padded.
func (w *atom) compare(at int, text string, n int) {
	str := (*[64]byte)(unsafe.Pointer(&w.Str))
	mask := (*[64]byte)(unsafe.Pointer(&w.StrMask))
	for i := range n {
		if i < len(text) {
			str[at+i] = text[i]
		}
		mask[at+i] = 0xff
	}
}

// argTextAtom is the test of an argument that is a text: what user space said,
// or the path of the object, and where that is missing, user space must decide.
func argTextAtom(a filter.Atom, kernel dictionary.Kernel) (atom, bool) {
	switch kernel {
	case dictionary.KernelNothing:
		return textAtom(a)
	case dictionary.KernelPath:
		w, ok := pathAtom(a)
		w.Doubt = 1
		return w, ok
	}
	return atom{}, false
}

const anyLength = 1 << 20

// textAtom is the test of a string in user memory.
func textAtom(a filter.Atom) (atom, bool) {
	n := len(a.Str)
	w := atom{Op: opString, On: onItem, Tag: a.Arg, Lo: uint64(n), Hi: anyLength}
	if n > 64 {
		return w, false
	}
	switch a.Op {
	case filter.OpString:
		w.Hi = w.Lo
		w.compare(0, a.Str, n)
	case filter.OpPrefix:
		w.compare(0, a.Str, n)
	case filter.OpSuffix:
		w.Op = opTail
		w.compare(64-n, a.Str, n)
	default:
		return w, false
	}
	return w, true
}

// pathAtom is the test of a path, whose names stand in the record leaf first.
func pathAtom(a filter.Atom) (atom, bool) {
	w := atom{On: onItem, Tag: event.TagPath, Hi: anyLength}
	switch a.Op {
	case filter.OpString:
		return w.wholePath(a.Str)
	case filter.OpPrefix:
		return w.belowPath(a.Str, a.Not)
	case filter.OpSuffix:
		return w.leafOf(a.Str, a.Not)
	}
	return w, false
}

func (w *atom) wholePath(path string) (atom, bool) {
	if !strings.HasPrefix(path, "/") {
		return *w, false
	}
	names := reversed(path[1:])
	w.Op, w.Lo, w.Hi = opString, uint64(len(names)), uint64(len(names))
	w.compare(0, names, min(len(names), 64))
	return *w, len(names) <= 64
}

// belowPath tests the directories of a prefix at the end of the names, and what
// is left of it at the begin of the name before them.
func (w *atom) belowPath(prefix string, exactly bool) (atom, bool) {
	if !strings.HasPrefix(prefix, "/") {
		return *w, false
	}
	slash := strings.LastIndexByte(prefix, '/')
	directory, name := "\x00", prefix[slash+1:]
	if slash > 0 {
		directory += reversed(prefix[1:slash])
	}
	if exactly && (len(directory) > 32 || len(name) > 32) {
		return *w, false
	}
	w.Op, w.Offset, w.Lo = opBelow, uint32(len(directory)), uint64(len(directory))
	tail := directory[max(0, len(directory)-32):]
	w.compare(64-len(tail), tail, len(tail))
	w.compare(0, name, min(len(name), 32))
	return *w, true
}

// leafOf tests the end of the first name; of a suffix that goes over more than
// one name, that the path's first is the suffix's last.
func (w *atom) leafOf(suffix string, exactly bool) (atom, bool) {
	slash := strings.LastIndexByte(suffix, '/')
	if slash < 0 {
		w.Op, w.Lo = opLeaf, uint64(len(suffix)+1)
		w.compare(64-len(suffix), suffix, len(suffix))
		return *w, len(suffix) <= 64
	}
	name := suffix[slash+1:] + "\x00"
	w.Op, w.Lo = opString, uint64(len(name))
	w.compare(0, name, len(name))
	return *w, !exactly && len(name) <= 64
}

// reversed is a path without its first slash, its names in the record's order.
func reversed(path string) string {
	if path == "" {
		return ""
	}
	names := strings.Split(path, "/")
	slices.Reverse(names)
	return strings.Join(names, "\x00") + "\x00"
}
