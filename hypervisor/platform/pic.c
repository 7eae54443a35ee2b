/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-pic: the pair of 8259A interrupt controllers, and the ELCR of the south bridge.
 *
 * Spec:    Intel 8259A, order 231468-003; ELCR: Intel 82371SB, 2.5.3
 * State:   ICW1-4, OCW1-3, rotation, special mask, poll, automatic EOI, special fully nested
 *          mode, cascade, spurious IR7, level inputs by ELCR
 * Missing: MCS-80 mode; ICW1.LTIM (as on PIIX3, ELCR rules); ICW3 (the wiring is fixed)
 * Tests:   tests/hw/pic.c
 *
 * The core's acknowledge cycle is a read of region "inta"; line 0 is INTR, the inputs are the ISA
 * interrupts. An edge that was seen stays requested when its input falls before the
 * acknowledge: sources here may pulse in no time at all.
 */
#include "base/dev.h"

enum { ICW1_IC4 = 1 << 0, ICW1_SNGL = 1 << 1, ICW1 = 1 << 4 };
enum { ICW4_AEOI = 1 << 1, ICW4_SFNM = 1 << 4, ICW4_MASK = 0x1f };
enum { OCW2_EOI = 1 << 5, OCW2_SL = 1 << 6, OCW2_R = 1 << 7, OCW2_LEVEL = 7 };
enum {
	OCW3_RIS = 1 << 0,
	OCW3_RR = 1 << 1,
	OCW3_P = 1 << 2,
	OCW3 = 1 << 3,
	OCW3_SMM = 1 << 5,
	OCW3_ESMM = 1 << 6,
};
enum {
	MODE_READ_ISR = 1 << 0,
	MODE_POLL = 1 << 1,
	MODE_SPECIAL_MASK = 1 << 2,
	MODE_ROTATE_AEOI = 1 << 3,
	MODE_MASK = 15,
};
enum { POLL_INT = 1 << 7, SPURIOUS = 7, CASCADE = 2, NONE = -1 };
enum { MASTER, SLAVE };
enum { REGION_MASTER = MASTER, REGION_SLAVE = SLAVE, REGION_ELCR, REGION_INTA };
/* Timer, keyboard, cascade, RTC and FPU cannot be level inputs. */
enum { ELCR1_MASK = 0xf8, ELCR2_MASK = 0xde };

struct chip {
	uint8_t pins;  /* levels of IR0-7 */
	uint8_t edges; /* rising edges not yet acknowledged */
	uint8_t imr, isr;
	uint8_t lowest; /* the IR of lowest priority */
	uint8_t base;   /* vector of IR0 */
	uint8_t step;   /* the ICW that is awaited, 2-4; 0 = none */
	uint8_t icw1, icw4, mode;
};

struct pic {
	struct chip chip[2];
	uint8_t elcr1, elcr2;
};

static int chip_pending(const struct pic *s, unsigned n);

static uint8_t chip_elcr(const struct pic *s, unsigned n)
{
	return n == MASTER ? s->elcr1 : s->elcr2;
}

static uint8_t chip_irr(const struct pic *s, unsigned n)
{
	const struct chip *c = &s->chip[n];
	uint8_t level = chip_elcr(s, n);
	unsigned irr = (c->edges & ~level) | (c->pins & level);

	if (n == MASTER && chip_pending(s, SLAVE) != NONE)
		irr |= 1 << CASCADE;
	return (uint8_t)irr;
}

/* Levels in service that hold others back. */
static unsigned chip_blocking(const struct pic *s, unsigned n)
{
	const struct chip *c = &s->chip[n];
	unsigned isr = c->isr;

	if (c->mode & MODE_SPECIAL_MASK)
		isr &= ~(unsigned)c->imr;
	if (n == MASTER && c->icw4 & ICW4_SFNM)
		isr &= ~(1u << CASCADE);
	return isr;
}

/* The first bit of `set` in order of priority. */
static int chip_first(const struct chip *c, unsigned set)
{
	for (unsigned i = 1; i <= 8; i++)
		if (set >> ((c->lowest + i) & 7) & 1)
			return (int)((c->lowest + i) & 7);
	return NONE;
}

static int chip_pending(const struct pic *s, unsigned n)
{
	const struct chip *c = &s->chip[n];
	unsigned requests = chip_irr(s, n) & ~(unsigned)c->imr, blocking = chip_blocking(s, n);
	int first = chip_first(c, requests | blocking);

	return first == NONE || blocking >> first & 1 ? NONE : first;
}

static void chip_acked(struct chip *c, int irq)
{
	c->edges = (uint8_t)(c->edges & ~(1 << irq));
	if (!(c->icw4 & ICW4_AEOI))
		c->isr = (uint8_t)(c->isr | 1 << irq);
	else if (c->mode & MODE_ROTATE_AEOI)
		c->lowest = (uint8_t)irq;
}

/* The interrupt acknowledge cycle: the vector, in service from here on. When the request has gone
 * away meanwhile it is the master's IR7. */
static uint64_t inta_read(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;
	struct chip *c = &s->chip[MASTER];
	int irq = chip_pending(s, MASTER);

	(void)a;
	if (irq == CASCADE) {
		irq = chip_pending(s, SLAVE);
		chip_acked(c, CASCADE);
		c = &s->chip[SLAVE];
	}
	if (irq == NONE)
		return c->base + SPURIOUS;
	chip_acked(c, irq);
	return c->base + (unsigned)irq;
}

/* ---- commands ---- */

static void icw1_written(struct chip *c, uint8_t v)
{
	*c = (struct chip){.pins = c->pins, .base = c->base, .lowest = 7, .icw1 = v, .step = 2};
}

/* Non-specific EOI ends the level of highest priority; one that is masked in special mask mode is
 * out of its reach. */
static void ocw2_written(struct chip *c, uint8_t v)
{
	int irq = v & OCW2_LEVEL;

	if (!(v & (OCW2_EOI | OCW2_SL))) {
		c->mode &= (uint8_t)~MODE_ROTATE_AEOI;
		c->mode |= v & OCW2_R ? MODE_ROTATE_AEOI : 0;
		return;
	}
	if (!(v & OCW2_SL))
		irq = chip_first(c, c->isr & ~(c->mode & MODE_SPECIAL_MASK ? c->imr : 0u));
	if (irq == NONE)
		return;
	if (v & OCW2_EOI)
		c->isr = (uint8_t)(c->isr & ~(1 << irq));
	if (v & OCW2_R)
		c->lowest = (uint8_t)irq;
}

static void ocw3_written(struct chip *c, uint8_t v)
{
	if (v & OCW3_P)
		c->mode |= MODE_POLL;
	if (v & OCW3_RR) {
		c->mode &= (uint8_t)~MODE_READ_ISR;
		c->mode |= v & OCW3_RIS ? MODE_READ_ISR : 0;
	}
	if (v & OCW3_ESMM) {
		c->mode &= (uint8_t)~MODE_SPECIAL_MASK;
		c->mode |= v & OCW3_SMM ? MODE_SPECIAL_MASK : 0;
	}
}

static void command_written(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;
	struct chip *c = &s->chip[a->region];
	uint8_t v = (uint8_t)a->val;

	if (v & ICW1)
		icw1_written(c, v);
	else if (v & OCW3)
		ocw3_written(c, v);
	else
		ocw2_written(c, v);
}

static void data_written(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;
	struct chip *c = &s->chip[a->region];
	uint8_t v = (uint8_t)a->val, last = c->icw1 & ICW1_IC4 ? 4 : 0;

	switch (c->step) {
	case 0:
		c->imr = v;
		break;
	case 2:
		c->base = v & 0xf8;
		c->step = c->icw1 & ICW1_SNGL ? last : 3;
		break;
	case 3:
		c->step = last;
		break;
	default:
		c->icw4 = v & ICW4_MASK;
		c->step = 0;
	}
}

/* A read after the poll command is an acknowledge cycle of this chip alone. */
static uint8_t poll_read(struct pic *s, unsigned n)
{
	int irq = chip_pending(s, n);

	s->chip[n].mode &= (uint8_t)~MODE_POLL;
	if (irq == NONE)
		return 0;
	chip_acked(&s->chip[n], irq);
	return (uint8_t)(POLL_INT | irq);
}

static uint64_t command_read(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;
	const struct chip *c = &s->chip[a->region];

	if (c->mode & MODE_POLL)
		return poll_read(s, a->region);
	return c->mode & MODE_READ_ISR ? c->isr : chip_irr(s, a->region);
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;
	const struct chip *c = &s->chip[a->region];

	return c->mode & MODE_POLL ? poll_read(s, a->region) : c->imr;
}

/* ---- inputs and output ---- */

static void pic_input(struct dev *d, unsigned pin, bool level)
{
	struct pic *s = d->state;
	struct chip *c = &s->chip[pin >> 3];
	unsigned bit = 1u << (pin & 7);

	if (level)
		c->edges |= (uint8_t)(bit & ~(unsigned)c->pins & ~(unsigned)chip_elcr(s, pin >> 3));
	c->pins = (uint8_t)(level ? c->pins | bit : c->pins & ~bit);
}

/* An input that becomes a level input has no edge to remember. */
static void elcr_written(struct dev *d, const struct access *a)
{
	struct pic *s = d->state;

	(void)a;
	s->chip[MASTER].edges &= (uint8_t)~s->elcr1;
	s->chip[SLAVE].edges &= (uint8_t)~s->elcr2;
}

static void pic_settle(struct dev *d)
{
	dev_line(d, 0, chip_pending(d->state, MASTER) != NONE);
}

static bool pic_valid(const struct dev *d)
{
	const struct pic *s = d->state;

	for (unsigned n = MASTER; n <= SLAVE; n++)
		if (s->chip[n].step == 1 || s->chip[n].edges & chip_elcr(s, n))
			return false;
	return true;
}

static int pic_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_LOCAL, 0);
	dev_window(d, 0, REGION_MASTER, 0, 2, SPACE_IO, 0x20);
	dev_window(d, 1, REGION_SLAVE, 0, 2, SPACE_IO, 0xa0);
	dev_window(d, 2, REGION_ELCR, 0, 2, SPACE_IO, 0x4d0);
	return 0;
}

static const struct region pic_regions[] = {
	[REGION_MASTER] = {.name = "master", .len = 2, .sizes = 1},
	[REGION_SLAVE] = {.name = "slave", .len = 2, .sizes = 1},
	[REGION_ELCR] = {.name = "elcr", .len = 2, .sizes = 1},
	[REGION_INTA] = {.name = "inta", .len = 1, .sizes = 1},
};

/* clang-format off */
static const struct row pic_rows[] = {
	CALC(0, 1, "master.command", .region = REGION_MASTER,
	     .read = command_read, .written = command_written),
	CALC(1, 1, "master.data", .region = REGION_MASTER,
	     .read = data_read, .written = data_written),
	CALC(0, 1, "slave.command", .region = REGION_SLAVE,
	     .read = command_read, .written = command_written),
	CALC(1, 1, "slave.data", .region = REGION_SLAVE,
	     .read = data_read, .written = data_written),
	REG(0, struct pic, elcr1, .region = REGION_ELCR, .rw = ELCR1_MASK, .written = elcr_written),
	REG(1, struct pic, elcr2, .region = REGION_ELCR, .rw = ELCR2_MASK, .written = elcr_written),
	CALC(0, 1, "inta", .region = REGION_INTA, .read = inta_read),
	/* Who drives an input goes on driving it through a reset. */
	HID_EACH(struct pic, chip, pins, .hw = 0xff, .flags = ROW_KEEP),
	HID_EACH(struct pic, chip, edges, .hw = 0xff),
	HID_EACH(struct pic, chip, imr, .hw = 0xff),
	HID_EACH(struct pic, chip, isr, .hw = 0xff),
	HID_EACH(struct pic, chip, lowest, .max = 7, .reset = 7),
	HID_EACH(struct pic, chip, base, .hw = 0xf8),
	HID_EACH(struct pic, chip, step, .max = 4),
	HID_EACH(struct pic, chip, icw1, .hw = 0xff),
	HID_EACH(struct pic, chip, icw4, .hw = ICW4_MASK),
	HID_EACH(struct pic, chip, mode, .hw = MODE_MASK),
};
/* clang-format on */

static struct dev_class pic_class = {
	.name = "isa-pic",
	.summary = "8259A interrupt controller pair",
	.state_size = sizeof(struct pic),
	.regions = pic_regions,
	.n_regions = ARRAY_SIZE(pic_regions),
	.rows = pic_rows,
	.n_rows = ARRAY_SIZE(pic_rows),
	.n_lines = 1,
	.n_inputs = 16,
	.internal = true,
	.realize = pic_realize,
	.settle = pic_settle,
	.valid = pic_valid,
	.input = pic_input,
};
DEV_REGISTER(pic_class)
