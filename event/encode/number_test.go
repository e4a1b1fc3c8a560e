package encode

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
)

// numbers are values of every length, and those around the edges.
func numbers() (list []uint64) {
	for shift := range 64 {
		list = append(list, 1<<shift-1, 1<<shift, 1<<shift+1, rand.Uint64()>>shift)
	}
	for p := uint64(1); p <= 1e18; p *= 10 {
		list = append(list, p-1, p, p+1)
	}
	return list
}

func TestNumbers(t *testing.T) {
	for _, u := range numbers() {
		if got, want := string(appendUint(nil, u)), strconv.FormatUint(u, 10); got != want {
			t.Errorf("appendUint: got %s, want %s", got, want)
		}
		if got, want := string(appendInt(nil, int64(u))), strconv.FormatInt(int64(u), 10); got != want {
			t.Errorf("appendInt: got %s, want %s", got, want)
		}
		if got, want := string(appendHex(nil, u)), fmt.Sprintf("0x%X", u); got != want {
			t.Errorf("appendHex: got %s, want %s", got, want)
		}
	}
}

// Tracee's record holds a float64 of microseconds over a million, printed by
// encoding/json and by %f.
func TestSecondsPrintAsTraceesFloats(t *testing.T) {
	for range 20000 {
		us := rand.Uint64() >> (10 + rand.IntN(54))
		us %= 999_999_999_000_000 // 31 years since boot: 15 digits, which a float64 holds
		if rand.IntN(3) == 0 {
			us -= us % 1000
		}
		if us > 0 && us < 1000 {
			continue // encoding/json turns to exponents here
		}
		float := float64(us) / 1e6
		want, _ := json.Marshal(float)
		at := event.Time(us * 1000)
		if got := string(appendSeconds(nil, at)); got != string(want) {
			t.Fatalf("%d µs: got %s, want %s", us, got, want)
		}
		if got, want := string(appendMicros(nil, at)), fmt.Sprintf("%f", float); got != want {
			t.Fatalf("%d µs: got %s, want %s", us, got, want)
		}
	}
}

func TestWallClock(t *testing.T) {
	var w wallClock
	at := int64(-1)
	for i := range 5000 {
		switch i % 3 {
		case 0:
			at++
		case 1:
			at += rand.Int64N(2e9)
		case 2:
			at = rand.Int64N(4e18) - 1e18
		}
		got := string(w.append(nil, at))
		want := time.Unix(0, at).UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got != want {
			t.Fatalf("%d: got %s, want %s", at, got, want)
		}
	}
}

// strangeStrings are what a traced program may pass as a name.
var strangeStrings = []string{
	"", "/etc/passwd", `a "quoted" \ name`, "line\nfeed\ttab\rreturn", "\x00\x01\x1b[31mred\x7f",
	"\xff\xfe invalid", "grüße 世界 🙂", "\u2028\u202e\u200b\u0085", "a\xc3", "\xed\xa0\x80", "\U000e0041",
	"<script>&amp;", strings.Repeat("long/", 900), strings.Repeat("\xe2", 2000), "\ufffd is itself",
}

func TestStringsSurviveJSON(t *testing.T) {
	for _, s := range strangeStrings {
		text, exact := appendString(nil, s)
		var back string
		if err := json.Unmarshal(text, &back); err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); exact && back != s || !exact && !sameBut(back, s) {
			t.Errorf("%q: got %q, exact %v, want %q", s, back, exact, want)
		}
		if exact != (strings.ToValidUTF8(s, "") == s) {
			t.Errorf("%q: exact %v", s, exact)
		}
		coded := appendBase64(nil, s)
		var raw []byte
		if err := json.Unmarshal(coded, &raw); err != nil || string(raw) != s {
			t.Errorf("%q: base64 gives %q, %v", s, raw, err)
		}
	}
}

// sameBut compares what encoding/json makes of a string: a U+FFFD per bad byte.
func sameBut(got, s string) bool {
	text, _ := json.Marshal(s)
	var want string
	return json.Unmarshal(text, &want) == nil && got == want
}

func TestNothingReachesTheTerminal(t *testing.T) {
	for _, s := range strangeStrings {
		for _, r := range string(AppendText(nil, s)) {
			if r < 0x20 || r == 0x7f || r >= 0x80 && hidden(r) {
				t.Errorf("%q: %q is printed as it is", s, r)
			}
		}
	}
	if got, want := string(AppendText(nil, "\x1b[2J\u202e\xff\U000e0041ü\n")), `\x1b[2J\u202e\xff\udb40\udc41ü\n`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
