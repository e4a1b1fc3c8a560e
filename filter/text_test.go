package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

func TestTextIsKept(t *testing.T) {
	for _, text := range []string{
		`true`, `false`, `new`, `not container`, `uid=0`, `uid!=0`, `uid in {0, 5..9, ..3, 1000..}`, `uid not in {1, 2}`, `uid in {}`, `uid=..`,
		`close.fd=-1`, `mmap.prot=0x2/0x6`, `comm="a\"b"`, `comm in {"a"*, *"b", *"c"*}`, `openat.flags=O_RDWR|O_APPEND`, `openat.flags!=O_RDWR*`,
		`event=openat`, `event!=openat`, `event in {open, openat}`, `event not in {open, close}`, `event=#60000`,
		`uid=0 and (comm="a" or not (pid=1 and pid=2))`, `follow(uid=0 and comm="x") and event=close`, `proc.aname[2]="sh"`, `a-b.c=1`,
	} {
		x, err := filter.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := x.String(); got != text {
			t.Errorf("%s reads back as %s", text, got)
		}
	}
}

func TestTextIsRefused(t *testing.T) {
	for text, at := range map[string]int{
		``: 0, `uid=`: 4, `uid=0 and`: 9, `uid=0 or or`: 9, `(uid=0`: 6, `uid=0)`: 5, `uid in 5`: 7, `uid in {5`: 9, `uid in {5,}`: 10, `uid not 5`: 8,
		`comm="a`: 5, `event`: 5, `event=nosuch`: 6, `follow uid=0`: 7, `mmap.prot=0x5`: 13, `mmap.prot=0x5/5`: 14, `a[b=1`: 1, `uid=99999999999999999999`: 4, `event=#70000`: 6,
		`uid=0 pid=1`: 6, strings.Repeat("(", 300) + "true": 201, strings.Repeat("not ", 300) + "true": 804,
	} {
		_, err := filter.Parse(text)
		var wrong *filter.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%.20s: %v", text, err)
			continue
		}
		if wrong.Offset != at {
			t.Errorf("%.20s: the error is at %d, want %d: %s", text, wrong.Offset, at, wrong.Msg)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`uid="root"`: "not a text", `comm=5`: "not a number", `container=1`: "not a number", `container="x"`: "not a text", `nosuch=1`: "no field", `openat.nosuch=1`: "no argument",
		`nosuch.x=1`: "no field", `openat.flags=O_NOSUCH`: "no value", `close.fd=O_RDONLY`: "no names", `openat.object.nosuch=1`: "no field", `uid[1]=1`: "brackets",
	} {
		x, err := filter.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, err = x.Compile(filter.Events); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range matching {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := filter.Parse(text)
		if err != nil {
			return
		}
		again, err := filter.Parse(x.String())
		if err != nil || again.String() != x.String() {
			t.Fatalf("%q prints as %q, which reads as %v, %v", text, x, again, err)
		}
		if p, err := x.Compile(filter.Events); err == nil {
			p.Plan()
			p.Match(opened("/etc/passwd", "passwd\x00etc\x00"))
		}
	})
}
