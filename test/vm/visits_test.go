package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/internal/require"
)

// A visit is one boot of a machine, and what is looked at while it is up.
type visit struct {
	name   string
	kernel func(t testing.TB) Kernel
	cgroup string
	append string // to the kernel command line
	checks []check
	more   []check // with BULWARK_VM=all
}

// A check is some commands and what must have come of them.
type check struct {
	name     string
	commands []Command
	verify   func(t *testing.T, k Kernel, results []Result)
}

func oldest(arch string) func(testing.TB) Kernel {
	return func(t testing.TB) Kernel { return Oldest(t, arch) }
}

func newest(arch string) func(testing.TB) Kernel {
	return func(t testing.TB) Kernel { return Newest(t, arch) }
}

func series(arch string, version ...int) func(testing.TB) Kernel {
	return func(t testing.TB) Kernel { return Series(t, arch, version...) }
}

// visits go through the kernels of Debian's releases, the longest first. What
// each of them is visited for is told in docs/support.md.
var visits = []visit{
	{"6.1-amd64", series("amd64", 6, 1), "v2", "", []check{probed, doctor, traced},
		[]check{listed, hookTests, e2e("TestTable$|TestEvents$|TestInitNamespaces|TestRewritten|TestBadInput|TestWithout", allRows)}},
	{"oldest-arm64", oldest("arm64"), "v2", "", []check{probed, doctor, traced}, []check{hookTests, e2e(fewRows, someRows)}},
	{"newest-arm64", newest("arm64"), "v2", "", []check{probed, doctor, traced}, []check{hookTests, e2e(fewRows, someRows)}},
	{"oldest-amd64", oldest("amd64"), "v2", "", []check{probed, doctor, traced}, []check{hookTests, e2e(fewRows, someRows), unprivileged}},
	{"newest-amd64", newest("amd64"), "v2", "", []check{probed, doctor, traced}, []check{hookTests, e2e(fewRows, someRows)}},
	{"6.1-arm64", series("arm64", 6, 1), "v2", "", nil, []check{probed, doctor, traced, hookTests}},
	{"6.12-amd64", series("amd64", 6, 12), "v2", "", nil, []check{doctor, traced}},
	{"cgroup-v1", series("amd64", 6, 1), "v1", "", []check{cgroups("v1"), traced}, []check{e2e(cgroupRows, someRows)}},
	{"cgroup-hybrid", series("amd64", 6, 1), "hybrid", "", []check{cgroups("hybrid"), traced}, []check{e2e(cgroupRows, someRows)}},
	{"lockdown-integrity", newest("amd64"), "v2", "lockdown=integrity", []check{lockedDown("integrity"), traced}, nil},
	{"lockdown-confidentiality", newest("amd64"), "v2", "lockdown=confidentiality", []check{lockedDown("confidentiality")}, []check{refused}},
}

// everything says that checks are wanted, too, that take long or that do not
// pass yet on every kernel.
func everything() bool { return os.Getenv("BULWARK_VM") == "all" }

// Rows of the end-to-end tables for the kernels that do not get all of them:
// each row loads the programs anew, which takes seconds under emulation.
const (
	fewRows    = "TestTable$/^(everything_a_command_does|comm=bash_with_follow|opens_below|uid>0$|set=fs|execve.argv|32-bit)"
	cgroupRows = "TestTable$/^(container|c|not_in_a_container|container=new|a_new_process_in_an_old_container)$|TestEvents$/cgroup"
)

// TestVM visits each kernel. Two machines run at a time, as many as there are
// processors.
func TestVM(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short: the machines take minutes")
	}
	for _, v := range visits {
		if everything() {
			v.checks = append(slices.Clone(v.checks), v.more...)
		}
		if len(v.checks) == 0 {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			v.run(t)
		})
	}
}

func (v visit) run(t *testing.T) {
	m := v.machine(t)
	var commands []Command
	for _, c := range v.checks {
		commands = append(commands, c.commands...)
	}
	results := m.Run(t, commands)
	for _, c := range v.checks {
		var own []Result
		own, results = results[:len(c.commands)], results[len(c.commands):]
		t.Run(c.name, func(t *testing.T) { c.verify(t, m.Kernel, own) })
	}
}

// machine has inside what the commands begin with, and a module to load.
func (v visit) machine(t *testing.T) Machine {
	m := Machine{Kernel: v.kernel(t), Cgroup: v.cgroup, Append: v.append, Programs: map[string]string{}, Tests: map[string]string{}, Files: map[string]string{}}
	for _, c := range v.checks {
		for _, command := range c.commands {
			switch command.Argv[0] {
			case "/probe":
				m.Programs["/probe"] = "./test/vm/probe"
			case "/kernel.test":
				m.Tests["/kernel.test"] = "./sensor/kernel"
			case "/e2e.test":
				m.Tests["/e2e.test"] = "./test/e2e"
				m.Programs["/bulwark"] = "."
				m.Programs["/programs/burst"] = "./test/program/burst"
			default:
				m.Programs["/bulwark"] = "."
				m.Programs["/selftest"] = "./test/vm/selftest"
			}
		}
	}
	m.Files[modulePath] = plainModule(t, m.Kernel, "dummy")
	return m
}

// modulePath is where a kernel module lies inside that nothing has loaded.
const modulePath = "/dummy.ko"

// plainModule is the file of a module, unpacked where Debian compresses it: the
// row that loads it does so in the plainest way.
func plainModule(t *testing.T, k Kernel, name string) string {
	t.Helper()
	file, err := k.Module(name)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) != ".xz" {
		return file
	}
	require.Tool(t, "xz", "xz-utils")
	plain, err := exec.Command("xz", "-dc", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), name+".ko")
	if err := os.WriteFile(out, plain, 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// innerLimit is what a test binary may take inside, where all goes slower.
const innerLimit = 12 * time.Minute
