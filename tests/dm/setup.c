/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With -kernel: the board as firmware would have left it, and the tables where kernels look. */
#include "base/util.h"
#include "tests/hw/bus.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIIX3 = 1 << 3, IDE = 1 << 3 | 1, PM = 1 << 3 | 3, NIC1 = 3 << 3, NIC2 = 4 << 3 };
enum { TABLES = 0x10000, MIB = 0x100000 };

/* A multiboot kernel of nothing but its header. */
static const char *kernel(const char *options)
{
	static const uint32_t header[] = {0x1badb002, 0x10000,  0u - 0x1badb002 - 0x10000,
					  0x100000,   0x100000, 0x101000,
					  0x102000,   0x100030};
	static char text[512];
	const char *path = bus_tmpfile(4096);
	FILE *f = fopen(path, "r+b");

	MUST(f && fwrite(header, 1, sizeof(header), f) == sizeof(header));
	fclose(f);
	snprintf(text, sizeof(text), "-nodefaults -kernel %s %s", path, options);
	return text;
}

static bool sums(struct guest *b, uint64_t at, uint32_t len)
{
	static uint8_t buf[TABLES];
	uint8_t sum = 0;

	MUST(len <= sizeof(buf));
	bus_memread(b, at, buf, len);
	for (uint32_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + buf[i]);
	return !sum;
}

/* As Linux scans for it: every 16 bytes of the last 128 KiB below 1 MiB. */
static uint32_t find_rsdp(struct guest *b)
{
	uint8_t bios[0x20000];

	bus_memread(b, 0xe0000, bios, sizeof(bios));
	for (uint32_t i = 0; i < sizeof(bios); i += 16)
		if (!memcmp(bios + i, "RSD PTR ", 8) && sums(b, 0xe0000 + i, 20))
			return 0xe0000 + i;
	return 0;
}

static void check_tables(struct guest *b, uint64_t low)
{
	uint32_t rsdp = find_rsdp(b), rsdt, n;

	MUST(rsdp);
	CHECK(sums(b, rsdp, 36));
	rsdt = (uint32_t)bus_read(b, rsdp + 16, 4);
	CHECK(rsdt >= low - TABLES && rsdt < low);
	n = ((uint32_t)bus_read(b, rsdt + 4, 4) - 36) / 4;
	EQ(5, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)bus_read(b, rsdt + 36 + 4 * i, 4);
		uint32_t len = (uint32_t)bus_read(b, at + 4, 4);

		CHECK(at >= low - TABLES && at + len <= low);
		CHECK(sums(b, at, len));
	}
}

BUS_TEST(setup_tables, kernel("-m 64"))
{
	check_tables(b, 64 * MIB);
	/* The memory map of the multiboot information: reserved. */
	EQ(64 * MIB - TABLES,
	   bus_read(b, 0x9080 + 3 * 24 + 4 + 0, 8) + bus_read(b, 0x9080 + 3 * 24 + 12, 8));
	EQ(64 * MIB - TABLES, bus_read(b, 0x9080 + 4 * 24 + 4, 8));
	EQ(TABLES, bus_read(b, 0x9080 + 4 * 24 + 12, 8));
	EQ(2, bus_read(b, 0x9080 + 4 * 24 + 20, 4));
}

BUS_TEST(setup_tables_of_big_machine, kernel("-m 6G -smp 2"))
{
	check_tables(b, 0xc0000000);
}

BUS_TEST(setup_shadow_is_read_only, kernel("-m 64"))
{
	uint32_t rsdp = find_rsdp(b);

	EQ(0x10, bus_cfg_read(b, 0, 0x59, 1));
	MUST(rsdp);
	bus_write(b, rsdp, 1, 0);
	EQ('R', bus_read(b, rsdp, 1));
}

BUS_TEST(setup_no_acpi, kernel("-m 64 -no-acpi"))
{
	EQ(0, find_rsdp(b));
}

BUS_TEST(setup_chipset, kernel("-m 64"))
{
	EQ(0x0b0b0a0a, bus_cfg_read(b, PIIX3, 0x60, 4));
	EQ(0x0e, bus_in(b, 0x4d1, 1));
	EQ(0x00, bus_in(b, 0x4d0, 1));
	EQ(9, bus_cfg_read(b, PM, 0x3c, 1));
	EQ(0x601, bus_cfg_read(b, PM, 0x40, 4));
	EQ(0, bus_in(b, 0x604, 2));
	CHECK(bus_in(b, 0x608, 4) != 0xffffffff);
	EQ(0, bus_in(b, 0x700, 1)); /* SMBus host */
	EQ(0x80008000, bus_cfg_read(b, IDE, 0x40, 4));
	EQ(1, bus_cfg_read(b, IDE, 4, 2) & 1);
	EQ(0xc001, bus_cfg_read(b, IDE, 0x20, 4) & 0xfffff001);
	EQ(0, bus_cfg_read(b, IDE, 0x20, 4) & 0xe);
}

#define NICS "-m 64 -device rtl8139,addr=3 -device rtl8139,addr=4"

static void check_nics(struct guest *b)
{
	unsigned io1 = bus_cfg_read(b, NIC1, 0x10, 4), io2 = bus_cfg_read(b, NIC2, 0x10, 4);
	uint32_t mem1 = bus_cfg_read(b, NIC1, 0x14, 4), mem2 = bus_cfg_read(b, NIC2, 0x14, 4);

	CHECK((io1 & 0xff) == 1 && (io2 & 0xff) == 1 && io1 != io2);
	CHECK(io1 >= 0xc000 && io2 >= 0xc000);
	CHECK(mem1 != mem2 && mem1 >= 64 * MIB && mem1 < 0xfec00000);
	EQ(3, bus_cfg_read(b, NIC1, 4, 2));
	/* The register that both ways lead to. */
	EQ(bus_in(b, (uint16_t)(io1 - 1 + 0x37), 1), bus_read(b, mem1 + 0x37, 1));
	/* Slot 3 pin A is on link C, slot 4 on link D. */
	EQ(11, bus_cfg_read(b, NIC1, 0x3c, 1));
	EQ(11, bus_cfg_read(b, NIC2, 0x3c, 1));
}

BUS_TEST(setup_bars, kernel(NICS))
{
	check_nics(b);
}

static bool was_reset(struct guest *b, void *arg)
{
	(void)arg;
	return bus_cfg_read(b, PM, 0x44, 4) == 0;
}

BUS_TEST(setup_again_after_reset, kernel(NICS))
{
	bus_cfg_write(b, PM, 0x44, 4, 0x55);
	bus_memwrite(b, 64 * MIB - TABLES, "overwritten", 11);
	bus_out(b, 0xcf9, 1, 6);
	CHECK(bus_wait(b, was_reset, NULL));
	check_tables(b, 64 * MIB);
	check_nics(b);
	EQ(0x601, bus_cfg_read(b, PM, 0x40, 4));
}

/* Firmware runs: it does all that itself. */
BUS_TEST(setup_only_without_firmware, "-nodefaults -m 64")
{
	EQ(0x80808080, bus_cfg_read(b, PIIX3, 0x60, 4));
	EQ(1, bus_cfg_read(b, PM, 0x40, 4));
	EQ(1, bus_cfg_read(b, IDE, 0x20, 4));
}
