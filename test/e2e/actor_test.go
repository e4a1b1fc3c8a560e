package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// An actor is a program of a scene, and its process.
type actor struct {
	*program
	scene   *scene
	file    string
	cmd     *exec.Cmd
	release *os.File // its gate opens when a byte comes
	gate    *os.File // it is at its gate when a byte comes
	started bool
}

// helper says that another program executes this one: it is not started.
func (a *actor) helper() bool {
	for _, other := range a.scene.programs {
		if other.name != a.name && strings.Contains(other.script, "{"+a.name+"}") {
			return true
		}
	}
	return false
}

// start starts the process under the scene's UTS name.
func (a *actor) start() {
	t := a.scene.t
	t.Helper()
	stdin, release, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	gate, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	a.cmd = exec.Command(a.file)
	a.cmd.Stdin, a.cmd.Stdout = stdin, stdout
	a.cmd.Dir = "/"
	a.release, a.gate, a.started = release, gate, true
	if a.pid != 0 {
		defer nearPID(t, a.pid)()
	}
	if err := startNamed(a.scene.host, a.cmd); err != nil {
		t.Fatalf("program %s: %v", a.name, err)
	}
	t.Cleanup(func() {
		_ = a.cmd.Process.Kill()
		_, _ = a.cmd.Process.Wait()
		_, _ = release.Close(), gate.Close()
	})
	_, _ = stdin.Close(), stdout.Close()
	a.scene.names[a.name+".pid"] = fmt.Sprint(a.cmd.Process.Pid)
}

// atGate waits until it stands at its gate, notes what it is then, and moves it
// into its container.
func (a *actor) atGate() {
	t := a.scene.t
	t.Helper()
	_ = a.gate.SetReadDeadline(time.Now().Add(subject.Limit))
	if _, err := a.gate.Read(make([]byte, 1)); err != nil {
		t.Fatalf("program %s did not come to its gate: %v", a.name, err)
	}
	for ns, name := range map[string]string{"mnt": "mntns", "pid": "pidns", "pid_for_children": "childpidns"} {
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", a.cmd.Process.Pid, ns))
		if err != nil {
			t.Fatal(err)
		}
		number := strings.Trim(link[strings.IndexByte(link, ':')+1:], "[]")
		a.scene.names[a.name+"."+name] = number
	}
	if a.container != "" {
		enterContainer(t, a.container, a.cmd.Process.Pid)
	}
}

// finish lets it through its gate and waits for its end.
func (a *actor) finish() {
	t := a.scene.t
	t.Helper()
	if a.gated() {
		if _, err := a.release.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- a.cmd.Wait() }()
	select {
	case <-done: // it may well have been killed by a signal, or say no
	case <-time.After(subject.Limit):
		t.Fatalf("program %s does not end", a.name)
	}
}

// startNamed starts a process from a thread whose UTS namespace has that host
// name, so that its events and those of its children can be told from all
// others, whatever they do to their pids. The thread ends with the goroutine.
func startNamed(host string, cmd *exec.Cmd) error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWUTS); err != nil {
			failed <- fmt.Errorf("unshare: %w", err)
			return
		}
		if err := unix.Sethostname([]byte(host)); err != nil {
			failed <- fmt.Errorf("sethostname: %w", err)
			return
		}
		failed <- cmd.Start()
	}()
	return <-failed
}

// nearPID makes the kernel's next process number about pid; the returned
// function sets it back.
func nearPID(t testing.TB, pid int) func() {
	t.Helper()
	const file = "/proc/sys/kernel/ns_last_pid"
	before, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, fmt.Appendln(nil, pid), 0)
	}
	if err != nil {
		require.Missing(t, "a kernel with checkpoint/restore, to choose process numbers: %v", err)
	}
	return func() { _ = os.WriteFile(file, before, 0) }
}

// hierarchies are the folders where the cgroup hierarchies are mounted.
func hierarchies() []string {
	b, _ := os.ReadFile("/proc/self/mounts")
	var dirs []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) > 2 && (f[2] == "cgroup" || f[2] == "cgroup2") && !slices.Contains(dirs, f[1]) {
			dirs = append(dirs, f[1])
		}
	}
	return dirs
}

// enterContainer moves a process into a cgroup that is named as Docker names
// that of a container, in every hierarchy that lets it.
func enterContainer(t *testing.T, name string, pid int) {
	t.Helper()
	id := strings.Repeat(fmt.Sprintf("%x", name), 64)[:64]
	entered := 0
	for _, top := range hierarchies() {
		dir := filepath.Join(top, "docker-"+id+".scope")
		if err := os.Mkdir(dir, 0o755); err == nil {
			t.Cleanup(func() { removeCgroup(dir) })
		}
		if os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, pid), 0) == nil {
			entered++
		}
	}
	if entered == 0 {
		require.Missing(t, "a cgroup hierarchy that may be written")
	}
}

// removeCgroup takes the folder away as soon as its processes are gone.
func removeCgroup(dir string) {
	for range 100 {
		if err := syscall.Rmdir(dir); err == nil || err == syscall.ENOENT {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
