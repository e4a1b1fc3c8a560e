/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the sensor must know of this host: run once, before anything is attached. */
#pragma once
#include "context.h"

#define ANCESTORS 64

/* The namespaces of the first process, in the order of init_namespaces' arguments. */
enum { SPACE_CGROUP, SPACE_IPC, SPACE_MNT, SPACE_NET, SPACE_PID, SPACE_PID_CHILDREN, SPACE_TIME, SPACE_TIME_CHILDREN, SPACE_USER, SPACE_UTS, SPACE_KINDS };
u32 init_spaces[SPACE_KINDS] SEC(".data.spaces");

static __always_inline void read_init_spaces(struct task_struct *t)
{
	struct nsproxy *n = BPF_CORE_READ(t, nsproxy);
	u32 *o = init_spaces;
	o[SPACE_CGROUP] = BPF_CORE_READ(n, cgroup_ns, ns.inum);
	o[SPACE_IPC] = BPF_CORE_READ(n, ipc_ns, ns.inum);
	o[SPACE_MNT] = BPF_CORE_READ(n, mnt_ns, ns.inum);
	o[SPACE_NET] = BPF_CORE_READ(n, net_ns, ns.inum);
	o[SPACE_PID] = BPF_CORE_READ(t, thread_pid, numbers[0].ns, ns.inum); /* it is in the outermost */
	o[SPACE_PID_CHILDREN] = BPF_CORE_READ(n, pid_ns_for_children, ns.inum);
	o[SPACE_TIME] = BPF_CORE_READ(n, time_ns, ns.inum);
	o[SPACE_TIME_CHILDREN] = BPF_CORE_READ(n, time_ns_for_children, ns.inum);
	o[SPACE_USER] = BPF_CORE_READ(t, real_cred, user_ns, ns.inum);
	o[SPACE_UTS] = BPF_CORE_READ(n, uts_ns, ns.inum);
}

/* Run by user space, so current is the sensor's own process: its number and the
 * first process's namespaces, even when the sensor lives in namespaces itself. */
SEC("raw_tp/host")
int host(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	control.self = BPF_CORE_READ(t, tgid);
	for (int i = 0; i < ANCESTORS; i++) {
		if (BPF_CORE_READ(t, tgid) <= 1)
			break;
		t = BPF_CORE_READ(t, real_parent);
	}
	struct nsproxy *n = BPF_CORE_READ(t, nsproxy);
	control.host_mntns = BPF_CORE_READ(n, mnt_ns, ns.inum);
	control.host_pidns = BPF_CORE_READ(n, pid_ns_for_children, ns.inum);
	control.started = bpf_ktime_get_ns();
	read_init_spaces(t);
	return 0;
}

/* The caller's thread, whatever its own namespace calls it. */
SEC("raw_tp/thread")
int thread(void *ctx) { return (u32)bpf_get_current_pid_tgid(); }
