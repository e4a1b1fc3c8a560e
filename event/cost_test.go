package event

import (
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// mixed are events with every kind of value.
func mixed(t testing.TB) []*Event {
	return []*Event{
		openat(t),
		made(t, "connect", 0, func(b *Builder) {
			b.Word(0, 3)
			b.Item(1, 0, inet)
			b.Item(TagSocket, 0, socket(2, 1, 6, 1, inet, inet))
		}),
		made(t, "connect", 0, func(b *Builder) {
			b.Item(1, 0, append([]byte{1, 0}, "/run/x"...))
			b.Item(TagSocket, 0, socket(1, 1, 0, 1, nil, nil))
			b.Item(TagSunPeer, 0, []byte("/run/x"))
		}),
		made(t, "execve", 0, func(b *Builder) {
			b.Item(0, 0, []byte("/bin/ls"))
			b.Item(1, 0, words("ls", "-l", "/tmp"))
			b.Item(TagExe, 0, words("ls", "bin"))
			b.Item(TagArgv, 0, words("ls", "-l", "/tmp"))
		}),
		made(t, "security_inode_rename", 0, func(b *Builder) {
			b.Item(0, 0, []byte("x"))
			b.Item(TagDir, 0, words("tmp"))
			b.Item(TagPath2, 0, words("y", "tmp"))
		}),
		made(t, "commit_creds", 0, func(b *Builder) { b.Item(0, 0, make([]byte, CredSize)); b.Word(2, 105) }),
		made(t, "mem_prot_alert", 0, func(b *Builder) { b.Word(0, 4|AlertSaved) }),
		made(t, "close", 0, func(b *Builder) {
			b.Word(0, 3)
			b.Item(TagFile, 0, file(7, 0, 0, pipeMagic))
			b.Item(TagPrev, ItemAnon, words(""))
		}),
	}
}

// TestAllocations shows that reading and printing allocate nothing.
func TestAllocations(t *testing.T) {
	var v Value
	buf := make([]byte, 0, 4096)
	for _, e := range mixed(t) {
		if n := testing.AllocsPerRun(100, func() { readAll(e, &v, buf) }); n != 0 {
			t.Errorf("reading %s allocates %g times", e.Info().Name, n)
		}
	}
	raw := openat(t).Raw()
	var e Event
	if n := testing.AllocsPerRun(100, func() { e.SetRaw(raw) }); n != 0 {
		t.Errorf("SetRaw allocates %g times", n)
	}
	if n := testing.AllocsPerRun(100, func() { v.SetText("web-1") }); n != 0 || string(v.Bytes) != "web-1" {
		t.Errorf("SetText allocates %g times, or is wrong: %q", n, v.Bytes)
	}
	path := "/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"
	if n := testing.AllocsPerRun(100, func() { ContainerOf(path) }); n != 0 {
		t.Errorf("ContainerOf allocates %g times", n)
	}
	if n := testing.AllocsPerRun(100, func() { dictionary.Lookup("openat"); dictionary.ByID(257); dictionary.Errno(2) }); n != 0 {
		t.Errorf("look-ups allocate %g times", n)
	}
}

func BenchmarkArg(b *testing.B) {
	e := openat(b)
	var v Value
	b.ReportAllocs()
	for b.Loop() {
		for i := range 4 {
			e.Arg(i, &v)
		}
	}
}

func BenchmarkObjectPath(b *testing.B) {
	e := openat(b)
	var v Value
	b.ReportAllocs()
	for b.Loop() {
		e.Object(FieldPath, &v)
	}
}

func BenchmarkAppendText(b *testing.B) {
	var v Value
	buf := make([]byte, 0, 4096)
	for _, e := range []*Event{openat(b), mixed(b)[1]} {
		b.Run(e.Info().Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range e.Info().Args {
					if e.Arg(i, &v) {
						buf = e.AppendText(buf[:0], i, &v, Mode2021)
					}
				}
			}
		})
	}
}

func BenchmarkReadAll(b *testing.B) {
	events := mixed(b)
	var v Value
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range events {
			readAll(e, &v, buf)
		}
	}
}
