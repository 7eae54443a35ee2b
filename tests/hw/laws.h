/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/laws.h: a device on a bench of its own (fake RAM, disk, wire and
 * serial peer, a clock that the test moves), and the operations by which the
 * laws of tests/hw/laws.c bring it out of idle.
 */
#ifndef TESTS_HW_LAWS_H
#define TESTS_HW_LAWS_H
#include "base/dev_owner.h"
#include "block/blk.h"
#include "char/chr.h"
#include "net/net.h"
#include "tests/test.h"
#include "ui/display.h"
#include "ui/input.h"

#define RIG_RAM  (4u << 20) /* guest RAM at 0 */
#define RIG_DISK (1u << 20) /* each disk */

struct rig {
	struct dev *dev; /* under test; PCI: BARs are programmed, decoding and bus mastering on */
	struct dev_env env;
	struct clock *clock;
	struct loop *loop;
	uint8_t *ram;
	struct drive drive[2]; /* what PROP_BLK gets, in order of asking */
	uint8_t *disk[2];
	struct netdev *net;
	struct chr *chr;
	struct input *input;
	struct input_source keys; /* who types and points */
	struct display *display;  /* NULL, or the device's */
	char said[64];            /* the first of what the device wrote to chr, as text */
	uint32_t seed;
	const uint8_t *bytes; /* rig_rnd takes these first: a fuzzer's */
	size_t n_bytes;
	uint64_t seen;     /* hash of all that a guest or a peer could tell: reads, edges, output */
	unsigned edges;    /* rising, on any line */
	unsigned requests; /* dev_request calls; what the last one was */
	enum dev_request request;
	unsigned request_arg;
};

/* A realized device of the class with all its back ends, after reset. Ends the test on failure. */
struct rig *rig_new(const struct dev_class *c);
void rig_free(struct rig *r);

uint32_t rig_rnd(struct rig *r);
/* On r->dev; what is read goes into r->seen. */
uint64_t rig_read(struct rig *r, unsigned region, uint32_t at, unsigned size);
void rig_write(struct rig *r, unsigned region, uint32_t at, unsigned size, uint64_t val);
/* By address, through whichever device's window is there (all ones when none is). */
uint64_t rig_bus_read(struct rig *r, enum space space, uint64_t addr, unsigned size);
void rig_bus_write(struct rig *r, enum space space, uint64_t addr, unsigned size, uint64_t val);
void rig_bus_bulk(struct rig *r, uint16_t port, unsigned size, bool write, void *buf, unsigned n);
void rig_ram_put(struct rig *r, uint64_t gpa, const void *buf, size_t len);
void rig_run(struct rig *r, int64_t ns); /* the clock, then a turn of the loop */
void rig_disks(struct rig *r);           /* lets pending disk requests finish */

/* One random step, the same on any rig with the same seed: an access, a step of the grammar
 * below, time, a disk's answer, a pin. */
void rig_step(struct rig *r);
struct dev_stream rig_saved(struct rig *r);
/* A rig of its own that has loaded what a saved, with the same RAM, disks and seed. */
struct rig *rig_twin(struct rig *a);
bool rig_same(struct rig *a, struct rig *b); /* by stream, lines and windows; tells where not */
bool rig_same_rams(const struct rig *a, const struct rig *b);
/* A stream with a state that cannot be is refused with a sentence. */
void rig_refuses(const char *device, void (*spoil)(void *state));
void rig_legal(struct rig *r); /* checks each value against its row */

/*
 * One step of a device's grammar: sets up and starts something that random
 * pokes would never hit (a ring, a command, a frame on the wire). It may draw
 * any number of rig_rnd(). Both twins run the same steps with the same seed.
 *
 *	LAW_OP("rtl8139", transmit) { rig_write(r, …); }
 */
struct law_op {
	const char *device, *name;
	void (*run)(struct rig *r);
	struct law_op *next;
};
extern struct law_op *law_ops;
#define LAW_OP(device_, name_)                                                  \
	static void law_##name_(struct rig *r);                                 \
	__attribute__((constructor)) static void law_add_##name_(void)          \
	{                                                                       \
		static struct law_op op = {device_, #name_, law_##name_, NULL}; \
		op.next = law_ops;                                              \
		law_ops = &op;                                                  \
	}                                                                       \
	static void law_##name_(struct rig *r)
#endif
