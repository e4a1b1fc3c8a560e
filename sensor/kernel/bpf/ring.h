/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring of this CPU. Only the system call programs write it, and they are
 * never preempted: what fires in interrupt context uses the lane. */
#pragma once
#include "context.h"

static __always_inline struct record *at(struct cpu *c, u64 head) { return (void *)c + RING + (head & ring_mask); }

/* Data before head, on every architecture. */
static __always_inline void publish(struct cpu *c, u64 head)
{
#if defined(__TARGET_ARCH_x86)
	barrier();
	*(volatile u64 *)&c->head = head;
#else
	__sync_lock_test_and_set(&c->head, head);
#endif
}

#ifdef OLD
static __always_inline struct room *scratch_room(u32 level); /* in lane.h */

static __always_inline struct room *room_at(u64 name)
{
	if (name & IN_SCRATCH)
		return scratch_room(name);
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	barrier_var(c); /* tested before it is moved */
	return (void *)at(c, name);
}

static __always_inline void name_room(struct record *r, u64 name) { ((struct named_room *)r)->name = name; }
static __always_inline u64 room_of(struct record *r) { return ((struct named_room *)r)->name; }

/* A number without a history, so that the ways that led to it look the same to
 * the verifier. */
static __always_inline u32 forget(struct record *r, u32 v)
{
	volatile u64 *memory = &((struct named_room *)r)->plain;
	*memory = v;
	return *memory;
}
#else
static __always_inline void name_room(struct record *r, u64 name) {}
static __always_inline u32 forget(struct record *r, u32 v) { return v; }
#endif

static __always_inline bool has_room(struct cpu *c, u64 head)
{
	u64 size = (u64)ring_mask + 1;
	if (head - c->tail_cache + ROOM <= size)
		return true;
	c->tail_cache = *(volatile u64 *)&c->tail;
	return head - c->tail_cache + ROOM <= size;
}

/* Finds room for a record of this slot and marks it as being written, so that
 * the reader knows that its time may already be past. A context record goes
 * before it when the reader does not have the context. */
static __always_inline bool open_record(struct cpu *c, u32 slot, u64 *head)
{
	u64 h = c->head;
	/* An odd head is that of a program which this one interrupts: kernels that
	 * preempt programs exist. */
	if (h & 1 || !has_room(c, h)) {
		c->lost[slot & (SLOTS - 1)]++;
		c->dropped++;
		c->sent = 0; /* nothing may be attributed to a context that was lost */
		return false;
	}
	*(volatile u64 *)&c->head = h | 1;
	if (!c->sent) {
		struct record *r = at(c, h);
		r->time = c->dropped;
		r->size = HEADER + sizeof(struct context);
		r->id = CONTEXT_ID;
		r->nargs = r->flags = 0;
		__builtin_memcpy((void *)r + HEADER, &c->ctx, sizeof(struct context));
		h += HEADER + sizeof(struct context);
	}
	*head = h;
	name_room(at(c, h), h);
	return true;
}

static __always_inline void close_record(struct cpu *c, u64 head, u32 size)
{
	c->sent = 1;
	c->dropped = 0;
	publish(c, head + size);
}

static __always_inline void abandon_record(struct cpu *c) { publish(c, c->head & ~1ull); }

/* The length of a record under way is kept in the record only: what comes out of
 * memory has no history for the verifier, so its states stay few. */
static __always_inline u32 length_of(struct record *r) { return *(volatile u32 *)&r->size; }
static __always_inline void set_length(struct record *r, u32 len) { *(volatile u32 *)&r->size = len; }

/* Where the next item's data go; 0 when the record is full. */
static __always_inline void *open_item(struct record *r)
{
	u32 len = length_of(r);
	if (len > RECORD_MOST)
		return 0;
	return (void *)r + len + sizeof(struct item);
}

/* Makes an item of n bytes at data, which is open_item's. */
static __always_inline void close_item(struct record *r, void *data, u8 tag, u8 flags, u32 n)
{
	struct item *it = data - sizeof(struct item);
	it->tag = tag;
	it->flags = flags;
	it->zero = 0;
	it->len = n;
	set_length(r, length_of(r) + sizeof(struct item) + ((n + 7) & ~7u));
}

/* For the lane, which keeps its length elsewhere. */
static __always_inline u32 put_item(void *r, u32 len, u8 tag, u8 flags, u32 n)
{
	struct item *it = r + len;
	it->tag = tag;
	it->flags = flags;
	it->zero = 0;
	it->len = n;
	return len + sizeof(struct item) + ((n + 7) & ~7u);
}
