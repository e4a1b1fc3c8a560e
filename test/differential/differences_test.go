package differential

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A difference is a row of the table: what differs, why it is right that it
// does, and where the row applies.
type difference struct {
	what   string
	why    string
	covers func(*pair) bool // nil: applied where the calls are brought together
}

const failedExec = "a failed execve is two events"

const otherSpelling = "other spelling"

// spellings are names of strace, and those of the kernel's headers.
var spellings = map[string][]string{
	"FUTEX_WAKE_PRIVATE": {"FUTEX_WAKE", "FUTEX_PRIVATE_FLAG"},
	"SCHED_OTHER":        {"SCHED_NORMAL"},
}

// differences are all that bulwark and strace are allowed to see differently.
var differences = []difference{
	{
		what: failedExec,
		why:  "specified: execve is an event when it begins, with its arguments, for a success never returns to the caller; a failure is a second one",
	},
	{
		what: "calls that do not return have the return value 0",
		why:  "specified: exit, exit_group and rt_sigreturn are events when they begin; strace prints ?, or for rt_sigreturn the register of what was interrupted",
		covers: func(p *pair) bool {
			return p.arg == nil && p.event.ReturnValue == 0 && slices.Contains([]string{"exit", "exit_group", "rt_sigreturn"}, p.info.Name)
		},
	},
	{
		what: "arguments that the call does not look at",
		why:  "strace leaves them out, by the value of others (open's mode without O_CREAT, futex, prctl, fcntl, ioctl); an event always has every argument of the prototype",
		covers: func(p *pair) bool {
			return p.arg != nil && p.strace == nil
		},
	},
	{
		what: "unreadable text and vectors",
		why:  "specified: an argument behind a pointer that cannot be read is left out of the event; strace prints the pointer",
		covers: func(p *pair) bool {
			return p.strace != nil && p.strace.isNum && p.ours == nil && p.arg.Class >= dictionary.String
		},
	},
	{
		what: "what lies in buffers",
		why:  "by the declared type (void*, int*, siginfo_t*) the event has the address, and the run with registers compares it; strace prints the bytes there, also where the meaning of a number depends on another argument (prctl, keyctl). With getsockopt it is the other way round: its type is char*",
		covers: func(p *pair) bool {
			return p.strace != nil && p.ours != nil && (p.arg.Class <= dictionary.Pointer && p.arg.Struct == nil && !p.strace.isNum || p.info.Name == "getsockopt" && p.arg.Name == "optval")
		},
	},
	{
		what: "calls newer than this strace",
		why:  "strace prints their number and the registers; the event is decoded, and its numbers are compared",
		covers: func(p *pair) bool {
			return strings.HasPrefix(p.line.name, "syscall_") && (p.arg == nil || p.arg.Class >= dictionary.String || p.sameNumber())
		},
	},
	{
		what: "registers of calls without a prototype",
		why:  "the kernel has nothing behind the numbers that return ENOSYS, so the dictionary has no arguments; strace prints registers, two that sysfs(3) does not look at, and a mask of its own for rt_sigreturn and restart_syscall",
		covers: func(p *pair) bool {
			return p.arg == nil && len(p.info.Args) == 0 && p.event.ReturnValue == -int64(unix.ENOSYS) ||
				p.arg == nil && len(p.line.args) > len(p.info.Args) && slices.Contains([]string{"sysfs", "rt_sigreturn", "restart_syscall"}, p.info.Name)
		},
	},
	{
		what: "permission bits",
		why:  "strace prints them in octal; bulwark names them (S_IRUSR); the number is equal",
		covers: func(p *pair) bool {
			return p.sameNumber() && strings.HasSuffix(p.arg.Decoder, "mode") && slices.ContainsFunc(p.ours.names, func(s string) bool { return strings.HasPrefix(s, "S_I") })
		},
	},
	{
		what: "names of nothing",
		why:  "strace names a field that is 0 beside others, or a whole that is 0 (AT_STATX_SYNC_AS_STAT, MAP_FILE, KEXEC_ARCH_DEFAULT); bulwark prints the bits that are set",
		covers: func(p *pair) bool {
			return p.sameNumber() && p.differIn("AT_STATX_SYNC_AS_STAT", "MAP_FILE", "KEXEC_ARCH_DEFAULT")
		},
	},
	{
		what: "O_DIRECTORY beside O_TMPFILE",
		why:  "specified (Tracee's decoder): the one contains the other and both are printed",
		covers: func(p *pair) bool {
			return p.sameNumber() && p.differIn("O_DIRECTORY") && slices.Contains(p.ours.names, "O_TMPFILE")
		},
	},
	{
		what: "the exit signal of clone",
		why:  "specified (Tracee's decoder): it is in the number, and is no flag",
		covers: func(p *pair) bool {
			return p.sameNumber() && p.info.Name == "clone" && p.differIn("SIGCHLD")
		},
	},
	{
		what: otherSpelling,
		why:  "strace has names of its own for what the kernel's headers call otherwise: see spellings",
	},
	{
		what: "names where strace has only the number",
		why:  "bulwark decodes more; the number is equal",
		covers: func(p *pair) bool {
			return p.sameNumber() && len(p.strace.names) == 0 && len(p.ours.names) > 0
		},
	},
}

// sameNumber reports whether only the names differ.
func (p *pair) sameNumber() bool {
	if p.strace == nil || p.ours == nil || !p.strace.isNum || !p.ours.isNum {
		return false
	}
	q := *p
	q.raw = true
	return new(comparison).compare(&q) == ""
}

// differIn reports whether these names are all that one side has and the other
// has not.
func (p *pair) differIn(names ...string) bool {
	for _, sides := range [][2][]string{{p.strace.names, p.ours.names}, {p.ours.names, p.strace.names}} {
		for _, name := range sides[0] {
			if !slices.Contains(sides[1], name) && !slices.Contains(names, name) {
				return false
			}
		}
	}
	return true
}

// address prints the bytes of an IP address as bulwark does.
func address(bytes string) string {
	a, ok := netip.AddrFromSlice([]byte(bytes))
	if !ok {
		return "?"
	}
	return a.Unmap().String()
}
