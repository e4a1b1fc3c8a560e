//go:build ignore
/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All programs of the sensor: one object. See ../doc.go for the design. */
#include "kernel.h"
#include "host.h"
#include "emit.h"
#ifndef ALONE
#include "lane.h"
#include "lifecycle.h"
#include "hooks.h"
#endif
#include "syscall.h"
#include "entryless.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
