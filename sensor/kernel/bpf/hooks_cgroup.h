/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of cgroups. A cgroup that names a container is known as one before
 * its first process runs. Under version 1 each hierarchy has an event of its
 * own; only one of them names containers. */
#pragma once
#include "hooks_items.h"

const volatile u32 cgroup_hierarchy = 0; /* id of the hierarchy that names containers */

static __always_inline u32 hierarchy_of(struct cgroup *g) { return BPF_CORE_READ(g, root, hierarchy_id); }

/* What a character of a name is: 1 a hexadecimal digit, 2 the end. A table, and
 * no branch in the scan: the verifier would follow each. */
static const volatile u8 character[256] = {
	[0] = 2,
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
};

/* Whether name has 64 hexadecimal digits in a row: a container's id. It is read
 * in four parts, for a stack is small. */
#define NAME_PART 64
struct hex_scan {
	u64 run; /* a bit per character, the last one lowest */
	u32 found, end;
	u8 part[NAME_PART];
};

static __always_inline u32 is_zero(u64 v)
{
	u64 negative = -v;
	barrier_var(negative);
	v |= negative;
	barrier_var(v);
	return 1 - (u32)(v >> 63);
}

static __always_inline void scan_part(struct hex_scan *h, const char *from)
{
	if (h->end || bpf_probe_read_kernel(h->part, NAME_PART, from)) {
		h->end = 1;
		return;
	}
	for (u32 i = 0; i < NAME_PART; i++) {
		u32 is = character[h->part[i]];
		h->run = h->run << 1 | (is & 1);
		h->end |= is >> 1; /* what follows is not the name's */
		h->found |= is_zero(~h->run) & ~h->end;
	}
}

static __always_inline bool names_container(const char *name)
{
	struct hex_scan h = {};
	for (u32 i = 0; i < 4; i++)
		scan_part(&h, name + i * NAME_PART);
	return h.found;
}

static __always_inline u64 parent_cgroup(struct kernfs_node *kn)
{
	struct kernfs_node___renamed *renamed = (void *)kn;
	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent, id);
	return BPF_CORE_READ(kn, parent, id);
}

/* A cgroup of the hierarchy that names containers belongs to one when its name
 * has the id, or when its parent already does. */
static __always_inline void learn_container(struct cgroup *g, u64 id)
{
	struct kernfs_node *kn = BPF_CORE_READ(g, kn);
	u64 parent = parent_cgroup(kn);
	u32 bits = BIT_CONTAINER | BIT_NEW_CONTAINER;
	u32 *known = bpf_map_lookup_elem(&containers, &parent);
	if (known)
		bits = *known;
	else if (!names_container(BPF_CORE_READ(kn, name)))
		return;
	bpf_map_update_elem(&containers, &id, &bits, BPF_ANY);
}

static __always_inline int cgroup_event(struct cgroup *g, const char *path, u32 id, bool made)
{
	u64 cgroup = BPF_CORE_READ(g, kn, id);
	u32 hierarchy = hierarchy_of(g);
	struct scratch *s = lane_open(id, 4, LIFECYCLE);
	/* the table is kept for all, whoever does it */
	if (hierarchy == cgroup_hierarchy) {
		if (made)
			learn_container(g, cgroup);
		else
			bpf_map_delete_elem(&containers, &cgroup);
	}
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = cgroup;
	a[2] = hierarchy;
	a[3] = hierarchy == cgroup_hierarchy;
	lane_string(s, 1, path);
	return lane_close(s, LIFECYCLE);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(tp_cgroup_mkdir, struct cgroup *g, const char *path) { return cgroup_event(g, path, EV_CGROUP_MKDIR, true); }

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(tp_cgroup_rmdir, struct cgroup *g, const char *path) { return cgroup_event(g, path, EV_CGROUP_RMDIR, false); }

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(tp_cgroup_attach_task, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct scratch *s = lane_open(EV_CGROUP_ATTACH_TASK, 5, LIFECYCLE);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[2] = task->pid;
	a[3] = BPF_CORE_READ(to, kn, id);
	a[4] = hierarchy_of(to);
	lane_string(s, 0, path);
	lane_string(s, 1, task->comm);
	return lane_close(s, LIFECYCLE);
}
