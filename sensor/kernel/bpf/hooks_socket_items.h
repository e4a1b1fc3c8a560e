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
