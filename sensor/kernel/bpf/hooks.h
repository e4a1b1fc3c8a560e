/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All optional programs. Each is loaded and attached alone: what one kernel
 * refuses, another offers. */
#pragma once
#include "hooks_capable.h"
#include "hooks_cgroup.h"
#include "hooks_derived.h"
#include "hooks_trace.h"
