/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a call really reached: the path of a struct path, walked from the leaf
 * to the root of the process, components NUL-terminated in that order (user
 * space turns them round). No path helper may be called from a tracepoint. */
#pragma once
#include "context.h"

struct bpf_iter_num {
	u64 opaque[1];
} __attribute__((aligned(8)));
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym __weak;
#define CAST(T, p) ((T *)bpf_rdonly_cast((void *)(p), bpf_core_type_id_kernel(T)))

#define PATH_MOST 3840 /* then one component more may follow: PATH_MAX in all */
#define MOUNT_OF(vm) ((vm) - bpf_core_field_offset(struct mount, mnt))
#define VFS_OF(m) ((m) + bpf_core_field_offset(struct mount, mnt))

struct walk {
	u64 dentry, vfs, root_dentry, root_vfs;
	u32 length, flags;
	u64 out; /* offset in the element of this CPU; used by the loop variant */
};

/* Number iterators (6.4) verify in a fraction of a loop's instructions. */
static __always_inline u32 walk_iterated(struct walk *w, void *out)
{
	u64 d = w->dentry, vm = w->vfs, rd = w->root_dentry, rm = w->root_vfs;
	u32 o = 0;
	struct bpf_iter_num it;
	w->flags = ITEM_CUT;
	bpf_iter_num_new(&it, 0, 512);
	while (bpf_iter_num_next(&it)) {
		barrier_var(d);
		barrier_var(vm);
		if (d == rd && vm == rm) {
			w->flags = 0;
			break;
		}
		struct mount *mn = CAST(struct mount, MOUNT_OF(vm));
		struct dentry *de = CAST(struct dentry, d);
		u64 parent = (u64)de->d_parent;
		if (d == (u64)mn->mnt.mnt_root) {
			u64 up = (u64)mn->mnt_parent;
			if (VFS_OF(up) == vm) {
				w->flags = ITEM_DETACHED;
				break;
			}
			d = (u64)mn->mnt_mountpoint;
			vm = VFS_OF(up);
			continue;
		}
		if (d == parent) {
			w->flags = ITEM_ANON;
			break;
		}
		if (o > PATH_MOST)
			break;
		long n = bpf_probe_read_kernel_str(out + o, 256, (void *)de->d_name.name);
		if (n > 0)
			o += (u32)n & 511;
		d = parent;
	}
	bpf_iter_num_destroy(&it);
	return o & 4095;
}

static long walk_step(u32 i, struct walk *w)
{
	u64 d = w->dentry, vm = w->vfs;
	if (d == w->root_dentry && vm == w->root_vfs) {
		w->flags = 0;
		return 1;
	}
	struct mount *mn = (void *)MOUNT_OF(vm);
	struct dentry *de = (void *)d;
	u64 parent = (u64)BPF_CORE_READ(de, d_parent);
	if (d == (u64)BPF_CORE_READ(mn, mnt.mnt_root)) {
		u64 up = (u64)BPF_CORE_READ(mn, mnt_parent);
		if (VFS_OF(up) == vm) {
			w->flags = ITEM_DETACHED;
			return 1;
		}
		w->dentry = (u64)BPF_CORE_READ(mn, mnt_mountpoint);
		w->vfs = VFS_OF(up);
		return 0;
	}
	if (d == parent) {
		w->flags = ITEM_ANON;
		return 1;
	}
	u32 o = w->length;
	if (o > PATH_MOST)
		return 1;
	struct cpu *c = this_cpu();
	if (!c)
		return 1;
	u64 at = w->out & ring_mask;
	long n = bpf_probe_read_kernel_str((void *)c + RING + at + o, 256, (void *)BPF_CORE_READ(de, d_name.name));
	if (n > 0)
		w->length = o + ((u32)n & 511);
	w->dentry = parent;
	return 0;
}
