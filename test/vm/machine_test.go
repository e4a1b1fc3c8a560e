package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func selftest(t *testing.T, kernel func(testing.TB, string) Kernel, arch string) Machine {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	return Machine{Kernel: kernel(t, arch), Programs: map[string]string{"/selftest": "./test/vm/selftest"}}
}

// TestVMMachine checks what the harness promises about commands, on the two
// machines that differ most: in the serial port and in how modules are packed.
func TestVMMachine(t *testing.T) {
	t.Run("oldest-amd64", func(t *testing.T) { testMachine(t, selftest(t, Oldest, "amd64")) })
	t.Run("newest-arm64", func(t *testing.T) { testMachine(t, selftest(t, Newest, "arm64")) })
}

func testMachine(t *testing.T, m Machine) {
	t.Parallel()
	note := filepath.Join(t.TempDir(), "note")
	if err := os.WriteFile(note, []byte("from the host"), 0o644); err != nil {
		t.Fatal(err)
	}
	m.Files = map[string]string{"/note": note}
	m.Modules = []string{"overlay"}
	run := func(verb string, c Command) Command {
		c.Argv = []string{"/selftest", verb}
		return c
	}
	commands := []Command{
		run("serve", Command{Name: "serve", Background: true, Ready: "ready"}),
		run("cat", Command{Name: "stdin", Stdin: "a\r\n\x00@@DONE\n"}),
		run("whoami", Command{Name: "user", UID: 1000, Dir: "/tmp", Env: []string{"MARK=here"}}),
		run("whoami", Command{Name: "caps", DropCaps: []int{unix.CAP_SYS_RESOURCE}}),
		run("hang", Command{Name: "hang", Timeout: time.Second}),
		run("cat", Command{Name: "unready", Background: true, Ready: "never"}),
		run("state", Command{Name: "state"}),
		run("flood", Command{Name: "flood"}),
		{Name: "absent", Argv: []string{"/nonexistent"}},
	}
	results := m.Run(t, commands)
	for i, want := range []struct {
		exit         int
		contains, no string
	}{
		{0, "ready\ninterrupted\n", ""},
		{3, "a\r\n\x00@@DONE\ncopied", ""},
		{0, "uid 1000 gid 1000 dir /tmp mark here\n", ""},
		{0, "CapEff:\t000001fffeffffff", ""},
		{137, "before", ""},
		{3, "", ""},
		{0, "overlay ", "no such file"},
		{0, "xxx\n", ""},
		{127, "", ""},
	} {
		r := results[i]
		out := string(r.Stdout) + string(r.Stderr)
		if r.Name != commands[i].Name || r.Exit != want.exit || !strings.Contains(out, want.contains) || want.no != "" && strings.Contains(out, want.no) {
			t.Errorf("%s: exit %d error %q, want exit %d and %q in the output, without %q:\n%.2000s", commands[i].Name, r.Exit, r.Error, want.exit, want.contains, want.no, out)
		}
	}
	if r := results[4]; !r.TimedOut || r.Signal != 9 {
		t.Errorf("hang: timed out %t, signal %d", r.TimedOut, r.Signal)
	}
	if r := results[5]; !strings.Contains(r.Error, "never") {
		t.Errorf("unready: error %q", r.Error)
	}
	if r := results[7]; len(r.Stdout) != 2<<20 {
		t.Errorf("flood: %d bytes, want 2 MiB", len(r.Stdout))
	}
	if r := results[8]; !strings.Contains(r.Error, "nonexistent") {
		t.Errorf("absent: error %q", r.Error)
	}
}

// TestVMCrash: a kernel that panics ends the run at once, and the error says
// at which command and with which words.
func TestVMCrash(t *testing.T) {
	t.Parallel()
	m := selftest(t, Oldest, "amd64")
	begun := time.Now()
	_, err := m.run(t.TempDir(), []Command{
		{Name: "fine", Argv: []string{"/selftest", "state"}},
		{Name: "fatal", Argv: []string{"/selftest", "crash"}},
	})
	if err == nil {
		t.Fatal("a panic went unnoticed")
	}
	for _, want := range []string{"started: fine, fatal", "ended: 1 of 2", "Kernel panic"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if d := time.Since(begun); d > bootAllowance {
		t.Errorf("noticed after %v only", d)
	}
}

// TestVMBadMachine: what cannot work is told before anything boots.
func TestVMBadMachine(t *testing.T) {
	m := selftest(t, Oldest, "amd64")
	m.Modules = []string{"no_such_module"}
	if _, err := m.run(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "no_such_module") {
		t.Errorf("%v", err)
	}
}
