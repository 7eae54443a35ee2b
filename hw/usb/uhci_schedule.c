/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/usb/uhci_schedule.c: one frame of a UHCI: frame list, queue heads, transfer descriptors.
 *
 * Spec: Universal Host Controller Interface 1.1: 3 (data structures, schedule), 4 (interrupts)
 *
 * All that is read here is the guest's and may change at any time, or lie: each structure is
 * copied once and looked at in the copy; a frame ends when its bytes are spent, when its links go
 * in a circle in which nothing is transferred, or after MAX_STEPS.
 */
#include "hw/usb/uhci.h"

enum { LINK_END = 1 << 0, LINK_QUEUE = 1 << 1, LINK_DEPTH = 1 << 2 };
enum {
	TD_ACTLEN = 0x7ff,
	TD_TIMEOUT = 1 << 18,
	TD_NAK = 1 << 19,
	TD_BABBLE = 1 << 20,
	TD_STALLED = 1 << 22,
	TD_ACTIVE = 1 << 23,
	TD_IOC = 1 << 24,
	TD_ERRORS = 3 << 27,
	TD_ONE_ERROR = 1 << 27,
	TD_SHORT = 1 << 29,
};
enum { FRAME_BYTES = 1280, PACKET_COST = 13, MAX_PACKET = 1280, MAX_STEPS = 1024, MAX_SEEN = 64 };

struct td {
	uint32_t link, ctrl, token, buffer;
};
struct frame {
	struct dev *d;
	struct uhci *s;
	unsigned spent, steps;
	uint32_t seen[MAX_SEEN]; /* queues passed since the last transfer */
	unsigned n_seen;
	bool happened;
};
enum outcome { TD_DONE, TD_STAYS, TD_HALT };

static uint64_t address(uint32_t link)
{
	return link & ~15u;
}

/* The controller stops: 2.1.2, bits 3 and 4. */
static void halt(struct frame *f, uint16_t why, const char *what)
{
	f->s->cmd &= (uint16_t)~CMD_RS;
	f->s->sts |= why | STS_HALTED;
	f->happened = true;
	dev_guest_error(f->d, what);
}

static bool fetch(struct frame *f, uint64_t gpa, uint32_t *v, unsigned n)
{
	uint8_t raw[16];

	if (dma_read(f->d, gpa, raw, 4 * n) < 0) {
		halt(f, STS_HOST_ERROR, "schedule outside RAM");
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		v[i] = (uint32_t)load_le(raw + 4 * i, 4);
	return true;
}

static bool store(struct frame *f, uint64_t gpa, uint32_t v)
{
	uint8_t raw[4];

	store_le(raw, 4, v);
	f->happened = true;
	if (dma_write(f->d, gpa, raw, 4) < 0) {
		halt(f, STS_HOST_ERROR, "schedule outside RAM");
		return false;
	}
	return true;
}

static void interrupt(struct frame *f, uint16_t sts, uint8_t cause)
{
	f->s->sts |= sts;
	f->s->cause |= cause;
	f->happened = true;
}

/* ---- one transfer descriptor ---- */

/* 7ff means none; more than 500 is illegal. */
static bool length_of(const struct td *td, unsigned *len)
{
	*len = ((td->token >> 21) + 1) & 0x7ff;
	return *len <= MAX_PACKET;
}

/* The transaction on the bus: bytes or a usb_result. false: the buffer is nowhere. */
static bool transact(struct frame *f, const struct td *td, unsigned len, int *result)
{
	struct uhci_host *h = f->d->host;
	enum usb_pid pid = td->token & 0xff;
	struct dev *to = usb_find(&h->bus, td->token >> 8 & 0x7f);
	unsigned endpoint = td->token >> 15 & 15;
	uint8_t buf[MAX_PACKET];

	*result = USB_NODEV;
	f->spent += PACKET_COST;
	if (pid != USB_IN && len && dma_read(f->d, td->buffer, buf, len) < 0)
		return false;
	if (to)
		*result = usb_token(to, pid, endpoint, buf, len);
	if (pid != USB_IN || *result <= 0)
		return true;
	return dma_write(f->d, td->buffer, buf, (size_t)*result) >= 0;
}

/* Nobody answered: three strikes, or as many as there are when it began with none. */
static uint32_t timed_out(uint32_t ctrl)
{
	ctrl = (ctrl & ~(uint32_t)TD_NAK) | TD_TIMEOUT;
	if (!(ctrl & TD_ERRORS))
		return ctrl;
	ctrl -= TD_ONE_ERROR;
	if (!(ctrl & TD_ERRORS))
		ctrl = (ctrl & ~(uint32_t)TD_ACTIVE) | TD_STALLED;
	return ctrl;
}

static uint32_t done(uint32_t ctrl, int result)
{
	ctrl &= ~(uint32_t)(TD_ACTIVE | TD_NAK | TD_TIMEOUT | TD_ACTLEN);
	return ctrl | (((uint32_t)result - 1) & TD_ACTLEN);
}

static uint32_t status_after(uint32_t ctrl, int result)
{
	switch (result) {
	case USB_NAK:
		return ctrl | TD_NAK;
	case USB_STALL:
		return (ctrl & ~(uint32_t)(TD_ACTIVE | TD_NAK)) | TD_STALLED;
	case USB_BABBLE:
		return (ctrl & ~(uint32_t)(TD_ACTIVE | TD_NAK)) | TD_STALLED | TD_BABBLE;
	case USB_NODEV:
		return timed_out(ctrl);
	default:
		return done(ctrl, result);
	}
}

static enum outcome conclude(struct frame *f, const struct td *td, uint64_t at, unsigned len,
			     int result)
{
	uint32_t ctrl = status_after(td->ctrl, result);
	bool in = (td->token & 0xff) == USB_IN, over = !(ctrl & TD_ACTIVE);

	if (ctrl != td->ctrl && !store(f, at + 4, ctrl))
		return TD_HALT;
	if (over && td->ctrl & TD_IOC)
		interrupt(f, STS_USBINT, CAUSE_IOC);
	if (over && ctrl & TD_STALLED)
		interrupt(f, STS_ERROR, 0);
	if (result < 0)
		return TD_STAYS;
	f->spent += (unsigned)result;
	f->n_seen = 0;
	if (in && (unsigned)result < len && td->ctrl & TD_SHORT) {
		interrupt(f, STS_USBINT, CAUSE_SHORT);
		return TD_STAYS; /* the queue waits for the driver: 3.2.2, SPD */
	}
	return TD_DONE;
}

static enum outcome run_td(struct frame *f, uint64_t at, struct td *td)
{
	uint32_t raw[4];
	enum usb_pid pid;
	unsigned len;
	int result;

	if (!fetch(f, at, raw, 4))
		return TD_HALT;
	*td = (struct td){raw[0], raw[1], raw[2], raw[3]};
	if (!(td->ctrl & TD_ACTIVE)) {
		if (td->ctrl & TD_IOC) /* 3.2.2: also then */
			interrupt(f, STS_USBINT, CAUSE_IOC);
		return TD_STAYS;
	}
	pid = td->token & 0xff;
	if ((pid != USB_IN && pid != USB_OUT && pid != USB_SETUP) || !length_of(td, &len)) {
		halt(f, STS_PROCESS_ERROR, "transfer descriptor");
		return TD_HALT;
	}
	if (!transact(f, td, len, &result)) {
		halt(f, STS_HOST_ERROR, "buffer outside RAM");
		return TD_HALT;
	}
	return conclude(f, td, at, len, result);
}

/* ---- queues: 3.4.2 ---- */

/* Been here since the last transfer: the circle that drivers make to use up the frame. */
static bool circled(struct frame *f, uint32_t link)
{
	for (unsigned i = 0; i < f->n_seen; i++)
		if (f->seen[i] == link)
			return true;
	if (f->n_seen == MAX_SEEN)
		return true;
	f->seen[f->n_seen++] = link;
	return false;
}

static bool over(const struct frame *f)
{
	return f->spent >= FRAME_BYTES || f->steps >= MAX_STEPS;
}

/* Down the queue as long as its descriptors say so; the link to go on with. */
static uint32_t run_queue(struct frame *f, uint64_t at)
{
	uint32_t qh[2], element;
	struct td td;

	if (!fetch(f, at, qh, 2))
		return LINK_END;
	for (element = qh[1]; !(element & LINK_END) && !over(f); element = td.link) {
		enum outcome r;

		f->steps++;
		if (element & LINK_QUEUE)
			return element;
		r = run_td(f, address(element), &td);
		if (r == TD_HALT)
			return LINK_END;
		if (r == TD_STAYS)
			break;
		if (!store(f, at + 4, td.link))
			return LINK_END;
		if (!(td.link & LINK_DEPTH))
			break;
	}
	return qh[0];
}

bool uhci_start_of(struct dev *d, unsigned number, uint32_t *link)
{
	struct frame f = {.d = d, .s = d->state};

	return fetch(&f, f.s->flbase + 4 * (uint64_t)(number & 0x3ff), link, 1);
}

bool uhci_frame(struct dev *d, uint32_t link)
{
	struct frame f = {.d = d, .s = d->state};

	while (!(link & LINK_END) && !over(&f)) {
		struct td td;

		f.steps++;
		if (link & LINK_QUEUE) {
			if (circled(&f, link))
				break;
			link = run_queue(&f, address(link));
		} else {
			link = run_td(&f, address(link), &td) == TD_HALT ? LINK_END : td.link;
		}
	}
	if (f.steps >= MAX_STEPS)
		dev_guest_error(d, "endless schedule");
	return f.happened;
}
