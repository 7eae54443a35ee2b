/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/bus.h: the machine as a guest's driver sees it: ports, memory, PCI
 * configuration, interrupt pins and a clock that the test moves. The same test
 * runs in process (embedded core) and through the qtest socket of build/bin/hvm-dm
 * or its sanitized twin.
 */
#ifndef TESTS_HW_BUS_H
#define TESTS_HW_BUS_H
#include "tests/test.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;

/* BUS_TEST(rtl8139_reset_values, "-nodefaults -device rtl8139") { EQ(…, bus_in(b, 0x300, 1)); }
 * registers rtl8139_reset_values (in process) and rtl8139_reset_values_qtest. `args`: hvm-dm's
 * options after `-accel qtest`, any expression of type const char *. */
#define BUS_TEST(name, args)                       \
	static void name##_body(struct guest *b);  \
	TEST(name)                                 \
	{                                          \
		bus_run(false, args, name##_body); \
	}                                          \
	TEST(name##_qtest)                         \
	{                                          \
		bus_run(true, args, name##_body);  \
	}                                          \
	static void name##_body(struct guest *b)
void bus_run(bool qtest, const char *args, void (*body)(struct guest *b));

uint32_t bus_in(struct guest *b, uint16_t port, unsigned size); /* 1, 2, 4 */
void bus_out(struct guest *b, uint16_t port, unsigned size, uint32_t val);
uint64_t bus_read(struct guest *b, uint64_t gpa, unsigned size); /* MMIO or RAM, 1-8 */
void bus_write(struct guest *b, uint64_t gpa, unsigned size, uint64_t val);
void bus_memread(struct guest *b, uint64_t gpa, void *buf, size_t len);
void bus_memwrite(struct guest *b, uint64_t gpa, const void *buf, size_t len);
/* Moves the virtual clock, firing timers on the way; also lets back ends finish what they have. */
void bus_step(struct guest *b, int64_t ns);
/* Runs the main loop until cond(b, arg) or 5 s of host time; false = it never became true. For
 * back ends that finish on threads or sockets. */
bool bus_wait(struct guest *b, bool (*cond)(struct guest *b, void *arg), void *arg);
bool bus_irq(struct guest *b, unsigned gsi);       /* level of IOAPIC/PIC pin now */
unsigned bus_edges(struct guest *b, unsigned gsi); /* rising edges since the test began */
/* Configuration mechanism 1, function at devfn = slot << 3 | fn of bus 0. */
uint32_t bus_cfg_read(struct guest *b, unsigned devfn, unsigned at, unsigned size);
void bus_cfg_write(struct guest *b, unsigned devfn, unsigned at, unsigned size, uint32_t val);
/* First function with that vendor << 16 | device; -1 = none. */
int bus_find_pci(struct guest *b, uint32_t id);
/* QMP command as JSON text (single line); the whole reply, valid until the next call. */
const char *bus_qmp(struct guest *b, const char *command);
/* A file of `bytes` (sparse) under the test's own folder, removed at its end; borrowed path. */
const char *bus_tmpfile(uint64_t bytes);
#endif
