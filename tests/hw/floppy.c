/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floppy drives and their media: formats by size, disk change, what CMOS says of them. */
#include "tests/hw/floppy.h"
#include "tests/hw/laws.h"

#include <stdio.h>

LAW_OP("floppy", use)
{
	struct drive *d = &r->drive[0];

	rig_bus_write(r, SPACE_IO, FD_DOR, 1, 0x1c);
	for (unsigned i = 0; i < 3; i++)
		rig_bus_write(r, SPACE_IO, FD_FIFO, 1,
			      (const uint8_t[]){0x0f, 0, (uint8_t)rig_rnd(r)}[i]);
	rig_bus_read(r, SPACE_IO, FD_DIR, 1);
	if (rig_rnd(r) % 4 == 0)
		d->medium_changed(d->arg, true);
}

static unsigned cmos(struct guest *b, unsigned at)
{
	bus_out(b, 0x70, 1, at);
	return bus_in(b, 0x71, 1);
}

static unsigned changed(struct guest *b)
{
	return bus_in(b, FD_DIR, 1) >> 7;
}

static bool qmp(struct guest *b, const char *command)
{
	const char *reply = bus_qmp(b, command);

	NOTE("%s: %s", command, reply);
	return strstr(reply, "\"return\"");
}

static bool change(struct guest *b, const char *path)
{
	char command[300];

	snprintf(command, sizeof(command),
		 "{\"execute\":\"blockdev-change-medium\",\"arguments\":{\"id\":\"floppy0\","
		 "\"filename\":\"%s\",\"format\":\"raw\"}}",
		 path);
	return qmp(b, command);
}

static const char *disk(unsigned sectors)
{
	return fd_args(sectors, "");
}

/* Reads the last sector that a disk of this geometry has, and that there is none behind. */
static void last_sector(struct guest *b, unsigned rate, unsigned heads, unsigned cylinders,
			unsigned sectors)
{
	char cmd[] = {0x46,
		      (char)((heads - 1) << 2),
		      (char)(cylinders - 1),
		      (char)(heads - 1),
		      (char)sectors,
		      2,
		      (char)(sectors + 1),
		      0x1b,
		      -1};
	uint8_t r[16], want[512], got[512];

	fd_start(b, rate);
	fd_seek(b, 0, cylinders - 1);
	fd_dma(b, true, FD_MEM, 512);
	fd_bytes(b, cmd, 9);
	EQ(7, fd_result(b, r));
	EQ(0, r[0] & 0xc0);
	fd_pattern(want, heads * cylinders * sectors - 1);
	bus_memread(b, FD_MEM, got, sizeof(got));
	EQM(want, got, sizeof(got));
	cmd[4]++;
	fd_bytes(b, cmd, 9);
	EQ(7, fd_result(b, r));
	EQM("\4", r + 1, 1); /* ND */
}

BUS_TEST(disk_1440k, disk(2880))
{
	EQ(0x40, cmos(b, 0x10));
	EQ(0x07, cmos(b, 0x14));
	last_sector(b, 0, 2, 80, 18);
}

BUS_TEST(disk_2880k, disk(5760))
{
	EQ(0x50, cmos(b, 0x10));
	last_sector(b, 3, 2, 80, 36);
}

BUS_TEST(disk_1200k, disk(2400))
{
	EQ(0x20, cmos(b, 0x10));
	last_sector(b, 0, 2, 80, 15);
}

BUS_TEST(disk_720k, disk(1440))
{
	EQ(0x40, cmos(b, 0x10)); /* of a drive that takes larger ones */
	last_sector(b, 2, 2, 80, 9);
}

BUS_TEST(disk_360k, disk(720))
{
	last_sector(b, 1, 2, 40, 9);
}

BUS_TEST(disk_160k, disk(320))
{
	last_sector(b, 1, 1, 40, 8);
}

BUS_TEST(disk_1680k, disk(3360))
{
	last_sector(b, 0, 2, 80, 21);
}

/* A boot sector alone is the start of a disk of 1.44M; what is not there is a data error. */
BUS_TEST(an_image_that_is_too_short, disk(1))
{
	uint8_t r[16];

	EQ(0x40, cmos(b, 0x10));
	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 512);
	fd_bytes(b, "\x46\0\0\0\1\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQ(0, r[0]);
	fd_dma(b, true, FD_MEM, 512);
	fd_bytes(b, "\x46\0\0\0\2\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\x40\x20\x20", r, 3);
}

BUS_TEST(two_drives, fd_args(2880, "-drive if=floppy,unit=1 -global floppy.cmos-type=0"))
{
	uint8_t r[16];

	EQ(0x45, cmos(b, 0x10)); /* an empty one takes all of 3.5" */
	EQ(0x47, cmos(b, 0x14));
	fd_start(b, 0);
	EQ(1, FD(b, "\4\1", r));
	EQ(0x79, r[0]); /* no disk: as if protected */
	EQ(7, FD(b, "\x4a\1", r));
	EQ(0x41, r[0]);
}

BUS_TEST(no_drives, "-nodefaults")
{
	EQ(0x00, cmos(b, 0x10));
	EQ(0x06, cmos(b, 0x14));
	bus_out(b, FD_DOR, 1, 0x0c);
	EQ(0x80, bus_in(b, FD_MSR, 1));
}

BUS_TEST(by_default_an_empty_drive, "-vga none -nic none")
{
	EQ(0x50, cmos(b, 0x10));
	CHECK(strstr(bus_qmp(b, "{\"execute\":\"query-block\"}"), "\"floppy0\""));
}

BUS_TEST(by_device, "-nodefaults -drive if=none,id=x -device floppy,drive=x,unit=1,drive-type=144")
{
	EQ(0x04, cmos(b, 0x10));
	EQ(0x07, cmos(b, 0x14));
}

/* The line stays until the head steps with a disk in the drive (PS/2 Technical Reference). */
BUS_TEST(disk_change, disk(2880))
{
	uint8_t r[16];

	fd_start(b, 0);
	EQ(1, changed(b));
	fd_recalibrate(b, 0); /* at 0: no step */
	EQ(1, changed(b));
	fd_seek(b, 0, 1);
	EQ(0, changed(b));
	CHECK(qmp(b, "{\"execute\":\"eject\",\"arguments\":{\"device\":\"floppy0\"}}"));
	EQ(1, changed(b));
	fd_seek(b, 0, 2);
	EQ(1, changed(b));
	EQ(7, FD(b, "\x4a\0", r));
	EQ(0x40, r[0]);
	CHECK(change(b, fd_file()));
	EQ(1, changed(b));
	EQ(7, FD(b, "\x4a\0", r));
	EQM("\0\0\0\2", r, 4);
	fd_seek(b, 0, 1);
	EQ(0, changed(b));
	bus_out(b, FD_DOR, 1, 0x0c); /* motor off */
	EQ(0, changed(b));
}

BUS_TEST(another_format_in_the_same_drive, disk(5760))
{
	uint8_t r[16];

	fd_args(1440, "");
	CHECK(change(b, fd_file()));
	last_sector(b, 2, 2, 80, 9);
	fd_args(2400, ""); /* 5.25": as none at all */
	CHECK(change(b, fd_file()));
	EQ(7, FD(b, "\x4a\0", r));
	EQ(0x01, r[1]);
}

/* A command that waits for the channel meets another disk. */
BUS_TEST(changed_meanwhile, disk(2880))
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, false, FD_MEM, 512);
	bus_out(b, 0x0a, 1, 6);
	fd_bytes(b, "\x45\0\0\0\1\2\x12\x1b\xff", 9);
	EQ(0x10, bus_in(b, FD_MSR, 1));
	CHECK(qmp(b, "{\"execute\":\"eject\",\"arguments\":{\"device\":\"floppy0\"}}"));
	bus_out(b, 0x0a, 1, 2);
	EQ(7, fd_result(b, r));
	EQM("\x40\1", r, 2);
}

BUS_TEST(there_is_no_tray, disk(2880))
{
	CHECK(!qmp(b, "{\"execute\":\"blockdev-open-tray\",\"arguments\":{\"id\":\"floppy0\"}}"));
	CHECK(strstr(bus_qmp(b, "{\"execute\":\"query-block\"}"), "\"removable\": true"));
	CHECK(qmp(b,
		  "{\"execute\":\"blockdev-remove-medium\",\"arguments\":{\"id\":\"floppy0\"}}"));
}
