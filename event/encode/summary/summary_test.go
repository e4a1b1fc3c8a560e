package summary

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A call is an event to be observed: numbers and texts of arguments by name.
type call struct {
	name  string
	ret   int64
	pid   uint32
	comm  string
	args  map[string]any
	items map[uint8][]byte
}

func (c call) event(t testing.TB) *event.Event {
	info := dictionary.Lookup(c.name)
	if info == nil {
		t.Fatalf("no event %s", c.name)
	}
	var b event.Builder
	b.Begin(info.ID, 1e9, c.ret, len(info.Args))
	for name, value := range c.args {
		if n, ok := value.(int); ok {
			b.Word(info.ArgIndex(name), uint64(n))
		}
	}
	for name, value := range c.args {
		if s, ok := value.(string); ok {
			b.Item(uint8(info.ArgIndex(name)), 0, []byte(s))
		}
	}
	for tag, data := range c.items {
		b.Item(tag, event.ItemText, data)
	}
	e := &event.Event{}
	if !e.SetRaw(b.End()) {
		t.Fatal("the record is not whole")
	}
	e.HostPID, e.HostTID, e.Start = c.pid, c.pid, uint64(c.pid)
	copy(e.Comm[:], c.comm)
	return e
}

func socket(protocol uint16, local, remote string) []byte {
	b := make([]byte, 72)
	binary.LittleEndian.PutUint16(b, 2)
	binary.LittleEndian.PutUint16(b[2:], 1)
	binary.LittleEndian.PutUint16(b[4:], protocol)
	copy(b[16:], local)
	copy(b[44:], remote)
	return b
}

// Socket addresses as in memory.
const (
	web    = "\x02\x00\x00\x50\x0a\x00\x00\x05"
	client = "\x02\x00\xc8\x01\x0a\x00\x00\x09"
	far    = "\x02\x00\x01\xbb\x5d\xb8\xd8\x22"
)

var day = []call{
	{name: "execve", pid: 10, comm: "bash", args: map[string]any{"pathname": "/usr/bin/ls", "argv": "ls\x00-la\x00/tmp dir\x00"}},
	{name: "execve", pid: 11, comm: "bash", args: map[string]any{"pathname": "/nosuch", "argv": "nosuch\x00"}},
	{name: "execve", pid: 11, comm: "bash", ret: -2, args: map[string]any{"pathname": "/nosuch"}},
	{name: "execve", pid: 11, comm: "bash", args: map[string]any{"pathname": "/usr/bin/ls", "argv": "ls\x00"}},
	{name: "openat", pid: 10, comm: "ls", ret: 3, args: map[string]any{"dirfd": -100, "pathname": "../etc/hosts", "flags": 0x80000}, items: map[uint8][]byte{event.TagPath: []byte("/etc/hosts")}},
	{name: "openat", pid: 10, comm: "ls", ret: 3, args: map[string]any{"dirfd": -100, "pathname": "/etc/hosts", "flags": 0}},
	{name: "read", pid: 10, comm: "ls", ret: 2000, args: map[string]any{"fd": 3}, items: map[uint8][]byte{event.TagPath: []byte("/etc/hosts")}},
	{name: "openat", pid: 10, comm: "ls", ret: -13, args: map[string]any{"dirfd": -100, "pathname": "/etc/shadow", "flags": 0}},
	{name: "openat", pid: 10, comm: "sh", ret: 4, args: map[string]any{"dirfd": -100, "pathname": "/tmp/x", "flags": 0o1101}},
	{name: "openat", pid: 10, comm: "sh", ret: 4, args: map[string]any{"dirfd": -100, "pathname": "/tmp", "flags": 0o10200000}},
	{name: "openat", pid: 10, comm: "sh", ret: 4, args: map[string]any{"dirfd": 5, "pathname": "sub", "flags": 0}, items: map[uint8][]byte{event.TagDir: []byte("/srv")}},
	{name: "unlink", pid: 10, comm: "rm", args: map[string]any{"pathname": "/tmp/x"}},
	{name: "unlink", pid: 10, comm: "rm", ret: -2, args: map[string]any{"pathname": "/tmp/x"}},
	{name: "connect", pid: 12, comm: "curl", ret: -115, args: map[string]any{"sockfd": 3, "addr": far + "\x00\x00\x00\x00\x00\x00\x00\x00"}, items: map[uint8][]byte{event.TagSocket: socket(6, client, far)}},
	{name: "connect", pid: 12, comm: "curl", ret: -111, args: map[string]any{"sockfd": 3, "addr": far}},
	{name: "connect", pid: 12, comm: "logger", args: map[string]any{"sockfd": 3, "addr": "\x01\x00/run/log\x1b[31m\x00"}},
	{name: "accept4", pid: 13, comm: "nginx", ret: 9, args: map[string]any{"sockfd": 3}, items: map[uint8][]byte{event.TagSocket: socket(6, web, client)}},
	{name: "cap_capable", pid: 13, comm: "nginx", args: map[string]any{"cap": 10}},
	{name: "cap_capable", pid: 13, comm: "nginx", ret: -1, args: map[string]any{"cap": 21}},
}

func observed(t testing.TB) *Summary {
	s := New()
	for _, c := range day {
		s.Observe(c.event(t))
	}
	return s
}

func TestScreen(t *testing.T) {
	const want = `19 events by 4 processes in 0.0 s

Programs run
  COUNT  PROGRAM      EXAMPLE
      2  /usr/bin/ls  ls -la "/tmp dir"

Files read
  COUNT    BYTES  FILE        BY
      3  2.0 KiB  /etc/hosts  ls
      1        -  /srv/sub    sh

Files written or changed
  COUNT  FILE    HOW                               BY
      2  /tmp/x  opened created truncated removed  sh

Peers
  COUNT  PEER                                HOW        BY
      1  /run/log\x1b[31m (unix)             connected  logger
      1  93.184.216.34:443/tcp               connected  curl
      1  from 10.0.0.9 to 10.0.0.5:80/tcp    accepted   nginx

Capabilities used
  COUNT  CAPABILITY            HOW      BY
      1  CAP_NET_BIND_SERVICE  granted  nginx
      1  CAP_SYS_ADMIN         denied   nginx

Failures
  COUNT  EVENT AND ERROR       EXAMPLE
      1  connect ECONNREFUSED  curl 93.184.216.34:443
      1  execve ENOENT         bash /nosuch
      1  openat EACCES         ls /etc/shadow
      1  unlink ENOENT         rm /tmp/x
`
	got := string(observed(t).AppendText(nil, 0, false))
	squeezed := func(s string) string { // blanks between columns are another test's matter
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		return strings.Join(lines, "\n")
	}
	if squeezed(got) != squeezed(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestScreenFits(t *testing.T) {
	s := New()
	for i := range 30 {
		c := day[4]
		c.items = map[uint8][]byte{event.TagPath: fmt.Appendf(nil, "/very/long/%s/path%d", strings.Repeat("x", 10*i), i)}
		c.comm = "a-long-command"
		s.Observe(c.event(t))
	}
	for _, width := range []int{50, 80, 132} {
		for line := range strings.Lines(string(s.AppendText(nil, width, false))) {
			if strings.HasPrefix(line, " ") && utf8.RuneCountInString(strings.TrimRight(line, "\n")) > width {
				t.Errorf("%d characters, wanted %d: %s", utf8.RuneCountInString(line), width, line)
			}
		}
	}
	if got := string(s.AppendText(nil, 80, false)); !strings.Contains(got, "and 20 more") || !strings.Contains(got, "Not traced: programs run (execve") {
		t.Errorf("got\n%s", got)
	}
}

func TestSummaryAsJSON(t *testing.T) {
	var got struct {
		V, Events, Processes int
		FilesRead            jsonTable `json:"files_read"`
		Programs, Peers      jsonTable
		Failures             jsonTable
	}
	text := observed(t).AppendJSON(nil)
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if got.V != 1 || got.Events != len(day) || got.Processes != 4 {
		t.Errorf("got %+v", got)
	}
	if r := got.FilesRead; !r.Traced || !r.Complete || r.Total != 4 || len(r.Rows) != 2 || r.Rows[0].Name != "/etc/hosts" || r.Rows[0].Bytes != 2000 {
		t.Errorf("files read: %+v", r)
	}
	if r := got.Programs; r.Total != 2 || len(r.Rows) != 1 || r.Rows[0].Count != 2 {
		t.Errorf("programs: %+v", r)
	}
}

// The kernel's hook is counted where no system call was traced, and only there.
func TestHooksAreTheSecondChoice(t *testing.T) {
	s := New()
	hook := call{name: "security_file_open", pid: 1, args: map[string]any{"flags": 0}, items: map[uint8][]byte{event.TagPath: []byte("/etc/hosts")}}
	s.Observe(hook.event(t))
	if got := s.source(filesRead).total; got != 1 {
		t.Errorf("the hook alone: counted %d", got)
	}
	s.Observe(day[4].event(t))
	s.Observe(hook.event(t))
	if got := s.source(filesRead).total; got != 1 {
		t.Errorf("the hook beside the call: counted %d", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := New()
	for i := range 3 * limit {
		c := day[4]
		c.pid = uint32(i)
		c.items = map[uint8][]byte{event.TagPath: fmt.Appendf(nil, "/file%d", i)}
		s.Observe(c.event(t))
		s.Observe(call{name: "execve", pid: uint32(i), args: map[string]any{"pathname": fmt.Sprint("/bin/", i)}}.event(t))
	}
	if n := len(s.source(filesRead).rows); n != limit {
		t.Errorf("%d files are kept", n)
	}
	if n := len(s.begun); n > limit {
		t.Errorf("%d programs are pending", n)
	}
	if got := string(s.AppendText(nil, 80, false)); !strings.Contains(got, "of which the rarest were not kept") {
		t.Errorf("got\n%s", got)
	}
}

func TestKnownThingsAllocateNothing(t *testing.T) {
	s := New()
	var events []*event.Event
	for _, c := range day[4:] {
		events = append(events, c.event(t))
	}
	all := func() {
		for _, e := range events {
			s.Observe(e)
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n != 0 {
		t.Errorf("%v allocations for %d events", n, len(events))
	}
}

func BenchmarkObserve(b *testing.B) {
	s := New()
	var events []*event.Event
	for _, c := range day {
		events = append(events, c.event(b))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		s.Observe(events[i%len(events)])
		i++
	}
}

// What is traced and did not happen is not called untraced.
func TestTrace(t *testing.T) {
	s := New()
	s.Trace(dictionary.Lookup("connect").ID, dictionary.Lookup("unlink").ID, 65535)
	got := string(s.AppendText(nil, 200, false))
	if !strings.Contains(got, "None: files written or changed, peers, failures.") ||
		!strings.Contains(got, "Not traced: programs run") || strings.Contains(got, "files written or changed (") {
		t.Errorf("got\n%s", got)
	}
}
