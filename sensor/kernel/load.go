package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// programs is the loaded object: its maps, its programs and what is attached.
type programs struct {
	spec     *ebpf.CollectionSpec
	coll     *ebpf.Collection
	links    []link.Link
	mappings [][]byte
	control  *control
	cpus     []*cpuShared
	ringMask uint64
	old      bool // the object is that for old kernels
	// entryless: execve, exit and sigreturn are seen by other programs than one
	// at the entry of every call.
	entryless bool
}

// load puts the object into the kernel; nothing is attached yet.
func load(o Options, h hierarchy) (*programs, error) {
	if _, err := btf.LoadKernelSpec(); err != nil {
		return nil, &Unsupported{
			What: "sensor", Why: "this kernel does not describe its types (BTF)", Err: err,
			Hint: "/sys/kernel/btf/vmlinux must be there: a kernel built with CONFIG_DEBUG_INFO_BTF=y, as all distributions' are since 2021",
		}
	}
	// Memory counts against a limit only before 5.11, and it may not be ours to raise.
	limited := rlimit.RemoveMemlock() != nil
	cpus, err := presentCPUs()
	if err != nil {
		return nil, err
	}
	for size := o.ringSize(cpus); ; size /= 2 {
		p, err := loadWith(o, h, cpus, size)
		// Before 5.11 a ring has at most 4 MiB, too.
		var verifier *ebpf.VerifierError
		tooMuch := errors.Is(err, unix.E2BIG) && !errors.As(err, &verifier) || errors.Is(err, unix.ENOMEM) || limited && errors.Is(err, unix.EPERM)
		if err == nil || !tooMuch || size <= smallestRing {
			return p, err
		}
	}
}

func loadWith(o Options, h hierarchy, cpus, size int) (*programs, error) {
	spec, old, err := readObject()
	if err != nil {
		return nil, err
	}
	spec.Maps["cpus"].MaxEntries = uint32(cpus)
	spec.Maps["cpus"].ValueSize = uint32(ringOffset + size + ringSlack)
	if err := setConstants(spec, o, h, size); err != nil {
		return nil, err
	}
	p := &programs{spec: spec, old: old, ringMask: uint64(size - 1), entryless: tells("sched_prepare_exec")}
	if err := spec.Variables["entryless"].Set(p.entryless); err != nil {
		return nil, fmt.Errorf("sensor: constant entryless: %w", err)
	}
	own := spec.Copy()
	for name := range own.Programs {
		if !ownPrograms[name] && !slices.Contains(lifecyclePrograms, name) && !(p.entryless && entrylessPrograms[name]) {
			delete(own.Programs, name)
		}
	}
	p.coll, err = ebpf.NewCollection(own)
	if err != nil {
		return nil, explainLoad(err)
	}
	if err := p.mapMemory(cpus); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// ownPrograms are always loaded; the others one by one, as hooks are wanted.
var (
	ownPrograms       = map[string]bool{"sys_exit": true, "sys_enter": true, "host": true, "thread": true, "state": true}
	entrylessPrograms = map[string]bool{"call_exec": true, "call_exit": true}
)

// tells reports whether the kernel has a tracepoint.
func tells(tracepoint string) bool {
	kernel, err := btf.LoadKernelSpec()
	return err == nil && tracepointParams(kernel, tracepoint) != nil
}

func setConstants(spec *ebpf.CollectionSpec, o Options, h hierarchy, size int) error {
	numbers := number()
	for name, value := range map[string]any{
		"ring_mask":        uint32(size - 1),
		"cgroup_hierarchy": h.number,
		"cgroup_ssid":      h.subsystem,
		"stacks":           o.Stacks,
		"exec_env":         o.ExecEnv,
		"slots":            &numbers.native,
		"slots32":          &numbers.compat,
		"shapes":           &numbers.shapes,
	} {
		v := spec.Variables[name]
		if v == nil {
			continue // optimised away: no program reads it
		}
		if err := v.Set(value); err != nil {
			return fmt.Errorf("sensor: constant %s: %w", name, err)
		}
	}
	return setHookConstants(spec)
}

// mapMemory makes the rings and the control structure ours to read and write.
func (p *programs) mapMemory(cpus int) error {
	stride := int(p.coll.Maps["cpus"].ValueSize()+7) &^ 7
	rings, err := p.mapArray("cpus", stride*cpus)
	if err != nil {
		return err
	}
	for i := range cpus {
		p.cpus = append(p.cpus, (*cpuShared)(unsafe.Pointer(&rings[i*stride])))
	}
	c, err := p.mapArray(".data.control", int(unsafe.Sizeof(control{})))
	if err != nil {
		return err
	}
	p.control = (*control)(unsafe.Pointer(&c[0]))
	return nil
}

func (p *programs) mapArray(name string, size int) ([]byte, error) {
	m := p.coll.Maps[name]
	if m == nil {
		return nil, fmt.Errorf("sensor: map %s is missing in the object", name)
	}
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	b, err := unix.Mmap(m.FD(), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("sensor: map %s of %d bytes: %w", name, size, err)
	}
	p.mappings = append(p.mappings, b)
	return b, nil
}

// attach starts a program.
func (p *programs) attach(name string) error {
	l, err := link.AttachTracing(link.TracingOptions{Program: p.coll.Programs[name]})
	if err != nil {
		return fmt.Errorf("sensor: attach %s: %w", name, err)
	}
	p.links = append(p.links, l)
	return nil
}

// detach stops all programs; no record is written once it has returned.
func (p *programs) detach() {
	for _, l := range p.links {
		l.Close()
	}
	p.links = nil
	settle()
}

func (p *programs) close() {
	p.detach()
	for _, b := range p.mappings {
		unix.Munmap(b)
	}
	p.mappings, p.control, p.cpus = nil, nil, nil
	if p.coll != nil {
		p.coll.Close()
	}
}

// presentCPUs is one more than the highest number a CPU of this host can have.
func presentCPUs() (int, error) {
	const file = "/sys/devices/system/cpu/present"
	b, err := os.ReadFile(file)
	if err != nil {
		return ebpf.PossibleCPU()
	}
	text := strings.TrimSpace(string(b))
	n, err := strconv.Atoi(text[strings.LastIndexAny(text, "-,")+1:])
	if err != nil {
		return 0, fmt.Errorf("sensor: %s: %q is no list of CPUs", file, text)
	}
	return n + 1, nil
}

// explainLoad turns a refusal of the kernel into what the user can do about it.
func explainLoad(err error) error {
	u := &Unsupported{What: "sensor", Why: err.Error(), Err: err}
	var verifier *ebpf.VerifierError
	switch {
	case errors.As(err, &verifier):
		u.Why = fmt.Sprintf("this kernel refuses the program: %v", verifier)
		u.Hint = "please report it with the output of `bulwark doctor`"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		u.Why = "loading eBPF programs is not permitted"
		u.Hint = "run as root, or give CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE (CAP_SYS_ADMIN before 5.8)"
	case errors.Is(err, ebpf.ErrNotSupported):
		u.Hint = "bulwark needs Linux 5.8 or later with BTF (CONFIG_DEBUG_INFO_BTF)"
	case errors.Is(err, unix.ENOMEM):
		u.Hint = "a smaller --buffer-size needs less memory"
	}
	return u
}
