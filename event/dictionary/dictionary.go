// Package dictionary is the single source of truth about events: their names,
// numbers, sets, arguments and how each argument is read and printed.
//
//	e := dictionary.Lookup("openat")
//	fmt.Println(e.ID, e.Sets, e.Args[1].Name) // 257 [default syscalls fs fs_file_ops] pathname
//
// The facts live in small text files embedded beside this one, a family each;
// everything else (list, decoders, filter fields, reference docs, the table of
// argument types in the kernel) is derived from them. The package imports
// nothing of bulwark and its tables never change after start, so everything
// here is safe for concurrent use.
package dictionary

// ID numbers an event, the same on every architecture: a system call has
// x86-64's number, or one from 2000 on where x86-64 has none; 1000 to 1010 keep
// their meaning of Tracee in 2021; bulwark's own start at 3000. Ids are
// append-only.
type ID uint16

// Arch is an instruction set whose system call numbers and flag values differ.
type Arch uint8

// The architectures of the tables.
const (
	AMD64 Arch = iota
	ARM64
)

// Class says how an argument travels in a record and what its raw value is.
type Class uint8

// The classes. Word classes live in the argument's 8-byte word; the others in
// an item of the payload (see event.Record).
const (
	Int      Class = iota // signed 32-bit
	Uint                  // unsigned 32-bit
	Long                  // signed 64-bit
	Ulong                 // unsigned 64-bit (size_t, off_t, u64 too)
	Pointer               // printed as 0x and upper-case hex
	String                // NUL-terminated user string, kept without the NUL
	Strings               // vector of strings, each kept with its NUL
	Sockaddr              // struct sockaddr as in memory
	Bytes                 // opaque bytes, printed as hex
	Cred                  // slim_cred_t: see event.Cred
)

// Kind separates system calls from everything else.
type Kind uint8

// The kinds of event.
const (
	Syscall Kind = iota
	Other
)

// Arg is one argument of an event.
type Arg struct {
	Name string
	Type string // declared C type, printed in JSON
	Class
	Decoder string   // name of the value decoder ("open_flags", …), "" for none
	Choices []Choice // the decoders that apply, the first that does wins
	Decoded bool     // the default output decodes it: as Tracee did in 2021, and in events that are new since
	FD      bool     // a file descriptor: resolved to a path on request
	Out     bool     // filled by the kernel: read at exit only
	// Length says where the number of bytes behind a pointer stands: an
	// argument's index, LengthRet for the return value, or LengthNone.
	Length int8
	// Struct is the layout of what a pointer leads to, nil where it is not read.
	Struct *Struct
	// Kernel says that the argument is what the kernel reached, not what user
	// space said: it is read from an item of the object.
	Kernel Kernel
}

// Kernel names the fact of the object that an argument is.
type Kernel uint8

// The facts that are arguments of some events.
const (
	KernelNothing Kernel = iota
	KernelPath           // path of the object
	KernelPath2          // second path
	KernelExe            // executed file
	KernelArgv           // arguments of the new program
	KernelEnv            // its environment
)

// Values of Arg.Length that are no argument.
const (
	LengthNone int8 = -1
	LengthRet  int8 = -2
)

// A Choice is a decoder that holds while another argument has one of some
// values: what setsockopt's optname means depends on its level.
type Choice struct {
	*Decoder
	When   int8 // index of that argument, -1: always
	Values []uint64
}

// Event is one row of the dictionary.
type Event struct {
	ID
	Name      string
	Kind      Kind
	Sets      []string
	Args      []Arg
	Hook      string // "syscall", or the hooks that can carry it, best first: "tp:sched_process_fork", "lsm:file_open fentry:…"
	Help      string // one sentence
	Aliases   []string
	LifeCycle bool // state depends on it: it crosses whatever the filters say
	// Number is the native system call number by architecture, -1 where there is none.
	Number [2]int
	// Number32 is the number in the 32-bit table (i386, arm EABI), -1 where there is none.
	Number32 [2]int
	// Origin is where this row comes from: "2021-01", "added", "later", "bulwark".
	Origin string

	lengths []string // names of length arguments, while loading
}
