/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the arguments point to in user memory. A page that is absent marks the
 * argument, nothing is dropped. */
#pragma once
#include "ring.h"

#define SOCKADDR_MOST 128 /* sockaddr_storage */

/* How many bytes to read; 0: nothing to read. */
static __always_inline u32 buffer_size(struct record *r, struct put *p, long ret)
{
	u32 arg = p->length, size = 0;
	u64 given = 0;
	if (p->kind == K_PAIR)
		return ret < 0 ? 0 : 8;
	if (arg == FROM_RET)
		return ret > 0 ? (u32)ret : 0;
	if (arg < 6)
		given = r->args[arg];
	if (p->kind != K_SOCKADDR_OUT)
		return (u32)given;
	if (ret < 0 || bpf_probe_read_user(&size, 4, (void *)given))
		return 0;
	return size;
}

/* Whether a path in user memory, an argument that is there already, is a relative one. */
static __always_inline bool is_relative(struct record *r, u32 arg)
{
	u8 first = 0;
	if (arg > 5 || bpf_probe_read_user(&first, 1, (void *)r->args[arg]))
		return false;
	return first != '/';
}

GLOBAL int read_user(struct room *room, u32 how, long ret)
{
	struct put put = {.arg = how, .kind = how >> 8, .length = how >> 16}, *p = &put;
	if (!room)
		return 0;
	struct record *r = &room->record;
	u32 arg = p->arg;
	void *to = open_item(r);
	if (arg > 5 || !to)
		return 0;
	u64 from = r->args[arg];
	u8 flags = 0;
	long n = -1;

	if (p->kind == K_STRING) {
		n = bpf_probe_read_user_str(to, STRING_MOST, (void *)from);
		if (n == STRING_MOST)
			flags = ITEM_CUT;
		n--; /* without the NUL; an error stays one, and so does nothing at all */
	} else {
		u32 size = buffer_size(r, p, ret), most = STRING_MOST;
		if (p->kind != K_BUFFER_OUT)
			most = SOCKADDR_MOST;
		if (size > most) {
			size = most;
			flags = ITEM_CUT;
		}
		if (from && size && !bpf_probe_read_user(to, size, (void *)from))
			n = size;
	}
	if (n < 0)
		r->absent |= 1 << arg;
	else
		close_item(r, to, arg, flags, (u32)n & (2 * STRING_MOST - 1));
	return 0;
}

static __always_inline void put_user(struct record *r, struct put *p, long ret)
{
	read_user((struct room *)r, p->arg | p->kind << 8 | p->length << 16, ret);
}
