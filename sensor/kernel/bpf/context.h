/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who: the context of the current task, filled only when something changed. */
#pragma once
#include "plan.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);	/* one per CPU, set at load */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, 4);
	__uint(value_size, RING + 65536 + SLACK); /* ring size, set at load */
} cpus SEC(".maps");

/* Containers by cgroup id: BIT_CONTAINER, and BIT_NEW_CONTAINER when made after the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u32);
} containers SEC(".maps");

/* Followed processes by tgid: a bit per plan. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} followed SEC(".maps");

/* The tree of `-- CMD` by tgid: 1 before its execve, 2 from then on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} scope SEC(".maps");

static __always_inline struct cpu *this_cpu(void)
{
	u32 key = bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&cpus, &key);
}

static __always_inline u64 cgroup_id(struct task_struct *t)
{
	struct css_set *set = t->cgroups;
	if (cgroup_ssid < 0)
		return set->dfl_cgrp->kn->id;
	u64 id = 0;
	struct cgroup_subsys_state *css;
	bpf_core_read(&css, sizeof css, &set->subsys[cgroup_ssid & 15]);
	struct cgroup *g = BPF_CORE_READ(css, cgroup);
	BPF_CORE_READ_INTO(&id, g, kn, id);
	return id;
}

/* The number of a pid in its own namespace. A direct load needs a constant
 * level, so the common ones are spelled out. */
static __always_inline u32 own_number(struct pid *p, u32 level)
{
	if (level == 0)
		return p->numbers[0].nr;
	struct upid u = {};
	bpf_probe_read_kernel(&u, sizeof u, (void *)p + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid));
	return u.nr;
}

static __always_inline u32 pidns_of(struct pid *p, u32 level)
{
	if (level == 0)
		return p->numbers[0].ns->ns.inum;
	struct upid u = {};
	bpf_probe_read_kernel(&u, sizeof u, (void *)p + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(u.ns, ns.inum);
}

static __always_inline void read_uts(struct context *x, struct nsproxy *n)
{
	bpf_probe_read_kernel(x->uts, 16, n->uts_ns->name.nodename);
	((char *)x->uts)[15] = 0;
}

/* t must be a trusted task: current, or a tracepoint's argument. */
static __always_inline void fill_context(struct context *x, struct task_struct *t)
{
	const struct cred *cred = t->real_cred;
	struct task_struct *leader = t->group_leader, *parent = t->real_parent;
	struct nsproxy *n = t->nsproxy;
	struct pid *p = t->thread_pid;

	x->thread_start = t->start_time;
	x->start = leader->start_time;
	x->hpid = t->tgid;
	x->htid = t->pid;
	x->hppid = parent->tgid;
	x->uid = cred->uid.val;
	x->euid = cred->euid.val;
	x->gid = cred->gid.val;
	bpf_core_read(&x->cap, 8, &cred->cap_effective);
	x->cgroup = cgroup_id(t);
	bpf_core_read(x->comm, 16, &t->comm);
	x->mntns = x->pidns = x->pid = x->tid = x->ppid = 0;
	x->uts[0] = x->uts[1] = 0;
	if (n) {
		x->mntns = n->mnt_ns->ns.inum;
		read_uts(x, n);
	}
	if (p) {
		u32 level = p->level;
		x->pidns = pidns_of(p, level);
		x->tid = own_number(p, level);
		struct pid *g = t->signal->pids[1];
		if (g)
			x->pid = own_number(g, level);
		struct pid *pp = parent->signal->pids[1];
		if (pp && BPF_CORE_READ(pp, level) >= level) {
			struct upid u = {};
			bpf_probe_read_kernel(&u, sizeof u, (void *)pp + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid));
			/* a parent outside the namespace is 0, as getppid says */
			if (BPF_CORE_READ(u.ns, ns.inum) == x->pidns)
				x->ppid = u.nr;
		}
	}
	u32 bits = 0;
	u32 *known = bpf_map_lookup_elem(&containers, &x->cgroup);
	if (known)
		bits = *known;
	else if (x->pidns && x->pidns != host_pidns && x->mntns != host_mntns)
		/* no cgroup tells: namespaces do, and the first process's age says whether it is new */
		bits = BIT_CONTAINER;
	if (x->start >= started)
		bits |= BIT_NEW;
	x->bits = bits;
}

/* ---- the process-level conditions, once per context ---- */

struct verdict {
	u32 pass, clause;
	struct context *x;
};

static __always_inline bool word_holds(struct atom *a, u64 v)
{
	bool yes;
	v = (v >> (a->shift & 63)) & a->mask;
	if (a->op == OP_MASK) {
		yes = (v & a->lo) == a->hi;
	} else if (a->sext) {
		if (a->sext == 4)
			v = (u64)(s64)(s32)v;
		yes = (s64)v >= (s64)a->lo && (s64)v <= (s64)a->hi;
	} else {
		yes = v >= a->lo && v <= a->hi;
	}
	return yes;
}

/* A plan fails when a clause of it had no atom that holds. */
static __always_inline void fold(struct verdict *v, struct atom *a, bool yes)
{
	if (yes != (a->not_ != 0))
		v->clause = 1;
	if (a->last) {
		if (!v->clause)
			v->pass &= ~(1u << (a->plan & 15));
		v->clause = 0;
	}
}

static long process_atom(u32 i, struct verdict *v)
{
	u32 k = i & (ATOMS - 1);
	struct atom *a = &atoms[active & 1][k];
	struct cpu *c = this_cpu();
	if (!c)
		return 1;
	struct context *x = v->x ? v->x : &c->ctx;
	u32 offset = a->offset & 0x68;
	bool yes;
	u64 first = 0, second = 0;
	if (offset > sizeof(struct context) - 16)
		offset = sizeof(struct context) - 16;
	first = *(u64 *)((void *)x + offset);
	if (a->op == OP_STRING) {
		second = *(u64 *)((void *)x + offset + 8);
		yes = !(((first ^ a->str[0]) & a->strmask[0]) | ((second ^ a->str[1]) & a->strmask[1]));
	} else {
		yes = word_holds(a, first);
	}
	fold(v, a, yes);
	return 0;
}

static __always_inline u32 passing(u32 tgid)
{
	struct verdict v = {.pass = all_plans[active & 1]};
	bpf_loop(process_atoms[active & 1], process_atom, &v, 0);
	if (follow[active & 1]) {
		u32 *f = bpf_map_lookup_elem(&followed, &tgid);
		if (f)
			v.pass |= *f & follow[active & 1];
	}
	return v.pass;
}

static __always_inline bool context_changed(struct cpu *c, struct task_struct *t)
{
	u64 *comm = (u64 *)t->comm;
	if (c->task != (u64)t || c->start != t->start_time)
		return true;
	if (c->cred != (u64)t->real_cred || c->nsproxy != (u64)t->nsproxy)
		return true;
	if (c->cgroups != (u64)t->cgroups || c->parent != (u64)t->real_parent)
		return true;
	if (c->generation != generation)
		return true;
	return c->comm[0] != comm[0] || c->comm[1] != comm[1];
}

static __always_inline bool out_of_scope(u32 tgid)
{
	if (tgid == self)
		return true;
	if (!tree)
		return false;
	u32 *s = bpf_map_lookup_elem(&scope, &tgid);
	return !s || *s != 2;
}

static __noinline int context_refresh(struct cpu *c, struct task_struct *t)
{
	if (!c)
		return 0;
	u64 *comm = (u64 *)t->comm;
	c->task = (u64)t;
	c->start = t->start_time;
	c->cred = (u64)t->real_cred;
	c->nsproxy = (u64)t->nsproxy;
	c->cgroups = (u64)t->cgroups;
	c->parent = (u64)t->real_parent;
	c->comm[0] = comm[0];
	c->comm[1] = comm[1];
	c->generation = generation;
	c->sent = 0;
	u32 tgid = t->tgid;
	c->skip = out_of_scope(tgid);
	if (c->skip)
		return 0;
	fill_context(&c->ctx, t);
	c->pass = passing(tgid);
	return 0;
}
