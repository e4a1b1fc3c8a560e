package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// load starts programs of the object on the maps of the sensor: all or none.
func (h *hooks) load(names ...string) error {
	spec := &ebpf.CollectionSpec{Maps: h.spec.Maps, Types: h.spec.Types, ByteOrder: h.spec.ByteOrder, Programs: map[string]*ebpf.ProgramSpec{}}
	for _, name := range names {
		p := h.spec.Programs[name]
		if p == nil {
			return fmt.Errorf("the object has no program %s", name)
		}
		if err := fits(p); err != nil {
			return err
		}
		spec.Programs[name] = p.Copy()
	}
	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: h.maps})
	if err != nil {
		return refusal(h.spec.Programs[names[0]], err)
	}
	defer coll.Close()
	started := map[string]runningHook{}
	for _, name := range names {
		r, err := h.attachNow(name, coll)
		if err != nil {
			for _, r := range started {
				r.link.Close()
				r.program.Close()
			}
			return refusal(h.spec.Programs[name], err)
		}
		started[name] = r
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.Copy(h.running, started)
	return nil
}

func (h *hooks) attachNow(name string, coll *ebpf.Collection) (runningHook, error) {
	kind, _, _ := strings.Cut(name, "_")
	if name == "tp_cap_capable" {
		storeQuietRanges(h.maps[".data.quiet"])
	}
	l, err := attachProgram(kind, h.spec.Programs[name], coll.Programs[name])
	if err != nil {
		return runningHook{}, err
	}
	return runningHook{program: coll.DetachProgram(name), link: l}, nil
}

// attachProgram attaches as the kind of the program says.
func attachProgram(kind string, spec *ebpf.ProgramSpec, p *ebpf.Program) (link.Link, error) {
	switch kind {
	case "lsm":
		return link.AttachLSM(link.LSMOptions{Program: p})
	case "kprobe":
		return link.Kprobe(spec.AttachTo, p, nil)
	case "kretprobe":
		return link.Kretprobe(spec.AttachTo, p, nil)
	}
	return link.AttachTracing(link.TracingOptions{Program: p})
}

// fits checks what the verifier cannot know: that a tracepoint of that name means
// what the program takes it for.
func fits(spec *ebpf.ProgramSpec) error {
	if spec.AttachTo != "io_uring_submit_sqe" {
		return nil
	}
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return err
	}
	if p := tracepointParams(kernel, spec.AttachTo); len(p) > 0 {
		if to, ok := p[0].Type.(*btf.Pointer); !ok || to.Target.TypeName() != "io_kiocb" {
			return errors.New("this kernel's tracepoint does not show the request")
		}
	}
	return nil
}

// refusal says in a few words why the kernel does not take a program.
func refusal(spec *ebpf.ProgramSpec, err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case errors.As(err, &verifier) && verifier.Cause != nil && errors.Is(verifier.Cause, unix.EPERM) && len(verifier.Log) == 0,
		!errors.As(err, &verifier) && errors.Is(err, unix.EPERM):
		return fmt.Errorf("programs of this kind are not permitted (%w)", unix.EPERM)
	case errors.As(err, &verifier):
		return fmt.Errorf("refused by the verifier: %v", err)
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, btf.ErrNotFound), errors.Is(err, unix.ENOENT), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("this kernel has no %s %s", targetKind(spec), spec.AttachTo)
	}
	return err
}

func targetKind(spec *ebpf.ProgramSpec) string {
	switch {
	case spec.AttachType == ebpf.AttachTraceRawTp:
		return "tracepoint"
	case spec.Type == ebpf.LSM:
		return "security hook"
	case spec.Type == ebpf.Kprobe && !hasKprobes():
		return "kprobes, so none at"
	}
	return "traceable function"
}

// hasKprobes reports whether the kernel offers the event source.
func hasKprobes() bool {
	for _, file := range []string{"/sys/bus/event_source/devices/kprobe", "/sys/kernel/tracing/kprobe_events", "/sys/kernel/debug/tracing/kprobe_events"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}
