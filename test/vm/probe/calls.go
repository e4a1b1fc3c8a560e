package main

import (
	"slices"
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
	asm.FnGetFuncArg, asm.FnGetFuncRet, asm.FnGetAttachCookie, asm.FnProbeReadUserStr, asm.FnProbeReadKernel, asm.FnCopyFromUser, asm.FnCopyFromUserTask,
	asm.FnFindVma, asm.FnStrncmp, asm.FnSkcToUnixSock, asm.FnSockFromFile, asm.FnImaFileHash, asm.FnBprmOptsSet,
	asm.FnGetNsCurrentPidTgid, asm.FnGetCurrentAncestorCgroupId, asm.FnSendSignal, asm.FnOverrideReturn, asm.FnPerCpuPtr, asm.FnMapLookupPercpuElem,
}

var maps = []ebpf.MapType{
	ebpf.RingBuf, ebpf.UserRingbuf, ebpf.LPMTrie, ebpf.BloomFilter, ebpf.Arena,
	ebpf.TaskStorage, ebpf.CgroupStorage, ebpf.InodeStorage, ebpf.SkStorage,
}

func findKfuncs(l *loader) map[string]bool {
	out := map[string]bool{}
	for _, name := range kfuncs {
		out[name] = l.target(name) != 0
	}
	return out
}

// tryCalls loads, as each kind of program, small programs with the kfuncs and
// instructions that the sensor's design stands on.
func tryCalls(l *loader) map[string][]string {
	// cilium/ebpf 0.22 loses the operation of an atomic instruction that was
	// not read from an object file: without the constant this would be an add.
	exchange := asm.Xchg.Mem(asm.RFP, asm.R1, asm.DWord, -8)
	exchange.Constant = 0xe1 // BPF_XCHG of <linux/bpf.h>
	snippets := map[string]asm.Instructions{
		"atomic_xchg": {asm.Mov.Imm(asm.R1, 1), asm.StoreMem(asm.RFP, -8, asm.R1, asm.DWord), exchange},
		// Signed division came with version 4 of the instruction set.
		"isa_v4":          {asm.Mov.Imm(asm.R1, -8), asm.SDiv.Imm(asm.R1, 2)},
		"bpf_rdonly_cast": castSnippet(l),
		"bpf_iter_num":    iteratorSnippet(l),
	}
	out := map[string][]string{}
	for name, code := range snippets {
		out[name] = nil
		for _, k := range kinds {
			whole := append(append(asm.Instructions{}, code...), asm.Mov.Imm(asm.R0, int32(verdict(k))), asm.Return())
			if ok, _ := l.load(k, whole); ok && len(code) > 0 {
				out[name] = append(out[name], k.name)
			}
		}
	}
	return out
}

func kfunc(id uint32) asm.Instruction {
	return asm.Instruction{OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call), Src: asm.PseudoKfuncCall, Constant: int64(id)}
}

// castSnippet reads from the current task through an untyped pointer. It is
// empty where the kernel lacks the kfunc.
func castSnippet(l *loader) asm.Instructions {
	cast, task := l.target("bpf_rdonly_cast"), btf.TypeID(0)
	var s *btf.Struct
	if l.kernel.TypeByName("task_struct", &s) == nil {
		task, _ = l.kernel.TypeID(s)
	}
	if cast == 0 || task == 0 {
		return nil
	}
	return asm.Instructions{
		asm.FnGetCurrentTask.Call(),
		asm.Mov.Reg(asm.R1, asm.R0),
		asm.Mov.Imm(asm.R2, int32(task)),
		kfunc(cast),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
	}
}

// iteratorSnippet counts to a thousand with the number iterator. It is empty
// where the kernel lacks it.
func iteratorSnippet(l *loader) asm.Instructions {
	begin, next, end := l.target("bpf_iter_num_new"), l.target("bpf_iter_num_next"), l.target("bpf_iter_num_destroy")
	if begin == 0 || next == 0 || end == 0 {
		return nil
	}
	state := asm.Instructions{asm.Mov.Reg(asm.R1, asm.RFP), asm.Add.Imm(asm.R1, -8)}
	return slices.Concat(
		state, asm.Instructions{asm.Mov.Imm(asm.R2, 0), asm.Mov.Imm(asm.R3, 1000), kfunc(begin)},
		asm.Instructions{state[0].WithSymbol("again"), state[1], kfunc(next), asm.JNE.Imm(asm.R0, 0, "again")},
		state, asm.Instructions{kfunc(end)},
	)
}

// tryHelpers asks the verifier: a helper called with wrong arguments is
// refused otherwise than one that may not be called.
func tryHelpers(l *loader) map[string][]string {
	out := map[string][]string{}
	for _, h := range helpers {
		name := strings.TrimPrefix(h.String(), "Fn")
		out[name] = nil
		for _, k := range kinds {
			ok, log := l.load(k, asm.Instructions{h.Call(), asm.Mov.Imm(asm.R0, 0), asm.Return()})
			if ok || !refusesCall(log) {
				out[name] = append(out[name], k.name)
			}
		}
	}
	return out
}

// refusesCall reads the verifier's log; an empty one says that the program was
// refused before its code was looked at, because its target is missing.
func refusesCall(log string) bool {
	_, text, _ := strings.Cut(log, "\n")
	if text == "" {
		return true
	}
	for _, no := range []string{"invalid func", "unknown func", "cannot use helper", "helper call is not allowed"} {
		if strings.Contains(text, no) {
			return true
		}
	}
	return false
}

func tryMaps() map[string]bool {
	out := map[string]bool{}
	for _, m := range maps {
		out[m.String()] = features.HaveMapType(m) == nil
	}
	return out
}
