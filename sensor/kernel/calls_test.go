package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
)

// row is one call of a script and what its event must say.
type row struct {
	name string
	ret  int64 // -1: any descriptor or number that is not an error
	args string
	obj  string
}

// tell writes arguments or fields as name=value, as far as want names them.
func tell(want string, value func(string) string) string {
	var got []string
	for part := range strings.FieldsSeq(want) {
		name, _, _ := strings.Cut(part, "=")
		got = append(got, name+"="+value(name))
	}
	return strings.Join(got, " ")
}

func checkRows(t *testing.T, events []event.Event, rows []row) {
	t.Helper()
	if len(events) != len(rows) {
		t.Fatalf("%d events, want %d: %s", len(events), len(rows), names(events))
	}
	for i, want := range rows {
		e := &events[i]
		if e.Info().Name != want.name {
			t.Fatalf("event %d is %s, want %s", i, e.Info().Name, want.name)
		}
		if e.Ret != want.ret && (want.ret != -1 || e.Ret < 0) {
			t.Errorf("%d %s: returned %d, want %d", i, want.name, e.Ret, want.ret)
		}
		if got := tell(want.args, func(n string) string { return arg(e, n) }); got != want.args {
			t.Errorf("%d %s: %s, want %s", i, want.name, got, want.args)
		}
		if got := tell(want.obj, func(n string) string { return object(e, n) }); got != want.obj {
			t.Errorf("%d %s: object %s, want %s", i, want.name, got, want.obj)
		}
	}
}

// Arguments, return values and objects of calls of every kind.
func TestCalls(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/etc/hostname", link); err != nil {
		t.Fatal(err)
	}
	script := strings.ReplaceAll(`
		chdir "{dir}"
		f = openat AT_FDCWD "link" O_RDONLY 0
		close $f
		open "none" O_RDWR 0
		open 0 0 0
		g = openat AT_FDCWD "made" O_RDWR|O_CREAT 0640
		ftruncate $g 100
		mkdir "d" 0755
		h = open "d" O_RDONLY|O_DIRECTORY 0
		mkdirat $h "e" 0700
		renameat $h "e" AT_FDCWD "/none/x"
		faccessat2 $h "e" 4 0
		symlink "to" "s"
		readlink "s" &buf 64
		getcwd &buf 256
		pipe2 &pair O_CLOEXEC
		s = socket AF_INET SOCK_STREAM 0
		bind $s inet:127.0.0.1:0 len:inet:127.0.0.1:0
		connect $s inet:127.0.0.1:1 len:inet:127.0.0.1:1
		accept $s 0 0
		memfd_create "secret" 0
		unlink "made"
		fchmod $g 0600
		buffer buf 256
		buffer pair 8
	`, "{dir}", dir)
	s, events := traceScript(t, Options{}, filter.Plan{Events: syscalls()}, script)
	events = wantedEvents(events)
	if len(events) < 2 {
		t.Fatalf("got %s", names(events))
	}
	checkRows(t, events[1:len(events)-1], []row{
		{"chdir", 0, "path=" + dir, "path=" + dir},
		{"openat", -1, "dirfd=-100 pathname=link flags=0", "path=/etc/hostname"},
		{"close", 0, "", "path=-"},
		{"open", -2, "pathname=none flags=2", "path=- dir=-"},
		{"open", -14, "pathname=-", "path=-"},
		{"openat", -1, "pathname=made flags=66 mode=416", "path=" + dir + "/made mode=33184 uid=0"},
		{"ftruncate", 0, "length=100", "path=" + dir + "/made"},
		{"mkdir", 0, "pathname=d mode=493", "dir=" + dir},
		{"open", -1, "pathname=d", "path=" + dir + "/d"},
		{"mkdirat", 0, "pathname=e", "dir=" + dir + "/d"},
		{"renameat", -2, "oldpath=e newpath=/none/x", "dir=" + dir + "/d"},
		{"faccessat2", 0, "path=e mode=4", "dir=" + dir + "/d"},
		{"symlink", 0, "target=to linkpath=s", "dir=" + dir},
		{"readlink", 2, "pathname=s buf=to", "dir=" + dir},
		{"getcwd", int64(len(dir) + 1), "buf=" + dir, ""},
		{"pipe2", 0, "flags=524288", ""},
		{"socket", -1, "domain=2 type=1", "family=2 socktype=1 protocol=6"},
		{"bind", 0, "", "family=2 protocol=6"},
		{"connect", -111, "", "family=2"},
		{"accept", -22, "addr=map[sa_family:AF_UNSPEC]", ""},
		{"memfd_create", -1, "uname=-", "path=memfd:secret"},
		{"unlink", 0, "pathname=made", "dir=" + dir},
		{"fchmod", 0, "mode=384", "path=" + dir + "/made"},
	})
	checkAccount(t, s)
}

// Calls that do not come back, or come back elsewhere.
func TestCallsAtEntry(t *testing.T) {
	s, events := traceScript(t, Options{}, filter.Plan{Events: syscalls()}, `
		rt_sigaction SIGUSR1 {&h 0x04000000 &h 0} 0 8
		p = getpid
		kill $p SIGUSR1
		execve "/none" ["a" "" "b"] ["E=1"]
		execve "/etc/passwd" ["x"] 0
		fork {
			execve "/bin/true" ["true" "" "z"] ["A=b"]
		}
		wait4 -1 0 0 0
		exit 5
		handler h {
			getuid
		}
	`)
	events = wantedEvents(events)
	got := strings.Join(names(events), " ")
	i := strings.Index(got, " fork")
	if i < 0 || got[:i] != "execve rt_sigaction getpid kill getuid rt_sigreturn execve execve execve execve" {
		t.Fatalf("got %s", got)
	}
	none, failed, text, refused := &events[6], &events[7], &events[8], &events[9]
	if arg(none, "pathname") != "/none" || arg(none, "argv") != "[a  b]" || none.Ret != 0 || none.Flags&event.FlagEntry == 0 {
		t.Errorf("execve of nothing: %s %s %d", arg(none, "pathname"), arg(none, "argv"), none.Ret)
	}
	if failed.Ret != -2 || arg(failed, "pathname") != "-" || failed.NArgs() != 0 {
		t.Errorf("its failure: %d with %d arguments", failed.Ret, failed.NArgs())
	}
	if arg(text, "pathname") != "/etc/passwd" || refused.Ret != -13 {
		t.Errorf("execve of a text: %s, %d", arg(text, "pathname"), refused.Ret)
	}
	var child *event.Event
	for i := range events[10:] {
		if e := &events[10+i]; e.Info().Name == "execve" {
			child = e
		}
	}
	if child == nil || arg(child, "argv") != "[true  z]" || arg(child, "envp") != "-" {
		t.Errorf("execve of true: %v", child)
	}
	last := &events[len(events)-1]
	if last.Info().Name != "exit" || arg(last, "status") != "5" {
		t.Errorf("the last is %s %s", last.Info().Name, arg(last, "status"))
	}
	if n := strings.Count(got, "exit_group"); n != 1 {
		t.Errorf("%d times exit_group: %s", n, got)
	}
	checkAccount(t, s)
}

// Number -1 is what rt_sigreturn leaves behind. Who calls it returns from no signal.
func TestNumberMinusOne(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = []string{childMark + "=minus1", "GODEBUG=asyncpreemptoff=1"}
	s, events := trace(t, Options{}, filter.Plan{Events: syscalls()}, c)
	n := 0
	for _, e := range events {
		if e.Info().Name == "rt_sigreturn" {
			n++
		}
	}
	if n >= 100 {
		t.Errorf("%d returns from signals that nobody sent", n)
	}
	checkAccount(t, s)
}
