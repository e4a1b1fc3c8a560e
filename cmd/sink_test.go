package cmd

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func plainly(write func() error) error { return write() }

func putLines(s *sink, lines ...string) {
	for _, l := range lines {
		s.buf = append(s.buf, l...)
		s.ended()
	}
}

func TestSinkGathers(t *testing.T) {
	var b bytes.Buffer
	s := newSink("out", &b, plainly)
	putLines(s, "one\n", "", "two\n")
	if b.Len() > 0 || s.full() {
		t.Error("written too early")
	}
	if err := s.flush(); err != nil || b.String() != "one\ntwo\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if err := s.flush(); err != nil || b.Len() != 8 {
		t.Errorf("written twice: %q, %v", b.String(), err)
	}
	putLines(s, strings.Repeat("x", fullBuffer))
	if !s.full() {
		t.Error("not full")
	}
}

// failing writes n bytes and then fails.
type failing struct {
	n   int
	err error
}

func (f *failing) Write(b []byte) (int, error) { return min(f.n, len(b)), f.err }

func TestSinkFails(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says string
	}{
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, exitBroken, "the disk is full"},
		{syscall.EDQUOT, exitBroken, "the disk is full"},
		{syscall.EIO, exitBroken, "input/output error"},
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, exitFine, ""},
	} {
		s := newSink("/out", &failing{3, c.err}, plainly)
		putLines(s, "one\n", "two\n")
		err := s.flush()
		var stderr bytes.Buffer
		env := &Env{Stderr: &stderr}
		if code := env.report("trace", err); code != c.code || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%v: exit %d, %q", c.err, code, stderr.String())
		}
		putLines(s, "three\n")
		if again := s.flush(); !errors.Is(again, err) {
			t.Errorf("%v: the next flush says %v", c.err, again)
		}
	}
}

// TestSinkTakesBack fills a small file system up to the middle of a record.
func TestSinkTakesBack(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := newSink("out", f, plainly)
	putLines(s, "one\n", "two\n", "three\n")
	if _, err := f.WriteString("zero\none\ntw"); err != nil { // what a failed write left
		t.Fatal(err)
	}
	s.takeBack(len("one\ntw"))
	have, _ := os.ReadFile(f.Name())
	if string(have) != "zero\none\n" {
		t.Errorf("have %q", have)
	}
}

func TestSinkReplace(t *testing.T) {
	var a, b bytes.Buffer
	s := newSink("out", &a, plainly)
	putLines(s, "one\n")
	_ = s.flush()
	s.replace(&b)
	putLines(s, "two\n")
	_ = s.flush()
	if a.String() != "one\n" || b.String() != "two\n" || s.target() != &b {
		t.Errorf("%q, %q", a.String(), b.String())
	}
}

func TestHungUp(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if hungUp(w) || hungUp(&bytes.Buffer{}) {
		t.Error("hung up too early")
	}
	r.Close()
	if !hungUp(w) {
		t.Error("the reader is gone, and it was not noticed")
	}
}
