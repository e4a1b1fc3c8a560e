package corpora

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that notes what is said to it.
type recorder struct {
	testing.TB
	said []string
	bad  bool
}

func (r *recorder) Helper()                   {}
func (r *recorder) Logf(f string, a ...any)   { r.said = append(r.said, fmt.Sprintf(f, a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.bad = true; r.Logf(f, a...) }
func (r *recorder) Skipf(f string, a ...any)  { r.Logf(f, a...); panic("skipped") }
func (r *recorder) skips(do func()) (skip bool) {
	defer func() { skip = recover() != nil }()
	do()
	return
}

func TestReport(t *testing.T) {
	r := &recorder{TB: t}
	results := map[string]error{"good": nil}
	Report(r, "topic", "file", results)
	if r.bad || r.said[0] != "corpus topic/file: 1/1 passed" {
		t.Errorf("a good report said %q", r.said)
	}
	for i := range 12 {
		results[fmt.Sprintf("bad-%02d", i)] = errors.New("differs")
	}
	r = &recorder{TB: t}
	Report(r, "topic", "file", results)
	want := []string{"corpus topic/file: 1/13 passed", "bad-00: differs", "and 2 more"}
	if !r.bad || r.said[0] != want[0] || r.said[1] != want[1] || r.said[len(r.said)-1] != want[2] {
		t.Errorf("a bad report said %q", r.said)
	}
	r = &recorder{TB: t}
	if Report(r, "topic", "file", nil); !r.bad {
		t.Error("a report of no case passed")
	}
}

func TestRead(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("BULWARK_CORPORA", folder)
	if err := os.Mkdir(filepath.Join(folder, "topic"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "topic", "table.tsv"), []byte("name\tvalue\na\t1\n\nb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rows := TSV(t, "topic", "table.tsv")
	if len(rows) != 2 || rows[0]["value"] != "1" || rows[1]["name"] != "b" || rows[1]["value"] != "" {
		t.Errorf("rows are %v", rows)
	}
	r := &recorder{TB: t}
	if !r.skips(func() { Lines(r, "topic", "nosuch") }) || !strings.Contains(r.said[0], "topic/nosuch is not in") {
		t.Errorf("a missing file said %q", r.said)
	}
	t.Setenv("BULWARK_CORPORA", filepath.Join(folder, "nosuch"))
	r = &recorder{TB: t}
	if !r.skips(func() { Lines(r, "topic", "table.tsv") }) || !strings.Contains(r.said[0], "no corpora at") {
		t.Errorf("a missing folder said %q", r.said)
	}
}
