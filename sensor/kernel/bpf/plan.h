/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter's plans as the programs read them: tables in two copies, of which
 * `active` names the one in force, so that a change is one store. */
#pragma once
#include "record.h"

enum { OP_RANGE, OP_MASK, OP_STRING, OP_TAIL };
enum { ON_CONTEXT, ON_RECORD, ON_ITEM };

struct atom {
	u8 plan, last, not_, op;
	u8 on, sext, shift, arg;
	u32 offset, pad;
	u64 mask, lo, hi;
	u64 str[8], strmask[8];
};

/* How one event is read. */
enum { D_ENTRY = 1, D_CHILD = 2, D_EXEC = 4 };
enum { K_NONE, K_STRING, K_SOCKADDR, K_SOCKADDR_OUT, K_STRING_OUT, K_INTS, K_STRINGS };
enum { O_NONE, O_FD_RET, O_FD_ARG, O_SOCK_RET, O_SOCK_ARG };
struct put {
	u8 arg, kind;
};
struct desc {
	u16 id;
	u8 nargs, flags;
	struct put put[4];
	u8 object, object_arg, pad[2];
	u16 plans[2];
	u16 first[2], count[2]; /* atoms of this event */
};

const volatile u32 ring_mask = 0;
const volatile u32 self = 0;	     /* own process id: never reported */
const volatile u64 started = 0;	     /* ns: processes that began later are new */
const volatile s32 cgroup_ssid = -1; /* v1 controller whose path names containers; -1: v2 */
const volatile u32 host_pidns = 0;
const volatile u32 host_mntns = 0;
const volatile u16 slots[512];
const volatile u16 slots32[512];

u64 selected[2][8]; /* by native number; [1]: at entry */
struct desc descs[SLOTS];
#define ATOMS 256
struct atom atoms[2][ATOMS];
u32 process_atoms[2]; /* how many of the atoms, from 0, are about the process */
u16 follow[2];	      /* plans that follow */
u16 all_plans[2];
u32 active, generation;
u32 tree; /* 1: only processes in `scope` are in scope */
u32 arm_tid; /* the thread of ours whose next child is the root of the tree */
u32 compat_any;
