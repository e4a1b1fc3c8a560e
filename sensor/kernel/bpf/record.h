/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What crosses to user space. The layouts are those of event.Context and of
 * event/record.go; a Go test compares them with the types in the object. */
#pragma once
#include "kernel.h"

struct context {
	u64 start, cgroup;
	u32 hpid, htid, hppid, pid, tid, ppid, uid, mntns, pidns, euid, gid;
	u32 bits; /* BIT_*, and above them the low 16 bits of the plans' version */
	u64 cap, thread_start;
	u64 comm[2], uts[2];
};
enum { BIT_CONTAINER = 1, BIT_NEW = 2, BIT_NEW_CONTAINER = 4 };

struct record {
	u64 time;
	u32 size;
	u16 id;
	u8 nargs, flags;
	u32 tid;
	u16 absent, wanted;
	s64 ret;
	u64 args[6];
};
#define HEADER 32
#define CONTEXT_ID 0xffff /* a record that holds a struct context after its header */
#define STASH_ID 0xfffe	  /* items that the thread's next record of that call will miss: its object was there at entry only */

/* A record may take this much room. An item may begin up to RECORD_MOST: the
 * longest of them still fits behind it. */
#define ROOM 32768
#define RECORD_MOST (ROOM - 8192)
#define STRING_MOST 4096
struct room {
	struct record record;
	u8 rest[RECORD_MOST + STRING_MOST + 64 - sizeof(struct record)];
};

/* Before Linux 5.13 a function that is verified once takes numbers only, so a
 * record has a name, which stands behind its room: see ring.h. */
struct named_room {
	struct room room;
	u64 name, plain;
	u64 walk[5]; /* a walk under way: see path.h */
};
#define IN_SCRATCH (1ull << 63) /* name: the level of a scratch; else the position in the ring */

struct item {
	u8 tag, flags;
	u16 zero;
	u32 len;
};
enum { FLAG_COMPAT = 1, FLAG_ENTRY = 2, FLAG_CUT = 4, FLAG_MISMATCH = 8, FLAG_MORE = 16, FLAG_NESTED = 32 };
enum { ITEM_CUT = 1, ITEM_DETACHED = 2, ITEM_DELETED = 4, ITEM_ANON = 8, ITEM_HOLE = 16, ITEM_TEXT = 32 };
enum {
	TAG_PATH = 0x20,
	TAG_FILE,
	TAG_SOCKET,
	TAG_PATH2,
	TAG_EXE,
	TAG_ARGV,
	TAG_STACK,
	TAG_SUNPATH,
	TAG_ENV,
	TAG_BYTES,
	TAG_PREV,
	TAG_CHILD,
	TAG_CWD,
	TAG_DIR,
	TAG_INTERP,
	TAG_DIR2,
	TAG_SUNPEER,
};
struct fileinfo {
	u64 ino;
	u32 dev, mode, uid, gid, flags, magic;
};
struct sockinfo {
	u16 family, type, protocol, state;
	u64 ino;
	u8 local[28], remote[28];
};

/* Slots number the events densely, for counters and descriptions: see slot()
 * in ../describe.go. The last one is nobody's. */
#define SLOTS 1024
#define SLOT(id) ((id) < 512 ? (id) : (id) < 2000 ? 512 + ((id) - 1000) : (id) < 3000 ? 736 + ((id) - 2000) : 536 + ((id) - 3000))
#define NO_SLOT (SLOTS - 1)

/* A vector of strings as it is read: see vector.h. */
struct vector {
	u64 head;	/* of the record being written */
	u64 from, text; /* next pointer; string under way, 0: none */
	u32 item, len;	/* in the record: where the item began, and its end so far */
	u8 tag, flags, wide, full;
};

/* One per CPU, mapped by user space. The ring follows at RING. */
struct cpu {
	u64 head; /* bytes ever published; bit 0: a record is being written */
	u64 tail_cache; /* tail as last seen here */
	u64 dropped; /* records that found no room, since the last one that did */
	u64 pad0[13];
	u64 tail; /* written by the reader only */
	u64 pad1[15];
	/* the context that the records after the last context record belong to */
	u64 task, start, cred, nsproxy, cgroups, parent, comm[2];
	u32 version, generation; /* of the plans and of the maps, when it was made */
	u32 pass; /* a bit per plan that the process satisfies */
	u8 skip, sent, pad2[2];
	struct context ctx;
	struct vector vector;
	u64 generated[SLOTS], filtered[SLOTS], lost[SLOTS];
};
#define RING 32768 /* offset of the ring in the element */
#define SLACK (ROOM + 8192) /* the last record runs over the ring's end: none ever wraps; the rest is the verifier's */
