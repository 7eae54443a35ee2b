/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floppy controller, against Intel 290166-007 (82077AA) and 231466-005 (8237A). */
#include "tests/hw/floppy.h"
#include "tests/hw/laws.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- grammar for the laws ---- */

static void law_out(struct rig *r, unsigned port, unsigned v)
{
	rig_bus_write(r, SPACE_IO, port, 1, v);
}

static void law_channel(struct rig *r, bool to_ram)
{
	static const uint16_t lengths[] = {512, 1024, 4608, 4 * 18, 100, 1};
	unsigned n = rig_rnd(r) % 6, len = lengths[n] - 1u;

	law_out(r, 0xd4, 0);
	law_out(r, 0x0a, 6);
	law_out(r, 0x0c, 0);
	law_out(r, 0x0b, (rig_rnd(r) % 8 ? (to_ram ? 4 : 8) : rig_rnd(r) & 0xfc) | 2);
	law_out(r, 0x04, 0);
	law_out(r, 0x04, rig_rnd(r) % 4 ? 0x40 : 0xff);
	law_out(r, 0x05, len & 0xff);
	law_out(r, 0x05, len >> 8);
	law_out(r, 0x81, rig_rnd(r) % 16 ? 2 : 0x80);
	law_out(r, 0x0a, rig_rnd(r) % 8 ? 2 : 6);
}

LAW_OP("isa-fdc", transfer)
{
	static const uint8_t codes[] = {0xe6, 0xc5, 0x46, 0x42, 0x4d, 0xd6, 0xcc,
					0x4c, 0xc9, 0xd1, 0xd9, 0xdd, 0xe6, 0x6c};
	uint8_t code = codes[rig_rnd(r) % sizeof(codes)];
	uint32_t n = rig_rnd(r);
	uint8_t cmd[9] = {code, (uint8_t)(n & 4), 0, n >> 2 & 1, 1, 2, 18, 27, 255};

	law_out(r, FD_DOR, 0x1c);
	law_out(r, FD_CCR, 0);
	if ((code & 0x1f) == 0x0d) {
		memcpy(cmd + 2, "\2\3\x1b\xf6", 4);
	} else {
		cmd[2] = (uint8_t)(n >> 8 & 3);
		cmd[4] = (uint8_t)(n >> 16 & 31);
		cmd[6] = n >> 24 & 3 ? 18 : (uint8_t)(n >> 26);
	}
	law_channel(r, (code & 0xf) == 6 || (code & 0xf) == 0xc || code == 0x42);
	for (unsigned i = 0; i < ((code & 0x1f) == 0x0d ? 6 : 9); i++)
		law_out(r, FD_FIFO, cmd[i]);
	rig_disks(r);
}

LAW_OP("isa-fdc", simple)
{
	static const char *const text[] = {
		"\3\xdf\2", "\3\xdf\3", "\4\0",     "\7\0",     "\x08",         "\x0e",
		"\x0f\0\1", "\x0f\0\2", "\x10",     "\x12\x84", "\x13\0\x57\0", "\x94",
		"\x14",     "\x4a\0",   "\x8f\0\1", "\xcf\0\3", "\x13\0\x2f\0",
	};
	static const uint8_t len[] = {3, 3, 2, 2, 1, 1, 3, 3, 1, 2, 4, 1, 1, 2, 3, 3, 4};
	unsigned n = rig_rnd(r) % ARRAY_SIZE(len);

	for (unsigned i = 0; i < len[n]; i++)
		law_out(r, FD_FIFO, (uint8_t)text[n][i]);
}

LAW_OP("isa-fdc", fifo)
{
	unsigned n = rig_rnd(r) % (rig_rnd(r) % 4 ? 10 : 600);
	bool out = rig_rnd(r) % 8 == 0;

	while (n--)
		if (out)
			law_out(r, FD_FIFO, rig_rnd(r) & 0xff);
		else
			rig_bus_read(r, SPACE_IO, FD_FIFO, 1);
}

LAW_OP("isa-fdc", medium)
{
	struct drive *d = &r->drive[0];

	if (rig_rnd(r) % 8 == 0)
		law_out(r, FD_DOR, rig_rnd(r) & 0x3f);
	if (rig_rnd(r) % 8 == 0)
		law_out(r, 0x0a, 2);
	if (rig_rnd(r) % 8 == 0)
		d->medium_changed(d->arg, true);
	if (rig_rnd(r) % 16 == 0) {
		blk_mem_fail(d->blk, -5);
		rig_disks(r);
		blk_mem_fail(d->blk, 0);
	}
}

/* ---- the driver ---- */

static const char *file;

void fd_pattern(uint8_t *buf, unsigned sector)
{
	for (unsigned i = 0; i < 512; i++)
		buf[i] = (uint8_t)(i * 3 + sector * 7 + sector / 256);
}

const char *fd_file(void)
{
	return file;
}

const char *fd_args(unsigned sectors, const char *more)
{
	static char args[300];
	uint8_t buf[512];
	int fd;

	file = bus_tmpfile((uint64_t)sectors * 512);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	for (unsigned i = 0; i < sectors; i++) {
		fd_pattern(buf, i);
		MUST(write(fd, buf, 512) == 512);
	}
	close(fd);
	snprintf(args, sizeof(args), "-nodefaults -drive if=floppy,format=raw,file=%s %s", file,
		 more);
	return args;
}

static bool fifo_ready(struct guest *b, void *arg)
{
	(void)arg;
	return bus_in(b, FD_MSR, 1) & 0x80;
}

void fd_out(struct guest *b, uint8_t v)
{
	CHECK(bus_wait(b, fifo_ready, NULL));
	EQ(0x80, bus_in(b, FD_MSR, 1) & 0xc0);
	bus_out(b, FD_FIFO, 1, v);
}

uint8_t fd_in(struct guest *b)
{
	CHECK(bus_wait(b, fifo_ready, NULL));
	EQ(0xc0, bus_in(b, FD_MSR, 1) & 0xc0);
	return (uint8_t)bus_in(b, FD_FIFO, 1);
}

void fd_bytes(struct guest *b, const char *bytes, unsigned n)
{
	while (n--)
		fd_out(b, (uint8_t)*bytes++);
}

unsigned fd_result(struct guest *b, uint8_t *result)
{
	unsigned n = 0;

	for (; n < 16; n++) {
		CHECK(bus_wait(b, fifo_ready, NULL));
		if (bus_in(b, FD_MSR, 1) != 0xd0)
			break;
		result[n] = (uint8_t)bus_in(b, FD_FIFO, 1);
	}
	EQ(0x80, bus_in(b, FD_MSR, 1));
	return n;
}

unsigned fd_command(struct guest *b, const char *bytes, unsigned n, uint8_t *result)
{
	fd_bytes(b, bytes, n);
	return fd_result(b, result);
}

unsigned fd_sense(struct guest *b)
{
	uint8_t r[16];
	unsigned n = FD(b, "\x08", r);

	return n == 2 ? r[0] << 8 | r[1] : r[0];
}

unsigned fd_seek(struct guest *b, unsigned unit, unsigned cylinder)
{
	const char cmd[] = {0x0f, (char)unit, (char)cylinder};

	fd_bytes(b, cmd, 3);
	CHECK(bus_irq(b, FD_IRQ));
	return fd_sense(b);
}

unsigned fd_recalibrate(struct guest *b, unsigned unit)
{
	const char cmd[] = {7, (char)unit};

	fd_bytes(b, cmd, 2);
	return fd_sense(b);
}

void fd_start(struct guest *b, unsigned rate)
{
	bus_out(b, 0xd6, 1, 0xc0);
	bus_out(b, 0xd4, 1, 0);
	bus_out(b, FD_DOR, 1, DOR_ON);
	for (unsigned i = 0; i < 4; i++)
		EQ((0xc0 + i) << 8, fd_sense(b));
	bus_out(b, FD_CCR, 1, rate);
	fd_bytes(b, "\3\xdf\2", 3);
}

void fd_dma(struct guest *b, bool to_ram, uint32_t gpa, unsigned len)
{
	bus_out(b, 0x0a, 1, 6);
	bus_out(b, 0x0c, 1, 0);
	bus_out(b, 0x0b, 1, to_ram ? 0x46 : 0x4a);
	bus_out(b, 0x04, 1, gpa & 0xff);
	bus_out(b, 0x04, 1, gpa >> 8 & 0xff);
	bus_out(b, 0x81, 1, gpa >> 16);
	bus_out(b, 0x05, 1, (len - 1) & 0xff);
	bus_out(b, 0x05, 1, (len - 1) >> 8);
	bus_out(b, 0x0a, 1, 2);
}

static const char *disk_a(void)
{
	return fd_args(FD_SECTORS, "");
}

static void wants(struct guest *b, uint32_t gpa, unsigned sector)
{
	uint8_t want[512], got[512];

	NOTE("sector %u", sector);
	fd_pattern(want, sector);
	bus_memread(b, gpa, got, sizeof(got));
	EQM(want, got, sizeof(got));
}

static void on_disk(unsigned sector, uint8_t *buf)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0 && pread(fd, buf, 512, (off_t)sector * 512) == 512);
	close(fd);
}

/* ---- registers, reset ---- */

BUS_TEST(reset_values, disk_a())
{
	EQ(0xff, bus_in(b, 0x3f0, 1)); /* 2.1: on an AT nothing drives these */
	EQ(0xff, bus_in(b, 0x3f1, 1));
	EQ(0x00, bus_in(b, FD_DOR, 1)); /* held in reset */
	EQ(0x00, bus_in(b, FD_MSR, 1));
	EQ(0xfc, bus_in(b, FD_TDR, 1));
	EQ(0x7f, bus_in(b, FD_DIR, 1)); /* no motor, so no drive says anything */
	bus_out(b, FD_TDR, 1, 0xff);
	EQ(0xff, bus_in(b, FD_TDR, 1));
	bus_out(b, FD_FIFO, 1, 0x10); /* nobody listens */
	EQ(0, bus_irq(b, FD_IRQ));
	bus_out(b, FD_DOR, 1, DOR_ON);
	EQ(0x80, bus_in(b, FD_MSR, 1));
	EQ(DOR_ON, bus_in(b, FD_DOR, 1));
	EQ(0xff, bus_in(b, FD_DIR, 1));
}

BUS_TEST(a_reset_polls_the_drives, disk_a())
{
	bus_out(b, FD_DOR, 1, 0x04);
	EQ(0, bus_irq(b, FD_IRQ)); /* the gate is shut */
	bus_out(b, FD_DOR, 1, 0x0c);
	EQ(1, bus_irq(b, FD_IRQ));
	EQ(0xc000, fd_sense(b));
	EQ(0, bus_irq(b, FD_IRQ));
	EQ(0xc100, fd_sense(b));
	EQ(0xc200, fd_sense(b));
	EQ(0xc300, fd_sense(b));
	EQ(0x80, fd_sense(b)); /* nothing to tell: an invalid command */
	bus_out(b, FD_DSR, 1, 0x80);
	EQ(1, bus_irq(b, FD_IRQ));
	EQ(0xc000, fd_sense(b));
	bus_out(b, FD_DOR, 1, 0);
	bus_out(b, FD_DOR, 1, 0x0c);
	EQ(0xc000, fd_sense(b));
	fd_bytes(b, "\x13\0\x10\0\x94", 5); /* CONFIGURE: no polling; LOCK */
	fd_in(b);
	bus_out(b, FD_DSR, 1, 0x80);
	EQ(0, bus_irq(b, FD_IRQ));
	EQ(0x80, fd_sense(b));
}

BUS_TEST(configuration_is_locked_and_dumped, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	EQ(10, FD(b, "\x0e", r));
	EQM("\0\0\0\0\xdf\2\0\0\x20\0", r, 10); /* 5.2.7: FIFO off, polling on */
	fd_bytes(b, "\x13\0\x57\x11", 4);
	fd_bytes(b, "\x12\x86", 2); /* OW, drive 0, GAP */
	EQ(1, FD(b, "\x94", r));
	EQ(0x10, r[0]);
	EQ(0x2005, fd_seek(b, 0, 5));
	FD(b, "\x0e", r);
	EQM("\5\0\0\0\xdf\2\0\x86\x57\x11", r, 10);
	fd_bytes(b, "\x12\x01", 2); /* without OW the drives' bits stay */
	bus_out(b, FD_DSR, 1, 0x80);
	FD(b, "\x0e", r);
	EQM("\0\0\0\0\xdf\2\0\x84\x57\x11", r, 10);
	FD(b, "\x14", r);
	EQ(0, r[0]);
	bus_out(b, FD_DOR, 1, 0);
	bus_out(b, FD_DOR, 1, DOR_ON);
	FD(b, "\x0e", r);
	EQM("\0\0\0\0\xdf\2\0\x04\x20\0", r, 10);
}

BUS_TEST(who_it_is, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	EQ(1, FD(b, "\x10", r));
	EQ(0x90, r[0]);
	EQ(1, FD(b, "\x18", r)); /* PARTID is the 82078's */
	EQ(0x80, r[0]);
	EQ(1, FD(b, "\0", r));
	EQ(0x80, r[0]);
	EQ(0, bus_irq(b, FD_IRQ));
	EQ(0, bus_in(b, FD_FIFO, 1)); /* nothing in it */
}

/* ---- heads ---- */

BUS_TEST(seeks, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	EQ(0x2000, fd_recalibrate(b, 0));
	EQ(1, FD(b, "\4\4", r));
	EQ(0x3c, r[0]); /* head 1, track 0 */
	EQ(0x240a, fd_seek(b, 4, 10));
	FD(b, "\4\0", r);
	EQ(0x28, r[0]);
	fd_bytes(b, "\xcf\0\5", 3); /* RELATIVE SEEK inwards */
	EQ(0x200f, fd_sense(b));
	fd_bytes(b, "\x8f\0\x0f", 3);
	EQ(0x2000, fd_sense(b));
	FD(b, "\4\0", r);
	EQ(0x38, r[0]);
	EQ(0x7100, fd_recalibrate(b, 1)); /* no drive: track 0 never comes */
	EQ(0x2103, fd_seek(b, 1, 3));     /* but steps can be sent */
	EQ(0x2055, fd_seek(b, 0, 85));
	EQ(0x7000, fd_recalibrate(b, 0)); /* 79 steps are not enough (5.2.5) */
	EQ(0x2000, fd_recalibrate(b, 0));
}

BUS_TEST(two_seeks_two_interrupts, fd_args(FD_SECTORS, "-drive if=floppy"))
{
	unsigned edges;

	fd_start(b, 0);
	edges = bus_edges(b, FD_IRQ);
	fd_bytes(b, "\x0f\0\3\x0f\1\4", 6);
	EQ(edges + 1, bus_edges(b, FD_IRQ));
	EQ(0x2003, fd_sense(b));
	EQ(1, bus_irq(b, FD_IRQ));
	EQ(0x2104, fd_sense(b));
	EQ(0, bus_irq(b, FD_IRQ));
}

BUS_TEST(read_id, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_seek(b, 0, 7);
	EQ(7, FD(b, "\x4a\4", r));
	EQM("\4\0\0\7\1\1\2", r, 7);
	bus_out(b, FD_CCR, 1, 2); /* the disk is not of this rate */
	EQ(7, FD(b, "\x4a\4", r));
	EQ(0x44, r[0]);
	EQ(0x01, r[1]);
	bus_out(b, FD_CCR, 1, 0);
	FD(b, "\x0a\0", r); /* FM */
	EQ(0x40, r[0]);
	fd_seek(b, 0, 80); /* beside the tracks */
	FD(b, "\x4a\0", r);
	EQ(0x40, r[0]);
	FD(b, "\x4a\1", r); /* no drive */
	EQ(0x41, r[0]);
}

/* ---- by DMA ---- */

BUS_TEST(reads_to_terminal_count, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_seek(b, 0, 3);
	fd_dma(b, true, FD_MEM, 1024);
	fd_bytes(b, "\x46\4\3\1\x08\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\4\0\0\3\1\x0a\2", r, 7);
	wants(b, FD_MEM, (3 * 2 + 1) * 18 + 7);
	wants(b, FD_MEM + 512, (3 * 2 + 1) * 18 + 8);
	EQ(0, bus_read(b, FD_MEM + 1024, 4));
	EQ(0x04, bus_in(b, 0x08, 1) & 0x0f); /* the 8237: channel 2 has reached it … */
	EQ(0x04, bus_in(b, 0x0f, 1) & 0x04); /* … and is masked */
	EQ(0xff, bus_in(b, 0x05, 1));
	EQ(0xff, bus_in(b, 0x05, 1));
}

BUS_TEST(multi_track_goes_on_on_the_other_side, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 36 * 512);
	fd_bytes(b, "\xc6\0\0\0\1\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\1\0\1\2", r, 7); /* table 5-6: beyond both sides is the next cylinder */
	for (unsigned i = 0; i < 36; i++)
		wants(b, FD_MEM + 512 * i, i);
}

BUS_TEST(end_of_cylinder, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 4096);
	fd_bytes(b, "\x46\0\0\0\x12\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\x40\x80\0\1\0\1\2", r, 7);
	wants(b, FD_MEM, 17);
	EQ(0, bus_in(b, 0x08, 1) & 4);
}

BUS_TEST(writes, disk_a())
{
	uint8_t buf[1024], r[16], disk[512];

	memset(buf, 0x5a, sizeof(buf));
	fd_start(b, 0);
	fd_seek(b, 0, 79);
	bus_memwrite(b, FD_MEM, buf, sizeof(buf));
	fd_dma(b, false, FD_MEM, 700);
	fd_bytes(b, "\xc5\4\x4f\1\x11\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\x50\0\1\2", r, 7);
	on_disk(2878, disk);
	EQM(buf, disk, 512);
	on_disk(2879, disk);
	EQM(buf, disk, 188);
	memset(buf, 0, sizeof(buf)); /* the rest of a sector is zeros */
	EQM(buf, disk + 188, 512 - 188);
}

BUS_TEST(formats_a_track, disk_a())
{
	uint8_t r[16], id[4 * 18], disk[512], want[512];

	fd_start(b, 0);
	fd_seek(b, 0, 2);
	for (unsigned i = 0; i < 18; i++)
		memcpy(id + 4 * i, (uint8_t[]){2, 0, (uint8_t)((i * 2 + i / 9) % 18 + 1), 2}, 4);
	bus_memwrite(b, FD_MEM, id, sizeof(id));
	fd_dma(b, false, FD_MEM, sizeof(id));
	fd_bytes(b, "\x4d\0\2\x12\x54\xf6", 6);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0", r, 3);
	memset(want, 0xf6, sizeof(want));
	for (unsigned i = 0; i < 18; i++) {
		on_disk(72 + i, disk);
		EQM(want, disk, 512);
	}
	fd_pattern(want, 71);
	on_disk(71, disk);
	EQM(want, disk, 512);
	fd_pattern(want, 90);
	on_disk(90, disk);
	EQM(want, disk, 512);
	id[2] = 19; /* the image has no such place */
	bus_memwrite(b, FD_MEM, id, sizeof(id));
	fd_dma(b, false, FD_MEM, sizeof(id));
	fd_bytes(b, "\x4d\0\2\x12\x54\xf6", 6);
	EQ(7, fd_result(b, r));
	EQ(0x50, r[0]);
}

BUS_TEST(sectors_that_are_not_there, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 512);
	EQ(7, FD(b, "\x46\0\1\0\1\2\x12\x1b\xff", r)); /* the head is at 0 */
	EQM("\x40\4\x10\1\0\1\2", r, 7);
	FD(b, "\x46\0\0\1\1\2\x12\x1b\xff", r); /* side 0 says it is side 0 */
	EQM("\x40\4\0", r, 3);
	FD(b, "\x46\0\0\0\x13\2\x13\x1b\xff", r);
	EQM("\x40\4\0", r, 3);
	FD(b, "\x46\0\0\0\1\3\x12\x1b\xff", r); /* of 1024 bytes */
	EQM("\x40\4\0", r, 3);
	FD(b, "\x46\1\0\0\1\2\x12\x1b\xff", r);
	EQM("\x41\1\0", r, 3);
	fd_bytes(b, "\x13\0\x40\0", 4); /* EIS: it seeks by itself */
	fd_bytes(b, "\x46\0\1\0\1\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\1\0\2\2", r, 7);
	wants(b, FD_MEM, 36);
}

BUS_TEST(write_protected, fd_args(FD_SECTORS, "-drive if=floppy,unit=1"))
{
	char command[300];
	uint8_t r[16];

	fd_start(b, 0);
	fd_args(FD_SECTORS, "");
	snprintf(command, sizeof(command),
		 "{\"execute\":\"blockdev-change-medium\",\"arguments\":{\"device\":\"floppy0\","
		 "\"filename\":\"%s\",\"format\":\"raw\",\"read-only-mode\":\"read-only\"}}",
		 file);
	CHECK(strstr(bus_qmp(b, command), "\"return\""));
	EQ(1, FD(b, "\4\0", r));
	EQ(0x78, r[0]);
	fd_dma(b, false, FD_MEM, 512);
	EQ(7, FD(b, "\x45\0\0\0\1\2\x12\x1b\xff", r));
	EQM("\x40\2\0\0\0\1\2", r, 7);
	EQ(7, FD(b, "\x4d\0\2\x12\x54\xf6", r));
	EQM("\x40\2\0", r, 3);
	fd_dma(b, true, FD_MEM, 512);
	fd_bytes(b, "\x46\0\0\0\1\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQ(0, r[0]);
}

BUS_TEST(deleted_data, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 1024);
	fd_bytes(b, "\x4c\0\0\0\1\2\x12\x1b\xff", 9); /* nothing is deleted: one, and CM */
	EQ(7, fd_result(b, r));
	EQM("\0\0\x40\0\0\1\2", r, 7);
	wants(b, FD_MEM, 0);
	EQ(7, FD(b, "\x6c\0\0\0\1\2\x12\x1b\xff", r)); /* SK: all is skipped */
	EQM("\x40\x80\x40", r, 3);
	fd_dma(b, false, FD_MEM, 512);
	fd_bytes(b, "\x49\0\0\0\2\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\0\0\3\2", r, 7);
}

BUS_TEST(verify_and_read_track, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_bytes(b, "\x56\0\0\0\1\2\x12\x1b", 8);
	EQ(0x90, bus_in(b, FD_MSR, 1)); /* not complete */
	fd_bytes(b, "\xff", 1);
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\1\0\1\2", r, 7);
	fd_bytes(b, "\x56\x80\0\0\1\2\x12\x1b\4", 9); /* EC: four of them */
	EQ(7, fd_result(b, r));
	EQM("\0\0\0\0\0\5\2", r, 7);
	fd_bytes(b, "\x56\0\0\0\1\2\x13\x1b\xff", 9); /* a nineteenth is not there */
	EQ(7, fd_result(b, r));
	EQM("\x40\4\0\0\0\x13\2", r, 7);
	fd_dma(b, true, FD_MEM, 18 * 512);
	fd_bytes(b, "\x42\0\5\0\7\2\x12\x1b\xff", 9); /* whatever R says, from the index hole */
	EQ(7, fd_result(b, r));
	EQ(0, r[0]);
	EQ(4, r[1]); /* no sector was of cylinder 5 */
	wants(b, FD_MEM, 0);
	wants(b, FD_MEM + 17 * 512, 17);
}

static unsigned scan(struct guest *b, char code, int sector, int delta, unsigned sectors)
{
	char cmd[] = {code, 0, 0, 0, 1, 2, 4, 0x1b, 1};
	uint8_t buf[512], r[16];

	for (unsigned i = 0; i < sectors; i++) {
		fd_pattern(buf, (unsigned)sector);
		buf[5] = (uint8_t)(buf[5] + delta);
		bus_memwrite(b, FD_MEM + 512 * i, buf, 512);
	}
	fd_dma(b, false, FD_MEM, 512 * sectors);
	fd_bytes(b, cmd, 9);
	EQ(7, fd_result(b, r));
	EQ(0, r[0] | r[1]);
	return (unsigned)r[2] << 8 | r[5];
}

BUS_TEST(scans, disk_a())
{
	fd_start(b, 0);
	EQ(0x803, scan(b, 0x51, 2, 0, 4)); /* equal: the third one, SH */
	EQ(0x401, scan(b, 0x51, 9, 0, 4)); /* none is: SN */
	EQ(0x801, scan(b, 0x59, 0, 0, 1));
	EQ(0x001, scan(b, 0x59, 0, 1, 1)); /* the disk's is lower */
	EQ(0x402, scan(b, 0x59, 0, -1, 1));
	EQ(0x001, scan(b, 0x5d, 0, -1, 1)); /* higher */
	EQ(0x402, scan(b, 0x5d, 0, 1, 1));
}

BUS_TEST(the_channel_is_waited_for, disk_a())
{
	uint8_t r[16];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM, 512);
	bus_out(b, 0x0a, 1, 6);
	fd_bytes(b, "\x46\0\0\0\1\2\x12\x1b\xff", 9);
	bus_step(b, 1000000);
	EQ(0x10, bus_in(b, FD_MSR, 1));
	EQ(0, bus_irq(b, FD_IRQ));
	bus_out(b, 0x0a, 1, 2);
	EQ(7, fd_result(b, r));
	EQ(0, r[0]);
	wants(b, FD_MEM, 0);
	bus_out(b, 0x0a, 1, 6); /* and given up at a reset */
	fd_bytes(b, "\x46\0\0\0\1\2\x12\x1b\xff", 9);
	bus_out(b, FD_DOR, 1, 0);
	bus_out(b, FD_DOR, 1, DOR_ON);
	EQ(0xc000, fd_sense(b));
}

/* 8237A: the address wraps in its 64K; downwards; autoinitialize; verify moves nothing. */
BUS_TEST(channel_modes, disk_a())
{
	uint8_t r[16], buf[512], want[512];

	fd_start(b, 0);
	fd_dma(b, true, FD_MEM + 0xff00, 512);
	fd_bytes(b, "\x46\0\0\0\1\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	fd_pattern(want, 0);
	bus_memread(b, FD_MEM + 0xff00, buf, 256);
	bus_memread(b, FD_MEM, buf + 256, 256);
	EQM(want, buf, 512);
	fd_dma(b, true, FD_MEM + 0x1ff, 512);
	bus_out(b, 0x0b, 1, 0x76); /* down, autoinitialize */
	fd_bytes(b, "\x46\0\0\0\2\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	bus_memread(b, FD_MEM, buf, 512);
	fd_pattern(want, 1);
	for (unsigned i = 0; i < 512; i++)
		EQ(want[i], buf[511 - i]);
	EQ(0, bus_in(b, 0x0f, 1) & 4);
	EQ(0xff, bus_in(b, 0x04, 1));
	EQ(0x01, bus_in(b, 0x04, 1));
	fd_dma(b, true, FD_MEM, 512);
	bus_out(b, 0x0b, 1, 0x42);
	fd_bytes(b, "\x46\0\0\0\5\2\x12\x1b\xff", 9);
	EQ(7, fd_result(b, r));
	EQ(0, r[0]);
	bus_memread(b, FD_MEM, buf + 1, 1);
	EQ(want[511], buf[1]);
}

/* ---- without DMA ---- */

BUS_TEST(reads_by_the_fifo, disk_a())
{
	uint8_t r[16], buf[512], want[512];
	unsigned edges;

	fd_start(b, 0);
	fd_bytes(b, "\3\xdf\3\x13\0\0\0", 7); /* ND; the FIFO on */
	edges = bus_edges(b, FD_IRQ);
	fd_bytes(b, "\x46\0\0\0\x11\2\x12\x1b\xff", 9);
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < 512; i++) {
			buf[i] = fd_in(b);
			EQ(i == 511 ? 0 : 1, i == 511 ? 0 : bus_irq(b, FD_IRQ));
		}
		fd_pattern(want, 16 + s);
		EQM(want, buf, 512);
	}
	EQ(7, fd_result(b, r));
	EQM("\x40\x80\0\1\0\1\2", r, 7);     /* no terminal count ever comes: 5.1.1 */
	EQ(edges + 3, bus_edges(b, FD_IRQ)); /* two buffers and the result */
}

BUS_TEST(writes_by_the_fifo, disk_a())
{
	uint8_t r[16], disk[512], want[512];
	unsigned edges;

	fd_start(b, 0);
	fd_bytes(b, "\3\xdf\3", 3);
	edges = bus_edges(b, FD_IRQ);
	fd_bytes(b, "\x45\0\0\0\x12\2\x12\x1b\xff", 9);
	EQ(0xb0, bus_in(b, FD_MSR, 1));
	for (unsigned i = 0; i < 512; i++) {
		want[i] = (uint8_t)(255 - i);
		fd_out(b, want[i]);
	}
	EQ(7, fd_result(b, r));
	EQ(0x40, r[0]);
	EQ(edges + 513, bus_edges(b, FD_IRQ)); /* each byte asks for itself without the FIFO */
	on_disk(17, disk);
	EQM(want, disk, 512);
}
