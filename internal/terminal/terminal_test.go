package terminal

import (
	"bytes"
	"os"
	"testing"
)

func TestNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := func(string) string { return "" }
	for _, stream := range []any{f, &bytes.Buffer{}, nil} {
		if Is(stream) || Colour(stream, env) {
			t.Errorf("%T counts as a terminal", stream)
		}
		if w := Width(stream); w != fallbackWidth {
			t.Errorf("Width(%T) = %d", stream, w)
		}
	}
}

func TestFootWithoutTerminal(t *testing.T) {
	var b bytes.Buffer
	foot := NewFoot(&b)
	foot.Set("rate")
	foot.Clear()
	if b.Len() > 0 || foot.Live() {
		t.Errorf("wrote %q", b.String())
	}
}

func TestFootDrawsOverItself(t *testing.T) {
	var b bytes.Buffer
	foot := &Foot{stream: &b, live: true}
	foot.Set("one")
	foot.Set("two")
	foot.Clear()
	foot.Clear()
	if want := "\rone\x1b[K\rtwo\x1b[K\r\x1b[K"; b.String() != want {
		t.Errorf("have %q, want %q", b.String(), want)
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{{"abc", 5, "abc"}, {"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"äöü", 2, "äö"}, {"abc", 0, ""}, {"abc", -1, ""}} {
		if have := clip(c.in, c.width); have != c.want {
			t.Errorf("clip(%q, %d) = %q, want %q", c.in, c.width, have, c.want)
		}
	}
}
