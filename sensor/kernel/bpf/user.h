/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the arguments point to in user memory. A page that is absent marks the
 * argument, nothing is dropped. */
#pragma once
#include "ring.h"

#define SOCKADDR_MOST 128 /* sockaddr_storage */

static __always_inline bool is_structure(struct put *p) { return p->kind == K_STRUCT || p->kind == K_STRUCT_OUT; }

/* How many bytes to read; 0: nothing. */
static __always_inline u32 buffer_size(struct record *r, struct put *p, long ret)
{
	u32 arg = p->length, size = 0;
	u64 given = 0;
	if (p->kind == K_BUFFER_OUT)
		return ret > 0 ? (u32)ret : 0;
	if (p->kind == K_STRUCT_OUT && ret < 0)
		return 0;
	if (is_structure(p) && r->flags & FLAG_COMPAT && p->most > 8)
		return 0; /* another layout */
	if (arg < 6)
		given = r->args[arg];
	else if (is_structure(p))
		return p->most;
	if (p->kind != K_SOCKADDR_OUT)
		return (u32)given;
	if (ret < 0 || bpf_probe_read_user(&size, 4, (void *)given))
		return 0;
	return size;
}

static __always_inline u32 most_of(struct put *p)
{
	if (p->most)
		return p->most;
	return p->kind == K_SOCKADDR || p->kind == K_SOCKADDR_OUT ? SOCKADDR_MOST : STRING_MOST;
}

static __always_inline void read_buffer(struct record *r, struct put *p, long ret, void *to, u64 from)
{
	u32 size = buffer_size(r, p, ret), most = most_of(p);
	u8 flags = 0;
	bool structure = is_structure(p);
	if (size > most) {
		size = most;
		flags = structure ? 0 : ITEM_CUT;
	}
	barrier_var(size);
	if (size > STRING_MOST)
		size = STRING_MOST;
	if (from && size && !bpf_probe_read_user(to, size, (void *)from))
		close_item(r, to, p->arg, flags, size);
	else if (from && !structure) /* a null pointer is itself what was said */
		r->absent |= 1 << p->arg;
}

static __always_inline void read_string(struct record *r, struct put *p, long ret, void *to, u64 from)
{
	long n = p->kind == K_STRING_OUT && ret < 0 ? -1 : bpf_probe_read_user_str(to, STRING_MOST, (void *)from);
	if (n <= 0)
		r->absent |= 1 << p->arg;
	else
		close_item(r, to, p->arg, n == STRING_MOST ? ITEM_CUT : 0, (u32)(n - 1) & (2 * STRING_MOST - 1));
}

/* how is a struct put in one word. */
static __always_inline int write_user(struct record *r, u32 how, long ret)
{
	struct put p = {.arg = how & 7, .kind = how >> 8, .length = how >> 16, .most = how >> 24};
	void *to = open_item(r);
	if (p.arg > 5 || !to)
		return 0;
	u64 from = r->args[p.arg];
	if (p.kind == K_STRING || p.kind == K_STRING_OUT)
		read_string(r, &p, ret, to, from);
	else
		read_buffer(r, &p, ret, to, from);
	return 0;
}

#ifdef OLD
GLOBAL int user_into(u64 name, u32 how, long ret)
{
	struct room *room = room_at(name);
	return room ? write_user(&room->record, how, ret) : 0;
}
#else
GLOBAL int read_user(struct room *room, u32 how, long ret) { return room ? write_user(&room->record, how, ret) : 0; }
#endif

static __always_inline void put_user(struct record *r, struct put *p, long ret)
{
	u32 how = p->arg | p->kind << 8 | p->length << 16 | (u32)p->most << 24;
#ifdef OLD
	user_into(room_of(r), how, ret);
#else
	read_user((struct room *)r, how, ret);
#endif
}

/* Whether a path that was read, the first or the second item, is a relative one. */
static __always_inline bool is_relative(struct record *r, u32 arg)
{
	u32 o = HEADER + 8 * (r->nargs & 7);
	for (int i = 0; i < 2; i++) {
		barrier_var(o);
		if (o > RECORD_MOST || o >= length_of(r))
			return false;
		struct item *it = (void *)r + o;
		if (it->tag == arg)
			return it->len == 0 || *(u8 *)(it + 1) != '/';
		o += sizeof(struct item) + ((it->len + 7) & ~7u);
	}
	return false;
}
