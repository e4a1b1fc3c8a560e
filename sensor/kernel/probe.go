package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// A programKind is one of the places where a kernel may let a program stand.
// Whether it does is found out by standing there: a kernel may load a program
// that it cannot attach, and attach one that it never runs.
type programKind struct {
	name   string
	typ    ebpf.ProgramType
	at     ebpf.AttachType
	target string // reached whenever a file is opened
}

var programKinds = []programKind{
	{"raw_tp", ebpf.RawTracepoint, 0, "sys_enter"},
	{"tp", ebpf.Tracing, ebpf.AttachTraceRawTp, "sys_enter"},
	{"fentry", ebpf.Tracing, ebpf.AttachTraceFEntry, "security_file_open"},
	{"fexit", ebpf.Tracing, ebpf.AttachTraceFExit, "security_file_open"},
	{"lsm", ebpf.LSM, ebpf.AttachLSMMac, "file_open"},
	{"kprobe", ebpf.Kprobe, 0, "security_file_open"},
	{"kretprobe", ebpf.Kprobe, 0, "security_file_open"},
}

// errNeverRuns is a program that was attached and is not called.
var errNeverRuns = errors.New("it is attached but never run")

// try loads a program that counts its runs, attaches it and provokes it.
func (k programKind) try() error {
	counter, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return fmt.Errorf("map: %w", err)
	}
	defer counter.Close()
	spec := &ebpf.ProgramSpec{
		Type: k.typ, AttachType: k.at, AttachTo: k.target,
		Instructions: counting(counter), License: "Dual BSD/GPL",
	}
	p, err := ebpf.NewProgram(spec)
	if err != nil {
		return refusal(spec, err)
	}
	defer p.Close()
	l, err := k.attach(spec, p)
	if err != nil {
		return refusal(spec, err)
	}
	defer l.Close()
	os.ReadFile("/proc/self/stat")
	var runs uint64
	if err := counter.Lookup(uint32(0), &runs); err != nil {
		return err
	}
	if runs == 0 {
		return errNeverRuns
	}
	return nil
}

func (k programKind) attach(spec *ebpf.ProgramSpec, p *ebpf.Program) (link.Link, error) {
	if k.typ == ebpf.RawTracepoint {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: k.target, Program: p})
	}
	return attachProgram(k.name, spec, p)
}

// counting is a program that adds one to the only element of the map.
func counting(m *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return(),
	}
}

// kindErrors tries all kinds: nil where programs of the kind work.
func kindErrors() map[string]error {
	errs := map[string]error{}
	for _, k := range programKinds {
		errs[k.name] = k.try()
	}
	return errs
}

// kindRefusal is why no program of a kind can work, nil if that is not known:
// the kind is tried when the first program of it is wanted. Tracepoints always
// work, else there would be no sensor.
func (h *hooks) kindRefusal(name string) error {
	err, known := h.kinds[name]
	if known || name == "tp" {
		return err
	}
	for _, k := range programKinds {
		if k.name == name {
			err = k.try()
		}
	}
	if slices.Contains(withoutKinds, name) {
		err = errors.New("not to be used")
	}
	h.kinds[name] = err
	return err
}
