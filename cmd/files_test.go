package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bulwark-security/bulwark/internal/require"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree lists what is below a folder.
func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTargetMakesFolders(t *testing.T) {
	dir := t.TempDir()
	target, err := prepare("--output out-file:", dir+"/a/b/c")
	if err != nil {
		t.Fatal(err)
	}
	target.undo()
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("a run that did not start left %q", left)
	}
	if target, err = prepare("--output out-file:", dir+"/a/b/c"); err != nil {
		t.Fatal(err)
	}
	f, err := target.open()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	target.undo()
	if have := strings.Join(tree(t, dir), " "); have != "a a/b a/b/c" {
		t.Errorf("have %s", have)
	}
}

func TestTargetReplacesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	write(t, path, "old")
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	target, err := prepare("--output out-file:", path)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("changed before the start: %q", b)
	}
	f, err := target.open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("new")
	var old [8]byte
	n, _ := reader.Read(old[:])
	if b, _ := os.ReadFile(path); string(b) != "new" || string(old[:n]) != "old" {
		t.Errorf("file holds %q, its old reader sees %q", b, old[:n])
	}
}

func TestTargetKeepsWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/real", "")
	if err := os.Symlink("real", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", dir + "/link"} {
		target, err := prepare("--output out-file:", path)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(path)
		f, err := target.open()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		after, err := os.Lstat(path)
		if err != nil || !os.SameFile(before, after) {
			t.Errorf("%s was replaced", path)
		}
	}
}

func TestTargetRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/file", "")
	for _, path := range []string{"/proc/nonexistent/f", dir, dir + "/file/below"} {
		_, err := prepare("--output out-file:", path)
		if err == nil || classify(err).code != exitUsage || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if have := tree(t, dir); len(have) != 1 {
		t.Errorf("left %q", have)
	}
}

func TestTargetReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	target, err := prepare("--output out-file:", path)
	if err != nil {
		t.Fatal(err)
	}
	var f files
	f.out, f.same = target, false
	out, _, err := f.open(&Env{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSink(path, out, plainly)
	putLines(s, "one\n")
	_ = s.flush()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := f.reopen(s, &stream{}); err != nil {
		t.Fatal(err)
	}
	putLines(s, "two\n")
	_ = s.flush()
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	one, _ := os.ReadFile(path + ".1")
	two, _ := os.ReadFile(path)
	if string(one) != "one\n" || string(two) != "two\n" {
		t.Errorf("old file %q, new file %q", one, two)
	}
}

func TestOneFileForBoth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	var f files
	if err := f.prepare(path, path, ""); err != nil {
		t.Fatal(err)
	}
	out, errs, err := f.open(&Env{})
	if err != nil {
		t.Fatal(err)
	}
	out.Write([]byte("event\n"))
	errs.Write([]byte("error\n"))
	if b, _ := os.ReadFile(path); string(b) != "event\nerror\n" {
		t.Errorf("have %q", b)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		require.Missing(t, "/dev/full: %v", err)
	}
	defer full.Close()
	if _, err := full.Write([]byte("x")); reason(err) != syscall.ENOSPC {
		t.Errorf("%v", err)
	}
}
