/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The conditions on one event, asked of the record that was just written. */
#pragma once
#include "path.h"
#include "ring.h"

/* The item with a tag: where its data begin, and how long they are. */
struct find {
	void *record;
	u32 offset, size, tag, found, length, flags;
};

static long find_step(u32 i, struct find *f)
{
	u32 o = forget(f->record, f->offset);
	barrier_var(o);
	if (o > RECORD_MOST || o + sizeof(struct item) > f->size)
		return 1;
	struct item *it = f->record + o;
	if (it->tag == f->tag) {
		if (it->flags & ITEM_ANON)
			return 1; /* a name, not a path */
		f->found = o + sizeof(struct item);
		f->length = it->len;
		f->flags = it->flags;
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

/* Names of a path end with a NUL each. A scan looks for one. */
struct scan {
	u8 *record;
	u32 at, step; /* step: 1 or -1 */
};

static long scan_step(u32 i, struct scan *s)
{
	u32 o = forget((void *)s->record, s->at);
	barrier_var(o);
	if (o >= RECORD_MOST + STRING_MOST || s->record[o] == 0)
		return 1;
	s->at = o + s->step;
	return 0;
}

/* Where the next NUL is from at, or where the scan gave up. */
static __always_inline u32 next_nul(struct record *r, u32 at, u32 step)
{
	struct scan s = {.record = (void *)r, .at = at, .step = step};
#ifdef OLD
	for (int i = 0; i < NAME_MOST; i++)
		if (scan_step(i, &s))
			break;
#else
	bpf_loop(NAME_MOST, scan_step, &s, 0);
#endif
	return forget(r, s.at);
}

/* Compares words from..to of the atom with what stands at o, which may lie up to
 * 64 bytes before the record: the mask leaves that out. */
static __always_inline bool same(struct record *r, u32 o, struct atom *a, int from, int to)
{
	o += 64;
	barrier_var(o);
	if (o > RECORD_MOST + STRING_MOST)
		return false;
	u64 *w = (void *)r + o - 64;
	u64 diff = 0;
	for (int n = from; n < to; n++)
		diff |= (w[n - from] ^ a->str[n]) & a->strmask[n];
	return !diff;
}

/* A number among the facts of a file or a socket. */
static __always_inline bool number_holds(struct record *r, u32 o, struct atom *a)
{
	barrier_var(o);
	if (o > RECORD_MOST)
		return false;
	return word_holds(a, *(u64 *)((void *)r + o));
}

/* A socket address's port, of the families that have one. */
static __always_inline bool port_holds(struct record *r, u32 o, struct atom *a)
{
	barrier_var(o);
	if (o > RECORD_MOST)
		return false;
	u16 *w = (void *)r + o;
	u16 port = __builtin_bswap16(w[1]);
	return (w[0] == 2 || w[0] == 10) && port >= a->lo && port <= a->hi;
}

/* Tests of an item's bytes. Records of the lane have them too: what is asked for
 * is room for RECORD_MOST + STRING_MOST + 64 bytes, and 64 before the record. */
static __always_inline int item_tested(struct record *r, struct atom *a)
{
	struct find f = {.record = r, .offset = HEADER + 8 * (r->nargs & 31), .size = length_of(r), .tag = a->tag};
	find_item(&f);
	if (!f.found)
		return a->doubt && !a->negated;
	if (a->op == OP_RANGE || a->op == OP_MASK)
		return number_holds(r, f.found + (a->offset & 63), a);
	if (a->op == OP_PORT)
		return f.length >= 4 && port_holds(r, f.found, a);
	if (f.length < a->lo || f.length > a->hi)
		return 0;
	u32 end = f.found + f.length;
	if (a->op == OP_STRING)
		return same(r, f.found, a, 0, 8);
	if (a->op == OP_TAIL) /* str stands at the end of its 64 bytes */
		return same(r, end - 64, a, 0, 8);
	if (a->op == OP_LEAF) /* the end of the first name */
		return same(r, next_nul(r, f.found, 1) - 64, a, 0, 8);
	if (f.flags & ITEM_CUT)
		return 0; /* the front of the path is missing */
	/* OP_BELOW: the names of the directory at the end of the last 32 bytes, which
	 * end the path, and before them the begin of a name in the first 32 */
	if (!same(r, end - 32, a, 4, 8))
		return 0;
	u32 name = next_nul(r, end - a->offset - 1, -1);
	return name >= f.found - 1 && same(r, name + 1, a, 0, 4);
}

#ifdef OLD
GLOBAL int item_holds_there(u64 name, u32 copy, u32 i)
{
	struct room *room = room_at(name);
	return room ? item_tested(&room->record, &control.atoms[copy & 1][i & (ATOMS - 1)]) : 0;
}
#define ITEM_HOLDS(r, a, copy, i) item_holds_there(room_of(r), copy, i)
#else
#define ITEM_HOLDS(r, a, copy, i) item_holds(r, a)
static __noinline int item_holds(struct record *r, struct atom *a) { return r && a ? item_tested(r, a) : 0; }
#endif

static __always_inline bool word_of_record_holds(struct record *r, struct atom *a)
{
	if (a->tag < 16 && (a->tag >= r->nargs || r->absent >> a->tag & 1))
		return false;
	return word_holds(a, *(u64 *)((void *)r + (a->offset & 0xfc)));
}

/* A record and what lies before it. */
struct desk {
	u8 before[64];
	struct room room;
};

struct judge {
	struct verdict v;
	struct desk *desk;
	u32 first;
};

static long judge_atom(u32 i, struct judge *j)
{
	u32 copy = j->v.version & 1, n = (j->first + i) & (ATOMS - 1);
	struct atom *a = &control.atoms[copy][n];
	struct record *r = &j->desk->room.record;
	bool yes;
	if (a->on == ON_CONTEXT)
		yes = CONTEXT_HOLDS(j->v.x, room_of(r), copy, n);
	else if (a->on == ON_RECORD)
		yes = word_of_record_holds(r, a);
	else
		yes = ITEM_HOLDS(r, a, copy, n);
	fold(&j->v, a, yes);
	return 0;
}

static __always_inline u32 judge_all(struct desk *desk, struct context *x, u32 first, u32 n, u32 want, u32 version)
{
	struct judge j = {.v = {.pass = want, .version = version, .x = x}, .desk = desk, .first = first};
#ifdef OLD
	for (u32 i = 0; i < OLD_ATOMS; i++) {
		if (i >= n)
			break;
		judge_atom(i, &j);
	}
#else
	bpf_loop(n, judge_atom, &j, 0);
#endif
	return j.v.pass;
}

static __always_inline struct desk *desk_of(struct record *r) { return (void *)r - 64; }

/* Which of the plans in want the record satisfies. */
#ifdef OLD
GLOBAL u32 judge_there(u64 head, u32 first, u32 n, u32 want, u32 version)
{
	struct cpu *c = this_cpu();
	return c ? judge_all(desk_of(at(c, head)), &c->ctx, first, n, want, version) : 0;
}
static __always_inline u32 judge(struct cpu *c, struct desc *d, u64 head, u32 want, u32 version)
{
	return judge_there(head, d->first[version & 1], d->count[version & 1], want, version);
}
#else
GLOBAL u32 judge_desk(struct desk *desk, struct context *x, struct desc *d, u32 want, u32 version)
{
	return desk && x && d ? judge_all(desk, x, d->first[version & 1], d->count[version & 1], want, version) : 0;
}
static __always_inline u32 judge(struct cpu *c, struct desc *d, u64 head, u32 want, u32 version)
{
	return judge_desk(desk_of(at(c, head)), &c->ctx, d, want, version);
}
#endif
