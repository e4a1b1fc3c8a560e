/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The system call programs. At exit the saved registers still hold the
 * arguments, so most calls need no program at entry. */
#pragma once
#include "emit.h"
#include "exec.h"

#define EV_SYS_ENTER 1000
#define EV_SYS_EXIT 1001

static __always_inline bool is_selected(u32 when, u32 nr)
{
	return nr < NUMBERS && control.selected[when][(nr >> 6) & 15] >> (nr & 63) & 1;
}

static __always_inline u32 entry_of(u32 nr, bool compat)
{
	return compat ? slots32[nr & (NUMBERS - 1)] : slots[nr & (NUMBERS - 1)];
}

/* The events sys_enter and sys_exit, whose only argument says which call it is:
 * by the dictionary's id, or the bare number where it has none. */
static __noinline int emit_raw(struct cpu *c, struct task_struct *t, u32 slot, u64 call, u32 version)
{
	struct desc *d = &control.descs[slot & (SLOTS - 1)];
	u64 head;
	if (!c)
		return 0;
	u32 want = wanted(c, t, d, slot, version);
	if (!want || !open_record(c, slot, &head))
		return 0;
	struct record *r = at(c, head);
	r->time = bpf_ktime_get_ns();
	r->id = d->id;
	r->nargs = 1;
	r->flags = slot == SLOT(EV_SYS_ENTER) ? FLAG_ENTRY : 0;
	r->tid = c->ctx.htid;
	r->absent = 0;
	r->ret = 0;
	r->args[0] = call;
	set_length(r, HEADER + 8);
	settle_record(c, d, slot, head, want);
	return 0;
}

/* Whether sys_enter or sys_exit is selected: rarely. */
static __always_inline void raw_event(struct cpu *c, struct task_struct *t, u32 id, u32 nr, struct desc *d, u32 version)
{
	if (control.descs[SLOT(id)].plans[version & 1])
		emit_raw(c, t, SLOT(id), d->id ? d->id : nr, version);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	u32 nr = number_of(regs);
	if (!is_selected(0, nr))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct task_struct *t = CURRENT();
	bool compat = is_compat(t);
	u32 version = control.version;
	u32 entry = entry_of(nr, compat);
	u32 slot = SLOT_OF(entry);
	struct desc *d = &control.descs[slot];
	raw_event(c, t, EV_SYS_EXIT, nr, d, version);
	if (d->flags) {
#ifndef ALONE
		if (d->flags & D_STATE)
			state_exit(t, slot, ret);
#endif
		if ((d->flags & D_CHILD) && ret == 0)
			return 0; /* the child's side of a fork */
		if ((d->flags & D_ENTRY) && !((d->flags & D_EXEC) && ret < 0))
			return 0;
	}
	u32 want = wanted(c, t, d, slot, version);
	if (!want)
		return 0;
	struct call k = {
		.c = c, .t = t, .d = d, .regs = regs, .ret = ret, .slot = slot, .shape = SHAPE_OF(entry), .want = want,
		.flags = compat ? FLAG_COMPAT : 0,
	};
	return emit(&k);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long id)
{
	u32 nr = id & ~X32_BIT;
	if (!is_selected(1, nr))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct task_struct *t = CURRENT();
	bool compat = is_compat(t);
	u32 version = control.version;
	u32 entry = entry_of(nr, compat);
	u32 slot = SLOT_OF(entry);
	struct desc *d = &control.descs[slot];
	raw_event(c, t, EV_SYS_ENTER, nr, d, version);
	if (!(d->flags & D_ENTRY))
		return 0;
	if (control.tree && d->flags & D_EXEC)
		root_execs(c, GET(t, tgid));
	u32 want = wanted(c, t, d, slot, version), forced = 0;
	struct call k = {
		.c = c, .t = t, .d = d, .regs = regs, .slot = slot, .shape = SHAPE_OF(entry), .want = want,
		.flags = FLAG_ENTRY | (compat ? FLAG_COMPAT : 0),
	};
	if (d->flags & D_EXEC) {
		if (control.follow[version & 1]) {
			if (context_changed(c, t, version))
				context_refresh(c, version);
			if (!c->skip)
				forced = follow_exec(c, GET(t, tgid), version);
		}
		if (want || forced)
			return emit_exec(&k, forced);
		return 0;
	}
	return want ? emit(&k) : 0;
}
