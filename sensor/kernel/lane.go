package kernel

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// lifecyclePrograms keep the kernel's tables and user space's current: they are
// attached as long as a stream is open.
var lifecyclePrograms = []string{
	"tp_sched_process_fork", "tp_sched_process_exec", "tp_sched_process_exit", "tp_task_rename",
	"tp_cgroup_mkdir", "tp_cgroup_rmdir", "tp_cgroup_attach_task",
}

// setHookConstants sets what the programs of the hooks must know of this kernel
// before they are loaded.
func setHookConstants(spec *ebpf.CollectionSpec) error {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return fmt.Errorf("types of this kernel: %w", err)
	}
	v := spec.Variables["exit_tells_group"]
	if v == nil {
		return nil
	}
	return v.Set(len(tracepointParams(kernel, "sched_process_exit")) > 1)
}

// tracepointParams are the types of a tracepoint's arguments, nil where the
// kernel does not have it.
func tracepointParams(kernel *btf.Spec, name string) []btf.FuncParam {
	var t *btf.Typedef
	if kernel.TypeByName("btf_trace_"+name, &t) != nil {
		return nil
	}
	pointer, ok := t.Type.(*btf.Pointer)
	if !ok {
		return nil
	}
	proto, ok := pointer.Target.(*btf.FuncProto)
	if !ok || len(proto.Params) == 0 {
		return nil
	}
	return proto.Params[1:] // the first is not the event's
}

// downgradeAtomics puts plain stores in the place of atomic exchanges, for
// kernels before 5.12, which refuse a program that has one. Those kernels do not
// preempt a program, so the claim of a scratch, tested just before, stays right;
// the order of stores that a ring's head needs is not kept, except on x86.
func downgradeAtomics(spec *ebpf.CollectionSpec) {
	for _, p := range spec.Programs {
		for i := range p.Instructions {
			ins := &p.Instructions[i]
			switch ins.OpCode.AtomicOp() {
			case asm.CmpXchg, asm.Xchg:
				ins.OpCode = asm.StoreMemOp(ins.OpCode.Size())
				ins.Constant = 0
			}
		}
	}
}

// hasExchange reports whether the kernel takes atomic exchanges.
func hasExchange() bool {
	exchange := asm.CmpXchg.Mem(asm.RFP, asm.R1, asm.Word, -4)
	exchange.Constant = 0xf1 // BPF_CMPXCHG of <linux/bpf.h>, which Mem leaves out
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:    ebpf.RawTracepoint,
		License: "Dual BSD/GPL",
		Instructions: asm.Instructions{
			asm.Mov.Imm(asm.R0, 0),
			asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.Mov.Imm(asm.R1, 1),
			exchange,
			asm.Mov.Imm(asm.R0, 0),
			asm.Return(),
		},
	})
	if err != nil {
		return false
	}
	p.Close()
	return true
}
