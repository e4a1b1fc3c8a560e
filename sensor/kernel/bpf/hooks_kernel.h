/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel types that only the hooks touch. A name with three underscores is
 * another view of the type before them, for fields that kernel.h leaves out or
 * that a kernel version calls otherwise. */
#pragma once
#include "kernel.h"

#define TASK() WALKED(struct task_struct, CURRENT())

enum { PF_KTHREAD = 0x00200000 };
enum { VM_READ = 1, VM_WRITE = 2, VM_EXEC = 4 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };

#define KERNEL_STACK 16384 /* both architectures, pages of 4 KiB */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
/* Change times: one struct until 6.5, renamed in 6.6, two fields since 6.11. */
struct inode___timespec {
	struct timespec64 i_ctime;
};
struct inode___renamed {
	struct timespec64 __i_ctime;
};
struct kernfs_node___renamed { /* 6.15 */
	struct kernfs_node *__parent;
};
struct signal_struct___live {
	atomic_t live;
};
struct linux_binprm___executable {
	struct file *executable;
};
struct list_head {
	struct list_head *next, *prev;
};
/* The mounts of a file system: a list until 6.17, then a chain. */
struct super_block___list {
	struct list_head s_mounts;
};
struct super_block___chain {
	struct mount *s_mounts;
};
struct mount___list {
	struct list_head mnt_instance;
};
struct mount___chain {
	struct mount *mnt_next_for_sb;
};
struct mount___more {
	struct mnt_namespace *mnt_ns;
	const char *mnt_devname;
};
struct vfsmount___more {
	struct super_block *mnt_sb;
};
struct file_system_type {
	const char *name;
};
struct super_block___more {
	struct dentry *s_root;
	struct file_system_type *s_type;
};
struct iovec {
	void *iov_base;
	unsigned long iov_len;
};
struct k_sigaction;
struct fs_struct___umask {
	int umask;
};
struct inode___size {
	s64 i_size;
};
struct task_struct___stack {
	void *stack;
};
struct sock___socket {
	struct socket *sk_socket;
};
struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};
struct k_sigaction {
	struct sigaction sa;
};
struct bpf_map {
	u32 id;
	char name[16];
};
struct io_cqe {
	u64 user_data;
	int res;
	u32 fd;
};
struct io_kiocb___cqe {
	struct file *file;
	u8 opcode;
	u32 flags;
	struct io_cqe cqe;
};
#pragma clang attribute pop
