/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to security modules about files and names. The hooks at the entry
 * of the kernel's own functions see what any module refuses afterwards; a hook
 * of the BPF module sees what those before it let through. */
#pragma once
#include "hooks_mount.h"

/* The three programs that may stand at one question. */
#define SECURITY_HOOK(function, hook, event, ...) \
	SEC("fentry/security_" #function) \
	int BPF_PROG(fentry_security_##function, __VA_ARGS__) { return event; } \
	SEC("lsm/" #hook) \
	int BPF_PROG(lsm_##hook, __VA_ARGS__) { return event; } \
	SEC("kprobe/security_" #function) \
	int BPF_KPROBE(kprobe_security_##function, __VA_ARGS__) { return event; }

static __always_inline void lane_open_file(struct scratch *s, struct file *f)
{
	lane_file(s, f);
	lane_file_path(s, TAG_PATH, f);
}

static __always_inline u32 dev_of(struct inode *i) { return BPF_CORE_READ(i, i_sb, s_dev); }

/* ---- programs ---- */

static __noinline int bprm_event(u64 file)
{
	struct file *f = (void *)file;
	struct scratch *s = lane_open(EV_SECURITY_BPRM_CHECK, 3, ORDINARY);
	if (!s)
		return 0;
	struct inode *i = BPF_CORE_READ(f, f_inode);
	ARGS(s)[1] = dev_of(i);
	ARGS(s)[2] = BPF_CORE_READ(i, i_ino);
	lane_open_file(s, f);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(bprm_check, bprm_check_security, bprm_event((u64)BPF_CORE_READ(b, file)), struct linux_binprm *b)

/* Once per exec, after all interpreters were found. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(tp_sched_prepare_exec, struct task_struct *t, struct linux_binprm *b) { return bprm_event((u64)BPF_CORE_READ(b, file)); }

SEC("tp_btf/sched_process_exec")
int BPF_PROG(late_sched_process_exec, struct task_struct *t, u32 old, struct linux_binprm *b) { return bprm_event((u64)BPF_CORE_READ(b, file)); }

/* ---- open ---- */

static __noinline int open_event(u64 file, u32 flags)
{
	struct file *f = (void *)file;
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_SECURITY_FILE_OPEN, 6, ORDINARY);
	if (!s)
		return 0;
	struct inode *i = BPF_CORE_READ(f, f_inode);
	u64 *a = ARGS(s);
	a[1] = flags | BPF_CORE_READ(f, f_flags);
	a[2] = dev_of(i);
	a[3] = BPF_CORE_READ(i, i_ino);
	a[4] = ctime_of(i);
	set_call(s, 5, call_in_progress(t));
	lane_open_file(s, f);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(file_open, file_open, open_event((u64)f, 0), struct file *f)

/* ---- names ---- */

static __noinline int unlink_event(u64 name)
{
	struct dentry *d = (void *)name;
	struct scratch *s = lane_open(EV_SECURITY_INODE_UNLINK, 3, ORDINARY);
	if (!s)
		return 0;
	struct inode *i = BPF_CORE_READ(d, d_inode);
	ARGS(s)[1] = BPF_CORE_READ(i, i_ino);
	ARGS(s)[2] = dev_of(i);
	lane_dentry(s, TAG_PATH, d);
	lane_inode(s, i, 0);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(inode_unlink, inode_unlink, unlink_event((u64)d), struct inode *dir, struct dentry *d)

static __noinline int rename_event(u64 old, u64 new)
{
	struct dentry *from = (void *)old, *to = (void *)new;
	struct scratch *s = lane_open(EV_SECURITY_INODE_RENAME, 2, ORDINARY);
	if (!s)
		return 0;
	lane_dentry(s, TAG_PATH, from);
	lane_dentry(s, TAG_PATH2, to);
	lane_inode(s, BPF_CORE_READ(from, d_inode), 0);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(inode_rename, inode_rename, rename_event((u64)from, (u64)to), struct inode *od, struct dentry *from, struct inode *nd, struct dentry *to)

static __noinline int mknod_event(u64 name, u32 mode, u32 dev)
{
	struct dentry *d = (void *)name;
	struct scratch *s = lane_open(EV_SECURITY_INODE_MKNOD, 3, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[1] = mode;
	ARGS(s)[2] = dev;
	lane_dentry(s, TAG_PATH, d);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(inode_mknod, inode_mknod, mknod_event((u64)d, mode, dev), struct inode *dir, struct dentry *d, u16 mode, u32 dev)

static __noinline int symlink_event(u64 name, u64 target)
{
	struct dentry *d = (void *)name;
	struct scratch *s = lane_open(EV_SECURITY_INODE_SYMLINK, 2, ORDINARY);
	if (!s)
		return 0;
	lane_string(s, 1, (void *)target);
	lane_dentry(s, TAG_PATH, d);
	return lane_close(s, ORDINARY);
}

SECURITY_HOOK(inode_symlink, inode_symlink, symlink_event((u64)d, (u64)target), struct inode *dir, struct dentry *d, const char *target)
