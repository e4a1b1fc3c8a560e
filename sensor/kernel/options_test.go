package kernel

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// Arguments far longer than a record come whole.
func TestLongArguments(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	args := []string{"true", "", long}
	for range 3000 {
		args = append(args, "word", "")
	}
	cmd := &exec.Cmd{Path: "/bin/true", Args: args, Env: []string{"A=" + long[:5000], "B="}}
	_, events := trace(t, Options{ExecEnv: true}, filter.Plan{Events: ids(t, "execve", "sched_process_exec")}, cmd)
	n := 0
	for i := range events {
		e := &events[i]
		if e.Wanted == 0 {
			continue
		}
		n++
		argv, envp := "argv", "envp"
		if e.Info().Name == "sched_process_exec" {
			envp = "env"
		}
		if got, want := arg(e, argv), "["+strings.Join(args, " ")+"]"; got != want {
			t.Errorf("%s: %d bytes of argv, want %d", e.Info().Name, len(got), len(want))
		}
		if got, want := arg(e, envp), "["+strings.Join(cmd.Env, " ")+"]"; got != want {
			t.Errorf("%s: %d bytes of env, want %d", e.Info().Name, len(got), len(want))
		}
		if e.Flags&(event.FlagMore|event.FlagCut) != 0 {
			t.Errorf("%s: flags %x", e.Info().Name, e.Flags)
		}
	}
	if n != 2 {
		t.Errorf("%d events", n)
	}
}

// Calls through the 32-bit entry are decoded as such.
func TestCompat(t *testing.T) {
	if dictionary.Host != dictionary.AMD64 {
		t.Skip("no 32-bit entry that a 64-bit program can use")
	}
	_, events := traceScript(t, Options{}, filter.Plan{Events: syscalls()}, `
		f = call32 openat AT_FDCWD "/etc/hostname" O_RDONLY 0
		call32 close $f
		call32 getppid
		call32 open "/none" O_RDONLY 0
		call32 clone 0x1200011 0 0 0 0 {
			exit_group 0
		}
		wait4 -1 0 0 0
	`)
	var list []event.Event
	for _, e := range wantedEvents(events) {
		if e.Flags&event.FlagCompat != 0 {
			list = append(list, e)
		}
	}
	checkRows(t, list, []row{
		{"openat", -1, "dirfd=-100 pathname=/etc/hostname flags=0", "path=/etc/hostname"},
		{"close", 0, "", ""},
		{"getppid", -1, "", ""},
		{"open", -2, "pathname=/none", ""},
		{"clone", -1, "flags=18874385", ""},
	})
}

// With FDPaths the object of every descriptor is told, close's too.
func TestDescriptors(t *testing.T) {
	_, events := traceScript(t, Options{FDPaths: true}, filter.Plan{Events: ids(t, "openat", "read", "close", "fstat")}, `
		f = openat AT_FDCWD "/etc/hostname" O_RDONLY 0
		read $f &b 8
		fstat $f &b
		close $f
		close 77
		buffer b 256
	`)
	checkRows(t, wantedEvents(events), []row{
		{"openat", -1, "pathname=/etc/hostname", "path=/etc/hostname"},
		{"read", -1, "count=8", "path=/etc/hostname"},
		{"fstat", 0, "", "path=/etc/hostname"},
		{"close", 0, "", "path=/etc/hostname"},
		{"close", -9, "fd=77", "path=-"},
	})
}

// The user stack comes with each event when asked for.
func TestStacks(t *testing.T) {
	_, events := trace(t, Options{Stacks: true}, filter.Plan{Events: ids(t, "openat")}, exec.Command("/bin/cat", "/dev/null"))
	events = wantedEvents(events)
	if len(events) == 0 {
		t.Fatal("no event")
	}
	for i := range events {
		if len(stackOf(&events[i])) == 0 {
			t.Errorf("event %d has no stack", i)
		}
	}
}

// sys_enter and sys_exit come for every call, before the call's own event.
func TestEveryCall(t *testing.T) {
	s, events := traceScript(t, Options{}, filter.Plan{Events: ids(t, "sys_enter", "sys_exit", "getuid")}, `
		getuid
		getgid
	`)
	var got []string
	for _, e := range wantedEvents(events) {
		got = append(got, e.Info().Name+":"+arg(&e, "syscall"))
	}
	want := "sys_exit:59 sys_enter:102 sys_exit:102 getuid:- sys_enter:104 sys_exit:104 sys_enter:231"
	if text := strings.Join(got, " "); !strings.HasSuffix(text, want) {
		t.Errorf("got %s", text)
	}
	checkAccount(t, s)
}

// Plans can be replaced while the stream runs: what one version wanted is
// decided by it, and nothing is counted twice or lost.
func TestSetPlans(t *testing.T) {
	getppid, getuid := ids(t, "getppid"), ids(t, "getuid")
	s := openStream(t, Options{}, filter.Plan{Events: getppid, Tree: TreeOfCommand})
	cmd := exec.Command(program(t, "loop 200000 {\n getppid\n getuid\n}"))
	if err := s.Start(cmd); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		plan := filter.Plan{Events: getuid}
		if i%2 == 1 {
			plan = filter.Plan{Events: getppid}
		}
		if err := s.SetPlans([]filter.Plan{plan}); err != nil {
			t.Fatal(err)
		}
	}
	events, _ := readAll(t, s)
	cmd.Wait()
	if len(wantedEvents(events)) == 0 {
		t.Error("nothing was seen")
	}
	checkAccount(t, s)
}

// A plan that asks what was closed gets it, without the option.
func TestClosedObject(t *testing.T) {
	plan := filter.Plan{Events: ids(t, "close"), PerEvent: map[event.ID][]filter.Clause{
		closeID: {{{Fact: filter.FactObjectPath, Op: filter.OpString, Str: "/etc/hostname"}}},
	}}
	_, events := traceScript(t, Options{}, plan, `
		f = openat AT_FDCWD "/etc/hostname" O_RDONLY 0
		close $f
	`)
	checkRows(t, wantedEvents(events), []row{{"close", 0, "", "path=/etc/hostname"}})
}
