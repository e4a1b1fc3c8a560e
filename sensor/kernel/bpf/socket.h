/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets that a call really reached. */
#pragma once
#include "object.h"
#include "user.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

static __always_inline void put_address(u8 *to, u16 family, u32 v4, struct in6_addr *v6, u16 port_be)
{
	*(u16 *)to = family;
	*(u16 *)(to + 2) = port_be;
	if (family == AF_INET)
		*(u32 *)(to + 4) = v4;
	else
		bpf_probe_read_kernel(to + 8, 16, v6);
}

/* The path of a unix socket: what stands after its family. */
static __always_inline void put_sun(struct record *r, u8 tag, struct unix_sock *u)
{
	struct unix_address *a = BPF_CORE_READ(u, addr);
	void *to = open_item(r);
	if (!a || !to)
		return;
	u32 n = BPF_CORE_READ(a, len) - 2;
	barrier_var(n);
	if (n == 0 || n > SOCKADDR_MOST)
		return;
	void *from = (void *)a + bpf_core_field_offset(struct unix_address, name) + 2;
	if (!bpf_probe_read_kernel(to, n, from))
		close_item(r, to, tag, 0, n);
}

static __always_inline void put_addresses(struct sockinfo *o, struct sock *sk, u16 family)
{
	u16 number = FIELD(struct sock, sk, __sk_common.skc_num);
	put_address(o->local, family, FIELD(struct sock, sk, __sk_common.skc_rcv_saddr), &sk->__sk_common.skc_v6_rcv_saddr,
		    __builtin_bswap16(number));
	put_address(o->remote, family, FIELD(struct sock, sk, __sk_common.skc_daddr), &sk->__sk_common.skc_v6_daddr,
		    FIELD(struct sock, sk, __sk_common.skc_dport));
}

static __always_inline int write_socket(struct record *r, struct file *f)
{
	struct sockinfo *o = open_item(r);
	struct inode *i = FIELD(struct file, f, f_inode);
	if (!o || (FIELD(struct inode, i, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct socket *s = FIELD(struct file, f, private_data);
	struct sock *sk = FIELD(struct socket, s, sk);
	if (!sk)
		return 0;
	__builtin_memset(o, 0, sizeof *o);
	u16 family = FIELD(struct sock, sk, __sk_common.skc_family);
	o->family = family;
	o->type = FIELD(struct sock, sk, sk_type);
	o->protocol = FIELD(struct sock, sk, sk_protocol);
	o->state = FIELD(struct sock, sk, __sk_common.skc_state);
	o->ino = FIELD(struct inode, i, i_ino);
	if (family == AF_INET || family == AF_INET6)
		put_addresses(o, sk, family);
	close_item(r, o, TAG_SOCKET, 0, sizeof *o);
	if (family == AF_UNIX && bpf_core_type_exists(struct unix_sock)) {
		struct unix_sock *u = (void *)sk, *peer = (void *)BPF_CORE_READ(u, peer);
		put_sun(r, TAG_SUNPATH, u);
		if (peer)
			put_sun(r, TAG_SUNPEER, peer);
	}
	return 0;
}

#ifdef OLD
GLOBAL int socket_into(u64 name, u64 file)
{
	struct room *room = room_at(name);
	return room ? write_socket(&room->record, (void *)file) : 0;
}
#else
GLOBAL int read_socket(struct room *room, u64 *file) { return room && file ? write_socket(&room->record, (void *)*file) : 0; }
#endif

static __always_inline void put_socket(struct record *r, struct file *f)
{
	u64 file = (u64)f;
#ifdef OLD
	socket_into(room_of(r), file);
#else
	read_socket((struct room *)r, &file);
#endif
}
