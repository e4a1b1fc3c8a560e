package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// Bad input is refused with 2 and a message that names the fix, before anything
// is touched and without root.
func TestBadInput(t *testing.T) {
	template := filepath.Join(t.TempDir(), "bad.tmpl")
	if err := os.WriteFile(template, []byte("{{ .EventName"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		says []string
	}{
		{"--trace event=opennat", []string{"opennat", "openat"}},
		{"--trace set=fss", []string{"fss", "fs"}},
		{"--trace s!=netx", []string{"netx", "net"}},
		{"--trace uid=", []string{"uid", "value"}},
		{"--trace comm!=", []string{"comm", "value"}},
		{"--trace pid=abc", []string{"abc", "number"}},
		{"--trace uid>x", []string{"x", "number"}},
		{"--trace uid=4294967296", []string{"4294967296"}},
		{"--trace openat.nosuch=1", []string{"nosuch", "pathname"}},
		{"--trace opennat.pathname=1", []string{"opennat", "openat"}},
		{"--trace comm>5", []string{"comm", "="}},
		{"--trace test=0", []string{"test"}},
		{"--trace UID>0", []string{"UID", "uid"}},
		{"--output gotemplate=/none/my.tmpl", []string{"/none/my.tmpl"}},
		{"--output gotemplate=" + template, []string{template}},
		{"--output gotemplate=", []string{"gotemplate"}},
		{"--output out-file:/proc/nonexistent/f", []string{"/proc/nonexistent"}},
		{"--output option:nosuch", []string{"nosuch"}},
		{"--output option:eott", []string{"eot"}},
		{"--output jsom", []string{"jsom", "json"}},
		{"--output out-file:", []string{"out-file"}},
		{"--trase e=openat", []string{"trase", "trace"}},
		{"--buffer-size none", []string{"none"}},
		{"-b 3", []string{"power of two"}},
		{"--duration 5", []string{"5"}},
		{"--count x", []string{"x"}},
		{"ls", []string{"ls", "--"}},
		{"--", []string{"command"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := subject.LaunchRaw(t, "", append([]string{"trace"}, strings.Fields(c.args)...)...).Wait()
			if r.Exit != 2 || r.Stdout != "" {
				t.Errorf("exit %d, standard output %q, standard error:\n%s", r.Exit, r.Stdout, r.Stderr)
			}
			for _, word := range c.says {
				if !strings.Contains(r.Stderr, word) {
					t.Errorf("no word about %q:\n%s", word, r.Stderr)
				}
			}
		})
	}
}

// Without root: 3, and which capability is missing.
func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		r := subject.LaunchRaw(t, "", "trace").Wait()
		checkUnsupported(t, r, "CAP_BPF")
		return
	}
	out := filepath.Join(t.TempDir(), "program")
	copyProgram(t, out) // where nobody may read it
	cmd := subject.Command(t, "trace")
	cmd.Path, cmd.Args[0] = out, out
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	cmd.Dir = "/"
	checkUnsupported(t, subject.LaunchCommand(t, "", cmd).Wait(), "CAP_BPF")
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	b, err := os.ReadFile(subject.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(to); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func checkUnsupported(t *testing.T, r subject.Run, word string) {
	t.Helper()
	if r.Exit != 3 || !strings.Contains(r.Stderr, word) || r.Stdout != "" {
		t.Errorf("want exit 3 and a word about %s: standard output %q, %s", word, r.Stdout, r.Text())
	}
}

// Without the kernel's type information: 3, and why.
func TestWithoutBTF(t *testing.T) {
	require.Root(t)
	r := changed(t, func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		return unix.Mount("none", "/sys/kernel/btf", "tmpfs", 0, "")
	}, "trace", "--duration", "1s")
	checkUnsupported(t, r, "BTF")
}

// CAP_SYS_RESOURCE is not needed, even where locked memory is scarce.
func TestWithoutSysResource(t *testing.T) {
	require.Root(t)
	r := changed(t, func() error {
		if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 65536, Max: 65536}, nil); err != nil {
			return err
		}
		return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_RESOURCE, 0, 0, 0)
	}, "trace", "--trace", "e=getppid", "--duration", "200ms")
	if r.Exit != 0 {
		t.Error(r.Text())
	}
}

// changed runs bulwark from a thread that something was done to.
func changed(t *testing.T, change func() error, args ...string) subject.Run {
	t.Helper()
	cmd := subject.Command(t, args...)
	var tr *subject.Trace
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		err := change()
		if err == nil {
			tr = subject.LaunchCommand(t, "", cmd)
		}
		failed <- err
	}()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return tr.Wait()
}
