package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// The first thing that a user does: within two seconds of its start bulwark has
// shown what ls does.
func TestTraceLs(t *testing.T) {
	require.Root(t)
	ls, err := exec.LookPath("ls")
	if err != nil {
		require.Missing(t, "ls")
	}
	subject.Binary(t) // not part of the time
	begun := time.Now()
	r := subject.RunTrace(t, "--", ls, "/")
	took := time.Since(begun)
	left := []string{"execve", "openat", "getdents64", "write", "exit_group"}
	for _, e := range r.Events {
		if len(left) > 0 && e.EventName == left[0] {
			left = left[1:]
		}
	}
	if len(left) > 0 {
		t.Errorf("of the calls of ls, in order, %v were not shown:\n%s", left, lines(r.Events))
	}
	if took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(r.Stderr, "status 0") {
		t.Errorf("the command's status is not printed:\n%s", r.Stderr)
	}
}

// A command's status is printed, and is not that of bulwark.
func TestCommandStatus(t *testing.T) {
	require.Root(t)
	file := filepath.Join(t.TempDir(), "fails")
	compileTo(t, file, "exit_group 42\n")
	r := subject.RunTrace(t, "--", file)
	if r.Exit != 0 || !strings.Contains(r.Stderr, "42") {
		t.Error(r.Text())
	}
	compileTo(t, file, "me = getpid\nkill $me SIGKILL\n")
	if r := subject.RunTrace(t, "--", file); !strings.Contains(r.Stderr, "signal 9") {
		t.Error(r.Text())
	}
	if r := subject.LaunchRaw(t, "", "trace", "--", filepath.Join(t.TempDir(), "none")).Wait(); r.Exit != 2 {
		t.Errorf("a command that does not exist: %s", r.Text())
	}
}

// After it has ended, and after kill -9, nothing of it is left in the kernel.
func TestNoResidue(t *testing.T) {
	require.Root(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			before := worldly(t)
			tr := subject.Start(t, "--output", "none", "--trace", "container", "--trace", "s=fs,net,proc")
			held := kernelObjects(t, tr.Cmd.Process.Pid)
			if len(held) < 3 {
				t.Fatalf("bulwark is known to hold only %v", held)
			}
			_ = tr.Cmd.Process.Signal(signal)
			r := tr.Wait()
			if signal != syscall.SIGKILL && r.Exit != 0 {
				t.Error(r.Text())
			}
			if left := alive(held); len(left) > 0 {
				t.Errorf("left in the kernel: %v", left)
			}
			if after := worldly(t); after != before {
				t.Errorf("mounts and cgroups before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// The same when the command's tree is traced, and it outlives bulwark.
func TestNoResidueOfCommand(t *testing.T) {
	require.Root(t)
	file := filepath.Join(t.TempDir(), "sleeps")
	compileTo(t, file, "loop 100 {\nnanosleep {0 50000000} 0\n}\n")
	tr := subject.Launch(t, "--", file)
	tr.Ready()
	held := kernelObjects(t, tr.Cmd.Process.Pid)
	_ = tr.Cmd.Process.Kill()
	tr.Wait()
	if left := alive(held); len(left) > 0 {
		t.Errorf("left in the kernel: %v", left)
	}
}

func TestHangUpReopens(t *testing.T) {
	require.Root(t)
	dir := t.TempDir()
	out, old := filepath.Join(dir, "out"), filepath.Join(dir, "old")
	file := filepath.Join(dir, "acts")
	compileTo(t, file, "openat AT_FDCWD \"/none/e2e-reopen\" O_RDONLY\n")
	act := func() {
		t.Helper()
		if err := exec.Command(file).Run(); err != nil {
			t.Fatal(err)
		}
	}
	has := func(file string) int {
		b, _ := os.ReadFile(file)
		return bytes.Count(b, []byte("/none/e2e-reopen"))
	}
	tr := subject.Start(t, "--output", "out-file:"+out, "--trace", "openat.pathname=/none/e2e-reopen")
	act()
	eventually(t, "the first event in the first file", func() bool { return has(out) == 1 })
	if err := os.Rename(out, old); err != nil {
		t.Fatal(err)
	}
	_ = tr.Cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "a new file", func() bool { _, err := os.Stat(out); return err == nil })
	act()
	eventually(t, "the second event in the second file", func() bool { return has(out) == 1 })
	r := tr.Stop()
	if r.Exit != 0 || has(old) != 1 || has(out) != 1 {
		t.Errorf("%d events in the old file, %d in the new\n%s", has(old), has(out), r.Text())
	}
}

// eventually waits for what must come soon.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// On a full disk it ends with 4, says so, and leaves whole lines.
func TestFullDisk(t *testing.T) {
	require.Root(t)
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		require.Missing(t, "leave to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	noisy := filepath.Join(t.TempDir(), "noisy")
	compileTo(t, noisy, "loop 20000 {\ngetppid\n}\n")
	out := filepath.Join(dir, "out")
	r := subject.Launch(t, "--output", "out-file:"+out, "--", noisy).Wait()
	if r.Exit != 4 || !strings.Contains(r.Stderr, "full") {
		t.Errorf("want exit 4 and a word about the full disk: %s", r.Text())
	}
	if !strings.Contains(r.Stderr, "generated") {
		t.Errorf("the account is not printed:\n%s", r.Stderr)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) == 0 || b[len(b)-1] != '\n' {
		t.Errorf("%d bytes, which do not end with a whole line: …%q", len(b), b[max(0, len(b)-80):])
	}
	var p tally
	for line := range bytes.Lines(b) {
		p.count(t, line)
	}
}

// A reader that has had enough, such as head, is no error.
func TestClosedPipe(t *testing.T) {
	require.Root(t)
	dir := t.TempDir()
	noisy := filepath.Join(dir, "noisy")
	compileTo(t, noisy, "loop 20000 {\ngetppid\n}\n")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	stats := filepath.Join(dir, "stats")
	cmd := subject.Command(t, "trace", "--output", "json", "--stats", stats, "--", noisy)
	cmd.Stdout, cmd.Stderr = write, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	if _, err := read.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("a closed pipe: %v\n%s", err, stderr.String())
	}
	if text := stderr.String(); strings.Contains(text, "pipe") || !strings.Contains(text, "generated") {
		t.Errorf("want an account and no word about the pipe:\n%s", text)
	}
	if a, err := subject.ReadAccount(stats); err != nil {
		t.Error(err)
	} else if w := a.Wrong(); w != "" {
		t.Errorf("account: %s", w)
	}
}

// A reader that goes away while nothing happens is noticed all the same.
func TestClosedPipeWithoutEvents(t *testing.T) {
	require.Root(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := subject.Command(t, "trace", "--trace", "comm=nobody-has-it", "--trace", "e=getppid")
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = write.Close(), read.Close()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("it goes on without a reader")
	}
}

func TestUserSignalPrintsAccount(t *testing.T) {
	require.Root(t)
	tr := subject.Start(t, "--trace", "e=getppid")
	_ = tr.Cmd.Process.Signal(syscall.SIGUSR1)
	if !tr.Said("generated") {
		t.Error("no account on SIGUSR1")
	}
	if r := tr.Stop(); r.Exit != 0 || strings.Count(r.Stderr, "generated") != 2 {
		t.Errorf("want an account on SIGUSR1 and one at the end: %s", r.Text())
	}
}

func TestDurationAndCount(t *testing.T) {
	require.Root(t)
	tr := subject.Start(t, "--duration", "1s", "--trace", "e=getppid")
	begun := time.Now()
	if r := tr.Wait(); r.Exit != 0 {
		t.Error(r.Text())
	}
	if took := time.Since(begun); took < 900*time.Millisecond || took > 4*time.Second {
		t.Errorf("--duration 1s took %v", took)
	}
	file := filepath.Join(t.TempDir(), "counts")
	compileTo(t, file, "loop 100 {\ngetppid\n}\n")
	r := subject.RunTrace(t, "--count", "7", "--trace", "e=getppid", "--", file)
	if len(r.Events) != 7 {
		t.Errorf("--count 7 printed %d events", len(r.Events))
	}
	if w := r.Account.Wrong(); w != "" || r.Account.Delivered != 7 {
		t.Errorf("account: %s, %d delivered", w, r.Account.Delivered)
	}
}

// Its own events are hidden by its process number, not by its name.
func TestOwnEvents(t *testing.T) {
	require.Root(t)
	dir := t.TempDir()
	name := filepath.Base(subject.Binary(t))
	file := filepath.Join(dir, name) // another program of that name
	compileTo(t, file, "loop 3 {\numask 022\n}\n")
	own := func(args ...string) (self, others int) {
		t.Helper()
		tr := subject.Start(t, args...)
		if err := exec.Command(file).Run(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		r := tr.Stop()
		r.Parse(t)
		for _, e := range r.Events {
			if e.HostProcessID == tr.Cmd.Process.Pid {
				self++
			} else {
				others++
			}
		}
		return self, others
	}
	if self, others := own("--trace", "comm="+name, "--trace", "e=umask,write,futex,epoll_pwait,nanosleep"); self != 0 || others < 3 {
		t.Errorf("%d own events, %d of another program that is called %s too", self, others, name)
	}
	if self, _ := own("--include-self", "--trace", "comm="+name, "--trace", "e=write,futex,epoll_pwait,nanosleep"); self == 0 {
		t.Error("--include-self shows none of its own events")
	}
}

// worldly is what is mounted, and the cgroups: a trace must leave them alone.
func worldly(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(mounts)
	for _, top := range hierarchies() {
		_ = filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() && strings.Contains(path, "bulwark") {
				fmt.Fprintln(&b, path)
			}
			return nil
		})
	}
	return b.String()
}
