/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UHCI with a tablet and a keyboard on it, and a schedule that is the input: blocks of 16 bytes
 * are queue heads and transfer descriptors, most of whose links are bent to lie among them. Before
 * them, what happens meanwhile: register writes, motion, keys, frames. A restored twin has to go
 * on as the original does.
 */
#include "tests/fuzz/lib/fuzz.h"
#include "hw/usb/usb.h"
#include "tests/hw/laws.h"

enum { LIST = 0x10000, BLOCKS = 0x20000, MAX_BLOCKS = 256, DOINGS = 32, REGION_IO = 1 };

/* Into the blocks, unless its upper half says that it is meant to miss. */
static uint32_t bend(uint32_t link, unsigned n)
{
	if (link >> 24 == 0xff)
		return link;
	return BLOCKS + (link >> 4) % n * 16 + (link & 15);
}

static void put_schedule(struct rig *r, const uint8_t *data, size_t size)
{
	unsigned n = (unsigned)MIN(size / 16, MAX_BLOCKS);

	for (unsigned i = 0; i < n; i++) {
		uint8_t block[16];

		memcpy(block, data + 16 * i, 16);
		store_le(block, 4, bend((uint32_t)load_le(block, 4), n));
		if (i % 2) /* a queue head's element, or a descriptor's status */
			store_le(block + 4, 4, bend((uint32_t)load_le(block + 4, 4), n));
		if (block[15] != 0xff)
			store_le(block + 12, 4, bend((uint32_t)load_le(block + 12, 4), n));
		rig_ram_put(r, BLOCKS + 16 * i, block, 16);
	}
	for (unsigned i = 0; i < 1024 && n; i++) {
		uint8_t link[4];

		store_le(link, 4, BLOCKS + i % n * 16 + (i % n % 2 ? 2 : 0));
		rig_ram_put(r, LIST + 4 * i, link, 4);
	}
}

static void enable(struct rig *r, const char *id, unsigned port, uint8_t addr)
{
	struct usb *u = usb_of(dev_find(&r->env, id));

	rig_write(r, REGION_IO, 0x10 + 2 * port, 2, 4);
	u->addr = u->new_addr = addr;
	u->config = 1;
}

static void run(struct rig *r, const uint8_t *doings)
{
	for (unsigned i = 0; i + 1 < DOINGS; i += 2) {
		unsigned what = doings[i], v = doings[i + 1];
		struct input_motion m = {.abs = true, .x = (int)v, .buttons = v & 7};

		if (what < 20)
			rig_write(r, REGION_IO, what, 2, v | (what < 2) << 0);
		else if (what < 40)
			rig_read(r, REGION_IO, what - 20, 2);
		else if (what < 80)
			input_point(&r->keys, &m);
		else if (what < 120)
			input_key(&r->keys, v & 0x7f, v & 0x80);
		rig_run(r, (what >> 5) * NS_PER_MS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *r, *twin;

	if (size < DOINGS)
		return 0;
	r = rig_new(dev_class_find("piix3-usb-uhci"));
	enable(r, "usb-tablet", 0, 1);
	enable(r, "usb-kbd", 1, 2);
	put_schedule(r, data + DOINGS, size - DOINGS);
	rig_write(r, REGION_IO, 8, 4, LIST);
	rig_write(r, REGION_IO, 4, 2, 15);
	rig_write(r, REGION_IO, 0, 2, 1);
	run(r, data);
	rig_legal(r);
	twin = rig_twin(r);
	rig_same(r, twin);
	rig_run(r, 40 * NS_PER_MS);
	rig_run(twin, 40 * NS_PER_MS);
	rig_same(r, twin);
	EQM(r->ram, twin->ram, RIG_RAM);
	rig_free(twin);
	rig_free(r);
	return 0;
}
