/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a call to its record. */
#pragma once
#include "judge.h"
#include "object.h"
#include "registers.h"
#include "user.h"

static __always_inline void begin(struct record *r, struct desc *d, struct cpu *c, struct pt_regs *regs, long ret, u8 flags)
{
	r->time = bpf_ktime_get_ns();
	r->id = d->id;
	r->nargs = d->nargs;
	r->flags = flags;
	r->tid = c->ctx.htid;
	r->absent = 0;
	r->ret = ret;
	read_args(r->args, regs, flags & FLAG_COMPAT, d->flags & D_SWAP);
}

/* Judges the record and publishes it, or forgets it. */
static __always_inline int finish(struct cpu *c, struct desc *d, u32 slot, u64 head, struct record *r, u32 len, u32 want)
{
	u32 copy = c->version & 1;
	u32 n = d->count[copy];
	r->size = len;
	if (n) {
		want = judge(c, head, d->first[copy], n, want);
		if (!want) {
			c->filtered[slot & (SLOTS - 1)]++;
			abandon_record(c);
			return 0;
		}
	}
	r->wanted = want;
	close_record(c, head, len);
	return 0;
}

static __always_inline int emit(struct cpu *c, struct task_struct *t, struct desc *d, u32 slot, struct pt_regs *regs, long ret, u8 flags, u32 want)
{
	u64 head;
	if (!open_record(c, slot, &head))
		return 0;
	struct record *r = at(c, head);
	begin(r, d, c, regs, ret, flags);
	u32 len = HEADER + 8 * (d->nargs & 7);
	if (d->flags & D_ITEMS)
		len = put_items(c, t, d, head, r, len, ret);
	return finish(c, d, slot, head, r, len, want);
}

/* Whether the process of this call interests a plan that selects the event:
 * counts the event as generated, and as filtered if not. */
static __always_inline u32 wanted(struct cpu *c, struct task_struct *t, struct desc *d, u32 slot, u32 version)
{
	u32 want = d->plans[version & 1];
	if (!want)
		return 0;
	if (context_changed(c, t, version))
		context_refresh(c, t, version);
	if (c->skip)
		return 0;
	c->generated[slot & (SLOTS - 1)]++;
	want &= c->pass;
	if (!want)
		c->filtered[slot & (SLOTS - 1)]++;
	return want;
}
