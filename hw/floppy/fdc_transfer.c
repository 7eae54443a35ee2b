/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/floppy/fdc_transfer.c: commands of the 82077AA that move data, sector by sector: between
 * image and data[], and between data[] and the host by DMA or by the FIFO; and how they end.
 */
#include "hw/floppy/fdc.h"

enum { ND = 1 << 0 /* of specify[1]: no DMA */, EC = 1 << 7 /* of cmd[1]: VERIFY counts */ };
enum { SIZE_512 = 2 };
enum { MISS_UNEQUAL = 1, MISS_ORDER = 2 };
/* Of cmd, where FORMAT has other things: */
enum { P_C = 2, P_H, P_R, P_N, P_EOT, P_GPL, P_DTL };
enum { P_FORMAT_N = 2, P_FORMAT_SC, P_FORMAT_GPL, P_FORMAT_FILL };

static void next(struct dev *d);

/* ---- what the command is ---- */

static unsigned kind(const struct fdc *s)
{
	return s->cmd[0] & OPCODE;
}

static bool is_scan(const struct fdc *s)
{
	return kind(s) == SCAN_EQUAL || kind(s) == SCAN_LOW_OR_EQUAL ||
	       kind(s) == SCAN_HIGH_OR_EQUAL;
}

static bool is_write(const struct fdc *s)
{
	return kind(s) == WRITE || kind(s) == WRITE_DELETED || kind(s) == FORMAT;
}

bool fdc_to_host(const struct fdc *s)
{
	return !is_write(s) && !is_scan(s);
}

static struct dev *drive_of(const struct dev *d)
{
	const struct fdc *s = d->state;

	return fdc_drive(d, s->cmd[1] & DOR_SELECT);
}

/* ---- how it ends ---- */

static void finish(struct dev *d, unsigned st0, unsigned st1)
{
	struct fdc *s = d->state;
	const struct dev *drive = drive_of(d);

	if (kind(s) == READ_TRACK && drive && (s->c != floppy_cylinder(drive) || s->h != s->head))
		st1 |= ST1_ND; /* the data came all the same (5.1.3) */
	s->result[0] = (uint8_t)(st0 | (unsigned)s->head << 2 | (s->cmd[1] & DOR_SELECT));
	s->result[1] = (uint8_t)st1;
	s->result[2] = s->st2;
	s->result[3] = s->c;
	s->result[4] = s->h;
	s->result[5] = s->r;
	s->result[6] = SIZE_512;
	if (s->phase == FDC_PIO)
		dev_pulse(d, 0); /* that of the data, then that of the result */
	s->irq = true;
	s->pos = s->end = 0;
	fdc_result(d, 7);
}

static void fail(struct dev *d, unsigned st1, unsigned st2)
{
	((struct fdc *)d->state)->st2 |= (uint8_t)st2;
	finish(d, ST0_ABNORMAL, st1);
}

/* ---- what is under the head ---- */

/* No marks are found without a disk, at another data rate, beside the tracks or by FM. */
static const struct floppy_format *marks(const struct dev *d)
{
	const struct fdc *s = d->state;
	const struct dev *drive = drive_of(d);
	const struct floppy_format *f = drive ? floppy_medium(drive) : NULL;

	if (!f || f->rate != (s->dsr & DSR_RATE) || !(s->cmd[0] & FLAG_MFM) ||
	    s->head >= f->heads || floppy_cylinder(drive) >= f->cylinders)
		return NULL;
	return f;
}

/* Else the command has ended. */
static bool found(struct dev *d)
{
	const struct fdc *s = d->state;
	const struct floppy_format *f = marks(d);

	if (!f)
		fail(d, ST1_MA, 0);
	else if (is_write(s) && floppy_protected(drive_of(d)))
		fail(d, ST1_NW, 0);
	else if (kind(s) != FORMAT && kind(s) != READ_TRACK && s->c != floppy_cylinder(drive_of(d)))
		fail(d, ST1_ND, ST2_WC);
	else if (kind(s) != FORMAT && ((kind(s) != READ_TRACK && s->h != s->head) || !s->r ||
				       s->r > f->sectors || s->cmd[P_N] != SIZE_512))
		fail(d, ST1_ND, 0);
	else
		return true;
	return false;
}

static void disk(struct dev *d)
{
	struct fdc *s = d->state;

	if (!found(d))
		return;
	s->phase = FDC_DISK;
	floppy_transfer(drive_of(d), is_write(s), s->head, s->r, s->data);
}

/* ---- from sector to sector ---- */

/* The ID after this one, as the result tells it too (table 5-6); false: that is beyond EOT. */
static bool step(struct fdc *s)
{
	unsigned n = is_scan(s) && s->cmd[P_DTL] == 2 ? 2 : 1;

	if (s->r + n <= s->cmd[P_EOT]) {
		s->r = (uint8_t)(s->r + n);
		return true;
	}
	s->r = 1;
	if (!(s->cmd[0] & FLAG_MT)) {
		s->c++;
		return false;
	}
	s->h ^= 1;
	s->head ^= 1;
	s->c = (uint8_t)(s->c + !s->head);
	return s->head;
}

/* READ TRACK takes what comes by, FORMAT and a VERIFY that says so a number of sectors. */
static bool counted_out(struct dev *d)
{
	struct fdc *s = d->state;
	bool track = kind(s) == READ_TRACK;

	if (!track && kind(s) != FORMAT && !(kind(s) == VERIFY && s->cmd[1] & EC))
		return false;
	if (track) {
		const struct floppy_format *f = marks(d);

		s->r = (uint8_t)(f && s->r < f->sectors ? s->r + 1 : 1);
	}
	return !--s->left;
}

static void advance(struct dev *d)
{
	struct fdc *s = d->state;
	bool counted = counted_out(d), more = true;

	if (kind(s) == READ_DELETED) { /* it was not deleted: the one is all there is (5.1.2) */
		finish(d, 0, 0);
		return;
	}
	if (kind(s) != READ_TRACK && kind(s) != FORMAT)
		more = step(s);
	if (counted || s->tc)
		finish(d, 0, 0);
	else if (more)
		next(d);
	else if (kind(s) == VERIFY || is_scan(s))
		finish(d, 0, 0);
	else
		finish(d, ST0_ABNORMAL, ST1_EN);
}

/* ---- scans: a byte of ones on either side fits all (5.1.9) ---- */

static void compare(struct fdc *s, const uint8_t *host, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned ours = s->data[s->pos + i];

		if (ours == host[i] || ours == 0xff || host[i] == 0xff)
			continue;
		s->miss |= MISS_UNEQUAL;
		if ((ours > host[i]) == (kind(s) == SCAN_LOW_OR_EQUAL))
			s->miss |= MISS_ORDER;
	}
}

static void scanned(struct dev *d)
{
	struct fdc *s = d->state;
	bool hit = !(s->miss & (kind(s) == SCAN_EQUAL ? MISS_UNEQUAL : MISS_ORDER));

	s->st2 &= (uint8_t) ~(ST2_SH | ST2_SN);
	if (!hit)
		s->st2 |= ST2_SN;
	else if (!(s->miss & MISS_UNEQUAL))
		s->st2 |= ST2_SH;
	s->miss = 0;
	if (hit)
		finish(d, 0, 0);
	else
		advance(d);
}

/* ---- data to and from the host ---- */

/* The sector that these four bytes name is made anew, where the image has it. */
static void format_sector(struct dev *d)
{
	struct fdc *s = d->state;
	const struct floppy_format *f = marks(d);
	uint8_t id[FORMAT_ID];

	memcpy(id, s->data, sizeof(id));
	s->c = id[0];
	s->h = id[1];
	s->r = id[2];
	if (f && (s->pos < FORMAT_ID || s->c != floppy_cylinder(drive_of(d)) || s->h != s->head ||
		  !s->r || s->r > f->sectors || id[3] != SIZE_512)) {
		dev_guest_error(d, "FORMAT of a sector that the image has no place for");
		finish(d, ST0_ABNORMAL | ST0_EC, 0);
		return;
	}
	memset(s->data, s->cmd[P_FORMAT_FILL], sizeof(s->data));
	disk(d);
}

static void data_done(struct dev *d)
{
	struct fdc *s = d->state;

	if (kind(s) == FORMAT) {
		format_sector(d);
	} else if (is_scan(s)) {
		scanned(d);
	} else if (is_write(s)) {
		memset(s->data + s->pos, 0, (size_t)(s->end - s->pos)); /* 6.1: the rest is zeros */
		disk(d);
	} else {
		advance(d);
	}
}

void fdc_dma_ready(struct dev *d)
{
	struct fdc *s = d->state;
	const struct fdc_host *h = d->host;
	uint8_t buf[FLOPPY_SECTOR];
	bool tc, in = fdc_to_host(s);
	size_t n;

	if (s->phase != FDC_DMA || !(s->dor & DOR_DMAGATE))
		return;
	if (in)
		memcpy(buf, s->data + s->pos, (size_t)(s->end - s->pos));
	n = isa_dma(d, h->dma, buf, (size_t)(s->end - s->pos), in, &tc);
	if (is_scan(s))
		compare(s, buf, n);
	else if (!in)
		memcpy(s->data + s->pos, buf, n);
	s->pos = (uint16_t)(s->pos + n);
	s->tc = tc;
	if (tc || s->pos == s->end)
		data_done(d);
	dev_settle(d);
}

static void data(struct dev *d, unsigned end)
{
	struct fdc *s = d->state;

	s->pos = 0;
	s->end = (uint16_t)end;
	s->phase = s->specify[1] & ND ? FDC_PIO : FDC_DMA;
	fdc_dma_ready(d);
}

/* Without the FIFO each byte has its own interrupt; with it, the one that the buffer was filled
 * or emptied again. */
static void pio_moved(struct dev *d)
{
	struct fdc *s = d->state;

	if (++s->pos == s->end)
		data_done(d);
	else if (s->config & CONFIG_EFIFO)
		dev_pulse(d, 0);
}

uint8_t fdc_pio_read(struct dev *d)
{
	struct fdc *s = d->state;
	uint8_t v = s->data[s->pos];

	pio_moved(d);
	return v;
}

void fdc_pio_write(struct dev *d, uint8_t v)
{
	struct fdc *s = d->state;

	if (is_scan(s))
		compare(s, &v, 1);
	else
		s->data[s->pos] = v;
	pio_moved(d);
}

/* ---- the course of it ---- */

/* All that READ DELETED may skip is all there is, up to EOT. */
static void skip_all(struct dev *d)
{
	struct fdc *s = d->state;

	s->r = s->cmd[P_EOT];
	step(s);
	fail(d, ST1_EN, ST2_CM);
}

static void next(struct dev *d)
{
	struct fdc *s = d->state;

	if (!is_write(s))
		disk(d);
	else if (found(d))
		data(d, kind(s) == FORMAT ? FORMAT_ID : FLOPPY_SECTOR);
}

void fdc_transfer(struct dev *d)
{
	struct fdc *s = d->state;
	bool format = kind(s) == FORMAT;

	s->st2 = s->tc = s->miss = 0;
	s->head = s->cmd[1] >> 2 & 1;
	s->eot = format ? s->cmd[P_FORMAT_SC] : s->cmd[P_EOT];
	s->left = kind(s) == VERIFY ? s->cmd[P_DTL] : s->eot;
	s->c = s->cmd[P_C];
	s->h = s->cmd[P_H];
	s->r = kind(s) == READ_TRACK ? 1 : s->cmd[P_R];
	if (!format && s->config & CONFIG_EIS)
		fdc_seek(d, s->cmd[1] & DOR_SELECT, s->c);
	if (kind(s) == READ_DELETED && s->cmd[0] & FLAG_SK && found(d))
		skip_all(d);
	else if (s->phase == FDC_COMMAND)
		next(d);
}

/* The first ID that comes by is as good as any. */
void fdc_read_id(struct dev *d)
{
	struct fdc *s = d->state;

	s->st2 = 0;
	s->head = s->cmd[1] >> 2 & 1;
	s->h = s->head;
	s->r = 1;
	s->c = drive_of(d) ? (uint8_t)floppy_cylinder(drive_of(d)) : 0;
	if (marks(d))
		finish(d, 0, 0);
	else
		fail(d, ST1_MA, 0);
}

void fdc_disk_done(struct dev *controller, int rc)
{
	struct dev *d = controller;
	struct fdc *s = d->state;

	if (rc < 0) {
		fail(d, ST1_DE, ST2_DD);
	} else if (is_write(s) || kind(s) == VERIFY) {
		advance(d);
	} else {
		if (kind(s) == READ_DELETED)
			s->st2 |= ST2_CM;
		data(d, FLOPPY_SECTOR);
	}
	dev_settle(d);
}

/* ---- saved and loaded ---- */

bool fdc_transfer_valid(const struct dev *d)
{
	const struct fdc *s = d->state;

	if (s->phase == FDC_COMMAND || s->phase == FDC_RESULT)
		return !s->pos && !s->end;
	if (fdc_command_length(s->cmd[0]) < 6 || !drive_of(d))
		return false;
	if (s->phase == FDC_DISK)
		return s->r;
	return s->pos < s->end && !s->tc && kind(s) != VERIFY &&
	       s->end == (kind(s) == FORMAT ? FORMAT_ID : FLOPPY_SECTOR);
}

void fdc_transfer_resume(struct dev *d)
{
	const struct fdc *s = d->state;

	if (s->phase == FDC_DISK)
		disk(d);
}
