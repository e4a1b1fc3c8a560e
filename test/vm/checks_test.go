package vm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// doctor must name what works as the kernel's version has it.
var doctor = check{"doctor", []Command{{Name: "doctor", Argv: []string{"/bulwark", "doctor", "--json"}, Timeout: 3 * time.Minute}}, func(t *testing.T, k Kernel, r []Result) {
	features := readDoctor(t, r[0])
	for name, want := range map[string]bool{
		"kernel types (BTF)":        true,
		"privileges":                true,
		"typed raw tracepoints":     true,
		"fentry programs":           offers(k, "fentry"),
		"fexit programs":            offers(k, "fexit"),
		"BPF security hooks":        offers(k, "lsm"),
		"kprobes":                   offers(k, "kprobe"),
		"typed casts and iterators": k.AtLeast(6, 4),
		"memory regions":            k.AtLeast(5, 17),
		"kernel lockdown":           true,
		"cgroups":                   true,
	} {
		if got, ok := features[name]; !ok || got != want {
			t.Errorf("doctor says %t of %s (told: %t), want %t", got, name, ok, want)
		}
	}
}}

func readDoctor(t *testing.T, r Result) map[string]bool {
	t.Helper()
	var report struct {
		CanTrace bool `json:"can_trace"`
		Features []struct {
			Name, Found, Lost, Fix string
			OK                     bool
		}
	}
	if err := json.Unmarshal(r.Stdout, &report); err != nil {
		t.Fatalf("doctor: exit %d %s%v\n%s%s", r.Exit, r.Error, err, r.Stdout, r.Stderr)
	}
	if report.CanTrace != (r.Exit == 0) {
		t.Errorf("doctor: can trace %t, exit %d", report.CanTrace, r.Exit)
	}
	features := map[string]bool{}
	for _, f := range report.Features {
		features[f.Name] = f.OK
		t.Logf("%-26s %-5t %s", f.Name, f.OK, f.Found)
		if !f.OK && (f.Lost == "" || f.Fix == "") {
			t.Errorf("doctor: %s is not there, and it does not say what is lost (%q) or how to get it (%q)", f.Name, f.Lost, f.Fix)
		}
	}
	return features
}

// listed must find every event that is no system call at hand.
var listed = check{"list", []Command{{Name: "list", Argv: []string{"/bulwark", "list", "--json"}, Timeout: 5 * time.Minute}}, func(t *testing.T, k Kernel, r []Result) {
	var list struct {
		Events []struct {
			Name, Kind string
			Here       struct {
				Available bool
				Hook, Why string
			}
		}
	}
	if err := json.Unmarshal(r[0].Stdout, &list); err != nil || r[0].Exit != 0 {
		t.Fatalf("list: exit %d %v\n%s", r[0].Exit, err, r[0].Stderr)
	}
	other := 0
	for _, e := range list.Events {
		if e.Kind == "syscall" {
			continue
		}
		other++
		t.Logf("%-32s %s%s", e.Name, e.Here.Hook, e.Here.Why)
		if !e.Here.Available {
			t.Errorf("%s is not available: %s", e.Name, e.Here.Why)
		}
	}
	if other < 30 {
		t.Errorf("%d events that are no system calls: want 30 or more", other)
	}
}}

// tracing is a command that does a few known calls, traced.
var tracing = Command{Name: "trace", Argv: []string{"/bulwark", "trace", "--output", "json", "--", "/selftest", "state"}, Timeout: 3 * time.Minute}

// traced is what a user tries first.
var traced = check{"trace", []Command{tracing}, func(t *testing.T, _ Kernel, r []Result) {
	checkTrace(t, r[0])
}}

type tracedEvent struct {
	EventName   string
	ReturnValue int64
	ProcessName string
	Args        []struct {
		Name  string
		Value any
	}
	Object map[string]any
}

func (e tracedEvent) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s ret=%d", e.ProcessName, e.EventName, e.ReturnValue)
	for _, a := range e.Args {
		fmt.Fprintf(&b, " %s=%v", a.Name, a.Value)
	}
	fmt.Fprintf(&b, " path=%v", e.Object["path"])
	return b.String()
}

func checkTrace(t *testing.T, r Result) {
	t.Helper()
	if r.Exit != 0 {
		t.Fatalf("trace: exit %d %s\n%s", r.Exit, r.Error, r.Stderr)
	}
	var seen []string
	for line := range strings.Lines(string(r.Stdout)) {
		var e tracedEvent
		if !strings.HasPrefix(line, "{\"") {
			continue // what the command itself printed
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("trace: %v\n%s", err, line)
		}
		seen = append(seen, e.String())
	}
	for _, want := range []string{
		"execve ret=0 pathname=/selftest argv=[/selftest state]",
		"sched_process_exec ret=0",
		"dirfd=-100 pathname=/proc/modules flags=O_RDONLY|O_CLOEXEC mode=0 path=/proc/modules",
		"write ret=",
		"exit_group ret=0",
		"sched_process_exit ret=0",
	} {
		if !slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("not seen: %s", want)
		}
	}
	if !strings.Contains(string(r.Stderr), "0 lost + 0 pending") {
		t.Error("the account is not whole")
	}
	t.Logf("%d events\n%s", len(seen), r.Stderr)
	if t.Failed() {
		t.Logf("seen:\n%s", strings.Join(seen, "\n"))
	}
}

// refused must say in its own words why it cannot trace, and exit 3.
var refused = check{"refused", []Command{tracing, doctor.commands[0]}, func(t *testing.T, _ Kernel, r []Result) {
	if out := string(r[0].Stderr); r[0].Exit != 3 || !strings.Contains(out, "lockdown") {
		t.Errorf("trace: exit %d, want 3, and the reason:\n%s", r[0].Exit, out)
	}
	if features := readDoctor(t, r[1]); features["kernel lockdown"] || r[1].Exit != 3 {
		t.Errorf("doctor finds nothing wrong: exit %d", r[1].Exit)
	}
}}

// unprivileged runs without CAP_SYS_RESOURCE, where a kernel before 5.11 counts
// maps and programs against a limit that is then not ours to raise.
var unprivileged = check{"without CAP_SYS_RESOURCE", []Command{{
	Name: "limited", Argv: tracing.Argv, DropCaps: []int{unix.CAP_SYS_RESOURCE}, Timeout: 3 * time.Minute,
}}, func(t *testing.T, _ Kernel, r []Result) {
	if out := string(r[0].Stderr); r[0].Exit != 3 || !strings.Contains(out, "locked memory") {
		t.Errorf("exit %d, want 3 and the limit named:\n%s", r[0].Exit, out)
	}
}}

// hookTests are those of the sensor that make every event happen, and again by
// each other way that the kernel has.
var hookTests = check{"sensor", []Command{{
	Name: "sensor", Argv: []string{"/kernel.test", "-test.v=test2json", "-test.run", "TestHooks$|TestHookWays|TestCalls$|TestCallsAtEntry|TestAccountUnderLoss|TestTreeOfCommand"},
	Timeout: innerLimit,
}}, func(t *testing.T, _ Kernel, r []Result) {
	ReportTests(t, r[0])
}}

// Whether rows of a table may be skipped.
const (
	allRows = false
	// someRows: this kernel, or this architecture, does not have everything.
	someRows = true
)

// e2e runs tests of test/e2e inside.
func e2e(run string, maySkip bool) check {
	return check{"e2e", []Command{{
		Name: "e2e", Argv: []string{"/e2e.test", "-test.v=test2json", "-test.run", run},
		Env:     []string{"BULWARK=/bulwark", "BULWARK_PROGRAMS=/programs", "BULWARK_TEST_MODULE=" + modulePath},
		Timeout: innerLimit,
	}}, func(t *testing.T, _ Kernel, r []Result) {
		ReportTests(t, r[0])
		if maySkip {
			return
		}
		for _, name := range parseTests(string(r[0].Stdout)).skipped("") {
			t.Errorf("%s was skipped, on the kernel that has everything", name)
		}
	}}
}

// cgroups checks that the machine has the layout that was asked for.
func cgroups(layout string) check {
	want := map[string][]string{
		"v1":     {"/sys/fs/cgroup/systemd cgroup ", "/sys/fs/cgroup/memory cgroup "},
		"hybrid": {"/sys/fs/cgroup/systemd cgroup ", "/sys/fs/cgroup/unified cgroup2 "},
	}[layout]
	return check{"layout", []Command{{Name: "layout", Argv: []string{"/selftest", "state"}}}, func(t *testing.T, _ Kernel, r []Result) {
		out := string(r[0].Stdout)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("no %q in\n%s", w, out)
			}
		}
		if layout == "v1" && strings.Contains(out, "cgroup2") {
			t.Errorf("v1 has a cgroup2 mount:\n%s", out)
		}
	}}
}
