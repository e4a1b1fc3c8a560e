/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* System calls: at exit the saved registers still hold the arguments. */
#pragma once
#include "path.h"

#if defined(__TARGET_ARCH_x86)
#define NUMBER(r) ((u32)(r)->orig_ax)
#define TS_COMPAT 2
static __always_inline bool is_compat(struct task_struct *t) { return t->thread_info.status & TS_COMPAT; }
static __always_inline void read_args(u64 *a, struct pt_regs *r, bool compat)
{
	if (compat) {
		a[0] = (u32)r->bx;
		a[1] = (u32)r->cx;
		a[2] = (u32)r->dx;
		a[3] = (u32)r->si;
		a[4] = (u32)r->di;
		a[5] = (u32)r->bp;
		return;
	}
	a[0] = r->di;
	a[1] = r->si;
	a[2] = r->dx;
	a[3] = r->r10;
	a[4] = r->r8;
	a[5] = r->r9;
}
static __always_inline void publish(struct cpu *c, u64 head)
{
	barrier();
	*(volatile u64 *)&c->head = head;
}
#else
#define NUMBER(r) ((u32)(r)->syscallno)
#define TIF_32BIT (1 << 22)
static __always_inline bool is_compat(struct task_struct *t) { return t->thread_info.flags & TIF_32BIT; }
static __always_inline void read_args(u64 *a, struct pt_regs *r, bool compat)
{
	a[0] = r->orig_x0; /* regs[0] is the return value by now */
	a[1] = r->regs[1];
	a[2] = r->regs[2];
	a[3] = r->regs[3];
	a[4] = r->regs[4];
	a[5] = r->regs[5];
	if (compat)
		for (int i = 0; i < 6; i++)
			a[i] = (u32)a[i];
}
static __always_inline void publish(struct cpu *c, u64 head)
{
	__sync_lock_test_and_set(&c->head, head); /* a release the verifier accepts */
}
#endif

#define STRING_MOST 4096
#define RECORD_MOST (SLACK - 8192) /* an item may begin below this */

static __always_inline struct record *at(struct cpu *c, u64 head) { return (void *)c + RING + (head & ring_mask); }

static __always_inline bool has_room(struct cpu *c, u64 head)
{
	u64 size = (u64)ring_mask + 1;
	if (head - c->tail_cache + SLACK <= size)
		return true;
	c->tail_cache = *(volatile u64 *)&c->tail;
	return head - c->tail_cache + SLACK <= size;
}

static __always_inline u32 put_item(void *r, u32 len, u8 tag, u8 flags, u32 n)
{
	struct item *it = r + len;
	it->tag = tag;
	it->flags = flags;
	it->zero = 0;
	it->len = n;
	return len + sizeof(struct item) + ((n + 7) & ~7u);
}

/* An item of user memory. Absent pages mark the argument, nothing is dropped. */
static __always_inline u32 put_user(struct record *r, u32 len, struct put *p, long ret)
{
	u32 arg = p->arg & 7;
	if (arg > 5)
		return len;
	u64 ptr = r->args[arg], length = arg < 5 ? r->args[arg + 1] : 0;
	void *to = (void *)r + len + sizeof(struct item);
	u8 flags = 0;
	long n;
	u32 kind = p->kind, size = 0;

	if (kind == K_STRING) {
		n = bpf_probe_read_user_str(to, STRING_MOST, (void *)ptr);
		if (n > 0) {
			n--;
			if (n == STRING_MOST - 1)
				flags = ITEM_CUT;
		} else {
			n = -1;
		}
	} else {
		if (kind == K_SOCKADDR) {
			size = (u32)length;
		} else if (kind == K_SOCKADDR_OUT) {
			if (ret < 0 || bpf_probe_read_user(&size, 4, (void *)length))
				size = 0;
		} else if (kind == K_STRING_OUT) {
			size = ret > 0 ? (u32)ret : 0;
		} else if (kind == K_INTS) {
			size = ret < 0 ? 0 : 8;
		}
		if (kind != K_STRING_OUT && size > 128)
			size = 128; /* sockaddr_storage */
		if (size > STRING_MOST) {
			size = STRING_MOST;
			flags = ITEM_CUT;
		}
		n = -1;
		if (ptr && size && !bpf_probe_read_user(to, size, (void *)ptr))
			n = size;
	}
	if (n < 0) {
		if (kind == K_STRING || kind == K_STRING_OUT)
			r->absent |= 1 << arg;
		return len;
	}
	return put_item(r, len, arg, flags, (u32)n & (2 * STRING_MOST - 1));
}

static __always_inline struct file *file_of(struct task_struct *t, u32 fd)
{
	struct files_struct *files = t->files;
	struct file *f = 0;
	if (!files)
		return 0;
	struct fdtable *table = files->fdt;
	if (fd < table->max_fds)
		bpf_probe_read_kernel(&f, 8, (void *)table->fd + 8 * (u64)fd);
	return f;
}

static __always_inline u32 put_path(struct task_struct *t, struct cpu *c, u64 head, struct record *r, u32 len, u8 tag, struct path *p)
{
	struct walk w = {};
	struct fs_struct *fs = t->fs;
	u32 n;
	w.dentry = (u64)p->dentry;
	w.vfs = (u64)p->mnt;
	if (fs) {
		w.root_dentry = (u64)fs->root.dentry;
		w.root_vfs = (u64)fs->root.mnt;
	}
	if (bpf_iter_num_new && bpf_rdonly_cast) {
		n = walk_iterated(&w, (void *)r + len + sizeof(struct item));
	} else {
		w.out = head + len + sizeof(struct item);
		w.flags = ITEM_CUT;
		bpf_loop(512, walk_step, &w, 0);
		n = w.length & 4095;
	}
	return put_item(r, len, tag, w.flags, n);
}

static __always_inline u32 put_file(struct record *r, u32 len, struct file *f)
{
	struct fileinfo *o = (void *)r + len + sizeof(struct item);
	if (bpf_rdonly_cast) {
		struct file *file = CAST(struct file, f);
		struct inode *i = file->f_inode;
		o->ino = i->i_ino;
		o->dev = i->i_sb->s_dev;
		o->mode = i->i_mode;
		o->uid = i->i_uid.val;
		o->gid = i->i_gid.val;
		o->flags = file->f_flags;
		o->magic = i->i_sb->s_magic;
	} else {
		struct inode *i = BPF_CORE_READ(f, f_inode);
		o->ino = BPF_CORE_READ(i, i_ino);
		o->dev = BPF_CORE_READ(i, i_sb, s_dev);
		o->mode = BPF_CORE_READ(i, i_mode);
		o->uid = BPF_CORE_READ(i, i_uid.val);
		o->gid = BPF_CORE_READ(i, i_gid.val);
		o->flags = BPF_CORE_READ(f, f_flags);
		o->magic = BPF_CORE_READ(i, i_sb, s_magic);
	}
	return put_item(r, len, TAG_FILE, 0, sizeof *o);
}

static __always_inline u32 put_file_and_path(struct task_struct *t, struct cpu *c, u64 head, struct record *r, u32 len, struct file *f)
{
	struct path p;
	len = put_file(r, len, f);
	bpf_core_read(&p, sizeof p, &f->f_path);
	return put_path(t, c, head, r, len & (SLACK / 2 - 1), TAG_PATH, &p);
}

#define S_IFMT 0170000
#define S_IFSOCK 0140000
static __always_inline void put_address(u8 *to, u16 family, u32 v4, struct in6_addr *v6, u16 port_be)
{
	*(u16 *)to = family;
	*(u16 *)(to + 2) = port_be;
	if (family == 2)
		*(u32 *)(to + 4) = v4;
	else
		__builtin_memcpy(to + 8, v6, 16);
}

static __always_inline u32 put_sock(struct record *r, u32 len, struct sock *sk)
{
	struct sockinfo *o = (void *)r + len + sizeof(struct item);
	struct sock_common k;
	bpf_core_read(&k.skc_family, 2, &sk->__sk_common.skc_family);
	__builtin_memset(o, 0, sizeof *o);
	o->family = k.skc_family;
	bpf_core_read(&o->type, 2, &sk->sk_type);
	bpf_core_read(&o->protocol, 2, &sk->sk_protocol);
	u8 state = 0;
	bpf_core_read(&state, 1, &sk->__sk_common.skc_state);
	o->state = state;
	if (k.skc_family == 2 || k.skc_family == 10) {
		u32 daddr = 0, saddr = 0;
		u16 dport = 0, num = 0;
		struct in6_addr d6 = {}, s6 = {};
		bpf_core_read(&daddr, 4, &sk->__sk_common.skc_daddr);
		bpf_core_read(&saddr, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(&dport, 2, &sk->__sk_common.skc_dport);
		bpf_core_read(&num, 2, &sk->__sk_common.skc_num);
		if (k.skc_family == 10) {
			bpf_core_read(&d6, 16, &sk->__sk_common.skc_v6_daddr);
			bpf_core_read(&s6, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		}
		put_address(o->local, k.skc_family, saddr, &s6, __builtin_bswap16(num));
		put_address(o->remote, k.skc_family, daddr, &d6, dport);
	}
	return put_item(r, len, TAG_SOCKET, 0, sizeof *o);
}

/* The object behind a descriptor: a socket's addresses, else file and path. */
static __always_inline u32 put_object(struct task_struct *t, struct cpu *c, u64 head, struct record *r, u32 len, struct desc *d, long ret)
{
	u32 fd = ret;
	if (d->object == O_FD_ARG || d->object == O_SOCK_ARG) {
		u32 arg = d->object_arg & 7;
		if (arg > 5)
			return len;
		fd = r->args[arg];
	} else if (ret < 0) {
		return len;
	}
	struct file *f = file_of(t, fd);
	if (!f)
		return len;
	if (d->object == O_SOCK_RET || d->object == O_SOCK_ARG) {
		u16 mode = BPF_CORE_READ(f, f_inode, i_mode);
		if ((mode & S_IFMT) != S_IFSOCK)
			return len;
		struct socket *s = BPF_CORE_READ(f, private_data);
		struct sock *sk = BPF_CORE_READ(s, sk);
		if (!sk)
			return len;
		return put_sock(r, len, sk);
	}
	return put_file_and_path(t, c, head, r, len, f);
}

/* ---- conditions on the record ---- */

struct judge {
	struct verdict v;
	u64 head;
	u32 first;
};

struct find {
	u64 head;
	u32 offset, size, tag, found, length;
};

static long find_step(u32 i, struct find *f)
{
	struct cpu *c = this_cpu();
	if (!c || f->offset + sizeof(struct item) > f->size)
		return 1;
	u32 o = f->offset & (SLACK - 1);
	struct item *it = (void *)at(c, f->head) + o;
	if (it->tag == f->tag) {
		f->found = o + sizeof(struct item);
		f->length = it->len;
		return 1;
	}
	f->offset = o + sizeof(struct item) + ((it->len + 7) & ~7u);
	return 0;
}

static long record_atom(u32 i, struct judge *j)
{
	u32 k = (j->first + i) & (ATOMS - 1);
	struct atom *a = &atoms[active & 1][k];
	struct cpu *c = this_cpu();
	if (!c)
		return 1;
	struct record *r = at(c, j->head);
	bool yes = false;
	if (a->on == ON_CONTEXT) {
		yes = word_holds(a, *(u64 *)((void *)&c->ctx + (a->offset & 0x68)));
	} else if (a->on == ON_RECORD) {
		u32 o = a->offset & 0x78;
		yes = word_holds(a, *(u64 *)((void *)r + o));
	} else {
		struct find f = {.head = j->head, .offset = HEADER + 8 * (r->nargs & 15), .size = r->size, .tag = a->arg};
		bpf_loop(8, find_step, &f, 0);
		if (f.found) {
			u64 diff = 0;
			u32 o = f.found & (SLACK - 1);
			if (a->op == OP_TAIL) /* the string's end against the end of str */
				o = (f.found + f.length - 64) & (SLACK - 1);
			u64 *w = (void *)r + o;
			for (int n = 0; n < 8; n++)
				diff |= (w[n] ^ a->str[n]) & a->strmask[n];
			yes = !diff && f.length >= a->lo && f.length <= a->hi;
		}
	}
	fold(&j->v, a, yes);
	return 0;
}

/* ---- the record ---- */

static __always_inline bool open_record(struct cpu *c, u32 slot, u64 *head)
{
	u64 h = c->head;
	if (!has_room(c, h)) {
		c->lost[slot & (SLOTS - 1)]++;
		c->dropped++;
		c->sent = 0; /* nothing may be attributed to a context that was lost */
		return false;
	}
	if (!c->sent) {
		struct record *r = at(c, h);
		r->time = c->dropped;
		r->size = HEADER + sizeof(struct context);
		r->id = CONTEXT_ID;
		r->nargs = r->flags = 0;
		r->tid = c->ctx.htid;
		__builtin_memcpy((void *)r + HEADER, &c->ctx, sizeof(struct context));
		h += HEADER + sizeof(struct context);
	}
	*head = h;
	return true;
}

static __always_inline void close_record(struct cpu *c, u64 head, u32 len)
{
	c->sent = 1;
	c->dropped = 0;
	publish(c, head + len);
}

static __always_inline void begin(struct record *r, struct desc *d, struct cpu *c, struct pt_regs *regs, long ret, bool compat)
{
	r->time = bpf_ktime_get_ns();
	r->id = d->id;
	r->nargs = d->nargs;
	r->flags = compat ? FLAG_COMPAT : 0;
	r->tid = c->ctx.htid;
	r->absent = 0;
	r->ret = ret;
	read_args(r->args, regs, compat);
}

static __always_inline int finish(struct cpu *c, struct desc *d, u32 slot, u64 head, struct record *r, u32 len, u32 want)
{
	u32 n = d->count[active & 1];
	r->size = len;
	if (n) {
		struct judge j = {.v = {.pass = want}, .head = head, .first = d->first[active & 1]};
		bpf_loop(n, record_atom, &j, 0);
		want = j.v.pass;
		if (!want) {
			c->filtered[slot & (SLOTS - 1)]++;
			return 0;
		}
	}
	r->wanted = want;
	close_record(c, head, len);
	return 0;
}

static __always_inline int emit_exit(struct cpu *c, struct task_struct *t, struct desc *d, u32 slot, struct pt_regs *regs, long ret, bool compat, u32 want)
{
	u64 head;
	if (!open_record(c, slot, &head))
		return 0;
	struct record *r = at(c, head);
	begin(r, d, c, regs, ret, compat);
	u32 len = HEADER + 8 * (d->nargs & 7);
	if (d->flags & D_EXEC) /* a failed exec: its arguments came at entry */
		r->nargs = 0, len = HEADER;
	else {
#pragma unroll
		for (int i = 0; i < 4; i++) {
			if (d->put[i].kind == K_NONE)
				break;
			if (len > RECORD_MOST)
				break;
			len = put_user(r, len, &d->put[i], ret);
		}
		if (d->object && len <= RECORD_MOST)
			len = put_object(t, c, head, r, len, d, ret);
	}
	return finish(c, d, slot, head, r, len, want);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	u32 nr = NUMBER(regs);
	if (nr >= 512 || !(selected[0][nr >> 6] >> (nr & 63) & 1))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct task_struct *t = bpf_get_current_task_btf();
	bool compat = is_compat(t);
	u32 slot = (compat ? slots32[nr] : slots[nr]) & (SLOTS - 1);
	struct desc *d = &descs[slot];
	u32 want = d->plans[active & 1];
	if (!want)
		return 0;
	if (context_changed(c, t))
		context_refresh(c, t);
	if (c->skip)
		return 0;
	if (d->flags) {
		if ((d->flags & D_CHILD) && ret == 0)
			return 0; /* the child's side of a fork */
		if ((d->flags & D_ENTRY) && !((d->flags & D_EXEC) && ret < 0))
			return 0;
	}
	c->generated[slot]++;
	want &= c->pass;
	if (!want) {
		c->filtered[slot]++;
		return 0;
	}
	return emit_exit(c, t, d, slot, regs, ret, compat, want);
}
