package filter_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// A source makes random events and expressions whose values often meet: most
// are about one event.
type source struct {
	*rand.Rand
	theme string
}

func newSource(seed uint64) source {
	s := source{Rand: rand.New(rand.NewPCG(seed, 7))}
	s.theme = pick(s, eventNames...)
	return s
}

// name is an event's.
func (s source) name() string {
	if s.IntN(4) > 0 {
		return s.theme
	}
	return pick(s, eventNames...)
}

// column is the name of a column, most often one that the theme has.
func (s source) column() string {
	for {
		c := pick(s, columns...)
		if head, _, dotted := strings.Cut(c, "."); !dotted || head == "object" || head == "container" || head == s.name() {
			return c
		}
	}
}

func pick[T any](s source, list ...T) T { return list[s.IntN(len(list))] }

var (
	eventNames = []string{"openat", "close", "kill", "connect", "mmap", "execve", "ptrace", "setsockopt", "security_file_open", "chmod", "socket", "prctl", "sched_process_exit", "clone"}
	texts      = []string{"", "/", "/tmp/a", "/tmp/b", "/etc/passwd", "/etc/", "passwd", "a", "bash", "sh", "[ls -l]", "[ls", "node1", "exactly15bytes.", "longer than 15 bytes",
		"/a/very/long/path/that/does/not/fit/into/the/sixty-four/bytes/that/a/kernel/keeps", "/a/very/long/path/that/does/not/fit/into/the/sixty-four/bytes/that",
		"10.0.0.1", "10.0.0.1:80", ":80", "::1", "[::1]:443", ":443", "/run/x.sock", "@name", "map[sa_family:AF_INET sin_addr:10.0.0.1 sin_port:80]", "map[", "\xff\"\n"}
	words = []uint64{0, 1, 2, 3, 5, 9, 64, 0x241, 0x80000, 0x10000, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 100, 0o644, 0o100644, 16, 17, 22}
)

// event is a random event, in the state that a sensor may deliver one.
func (s source) event() *event.Event {
	info := dictionary.Lookup(s.name())
	var b event.Builder
	b.Begin(info.ID, event.Time(s.IntN(100)), int64(pick(s, words...)), len(info.Args))
	flags := event.Flags(0)
	if s.IntN(4) == 0 {
		flags = event.FlagCompat
	}
	b.SetFlags(flags)
	for i := range info.Args {
		if info.Args[i].Class.Word() && s.IntN(8) > 0 {
			w := pick(s, words...)
			if flags != 0 {
				w = uint64(uint32(w))
			}
			b.Word(i, w)
		}
	}
	for i := range info.Args {
		if !info.Args[i].Class.Word() && s.IntN(8) > 0 {
			b.Item(uint8(i), 0, s.bytes(info.Args[i].Class))
		}
	}
	s.object(&b)
	e := &event.Event{Arch: dictionary.Arch(s.IntN(2)), CPU: uint16(s.IntN(2)), Context: s.context()}
	if !e.SetRaw(slices.Clone(b.End())) {
		panic("the record is not whole")
	}
	if s.IntN(3) == 0 {
		e.Container = &event.Container{ID: pick(s, "0123456789abcdef", "fedcba9876543210"), Name: pick(s, "web", "db", ""), New: s.IntN(2) == 0}
	}
	return e
}

func (s source) object(b *event.Builder) {
	if s.IntN(2) == 0 {
		return
	}
	b.Item(event.TagPath, pick[uint8](s, event.ItemText, event.ItemText|event.ItemCut), []byte(pick(s, texts...)))
	file := make([]byte, 32)
	for i := range 4 {
		binary.LittleEndian.PutUint64(file[8*i:], pick(s, words...))
	}
	b.Item(event.TagFile, 0, file)
}

func (s source) bytes(c dictionary.Class) []byte {
	switch c {
	case dictionary.Strings:
		return []byte(pick(s, "", "ls\x00-l\x00", "ls\x00", "\x00"))
	case dictionary.Sockaddr:
		return s.sockaddr()
	}
	return []byte(pick(s, texts...))
}

func (s source) sockaddr() []byte {
	switch s.IntN(4) {
	case 0:
		return append([]byte{1, 0}, pick(s, "/run/x.sock", "\x00name", "", ":80", "10.0.0.1:80")...)
	case 1:
		return append([]byte{2, 0, 0, byte(pick(s, 80, 81)), 10, 0, 0, byte(pick(s, 1, 2))}, make([]byte, 8)...)
	case 2:
		a := append([]byte{10, 0, 1, 187, 0, 0, 0, 0}, make([]byte, 20)...)
		a[23] = 1
		return a
	}
	return pick(s, []byte{}, []byte{2}, []byte{2, 0, 0, 80}, []byte{0, 0}, []byte{10, 0, 1, 187, 0, 0, 0, 0})
}

func (s source) context() (c event.Context) {
	c.Start = uint64(s.IntN(4))
	c.HostPID, c.HostTID, c.UID = uint32(s.IntN(4)), uint32(s.IntN(4)), uint32(pick(s, words...))
	c.MntNS, c.PidNS, c.Cgroup = uint32(s.IntN(3)), uint32(pick(s, words...)), pick(s, words...)
	c.Bits = event.Bits(s.IntN(8))
	copy(c.Comm[:], pick(s, texts...))
	copy(c.UTS[:], pick(s, texts...))
	return c
}

var columns = []string{"pid", "uid", "mntns", "cgroup", "cpu", "retval", "comm", "uts", "new", "container", "container.new", "container.name", "object.path",
	"openat.pathname", "openat.flags", "openat.retval", "openat.object.path", "openat.object.flags", "close.fd", "kill.sig", "connect.addr", "mmap.prot", "mmap.flags", "execve.argv", "execve.pathname",
	"ptrace.request", "setsockopt.level", "setsockopt.optname", "security_file_open.pathname", "security_file_open.dev", "chmod.mode", "socket.type", "prctl.option", "clone.flags"}

var names = map[string][]string{
	"openat.flags": {"O_RDONLY", "O_WRONLY|O_CREAT", "O_CREAT", "O_RD", "O_RDWR|O_CR", "O_DIRECTORY"}, "openat.object.flags": {"O_RDONLY", "O_WRONLY|O_CREAT|O_TRUNC", "O_"},
	"kill.sig": {"SIGKILL", "SIG", "SIGTERM"}, "mmap.prot": {"PROT_NONE", "PROT_READ|PROT_WRITE", "PROT_READ"}, "mmap.flags": {"MAP_PRIVATE", "MAP_SHARED", "MAP_PRIVATE|MAP_ANONYMOUS"},
	"ptrace.request": {"PTRACE_ATTACH", "PTRACE_", "PTRACE_PEEKTEXT"}, "setsockopt.level": {"SOL_SOCKET", "SOL_"}, "setsockopt.optname": {"SO_REUSEADDR", "SO_", "TCP_NODELAY"},
	"chmod.mode": {"S_IRUSR|S_IWUSR|S_IRGRP|S_IROTH", "S_IFREG", "S_IR"}, "socket.type": {"SOCK_STREAM", "SOCK_DGRAM|SOCK_CLOEXEC", "SOCK_"},
	"prctl.option": {"PR_SET_NAME", "PR_"}, "clone.flags": {"CLONE_VM", "CLONE_VM|CLONE_FS", "CLONE_NEW"},
}

// node is a random tree.
func (s source) node(depth int) *filter.Node {
	switch n := s.IntN(10); {
	case depth > 0 && n < 2:
		return filter.And(s.nodes(depth)...)
	case depth > 0 && n < 4:
		return filter.Or(s.nodes(depth)...)
	case depth > 0 && n == 4:
		return filter.Not(s.node(depth - 1))
	case depth > 0 && n == 5:
		return filter.For(dictionary.Lookup(s.name()).ID, s.node(depth-1))
	case n == 6:
		var ids []event.ID
		for range s.IntN(4) {
			ids = append(ids, dictionary.Lookup(s.name()).ID)
		}
		return filter.Event(ids...)
	}
	column := s.column()
	if s.IntN(6) == 0 {
		return filter.Has(column)
	}
	c, err := filter.Events.Column(column, "")
	if err != nil {
		panic(err)
	}
	if c.Type == filter.TypeFact {
		return filter.Has(column)
	}
	var members []filter.Member
	for range s.IntN(4) {
		members = append(members, s.member(&c, column))
	}
	if s.IntN(20) == 0 && c.Type == filter.TypeUnsigned {
		for range 70 {
			members = append(members, filter.Equal(filter.Uint(uint64(s.IntN(1000)))))
		}
	}
	return filter.In(column, members...)
}

func (s source) nodes(depth int) (nodes []*filter.Node) {
	for range 1 + s.IntN(4) {
		nodes = append(nodes, s.node(depth-1))
	}
	return nodes
}

func (s source) member(c *filter.Column, column string) filter.Member {
	if c.Type != filter.TypeUnsigned && c.Type != filter.TypeSigned {
		text := pick(s, texts...)
		return pick(s, filter.Text, filter.Text, filter.Prefix, filter.Suffix, filter.Contains)(text)
	}
	if list := names[column]; list != nil && s.IntN(2) == 0 {
		text, star := pick(s, list...), s.IntN(2) == 0
		switch {
		case star && c.Knows(text, true):
			return filter.NamesAtLeast(text)
		case !star && c.Knows(text, false):
			return filter.Names(text)
		}
	}
	switch s.IntN(4) {
	case 0:
		return filter.Mask(pick(s, words...), pick(s, words...))
	case 1:
		a, b := s.number(c), s.number(c)
		if a.Compare(b) > 0 {
			a, b = b, a
		}
		return filter.Range(a, b)
	}
	return filter.Equal(s.number(c))
}

func (s source) number(c *filter.Column) filter.Number {
	switch s.IntN(12) {
	case 0:
		return filter.Least
	case 1:
		return filter.Most
	}
	if w := pick(s, words...); c.Type == filter.TypeSigned {
		return filter.Int(int64(w))
	} else {
		return filter.Uint(w)
	}
}

// expr is a random expression, sometimes one that follows.
func (s source) expr() *filter.Expr {
	nodes := []*filter.Node{s.node(3)}
	if s.IntN(3) == 0 {
		nodes = append(nodes, s.node(2), s.node(1))
	}
	if s.IntN(4) == 0 {
		nodes = append(nodes, filter.Follow(s.node(2)))
	}
	return &filter.Expr{Root: filter.And(nodes...)}
}

func describe(e *event.Event) string {
	text := fmt.Sprintf("%s pid=%d uid=%d comm=%q ret=%d flags=%d arch=%d bits=%d", e.Info().Name, e.HostPID, e.UID, event.Text(&e.Comm), e.Ret, e.Flags, e.Arch, e.Bits)
	var v event.Value
	for i, a := range e.Info().Args {
		if e.Arg(i, &v) {
			text += fmt.Sprintf(" %s=%q", a.Name, event.AppendRaw(nil, &v))
		}
	}
	if e.Object(event.FieldPath, &v) {
		text += fmt.Sprintf(" object.path=%q", v.Bytes)
	}
	return text
}
