package workload

import (
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// script builds the events of a small story. Names are those of the dictionary.
type script struct {
	*testing.T
	table *Table
	time  event.Time
}

// happen attaches an event of a process. Words are arguments by name; items are
// strings of the object by tag.
func (s *script) happen(name string, who event.Context, words map[string]uint64, items map[uint8]string) *event.Event {
	s.Helper()
	row := dictionary.Lookup(name)
	if row == nil {
		s.Fatalf("no event %s", name)
	}
	s.time++
	var b event.Builder
	b.Begin(row.ID, s.time, 0, len(row.Args))
	for arg, w := range words {
		i := row.ArgIndex(arg)
		if i < 0 {
			s.Fatalf("%s has no argument %s", name, arg)
		}
		b.Word(i, w)
	}
	for tag, text := range items {
		b.Item(tag, 0, []byte(text))
	}
	e := &event.Event{Context: who}
	if !e.SetRaw(b.End()) {
		s.Fatal("record is not whole")
	}
	s.table.Attach(e)
	return e
}

func story(t *testing.T) *script { return &script{T: t, table: New()} }

func process(pid uint32, start uint64, comm string) event.Context {
	c := event.Context{HostPID: pid, HostTID: pid, Start: start}
	copy(c.Comm[:], comm)
	return c
}

func fork(child event.Context) map[string]uint64 {
	return map[string]uint64{"child_tid": uint64(child.HostTID), "child_pid": uint64(child.HostPID), "child_start": child.Start}
}

func TestExecBeginsAVersion(t *testing.T) {
	s := story(t)
	bash := process(10, 100, "bash")
	before := s.happen("getppid", bash, nil, nil).Process
	ls := process(10, 100, "ls")
	after := s.happen("sched_process_exec", ls, nil, map[uint8]string{event.TagExe: "ls\x00bin\x00", event.TagArgv: "ls\x00\x00-l\x00"}).Process
	if before.Comm != "bash" || before.Exe != "" || after.Comm != "ls" || after.Version <= before.Version {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if after.Exe != "/bin/ls" || len(after.Argv) != 3 || after.Argv[1] != "" || after.Argv[2] != "-l" {
		t.Errorf("exe %q argv %q, want /bin/ls and an empty argument kept", after.Exe, after.Argv)
	}
	if again := s.happen("getppid", ls, nil, nil).Process; again != after {
		t.Errorf("the next event has another version: %+v", again)
	}
}

func TestChildInheritsAndOutlivesItsParent(t *testing.T) {
	s := story(t)
	bash, child := process(10, 100, "bash"), process(11, 200, "bash")
	parent := s.happen("getppid", bash, nil, nil).Process
	s.happen("sched_process_fork", bash, fork(child), nil)
	s.happen("sched_process_exit", bash, map[string]uint64{"group_dead": 1}, nil)
	if s.table.Lookup(10) != nil {
		t.Error("the dead process is still in the table")
	}
	child.HostPPID = 1 // reparented
	p := s.happen("getppid", child, nil, nil).Process
	if p.Parent != parent {
		t.Errorf("parent %+v, want the one that forked it", p.Parent)
	}
}

func TestThreadIsNotAProcess(t *testing.T) {
	s := story(t)
	main, thread := process(10, 100, "java"), process(10, 100, "gc")
	thread.HostTID = 12
	first := s.happen("getppid", main, nil, nil).Process
	s.happen("sched_process_fork", main, fork(thread), nil)
	if got := s.happen("getppid", thread, nil, nil).Process; got != first {
		t.Errorf("a thread's name began a version: %+v", got)
	}
	s.happen("sched_process_exit", thread, map[string]uint64{"group_dead": 0}, nil)
	if s.table.Lookup(10) == nil {
		t.Error("the end of a thread ended the process")
	}
}

func TestReusedNumberIsAnotherProcess(t *testing.T) {
	s := story(t)
	old := s.happen("getppid", process(10, 100, "old"), nil, nil).Process
	young := s.happen("getppid", process(10, 900e9, "new"), nil, nil).Process
	if old == young || young.Version != 0 || young.Comm != "new" {
		t.Errorf("old %+v, young %+v", old, young)
	}
}

func TestCoarseStartFromProc(t *testing.T) {
	s := story(t)
	s.table.Load([]*event.Process{{PID: 10, PPID: 1, Start: 5_000_000_000, Exe: "/bin/bash"}, {PID: 1, Exe: "/sbin/init"}})
	p := s.happen("getppid", process(10, 5_004_321_000, "bash"), nil, nil).Process
	if p.Exe != "/bin/bash" || p.Start != 5_004_321_000 || p.Parent == nil || p.Parent.Exe != "/sbin/init" {
		t.Errorf("%+v: want what /proc said, with the exact start", p)
	}
	far := s.happen("getppid", process(10, 9_000_000_000, "other"), nil, nil).Process
	if far.Exe != "" {
		t.Errorf("%+v: a later process took the facts of an earlier one", far)
	}
}

func TestCredentialsBeginAVersion(t *testing.T) {
	s := story(t)
	root := process(10, 100, "su")
	first := s.happen("getppid", root, nil, nil).Process
	user := root
	user.UID, user.EUID = 1000, 1000
	second := s.happen("getppid", user, nil, nil).Process
	if first.UID != 0 || second.UID != 1000 || second.Version != first.Version+1 {
		t.Errorf("first %+v, second %+v", first, second)
	}
}

func TestAttachAllocatesNothing(t *testing.T) {
	s := story(t)
	a, b := process(10, 100, "a"), process(11, 200, "b")
	e := s.happen("getppid", a, nil, nil)
	s.happen("getppid", b, nil, nil)
	n := testing.AllocsPerRun(100, func() {
		e.Context = a
		s.table.Attach(e)
		e.Context = b
		s.table.Attach(e)
	})
	if n != 0 {
		t.Errorf("%v allocations per two events", n)
	}
}
