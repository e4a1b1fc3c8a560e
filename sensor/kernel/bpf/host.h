/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the sensor must know of this host: run once, before anything is attached. */
#pragma once
#include "context.h"

#define ANCESTORS 64

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
	return 0;
}

/* The caller's thread, whatever its own namespace calls it. */
SEC("raw_tp/thread")
int thread(void *ctx) { return (u32)bpf_get_current_pid_tgid(); }
