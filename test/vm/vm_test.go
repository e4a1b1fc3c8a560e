package vm

import (
	"encoding/json"
	"sort"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/test/vm/guest"
)

// kernels are those that every test of the machine goes through.
var kernels = []struct {
	name string
	get  func(t testing.TB) Kernel
}{
	{"oldest-amd64", func(t testing.TB) Kernel { return Oldest(t, "amd64") }},
	{"newest-amd64", func(t testing.TB) Kernel { return Newest(t, "amd64") }},
	{"oldest-arm64", func(t testing.TB) Kernel { return Oldest(t, "arm64") }},
	{"newest-arm64", func(t testing.TB) Kernel { return Newest(t, "arm64") }},
}

// TestVMBoot boots each kernel and prints what it offers to a tracer.
func TestVMBoot(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short: each machine takes up to a minute")
	}
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) {
			kernel := k.get(t)
			r := Run(t, kernel, []Command{{Name: "probe", Argv: []string{"/probe"}, Timeout: 3 * 60e9}})[0]
			if r.Exit != 0 {
				t.Fatalf("probe: exit %d %s\n%s%s", r.Exit, r.Error, r.Stdout, r.Stderr)
			}
			var report guest.Report
			if err := json.Unmarshal(r.Stdout, &report); err != nil {
				t.Fatalf("probe: %v\n%s%s", err, r.Stdout, r.Stderr)
			}
			show(t, report)
			checkBoot(t, kernel, report)
		})
	}
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
	for _, name := range sortedKeys(r.Calls) {
		t.Logf("call %-24s loads as %s", name, strings.Join(r.Calls[name], " "))
	}
	for _, name := range sortedKeys(r.Helpers) {
		t.Logf("helper %-24s for %s", name, strings.Join(r.Helpers[name], " "))
	}
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
