/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel knows of a socket: both ends, as sockaddr structures. */
#pragma once
#include "hooks_items.h"

#define SUN_MOST 110 /* family and 108 bytes of name */

struct end {
	u32 length; /* 0: no address */
	u8 address[28];
};
struct ends {
	u16 family;
	struct end local, remote;
};

static __always_inline void inet_end(struct end *e, u32 v4, u16 port)
{
	*(u16 *)e->address = AF_INET;
	*(u16 *)(e->address + 2) = port;
	*(u32 *)(e->address + 4) = v4;
	e->length = 16;
}

static __always_inline void inet6_end(struct end *e, struct in6_addr *v6, u16 port)
{
	*(u16 *)e->address = AF_INET6;
	*(u16 *)(e->address + 2) = port;
	bpf_core_read(e->address + 8, 16, v6);
	e->length = 28;
}

static __always_inline void read_ends(struct ends *e, struct sock *sk)
{
	__builtin_memset(e, 0, sizeof *e);
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u16 port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num));
	u16 peer = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (e->family == AF_INET) {
		inet_end(&e->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr), port);
		inet_end(&e->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr), peer);
	} else if (e->family == AF_INET6) {
		inet6_end(&e->local, &sk->__sk_common.skc_v6_rcv_saddr, port);
		inet6_end(&e->remote, &sk->__sk_common.skc_v6_daddr, peer);
	}
}

static __always_inline void lane_address(struct scratch *s, u32 tag, struct end *e)
{
	void *data = item_data(s);
	if (!data || !e->length) {
		mark_absent(s, tag);
		return;
	}
	__builtin_memcpy(data, e->address, sizeof e->address);
	item_end(s, data, tag, 0, e->length);
}

static __always_inline void lane_socket(struct scratch *s, struct sock *sk, struct ends *e, u32 state)
{
	struct sockinfo *o = item_data(s);
	if (!o)
		return;
	o->family = e->family;
	o->type = BPF_CORE_READ(sk, sk_type);
	o->protocol = BPF_CORE_READ(sk, sk_protocol);
	o->state = state;
	struct socket *up = BPF_CORE_READ((struct sock___socket *)sk, sk_socket);
	o->ino = up ? BPF_CORE_READ(up, file, f_inode, i_ino) : 0;
	__builtin_memcpy(o->local, e->local.address, sizeof o->local);
	__builtin_memcpy(o->remote, e->remote.address, sizeof o->remote);
	item_end(s, o, TAG_SOCKET, 0, sizeof *o);
}

/* The facts of a socket, as object of the event. */
__noinline int lane_put_sock(u32 level, u64 socket)
{
	struct scratch *s = scratch_at(level);
	struct sock *sk = (void *)socket;
	struct ends e;
	if (!s)
		return 0;
	read_ends(&e, sk);
	lane_socket(s, sk, &e, BPF_CORE_READ(sk, __sk_common.skc_state));
	return 0;
}

/* A unix socket's address as a structure; an unnamed one has just the family. */
static __always_inline void lane_unix(struct scratch *s, u32 tag, struct sock *sk)
{
	void *data = item_data(s);
	if (!data)
		return;
	struct unix_address *a = sk ? BPF_CORE_READ((struct unix_sock *)sk, addr) : 0;
	u32 n = a ? BPF_CORE_READ(a, len) : 0;
	barrier_var(n);
	if (n < 2 || n > SUN_MOST) {
		*(u64 *)data = AF_UNIX;
		item_end(s, data, tag, 0, 2);
		return;
	}
	bpf_probe_read_kernel(data, n, (void *)a + bpf_core_field_offset(struct unix_address, name));
	item_end(s, data, tag, 0, n);
}

__noinline int lane_put_local(u32 level, u32 tag, u64 socket)
{
	struct scratch *s = scratch_at(level);
	struct sock *sk = (void *)socket;
	struct ends e;
	if (!s)
		return 0;
	read_ends(&e, sk);
	if (e.family == AF_UNIX)
		lane_unix(s, tag, sk);
	else
		lane_address(s, tag, &e.local);
	return 0;
}

__noinline int lane_put_remote(u32 level, u32 tag, u64 socket)
{
	struct scratch *s = scratch_at(level);
	struct sock *sk = (void *)socket;
	struct ends e;
	if (!s)
		return 0;
	read_ends(&e, sk);
	if (e.family == AF_UNIX)
		lane_unix(s, tag, BPF_CORE_READ((struct unix_sock *)sk, peer));
	else
		lane_address(s, tag, &e.remote);
	return 0;
}

static __always_inline void lane_sock(struct scratch *s, struct sock *sk) { lane_put_sock(s->level, (u64)sk); }
static __always_inline void lane_local(struct scratch *s, u32 tag, struct sock *sk) { lane_put_local(s->level, tag, (u64)sk); }
static __always_inline void lane_remote(struct scratch *s, u32 tag, struct sock *sk) { lane_put_remote(s->level, tag, (u64)sk); }
