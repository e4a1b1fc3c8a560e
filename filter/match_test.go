package filter_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

func program(t testing.TB, text string) *filter.Program {
	t.Helper()
	expr, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// opened is an openat as a sensor delivers it, the path leaf first.
func opened(path string, components string) *event.Event {
	var b event.Builder
	info := dictionary.Lookup("openat")
	b.Begin(info.ID, 1, 3, 4)
	for i, w := range []uint64{1<<64 - 100, 0, 0x80241, 0o644} {
		b.Word(i, w)
	}
	b.Item(1, 0, []byte(path))
	b.Item(event.TagPath, 0, []byte(components))
	file := make([]byte, 32)
	binary.LittleEndian.PutUint64(file, 4711)
	b.Item(event.TagFile, 0, file)
	e := &event.Event{}
	e.SetRaw(slices.Clone(b.End()))
	e.HostPID, e.HostTID, e.UID, e.Bits = 500, 500, 1000, event.BitContainer
	copy(e.Comm[:], "bash")
	copy(e.UTS[:], "node1")
	e.Container = &event.Container{ID: "0123456789abcdef", Name: "web"}
	return e
}

// executed is an execve with a vector.
func executed(argv string) *event.Event {
	var b event.Builder
	info := dictionary.Lookup("execve")
	b.Begin(info.ID, 1, 0, len(info.Args))
	b.Item(0, 0, []byte("/bin/ls"))
	b.Item(1, 0, []byte(argv))
	e := &event.Event{}
	e.SetRaw(slices.Clone(b.End()))
	return e
}

// connected is a connect to 10.0.0.1:443.
func connected() *event.Event {
	var b event.Builder
	info := dictionary.Lookup("connect")
	b.Begin(info.ID, 1, 0, len(info.Args))
	b.Word(0, 3)
	b.Item(uint8(info.ArgIndex("addr")), 0, append([]byte{2, 0, 1, 187, 10, 0, 0, 1}, make([]byte, 8)...))
	e := &event.Event{}
	e.SetRaw(slices.Clone(b.End()))
	return e
}

var matching = []struct {
	text  string
	event *event.Event
}{
	{`uid in {5, 1000..} and comm="bash" and pid!=1 and container and not new`, opened("/etc/passwd", "passwd\x00etc\x00")},
	{`uid in {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 1000}`, opened("", "")},
	{`comm in {"a", "b", "c", "d", "e", "f", "bash"}`, opened("", "")},
	{`openat.pathname="/etc/"* and openat.pathname=*"wd" and openat.pathname=*"ssw"*`, opened("/etc/passwd", "passwd\x00etc\x00")},
	{`openat.object.path="/etc/passwd" and openat.object.inode=4711`, opened("passwd", "passwd\x00etc\x00")},
	{`openat.flags=O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC and openat.flags=O_WRONLY|O_CR* and openat.flags=0x40/0x40`, opened("", "")},
	{`openat.dirfd=-100 and openat.retval in {0..} and retval=3`, opened("", "")},
	{`container.name="web" and container.id="01234567"*`, opened("", "")},
	{`execve.argv="[ls -l]" and execve.argv="[ls"*`, executed("ls\x00-l\x00")},
	{`connect.addr=":443" and connect.addr="10.0.0.1" and connect.addr="10.0.0.1:443" and connect.addr="10."* and connect.addr=*"sin_port:443]"`, connected()},
	{`follow(comm="bash") and uid=1000`, opened("", "")},
}

func TestMatches(t *testing.T) {
	for _, c := range matching {
		if !program(t, c.text).Match(c.event) {
			t.Errorf("%s does not match %s", c.text, describe(c.event))
		}
		if p := program(t, "not ("+c.text+")"); p.Match(c.event) {
			t.Errorf("the opposite of %s matches %s", c.text, describe(c.event))
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	for _, c := range matching {
		p := program(t, c.text)
		p.Match(c.event) // scratch memory grows once
		if n := testing.AllocsPerRun(100, func() { p.Match(c.event); p.Observe(c.event) }); n != 0 {
			t.Errorf("%s: %v allocations", c.text, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range matching {
		b.Run(c.text, func(b *testing.B) {
			p := program(b, c.text)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(c.event)
			}
		})
	}
}

// TestIDsOfLater: an event that the dictionary lacks is judged by what every
// event has.
func TestIDsOfLater(t *testing.T) {
	var b event.Builder
	b.Begin(60000, 1, 0, 0)
	e := &event.Event{}
	e.SetRaw(b.End())
	e.UID = 7
	for text, want := range map[string]bool{`uid=7`: true, `uid=8`: false, `event!=openat`: true, `openat.dirfd=5`: false, `not openat.dirfd and uid=7`: true} {
		if got := program(t, text).Match(e); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestSetStart(t *testing.T) {
	p, e := program(t, "new"), opened("", "")
	e.Start, e.Bits = 50, event.BitNew
	if !p.Match(e) {
		t.Error("what the kernel says is not believed")
	}
	if p.SetStart(51); p.Match(e) {
		t.Error("a process from before the start is new")
	}
	if p.SetStart(50); !p.Match(e) {
		t.Error("a process from after the start is not new")
	}
	if plan := p.Plan(); len(plan.Process) != 0 {
		t.Errorf("the plan asks the kernel, which means another start: %+v", plan.Process)
	}
}

func TestTerms(t *testing.T) {
	p := program(t, `event in {openat, close} and follow(comm="ngnix" and uid in {0, 1000}) and openat.pathname="/etc/"*`)
	p.CountRejections(true)
	e := opened("/etc/passwd", "")
	if p.Match(e) {
		t.Error("matches")
	}
	p.Match(executed(""))
	terms := p.Terms()
	want := []filter.Term{
		{Text: "event in {close, openat}", Field: "event", Rejected: 1},
		{Text: `comm="ngnix"`, Field: "comm", Values: []string{"ngnix"}, Process: true, Rejected: 1},
		{Text: "uid in {0, 1000}", Field: "uid", Values: []string{"0", "1000"}, Process: true},
		{Text: `openat.pathname="/etc/"*`, Field: "openat.pathname", Values: []string{"/etc/"}},
	}
	for i, w := range want {
		g := terms[i]
		if g.Text != w.Text || g.Field != w.Field || !slices.Equal(g.Values, w.Values) || g.Process != w.Process || g.Rejected != w.Rejected {
			t.Errorf("term %d: %+v, want %+v", i, g, w)
		}
	}
	made := &event.Event{Context: event.Context{UID: 1000}}
	if p.Test(1, made) || !p.Test(2, made) {
		t.Error("a made up event is judged wrongly")
	}
}
