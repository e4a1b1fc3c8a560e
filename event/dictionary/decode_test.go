package dictionary

import (
	"slices"
	"strings"
	"testing"
)

// TestDecodersInvert reads back what every table prints of each of its values.
func TestDecodersInvert(t *testing.T) {
	for name, d := range tables.decoders {
		for arch := range d.arch {
			for _, v := range d.arch[arch].list {
				text := string(d.Append(nil, Arch(arch), v.bits))
				back, ok := d.Parse(Arch(arch), text)
				again := string(d.Append(nil, Arch(arch), back))
				if strings.HasSuffix(text, "O_TMPFILE") {
					continue // the bit alone; the name means O_DIRECTORY too
				}
				if text != "" && (!ok || again != text) {
					t.Errorf("%s: %#x prints as %q, read as %#x, printed again as %q", name, v.bits, text, back, again)
				}
			}
		}
	}
}

// TestDecodersAreUsed finds tables that no argument and nobody else has.
func TestDecodersAreUsed(t *testing.T) {
	used := []string{"errno", "fs_magic", "capability_set", "bpf_prog_type"}
	for _, e := range All() {
		for i := range e.Args {
			for _, c := range e.Args[i].Choices {
				used = append(used, c.Name())
			}
		}
	}
	for _, s := range tables.structs {
		for i := range s.Fields {
			if d := s.Fields[i].Decoder; d != nil {
				used = append(used, d.Name())
			}
		}
	}
	for name := range tables.decoders {
		if !slices.Contains(used, name) {
			t.Errorf("no argument has the decoder %s", name)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		decoder string
		raw     uint64
		want    string
	}{
		{"at_fd", ^uint64(99), "AT_FDCWD"},
		{"at_fd", 0xffffff9c, "AT_FDCWD"},
		{"at_fd", 7, "7"},
		{"at_flags", 0, "0"},
		{"at_flags", 0x100 | 1<<30, "AT_SYMLINK_NOFOLLOW|0x40000000"},
		{"ipc_flags", 0o1600, "IPC_CREAT|0600"},
		{"ipc_flags", 0o600, "0600"},
		{"sched_policies", 0x40000002, "SCHED_RR|SCHED_RESET_ON_FORK"},
		{"sched_policies", ^uint64(0), "-1"},
		{"personality", 0xffffffff, "4294967295"},
		{"futex_ops", 0x189, "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME"},
		{"mount_flags", 0xc0ed0021, "MS_MGC_VAL|MS_RDONLY|MS_REMOUNT"},
		{"mount_flags", 1 << 31, "MS_NOUSER"},
		{"reboot_magic", 0xfee1dead, "LINUX_REBOOT_MAGIC1"},
		{"reboot_magic", 0xfffffffffee1dead, "LINUX_REBOOT_MAGIC1"},
		{"syscall_name", 257, "openat"},
		{"syscall_name", 2000, "socketcall"},
		{"syscall_name", 1 << 40, "1099511627776"},
		{"ioctl_requests", 0x5401, "TCGETS"},
		{"ioctl_requests", 0x80081272, "BLKGETSIZE64"},
		{"mmap_flags", 0, ""},
		{"statx_mask", 0x7ff, "STATX_BASIC_STATS"},
		{"unshare_flags", 0x20000080, "CLONE_NEWTIME|CLONE_NEWPID"},
		{"fs_magic", 0xef53, "ext4"},
		{"wait_options", 3, "WNOHANG|WUNTRACED"},
	} {
		d := Decoders(c.decoder)
		if got := string(d.Append(nil, AMD64, c.raw)); got != c.want {
			t.Errorf("%s of %#x is %q, want %q", c.decoder, c.raw, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		decoder, text string
		arch          Arch
		want          uint64
		ok            bool
	}{
		{"open_flags", "O_RDWR|O_CREAT", AMD64, 0o102, true},
		{"open_flags", "O_CREAT|O_RDWR", AMD64, 0o102, true},
		{"open_flags", "O_DIRECTORY", AMD64, 0o200000, true},
		{"open_flags", "O_DIRECTORY", ARM64, 0o40000, true},
		{"open_flags", "O_TMPFILE", AMD64, 0o20200000, true},
		{"open_flags", "O_TMPFILE", ARM64, 0o20040000, true},
		{"open_flags", "O_NDELAY", AMD64, 0o4000, true},
		{"open_flags", "O_SNYC", AMD64, 0, false},
		{"open_flags", "O_RDWR|", AMD64, 0, false},
		{"open_flags", "", AMD64, 0, false},
		{"open_flags", "0x42", AMD64, 0x42, true},
		{"signals", "SIGKILL", AMD64, 9, true},
		{"signals", "SIGIOT", AMD64, 6, true},
		{"signals", "9", AMD64, 9, true},
		{"signals", "SIGKILL|SIGTERM", AMD64, 0, false},
		{"at_fd", "AT_FDCWD", AMD64, ^uint64(99), true},
		{"syscall_name", "execve", AMD64, 59, true},
		{"syscall_name", "umount2", AMD64, 166, true},
		{"syscall_name", "do_exit", AMD64, 0, false},
		{"mem_prot", "PROT_BTI", AMD64, 0, false},
		{"mem_prot", "PROT_BTI", ARM64, 16, true},
	} {
		got, ok := Decoders(c.decoder).Parse(c.arch, c.text)
		if got != c.want || ok != c.ok {
			t.Errorf("%s of %q is %#x, %t, want %#x, %t", c.decoder, c.text, got, ok, c.want, c.ok)
		}
	}
}

// readText gives the lines of a text to a reader until one is refused.
func readText(read func(line string) error, text string) error {
	for line := range strings.Lines(text) {
		if err := read(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// TestTablesRefuse shows that a mistake in a text is found.
func TestTablesRefuse(t *testing.T) {
	for _, text := range []string{
		"\tA\t1\n", "one\n", "one kind\n", "one enum\none flags\n", "one flags silent=x\n", "one flags wrong\n",
		"one enum\n\tA\n", "one enum\n\tA\tx\n", "one enum\n\tA\t1 amd64=2\n", "one flags\n\tA\t1/x\n",
	} {
		if readText(newIndex().valueReader(), text) == nil {
			t.Errorf("the values %q are accepted", text)
		}
	}
	for _, text := range []string{
		"\targ\tint\n", "one\t1\t-\tsyscall\n", "one\tx\t-\tsyscall\thelp\n", "one\t1\t-\tsyscall\thelp\twrong\n",
		"one\t1\t-\tsyscall\thelp\n\targ\n", "one\t1\t-\tsyscall\thelp\n\targ\tint\tnosuch\n",
		"one\t1\t-\tsyscall\thelp\n" + strings.Repeat("\targ\tint\n", MaxArgs+1),
	} {
		if readText(newIndex().eventReader(), text) == nil {
			t.Errorf("the events %q are accepted", text)
		}
	}
	for _, text := range []string{
		"one\t1\t-\tsyscall\thelp\none\t2\t-\tsyscall\thelp\n", "one\t1\t-\tsyscall\thelp\ntwo\t1\t-\tsyscall\thelp\n",
		"one\t1\t-\tsyscall\thelp\n\targ\tint\n\targ\tint\n", "one\t1\t-\tsyscall\thelp\n\targ\tint\tlen:nosuch\n",
	} {
		x := newIndex()
		err := readText(x.eventReader(), text)
		for _, e := range x.all {
			if err == nil {
				err = x.enter(e)
			}
		}
		if err == nil {
			t.Errorf("the events %q are accepted", text)
		}
	}
	for _, text := range []string{
		"openat\t1\n", "nosuch\t1\t-\t-\t-\n", "do_exit\t1\t-\t-\t-\n", "openat\tx\t-\t-\t-\n", "openat\t9999\t-\t-\t-\n",
		"openat\t1\t-\t-\t-\tarm64=0\n", "openat\t1\t-\t-\t-\tarm64=0,1,2,9\n", "openat\t1\t-\t-\t-\tvax=0,1,2,3\n",
		"openat\t1\t-\t-\t-\nopen\t1\t-\t-\t-\n",
	} {
		x := newIndex()
		for _, name := range []string{"openat", "open", "do_exit"} {
			e := *Lookup(name)
			x.names[name] = &e
		}
		read := func(line string) error { return x.numberRow(strings.Split(line, "\t")) }
		if readText(read, text) == nil {
			t.Errorf("the numbers %q are accepted", text)
		}
	}
}
