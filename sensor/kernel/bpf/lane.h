/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lane: one BPF ring buffer, never woken, for life-cycle events, for rare
 * ones, and for what may fire while another program is writing the ring of its
 * CPU. An entry is complete in itself: it carries its own context. */
#pragma once
#include "syscall.h"

/* What user space reads: this head, then the record with args and items. Its
 * time was taken at the hook, so that entries may stand out of order by as long
 * as a program runs. */
struct entry {
	u16 cpu;
	u16 lifecycle;	/* life-cycle entries among the dropped: state must be taken anew */
	u32 dropped;	/* entries that found no room here since the last one that did */
	struct context ctx;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set at load */
} lane SEC(".maps");

/* Where an entry is built. One per level of nesting on each CPU: a task, a
 * program that interrupts it, and so on. It remembers whose context it holds. */
#define NESTING 4
#define LANE_ARGS 16
#define LANE_RECORD 28672
#define LANE_LIMIT (LANE_RECORD - 4096 - 512) /* an item may begin below this */
struct scratch {
	u32 busy, want;
	u64 task, start, cred, nsproxy, cgroups, parent, comm[2];
	u64 pass;
	u32 generation, skip;
	struct entry entry;
	u8 record[LANE_RECORD];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NESTING);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

#define RECORD(s) ((struct record *)(s)->record)
#define ARGS(s) ((u64 *)((s)->record + HEADER))
#define BUMP(field) __sync_fetch_and_add(&(field), 1)
/* Whether another item may begin at len, in a form that every verifier keeps. */
#define ROOM(len) ({ barrier_var(len); (len) <= LANE_LIMIT; })

/* Programs of the fentry family may be preempted, so the claim is atomic. Where
 * the kernel has no compare-and-exchange it does not preempt them either, and
 * the loader puts a plain store in its place: see atomics in ../lane.go. */
static __always_inline struct scratch *scratch_take(void)
{
#pragma unroll
	for (u32 i = 0; i < NESTING; i++) {
		u32 key = i;
		struct scratch *s = bpf_map_lookup_elem(&scratches, &key);
		if (!s)
			return 0;
		if (!*(volatile u32 *)&s->busy && !__sync_val_compare_and_swap(&s->busy, 0, 1))
			return s;
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
	u64 *comm = (u64 *)t->comm;
	if (s->task != (u64)t || s->start != t->start_time)
		return true;
	if (s->cred != (u64)t->real_cred || s->nsproxy != (u64)t->nsproxy)
		return true;
	if (s->cgroups != (u64)t->cgroups || s->parent != (u64)t->real_parent)
		return true;
	if (s->generation != generation)
		return true;
	return s->comm[0] != comm[0] || s->comm[1] != comm[1];
}

static __always_inline u32 lane_passing(struct scratch *s, u32 tgid)
{
	struct verdict v = {.pass = all_plans[active & 1], .x = &s->entry.ctx};
	bpf_loop(process_atoms[active & 1], process_atom, &v, 0);
	if (follow[active & 1]) {
		u32 *f = bpf_map_lookup_elem(&followed, &tgid);
		if (f)
			v.pass |= *f & follow[active & 1];
	}
	return v.pass;
}

static __noinline int lane_context(struct scratch *s, struct task_struct *t)
{
	if (!s)
		return 0;
	u64 *comm = (u64 *)t->comm;
	u32 tgid = t->tgid;
	s->task = (u64)t;
	s->start = t->start_time;
	s->cred = (u64)t->real_cred;
	s->nsproxy = (u64)t->nsproxy;
	s->cgroups = (u64)t->cgroups;
	s->parent = (u64)t->real_parent;
	s->comm[0] = comm[0];
	s->comm[1] = comm[1];
	s->generation = generation;
	s->skip = out_of_scope(tgid);
	if (s->skip)
		return 0;
	fill_context(&s->entry.ctx, t);
	s->pass = lane_passing(s, tgid);
	return 0;
}

/* Life-cycle events cross whether wanted or not: state depends on them. */
enum { ORDINARY, LIFECYCLE };

static __always_inline void lane_lost(struct cpu *c, u32 slot)
{
	BUMP(c->lost[slot]);
}

/* Begins an event of the current task. 0 when nobody wants it; else the caller
 * writes ARGS and items and ends with lane_close. */
static __always_inline struct scratch *lane_open(struct task_struct *t, u32 id, u32 nargs, u32 kind)
{
	u32 slot = SLOT(id);
	u32 want = descs[slot].plans[active & 1];
	if (!want && kind != LIFECYCLE)
		return 0;
	if (t->tgid == self)
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct scratch *s = scratch_take();
	if (!s) {
		BUMP(c->generated[slot]);
		lane_lost(c, slot);
		return 0;
	}
	if (other_context(s, t))
		lane_context(s, t);
	if (s->skip) {
		scratch_give(s);
		return 0;
	}
	BUMP(c->generated[slot]);
	want &= s->pass;
	if (!want && kind != LIFECYCLE) {
		BUMP(c->filtered[slot]);
		scratch_give(s);
		return 0;
	}
	s->want = want;
	struct record *r = RECORD(s);
	r->time = bpf_ktime_get_ns();
	r->id = id;
	r->nargs = nargs;
	r->flags = 0;
	r->tid = s->entry.ctx.htid;
	r->absent = 0;
	r->ret = 0;
	return s;
}

/* ---- conditions on the record: numbers here, strings above ---- */

struct lane_judge {
	struct verdict v;
	struct scratch *s;
	u32 first;
};

static long lane_atom(u32 i, struct lane_judge *j)
{
	struct atom *a = &atoms[active & 1][(j->first + i) & (ATOMS - 1)];
	struct scratch *s = j->s;
	bool yes = !a->not_; /* what is not tested here is left to user space */
	if (a->on == ON_CONTEXT)
		yes = word_holds(a, *(u64 *)((void *)&s->entry.ctx + (a->offset & 0x68)));
	else if (a->on == ON_RECORD)
		yes = word_holds(a, *(u64 *)((void *)s->record + (a->offset & 0xf8)));
	fold(&j->v, a, yes);
	return 0;
}

static __always_inline u32 lane_wanted(struct scratch *s, u32 slot)
{
	u32 n = descs[slot].count[active & 1];
	if (!n || !s->want)
		return s->want;
	struct lane_judge j = {.v = {.pass = s->want}, .s = s, .first = descs[slot].first[active & 1]};
	bpf_loop(n, lane_atom, &j, 0);
	return j.v.pass;
}

static __always_inline int lane_send(struct scratch *s, struct cpu *c, u32 slot, u32 len, u32 kind)
{
	s->entry.cpu = bpf_get_smp_processor_id();
	RECORD(s)->size = len;
	barrier_var(len);
	if (len > LANE_RECORD)
		return 0;
	if (!bpf_ringbuf_output(&lane, &s->entry, sizeof s->entry + len, BPF_RB_NO_WAKEUP)) {
		s->entry.dropped = s->entry.lifecycle = 0;
		return 0;
	}
	lane_lost(c, slot);
	s->entry.dropped++;
	if (kind == LIFECYCLE)
		s->entry.lifecycle++;
	return 0;
}

/* Ends it: len is where the next item would begin. */
static __always_inline int lane_close(struct scratch *s, u32 id, u32 len, u32 kind)
{
	u32 slot = SLOT(id);
	struct cpu *c = this_cpu();
	if (c) {
		u32 want = lane_wanted(s, slot);
		RECORD(s)->wanted = want;
		if (want || kind == LIFECYCLE)
			lane_send(s, c, slot, len, kind);
		else
			BUMP(c->filtered[slot]);
	}
	scratch_give(s);
	return 0;
}

/* Gives an event up that turned out not to be one. */
static __always_inline int lane_forget(struct scratch *s, u32 id)
{
	struct cpu *c = this_cpu();
	if (c)
		__sync_fetch_and_add(&c->generated[SLOT(id)], (u64)-1);
	scratch_give(s);
	return 0;
}

/* ---- items ---- */

#define LANE_BEGIN(nargs) (HEADER + 8 * (nargs))

/* A string of the kernel, without its NUL. */
static __always_inline u32 lane_string(struct scratch *s, u32 len, u8 tag, const void *from)
{
	if (!ROOM(len))
		return len;
	long n = bpf_probe_read_kernel_str(s->record + len + sizeof(struct item), STRING_MOST, from);
	if (n <= 0) {
		if (tag < LANE_ARGS)
			RECORD(s)->absent |= 1 << tag;
		return len;
	}
	u8 cut = n == STRING_MOST ? ITEM_CUT : 0;
	return put_item(s->record, len, tag, cut, (u32)(n - 1) & (STRING_MOST - 1));
}
