package counter

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

// The counter counts what a program with a known number of calls makes.
func TestCounter(t *testing.T) {
	require.Root(t)
	image, err := tiny.Compile("loop 1000 {\ngetppid\n}\nloop 10 {\nclose 77\n}\nfork {\nloop 500 {\ngetppid\n}\n}\nwait4 -1 0 0 0\n", dictionary.Host)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "counted")
	if err := os.WriteFile(file, image, 0o755); err != nil {
		t.Fatal(err)
	}
	tree := New(t, Options{Root: "counted"})
	host := New(t, Options{Except: "nobody"})
	if err := exec.Command(file).Run(); err != nil {
		t.Fatal(err)
	}
	got := tree.Read()
	if n := got[unix.SYS_GETPPID].Exits; n != 1500 {
		t.Errorf("%d getppid", n)
	}
	if c := got[unix.SYS_CLOSE]; c != (Counts{10, 10, 10, 0}) {
		t.Errorf("close: %+v", c)
	}
	if c := got[unix.SYS_EXIT_GROUP]; c != (Counts{2, 0, 0, 0}) {
		t.Errorf("exit_group: %+v", c)
	}
	if n := host.Read()[unix.SYS_GETPPID].Exits; n < 1500 {
		t.Errorf("host-wide: %d getppid", n)
	}
}
