/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ata.c: what every ATA drive has: the task file, its data port, resets
 * and the ways in which a command ends. STATUS goes through the values that
 * QEMU shows, since drivers have been tested against those.
 */
#include "hw/ide/ide.h"

static const struct ata_info *info_of(const struct dev *d)
{
	return d->class->bus_info;
}

struct ata *ata_of(const struct dev *d)
{
	return (struct ata *)((char *)d->state + info_of(d)->ata);
}

uint8_t *ata_data(const struct dev *d)
{
	return (uint8_t *)d->state + info_of(d)->data;
}

/* ---- registers ---- */

uint8_t ata_read(struct dev *d, enum ide_reg reg, bool hob)
{
	const struct ata *a = ata_of(d);

	switch (reg) {
	case IDE_DATA:
		break;
	case IDE_ERROR:
		return hob ? a->hob_feature : a->error;
	case IDE_NSECTOR:
		return hob ? a->hob_nsector : a->nsector;
	case IDE_LBA_LOW:
		return hob ? a->hob_low : a->lba_low;
	case IDE_LBA_MID:
		return hob ? a->hob_mid : a->lba_mid;
	case IDE_LBA_HIGH:
		return hob ? a->hob_high : a->lba_high;
	case IDE_DEVICE:
		return a->device;
	case IDE_STATUS:
		return a->status;
	}
	return 0xff;
}

bool ata_takes_writes(const struct dev *d)
{
	return !(ata_of(d)->status & (STATUS_BSY | STATUS_DRQ));
}

static void shift(uint8_t *now, uint8_t *before, uint8_t val)
{
	*before = *now;
	*now = val;
}

void ata_write(struct dev *d, enum ide_reg reg, uint8_t val)
{
	struct ata *a = ata_of(d);

	switch (reg) {
	case IDE_FEATURES:
		shift(&a->feature, &a->hob_feature, val);
		break;
	case IDE_NSECTOR:
		shift(&a->nsector, &a->hob_nsector, val);
		break;
	case IDE_LBA_LOW:
		shift(&a->lba_low, &a->hob_low, val);
		break;
	case IDE_LBA_MID:
		shift(&a->lba_mid, &a->hob_mid, val);
		break;
	case IDE_LBA_HIGH:
		shift(&a->lba_high, &a->hob_high, val);
		break;
	case IDE_DEVICE:
		a->device = val | DEVICE_ONES;
		break;
	case IDE_DATA:
	case IDE_COMMAND:
		break;
	}
}

/* ---- resets and the signature (9.12) ---- */

void ata_signature(struct dev *d)
{
	struct ata *a = ata_of(d);

	a->device &= (uint8_t)~DEVICE_HEAD;
	a->nsector = a->lba_low = 1;
	a->lba_mid = info_of(d)->packet ? 0x14 : 0;
	a->lba_high = info_of(d)->packet ? 0xeb : 0;
}

void ata_diagnose(struct dev *d)
{
	struct ata *a = ata_of(d);

	ata_signature(d);
	a->device = DEVICE_ONES; /* device 0 is selected afterwards */
	a->error = ERROR_PASSED;
	/* A packet device keeps DRDY off until its first PACKET command (9.10). */
	a->status = info_of(d)->packet ? 0 : STATUS_DRDY | STATUS_DSC;
	a->phase = ATA_IDLE;
	a->pos = a->end = 0;
}

void ata_reset(struct dev *d)
{
	info_of(d)->cancel(d);
	ata_signature(d);
}

void ata_srst(struct dev *d, bool on)
{
	struct ata *a = ata_of(d);

	info_of(d)->cancel(d);
	if (!on) {
		a->hob_feature = a->hob_nsector = a->hob_low = a->hob_mid = a->hob_high = 0;
		a->feature = 0;
		ata_diagnose(d);
		return;
	}
	a->status |= STATUS_BSY;
	a->status &= (uint8_t)~STATUS_DRQ;
	a->phase = ATA_RESET;
	a->pos = a->end = 0;
}

/* ---- commands ---- */

void ata_command(struct dev *d, uint8_t cmd)
{
	struct ata *a = ata_of(d);

	if (a->phase == ATA_RESET ||
	    (!ata_takes_writes(d) && !(info_of(d)->packet && cmd == COMMAND_DEVICE_RESET))) {
		dev_guest_error(d, "command while busy");
		return;
	}
	a->status = STATUS_DRDY | STATUS_BSY;
	a->error = 0;
	info_of(d)->command(d, cmd);
}

void ata_bus_master(struct dev *d, bool on)
{
	if (!on)
		info_of(d)->finish(d);
	else if (ata_of(d)->phase == ATA_DMA)
		info_of(d)->dma_start(d);
}

void ata_busy(struct dev *d, uint8_t status)
{
	struct ata *a = ata_of(d);

	a->status = status;
	a->phase = ATA_BUSY;
}

static void offer(struct dev *d, enum ata_phase phase, uint32_t len)
{
	struct ata *a = ata_of(d);

	a->status = STATUS_DRDY | STATUS_DSC | STATUS_DRQ;
	a->phase = (uint8_t)phase;
	a->pos = 0;
	a->end = len;
}

void ata_pio_in(struct dev *d, uint32_t len)
{
	offer(d, ATA_PIO_IN, len);
	ide_interrupt(d);
}

void ata_pio_out(struct dev *d, uint32_t len)
{
	memset(ata_data(d), 0, len); /* what a finished command left there is in no stream */
	offer(d, ATA_PIO_OUT, len);
}

void ata_wait_dma(struct dev *d)
{
	offer(d, ATA_DMA, 0);
	if (ide_dma_running(d))
		info_of(d)->dma_start(d);
}

void ata_finish(struct dev *d)
{
	struct ata *a = ata_of(d);

	a->status = STATUS_DRDY | STATUS_DSC;
	a->phase = ATA_IDLE;
	a->pos = a->end = 0;
}

void ata_done(struct dev *d)
{
	ata_finish(d);
	ide_interrupt(d);
}

void ata_fail(struct dev *d, uint8_t error)
{
	struct ata *a = ata_of(d);

	ata_finish(d);
	a->status = STATUS_DRDY | STATUS_ERR;
	a->error = error;
	ide_interrupt(d);
}

/* ---- the data port ---- */

/* Bytes that can be moved now, of count units; the last unit may be cut short: a reply may have an
 * odd length. Without DRQ reads are zeroes and writes are lost. */
static uint32_t movable(const struct dev *d, enum ata_phase phase, unsigned size, unsigned count)
{
	const struct ata *a = ata_of(d);
	uint32_t left = a->end - a->pos;

	if (a->phase != phase)
		return 0;
	return count > left / size ? (left > size ? left - left % size : left) : count * size;
}

static void advance(struct dev *d, uint32_t bytes)
{
	struct ata *a = ata_of(d);

	a->pos += bytes;
	if (a->pos == a->end) {
		a->status &= (uint8_t)~STATUS_DRQ;
		info_of(d)->pio_end(d);
	}
}

/*
 * The port is a word wide: a byte access, too, moves a whole word, of which the processor sees the
 * low half (Solaris's first boot loader reads so); writes leave the high half undriven.
 */
unsigned ata_data_in(struct dev *d, void *buf, unsigned size, unsigned count)
{
	unsigned unit = MAX(size, 2u);
	uint32_t n = movable(d, ATA_PIO_IN, unit, count);
	const uint8_t *from = ata_data(d) + ata_of(d)->pos;

	if (!n)
		return 0;
	if (size == 1) {
		for (uint32_t i = 0; i < n; i += 2)
			((uint8_t *)buf)[i / 2] = from[i];
	} else {
		memset(buf, 0, size);
		memcpy(buf, from, n);
	}
	advance(d, n);
	return (n + unit - 1) / unit;
}

unsigned ata_data_out(struct dev *d, const void *buf, unsigned size, unsigned count)
{
	unsigned unit = MAX(size, 2u);
	uint32_t n = movable(d, ATA_PIO_OUT, unit, count);
	uint8_t *to = ata_data(d) + ata_of(d)->pos;

	if (!n)
		return 0;
	if (size == 1) {
		for (uint32_t i = 0; i < n; i++)
			to[i] = i & 1 ? 0 : ((const uint8_t *)buf)[i / 2];
	} else {
		memcpy(to, buf, n);
	}
	advance(d, n);
	return (n + unit - 1) / unit;
}

/* ---- loading ---- */

bool ata_valid(const struct dev *d)
{
	const struct ata *a = ata_of(d);
	bool bsy = a->status & STATUS_BSY, drq = a->status & STATUS_DRQ;

	if (a->pos > a->end || (a->device & DEVICE_ONES) != DEVICE_ONES)
		return false;
	switch ((enum ata_phase)a->phase) {
	case ATA_IDLE:
		return !bsy && !drq && !a->end;
	case ATA_PIO_IN:
	case ATA_PIO_OUT:
		return !bsy && drq && a->pos < a->end;
	case ATA_DMA:
		return !bsy && drq && !a->end;
	case ATA_BUSY:
		return bsy != drq;
	case ATA_RESET:
		return bsy && !drq && !a->end;
	}
	return false;
}

/* Text in IDENTIFY data: padded with blanks, the first of two characters in the high byte. */
void ata_identify_text(uint8_t *words, const char *text, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		words[i ^ 1] = *text ? (uint8_t)*text++ : ' ';
}
