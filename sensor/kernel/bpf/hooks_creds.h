/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of credentials and of namespaces: where the kernel makes them, if a
 * program may stand there, else from before and after the calls that can. */
#pragma once
#include "hooks_stash.h"

/* ---- credentials ---- */

static __always_inline void read_slim(struct slim *o, const struct cred *c)
{
	o->uid = BPF_CORE_READ(c, uid.val);
	o->gid = BPF_CORE_READ(c, gid.val);
	o->suid = BPF_CORE_READ(c, suid.val);
	o->sgid = BPF_CORE_READ(c, sgid.val);
	o->euid = BPF_CORE_READ(c, euid.val);
	o->egid = BPF_CORE_READ(c, egid.val);
	o->fsuid = BPF_CORE_READ(c, fsuid.val);
	o->fsgid = BPF_CORE_READ(c, fsgid.val);
	o->user_ns = BPF_CORE_READ(c, user_ns, ns.inum);
	o->securebits = BPF_CORE_READ(c, securebits);
	bpf_core_read(&o->inheritable, 8, &c->cap_inheritable);
	bpf_core_read(&o->permitted, 8, &c->cap_permitted);
	bpf_core_read(&o->effective, 8, &c->cap_effective);
	bpf_core_read(&o->bounding, 8, &c->cap_bset);
	bpf_core_read(&o->ambient, 8, &c->cap_ambient);
}

static __always_inline bool same_slim(struct slim *a, struct slim *b)
{
	u64 *x = (u64 *)a, *y = (u64 *)b, diff = 0;
	for (u32 i = 0; i < sizeof *a / 8; i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

static __always_inline void lane_slim(struct scratch *s, u32 tag, struct slim *c)
{
	void *data = item_data(s);
	if (!data)
		return;
	__builtin_memcpy(data, c, sizeof *c);
	item_end(s, data, tag, 0, sizeof *c);
}

/* old is 0 where nobody looked before. */
static __noinline int creds_event(struct task_struct *t, struct slim *old, struct slim *new)
{
	if (!t || !new)
		return 0;
	if (old && same_slim(old, new))
		return 0;
	struct scratch *s = lane_open(EV_COMMIT_CREDS, 3, LIFECYCLE);
	if (!s)
		return 0;
	if (old)
		lane_slim(s, 0, old);
	else
		mark_absent(s, 0);
	lane_slim(s, 1, new);
	set_call(s, 2, call_in_progress(t));
	return lane_close(s, LIFECYCLE);
}

static __always_inline int committing(const struct cred *to)
{
	struct task_struct *t = TASK();
	struct slim old, new;
	read_slim(&old, GET(t, real_cred));
	read_slim(&new, to);
	return creds_event(t, &old, &new);
}

SEC("fentry/commit_creds")
int BPF_PROG(fentry_commit_creds, struct cred *to) { return committing(to); }

SEC("kprobe/commit_creds")
int BPF_KPROBE(kprobe_commit_creds, struct cred *to) { return committing(to); }

/* ---- namespaces ---- */

static __always_inline void read_spaces(struct spaces *o, struct nsproxy *n)
{
	o->mnt = BPF_CORE_READ(n, mnt_ns, ns.inum);
	o->pid = BPF_CORE_READ(n, pid_ns_for_children, ns.inum);
	o->uts = BPF_CORE_READ(n, uts_ns, ns.inum);
	o->ipc = BPF_CORE_READ(n, ipc_ns, ns.inum);
	o->net = BPF_CORE_READ(n, net_ns, ns.inum);
	o->cgroup = BPF_CORE_READ(n, cgroup_ns, ns.inum);
}

#define SPACES 6

/* A namespace that did not change is not carried. */
static __noinline int spaces_event(struct task_struct *t, u32 tid, struct spaces *old, struct spaces *new)
{
	if (!t || !new)
		return 0;
	u32 *from = (u32 *)old, *to = (u32 *)new, same = 0;
	for (u32 i = 0; from && i < SPACES; i++)
		same |= (from[i] == to[i]) << i;
	if (same == (1 << SPACES) - 1)
		return 0;
	struct scratch *s = lane_open(EV_SWITCH_TASK_NS, 1 + SPACES, LIFECYCLE);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = tid;
	for (u32 i = 0; i < SPACES; i++)
		a[1 + i] = to[i];
	RECORD(s)->absent = same << 1;
	return lane_close(s, LIFECYCLE);
}

static __always_inline int switching(struct task_struct *who, struct nsproxy *to)
{
	if (!to) /* the thread exits */
		return 0;
	struct spaces old, new;
	read_spaces(&old, BPF_CORE_READ(who, nsproxy));
	read_spaces(&new, to);
	return spaces_event(TASK(), BPF_CORE_READ(who, pid), &old, &new);
}

SEC("fentry/switch_task_namespaces")
int BPF_PROG(fentry_switch_task_namespaces, struct task_struct *who, struct nsproxy *to) { return switching(who, to); }

SEC("kprobe/switch_task_namespaces")
int BPF_KPROBE(kprobe_switch_task_namespaces, struct task_struct *who, struct nsproxy *to) { return switching(who, to); }

/* ---- derived, when selected: before and after ---- */

static __always_inline void enter_state(struct task_struct *t, u32 tid, u32 slot)
{
	struct stash h = {.slot = slot};
	read_slim(&h.creds, GET(t, real_cred));
	read_spaces(&h.spaces, GET(t, nsproxy));
	stash_put(tid, &h);
}

static __noinline int exit_creds(struct task_struct *t, struct stash *h)
{
	if (!t || !h)
		return 0;
	struct slim old = h->creds, new;
	read_slim(&new, GET(t, real_cred));
	return creds_event(t, &old, &new);
}

static __noinline int exit_spaces(struct task_struct *t, u32 tid, struct stash *h)
{
	if (!t || !h)
		return 0;
	struct spaces old = h->spaces, new;
	read_spaces(&new, GET(t, nsproxy));
	return spaces_event(t, tid, &old, &new);
}

/* ---- not selected: user space's tables still want to know ---- */

/* These write into the entry directly: the stack under them is nearly full. */
__noinline int creds_state(u32 kind)
{
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_COMMIT_CREDS, 3, kind);
	if (!s)
		return 0;
	mark_absent(s, 0);
	struct slim *new = item_data(s);
	if (new) {
		read_slim(new, GET(t, real_cred));
		item_end(s, new, 1, 0, sizeof *new);
	}
	set_call(s, 2, call_in_progress(t));
	return lane_close(s, kind);
}

__noinline int spaces_state(u32 kind)
{
	struct task_struct *t = TASK();
	struct nsproxy *n = GET(t, nsproxy);
	struct scratch *s = lane_open(EV_SWITCH_TASK_NS, 1 + SPACES, kind);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = GET(t, pid);
	a[1] = BPF_CORE_READ(n, mnt_ns, ns.inum);
	a[2] = BPF_CORE_READ(n, pid_ns_for_children, ns.inum);
	a[3] = BPF_CORE_READ(n, uts_ns, ns.inum);
	a[4] = BPF_CORE_READ(n, ipc_ns, ns.inum);
	a[5] = BPF_CORE_READ(n, net_ns, ns.inum);
	a[6] = BPF_CORE_READ(n, cgroup_ns, ns.inum);
	return lane_close(s, kind);
}

/* What user space was told last of a thread's credentials: of them it keeps what
 * a context has. A thread may call setuid(0) for ever without a change, and must
 * not flood the lane with it. */
struct told {
	u64 start, cap;
	u32 uid, euid, gid, pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct told);
} told_creds SEC(".maps");

/* Whether the current thread's are those; if not, they are from now on. */
__noinline int creds_told(u32 tid)
{
	struct task_struct *t = TASK();
	const struct cred *c = GET(t, real_cred);
	struct told now = {};
	now.start = GET(t, start_time);
	now.uid = BPF_CORE_READ(c, uid.val);
	now.euid = BPF_CORE_READ(c, euid.val);
	now.gid = BPF_CORE_READ(c, gid.val);
	bpf_core_read(&now.cap, 8, &c->cap_effective);
	struct told *old = bpf_map_lookup_elem(&told_creds, &tid);
	if (old && old->start == now.start && old->cap == now.cap && old->uid == now.uid && old->euid == now.euid && old->gid == now.gid)
		return 1;
	bpf_map_update_elem(&told_creds, &tid, &now, BPF_ANY);
	return 0;
}

/* Called at the exit of the calls that can change either. What was before is
 * known only if this CPU last saw the same task. */
static __always_inline int state_exit(struct task_struct *t, u32 slot, long ret)
{
	struct cpu *c = this_cpu();
	if (!c || ret < 0)
		return 0;
	bool known = c->task == (u64)t && c->start == GET(t, start_time);
	if ((slot == CALL_SETNS || slot == CALL_UNSHARE) && !is_derived(EV_SWITCH_TASK_NS) &&
	    !(known && c->nsproxy == (u64)GET(t, nsproxy)))
		spaces_state(LIFECYCLE);
	if (!is_derived(EV_COMMIT_CREDS) && !(known && c->cred == (u64)GET(t, real_cred)) && !creds_told(GET(t, pid)))
		creds_state(LIFECYCLE);
	return 0;
}
