/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide_hd.c: the ATA disk, by the registers of ATA/ATAPI-6. */
#include "tests/hw/laws.h"

enum { TASK = 0x1f0, CONTROL = 0x3f6, BM = 0xc000 + 0x400 * 4 };
enum { PRD = 0x1000, BUFFER = 0x4000 };

/* ---- grammar for the laws ---- */

static uint8_t law_in(struct rig *r, unsigned reg)
{
	return (uint8_t)rig_bus_read(r, SPACE_IO, TASK + reg, 1);
}

static void law_out(struct rig *r, unsigned reg, uint8_t v)
{
	rig_bus_write(r, SPACE_IO, TASK + reg, 1, v);
}

static void law_address(struct rig *r)
{
	uint32_t lba = rig_rnd(r) % 2100, n = rig_rnd(r);

	for (unsigned i = 0; i < 2; i++) {
		law_out(r, 2, (uint8_t)(i && n & 3 ? n % 24 : n & 4));
		law_out(r, 3, (uint8_t)(i ? lba : 0));
		law_out(r, 4, (uint8_t)(i ? lba >> 8 : 0));
		law_out(r, 5, 0);
	}
	law_out(r, 6, n & 0x100 ? 0xe0 : n & 0x200 ? 0xa1 : 0x40);
}

/* A table that fits exactly, is long, short, in small pieces, or leads out of RAM. */
static void law_table(struct rig *r)
{
	unsigned kind = rig_rnd(r) % 5;
	uint8_t prd[8 * 40];

	for (unsigned i = 0; i < 40; i++) {
		store_le(prd + 8 * i, 4, kind == 4 && i == 2 ? RIG_RAM - 1024 : BUFFER + 4096 * i);
		store_le(prd + 8 * i + 4, 4,
			 (kind == 3 ? 0x102u : 0x400u) | (kind == 1 && i == 3 ? 1u << 31 : 0));
	}
	store_le(prd + 8 * 39 + 4, 4, 0x80000000u);
	rig_ram_put(r, PRD, prd, sizeof(prd));
	rig_bus_write(r, SPACE_IO, BM + 4, 4, PRD);
}

LAW_OP("ide-hd", dma)
{
	static const uint8_t cmds[] = {0xc8, 0xca, 0x25, 0x35, 0x06, 0xc8, 0xca};
	uint8_t cmd = cmds[rig_rnd(r) % sizeof(cmds)];

	if (law_in(r, 7) & 0x88)
		return;
	rig_bus_write(r, SPACE_IO, BM, 1, 0);
	rig_bus_write(r, SPACE_IO, BM + 2, 1, 6);
	law_table(r);
	if (cmd == 6) {
		uint64_t range[3] = {5 | 3ull << 48, 0, rig_rnd(r) % 2100 | 9ull << 48};
		rig_ram_put(r, BUFFER, range, sizeof(range));
	}
	law_address(r);
	law_out(r, 1, 1);
	law_out(r, 7, cmd);
	rig_bus_write(r, SPACE_IO, BM, 1, cmd == 0xc8 || cmd == 0x25 ? 9 : 1);
	if (rig_rnd(r) % 8 == 0)
		rig_bus_write(r, SPACE_IO, BM, 1, 0);
}

LAW_OP("ide-hd", command)
{
	static const uint8_t cmds[] = {0x20, 0x30, 0xc4, 0xc5, 0x24, 0x34, 0x29, 0x39, 0xec, 0xe7,
				       0x40, 0xc6, 0x91, 0xef, 0xb0, 0xf8, 0x27, 0xe5, 0x90, 0x00};

	law_address(r);
	law_out(r, 1, (uint8_t)rig_rnd(r));
	if (rig_rnd(r) % 4 == 0) {
		static const uint8_t features[] = {0x02, 0x82, 0x03, 0xd0, 0xd2, 0xd8, 0xd9, 0xda};
		law_out(r, 1, features[rig_rnd(r) % sizeof(features)]);
		law_out(r, 4, 0x4f);
		law_out(r, 5, 0xc2);
	}
	law_out(r, 7, cmds[rig_rnd(r) % sizeof(cmds)]);
}

LAW_OP("ide-hd", data)
{
	uint8_t buf[1024];
	unsigned size = 1u << rig_rnd(r) % 3;

	memset(buf, (int)(rig_rnd(r) & 0xff), sizeof(buf));
	if (rig_rnd(r) & 1) {
		rig_bus_bulk(r, TASK, 2, rig_rnd(r) & 1, buf, 1 + rig_rnd(r) % 512);
	} else if (rig_rnd(r) & 1) {
		rig_bus_read(r, SPACE_IO, TASK, size);
	} else {
		rig_bus_write(r, SPACE_IO, TASK, size, rig_rnd(r));
	}
}

LAW_OP("ide-hd", registers)
{
	law_in(r, rig_rnd(r) % 8);
	if (rig_rnd(r) % 4 == 0)
		rig_bus_write(r, SPACE_IO, CONTROL, 1, rig_rnd(r) & 0x86);
	if (rig_rnd(r) % 4 == 0)
		rig_bus_read(r, SPACE_IO, BM + rig_rnd(r) % 8, 1);
	if (rig_rnd(r) % 16 == 0) {
		blk_mem_fail(r->drive[0].blk, -5);
		rig_disks(r);
		blk_mem_fail(r->drive[0].blk, 0);
	}
}
