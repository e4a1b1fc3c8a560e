package tiny

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
)

// write compiles a script for this machine.
func write(t *testing.T, script string) string {
	t.Helper()
	image, err := Compile(script, dictionary.Host)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, image, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestScriptRuns(t *testing.T) {
	file := write(t, `
		buffer pair 8
		buffer got 8
		buffer set 1
		handler onsignal {
		    write 1 "signal\n" 7
		}
		pipe2 &pair O_CLOEXEC           # the ends are *pair and *pair+4
		write *pair+4 "hello\n" 6
		n = read *pair &got 8
		write 1 &got $n
		rt_sigaction SIGUSR1 {&onsignal SA_RESTORER &onsignal 0} 0 8
		me = getpid
		kill $me SIGUSR1
		loop 3 {
		    write 1 "loop\n" 5
		}
		child = fork {
		    write 1 "child\n" 6
		    exit_group 7
		}
		wait4 $child &got 0 0
		poke set 0 1
		clone CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_CHILD_CLEARTID &set+0 0 &set &set {
		    write 1 "thread\n" 7
		    exit 0
		}
		spin set
		write 1 "end\n" 4
		exit_group 3
	`)
	var out bytes.Buffer
	cmd := exec.Command(file)
	cmd.Stdout = &out
	err := cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != 3 {
		t.Errorf("exit %d (%v)", got, err)
	}
	want := "hello\nsignal\nloop\nloop\nloop\nchild\nthread\nend\n"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

// TestNothingElse asks strace whether the program makes exactly the calls that
// the script names.
func TestNothingElse(t *testing.T) {
	strace := require.Tool(t, "strace", "strace")
	file := write(t, `
		fd = openat AT_FDCWD "/etc/hostname" O_RDONLY|O_CLOEXEC 0
		close $fd
		connect 77 inet:127.0.0.1:53 len:inet:127.0.0.1:53
		connect 77 inet:[::1]:53 len:inet:[::1]:53
		connect 77 unix:@name len:unix:@name
		execve "/nonexistent" ["a" "" "b c"] ["X=1"]
		utimensat AT_FDCWD "/nonexistent" {1 2 3 4} 0
	`)
	log := filepath.Join(t.TempDir(), "log")
	if out, err := exec.Command(strace, "-o", log, file).CombinedOutput(); err != nil {
		require.Missing(t, "a host where strace may trace: %v %s", err, out)
	}
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`execve("`, `openat(AT_FDCWD, "/etc/hostname", O_RDONLY|O_CLOEXEC) = 3`, `close(3) `,
		`connect(77, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}, 16)`,
		`connect(77, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28)`,
		`connect(77, {sa_family=AF_UNIX, sun_path=@"name"}, 7)`,
		`execve("/nonexistent", ["a", "", "b c"], 0x`,
		`utimensat(AT_FDCWD, "/nonexistent", [{tv_sec=1, tv_nsec=2} /* `,
		`exit_group(0)`, `+++ exited with 0`,
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || !strings.HasPrefix(lines[i], want[i]) {
			t.Fatalf("line %d differs in\n%s", i+1, b)
		}
	}
}

func TestCompat(t *testing.T) {
	if dictionary.Host != dictionary.AMD64 {
		t.Skip("skipped: x86-64 only")
	}
	file := write(t, "call32 write 1 \"thirty-two\" 10\n")
	out, err := exec.Command(file).Output()
	if err != nil {
		require.Missing(t, "a kernel with the 32-bit entry: %v", err)
	}
	if string(out) != "thirty-two" {
		t.Errorf("wrote %q", out)
	}
}

func TestBadScripts(t *testing.T) {
	for script, part := range map[string]string{
		"opne \"/x\"":            "line 1: opne: no such system call",
		"close $fd":              "line 1: close: $fd: no such result",
		"fork {":                 "a { without its }",
		"}":                      "a } without its {",
		"open \"/x":              "is not closed",
		"\n\nopen \"/x\" O_NO":   "line 3: open: O_NO: neither a number nor a constant",
		"loop 0 {\n}":            "loop 0",
		"write 1 &nowhere 1":     "nowhere: no such buffer",
		"getpid 1 2 3 4 5 6 7":   "more than six",
		"buffer b 0":             "a size from 1",
		"connect 1 inet:1.2:x 1": "inet:1.2:x",
	} {
		if _, err := Compile(script, dictionary.AMD64); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %q", script, err, part)
		}
	}
}

// Both machines must take every script; what arm64 lacks is an error, not a crash.
func TestBothMachines(t *testing.T) {
	script := "buffer b 8\nloop 2 {\nx = read 0 &b *b+4\n}\nspin b\npoke b 4 $x\nfork {\ngetpid\n}\nhandler h {\n}\n"
	for _, arch := range []dictionary.Arch{dictionary.AMD64, dictionary.ARM64} {
		if _, err := Compile(script, arch); err != nil {
			t.Error(err)
		}
	}
	if _, err := Compile("open \"/x\"", dictionary.ARM64); err == nil {
		t.Error("arm64 has no open")
	}
}
