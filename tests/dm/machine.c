/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine as a whole, over both kinds of bus.h: memory, holes, PCI, reset, clock. */
#include "tests/hw/bus.h"

#include <stdio.h>

BUS_TEST(ram_is_there_and_ends, "-m 16 -nodefaults")
{
	uint8_t block[5000], back[5000];

	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 7);
	bus_memwrite(b, 0x1003, block, sizeof(block));
	bus_memread(b, 0x1003, back, sizeof(back));
	EQM(block, back, sizeof(back));
	bus_write(b, 0xfffff8, 8, 0x1122334455667788ull);
	EQ(0x11223344, bus_read(b, 0xfffffc, 4));
	bus_write(b, 0x1000000, 4, 0);
	EQ(0xffffffff, bus_read(b, 0x1000000, 4));
}

BUS_TEST(nobody_reads_as_ones, "-nodefaults")
{
	EQ(0xff, bus_in(b, 0x5000, 1));
	EQ(0xffff, bus_in(b, 0x5000, 2));
	EQ(0xffffffff, bus_in(b, 0x5000, 4));
	EQ(0xffffffff, bus_read(b, 0xe0001000, 4));
	bus_out(b, 0x5000, 4, 1);
	bus_write(b, 0xe0001000, 4, 1);
}

BUS_TEST(the_chipset_is_found, "-nodefaults")
{
	EQ(0, bus_find_pci(b, 0x80861237));
	EQ(8, bus_find_pci(b, 0x80867000));
	EQ(0xffffffff, bus_cfg_read(b, 31 << 3, 0, 4));
	EQ(0xffff, bus_cfg_read(b, 31 << 3, 0, 2));
	EQ(0x8086, bus_cfg_read(b, 8, 0, 2));
	EQ(0x70, bus_cfg_read(b, 8, 3, 1));
}

/* A dword at 0xcf8 is the address register, a byte at 0xcf9 within it is reset control. */
BUS_TEST(cf8_and_cf9_share_addresses, "-nodefaults")
{
	bus_out(b, 0xcf8, 4, 0x80000800);
	EQ(0x80000800, bus_in(b, 0xcf8, 4));
	EQ(0x70008086, bus_in(b, 0xcfc, 4));
	bus_out(b, 0xcf9, 1, 2);
	EQ(2, bus_in(b, 0xcf9, 1));
	EQ(0x80000800, bus_in(b, 0xcf8, 4));
}

BUS_TEST(reset_by_cf9_keeps_ram, "-nodefaults")
{
	bus_write(b, 0x2000, 4, 0xfeedbeef);
	bus_cfg_write(b, 8, 0x60, 1, 0x0b);
	EQ(0x0b, bus_cfg_read(b, 8, 0x60, 1));
	bus_out(b, 0xcf9, 1, 6);
	EQ(0x80, bus_cfg_read(b, 8, 0x60, 1));
	EQ(0xfeedbeef, bus_read(b, 0x2000, 4));
}

/* As libqtest's i440fx test: shadow RAM by PAM registers, 10b and 01b being the odd ones. */
BUS_TEST(shadow_ram, "-nodefaults")
{
	bus_cfg_write(b, 0, 0x5a, 1, 0x33);
	bus_write(b, 0xc0000, 4, 0x42424242);
	EQ(0x42424242, bus_read(b, 0xc0000, 4));
	bus_cfg_write(b, 0, 0x5a, 1, 0x32); /* write only */
	EQ(0xffffffff, bus_read(b, 0xc0000, 4));
	bus_write(b, 0xc0000, 4, 0x43434343);
	bus_cfg_write(b, 0, 0x5a, 1, 0x31); /* read only */
	EQ(0x43434343, bus_read(b, 0xc0000, 4));
	bus_write(b, 0xc0000, 4, 0x82828282);
	EQ(0x43434343, bus_read(b, 0xc0000, 4));
	bus_cfg_write(b, 0, 0x5a, 1, 0x30);
	EQ(0xffffffff, bus_read(b, 0xc0000, 4));
	bus_cfg_write(b, 0, 0x5a, 1, 0x33);
	EQ(0x43434343, bus_read(b, 0xc0000, 4));
}

static const char *rom(uint64_t bytes)
{
	static char args[200];
	const char *path = bus_tmpfile(bytes);
	FILE *f = fopen(path, "r+");

	MUST(f);
	for (uint64_t at = 0; at < bytes; at += 4) {
		uint32_t word = (uint32_t)at;

		MUST(fwrite(&word, 4, 1, f) == 1);
	}
	fclose(f);
	snprintf(args, sizeof(args), "-nodefaults -bios %s", path);
	return args;
}

BUS_TEST(rom_is_seen_twice, rom(256 << 10))
{
	EQ(0, bus_read(b, 0xfffc0000, 4));
	EQ(0x3fffc, bus_read(b, 0xfffffffc, 4));
	EQ(0x20000, bus_read(b, 0xe0000, 4));
	EQ(0x3fffc, bus_read(b, 0xffffc, 4));
	bus_write(b, 0xffffc, 4, 0);
	bus_write(b, 0xfffffffc, 4, 0);
	EQ(0x3fffc, bus_read(b, 0xffffc, 4));
	EQ(0x3fffc, bus_read(b, 0xfffffffc, 4));
}

BUS_TEST(rom_is_copied_to_shadow_ram, rom(128 << 10))
{
	uint8_t copy[4096];

	EQ(0x10000, bus_read(b, 0xf0000, 4));
	bus_cfg_write(b, 0, 0x59, 1, 0x20); /* reads from ROM, writes to RAM */
	bus_memread(b, 0xf0000, copy, sizeof(copy));
	copy[0] = 0x5a;
	bus_memwrite(b, 0xf0000, copy, sizeof(copy));
	EQ(0x10000, bus_read(b, 0xf0000, 4));
	bus_cfg_write(b, 0, 0x59, 1, 0x10);
	EQ(0x1005a, bus_read(b, 0xf0000, 4));
	EQ(0x10004, bus_read(b, 0xf0004, 4));
}

/* Channel 0 of the 8254, mode 0, 1000 counts of 838.1 ns: one edge of IRQ 0, on time. */
BUS_TEST(the_clock_moves_when_told, "-nodefaults")
{
	unsigned before;

	bus_out(b, 0x43, 1, 0x30);
	bus_out(b, 0x40, 1, 1000 & 0xff);
	bus_out(b, 0x40, 1, 1000 >> 8);
	before = bus_edges(b, 0);
	bus_step(b, 830000);
	EQ(before, bus_edges(b, 0));
	CHECK(!bus_irq(b, 0));
	bus_step(b, 20000);
	EQ(before + 1, bus_edges(b, 0));
	CHECK(bus_irq(b, 0));
}

BUS_TEST(monitor_beside_the_bus, "-nodefaults -name dragon")
{
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"query-status\"}"), "\"running\""));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"query-name\"}"), "dragon"));
	bus_write(b, 0x2000, 4, 0xfeedbeef);
	bus_cfg_write(b, 8, 0x60, 1, 0x0b);
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"system_reset\"}"), "return"));
	EQ(0x80, bus_cfg_read(b, 8, 0x60, 1));
	EQ(0xfeedbeef, bus_read(b, 0x2000, 4));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"stop\"}"), "return"));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"query-status\"}"), "\"paused\""));
	EQ(0xfeedbeef, bus_read(b, 0x2000, 4));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"cont\"}"), "return"));
}

static uint8_t cmos(struct guest *b, uint8_t at)
{
	bus_out(b, 0x70, 1, at);
	return (uint8_t)bus_in(b, 0x71, 1);
}

static unsigned cmos_word(struct guest *b, uint8_t at)
{
	unsigned low = cmos(b, at);

	return low | (unsigned)cmos(b, (uint8_t)(at + 1)) << 8;
}

/* Values that QEMU 7.2 leaves there for the same options. */
BUS_TEST(cmos_tells_the_memory, "-nodefaults -m 256 -smp 2,maxcpus=4")
{
	EQ(640, cmos_word(b, 0x15));
	EQ(0xffff, cmos_word(b, 0x17));
	EQ(0xffff, cmos_word(b, 0x30));
	EQ((256 - 16) * 16, cmos_word(b, 0x34));
	EQ(0, cmos_word(b, 0x5b));
	EQ(1, cmos(b, 0x5f));
	EQ(6, cmos(b, 0x14));
}

BUS_TEST(cmos_tells_memory_above_4g, "-nodefaults -m 5G")
{
	EQ(0xbf00, cmos_word(b, 0x34)); /* 3 GiB below */
	EQ(0x8000, cmos_word(b, 0x5b)); /* 2 GiB above */
	EQ(0, cmos(b, 0x5d));
}

BUS_TEST(cmos_tells_the_boot_order, "-nodefaults -boot order=dc,once=n")
{
	EQ(0x04, cmos(b, 0x3d));
	EQ(0, cmos(b, 0x38));
	bus_out(b, 0xcf9, 1, 6);
	EQ(0x23, cmos(b, 0x3d));
}

BUS_TEST(cmos_default_boot_order, "-nodefaults")
{
	EQ(0x12, cmos(b, 0x3d));
	EQ(0x30, cmos(b, 0x38));
}

BUS_TEST(clock_starts_where_told, "-nodefaults -rtc base=2019-11-23T12:34:56")
{
	EQ(0x19, cmos(b, 9));
	EQ(0x11, cmos(b, 8));
	EQ(0x23, cmos(b, 7));
	EQ(0x12, cmos(b, 4));
	EQ(0x34, cmos(b, 2));
	EQ(0x56, cmos(b, 0));
	EQ(0x20, cmos(b, 0x32));
	bus_step(b, 5000000000);
	EQ(0x01, cmos(b, 0));
	EQ(0x35, cmos(b, 2));
}

/* A serial port and an empty CD drive come by themselves; without -nodefaults only. */
BUS_TEST(default_devices, "")
{
	bus_out(b, 0x3ff, 1, 0x5a);
	EQ(0x5a, bus_in(b, 0x3ff, 1));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"query-block\"}"), "ide1-cd0"));
	CHECK(strstr(bus_qmp(b, "{\"execute\": \"query-chardev\"}"), "serial0"));
}

BUS_TEST(no_default_devices, "-nodefaults")
{
	bus_out(b, 0x3ff, 1, 0x5a);
	EQ(0xff, bus_in(b, 0x3ff, 1));
	CHECK(!strstr(bus_qmp(b, "{\"execute\": \"query-block\"}"), "ide1-cd0"));
}
