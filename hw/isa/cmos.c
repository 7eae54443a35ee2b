/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmos-nvram: the battery-backed memory of the AT clock: what lies beyond the clock's registers.
 *
 * Spec:    IBM PC/AT Technical Reference, "Real-time clock/CMOS RAM information"
 * State:   complete
 * Missing: nothing known
 * Tests:   tests/hw/cmos.c
 *
 * The hypervisor core has the clock (registers 00-0d, century 32) and answers for it before an
 * access comes here; writes of the index come to both. The machine fills in what firmware reads,
 * by dev_write to region 1.
 */
#include "base/dev.h"

enum { SHUTDOWN_STATUS = 0x0f, SHUTDOWN_S3 = 0xfe, SIZE = 128 };
enum { REGION_PORTS, REGION_NVRAM };

struct cmos {
	uint8_t index, nvram[SIZE];
};

static uint64_t data_read(struct dev *d, const struct access *a)
{
	const struct cmos *s = d->state;

	(void)a;
	return s->nvram[s->index];
}

static void data_written(struct dev *d, const struct access *a)
{
	struct cmos *s = d->state;

	s->nvram[s->index] = (uint8_t)a->val;
}

/* Firmware finds here why the machine was reset: not at all, unless it sleeps. */
static void cmos_reset(struct dev *d)
{
	struct cmos *s = d->state;

	if (s->nvram[SHUTDOWN_STATUS] != SHUTDOWN_S3)
		s->nvram[SHUTDOWN_STATUS] = 0;
}

static int cmos_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_window(d, 0, REGION_PORTS, 0, 2, SPACE_IO, 0x70);
	return 0;
}

static const struct region cmos_regions[] = {
	[REGION_PORTS] = {.name = "ports", .len = 2, .sizes = 1},
	[REGION_NVRAM] = {.name = "nvram", .len = SIZE, .sizes = 1},
};

/* clang-format off */
static const struct row cmos_rows[] = {
	CALC(0, 1, "index_read", .flags = ROW_RD | ROW_PURE, .reset = 0xff),
	REG(0, struct cmos, index, .flags = ROW_WR | ROW_KEEP, .rw = 0x7f),
	CALC(1, 1, "data", .flags = ROW_PURE, .read = data_read, .written = data_written),
	REG_ARRAY(0, 1, struct cmos, nvram, .region = REGION_NVRAM, .flags = ROW_KEEP, .rw = 0xff),
};
/* clang-format on */

static struct dev_class cmos_class = {
	.name = "cmos-nvram",
	.summary = "CMOS memory at ports 70 and 71",
	.state_size = sizeof(struct cmos),
	.regions = cmos_regions,
	.n_regions = ARRAY_SIZE(cmos_regions),
	.rows = cmos_rows,
	.n_rows = ARRAY_SIZE(cmos_rows),
	.internal = true,
	.realize = cmos_realize,
	.reset = cmos_reset,
};
DEV_REGISTER(cmos_class)
