/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc-testdev: ports and memory that echo, and ISA interrupt lines under a guest's hand. Public CPU
 * test suites are built on it.
 *
 * Spec:    none; the interface is that of QEMU's device of this name: ports e0-e3 store up to a
 *          dword, e8-eb are the same dword a byte at a time, a dword to e4 makes the core forget
 *          what it knows of the page at that address, 2000-200f set ISA lines, 64 KiB of memory
 *          at ff000000 store what is written
 * State:   complete
 * Missing: ports 2010-2017 are there and do nothing: an ISA device has sixteen lines
 * Tests:   tests/hw/pc_testdev.c
 */
#include "base/dev.h"

enum { LINES = 16, IOMEM = 0x10000, PAGE = 0x1000 };
enum { REGION_PORT, REGION_FLUSH, REGION_BYTES, REGION_IRQ, REGION_IOMEM };

struct testdev {
	uint32_t port;
	uint8_t irq[LINES];
	uint8_t iomem[IOMEM];
};

/* As if the page had been written by a device: translations of it are stale. */
static void flush_written(struct dev *d, const struct access *a)
{
	uint64_t gpa = a->val & ~(uint64_t)(PAGE - 1);
	size_t len = PAGE;
	void *p = dma_map(d, gpa, &len, true);

	if (p)
		dma_unmap(d, p, gpa, len);
	else
		dev_guest_error(d, "flush of a page that is not RAM");
}

static uint64_t byte_read(struct dev *d, const struct access *a)
{
	const struct testdev *s = d->state;

	return s->port >> 8 * a->index & 0xff;
}

static void byte_written(struct dev *d, const struct access *a)
{
	struct testdev *s = d->state;
	unsigned shift = 8 * a->index;

	s->port = (s->port & ~(0xffu << shift)) | (uint32_t)(a->val & 0xff) << shift;
}

static void irq_written(struct dev *d, const struct access *a)
{
	struct testdev *s = d->state;

	s->irq[a->index] = a->val != 0;
}

static uint64_t iomem_read(struct dev *d, const struct access *a)
{
	const struct testdev *s = d->state;
	uint64_t v = 0;

	for (unsigned i = 0; i < a->size && a->index + i < IOMEM; i++)
		v |= (uint64_t)s->iomem[a->index + i] << 8 * i;
	return v;
}

static void iomem_written(struct dev *d, const struct access *a)
{
	struct testdev *s = d->state;

	for (unsigned i = 0; i < a->size && a->index + i < IOMEM; i++)
		s->iomem[a->index + i] = (uint8_t)(a->val >> 8 * i);
}

static void testdev_settle(struct dev *d)
{
	const struct testdev *s = d->state;

	for (unsigned i = 0; i < LINES; i++)
		dev_line(d, i, s->irq[i]);
}

static int testdev_realize(struct dev *d, struct err *e)
{
	(void)e;
	for (unsigned i = 0; i < LINES; i++)
		dev_line_to(d, i, LINE_ISA, i);
	dev_window(d, 0, REGION_PORT, 0, 4, SPACE_IO, 0xe0);
	dev_window(d, 1, REGION_FLUSH, 0, 4, SPACE_IO, 0xe4);
	dev_window(d, 2, REGION_BYTES, 0, 4, SPACE_IO, 0xe8);
	dev_window(d, 3, REGION_IRQ, 0, 24, SPACE_IO, 0x2000);
	dev_window(d, 4, REGION_IOMEM, 0, IOMEM, SPACE_MEM, 0xff000000);
	return 0;
}

static const struct region testdev_regions[] = {
	[REGION_PORT] = {.name = "port", .len = 4},
	[REGION_FLUSH] =
		{.name = "flush", .len = 4, .sizes = 4, .other = OTHER_ONES, .unclaimed = 0xff},
	[REGION_BYTES] = {.name = "bytes", .len = 4},
	[REGION_IRQ] =
		{.name = "irq", .len = 24, .sizes = 1, .other = OTHER_ONES, .unclaimed = 0xff},
	[REGION_IOMEM] = {.name = "iomem", .len = IOMEM},
};

/* Nothing here but the lines knows of a reset: a test may look what it left before one. */
/* clang-format off */
static const struct row testdev_rows[] = {
	REG(0, struct testdev, port, .flags = ROW_KEEP, .rw = 0xffffffff),
	CALC(0, 4, "flush", .region = REGION_FLUSH, .flags = ROW_WR, .written = flush_written),
	CALC(0, 1, "byte", .region = REGION_BYTES, .count = 4, .stride = 1, .flags = ROW_PURE,
	     .read = byte_read, .written = byte_written),
	REG_ARRAY(0, 1, struct testdev, irq, .region = REGION_IRQ, .flags = ROW_WR, .max = 1,
		  .written = irq_written),
	CALC(0, 1, "mem", .region = REGION_IOMEM, .count = IOMEM, .stride = 1,
	     .flags = ROW_PORT | ROW_PURE, .read = iomem_read, .written = iomem_written),
	BYTES(struct testdev, iomem, ROW_KEEP),
};
/* clang-format on */

static struct dev_class testdev_class = {
	.name = "pc-testdev",
	.summary = "echo ports, echo memory and interrupt lines, for tests",
	.state_size = sizeof(struct testdev),
	.regions = testdev_regions,
	.n_regions = ARRAY_SIZE(testdev_regions),
	.rows = testdev_rows,
	.n_rows = ARRAY_SIZE(testdev_rows),
	.n_lines = LINES,
	.realize = testdev_realize,
	.settle = testdev_settle,
};
DEV_REGISTER(testdev_class)
