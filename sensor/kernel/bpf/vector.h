/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Vectors of strings, as execve gets them: all of them, in as many records as
 * they need. All but the last have FLAG_MORE; an item that opens a record goes
 * on where the last item of the record before ended. */
#pragma once
#include "ring.h"

/* What is under way stands in the CPU's memory, not on the stack: what comes out
 * of there has no history for the verifier, so the loop has few states. */
static __always_inline void vector_begin(struct vector *v, struct record *r, u8 tag)
{
	v->tag = tag;
	v->flags = 0;
	v->item = length_of(r);
	v->len = length_of(r) + sizeof(struct item);
}

static __always_inline void vector_end(struct vector *v, struct record *r)
{
	u32 item = v->item;
	if (item > RECORD_MOST)
		return;
	set_length(r, put_item(r, item, v->tag, v->flags, v->len - item - sizeof(struct item)));
}

/* Begins the next record behind this one. */
static __always_inline bool vector_turn(struct cpu *c, struct vector *v)
{
	struct record *r = at(c, v->head);
	vector_end(v, r);
	u64 head = v->head + length_of(r);
	if (!has_room(c, head)) {
		v->flags |= ITEM_CUT;
		r->flags |= FLAG_CUT;
		v->full = 1;
		return false;
	}
	struct record *n = at(c, head);
	n->time = r->time;
	n->id = r->id;
	n->tid = r->tid;
	n->wanted = r->wanted;
	n->flags = r->flags;
	n->nargs = 0;
	n->absent = 0;
	n->ret = 0;
	set_length(n, HEADER);
	r->flags |= FLAG_MORE;
	v->head = head;
	vector_begin(v, n, v->tag);
	return true;
}

/* Reads the next pointer: false at the end. */
static __always_inline bool vector_next(struct vector *v)
{
	u64 p = 0;
	u32 size = v->wide ? 8 : 4;
	if (size == 8 ? bpf_probe_read_user(&p, 8, (void *)v->from) : bpf_probe_read_user(&p, 4, (void *)v->from))
		v->flags |= ITEM_HOLE | ITEM_CUT;
	v->from += size;
	v->text = p;
	return p != 0;
}

#ifdef OLD
GLOBAL int vector_step(void)
#else
static long vector_step(u32 i, void *unused)
#endif
{
	struct cpu *c = this_cpu();
	if (!c)
		return 1;
	struct vector *v = &c->vector;
	if (v->len > RECORD_MOST && !vector_turn(c, v))
		return 1;
	if (!v->text && !vector_next(v))
		return 1;
	u32 len = v->len;
	if (len > RECORD_MOST)
		return 1;
	u8 *to = (void *)at(c, v->head) + len;
	long n = bpf_probe_read_user_str(to, STRING_MOST, (void *)v->text);
	if (n == STRING_MOST) { /* the last byte is a NUL that is not the string's */
		v->text += STRING_MOST - 1;
		v->len = len + STRING_MOST - 1;
		return 0;
	}
	if (n <= 0) {
		*to = 0;
		n = 1;
		v->flags |= ITEM_HOLE;
	}
	v->text = 0;
	v->len = len + ((u32)n & (2 * STRING_MOST - 1));
	return 0;
}

#ifdef OLD
#define VECTOR_STEPS 4096 /* each is verified on its own */
#else
#define VECTOR_STEPS (1 << 20)
#endif

/* Writes the vector at from as an item with that tag. */
static __always_inline void write_vector(struct cpu *c, u8 tag, u64 from)
{
	struct vector *v = &c->vector;
	struct record *r = at(c, v->head);
	if (length_of(r) > RECORD_MOST)
		return;
	v->from = from;
	v->text = 0;
	vector_begin(v, r, tag);
	long n = 0;
#ifdef OLD
	for (; n < VECTOR_STEPS; n++)
		if (vector_step())
			break;
#else
	n = bpf_loop(VECTOR_STEPS, vector_step, 0, 0);
#endif
	if (n == VECTOR_STEPS)
		v->flags |= ITEM_CUT;
	vector_end(v, at(c, v->head));
}

#ifdef OLD
GLOBAL int vector_here(u32 tag, u64 from)
{
	struct cpu *c = this_cpu();
	if (c)
		write_vector(c, tag, from);
	return 0;
}
static __always_inline void put_vector(struct cpu *c, u8 tag, u64 from) { vector_here(tag, from); }
#else
static __always_inline void put_vector(struct cpu *c, u8 tag, u64 from) { write_vector(c, tag, from); }
#endif
