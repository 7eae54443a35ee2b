/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PIIX3: 82371SB, function 0: PCI to ISA bridge: PIRQ routing, reset control, ports 92, 80, f0.
 *
 * Spec:    Intel 82371SB, order 290550-002, 2.2 (function 0), 2.5.4 (port 92), 2.5.5 (RCR)
 * State:   configuration registers, PIRQ routes, RCR, port 92
 * Missing: what recovery times, chip selects, motherboard IRQs and DMA, SMI and stop clock
 *          registers would do (they are storage); port f0 does not clear FERR#
 * Tests:   tests/hw/piix3.c
 */
#include "base/dev.h"
#include "hw/pci/pci.h"

enum { PIRQ_OFF = 1 << 7, PIRQ_IRQ = 15 };
enum { RCR_SRST = 1 << 1, RCR_RCPU = 1 << 2 };
enum { P92_FAST_INIT = 1 << 0, P92_ALT_A20 = 1 << 1 };
enum { COMMAND_SCE = 1 << 3 };
enum { REGION_CONFIG, REGION_RCR, REGION_PORT92, REGION_PORT80, REGION_PORTF0 };

struct piix3 {
	struct pci_config pci;
	uint8_t iort, pirqrc[4], tom, mbirq0, mbdma[2], apicbase, dlc, smicntl, ftmr, ctltmr;
	uint8_t cthtmr, rcr, port92;
	uint16_t xbcs, mstat, pcsc, smien, smireq;
	uint32_t see;
};

/* The edge of RCPU resets; only the kind of reset is kept to be read (2.5.5). */
static void rcr_written(struct dev *d, const struct access *a)
{
	if (a->val & RCR_RCPU)
		dev_request(d, REQ_RESET, 0);
}

static void port92_written(struct dev *d, const struct access *a)
{
	struct piix3 *s = d->state;

	if ((a->old ^ s->port92) & P92_ALT_A20)
		dev_request(d, REQ_A20, !!(s->port92 & P92_ALT_A20));
	if (~a->old & s->port92 & P92_FAST_INIT)
		dev_request(d, REQ_CPU_RESET, 0);
}

/* Interrupts 0, 1, 2, 8 and 13 are not for PCI (2.2.11): such a route leads nowhere. */
static unsigned route_of(uint8_t pirqrc)
{
	static const uint16_t reserved = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 8 | 1 << 13;
	unsigned irq = pirqrc & PIRQ_IRQ;

	return pirqrc & PIRQ_OFF || reserved >> irq & 1 ? 0 : irq;
}

static void piix3_settle(struct dev *d)
{
	struct piix3 *s = d->state;

	for (unsigned link = 0; link < 4; link++)
		dev_link_route(d, link, route_of(s->pirqrc[link]));
}

static int piix3_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_window(d, 0, REGION_RCR, 0, 1, SPACE_IO, 0xcf9);
	dev_window(d, 1, REGION_PORT92, 0, 1, SPACE_IO, 0x92);
	dev_window(d, 2, REGION_PORT80, 0, 1, SPACE_IO, 0x80);
	dev_window(d, 3, REGION_PORTF0, 0, 1, SPACE_IO, 0xf0);
	return 0;
}

static const struct region piix3_regions[] = {
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_RCR] = {.name = "rcr", .len = 1},
	[REGION_PORT92] = {.name = "port92", .len = 1},
	[REGION_PORT80] = {.name = "port80", .len = 1},
	[REGION_PORTF0] = {.name = "portf0", .len = 1},
};

/* clang-format off */
static const struct row piix3_rows[] = {
	PCI_ROWS_COMMAND(REGION_CONFIG, struct piix3, pci, 0x8086, 0x7000, 0, 0x060100, 0, 0,
			 COMMAND_SCE | PCI_COMMAND_SERR, 0x0007, 0x0200),
	REG(0x4c, struct piix3, iort, .rw = 0x7f, .reset = 0x4d),
	REG(0x4e, struct piix3, xbcs, .rw = 0xffff, .reset = 0x0003),
	REG_ARRAY(0x60, 1, struct piix3, pirqrc, .rw = PIRQ_OFF | PIRQ_IRQ, .reset = PIRQ_OFF),
	REG(0x69, struct piix3, tom, .rw = 0xff, .reset = 0x02),
	REG(0x6a, struct piix3, mstat, .rw = 0xffff),
	REG(0x70, struct piix3, mbirq0, .rw = 0xff, .reset = 0x80),
	REG_ARRAY(0x76, 1, struct piix3, mbdma, .rw = 0xff, .reset = 0x0c),
	REG(0x78, struct piix3, pcsc, .rw = 0xffff, .reset = 0x0002),
	REG(0x80, struct piix3, apicbase, .rw = 0xff),
	REG(0x82, struct piix3, dlc, .rw = 0xff),
	REG(0xa0, struct piix3, smicntl, .rw = 0xff, .reset = 0x08),
	REG(0xa2, struct piix3, smien, .rw = 0xffff),
	REG(0xa4, struct piix3, see, .rw = 0xffffffff),
	REG(0xa8, struct piix3, ftmr, .rw = 0xff, .reset = 0x0f),
	REG(0xaa, struct piix3, smireq, .rw = 0xffff),
	REG(0xac, struct piix3, ctltmr, .rw = 0xff),
	REG(0xae, struct piix3, cthtmr, .rw = 0xff),
	REG(0, struct piix3, rcr, .region = REGION_RCR, .rw = RCR_SRST, .written = rcr_written),
	REG(0, struct piix3, port92, .region = REGION_PORT92, .rw = P92_FAST_INIT | P92_ALT_A20,
	    .written = port92_written),
	CONST(0, 1, "port80", 0xff, .region = REGION_PORT80),
	CONST(0, 1, "portf0", 0xff, .region = REGION_PORTF0),
};
/* clang-format on */

static const struct pci_info piix3_pci = {.config = offsetof(struct piix3, pci),
					  .region = REGION_CONFIG,
					  .slot = 1,
					  .multifunction = true};

static struct dev_class piix3_class = {
	.name = "PIIX3",
	.summary = "82371SB PCI to ISA bridge",
	.bus = &pci_bus_type,
	.bus_info = &piix3_pci,
	.state_size = sizeof(struct piix3),
	.regions = piix3_regions,
	.n_regions = ARRAY_SIZE(piix3_regions),
	.rows = piix3_rows,
	.n_rows = ARRAY_SIZE(piix3_rows),
	.internal = true,
	.realize = piix3_realize,
	.settle = piix3_settle,
};
DEV_REGISTER(piix3_class)
