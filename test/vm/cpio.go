package vm

import (
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"
)

// archive writes an initramfs in the newc format: the only one the kernel
// unpacks (Documentation/driver-api/early-userspace/buffer-format.rst).
// It is not compressed: to unpack gzip takes longer under TCG than to load it.
type archive struct {
	w    io.Writer
	ino  int
	dirs map[string]bool
	err  error
}

func newArchive(w io.Writer) *archive {
	return &archive{w: w, dirs: map[string]bool{".": true, "/": true}}
}

// Kinds of file, of <linux/stat.h>.
const (
	modeRegular = 0o100000
	modeDir     = 0o040000
	modeChar    = 0o020000
)

// file adds a regular file, and the directories above it.
func (a *archive) file(name string, perm os.FileMode, data []byte) {
	a.parents(name)
	a.entry(name, modeRegular|uint32(perm.Perm()), 0, 0, data)
}

// dir adds a directory, and those above it.
func (a *archive) dir(name string) {
	name = path.Clean(name)
	if a.dirs[name] {
		return
	}
	a.parents(name)
	a.dirs[name] = true
	a.entry(name, modeDir|0o755, 0, 0, nil)
}

// device adds a character device.
func (a *archive) device(name string, major, minor uint32) {
	a.parents(name)
	a.entry(name, modeChar|0o600, major, minor, nil)
}

func (a *archive) parents(name string) {
	if dir := path.Dir(path.Clean(name)); !a.dirs[dir] {
		a.dir(dir)
	}
}

// close writes the end mark.
func (a *archive) close() error {
	a.ino = -1 // the trailer carries inode 0
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.err
}

func (a *archive) entry(name string, mode, major, minor uint32, data []byte) {
	if a.err != nil {
		return
	}
	a.ino++
	name = strings.TrimPrefix(name, "/")
	links := 1
	if mode&modeDir == modeDir {
		links = 2
	}
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		a.ino, mode, 0, 0, links, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	a.write([]byte(header + pad(len(header))))
	a.write(data)
	a.write([]byte(pad(len(data))))
}

func (a *archive) write(b []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(b)
	}
}

// pad fills n bytes up to a multiple of four.
func pad(n int) string { return "\x00\x00\x00"[:(4-n%4)%4] }

// hostFile adds the host's file at from under the name name.
func (a *archive) hostFile(name, from string) {
	if a.err != nil {
		return
	}
	info, err := os.Stat(from)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", from)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(from)
	}
	if err != nil {
		a.err = fmt.Errorf("initramfs file %s: %w", name, err)
		return
	}
	a.file(name, info.Mode(), data)
}

// writeInitramfs makes the file system of a machine: devices that the kernel
// wants before init runs, directories to mount on, and the given host files by
// their names inside.
func writeInitramfs(w io.Writer, hostFiles map[string]string, literal map[string][]byte) error {
	a := newArchive(w)
	a.device("/dev/console", 5, 1)
	a.device("/dev/null", 1, 3)
	for _, d := range []string{"/dev", "/proc", "/sys", "/run", "/etc", "/root", "/bin", "/mnt"} {
		a.dir(d)
	}
	for _, name := range sortedKeys(literal) {
		a.file(name, 0o644, literal[name])
	}
	for _, name := range sortedKeys(hostFiles) {
		a.hostFile(name, hostFiles[name])
	}
	return a.close()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
