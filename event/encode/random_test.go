package encode

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A generator makes events as strange as a record allows.
type generator struct {
	*rand.Rand
	b event.Builder
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
}

func (g *generator) one(of ...uint64) uint64 { return of[g.IntN(len(of))] }

func (g *generator) often(n int) bool { return g.IntN(n) > 0 }

// number is small, or has a few bits, or is anything.
func (g *generator) number() uint64 {
	switch g.IntN(5) {
	case 0:
		return g.Uint64N(8)
	case 1:
		a, b := g.IntN(64), g.IntN(64)
		return 1<<a | 1<<b
	case 2:
		return -g.Uint64N(200)
	case 3:
		return g.Uint64() >> g.IntN(64)
	}
	return g.Uint64N(1 << 20)
}

func (g *generator) text() string {
	switch g.IntN(6) {
	case 0:
		return strangeStrings[g.IntN(len(strangeStrings))]
	case 1:
		return "it's {'a': 'b','c"
	case 2:
		b := make([]byte, g.IntN(40))
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		return string(b)
	}
	return "/usr/lib/" + strings.Repeat("x", g.IntN(30))
}

// cText has no NUL.
func (g *generator) cText() string { return strings.ReplaceAll(g.text(), "\x00", "") }

func (g *generator) vector() []byte {
	var b []byte
	for range g.IntN(6) {
		b = append(append(b, g.cText()...), 0)
	}
	if len(b) > 0 && !g.often(5) {
		b = b[:len(b)-1]
	}
	return b
}

// sockaddr is an address as user space may pass it: with any length and tail.
func (g *generator) sockaddr() []byte {
	b := make([]byte, []int{0, 1, 2, 3, 8, 12, 16, 24, 26, 28, 30, 110}[g.IntN(12)])
	for i := range b {
		if g.IntN(3) == 0 {
			b[i] = byte(g.Uint32())
		}
	}
	switch family := g.IntN(8); {
	case len(b) < 2:
	case family < 2 && g.often(3):
		b = append([]byte{afUnix, 0}, []string{"", "/run/x", "/run/x\x00", "\x00abstract", "\x00", "\x00\x00\x00", "@x", "it's", "/x\x00\x00\x00"}[g.IntN(9)]...)
	case family < 6:
		binary.LittleEndian.PutUint16(b, []uint16{afUnix, afInet, afInet6}[family%3])
		if len(b) > 24 && !g.often(3) {
			copy(b[8:], "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff")
		}
	case family < 7:
		binary.LittleEndian.PutUint16(b, uint16(g.IntN(50)))
	}
	if !g.often(3) {
		clear(b[min(len(b), 8):])
	}
	return b
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

// pathItem is a path as the kernel writes it, leaf first.
func (g *generator) pathItem() (data []byte, flags uint8) {
	flags = uint8(g.IntN(4)) * uint8(g.IntN(2)) << g.IntN(3) & (event.ItemCut | event.ItemDetached | event.ItemDeleted | event.ItemAnon)
	for range g.IntN(6) {
		data = append(append(data, strings.ReplaceAll(g.cText(), "/", "_")...), 0)
	}
	return data, flags
}

// event makes an event of a row.
func (g *generator) event(info *dictionary.Event) *event.Event {
	e := &event.Event{Arch: dictionary.Arch(g.IntN(2))}
	nargs := len(info.Args)
	if !g.often(10) {
		nargs = 0
	}
	g.b.Begin(info.ID, event.Time(g.Uint64()>>(5+g.IntN(30))), int64(g.number()), nargs)
	flags := event.Flags(g.Uint32()) & (event.FlagMore<<2 - 1) & event.Flags(g.Uint32()) & event.Flags(g.Uint32())
	g.b.SetFlags(flags)
	for i := range info.Args[:nargs] {
		if a := &info.Args[i]; a.Class.Word() && g.often(10) {
			g.b.Word(i, g.word(a))
		}
	}
	for i := range info.Args[:nargs] {
		g.arg(i, &info.Args[i])
	}
	g.objects()
	if !e.SetRaw(g.b.End()) {
		panic("the record is not whole")
	}
	e.CPU = uint16(g.number())
	g.context(&e.Context)
	if g.often(3) {
		e.Stack = make([]uint64, g.IntN(4))
		for i := range e.Stack {
			e.Stack[i] = g.number()
		}
	}
	if g.often(3) {
		e.Process = g.process(&e.Context)
	}
	if !g.often(3) {
		e.Container = &event.Container{ID: g.text(), Name: g.text(), Image: g.text(), Started: event.Time(g.number()), New: g.often(2)}
	}
	return e
}

// word is a number that the argument's decoder may know.
func (g *generator) word(a *dictionary.Arg) uint64 {
	if len(a.Choices) > 0 && g.often(3) {
		d := a.Choices[g.IntN(len(a.Choices))].Decoder
		names := d.Names(dictionary.AMD64)
		if len(names) > 0 {
			n, _ := d.Parse(dictionary.AMD64, names[g.IntN(len(names))])
			if d.Flags() {
				m, _ := d.Parse(dictionary.AMD64, names[g.IntN(len(names))])
				n |= m
			}
			if d == alerts && !g.often(2) {
				n |= event.AlertSaved
			}
			return n
		}
	}
	return g.number()
}

func (g *generator) arg(i int, a *dictionary.Arg) {
	if !g.often(8) {
		return // unreadable
	}
	flags := uint8(0)
	if !g.often(6) {
		flags = event.ItemCut
	}
	switch a.Class {
	case dictionary.String:
		if a.Kernel != dictionary.KernelNothing && g.often(2) {
			return
		}
		g.b.Item(uint8(i), flags, []byte(g.text()))
	case dictionary.Strings:
		if !g.often(6) {
			flags |= event.ItemHole
		}
		g.b.Item(uint8(i), flags, g.vector())
	case dictionary.Sockaddr:
		if !g.often(6) {
			g.b.Word(i, 0) // a null pointer
			return
		}
		g.b.Item(uint8(i), flags, g.sockaddr())
	case dictionary.Bytes:
		g.b.Item(uint8(i), flags, g.bytes(g.IntN(20)))
	case dictionary.Cred:
		g.b.Item(uint8(i), 0, g.bytes(event.CredSize))
	default:
		switch {
		case len(a.Choices) > 0 && a.Choices[0].Decoder == alerts:
			g.b.Item(uint8(i), 0, g.bytes(8))
		case a.Class == dictionary.Pointer && (a.Struct != nil && g.often(2) || !g.often(5)):
			g.b.Item(uint8(i), 0, g.bytes(g.IntN(80))) // what it leads to, in whole or in part
		}
	}
}

// objects adds items of what the kernel reached.
func (g *generator) objects() {
	for _, p := range paths {
		if g.often(3) {
			continue
		}
		data, flags := g.pathItem()
		if p.tag == event.TagInterp {
			flags, data = 0, []byte(g.text())
		}
		g.b.Item(p.tag, flags, data)
	}
	for _, tag := range []uint8{event.TagArgv, event.TagEnv} {
		if !g.often(3) {
			g.b.Item(tag, uint8(g.one(0, 0, event.ItemCut, event.ItemHole)), g.vector())
		}
	}
	if !g.often(2) {
		file := g.bytes(32)
		if g.often(2) {
			binary.LittleEndian.PutUint32(file[28:], uint32(g.one(0xef53, 0x50495045, 0x534f434b, 0x09041934, 0x6e736673)))
		}
		g.b.Item(event.TagFile, 0, file)
	}
	if !g.often(2) {
		g.socket()
	}
	if !g.often(4) {
		g.b.Item(event.TagBytes, uint8(g.one(0, event.ItemCut)), g.bytes(g.IntN(20)))
	}
	if !g.often(4) {
		g.b.Item(event.TagChild, 0, g.bytes(contextSize))
	}
}

func (g *generator) socket() {
	b := make([]byte, 72)
	family := g.one(afUnix, afInet, afInet6, 16, 3)
	binary.LittleEndian.PutUint16(b, uint16(family))
	for i := 2; i < 8; i += 2 {
		binary.LittleEndian.PutUint16(b[i:], uint16(g.number()))
	}
	binary.LittleEndian.PutUint64(b[8:], g.number())
	for at := 16; at < 72; at += 28 {
		if g.often(4) {
			size := 8
			if family == afInet6 {
				size = 28
			}
			copy(b[at:at+size], g.bytes(28))
			binary.LittleEndian.PutUint16(b[at:], uint16(family))
		}
	}
	g.b.Item(event.TagSocket, 0, b)
	if family == afUnix {
		for _, tag := range []uint8{event.TagSunPath, event.TagSunPeer} {
			if g.often(3) {
				if a := g.sockaddr(); len(a) > 2 {
					g.b.Item(tag, uint8(g.one(0, event.ItemCut)), a[2:])
				} else {
					g.b.Item(tag, 0, nil)
				}
			}
		}
	}
}

func (g *generator) context(c *event.Context) {
	*c = event.Context{Start: g.number(), Cgroup: g.number(), Cap: g.number(), ThreadStart: g.number(),
		Bits: event.Bits(g.Uint32()) & (event.BitNewContainer<<1 - 1)}
	for _, u := range []*uint32{&c.HostPID, &c.HostTID, &c.HostPPID, &c.PID, &c.TID, &c.PPID, &c.UID, &c.MntNS, &c.PidNS, &c.EUID, &c.GID} {
		*u = uint32(g.number())
	}
	copy(c.Comm[:], g.cText())
	copy(c.UTS[:], g.cText())
}

func (g *generator) process(c *event.Context) *event.Process {
	p := processOf(c)
	top := &p
	for q := top; ; {
		q.Exe, q.Cwd, q.Version = g.text(), g.text(), uint32(g.number())
		for range g.IntN(4) {
			q.Argv = append(q.Argv, g.text())
		}
		if !g.often(3) {
			q.UID, q.Cap, q.Comm, q.PPID = uint32(g.number()), g.number(), g.text(), uint32(g.number())
		}
		if !g.often(3) {
			q.Cgroup, q.MntNS, q.PidNS, q.EUID, q.GID = g.number(), uint32(g.number()), uint32(g.number()), uint32(g.number()), uint32(g.number())
		}
		if !g.often(3) {
			return top
		}
		up := *q
		up.PID, up.Start, up.Argv, up.Parent = uint32(g.number()), g.number(), nil, nil
		q.Parent = &up
		q = &up
	}
}

// differs says in what an event answers differently from another, "" if in
// nothing.
func differs(a, b *event.Event) string {
	info := a.Info()
	var v, w event.Value
	switch {
	case a.ID != b.ID:
		return fmt.Sprintf("id %d, %d", a.ID, b.ID)
	case a.Time != b.Time, a.Ret != b.Ret, a.CPU != b.CPU, a.Flags != b.Flags, a.Arch != b.Arch:
		return fmt.Sprintf("header: %v %v %v %v %v, %v %v %v %v %v", a.Time, a.Ret, a.CPU, a.Flags, a.Arch, b.Time, b.Ret, b.CPU, b.Flags, b.Arch)
	case !slices.Equal(a.Stack, b.Stack) || (a.Stack == nil) != (b.Stack == nil) && len(a.Stack) > 0:
		return fmt.Sprintf("stack %v, %v", a.Stack, b.Stack)
	case string(event.Text(&a.Comm)) != string(event.Text(&b.Comm)), string(event.Text(&a.UTS)) != string(event.Text(&b.UTS)):
		return fmt.Sprintf("names %q %q, %q %q", a.Comm, a.UTS, b.Comm, b.UTS)
	}
	x, y := a.Context, b.Context
	x.Comm, x.UTS, y.Comm, y.UTS = [16]byte{}, [16]byte{}, [16]byte{}, [16]byte{}
	if x != y {
		return fmt.Sprintf("context %+v, %+v", x, y)
	}
	for i, arg := range info.Args {
		if s := sameValue(a.Arg(i, &v), b.Arg(i, &w), &v, &w); s != "" {
			return "argument " + arg.Name + ": " + s
		}
		for _, m := range []event.Mode{event.Mode2021, event.ModeAll, event.ModeRaw} {
			if a.Arg(i, &v) && b.Arg(i, &w) {
				s, t := a.AppendText(nil, i, &v, m), b.AppendText(nil, i, &w, m)
				if string(s) != string(t) {
					return fmt.Sprintf("text of %s: %q, %q", arg.Name, s, t)
				}
			}
		}
	}
	for i := range event.Fields() {
		f := event.Field(i)
		if s := sameValue(a.Object(f, &v), b.Object(f, &w), &v, &w); s != "" {
			return "object." + f.String() + ": " + s
		}
	}
	for _, tag := range []uint8{event.TagChild, event.TagBytes} {
		s, _, ok := a.Item(tag)
		t, _, ok2 := b.Item(tag)
		if tag == event.TagChild {
			s, t = childTexts(s), childTexts(t)
		}
		if ok != ok2 || string(s) != string(t) {
			return fmt.Sprintf("item %#x: %x, %x", tag, s, t)
		}
	}
	if s := sameProcess(a.Process, b.Process); s != "" {
		return "process: " + s
	}
	if (a.Container == nil) != (b.Container == nil) || a.Container != nil && *a.Container != *b.Container {
		return fmt.Sprintf("container %+v, %+v", a.Container, b.Container)
	}
	return ""
}

// childTexts is a context whose names end at their NUL.
func childTexts(b []byte) []byte {
	if len(b) != contextSize {
		return b
	}
	comm, uts := [16]byte(b[80:]), [16]byte(b[96:])
	return append(append(append(slices.Clone(b[:80]), event.Text(&comm)...), '|'), event.Text(&uts)...)
}

func sameValue(ok, ok2 bool, v, w *event.Value) string {
	if ok != ok2 {
		return fmt.Sprintf("answered %v, %v", ok, ok2)
	}
	if ok && (v.Class != w.Class || v.Num != w.Num || v.Cut != w.Cut || string(v.Bytes) != string(w.Bytes)) {
		return fmt.Sprintf("%v %#x %q %v, %v %#x %q %v", v.Class, v.Num, v.Bytes, v.Cut, w.Class, w.Num, w.Bytes, w.Cut)
	}
	return ""
}

func sameProcess(a, b *event.Process) string {
	for n := 0; a != nil && b != nil; n++ {
		x, y := *a, *b
		if n >= 2 { // of grandparents and above a line has the executable only
			a.Argv, x.Cwd = nil, ""
		}
		x.Parent, x.Argv, y.Parent, y.Argv = nil, nil, nil, nil
		if fmt.Sprintf("%#v", x) != fmt.Sprintf("%#v", y) || !slices.Equal(a.Argv, b.Argv) {
			return fmt.Sprintf("%d: %+v, %+v", n, a, b)
		}
		a, b = a.Parent, b.Parent
	}
	if (a == nil) != (b == nil) {
		return fmt.Sprintf("%v, %v", a, b)
	}
	return ""
}
