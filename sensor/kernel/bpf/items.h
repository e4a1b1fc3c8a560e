/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All items of a call's record, as its description asks for them. */
#pragma once
#include "object.h"
#include "socket.h"
#include "user.h"

static __always_inline void put_object(struct record *r, struct task_struct *t, struct desc *d, long ret)
{
	u32 fd = ret, arg = d->object_arg;
	if (arg < 6)
		fd = r->args[arg];
	else if (ret < 0)
		return;
	struct file *f = file_of(t, fd);
	if (!f)
		return;
	if (d->object == O_SOCKET) {
		put_socket(r, f);
		return;
	}
	put_file(r, f);
	put_file_path(r, t, TAG_PATH, f);
}

/* The directory that a relative path begins at. */
static __noinline int put_base(struct record *r, struct task_struct *t, u32 tag, u32 dirfd)
{
	if (!r)
		return 0;
	if (dirfd < 6) {
		s32 fd = r->args[dirfd];
		if (fd != AT_FDCWD) {
			struct file *f = file_of(t, fd);
			if (f)
				put_file_path(r, t, tag, f);
			return 0;
		}
	}
	put_place(r, t, tag, false);
	return 0;
}

static __always_inline void put_strings(struct record *r, struct desc *d, long ret)
{
#pragma unroll
	for (int i = 0; i < PUTS; i++) {
		if (d->put[i].kind == K_NONE)
			break;
		if (d->put[i].kind != K_STRINGS)
			put_user(r, &d->put[i], ret);
	}
}

static __always_inline void put_bases(struct record *r, struct task_struct *t, struct desc *d)
{
	if (d->dir[0] && is_relative(r, d->dir[0] - 1))
		put_base(r, t, TAG_DIR, d->dirfd[0]);
	if (d->dir[1] && is_relative(r, d->dir[1] - 1))
		put_base(r, t, TAG_DIR2, d->dirfd[1]);
}

static __always_inline void put_objects(struct record *r, struct task_struct *t, struct desc *d, long ret)
{
	if (d->object == O_FILE || d->object == O_SOCKET)
		put_object(r, t, d, ret);
	else if ((d->object == O_CWD || d->object == O_ROOT) && ret >= 0)
		put_place(r, t, TAG_PATH, d->object == O_ROOT);
	if (d->dir[0])
		put_bases(r, t, d);
}
