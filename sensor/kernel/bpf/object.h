/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The object that a call really reached, behind its descriptor. */
#pragma once
#include "path.h"
#include "ring.h"
#include "user.h"

static __always_inline struct file *file_of(struct task_struct *t, u32 fd)
{
	struct files_struct *files = GET(t, files);
	struct file *f = 0;
	if (!files)
		return 0;
	struct fdtable *table = GET(files, fdt);
	if (fd < GET(table, max_fds))
		bpf_probe_read_kernel(&f, 8, (void *)GET(table, fd) + 8 * (u64)fd);
	return f;
}

static __always_inline u32 put_path(struct task_struct *t, u64 head, struct record *r, u32 len, u8 tag, u64 vfs, u64 dentry)
{
	struct walk w = {.dentry = dentry, .vfs = vfs};
	struct fs_struct *fs = GET(t, fs);
	if (fs) {
		w.root_dentry = (u64)GET(fs, root.dentry);
		w.root_vfs = (u64)GET(fs, root.mnt);
	}
	u32 n = walk_path(&w, head + len + sizeof(struct item), (void *)r + len + sizeof(struct item));
	return put_item(r, len, tag, w.flags, n);
}

static __always_inline u32 put_file(struct record *r, u32 len, struct file *f)
{
	struct fileinfo *o = (void *)r + len + sizeof(struct item);
#ifndef OLD
	if (bpf_rdonly_cast) {
		struct file *file = CAST(struct file, f);
		struct inode *i = file->f_inode;
		o->ino = i->i_ino;
		o->dev = i->i_sb->s_dev;
		o->mode = i->i_mode;
		o->uid = i->i_uid.val;
		o->gid = i->i_gid.val;
		o->flags = file->f_flags;
		o->magic = i->i_sb->s_magic;
		return put_item(r, len, TAG_FILE, 0, sizeof *o);
	}
#endif
	struct inode *i = BPF_CORE_READ(f, f_inode);
	o->ino = BPF_CORE_READ(i, i_ino);
	o->dev = BPF_CORE_READ(i, i_sb, s_dev);
	o->mode = BPF_CORE_READ(i, i_mode);
	o->uid = BPF_CORE_READ(i, i_uid.val);
	o->gid = BPF_CORE_READ(i, i_gid.val);
	o->flags = BPF_CORE_READ(f, f_flags);
	o->magic = BPF_CORE_READ(i, i_sb, s_magic);
	return put_item(r, len, TAG_FILE, 0, sizeof *o);
}

static __always_inline u32 put_items(struct cpu *c, struct task_struct *t, struct desc *d, u64 head, struct record *r, u32 len, long ret)
{
#pragma unroll
	for (int i = 0; i < PUTS; i++) {
		if (d->put[i].kind == K_NONE)
			break;
		if (len > RECORD_MOST)
			break;
		len = put_user(r, len, &d->put[i], ret);
	}
	if (d->object == O_FILE && ret >= 0 && len <= RECORD_MOST) {
		u32 fd = ret, arg = d->object_arg;
		if (arg < 6)
			fd = r->args[arg];
		struct file *f = file_of(t, fd);
		if (f) {
			len = put_file(r, len, f);
			u64 p[2];
			bpf_core_read(p, sizeof p, &f->f_path);
			len = put_path(t, head, r, len, TAG_PATH, p[0], p[1]);
		}
	}
	return len;
}
