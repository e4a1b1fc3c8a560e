package kernel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// A Feature is something that this host offers or not.
type Feature struct {
	Name     string
	OK       bool
	Required bool   // without it nothing can be traced
	Why      string // what was found
	Lost     string // what is lost without it, or would be
	Fix      string // what would help
}

// Features finds out what this host offers to the sensor, by trying it. It
// works without privileges, and then says which are missing.
func Features() []Feature {
	list := []Feature{typesFeature(), privilegesFeature()}
	list = append(list, programFeatures()...)
	return append(list,
		castsFeature(), findRegionFeature(), addressesFeature(), tracefsFeature(), lockdownFeature(), cgroupFeature(), memoryFeature())
}

// result fills in what trying gave.
func (f Feature) result(err error, fine string) Feature {
	f.OK = err == nil
	f.Why = fine
	if err != nil {
		f.Why = err.Error()
	}
	return f
}

func typesFeature() Feature {
	_, err := btf.LoadKernelSpec()
	return Feature{
		Name: "kernel types (BTF)", Required: true,
		Lost: "everything: programs are fitted to the running kernel by its types",
		Fix:  "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; all distributions' since 2021 are",
	}.result(err, "/sys/kernel/btf/vmlinux")
}

func privilegesFeature() Feature {
	err := hasCapabilities(unix.CAP_SYS_ADMIN)
	if err != nil {
		// from 5.8 on, the parts of it that tracing needs
		err = hasCapabilities(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_PTRACE)
	}
	return Feature{
		Name: "privileges", Required: true,
		Lost: "everything",
		Fix:  "run as root (sudo), or give the missing capabilities",
	}.result(err, "enough to load and attach programs")
}

var capabilityNames = map[int]string{
	unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN", unix.CAP_BPF: "CAP_BPF", unix.CAP_PERFMON: "CAP_PERFMON",
	unix.CAP_SYS_PTRACE: "CAP_SYS_PTRACE", unix.CAP_SYS_RESOURCE: "CAP_SYS_RESOURCE",
}

// hasCapabilities names those that this thread lacks.
func hasCapabilities(wanted ...int) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	var missing []string
	for _, bit := range wanted {
		if data[bit/32].Effective>>(bit%32)&1 == 0 {
			missing = append(missing, capabilityNames[bit])
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("missing: %s", strings.Join(missing, ", "))
}

// What a kind of program is called, and what is lost without it.
var kindFeatures = []struct {
	kind, name, lost, fix string
	required              bool
}{
	{"tp", "typed raw tracepoints", "everything", "boot Linux 5.8 or later with CONFIG_BPF_EVENTS and CONFIG_DEBUG_INFO_BTF", true},
	{"fentry", "fentry programs", "security_* events then come from security hooks, kprobes or system calls: without what was refused", "boot a kernel with CONFIG_FUNCTION_TRACER and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS that does not forbid them", false},
	{"fexit", "fexit programs", "vfs_write and vfs_writev then come from system calls: without the kernel's own writes", "as for fentry", false},
	{"lsm", "BPF security hooks", "nothing while fentry works", "add bpf to the lsm= list on the kernel command line (CONFIG_BPF_LSM=y)", false},
	{"kprobe", "kprobes", "nothing while fentry works; else security_* events come from system calls", "boot a kernel with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y", false},
}

func programFeatures() (list []Feature) {
	errs := kindErrors()
	for _, k := range kindFeatures {
		f := Feature{Name: k.name, Required: k.required, Lost: k.lost, Fix: k.fix}
		list = append(list, f.result(errs[k.kind], "loaded, attached and run"))
	}
	return list
}

func castsFeature() Feature {
	var err error
	for _, name := range []string{"bpf_rdonly_cast", "bpf_iter_num_new"} {
		if found, e := hasType(name); e != nil {
			err = e
		} else if !found {
			err = fmt.Errorf("this kernel has no %s", name)
		}
	}
	return Feature{
		Name: "typed casts and iterators",
		Lost: "nothing but time: paths and objects are read by probes, two to three times dearer",
		Fix:  "Linux 6.4 or later has them",
	}.result(err, "bpf_rdonly_cast, bpf_iter_num_new")
}

func findRegionFeature() Feature {
	err := features.HaveProgramHelper(ebpf.RawTracepoint, asm.FnFindVma)
	if errors.Is(err, ebpf.ErrNotSupported) {
		err = errors.New("this kernel has no bpf_find_vma")
	}
	return Feature{
		Name: "memory regions",
		Lost: "mem_prot_alert of mprotect, unless fentry or kprobes work",
		Fix:  "Linux 5.17 or later has it",
	}.result(err, "bpf_find_vma")
}

func addressesFeature() Feature {
	var err error
	if len(functionRanges("/proc/kallsyms", quietFunctions)) == 0 {
		err = errors.New("/proc/kallsyms shows no addresses")
	}
	return Feature{
		Name: "symbol addresses",
		Lost: "where cap_capable comes from its tracepoint, checks that are not to be audited are events too",
		Fix:  "run as root, with sysctl kernel.kptr_restrict=0 or 1",
	}.result(err, "/proc/kallsyms")
}

func tracefsFeature() Feature {
	err := errors.New("not mounted at /sys/kernel/tracing")
	for _, dir := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
		if _, e := os.Stat(filepath.Join(dir, "events")); e == nil {
			err = nil
		}
	}
	return Feature{
		Name: "tracefs",
		Lost: "nothing: kprobes need it only where the kernel has no event source for them",
		Fix:  "mount -t tracefs tracefs /sys/kernel/tracing",
	}.result(err, "mounted")
}

// lockdownMode is none, integrity or confidentiality; "" where it is not known.
func lockdownMode() string {
	b, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "[")
	mode, _, _ := strings.Cut(rest, "]")
	return mode
}

func lockdownFeature() Feature {
	mode := lockdownMode()
	var err error
	if mode == "confidentiality" {
		err = errors.New("confidentiality: programs may not read kernel memory")
	}
	if mode == "" {
		mode = "none, or securityfs is not mounted"
	}
	return Feature{
		Name: "kernel lockdown",
		Lost: "in confidentiality mode: everything but what is read by typed loads",
		Fix:  "boot with lockdown=integrity or none",
	}.result(err, mode)
}

func cgroupFeature() Feature {
	h := chooseHierarchy()
	var err error
	found := "containers are named by version 2"
	switch {
	case h.controller != "":
		found = "containers are named by the version 1 controller " + h.controller
	case h.mount == "":
		err = errors.New("no cgroup hierarchy is mounted")
	}
	return Feature{
		Name: "cgroups",
		Lost: "containers are then told by their namespaces only",
		Fix:  "mount -t cgroup2 none /sys/fs/cgroup",
	}.result(err, found)
}

// memoryFeature: before 5.11 buffers count against the limit of locked memory,
// and that kernel has a type for the purpose.
func memoryFeature() Feature {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit)
	found := "buffers are charged to the memory cgroup"
	if counted, _ := hasType("bpf_map_memory"); counted && err == nil && limit.Cur != unix.RLIM_INFINITY {
		found = fmt.Sprintf("buffers count against a limit of %d KiB", limit.Cur>>10)
		if limit.Cur < enoughMemory && hasCapabilities(unix.CAP_SYS_RESOURCE) != nil {
			err = errors.New(found + ", which may not be raised")
		}
	}
	return Feature{
		Name: "locked memory",
		Lost: "buffers are smaller, so that bursts may be lost",
		Fix:  "ulimit -l unlimited, or CAP_SYS_RESOURCE; from Linux 5.11 on the limit does not count",
	}.result(err, found)
}

const enoughMemory = 64 << 20

func hasType(name string) (bool, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return false, err
	}
	_, err = kernel.AnyTypesByName(name)
	return err == nil, nil
}
