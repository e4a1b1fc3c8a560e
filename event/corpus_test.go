package event

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/corpora"
)

func TestCorpusSockaddrDecode(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "sockaddr_decode.jsonl") {
		var c struct {
			ID      string
			Raw     string `json:"raw_hex"`
			Expect  map[string]string
			Printed string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		results[c.ID] = checkSockaddr(c.Raw, c.Expect, c.Printed)
	}
	corpora.Report(t, "tracee", "sockaddr_decode.jsonl", results)
}

func checkSockaddr(text string, want map[string]string, printed string) error {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	s := Sockaddr(raw)
	if len(s.Keys()) != len(want) {
		return fmt.Errorf("has the fields %v, want %v", s.Keys(), want)
	}
	for i, key := range s.Keys() {
		if got := string(s.AppendField(nil, i)); got != want[key] {
			return fmt.Errorf("%s is %q, want %q", key, got, want[key])
		}
	}
	if got := string(AppendSockaddr(nil, raw)); got != printed {
		return fmt.Errorf("prints as %s, want %s", got, printed)
	}
	return nil
}

// TestCorpusFlagsDecode is about what package dictionary cannot decode alone, and
// about every kind that an argument of an event has, read through the event.
func TestCorpusFlagsDecode(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "flags_decode.jsonl") {
		var c struct {
			ID, Kind, Arch, Raw, Expect string
			TS                          uint64
			Payload                     int
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		var got string
		switch c.Kind {
		case "ipv4":
			n, err := strconv.ParseUint(c.Raw, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			got = string(AppendIPv4(nil, uint32(n)))
		case "ipv6":
			b, err := hex.DecodeString(c.Raw)
			if err != nil {
				t.Fatal(err)
			}
			got = string(AppendIPv6(nil, [16]byte(b)))
		default:
			n, err := strconv.ParseInt(c.Raw, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if c.Payload != 0 {
				n |= AlertSaved
			}
			e, arg := eventWith(c.Kind, uint64(n), Time(c.TS*1000))
			if e == nil {
				continue
			}
			if c.Arch == "arm64" {
				e.Arch = dictionary.ARM64
			}
			got = text(e, arg, ModeAll)
		}
		var err error
		if got != c.Expect {
			err = fmt.Errorf("%s %s is %q, want %q", c.Kind, c.Raw, got, c.Expect)
		}
		results[c.ID] = err
	}
	corpora.Report(t, "tracee", "flags_decode.jsonl", results)
}

// eventWith makes an event whose argument has a decoder, and that value.
func eventWith(decoder string, word uint64, t Time) (*Event, int) {
	for _, info := range dictionary.All() {
		for i := range info.Args {
			if info.Args[i].Decoder != decoder || info.Args[i].Choices[0].When >= 0 {
				continue
			}
			var b Builder
			b.Begin(info.ID, t, 0, len(info.Args))
			b.Word(i, word)
			e := &Event{}
			e.SetRaw(b.End())
			return e, i
		}
	}
	return nil, 0
}

func text(e *Event, arg int, m Mode) string {
	var v Value
	if !e.Arg(arg, &v) {
		return "(absent)"
	}
	return string(e.AppendText(nil, arg, &v, m))
}
