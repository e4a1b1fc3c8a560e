package kernel

import (
	"structs"

	"github.com/bulwark-security/bulwark/event"
)

// What is shared with the programs, laid out as in bpf/record.h and bpf/plan.h.
// A test compares sizes and offsets with the types in the object.

const (
	slotCount   = 1024
	noSlot      = slotCount - 1
	numberCount = 1024
	atomCount   = 256
	putCount    = 4
	ringOffset  = 32768
	recordRoom  = 32768
	ringSlack   = recordRoom + 8192
	contextID   = 0xffff
	stashID     = 0xfffe
	fromRet     = 7 // in place of an argument: the return value
)

// cpuShared is struct cpu: the ring of one CPU and its counters.
type cpuShared struct {
	_          structs.HostLayout
	Head       uint64 // bit 0: a record is being written
	TailCache  uint64
	Dropped    uint64
	_          [13]uint64
	Tail       uint64
	_          [15]uint64
	Task       uint64
	Start      uint64
	Cred       uint64
	Nsproxy    uint64
	Cgroups    uint64
	Parent     uint64
	Comm       [2]uint64
	Version    uint32
	Generation uint32
	Pass       uint32
	Skip, Sent uint8
	_          [2]uint8
	Ctx        event.Context
	_          [5]uint64 // struct vector
	Generated  [slotCount]uint64
	Filtered   [slotCount]uint64
	Lost       [slotCount]uint64
}

// atom is struct atom: one test of one fact.
type atom struct {
	_                    structs.HostLayout
	Plan, Last, Negated  uint8
	Op                   uint8
	On, Sext, Shift, Tag uint8
	Offset, Doubt        uint32
	Mask, Lo, Hi         uint64
	Str, StrMask         [8]uint64
}

// The operators and subjects of an atom.
const (
	opRange uint8 = iota
	opMask
	opString
	opTail
	opPort
	opLeaf
	opBelow
)
const (
	onContext uint8 = iota
	onRecord
	onItem
)

// put is struct put: an argument that points to user memory.
type put struct {
	_                       structs.HostLayout
	Arg, Kind, Length, Most uint8
}

// The kinds of put.
const (
	putNone uint8 = iota
	putString
	putSockaddr
	putSockaddrOut
	putBuffer
	putBufferOut
	putStruct
	putStructOut
	putStringOut
	putStrings
)

// desc is struct desc: how one event is read, and who wants it.
type desc struct {
	_                 structs.HostLayout
	ID                uint16
	NArgs, Flags      uint8
	Put               [putCount]put
	Object, ObjectArg uint8
	Dir, DirFD        [2]uint8
	Plans             [2]uint16
	First, Count      [2]uint16
	Absent            uint16 // arguments that are never carried
}

// The flags of a desc.
const (
	descEntry uint8 = 1 << iota
	descChild
	descExec
	descReturn
	descItems
	descStash
	descState
	descFresh
)

// The objects of a desc.
const (
	objectNone uint8 = iota
	objectFile
	objectSocket
	objectCwd
	objectRoot
)

// shape is struct shape: which registers hold the arguments.
type shape struct {
	_                structs.HostLayout
	Low, High, Shift [6]uint8
}

const (
	shapeCount = 64
	noRegister = 7
)

// control is struct control: what may change while the programs run.
type control struct {
	_                structs.HostLayout
	Version          uint32 // bit 0: the copy of the plans in force
	Generation       uint32
	Self             uint32
	HostPidNS        uint32
	HostMntNS        uint32
	_                uint32
	Started          event.Time
	Tree             uint32
	ArmTID           uint32
	Scoped           uint32
	Orphans          uint32 // calls on a CPU that has no ring
	ProcessAtoms     [2]uint32
	AllPlans, Follow [2]uint32
	Selected         [2][numberCount / 64]uint64
	Descs            [slotCount]desc
	Atoms            [2][atomCount]atom
}

// slot numbers the events densely; noSlot is nobody's.
func slot(id event.ID) int {
	switch {
	case id < 512:
		return int(id)
	case id >= 1000 && id < 1024:
		return 512 + int(id) - 1000
	case id >= 2000 && id < 2000+noSlot-736:
		return 736 + int(id) - 2000
	case id >= 3000 && id < 3200:
		return 536 + int(id) - 3000
	}
	return noSlot
}
