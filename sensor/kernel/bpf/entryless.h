/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program at the entry of system calls makes each of them slower, for the sake
 * of four that cannot be told at exit. Where the kernel has sched_prepare_exec
 * (6.10), they are told elsewhere: execve there, before the old memory is gone, or
 * at exit if it failed earlier; exit and exit_group when the thread ends;
 * rt_sigreturn at exit, by the number that it leaves behind. */
#pragma once
#include "syscall.h"

#ifndef OLD
/* The call that the current task is in; false if it is none of those at entry. */
static __always_inline bool call_under_way(struct call *k, struct task_struct *t, struct pt_regs *regs, void *ctx)
{
	u32 nr = number_of(regs);
	if (!is_selected(1, nr))
		return false;
	bool compat = is_compat(t);
	u32 entry = entry_of(nr, compat);
	k->c = this_cpu();
	k->t = WALKED(struct task_struct, t);
	k->regs = regs;
	k->ctx = ctx;
	k->ret = 0;
	k->slot = SLOT_OF(entry);
	k->shape = SHAPE_OF(entry);
	k->d = &control.descs[k->slot];
	k->flags = FLAG_ENTRY | (compat ? FLAG_COMPAT : 0);
	return k->c && k->d->flags & D_ENTRY;
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(call_exec, struct task_struct *task, struct linux_binprm *bprm)
{
	struct call k;
	struct task_struct *t = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(t);
	if (!call_under_way(&k, t, regs, ctx) || !(k.d->flags & D_EXEC))
		return 0;
	u32 tgid = GET(t, tgid);
	if (control.tree)
		root_execs(k.c, tgid);
	return in_scope(k.c, t, control.version) ? begun_exec(&k, tgid) : 0;
}

/* A thread that a signal ends has the number of the call that it was in, too, but
 * the signal in its exit code. */
#define SIGNAL_OF(code) ((code)&0x7f)

SEC("tp_btf/sched_process_exit")
int BPF_PROG(call_exit, struct task_struct *task)
{
	struct call k;
	struct task_struct *t = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(t);
	if (SIGNAL_OF(GET(t, exit_code)) || !call_under_way(&k, t, regs, ctx) || k.d->flags & (D_EXEC | D_RETURN))
		return 0;
	if (!in_scope(k.c, t, control.version))
		return 0;
	k.want = wanted(k.c, k.d, k.slot);
	return k.want ? emit_plain(&k) : 0;
}
#endif
