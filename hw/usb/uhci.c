/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * piix3-usb-uhci: 82371SB function 2: UHCI controller, two ports.
 *
 * Spec:    Universal Host Controller Interface 1.1; Intel 82371SB, order 290550-002, 2.4, 2.6
 * State:   all registers, frames (uhci_schedule.c), ports with reset, suspend and resume
 * Missing: legacy keyboard traps (LEGSUP's trap and SMI bits are storage), SWDBG's single step,
 *          line status, SOF timing adjustment, isochronous transfers
 * Tests:   tests/hw/uhci.c
 *
 * Time: a frame's work is done at its end, on the virtual clock. When frame after frame nothing
 * happens (descriptors that NAK, and nobody touches a register) they are looked at several at a
 * time, and at once when a device has something to say: QUIET_* below. FRNUM is worked out when
 * read.
 */
#include "hw/usb/uhci.h"

enum { REGION_CONFIG, REGION_IO };
enum {
	PORT_CCS = 1 << 0,
	PORT_CSC = 1 << 1,
	PORT_PE = 1 << 2,
	PORT_PEC = 1 << 3,
	PORT_RD = 1 << 6,
	PORT_ONE = 1 << 7,
	PORT_LS = 1 << 8,
	PORT_PR = 1 << 9,
	PORT_SUSP = 1 << 12,
};
enum { LEGSUP_PIRQEN = 1 << 13 };
enum { FRAME_NS = 1000000, FRNUM_MASK = 0x7ff };
/* Frames that passed in quiet until they are looked at by so many; those left behind that are
 * still carried out. */
enum { QUIET_SOME = 32, QUIET_LONG = 256, QUIET_MAX = 1024 };
enum { GAP_SOME = 4, GAP_LONG = 16, GAP_IDLE = 64, CATCH_UP = GAP_IDLE, MAX_STARTS = 16 };

static struct uhci *uhci_of(const struct dev *d)
{
	return d->state;
}

/* ---- time ---- */

static uint16_t gap_of(const struct uhci *s)
{
	if (s->quiet < QUIET_SOME)
		return 1;
	if (s->quiet < QUIET_LONG)
		return GAP_SOME;
	return s->quiet < QUIET_MAX ? GAP_LONG : GAP_IDLE;
}

/* Frames that have ended since the one that `frnum` names began. */
static int64_t ended(struct dev *d)
{
	const struct uhci *s = d->state;

	return s->cmd & CMD_RS ? (dev_now(d) - s->epoch) / FRAME_NS : 0;
}

static uint16_t frnum_now(struct dev *d)
{
	return (uint16_t)((uhci_of(d)->frnum + ended(d)) & FRNUM_MASK);
}

static void set_timer(struct dev *d, unsigned frames)
{
	struct uhci *s = d->state;

	if (s->cmd & CMD_RS)
		timer_set(d, &s->frame, s->epoch + (int64_t)frames * FRAME_NS);
	else
		timer_cancel(d, &s->frame);
}

/* Frames of one look that were quiet: most of the list leads to the same few places. */
struct batch {
	uint32_t starts[MAX_STARTS];
	unsigned n;
};

static bool known_quiet(const struct batch *b, uint32_t start)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->starts[i] == start)
			return true;
	return false;
}

static void carry_out(struct dev *d, unsigned number, struct batch *b)
{
	struct uhci *s = d->state;
	uint32_t start;

	if (!uhci_start_of(d, number, &start))
		return;
	if (!known_quiet(b, start) && uhci_frame(d, start)) {
		s->quiet = 0;
		b->n = 0;
		return;
	}
	s->quiet = (uint16_t)MIN(s->quiet + 1, QUIET_MAX);
	if (b->n < MAX_STARTS && !known_quiet(b, start))
		b->starts[b->n++] = start;
}

static void frame_fired(struct dev *d, unsigned index)
{
	struct uhci *s = d->state;
	struct batch batch = {.n = 0};
	int64_t n = ended(d);

	(void)index;
	for (int64_t i = MAX(0, n - CATCH_UP); i < n && s->cmd & CMD_RS; i++)
		carry_out(d, (unsigned)(s->frnum + i), &batch);
	s->frnum = (uint16_t)((s->frnum + n) & FRNUM_MASK);
	s->epoch += n * FRAME_NS;
	set_timer(d, gap_of(s));
}

/* Whoever does something now wants it to be seen in the frame that is under way. Those that have
 * passed since the last look were quiet. */
static void look_soon(struct dev *d)
{
	struct uhci *s = d->state;
	int64_t n = ended(d);

	if (!(s->cmd & CMD_RS) || s->quiet < QUIET_SOME)
		return;
	s->quiet = 0;
	s->frnum = frnum_now(d);
	s->epoch += n * FRAME_NS;
	set_timer(d, 1);
}

/* ---- ports: 2.1.7 ---- */

static void port_present(struct uhci *s, const struct usb_port *p)
{
	uint16_t *sc = &s->portsc[p->number], was = *sc;

	*sc = (uint16_t)(was & ~(PORT_CCS | PORT_LS));
	if (p->dev)
		*sc |= PORT_CCS | (usb_low_speed(p->dev) ? PORT_LS : 0);
	else if (was & PORT_PE)
		*sc = (uint16_t)((*sc & ~PORT_PE) | PORT_PEC);
	if ((was ^ *sc) & PORT_CCS)
		*sc |= PORT_CSC;
}

/* Something ends suspend: of all, or of that port. */
static void resume(struct uhci *s, unsigned port)
{
	if (s->cmd & CMD_EGSM)
		s->sts |= STS_RESUME;
	if (s->portsc[port] & PORT_SUSP || s->cmd & CMD_EGSM) {
		s->portsc[port] |= PORT_RD;
		s->sts |= STS_RESUME;
	}
}

static void port_attached(struct usb_port *p)
{
	struct uhci *s = uhci_of(p->owner);

	port_present(s, p);
	if (s->cmd & CMD_EGSM)
		s->sts |= STS_RESUME;
	dev_settle(p->owner);
}

static void port_wake(struct usb_port *p)
{
	struct uhci *s = uhci_of(p->owner);

	if ((s->cmd & CMD_EGSM || s->portsc[p->number] & PORT_SUSP) &&
	    s->portsc[p->number] & PORT_PE && usb_can_wake(p->dev))
		resume(s, p->number);
	look_soon(p->owner);
	dev_settle(p->owner);
}

static bool port_enabled(const struct usb_port *p)
{
	const struct uhci *s = uhci_of(p->owner);
	uint16_t sc = s->portsc[p->number];

	return sc & PORT_PE && !(sc & (PORT_SUSP | PORT_PR));
}

static const struct usb_port_ops port_ops = {
	.attached = port_attached,
	.wake = port_wake,
	.enabled = port_enabled,
};

static void portsc_written(struct dev *d, const struct access *a)
{
	struct uhci_host *h = d->host;
	struct uhci *s = d->state;
	uint16_t *sc = &s->portsc[a->index];
	struct dev *dev = h->ports[a->index].dev;

	if (!(*sc & PORT_CCS) || *sc & PORT_PR)
		*sc &= (uint16_t)~PORT_PE;
	if (*sc & ~a->old & PORT_PR && dev)
		usb_reset(dev);
	if (a->old & ~*sc & PORT_RD) /* the resume that it signalled is over */
		*sc &= (uint16_t)~PORT_SUSP;
	look_soon(d);
}

/* ---- registers: 2.1 ---- */

static void reset_devices(struct dev *d)
{
	struct uhci_host *h = d->host;

	for (unsigned i = 0; i < UHCI_PORTS; i++)
		if (h->ports[i].dev)
			usb_reset(h->ports[i].dev);
}

static void reset_ports(struct dev *d)
{
	struct uhci_host *h = d->host;
	struct uhci *s = d->state;

	for (unsigned i = 0; i < UHCI_PORTS; i++) {
		s->portsc[i] = PORT_ONE;
		port_present(s, &h->ports[i]);
	}
}

/* 2.1.1: HCRESET and GRESET: everything but the PCI side. */
static void controller_reset(struct dev *d)
{
	struct uhci *s = d->state;

	s->cmd = s->intr = s->frnum = 0;
	s->sts = STS_HALTED;
	s->cause = 0;
	s->flbase = 0;
	s->sofmod = 0x40;
	s->quiet = 0;
	timer_cancel(d, &s->frame);
	reset_ports(d);
	reset_devices(d);
}

static void run(struct dev *d, bool on)
{
	struct uhci *s = d->state;

	s->epoch = dev_now(d);
	s->quiet = 0;
	if (on)
		s->sts &= (uint16_t)~STS_HALTED;
	else
		s->sts |= STS_HALTED;
	set_timer(d, 1);
}

static void cmd_written(struct dev *d, const struct access *a)
{
	struct uhci *s = d->state;
	uint16_t was = (uint16_t)a->old;

	if (s->cmd & CMD_HCRESET) {
		controller_reset(d);
		return;
	}
	if (s->cmd & ~was & CMD_GRESET) { /* until the guest clears it */
		controller_reset(d);
		s->cmd = CMD_GRESET;
		return;
	}
	if (was & CMD_RS && !(s->cmd & CMD_RS)) {
		s->cmd |= CMD_RS;
		s->frnum = frnum_now(d);
		s->cmd &= (uint16_t)~CMD_RS;
	}
	if ((was ^ s->cmd) & CMD_RS)
		run(d, s->cmd & CMD_RS);
	look_soon(d);
}

static void sts_written(struct dev *d, const struct access *a)
{
	struct uhci *s = d->state;

	(void)a;
	if (!(s->sts & STS_USBINT))
		s->cause = 0;
	look_soon(d);
}

static uint64_t frnum_read(struct dev *d, const struct access *a)
{
	(void)a;
	return frnum_now(d);
}

/* 2.1.4: only while halted. */
static void frnum_written(struct dev *d, const struct access *a)
{
	struct uhci *s = d->state;

	if (s->cmd & CMD_RS) {
		s->frnum = (uint16_t)a->old;
		dev_guest_error(d, "frnum");
	}
}

static void flbase_written(struct dev *d, const struct access *a)
{
	(void)a;
	look_soon(d);
}

/* ---- life ---- */

static bool wants_interrupt(const struct uhci *s)
{
	if (s->sts & (STS_HOST_ERROR | STS_PROCESS_ERROR))
		return true;
	if (s->sts & STS_ERROR && s->intr & INTR_ERROR)
		return true;
	if (s->sts & STS_RESUME && s->intr & INTR_RESUME)
		return true;
	if (!(s->sts & STS_USBINT))
		return false;
	return (s->cause & CAUSE_IOC && s->intr & INTR_IOC) ||
	       (s->cause & CAUSE_SHORT && s->intr & INTR_SHORT);
}

static void uhci_settle(struct dev *d)
{
	const struct uhci *s = d->state;

	pci_intx(d, wants_interrupt(s) && s->legsup & LEGSUP_PIRQEN);
}

/* "usb.0" for -device …,id=usb; those that nobody named share a series. */
static void bus_name(const struct dev *d, char *name, size_t size)
{
	size_t n = strlen(d->id);
	unsigned nth = dev_nth(d) % 10;

	if (strchr(d->id, '[') || n + 3 > size) {
		memcpy(name, "usb-bus.0", 10);
		name[8] = (char)('0' + nth);
		return;
	}
	memcpy(name, d->id, n);
	memcpy(name + n, ".0", 3);
}

static int uhci_realize(struct dev *d, struct err *e)
{
	struct uhci_host *h = d->host;
	char name[32];

	(void)e;
	for (unsigned i = 0; i < UHCI_PORTS; i++)
		h->ports[i] = (struct usb_port){.owner = d, .number = i, .ops = &port_ops};
	bus_name(d, name, sizeof(name));
	usb_bus_add(&h->bus, d, name, h->ports, UHCI_PORTS);
	return 0;
}

static void uhci_unrealize(struct dev *d)
{
	struct uhci_host *h = d->host;

	usb_bus_remove(&h->bus);
}

static void uhci_reset(struct dev *d)
{
	reset_ports(d);
}

/* The timer runs while frames do; ports show what is on them. */
static bool uhci_valid(const struct dev *d)
{
	const struct uhci_host *h = d->host;
	const struct uhci *s = d->state;
	bool runs = s->cmd & CMD_RS;

	if (runs != timer_pending(&s->frame) || runs == !!(s->sts & STS_HALTED))
		return false;
	if (runs && (s->epoch < 0 || s->epoch > s->frame.deadline ||
		     s->frame.deadline - s->epoch > GAP_IDLE * FRAME_NS))
		return false;
	if (s->cause && !(s->sts & STS_USBINT))
		return false;
	for (unsigned i = 0; i < UHCI_PORTS; i++) {
		const struct dev *on = h->ports[i].dev;
		uint16_t sc = s->portsc[i];

		if (!on != !(sc & PORT_CCS) || (sc & PORT_PE && !on))
			return false;
		if (!!(sc & PORT_LS) != (on && usb_low_speed(on)))
			return false;
	}
	return true;
}

static const struct region uhci_regions[] = {
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_IO] = {.name = "io", .len = 32, .unclaimed = 0xff},
};

/* clang-format off */
static const struct row uhci_rows[] = {
	PCI_ROWS(REGION_CONFIG, struct uhci, pci, 0x8086, 0x7020, 1, 0x0c0300, 0, 4,
		 PCI_COMMAND_IO | PCI_COMMAND_MASTER, 0x0280),
	CONST(0x60, 1, "sbrn", 0x10, .region = REGION_CONFIG),
	REG(0xc0, struct uhci, legsup, .region = REGION_CONFIG, .rw = 0x20bf, .w1c = 0x8f00,
	    .reset = LEGSUP_PIRQEN),
	REG(0x00, struct uhci, cmd, .region = REGION_IO, .rw = 0xff, .written = cmd_written),
	REG(0x02, struct uhci, sts, .region = REGION_IO, .w1c = 0x1f, .hw = STS_HALTED,
	    .reset = STS_HALTED, .written = sts_written),
	REG(0x04, struct uhci, intr, .region = REGION_IO, .rw = 0x0f),
	REG(0x06, struct uhci, frnum, .region = REGION_IO, .rw = FRNUM_MASK, .flags = ROW_PURE,
	    .read = frnum_read, .written = frnum_written),
	REG(0x08, struct uhci, flbase, .region = REGION_IO, .rw = 0xfffff000,
	    .written = flbase_written),
	REG(0x0c, struct uhci, sofmod, .region = REGION_IO, .rw = 0x7f, .reset = 0x40),
	REG_ARRAY(0x10, 2, struct uhci, portsc, .region = REGION_IO,
		  .rw = PORT_PE | PORT_RD | PORT_PR | PORT_SUSP, .w1c = PORT_CSC | PORT_PEC,
		  .hw = PORT_CCS | PORT_LS, .reset = PORT_ONE, .written = portsc_written),
	HID(struct uhci, cause, .hw = CAUSE_IOC | CAUSE_SHORT),
	HID(struct uhci, quiet, .max = QUIET_MAX),
	HID(struct uhci, epoch, .hw = ~0ull),
	TIMER(struct uhci, frame, frame_fired),
};
/* clang-format on */

static const struct pci_info uhci_pci = {
	.config = offsetof(struct uhci, pci),
	.region = REGION_CONFIG,
	.intx = 4,
	.bar[4] = {.size = 32, .region = REGION_IO, .io = true},
	.slot = -1,
};

static struct dev_class uhci_class = {
	.name = "piix3-usb-uhci",
	.summary = "82371SB UHCI USB controller",
	.bus = &pci_bus_type,
	.bus_info = &uhci_pci,
	.state_size = sizeof(struct uhci),
	.host_size = sizeof(struct uhci_host),
	.regions = uhci_regions,
	.n_regions = ARRAY_SIZE(uhci_regions),
	.rows = uhci_rows,
	.n_rows = ARRAY_SIZE(uhci_rows),
	.since = 2,
	.n_lines = 1,
	.realize = uhci_realize,
	.unrealize = uhci_unrealize,
	.reset = uhci_reset,
	.settle = uhci_settle,
	.valid = uhci_valid,
};
DEV_REGISTER(uhci_class)
