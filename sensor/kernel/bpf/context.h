/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who: the context of a task, filled only when something changed. */
#pragma once
#include "plan.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* one per CPU, set at load */
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
	if (cgroup_ssid < 0)
		return GET(t, cgroups, dfl_cgrp, kn, id);
	struct css_set *set = GET(t, cgroups);
	struct cgroup_subsys_state *css = 0;
	bpf_core_read(&css, sizeof css, &set->subsys[cgroup_ssid & 15]);
	return BPF_CORE_READ(css, cgroup, kn, id);
}

/* The number of a pid at a level, and that level's namespace. A direct load
 * would need a constant level. */
static __always_inline struct upid pid_at(struct pid *p, u32 level)
{
	struct upid u = {};
	u64 offset = bpf_core_field_offset(struct pid, numbers) + (u64)level * bpf_core_type_size(struct upid);
	barrier_var(offset); /* old verifiers do not follow a product */
	bpf_probe_read_kernel(&u, bpf_core_type_size(struct upid), (void *)p + (offset & 1023));
	return u;
}

/* Ids as the task's own pid namespace has them. */
static __always_inline void fill_own_ids(struct context *x, struct task_struct *t, struct pid *p)
{
	u32 level = GET(p, level);
	struct pid *parent = GET(t, real_parent, signal, pids[1]);
	if (level == 0) {
		x->pidns = control.host_pidns;
		x->pid = x->hpid;
		x->tid = x->htid;
		x->ppid = x->hppid;
		return;
	}
	struct upid u = pid_at(p, level);
	struct pid_namespace *ns = u.ns;
	x->tid = u.nr;
	x->pidns = BPF_CORE_READ(ns, ns.inum);
	/* a namespace begins with its process 1 */
	if (BPF_CORE_READ(ns, child_reaper, start_time) >= control.started)
		x->bits = BIT_NEW_CONTAINER;
	struct pid *group = GET(t, signal, pids[1]);
	if (group)
		x->pid = pid_at(group, level).nr;
	/* a parent outside the namespace is 0, as getppid says */
	if (parent && BPF_CORE_READ(parent, level) >= level) {
		u = pid_at(parent, level);
		if (u.ns == ns)
			x->ppid = u.nr;
	}
}

static __always_inline u32 container_bits(struct context *x)
{
	u64 cgroup = x->cgroup;
	u32 *known = bpf_map_lookup_elem(&containers, &cgroup);
	if (known)
		return *known;
	/* no cgroup tells, but namespaces of one's own do */
	if (x->pidns && x->pidns != control.host_pidns && x->mntns && x->mntns != control.host_mntns)
		return BIT_CONTAINER | (x->bits & BIT_NEW_CONTAINER);
	return 0;
}

/* t must be a trusted task: current, or a tracepoint's argument. */
static __always_inline void fill_context(struct context *x, struct task_struct *trusted, u32 version)
{
	struct task_struct *t = WALKED(struct task_struct, trusted);
	struct nsproxy *n = GET(t, nsproxy);
	struct pid *p = GET(t, thread_pid);

	x->thread_start = GET(t, start_time);
	x->start = GET(t, group_leader, start_time);
	x->hpid = GET(t, tgid);
	x->htid = GET(t, pid);
	x->hppid = GET(t, real_parent, tgid);
	x->uid = GET(t, real_cred, uid.val);
	x->euid = GET(t, real_cred, euid.val);
	x->gid = GET(t, real_cred, gid.val);
	const struct cred *cred = GET(t, real_cred);
	bpf_core_read(&x->cap, 8, &cred->cap_effective);
	x->cgroup = cgroup_id(t);
	bpf_core_read(x->comm, 16, &t->comm);
	x->mntns = x->pidns = x->pid = x->tid = x->ppid = x->bits = 0;
	x->uts[0] = x->uts[1] = 0;
	if (n) { /* none any more in a task that has exited */
		x->mntns = GET(n, mnt_ns, ns.inum);
		struct uts_namespace *uts = GET(n, uts_ns);
		bpf_core_read_str(x->uts, 16, &uts->name.nodename);
	}
	if (p)
		fill_own_ids(x, t, p);
	x->bits = container_bits(x) | (x->start >= control.started ? BIT_NEW : 0) | version << 16;
}

/* ---- the process-level conditions, once per context ---- */

static __always_inline bool word_holds(struct atom *a, u64 v)
{
	v = (v >> (a->shift & 63)) & a->mask;
	if (a->sext == 4)
		v = (s64)(s32)v;
	if (a->op == OP_MASK)
		return (v & a->lo) == a->hi;
	if (a->sext)
		return (s64)v >= (s64)a->lo && (s64)v <= (s64)a->hi;
	return v >= a->lo && v <= a->hi;
}

struct verdict {
	u32 pass, clause; /* plans still possible; the clause so far */
	u32 version;
	struct context *x;
	u64 name; /* of the record, in the old object */
};

/* A plan fails when a clause of it had no atom that holds. */
static __always_inline void fold(struct verdict *v, struct atom *a, bool yes)
{
	if (yes != (a->negated != 0))
		v->clause = 1;
	if (a->last) {
		if (!v->clause)
			v->pass &= ~(1u << (a->plan & 15));
		v->clause = 0;
	}
}

#define CONTEXT_LAST (sizeof(struct context) - 16)
static __always_inline bool context_holds(struct context *x, struct atom *a)
{
	u32 offset = a->offset & 0x7c;
	if (offset > CONTEXT_LAST)
		return false;
	u64 *w = (void *)x + offset;
	if (a->op == OP_STRING)
		return !(((w[0] ^ a->str[0]) & a->strmask[0]) | ((w[1] ^ a->str[1]) & a->strmask[1]));
	return word_holds(a, w[0]);
}

#ifdef OLD
static __always_inline struct context *scratch_context(u32 level); /* in lane.h */

/* The same for the context that goes with a name: see ring.h. */
GLOBAL int context_holds_there(u64 name, u32 copy, u32 i)
{
	struct cpu *c = this_cpu();
	struct context *x = 0;
	if (name & IN_SCRATCH)
		x = scratch_context(name);
	else if (c)
		x = &c->ctx;
	return x && context_holds(x, &control.atoms[copy & 1][i & (ATOMS - 1)]);
}
#define CONTEXT_HOLDS(x, name, copy, i) context_holds_there(name, copy, i)
#define OLD_ATOMS 64 /* more are left to user space */
#else
#define CONTEXT_HOLDS(x, name, copy, i) context_holds(x, &control.atoms[copy][i])
#endif

static long process_atom(u32 i, struct verdict *v)
{
	u32 copy = v->version & 1, n = i & (ATOMS - 1);
	fold(v, &control.atoms[copy][n], CONTEXT_HOLDS(v->x, v->name, copy, n));
	return 0;
}

/* The plans whose process conditions hold for x. */
static __always_inline u32 passing(struct context *x, u64 name, u32 tgid, u32 version)
{
	u32 copy = version & 1;
	struct verdict v = {.pass = control.all_plans[copy], .version = version, .x = x, .name = name};
	u32 n = control.process_atoms[copy];
#ifdef OLD
	for (u32 i = 0; i < OLD_ATOMS; i++) {
		if (i >= n)
			break;
		process_atom(i, &v);
	}
#else
	if (n)
		bpf_loop(n, process_atom, &v, 0);
#endif
	u32 follow = control.follow[copy];
	if (follow) {
		u32 *f = bpf_map_lookup_elem(&followed, &tgid);
		if (f)
			v.pass |= *f & follow;
	}
	return v.pass;
}

static __always_inline bool out_of_scope(u32 tgid)
{
	if (tgid == control.self)
		return true;
	if (!control.tree)
		return false;
	u32 *s = bpf_map_lookup_elem(&scope, &tgid);
	return !s || *s != 2;
}

/* Whether the remembered context is not that of the current task any more. What
 * changes behind the same pointers (a host's name, or a structure freed and made
 * again at the same address) raises the generation: see D_FRESH. */
static __always_inline bool context_changed(struct cpu *c, struct task_struct *t, u32 version)
{
	if (c->task != (u64)t || c->start != GET(t, start_time))
		return true;
	if (c->cred != (u64)GET(t, real_cred) || c->nsproxy != (u64)GET(t, nsproxy))
		return true;
	if (c->cgroups != (u64)GET(t, cgroups) || c->parent != (u64)GET(t, real_parent))
		return true;
	if (c->version != version || c->generation != control.generation)
		return true;
	u64 comm[2];
#ifdef OLD
	bpf_core_read(comm, 16, &t->comm);
#else
	__builtin_memcpy(comm, t->comm, 16);
#endif
	return c->comm[0] != comm[0] || c->comm[1] != comm[1];
}

static __always_inline int refresh(struct cpu *c, u32 version)
{
	struct task_struct *current = CURRENT(), *t = WALKED(struct task_struct, current);
	c->task = (u64)current;
	c->start = GET(t, start_time);
	c->cred = (u64)GET(t, real_cred);
	c->nsproxy = (u64)GET(t, nsproxy);
	c->cgroups = (u64)GET(t, cgroups);
	c->parent = (u64)GET(t, real_parent);
	c->version = version;
	c->generation = control.generation;
	c->sent = 0;
	bpf_core_read(c->comm, 16, &t->comm);
	u32 tgid = GET(t, tgid);
	c->skip = out_of_scope(tgid);
	if (c->skip)
		return 0;
	fill_context(&c->ctx, current, version);
	c->pass = passing(&c->ctx, 0, tgid, version);
	return 0;
}

/* Makes the remembered context that of the current task. */
#ifdef OLD
GLOBAL int refresh_here(u32 version)
{
	struct cpu *c = this_cpu();
	return c ? refresh(c, version) : 0;
}
static __always_inline void context_refresh(struct cpu *c, u32 version) { refresh_here(version); }
#else
GLOBAL int context_refresh(struct cpu *c, u32 version) { return c ? refresh(c, version) : 0; }
#endif
