/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/gdb.h: a server of gdb's remote protocol, for the vCPUs of the embedded core (-gdb, -s). */
#ifndef DM_GDB_H
#define DM_GDB_H
#include "dm/machine.h"

struct cpu;
struct domain;

/* spec: text for chr_open_short; sockets listen without waiting. One server a machine. */
int gdb_open(struct machine *m, const char *spec, struct err *e);
void gdb_close(struct machine *m);
void gdb_met(struct machine *m); /* m->want.debug_vcpu met a breakpoint: stops the machine */

/* ---- gdb_regs.c: registers by gdb's numbers, as the target description has them ---- */
#define GDB_REGS 76
extern const char gdb_target_xml[];
unsigned gdb_reg_size(unsigned n); /* bytes, at most 16; 0: none of that number */
void gdb_reg_read(const struct cpu *c, unsigned n, uint8_t buf[16]);
void gdb_reg_write(struct cpu *c, unsigned n, const uint8_t buf[16]);
/* Linear addresses, as the vCPU's tables have them; false: some are nowhere. */
bool gdb_memory(struct domain *dom, struct cpu *c, uint64_t at, uint8_t *buf, size_t len,
		bool write);
#endif
