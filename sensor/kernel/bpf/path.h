/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a call really reached: the path of a struct path, walked from the leaf
 * to the root of the process, components NUL-terminated in that order (user
 * space turns them round). No path helper may be called from a tracepoint. */
#pragma once
#include "ring.h"

struct bpf_iter_num {
	u64 opaque[1];
} __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym __weak;

#define NAME_MOST 256
#define PATH_MOST 3838 /* then one name more may follow, and all fits in 12 bits */
#define MOUNT_OF(vm) ((vm)-bpf_core_field_offset(struct mount, mnt))
#define VFS_OF(m) ((m) + bpf_core_field_offset(struct mount, mnt))

struct walk {
	u64 dentry, vfs, root_dentry, root_vfs;
#ifndef OLD
	void *out;
#endif
	u32 length, flags;
};

static __always_inline u32 put_name(void *out, u32 o, const void *name)
{
	long n = bpf_probe_read_kernel_str(out + o, NAME_MOST, name);
	return n > 0 ? o + ((u32)n & 511) : o;
}

#ifndef OLD
#define SHORT_NAME 32
/* Copies a name of usual length by words: the bytes behind it are overwritten by
 * what follows. Any structure of two words serves for the typed load. */
static __always_inline u32 put_name_typed(void *out, u32 o, struct dentry *d)
{
	u32 len = d->d_name.len;
	u64 name = (u64)d->d_name.name;
	if (len >= SHORT_NAME)
		return put_name(out, o, (void *)name);
	struct timespec64 *low = CAST(struct timespec64, name), *high = CAST(struct timespec64, name + 16);
	u64 *to = out + o;
	to[0] = low->tv_sec;
	to[1] = low->tv_nsec;
	to[2] = high->tv_sec;
	to[3] = high->tv_nsec;
	return o + len + 1;
}

/* A length without a history, through the item's head, so that the ways that a
 * walk can go look the same to the verifier. */
static __always_inline u32 plain_length(void *out, u32 len)
{
	volatile u32 *memory = out - sizeof(u32);
	*memory = len;
	return *memory;
}

/* One step by typed loads, a third of a probe's cost: false at the end. */
struct at {
	u64 dentry, vfs;
	u32 length;
};
static __always_inline bool climb_typed(struct walk *w, struct at *at, void *out)
{
	u64 d = at->dentry, vm = at->vfs;
	barrier_var(d);
	barrier_var(vm);
	if (d == w->root_dentry && vm == w->root_vfs) {
		w->flags &= ~ITEM_CUT;
		return false;
	}
	struct mount *mn = CAST(struct mount, MOUNT_OF(vm));
	struct dentry *de = CAST(struct dentry, d);
	if (d == (u64)mn->mnt.mnt_root) {
		u64 up = (u64)mn->mnt_parent;
		at->dentry = (u64)mn->mnt_mountpoint;
		at->vfs = VFS_OF(up);
		if (at->vfs != vm)
			return true;
		w->flags = (w->flags & ~ITEM_CUT) | ITEM_DETACHED;
		return false;
	}
	if (at->length > PATH_MOST)
		return false;
	at->length = plain_length(out, put_name_typed(out, at->length, de));
	at->dentry = (u64)de->d_parent;
	if (at->dentry != d)
		return true;
	w->flags = (w->flags & ~ITEM_CUT) | ITEM_ANON;
	return false;
}

/* Number iterators (6.4) verify in a fraction of a loop's instructions, but each
 * step calls one: the usual depths go without. */
#define STEPS_UNROLLED 6
static __always_inline void walk_typed(struct walk *w, void *out)
{
	struct at at = {w->dentry, w->vfs, plain_length(out, 0)};
	struct bpf_iter_num it;
	w->flags |= ITEM_CUT;
#pragma unroll
	for (int i = 0; i < STEPS_UNROLLED; i++)
		if (!climb_typed(w, &at, out))
			goto end;
	bpf_iter_num_new(&it, 0, 512);
	while (bpf_iter_num_next(&it))
		if (!climb_typed(w, &at, out))
			break;
	bpf_iter_num_destroy(&it);
end:
	w->length = at.length;
}
#endif

/* One step by probes: 1 at the end. */
static __always_inline long climb(struct walk *w, void *out)
{
	u64 d = w->dentry, vm = w->vfs;
	if (d == w->root_dentry && vm == w->root_vfs) {
		w->flags &= ~ITEM_CUT;
		return 1;
	}
	struct mount *mn = (void *)MOUNT_OF(vm);
	struct dentry *de = (void *)d;
	if (d == (u64)BPF_CORE_READ(mn, mnt.mnt_root)) {
		u64 up = (u64)BPF_CORE_READ(mn, mnt_parent);
		if (VFS_OF(up) == vm) {
			w->flags = (w->flags & ~ITEM_CUT) | ITEM_DETACHED;
			return 1;
		}
		w->dentry = (u64)BPF_CORE_READ(mn, mnt_mountpoint);
		w->vfs = VFS_OF(up);
		return 0;
	}
	u32 o = w->length;
	if (o > PATH_MOST)
		return 1;
	w->length = put_name(out, o, BPF_CORE_READ(de, d_name.name));
	u64 parent = (u64)BPF_CORE_READ(de, d_parent);
	if (d == parent) {
		w->flags = (w->flags & ~ITEM_CUT) | ITEM_ANON;
		return 1;
	}
	w->dentry = parent;
	return 0;
}

#ifdef OLD
#define OLD_STEPS 256

/* One step of the walk that stands behind a room, verified once. */
GLOBAL int climb_there(u64 name)
{
	struct named_room *n = (void *)room_at(name);
	if (!n)
		return 1;
	void *out = open_item(&n->room.record);
	if (!out)
		return 1;
	struct walk w;
	__builtin_memcpy(&w, n->walk, sizeof w);
	w.length &= 4095;
	long end = climb(&w, out);
	__builtin_memcpy(n->walk, &w, sizeof w);
	return end;
}

/* Writes the names of a path as the next item's data, and returns how many bytes
 * they take. */
static __always_inline u32 walk_path(struct walk *w, struct record *r)
{
	struct named_room *n = (void *)r;
	w->flags |= ITEM_CUT;
	__builtin_memcpy(n->walk, w, sizeof *w);
	for (int i = 0; i < OLD_STEPS; i++)
		if (climb_there(room_of(r)))
			break;
	__builtin_memcpy(w, n->walk, sizeof *w);
	return w->length & 4095;
}
#else
static long walk_step(u32 i, struct walk *w) { return climb(w, w->out); }

static __always_inline u32 walk_path(struct walk *w, struct record *r)
{
	if (bpf_iter_num_new && bpf_rdonly_cast) {
		walk_typed(w, w->out);
	} else {
		w->flags |= ITEM_CUT;
		bpf_loop(512, walk_step, w, 0);
	}
	return w->length & 4095;
}
#endif
