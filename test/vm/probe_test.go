package vm

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/test/vm/guest"
)

// probed finds out by trying what the kernel offers to a tracer, and compares
// that with what is known of it.
var probed = check{"probe", []Command{{Name: "probe", Argv: []string{"/probe"}, Timeout: 5 * time.Minute}}, func(t *testing.T, k Kernel, r []Result) {
	report := probeReport(t, r[0])
	show(t, report)
	checkBoot(t, k, report)
}}

// lockedDown shows what a mode of lockdown(7) leaves of the hooks: the one that
// bulwark's sensor cannot do without is left by both.
func lockedDown(mode string) check {
	return check{"probe", probed.commands, func(t *testing.T, _ Kernel, r []Result) {
		report := probeReport(t, r[0])
		show(t, report)
		if !strings.Contains(report.Lockdown, "["+mode+"]") {
			t.Errorf("lockdown is %q", report.Lockdown)
		}
		for _, h := range report.Hooks {
			if strings.HasPrefix(h.Name, "tp_btf/") && h.Fired == 0 {
				t.Errorf("%s: %s", h.Name, h.Error)
			}
		}
	}}
}

func probeReport(t *testing.T, r Result) guest.Report {
	t.Helper()
	var report guest.Report
	if err := json.Unmarshal(r.Stdout, &report); err != nil || r.Exit != 0 {
		t.Fatalf("probe: exit %d, %s%v\n%s%s", r.Exit, r.Error, err, r.Stdout, r.Stderr)
	}
	if len(r.Stderr) > 0 {
		t.Logf("probe: %s", r.Stderr)
	}
	return report
}

func checkBoot(t *testing.T, kernel Kernel, r guest.Report) {
	if !strings.Contains(r.Uname, kernel.Release) {
		t.Errorf("uname %q does not name %s", r.Uname, kernel.Release)
	}
	if r.BTF == 0 {
		t.Error("no BTF")
	}
	if !strings.Contains(r.LSM, "bpf") || !strings.Contains(r.LSM, "apparmor") {
		t.Errorf("security modules %q lack bpf or apparmor", r.LSM)
	}
	if !r.Loopback {
		t.Error("loopback is down")
	}
	if r.CPUs != 2 {
		t.Errorf("%d processors, want 2", r.CPUs)
	}
	for _, h := range r.Hooks {
		kind, _, _ := strings.Cut(h.Name, "/")
		if works := h.Attached && h.Fired > 0; works != offers(kernel, kind) {
			t.Errorf("hook %s: loaded %t, attached %t, fired %d (%s): want it to work: %t", h.Name, h.Loaded, h.Attached, h.Fired, h.Error, !works)
		}
	}
	// The sensor needs another way on the kernels that are older than these.
	for call, since := range map[string][2]int{"atomic_xchg": {5, 12}, "bpf_rdonly_cast": {6, 2}, "bpf_iter_num": {6, 4}} {
		if got, want := slices.Contains(r.Calls[call], "tp_btf"), kernel.AtLeast(since[0], since[1]); got != want {
			t.Errorf("%s loads as tp_btf: %t, want %t", call, got, want)
		}
	}
	for m, since := range map[string][2]int{"RingBuf": {5, 8}, "TaskStorage": {5, 11}, "CgroupStorage": {6, 2}, "Arena": {6, 9}} {
		if got, want := r.Maps[m], kernel.AtLeast(since[0], since[1]); got != want {
			t.Errorf("map %s: %t, want %t", m, got, want)
		}
	}
}

// offers knows the gaps of Debian's kernels from 5.10 on. The words of each
// kernel itself are in the log of the test.
func offers(k Kernel, kind string) bool {
	if kind == "lsm.s" && !k.AtLeast(5, 11) {
		return false
	}
	switch kind {
	case "fentry", "fexit", "fmod_ret", "lsm", "lsm.s":
		// These load everywhere. To attach, arm64 needs ftrace direct calls:
		// CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, since Linux 6.4.
		return k.Arch != "arm64" || k.AtLeast(6, 4)
	case "kprobe.multi":
		// CONFIG_FPROBE is off in Debian's 6.1, and for arm64 still in 6.12.
		return k.AtLeast(6, 12) && (k.Arch == "amd64" || k.AtLeast(6, 13))
	}
	return true
}

// show logs the report in a few lines.
func show(t *testing.T, r guest.Report) {
	t.Logf("uname %s", r.Uname)
	t.Logf("BTF %d bytes; security modules %s; lockdown %s", r.BTF, r.LSM, r.Lockdown)
	for _, h := range r.Hooks {
		switch {
		case h.Error != "":
			t.Logf("hook %-32s loaded %-5t attached %-5t fired %-5d %s", h.Name, h.Loaded, h.Attached, h.Fired, h.Error)
		default:
			t.Logf("hook %-32s loaded %-5t attached %-5t fired %d", h.Name, h.Loaded, h.Attached, h.Fired)
		}
	}
	t.Logf("kfuncs in BTF: %s", split(r.Kfuncs))
	t.Logf("maps: %s", split(r.Maps))
	showKinds(t, "call", r.Calls)
	showKinds(t, "helper", r.Helpers)
}

// showKinds logs which kinds of program may use what; those that every kind
// may use share a line, so do those that none may.
func showKinds(t *testing.T, what string, m map[string][]string) {
	most := 0
	for _, kinds := range m {
		most = max(most, len(kinds))
	}
	var all, none []string
	for _, name := range sortedKeys(m) {
		switch n := len(m[name]); n {
		case 0:
			none = append(none, name)
		case most:
			all = append(all, name)
		default:
			t.Logf("%s %s: %s", what, name, strings.Join(m[name], " "))
		}
	}
	t.Logf("%s of every kind: %s; of none: %s", what, strings.Join(all, " "), strings.Join(none, " "))
}

func split(m map[string]bool) string {
	var yes, no []string
	for name, ok := range m {
		if ok {
			yes = append(yes, name)
		} else {
			no = append(no, name)
		}
	}
	sort.Strings(yes)
	sort.Strings(no)
	return "has " + strings.Join(yes, " ") + "; lacks " + strings.Join(no, " ")
}
