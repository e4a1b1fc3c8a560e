/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the kernel lets no program stand at its own functions, their events are
 * derived from the system calls that lead there: from those that succeeded, and
 * from the object that they reached. One program for each family, at the exit of
 * all calls; one at the entry, for those that must know what was before. */
#pragma once
#include "hooks_creds.h"
#include "hooks_memory.h"
#include "hooks_sockets.h"
#include "hooks_system.h"
#include "hooks_writes.h"

enum family { FAMILY_FILES, FAMILY_SOCKETS, FAMILY_WRITES, FAMILY_MEMORY, FAMILY_CREDS, FAMILY_SYSTEM, FAMILIES };

/* The calls of each family by native number, both ABIs together. */
u64 family_calls[FAMILIES][NUMBERS / 64] SEC(".data.families");
u64 entry_calls[NUMBERS / 64] SEC(".data.entries");

/* Registers before they are sorted: a stack is no place for a variable index. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[8]);
} raw_registers SEC(".maps");

#define O_CREAT 0100
#define O_TRUNC 01000
#define O_CREATION 01700 /* O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC: an open forgets them */

struct made {
	struct task_struct *t;
	u32 slot, tid;
	long ret;
	u64 a[6];
};

/* The index is bounded where old verifiers see it, behind the compiler's back. */
static __always_inline bool call_bit(u64 *calls, u32 nr)
{
	u32 word = nr >> 6;
	barrier_var(word);
	return calls[word & (NUMBERS / 64 - 1)] >> (nr & 63) & 1;
}

static __always_inline bool in_family(struct pt_regs *regs, u32 family)
{
	u32 nr = number_of(regs);
	return nr < NUMBERS && call_bit(family_calls[family], nr);
}

/* Which call it was, and its arguments where the dictionary has them. */
static __always_inline void read_call(struct made *m, struct pt_regs *regs, long ret)
{
	struct task_struct *t = TASK();
	u32 nr = number_of(regs) & (NUMBERS - 1);
	bool compat = is_compat(t);
	u32 entry = compat ? slots32[nr] : slots[nr];
	m->t = t;
	m->tid = GET(t, pid);
	m->slot = SLOT_OF(entry);
	m->ret = ret;
	u32 zero = 0;
	u64 *raw = SHAPE_OF(entry) ? bpf_map_lookup_elem(&raw_registers, &zero) : 0;
	if (raw) {
		read_registers(raw, regs, compat);
		shape_args(m->a, raw, SHAPE_OF(entry));
	} else {
		read_registers(m->a, regs, compat);
	}
}

/* ---- files ---- */

#define AT_REMOVEDIR 0x200

static __always_inline u64 first_word(u64 from)
{
	u64 v = 0;
	bpf_probe_read_user(&v, 8, (void *)from);
	return v;
}

/* A name as the caller said it, with the directory that it begins at. */
__noinline int lane_put_name(u32 level, u32 arg, u32 tag, u32 dirfd, u64 name)
{
	struct scratch *s = scratch_at(level);
	u8 first = 0;
	if (!s)
		return 0;
	lane_user_string(s, arg, (void *)name);
	if (bpf_probe_read_user(&first, 1, (void *)name) || first == '/')
		return 0;
	if ((s32)dirfd == AT_FDCWD) {
		lane_cwd(s, tag);
		return 0;
	}
	struct file *f = file_of(TASK(), dirfd);
	if (f)
		lane_file_path(s, tag, f);
	return 0;
}

static __always_inline void lane_name(struct scratch *s, u32 arg, u32 tag, u32 dirfd, u64 name) { lane_put_name(s->level, arg, tag, dirfd, name); }

static __always_inline int opened(struct made *m, u64 flags)
{
	struct file *f = file_of(m->t, m->ret);
	return f ? open_event((u64)f, flags & O_CREATION) : 0;
}

__noinline int unlinked(u32 dirfd, u64 name)
{
	struct scratch *s = lane_open(EV_SECURITY_INODE_UNLINK, 3, ORDINARY);
	if (!s)
		return 0;
	mark_absent(s, 1);
	mark_absent(s, 2);
	lane_name(s, 0, TAG_DIR, dirfd, name);
	return lane_close(s, ORDINARY);
}

__noinline int renamed(u64 dirfds, u64 from, u64 to)
{
	struct scratch *s = lane_open(EV_SECURITY_INODE_RENAME, 2, ORDINARY);
	if (!s)
		return 0;
	lane_name(s, 0, TAG_DIR, (u32)dirfds, from);
	lane_name(s, 1, TAG_DIR2, dirfds >> 32, to);
	return lane_close(s, ORDINARY);
}

/* As system calls encode a device, and as the kernel does. */
static __always_inline u32 kernel_dev(u32 dev) { return (dev & 0xfff00) << 12 | (dev & 0xff) | (dev >> 12 & 0xfff00); }

__noinline int node_made(u32 dirfd, u64 name, u32 mode, u32 dev)
{
	if ((mode & S_IFMT) == 0 || (mode & S_IFMT) == S_IFREG) /* that is creation */
		return 0;
	struct scratch *s = lane_open(EV_SECURITY_INODE_MKNOD, 3, ORDINARY);
	if (!s)
		return 0;
	struct task_struct *t = TASK();
	struct fs_struct___umask *fs = (void *)GET(t, fs);
	ARGS(s)[1] = (u16)mode & ~BPF_CORE_READ(fs, umask);
	ARGS(s)[2] = kernel_dev(dev);
	lane_name(s, 0, TAG_DIR, dirfd, name);
	return lane_close(s, ORDINARY);
}

__noinline int symlinked(u64 target, u32 dirfd, u64 name)
{
	struct scratch *s = lane_open(EV_SECURITY_INODE_SYMLINK, 2, ORDINARY);
	if (!s)
		return 0;
	lane_user_string(s, 1, (void *)target);
	lane_name(s, 0, TAG_DIR, dirfd, name);
	return lane_close(s, ORDINARY);
}

static __always_inline int changed_names(struct made *m)
{
	u64 *a = m->a, here = (u32)AT_FDCWD;
	switch (m->slot) {
	case CALL_UNLINK: return unlinked(here, a[0]);
	case CALL_UNLINKAT: return a[2] & AT_REMOVEDIR ? 0 : unlinked(a[0], a[1]);
	case CALL_RENAME: return renamed(here << 32 | here, a[0], a[1]);
	case CALL_RENAMEAT:
	case CALL_RENAMEAT2: return renamed(a[2] << 32 | (u32)a[0], a[1], a[3]);
	case CALL_MKNOD: return node_made(here, a[0], a[1], a[2]);
	case CALL_MKNODAT: return node_made(a[0], a[1], a[2], a[3]);
	case CALL_SYMLINK: return symlinked(a[0], here, a[1]);
	case CALL_SYMLINKAT: return symlinked(a[0], a[1], a[2]);
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_files, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_FILES) || ret < 0)
		return 0;
	read_call(&m, regs, ret);
	u64 *a = m.a, flags = 0;
	switch (m.slot) {
	case CALL_OPEN: flags = a[1]; break;
	case CALL_CREAT: flags = O_CREAT | O_TRUNC; break;
	case CALL_OPENAT:
	case CALL_OPEN_BY_HANDLE_AT: flags = a[2]; break;
	case CALL_OPENAT2: flags = first_word(a[2]); break;
	default: return changed_names(&m);
	}
	return opened(&m, flags);
}

/* ---- sockets ---- */

#define EINPROGRESS 115
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

static __always_inline int duplicated(struct made *m)
{
	u32 from = m->a[0], to = m->ret;
	return from == to ? 0 : socket_call(EV_SOCKET_DUP, from, to, 0);
}

static __always_inline int socket_made(struct made *m) { return create_event(m->a[0], m->a[1], m->a[2], 0); }

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_sockets, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_SOCKETS) || (ret < 0 && ret != -EINPROGRESS))
		return 0;
	read_call(&m, regs, ret);
	u64 *a = m.a;
	switch (m.slot) {
	case CALL_SOCKETPAIR: socket_made(&m); /* it asks twice */
	case CALL_SOCKET: return is_derived(EV_SECURITY_SOCKET_CREATE) ? socket_made(&m) : 0;
	case CALL_CONNECT: return socket_call(EV_SECURITY_SOCKET_CONNECT, a[0], a[0], 0);
	case CALL_BIND: return socket_call(EV_SECURITY_SOCKET_BIND, a[0], a[0], 0);
	case CALL_LISTEN: return socket_call(EV_SECURITY_SOCKET_LISTEN, a[0], a[0], (s64)(s32)a[1]);
	case CALL_ACCEPT:
	case CALL_ACCEPT4: return socket_call(EV_SECURITY_SOCKET_ACCEPT, a[0], ret, 0);
	case CALL_DUP:
	case CALL_DUP2:
	case CALL_DUP3: return duplicated(&m);
	case CALL_FCNTL: return a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC ? duplicated(&m) : 0;
	}
	return 0;
}

/* ---- writes ---- */

#define EBADF 9

static __always_inline const void *first_buffer(const struct iovec *v)
{
	u64 base = 0;
	bpf_probe_read_user(&base, 8, v);
	return (void *)base;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_writes, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_WRITES) || ret == -EBADF)
		return 0;
	read_call(&m, regs, ret);
	u64 *a = m.a;
	struct file *f = file_of(m.t, a[0]);
	if (!f)
		return 0;
	u64 end = BPF_CORE_READ(f, f_pos);
	struct written w = {.file = f, .buffer = (void *)a[1], .count = a[2], .ret = ret};
	w.position = ret > 0 && end >= ret ? end - ret : end;
	u32 id = EV_VFS_WRITE;
	switch (m.slot) {
	case CALL_PWRITEV:
	case CALL_PWRITEV2:
		if ((s64)a[3] >= 0)
			w.position = a[3];
	case CALL_WRITEV:
		w.buffer = first_buffer((void *)a[1]);
		id = EV_VFS_WRITEV;
		break;
	case CALL_PWRITE64: w.position = a[3]; break;
	}
	if (is_derived(id))
		write_event(id, &w);
	return is_derived(EV_MAGIC_WRITE) ? magic_event(&w) : 0;
}

/* ---- memory ---- */

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_memory, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_MEMORY))
		return 0;
	read_call(&m, regs, ret);
	if (m.slot == CALL_MMAP)
		return exit_mmap(m.a, ret);
	struct stash *h = stash_of(m.tid, m.slot);
	if (!h)
		return 0;
	u64 old = h->prot;
	stash_drop(m.tid);
	return exit_mprotect(old, m.a, ret);
}

/* ---- credentials and namespaces ---- */

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_state, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_CREDS))
		return 0;
	read_call(&m, regs, ret);
	struct stash *h = stash_of(m.tid, m.slot);
	if (!h)
		return 0;
	if (is_derived(EV_COMMIT_CREDS))
		exit_creds(m.t, h);
	if (is_derived(EV_SWITCH_TASK_NS))
		exit_spaces(m.t, m.tid, h);
	stash_drop(m.tid);
	return 0;
}

/* ---- the system ---- */

#define MOVE_MOUNT_F_EMPTY_PATH 4
#define BPF_MAP_CREATE 0
#define BPF_OBJ_GET 7
#define BPF_MAP_GET_FD_BY_ID 14
enum { READING_MODULE = 2, READING_KEXEC_IMAGE, READING_KEXEC_INITRAMFS };

__noinline int mounted(u64 device, u64 path, u64 type, u64 flags)
{
	struct scratch *s = lane_open(EV_SECURITY_SB_MOUNT, 4, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[3] = flags;
	lane_user_string(s, 0, (void *)device);
	lane_user_string(s, 2, (void *)type);
	lane_name(s, 1, TAG_DIR, AT_FDCWD, path);
	return lane_close(s, ORDINARY);
}

/* It has its place by now, so its own path tells where. */
static __always_inline int mount_moved(struct made *m)
{
	struct file *f = m->a[4] & MOVE_MOUNT_F_EMPTY_PATH ? file_of(m->t, m->a[0]) : 0;
	if (!f)
		return 0;
	struct vfsmount *vfs = BPF_CORE_READ(f, f_path.mnt);
	return move_event(&f->f_path, (u64)vfs, (u64)BPF_CORE_READ(vfs, mnt_root));
}

/* Whether it is a map that a descriptor of this name stands for. */
static __always_inline bool is_map(struct file *f)
{
	u64 name = 0;
	struct dentry *d = BPF_CORE_READ(f, f_path.dentry);
	bpf_probe_read_kernel(&name, 8, BPF_CORE_READ(d, d_name.name));
	return name == 0x70616d2d667062ull; /* "bpf-map" */
}

static __always_inline int bpf_called(struct made *m)
{
	u32 cmd = m->a[0];
	if (is_derived(EV_SECURITY_BPF))
		bpf_event(cmd);
	if (m->ret < 0 || !is_derived(EV_SECURITY_BPF_MAP))
		return 0;
	if (cmd != BPF_MAP_CREATE && cmd != BPF_OBJ_GET && cmd != BPF_MAP_GET_FD_BY_ID)
		return 0;
	struct file *f = file_of(m->t, m->ret);
	return f && is_map(f) ? map_event((u64)BPF_CORE_READ(f, private_data)) : 0;
}

static __always_inline int kernel_read(struct made *m, u32 fd, u32 type)
{
	struct file *f = file_of(m->t, fd);
	if (!f || m->ret)
		return 0;
	if (is_derived(EV_SECURITY_KERNEL_READ_FILE))
		read_event((u64)f, type);
	if (!is_derived(EV_SECURITY_KERNEL_POST_READ_FILE))
		return 0;
	struct inode___size *i = (void *)BPF_CORE_READ(f, f_inode);
	return post_read_event((u64)f, BPF_CORE_READ(i, i_size), type);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(derived_system, struct pt_regs *regs, long ret)
{
	struct made m;
	if (!in_family(regs, FAMILY_SYSTEM))
		return 0;
	read_call(&m, regs, ret);
	switch (m.slot) {
	case CALL_MOUNT: return ret ? 0 : mounted(m.a[0], m.a[1], m.a[2], m.a[3]);
	case CALL_MOVE_MOUNT: return ret ? 0 : mount_moved(&m);
	case CALL_BPF: return bpf_called(&m);
	case CALL_FINIT_MODULE: return kernel_read(&m, m.a[0], READING_MODULE);
	case CALL_KEXEC_FILE_LOAD:
		kernel_read(&m, m.a[0], READING_KEXEC_IMAGE);
		return kernel_read(&m, m.a[1], READING_KEXEC_INITRAMFS);
	}
	return 0;
}

/* ---- before the call ---- */

SEC("tp_btf/sys_enter")
int BPF_PROG(derived_enter, struct pt_regs *regs, long id)
{
	struct made m;
	u32 nr = id & ~X32_BIT;
	if (nr >= NUMBERS || !call_bit(entry_calls, nr))
		return 0;
	read_call(&m, regs, 0);
	if (m.slot == CALL_MPROTECT || m.slot == CALL_PKEY_MPROTECT)
		enter_mprotect(m.tid, m.slot, m.a[0]);
	else
		enter_state(m.t, m.tid, m.slot);
	return 0;
}
