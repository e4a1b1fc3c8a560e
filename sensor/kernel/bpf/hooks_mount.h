/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hooks about names get a dentry, which is a place in a file system and not yet
 * a path: the mount that it was reached through is missing. It is looked for
 * among those of the file system, beginning with the likely ones. */
#pragma once
#include "hooks_call.h"

#define MOUNTS_MOST 16

static __always_inline u64 sb_of_mount(u64 vfs) { return (u64)BPF_CORE_READ((struct vfsmount___more *)vfs, mnt_sb); }

/* Whether the whole file system is seen through it. */
static __always_inline bool whole(u64 vfs, struct super_block___more *sb)
{
	return BPF_CORE_READ((struct vfsmount *)vfs, mnt_root) == BPF_CORE_READ(sb, s_root);
}

static __always_inline u64 first_mount(void *sb)
{
	struct super_block___chain *chain = sb;
	struct super_block___list *list = sb;
	if (bpf_core_field_exists(((struct mount___chain *)0)->mnt_next_for_sb))
		return (u64)BPF_CORE_READ(chain, s_mounts);
	return (u64)BPF_CORE_READ(list, s_mounts.next) - bpf_core_field_offset(struct mount___list, mnt_instance);
}

static __always_inline u64 next_mount(u64 m)
{
	if (bpf_core_field_exists(((struct mount___chain *)0)->mnt_next_for_sb))
		return (u64)BPF_CORE_READ((struct mount___chain *)m, mnt_next_for_sb);
	return (u64)BPF_CORE_READ((struct mount___list *)m, mnt_instance.next) - bpf_core_field_offset(struct mount___list, mnt_instance);
}

/* The mount of this file system in the task's own tree, 0 if none is found. */
static __always_inline u64 search_mount(struct task_struct *t, void *sb)
{
	u64 ns = (u64)BPF_CORE_READ(t, nsproxy, mnt_ns), any = 0, m = first_mount(sb);
	for (int i = 0; i < MOUNTS_MOST; i++) {
		u64 vfs = VFS_OF(m);
		if (!m || sb_of_mount(vfs) != (u64)sb) /* the list's head is no mount */
			break;
		if ((u64)BPF_CORE_READ((struct mount___more *)m, mnt_ns) == ns) {
			any = vfs;
			if (whole(vfs, sb))
				break;
		}
		m = next_mount(m);
	}
	return any;
}

static __always_inline u64 mount_of(struct task_struct *t, struct dentry *d)
{
	struct super_block *sb = BPF_CORE_READ(d, d_sb);
	u64 cwd = (u64)BPF_CORE_READ(t, fs, pwd.mnt), root = (u64)BPF_CORE_READ(t, fs, root.mnt);
	if (sb_of_mount(cwd) == (u64)sb && whole(cwd, (void *)sb))
		return cwd;
	if (sb_of_mount(root) == (u64)sb && whole(root, (void *)sb))
		return root;
	u64 found = search_mount(t, sb);
	if (found)
		return found;
	return sb_of_mount(cwd) == (u64)sb ? cwd : 0;
}

/* The path of a name. Without a mount it begins at the file system's root. */
__noinline int lane_put_dentry(u32 level, u32 tag, u64 name)
{
	struct scratch *s = scratch_at(level);
	void *data = s ? item_data(s) : 0;
	if (!data)
		return 0;
	struct dentry *d = (void *)name;
	struct task_struct *t = TASK();
	u64 vfs = mount_of(t, d);
	struct super_block___more *sb = (void *)BPF_CORE_READ(d, d_sb);
	struct walk w = {};
	walk_from(&w, t, vfs, (u64)d);
	w.flags = 0; /* a name about to be made is not a deleted one */
	if (!vfs) {
		w.vfs = w.root_vfs;
		w.root_dentry = (u64)BPF_CORE_READ(sb, s_root);
		w.flags = ITEM_DETACHED;
	}
#ifndef OLD
	w.out = data;
#endif
	u32 n = walk_path(&w, RECORD(s));
	item_end(s, data, tag, w.flags, n);
	return 0;
}

static __always_inline void lane_dentry(struct scratch *s, u32 tag, struct dentry *d) { lane_put_dentry(s->level, tag, plain(d)); }
