package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// A thread that rewrites the path while another opens it cannot hide what was
// opened: the object tells the truth, and where the argument says something
// else the event is flagged.
func TestRewrittenArgument(t *testing.T) {
	subject.NeedRoot(t)
	if runtime.NumCPU() < 2 {
		subject.Missing(t, "two processors")
	}
	dir := t.TempDir()
	inodes := map[uint64]string{}
	for _, name := range []string{"a", "b"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(file, &st); err != nil {
			t.Fatal(err)
		}
		inodes[st.Ino] = file
	}
	// The path is a prefix that both share, and one letter that flips.
	path, letter := flippable(append([]byte(filepath.Join(dir, "a")), 0))
	out := filepath.Join(t.TempDir(), "out")
	tr := subject.Start(t, "--output", "out-file:"+out, "--trace", "openat.retval>0", "--trace", fmt.Sprint("pid=", os.Getpid()))
	const opens = 20_000
	truth := race(t, path, letter, opens, inodes)
	r := tr.Stop()
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r.Stdout = string(b)
	r.Parse(t)
	if r.Account.Lost > 0 {
		t.Fatalf("%d lost: nothing can be compared", r.Account.Lost)
	}
	checkTruth(t, dir, r.Events, truth)
}

// flippable copies the path so that its last letter begins an aligned word,
// which one store changes: the letter and the NULs behind it.
func flippable(path []byte) ([]byte, *uint32) {
	n := len(path) - 2 // without the letter and the NUL
	buf := make([]byte, n+16)
	shift := 0
	for (uintptr(unsafe.Pointer(&buf[0]))+uintptr(shift+n))%4 != 0 {
		shift++
	}
	at := buf[shift:]
	copy(at, path)
	return at, (*uint32)(unsafe.Pointer(&at[n]))
}

// race opens the path again and again while another thread flips its letter,
// and returns which file each open really got.
func race(t *testing.T, path []byte, letter *uint32, opens int, inodes map[uint64]string) []string {
	t.Helper()
	var stop atomic.Bool
	flipped := make(chan struct{})
	go func() {
		defer close(flipped)
		runtime.LockOSThread()
		for !stop.Load() {
			atomic.StoreUint32(letter, 'b')
			atomic.StoreUint32(letter, 'a')
		}
	}()
	truth := make([]string, 0, opens)
	cwd := unix.AT_FDCWD
	for range opens {
		fd, _, e := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(cwd), uintptr(unsafe.Pointer(&path[0])), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
		if e != 0 {
			t.Fatalf("open: %v", e)
		}
		var st unix.Stat_t
		if err := unix.Fstat(int(fd), &st); err != nil {
			t.Fatal(err)
		}
		_ = unix.Close(int(fd))
		truth = append(truth, inodes[st.Ino])
	}
	stop.Store(true)
	<-flipped
	return truth
}

func checkTruth(t *testing.T, dir string, events []subject.Event, truth []string) {
	t.Helper()
	hidden, wrong, i := 0, 0, 0
	for _, e := range events {
		said, _ := e.Arg("pathname")
		if filepath.Dir(said) != dir {
			continue // another open of this test
		}
		if i == len(truth) {
			t.Fatalf("more events than the %d opens", len(truth))
		}
		reached, _ := e.ObjectField("path")
		if reached != truth[i] {
			if wrong++; wrong < 4 {
				t.Errorf("open %d got %s, the object says %q, the argument %q", i, truth[i], reached, said)
			}
		}
		flagged := slices.Contains(e.Flags, "mismatch")
		if flagged != (said != reached) {
			if wrong++; wrong < 4 {
				t.Errorf("open %d: argument %q, object %q, flagged as different: %v\n%s", i, said, reached, flagged, e.Line)
			}
		}
		if flagged {
			hidden++
		}
		i++
	}
	if i != len(truth) {
		t.Errorf("%d events of %d opens", i, len(truth))
	}
	t.Logf("in %d of %d opens the argument was not what was opened", hidden, len(truth))
	if hidden == 0 {
		t.Error("the path was never rewritten at the right moment: the test shows nothing")
	}
}
