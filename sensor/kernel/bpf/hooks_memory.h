/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory that can be written and executed, or changes from one to the other. */
#pragma once
#include "hooks_stash.h"

#define PROT_MASK 7 /* PROT_READ, PROT_WRITE, PROT_EXEC: the bits of vm_flags too */
#define PAGE 4096

enum { ALERT_MMAP = 1, ALERT_TO_EXEC, ALERT_E_TO_WE, ALERT_WE_TO_E };

static __always_inline u32 alert_of(u32 old, u32 new)
{
	if (!(new & PROT_EXEC))
		return 0;
	if (!(old & PROT_EXEC))
		return ALERT_TO_EXEC;
	if (!(old & PROT_WRITE))
		return new & PROT_WRITE ? ALERT_E_TO_WE : 0;
	return new & PROT_WRITE ? 0 : ALERT_WE_TO_E;
}

static __noinline int alert_event(u32 alert, u64 address, u64 length, u32 prot, s32 old)
{
	struct scratch *s = lane_open(EV_MEM_PROT_ALERT, 5, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = alert;
	a[1] = address;
	a[2] = length ? length : PAGE;
	a[3] = prot;
	if (old < 0)
		mark_absent(s, 4);
	else
		a[4] = old;
	return lane_close(s, ORDINARY);
}

/* Asked once for each region of the range. */
static __always_inline int protecting(struct vm_area_struct *vma, u32 prot)
{
	u32 old = BPF_CORE_READ(vma, vm_flags) & PROT_MASK;
	u32 alert = alert_of(old, prot & PROT_MASK);
	if (!alert)
		return 0;
	u64 from = BPF_CORE_READ(vma, vm_start);
	return alert_event(alert, from, BPF_CORE_READ(vma, vm_end) - from, prot & PROT_MASK, old);
}

SEC("fentry/security_file_mprotect")
int BPF_PROG(fentry_security_file_mprotect, struct vm_area_struct *vma, u64 asked, u64 prot) { return protecting(vma, asked); }

SEC("lsm/file_mprotect")
int BPF_PROG(lsm_file_mprotect, struct vm_area_struct *vma, u64 asked, u64 prot) { return protecting(vma, asked); }

SEC("kprobe/security_file_mprotect")
int BPF_KPROBE(kprobe_security_file_mprotect, struct vm_area_struct *vma, u64 asked, u64 prot) { return protecting(vma, asked); }

/* ---- derived: the region as it was before the call ---- */

static __always_inline int exit_mmap(u64 *a, long ret)
{
	u32 prot = a[2] & PROT_MASK;
	if (ret < 0 && ret > -4096)
		return 0;
	if ((prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC))
		return 0;
	return alert_event(ALERT_MMAP, ret, a[1], prot, -1);
}

#ifndef OLD
static long found_region(struct task_struct *t, struct vm_area_struct *vma, struct stash *h)
{
	h->prot = vma->vm_flags & PROT_MASK;
	h->known = 1;
	return 0;
}

static __always_inline void enter_mprotect(u32 tid, u32 slot, u64 address)
{
	struct stash h = {.slot = slot};
	bpf_find_vma(bpf_get_current_task_btf(), address, found_region, &h, 0);
	if (h.known)
		stash_put(tid, &h);
}
#else
static __always_inline void enter_mprotect(u32 tid, u32 slot, u64 address) {}
#endif

static __always_inline int exit_mprotect(u64 old, u64 *a, long ret)
{
	u32 alert = alert_of(old, a[2] & PROT_MASK);
	if (ret || !alert)
		return 0;
	return alert_event(alert, a[0], a[1], a[2] & PROT_MASK, old);
}
