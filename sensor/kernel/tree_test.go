package kernel

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

// The stream of a command begins with its execve, has all that it and its
// children did, in order, and ends when they have ended.
func TestTreeOfCommand(t *testing.T) {
	s, events := traceScript(t, Options{}, filter.Plan{Events: syscalls()}, `
		fork {
			getpid
			exit_group 3
		}
		wait4 -1 0 0 0
		getppid
		exit_group 7
	`)
	events = wantedEvents(events)
	got := strings.Join(names(events), " ")
	// the child may run before fork returns to the parent, or after
	orders := []string{
		"execve fork getpid exit_group wait4 getppid exit_group", "execve getpid fork exit_group wait4 getppid exit_group",
		"execve getpid exit_group fork wait4 getppid exit_group",
	}
	if !slices.Contains(orders, got) {
		t.Errorf("got %s", got)
	}
	first := &events[0]
	if path := arg(first, "pathname"); !strings.HasSuffix(path, "/program") || arg(first, "argv") != "["+path+"]" {
		t.Errorf("execve %s %s", path, arg(first, "argv"))
	}
	for i := range events {
		e := &events[i]
		if i > 0 && e.Time < events[i-1].Time {
			t.Errorf("%s comes before %s, which is older", names(events)[i-1], names(events)[i])
		}
		if e.HostPID != e.PID || e.HostTID != e.TID || e.HostPPID != e.PPID && e.PPID != 0 {
			t.Errorf("ids %d %d %d, outside %d %d %d", e.PID, e.TID, e.PPID, e.HostPID, e.HostTID, e.HostPPID)
		}
	}
	if last := events[len(events)-1]; string(last.Comm[:7]) != "program" || last.UID != uint32(os.Getuid()) {
		t.Errorf("comm %q uid %d", last.Comm, last.UID)
	}
	checkAccount(t, s)
}

// A command that does not exist is an error, and does not hang.
func TestStartFails(t *testing.T) {
	s := openStream(t, Options{}, filter.Plan{Events: syscalls(), Tree: TreeOfCommand})
	file := t.TempDir() + "/none"
	if err := os.WriteFile(file, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(exec.Command(file)); err == nil {
		t.Error("a text without an interpreter was started")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	events, _ := readAll(t, s)
	events = wantedEvents(events)
	if len(events) < 2 || events[0].Info().Name != "execve" || events[1].Ret != -8 {
		t.Errorf("got %s", names(events))
	}
}

// checkAccount wants the balance of a stream that has ended to hold, without loss.
func checkAccount(t *testing.T, s *Stream) {
	t.Helper()
	a := s.Account()
	if a.Generated != a.Delivered+a.Filtered || a.Lost != 0 || a.Pending != 0 {
		t.Errorf("generated %d, delivered %d, filtered %d, lost %d, pending %d", a.Generated, a.Delivered, a.Filtered, a.Lost, a.Pending)
	}
	for id, c := range a.Events {
		if c.Generated != c.Delivered+c.Filtered+c.Lost+c.Pending {
			t.Errorf("event %d: %+v", id, *c)
		}
	}
}
