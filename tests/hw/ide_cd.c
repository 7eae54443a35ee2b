/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide_cd.c: the packet device, by ATA/ATAPI-6 and MMC. */
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

static void law_table(struct rig *r)
{
	unsigned kind = rig_rnd(r) % 4;
	uint8_t prd[8 * 32];

	for (unsigned i = 0; i < 32; i++) {
		store_le(prd + 8 * i, 4, kind == 3 && i == 2 ? RIG_RAM - 1024 : BUFFER + 4096 * i);
		store_le(prd + 8 * i + 4, 4, kind == 2 ? 0x102u : 0x800u);
	}
	store_le(prd + 8 * (kind ? 31 : 1) + 4, 4, 0x80000000u | (kind ? 0 : 2048));
	rig_ram_put(r, PRD, prd, sizeof(prd));
	rig_bus_write(r, SPACE_IO, BM + 4, 4, PRD);
}

static void make_packet(struct rig *r, uint8_t *p)
{
	static const uint8_t codes[] = {0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x2b, 0x43,
					0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xbb, 0xbd, 0xbe, 0x28, 0xff};
	uint32_t n = rig_rnd(r), m = rig_rnd(r);

	memset(p, 0, 12);
	p[0] = codes[n % sizeof(codes)];
	p[1] = (n >> 8 & 7) == 7 ? 3 : n >> 8 & 1;
	p[2] = p[0] == 0x5a ? 0x2a : 0;
	p[4] = p[0] == 0x1b || p[0] == 0x1e ? m & 3 : m & 0x7f;
	p[5] = (uint8_t)(m >> 8);
	p[8] = p[0] == 0x28 ? n >> 16 & 15 : n >> 16 & 0x7f;
	p[9] = p[0] == 0xa8 ? n >> 24 & 31 : p[0] == 0xbe ? 0x10 : (uint8_t)(n >> 24);
}

LAW_OP("ide-cd", packet)
{
	uint8_t p[12];
	bool dma = rig_rnd(r) & 1;

	if (law_in(r, 7) & 0x88)
		return;
	rig_bus_write(r, SPACE_IO, BM, 1, 0);
	law_table(r);
	law_out(r, 6, 0);
	law_out(r, 1, dma);
	law_out(r, 4, rig_rnd(r) & 1 ? 0xfe : 0x08);
	law_out(r, 5, rig_rnd(r) & 1 ? 0xff : 1);
	law_out(r, 7, 0xa0);
	make_packet(r, p);
	if (rig_rnd(r) % 16)
		rig_bus_bulk(r, TASK, 2, true, p, 6);
	if (dma)
		rig_bus_write(r, SPACE_IO, BM, 1, 9);
}

LAW_OP("ide-cd", command)
{
	static const uint8_t cmds[] = {0xa1, 0xec, 0x08, 0xe7, 0xef, 0x20, 0x90, 0x00};

	law_out(r, 6, 0);
	law_out(r, 1, rig_rnd(r) & 1 ? 3 : (uint8_t)rig_rnd(r));
	law_out(r, 2, (uint8_t)rig_rnd(r));
	law_out(r, 7, cmds[rig_rnd(r) % sizeof(cmds)]);
}

LAW_OP("ide-cd", data)
{
	static uint8_t buf[65536];

	if (rig_rnd(r) & 1)
		rig_bus_bulk(r, TASK, 2, false, buf, 1 + rig_rnd(r) % 32768);
	else
		rig_bus_read(r, SPACE_IO, TASK, 1u << rig_rnd(r) % 3);
}

LAW_OP("ide-cd", medium)
{
	struct drive *d = &r->drive[0];

	law_in(r, rig_rnd(r) % 8);
	if (rig_rnd(r) % 8 == 0)
		rig_bus_write(r, SPACE_IO, CONTROL, 1, rig_rnd(r) & 0x86);
	if (rig_rnd(r) % 8 == 0)
		d->eject_request(d->arg, rig_rnd(r) & 1);
	if (rig_rnd(r) % 8 == 0)
		d->medium_changed(d->arg, rig_rnd(r) % 4);
	if (rig_rnd(r) % 16 == 0) {
		blk_mem_fail(d->blk, -5);
		rig_disks(r);
		blk_mem_fail(d->blk, 0);
	}
}
