/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capability checks. Those that the kernel itself asks not to be audited (may
 * this allocation overcommit?) would make every program of root look as if it
 * needed everything, so they are not events. */
#pragma once
#include "hooks_call.h"

#define CAP_OPT_NOAUDIT 2

static __noinline int capability_event(u32 cap)
{
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_CAP_CAPABLE, 2, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[0] = cap;
	set_call(s, 1, call_in_progress(t));
	return lane_close(s, ORDINARY);
}

SEC("fentry/cap_capable")
int BPF_PROG(fentry_cap_capable, const struct cred *cred, void *ns, u32 cap, u32 opts)
{
	return opts & CAP_OPT_NOAUDIT ? 0 : capability_event(cap);
}

SEC("kprobe/cap_capable")
int BPF_KPROBE(kprobe_cap_capable, const struct cred *cred, void *ns, u32 cap, u32 opts)
{
	return opts & CAP_OPT_NOAUDIT ? 0 : capability_event(cap);
}

/* The tracepoint (6.14) does not say how it was asked, but the functions that
 * ask without audit are few, and one of them is among the callers. */
#define QUIET_DEPTH 6
#define QUIET_RANGES 8
struct range {
	u64 from, to;
};
struct range quiet[QUIET_RANGES] SEC(".data.quiet"); /* set at load, from /proc/kallsyms */

static __always_inline bool is_quiet(u64 address)
{
	for (int i = 0; i < QUIET_RANGES; i++)
		if (address >= quiet[i].from && address < quiet[i].to)
			return true;
	return false;
}

static __always_inline bool asked_quietly(void *ctx)
{
	u64 callers[QUIET_DEPTH] = {};
	if (bpf_get_stack(ctx, callers, sizeof callers, 0) < 0)
		return false;
	for (int i = 0; i < QUIET_DEPTH; i++)
		if (is_quiet(callers[i]))
			return true;
	return false;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(tp_cap_capable, const struct cred *cred, void *target, void *granting, u32 cap, int ret)
{
	return asked_quietly(ctx) ? 0 : capability_event(cap);
}
