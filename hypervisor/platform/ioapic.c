/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ioapic: the 82093AA I/O APIC at 0xfec00000, with the EOI register of later ones.
 *
 * Spec:    Intel 82093AA, order 290566-001; EOI register: Intel ICH2, 290687, 9.5.5
 * State:   24 redirection entries, edge and level, remote IRR, mask, EOI by broadcast and register
 * Missing: polarity changes nothing (inputs are asserted or not, as other emulated PCs have it);
 *          delivery status is always idle: messages arrive at once; the arbitration bus
 * Tests:   tests/hw/ioapic.c
 *
 * Inputs are the core's pins, but ISA IRQ 0 is at input 2, as the boards' MP tables say. What it
 * sends is a message in MSI format: one function delivers these and the devices' own. The local
 * APICs' EOI message is a write of the vector to region "eoi".
 */
#include "base/dev.h"

enum { PINS = 24, MIRRORS = 16, MIRROR = 0x100 };
enum { VERSION = 0x20 };
enum {
	RED_VECTOR = 0xff,
	RED_DELMOD = 7 << 8,
	RED_DESTMOD = 1 << 11,
	RED_DELIVS = 1 << 12,
	RED_INTPOL = 1 << 13,
	RED_REMOTE_IRR = 1 << 14,
	RED_TRIGGER = 1 << 15,
	RED_MASK = 1 << 16,
};
#define RED_DEST (0xffull << 56)
#define RED_RW \
	(RED_DEST | RED_VECTOR | RED_DELMOD | RED_DESTMOD | RED_INTPOL | RED_TRIGGER | RED_MASK)
enum { ID_MASK = 0x0f000000, MSI_ASSERT = 1 << 14 };
enum { REGION_MMIO, REGION_REGS, REGION_EOI };

struct ioapic {
	uint64_t ioredtbl[PINS];
	uint32_t id;
	uint32_t pins; /* levels of the inputs */
	uint8_t ioregsel;
};

/* Destination, mode, vector and trigger are in the places that an MSI has for them. */
static void send(struct dev *d, uint64_t e)
{
	uint64_t addr = 0xfee00000 | (e >> 56) << 12 | (e & RED_DESTMOD ? 1 << 2 : 0);
	uint32_t data = (uint32_t)e & (RED_VECTOR | RED_DELMOD | RED_TRIGGER);

	dev_msi(d, addr, data | (e & RED_TRIGGER ? MSI_ASSERT : 0));
}

/* A level is sent once, until its EOI. The entry is changed first: a message may bring an EOI
 * before it returns. */
static void service_level(struct dev *d, unsigned n)
{
	struct ioapic *s = d->state;
	uint64_t e = s->ioredtbl[n];

	if (!(e & RED_TRIGGER) || e & (RED_MASK | RED_REMOTE_IRR) || !(s->pins >> n & 1))
		return;
	s->ioredtbl[n] |= RED_REMOTE_IRR;
	send(d, e);
}

/* An edge at a masked input is not remembered (82093AA, 3.2.4). */
static void ioapic_input(struct dev *d, unsigned n, bool level)
{
	struct ioapic *s = d->state;
	uint32_t pin = 1u << n;

	s->pins = level ? s->pins | pin : s->pins & ~pin;
	if (level && !(s->ioredtbl[n] & (RED_MASK | RED_TRIGGER)))
		send(d, s->ioredtbl[n]);
	service_level(d, n);
}

/* Remote IRR means nothing in edge mode; system software clears it by a visit there. */
static void ioredtbl_written(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	if (!(s->ioredtbl[a->index] & RED_TRIGGER))
		s->ioredtbl[a->index] &= ~(uint64_t)RED_REMOTE_IRR;
	service_level(d, a->index);
}

static void eoi_written(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	for (unsigned n = 0; n < PINS; n++) {
		uint64_t e = s->ioredtbl[n];

		if ((e & RED_VECTOR) != (a->val & RED_VECTOR) || !(e & RED_REMOTE_IRR))
			continue;
		s->ioredtbl[n] &= ~(uint64_t)RED_REMOTE_IRR;
		service_level(d, n);
	}
}

/* ---- the index and its window ---- */

static uint64_t ioregsel_read(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	(void)a;
	return s->ioregsel;
}

static void ioregsel_written(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	if (a->lanes & 0xff)
		s->ioregsel = (uint8_t)a->val;
}

static uint64_t iowin_read(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	(void)a;
	return dev_read(d, REGION_REGS, 4u * s->ioregsel, 4);
}

static void iowin_written(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	dev_write(d, REGION_REGS, 4u * s->ioregsel, 4, a->val);
}

/* The arbitration ID is loaded with the ID (3.2.3). */
static uint64_t arb_read(struct dev *d, const struct access *a)
{
	struct ioapic *s = d->state;

	(void)a;
	return s->id;
}

/* ---- the class ---- */

static bool ioapic_valid(const struct dev *d)
{
	const struct ioapic *s = d->state;

	for (unsigned n = 0; n < PINS; n++)
		if (s->ioredtbl[n] & RED_REMOTE_IRR && !(s->ioredtbl[n] & RED_TRIGGER))
			return false;
	return true;
}

static int ioapic_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_window(d, 0, REGION_MMIO, 0, MIRRORS * MIRROR, SPACE_MEM, 0xfec00000);
	return 0;
}

static const struct region ioapic_regions[] = {
	[REGION_MMIO] = {.name = "mmio", .len = MIRRORS * MIRROR, .sizes = 4, .other = OTHER_ZEROS},
	[REGION_REGS] = {.name = "regs", .len = 4 * 256, .sizes = 4},
	[REGION_EOI] = {.name = "eoi", .len = 1, .sizes = 1},
};

/* clang-format off */
static const struct row ioapic_rows[] = {
	CALC(0x00, 4, "ioregsel_window", .count = MIRRORS, .stride = MIRROR, .flags = ROW_PURE,
	     .read = ioregsel_read, .written = ioregsel_written),
	CALC(0x10, 4, "iowin", .count = MIRRORS, .stride = MIRROR,
	     .read = iowin_read, .written = iowin_written),
	CALC(0x40, 4, "eoir", .count = MIRRORS, .stride = MIRROR, .written = eoi_written),
	REG(4 * 0, struct ioapic, id, .region = REGION_REGS, .rw = ID_MASK),
	CONST(4 * 1, 4, "version", (PINS - 1) << 16 | VERSION, .region = REGION_REGS),
	CALC(4 * 2, 4, "arb", .region = REGION_REGS, .flags = ROW_PURE, .read = arb_read),
	REG_ARRAY(4 * 0x10, 8, struct ioapic, ioredtbl, .region = REGION_REGS, .reset = RED_MASK,
		  .rw = RED_RW, .hw = RED_REMOTE_IRR, .written = ioredtbl_written),
	CALC(0, 1, "eoi_message", .region = REGION_EOI, .written = eoi_written),
	HID(struct ioapic, ioregsel, .hw = 0xff),
	/* Who drives an input goes on driving it through a reset. */
	HID(struct ioapic, pins, .hw = (1u << PINS) - 1, .flags = ROW_KEEP),
};
/* clang-format on */

static struct dev_class ioapic_class = {
	.name = "ioapic",
	.summary = "82093AA I/O APIC",
	.state_size = sizeof(struct ioapic),
	.regions = ioapic_regions,
	.n_regions = ARRAY_SIZE(ioapic_regions),
	.rows = ioapic_rows,
	.n_rows = ARRAY_SIZE(ioapic_rows),
	.n_inputs = PINS,
	.internal = true,
	.realize = ioapic_realize,
	.valid = ioapic_valid,
	.input = ioapic_input,
};
DEV_REGISTER(ioapic_class)
