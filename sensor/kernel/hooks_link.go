package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// loadAndAttach starts one program of the object on the maps of the sensor.
func (h *hooks) loadAndAttach(name string) (link.Link, error) {
	spec := h.spec.Programs[name]
	if spec == nil {
		return nil, fmt.Errorf("the object has no program %s", name)
	}
	kind, _, _ := strings.Cut(name, "_")
	if err := fits(spec); err != nil {
		return nil, err
	}
	if name == "tp_cap_capable" {
		storeQuietRanges(h.maps[".data.quiet"])
	}
	coll, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps:      h.spec.Maps,
		Programs:  map[string]*ebpf.ProgramSpec{name: spec.Copy()},
		Types:     h.spec.Types,
		ByteOrder: h.spec.ByteOrder,
	}, ebpf.CollectionOptions{MapReplacements: h.maps})
	if err != nil {
		return nil, refusal(spec, err)
	}
	defer coll.Close() // the link keeps the program
	l, err := attachProgram(kind, spec, coll.Programs[name])
	if err != nil {
		return nil, refusal(spec, err)
	}
	return l, nil
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
