package cmd

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// executed is the event of a program that ran, of a process that is gone.
func executed(t *testing.T, path string, inode uint64) *event.Event {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	file := make([]byte, 32)
	binary.LittleEndian.PutUint64(file, stat.Ino+inode)
	binary.LittleEndian.PutUint32(file[8:], unix.Major(stat.Dev)<<20|unix.Minor(stat.Dev))
	row := dictionary.Lookup("sched_process_exec")
	var b event.Builder
	b.Begin(row.ID, 1, 0, len(row.Args))
	b.Item(event.TagExe, event.ItemText, []byte(path))
	b.Item(event.TagFile, 0, file)
	e := &event.Event{Context: event.Context{HostPID: 1 << 30}}
	if !e.SetRaw(b.End()) {
		t.Fatal("record is not whole")
	}
	return e
}

func TestHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	write(t, path, "one")
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	h := newHasher()
	if have := h.hash(executed(t, path, 0)); have != sum("one") {
		t.Errorf("have %q", have)
	}
	if have := h.hash(executed(t, path, 1)); have != "" {
		t.Errorf("the hash of another file: %q", have)
	}
	if len(h.known) != 1 {
		t.Errorf("%d files remembered", len(h.known))
	}
	write(t, path, "other")
	if have := h.hash(executed(t, path, 0)); have != sum("other") {
		t.Errorf("after a change: %q", have)
	}
}
