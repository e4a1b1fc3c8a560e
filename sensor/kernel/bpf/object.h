/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files that a call really reached. */
#pragma once
#include "path.h"
#include "ring.h"

#define AT_FDCWD (-100)

/* A field of a kernel structure behind any pointer: a typed load where the
 * kernel has casts, else a probe. */
#ifdef OLD
#define FIELD(T, p, f) BPF_CORE_READ((T *)(p), f)
#else
#define FIELD(T, p, f) \
	({ \
		typeof(((T *)0)->f) value; \
		if (bpf_rdonly_cast) \
			value = CAST(T, p)->f; \
		else \
			value = BPF_CORE_READ((T *)(p), f); \
		value; \
	})
#endif

static __always_inline struct file *file_of(struct task_struct *t, u32 fd)
{
	struct files_struct *files = GET(t, files);
	struct file *f = 0;
	if (!files)
		return 0;
	struct fdtable *table = GET(files, fdt);
	if (fd >= GET(table, max_fds))
		return 0;
	u64 at = (u64)GET(table, fd) + 8 * (u64)fd;
#ifndef OLD
	if (bpf_rdonly_cast) /* to anything that begins with a word */
		return (void *)CAST(struct timespec64, at)->tv_sec;
#endif
	bpf_probe_read_kernel(&f, 8, (void *)at);
	return f;
}

static __always_inline void put_file(struct record *r, struct file *f)
{
	struct fileinfo *o = open_item(r);
	if (!o)
		return;
	struct inode *i = FIELD(struct file, f, f_inode);
	struct super_block *sb = FIELD(struct inode, i, i_sb);
	o->ino = FIELD(struct inode, i, i_ino);
	o->dev = FIELD(struct super_block, sb, s_dev);
	o->mode = FIELD(struct inode, i, i_mode);
	o->uid = FIELD(struct inode, i, i_uid.val);
	o->gid = FIELD(struct inode, i, i_gid.val);
	o->flags = FIELD(struct file, f, f_flags);
	o->magic = FIELD(struct super_block, sb, s_magic);
	close_item(r, o, TAG_FILE, 0, sizeof *o);
}

struct place {
	u64 vfs, dentry, fs; /* fs: whose root the path is told from */
};

/* Begins a walk there. A leaf that was removed is marked. */
static __always_inline void walk_place(struct walk *w, struct place *p)
{
	u64 dentry = p->dentry, fs = p->fs;
	w->dentry = dentry;
	w->vfs = p->vfs;
	if (fs) {
		w->root_dentry = (u64)FIELD(struct fs_struct, fs, root.dentry);
		w->root_vfs = (u64)FIELD(struct fs_struct, fs, root.mnt);
	}
	if (!FIELD(struct dentry, dentry, d_hash.pprev) && (u64)FIELD(struct dentry, dentry, d_parent) != dentry)
		w->flags = ITEM_DELETED;
}

static __always_inline void walk_from(struct walk *w, struct task_struct *t, u64 vfs, u64 dentry)
{
	struct place p = {vfs, dentry, (u64)GET(t, fs)};
	walk_place(w, &p);
}

static __always_inline int write_path(struct record *r, u32 tag, struct place *p)
{
	struct walk w = {};
	void *out = open_item(r);
	if (!out)
		return 0;
	walk_place(&w, p);
#ifndef OLD
	w.out = out;
#endif
	u32 n = walk_path(&w, r);
	close_item(r, out, tag, w.flags, n);
	return 0;
}

#ifdef OLD
GLOBAL int path_into(u64 name, u32 tag, u64 vfs, u64 dentry, u64 fs)
{
	struct room *room = room_at(name);
	struct place p = {vfs, dentry, fs};
	return room ? write_path(&room->record, tag, &p) : 0;
}
#else
GLOBAL int read_path(struct room *room, u32 tag, struct place *p) { return room && p ? write_path(&room->record, tag, p) : 0; }
#endif

static __always_inline void put_path(struct record *r, struct task_struct *t, u32 tag, u64 vfs, u64 dentry)
{
#ifdef OLD
	path_into(room_of(r), tag, vfs, dentry, (u64)GET(t, fs));
#else
	struct place p = {vfs, dentry, (u64)GET(t, fs)};
	read_path((struct room *)r, tag, &p);
#endif
}

static __always_inline void put_file_path(struct record *r, struct task_struct *t, u8 tag, struct file *f)
{
	put_path(r, t, tag, (u64)FIELD(struct file, f, f_path.mnt), (u64)FIELD(struct file, f, f_path.dentry));
}

/* The task's working directory, or its root. */
static __always_inline void put_place(struct record *r, struct task_struct *t, u8 tag, bool root)
{
	struct fs_struct *fs = GET(t, fs);
	if (!fs)
		return;
	if (root)
		put_path(r, t, tag, (u64)GET(fs, root.mnt), (u64)GET(fs, root.dentry));
	else
		put_path(r, t, tag, (u64)GET(fs, pwd.mnt), (u64)GET(fs, pwd.dentry));
}
