/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of processes. These programs keep `followed` and `scope` current, and
 * their events cross whatever the plans say: user space's tables depend on them. */
#pragma once
#include "hooks_exec.h"

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
int BPF_PROG(tp_sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = parent->tgid, pid = child->tgid;
	bool process = tgid != pid;

	if (process && control.tree)
		join_scope(parent->pid, tgid, pid);
	struct scratch *s = lane_open(EV_SCHED_PROCESS_FORK, 7, LIFECYCLE);
	if (!s)
		return 0;
	u32 follow = s->pass & control.follow[s->version & 1];
	if (process && follow)
		bpf_map_update_elem(&followed, &pid, &follow, BPF_ANY);
	lane_child(s, WALKED(struct task_struct, child));
	return lane_close(s, LIFECYCLE);
}

/* ---- exec ---- */

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
int BPF_PROG(tp_sched_process_exec, struct task_struct *t, u32 old_tid, struct linux_binprm *bprm)
{
	__sync_fetch_and_add(&control.generation, 1); /* credentials may have come and gone at one address */
	if (control.tree)
		enter_scope(t->tgid);
	struct scratch *s = lane_open(EV_SCHED_PROCESS_EXEC, 10, LIFECYCLE);
	if (!s)
		return 0;
	struct file *f = bprm->file;
	struct mm_struct *mm = t->mm;
	exec_words(s, t, f, old_tid);
	lane_string(s, 0, bprm->filename);
	lane_string(s, TAG_INTERP, bprm->interp);
	lane_file(s, f);
	lane_file_path(s, TAG_EXE, f);
	lane_cwd(s, TAG_CWD);
	struct strings v = {.s = s, .tag = TAG_ARGV};
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
	struct scratch *s = lane_open(id, nargs, kind);
	if (!s)
		return;
	u64 *a = ARGS(s);
	if (id == EV_DO_EXIT) {
		RECORD(s)->ret = t->exit_code;
	} else {
		a[0] = t->exit_code;
		a[1] = last;
	}
	lane_close(s, kind);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(tp_sched_process_exit, struct task_struct *t)
{
	bool told = false;
	if (exit_tells_group)
		told = ctx[1];
	bool last = last_thread(t, told);
	exit_event(t, EV_DO_EXIT, 0, ORDINARY, last);
	exit_event(t, EV_SCHED_PROCESS_EXIT, 2, LIFECYCLE, last);
	if (last)
		forget_process(t->tgid);
	return 0;
}

/* ---- names ---- */

SEC("tp_btf/task_rename")
int BPF_PROG(tp_task_rename, struct task_struct *task, const char *name)
{
	struct scratch *s = lane_open(EV_TASK_RENAME, 3, LIFECYCLE);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[2] = task->pid;
	lane_string(s, 0, task->comm);
	lane_string(s, 1, name);
	return lane_close(s, LIFECYCLE);
}
