package tracee

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// made is an event from its arguments as JSON.
func made(t *testing.T, name string, ret int64, args string) *event.Event {
	t.Helper()
	j := jsonEvent{EventName: name, ReturnValue: ret, HostProcessID: 300, HostThreadID: 301, ProcessID: 4, UserID: 33, ProcessName: "php-fpm", HostName: "shop"}
	d := json.NewDecoder(strings.NewReader(args))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		t.Fatal(err)
	}
	for _, a := range dictionary.Lookup(name).Args {
		if v, ok := values[a.Name]; ok {
			j.Args = append(j.Args, struct {
				Name  string
				Value any
			}{a.Name, v})
		}
	}
	e, err := j.event()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const (
	open  = `{"dirfd": -100, "pathname": "/srv/www/index.php", "flags": 524288, "mode": 0}`
	write = `{"dirfd": 7, "pathname": "log", "flags": 1089, "mode": 420}`
)

func TestJudgements(t *testing.T) {
	for _, c := range []struct {
		exprs string // separated by blanks
		name  string
		ret   int64
		args  string
		want  bool
	}{
		{"", "openat", 3, open, true},
		{"", "read", 3, `{"fd": 3}`, false},
		{"uid=33 pid=300", "openat", 3, open, true},
		{"pid=301", "openat", 3, open, false}, // that is the thread
		{"pid=4", "openat", 3, open, false},   // that is the number in its namespace
		{"uid=1 uid>30", "openat", 3, open, true},
		{"uid=33 uid!=33", "openat", 3, open, false},
		{"uid<0", "openat", 3, open, false},
		{"comm=php-fpm uts=shop", "openat", 3, open, true},
		{"comm!=php-fpm,nginx", "openat", 3, open, false},
		{"openat.pathname=/srv/*", "openat", 3, open, true},
		{"openat.pathname=/srv/*", "close", 0, `{"fd": 3}`, false}, // not selected
		{"event=close openat.pathname=/etc/*", "close", 0, `{"fd": 3}`, true},
		{"openat.pathname=/srv/*,/etc/* openat.pathname!=/srv/www/*", "openat", 3, open, false},
		{"openat.pathname=*", "openat", 3, `{"dirfd": 3}`, false}, // not readable
		{"event=openat openat.pathname!=/etc/*", "openat", 3, `{"dirfd": 3}`, true},
		{"openat.flags=524288", "openat", 3, open, true},
		{"openat.flags=0x80000", "openat", 3, open, true},
		{"openat.flags=O_RDONLY|O_CLOEXEC", "openat", 3, open, true},
		{"openat.flags=O_CLOEXEC|O_RDONLY", "openat", 3, open, true},
		{"openat.flags=O_RDONLY", "openat", 3, open, false},
		{"openat.flags=O_RDONLY*", "openat", 3, open, true},
		{"openat.flags=O_RDONLY*", "openat", 3, write, false},
		{"openat.flags=O_APPEND*", "openat", 3, write, true},
		{"openat.flags=O_CREAT|O_APP*", "openat", 3, write, true},
		{"openat.flags=O_CREAT|O_TRUNC*", "openat", 3, write, false},
		{"openat.flags!=O_CREAT*", "openat", 3, open, true},
		{"openat.dirfd=-1*", "openat", 3, open, true},
		{"openat.dirfd=AT_FDCWD", "openat", 3, open, true},
		{"openat.mode=42*", "openat", 3, write, true},
		{"openat.retval>2 openat.retval<9", "openat", 3, open, true},
		{"openat.retval=3 openat.retval<0", "openat", 3, open, false},
		{"openat.retval=-2", "openat", -2, open, true},
		{"kill.sig=SIGKILL", "kill", 0, `{"pid": 1, "sig": 9}`, true},
		{"kill.sig=SIGKILL,15", "kill", 0, `{"pid": 1, "sig": 15}`, true},
		{"kill.sig=SIGT*", "kill", 0, `{"pid": 1, "sig": 15}`, true},
		{"kill.sig!=SIGTERM", "kill", 0, `{"pid": 1, "sig": 15}`, false},
		{"mmap.addr=0x7F0000001000", "mmap", 1, `{"addr": "0x7f0000001000"}`, true},
		{"mmap.addr=139637976731648", "mmap", 1, `{"addr": "0x7f0000001000"}`, true},
		{"mmap.addr=0x7f*", "mmap", 1, `{"addr": "0x7f0000001000"}`, true},
		{"mmap.addr=0x7e*", "mmap", 1, `{"addr": "0x7f0000001000"}`, false},
		{"connect.addr=10.1.2.3:5432", "connect", 0, `{"addr": {"sa_family": "AF_INET", "sin_addr": "10.1.2.3", "sin_port": "5432"}}`, true},
		{"connect.addr=10.1.*", "connect", 0, `{"addr": {"sa_family": "AF_INET", "sin_addr": "10.1.2.3", "sin_port": "5432"}}`, true},
		{"connect.addr=:5432", "connect", 0, `{"addr": {"sa_family": "AF_INET6", "sin6_addr": "fe80::1", "sin6_port": "5432"}}`, true},
		{"connect.addr=[fe80::1]:5432", "connect", 0, `{"addr": {"sa_family": "AF_INET6", "sin6_addr": "fe80::1", "sin6_port": "5432"}}`, true},
		{"connect.addr=/run/db.sock", "connect", 0, `{"addr": {"sa_family": "AF_UNIX", "sun_path": "/run/db.sock"}}`, true},
		{"connect.addr=map[sa_family:AF_UNIX*", "connect", 0, `{"addr": {"sa_family": "AF_UNIX", "sun_path": "/run/db.sock"}}`, true},
		{"execve.argv=[sh*", "execve", 0, `{"pathname": "/bin/sh", "argv": ["sh", "-c", "id"]}`, true},
		{"pid=new", "openat", 3, open, false},
		{"container", "openat", 3, open, false},
		{"not-container", "openat", 3, open, true},
	} {
		program, err := compile(strings.Fields(c.exprs))
		if err != nil {
			t.Errorf("%s: %v", c.exprs, err)
			continue
		}
		if got := program.Match(made(t, c.name, c.ret, c.args)); got != c.want {
			t.Errorf("%s on %s%s = %d: %v, want %v", c.exprs, c.name, c.args, c.ret, got, c.want)
		}
	}
}

func TestContainers(t *testing.T) {
	web := &event.Container{ID: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Name: "web"}
	young := &event.Container{ID: "ffff", Name: "job", New: true}
	for expr, want := range map[string][3]bool{ // of web, of young, of the host
		"container":          {true, true, false},
		"!container":         {false, false, true},
		"container=new":      {false, true, false},
		"container!=new":     {true, false, false},
		"container=web":      {true, false, false},
		"container=web,job":  {true, true, false},
		"container!=web":     {false, true, false},
		"container=01234567": {true, false, false},
		"container=0123456":  {false, false, false},
		"container=12345678": {false, false, false},
	} {
		program, err := compile([]string{expr})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []*event.Container{web, young, nil} {
			e := made(t, "openat", 3, open)
			e.Container = c
			if got := program.Match(e); got != want[i] {
				t.Errorf("%s of container %d: %v, want %v", expr, i, got, want[i])
			}
		}
	}
}

func TestOptions(t *testing.T) {
	events := func(o Options, exprs ...string) map[string]bool {
		expr, err := Parse(exprs, o)
		if err != nil {
			t.Fatal(err)
		}
		program, err := expr.Compile(filter.Events)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, id := range program.Events() {
			names[dictionary.ByID(id).Name] = true
		}
		return names
	}
	all := events(Options{All: true}, "uid=0", "event!=read")
	for name, want := range map[string]bool{"write": true, "sched_process_fork": true, "sched_process_exec": true, "cap_capable": false, "vfs_write": false, "read": false, "sys_enter": false} {
		if all[name] != want {
			t.Errorf("all: %s: %v, want %v", name, all[name], want)
		}
	}
	if chosen := events(Options{All: true}, "event=close"); len(chosen) != 1 {
		t.Errorf("all, but one is chosen: %v", chosen)
	}
	if used := events(Options{All: true, Capabilities: true}); !used["cap_capable"] || used["vfs_write"] {
		t.Errorf("all and capabilities: %v", used)
	}
	if chosen := events(Options{All: true, Capabilities: true}, "event=close"); len(chosen) != 1 {
		t.Errorf("capabilities, but one is chosen: %v", chosen)
	}
	if alerts := events(Options{SecurityAlerts: true}, "event=close"); !alerts["mem_prot_alert"] || len(alerts) != 2 {
		t.Errorf("alerts: %v", alerts)
	}
}

// TestSources: a term is called what the user wrote.
func TestSources(t *testing.T) {
	program, err := compile([]string{"comm=ngnix", "follow", "u>0", "openat.pathname=/etc/*", "uid!=5", "openat.retval<0"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, term := range program.Terms() {
		got = append(got, term.Text)
	}
	want := "openat.pathname=/etc/* openat.retval<0 | u>0 uid!=5 | comm=ngnix | openat.pathname=/etc/* | openat.retval<0"
	if text := strings.Join(got, " | "); text != want {
		t.Errorf("terms\n%s\nwant\n%s", text, want)
	}
}
