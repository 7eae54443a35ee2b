/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-serial: 16550A UART, COM1 to COM4.
 *
 * Spec:    National PC16550D, June 1995, section 8 (registers); as QEMU has it: interrupts are
 *          not gated by OUT2, setting IER.ETBEI with THRE set raises the THRE interrupt
 * State:   registers, receive FIFO with triggers and character timeout, loopback, break
 * Missing: the transmitter takes no time: THRE and TEMT are always set when the guest looks, so
 *          there is no transmit FIFO; DMA mode; parity and framing errors; modem inputs never
 *          change (DSR, CTS and DCD stay on), nor do the delta bits in loopback
 * Tests:   tests/hw/serial.c
 */
#include "base/dev.h"
#include "char/chr.h"

#include <errno.h>

enum { IER_ERBFI = 1 << 0, IER_ETBEI = 1 << 1, IER_ELSI = 1 << 2, IER_EDSSI = 1 << 3 };
enum {
	IIR_MODEM = 0x00,
	IIR_NONE = 0x01,
	IIR_THRE = 0x02,
	IIR_DATA = 0x04,
	IIR_LINE = 0x06,
	IIR_TIMEOUT = 0x0c,
	IIR_FIFO = 0xc0
};
enum {
	FCR_ENABLE = 1 << 0,
	FCR_CLEAR_RX = 1 << 1,
	FCR_CLEAR_TX = 1 << 2,
	FCR_DMA = 1 << 3,
	FCR_TRIGGER = 3 << 6
};
enum { LCR_WLS = 3 << 0, LCR_STB = 1 << 2, LCR_PEN = 1 << 3, LCR_DLAB = 1 << 7 };
enum {
	MCR_DTR = 1 << 0,
	MCR_RTS = 1 << 1,
	MCR_OUT1 = 1 << 2,
	MCR_OUT2 = 1 << 3,
	MCR_LOOP = 1 << 4,
	MCR_ALL = 0x1f
};
enum { LSR_DR = 1 << 0, LSR_OE = 1 << 1, LSR_BI = 1 << 4, LSR_THRE = 1 << 5, LSR_TEMT = 1 << 6 };
enum { MSR_DELTAS = 0x0f, MSR_CTS = 1 << 4, MSR_DSR = 1 << 5, MSR_RI = 1 << 6, MSR_DCD = 1 << 7 };

struct serial {
	uint16_t divisor;
	uint8_t rbr, ier, fcr, lcr, mcr, lsr, msr, scr;
	uint8_t thre_pending;    /* the THRE interrupt waits for IIR read or THR write */
	uint8_t timeout_pending; /* the character timeout interrupt, until RBR read */
	uint8_t fifo[16];
	uint32_t fifo_len;
	struct dev_timer timeout;
};

#define INDEX_NEXT 255
struct serial_host {
	uint8_t index;
	uint32_t iobase, irq;
	struct chr *chr;
};

/* ---- interrupts ---- */

static unsigned trigger(const struct serial *s)
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	return levels[s->fcr >> 6];
}

/* Table 4 of the data sheet: highest priority first. */
static uint8_t cause(const struct serial *s)
{
	bool data = s->ier & IER_ERBFI;

	if (s->ier & IER_ELSI && s->lsr & (LSR_OE | LSR_BI))
		return IIR_LINE;
	if (data && s->timeout_pending)
		return IIR_TIMEOUT;
	if (data && s->lsr & LSR_DR && (!(s->fcr & FCR_ENABLE) || s->fifo_len >= trigger(s)))
		return IIR_DATA;
	if (s->ier & IER_ETBEI && s->thre_pending)
		return IIR_THRE;
	if (s->ier & IER_EDSSI && s->msr & MSR_DELTAS)
		return IIR_MODEM;
	return IIR_NONE;
}

/* ---- receiver ---- */

/* 4 character times: start, 5 to 8 data, parity, 1 or 2 stop bits at 115200 / divisor baud. */
static int64_t timeout_ns(const struct serial *s)
{
	unsigned bits = 1 + 5 + (s->lcr & LCR_WLS) + (s->lcr & LCR_STB ? 2 : 1) +
			(s->lcr & LCR_PEN ? 1 : 0);
	unsigned divisor = s->divisor ? s->divisor : 0x10000;

	return (int64_t)muldiv64(4ull * bits * divisor, NS_PER_SEC, 115200);
}

static void fifo_clear(struct dev *d)
{
	struct serial *s = d->state;

	s->fifo_len = 0;
	s->timeout_pending = 0;
	s->lsr &= (uint8_t) ~(LSR_DR | LSR_BI);
	timer_cancel(d, &s->timeout);
}

/* An overrun loses the byte that comes with a FIFO, the one that was there without (8.6.3). */
static void receive_byte(struct dev *d, uint8_t byte)
{
	struct serial *s = d->state;

	if (s->fcr & FCR_ENABLE) {
		if (s->fifo_len < sizeof(s->fifo))
			s->fifo[s->fifo_len++] = byte;
		else
			s->lsr |= LSR_OE;
		timer_set(d, &s->timeout, dev_now(d) + timeout_ns(s));
	} else {
		if (s->lsr & LSR_DR)
			s->lsr |= LSR_OE;
		s->rbr = byte;
	}
	s->lsr |= LSR_DR;
}

static void timeout_fired(struct dev *d, unsigned index)
{
	struct serial *s = d->state;

	(void)index;
	s->timeout_pending = 1;
}

static uint64_t rbr_read(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	uint8_t byte = s->rbr;

	(void)a;
	if (!(s->fcr & FCR_ENABLE)) {
		s->lsr &= (uint8_t) ~(LSR_DR | LSR_BI);
		return byte;
	}
	if (!s->fifo_len)
		return 0;
	byte = s->fifo[0];
	memmove(s->fifo, s->fifo + 1, --s->fifo_len);
	s->timeout_pending = 0;
	if (s->fifo_len)
		timer_set(d, &s->timeout, dev_now(d) + timeout_ns(s));
	else
		fifo_clear(d);
	return byte;
}

/* Up to the trigger level at a stretch, then one at a time, so that a fast peer does not fill the
 * FIFO before the guest can react. In loopback SIN is off. */
static size_t chr_can_read(void *arg)
{
	struct dev *d = arg;
	const struct serial *s = d->state;

	if (s->mcr & MCR_LOOP)
		return 0;
	if (!(s->fcr & FCR_ENABLE))
		return !(s->lsr & LSR_DR);
	if (s->fifo_len < trigger(s))
		return trigger(s) - s->fifo_len;
	return s->fifo_len > trigger(s) && s->fifo_len < sizeof(s->fifo);
}

static void chr_read(void *arg, const uint8_t *buf, size_t len)
{
	struct dev *d = arg;

	for (size_t i = 0; i < len; i++)
		receive_byte(d, buf[i]);
	dev_settle(d);
}

static void chr_event(void *arg, enum chr_event ev)
{
	struct dev *d = arg;
	struct serial *s = d->state;

	if (ev != CHR_BREAK || s->mcr & MCR_LOOP)
		return;
	receive_byte(d, 0);
	s->lsr |= LSR_BI;
	dev_settle(d);
}

/* ---- transmitter and the other registers ---- */

static void thr_written(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	const struct serial_host *h = d->host;
	bool was = cause(s) != IIR_NONE, dropped;
	uint8_t byte = (uint8_t)a->val;

	s->thre_pending = 0;
	dropped = was && cause(s) == IIR_NONE;
	if (s->mcr & MCR_LOOP)
		receive_byte(d, byte);
	else if (h->chr)
		chr_write(h->chr, &byte, 1);
	s->thre_pending = 1;
	/* It is sent before the write returns, but the line did go low in between. */
	if (dropped && cause(s) != IIR_NONE)
		dev_pulse(d, 0);
}

/* Windows counts on this: enabling the interrupt while THRE is set raises it. */
static void ier_written(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;

	if ((a->old ^ s->ier) & IER_ETBEI)
		s->thre_pending = !!(s->ier & IER_ETBEI);
}

static uint64_t iir_read(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	uint8_t iir = cause(s);

	(void)a;
	if (iir == IIR_THRE)
		s->thre_pending = 0;
	return s->fcr & FCR_ENABLE ? iir | IIR_FIFO : iir;
}

static void fcr_written(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	uint64_t clear = a->val;

	if ((a->old ^ s->fcr) & FCR_ENABLE)
		clear |= FCR_CLEAR_RX | FCR_CLEAR_TX;
	if (clear & FCR_CLEAR_RX)
		fifo_clear(d);
	if (clear & FCR_CLEAR_TX)
		s->thre_pending = 1;
}

static uint64_t lsr_read(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	uint8_t lsr = s->lsr;

	(void)a;
	s->lsr &= (uint8_t) ~(LSR_OE | LSR_BI);
	return lsr;
}

static uint64_t msr_read(struct dev *d, const struct access *a)
{
	struct serial *s = d->state;
	uint8_t msr = s->msr;

	(void)a;
	if (s->mcr & MCR_LOOP)
		return (s->mcr & MCR_RTS ? MSR_CTS : 0u) | (s->mcr & MCR_DTR ? MSR_DSR : 0u) |
		       (s->mcr & MCR_OUT1 ? MSR_RI : 0u) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0u);
	s->msr &= (uint8_t)~MSR_DELTAS;
	return msr;
}

/* ---- the device ---- */

static bool dlab(const struct dev *d)
{
	const struct serial *s = d->state;

	return s->lcr & LCR_DLAB;
}

static void serial_settle(struct dev *d)
{
	const struct serial *s = d->state;
	const struct serial_host *h = d->host;

	dev_line(d, 0, cause(s) != IIR_NONE);
	if (h->chr)
		chr_kick(h->chr); /* there may be room again */
}

static bool serial_valid(const struct dev *d)
{
	const struct serial *s = d->state;
	bool waiting = timer_pending(&s->timeout);

	if (!(s->fcr & FCR_ENABLE))
		return !s->fifo_len && !s->timeout_pending && !waiting &&
		       (s->lsr & LSR_DR || !(s->lsr & LSR_BI));
	/* Bytes wait: the time runs, or it has run out. */
	if (s->fifo_len)
		return s->lsr & LSR_DR && (waiting || s->timeout_pending);
	return !(s->lsr & (LSR_DR | LSR_BI)) && !s->timeout_pending && !waiting;
}

static int serial_realize(struct dev *d, struct err *e)
{
	static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	static const uint8_t irqs[] = {4, 3, 4, 3};
	struct serial_host *h = d->host;
	const struct chr_client client = {
		.can_read = chr_can_read, .read = chr_read, .event = chr_event, .arg = d};

	if (h->index == INDEX_NEXT)
		h->index = dev_nth(d);
	if (h->index >= ARRAY_SIZE(ports))
		return err_set(e, -EINVAL, "there are 4 ISA serial ports, 0 to 3, no %u",
			       (unsigned)h->index);
	if (!h->iobase)
		h->iobase = ports[h->index];
	if (!h->irq)
		h->irq = irqs[h->index];
	dev_window(d, 0, 0, 0, 8, SPACE_IO, h->iobase);
	dev_line_to(d, 0, LINE_ISA, h->irq);
	if (h->chr)
		chr_attach(h->chr, &client);
	return 0;
}

static void serial_unrealize(struct dev *d)
{
	struct serial_host *h = d->host;

	if (h->chr)
		chr_attach(h->chr, NULL);
}

static const struct region serial_regions[] = {
	{.name = "io", .len = 8, .sizes = 1, .other = OTHER_SPLIT},
};

/* clang-format off */
static const struct row serial_rows[] = {
	REG(0, struct serial, divisor, .rw = 0xffff, .reset = 12, .when = dlab),
	REG(0, struct serial, rbr, .flags = ROW_RD, .hw = 0xff, .read = rbr_read),
	CALC(0, 1, "thr", .flags = ROW_WR, .written = thr_written),
	REG(1, struct serial, ier, .rw = IER_ERBFI | IER_ETBEI | IER_ELSI | IER_EDSSI,
	    .written = ier_written),
	CALC(2, 1, "iir", .flags = ROW_RD, .read = iir_read),
	REG(2, struct serial, fcr, .flags = ROW_WR, .rw = FCR_ENABLE | FCR_DMA | FCR_TRIGGER,
	    .written = fcr_written),
	REG(3, struct serial, lcr, .rw = 0xff),
	REG(4, struct serial, mcr, .rw = MCR_ALL, .reset = MCR_OUT2),
	REG(5, struct serial, lsr, .hw = LSR_DR | LSR_OE | LSR_BI, .reset = LSR_THRE | LSR_TEMT,
	    .read = lsr_read),
	REG(6, struct serial, msr, .hw = MSR_DELTAS, .reset = MSR_DCD | MSR_DSR | MSR_CTS,
	    .read = msr_read),
	REG(7, struct serial, scr, .rw = 0xff),
	HID(struct serial, thre_pending, .max = 1),
	HID(struct serial, timeout_pending, .max = 1),
	BUF(struct serial, fifo, fifo_len),
	HID(struct serial, fifo_len, .max = 16),
	TIMER(struct serial, timeout, timeout_fired),
};
/* clang-format on */

static const struct prop serial_props[] = {
	{"index", PROP_U8, offsetof(struct serial_host, index), "255",
	 "0 to 3: COM1 to COM4; 255: the next one", 0},
	{"iobase", PROP_U32, offsetof(struct serial_host, iobase), NULL, "port; 0: by index",
	 0xfff8},
	{"irq", PROP_U32, offsetof(struct serial_host, irq), NULL, "ISA IRQ; 0: by index", 15},
	{"chardev", PROP_CHR, offsetof(struct serial_host, chr), NULL, "what the line leads to", 0},
};

static struct dev_class serial_class = {
	.name = "isa-serial",
	.summary = "16550A serial port",
	.state_size = sizeof(struct serial),
	.host_size = sizeof(struct serial_host),
	.regions = serial_regions,
	.n_regions = ARRAY_SIZE(serial_regions),
	.rows = serial_rows,
	.n_rows = ARRAY_SIZE(serial_rows),
	.props = serial_props,
	.n_props = ARRAY_SIZE(serial_props),
	.n_lines = 1,
	.realize = serial_realize,
	.unrealize = serial_unrealize,
	.settle = serial_settle,
	.valid = serial_valid,
};
DEV_REGISTER(serial_class)
