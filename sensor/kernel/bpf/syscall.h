/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The system call programs. At exit the saved registers still hold the
 * arguments, so most calls need no program at entry. */
#pragma once
#include "emit.h"

static __always_inline bool is_selected(u32 when, u32 nr)
{
	return nr < NUMBERS && control.selected[when][(nr >> 6) & 15] >> (nr & 63) & 1;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	u32 nr = number_of(regs);
	if (!is_selected(0, nr))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct task_struct *t = CURRENT();
	bool compat = is_compat(t);
	u32 version = control.version;
	u32 slot = (compat ? slots32[nr & (NUMBERS - 1)] : slots[nr & (NUMBERS - 1)]) & (SLOTS - 1);
	struct desc *d = &control.descs[slot];
	if (d->flags) {
		if ((d->flags & D_CHILD) && ret == 0)
			return 0; /* the child's side of a fork */
		if ((d->flags & D_ENTRY) && !((d->flags & D_EXEC) && ret < 0))
			return 0;
	}
	u32 want = wanted(c, t, d, slot, version);
	if (!want)
		return 0;
	return emit(c, t, d, slot, regs, ret, compat ? FLAG_COMPAT : 0, want);
}
