/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The conditions on one event, asked of the record that was just written. */
#pragma once
#include "ring.h"

struct judge {
	struct verdict v;
	u64 head;
	u32 first;
};

/* The item with a tag: where its data begin, and how long they are. */
struct find {
	void *record;
	u32 offset, size, tag, found, length;
};

static long find_step(u32 i, struct find *f)
{
	u32 o = f->offset;
	barrier_var(o);
	if (o > RECORD_MOST || o + sizeof(struct item) > f->size)
		return 1;
	struct item *it = f->record + o;
	if (it->tag == f->tag) {
		f->found = o + sizeof(struct item);
		f->length = it->len;
		return 1;
	}
	f->offset = o + sizeof(struct item) + ((it->len + 7) & ~7u);
	return 0;
}

#define ITEMS_MOST 8
static __always_inline void find_item(struct find *f)
{
#ifdef OLD
	for (int i = 0; i < ITEMS_MOST; i++)
		if (find_step(i, f))
			break;
#else
	bpf_loop(ITEMS_MOST, find_step, f, 0);
#endif
}

/* Records of the lane too: they have as much room behind RECORD_MOST. */
static __always_inline bool item_holds(struct record *r, struct atom *a)
{
	struct find f = {.record = r, .offset = HEADER + 8 * (r->nargs & 31), .size = length_of(r), .tag = a->tag};
	find_item(&f);
	if (!f.found)
		return false;
	if (f.length < a->lo || f.length > a->hi)
		return false;
	u32 o = f.found;
	if (a->op == OP_TAIL) /* the data's end against the end of str */
		o = f.found + f.length - 64;
	barrier_var(o);
	if (o > RECORD_MOST + STRING_MOST)
		return false;
	u64 *w = (void *)r + o;
	u64 diff = 0;
	for (int n = 0; n < 8; n++)
		diff |= (w[n] ^ a->str[n]) & a->strmask[n];
	return !diff;
}

static long judge_atom(u32 i, struct judge *j)
{
	struct atom *a = &control.atoms[j->v.version & 1][(j->first + i) & (ATOMS - 1)];
	struct cpu *c = this_cpu();
	if (!c)
		return 1;
	struct record *r = at(c, j->head);
	bool yes;
	if (a->on == ON_CONTEXT)
		yes = context_holds(&c->ctx, a);
	else if (a->on == ON_RECORD)
		yes = word_holds(a, *(u64 *)((void *)r + (a->offset & 0x7c)));
	else
		yes = item_holds(r, a);
	fold(&j->v, a, yes);
	return 0;
}

#ifdef OLD
#define OLD_EVENT_ATOMS 8
#endif

static __always_inline u32 judge(struct cpu *c, u64 head, u32 first, u32 n, u32 want)
{
	struct judge j = {.v = {.pass = want, .version = c->version}, .head = head, .first = first};
#ifdef OLD
	for (u32 i = 0; i < OLD_EVENT_ATOMS; i++) {
		if (i >= n)
			break;
		judge_atom(i, &j);
	}
#else
	bpf_loop(n, judge_atom, &j, 0);
#endif
	return j.v.pass;
}
