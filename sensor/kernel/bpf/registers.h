/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where each architecture keeps the number and the arguments of a call. */
#pragma once
#include "plan.h"

#define NR_SIGRETURN32 173
#define ENOSYS 38
#define X32_BIT 0x40000000 /* x32 calls: the number of their own table plus this */

#if defined(__TARGET_ARCH_x86)

#define NR_SIGRETURN 15
#define NR_REPLACED (~0u & ~X32_BIT) /* what sigreturn leaves as the number */
#define TS_COMPAT 2
static __always_inline u32 number_of(struct pt_regs *r) { return (u32)r->orig_ax & ~X32_BIT; }
static __always_inline bool is_compat(struct task_struct *t) { return GET(t, thread_info.status) & TS_COMPAT; }
static __always_inline void read_registers(u64 *a, struct pt_regs *r, bool compat)
{
	if (compat) {
		a[0] = (u32)r->bx;
		a[1] = (u32)r->cx;
		a[2] = (u32)r->dx;
		a[3] = (u32)r->si;
		a[4] = (u32)r->di;
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

#define NR_SIGRETURN 139
#define NR_REPLACED (~0u)
#define TIF_32BIT (1 << 22)
static __always_inline u32 number_of(struct pt_regs *r) { return (u32)r->syscallno; }
static __always_inline bool is_compat(struct task_struct *t) { return GET(t, thread_info.flags) & TIF_32BIT; }
static __always_inline void read_registers(u64 *a, struct pt_regs *r, bool compat)
{
	u64 mask = compat ? 0xffffffff : ~0ull;
	a[0] = r->orig_x0 & mask; /* regs[0] is the return value by now */
	a[1] = r->regs[1] & mask;
	a[2] = r->regs[2] & mask;
	a[3] = r->regs[3] & mask;
	a[4] = r->regs[4] & mask;
	a[5] = r->regs[5] & mask;
}

#endif

/* Puts the arguments of a call with a shape of its own in their places: raw are
 * its registers. It returns the arguments that it does not have. */
static __always_inline u16 shape_args(u64 *a, u64 *raw, u32 shape)
{
	const volatile struct shape *s = &shapes[shape & (SHAPES - 1)];
	u16 absent = 0;
#pragma unroll
	for (int i = 0; i < 6; i++) {
		u32 low = s->low[i], high = s->high[i];
		if (low >= NO_REGISTER) {
			a[i] = 0;
			absent |= 1 << i;
			continue;
		}
		u64 v = raw[low & 7] << (s->shift[i] & 63);
		if (high < NO_REGISTER)
			v |= raw[high & 7] << 32;
		a[i] = v;
	}
	return absent;
}
