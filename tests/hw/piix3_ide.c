/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/piix3_ide.c: the IDE function of the PIIX3: Intel 290550, 2.3; SFF-8038i; and what
 * QEMU's own ide-test expects of a bus master whose table does not fit.
 */
#include "tests/hw/ide.h"
#include "base/dev_owner.h"
#include "block/blk.h"

#include <stdio.h>

enum { FN = 1 << 3 | 1 };

BUS_TEST(header, "-nodefaults")
{
	EQ(0x70108086, bus_cfg_read(b, FN, 0, 4));
	EQ(0x0101, bus_cfg_read(b, FN, 0x0a, 2));
	EQ(0x80, bus_cfg_read(b, FN, 9, 1)); /* bus master, both channels at the legacy places */
	EQ(0, bus_cfg_read(b, FN, 8, 1));
	EQ(0x0280, bus_cfg_read(b, FN, 6, 2)); /* medium DEVSEL, fast back-to-back */
	EQ(0, bus_cfg_read(b, FN, 4, 2));
	EQ(1, bus_cfg_read(b, FN, 0x20, 4));
	EQ(0, bus_cfg_read(b, FN, 0x3d, 1)); /* no INTx: ISA IRQ 14 and 15 */
	bus_cfg_write(b, FN, 0x20, 4, 0xffffffff);
	EQ(0xfffffff1, bus_cfg_read(b, FN, 0x20, 4)); /* 16 bytes */
	bus_cfg_write(b, FN, 0x10, 4, 0xffffffff);
	EQ(0, bus_cfg_read(b, FN, 0x10, 4));
}

BUS_TEST(timing_registers_hold_what_is_written, "-nodefaults")
{
	EQ(0, bus_cfg_read(b, FN, 0x40, 4));
	bus_cfg_write(b, FN, 0x40, 2, 0x8000); /* SeaBIOS: decode enable */
	bus_cfg_write(b, FN, 0x42, 2, 0xa307);
	bus_cfg_write(b, FN, 0x48, 1, 0x05);
	EQ(0xa3078000, bus_cfg_read(b, FN, 0x40, 4));
	EQ(0x05, bus_cfg_read(b, FN, 0x48, 1));
}

BUS_TEST(bus_master_registers, "-nodefaults")
{
	ide_start(b);
	for (unsigned ch = 0; ch < 2; ch++) {
		uint16_t at = (uint16_t)(IDE_BM + 8 * ch);

		EQ(0, bus_in(b, at, 1));
		EQ(0, bus_in(b, at + 2, 1));
		EQ(0xff, bus_in(b, at + 1, 1));
		EQ(0xff, bus_in(b, at + 3, 1));
		bus_out(b, at + 4, 4, 0x12345677);
		EQ(0x12345674, bus_in(b, at + 4, 4)); /* dword aligned */
		EQ(0x56, bus_in(b, at + 5, 1));
		bus_out(b, at + 2, 1, 0xff);
		EQ(0x60, bus_in(b, at + 2, 1)); /* drives capable of DMA: software's own note */
		bus_out(b, at, 1, 0xff);
		EQ(0x09, bus_in(b, at, 1));
		EQ(0x61, bus_in(b, at + 2, 1)); /* active, with nothing to move */
		bus_out(b, at, 1, 0);
		EQ(0x60, bus_in(b, at + 2, 1));
		EQ(0xffff, bus_in(b, at, 2)); /* byte registers answer bytes */
	}
}

BUS_TEST(empty_channels_read_zero, "-nodefaults")
{
	for (unsigned reg = 1; reg < 8; reg++) {
		bus_out(b, (uint16_t)(IDE1 + reg), 1, 0x55);
		EQ(0, bus_in(b, (uint16_t)(IDE1 + reg), 1));
		EQ(0, bus_in(b, (uint16_t)(IDE0 + reg), 1));
	}
	EQ(0, bus_in(b, IDE0, 2));
	EQ(0, bus_in(b, IDE0_CONTROL, 1));
	EQ(0, bus_in(b, IDE1_CONTROL, 1));
	ide_out(b, R_COMMAND, 0xe7); /* nobody is there to flush: no interrupt */
	ide_out(b, R_COMMAND, 0x90);
	bus_out(b, IDE0_CONTROL, 1, 4);
	bus_out(b, IDE0_CONTROL, 1, 0);
	CHECK(!bus_irq(b, 14));
	bus_out(b, IDE0, 2, 0x1234);
}

BUS_TEST(absent_slave_holds_registers_only, ide_disk_args())
{
	ide_out(b, R_DEVICE, 0x10);
	EQ(0xb0, ide_in(b, R_DEVICE));
	ide_out(b, R_NSECTOR, 0x55);
	ide_out(b, R_LOW, 0xaa);
	EQ(0x55, ide_in(b, R_NSECTOR));
	EQ(0xaa, ide_in(b, R_LOW));
	EQ(0, ide_in(b, R_STATUS));
	EQ(0, ide_in(b, R_ERROR));
	ide_out(b, R_COMMAND, 0xec);
	EQ(0, ide_in(b, R_STATUS));
	CHECK(!bus_irq(b, 14));
	ide_out(b, R_DEVICE, 0); /* both had heard the writes */
	EQ(0x55, ide_in(b, R_NSECTOR));
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
}

static const char *two_disks(void)
{
	static char args[600];

	snprintf(args, sizeof(args),
		 "-nodefaults -drive file=%s,if=none,format=raw,id=a "
		 "-drive file=%s,if=none,format=raw,id=b -device ide-hd,drive=a,bus=ide.1,unit=0 "
		 "-device ide-hd,drive=b,bus=ide.1,unit=1,serial=second",
		 bus_tmpfile(1 << 20), bus_tmpfile(1 << 20));
	return args;
}

BUS_TEST(two_drives_on_the_second_channel, two_disks())
{
	uint8_t id[512];

	bus_out(b, IDE1 + R_DEVICE, 1, 0x10);
	EQ(0xb0, bus_in(b, IDE1 + R_DEVICE, 1));
	bus_out(b, IDE1 + R_COMMAND, 1, 0xec);
	CHECK(bus_irq(b, 15));
	CHECK(!bus_irq(b, 14));
	for (unsigned i = 0; i < 512; i += 2)
		store_le(id + i, 2, bus_in(b, IDE1, 2));
	EQM("esocdn", id + 20, 6);
	/* EXECUTE DEVICE DIAGNOSTIC selects device 0, whoever had it (9.11 of ATA-6) */
	bus_out(b, IDE1 + R_COMMAND, 1, 0x90);
	EQ(0xa0, bus_in(b, IDE1 + R_DEVICE, 1));
	EQ(1, bus_in(b, IDE1 + R_ERROR, 1));
	EQ(1, bus_in(b, IDE1 + R_NSECTOR, 1));
	EQ(1, bus_in(b, IDE1 + R_LOW, 1));
	EQ(0, bus_in(b, IDE1 + R_MID, 1));
	EQ(0, bus_in(b, IDE1 + R_HIGH, 1));
	EQ(DRDY | DSC, bus_in(b, IDE1 + R_STATUS, 1));
	EQ(2, bus_edges(b, 15));
}

BUS_TEST(software_reset, ide_disk_args())
{
	ide_out(b, R_COMMAND, 0xec);
	EQ(DRDY | DSC | DRQ, bus_in(b, IDE0_CONTROL, 1));
	ide_out(b, R_NSECTOR, 0x77); /* not while DRQ is set */
	EQ(1, ide_in(b, R_NSECTOR));
	bus_out(b, IDE0_CONTROL, 1, 4);
	EQ(BSY, bus_in(b, IDE0_CONTROL, 1) & (BSY | DRQ));
	CHECK(!bus_irq(b, 14));
	ide_out(b, R_COMMAND, 0xec); /* nobody listens */
	bus_out(b, IDE0_CONTROL, 1, 0);
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	EQ(1, ide_in(b, R_ERROR));
	EQ(1, ide_in(b, R_NSECTOR));
	EQ(1, ide_in(b, R_LOW));
	EQ(0, ide_in(b, R_MID));
	EQ(0, ide_in(b, R_HIGH));
	EQ(0xa0, ide_in(b, R_DEVICE));
}

BUS_TEST(interrupt_enable, ide_disk_args())
{
	ide_start(b);
	bus_out(b, IDE0_CONTROL, 1, 2); /* nIEN */
	ide_out(b, R_COMMAND, 0xec);
	CHECK(!bus_irq(b, 14));
	EQ(0, bus_in(b, IDE_BM + 2, 1) & BM_INTR);
	bus_out(b, IDE0_CONTROL, 1, 0); /* still pending */
	CHECK(bus_irq(b, 14));
	EQ(BM_INTR, bus_in(b, IDE_BM + 2, 1) & BM_INTR);
	bus_in(b, IDE0_CONTROL, 1); /* Alternate Status leaves it */
	CHECK(bus_irq(b, 14));
	ide_in(b, R_STATUS);
	CHECK(!bus_irq(b, 14));
}

BUS_TEST(command_before_status_is_an_edge_more, ide_disk_args())
{
	ide_out(b, R_COMMAND, 0xe5);
	EQ(1, bus_edges(b, 14));
	ide_out(b, R_COMMAND, 0xe5);
	EQ(2, bus_edges(b, 14));
	CHECK(bus_irq(b, 14));
}

/* ---- the bus master's table, as QEMU's ide-test has it ---- */

BUS_TEST(prdt_too_short, ide_disk_args())
{
	const struct prd p[] = {{0, 0x10 | PRD_END}};

	ide_start(b);
	EQ(0, ide_dma(b, 0xc8, 0, 1, p, 1, 0));
	EQ(0, ide_in(b, R_STATUS) & ERR);
	EQ(0, ide_dma(b, 0xc8, 0, 1, p, 1, DMA_ABORT));
	EQ(0, ide_in(b, R_STATUS) & ERR);
}

BUS_TEST(prdt_one_sector_short, ide_disk_args())
{
	const struct prd p[] = {{0, 0x200 | PRD_END}};

	ide_start(b);
	EQ(0, ide_dma(b, 0xc8, 0, 2, p, 1, 0));
	EQ(0, ide_dma(b, 0xc8, 0, 2, p, 1, DMA_ABORT));
	EQ(0, ide_in(b, R_STATUS) & ERR);
}

BUS_TEST(prdt_too_long, ide_disk_args())
{
	const struct prd p[] = {{0, 0x1000 | PRD_END}};

	ide_start(b);
	EQ(BM_ACTIVE | BM_INTR, ide_dma(b, 0xc8, 0, 1, p, 1, 0));
	EQ(BM_INTR, ide_dma(b, 0xc8, 0, 1, p, 1, DMA_ABORT));
	EQ(0, ide_in(b, R_STATUS) & ERR);
}

BUS_TEST(prdt_without_bus_master, ide_disk_args())
{
	static const struct prd p[4096];

	ide_start(b);
	bus_write(b, 0, 4, 0x5a5a5a5a);
	EQ(BM_ACTIVE | BM_INTR, ide_dma(b, 0xc8, 0, 0, p, 4096, DMA_NO_MASTER));
	EQ(0, ide_in(b, R_STATUS) & ERR);
	EQ(0x5a5a5a5a, bus_read(b, 0, 4));
}

BUS_TEST(prdt_sizes, ide_disk_args())
{
	ide_start(b);
	for (unsigned sectors = 1; sectors <= 256; sectors *= 4)
		for (uint32_t size = 0; size < 65536; size += 256 * 37) {
			const struct prd p[] = {{0, size | PRD_END}};
			uint32_t have = size & 0xfffe ? size & 0xfffe : 65536;
			uint32_t need = sectors * 512;
			uint8_t want = have < need    ? 0
				       : have == need ? BM_INTR
						      : BM_INTR | BM_ACTIVE;

			NOTE("%u sectors, PRD of %u", sectors, size);
			EQ(want, ide_dma(b, 0xc8, 0, (uint8_t)sectors, p, 1, 0));
			EQ(want & BM_INTR, ide_dma(b, 0xc8, 0, (uint8_t)sectors, p, 1, DMA_ABORT));
		}
}

/* Pieces that end inside sectors, odd bits, and a piece outside of RAM. */
BUS_TEST(prdt_pieces, ide_disk_args())
{
	const struct prd p[] = {{IDE_MEM + 1, 2},
				{IDE_MEM + 0x1000, 0x1fe},
				{IDE_MEM + 0x3000, 0x301},
				{IDE_MEM + 0x5000, 0x100 | PRD_END}};
	const struct prd hole[] = {{IDE_MEM, 0x200}, {0xf0000000, 0x200 | PRD_END}};
	uint8_t buf[0x300];

	ide_start(b);
	EQ(BM_INTR, ide_dma(b, 0xc8, 3, 3, p, 4, 0));
	bus_memread(b, IDE_MEM, buf, 4);
	EQ(ide_pattern(3 * 512), buf[0]);
	EQ(ide_pattern(3 * 512 + 1), buf[1]);
	bus_memread(b, IDE_MEM + 0x1000, buf, 0x1fe);
	EQ(ide_pattern(3 * 512 + 2), buf[0]);
	bus_memread(b, IDE_MEM + 0x3000, buf, 0x300);
	EQ(ide_pattern(4 * 512), buf[0]);
	EQ(ide_pattern(4 * 512 + 0x2ff), buf[0x2ff]);
	bus_memread(b, IDE_MEM + 0x5000, buf, 0x100);
	EQ(ide_pattern(5 * 512 + 0x1ff), buf[0xff]);
	EQ(BM_INTR, ide_dma(b, 0xc8, 8, 2, hole, 2, 0));
	EQ(ide_pattern(8 * 512), bus_read(b, IDE_MEM, 1));
	EQ(BM_INTR, ide_dma(b, 0xca, 8, 2, hole, 2, 0));
	ide_file_read(ide_disk_file(), 9 * 512, buf, 512);
	EQ(0xff, buf[0]); /* what is not RAM reads as ones */
}

/* More pieces than one host call takes. */
BUS_TEST(prdt_many_pieces, ide_disk_args())
{
	static struct prd p[512];
	uint8_t buf[512];

	ide_start(b);
	for (unsigned i = 0; i < 512; i++)
		p[i] = (struct prd){IDE_MEM + i * 64, 32 | (i == 511 ? PRD_END : 0)};
	EQ(BM_INTR, ide_dma(b, 0xc8, 0, 32, p, 512, 0));
	for (unsigned i = 0; i < 512; i += 73) {
		bus_memread(b, IDE_MEM + i * 64, buf, 32);
		EQ(ide_pattern(i * 32), buf[0]);
		EQ(ide_pattern(i * 32 + 31), buf[31]);
	}
	/* the table ends with its page: 512 entries of 2 bytes are 2 sectors */
	for (unsigned i = 0; i < 512; i++)
		p[i] = (struct prd){IDE_MEM + 2 * i, 2};
	EQ(BM_INTR, ide_dma(b, 0xc8, 6, 2, p, 512, 0));
	bus_memread(b, IDE_MEM, buf, 512);
	EQ(ide_pattern(6 * 512), buf[0]);
	EQ(ide_pattern(6 * 512 + 511), buf[511]);
	EQ(0, ide_dma(b, 0xc8, 6, 3, p, 512, 0));
}

/* ---- taken away in the middle ---- */

enum { CONFIG, BM, COMMAND }; /* its regions */

static struct {
	struct dev_env env;
	struct drive drive;
	uint8_t ram[1 << 20];
	struct dev *ide;
	unsigned mapped;
} world;

static void *world_map(struct dev_env *env, uint64_t gpa, size_t *len, bool write)
{
	(void)env;
	(void)write;
	if (gpa >= sizeof(world.ram))
		return NULL;
	*len = MIN(*len, sizeof(world.ram) - gpa);
	world.mapped++;
	return world.ram + gpa;
}

static void world_unmap(struct dev_env *env, void *p, uint64_t gpa, size_t written)
{
	(void)env;
	(void)p;
	(void)gpa;
	(void)written;
	world.mapped--;
}

static void *world_backend(struct dev_env *env, struct dev *d, enum prop_type type,
			   const char *name, struct err *e)
{
	(void)env;
	(void)d;
	(void)type;
	(void)name;
	(void)e;
	return &world.drive;
}

static struct dev *add(const char *class)
{
	struct err e = {""};
	struct dev *d = dev_new(&world.env, dev_class_find(class), class, &e);

	MUST(d);
	if (!strcmp(class, "ide-hd"))
		OK(dev_prop_set(d, "drive", "d", &e));
	OK(dev_realize(d, NULL, &e));
	EQS("", e.msg);
	return d;
}

static void start_something(unsigned i)
{
	static const uint8_t cmds[] = {0xc8, 0x20, 0xca, 0xe7};

	store_le(world.ram + 0x1000, 4, 0x4000);
	store_le(world.ram + 0x1004, 4, PRD_END | 0x8000);
	dev_write(world.ide, BM, 4, 4, 0x1000);
	dev_write(world.ide, COMMAND, R_NSECTOR, 1, 64);
	dev_write(world.ide, COMMAND, R_DEVICE, 1, 0x40);
	dev_write(world.ide, COMMAND, R_COMMAND, 1, cmds[i % 4]);
	dev_write(world.ide, BM, 0, 1, i % 4 ? 1 : 9);
}

static void thousand_times(struct loop *l, struct blk *b)
{
	static const struct dev_env_ops ops = {
		.dma_map = world_map, .dma_unmap = world_unmap, .backend = world_backend};
	struct err e = {""};

	MUST(b);
	world.drive.blk = b;
	world.env.ops = &ops;
	world.env.clock = clock_new(CLOCK_MANUAL);
	OK(dev_env_init(&world.env, &e));
	add("i440FX-pcihost");
	world.ide = add("piix3-ide");
	dev_write(world.ide, CONFIG, 4, 2, 5);
	for (unsigned i = 0; i < 1000; i++) {
		struct dev *d = add("ide-hd");

		start_something(i);
		if (i % 3 == 0)
			loop_step(l, 0);
		dev_free(d);
		dev_write(world.ide, BM, 0, 1, 0);
	}
	EQ(0, world.mapped);
	dev_env_fini(&world.env);
	clock_free(world.env.clock);
	blk_close(b);
	loop_free(l);
}

TEST(destroy_in_flight_by_hand)
{
	static uint8_t disk[1 << 16];
	struct err e = {""};
	struct loop *l = loop_new(&e);

	thousand_times(l, blk_mem(l, disk, sizeof(disk), true));
}

TEST(destroy_in_flight_on_workers)
{
	struct err e = {""};
	struct loop *l = loop_new(&e);
	struct blk_options o = {.file = bus_tmpfile(1 << 16), .format = "raw"};

	thousand_times(l, blk_open(l, &o, &e));
}
