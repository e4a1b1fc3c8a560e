package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// childMark makes the test binary do one thing and end.
const childMark = "BULWARK_HOOK_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMark) == "exit7" {
		os.Exit(7)
	}
	if os.Getenv(childMark) == "minus1" {
		for range 100 {
			unix.RawSyscall(^uintptr(0), 0, 0, 0)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(mode string, args ...string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command(exe, args...)
		c.Env = []string{childMark + "=" + mode}
		c.Run()
	}
}

// onThread does something to a thread that ends afterwards.
func onThread(t *testing.T, do func() error) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- do()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func renameThread(t *testing.T, dir string) {
	onThread(t, func() error {
		name := []byte("bulwark-hook\x00")
		return unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
	})
}

func changeFSUID(t *testing.T, dir string) {
	onThread(t, func() error {
		unix.RawSyscall(unix.SYS_SETFSUID, 1234, 0, 0)
		return nil
	})
}

func unshareUTS(t *testing.T, dir string) {
	onThread(t, func() error { return unix.Unshare(unix.CLONE_NEWUTS) })
}

// ---- cgroups ----

func cgroupDir() string {
	for _, h := range hierarchies() {
		dir := filepath.Join(h.mount, fmt.Sprintf("bulwark-test-%d", os.Getpid()))
		if os.Mkdir(dir, 0o755) == nil {
			os.Remove(dir)
			return dir
		}
	}
	return ""
}

func needsCgroup() string {
	if cgroupDir() == "" {
		return "no cgroup hierarchy can be written"
	}
	return ""
}

func makeCgroup(t *testing.T, dir string) {
	cgroup := cgroupDir()
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cgroup); err != nil {
		t.Fatal(err)
	}
}

func enterCgroup(t *testing.T, dir string) {
	cgroup := cgroupDir()
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), fmt.Append(nil, c.Process.Pid), 0o644)
	c.Wait()
	for range 100 {
		if os.Remove(cgroup) == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ---- files ----

func makeDevice(t *testing.T, dir string) {
	if err := unix.Mknodat(unix.AT_FDCWD, filepath.Join(dir, "null"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))); err != nil {
		t.Fatal(err)
	}
}

func openFile(t *testing.T, dir string) {
	fd, err := unix.Openat(unix.AT_FDCWD, filepath.Join(dir, "opened"), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

func changeNames(t *testing.T, dir string) {
	file, renamed := filepath.Join(dir, "file"), filepath.Join(dir, "renamed")
	for _, err := range []error{
		os.WriteFile(file, nil, 0o600),
		os.Rename(file, renamed),
		os.Symlink("some/target", filepath.Join(dir, "link")),
		unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600),
		unix.Unlink(renamed),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(t *testing.T, dir string) {
	f, err := os.Create(filepath.Join(dir, "written"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.Writev(int(f.Fd()), [][]byte{[]byte("one"), []byte("two")}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("hello world"); err != nil {
		t.Fatal(err)
	}
}

func mountTmpfs(t *testing.T, dir string) {
	if err := unix.Mount("bulwark", dir, "tmpfs", unix.MS_NOEXEC, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
}

func protect(first, then int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		b, err := unix.Mmap(-1, 0, 8192, first, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Munmap(b)
		if then != 0 {
			if err := unix.Mprotect(b, then); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ---- network and signals ----

// loopbackUp: a virtual machine may begin without it.
func loopbackUp() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if ifr, err := unix.NewIfreq("lo"); err == nil {
		ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
	}
}

func useSockets(t *testing.T, dir string) {
	loopbackUp()
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(server)
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(client)
	if err := unix.Bind(server, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(server, 5); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(server)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(client, name); err != nil {
		t.Fatal(err)
	}
	taken, _, err := unix.Accept(server)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(taken)
	twin, err := unix.Dup(client)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(twin)
}

func signalSelf(t *testing.T, dir string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGUSR1)
	defer signal.Stop(c)
	if err := unix.Kill(os.Getpid(), unix.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	<-c
}

// ---- the kernel itself ----

func makeMap(t *testing.T, dir string) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "bulwark_test", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}

func needsModule() string {
	if os.Getenv("BULWARK_TEST_MODULE") == "" {
		return "no module to load: BULWARK_TEST_MODULE is not set"
	}
	return ""
}

func loadModule(t *testing.T, dir string) {
	file := os.Getenv("BULWARK_TEST_MODULE")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flags := 0
	if strings.HasSuffix(file, ".xz") {
		flags = 4 // MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	if err := unix.DeleteModule(strings.ReplaceAll(name, "-", "_"), 0); err != nil {
		t.Fatal(err)
	}
}
