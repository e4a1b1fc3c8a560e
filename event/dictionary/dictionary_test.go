package dictionary

import "testing"

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
