package kernel

import (
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A way is how an event can be had: through one of the hooks of its row.
type way struct {
	hook     string   // as in the dictionary: "fentry:security_file_open"
	programs []string // of the object; all of them must be attached
	also     []string // attached where the kernel takes them
	derived  bool     // the event comes from system calls
	family   int      // whose program sees the calls
	exits    []string // the calls that are looked at when they end
	entries  []string // and when they begin
}

// kind is that of the way's programs.
func (w *way) kind() string {
	kind, _, _ := strings.Cut(w.hook, ":")
	return kind
}

// ways are all ways of an event, the best first.
func ways(e *dictionary.Event) []way {
	var all []way
	for hook := range strings.FieldsSeq(e.Hook) {
		if w, ok := wayOf(e.Name, hook); ok {
			all = append(all, w)
		}
	}
	return all
}

func wayOf(name, hook string) (way, bool) {
	kind, target, ok := strings.Cut(hook, ":")
	if !ok || hook == "tp:sys_enter" {
		return way{}, false // user space makes it, or the sensor's own programs
	}
	w := way{hook: hook, programs: []string{kind + "_" + target}, also: companions[hook]}
	switch {
	case hook == derivedHook:
		return derivation(name, w)
	case kind == "kretprobe":
		w.programs = []string{"kprobe_" + target, "kretprobe_" + target}
	case name == "security_bprm_check" && hook == "tp:sched_process_exec":
		w.programs = []string{"late_sched_process_exec"}
	case name == "mem_prot_alert":
		// what is mapped writable and executable at once is seen in the call itself
		w.programs = append(w.programs, families[familyMemory])
		w.family, w.exits, w.derived = familyMemory, []string{"mmap"}, true
	}
	return w, true
}

// companions stand at further places of the same question.
var companions = map[string][]string{
	"fentry:security_sb_mount": {"fentry_security_move_mount"},
	"lsm:sb_mount":             {"lsm_move_mount"},
	"kprobe:security_sb_mount": {"kprobe_security_move_mount"},
}

// derivedHook is how the dictionary says that an event is derived from the
// system calls that lead to it.
const derivedHook = "tp:sys_exit"

// The families of derived events, as in bpf/hooks_derived.h: each has a program.
const (
	familyFiles = iota
	familySockets
	familyWrites
	familyMemory
	familyState
	familySystem
	familyCount
)

var families = [familyCount]string{
	"derived_files", "derived_sockets", "derived_writes", "derived_memory", "derived_state", "derived_system",
}

// A source is the calls that an event is derived from.
type source struct {
	family  int
	exits   string
	entries string
}

const stateCalls = "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset prctl setns unshare"

var sources = map[string]source{
	"security_file_open":             {familyFiles, "open creat openat openat2 open_by_handle_at", ""},
	"security_inode_unlink":          {familyFiles, "unlink unlinkat", ""},
	"security_inode_rename":          {familyFiles, "rename renameat renameat2", ""},
	"security_inode_mknod":           {familyFiles, "mknod mknodat", ""},
	"security_inode_symlink":         {familyFiles, "symlink symlinkat", ""},
	"security_socket_create":         {familySockets, "socket socketpair", ""},
	"security_socket_connect":        {familySockets, "connect", ""},
	"security_socket_bind":           {familySockets, "bind", ""},
	"security_socket_listen":         {familySockets, "listen", ""},
	"security_socket_accept":         {familySockets, "accept accept4", ""},
	"socket_dup":                     {familySockets, "dup dup2 dup3 fcntl", ""},
	"vfs_write":                      {familyWrites, "write pwrite64", ""},
	"vfs_writev":                     {familyWrites, "writev pwritev pwritev2", ""},
	"magic_write":                    {familyWrites, "write pwrite64 writev pwritev pwritev2", ""},
	"mem_prot_alert":                 {familyMemory, "mmap mprotect pkey_mprotect", "mprotect pkey_mprotect"},
	"commit_creds":                   {familyState, stateCalls + " execve execveat", stateCalls + " execve execveat"},
	"switch_task_ns":                 {familyState, "setns unshare", "setns unshare"},
	"security_sb_mount":              {familySystem, "mount move_mount", ""},
	"security_bpf":                   {familySystem, "bpf", ""},
	"security_bpf_map":               {familySystem, "bpf", ""},
	"security_kernel_read_file":      {familySystem, "finit_module kexec_file_load", ""},
	"security_kernel_post_read_file": {familySystem, "finit_module kexec_file_load", ""},
}

func derivation(name string, w way) (way, bool) {
	s, ok := sources[name]
	if !ok {
		return way{}, false
	}
	w.derived, w.family = true, s.family
	w.programs = []string{families[s.family]}
	w.exits = strings.Fields(s.exits)
	w.entries = strings.Fields(s.entries)
	if len(w.entries) > 0 {
		w.programs = append(w.programs, "derived_enter")
	}
	return w, true
}

// changesState reports whether a call can change credentials or namespaces.
func changesState(name string) bool {
	for call := range strings.FieldsSeq(stateCalls) {
		if call == name {
			return true
		}
	}
	return false
}

// derivedBit is where bpf/hooks_events.h has the event's bit.
func derivedBit(id event.ID) (word int, bit uint64) {
	if id >= 3000 {
		return 1, 1 << (id - 3000)
	}
	return 0, 1 << (id - 1000)
}
