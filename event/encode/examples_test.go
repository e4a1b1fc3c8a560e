package encode

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/corpora"
)

// An example is one event of the corpus: what went in, and what Tracee printed.
type example struct {
	ID string
	In struct {
		Event string
		Ret   int64
		Ctx   struct {
			Ts                         uint64 // µs
			Pid, Tid, Ppid             uint32
			HostPid, HostTid, HostPpid uint32
			Uid, MntID, PidID          uint32 //nolint:revive // names of the corpus
			Comm, Uts                  string
		}
		Args []struct {
			Name  string
			Value json.RawMessage
		}
		Stack []uint64
		Alert *struct {
			Ts, Msg, Payload uint64
		}
	}
	JSON           json.RawMessage
	TableContainer string `json:"table_container"`
}

func TestCorpusOutputExamples(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "output_examples", "events.jsonl") {
		var x example
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		results[x.ID] = x.check()
	}
	corpora.Report(t, "tracee", "output_examples/events.jsonl", results)
}

func (x *example) check() error {
	var b event.Builder
	e, err := x.event(&b)
	if err != nil {
		return err
	}
	c := Config{StackAddresses: x.In.Stack != nil, DetectSyscall: true}
	c.Format = JSON
	line, err := printOne(c, e)
	if err != nil {
		return err
	}
	if err := startsAs(line, x.JSON); err != nil {
		return err
	}
	c = Config{Format: Table, DetectSyscall: true}
	line, err = printOne(c, e)
	if err != nil {
		return err
	}
	if got := strings.TrimSuffix(string(line), "\n"); got != x.TableContainer {
		return fmt.Errorf("table:\n got %q\nwant %q", got, x.TableContainer)
	}
	return nil
}

func printOne(c Config, e *event.Event) ([]byte, error) {
	p, err := New(c, Env{})
	if err != nil {
		return nil, err
	}
	return p.Append(nil, e)
}

// startsAs checks that the line's first keys and values are those of want, and
// each argument's too. Further ones may follow.
func startsAs(line, want []byte) error {
	got, err := members(line)
	if err != nil {
		return fmt.Errorf("json: %w in %s", err, line)
	}
	wanted, err := members(want)
	if err != nil {
		return err
	}
	if len(got) < len(wanted) {
		return fmt.Errorf("json: only %d keys in %s", len(got), line)
	}
	for i, w := range wanted {
		if got[i].key != w.key {
			return fmt.Errorf("json: key %d is %s, want %s", i, got[i].key, w.key)
		}
		if w.key != "args" {
			if got[i].value != w.value {
				return fmt.Errorf("json: %s: got %s, want %s", w.key, got[i].value, w.value)
			}
			continue
		}
		var gotArgs, wantArgs []json.RawMessage
		json.Unmarshal([]byte(got[i].value), &gotArgs)
		json.Unmarshal([]byte(w.value), &wantArgs)
		if len(gotArgs) != len(wantArgs) {
			return fmt.Errorf("json: args: got %s, want %s", got[i].value, w.value)
		}
		for j := range wantArgs {
			if err := startsAs(gotArgs[j], wantArgs[j]); err != nil {
				return fmt.Errorf("argument %d: %w", j, err)
			}
		}
	}
	return nil
}

type member struct{ key, value string }

// members are the members of an object in order, their values in one spelling.
func members(object []byte) (list []member, err error) {
	s := scanner{text: object}
	s.object(func(key []byte, value span) {
		text := object[value.from:value.to]
		if text[0] == '"' {
			text, _ = appendString(nil, unquote(nil, text))
		} else if text[0] == '[' || text[0] == '{' {
			var b bytes.Buffer
			json.Compact(&b, text)
			text = b.Bytes()
		}
		list = append(list, member{string(key), string(text)})
	})
	if s.err != nil {
		return nil, s.err
	}
	return list, nil
}

// event builds the record that the kernel would have written.
func (x *example) event(b *event.Builder) (*event.Event, error) {
	info := dictionary.Lookup(x.In.Event)
	if info == nil {
		return nil, fmt.Errorf("the dictionary has no event %s", x.In.Event)
	}
	c := &x.In.Ctx
	nargs := 0
	if len(x.In.Args) > 0 || x.In.Alert != nil {
		nargs = len(info.Args)
	}
	b.Begin(info.ID, event.Time(c.Ts*1000), x.In.Ret, nargs)
	type item struct {
		tag  uint8
		data []byte
	}
	var items []item
	for _, a := range x.In.Args {
		i := info.ArgIndex(a.Name)
		if i < 0 {
			return nil, fmt.Errorf("%s has no argument %s", x.In.Event, a.Name)
		}
		word, data, err := rawValue(info.Args[i].Class, a.Value)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", x.In.Event, a.Name, err)
		}
		if info.Args[i].Class.Word() {
			b.Word(i, word)
		} else {
			items = append(items, item{uint8(i), data})
		}
	}
	if a := x.In.Alert; a != nil {
		b.Word(0, a.Msg)
		if a.Payload == 1 {
			b.Word(0, a.Msg|event.AlertSaved)
		}
		items = append(items, item{0, binary.LittleEndian.AppendUint64(nil, a.Ts)})
	}
	for _, i := range items {
		b.Item(i.tag, 0, i.data)
	}
	e := &event.Event{Arch: dictionary.AMD64, Stack: x.In.Stack}
	if !e.SetRaw(b.End()) {
		return nil, fmt.Errorf("the record is not whole")
	}
	e.Context = event.Context{HostPID: c.HostPid, HostTID: c.HostTid, HostPPID: c.HostPpid, PID: c.Pid, TID: c.Tid,
		PPID: c.Ppid, UID: c.Uid, MntNS: c.MntID, PidNS: c.PidID}
	copy(e.Comm[:], c.Comm)
	copy(e.UTS[:], c.Uts)
	return e, nil
}

// rawValue is what a value of the corpus is in a record.
func rawValue(class dictionary.Class, text json.RawMessage) (word uint64, data []byte, err error) {
	switch class {
	case dictionary.String:
		var s string
		err = json.Unmarshal(text, &s)
		return 0, []byte(s), err
	case dictionary.Strings:
		var list []string
		err = json.Unmarshal(text, &list)
		for _, s := range list {
			data = append(append(data, s...), 0)
		}
		return 0, data, err
	case dictionary.Sockaddr:
		var fields map[string]string
		if err = json.Unmarshal(text, &fields); err != nil {
			return 0, nil, err
		}
		return 0, sockaddrOf(fields), nil
	}
	if text[0] == '-' {
		n, err := strconv.ParseInt(string(text), 10, 64)
		return uint64(n), nil, err
	}
	word, err = strconv.ParseUint(string(text), 10, 64)
	return word, nil, err
}

func sockaddrOf(fields map[string]string) []byte {
	a := address{length: -1, path: []byte(fields["sun_path"])}
	a.family, _ = dictionary.Decoders("socket_domain").Parse(dictionary.AMD64, fields["sa_family"])
	number := func(key string) uint64 {
		n, _ := strconv.ParseUint(fields[key], 10, 64)
		return n
	}
	a.ip, _ = netip.ParseAddr(fields["sin_addr"] + fields["sin6_addr"])
	a.port = number("sin_port") + number("sin6_port")
	a.flow, a.scope = number("sin6_flowinfo"), number("sin6_scopeid")
	return a.bytes(nil)
}

func TestTableAsAWhole(t *testing.T) {
	want := corpora.Bytes(t, "tracee", "output_examples", "table-container.txt")
	p, _ := New(Config{Format: Table, DetectSyscall: true}, Env{})
	got := p.Begin(nil)
	var b event.Builder
	n := uint64(0)
	for _, line := range corpora.Lines(t, "tracee", "output_examples", "events.jsonl") {
		var x example
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		e, err := x.event(&b)
		if err != nil {
			t.Fatal(err)
		}
		got, _ = p.Append(got, e)
		n++
	}
	got = p.End(got, Stats{Events: n})
	// Upstream's empty line before the epilogue goes to standard output, so the
	// file does not have it.
	got = bytes.Replace(got, []byte("\n\nEnd of"), []byte("\nEnd of"), 1)
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
