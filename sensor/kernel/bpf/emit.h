/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a call to its record. */
#pragma once
#include "items.h"
#include "judge.h"
#include "registers.h"

/* A call as it is being recorded. */
struct call {
	struct cpu *c;
	struct task_struct *t;
	struct desc *d;
	struct pt_regs *regs;
	void *ctx;
	long ret;
	u32 slot, shape, want;
	u8 flags;
};

#define RAW_OFFSET 128 /* behind the words: there is no item yet when it is used */

/* Writes the head and the words of the record. */
static __always_inline void begin(struct record *r, struct call *k)
{
	r->time = bpf_ktime_get_ns();
	r->id = k->d->id;
	r->nargs = k->d->nargs;
	r->flags = k->flags;
	r->tid = k->c->ctx.htid;
	r->absent = k->d->absent;
	r->ret = k->ret;
	set_length(r, HEADER + 8 * (k->d->nargs & 7));
	if (k->shape) {
		u64 *raw = (void *)r + RAW_OFFSET;
		read_registers(raw, k->regs, k->flags & FLAG_COMPAT);
		r->absent |= shape_args(r->args, raw, k->shape);
	} else {
		read_registers(r->args, k->regs, k->flags & FLAG_COMPAT);
	}
}

/* The plans that want the record, as far as it is written. */
static __always_inline u32 judged(struct cpu *c, struct desc *d, u64 head, u32 want)
{
	if (!d->count[c->version & 1])
		return want;
	return judge(c, d, head, want, c->version);
}

/* Publishes the record if a plan wants it, and forgets it otherwise. */
static __always_inline void settle_record(struct cpu *c, struct desc *d, u32 slot, u64 head, u32 want)
{
	struct record *r = at(c, head);
	want = judged(c, d, head, want);
	if (want) {
		r->wanted = want;
		close_record(c, head, length_of(r));
	} else {
		c->filtered[slot & (SLOTS - 1)]++;
		abandon_record(c);
	}
}

#define STACK_MOST 127
static __always_inline void put_stack(struct record *r, void *ctx)
{
	void *to = open_item(r);
	if (!to)
		return;
	long n = bpf_get_stack(ctx, to, 8 * STACK_MOST, BPF_F_USER_STACK);
	if (n > 0)
		close_item(r, to, TAG_STACK, 0, (u32)n & 2047);
}

static __always_inline int emit(struct call *k)
{
	u64 head;
	if (!open_record(k->c, k->slot, &head))
		return 0;
	struct record *r = at(k->c, head);
	begin(r, k);
	if (k->d->flags & D_ITEMS) {
		put_strings(r, k->d, k->ret);
		if (!(k->d->flags & D_STASH))
			put_objects(r, k->t, k->d, k->ret);
	}
	if (stacks)
		put_stack(r, k->ctx);
	settle_record(k->c, k->d, k->slot, head, k->want);
	return 0;
}

/* An event without items, of a program at entry. */
static __always_inline int emit_plain(struct call *k)
{
	u64 head;
	if (!open_record(k->c, k->slot, &head))
		return 0;
	struct record *r = at(k->c, head);
	begin(r, k);
	if (stacks)
		put_stack(r, k->ctx);
	settle_record(k->c, k->d, k->slot, head, k->want);
	return 0;
}

/* Counts the event of a process in scope as generated, and as filtered if no
 * plan that selects it wants this process: which do. */
static __always_inline u32 wanted(struct cpu *c, struct desc *d, u32 slot)
{
	u32 want = d->plans[c->version & 1];
	if (!want)
		return 0;
	c->generated[slot & (SLOTS - 1)]++;
	want &= c->pass;
	if (!want)
		c->filtered[slot & (SLOTS - 1)]++;
	return want;
}

/* Brings the remembered context up to date; false if it is out of scope. */
static __always_inline bool in_scope(struct cpu *c, struct task_struct *t, u32 version)
{
	if (context_changed(c, t, version))
		context_refresh(c, version);
	return !c->skip;
}

/* What only entry can tell of a call that the programs at exit will record: the
 * object behind a descriptor that is about to go. */
static __always_inline int emit_stash(struct call *k)
{
	u64 head;
	if (!(k->d->plans[k->c->version & 1] & k->c->pass) || !open_record(k->c, NO_SLOT, &head))
		return 0;
	struct record *r = at(k->c, head);
	begin(r, k);
	put_objects(r, k->t, k->d, 0);
	r->id = STASH_ID;
	close_record(k->c, head, length_of(r));
	return 0;
}
