/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-debugcon: a write-only console in one port, for firmware (0x402) and kernels (0xe9).
 *
 * Spec:    none; the "port E9 hack" of Bochs, with the properties that QEMU gave it
 * State:   complete
 * Missing: nothing known
 * Tests:   tests/hw/debugcon.c
 */
#include "base/dev.h"
#include "char/chr.h"

struct debugcon_host {
	uint32_t iobase, readback;
	struct chr *chr;
};

static uint64_t data_read(struct dev *d, const struct access *a)
{
	const struct debugcon_host *h = d->host;

	(void)a;
	return h->readback; /* how a program finds out that the port is there */
}

static void data_written(struct dev *d, const struct access *a)
{
	const struct debugcon_host *h = d->host;
	uint8_t byte = (uint8_t)a->val;

	if (h->chr)
		chr_write(h->chr, &byte, 1);
}

static int debugcon_realize(struct dev *d, struct err *e)
{
	const struct debugcon_host *h = d->host;

	(void)e;
	dev_window(d, 0, 0, 0, 1, SPACE_IO, h->iobase);
	return 0;
}

static const struct region debugcon_regions[] = {
	{.name = "io", .len = 1, .sizes = 1},
};
static const struct row debugcon_rows[] = {
	CALC(0, 1, "data", .flags = ROW_PURE, .read = data_read, .written = data_written),
};
static const struct prop debugcon_props[] = {
	{"iobase", PROP_U32, offsetof(struct debugcon_host, iobase), "0xe9", "port", 0xffff},
	{"readback", PROP_U32, offsetof(struct debugcon_host, readback), "0xe9",
	 "what the port reads as", 0xff},
	{"chardev", PROP_CHR, offsetof(struct debugcon_host, chr), NULL, "where it writes to", 0},
};

static struct dev_class debugcon_class = {
	.name = "isa-debugcon",
	.summary = "debug console in one port",
	.host_size = sizeof(struct debugcon_host),
	.regions = debugcon_regions,
	.n_regions = ARRAY_SIZE(debugcon_regions),
	.rows = debugcon_rows,
	.n_rows = ARRAY_SIZE(debugcon_rows),
	.props = debugcon_props,
	.n_props = ARRAY_SIZE(debugcon_props),
	.realize = debugcon_realize,
};
DEV_REGISTER(debugcon_class)
