package encode

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// mixture is how often each kind occurs in the mixed stream, in parts of a
// thousand, as a busy host makes them. No kind has more than 400.
var mixture = []struct {
	name string
	part int
}{
	{"openat", 170}, {"close", 150}, {"read", 120}, {"write", 70}, {"newfstatat", 60}, {"mmap", 60},
	{"mprotect", 30}, {"fcntl", 30}, {"futex", 40}, {"epoll_wait", 30}, {"connect", 20}, {"accept4", 10},
	{"socket", 20}, {"sendto", 25}, {"recvfrom", 25}, {"execve", 12}, {"clone", 10}, {"access", 20}, {"unlinkat", 8},
	{"rename", 8}, {"prctl", 10}, {"kill", 5}, {"setsockopt", 15}, {"ioctl", 15}, {"security_file_open", 20}, {"cap_capable", 17},
}

// mixedStream makes n events of the mixture, by a dozen processes in turns.
func mixedStream(t testing.TB, n int) []event.Event {
	g := newGenerator(11)
	var actors []event.Event
	for i := range 12 {
		actors = append(actors, g.actor(uint32(i)))
	}
	var events []event.Event
	at := event.Time(176751746515000)
	for len(events) < n {
		e := actors[g.IntN(len(actors))]
		for range 1 + g.IntN(8) { // a thread makes some events in a row
			at += event.Time(g.IntN(20000))
			g.ordinary(t, &e, g.kind(t), at)
			events = append(events, e)
		}
	}
	return events[:n]
}

func (g *generator) kind(t testing.TB) *dictionary.Event {
	n := g.IntN(1000)
	for _, m := range mixture {
		if n -= m.part; n < 0 {
			info := dictionary.Lookup(m.name)
			if info == nil {
				t.Fatalf("no event %s", m.name)
			}
			return info
		}
	}
	t.Fatal("the mixture has fewer than a thousand parts")
	return nil
}

// actor is an event without a record: its context and its process.
func (g *generator) actor(i uint32) event.Event {
	pid := 1000 + 37*i
	e := event.Event{CPU: uint16(i % 2), Arch: dictionary.AMD64}
	e.Context = event.Context{Start: uint64(pid) * 1e9, ThreadStart: uint64(pid) * 1e9, Cgroup: 4711 + uint64(i), HostPID: pid, HostTID: pid,
		HostPPID: pid - 1, PID: pid, TID: pid, PPID: pid - 1, UID: i * 500 % 1500, MntNS: 4026531840, PidNS: 4026531836, Cap: 1<<41 - 1}
	copy(e.Comm[:], []string{"nginx", "bash", "python3", "postgres"}[i%4])
	copy(e.UTS[:], "node1")
	p := processOf(&e.Context)
	p.Exe, p.Cwd, p.Argv = "/usr/sbin/nginx", "/var/www", []string{"nginx", "-g", "daemon off;"}
	p.Parent = &event.Process{PID: pid - 1, PPID: 1, Start: 1e9, Exe: "/usr/bin/bash", Argv: []string{"bash", "-c", "run"}, Cwd: "/", Comm: "bash"}
	p.Parent.Parent = &event.Process{PID: 1, Exe: "/usr/lib/systemd/systemd", Argv: []string{"/sbin/init"}, Cwd: "/", Comm: "systemd"}
	e.Process = &p
	return e
}

// ordinary gives e a record such as the kernel writes day by day.
func (g *generator) ordinary(t testing.TB, e *event.Event, info *dictionary.Event, at event.Time) {
	var b event.Builder
	b.Begin(info.ID, at, int64(g.IntN(400)-20), len(info.Args))
	for i, a := range info.Args {
		switch {
		case a.Name == "flags" || a.Name == "prot":
			b.Word(i, g.one(0, 2, 3, 0x80000, 0x241, 0x80800))
		case a.Class == dictionary.Pointer:
			b.Word(i, 0x7ffd4d64f678+g.Uint64N(4096)*8)
		case a.Class.Word():
			b.Word(i, g.one(3, 4, 5, 17, 1024, 4096, 1<<64-100))
		}
	}
	path := fmt.Sprintf("/usr/share/app/%d/file%d.conf", g.IntN(20), g.IntN(5000))
	for i, a := range info.Args {
		switch a.Class {
		case dictionary.String:
			if a.Kernel == dictionary.KernelNothing {
				b.Item(uint8(i), 0, []byte(path))
			} else {
				b.Item(uint8(i), event.ItemText, []byte(path))
			}
		case dictionary.Strings:
			if a.Name == "argv" {
				b.Item(uint8(i), 0, []byte("python3\x00-m\x00http.server\x00--bind\x00127.0.0.1\x008080\x00"))
			}
		case dictionary.Sockaddr:
			a := []byte{2, 0, 1, 187, 93, 184, 216, byte(g.Uint32()), 0, 0, 0, 0, 0, 0, 0, 0}
			b.Item(uint8(i), 0, a)
		}
	}
	switch info.Name {
	case "openat", "execve", "unlinkat", "close", "read", "write":
		b.Item(event.TagPath, 0, []byte("file7.conf\x0017\x00app\x00share\x00usr\x00"))
		file := make([]byte, 0, 32)
		file = binary.LittleEndian.AppendUint64(file, g.Uint64N(1<<22))
		for _, n := range []uint32{8388610, 0o100644, 0, 0, 0x8000, 0xef53} {
			file = binary.LittleEndian.AppendUint32(file, n)
		}
		b.Item(event.TagFile, 0, file)
	case "connect", "accept4", "sendto", "recvfrom":
		s := make([]byte, 72)
		copy(s, []byte{2, 0, 1, 0, 6, 0, 1, 0, 9, 9})
		copy(s[16:], []byte{2, 0, 200, 1, 10, 0, 0, 5})
		copy(s[44:], []byte{2, 0, 1, 187, 93, 184, 216, 34})
		b.Item(event.TagSocket, 0, s)
	}
	if !e.SetRaw(b.End()) {
		t.Fatal("the record is not whole")
	}
}

// The stream is what the figures are about only if it is mixed.
func TestStreamIsMixed(t *testing.T) {
	kinds := map[event.ID]int{}
	stream := mixedStream(t, 20000)
	for i := range stream {
		kinds[stream[i].ID]++
	}
	if len(kinds) < 20 {
		t.Errorf("%d kinds of event, want 20", len(kinds))
	}
	for id, n := range kinds {
		if n > len(stream)*2/5 {
			t.Errorf("%s makes up %d of %d", dictionary.ByID(id).Name, n, len(stream))
		}
	}
}

func TestPrintersAllocateNothing(t *testing.T) {
	stream := mixedStream(t, 4096)
	for name, c := range map[string]Config{
		"json":          {Format: JSON},
		"json parsed":   {Format: JSON, ParseArguments: true},
		"json raw":      {Format: JSON, RawArguments: true},
		"table":         {Format: Table},
		"table parsed":  {Format: Table, ParseArguments: true},
		"table-verbose": {Format: TableVerbose},
	} {
		p, err := New(c, Env{})
		if err != nil {
			t.Fatal(err)
		}
		var dst []byte
		all := func() {
			for i := range stream {
				if dst, err = p.Append(dst[:0], &stream[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		all()
		if n := testing.AllocsPerRun(3, all); n != 0 {
			t.Errorf("%s: %v allocations for %d events", name, n, len(stream))
		}
	}
}

// Nor do events of every kind with what a hostile program may put into them.
func TestStrangeEventsAllocateNothing(t *testing.T) {
	g := newGenerator(12)
	var stream []event.Event
	for _, info := range dictionary.All() {
		e := *g.event(info)
		e.SetRaw(slices.Clone(e.Raw()))
		e.Process, e.Container = nil, nil // what is said of them is kept, within bounds
		e.HostTID = uint32(len(stream))
		stream = append(stream, e)
	}
	for _, c := range []Config{{Format: JSON}, {Format: JSON, ParseArguments: true}, {Format: Table}, {Format: Table, ParseArguments: true}} {
		p, _ := New(c, Env{})
		var dst []byte
		all := func() {
			for i := range stream {
				dst, _ = p.Append(dst[:0], &stream[i])
			}
		}
		all()
		if n := testing.AllocsPerRun(3, all); n != 0 {
			t.Errorf("%+v: %v allocations for %d events", c, n, len(stream))
		}
	}
}

func BenchmarkJSON(b *testing.B)  { benchmarkPrinter(b, Config{Format: JSON}) }
func BenchmarkTable(b *testing.B) { benchmarkPrinter(b, Config{Format: Table}) }
func BenchmarkGob(b *testing.B)   { benchmarkPrinter(b, Config{Format: Gob}) }

func benchmarkPrinter(b *testing.B, c Config) {
	stream := mixedStream(b, 8192)
	p, err := New(c, Env{Offset: 1e18})
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	i, size := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		if i%256 == 0 {
			size += len(dst)
			dst = dst[:0]
		}
		dst, _ = p.Append(dst, &stream[i%len(stream)])
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(size+len(dst))/float64(b.N), "bytes/event")
}

func BenchmarkDecode(b *testing.B) {
	stream := mixedStream(b, 8192)
	p := newJSON(Config{Format: JSON}, Env{Offset: 1e18})
	var lines [][]byte
	for i := range stream {
		line, _ := p.Append(nil, &stream[i])
		lines = append(lines, line)
	}
	var d Decoder
	var e event.Event
	i := rand.IntN(100)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(lines[i%len(lines)], &e); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
