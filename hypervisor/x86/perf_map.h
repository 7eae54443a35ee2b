/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/perf_map.h: which of our memory is translated code of which guest address, for
 * perf(1) of the host: /tmp/perf-PID.map, a line for each piece: where it begins, its length, and
 * as its name the guest's address. It stays when the process ends: perf reads it then.
 */
#ifndef HYPERVISOR_X86_PERF_MAP_H
#define HYPERVISOR_X86_PERF_MAP_H
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct perf_map;

/* Before the process gives up files. NULL and a sentence. */
struct perf_map *perf_map_open(struct err *e);
/* code: where it runs; rip: linear; bits: 16, 32 or 64. p NULL: nothing. One thread at a
 * time. */
void perf_map_add(struct perf_map *p, const void *code, size_t len, uint64_t rip, unsigned bits);
/* A piece that is no guest's code: a stub. */
void perf_map_add_named(struct perf_map *p, const void *code, size_t len, const char *name);
void perf_map_close(struct perf_map *p); /* NULL is fine */
#endif
