/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events that are a tracepoint of the same name. */
#pragma once
#include "hooks_socket_items.h"

/* ---- the scheduler ---- */

SEC("tp_btf/sched_switch")
int BPF_PROG(tp_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct scratch *s = lane_open(EV_SCHED_SWITCH, 5, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = bpf_get_smp_processor_id();
	a[1] = prev->pid;
	a[3] = next->pid;
	lane_string(s, 2, prev->comm);
	lane_string(s, 4, next->comm);
	return lane_close(s, ORDINARY);
}

/* ---- signals ---- */

enum { SI_USER = 0, SI_TIMER = -2, SI_KERNEL = 0x80 };

/* Two small numbers in place of a pointer say that there is no information. */
static __always_inline s32 signal_code(u64 info)
{
	if (info == 0)
		return SI_USER;
	if (info == 1)
		return SI_KERNEL;
	struct kernel_siginfo *i = (void *)info;
	return BPF_CORE_READ(i, si_code);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(tp_signal_generate, u32 sig, void *info, struct task_struct *to, u32 group, u32 result)
{
	struct scratch *s = lane_open(EV_SIGNAL_GENERATE, 7, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	s32 code = signal_code(ctx[1]);
	if (code == SI_TIMER || code == SI_KERNEL) /* whoever runs did not send it */
		RECORD(s)->flags = FLAG_NESTED;
	a[0] = sig;
	a[1] = (s64)code;
	a[3] = to->tgid;
	a[4] = to->pid;
	a[5] = group;
	a[6] = result;
	lane_string(s, 2, to->comm);
	return lane_close(s, ORDINARY);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(tp_signal_deliver, u32 sig, void *info, struct k_sigaction *how)
{
	struct scratch *s = lane_open(EV_SIGNAL_DELIVER, 4, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = sig;
	a[1] = (s64)signal_code(ctx[1]);
	a[2] = (u64)BPF_CORE_READ(how, sa.sa_handler);
	a[3] = BPF_CORE_READ(how, sa.sa_flags);
	return lane_close(s, ORDINARY);
}

/* ---- connections ---- */

enum { TCP_SYN_SENT = 2, TCP_FIN_WAIT1 = 4, TCP_LAST_ACK = 9, TCP_LISTEN = 10 };

/* Connecting, listening and closing is done by the process that runs. Else a
 * packet came while it happened to run. */
static __always_inline bool by_itself(u32 old, u32 state)
{
	return state == TCP_SYN_SENT || state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_LISTEN || old == TCP_LISTEN;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp_inet_sock_set_state, struct sock *sk, u32 old, u32 state)
{
	struct scratch *s = lane_open(EV_INET_SOCK_SET_STATE, 6, ORDINARY);
	if (!s)
		return 0;
	struct ends e;
	read_ends(&e, sk);
	u64 *a = ARGS(s);
	if (!by_itself(old, state))
		RECORD(s)->flags = FLAG_NESTED;
	a[0] = old;
	a[1] = state;
	a[2] = e.family;
	a[3] = BPF_CORE_READ(sk, sk_protocol);
	lane_address(s, 4, &e.local);
	lane_address(s, 5, &e.remote);
	lane_socket(s, sk, &e, state);
	return lane_close(s, ORDINARY);
}

/* ---- modules ---- */

static __always_inline int module_event(struct module *m, u32 id)
{
	struct scratch *s = lane_open(id, 1, ORDINARY);
	if (!s)
		return 0;
	lane_string(s, 0, m->name);
	return lane_close(s, ORDINARY);
}

SEC("tp_btf/module_load")
int BPF_PROG(tp_module_load, struct module *m) { return module_event(m, EV_MODULE_LOAD); }

SEC("tp_btf/module_free")
int BPF_PROG(tp_module_free, struct module *m) { return module_event(m, EV_MODULE_FREE); }

/* ---- io_uring ---- */

#define SQE_FLAGS 0xff /* the lowest flags of a request are those of its queue entry */

static __always_inline int uring_event(struct io_kiocb___cqe *req)
{
	struct scratch *s = lane_open(EV_IO_URING_SUBMIT_REQ, 4, ORDINARY);
	if (!s)
		return 0;
	u64 *a = ARGS(s);
	a[0] = BPF_CORE_READ(req, opcode);
	a[1] = BPF_CORE_READ(req, cqe.user_data);
	a[2] = BPF_CORE_READ(req, flags) & SQE_FLAGS;
	a[3] = (s64)(s32)BPF_CORE_READ(req, cqe.fd);
	return lane_close(s, ORDINARY);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(tp_io_uring_submit_req, struct io_kiocb *req) { return uring_event((void *)req); }

SEC("tp_btf/io_uring_submit_sqe") /* its name until 6.2 */
int BPF_PROG(tp_io_uring_submit_sqe, struct io_kiocb *req) { return uring_event((void *)req); }
