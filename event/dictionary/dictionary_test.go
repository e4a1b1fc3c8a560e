package dictionary

import (
	"slices"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	e := Lookup("openat")
	if e == nil || e.ID != 257 || e.Args[1].Name != "pathname" || e.Args[1].Class != String || !e.Args[0].FD {
		t.Fatalf("openat is %+v", e)
	}
	if ByID(257) != e || Native(AMD64, false, 257) != e || Native(ARM64, false, 56) != e || Native(AMD64, true, 295) != e {
		t.Error("openat is not found by its numbers")
	}
	if Lookup("umount2") != Lookup("umount") || Lookup("nosuch") != nil || ByID(65535) != nil || Native(AMD64, false, -1) != nil {
		t.Error("aliases or absent names are wrong")
	}
	if e.ArgIndex("flags") != 2 || e.ArgIndex("nosuch") != -1 {
		t.Error("ArgIndex is wrong")
	}
	for name, want := range map[string]string{"opnat": "openat", "exceve": "execve", "netsock": "net_sock", "zzzzzzzz": "", "fss": "fs"} {
		if got := Suggest(name); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", name, got, want)
		}
	}
	if Members("nosuch") != nil || len(Members("syscalls")) < 350 {
		t.Error("Members is wrong")
	}
	if Errno(2) != "ENOENT" || Errno(0) != "" || Errno(99999) != "" {
		t.Error("Errno is wrong")
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTexts holds the texts to their own form.
func TestTexts(t *testing.T) {
	for _, set := range SetNames() {
		if SetHelp(set) == "" {
			t.Errorf("sets.txt says nothing of %s", set)
		}
	}
	for _, e := range All() {
		if !strings.HasSuffix(e.Help, ".") || strings.HasSuffix(e.Help, "..") || e.Help[0] < 'A' || e.Help[0] > 'Z' {
			t.Errorf("%s: help is no sentence: %q", e.Name, e.Help)
		}
		for _, set := range e.Sets {
			if parent, _, ok := strings.Cut(set, "_"); ok && set != "lsm_hooks" && !slices.Contains(e.Sets, parent) {
				t.Errorf("%s: is in %s but not in %s", e.Name, set, parent)
			}
		}
		if e.Kind == Syscall != (e.Hook == "syscall") || e.Hook == "" {
			t.Errorf("%s: hook is %q", e.Name, e.Hook)
		}
		if e.Kind == Syscall && !e.On(AMD64) && !e.On(ARM64) {
			t.Errorf("%s: no architecture has a number for it", e.Name)
		}
		if e.Kind == Syscall && e.Number[AMD64] >= 0 && int(e.ID) != e.Number[AMD64] {
			t.Errorf("%s: its id is %d, its number %d", e.Name, e.ID, e.Number[AMD64])
		}
		if e.Kind == Syscall && len(e.Args) > 6 {
			t.Errorf("%s: a system call has no more than six arguments", e.Name)
		}
	}
}

// TestIDs holds ids to their ranges: recordings and JSON depend on them.
func TestIDs(t *testing.T) {
	for _, e := range All() {
		var ok bool
		switch {
		case e.Kind == Syscall:
			ok = e.ID < 512 || e.ID >= 2000 && e.ID < 3000
		case e.Origin == "2021-01":
			ok = e.ID >= 1000 && e.ID <= 1010
		default:
			ok = e.ID >= 3000 && e.ID < 3200
		}
		if !ok {
			t.Errorf("%s of %s has the id %d", e.Name, e.Origin, e.ID)
		}
	}
}

func TestRegisters(t *testing.T) {
	if Registers(AMD64, false, 56) != nil || Registers(AMD64, false, 9999) != nil {
		t.Error("x86-64 has registers in another order")
	}
	clone := []Register{{0, -1, 0}, {1, -1, 0}, {2, -1, 0}, {4, -1, 0}, {3, -1, 0}}
	for _, c := range []struct {
		arch   Arch
		compat bool
		number int
		event  string
		want   []Register
	}{
		{ARM64, false, 220, "clone", clone},
		{AMD64, true, 120, "clone", clone},
		{AMD64, true, 180, "pread64", []Register{{0, -1, 0}, {1, -1, 0}, {2, -1, 0}, {3, 4, 0}}},
		{ARM64, true, 180, "pread64", []Register{{0, -1, 0}, {1, -1, 0}, {2, -1, 0}, {4, 5, 0}}},
		{AMD64, true, 7, "wait4", []Register{{0, -1, 0}, {1, -1, 0}, {2, -1, 0}, {-1, -1, 0}}},
		{AMD64, true, 192, "mmap", []Register{{0, -1, 0}, {1, -1, 0}, {2, -1, 0}, {3, -1, 0}, {4, -1, 0}, {5, -1, 12}}},
		{AMD64, true, 213, "setuid", nil},
		{AMD64, true, 142, "select", nil},
		{AMD64, true, 102, "socketcall", nil},
	} {
		if e := Native(c.arch, c.compat, c.number); e != Lookup(c.event) {
			t.Errorf("number %d is %+v, want %s", c.number, e, c.event)
		}
		if got := Registers(c.arch, c.compat, c.number); !slices.Equal(got, c.want) {
			t.Errorf("registers of %s (%d) are %v, want %v", c.event, c.number, got, c.want)
		}
	}
}

// TestEveryNumberMeansSomething finds holes in the tables: a call that a process
// can make and that would vanish.
func TestEveryNumberMeansSomething(t *testing.T) {
	between := func(first, last int) (all []int) {
		for n := first; n <= last; n++ {
			all = append(all, n)
		}
		return all
	}
	// Numbers that the kernel's tables leave free or give to no function.
	unused := map[string][]int{
		"amd64": between(337, 423),
		"arm64": slices.Concat(between(244, 259), between(295, 423)),
		"i386":  {222, 223, 251, 285, 387, 388, 389, 390, 391, 392, 415},
		"arm":   {7, 18, 28, 84, 101, 110, 113, 123, 127, 130, 137, 166, 167, 188, 189, 222, 223, 254, 255, 402, 415},
	}
	for _, c := range numberColumns {
		var holes []int
		for n := range tables.native[c.arch][c.bits] {
			if tables.native[c.arch][c.bits][n].event == nil {
				holes = append(holes, n)
			}
		}
		if !slices.Equal(holes, unused[c.name]) {
			t.Errorf("%s: the numbers %v mean nothing, want %v", c.name, holes, unused[c.name])
		}
	}
}
