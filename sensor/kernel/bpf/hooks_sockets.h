/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to security modules about sockets. */
#pragma once
#include "hooks_files.h"
#include "hooks_socket_items.h"

/* The descriptor is not known to the hook, but to the call in progress. */
static __always_inline void set_sockfd(struct scratch *s, struct task_struct *t, u32 call, u32 also)
{
	u32 now = call_in_progress(t);
	if (now == call || now == also)
		ARGS(s)[0] = (s64)(s32)first_argument(t);
	else
		mark_absent(s, 0);
}

static __always_inline void lane_sockaddr(struct scratch *s, u32 tag, const void *from, u32 n)
{
	void *data = item_data(s);
	if (!data)
		return;
	barrier_var(n);
	if (n > SOCKADDR_MOST)
		n = SOCKADDR_MOST;
	if (n && !bpf_probe_read_kernel(data, n, from))
		item_end(s, data, tag, 0, n);
	else
		mark_absent(s, tag);
}

static __noinline int create_event(u32 family, u32 type, u32 protocol, u32 kern)
{
	struct scratch *s = lane_open(EV_SECURITY_SOCKET_CREATE, 4, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = family;
	a[1] = type;
	a[2] = protocol;
	a[3] = kern;
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(socket_create, socket_create, create_event(family, type, protocol, kern), u32 family, u32 type, u32 protocol, u32 kern)

static __noinline int bind_event(u64 socket, u64 address, u32 n)
{
	struct socket *sock = (void *)socket;
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_SECURITY_SOCKET_BIND, 2, ORDINARY);
	if (!s)
		return 0;
	set_sockfd(s, t, CALL_BIND, CALL_BIND);
	lane_sockaddr(s, 1, (void *)address, n);
	lane_sock(s, BPF_CORE_READ(sock, sk));
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(socket_bind, socket_bind, bind_event((u64)sock, (u64)address, n), struct socket *sock, void *address, u32 n)

static __noinline int connect_event(u64 socket, u64 address, u32 n)
{
	struct socket *sock = (void *)socket;
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_SECURITY_SOCKET_CONNECT, 2, ORDINARY);
	if (!s)
		return 0;
	set_sockfd(s, t, CALL_CONNECT, CALL_CONNECT);
	lane_sockaddr(s, 1, (void *)address, n);
	lane_sock(s, BPF_CORE_READ(sock, sk));
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(socket_connect, socket_connect, connect_event((u64)sock, (u64)address, n), struct socket *sock, void *address, u32 n)

static __noinline int listen_event(u64 socket, u32 backlog)
{
	struct socket *sock = (void *)socket;
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_SECURITY_SOCKET_LISTEN, 3, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[2] = (s64)(s32)backlog;
	set_sockfd(s, t, CALL_LISTEN, CALL_LISTEN);
	lane_local(s, 1, BPF_CORE_READ(sock, sk));
	lane_sock(s, BPF_CORE_READ(sock, sk));
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(socket_listen, socket_listen, listen_event((u64)sock, backlog), struct socket *sock, u32 backlog)

static __noinline int accept_event(u64 socket)
{
	struct socket *sock = (void *)socket;
	struct task_struct *t = TASK();
	struct scratch *s = lane_open(EV_SECURITY_SOCKET_ACCEPT, 2, ORDINARY);
	if (!s)
		return 0;
	set_sockfd(s, t, CALL_ACCEPT, CALL_ACCEPT4);
	lane_local(s, 1, BPF_CORE_READ(sock, sk));
	lane_sock(s, BPF_CORE_READ(sock, sk));
	return lane_close(s, ORDINARY);
}
SECURITY_HOOK(socket_accept, socket_accept, accept_event((u64)sock), struct socket *sock)

/* ---- derived from calls that succeeded ---- */

/* The socket behind a descriptor, 0 if it is none. */
static __always_inline struct sock *sock_of(struct task_struct *t, u32 fd)
{
	struct file *f = file_of(t, fd);
	if (!f || (BPF_CORE_READ(f, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct socket *sock = BPF_CORE_READ(f, private_data);
	return BPF_CORE_READ(sock, sk);
}

/* An event with a descriptor and one address of a socket; seen is the one that
 * the call reached, the same but for accept. */
__noinline int socket_call(u32 id, u32 fd, u32 seen, u64 word)
{
	struct task_struct *t = TASK();
	struct sock *sk = sock_of(t, fd), *object = sock_of(t, seen);
	if (!sk || !object)
		return 0;
	u32 nargs = id == EV_SECURITY_SOCKET_LISTEN || id == EV_SOCKET_DUP ? 3 : 2;
	struct scratch *s = lane_open(id, nargs, ORDINARY);
	if (!s)
		return 0;
	ARGS(s)[0] = (s64)(s32)fd;
	if (id == EV_SECURITY_SOCKET_CONNECT) {
		lane_remote(s, 1, sk);
	} else if (id == EV_SOCKET_DUP) {
		ARGS(s)[1] = seen;
		lane_remote(s, 2, sk);
	} else {
		lane_local(s, 1, sk);
		if (id == EV_SECURITY_SOCKET_LISTEN)
			ARGS(s)[2] = word;
	}
	lane_sock(s, object);
	return lane_close(s, ORDINARY);
}
