package encode

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// happened makes an event of words and texts by argument name.
func happened(t testing.TB, name string, ret int64, words map[string]uint64, texts map[string]string, items map[uint8][]byte) *event.Event {
	t.Helper()
	info := dictionary.Lookup(name)
	var b event.Builder
	b.Begin(info.ID, 5_000_001_000, ret, len(info.Args))
	for arg, n := range words {
		b.Word(info.ArgIndex(arg), n)
	}
	for arg, s := range texts {
		b.Item(uint8(info.ArgIndex(arg)), 0, []byte(s))
	}
	for tag, data := range items {
		b.Item(tag, event.ItemText, data)
	}
	e := &event.Event{Arch: dictionary.AMD64}
	if !e.SetRaw(b.End()) {
		t.Fatal("the record is not whole")
	}
	e.Context = event.Context{HostPID: 23001, HostTID: 23002, HostPPID: 14000, PID: 7, TID: 8, PPID: 1, UID: 1000, MntNS: 4026532448, PidNS: 4026532451}
	copy(e.Comm[:], "cat")
	copy(e.UTS[:], "web")
	return e
}

func openat(t testing.TB, path string) *event.Event {
	return happened(t, "openat", -2, map[string]uint64{"dirfd": 5, "flags": 0x80000, "mode": 0o644}, map[string]string{"pathname": path}, nil)
}

func TestTableForms(t *testing.T) {
	for _, c := range []struct {
		what   string
		config Config
		env    Env
		event  *event.Event
		want   string
	}{
		{"plain", Config{}, Env{}, openat(t, "/x"),
			"5.000001       web              1000   cat              7      /23001   8      /23002   -2               openat               dirfd: 5, pathname: /x, flags: O_RDONLY|O_CLOEXEC, mode: 420"},
		{"verbose", Config{Format: TableVerbose}, Env{}, openat(t, "/x"),
			"5.000001       web              4026532448   4026532451   1000   cat              7      /23001   8      /23002   1      /14000   -2               openat               dirfd: 5, pathname: /x, flags: O_RDONLY|O_CLOEXEC, mode: 420"},
		{"parsed", Config{ParseArguments: true}, Env{}, openat(t, "/x"),
			"5.000001       web              1000   cat              7      /23001   8      /23002   -2 ENOENT        openat               dirfd: 5, pathname: /x, flags: O_RDONLY|O_CLOEXEC, mode: "},
		{"raw", Config{RawArguments: true}, Env{}, openat(t, "/x"),
			"5.000001       web              1000   cat              7      /23001   8      /23002   -2               openat               dirfd: 5, pathname: /x, flags: 524288, mode: 420"},
		{"relative", Config{RelativeTime: true}, Env{Start: 4e9}, openat(t, "/x"), "1.000001       web "},
		{"before the start", Config{RelativeTime: true}, Env{Start: 6e9}, openat(t, "/x"), "0.000000       web "},
		{"descriptors", Config{ParseFDs: true}, Env{FDPath: func(pid uint32, fd int32) string {
			if pid == 23001 && fd == 5 {
				return "/srv/\x1b[31m"
			}
			return ""
		}}, openat(t, "/x"), `dirfd: 5=/srv/\x1b[31m, pathname: /x`},
		{"escapes", Config{}, Env{}, openat(t, "/a\x1b[2Jb\nc\xff\u202e"), `pathname: /a\x1b[2Jb\nc\xff\u202e, flags`},
		{"hash", Config{ExecHash: true}, Env{ExecHash: func(*event.Event) string { return "abc" }},
			happened(t, "execve", 0, nil, map[string]string{"pathname": "/bin/ls", "argv": "ls\x00\x00-l\x00", "envp": "A=1\x00"}, nil),
			"pathname: /bin/ls, argv: [ls  -l], sha256: abc"},
		{"environment", Config{ExecEnv: true}, Env{},
			happened(t, "execve", 0, nil, map[string]string{"pathname": "/bin/ls", "argv": "ls\x00", "envp": "A=1\x00B=\x00"}, nil),
			"pathname: /bin/ls, argv: [ls], envp: [A=1 B=]"},
		{"no syscall", Config{}, Env{}, happened(t, "cap_capable", 0, map[string]uint64{"cap": 21, "syscall": 165}, nil, nil), "cap: CAP_SYS_ADMIN\n"},
		{"syscall", Config{DetectSyscall: true}, Env{}, happened(t, "cap_capable", 0, map[string]uint64{"cap": 21, "syscall": 165}, nil, nil),
			"cap: CAP_SYS_ADMIN, syscall: mount\n"},
	} {
		if c.config.Format == "" {
			c.config.Format = Table
		}
		p, err := New(c.config, c.env)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Append(nil, c.event)
		if err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%s:\n got %q, %v\nwant %q", c.what, got, err, c.want)
		}
	}
}

func TestColourIsOnlyAdded(t *testing.T) {
	e := openat(t, "/x\x1b[0m")
	plainly, _ := New(Config{Format: Table}, Env{})
	coloured, _ := New(Config{Format: Table}, Env{Color: true})
	want, _ := plainly.Append(plainly.Begin(nil), e)
	got, _ := coloured.Append(coloured.Begin(nil), e)
	if bytes.IndexByte(want, 0x1b) >= 0 || bytes.IndexByte(got, 0x1b) < 0 {
		t.Fatalf("without: %q, with: %q", want, got)
	}
	for _, code := range []string{bold, dim, red, cyan, yellow, "\x1b[0m"} {
		got = bytes.ReplaceAll(got, []byte(code), nil)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatWasSwappedIsSaid(t *testing.T) {
	e := happened(t, "openat", 3, map[string]uint64{"dirfd": 5, "flags": 0}, map[string]string{"pathname": "/tmp/a"},
		map[uint8][]byte{event.TagPath: []byte("/etc/shadow")})
	e.Flags |= event.FlagMismatch
	table, _ := New(Config{Format: Table}, Env{})
	if line, _ := table.Append(nil, e); !strings.HasSuffix(string(line), "[really /etc/shadow]\n") {
		t.Errorf("table: %s", line)
	}
	p, _ := New(Config{Format: JSON}, Env{})
	if line, _ := p.Append(nil, e); !strings.Contains(string(line), `"flags":["mismatch"],"object":{"path":"/etc/shadow"}`) {
		t.Errorf("json: %s", line)
	}
}

func TestEpilogues(t *testing.T) {
	s := Stats{Events: 3, Errors: 1, Lost: 2}
	for _, c := range []struct {
		config     Config
		begin, end string
	}{
		{Config{Format: Table, EOT: true}, "TIME(s) ", "\nEnd of events stream\nStats: {eventCounter:3 errorCounter:1 lostEvCounter:2 lostWrCounter:0}\n"},
		{Config{Format: JSON}, "", ""},
		{Config{Format: JSON, EOT: true}, "", `{"timestamp":0,"processId":0,"threadId":0,"parentProcessId":0,"hostProcessId":0,"hostThreadId":0,"hostParentProcessId":0,"userId":0,"mountNamespace":0,"pidNamespace":0,"processName":"","hostName":"","eventId":"0","eventName":"\u0004","argsNum":0,"returnValue":0,"stackAddresses":null,"args":null}` + "\n"},
		{Config{Format: None}, "", ""},
	} {
		p, err := New(c.config, Env{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.Begin(nil)); !strings.HasPrefix(got, c.begin) || c.begin == "" && got != "" {
			t.Errorf("%s begins with %q", c.config.Format, got)
		}
		if got := string(p.End(nil, s)); got != c.end {
			t.Errorf("%s ends with %q, want %q", c.config.Format, got, c.end)
		}
	}
	if _, err := New(Config{Format: "xml"}, Env{}); err == nil {
		t.Error("a printer of format xml was made")
	}
}

func TestErrorsAndGaps(t *testing.T) {
	err := errors.New("a\x1b[31m\nb")
	for format, want := range map[Format]string{Table: "a\\x1b[31m\nb\n", None: "a\\x1b[31m\nb\n", Gob: "a\\x1b[31m\nb\n", JSON: `{"error":"a\u001b[31m\nb"}` + "\n"} {
		p, _ := New(Config{Format: format}, Env{})
		if got := string(p.Error(nil, err)); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
	g := Gap{Lost: 120, CPU: 1, Cause: "buffer full"}
	for format, want := range map[Format]string{Table: "-- 120 events lost here on CPU 1: buffer full\n", None: "", Gob: "",
		JSON: `{"gap":{"lost":120,"cpu":1,"cause":"buffer full"}}` + "\n"} {
		p, _ := New(Config{Format: format}, Env{})
		if got := string(p.Gap(nil, g)); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

// A program of Tracee's time reads the stream with its own types.
func TestGobStream(t *testing.T) {
	p, _ := New(Config{Format: Gob, EOT: true, StackAddresses: true}, Env{})
	e := openat(t, "/x")
	e.Stack = []uint64{1, 2}
	connect := happened(t, "getpeername", 0, map[string]uint64{"sockfd": 3, "addrlen": 16}, map[string]string{"addr": "\x02\x00\x01\xbb\x0a\x00\x00\x01"}, nil)
	out, err := p.Append(p.Begin(nil), e)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = p.Append(out, connect); err != nil {
		t.Fatal(err)
	}
	out = p.End(out, Stats{})

	type Event struct {
		Timestamp      float64
		ProcessID      int
		EventName      string
		ArgsNum        int
		StackAddresses []uint64
		Args           []Argument
	}
	stream := gob.NewDecoder(bytes.NewReader(out))
	var got []Event
	for {
		var e Event
		if err := stream.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	want := []Event{
		{5.000001, 7, "openat", 4, []uint64{1, 2}, []Argument{{"dirfd", "int", int32(5)}, {"pathname", "const char*", "/x"},
			{"flags", "int", "O_RDONLY|O_CLOEXEC"}, {"mode", "mode_t", uint32(420)}}},
		{5.000001, 7, "getpeername", 3, nil, []Argument{{"sockfd", "int", int32(3)},
			{"addr", "struct sockaddr*", map[string]string{"sa_family": "AF_INET", "sin_addr": "10.0.0.1", "sin_port": "443"}},
			{"addrlen", "int*", "0x10"}}},
		{EventName: "\x04"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestKeysOfOurOwn(t *testing.T) {
	e := happened(t, "openat", -2, map[string]uint64{"dirfd": 5, "flags": 0x40000000}, map[string]string{"pathname": "/\xff"},
		map[uint8][]byte{event.TagPath: []byte("/etc/hosts")})
	e.CPU, e.Bits, e.Cgroup, e.Start = 3, event.BitContainer|event.BitNew, 99, 4
	e.Process = &event.Process{PID: 23001, PPID: 14000, Start: 4, Version: 2, Exe: "/bin/cat", Argv: []string{"cat", "x"}, Cwd: "/",
		UID: 1000, Comm: "cat", MntNS: 4026532448, PidNS: 4026532451, Cgroup: 99,
		Parent: &event.Process{PID: 14000, PPID: 1, Exe: "/bin/sh", Comm: "sh", UID: 1000, MntNS: 4026532448, PidNS: 4026532451, Cgroup: 98}}
	e.Container = &event.Container{ID: "ab", Name: "web", New: true}
	p, _ := New(Config{Format: JSON}, Env{Offset: 1_600_000_000e9})
	line, _ := p.Append(nil, e)
	_, got, _ := strings.Cut(string(line), `"args":`)
	const want = `[{"name":"dirfd","type":"int","value":5},{"name":"pathname","type":"const char*","value":"/\ufffd","raw":"L/8="},` +
		`{"name":"flags","type":"int","value":"O_RDONLY","raw":1073741824}],"v":1,"time":"2020-09-13T12:26:45.000001000Z",` +
		`"monotonicNs":5000001000,"cpu":3,"arch":"x86_64","errno":"ENOENT","flags":["container","new"],"object":{"path":"/etc/hosts"},"cgroupId":99,` +
		`"process":{"exe":"/bin/cat","argv":["cat","x"],"cwd":"/","start":4,"threadStart":0,"euid":0,"gid":0,"capEffective":0,"version":2,` +
		`"ancestors":[{"pid":14000,"parentPid":1,"name":"sh","exe":"/bin/sh","argv":[],"cwd":"","start":0,"cgroupId":98,"version":0}]},` +
		`"container":{"id":"ab","name":"web","image":"","started":0,"new":true}}` + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !json.Valid(line) {
		t.Error("no JSON")
	}
}
