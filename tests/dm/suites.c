/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's own test programs lean on and data sheets do not say: see docs/qtest.md. */
#include "tests/hw/bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char args[512];

static void fill_file(const char *path, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0);
	MUST(write(fd, buf, len) == (ssize_t)len);
	close(fd);
}

/* ---- libqos puts the low bits of a register's number in CF8 and reads at CFC ---- */

BUS_TEST(low_bits_in_cf8, "-nodefaults")
{
	bus_out(b, 0xcf8, 4, 0x80000002);
	EQ(0x1237, bus_in(b, 0xcfc, 2));
	bus_out(b, 0xcf8, 4, 0x80000003);
	EQ(0x12, bus_in(b, 0xcfc, 1));
	bus_out(b, 0xcf8, 4, 0x8000005a);
	bus_out(b, 0xcfc, 1, 0x33);
	EQ(0x33, bus_cfg_read(b, 0, 0x5a, 1));
	bus_out(b, 0xcf8, 4, 0x800000ff); /* not all of it is there: nothing bad comes of it */
	bus_in(b, 0xcfc, 4);
	bus_out(b, 0xcfc, 4, 0);
	bus_out(b, 0xcf8, 4, 0x80000000);
	EQ(0x12378086, bus_in(b, 0xcfc, 4));
}

/* ---- a ROM of 64 KiB fills exactly what the last PAM field switches ---- */

#define ROM 65536

static const char *small_rom(void)
{
	const char *path = bus_tmpfile(ROM);
	uint8_t rom[ROM];

	for (unsigned i = 0; i < ROM; i++)
		rom[i] = (uint8_t)(i ^ i >> 8);
	fill_file(path, rom, ROM);
	snprintf(args, sizeof(args), "-nodefaults -S -bios %s", path);
	return args;
}

static void rom_is_at(struct guest *b, uint64_t gpa)
{
	uint8_t buf[ROM];

	bus_memread(b, gpa, buf, ROM);
	for (unsigned i = 0; i < ROM; i++)
		if (!EQ((uint8_t)(i ^ i >> 8), buf[i]))
			break;
}

BUS_TEST(small_rom_is_seen_twice, small_rom())
{
	rom_is_at(b, (4ull << 30) - ROM);
	rom_is_at(b, (1u << 20) - ROM);
	bus_cfg_write(b, 0, 0x59, 1, 0x30);
	EQ(0, bus_read(b, 0xf0001, 1)); /* RAM */
	bus_cfg_write(b, 0, 0x59, 1, 0x00);
	rom_is_at(b, (1u << 20) - ROM);
}

/* ---- geometry by what the partition table says; sizes that hd-geo-test has too ---- */

static const char *disk(uint64_t sectors, unsigned end_head, const char *more)
{
	const char *path = bus_tmpfile(sectors * 512);
	uint8_t mbr[512] = {[0x1fe] = 0x55, [0x1ff] = 0xaa};
	uint8_t *p = mbr + 0x1be;

	if (end_head) {
		p[4] = 0x0c;
		p[5] = (uint8_t)end_head;
		p[6] = 0xff; /* sector 63, cylinder 1023 */
		p[7] = 0xff;
		p[8] = 63;
		p[13] = 0xe0; /* sectors */
		fill_file(path, mbr, sizeof(mbr));
	}
	snprintf(args, sizeof(args),
		 "-nodefaults -drive file=%s,format=raw,if=none,id=d -device "
		 "ide-hd,drive=d,bus=ide.0%s",
		 path, more);
	return args;
}

static unsigned cmos(struct guest *b, unsigned at)
{
	bus_out(b, 0x70, 1, at);
	return bus_in(b, 0x71, 1);
}

static void geometry(struct guest *b, unsigned cyls, unsigned heads, unsigned secs, unsigned trans)
{
	EQ(0xf0, cmos(b, 0x12));
	EQ(47, cmos(b, 0x19));
	EQ(cyls, cmos(b, 0x1b) | cmos(b, 0x1c) << 8);
	EQ(heads, cmos(b, 0x1d));
	EQ(secs, cmos(b, 0x23));
	EQ(trans, cmos(b, 0x39));
}

BUS_TEST(geometry_small_blank, disk(61440, 0, ""))
{
	geometry(b, 60, 16, 63, 0);
}

BUS_TEST(geometry_small_lba, disk(61440, 254, ""))
{
	geometry(b, 60, 16, 63, 2);
}

BUS_TEST(geometry_small_chs, disk(61440, 15, ""))
{
	geometry(b, 60, 16, 63, 0);
}

BUS_TEST(geometry_of_its_own, disk(61440, 7, ""))
{
	geometry(b, 121, 8, 63, 0);
}

BUS_TEST(geometry_large_blank, disk(8388608, 0, ""))
{
	geometry(b, 8322, 16, 63, 1);
}

BUS_TEST(geometry_large_lba, disk(8388608, 254, ""))
{
	geometry(b, 8322, 16, 63, 1);
}

BUS_TEST(geometry_large_chs, disk(8388608, 15, ""))
{
	geometry(b, 8322, 16, 63, 0);
}

BUS_TEST(geometry_by_hand, disk(61440, 15, ",cyls=480,heads=4,secs=32"))
{
	geometry(b, 480, 4, 32, 0);
}

BUS_TEST(translation_by_hand, disk(61440, 15, ",bios-chs-trans=lba,cyls=480,heads=4,secs=32"))
{
	geometry(b, 480, 4, 32, 1);
}
