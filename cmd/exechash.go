package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"syscall"

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
// or the file can no more be had. The file is taken from the process, so it is
// the executed one even if another has its path by now; and it must be the inode
// that the event names, in case the process has executed the next one already.
func (h *hasher) hash(e *event.Event) string {
	if !e.Object(event.FieldExe, &h.value) || !e.Object(event.FieldInode, &h.value) {
		return ""
	}
	inode := h.value.Num
	f, err := os.Open(fmt.Sprintf("/proc/%d/exe", e.HostPID))
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Ino != inode {
		return ""
	}
	v := version{uint64(stat.Dev), stat.Ino, stat.Size, stat.Ctim}
	if sum, ok := h.known[v]; ok {
		return sum
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	if len(h.known) >= mostHashes {
		clear(h.known)
	}
	h.known[v] = hex.EncodeToString(sum.Sum(nil))
	return h.known[v]
}
