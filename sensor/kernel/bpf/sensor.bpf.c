//go:build ignore
/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The system call programs. See ../doc.go for the design. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "path.h"
#include "syscall.h"
#include "lifecycle.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
