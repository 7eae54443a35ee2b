/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide.c: the driver of tests/hw/ide.h. */
#include "tests/hw/ide.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *disk_file;

uint8_t ide_pattern(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 512 * 13 + 1);
}

const char *ide_disk_file(void)
{
	return disk_file;
}

static void fill(const char *path)
{
	static uint8_t buf[DISK_BYTES];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (uint32_t i = 0; i < DISK_BYTES; i++)
		buf[i] = ide_pattern(i);
	MUST(fd >= 0 && write(fd, buf, sizeof(buf)) == DISK_BYTES);
	close(fd);
}

const char *ide_disk_args(void)
{
	static char args[512];

	disk_file = bus_tmpfile(DISK_BYTES);
	fill(disk_file);
	snprintf(args, sizeof(args),
		 "-nodefaults -drive file=%s,if=ide,format=raw,discard=unmap "
		 "-global ide-hd.serial=testdisk -global ide-hd.ver=version",
		 disk_file);
	return args;
}

void ide_start(struct guest *b)
{
	bus_cfg_write(b, 1 << 3 | 1, 0x20, 4, IDE_BM);
	bus_cfg_write(b, 1 << 3 | 1, 4, 2, 5);
}

uint8_t ide_in(struct guest *b, unsigned reg)
{
	return (uint8_t)bus_in(b, (uint16_t)(IDE0 + reg), 1);
}

void ide_out(struct guest *b, unsigned reg, uint8_t val)
{
	bus_out(b, (uint16_t)(IDE0 + reg), 1, val);
}

static bool not_busy(struct guest *b, void *arg)
{
	(void)arg;
	return !(bus_in(b, IDE0_CONTROL, 1) & BSY);
}

uint8_t ide_wait(struct guest *b)
{
	CHECK(bus_wait(b, not_busy, NULL));
	return ide_in(b, R_STATUS);
}

void ide_address(struct guest *b, uint32_t lba, uint8_t n)
{
	ide_out(b, R_DEVICE, (uint8_t)(0x40 | (lba >> 24 & 15)));
	ide_out(b, R_NSECTOR, n);
	ide_out(b, R_LOW, (uint8_t)lba);
	ide_out(b, R_MID, (uint8_t)(lba >> 8));
	ide_out(b, R_HIGH, (uint8_t)(lba >> 16));
}

uint8_t ide_command(struct guest *b, uint8_t cmd)
{
	ide_out(b, R_COMMAND, cmd);
	return ide_wait(b);
}

void ide_words_in(struct guest *b, void *buf, unsigned words)
{
	uint8_t *p = buf;

	for (unsigned i = 0; i < words; i++) {
		uint32_t v = bus_in(b, IDE0, 2);

		*p++ = (uint8_t)v;
		*p++ = (uint8_t)(v >> 8);
	}
}

void ide_words_out(struct guest *b, const void *buf, unsigned words)
{
	const uint8_t *p = buf;

	for (unsigned i = 0; i < words; i++, p += 2)
		bus_out(b, IDE0, 2, p[0] | p[1] << 8);
}

void ide_prdt(struct guest *b, const struct prd *p, unsigned n)
{
	bus_memwrite(b, IDE_PRDT, p, n * sizeof(*p)); /* little-endian hosts */
	bus_out(b, IDE_BM + 4, 4, IDE_PRDT);
}

static bool dma_over(struct guest *b, void *arg)
{
	uint8_t *bmis = arg;

	*bmis = (uint8_t)bus_in(b, IDE_BM + 2, 1);
	return (*bmis & (BM_ACTIVE | BM_INTR)) != BM_ACTIVE;
}

uint8_t ide_dma_run(struct guest *b, bool to_ram, unsigned flags)
{
	uint8_t bmis = 0;

	bus_out(b, IDE_BM, 1, to_ram ? 9 : 1);
	if (flags & DMA_ABORT)
		bus_out(b, IDE_BM, 1, 0);
	CHECK(bus_wait(b, dma_over, &bmis));
	EQ(!!(bmis & BM_INTR), bus_irq(b, 14));
	return bmis;
}

uint8_t ide_dma(struct guest *b, uint8_t cmd, uint32_t lba, uint8_t n, const struct prd *p,
		unsigned n_prd, unsigned flags)
{
	uint8_t bmis, status;

	bus_cfg_write(b, 1 << 3 | 1, 4, 2, flags & DMA_NO_MASTER ? 3 : 7);
	bus_out(b, IDE_BM, 1, 0);
	bus_out(b, IDE_BM + 2, 1, BM_INTR | BM_ERROR);
	ide_prdt(b, p, n_prd);
	ide_out(b, R_FEATURE, cmd == 6);
	ide_address(b, lba, n);
	ide_out(b, R_COMMAND, cmd);
	EQ(DRDY | DSC | DRQ, bus_in(b, IDE0_CONTROL, 1));
	bmis = ide_dma_run(b, cmd == 0xc8 || cmd == 0x25, flags);
	status = ide_in(b, R_STATUS);
	EQ(DRDY, status & (DRDY | BSY | DRQ | DF));
	CHECK(!bus_irq(b, 14)); /* reading STATUS took the interrupt back */
	if (bmis & BM_ACTIVE)
		bus_out(b, IDE_BM, 1, 0);
	return bmis;
}

void ide_file_read(const char *file, uint64_t at, void *buf, size_t len)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0);
	EQ(len, pread(fd, buf, len, (off_t)at));
	close(fd);
}
