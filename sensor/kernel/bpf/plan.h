/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space tells the programs: constants set before they are loaded, and
 * one mapped structure that may change at any time. The filter's plans stand
 * there in two copies; the lowest bit of `version` names the one in force, so
 * that a change is one store. A program reads `version` once. */
#pragma once
#include "record.h"

const volatile u32 ring_mask = 0;
const volatile s32 cgroup_ssid = -1; /* v1 controller whose path names containers; -1: v2 */
const volatile bool stacks = false;   /* user stack with every event */
const volatile bool exec_env = false; /* environment with execve */
const volatile bool entryless = false; /* what entry tells is told by other hooks: see entryless.h */

/* One test of one fact, as ../compile.go lays it out. */
enum { OP_RANGE, OP_MASK, OP_STRING, OP_TAIL, OP_PORT, OP_LEAF, OP_BELOW };
enum { ON_CONTEXT, ON_RECORD, ON_ITEM };
struct atom {
	u8 plan, last, negated, op; /* last: of its clause */
	u8 on, sext, shift, tag;    /* sext: bytes of a signed value, 0 unsigned; tag: of the item, or the argument */
	u32 offset;		    /* of the word; OP_BELOW: length of the directory's names */
	u32 doubt;		    /* an item that is not there may hold */
	u64 mask, lo, hi;	    /* strings: lo and hi bound the length */
	u64 str[8], strmask[8];
};
#define ATOMS 256

/* How one event is read. */
enum {
	D_ENTRY = 1,  /* emitted at entry */
	D_CHILD = 2,  /* returns twice: 0 is the child's side */
	D_EXEC = 4,   /* at exit only when it failed, and without arguments */
	D_RETURN = 8, /* replaces the registers: its number is gone at exit */
	D_ITEMS = 16, /* has anything beyond its words */
	D_STASH = 32, /* the object is looked up at entry */
	D_STATE = 64, /* credentials or namespaces may have changed: tell it */
	D_FRESH = 128, /* they may have: every remembered context is to be made anew */
};
enum {
	K_NONE,
	K_STRING,	/* up to its NUL */
	K_SOCKADDR,	/* as long as an argument says */
	K_SOCKADDR_OUT, /* as long as what an argument points to says */
	K_BUFFER,	/* as long as an argument says */
	K_BUFFER_OUT,	/* as long as the return value says */
	K_STRUCT,	/* of a known size, perhaps less if an argument says so */
	K_STRUCT_OUT,	/* the same, when the call succeeded */
	K_STRING_OUT,	/* up to its NUL, when the call succeeded */
	K_STRINGS,	/* a vector */
};
enum { O_NONE, O_FILE, O_SOCKET, O_CWD, O_ROOT };
#define FROM_RET 7
struct put {
	u8 arg, kind, length, most; /* length: the argument with the size, FROM_RET: none; most: bytes, 0: as the kind says */
};
#define PUTS 4
struct desc {
	u16 id;
	u8 nargs, flags;
	struct put put[PUTS];
	u8 object, object_arg; /* object_arg: the descriptor, or FROM_RET */
	u8 dir[2];	       /* 1 + argument with the path whose base directory is wanted, if it is relative */
	u8 dirfd[2];	       /* argument with the directory's descriptor, FROM_RET: working directory */
	u16 plans[2];	       /* by copy: a bit per plan that selects it */
	u16 first[2], count[2]; /* by copy: its atoms */
	u16 absent;		/* arguments that are never carried */
};

/* Where 32-bit calls, and a few others, keep their arguments. */
#define SHAPES 64
struct shape {
	u8 low[6], high[6], shift[6]; /* registers, NO_REGISTER: none */
};
#define NO_REGISTER 7

struct control {
	u32 version, generation;
	u32 self; /* own process id: never reported; 0: nobody's */
	u32 host_pidns, host_mntns;
	u32 pad;
	u64 started;  /* ns: processes that began later are new */
	u32 tree;     /* 1: only processes in `scope` are in scope */
	u32 arm_tid;  /* the thread of ours whose next child is the root of the tree */
	u32 scoped;   /* processes in `scope` */
	u32 orphans;  /* calls on a CPU that has no ring */
	u32 process_atoms[2]; /* how many of the atoms, from 0, are about the process */
	u32 all_plans[2], follow[2];
	u64 selected[2][16]; /* by native number, both ABIs together; [1]: at entry */
	struct desc descs[SLOTS];
	struct atom atoms[2][ATOMS];
};
struct control control SEC(".data.control");

/* Native numbers to slots; above these 10 bits the index of a shape, 0: each
 * argument in its own register. */
#define NUMBERS 1024
const volatile u16 slots[NUMBERS];
const volatile u16 slots32[NUMBERS];
const volatile struct shape shapes[SHAPES];
#define SLOT_OF(entry) ((entry) & (SLOTS - 1))
#define SHAPE_OF(entry) ((entry) >> 10 & (SHAPES - 1))
