/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide_cd.c: the packet device, by ATA/ATAPI-6 and MMC. */
#include "tests/hw/ide.h"
#include "tests/hw/laws.h"

#include <stdio.h>

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
		rig_bus_bulk(r, TASK, 2, false, buf,
			     1 + rig_rnd(r) % (rig_rnd(r) & 7 ? 1200 : 32768));
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

/* ---- by hand ---- */

enum { BLOCK = 2048, BLOCKS = 300 };
static const char *disc;

static uint8_t cd_pattern(uint32_t at)
{
	return (uint8_t)(at / 7 + at / BLOCK * 3);
}

static const char *make_disc(uint32_t blocks)
{
	const char *path = bus_tmpfile((uint64_t)blocks * BLOCK);
	FILE *f = fopen(path, "r+");

	MUST(f);
	for (uint32_t i = 0; i < blocks * BLOCK; i++)
		putc(cd_pattern(i), f);
	fclose(f);
	return path;
}

static const char *cd_args(void)
{
	static char args[300];

	disc = make_disc(BLOCKS);
	snprintf(args, sizeof(args),
		 "-nodefaults -drive if=none,file=%s,media=cdrom,format=raw,id=sr0 "
		 "-device ide-cd,drive=sr0,bus=ide.0,id=cd0",
		 disc);
	return args;
}

/* PACKET up to its twelve bytes; 0 = byte count limit not set, then DMA. */
static void packet(struct guest *b, const uint8_t *p, unsigned limit)
{
	ide_out(b, R_DEVICE, 0);
	ide_out(b, R_FEATURE, !limit);
	ide_out(b, R_MID, (uint8_t)limit);
	ide_out(b, R_HIGH, (uint8_t)(limit >> 8));
	ide_out(b, R_COMMAND, 0xa0);
	EQ(DRDY | DSC | DRQ, bus_in(b, IDE0_CONTROL, 1));
	EQ(1, ide_in(b, R_NSECTOR) & 7); /* command, to the device */
	ide_words_out(b, p, 6);
}

/* All of a PIO reply; its length. */
static unsigned collect(struct guest *b, uint8_t *out, unsigned limit)
{
	unsigned len = 0, n;

	for (unsigned i = 0; ide_wait(b) & DRQ && i < 1000; i++) {
		n = ide_in(b, R_MID) | ide_in(b, R_HIGH) << 8;
		CHECK(n && n <= limit && len + n <= 1u << 20);
		EQ(2, ide_in(b, R_NSECTOR) & 7); /* data, to the host */
		ide_words_in(b, out + len, (n + 1) / 2);
		len += n;
	}
	EQ(3, ide_in(b, R_NSECTOR) & 7);
	return len;
}

static unsigned ask(struct guest *b, const char *p, uint8_t *out)
{
	packet(b, (const uint8_t *)p, 0xfffe);
	return collect(b, out, 0xfffe);
}

/* Sense key and additional code of the last error. */
static unsigned sense(struct guest *b)
{
	uint8_t s[64];

	EQ(18, ask(b, "\x03\0\0\0\x12\0\0\0\0\0\0", s));
	EQ(0xf0, s[0]);
	return s[2] << 8 | s[12];
}

static unsigned fails(struct guest *b, const char *p)
{
	packet(b, (const uint8_t *)p, 0xfffe);
	EQ(DRDY | ERR, ide_wait(b));
	return ide_in(b, R_ERROR);
}

#define NO_SENSE 0
#define CHANGED  0x628
#define NO_DISC  0x23a
static const char ready[12] = {0};

BUS_TEST(signature, cd_args())
{
	EQ(1, ide_in(b, R_NSECTOR));
	EQ(1, ide_in(b, R_LOW));
	EQ(0x14, ide_in(b, R_MID));
	EQ(0xeb, ide_in(b, R_HIGH));
	bus_out(b, IDE0_CONTROL, 1, 4);
	bus_out(b, IDE0_CONTROL, 1, 0);
	EQ(0, ide_in(b, R_STATUS)); /* DRDY comes with the first packet (9.10) */
	EQ(0x14, ide_in(b, R_MID));
	ide_out(b, R_MID, 0);
	EQ(DRDY | ERR, ide_command(b, 0xec)); /* IDENTIFY DEVICE: see the signature */
	EQ(0x14, ide_in(b, R_MID));
	EQ(0xeb, ide_in(b, R_HIGH));
	EQ(4, ide_in(b, R_ERROR));
	ide_out(b, R_COMMAND, 0xa1);
	EQ(DRDY | DSC | DRQ, ide_in(b, R_STATUS));
	ide_out(b, R_COMMAND, 0xe7);
	EQ(DRDY | DSC | DRQ, ide_in(b, R_STATUS)); /* busy: ignored, but … */
	ide_out(b, R_COMMAND, 0x08);
	EQ(0, ide_in(b, R_STATUS)); /* … DEVICE RESET always works */
	EQ(1, ide_in(b, R_ERROR));
	EQ(DRDY | DSC, ide_command(b, 0xe7));
	EQ(DRDY | ERR, ide_command(b, 0xc8));
}

BUS_TEST(identify_packet, cd_args())
{
	uint8_t id[512];

	EQ(DRDY | DSC | DRQ, ide_command(b, 0xa1));
	ide_words_in(b, id, 256);
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	EQ(0x85c0, load_le(id, 2));
	EQM("MQ0000 1", id + 20, 8); /* QM00001 */
	EQM("EQUMD DVR-MO", id + 54, 12);
	EQ(0x0300, load_le(id + 2 * 49, 2));
	EQ(0x203f, load_le(id + 2 * 88, 2));
	ide_out(b, R_FEATURE, 3);
	ide_out(b, R_NSECTOR, 0x22);
	EQ(DRDY | DSC, ide_command(b, 0xef));
	ide_command(b, 0xa1);
	ide_words_in(b, id, 256);
	EQ(0x0407, load_le(id + 2 * 63, 2));
	EQ(0x003f, load_le(id + 2 * 88, 2));
	ide_out(b, R_FEATURE, 0x66);
	EQ(DRDY | DSC, ide_command(b, 0xef));
	ide_out(b, R_FEATURE, 0x02);
	EQ(DRDY | ERR, ide_command(b, 0xef));
}

BUS_TEST(inquiry, cd_args())
{
	uint8_t out[64];

	EQ(36, ask(b, "\x12\0\0\0\x24\0\0\0\0\0\0", out));
	EQ(5, out[0]);
	EQ(0x80, out[1]);
	EQ(31, out[4]);
	EQM("QEMU    QEMU DVD-ROM    2.5+", out + 8, 28);
	EQ(5, ask(b, "\x12\1\0\0\x24\0\0\0\0\0\0", out)); /* VPD pages */
	EQ(1, out[3]);
	EQ(0x50, fails(b, "\x12\1\x80\0\x24\0\0\0\0\0\0"));
	EQ(0x524, sense(b));
	EQ(0x50, fails(b, "\xff\0\0\0\0\0\0\0\0\0\0"));
	EQ(0x520, sense(b));
	EQ(NO_SENSE, sense(b));
}

BUS_TEST(capacity_and_toc, cd_args())
{
	uint8_t out[64];

	EQ(8, ask(b, "\x25\0\0\0\0\0\0\0\0\0\0", out));
	EQM("\0\0\1\x2b\0\0\x08\0", out, 8);
	EQ(20, ask(b, "\x43\0\0\0\0\0\0\0\x40\0\0", out));
	EQM("\0\x12\1\1\0\x14\1\0\0\0\0\0\0\x16\xaa\0\0\0\1\x2c", out, 20);
	EQ(12, ask(b, "\x43\2\0\0\0\0\xaa\0\x0c\0\0", out)); /* lead-out in minutes */
	EQM("\0\x0a\1\1\0\x16\xaa\0\0\0\6\0", out, 12);
	EQ(12, ask(b, "\x43\0\0\0\0\0\0\0\x40\x40\0", out)); /* sessions */
	EQ(0x0a, out[1]);
	EQ(48, ask(b, "\x43\2\0\0\0\0\0\0\x40\x80\0", out)); /* raw */
	EQ(46, out[1]);
	EQ(0xa2, out[4 + 22 + 3]);
	EQ(6, out[4 + 22 + 9]); /* 300 + 150 frames: second 6 */
	EQ(0x50, fails(b, "\x43\0\0\0\0\0\2\0\x40\0\0"));
	EQ(0x524, sense(b));
	EQ(0x50, fails(b, "\x43\0\0\0\0\0\0\0\x40\xc0\0"));
}

BUS_TEST(mode_sense_and_others, cd_args())
{
	uint8_t out[64];

	EQ(28, ask(b, "\x5a\0\x2a\0\0\0\0\0\x40\0\0", out));
	EQ(26, out[1]);
	EQ(0x2a, out[8]);
	EQ(18, out[9]);
	EQ(0x29, out[14]);
	EQ(0, ask(b, "\x1e\0\0\0\1\0\0\0\0\0\0", out)); /* locked: bit 1 */
	EQ(28, ask(b, "\x5a\0\x2a\0\0\0\0\0\x40\0\0", out));
	EQ(0x2b, out[14]);
	EQ(16, ask(b, "\x5a\0\1\0\0\0\0\0\x40\0\0", out));
	EQ(1, out[8]);
	EQ(36, ask(b, "\x5a\0\x3f\0\0\0\0\0\x40\0\0", out));
	EQ(0x50, fails(b, "\x5a\0\xea\0\0\0\0\0\x40\0\0"));
	EQ(0x539, sense(b));
	EQ(0x50, fails(b, "\x5a\0\5\0\0\0\0\0\x40\0\0"));
	EQ(20, ask(b, "\x46\0\0\0\0\0\0\0\x40\0\0", out));
	EQ(8, out[7]); /* CD-ROM */
	EQ(0x50, fails(b, "\x46\0\0\1\0\0\0\0\x40\0\0"));
	EQ(34, ask(b, "\x51\0\0\0\0\0\0\0\x40\0\0", out));
	EQ(0x0e, out[2]);
	EQ(0x50, fails(b, "\x51\1\0\0\0\0\0\0\x40\0\0"));
	EQ(8, ask(b, "\xbd\0\0\0\0\0\0\0\0\x08\0", out));
	EQ(0, ask(b, "\xbb\0\xff\xff\0\0\0\0\0\0\0", out));
	EQ(0, ask(b, "\x2b\0\0\0\1\0\0\0\0\0\0", out)); /* SEEK 256 */
	EQ(0x50, fails(b, "\x2b\0\0\0\1\x2c\0\0\0\0\0"));
	EQ(0x521, sense(b));
	EQ(3, ask(b, "\x03\0\0\0\x03\0\0\0\0\0\0", out)); /* an odd reply */
}

static void check_read(struct guest *b, const char *p, unsigned limit, uint32_t lba,
		       unsigned blocks)
{
	static uint8_t buf[1 << 20];

	packet(b, (const uint8_t *)p, limit);
	EQ(blocks * BLOCK, collect(b, buf, limit));
	for (uint32_t i = 0; i < blocks * BLOCK; i++)
		if (buf[i] != cd_pattern(lba * BLOCK + i)) {
			NOTE("byte %u", i);
			EQ(cd_pattern(lba * BLOCK + i), buf[i]);
			break;
		}
}

BUS_TEST(read_pio, cd_args())
{
	uint8_t out[16];

	check_read(b, "\x28\0\0\0\0\0\0\0\1\0\0", 2048, 0, 1);
	EQ(2, bus_edges(b, 14)); /* data, end */
	check_read(b, "\x28\0\0\0\0\5\0\0\1\0\0", 5120, 5, 1);
	check_read(b, "\x28\0\0\0\0\5\0\0\x0a\0\0", 5120, 5, 10); /* pieces across blocks */
	check_read(b, "\x28\0\0\0\0\5\0\0\x03\0\0", 5121, 5, 3);
	check_read(b, "\xa8\0\0\0\0\1\0\0\0\x22\0", 0xffff, 1, 34);
	check_read(b, "\xbe\0\0\0\1\0\0\0\2\x10\0", 4096, 256, 2);
	EQ(0, ask(b, "\x28\0\0\0\0\5\0\0\0\0\0", out));
	EQ(0, ask(b, "\xbe\0\0\0\1\0\0\0\2\0\0", out));
	EQ(0x50, fails(b, "\x28\0\0\0\1\x2b\0\0\2\0\0"));
	EQ(0x521, sense(b));
	EQ(0x50, fails(b, "\xbe\0\0\0\1\0\0\0\2\xf8\0")); /* raw sectors */
}

BUS_TEST(byte_count_limit_of_nothing, cd_args())
{
	ide_out(b, R_FEATURE, 0);
	ide_out(b, R_MID, 0);
	ide_out(b, R_HIGH, 0);
	ide_out(b, R_COMMAND, 0xa0);
	ide_words_out(b, "\x28\0\0\0\0\0\0\0\1\0\0", 6);
	EQ(DRDY | ERR, ide_wait(b)); /* refused by ATA, not by the packet */
	EQ(4, ide_in(b, R_ERROR));
	ide_out(b, R_FEATURE, 2); /* overlapped */
	ide_out(b, R_COMMAND, 0xa0);
	EQ(DRDY | ERR, ide_in(b, R_STATUS));
}

static uint8_t dma_packet(struct guest *b, const char *p, const struct prd *prd, unsigned n)
{
	bus_out(b, IDE_BM, 1, 0);
	bus_out(b, IDE_BM + 2, 1, BM_INTR);
	ide_prdt(b, prd, n);
	packet(b, (const uint8_t *)p, 0);
	return ide_dma_run(b, true, 0);
}

BUS_TEST(read_dma, cd_args())
{
	const struct prd p[] = {{IDE_MEM, 1024}, {IDE_MEM + 8192, 3072 | PRD_END}};
	const struct prd hole[] = {{IDE_MEM, 2048}, {0xf0000000, 2048 | PRD_END}};

	ide_start(b);
	EQ(BM_INTR, dma_packet(b, "\x28\0\0\0\0\7\0\0\2\0\0", p, 2));
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	EQ(3, ide_in(b, R_NSECTOR) & 7);
	EQ(cd_pattern(7 * BLOCK), bus_read(b, IDE_MEM, 1));
	EQ(cd_pattern(7 * BLOCK + 4095), bus_read(b, IDE_MEM + 8192 + 3071, 1));
	EQ(BM_INTR, dma_packet(b, "\x28\0\0\0\0\1\0\0\2\0\0", hole, 2));
	EQ(cd_pattern(BLOCK), bus_read(b, IDE_MEM, 1));
	EQ(0, dma_packet(b, "\x28\0\0\0\0\1\0\0\3\0\0", p, 2)); /* too short a table */
	EQ(BM_INTR, dma_packet(b, "\x12\0\0\0\x24\0\0\0\0\0\0", p, 2));
	EQ(0x05, bus_read(b, IDE_MEM, 1));
}

static unsigned events(struct guest *b)
{
	uint8_t out[8];

	EQ(8, ask(b, "\x4a\1\0\0\x10\0\0\0\x08\0\0", out));
	EQ(0x04, out[2]);
	EQ(0x10, out[3]);
	return out[4] << 8 | out[5];
}

BUS_TEST(eject_by_the_guest, cd_args())
{
	uint8_t out[8];

	EQ(0, ask(b, ready, out));
	EQ(0x0002, events(b));
	EQ(0x50, fails(b, "\x4a\0\0\0\x10\0\0\0\x08\0\0")); /* asynchronous: not offered */
	EQ(4, ask(b, "\x4a\1\0\0\0\0\0\0\x08\0\0", out));
	EQ(0x80, out[2]);
	ask(b, "\x1e\0\0\0\1\0\0\0\0\0\0", out);
	EQ(0x20, fails(b, "\x1b\0\0\0\2\0\0\0\0\0\0")); /* the door is locked */
	EQ(0x253, sense(b));
	ask(b, "\x1e\0\0\0\0\0\0\0\0\0\0", out);
	EQ(0, ask(b, "\x1b\0\0\0\2\0\0\0\0\0\0", out));
	EQ(0x0001, events(b));
	EQ(0x20, fails(b, ready));
	EQ(NO_DISC, sense(b));
	EQ(0, ask(b, "\x1b\0\0\0\3\0\0\0\0\0\0", out)); /* and in again */
	EQ(0, ask(b, ready, out));
	EQ(0, ask(b, "\x1b\0\0\0\x12\0\0\0\0\0\0", out)); /* a power condition */
	EQ(0x0002, events(b));
}

BUS_TEST(medium_change, cd_args())
{
	const char *other = make_disc(BLOCKS + 5);
	uint8_t out[8];
	char cmd[300];

	EQ(0, ask(b, ready, out));
	snprintf(cmd, sizeof(cmd),
		 "{\"execute\":\"blockdev-change-medium\",\"arguments\":{\"device\":\"sr0\","
		 "\"filename\":\"%s\",\"format\":\"raw\"}}",
		 other);
	CHECK(strstr(bus_qmp(b, cmd), "return"));
	EQ(0x0202, events(b)); /* new medium */
	EQ(0x20, fails(b, ready));
	EQ(NO_DISC, sense(b)); /* first gone … */
	EQ(0x60, fails(b, ready));
	EQ(CHANGED, sense(b)); /* … then changed */
	EQ(0, ask(b, ready, out));
	EQ(8, ask(b, "\x25\0\0\0\0\0\0\0\0\0\0", out));
	EQ(0x30, out[3]); /* 305 - 1 */
	CHECK(strstr(bus_qmp(b, "{\"execute\":\"eject\",\"arguments\":{\"device\":\"sr0\"}}"),
		     "return"));
	EQ(0x0301, events(b)); /* removed; the tray is open */
	EQ(0x0001, events(b));
	EQ(0x20, fails(b, "\x25\0\0\0\0\0\0\0\0\0\0"));
	EQ(NO_DISC, sense(b));
}

BUS_TEST(locked_tray_asks_the_guest, cd_args())
{
	uint8_t out[8];

	ask(b, "\x1e\0\0\0\1\0\0\0\0\0\0", out);
	CHECK(strstr(bus_qmp(b, "{\"execute\":\"eject\",\"arguments\":{\"device\":\"sr0\"}}"),
		     "error"));
	EQ(0x0102, events(b)); /* eject request, disc still there */
	EQ(0x0002, events(b));
}

BUS_TEST(empty_drive, "-nodefaults -device ide-cd,bus=ide.0")
{
	ide_out(b, R_DEVICE, 0);
	EQ(DRDY | DSC, ide_command(b, 0xe7));
	EQ(0x20, fails(b, ready));
	EQ(NO_DISC, sense(b));
}

/* ---- on the bench ---- */

TEST(disc_taken_in_the_middle_of_a_read)
{
	struct rig *r = rig_new(dev_class_find("ide-cd"));
	struct drive *d = &r->drive[0];
	uint8_t p[12] = {0x28, [8] = 2};

	law_out(r, 5, 8);
	law_out(r, 7, 0xa0);
	rig_bus_bulk(r, TASK, 2, true, p, 6);
	EQ(DRDY | DSC | BSY, law_in(r, 7));
	d->medium_changed(d->arg, false);
	EQ(DRDY | ERR, law_in(r, 7));
	EQ(0x20, law_in(r, 1));
	EQ(0, blk_mem_step(d->blk));
	CHECK(d->tray_open);
	rig_free(r);
}

TEST(read_error_of_the_image)
{
	struct rig *r = rig_new(dev_class_find("ide-cd"));
	uint8_t p[12] = {0x28, [8] = 2};

	law_out(r, 5, 8);
	law_out(r, 7, 0xa0);
	rig_bus_bulk(r, TASK, 2, true, p, 6);
	blk_mem_fail(r->drive[0].blk, -5);
	rig_disks(r);
	EQ(DRDY | ERR, law_in(r, 7));
	EQ(0x30, law_in(r, 1)); /* MEDIUM ERROR */
	rig_free(r);
}
