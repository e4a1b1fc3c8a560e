package guest

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestFramesComeBack(t *testing.T) {
	want := []Result{
		{Name: "plain", Stdout: []byte("a\nb\n"), Elapsed: time.Second},
		{Name: "hostile", Exit: 137, Signal: 9, TimedOut: true, Stdout: []byte("@@END hostile exit=0 {}\n@@DONE\n\x00\xff"), Stderr: []byte("no line feed")},
		{Name: "silent", Exit: 127, Error: "no such file"},
	}
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, r := range want {
		w.Start(r.Name)
		w.Result(r)
	}
	w.Done()

	got, p := Decode(b.Bytes())
	if !p.Done || strings.Join(p.Started, " ") != "plain hostile silent" {
		t.Errorf("progress %+v", p)
	}
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Name != w.Name || g.Exit != w.Exit || g.Signal != w.Signal || g.TimedOut != w.TimedOut || g.Error != w.Error || g.Elapsed != w.Elapsed ||
			!bytes.Equal(g.Stdout, w.Stdout) || !bytes.Equal(g.Stderr, w.Stderr) {
			t.Errorf("result %d: %+v, want %+v", i, g, w)
		}
	}
}

// A machine may die at any byte: what was whole before must still be read.
func TestDecodeCutAnywhere(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Start("one")
	w.Result(Result{Name: "one", Stdout: []byte("1")})
	whole := b.Len()
	w.Start("two")
	w.Result(Result{Name: "two", Stdout: []byte("2"), Stderr: []byte("e")})
	for n := range b.Len() {
		got, p := Decode(b.Bytes()[:n])
		if n >= whole && (len(got) != 1 || string(got[0].Stdout) != "1") || n < whole && len(got) != 0 || p.Done {
			t.Fatalf("cut at %d: %d results, done %t", n, len(got), p.Done)
		}
	}
}

func TestJobCheck(t *testing.T) {
	ok := Job{Cgroup: "v2", Commands: []Command{{Name: "a", Argv: []string{"/a"}}}}
	if err := ok.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Job{
		{Cgroup: "v3"},
		{Cgroup: "v2", Commands: []Command{{Name: "a b", Argv: []string{"/a"}}}},
		{Cgroup: "v2", Commands: []Command{{Name: "a"}}},
		{Cgroup: "v2", Commands: []Command{{Name: "a", Argv: []string{"/a"}}, {Name: "a", Argv: []string{"/a"}}}},
		{Cgroup: "v2", Commands: []Command{{Name: "a", Argv: []string{"/a"}, Ready: "up"}}},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v: accepted", bad)
		}
	}
}
