/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The system call that the current task is in. */
#pragma once
#include "hooks_items.h"
#include "registers.h"

#define NO_CALL 0xffffffff

static __always_inline u32 id_of(u32 slot)
{
	return slot < 512 ? slot : slot < 536 ? slot - 512 + 1000 : slot < 736 ? slot - 536 + 3000 : slot - 736 + 2000;
}

/* The registers that the task saved when it entered the kernel. */
static __always_inline struct pt_regs *entry_registers(struct task_struct *t)
{
#ifdef OLD
	u64 top = (u64)BPF_CORE_READ((struct task_struct___stack *)t, stack) + KERNEL_STACK;
	return (void *)top - bpf_core_type_size(struct pt_regs);
#else
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
#endif
}

/* The dictionary's number of the call. In a kernel thread, or where a fault or
 * an interrupt entered the kernel, there is none. */
static __always_inline u32 call_in_progress(struct task_struct *t)
{
	if (GET(t, flags) & PF_KTHREAD)
		return NO_CALL;
	struct pt_regs *r = entry_registers(t);
#if defined(__TARGET_ARCH_x86)
	s64 nr = BPF_CORE_READ(r, orig_ax);
	nr = (s32)nr & ~X32_BIT;
#else
	s64 nr = BPF_CORE_READ(r, syscallno);
#endif
	if (nr < 0 || nr >= NUMBERS)
		return NO_CALL;
	u32 slot = is_compat(t) ? slots32[nr & (NUMBERS - 1)] : slots[nr & (NUMBERS - 1)];
	return slot == NO_SLOT ? NO_CALL : id_of(slot);
}

static __always_inline void set_call(struct scratch *s, u32 arg, u32 call)
{
	if (call == NO_CALL)
		mark_absent(s, arg);
	else
		ARGS(s)[arg] = call;
}

/* The first argument of the call in progress. */
static __always_inline u64 first_argument(struct task_struct *t)
{
	struct pt_regs *r = entry_registers(t);
#if defined(__TARGET_ARCH_x86)
	return is_compat(t) ? (u32)BPF_CORE_READ(r, bx) : BPF_CORE_READ(r, di);
#else
	return BPF_CORE_READ(r, orig_x0);
#endif
}
