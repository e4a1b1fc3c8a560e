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

// hash is the SHA-256 of the file that an event executed, "" if it executed none
// or the file can no more be had. The file is taken from the process, and where
// that has ended from its path; in both ways it must be the inode that the event
// names, so another file under the same path is never taken for it.
func (h *hasher) hash(e *event.Event) string {
	if !e.Object(event.FieldExe, &h.value) {
		return ""
	}
	path := string(h.value.Bytes)
	inode, dev := e.Object(event.FieldInode, &h.value), event.Value{}
	if !inode || !e.Object(event.FieldDev, &dev) {
		return ""
	}
	device := unix.Mkdev(uint32(dev.Num>>20), uint32(dev.Num&(1<<20-1)))
	for _, name := range []string{fmt.Sprintf("/proc/%d/exe", e.HostPID), path} {
		if sum, ok := h.file(name, device, h.value.Num); ok {
			return sum
		}
	}
	return ""
}

// file hashes a file if it is that inode of that device.
func (h *hasher) file(name string, device, inode uint64) (string, bool) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe may stand there by now
	if err != nil {
		return "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Ino != inode || uint64(stat.Dev) != device {
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
	if len(h.known) >= mostHashes {
		clear(h.known)
	}
	h.known[v] = hex.EncodeToString(sum.Sum(nil))
	return h.known[v], true
}
