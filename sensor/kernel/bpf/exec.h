/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* execve and execveat at entry: afterwards the strings are gone. */
#pragma once
#include "emit.h"
#include "vector.h"

/* The plans that follow whoever calls execve now satisfied. */
static __always_inline bool follow_exec(struct cpu *c, u32 tgid)
{
	u32 follow = control.follow[c->version & 1];
	u32 bits = c->pass & follow;
	if (bits)
		bpf_map_update_elem(&followed, &tgid, &bits, BPF_ANY);
	return follow != 0;
}

/* The root of the tree begins here: what it did before was ours. */
static __always_inline void root_execs(struct cpu *c, u32 tgid)
{
	u32 *state = bpf_map_lookup_elem(&scope, &tgid);
	if (state && *state == 1) {
		*state = 2;
		c->task = 0; /* forget that it was out of scope */
	}
}

static __noinline int put_vectors(struct cpu *c, struct desc *d, struct record *r, u64 head, bool wide)
{
	if (!c || !d || !r)
		return 0;
	c->vector.head = head;
	c->vector.wide = wide;
	c->vector.full = 0;
#pragma unroll
	for (int i = 0; i < PUTS; i++) {
		u32 arg = d->put[i].arg;
		if (d->put[i].kind != K_STRINGS || arg > 5 || c->vector.full)
			continue;
		if (r->args[arg])
			put_vector(c, arg, r->args[arg]);
		else
			r->absent |= 1 << arg;
	}
	return 0;
}

/* forced: the record crosses even if no plan wants it. */
static __always_inline int emit_exec(struct call *k, bool forced)
{
	u64 head;
	if (!open_record(k->c, k->slot, &head))
		return 0;
	struct record *r = at(k->c, head);
	begin(r, k);
	put_strings(r, k->d, 0);
	put_bases(r, k->t, k->d);
	if (stacks)
		put_stack(r, k->ctx);
	u32 want = judged(k->c, k->d, head, k->want);
	if (!want && k->want)
		k->c->filtered[k->slot & (SLOTS - 1)]++;
	if (!want && !forced) {
		abandon_record(k->c);
		return 0;
	}
	r->wanted = want;
	put_vectors(k->c, k->d, r, head, !(k->flags & FLAG_COMPAT));
	head = k->c->vector.head;
	close_record(k->c, head, length_of(at(k->c, head)));
	return 0;
}

/* A failed one at exit: its arguments came at entry. */
static __always_inline int emit_failed(struct call *k)
{
	u64 head;
	if (!open_record(k->c, k->slot, &head))
		return 0;
	struct record *r = at(k->c, head);
	begin(r, k);
	r->nargs = 0;
	set_length(r, HEADER);
	settle_record(k->c, k->d, k->slot, head, k->want);
	return 0;
}

/* An exec as it begins. */
static __always_inline int begun_exec(struct call *k, u32 tgid)
{
	bool forced = follow_exec(k->c, tgid);
	k->want = wanted(k->c, k->d, k->slot);
	return k->want || forced ? emit_exec(k, forced) : 0;
}

/* And one that failed: without a program at entry, it begins now. */
static __always_inline int failed_exec(struct call *k, u32 tgid)
{
	if (entryless) {
		long ret = k->ret;
		k->ret = 0;
		k->flags |= FLAG_ENTRY;
		begun_exec(k, tgid);
		k->ret = ret;
		k->flags &= ~FLAG_ENTRY;
	}
	k->want = wanted(k->c, k->d, k->slot);
	return k->want ? emit_failed(k) : 0;
}
