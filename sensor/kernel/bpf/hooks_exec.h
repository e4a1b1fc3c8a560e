/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The strings of a new program: up to megabytes, in as many records as needed. */
#pragma once
#include "hooks_items.h"

/* The strings of the new program lie in its memory one after the other. They
 * follow in as many entries as they need, all but the last with FLAG_MORE, each
 * with one item that goes on where the one before ended. */
#define VECTOR_CHUNK 8192
#define VECTOR_CHUNKS 1024 /* 8 MiB: the kernel allows 6 */
struct vector {
	struct scratch *s;
	u64 from, to;
	u64 env, env_end; /* 0: not wanted, or under way */
	u32 tag, broken;
};

static __always_inline bool vector_left(struct vector *v) { return !v->broken && (v->from < v->to || v->env < v->env_end); }

/* Writes the next chunk as an item. What cannot be read ends the vector. */
static __always_inline void put_chunk(struct vector *v)
{
	struct scratch *s = v->s;
	if (v->from >= v->to) {
		v->from = v->env;
		v->to = v->env_end;
		v->env = v->env_end = 0;
		v->tag = TAG_ENV;
	}
	u64 n = v->to - v->from;
	barrier_var(n);
	if (n > VECTOR_CHUNK)
		n = VECTOR_CHUNK;
	u32 len = s->len;
	if (len > LANE_RECORD - VECTOR_CHUNK - 64)
		return;
	void *data = s->record + len + sizeof(struct item);
	if (bpf_probe_read_user(data, n, (void *)v->from)) {
		v->broken = 1;
		item_end(s, data, v->tag, ITEM_CUT, 0);
		return;
	}
	v->from += n;
	item_end(s, data, v->tag, 0, n);
}

static long vector_step(u32 i, struct vector *v)
{
	struct scratch *s = v->s;
	if (!vector_left(v))
		return 1;
	s->len = HEADER;
	put_chunk(v);
	RECORD(s)->flags = vector_left(v) ? FLAG_MORE : 0;
	if (!lane_output(s, LIFECYCLE))
		v->broken = 1;
	return 0;
}

/* Ends the entry of an exec with its strings. */
static __always_inline int close_exec(struct vector *v)
{
	struct scratch *s = v->s;
	put_chunk(v);
	if (!vector_left(v))
		return lane_close(s, EV_SCHED_PROCESS_EXEC, LIFECYCLE);
	RECORD(s)->flags = FLAG_MORE;
	if (lane_send(s, EV_SCHED_PROCESS_EXEC, LIFECYCLE)) {
		RECORD(s)->nargs = 0;
		RECORD(s)->absent = 0;
#ifdef OLD
		for (u32 i = 0; i < VECTOR_CHUNKS; i++)
			if (vector_step(i, v))
				break;
#else
		bpf_loop(VECTOR_CHUNKS, vector_step, v, 0);
#endif
	}
	scratch_give(s);
	return 0;
}
