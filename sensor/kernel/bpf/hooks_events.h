/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The numbers of the events that are no system calls, as in the dictionary: a
 * Go test compares them. */
#pragma once
#include "plan.h"

enum event_id {
	EV_DO_EXIT = 1002,
	EV_CAP_CAPABLE = 1003,
	EV_SECURITY_BPRM_CHECK = 1004,
	EV_SECURITY_FILE_OPEN = 1005,
	EV_SECURITY_INODE_UNLINK = 1006,
	EV_VFS_WRITE = 1007,
	EV_VFS_WRITEV = 1008,
	EV_MEM_PROT_ALERT = 1009,
	EV_SCHED_PROCESS_EXIT = 1010,
	EV_SCHED_PROCESS_FORK = 3000,
	EV_SCHED_PROCESS_EXEC,
	EV_SCHED_SWITCH,
	EV_COMMIT_CREDS,
	EV_SWITCH_TASK_NS,
	EV_MAGIC_WRITE,
	EV_CGROUP_ATTACH_TASK,
	EV_CGROUP_MKDIR,
	EV_CGROUP_RMDIR,
	EV_SECURITY_SOCKET_CREATE,
	EV_SECURITY_SOCKET_LISTEN,
	EV_SECURITY_SOCKET_CONNECT,
	EV_SECURITY_SOCKET_ACCEPT,
	EV_SECURITY_SOCKET_BIND,
	EV_SECURITY_SB_MOUNT,
	EV_SECURITY_BPF,
	EV_SECURITY_BPF_MAP,
	EV_SECURITY_KERNEL_READ_FILE,
	EV_SECURITY_INODE_MKNOD,
	EV_SECURITY_KERNEL_POST_READ_FILE,
	EV_SOCKET_DUP,
	EV_INIT_NAMESPACES,
	EV_TASK_RENAME,
	EV_SIGNAL_GENERATE,
	EV_SIGNAL_DELIVER,
	EV_INET_SOCK_SET_STATE,
	EV_MODULE_LOAD,
	EV_MODULE_FREE,
	EV_IO_URING_SUBMIT_REQ,
	EV_SECURITY_INODE_RENAME,
	EV_SECURITY_INODE_SYMLINK,
};

/* Which of the events that can be derived from other programs are: a bit each,
 * set when no hook of their own works. It may change while programs run. */
struct hooks_control {
	u64 derived[2];			    /* ids from 1000, ids from 3000 */
	u64 enters[NUMBERS / 64], exits[NUMBERS / 64]; /* calls, by native number, both ABIs together */
};
struct hooks_control hooks_control SEC(".data.hooks");

static __always_inline bool is_derived(u32 id)
{
	if (id >= 3000)
		return hooks_control.derived[1] >> (id - 3000) & 1;
	return hooks_control.derived[0] >> (id - 1000) & 1;
}
