package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// complete switches on all that a line can carry.
var complete = Config{Format: JSON, StackAddresses: true, DetectSyscall: true, ExecEnv: true}

// An event built back from its line answers everything as the printed one did.
func TestLinesAreComplete(t *testing.T) {
	fds := Env{Offset: 1e18, FDPath: func(_ uint32, fd int32) string { return "/dev/\x1b\"" }}
	all, raw, withFDs := complete, complete, complete
	all.ParseArguments, raw.RawArguments, withFDs.ParseFDs = true, true, true
	withFDs.ParseArguments = true
	var printers []Printer
	for _, c := range []Config{complete, all, raw, withFDs} {
		printers = append(printers, newJSON(c, fds))
	}
	g := newGenerator(1)
	rounds := 15
	if testing.Short() {
		rounds = 4
	}
	var many Decoder
	for round := range rounds {
		for _, info := range dictionary.All() {
			e := g.event(info)
			line, err := printers[round%len(printers)].Append(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(line) {
				t.Fatalf("%s: no JSON: %s", info.Name, line)
			}
			var one event.Event
			var b event.Builder
			if err := Decode(line, &one, &b); err != nil {
				t.Fatalf("%s: %v in %s", info.Name, err, line)
			}
			if s := differs(e, &one); s != "" {
				t.Fatalf("%s: %s\n%s", info.Name, s, line)
			}
			var two event.Event
			if err := many.Decode(line, &two); err != nil {
				t.Fatalf("%s: %v in %s", info.Name, err, line)
			}
			if s := differs(e, &two); s != "" {
				t.Fatalf("%s, among others: %s\n%s", info.Name, s, line)
			}
			if offset, ok := many.Offset(); !ok || offset != 1e18 {
				t.Fatalf("offset %d, %v", offset, ok)
			}
		}
	}
}

func TestActorsAreShared(t *testing.T) {
	g := newGenerator(2)
	e := g.event(dictionary.Lookup("close"))
	e.Process = g.process(&e.Context)
	p := newJSON(complete, Env{})
	line, _ := p.Append(nil, e)
	var d Decoder
	var a, b event.Event
	if err := errors.Join(d.Decode(line, &a), d.Decode(line, &b)); err != nil {
		t.Fatal(err)
	}
	if a.Process == nil || a.Process != b.Process {
		t.Errorf("the same process is %p and %p", a.Process, b.Process)
	}
}

// A line as Tracee writes it, in whatever case and order of keys.
func TestTraceesLines(t *testing.T) {
	for _, line := range []string{
		`{"timestamp":176751.746515,"processId":7,"threadId":8,"parentProcessId":1,"hostProcessId":23001,"hostThreadId":23002,"hostParentProcessId":14000,"userId":1000,"mountNamespace":4026532448,"pidNamespace":4026532451,"processName":"ng\u003cinx","hostName":"ab356bc4dd55","eventId":"257","eventName":"openat","argsNum":4,"returnValue":-2,"stackAddresses":null,"args":[{"name":"dirfd","type":"int","value":-100},{"name":"pathname","type":"const char*","value":"/etc/\u003chosts"},{"name":"flags","type":"int","value":"O_RDONLY|O_CLOEXEC"},{"name":"mode","type":"mode_t","value":420}]}`,
		` { "ARGS" : [ {"Value":-100,"Type":"int","Name":"dirfd"} , {"value":"/etc/<hosts","name":"pathname"} , {"name":"flags","type":"int","value":524288}, {"name":"mode","type":"mode_t","value":420} ] , "EventName":"openat", "TIMESTAMP":176751.746515, "returnvalue":-2, "processid":7,"threadid":8,"parentprocessid":1,"hostprocessid":23001,"hostthreadid":23002,"hostparentprocessid":14000,"userid":1000,"mountnamespace":4026532448,"pidnamespace":4026532451,"processname":"ng<inx","hostname":"ab356bc4dd55","more":{"of":[1,2,{"that":null}]}}  ` + "\n",
	} {
		var e event.Event
		var b event.Builder
		if err := Decode([]byte(line), &e, &b); err != nil {
			t.Fatal(err)
		}
		e.Arch = dictionary.AMD64
		got, _ := newTable(Config{Format: Table}, Env{}).Append(nil, &e)
		want := "176751.746515  ab356bc4dd55     1000   ng<inx           7      /23001   8      /23002   -2               openat               dirfd: -100, pathname: /etc/<hosts, flags: O_RDONLY|O_CLOEXEC, mode: 420\n"
		if string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestEventByNumberAlone(t *testing.T) {
	var e event.Event
	var b event.Builder
	for id, name := range map[string]string{"257": "openat", "1003": "cap_capable", "59": "execve"} {
		line := `{"timestamp":1,"arch":"x86_64","eventId":"` + id + `","args":[]}`
		if err := Decode([]byte(line), &e, &b); err != nil {
			t.Errorf("%s: %v", id, err)
		} else if e.Info().Name != name {
			t.Errorf("%s: got %s, want %s", id, e.Info().Name, name)
		}
	}
}

func TestMistakesHavePositions(t *testing.T) {
	for _, c := range []struct{ line, at, msg string }{
		{``, ``, `want '{'`},
		{`[]`, `[`, `want '{'`},
		{`{"eventName":"openat"`, ``, `want '}'`},
		{`{"eventName":"openat"} x`, `x`, `end of the line`},
		{`{"eventName":"nosuch"}`, `"nosuch`, `unknown event`},
		{`{"eventName":12}`, ``, `not an event`},
		{`{"timestamp":1}`, ``, `not an event`},
		{`{"eventId":"999999"}`, `"999999`, `no event has the number`},
		{`{"eventName":"openat","timestamp":"x"}`, `"x"`, `seconds`},
		{`{"eventName":"openat","processId":-1.5}`, `-1.5`, `whole number`},
		{`{"eventName":"openat","processId":99999999999}`, `99999999999`, `32 bits`},
		{`{"eventName":"openat","returnValue":99999999999999999999}`, `99999999999999999999`, `64 bits`},
		{`{"eventName":"openat","processName":"0123456789abcdefg"}`, `"0123`, `16 bytes`},
		{`{"eventName":"openat","args":[{"name":"nosuch","value":1}]}`, `"nosuch`, `no argument`},
		{`{"eventName":"openat","args":[{"name":"dirfd"}]}`, `{"name`, `needs a name and a value`},
		{`{"eventName":"openat","args":[7]}`, `7`, `want an argument`},
		{`{"eventName":"openat","args":[{"name":"dirfd","type":"int","value":4294967296}]}`, `4294967296`, `fit`},
		{`{"eventName":"openat","args":[{"name":"mode","type":"mode_t","value":-1}]}`, `-1`, `fit`},
		{`{"eventName":"openat","args":[{"name":"dirfd","type":"struct x","value":1}]}`, `1}`, `type`},
		{`{"eventName":"openat","args":[{"name":"dirfd","type":"int","value":1.5}]}`, `1.5`, `whole number`},
		{`{"eventName":"openat","args":[{"name":"flags","type":"int","value":"O_NOSUCH"}]}`, `"O_NOSUCH`, `no name of`},
		{`{"eventName":"openat","args":[{"name":"pathname","value":["a"]}]}`, `["a"`, `want a string`},
		{`{"eventName":"openat","args":[{"name":"pathname","value":"x","raw":"%"}]}`, `"%"`, `base64`},
		{`{"eventName":"connect","args":[{"name":"addr","value":"{'sa_family': 'AF_NOSUCH'}"}]}`, `"{'sa`, `sa_family`},
		{`{"eventName":"connect","args":[{"name":"addr","value":"garbage"}]}`, `"garbage`, `want an address`},
		{`{"eventName":"openat","object":[]}`, `[]`, `want an object`},
		{`{"eventName":"openat","process":"x"}`, `"x"`, `want a process`},
		{`{"eventName":"openat","time":"yesterday"}`, `"yesterday`, `want a time`},
		{`{"eventName":"openat","x":tru}`, `tru`, `want true`},
		{`{"eventName":"openat","x":01}`, `01`, `malformed`},
		{`{"eventName":"openat","x":"\q"}`, `\q`, `escape`},
		{"{\"eventName\":\"openat\",\"x\":\"\x01\"}", "\x01", `control byte`},
		{`{"eventName":"openat","x":` + strings.Repeat("[", 100), ``, `nested`},
	} {
		var e event.Event
		var b event.Builder
		err := Decode([]byte(c.line), &e, &b)
		var wrong *SyntaxError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: got %v, want a SyntaxError", c.line, err)
			continue
		}
		if !strings.Contains(wrong.Msg, c.msg) {
			t.Errorf("%s: got %q, want %q", c.line, wrong.Msg, c.msg)
		}
		if c.at != "" && wrong.Offset != strings.Index(c.line, c.at) {
			t.Errorf("%s: got byte %d, want %d", c.line, wrong.Offset, strings.Index(c.line, c.at))
		}
	}
}

func TestLinesThatAreNoEvents(t *testing.T) {
	var e event.Event
	var b event.Builder
	p := newJSON(Config{EOT: true}, Env{})
	if err := Decode(p.End(nil, Stats{}), &e, &b); err != ErrEnd {
		t.Errorf("eot: got %v", err)
	}
	want := Gap{Lost: 12, CPU: 3, Cause: "ring \"full\""}
	var gap *GapError
	if err := Decode(p.Gap(nil, want), &e, &b); !errors.As(err, &gap) || gap.Gap != want {
		t.Errorf("gap: got %v", err)
	}
	if got, want := string(p.Error(nil, io.ErrUnexpectedEOF)), `{"error":"unexpected EOF"}`+"\n"; got != want {
		t.Errorf("error: got %s", got)
	}
}

// Whatever stands in a record, it prints as JSON that says all of it, and as one
// line of a table.
func FuzzPrint(f *testing.F) {
	g := newGenerator(4)
	for _, name := range []string{"openat", "execve", "connect", "getpeername", "commit_creds", "mem_prot_alert", "setsockopt"} {
		f.Add(slices.Clone(g.event(dictionary.Lookup(name)).Raw()), false)
	}
	p, table := newJSON(complete, Env{}), newTable(Config{Format: Table, ParseArguments: true}, Env{})
	f.Fuzz(func(t *testing.T, raw []byte, arm bool) {
		var e event.Event
		if raw = slices.Clone(raw); len(raw) >= event.HeaderSize {
			raw[15] &= byte(event.FlagNested<<1 - 1) // bits that mean nothing are not said
		}
		if !e.SetRaw(raw) || e.Info() == nil {
			return
		}
		if arm {
			e.Arch = dictionary.ARM64
		}
		line, err := p.Append(nil, &e)
		if err != nil || !json.Valid(line) {
			t.Fatalf("prints as %s, %v", line, err)
		}
		var back event.Event
		var b event.Builder
		if err := Decode(line, &back, &b); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if s := differs(&e, &back); s != "" {
			t.Fatalf("%s\n%s", s, line)
		}
		row, err := table.Append(nil, &e)
		if err != nil || bytes.Count(row, []byte{'\n'}) != 1 || bytes.IndexByte(row, 0x1b) >= 0 {
			t.Fatalf("prints as %q, %v", row, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	g := newGenerator(3)
	p := newJSON(complete, Env{}) // one for all: a worker runs one case at a time
	for _, name := range []string{"openat", "execve", "connect", "mmap", "setsockopt", "close", "bpf"} {
		line, _ := p.Append(nil, g.event(dictionary.Lookup(name)))
		f.Add(line)
	}
	f.Add([]byte(`{"eventName":"openat","args":[{"name":"flags","type":"int","value":"O_RDWR"}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var e event.Event
		var b event.Builder
		if Decode(line, &e, &b) != nil {
			return
		}
		if !json.Valid(line) {
			t.Fatalf("accepted what is no JSON")
		}
		// What was read prints, and reads back as the same.
		again, err := p.Append(nil, &e)
		if err != nil || !json.Valid(again) {
			t.Fatalf("prints as %s, %v", again, err)
		}
		var e2 event.Event
		var b2 event.Builder
		if err := Decode(again, &e2, &b2); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		if s := differs(&e, &e2); s != "" {
			t.Fatalf("%s\n%s", s, again)
		}
	})
}
