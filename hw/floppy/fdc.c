/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-fdc: the 82077AA floppy controller as a PC/AT has it: ports 3f0 to 3f7, interrupt 6, DMA 2.
 *
 * Spec:    Intel 82077AA, order 290166-007: 2 (registers), 3 (reset), 5 (commands), 6 (status)
 * State:   DOR, TDR, MSR, DSR, FIFO, DIR, CCR; every command of chapter 5 by DMA and without;
 *          two drives; seeks, resets and transfers take no time but the image's
 * Missing: power-down; FM tracks (found on no disk); tape drives; sectors of other sizes than 512
 *          bytes; overrun
 * Tests:   tests/hw/fdc.c
 *
 * As on an AT, SRA and SRB (3f0, 3f1) are not driven, nor is what DIR leaves free; 3f6 is the IDE
 * channel's. Commands are in fdc_command.c, those that move data in fdc_transfer.c.
 */
#include "hw/floppy/fdc.h"

enum { MSR_BUSY = 1 << 4, MSR_NON_DMA = 1 << 5, MSR_DIO = 1 << 6, MSR_RQM = 1 << 7 };
enum { DIR_CHANGED = 1 << 7, DOR_MOTOR_A = 1 << 4, IRQ = 6 };
enum { REGION_LOW, REGION_HIGH };

struct dev *fdc_drive(const struct dev *d, unsigned unit)
{
	const struct fdc_host *h = d->host;

	return unit < FLOPPY_DRIVES ? h->cable.drive[unit] : NULL;
}

void fdc_seek(struct dev *d, unsigned unit, uint8_t to)
{
	struct fdc *s = d->state;
	struct dev *drive = fdc_drive(d, unit);

	if (drive)
		floppy_step(drive, to - s->pcn[unit]);
	s->pcn[unit] = to;
}

/* ---- reset ---- */

static void cancel(struct dev *d)
{
	for (unsigned i = 0; i < FLOPPY_DRIVES; i++)
		if (fdc_drive(d, i))
			floppy_cancel(fdc_drive(d, i));
}

/* By DOR or DSR (3.2). It stays as it was configured if that is locked (5.2.10). */
static void soft_reset(struct dev *d)
{
	struct fdc *s = d->state;

	cancel(d);
	s->phase = FDC_COMMAND;
	s->n_cmd = s->n_result = s->result_pos = s->irq = 0;
	s->pos = s->end = 0;
	memset(s->pcn, 0, sizeof(s->pcn));
	memset(s->sense, 0, sizeof(s->sense));
	s->perp &= (uint8_t)~PERP_GAP_WGATE;
	if (!s->lock) {
		s->config = CONFIG_EFIFO; /* polls again too: Linux turns that off, unlocked */
		s->pretrk = 0;
	}
}

/* It polls the drives, and each one's "ready" has changed (5.2.4, POLL in 5.2.7). */
static void reset_ended(struct dev *d)
{
	struct fdc *s = d->state;

	if (s->config & CONFIG_POLL)
		return;
	for (unsigned i = 0; i < PCNS; i++)
		s->sense[i] = (uint8_t)(ST0_POLLING | i);
	s->irq = true;
}

static void dor_written(struct dev *d, const struct access *a)
{
	struct fdc *s = d->state;

	if (a->old & DOR_RESET && !(s->dor & DOR_RESET))
		soft_reset(d);
	if (!(a->old & DOR_RESET) && s->dor & DOR_RESET)
		reset_ended(d);
	if (s->phase == FDC_DMA)
		fdc_dma_ready(d); /* the gate may be open now */
}

static void dsr_written(struct dev *d, const struct access *a)
{
	if (!(a->val & DSR_RESET))
		return;
	soft_reset(d);
	if (((const struct fdc *)d->state)->dor & DOR_RESET)
		reset_ended(d);
}

static void ccr_written(struct dev *d, const struct access *a)
{
	struct fdc *s = d->state;

	s->dsr = (uint8_t)((s->dsr & ~DSR_RATE) | (a->val & DSR_RATE));
}

/* ---- status ---- */

static uint64_t msr_read(struct dev *d, const struct access *a)
{
	const struct fdc *s = d->state;
	unsigned v = 0;

	(void)a;
	if (!(s->dor & DOR_RESET))
		return 0;
	if (s->phase != FDC_COMMAND || s->n_cmd)
		v |= MSR_BUSY;
	switch ((enum fdc_phase)s->phase) {
	case FDC_COMMAND:
		return v | MSR_RQM;
	case FDC_RESULT:
		return v | MSR_RQM | MSR_DIO;
	case FDC_PIO:
		return v | MSR_RQM | MSR_NON_DMA | (fdc_to_host(s) ? MSR_DIO : 0);
	case FDC_DMA:
	case FDC_DISK:
		break;
	}
	return v;
}

static uint64_t tdr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return ((const struct fdc *)d->state)->tdr | 0xfc;
}

/* Of the selected drive, while its motor runs: only then does the drive drive the line. */
static uint64_t dir_read(struct dev *d, const struct access *a)
{
	const struct fdc *s = d->state;
	unsigned unit = s->dor & DOR_SELECT;
	const struct dev *drive = fdc_drive(d, unit);
	bool on = drive && s->dor & DOR_MOTOR_A << unit;

	(void)a;
	return on && floppy_changed(drive) ? 0xff : 0xff & ~DIR_CHANGED;
}

/* ---- the FIFO ---- */

/* A seek that ended meanwhile has its own interrupt. */
static bool seek_untold(const struct fdc *s)
{
	for (unsigned i = 0; i < PCNS; i++)
		if (s->sense[i] & ST0_SE)
			return true;
	return false;
}

static uint64_t fifo_read(struct dev *d, const struct access *a)
{
	struct fdc *s = d->state;
	uint8_t v;

	(void)a;
	if (s->phase == FDC_PIO && fdc_to_host(s))
		return fdc_pio_read(d);
	if (s->phase != FDC_RESULT) {
		dev_guest_error(d, "read of the FIFO with nothing in it");
		return 0;
	}
	v = s->result[s->result_pos++];
	s->irq = false;
	if (s->result_pos == s->n_result) {
		s->phase = FDC_COMMAND;
		s->n_result = s->result_pos = 0;
		s->irq = seek_untold(s);
	}
	return v;
}

static void fifo_written(struct dev *d, const struct access *a)
{
	struct fdc *s = d->state;

	if (s->phase == FDC_PIO && !fdc_to_host(s)) {
		fdc_pio_write(d, (uint8_t)a->val);
		return;
	}
	if (s->phase != FDC_COMMAND || !(s->dor & DOR_RESET)) {
		dev_guest_error(d, "write of the FIFO when it takes nothing");
		return;
	}
	s->cmd[s->n_cmd++] = (uint8_t)a->val;
	if (s->n_cmd < fdc_command_length(s->cmd[0]))
		return;
	s->n_cmd = 0;
	fdc_command(d);
}

/* ---- life ---- */

static void fdc_settle(struct dev *d)
{
	const struct fdc *s = d->state;
	bool gate = (s->dor & (DOR_RESET | DOR_DMAGATE)) == (DOR_RESET | DOR_DMAGATE);

	dev_line(d, 0, gate && (s->irq || s->phase == FDC_PIO));
}

static bool fdc_valid(const struct dev *d)
{
	const struct fdc *s = d->state;

	if (!(s->dor & DOR_RESET) && s->phase != FDC_COMMAND)
		return false;
	if (s->n_cmd && (s->phase != FDC_COMMAND || s->n_cmd >= fdc_command_length(s->cmd[0])))
		return false;
	if (s->phase == FDC_RESULT ? s->result_pos >= s->n_result : s->n_result || s->result_pos)
		return false;
	return fdc_transfer_valid(d);
}

static void fdc_resume(struct dev *d)
{
	cancel(d);
	fdc_transfer_resume(d);
}

static void fdc_reset(struct dev *d)
{
	cancel(d);
}

static int fdc_realize(struct dev *d, struct err *e)
{
	struct fdc_host *h = d->host;

	floppy_cable_add(&h->cable, d, "floppy-bus.0");
	h->cable.done = fdc_disk_done;
	dev_line_to(d, 0, LINE_ISA, IRQ);
	dev_window(d, 0, REGION_LOW, 0, 6, SPACE_IO, 0x3f0);
	dev_window(d, 1, REGION_HIGH, 0, 1, SPACE_IO, 0x3f7);
	return isa_dma_attach(d, h->dma, fdc_dma_ready, e);
}

static void fdc_unrealize(struct dev *d)
{
	struct fdc_host *h = d->host;

	floppy_cable_remove(&h->cable);
}

static const struct region fdc_regions[] = {
	[REGION_LOW] = {.name = "low", .len = 6, .sizes = 1, .unclaimed = 0xff},
	[REGION_HIGH] = {.name = "high", .len = 1, .sizes = 1},
};

/* clang-format off */
#define T struct fdc
static const struct row fdc_rows[] = {
	REG(2, T, dor, .rw = 0xff, .written = dor_written),
	REG(3, T, tdr, .rw = 3, .read = tdr_read, .flags = ROW_PURE),
	CALC(4, 1, "msr", .flags = ROW_RD | ROW_PURE, .read = msr_read),
	REG(4, T, dsr, .flags = ROW_WR, .rw = 0xff & ~DSR_RESET, .reset = RATE_250,
	    .written = dsr_written),
	CALC(5, 1, "fifo", .read = fifo_read, .written = fifo_written),
	CALC(0, 1, "dir", .region = REGION_HIGH, .flags = ROW_RD | ROW_PURE, .read = dir_read),
	CALC(0, 1, "ccr", .region = REGION_HIGH, .flags = ROW_WR, .written = ccr_written),
	HID(T, phase, .max = FDC_RESULT),
	HID(T, n_cmd, .max = FDC_PARAMS - 1),
	HID(T, n_result, .max = FDC_RESULTS),
	HID(T, result_pos, .max = FDC_RESULTS - 1),
	BYTES(T, cmd, 0),
	BYTES(T, result, 0),
	HID_ARRAY(T, pcn, .hw = 0xff),
	HID_ARRAY(T, sense, .hw = 0xff),
	HID_ARRAY(T, specify, .hw = 0xff),
	HID(T, config, .hw = 0x7f, .reset = CONFIG_EFIFO),
	HID(T, pretrk, .hw = 0xff),
	HID(T, perp, .hw = PERP_DRIVES | PERP_GAP_WGATE),
	HID(T, lock, .max = 1),
	HID(T, eot, .hw = 0xff),
	HID(T, irq, .max = 1),
	HID(T, c, .hw = 0xff), HID(T, h, .hw = 0xff), HID(T, r, .hw = 0xff),
	HID(T, head, .max = 1),
	HID(T, left, .hw = 0xff),
	HID(T, tc, .max = 1),
	HID(T, st2, .hw = ST2_SN | ST2_SH | ST2_WC | ST2_DD | ST2_CM),
	HID(T, miss, .max = 3),
	HID(T, pos, .max = FLOPPY_SECTOR),
	HID(T, end, .max = FLOPPY_SECTOR),
	BYTES(T, data, 0),
};
#undef T
/* clang-format on */

static const struct prop fdc_props[] = {
	{"dma", PROP_U32, offsetof(struct fdc_host, dma), "2", "DMA channel", 3},
};

static struct dev_class fdc_class = {
	.name = "isa-fdc",
	.summary = "82077AA floppy controller",
	.bus = &isa_bus_type,
	.since = 2,
	.state_size = sizeof(struct fdc),
	.host_size = sizeof(struct fdc_host),
	.regions = fdc_regions,
	.n_regions = ARRAY_SIZE(fdc_regions),
	.rows = fdc_rows,
	.n_rows = ARRAY_SIZE(fdc_rows),
	.props = fdc_props,
	.n_props = ARRAY_SIZE(fdc_props),
	.n_lines = 1,
	.internal = true,
	.realize = fdc_realize,
	.unrealize = fdc_unrealize,
	.reset = fdc_reset,
	.settle = fdc_settle,
	.valid = fdc_valid,
	.resume = fdc_resume,
};
DEV_REGISTER(fdc_class)
