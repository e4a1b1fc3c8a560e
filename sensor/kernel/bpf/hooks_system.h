/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to security modules about mounts, BPF and files that the kernel
 * reads for itself. */
#pragma once
#include "hooks_files.h"

/* ---- mounts ---- */

static __noinline int mount_event(u64 device, u64 path, u64 type, u64 flags)
{
	struct path *p = (void *)path;
	struct scratch *s = lane_open(EV_SECURITY_SB_MOUNT, 4, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[3] = flags;
	lane_string(s, 0, (void *)device);
	lane_string(s, 2, (void *)type);
	lane_path(s, TAG_PATH, (u64)BPF_CORE_READ(p, mnt), (u64)BPF_CORE_READ(p, dentry));
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(sb_mount, sb_mount, mount_event((u64)device, (u64)p, (u64)type, flags), const char *device, const struct path *p, const char *type, u64 flags)

/* The newer calls make a mount apart and then put it in its place. */
static __noinline int move_event(const struct path *from, u64 to_vfs, u64 to_dentry)
{
	struct scratch *s = lane_open(EV_SECURITY_SB_MOUNT, 4, ORDINARY);
	if (!s)
		return 0;
	u64 vfs = (u64)BPF_CORE_READ(from, mnt);
	struct mount___more *mount = (void *)MOUNT_OF(vfs);
	struct super_block___more *sb = (void *)sb_of_mount(vfs);
	lane_string(s, 0, BPF_CORE_READ(mount, mnt_devname));
	lane_string(s, 2, BPF_CORE_READ(sb, s_type, name));
	lane_path(s, TAG_PATH, to_vfs, to_dentry);
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(move_mount, move_mount, move_event(from, (u64)BPF_CORE_READ(to, mnt), (u64)BPF_CORE_READ(to, dentry)), const struct path *from, const struct path *to)

/* ---- BPF ---- */

static __noinline int bpf_event(u32 cmd)
{
	struct scratch *s = lane_open(EV_SECURITY_BPF, 1, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[0] = cmd;
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(bpf, bpf, bpf_event(cmd), u32 cmd)

static __noinline int map_event(u64 map)
{
	struct bpf_map *m = (void *)map;
	struct scratch *s = lane_open(EV_SECURITY_BPF_MAP, 2, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[0] = BPF_CORE_READ(m, id);
	lane_string(s, 1, m->name);
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(bpf_map, bpf_map, map_event((u64)m), struct bpf_map *m)

/* ---- files that the kernel reads ---- */

static __noinline int read_event(u64 file, u32 type)
{
	struct file *f = (void *)file;
	struct scratch *s = lane_open(EV_SECURITY_KERNEL_READ_FILE, 4, ORDINARY);
	if (!s)
		return 0;
	struct inode *i = BPF_CORE_READ(f, f_inode);
	u64 *a = ARGS(s);
	a[1] = dev_of(i);
	a[2] = BPF_CORE_READ(i, i_ino);
	a[3] = type;
	if (f) /* from memory, there is none */
		lane_open_file(s, f);
	else
		RECORD(s)->absent = 7;
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(kernel_read_file, kernel_read_file, read_event((u64)f, type), struct file *f, u32 type)

static __noinline int post_read_event(u64 file, s64 size, u32 type)
{
	struct file *f = (void *)file;
	struct scratch *s = lane_open(EV_SECURITY_KERNEL_POST_READ_FILE, 3, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[1] = size;
	ARGS(s)[2] = type;
	if (f)
		lane_open_file(s, f);
	else
		mark_absent(s, 0);
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(kernel_post_read_file, kernel_post_read_file, post_read_event((u64)f, size, type), struct file *f, void *buffer, s64 size, u32 type)
