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
	if (nr >= NUMBERS)
		return false;
	barrier_var(nr); /* old verifiers want to see the mask */
	return control.selected[when][(nr >> 6) & 15] >> (nr & 63) & 1;
}

/* A call on a CPU that was not there when the sensor began. */
static __always_inline int orphan(void)
{
	__sync_fetch_and_add(&control.orphans, 1);
	return 0;
}

static __always_inline u32 entry_of(u32 nr, bool compat)
{
	barrier_var(nr);
	return compat ? slots32[nr & (NUMBERS - 1)] : slots[nr & (NUMBERS - 1)];
}

/* The events sys_enter and sys_exit, whose only argument says which call it is:
 * by the dictionary's id, or the bare number where it has none. */
static __noinline int emit_raw(struct cpu *c, u32 slot, u64 call)
{
	struct desc *d = &control.descs[slot & (SLOTS - 1)];
	u64 head;
	if (!c)
		return 0;
	u32 want = wanted(c, d, slot);
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

static __always_inline void state_changed(struct task_struct *t, struct desc *d, u32 slot, long ret)
{
#if !defined(ALONE) && !defined(OLD)
	if (d->flags & D_STATE)
		state_exit(t, slot, ret);
#endif
	if (d->flags & D_FRESH)
		__sync_fetch_and_add(&control.generation, 1);
}

#define RAW_PLANS(id, version) control.descs[SLOT(id)].plans[(version)&1]

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	u32 nr = number_of(regs);
	bool replaced = false;
	if (nr >= NUMBERS) {
		if (!entryless || nr != NR_REPLACED || ret == -ENOSYS) /* -ENOSYS: somebody called number -1 */
			return 0;
		nr = NR_SIGRETURN;
		replaced = true;
	}
	if (!is_selected(0, nr))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return orphan();
	struct task_struct *t = CURRENT();
	bool compat = is_compat(t);
	u32 version = control.version;
	u32 entry = entry_of(replaced && compat ? NR_SIGRETURN32 : nr, compat);
	u32 slot = SLOT_OF(entry);
	struct desc *d = &control.descs[slot];
	if (d->flags & (D_STATE | D_FRESH) && ret >= 0)
		state_changed(t, d, slot, ret);
	u32 raw = RAW_PLANS(EV_SYS_EXIT, version);
	bool failed = false;
	if (d->flags & D_EXEC) {
		if (ret >= 0 && !raw)
			return 0; /* it was told at entry */
		failed = ret < 0;
		if (failed && entryless && control.tree)
			root_execs(c, GET(t, tgid));
	} else if (!(d->plans[version & 1] | raw)) {
		return 0;
	}
	if (!in_scope(c, t, version))
		return 0;
	if (raw)
		emit_raw(c, SLOT(EV_SYS_EXIT), d->id ? d->id : nr);
	struct call k = {
		.c = c, .t = WALKED(struct task_struct, t), .d = d, .regs = regs, .ctx = ctx, .ret = ret, .slot = slot,
		.shape = SHAPE_OF(entry), .flags = compat ? FLAG_COMPAT : 0,
	};
	if (d->flags & (D_CHILD | D_ENTRY)) {
		if (failed)
			return failed_exec(&k, GET(t, tgid));
		if ((d->flags & D_CHILD) && ret == 0)
			return 0; /* the child's side of a fork */
		if (d->flags & D_ENTRY && !replaced)
			return 0;
		if (replaced) {
			k.flags |= FLAG_ENTRY;
			k.ret = 0;
		}
	}
	k.want = wanted(c, d, slot);
	return k.want ? emit(&k) : 0;
}

#ifdef OLD
/* Apart from sys_exit: the stacks of both together would be too large. */
SEC("tp_btf/sys_exit")
int BPF_PROG(state, struct pt_regs *regs, long ret)
{
	u32 nr = number_of(regs);
	if (ret < 0 || !is_selected(0, nr))
		return 0;
	struct task_struct *t = CURRENT();
	u32 slot = SLOT_OF(entry_of(nr, is_compat(t)));
	return control.descs[slot].flags & D_STATE ? state_exit(t, slot, ret) : 0;
}
#endif

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long id)
{
	u32 nr = id & ~X32_BIT;
	if (!is_selected(1, nr))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return orphan();
	struct task_struct *t = CURRENT();
	bool compat = is_compat(t);
	u32 version = control.version;
	u32 entry = entry_of(nr, compat);
	u32 slot = SLOT_OF(entry);
	struct desc *d = &control.descs[slot];
	if (control.tree && d->flags & D_EXEC)
		root_execs(c, GET(t, tgid));
	if (!in_scope(c, t, version))
		return 0;
	if (RAW_PLANS(EV_SYS_ENTER, version))
		emit_raw(c, SLOT(EV_SYS_ENTER), d->id ? d->id : nr);
	struct call k = {
		.c = c, .t = WALKED(struct task_struct, t), .d = d, .regs = regs, .ctx = ctx, .slot = slot,
		.shape = SHAPE_OF(entry), .flags = FLAG_ENTRY | (compat ? FLAG_COMPAT : 0),
	};
	if (d->flags & D_STASH)
		return emit_stash(&k);
	if (entryless || !(d->flags & D_ENTRY))
		return 0;
	if (d->flags & D_EXEC)
		return begun_exec(&k, GET(t, tgid));
	k.want = wanted(c, d, slot);
	return k.want ? emit_plain(&k) : 0;
}
