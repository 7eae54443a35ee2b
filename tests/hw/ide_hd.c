/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide_hd.c: the ATA disk, by the registers of ATA/ATAPI-6. */
#include "tests/hw/ide.h"
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

/* ---- by hand ---- */

static void id_words(struct guest *b, uint16_t *id)
{
	uint8_t raw[512];

	ide_address(b, 0, 0);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0xec));
	ide_words_in(b, raw, 256);
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	for (unsigned i = 0; i < 256; i++)
		id[i] = (uint16_t)load_le(raw + 2 * i, 2);
}

static void id_text(const uint16_t *id, unsigned word, unsigned len, char *out)
{
	for (unsigned i = 0; i < len; i++)
		out[i] = (char)(id[word + i / 2] >> (i % 2 ? 0 : 8));
	out[len] = 0;
}

BUS_TEST(identify, ide_disk_args())
{
	uint16_t id[256];
	char text[41];

	id_words(b, id);
	EQ(0x0040, id[0]);
	id_text(id, 10, 20, text);
	EQS("testdisk            ", text);
	id_text(id, 23, 8, text);
	EQS("version ", text);
	id_text(id, 27, 40, text);
	EQS("QEMU HARDDISK                           ", text);
	EQ(4, id[1]); /* 4096 sectors of 16 heads and 63 sectors */
	EQ(16, id[3]);
	EQ(63, id[6]);
	EQ(0x8010, id[47]);
	EQ(0x0b00, id[49]);
	EQ(0x0110, id[59]);
	EQ(DISK_SECTORS, id[60] | id[61] << 16);
	EQ(0x0007, id[63]);
	EQ(0x4021, id[82]);
	EQ(0x7400, id[83]);
	EQ(0x4021, id[85]); /* the write cache is on */
	EQ(0x203f, id[88]); /* Ultra DMA 5 selected */
	EQ(0x6001, id[93]);
	EQ(DISK_SECTORS, id[100]);
	EQ(1, id[169]); /* TRIM */
}

BUS_TEST(reset_values, ide_disk_args())
{
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	EQ(1, ide_in(b, R_ERROR));
	EQ(1, ide_in(b, R_NSECTOR));
	EQ(1, ide_in(b, R_LOW));
	EQ(0, ide_in(b, R_MID));
	EQ(0, ide_in(b, R_HIGH));
	EQ(0xa0, ide_in(b, R_DEVICE));
	CHECK(!bus_irq(b, 14));
}

/* One DRQ block read by words, one by doublewords, one by bytes. */
BUS_TEST(pio_read_widths, ide_disk_args())
{
	ide_address(b, 5, 3);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x20));
	for (unsigned i = 0; i < 512; i += 2)
		EQ(ide_pattern(5 * 512 + i) | ide_pattern(5 * 512 + i + 1) << 8,
		   bus_in(b, IDE0, 2));
	EQ(DRDY | DSC | DRQ, ide_wait(b));
	for (unsigned i = 0; i < 512; i += 4)
		EQ(ide_pattern(6 * 512 + i) | ide_pattern(6 * 512 + i + 1) << 8 |
			   ide_pattern(6 * 512 + i + 2) << 16 |
			   (uint32_t)ide_pattern(6 * 512 + i + 3) << 24,
		   bus_in(b, IDE0, 4));
	EQ(DRDY | DSC | DRQ, ide_wait(b));
	for (unsigned i = 0; i < 512; i += 2) /* the low half of a word each */
		EQ(ide_pattern(7 * 512 + i), bus_in(b, IDE0, 1));
	EQ(DRDY | DSC, ide_wait(b));
	EQ(3, bus_edges(b, 14)); /* one for each block, none at the end */
	EQ(0, bus_in(b, IDE0, 2));
	EQ(8, ide_in(b, R_LOW)); /* the next sector */
	EQ(0, ide_in(b, R_NSECTOR));
}

BUS_TEST(pio_write, ide_disk_args())
{
	uint8_t out[1024], back[1024];

	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 3 + 7);
	ide_address(b, 100, 2);
	ide_out(b, R_COMMAND, 0x30);
	EQ(DRDY | DSC | DRQ, bus_in(b, IDE0_CONTROL, 1));
	EQ(0, bus_edges(b, 14)); /* the first block is asked for without an interrupt */
	ide_words_out(b, out, 256);
	EQ(DRDY | DSC | DRQ, ide_wait(b));
	for (unsigned i = 512; i < 1024; i += 4)
		bus_out(b, IDE0, 4, (uint32_t)load_le(out + i, 4));
	EQ(DRDY | DSC, ide_wait(b));
	EQ(2, bus_edges(b, 14));
	ide_file_read(ide_disk_file(), 100 * 512, back, 1024);
	EQM(out, back, 1024);
}

BUS_TEST(multiple, ide_disk_args())
{
	uint8_t buf[2048], back[2048];
	uint16_t id[256];

	ide_address(b, 0, 3); /* no power of two */
	EQ(DRDY | ERR, ide_command(b, 0xc6));
	EQ(4, ide_in(b, R_ERROR));
	ide_address(b, 0, 4);
	EQ(DRDY | DSC, ide_command(b, 0xc6));
	id_words(b, id);
	EQ(0x0104, id[59]);
	ide_address(b, 10, 6); /* 4 + 2 */
	EQ(DRDY | DSC | DRQ, ide_command(b, 0xc4));
	ide_words_in(b, buf, 1024);
	EQ(ide_pattern(10 * 512 + 2047), buf[2047]);
	EQ(DRDY | DSC | DRQ, ide_wait(b));
	ide_words_in(b, buf, 512);
	EQ(ide_pattern(14 * 512), buf[0]);
	EQ(DRDY | DSC, ide_wait(b));
	memset(buf, 0x6b, sizeof(buf));
	ide_address(b, 20, 4);
	ide_out(b, R_COMMAND, 0xc5);
	ide_words_out(b, buf, 1024);
	EQ(DRDY | DSC, ide_wait(b));
	ide_file_read(ide_disk_file(), 20 * 512, back, 2048);
	EQM(buf, back, 2048);
	ide_address(b, 0, 0); /* off: then the commands abort */
	EQ(DRDY | DSC, ide_command(b, 0xc6));
	EQ(DRDY | ERR, ide_command(b, 0xc4));
	EQ(DRDY | ERR, ide_command(b, 0xc5));
}

BUS_TEST(lba48, ide_disk_args())
{
	uint8_t buf[512];

	ide_out(b, R_DEVICE, 0x40);
	for (unsigned i = 0; i < 2; i++) { /* previous, then current content */
		ide_out(b, R_NSECTOR, i ? 1 : 0);
		ide_out(b, R_LOW, i ? 0x34 : 0);
		ide_out(b, R_MID, i ? 0x02 : 0);
		ide_out(b, R_HIGH, 0);
	}
	bus_out(b, IDE0_CONTROL, 1, 0x80); /* HOB */
	EQ(0, ide_in(b, R_LOW));
	bus_out(b, IDE0_CONTROL, 1, 0);
	EQ(0x34, ide_in(b, R_LOW));
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x24));
	ide_words_in(b, buf, 256);
	EQ(ide_pattern(0x234 * 512), buf[0]);
	ide_out(b, R_HIGH, 1); /* far behind the end */
	ide_out(b, R_HIGH, 1);
	EQ(DRDY | ERR, ide_command(b, 0x24));
	EQ(4, ide_in(b, R_ERROR));
	EQ(DRDY | DSC, ide_command(b, 0x27)); /* READ NATIVE MAX ADDRESS EXT */
	EQ((DISK_SECTORS - 1) & 0xff, ide_in(b, R_LOW));
	EQ((DISK_SECTORS - 1) >> 8, ide_in(b, R_MID));
	bus_out(b, IDE0_CONTROL, 1, 0x80);
	EQ(0, ide_in(b, R_LOW));
	EQ(0, ide_in(b, R_MID));
	EQ(0, ide_in(b, R_HIGH));
	bus_out(b, IDE0_CONTROL, 1, 0);
}

BUS_TEST(chs, ide_disk_args())
{
	uint8_t buf[512];
	uint16_t id[256];

	ide_out(b, R_DEVICE, 0x02); /* head 2 */
	ide_out(b, R_NSECTOR, 1);
	ide_out(b, R_LOW, 5);
	ide_out(b, R_MID, 1); /* cylinder 1 */
	ide_out(b, R_HIGH, 0);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x20));
	ide_words_in(b, buf, 256);
	EQ(ide_pattern(((1 * 16 + 2) * 63 + 4) * 512), buf[0]);
	EQ(6, ide_in(b, R_LOW));
	EQ(0xa2, ide_in(b, R_DEVICE));
	ide_out(b, R_LOW, 0); /* sectors count from 1 */
	ide_out(b, R_MID, 0);
	ide_out(b, R_DEVICE, 0);
	ide_out(b, R_NSECTOR, 1);
	EQ(DRDY | ERR, ide_command(b, 0x20));
	/* INITIALIZE DEVICE PARAMETERS: 4 heads of 32 sectors */
	ide_out(b, R_DEVICE, 3);
	ide_out(b, R_NSECTOR, 32);
	EQ(DRDY | DSC, ide_command(b, 0x91));
	id_words(b, id);
	EQ(16, id[3]);
	EQ(4, id[55]);
	EQ(32, id[56]);
	ide_out(b, R_DEVICE, 1);
	ide_out(b, R_NSECTOR, 1);
	ide_out(b, R_LOW, 1);
	ide_out(b, R_MID, 2);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x20));
	ide_words_in(b, buf, 256);
	EQ(ide_pattern((2 * 4 + 1) * 32 * 512), buf[0]);
	ide_out(b, R_NSECTOR, 0);
	EQ(DRDY | ERR, ide_command(b, 0x91));
}

BUS_TEST(small_commands, ide_disk_args())
{
	static const struct {
		uint8_t cmd, status;
	} all[] = {{0x00, DRDY | ERR}, {0x10, DRDY | DSC}, {0x70, DRDY | DSC}, {0xe0, DRDY},
		   {0xe1, DRDY},       {0xe6, DRDY},       {0xe5, DRDY | DSC}, {0xe7, DRDY | DSC},
		   {0xea, DRDY | DSC}, {0xa1, DRDY | ERR}, {0xa0, DRDY | ERR}, {0x08, DRDY | ERR},
		   {0xf5, DRDY | ERR}, {0xf8, DRDY | DSC}};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		NOTE("command %02x", all[i].cmd);
		ide_address(b, 0, 1);
		EQ(all[i].status, ide_command(b, all[i].cmd));
		EQ(all[i].status & ERR ? 4 : 0, ide_in(b, R_ERROR));
		EQ(i + 1, bus_edges(b, 14));
	}
	ide_command(b, 0xe5);
	EQ(0xff, ide_in(b, R_NSECTOR)); /* active or idle */
}

BUS_TEST(verify_looks_at_the_range, ide_disk_args())
{
	ide_address(b, DISK_SECTORS - 2, 2);
	EQ(DRDY | DSC, ide_command(b, 0x40));
	ide_address(b, DISK_SECTORS - 2, 3);
	EQ(DRDY | ERR, ide_command(b, 0x40));
	ide_address(b, DISK_SECTORS, 1);
	EQ(DRDY | ERR, ide_command(b, 0x20));
	ide_address(b, DISK_SECTORS - 1, 2); /* the first sector is there */
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x20));
	for (unsigned i = 0; i < 256; i++)
		bus_in(b, IDE0, 2);
	EQ(DRDY | ERR, ide_wait(b));
	ide_address(b, DISK_SECTORS, 1);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x30));
	for (unsigned i = 0; i < 256; i++)
		bus_out(b, IDE0, 2, 0);
	EQ(DRDY | ERR, ide_wait(b));
	EQ(4, ide_in(b, R_ERROR));
}

static uint8_t feature(struct guest *b, uint8_t what, uint8_t value)
{
	ide_out(b, R_FEATURE, what);
	ide_out(b, R_NSECTOR, value);
	return ide_command(b, 0xef);
}

BUS_TEST(set_features, ide_disk_args())
{
	uint16_t id[256];
	uint8_t buf[512] = {1};

	EQ(DRDY | DSC, feature(b, 0x82, 0)); /* write cache off */
	EQ(DRDY | DSC, feature(b, 0x03, 0x22));
	id_words(b, id);
	EQ(0x4001, id[85]);
	EQ(0x0407, id[63]); /* multiword DMA 2 */
	EQ(0x003f, id[88]);
	ide_address(b, 1, 1); /* written and flushed */
	ide_out(b, R_COMMAND, 0x30);
	ide_words_out(b, buf, 256);
	EQ(DRDY | DSC, ide_wait(b));
	EQ(DRDY | DSC, feature(b, 0x02, 0));
	EQ(DRDY | DSC, feature(b, 0x03, 0x12));
	EQ(DRDY | DSC, feature(b, 0x03, 0x08));
	EQ(DRDY | DSC, feature(b, 0xaa, 0));
	EQ(DRDY | ERR, feature(b, 0x03, 0x46)); /* Ultra DMA 6 */
	EQ(DRDY | ERR, feature(b, 0x03, 0x18));
	EQ(DRDY | ERR, feature(b, 0x77, 0));
	id_words(b, id);
	EQ(0x4021, id[85]);
}

static uint8_t smart(struct guest *b, uint8_t what, uint8_t n)
{
	ide_address(b, 0xc24f00, n);
	ide_out(b, R_FEATURE, what);
	return ide_command(b, 0xb0);
}

BUS_TEST(smart, ide_disk_args())
{
	uint8_t buf[512], sum = 0;

	EQ(DRDY | DSC, smart(b, 0xda, 0));
	EQ(0x4f, ide_in(b, R_MID)); /* healthy */
	EQ(0xc2, ide_in(b, R_HIGH));
	EQ(DRDY | DSC | DRQ, smart(b, 0xd0, 0));
	ide_words_in(b, buf, 256);
	for (unsigned i = 0; i < 512; i++)
		sum += buf[i];
	EQ(0, sum);
	EQ(0x82, buf[362]);
	EQ(DRDY | DSC, smart(b, 0xd2, 0)); /* autosave off */
	EQ(DRDY | ERR, smart(b, 0xd2, 1));
	EQ(DRDY | DSC | DRQ, smart(b, 0xd1, 0));
	ide_words_in(b, buf, 256);
	EQ(1, buf[0]);
	EQ(DRDY | ERR, smart(b, 0xd5, 0));
	EQ(DRDY | DSC, smart(b, 0xd9, 0)); /* off: only ENABLE is heard */
	EQ(DRDY | ERR, smart(b, 0xda, 0));
	EQ(DRDY | DSC, smart(b, 0xd8, 0));
	EQ(DRDY | DSC, smart(b, 0xda, 0));
	ide_out(b, R_MID, 0);
	EQ(DRDY | ERR, ide_command(b, 0xb0)); /* without the key */
}

BUS_TEST(dma_read_write, ide_disk_args())
{
	const struct prd p[] = {{IDE_MEM, 0x400}, {IDE_MEM + 0x2000, 0x600 | PRD_END}};
	uint8_t out[2560], back[2560];

	ide_start(b);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 5 + i / 256);
	bus_memwrite(b, IDE_MEM, out, 0x400);
	bus_memwrite(b, IDE_MEM + 0x2000, out + 0x400, 0x600);
	EQ(BM_INTR, ide_dma(b, 0xca, 300, 5, p, 2, 0));
	ide_file_read(ide_disk_file(), 300 * 512, back, sizeof(back));
	EQM(out, back, sizeof(back));
	ide_file_read(ide_disk_file(), 305 * 512, back, 1);
	EQ(ide_pattern(305 * 512), back[0]);
	EQ(BM_INTR, ide_dma(b, 0xc8, 299, 5, p, 2, 0));
	bus_memread(b, IDE_MEM, back, 0x400);
	EQ(ide_pattern(299 * 512), back[0]);
	EQ(out[0], back[512]);
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	EQ(304 & 0xff, ide_in(b, R_LOW));
	for (unsigned i = 0; i < 2; i++) { /* the 48-bit ones; previous content is 0 */
		const struct prd one[] = {{IDE_MEM, 512 | PRD_END}};

		ide_address(b, 0, 0);
		EQ(BM_INTR, ide_dma(b, i ? 0x35 : 0x25, 7 - i, 1, one, 1, 0));
		EQ(DRDY | DSC, ide_in(b, R_STATUS));
	}
	ide_file_read(ide_disk_file(), 6 * 512, back, 512);
	EQ(ide_pattern(7 * 512), back[0]);
	/* the write cache off: the same through a flush */
	feature(b, 0x82, 0);
	EQ(BM_INTR, ide_dma(b, 0xca, 40, 5, p, 2, 0));
	/* behind the end: nothing moves, and ERR */
	EQ(BM_INTR, ide_dma(b, 0xc8, DISK_SECTORS - 4, 5, p, 2, 0));
	EQ(DRDY | ERR, ide_in(b, R_STATUS));
	EQ(4, ide_in(b, R_ERROR));
}

static uint64_t range(uint64_t lba, uint64_t n)
{
	return lba | n << 48;
}

BUS_TEST(trim, ide_disk_args())
{
	const struct prd p[] = {{IDE_MEM, 512 | PRD_END}};
	uint8_t back[512 * 3];

	ide_start(b);
	bus_write(b, IDE_MEM, 8, range(0, 2));
	bus_write(b, IDE_MEM + 8, 8, range(6, 8));
	EQ(BM_INTR, ide_dma(b, 0x06, 0, 1, p, 1, 0));
	EQ(0, ide_in(b, R_STATUS) & ERR);
	ide_file_read(ide_disk_file(), 512, back, sizeof(back));
	EQ(0, back[5]);
	EQ(ide_pattern(1024 + 5), back[512 + 5]);
	bus_write(b, IDE_MEM, 8, range(10, 1));
	bus_write(b, IDE_MEM + 8, 8, range(DISK_SECTORS - 1, 2));
	EQ(BM_INTR, ide_dma(b, 0x06, 0, 1, p, 1, 0));
	EQ(ERR, ide_in(b, R_STATUS) & ERR);
	EQ(4, ide_in(b, R_ERROR));
	ide_out(b, R_FEATURE, 2); /* no such function */
	EQ(DRDY | ERR, ide_command(b, 0x06));
}

/* ---- on the bench: one request for a rep, errors of the image ---- */

static struct rig *bench(uint8_t cmd, uint8_t lba, uint8_t n)
{
	struct rig *r = rig_new(dev_class_find("ide-hd"));

	law_out(r, R_DEVICE, 0x40);
	law_out(r, R_NSECTOR, n);
	law_out(r, R_LOW, lba);
	law_out(r, R_MID, 0);
	law_out(r, R_HIGH, 0);
	law_out(r, R_COMMAND, cmd);
	return r;
}

TEST(rep_insw_is_one_request)
{
	struct rig *r = bench(0x20, 3, 1);
	uint8_t buf[512];

	EQ(DRDY | DSC | BSY, law_in(r, R_STATUS));
	rig_disks(r);
	EQ(DRDY | DSC | DRQ, law_in(r, R_STATUS));
	EQ(1, r->edges);
	rig_bus_bulk(r, TASK, 2, false, buf, 256);
	EQM(r->disk[0] + 3 * 512, buf, 512);
	EQ(DRDY | DSC, law_in(r, R_STATUS));
	rig_free(r);
}

TEST(rep_outsl_is_one_request)
{
	struct rig *r = bench(0x30, 3, 1);
	uint8_t buf[512];

	memset(buf, 0x3c, sizeof(buf));
	rig_bus_bulk(r, TASK, 4, true, buf, 128);
	EQ(DRDY | DSC | BSY, law_in(r, R_STATUS));
	rig_disks(r);
	EQ(DRDY | DSC, law_in(r, R_STATUS));
	EQM(buf, r->disk[0] + 3 * 512, 512);
	rig_free(r);
}

TEST(errors_of_the_image)
{
	struct rig *r = bench(0x20, 3, 2);

	blk_mem_fail(r->drive[0].blk, -5);
	rig_disks(r);
	EQ(DRDY | ERR, law_in(r, R_STATUS));
	EQ(0x40, law_in(r, R_ERROR)); /* UNC */
	EQ(3, law_in(r, R_LOW));
	law_out(r, R_COMMAND, 0xe7);
	blk_mem_fail(r->drive[0].blk, -28);
	rig_disks(r);
	EQ(DRDY | ERR, law_in(r, R_STATUS));
	EQ(4, law_in(r, R_ERROR));
	EQ(3, r->edges + 1);
	rig_free(r);
}

/* ---- reading ahead, for who polls ---- */

static struct rig *polled_bench(uint8_t n)
{
	struct rig *r = bench(0xe5, 0, 0); /* CHECK POWER MODE, to have a rig */

	rig_bus_write(r, SPACE_IO, CONTROL, 1, 2); /* nIEN */
	law_out(r, R_NSECTOR, n);
	law_out(r, R_LOW, 3);
	law_out(r, R_COMMAND, 0x20);
	return r;
}

static void take_sectors(struct rig *r, unsigned first, unsigned n)
{
	uint8_t buf[512];

	for (unsigned i = first; i < first + n; i++) {
		EQ(DRDY | DSC | DRQ, law_in(r, R_STATUS));
		rig_bus_bulk(r, TASK, 2, false, buf, 256);
		EQM(r->disk[0] + (3 + i) * 512, buf, 512);
	}
}

TEST(polled_sectors_are_read_together)
{
	struct rig *r = polled_bench(40);

	EQ(DRDY | DSC | BSY, law_in(r, R_STATUS));
	rig_disks(r);
	take_sectors(r, 0, 32);
	EQ(DRDY | DSC | BSY, law_in(r, R_STATUS));
	rig_disks(r);
	take_sectors(r, 32, 8);
	EQ(DRDY | DSC, law_in(r, R_STATUS));
	EQ(2, blk_stats(r->drive[0].blk)->rd_operations);
	rig_free(r);
}

TEST(sectors_with_interrupts_come_one_by_one)
{
	struct rig *r = polled_bench(3);

	rig_disks(r);
	rig_bus_write(r, SPACE_IO, CONTROL, 1, 0);
	take_sectors(r, 0, 1);
	for (unsigned i = 1; i < 3; i++) {
		EQ(DRDY | DSC | BSY, law_in(r, R_STATUS));
		rig_disks(r);
		take_sectors(r, i, 1);
	}
	rig_free(r);
}

TEST(read_ahead_does_not_spread_errors)
{
	struct rig *r = polled_bench(3);

	blk_mem_fail(r->drive[0].blk, -5);
	EQ(1, blk_mem_step(r->drive[0].blk)); /* all three */
	rig_disks(r);
	take_sectors(r, 0, 1);
	blk_mem_fail(r->drive[0].blk, -5);
	rig_disks(r);
	EQ(DRDY | ERR, law_in(r, R_STATUS));
	EQ(0x40, law_in(r, R_ERROR));
	EQ(4, law_in(r, R_LOW));
	rig_free(r);
}
