package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// A thread that rewrites the path while another opens it cannot hide what was
// opened: the object tells the truth, and where the argument says something
// else the event is flagged.
func TestRewrittenArgument(t *testing.T) {
	require.Root(t)
	if runtime.NumCPU() < 2 {
		require.Missing(t, "two processors")
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
	untilHidden(t, func() int {
		const opens = 20_000
		var seen []reached
		tr := subject.LaunchEach(t, func(line []byte) { seen = see(t, seen, dir, line) }, "--trace", "openat.retval>0", "--trace", fmt.Sprint("pid=", os.Getpid()))
		tr.Ready()
		truth := race(t, path, letter, opens, inodes)
		if r := tr.Stop(); r.Account.Lost > 0 {
			t.Fatalf("%d lost: nothing can be compared", r.Account.Lost)
		}
		return checkTruth(t, seen, truth)
	})
}

// reached is what an event says of an open.
type reached struct {
	said, path string
	flagged    bool
}

// see reads the line of an open in the folder.
func see(t *testing.T, seen []reached, dir string, line []byte) []reached {
	e, err := subject.ParseEvent(line)
	if err != nil {
		t.Errorf("not a line of JSON: %v\n%s", err, line)
		return seen
	}
	said, _ := e.Arg("pathname")
	if filepath.Dir(said) != dir {
		return seen // another open of this test
	}
	path, _ := e.ObjectField("path")
	return append(seen, reached{said, path, slices.Contains(e.Flags, "mismatch")})
}

// untilHidden repeats a race, each round of which checks every event, until it
// was won at least once: where other programs keep the processors busy the two
// threads may not run at the same time at all.
func untilHidden(t *testing.T, round func() (hidden int)) {
	t.Helper()
	for range 15 {
		if n := round(); n > 0 || t.Failed() {
			t.Logf("in %d events the argument was not what was reached", n)
			return
		}
	}
	t.Error("the argument was never rewritten at the right moment: the test shows nothing")
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
	defer flip(letter, 'a', 'b')()
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
	return truth
}

// flip lets another thread change a word between two values as fast as it can.
// It returns when that thread is at it; the function that it returns ends it.
func flip(word *uint32, one, other uint32) (stop func()) {
	var over atomic.Bool
	var times atomic.Uint64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		for !over.Load() {
			atomic.StoreUint32(word, one)
			atomic.StoreUint32(word, other)
			times.Add(1)
		}
	}()
	for times.Load() < 1000 {
		runtime.Gosched()
	}
	return func() {
		over.Store(true)
		<-ended
	}
}

// checkTruth compares each event with what its open really got, and returns how
// many said something else.
func checkTruth(t *testing.T, seen []reached, truth []string) (hidden int) {
	t.Helper()
	if len(seen) != len(truth) {
		t.Fatalf("%d events of %d opens", len(seen), len(truth))
	}
	wrong := 0
	for i, e := range seen {
		if e.path != truth[i] || e.flagged != (e.said != e.path) {
			if wrong++; wrong < 4 {
				t.Errorf("open %d got %s; the object says %q, the argument %q, flagged as different: %v", i, truth[i], e.path, e.said, e.flagged)
			}
		}
		if e.flagged {
			hidden++
		}
	}
	return hidden
}

// The same for a socket address: the port is rewritten while connect runs.
func TestRewrittenAddress(t *testing.T) {
	require.Root(t)
	if runtime.NumCPU() < 2 {
		require.Missing(t, "two processors")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	untilHidden(t, func() (hidden int) {
		var seen []connected
		tr := subject.LaunchEach(t, func(line []byte) { seen = append(seen, seeConnect(t, line)) },
			"--trace", "connect.sockfd="+fmt.Sprint(fd), "--trace", fmt.Sprint("pid=", os.Getpid()))
		tr.Ready()
		truth := raceConnect(t, fd, 20_000)
		if r := tr.Stop(); r.Account.Lost > 0 || len(seen) != len(truth) {
			t.Fatalf("%d events of %d connects, %d lost", len(seen), len(truth), r.Account.Lost)
		}
		for i, e := range seen {
			if e.port != truth[i] {
				t.Fatalf("connect %d reached port %d, the object says %d, the argument %s", i, truth[i], e.port, e.said)
			}
			if !strings.Contains(e.said, fmt.Sprintf("'sin_port': '%d'", truth[i])) {
				hidden++
			}
		}
		return hidden
	})
}

// connected is what an event says of a connect.
type connected struct {
	said string
	port int
}

func seeConnect(t *testing.T, line []byte) connected {
	e, err := subject.ParseEvent(line)
	var object struct{ Remote struct{ Port int } }
	if err == nil {
		err = json.Unmarshal(e.Object, &object)
	}
	if err != nil {
		t.Errorf("not a line of JSON: %v\n%s", err, line)
	}
	said, _ := e.Arg("addr")
	return connected{said, object.Remote.Port}
}

// raceConnect connects again and again to an address whose port another thread
// flips, and returns the port that each connect really took.
func raceConnect(t *testing.T, fd, connects int) []int {
	t.Helper()
	address := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	// Family and port are one aligned word: 9 and 53 in network order.
	word := (*uint32)(unsafe.Pointer(&address))
	family := uint32(unix.AF_INET)
	defer flip(word, family|53<<24, family|9<<24)()
	truth := make([]int, 0, connects)
	for range connects {
		if _, _, e := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&address)), unix.SizeofSockaddrInet4); e != 0 {
			t.Fatalf("connect: %v", e)
		}
		peer, err := unix.Getpeername(fd)
		if err != nil {
			t.Fatal(err)
		}
		truth = append(truth, peer.(*unix.SockaddrInet4).Port)
	}
	return truth
}
