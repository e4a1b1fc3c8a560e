// Package event is what happened, stated in one dictionary by whoever saw it.
//
//	var v event.Value
//	if e.Arg(1, &v) { fmt.Printf("%s\n", v.Bytes) }
//
// An Event is a fixed header and a raw record. Arguments stay in the record
// until somebody asks: decoding is lazy, per argument, and allocates nothing.
// Arguments are what user space said; the object is what the kernel really
// reached. The bytes of a Value alias the record and live as long as the batch
// that the event came in; copy the event with Clone to keep it.
package event

import (
	"bytes"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// ID is the dictionary's event number.
type ID = dictionary.ID

// Time is in nanoseconds since boot, CLOCK_MONOTONIC.
type Time uint64

// Flags of a record.
type Flags uint8

// The flags. They are also constants in sensor/kernel/bpf/record.h.
const (
	FlagCompat   Flags = 1 << iota // made through the 32-bit system call entry
	FlagEntry                      // emitted when the call began: Ret is 0 and means nothing
	FlagCut                        // an item of the payload did not fit and was cut
	FlagMismatch                   // path and object have different names: a link was followed, or the string was swapped
	FlagMore                       // continued by the next record of this thread
	FlagNested                     // came through the small ring, from interrupt context
)

// Context is who did it, as the kernel knew at that moment. Its layout is that
// of struct context in sensor/kernel/bpf/record.h.
type Context struct {
	Start                      uint64 // start of the process, ns CLOCK_MONOTONIC: with HostPID its identity
	Cgroup                     uint64 // cgroup id in the hierarchy that names containers
	HostPID, HostTID, HostPPID uint32 // in the initial pid namespace; PPID is the parent process
	PID, TID, PPID             uint32 // in the task's own pid namespace
	UID                        uint32 // real uid in the initial user namespace
	MntNS, PidNS               uint32 // inode numbers
	EUID, GID                  uint32
	Bits                       Bits   // what the kernel's tables say of the process
	Cap                        uint64 // effective capabilities
	ThreadStart                uint64 // start of the thread, ns CLOCK_MONOTONIC
	Comm, UTS                  [16]byte
}

// Bits are facts about a process that the kernel's own tables hold.
type Bits uint32

// The bits. They are also constants in sensor/kernel/bpf/record.h.
const (
	BitContainer    Bits = 1 << iota // in a container
	BitNew                           // the process was forked after the sensor started
	BitNewContainer                  // its container began after the sensor started
)

// Event is one event. The zero value is an event with id 0 and no arguments.
type Event struct {
	Time Time
	ID   ID
	CPU  uint16
	Flags
	Arch dictionary.Arch
	Ret  int64
	Context
	Process   *Process   // actors attached by watch; nil before
	Container *Container // nil: on the host, or not known
	Stack     []uint64   // user stack, when asked for
	Wanted    uint64     // a bit per plan that may want it
	raw       []byte
}

// Process is an immutable version of a process: exec, setuid, chdir, setns and
// a move between cgroups each begin a new one.
type Process struct {
	PID, PPID uint32 // host
	Start     uint64 // ns CLOCK_MONOTONIC
	Version   uint32
	Parent    *Process // the version that forked it, or the one known at the time; nil at the top
	Exe       string   // path the kernel really executed, as seen in its mount namespace
	Argv      []string
	Cwd       string
	UID, EUID uint32
	GID       uint32
	Cap       uint64
	Comm      string
	MntNS     uint32
	PidNS     uint32
	Cgroup    uint64
}

// Container is an immutable version of what is known of a container.
type Container struct {
	ID      string // 64 hex digits where the runtime uses them
	Name    string
	Image   string
	Started Time
	New     bool // created after the sensor started
}

// Text cuts a kernel name at its first NUL.
func Text(b *[16]byte) []byte {
	if i := bytes.IndexByte(b[:], 0); i >= 0 {
		return b[:i]
	}
	return b[:]
}

// Counts is one line of the account. Generated is counted by its own counter
// before any filter, and always equals the sum of the others.
type Counts struct {
	Generated uint64            `json:"generated"`
	Delivered uint64            `json:"delivered"`
	Filtered  uint64            `json:"filtered"`
	Lost      uint64            `json:"lost"`
	Pending   uint64            `json:"pending"`
	ByCause   map[string]uint64 `json:"lost_by_cause"`
}

// Account is the balance of a stream, in total and per event.
type Account struct {
	Counts
	Events map[ID]*Counts
}
