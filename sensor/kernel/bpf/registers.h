/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where each architecture keeps the number and the arguments of a call. */
#pragma once
#include "plan.h"

#define X32_BIT 0x40000000 /* x32 calls: the number of their own table plus this */

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT 2
static __always_inline u32 number_of(struct pt_regs *r) { return (u32)r->orig_ax & ~X32_BIT; }
static __always_inline bool is_compat(struct task_struct *t) { return GET(t, thread_info.status) & TS_COMPAT; }
static __always_inline void read_args(u64 *a, struct pt_regs *r, bool compat, bool swap)
{
	if (compat) {
		a[0] = (u32)r->bx;
		a[1] = (u32)r->cx;
		a[2] = (u32)r->dx;
		a[3] = (u32)(swap ? r->di : r->si);
		a[4] = (u32)(swap ? r->si : r->di);
		a[5] = (u32)r->bp;
		return;
	}
	a[0] = r->di;
	a[1] = r->si;
	a[2] = r->dx;
	a[3] = r->r10;
	a[4] = r->r8;
	a[5] = r->r9;
}

#else

#define TIF_32BIT (1 << 22)
static __always_inline u32 number_of(struct pt_regs *r) { return (u32)r->syscallno; }
static __always_inline bool is_compat(struct task_struct *t) { return GET(t, thread_info.flags) & TIF_32BIT; }
static __always_inline void read_args(u64 *a, struct pt_regs *r, bool compat, bool swap)
{
	u64 mask = compat ? 0xffffffff : ~0ull;
	a[0] = r->orig_x0 & mask; /* regs[0] is the return value by now */
	a[1] = r->regs[1] & mask;
	a[2] = r->regs[2] & mask;
	a[3] = (swap ? r->regs[4] : r->regs[3]) & mask;
	a[4] = (swap ? r->regs[3] : r->regs[4]) & mask;
	a[5] = r->regs[5] & mask;
}

#endif
