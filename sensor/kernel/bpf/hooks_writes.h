/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes that were written to files, and the first of them. */
#pragma once
#include "hooks_files.h"
#include "hooks_stash.h"

#define S_IFREG 0100000
#define MAGIC_MOST 32 /* bytes of a file's beginning */

/* What one write did. */
struct written {
	struct file *file;
	const void *buffer; /* of the first bytes, in user memory */
	u64 count;	    /* bytes, or elements of a vector */
	u64 position;	    /* where it began */
	long ret;
};

static __noinline int write_event(u32 id, struct written *w)
{
	if (!w)
		return 0;
	struct scratch *s = lane_open(id, 5, ORDINARY);
	if (!s)
		return 0;
	struct file *f = w->file;
	struct inode *i = BPF_CORE_READ(f, f_inode);
	u64 *a = ARGS(s);
	a[1] = dev_of(i);
	a[2] = BPF_CORE_READ(i, i_ino);
	a[3] = w->count;
	a[4] = w->position;
	RECORD(s)->ret = w->ret;
	lane_open_file(s, f);
	return lane_close(s, ORDINARY);
}

static __noinline int magic_event(struct written *w)
{
	if (!w || w->ret <= 0 || w->position)
		return 0;
	struct file *f = w->file;
	struct inode *i = BPF_CORE_READ(f, f_inode);
	if ((BPF_CORE_READ(i, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	struct scratch *s = lane_open(EV_MAGIC_WRITE, 4, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[2] = dev_of(i);
	ARGS(s)[3] = BPF_CORE_READ(i, i_ino);
	void *data = item_data(s);
	u32 n = w->ret > MAGIC_MOST ? MAGIC_MOST : w->ret;
	if (data && !bpf_probe_read_user(data, n & 63, w->buffer))
		item_end(s, data, 1, 0, n & 63);
	else
		mark_absent(s, 1);
	lane_open_file(s, f);
	return lane_close(s, ORDINARY);
}

static __always_inline u64 began_at(const s64 *end, long ret)
{
	s64 position = 0;
	bpf_probe_read_kernel(&position, 8, end);
	return ret > 0 && position >= ret ? position - ret : position;
}

SEC("fexit/vfs_write")
int BPF_PROG(fexit_vfs_write, struct file *f, const void *buffer, u64 count, s64 *position, long ret)
{
	struct written w = {.file = f, .count = count, .position = began_at(position, ret), .ret = ret};
	return write_event(EV_VFS_WRITE, &w);
}

SEC("fexit/vfs_writev")
int BPF_PROG(fexit_vfs_writev, struct file *f, const struct iovec *v, u64 count, s64 *position, u32 flags, long ret)
{
	struct written w = {.file = f, .count = count, .position = began_at(position, ret), .ret = ret};
	return write_event(EV_VFS_WRITEV, &w);
}

/* Kprobes need both ends of the function. */
static __always_inline int enter_write(u32 id, struct file *f, u64 count, s64 *position)
{
	struct stash h = {.slot = SLOT(id), .file = (u64)f, .count = count, .position = (u64)position};
	stash_put((u32)bpf_get_current_pid_tgid(), &h);
	return 0;
}

static __always_inline int exit_write(u32 id, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct stash *h = stash_of(tid, SLOT(id));
	if (!h)
		return 0;
	struct written w = {
		.file = (void *)h->file, .count = h->count, .position = began_at((void *)h->position, ret), .ret = ret,
	};
	stash_drop(tid);
	return write_event(id, &w);
}

SEC("kprobe/vfs_write")
int BPF_KPROBE(kprobe_vfs_write, struct file *f, const void *buffer, u64 count, s64 *position) { return enter_write(EV_VFS_WRITE, f, count, position); }

SEC("kretprobe/vfs_write")
int BPF_KRETPROBE(kretprobe_vfs_write, long ret) { return exit_write(EV_VFS_WRITE, ret); }

SEC("kprobe/vfs_writev")
int BPF_KPROBE(kprobe_vfs_writev, struct file *f, const struct iovec *v, u64 count, s64 *position) { return enter_write(EV_VFS_WRITEV, f, count, position); }

SEC("kretprobe/vfs_writev")
int BPF_KRETPROBE(kretprobe_vfs_writev, long ret) { return exit_write(EV_VFS_WRITEV, ret); }
