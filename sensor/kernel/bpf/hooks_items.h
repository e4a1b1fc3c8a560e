/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel objects as items of an entry of the lane. An item that does not fit is
 * left out. Pointers may come from kprobes, so all reads are probes. */
#pragma once
#include "hooks_events.h"
#include "lane.h"

static __always_inline void *item_data(struct scratch *s) { return open_item(RECORD(s)); }

static __always_inline void item_end(struct scratch *s, void *data, u8 tag, u8 flags, u32 n) { close_item(RECORD(s), data, tag, flags, n); }

static __always_inline void mark_absent(struct scratch *s, u32 arg)
{
	if (arg < LANE_ARGS)
		RECORD(s)->absent |= 1 << arg;
}

__noinline int lane_put_path(u32 level, u32 tag, u64 vfs, u64 dentry)
{
	struct scratch *s = scratch_at(level);
	if (s)
		put_path(RECORD(s), TASK(), tag, vfs, dentry);
	return 0;
}

/* A typed pointer as the number that such a function takes. */
static __always_inline u64 plain(const void *p)
{
	u64 v = 0;
	bpf_probe_read_kernel(&v, sizeof v, &p);
	return v;
}

/* A path as the current task sees it: components leaf first. */
static __always_inline void lane_path(struct scratch *s, u32 tag, u64 vfs, u64 dentry) { lane_put_path(s->level, tag, vfs, dentry); }

static __always_inline void lane_file_path(struct scratch *s, u8 tag, struct file *f)
{
	u64 p[2] = {};
	bpf_core_read(p, sizeof p, &f->f_path);
	lane_path(s, tag, p[0], p[1]);
}

static __always_inline void lane_cwd(struct scratch *s, u32 tag)
{
	struct task_struct *t = TASK();
	struct fs_struct *fs = GET(t, fs);
	u64 p[2] = {};
	if (fs && !bpf_core_read(p, sizeof p, &fs->pwd))
		lane_path(s, tag, p[0], p[1]);
}

static __always_inline void lane_file(struct scratch *s, struct file *f) { put_file(RECORD(s), f); }

static __always_inline void lane_inode(struct scratch *s, struct inode *i, u32 flags)
{
	struct fileinfo *o = item_data(s);
	if (!o)
		return;
	struct super_block *sb = FIELD(struct inode, i, i_sb);
	o->ino = FIELD(struct inode, i, i_ino);
	o->dev = FIELD(struct super_block, sb, s_dev);
	o->mode = FIELD(struct inode, i, i_mode);
	o->uid = FIELD(struct inode, i, i_uid.val);
	o->gid = FIELD(struct inode, i, i_gid.val);
	o->flags = flags;
	o->magic = FIELD(struct super_block, sb, s_magic);
	item_end(s, o, TAG_FILE, 0, sizeof *o);
}

#define CTIME_QUERIED (1u << 31) /* since 6.13: "somebody read it", not a part of the time */

/* Change time in ns, under the three names that it had. */
static __always_inline u64 ctime_of(struct inode *i)
{
	struct timespec64 ts = {};
	if (bpf_core_field_exists(i->i_ctime_sec)) {
		ts.tv_sec = BPF_CORE_READ(i, i_ctime_sec);
		ts.tv_nsec = BPF_CORE_READ(i, i_ctime_nsec) & ~CTIME_QUERIED;
	} else if (bpf_core_field_exists(((struct inode___renamed *)i)->__i_ctime)) {
		bpf_core_read(&ts, sizeof ts, &((struct inode___renamed *)i)->__i_ctime);
	} else {
		bpf_core_read(&ts, sizeof ts, &((struct inode___timespec *)i)->i_ctime);
	}
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* What bpf_probe_read_*_str wrote to data becomes an item without its NUL; an
 * error marks the argument. */
static __always_inline void string_end(struct scratch *s, void *data, u8 tag, long n)
{
	if (n > 0)
		item_end(s, data, tag, n == STRING_MOST ? ITEM_CUT : 0, (u32)(n - 1) & (STRING_MOST - 1));
	else
		mark_absent(s, tag);
}

static __always_inline void lane_string(struct scratch *s, u8 tag, const void *from)
{
	void *data = item_data(s);
	if (data)
		string_end(s, data, tag, bpf_probe_read_kernel_str(data, STRING_MOST, from));
}

static __always_inline void lane_user_string(struct scratch *s, u8 tag, const void *from)
{
	void *data = item_data(s);
	if (data)
		string_end(s, data, tag, bpf_probe_read_user_str(data, STRING_MOST, from));
}
