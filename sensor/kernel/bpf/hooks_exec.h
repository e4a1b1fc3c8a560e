/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The strings of a new program: up to megabytes, in as many records as needed. */
#pragma once
#include "hooks_items.h"

/* The strings of the new program lie in its memory one after the other. They
 * follow in as many entries as they need, all but the last with FLAG_MORE, each
 * with one item that goes on where the one before ended. */
#define STRINGS_CHUNK 8192
#ifdef OLD
#define STRINGS_CHUNKS 32 /* each is verified on its own */
#else
#define STRINGS_CHUNKS 1024 /* 8 MiB: the kernel allows 6 */
#endif
struct strings {
	struct scratch *s;
	u64 from, to;
	u64 env, env_end; /* 0: not wanted, or under way */
	u32 tag, broken;
};

static __always_inline bool strings_left(struct strings *v) { return !v->broken && (v->from < v->to || v->env < v->env_end); }

/* Writes the next chunk as an item. What cannot be read ends the vector. */
static __always_inline void strings_chunk(struct strings *v)
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
	if (n > STRINGS_CHUNK)
		n = STRINGS_CHUNK;
	u32 len = length_of(RECORD(s));
	if (len > LANE_RECORD - STRINGS_CHUNK - 64)
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

static long strings_step(u32 i, struct strings *v)
{
	struct scratch *s = v->s;
	if (!strings_left(v))
		return 1;
	set_length(RECORD(s), HEADER);
	strings_chunk(v);
	RECORD(s)->flags = strings_left(v) ? FLAG_MORE : 0;
	if (!lane_output(s, LIFECYCLE))
		v->broken = 1;
	return 0;
}

/* Ends the entry of an exec with its strings. */
static __always_inline int close_exec(struct strings *v)
{
	struct scratch *s = v->s;
	strings_chunk(v);
	if (!strings_left(v))
		return lane_close(s, LIFECYCLE);
	RECORD(s)->flags = FLAG_MORE;
	if (lane_send(s, LIFECYCLE)) {
		RECORD(s)->nargs = 0;
		RECORD(s)->absent = 0;
#ifdef OLD
		for (u32 i = 0; i < STRINGS_CHUNKS; i++)
			if (strings_step(i, v))
				break;
#else
		bpf_loop(STRINGS_CHUNKS, strings_step, v, 0);
#endif
	}
	scratch_give(s);
	return 0;
}
