package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
)

func TestBalance(t *testing.T) {
	open := dictionary.Lookup("openat").ID
	fine := event.Account{Counts: event.Counts{Generated: 10, Delivered: 4, Filtered: 6}}
	if have := balance(fine, 1500*time.Millisecond, 8<<20); have != "10 generated = 4 delivered + 6 filtered + 0 lost + 0 pending, in 1.5 s" {
		t.Errorf("have %q", have)
	}
	lossy := event.Account{
		Counts: event.Counts{Generated: 10, Delivered: 4, Filtered: 3, Lost: 3, ByCause: map[string]uint64{"ring full": 2, "lane": 1}},
		Events: map[event.ID]*event.Counts{open: {Lost: 3}, 3: {Generated: 2}},
	}
	have := balance(lossy, time.Second, 8<<20)
	for _, want := range []string{"3 lost", "lost by cause: ring full 2, lane 1", "lost most of: openat 3", "raise --buffer-size, which is 8M", "try 32M"} {
		if !strings.Contains(have, want) {
			t.Errorf("no %q in\n%s", want, have)
		}
	}
}

func TestStatsJSON(t *testing.T) {
	id := dictionary.Lookup("openat").ID
	b, err := statsJSON(event.Account{Counts: event.Counts{Generated: 1, Delivered: 1}, Events: map[event.ID]*event.Counts{id: {Generated: 1, Delivered: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := json.Unmarshal(b, &have); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"generated", "delivered", "filtered", "lost", "pending"} {
		one := have["events"].(map[string]any)["openat"].(map[string]any)
		if _, ok := have[key].(float64); !ok || one[key] == nil {
			t.Errorf("no %s in %s", key, b)
		}
	}
	if _, ok := have["lost_by_cause"].(map[string]any); !ok {
		t.Errorf("lost_by_cause is no object in %s", b)
	}
}

func TestWhyNothing(t *testing.T) {
	require.Root(t)
	nginx := filepath.Join(t.TempDir(), "nginx")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		require.Missing(t, "sleep: %v", err)
	}
	copyTo(t, sleep, nginx)
	c := exec.Command(nginx, "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	busy(t)
	for _, c := range []struct {
		args string
		says []string
	}{
		{"-t comm=ngnix", []string{"comm=ngnix is true of none", "hint: nginx is running: --trace comm=nginx"}},
		{"-t pid=4194303", []string{"pid=4194303 is true of none", "no process 4194303 is running"}},
		{"-t openat.pathname=/etc/paswd", []string{"openat.pathname=/etc/paswd rejected most", "there is /etc/passwd"}},
		{"-t event=init_module", []string{"none of the selected kinds happened"}},
	} {
		r := run(t, append([]string{"trace", "--duration", "1s"}, strings.Fields(c.args)...)...)
		if r.code != exitFine {
			t.Errorf("%s: exit %d", c.args, r.code)
		}
		for _, s := range c.says {
			if !strings.Contains(r.stderr, s) {
				t.Errorf("%s: no %q in\n%s", c.args, s, r.stderr)
			}
		}
	}
}

// busy opens a file now and then until the test ends.
func busy(t *testing.T) {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Millisecond):
				if f, err := os.Open("/dev/null"); err == nil {
					f.Close()
				}
			}
		}
	}()
}

func TestTraceCommand(t *testing.T) {
	require.Root(t)
	c := program(t, "trace", "-o", "json", "--", "sh", "-c", "echo hello; exit 3")
	r := finish(t, c)
	if r.code != exitFine || !strings.Contains(r.stderr, "sh exited with status 3\n") || !strings.Contains(r.stderr, "\nhello\n") {
		t.Errorf("exit %d, stderr:\n%s", r.code, r.stderr)
	}
	names := map[string]bool{}
	for line := range strings.Lines(r.stdout) {
		var e struct{ EventName string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("standard output is not all events: %v: %s", err, line)
		}
		names[e.EventName] = true
	}
	for _, want := range []string{"execve", "write", "exit_group", "sched_process_exit"} {
		if !names[want] {
			t.Errorf("no %s", want)
		}
	}
}

func TestTraceCommandKilled(t *testing.T) {
	require.Root(t)
	r := run(t, "trace", "-o", "none", "--", "sh", "-c", "echo hello; kill -SEGV $$")
	if r.code != exitFine || r.stdout != "hello\n" || !strings.Contains(r.stderr, "sh was killed by signal 11") {
		t.Errorf("exit %d, stdout %q, stderr:\n%s", r.code, r.stdout, r.stderr)
	}
	r = run(t, "trace", "-o", "none", "--duration", "300ms", "--", "sleep", "60")
	if r.code != exitFine || !strings.Contains(r.stderr, "sleep was killed by signal 15") {
		t.Errorf("a command that outlives the trace: exit %d, stderr:\n%s", r.code, r.stderr)
	}
}

func TestTraceTreeOutlivesCommand(t *testing.T) {
	require.Root(t)
	r := run(t, "trace", "-o", "none", "--", "sh", "-c", "sleep 4 & exit 5")
	if r.code != exitFine || strings.Count(r.stderr, "sh exited with status 5") != 1 || !strings.Contains(r.stderr, "what it started still runs") {
		t.Errorf("exit %d, stderr:\n%s", r.code, r.stderr)
	}
}

func TestSummary(t *testing.T) {
	require.Root(t)
	r := run(t, "trace", "--summary", "--", "chroot", "/", "cat", "/etc/hostname")
	if r.code != exitFine || !strings.Contains(r.stdout, "/etc/hostname") {
		t.Errorf("exit %d, stdout %s, stderr %s", r.code, r.stdout, r.stderr)
	}
	if strings.Contains(r.stdout, "Not traced") || !strings.Contains(r.stdout, "CAP_SYS_CHROOT") {
		t.Errorf("a part is missing: %s", r.stdout)
	}
	if strings.Contains(r.stdout, "CAP_SYS_ADMIN") {
		t.Errorf("the kernel's own question about memory passes for a use of a capability: %s", r.stdout)
	}
	r = run(t, "trace", "--summary", "-o", "json", "--", "true")
	if !json.Valid([]byte(r.stdout)) {
		t.Errorf("no JSON: %s", r.stdout)
	}
}

func TestFullDiskAndClosedPipe(t *testing.T) {
	require.Root(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		require.Missing(t, "/dev/full: %v", err)
	}
	defer full.Close()
	c := program(t, "trace", "-o", "json", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done") // more than one write
	c.Stdout = full
	if r := finish(t, c); r.code != exitBroken || strings.Count(r.stderr, "the disk is full") != 1 || !strings.Contains(r.stderr, "generated =") {
		t.Errorf("full disk: exit %d, stderr:\n%s", r.code, r.stderr)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	c = program(t, "trace", "--", "true")
	c.Stdout = write
	if r := finish(t, c); r.code != exitFine || !strings.Contains(r.stderr, "generated =") {
		t.Errorf("closed pipe: exit %d, stderr:\n%s", r.code, r.stderr)
	}
	// A reader that leaves is noticed even if nothing happens.
	read, write, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c = program(t, "trace", "-o", "json", "-t", "event=init_module")
	c.Stdout = write
	time.AfterFunc(4*time.Second, func() { read.Close() })
	if r := finish(t, c); r.code != exitFine {
		t.Errorf("reader that leaves: exit %d, stderr:\n%s", r.code, r.stderr)
	}
	write.Close()
}

func TestSignals(t *testing.T) {
	require.Root(t)
	out := filepath.Join(t.TempDir(), "out")
	c := program(t, "trace", "-o", "json", "out-file:"+out, "-t", "event=openat")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	busy(t)
	said := &reader{from: stderr}
	said.until(t, "ready")
	_ = c.Process.Signal(syscall.SIGUSR1)
	said.until(t, "generated =")
	written(out)
	if err := os.Rename(out, out+".1"); err != nil {
		t.Fatal(err)
	}
	_ = c.Process.Signal(syscall.SIGHUP)
	written(out)
	_ = c.Process.Signal(syscall.SIGTERM)
	said.until(t, "generated =")
	if err := c.Wait(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	for _, name := range []string{out, out + ".1"} {
		b, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(b), "{") || !strings.HasSuffix(string(b), "}\n") {
			t.Errorf("%s: %d bytes, %v: whole lines are wanted", name, len(b), err)
		}
	}
}

// written waits until a file has something in it; what comes of waiting in vain
// is for the caller to find.
func written(path string) {
	for range 100 {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// reader reads until a text has come.
type reader struct {
	from interface{ Read([]byte) (int, error) }
	seen string
}

func (r *reader) until(t *testing.T, text string) {
	t.Helper()
	for b := make([]byte, 4096); ; {
		if _, rest, ok := strings.Cut(r.seen, text); ok {
			r.seen = rest
			return
		}
		n, err := r.from.Read(b)
		r.seen += string(b[:n])
		if err != nil {
			t.Fatalf("no %q: %v: %s", text, err, r.seen)
		}
	}
}
