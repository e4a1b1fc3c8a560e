package main

import (
	"errors"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
)

// kfuncs that a sensor may want. Being in BTF does not say that a given kind
// of program may call it: see tryCalls for the two that matter most.
var kfuncs = []string{
	"bpf_iter_num_new", "bpf_rdonly_cast", "bpf_cast_to_kern_ctx", "bpf_rcu_read_lock", "bpf_preempt_disable",
	"bpf_task_acquire", "bpf_task_from_pid", "bpf_task_from_vpid", "bpf_iter_task_new", "bpf_iter_task_vma_new", "bpf_iter_css_new",
	"bpf_cgroup_acquire", "bpf_cgroup_from_id", "bpf_cgroup_ancestor", "bpf_task_get_cgroup1", "bpf_task_under_cgroup",
	"bpf_get_task_exe_file", "bpf_put_file", "bpf_path_d_path", "bpf_get_file_xattr", "bpf_get_fsverity_digest",
	"bpf_dynptr_slice", "bpf_dynptr_from_skb", "bpf_copy_from_user_str", "bpf_lookup_user_key", "bpf_verify_pkcs7_signature",
	"bpf_arena_alloc_pages", "bpf_wq_init", "bpf_obj_new_impl", "bpf_iter_bits_new", "bpf_throw", "bpf_sock_destroy", "bpf_get_dentry_xattr",
}

var helpers = []asm.BuiltinFunc{
	asm.FnLoop, asm.FnDPath, asm.FnGetCurrentTaskBtf, asm.FnTaskPtRegs, asm.FnRingbufReserve, asm.FnRingbufReserveDynptr,
	asm.FnTaskStorageGet, asm.FnCgrpStorageGet, asm.FnInodeStorageGet, asm.FnKtimeGetBootNs, asm.FnKtimeGetTaiNs, asm.FnKtimeGetCoarseNs,
	asm.FnGetFuncArg, asm.FnGetFuncRet, asm.FnGetAttachCookie, asm.FnProbeReadUserStr, asm.FnCopyFromUser, asm.FnCopyFromUserTask,
	asm.FnFindVma, asm.FnStrncmp, asm.FnSkcToUnixSock, asm.FnSockFromFile, asm.FnImaFileHash, asm.FnBprmOptsSet,
	asm.FnGetNsCurrentPidTgid, asm.FnGetCurrentAncestorCgroupId, asm.FnSendSignal, asm.FnOverrideReturn, asm.FnPerCpuPtr, asm.FnMapLookupPercpuElem,
}

var maps = []ebpf.MapType{
	ebpf.RingBuf, ebpf.UserRingbuf, ebpf.LPMTrie, ebpf.BloomFilter, ebpf.Arena,
	ebpf.TaskStorage, ebpf.CgroupStorage, ebpf.InodeStorage, ebpf.SkStorage,
}

func findKfuncs() map[string]bool {
	out := map[string]bool{}
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return out
	}
	for _, name := range kfuncs {
		_, out[name] = funcID(spec, name)
	}
	return out
}

func funcID(spec *btf.Spec, name string) (btf.TypeID, bool) {
	var fn *btf.Func
	if err := spec.TypeByName(name, &fn); err != nil {
		return 0, false
	}
	id, err := spec.TypeID(fn)
	return id, err == nil
}

// tryCalls loads, as each kind of program, small programs with the kfuncs and
// instructions that the sensor's design stands on.
func tryCalls() map[string][]string {
	snippets := map[string]asm.Instructions{
		"atomic_xchg": {
			asm.StoreImm(asm.RFP, -8, 0, asm.DWord),
			asm.Mov.Imm(asm.R1, 1),
			asm.Xchg.Mem(asm.RFP, asm.R1, asm.DWord, -8),
		},
		// Signed division came with version 4 of the instruction set.
		"isa_v4": {asm.Mov.Imm(asm.R1, -8), asm.SDiv.Imm(asm.R1, 2)},
	}
	if spec, err := btf.LoadKernelSpec(); err == nil {
		addKfuncSnippets(snippets, spec)
	}
	out := map[string][]string{}
	for name, code := range snippets {
		out[name] = nil
		for _, k := range kinds {
			if loads(k, code) {
				out[name] = append(out[name], k.name)
			}
		}
	}
	return out
}

func addKfuncSnippets(snippets map[string]asm.Instructions, spec *btf.Spec) {
	call := func(id btf.TypeID) asm.Instruction {
		return asm.Instruction{OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call), Src: asm.PseudoKfuncCall, Constant: int64(id)}
	}
	var task *btf.Struct
	if cast, ok := funcID(spec, "bpf_rdonly_cast"); ok && spec.TypeByName("task_struct", &task) == nil {
		if id, err := spec.TypeID(task); err == nil {
			snippets["bpf_rdonly_cast"] = asm.Instructions{
				asm.FnGetCurrentTask.Call(),
				asm.Mov.Reg(asm.R1, asm.R0),
				asm.Mov.Imm(asm.R2, int32(id)),
				call(cast),
				asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
			}
		}
	}
	begin, ok1 := funcID(spec, "bpf_iter_num_new")
	next, ok2 := funcID(spec, "bpf_iter_num_next")
	end, ok3 := funcID(spec, "bpf_iter_num_destroy")
	if ok1 && ok2 && ok3 {
		iterator := func(extra ...asm.Instruction) asm.Instructions {
			return append(asm.Instructions{asm.Mov.Reg(asm.R1, asm.RFP), asm.Add.Imm(asm.R1, -8)}, extra...)
		}
		var code asm.Instructions
		code = append(code, iterator(asm.Mov.Imm(asm.R2, 0), asm.Mov.Imm(asm.R3, 1000), call(begin))...)
		loop := iterator(call(next), asm.JNE.Imm(asm.R0, 0, "again"))
		loop[0] = loop[0].WithSymbol("again")
		code = append(code, loop...)
		snippets["bpf_iter_num"] = append(code, iterator(call(end))...)
	}
}

// loads tells whether the kernel takes the code as that kind of program.
func loads(k kind, code asm.Instructions) bool {
	code = append(append(asm.Instructions{}, code...), asm.Mov.Imm(asm.R0, int32(verdict(k))), asm.Return())
	p, err := ebpf.NewProgram(k.spec(targets[k.name][0], code))
	if err != nil {
		return false
	}
	p.Close()
	return true
}

// tryHelpers asks the verifier: a helper called with wrong arguments is
// refused otherwise than one that may not be called.
func tryHelpers() map[string][]string {
	out := map[string][]string{}
	for _, h := range helpers {
		name := strings.TrimPrefix(h.String(), "Fn")
		out[name] = nil
		for _, k := range kinds {
			p, err := ebpf.NewProgram(k.spec(targets[k.name][0], asm.Instructions{h.Call(), asm.Mov.Imm(asm.R0, 0), asm.Return()}))
			if err == nil {
				p.Close()
			}
			if mayCall(err) {
				out[name] = append(out[name], k.name)
			}
		}
	}
	return out
}

func mayCall(err error) bool {
	var refused *ebpf.VerifierError
	if !errors.As(err, &refused) {
		return err == nil
	}
	log := strings.Join(refused.Log, "\n")
	for _, no := range []string{"invalid func", "unknown func", "cannot use helper", "helper call is not allowed"} {
		if strings.Contains(log, no) {
			return false
		}
	}
	return true
}

func tryMaps() map[string]bool {
	out := map[string]bool{}
	for _, m := range maps {
		out[m.String()] = features.HaveMapType(m) == nil
	}
	return out
}
