/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine_setup.c: with -kernel no firmware runs: the board as one leaves it, which kernels
 * rely on. Interrupt links and trigger modes, BARs, power management, IDE channels, and ACPI tables
 * and SMBIOS where they are looked for.
 */
#include "dm/machine_parts.h"

#include "dm/board.h"
#include "hypervisor/domain.h"
#include "roms/acpi.h"

#include <errno.h>
#include <stdlib.h>

enum { COMMAND = 0x04, HEADER = 0x0e, BAR = 0x10, BARS = 6, LINE = 0x3c, PIN = 0x3d };
enum { COMMAND_IO = 1 << 0, COMMAND_MEMORY = 1 << 1 };
enum { BAR_IO = 1 << 0, BAR_TYPE = 3 << 1, BAR_64 = 2 << 1 };
enum { IO_FIRST = 0xc000, IO_END = 0x10000 };
#define MMIO_END 0xfec00000ull
enum { I440FX = 0, PIIX3 = 1 << 3, PIIX3_IDE = 1 << 3 | 1, PIIX4_PM = 1 << 3 | 3 };
enum { PAM0 = 0x59, PAM_ROM = 0x00, PAM_READ = 0x10, PAM_READ_WRITE = 0x30 };
enum { PIRQRC = 0x60, ELCR2 = 0x4d1, IDETIM = 0x40, IDE_DECODE = 0x8000 };
enum { DMA2_MASK = 0xd4, DMA2_MODE = 0xd6, CASCADE_MODE = 0xc0 };
enum { PMBA = 0x40, PMREGMISC = 0x80, SMBBA = 0x90, SMBHSTCFG = 0xd2 };

static const uint8_t link_irq[4] = {10, 10, 11, 11};

static uint32_t cfg_read(struct machine *m, unsigned devfn, unsigned at, unsigned size)
{
	return (uint32_t)board_config_read(m->board, devfn << 8 | at, size);
}

static void cfg_write(struct machine *m, unsigned devfn, unsigned at, unsigned size, uint32_t v)
{
	board_config_write(m->board, devfn << 8 | at, size, v);
}

/* ---- BARs ---- */

struct bar {
	unsigned devfn, at;
	uint64_t size;
	bool io, wide;
};
struct bars {
	struct bar v[256 * BARS];
	unsigned n;
};

static void measure(struct machine *m, unsigned devfn, unsigned at, struct bars *to)
{
	struct bar b = {.devfn = devfn, .at = at};
	uint64_t mask;
	uint32_t v;

	cfg_write(m, devfn, at, 4, 0xffffffff);
	v = cfg_read(m, devfn, at, 4);
	cfg_write(m, devfn, at, 4, 0);
	if (!v || v == 0xffffffff)
		return;
	b.io = v & BAR_IO;
	b.wide = !b.io && (v & BAR_TYPE) == BAR_64;
	mask = v & (b.io ? 0xfffcu : 0xfffffff0u);
	b.size = mask & -mask;
	if (b.size)
		to->v[to->n++] = b;
}

static void find_bars(struct machine *m, struct bars *to)
{
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		if (!m->board->functions[devfn] || cfg_read(m, devfn, HEADER, 1) & 0x7f)
			continue;
		for (unsigned i = 0; i < BARS; i++) {
			unsigned n = to->n;

			measure(m, devfn, BAR + 4 * i, to);
			i += to->n > n && to->v[n].wide;
		}
	}
}

/* The larger first: then each is aligned where the last one ended. */
static int by_size(const void *x, const void *y)
{
	const struct bar *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->devfn != b->devfn ? (a->devfn < b->devfn ? -1 : 1) : a->at < b->at ? -1 : 1;
}

/* Ports upwards, memory downwards. One for which there is no room stays off, as firmware does. */
static void place_bars(struct machine *m, struct bars *bars)
{
	uint64_t io = IO_FIRST, memory = MMIO_END, low = machine_ram_below_4g(m);

	qsort(bars->v, bars->n, sizeof(*bars->v), by_size);
	for (unsigned i = 0; i < bars->n; i++) {
		const struct bar *b = &bars->v[i];
		uint64_t at = b->io ? (io + b->size - 1) & ~(b->size - 1) : 0;

		if (!b->io && memory - low >= b->size)
			at = (memory - b->size) & ~(b->size - 1);
		if (b->io ? at + b->size > IO_END : at < low || !at)
			continue;
		*(b->io ? &io : &memory) = b->io ? at + b->size : at;
		cfg_write(m, b->devfn, b->at, 4, (uint32_t)at);
		cfg_write(m, b->devfn, COMMAND, 2,
			  cfg_read(m, b->devfn, COMMAND, 2) |
				  (b->io ? COMMAND_IO : COMMAND_MEMORY));
	}
}

static int setup_bars(struct machine *m)
{
	struct bars *bars = calloc(1, sizeof(*bars));

	if (!bars)
		return -ENOMEM;
	find_bars(m, bars);
	place_bars(m, bars);
	free(bars);
	return 0;
}

/* ---- interrupts ---- */

static void setup_interrupts(struct machine *m)
{
	for (unsigned link = 0; link < 4; link++)
		cfg_write(m, PIIX3, PIRQRC + link, 1, link_irq[link]);
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		unsigned pin = m->board->functions[devfn] ? cfg_read(m, devfn, PIN, 1) : 0;

		if (pin)
			cfg_write(m, devfn, LINE, 1, link_irq[((devfn >> 3) + pin + 2) % 4]);
	}
	cfg_write(m, PIIX4_PM, LINE, 1, ACPI_SCI);
	/* The 8259's is the core's; a remote one's guest has an IOAPIC that ACPI describes. */
	if (m->dom)
		domain_out(m->dom, DOMAIN_NO_VCPU, ELCR2, 1, (1 << 9 | 1 << 10 | 1 << 11) >> 8);
}

/* ---- the chipset ---- */

static void setup_chipset(struct machine *m)
{
	cfg_write(m, PIIX3_IDE, IDETIM, 4, IDE_DECODE | (uint32_t)IDE_DECODE << 16);
	cfg_write(m, PIIX3_IDE, COMMAND, 2, cfg_read(m, PIIX3_IDE, COMMAND, 2) | COMMAND_IO);
	cfg_write(m, PIIX4_PM, PMBA, 4, ACPI_PM_BASE | 1);
	cfg_write(m, PIIX4_PM, PMREGMISC, 1, 1);
	cfg_write(m, PIIX4_PM, SMBBA, 4, ACPI_SMB_BASE | 1);
	cfg_write(m, PIIX4_PM, SMBHSTCFG, 1, 9);
	cfg_write(m, PIIX4_PM, COMMAND, 2, COMMAND_IO);
	board_write(m->board, SPACE_IO, DMA2_MODE, 1, CASCADE_MODE);
	board_write(m->board, SPACE_IO, DMA2_MASK, 1, 0); /* channel 4: the way of 0 to 3 */
}

int machine_setup(struct machine *m, struct err *e)
{
	int rc;

	setup_chipset(m);
	setup_interrupts(m);
	rc = setup_bars(m);
	if (rc)
		return err_set(e, rc, "out of memory");
	cfg_write(m, I440FX, PAM0, 1, PAM_READ_WRITE);
	rc = machine_firmware_place(m, e);
	cfg_write(m, I440FX, PAM0, 1, PAM_READ);
	return rc;
}
