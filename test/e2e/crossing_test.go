package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/tracee"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/sensor"
	"github.com/bulwark-security/bulwark/sensor/kernel"
)

// Of 100,000 calls 100 match; the others must not cross to user space.
const (
	callsInAll    = 100_000
	callsMatching = 100
)

// A crossing is a kind of condition that the kernel can test.
type crossing struct {
	kind    string
	filters []string           // as --trace
	plan    func(*filter.Plan) // what no expression of Tracee's can say
	// The programs make the calls; {many} and {few} stand in loops that run for
	// those that must not match and those that do.
	programs []program
	needs    string
	fewer    bool // repeats of one event are not told: fewer than the matching may cross
}

// twice is a program that makes a call many times one way and some times another.
func twice(many, few string) []program {
	return []program{{name: "calls", script: "gate\n" + loops(many, few)}}
}

func loops(many, few string) string {
	return "loop {many} {\n" + many + "\n}\nloop {few} {\n" + few + "\n}\n"
}

// others are two programs of which the second matches by what it did before its
// gate.
func others(setup string) []program {
	return []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n"},
		{name: "few", script: setup + "\ngate\nloop {few} {\numask 022\n}\n"},
	}
}

const umask = "e=umask"

var openat = dictionary.Lookup("openat").ID

// onOpenat is a plan with a condition on openat.
func onOpenat(a filter.Atom) func(*filter.Plan) {
	return func(p *filter.Plan) { p.PerEvent = map[event.ID][]filter.Clause{openat: {{a}}} }
}

var crossings = []crossing{
	{kind: "event", filters: []string{umask}, programs: twice("getppid", "umask 022")},
	{kind: "uid", filters: []string{umask, "uid=1234"}, programs: others("setuid 1234")},
	{kind: "uid range", filters: []string{umask, "uid>1000", "uid<2000"}, programs: others("setuid 1234")},
	{kind: "pid", filters: []string{umask, "pid={few.pid}"}, programs: others("")},
	{kind: "comm", filters: []string{umask, "comm=few"}, programs: others("")},
	{kind: "uts", filters: []string{umask, "uts={host}x"}, programs: others(`sethostname "{host}x" 10`)},
	{kind: "mount namespace", filters: []string{umask, "mntns={few.mntns}"}, programs: others("unshare CLONE_NEWNS")},
	{kind: "pid namespace", filters: []string{umask, "pidns={few.childpidns}"}, programs: []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n"},
		{name: "few", script: "unshare CLONE_NEWPID\nfork {\ngate\nloop {few} {\numask 022\n}\n}\nwait4 -1 0 0 0\n"},
	}},
	{kind: "container", needs: "cgroup", filters: []string{umask, "container"}, programs: []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n"},
		{name: "few", script: "gate\nloop {few} {\numask 022\n}\n", container: "abc"},
	}},
	{kind: "new process", filters: []string{umask, "pid=new"}, programs: []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n"},
		{name: "few", script: "loop {few} {\numask 022\n}\n"},
	}},
	{kind: "new container", needs: "cgroup", filters: []string{umask, "container=new"}, programs: []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n", container: "abc"},
		{name: "few", script: "gate\nloop {few} {\numask 022\n}\n", container: "def", after: true},
	}},
	{kind: "follow", filters: []string{umask, "comm=few", "follow"}, programs: []program{
		{name: "many", script: "gate\nloop {many} {\numask 022\n}\n"},
		{name: "few", script: "gate\nfork {\nprctl PR_SET_NAME \"other\"\nloop {few} {\numask 022\n}\n}\nwait4 -1 0 0 0\n"},
	}},
	{kind: "sign of the return value", filters: []string{"dup.retval<0"}, programs: twice("dup3 1 9 0\nx = dup 1\nclose $x", "dup 77")},
	{kind: "range of the return value", filters: []string{"umask.retval>10", "umask.retval<20"}, programs: []program{{name: "calls", script: "umask 0\ngate\n" + loops("umask 0", "umask 022\numask 0")}}},
	{kind: "number", filters: []string{"close.fd=5"}, programs: twice("close 77", "close 5")},
	{kind: "flags", filters: []string{"openat.flags=O_WRONLY|O_APPEND"}, programs: twice(`openat AT_FDCWD "/none/x" O_RDONLY`, `openat AT_FDCWD "/none/x" O_WRONLY|O_APPEND`)},
	{kind: "flags mask", filters: []string{"e=openat"}, plan: onOpenat(filter.Atom{Fact: filter.FactArg, Op: filter.OpMask, Arg: 2, Lo: 0x40, Hi: 0x40}),
		programs: twice(`openat AT_FDCWD "/none/x" O_RDWR`, `openat AT_FDCWD "/none/x" O_RDWR|O_CREAT`)},
	{kind: "text", filters: []string{"openat.pathname=/none/few"}, programs: twice(`openat AT_FDCWD "/none/many" O_RDONLY`, `openat AT_FDCWD "/none/few" O_RDONLY`)},
	{kind: "beginning of a text", filters: []string{"openat.pathname=/none/few*"}, programs: twice(`openat AT_FDCWD "/none/many" O_RDONLY`, `openat AT_FDCWD "/none/few/x" O_RDONLY`)},
	{kind: "end of a text", filters: []string{"e=openat"}, plan: onOpenat(filter.Atom{Fact: filter.FactArgString, Op: filter.OpSuffix, Arg: 1, Str: ".few"}),
		programs: twice(`openat AT_FDCWD "/none/x.many" O_RDONLY`, `openat AT_FDCWD "/none/x.few" O_RDONLY`)},
	{kind: "path of the object", filters: []string{"openat.object.path=/dev/zero"},
		programs: twice("f = openat AT_FDCWD \"/dev/null\" O_RDONLY\nclose $f", "f = openat AT_FDCWD \"/dev/zero\" O_RDONLY\nclose $f")},
	{kind: "beginning of the object's path", filters: []string{"openat.object.path=/dev/z*"},
		programs: twice("f = openat AT_FDCWD \"/dev/null\" O_RDONLY\nclose $f", "f = openat AT_FDCWD \"/dev/zero\" O_RDONLY\nclose $f")},
	{kind: "path of another hook", filters: []string{"security_file_open.pathname=/dev/zero"},
		programs: twice("f = openat AT_FDCWD \"/dev/null\" O_RDONLY\nclose $f", "f = openat AT_FDCWD \"/dev/zero\" O_RDONLY\nclose $f")},
	{kind: "capability", filters: []string{"cap_capable.cap=18"}, programs: twice("setuid 0", `chroot "/"`), fewer: true},
	{kind: "port", filters: []string{"e=connect"}, plan: func(p *filter.Plan) {
		p.PerEvent = map[event.ID][]filter.Clause{dictionary.Lookup("connect").ID: {{{Fact: filter.FactPort, Op: filter.OpRange, Arg: 1, Lo: 8000, Hi: 8080}}}}
	}, programs: twice("connect 77 inet:127.0.0.1:80 16", "connect 77 inet:127.0.0.1:8080 16")},
}

func TestKernelFiltering(t *testing.T) {
	require.Root(t)
	for _, c := range crossings {
		t.Run(c.kind, func(t *testing.T) {
			if c.needs != "" {
				needed(t, c.needs)
			}
			crossed, life := c.run(t)
			t.Logf("%d records and %d of life-cycle events crossed", crossed, life)
			if crossed > callsMatching || crossed < callsMatching && !c.fewer || crossed == 0 {
				t.Errorf("%d records crossed to user space, %d of %d calls match", crossed, callsMatching, callsInAll)
			}
		})
	}
}

// run makes the calls and counts the records of them that crossed.
func (c crossing) run(t *testing.T) (crossed, life int) {
	t.Helper()
	s := newScene(t, &row{name: c.kind, programs: c.programs}, 0)
	s.names["many"], s.names["few"] = fmt.Sprint(callsInAll-callsMatching), fmt.Sprint(callsMatching)
	for i := range s.programs {
		p := &s.programs[i]
		a := &actor{program: p, scene: s, file: filepath.Join(s.bin, p.name)}
		compileTo(t, a.file, s.expand(p.script))
		s.actors = append(s.actors, a)
		if a.gated() && !a.after {
			a.start()
			a.atGate()
		}
	}
	stream, stop := c.open(t, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		crossed, life = drain(t, stream, s.host)
	}()
	for _, a := range s.actors {
		if !a.started {
			a.start()
			if a.gated() {
				a.atGate()
			}
		}
		a.finish()
	}
	stop()
	<-done
	if lost := stream.Account().Lost; lost > 0 {
		t.Errorf("%d lost", lost)
	}
	return crossed, life
}

func (c crossing) open(t *testing.T, s *scene) (sensor.Stream, func()) {
	t.Helper()
	expr, err := tracee.Parse(s.substitute(c.filters), tracee.Options{})
	if err != nil {
		t.Fatal(err)
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatal(err)
	}
	plan := program.Plan()
	if c.plan != nil {
		c.plan(&plan)
	}
	ctx, stop := context.WithCancel(t.Context())
	stream, err := kernel.New(kernel.Options{}).Open(ctx, []filter.Plan{plan})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	return stream, stop
}

// drain counts the records of the scene's programs.
func drain(t *testing.T, stream sensor.Stream, host string) (crossed, life int) {
	var b sensor.Batch
	for {
		err := stream.Next(&b)
		if errors.Is(err, io.EOF) {
			return crossed, life
		}
		if err != nil {
			t.Errorf("next: %v", err)
			return crossed, life
		}
		for i := range b.Events {
			e := &b.Events[i]
			switch {
			case !strings.HasPrefix(string(event.Text(&e.UTS)), host):
			case dictionary.ByID(e.ID).LifeCycle || strings.HasPrefix(dictionary.ByID(e.ID).Name, "execve"):
				life++
			default:
				crossed++
			}
		}
	}
}
