// Package vm boots stock Debian kernels under qemu, emulated and without KVM,
// and runs bulwark and test programs inside. Nothing is installed on the host
// and nothing needs root:
//
//	func TestTraceOnOldKernel(t *testing.T) {
//		kernel := vm.Oldest(t, "amd64")
//		results := vm.Run(t, kernel, []vm.Command{
//			{Name: "doctor", Argv: []string{"/bulwark", "doctor", "--json"}},
//			{Name: "trace", Argv: []string{"/bulwark", "trace", "--trace", "event=openat", "--", "/probe"}},
//		})
//		if r := results[1]; r.Exit != 0 {
//			t.Errorf("exit %d: %s", r.Exit, r.Stderr)
//		}
//	}
//
// Results stand in the order of the commands. A [Machine] offers more: further
// programs and files, kernel modules, the cgroup layout, the kernel command
// line, several processors. A machine that does not come up, hangs or panics
// fails the test with the end of its console log.
//
// There is no shell inside, only the files that were put there; the root file
// system is the initramfs, /tmp and /run are tmpfs. Output leaves through an
// emulated serial port at about half a megabyte a second.
package vm

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/vm/guest"
)

// Command and Result are those of the guest protocol.
type (
	Command = guest.Command
	Result  = guest.Result
)

// Machine is a virtual machine to be booted once or several times.
type Machine struct {
	Kernel   Kernel
	Programs map[string]string // path inside → Go package, an import path or ./relative to the module; built static for the kernel's architecture
	Tests    map[string]string // path inside → Go package whose tests are compiled
	Files    map[string]string // path inside → file of the host
	Modules  []string          // kernel modules loaded before the commands, each after those it depends on
	Cgroup   string            // v2 (default), v1 or hybrid
	Append   string            // more of the kernel command line, such as lockdown=confidentiality
	CPUs     int               // default 2
	Memory   int               // MiB, default 1024
}

// Standard is the machine that Run boots: bulwark as /bulwark (as soon as the
// module has a main package at its root) and the hook probe as /probe.
func Standard(kernel Kernel) Machine {
	m := Machine{Kernel: kernel, Programs: map[string]string{"/probe": "./test/vm/probe"}}
	if root, err := moduleRoot(); err == nil {
		if _, err := os.Stat(filepath.Join(root, "main.go")); err == nil {
			m.Programs["/bulwark"] = "."
		}
	}
	return m
}

// Run boots a standard machine and runs the commands in it.
func Run(t testing.TB, kernel Kernel, commands []Command) []Result {
	t.Helper()
	return Standard(kernel).Run(t, commands)
}

// bootAllowance is what the machine may take beside its commands. Typical are
// 2 to 4 s, far more where other tests keep the processors busy.
const bootAllowance = 3 * time.Minute

// Run boots the machine, runs the commands in order and returns their results
// in that order. Anything that keeps it from that ends the test.
func (m Machine) Run(t testing.TB, commands []Command) []Result {
	t.Helper()
	require.Tool(t, qemu(m.Kernel.Arch).Binary, qemu(m.Kernel.Arch).debian)
	dir := t.TempDir()
	begun := time.Now()
	results, err := m.run(dir, commands)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("machine %s: up and down in %.1f s, of which commands %.1f s", m.Kernel, time.Since(begun).Seconds(), commandTime(results).Seconds())
	if log := consoleLog(dir); strings.Contains(log, "init: ") {
		t.Logf("machine %s: init had trouble:\n%s", m.Kernel, log)
	}
	return results
}

// run does it, with dir for initramfs and logs. The error tells how far the
// machine came and what it said last.
func (m Machine) run(dir string, commands []Command) ([]Result, error) {
	m.setDefaults()
	initramfs := filepath.Join(dir, "initramfs")
	if err := m.pack(initramfs, commands); err != nil {
		return nil, fmt.Errorf("machine %s: %w", m.Kernel, err)
	}
	limit := bootAllowance
	for _, c := range commands {
		limit += c.Limit()
	}
	err := m.boot(dir, initramfs, limit)
	port, readErr := os.ReadFile(filepath.Join(dir, "results"))
	if err == nil {
		err = readErr
	}
	results, progress := guest.Decode(port)
	if err == nil && !progress.Done {
		err = fmt.Errorf("the machine ended before its job did")
	}
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w\ncommands started: %s\ncommands ended: %d of %d\nconsole:\n%s",
			m.Kernel, err, strings.Join(progress.Started, ", "), len(results), len(commands), consoleLog(dir))
	}
	return inOrder(results, commands), nil
}

func (m *Machine) setDefaults() {
	if m.Cgroup == "" {
		m.Cgroup = "v2"
	}
	if m.CPUs == 0 {
		m.CPUs = 2
	}
	if m.Memory == 0 {
		m.Memory = 1024
	}
}

// pack writes the initramfs.
func (m Machine) pack(file string, commands []Command) error {
	job := guest.Job{Commands: commands, Cgroup: m.Cgroup}
	files := map[string]string{}
	for name, from := range m.Files {
		files[name] = from
	}
	for _, name := range m.Modules {
		from, err := m.Kernel.Module(name)
		if err != nil {
			return err
		}
		job.Modules = append(job.Modules, filepath.Base(from))
		files[path.Join(guest.ModuleDir, filepath.Base(from))] = from
	}
	if err := job.Check(); err != nil {
		return err
	}
	if err := m.build(files); err != nil {
		return err
	}
	data, err := json.Marshal(job)
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := writeInitramfs(out, files, map[string][]byte{guest.JobPath: data}); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// build compiles the programs and adds them to the files.
func (m Machine) build(files map[string]string) error {
	programs := map[string]string{"/init": "./test/vm/init"}
	maps.Copy(programs, m.Programs)
	for _, kind := range []struct {
		packages map[string]string
		build    func(arch, pkg string) (string, error)
	}{{programs, Build}, {m.Tests, BuildTest}} {
		for name, pkg := range kind.packages {
			binary, err := kind.build(m.Kernel.Arch, pkg)
			if err != nil {
				return err
			}
			files[name] = binary
		}
	}
	return nil
}

// inOrder puts results, which come as commands end, into the order of the
// commands. All are there: the job was done.
func inOrder(results []Result, commands []Command) []Result {
	byName := map[string]Result{}
	for _, r := range results {
		byName[r.Name] = r
	}
	ordered := make([]Result, len(commands))
	for i, c := range commands {
		ordered[i] = byName[c.Name]
	}
	return ordered
}

func commandTime(results []Result) (d time.Duration) {
	for _, r := range results {
		d += r.Elapsed
	}
	return d
}
