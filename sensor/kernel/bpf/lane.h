/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lane: one BPF ring buffer, never woken, for life-cycle events, for rare
 * ones, and for what may fire while another program is writing the ring of its
 * CPU. An entry is complete in itself: it carries its own context. */
#pragma once
#include "emit.h"
#include "hooks_kernel.h"

/* What user space reads: this head, then the record with args and items. Its
 * time was taken at the hook, so an entry may stand behind younger ones, by as
 * long as a program runs. */
struct entry {
	u16 cpu;
	u16 lifecycle; /* life-cycle entries among the dropped: state must be taken anew */
	u32 dropped;   /* entries that found no room since the last one that did */
	struct context ctx;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* set at load */
} lane SEC(".maps");

/* Where an entry is built. One per level of nesting on each CPU: a task, a
 * program that interrupts it, and so on. It remembers whose context it holds. */
#define NESTING 4
#define LANE_ARGS 16
#define LANE_RECORD (RECORD_MOST + STRING_MOST + 64) /* as much as item_holds may look at */
struct scratch {
	u32 busy, want;
	u64 task, start, cred, nsproxy, cgroups, parent, comm[2];
	u32 version, generation;
	u32 pass, skip;
	u32 level, pad; /* which of them it is */
	struct entry entry;
	u8 record[LANE_RECORD];
	u64 name[8]; /* of the room, and more: struct named_room */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NESTING);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

#define RECORD(s) ((struct record *)(s)->record)
#define ARGS(s) ((u64 *)((s)->record + HEADER))
#define COUNT(field) __sync_fetch_and_add(&(field), 1)

/* Programs of the fentry family may be preempted, so the claim is atomic. Where
 * the kernel has no compare-and-exchange it does not preempt them either, and
 * the loader puts a plain store in its place: see ../lane.go. */
static __always_inline struct scratch *scratch_at(u32 level) { return bpf_map_lookup_elem(&scratches, &level); }

#ifdef OLD
static __always_inline struct room *scratch_room(u32 level)
{
	struct scratch *s = scratch_at(level);
	if (!s)
		return 0;
	barrier_var(s); /* tested before it is moved */
	return (void *)s->record;
}

static __always_inline struct context *scratch_context(u32 level)
{
	struct scratch *s = scratch_at(level);
	if (!s)
		return 0;
	barrier_var(s);
	return &s->entry.ctx;
}
#endif

static __always_inline struct scratch *scratch_take(void)
{
#pragma unroll
	for (u32 i = 0; i < NESTING; i++) {
		struct scratch *s = scratch_at(i);
		if (!s)
			return 0;
		if (!*(volatile u32 *)&s->busy && !__sync_val_compare_and_swap(&s->busy, 0, 1)) {
			s->level = i;
			return s;
		}
	}
	return 0;
}

static __always_inline void scratch_give(struct scratch *s)
{
	barrier();
	*(volatile u32 *)&s->busy = 0;
}

static __always_inline bool other_context(struct scratch *s, struct task_struct *t)
{
	if (s->task != (u64)t || s->start != GET(t, start_time))
		return true;
	if (s->cred != (u64)GET(t, real_cred) || s->nsproxy != (u64)GET(t, nsproxy))
		return true;
	if (s->cgroups != (u64)GET(t, cgroups) || s->parent != (u64)GET(t, real_parent))
		return true;
	if (s->version != control.version || s->generation != control.generation)
		return true;
	u64 comm[2];
	bpf_core_read(comm, 16, &t->comm);
	return s->comm[0] != comm[0] || s->comm[1] != comm[1];
}

static __noinline int lane_context(struct scratch *s, struct task_struct *t)
{
	if (!s)
		return 0;
	u32 tgid = GET(t, tgid);
	s->task = (u64)t;
	s->start = GET(t, start_time);
	s->cred = (u64)GET(t, real_cred);
	s->nsproxy = (u64)GET(t, nsproxy);
	s->cgroups = (u64)GET(t, cgroups);
	s->parent = (u64)GET(t, real_parent);
	s->version = control.version;
	s->generation = control.generation;
	bpf_core_read(s->comm, 16, &t->comm);
	s->skip = out_of_scope(tgid);
	if (s->skip)
		return 0;
	fill_context(&s->entry.ctx, t, s->version);
	s->pass = passing(&s->entry.ctx, IN_SCRATCH | s->level, tgid, s->version);
	return 0;
}

/* Life-cycle events cross whether wanted or not: state depends on them. The
 * account counts them like the others, only where a plan selects them. */
enum { ORDINARY, LIFECYCLE };
#define UNSELECTED (1u << 31) /* in want, beside the bits of the plans */

/* Functions that are not static are verified once, whoever calls them, and take
 * and return numbers only. The verifier's time is the user's at every start. */
__noinline int lane_begin(u32 id, u32 nargs, u32 kind)
{
	struct task_struct *t = TASK();
	u32 slot = SLOT(id) & (SLOTS - 1);
	u32 selected = control.descs[slot].plans[control.version & 1];
	if (!selected && kind != LIFECYCLE)
		return -1;
	if (GET(t, tgid) == control.self)
		return -1;
	struct cpu *c = this_cpu();
	if (!c)
		return -1;
	struct scratch *s = scratch_take();
	if (!s) {
		if (selected) {
			COUNT(c->generated[slot]);
			COUNT(c->lost[slot]);
		}
		return -1;
	}
	if (other_context(s, t))
		lane_context(s, t);
	if (s->skip) {
		scratch_give(s);
		return -1;
	}
	if (selected)
		COUNT(c->generated[slot]);
	s->want = control.descs[slot].plans[s->version & 1] & s->pass;
	if (!s->want && kind != LIFECYCLE) {
		COUNT(c->filtered[slot]);
		scratch_give(s);
		return -1;
	}
	if (!selected)
		s->want |= UNSELECTED;
	struct record *r = RECORD(s);
	name_room(r, IN_SCRATCH | s->level);
	r->time = bpf_ktime_get_ns();
	r->id = id;
	r->nargs = nargs;
	r->flags = 0;
	r->tid = s->entry.ctx.htid;
	r->absent = 0;
	r->ret = 0;
	for (u32 i = 0; i < LANE_ARGS; i++)
		ARGS(s)[i] = 0;
	set_length(r, HEADER + 8 * (nargs & (2 * LANE_ARGS - 1)));
	return s->level;
}

/* Begins an event of the current task. 0 when nobody wants it; else the caller
 * sets ARGS, which are 0, adds items and ends with lane_close. */
static __always_inline struct scratch *lane_open(u32 id, u32 nargs, u32 kind)
{
	int level = lane_begin(id, nargs, kind);
	return level < 0 ? 0 : scratch_at(level);
}

/* ---- conditions on the record ---- */

struct lane_judge {
	struct verdict v;
	struct scratch *s;
	u32 first;
};

/* What the record does not carry satisfies nothing. */
static __always_inline bool lane_word_holds(struct scratch *s, struct atom *a)
{
	struct record *r = RECORD(s);
	u32 offset = a->offset & 0xfc;
	if (offset >= HEADER) {
		u32 arg = (offset - HEADER) >> 3;
		if (arg >= r->nargs || r->absent >> (arg & 15) & 1)
			return false;
	}
	return word_holds(a, *(u64 *)(s->record + offset));
}

static long lane_atom(u32 i, struct lane_judge *j)
{
	struct scratch *s = j->s;
	u32 copy = j->v.version & 1, n = (j->first + i) & (ATOMS - 1);
	struct atom *a = &control.atoms[copy][n];
	bool yes;
	if (a->on == ON_CONTEXT)
		yes = CONTEXT_HOLDS(&s->entry.ctx, room_of(RECORD(s)), copy, n);
	else if (a->on == ON_RECORD)
		yes = lane_word_holds(s, a);
	else
		yes = ITEM_HOLDS(RECORD(s), a, copy, n);
	fold(&j->v, a, yes);
	return 0;
}

static __always_inline u32 lane_wanted(struct scratch *s, u32 slot)
{
	struct desc *d = &control.descs[slot];
	u32 n = d->count[s->version & 1];
	if (!n || !s->want)
		return s->want;
	struct lane_judge j = {
		.v = {.pass = s->want, .version = s->version},
		.s = s,
		.first = d->first[s->version & 1],
	};
#ifdef OLD
	for (u32 i = 0; i < OLD_ATOMS && i < n; i++)
		lane_atom(i, &j);
#else
	bpf_loop(n, lane_atom, &j, 0);
#endif
	return j.v.pass;
}

static __always_inline bool lane_output(struct scratch *s, u32 kind)
{
	u32 len = length_of(RECORD(s));
	s->entry.cpu = bpf_get_smp_processor_id();
	if (len > LANE_RECORD)
		return false;
	if (!bpf_ringbuf_output(&lane, &s->entry, sizeof s->entry + len, BPF_RB_NO_WAKEUP)) {
		s->entry.dropped = s->entry.lifecycle = 0;
		return true;
	}
	s->entry.dropped++;
	if (kind == LIFECYCLE)
		s->entry.lifecycle++;
	return false;
}

/* Sends the record if it is wanted and says whether it crossed. */
__noinline int lane_end(u32 level, u32 kind)
{
	struct scratch *s = scratch_at(level);
	struct cpu *c = this_cpu();
	if (!s || !c)
		return 0;
	u32 slot = SLOT(RECORD(s)->id) & (SLOTS - 1);
	bool selected = !(s->want & UNSELECTED);
	u32 want = lane_wanted(s, slot) & ~UNSELECTED;
	RECORD(s)->wanted = want;
	if (!want && selected)
		COUNT(c->filtered[slot]);
	if (!want && kind != LIFECYCLE)
		return 0;
	if (lane_output(s, kind))
		return 1;
	if (want)
		COUNT(c->lost[slot]);
	return 0;
}

/* An event that continues in a second record goes on with the same scratch. */
static __always_inline bool lane_send(struct scratch *s, u32 kind) { return lane_end(s->level, kind); }

static __always_inline int lane_close(struct scratch *s, u32 kind)
{
	lane_send(s, kind);
	scratch_give(s);
	return 0;
}
