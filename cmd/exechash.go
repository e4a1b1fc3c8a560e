package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
)

// mostHashes is how many files a hasher remembers before it starts anew.
const mostHashes = 4096

// A hasher hashes executed files, each version of a file once.
type hasher struct {
	known map[version]string
	value event.Value
}

// version is a file with one content, as far as the kernel tells.
type version struct {
	dev, inode uint64
	size       int64
	changed    syscall.Timespec
}

func newHasher() *hasher { return &hasher{known: map[version]string{}} }

// An executed file, as an event names it: with the time of the last change
// before it ran.
type executed struct {
	device, inode uint64
	changed       int64 // ns
}

// hash is the SHA-256 of the file that an event executed, "" if it executed none
// or that content can no more be had. The file is taken from the process, and where
// that has ended from its path; in both ways it must be the inode that the event
// names, unchanged, so another file under the same path, or what was written into
// it since, is never taken for it.
func (h *hasher) hash(e *event.Event) string {
	if !e.Object(event.FieldExe, &h.value) {
		return ""
	}
	path := string(h.value.Bytes)
	x, ok := h.executed(e)
	if !ok {
		return ""
	}
	if sum, ok := h.file(fmt.Sprintf("/proc/%d/exe", e.HostPID), x, true); ok {
		return sum
	}
	sum, _ := h.file(path, x, false)
	return sum
}

func (h *hasher) executed(e *event.Event) (x executed, ok bool) {
	if !e.Object(event.FieldDev, &h.value) {
		return x, false
	}
	x.device = unix.Mkdev(uint32(h.value.Num>>20), uint32(h.value.Num&(1<<20-1)))
	if !e.Object(event.FieldInode, &h.value) {
		return x, false
	}
	x.inode = h.value.Num
	if i := e.Info().ArgIndex("ctime"); i < 0 || !e.Arg(i, &h.value) {
		return x, false
	}
	x.changed = int64(h.value.Num)
	return x, true
}

// is tells whether a file has the content that was executed. One that still runs
// cannot be written, and removing its name is a change too: there the time of the
// last write decides, which anybody may set, but not while it runs.
func (x executed) is(stat *syscall.Stat_t, runs bool) bool {
	return stat.Ino == x.inode && uint64(stat.Dev) == x.device &&
		(stat.Ctim.Nano() == x.changed || runs && stat.Mtim.Nano() <= x.changed)
}

// file hashes a file if it is what was executed, before and after reading.
func (h *hasher) file(name string, x executed, runs bool) (string, bool) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe may stand there by now
	if err != nil {
		return "", false
	}
	defer f.Close()
	stat, ok := statOf(f)
	if !ok || !x.is(stat, runs) {
		return "", false
	}
	v := version{uint64(stat.Dev), stat.Ino, stat.Size, stat.Ctim}
	if sum, ok := h.known[v]; ok {
		return sum, true
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", false
	}
	if after, ok := statOf(f); !ok || !x.is(after, runs) {
		return "", false
	}
	if len(h.known) >= mostHashes {
		clear(h.known)
	}
	h.known[v] = hex.EncodeToString(sum.Sum(nil))
	return h.known[v], true
}

func statOf(f *os.File) (*syscall.Stat_t, bool) {
	info, err := f.Stat()
	if err != nil {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat, ok
}
