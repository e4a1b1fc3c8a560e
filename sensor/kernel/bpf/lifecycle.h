/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Life-cycle events: they keep `followed`, `scope` and `containers` current and
 * cross to user space whatever the plans say, for its tables depend on them. */
#pragma once
#include "hooks_items.h"

#define EV_DO_EXIT 1002
#define EV_PROCESS_EXIT 1010
#define EV_FORK 3000
#define EV_EXEC 3001
#define EV_CGROUP_ATTACH 3006
#define EV_CGROUP_MKDIR 3007
#define EV_CGROUP_RMDIR 3008
#define EV_RENAME 3022

const volatile u32 cgroup_hierarchy = 0;      /* id of the hierarchy that names containers; 0: v2 */
const volatile bool exit_tells_group = false; /* sched_process_exit has the argument group_dead */

/* ---- fork ---- */

static __always_inline void join_scope(u32 parent_tid, u32 parent, u32 child)
{
	u32 state = 2;
	if (control.arm_tid && parent_tid == control.arm_tid) {
		control.arm_tid = 0;
		state = 1; /* the root of the tree, before its execve */
	} else {
		u32 *s = bpf_map_lookup_elem(&scope, &parent);
		if (!s || *s != 2)
			return;
	}
	if (!bpf_map_update_elem(&scope, &child, &state, BPF_NOEXIST))
		COUNT(control.scoped);
}

static __always_inline void lane_child(struct scratch *s, struct task_struct *child)
{
	struct context *x = item_data(s);
	if (!x)
		return;
	fill_context(x, child, s->version);
	u64 *a = ARGS(s);
	a[0] = s->entry.ctx.htid;
	a[1] = s->entry.ctx.tid;
	a[2] = x->htid;
	a[3] = x->tid;
	a[4] = x->hpid;
	a[5] = x->pid;
	a[6] = x->start;
	item_end(s, x, TAG_CHILD, 0, sizeof *x);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = parent->tgid, pid = child->tgid;
	bool process = tgid != pid;

	if (process && control.tree)
		join_scope(parent->pid, tgid, pid);
	struct scratch *s = lane_open(parent, EV_FORK, 7, LIFECYCLE);
	if (!s)
		return 0;
	u32 follow = s->pass & control.follow[s->version & 1];
	if (process && follow)
		bpf_map_update_elem(&followed, &pid, &follow, BPF_ANY);
	lane_child(s, child);
	return lane_close(s, EV_FORK, LIFECYCLE);
}

/* ---- exec ---- */

/* The strings of the new program lie in its memory one after the other. They
 * follow in as many entries as they need, all but the last with FLAG_MORE, each
 * with one item that goes on where the one before ended. */
#define VECTOR_CHUNK 8192
#define VECTOR_CHUNKS 1024 /* 8 MiB: the kernel allows 6 */
struct vector {
	struct scratch *s;
	u64 from, to;
	u64 env, env_end; /* 0: not wanted, or under way */
	u32 tag, broken;
};

static __always_inline bool vector_left(struct vector *v) { return !v->broken && (v->from < v->to || v->env < v->env_end); }

/* Writes the next chunk as an item. What cannot be read ends the vector. */
static __always_inline void put_chunk(struct vector *v)
{
	struct scratch *s = v->s;
	if (v->from >= v->to) {
		v->from = v->env;
		v->to = v->env_end;
		v->env = v->env_end = 0;
		v->tag = TAG_ENV;
	}
	u64 n = v->to - v->from;
	barrier_var(n);
	if (n > VECTOR_CHUNK)
		n = VECTOR_CHUNK;
	u32 len = s->len;
	if (len > LANE_RECORD - VECTOR_CHUNK - 64)
		return;
	void *data = s->record + len + sizeof(struct item);
	if (bpf_probe_read_user(data, n, (void *)v->from)) {
		v->broken = 1;
		item_end(s, data, v->tag, ITEM_CUT, 0);
		return;
	}
	v->from += n;
	item_end(s, data, v->tag, 0, n);
}

static long vector_step(u32 i, struct vector *v)
{
	struct scratch *s = v->s;
	if (!vector_left(v))
		return 1;
	s->len = HEADER;
	put_chunk(v);
	RECORD(s)->flags = vector_left(v) ? FLAG_MORE : 0;
	if (!lane_output(s, LIFECYCLE))
		v->broken = 1;
	return 0;
}

/* Ends the entry of an exec with its strings. */
static __always_inline int close_exec(struct vector *v)
{
	struct scratch *s = v->s;
	put_chunk(v);
	if (!vector_left(v))
		return lane_close(s, EV_EXEC, LIFECYCLE);
	RECORD(s)->flags = FLAG_MORE;
	if (lane_send(s, EV_EXEC, LIFECYCLE)) {
		RECORD(s)->nargs = 0;
		RECORD(s)->absent = 0;
#ifdef OLD
		for (u32 i = 0; i < VECTOR_CHUNKS; i++)
			if (vector_step(i, v))
				break;
#else
		bpf_loop(VECTOR_CHUNKS, vector_step, v, 0);
#endif
	}
	scratch_give(s);
	return 0;
}

static __always_inline void exec_words(struct scratch *s, struct task_struct *t, struct file *f, u32 old_tid)
{
	u64 *a = ARGS(s);
	struct inode *i = BPF_CORE_READ(f, f_inode);
	struct file *in = file_of(t, 0);
	a[4] = BPF_CORE_READ(i, i_sb, s_dev);
	a[5] = BPF_CORE_READ(i, i_ino);
	a[6] = (GET(t, real_parent, flags) & PF_KTHREAD) != 0;
	a[7] = ctime_of(i);
	if (in)
		a[8] = BPF_CORE_READ(in, f_inode, i_mode);
	else
		mark_absent(s, 8);
	a[9] = old_tid;
}

static __always_inline void enter_scope(u32 tgid)
{
	u32 *state = bpf_map_lookup_elem(&scope, &tgid);
	if (state)
		*state = 2;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *t, u32 old_tid, struct linux_binprm *bprm)
{
	if (control.tree)
		enter_scope(t->tgid);
	struct scratch *s = lane_open(t, EV_EXEC, 10, LIFECYCLE);
	if (!s)
		return 0;
	struct file *f = bprm->file;
	struct mm_struct *mm = t->mm;
	struct fs_struct *fs = t->fs;
	exec_words(s, t, f, old_tid);
	lane_string(s, 0, bprm->filename);
	lane_string(s, TAG_INTERP, bprm->interp);
	lane_file(s, f);
	lane_file_path(s, TAG_EXE, f);
	if (fs)
		lane_path(s, TAG_CWD, (u64)fs->pwd.mnt, (u64)fs->pwd.dentry);
	struct vector v = {.s = s, .tag = TAG_ARGV};
	if (mm) {
		v.from = mm->arg_start;
		v.to = mm->arg_end;
		if (exec_env) {
			v.env = mm->env_start;
			v.env_end = mm->env_end;
		}
	}
	return close_exec(&v);
}

/* ---- exit ---- */

static __always_inline bool last_thread(struct task_struct *t, bool told)
{
	if (exit_tells_group)
		return told;
	struct signal_struct___live *g = (void *)t->signal;
	return BPF_CORE_READ(g, live.counter) == 0;
}

static __always_inline void forget_process(u32 tgid)
{
	bpf_map_delete_elem(&followed, &tgid);
	if (control.tree && !bpf_map_delete_elem(&scope, &tgid))
		__sync_fetch_and_add(&control.scoped, -1);
}

static __always_inline void exit_event(struct task_struct *t, u32 id, u32 nargs, u32 kind, bool last)
{
	struct scratch *s = lane_open(t, id, nargs, kind);
	if (!s)
		return;
	u64 *a = ARGS(s);
	if (id == EV_DO_EXIT) {
		RECORD(s)->ret = t->exit_code;
	} else {
		a[0] = t->exit_code;
		a[1] = last;
	}
	lane_close(s, id, kind);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *t)
{
	bool told = false;
	if (exit_tells_group)
		told = ctx[1];
	bool last = last_thread(t, told);
	exit_event(t, EV_DO_EXIT, 0, ORDINARY, last);
	exit_event(t, EV_PROCESS_EXIT, 2, LIFECYCLE, last);
	if (last)
		forget_process(t->tgid);
	return 0;
}

/* ---- names ---- */

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *name)
{
	struct scratch *s = lane_open(CURRENT(), EV_RENAME, 3, LIFECYCLE);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[2] = task->pid;
	lane_string(s, 0, task->comm);
	lane_string(s, 1, name);
	return lane_close(s, EV_RENAME, LIFECYCLE);
}

/* ---- cgroups ---- */

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
	struct scratch *s = lane_open(CURRENT(), id, 4, LIFECYCLE);
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
	return lane_close(s, id, LIFECYCLE);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *g, const char *path) { return cgroup_event(g, path, EV_CGROUP_MKDIR, true); }

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *g, const char *path) { return cgroup_event(g, path, EV_CGROUP_RMDIR, false); }

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct scratch *s = lane_open(CURRENT(), EV_CGROUP_ATTACH, 5, LIFECYCLE);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[2] = task->pid;
	a[3] = BPF_CORE_READ(to, kn, id);
	a[4] = hierarchy_of(to);
	lane_string(s, 0, path);
	lane_string(s, 1, task->comm);
	return lane_close(s, EV_CGROUP_ATTACH, LIFECYCLE);
}
