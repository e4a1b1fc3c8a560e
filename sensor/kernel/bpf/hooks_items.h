/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel objects as items of an entry of the lane. An item that does not fit is
 * left out. Pointers may come from kprobes, so all reads are probes. */
#pragma once
#include "hooks_events.h"
#include "lane.h"

/* Where the next item's data go; 0 when the record is full. */
static __always_inline void *item_data(struct scratch *s)
{
	u32 len = s->len;
	if (len > LANE_LIMIT)
		return 0;
	return s->record + len + sizeof(struct item);
}

/* Makes an item of the n bytes that are there. data is item_data's. */
static __always_inline void item_end(struct scratch *s, void *data, u8 tag, u8 flags, u32 n)
{
	struct item *it = data - sizeof(struct item);
	it->tag = tag;
	it->flags = flags;
	it->zero = 0;
	it->len = n;
	s->len += sizeof(struct item) + ((n + 7) & ~7u);
}

static __always_inline void mark_absent(struct scratch *s, u32 arg)
{
	if (arg < LANE_ARGS)
		RECORD(s)->absent |= 1 << arg;
}

/* A path as the current task sees it: components leaf first. */
static __noinline int lane_path(struct scratch *s, u32 tag, u64 vfs, u64 dentry)
{
	if (!s)
		return 0;
	void *data = item_data(s);
	if (!data)
		return 0;
	struct walk w = {.out = data};
	walk_from(&w, CURRENT(), vfs, dentry);
	u32 n = walk_path(&w);
	item_end(s, data, tag, w.flags, n);
	return 0;
}

static __always_inline void lane_file_path(struct scratch *s, u32 tag, struct file *f)
{
	u64 p[2] = {};
	bpf_core_read(p, sizeof p, &f->f_path);
	lane_path(s, tag, p[0], p[1]);
}

static __always_inline void lane_inode(struct scratch *s, struct inode *i, u32 flags)
{
	struct fileinfo *o = item_data(s);
	if (!o)
		return;
	o->ino = BPF_CORE_READ(i, i_ino);
	o->dev = BPF_CORE_READ(i, i_sb, s_dev);
	o->mode = BPF_CORE_READ(i, i_mode);
	o->uid = BPF_CORE_READ(i, i_uid.val);
	o->gid = BPF_CORE_READ(i, i_gid.val);
	o->flags = flags;
	o->magic = BPF_CORE_READ(i, i_sb, s_magic);
	item_end(s, o, TAG_FILE, 0, sizeof *o);
}

static __always_inline void lane_file(struct scratch *s, struct file *f)
{
	lane_inode(s, BPF_CORE_READ(f, f_inode), BPF_CORE_READ(f, f_flags));
}

/* Change time in ns, under the three names that it had. */
static __always_inline u64 ctime_of(struct inode *i)
{
	struct timespec64 ts = {};
	if (bpf_core_field_exists(i->i_ctime_sec)) {
		ts.tv_sec = BPF_CORE_READ(i, i_ctime_sec);
		ts.tv_nsec = BPF_CORE_READ(i, i_ctime_nsec);
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
