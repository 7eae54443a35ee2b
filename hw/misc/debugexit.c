/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-debug-exit: a port by which a test guest ends the whole process with a status of its choice.
 *
 * Spec:    none; the interface is that of QEMU's device of this name: a write of v to any of
 *          iosize bytes at iobase ends the process with status (v << 1) | 1
 * State:   complete
 * Missing: nothing known
 * Tests:   tests/hw/debugexit.c
 */
#include "base/dev.h"

#include <errno.h>

enum { MAX_PORTS = 4 };

struct debugexit_host {
	uint32_t iobase, iosize;
};

static void exit_written(struct dev *d, const struct access *a)
{
	dev_request(d, REQ_EXIT, (unsigned)(a->val << 1 | 1) & 0xff);
}

static int debugexit_realize(struct dev *d, struct err *e)
{
	const struct debugexit_host *h = d->host;

	if (!h->iosize || h->iosize > MAX_PORTS || h->iobase + h->iosize > 0x10000)
		return err_set(e, -EINVAL,
			       "isa-debug-exit: iobase=0x%x,iosize=%u are not 1 to %d ports",
			       h->iobase, h->iosize, MAX_PORTS);
	dev_window(d, 0, 0, 0, h->iosize, SPACE_IO, h->iobase);
	return 0;
}

static const struct region debugexit_regions[] = {
	{.name = "io", .len = MAX_PORTS, .sizes = 1 | 2 | 4},
};
/* One data port however wide the write: a dword is one exit, not four. */
static const struct row debugexit_rows[] = {
	CALC(0, 1, "exit", .count = MAX_PORTS, .stride = 1, .flags = ROW_PORT | ROW_WR,
	     .written = exit_written),
	CONST(0, 4, "zero", 0),
};
static const struct prop debugexit_props[] = {
	{"iobase", PROP_U32, offsetof(struct debugexit_host, iobase), "0x501", "first port",
	 0xffff},
	{"iosize", PROP_U32, offsetof(struct debugexit_host, iosize), "2", "ports, 1 to 4", 0},
};

static struct dev_class debugexit_class = {
	.name = "isa-debug-exit",
	.summary = "port that ends the process, for tests",
	.host_size = sizeof(struct debugexit_host),
	.regions = debugexit_regions,
	.n_regions = ARRAY_SIZE(debugexit_regions),
	.rows = debugexit_rows,
	.n_rows = ARRAY_SIZE(debugexit_rows),
	.props = debugexit_props,
	.n_props = ARRAY_SIZE(debugexit_props),
	.realize = debugexit_realize,
};
DEV_REGISTER(debugexit_class)
