package cmd

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// execEvent is the event of a program that ran, of a process that is gone.
func execEvent(t *testing.T, path string, inode uint64) *event.Event {
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
	b.Word(row.ArgIndex("ctime"), uint64(stat.Ctim.Nano()))
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
	if have := h.hash(execEvent(t, path, 0)); have != sum("one") {
		t.Errorf("have %q", have)
	}
	if have := h.hash(execEvent(t, path, 1)); have != "" {
		t.Errorf("the hash of another file: %q", have)
	}
	if len(h.known) != 1 {
		t.Errorf("%d files remembered", len(h.known))
	}
	before := execEvent(t, path, 0)
	time.Sleep(20 * time.Millisecond) // a tick of the clock that stamps files
	write(t, path, "other")
	if have := h.hash(before); have != "" {
		t.Errorf("the hash of what was written after it ran: %q", have)
	}
	if have := h.hash(execEvent(t, path, 0)); have != sum("other") {
		t.Errorf("after a change: %q", have)
	}
}
