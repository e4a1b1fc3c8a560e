/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a program at the exit of a call must know from before it: kept for the
 * thread while the call runs. */
#pragma once
#include "hooks_call.h"

/* slim_cred_t: credentials as they are printed. */
struct slim {
	u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid, user_ns, securebits;
	u64 inheritable, permitted, effective, bounding, ambient;
};

/* Namespace numbers. */
struct spaces {
	u32 mnt, pid, uts, ipc, net, cgroup;
};

struct stash {
	u32 slot;  /* of the call that it belongs to */
	u32 known; /* mprotect: prot is */
	union {
		struct {
			struct slim creds;
			struct spaces spaces;
		};
		u64 prot;
		struct {
			u64 file, count, position;
		};
	};
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct stash);
} stashes SEC(".maps");

static __always_inline void stash_put(u32 tid, struct stash *h) { bpf_map_update_elem(&stashes, &tid, h, BPF_ANY); }

/* The stash of this call, or 0. */
static __always_inline struct stash *stash_of(u32 tid, u32 slot)
{
	struct stash *h = bpf_map_lookup_elem(&stashes, &tid);
	return h && h->slot == slot ? h : 0;
}

static __always_inline void stash_drop(u32 tid) { bpf_map_delete_elem(&stashes, &tid); }
