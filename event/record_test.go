package event

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// words joins strings, each with its NUL, as vectors and path components are kept.
func words(s ...string) []byte { return []byte(strings.Join(s, "\x00") + "\x00") }

// made is the event that build makes, with the dictionary's number of arguments.
func made(t testing.TB, name string, ret int64, build func(b *Builder)) *Event {
	t.Helper()
	info := dictionary.Lookup(name)
	if info == nil {
		t.Fatalf("no event %s", name)
	}
	var b Builder
	b.Begin(info.ID, 1_000_000, ret, len(info.Args))
	if build != nil {
		build(&b)
	}
	e := &Event{}
	if !e.SetRaw(b.End()) {
		t.Fatal("the builder's record is not accepted")
	}
	return e
}

// file is an item TagFile.
func file(inode uint64, dev, mode, magic uint32) []byte {
	b := binary.LittleEndian.AppendUint64(nil, inode)
	for _, n := range []uint32{dev, mode, 1000, 100, 0o100001, magic} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// socket is an item TagSocket.
func socket(family, kind, protocol, state uint16, local, remote []byte) []byte {
	b := make([]byte, socketSize)
	for i, n := range []uint16{family, kind, protocol, state} {
		binary.LittleEndian.PutUint16(b[2*i:], n)
	}
	binary.LittleEndian.PutUint64(b[8:], 77)
	copy(b[localAt:], local)
	copy(b[remoteAt:], remote)
	return b
}

var inet = []byte{2, 0, 0x01, 0xbb, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}

func openat(t testing.TB) *Event {
	return made(t, "openat", 3, func(b *Builder) {
		b.Word(0, uint64(uint32(0xffffff9c)))
		b.Word(1, 0x7fff0000)
		b.Word(2, 0x80241)
		b.Word(3, 0o644)
		b.Item(1, 0, []byte("../tmp/x"))
		b.Item(TagFile, 0, file(42, 8<<20|1, 0o100644, 0xef53))
		b.Item(TagPath, 0, words("x", "tmp"))
		b.Item(TagDir, 0, words("work", "home"))
	})
}

func TestArg(t *testing.T) {
	e := openat(t)
	for i, want := range []struct{ raw, text2021, text string }{
		{"-100", "-100", "AT_FDCWD"},
		{"../tmp/x", "../tmp/x", "../tmp/x"},
		{"524865", "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC", "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC"},
		{"420", "420", "S_IRUSR|S_IWUSR|S_IRGRP|S_IROTH"},
	} {
		var v Value
		if !e.Arg(i, &v) {
			t.Fatalf("argument %d is absent", i)
		}
		if got := string(AppendRaw(nil, &v)); got != want.raw {
			t.Errorf("argument %d is %q raw, want %q", i, got, want.raw)
		}
		if got := text(e, i, Mode2021); got != want.text2021 {
			t.Errorf("argument %d is %q, want %q", i, got, want.text2021)
		}
		if got := text(e, i, ModeAll); got != want.text {
			t.Errorf("argument %d is %q in full, want %q", i, got, want.text)
		}
		if got := text(e, i, ModeRaw); got != want.raw {
			t.Errorf("argument %d is %q undecoded, want %q", i, got, want.raw)
		}
	}
	var v Value
	if e.Arg(4, &v) || e.Arg(-1, &v) || made(t, "openat", -1, nil).Arg(0, &v) {
		t.Error("an argument that is not there was read")
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name  string
		arg   int
		mode  Mode
		want  string
		build func(b *Builder)
	}{
		{"read", 1, Mode2021, "0x7F00", func(b *Builder) { b.Word(1, 0x7f00) }},
		{"read", 1, Mode2021, "0x0", func(b *Builder) { b.Word(1, 0) }},
		{"read", 1, Mode2021, "0xFFFFFFFFFFFFFFFF", func(b *Builder) { b.Word(1, ^uint64(0)) }},
		{"lseek", 1, Mode2021, "18446744073709551615", func(b *Builder) { b.Word(1, ^uint64(0)) }},
		{"pipe", 0, Mode2021, "0x7F00", func(b *Builder) { b.Word(0, 0x7f00); b.Item(0, 0, []byte{3, 0, 0, 0, 4, 0, 0, 0}) }},
		{"pipe", 0, ModeAll, "[3, 4]", func(b *Builder) { b.Word(0, 0x7f00); b.Item(0, 0, []byte{3, 0, 0, 0, 4, 0, 0, 0}) }},
		{"execve", 1, Mode2021, "[ls -l ]", func(b *Builder) { b.Item(1, 0, words("ls", "-l", "")) }},
		{"execve", 1, Mode2021, "[ls ...]", func(b *Builder) { b.Item(1, ItemCut, words("ls")) }},
		{"execve", 1, Mode2021, "[]", func(b *Builder) { b.Item(1, 0, nil) }},
		{"execve", 0, Mode2021, "(absent)", func(b *Builder) { b.Word(1, 1) }},
		{"listxattr", 1, Mode2021, "[user.a user.b]", func(b *Builder) { b.Item(1, 0, words("user.a", "user.b")) }},
		{"connect", 1, Mode2021, "{'sa_family': 'AF_INET','sin_addr': '10.0.0.1','sin_port': '443'}", func(b *Builder) { b.Item(1, 0, inet) }},
		{"connect", 1, ModeRaw, "map[sa_family:AF_INET sin_addr:10.0.0.1 sin_port:443]", func(b *Builder) { b.Item(1, 0, inet) }},
		{"connect", 1, Mode2021, "{'sa_family': 'AF_UNSPEC'}", func(b *Builder) { b.Word(1, 0) }},
		{"connect", 1, Mode2021, "(absent)", func(b *Builder) { b.Word(1, 0x1000) }},
		{"getpeername", 1, Mode2021, "map[sa_family:AF_INET sin_addr:10.0.0.1 sin_port:443]", func(b *Builder) { b.Item(1, 0, inet) }},
		{"getpeername", 1, ModeAll, "{'sa_family': 'AF_INET','sin_addr': '10.0.0.1','sin_port': '443'}", func(b *Builder) { b.Item(1, 0, inet) }},
		{"setsockopt", 2, ModeAll, "SO_KEEPALIVE", func(b *Builder) { b.Word(1, 1); b.Word(2, 9) }},
		{"setsockopt", 2, ModeAll, "TCP_DEFER_ACCEPT", func(b *Builder) { b.Word(1, 6); b.Word(2, 9) }},
		{"setsockopt", 2, ModeAll, "9", func(b *Builder) { b.Word(1, 270); b.Word(2, 9) }},
		{"setsockopt", 2, ModeAll, "9", func(b *Builder) { b.Word(2, 9) }},
		{"fcntl", 2, ModeAll, "FD_CLOEXEC", func(b *Builder) { b.Word(1, 2); b.Word(2, 1) }},
		{"fcntl", 2, ModeAll, "O_RDWR|O_NONBLOCK", func(b *Builder) { b.Word(1, 4); b.Word(2, 0o4002) }},
		{"magic_write", 1, Mode2021, "7f454c46", func(b *Builder) { b.Item(1, 0, []byte("\x7fELF")) }},
		{"mem_prot_alert", 0, Mode2021, "Protection changed from W+E to E! Saving data to bin.1000", func(b *Builder) { b.Word(0, 4|AlertSaved) }},
		{"mem_prot_alert", 0, Mode2021, "Protection changed from W+E to E! Saving data to bin.7", func(b *Builder) {
			b.Word(0, 4|AlertSaved)
			b.Item(0, 0, []byte{7, 0, 0, 0, 0, 0, 0, 0})
		}},
		{"mem_prot_alert", 0, ModeRaw, "4", func(b *Builder) { b.Word(0, 4|AlertSaved) }},
		{"sys_enter", 0, Mode2021, "openat", func(b *Builder) { b.Word(0, 257) }},
		{"ptrace", 0, Mode2021, "-1", func(b *Builder) { b.SetFlags(FlagCompat); b.Word(0, 0xffffffff) }},
		{"ptrace", 0, Mode2021, "4294967295", func(b *Builder) { b.Word(0, 0xffffffff) }},
		{"vfs_write", 0, Mode2021, "/tmp/x", func(b *Builder) { b.Item(TagPath, 0, words("x", "tmp")) }},
		{"vfs_write", 0, Mode2021, "(absent)", func(b *Builder) { b.Word(1, 1) }},
		{"security_inode_unlink", 0, Mode2021, "/tmp/x", func(b *Builder) { b.Item(0, 0, []byte("x")); b.Item(TagDir, 0, words("tmp")) }},
		{"security_inode_unlink", 0, Mode2021, "/x", func(b *Builder) { b.Item(0, 0, []byte("x")); b.Item(TagCwd, 0, nil) }},
		{"security_inode_unlink", 0, Mode2021, "/y/x", func(b *Builder) { b.Item(0, 0, []byte("/y/x")); b.Item(TagDir, 0, words("tmp")) }},
		{"security_inode_unlink", 0, Mode2021, "x", func(b *Builder) { b.Item(0, 0, []byte("x")) }},
		{"security_inode_rename", 1, Mode2021, "/b/x", func(b *Builder) {
			b.Item(1, 0, []byte("x"))
			b.Item(TagDir, 0, words("a"))
			b.Item(TagDir2, 0, words("b"))
		}},
		{"sched_process_exec", 1, Mode2021, "/bin/ls", func(b *Builder) { b.Item(1, 0, nil); b.Item(TagExe, 0, words("ls", "bin")) }},
		{"sched_process_exec", 2, Mode2021, "[ls]", func(b *Builder) { b.Item(2, 0, nil); b.Item(TagArgv, 0, words("ls")) }},
	} {
		if got := text(made(t, c.name, 0, c.build), c.arg, c.mode); got != c.want {
			t.Errorf("argument %d of %s in mode %d is %q, want %q", c.arg, c.name, c.mode, got, c.want)
		}
	}
}

func TestPointee(t *testing.T) {
	word := func(numbers ...uint64) (b []byte) {
		for _, n := range numbers {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
		return b
	}
	for _, c := range []struct {
		name  string
		arg   int
		data  []byte
		flags Flags
		want  string
	}{
		{"openat2", 2, word(0o2000102, 0o600, 8), 0, "{flags=O_RDWR|O_CREAT|O_CLOEXEC, mode=S_IRUSR|S_IWUSR, resolve=RESOLVE_BENEATH}"},
		{"openat2", 2, word(0), 0, "{flags=O_RDONLY}"},
		{"openat2", 2, word(0), FlagCompat, "0x7F00"},
		{"openat2", 2, nil, 0, "0x7F00"},
		{"clone3", 0, word(0x20000100, 0, 0x10, 0, 17), 0, "{flags=CLONE_VM|CLONE_NEWPID, pidfd=0x0, child_tid=0x10, parent_tid=0x0, exit_signal=SIGCHLD}"},
		{"timer_settime", 2, word(0, 1, 2, 3), 0, "{it_interval={tv_sec=0, tv_nsec=1}, it_value={tv_sec=2, tv_nsec=3}}"},
		{"prlimit64", 2, word(1024, ^uint64(0)), 0, "{rlim_cur=1024, rlim_max=RLIM64_INFINITY}"},
		{"prlimit64", 2, word(0xffffffff, 1), 0, "{rlim_cur=4294967295, rlim_max=1}"},
		{"sched_setparam", 1, []byte{255, 255, 255, 255}, 0, "{sched_priority=-1}"},
		{"gettimeofday", 1, word(0xfffffffe), 0, "{tz_minuteswest=-2, tz_dsttime=0}"},
	} {
		e := made(t, c.name, 0, func(b *Builder) {
			b.SetFlags(c.flags)
			b.Word(c.arg, 0x7f00)
			if c.data != nil {
				b.Item(uint8(c.arg), 0, c.data)
			}
		})
		if got := text(e, c.arg, ModeAll); got != c.want {
			t.Errorf("argument %d of %s is %s, want %s", c.arg, c.name, got, c.want)
		}
		if got := text(e, c.arg, Mode2021); got != "0x7F00" {
			t.Errorf("argument %d of %s is %s as in 2021", c.arg, c.name, got)
		}
	}
}

func TestCred(t *testing.T) {
	raw := make([]byte, CredSize)
	for i := range 10 {
		binary.LittleEndian.PutUint32(raw[4*i:], uint32(i))
	}
	binary.LittleEndian.PutUint64(raw[40+16:], 1<<21)
	e := made(t, "commit_creds", 0, func(b *Builder) { b.Item(1, 0, raw) })
	if got, want := text(e, 1, Mode2021), "{0 1 2 3 4 5 6 7 8 9 0 0 2097152 0 0}"; got != want {
		t.Errorf("credential is %q, want %q", got, want)
	}
	want := "{Uid: 0, Gid: 1, Suid: 2, Sgid: 3, Euid: 4, Egid: 5, Fsuid: 6, Fsgid: 7, UserNamespace: 8, SecureBits: SECBIT_NOROOT|SECBIT_NO_SETUID_FIXUP_LOCKED, " +
		"CapInheritable: 0, CapPermitted: 0, CapEffective: CAP_SYS_ADMIN, CapBounding: 0, CapAmbient: 0}"
	if got := text(e, 1, ModeAll); got != want {
		t.Errorf("credential is %q, want %q", got, want)
	}
	if len(CredKeys()) != 15 || CredField(raw, 5) != 5 || CredField(raw, 12) != 1<<21 || CredField(raw[:79], 0) != 0 || CredField(raw, 15) != 0 {
		t.Error("CredField is wrong")
	}
}

func TestRet(t *testing.T) {
	for _, c := range []struct {
		name string
		ret  int64
		mode Mode
		want string
	}{
		{"openat", -2, ModeAll, "-2 ENOENT"},
		{"openat", -2, Mode2021, "-2"},
		{"openat", 3, ModeAll, "3"},
		{"openat", -4096, ModeAll, "-4096"},
		{"do_exit", -2, ModeAll, "-2"},
	} {
		if got := string(made(t, c.name, c.ret, nil).AppendRet(nil, c.mode)); got != c.want {
			t.Errorf("return value %d of %s is %q, want %q", c.ret, c.name, got, c.want)
		}
	}
}
