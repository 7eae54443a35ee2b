/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/e1000_tx.c: the transmit ring: legacy, context and data descriptors,
 * checksums, segmentation, VLAN tags.
 *
 * A descriptor is copied once. A write of TDT sends about WORK frames; what
 * is left goes on from a timer, so a ring cannot hold the machine.
 *
 * Spec: 8254x Software Developer's Manual, 3.3 to 3.6.
 */
#include "hw/net/e1000.h"

#define state_of(d) ((struct e1000 *)(d)->state)
#define DESC        16
#define WORK        256
#define AGAIN_NS    1000
#define MSS_MIN     32 /* a smaller one would make thousands of frames of one */

enum { /* command byte, bits 24-31 of the third word */
       CMD_EOP = 1 << 24,
       CMD_IC = 1 << 26,  /* legacy: insert checksum */
       CMD_TSE = 1 << 26, /* data, context: segmentation */
       CMD_RS = 1 << 27,
       CMD_RPS = 1 << 28,
       CMD_DEXT = 1 << 29,
       CMD_VLE = 1 << 30,
       CMD_IDE = 1u << 31,
       DTYP_DATA = 1 << 20,
       DTYP = 0xf << 20,
       LENGTH = 0xfffff,
};
enum { POPTS_IXSM = 1, POPTS_TXSM = 2 };
enum { TUCMD_TCP = 1, TUCMD_IP = 2 };
enum { FIN = 1, PSH = 8 };

struct desc {
	uint64_t at, buf;
	uint32_t cmd, upper; /* the third and fourth word */
};

static unsigned get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void add32(uint8_t *p, uint32_t n)
{
	n += (uint32_t)get16(p) << 16 | get16(p + 2);
	put16(p, n >> 16);
	put16(p + 2, n & 0xffff);
}

/* ---- out */

/* tag: 802.1Q's second word, -1 = none */
static unsigned emit(struct dev *d, const uint8_t *frame, size_t len, int tag)
{
	struct e1000 *s = d->state;
	uint8_t out[TX_MAX + 4] = {0};
	size_t head = tag >= 0 ? 12 : 0, total;

	if (len < 14)
		return 1;
	if (tag >= 0) {
		memcpy(out, frame, 12);
		put16(out + 12, s->r.vet & 0xffff);
		put16(out + 14, (unsigned)tag);
		head = 12;
	}
	memcpy(out + head + (head ? 4 : 0), frame + head, len - head);
	len += head ? 4 : 0;
	if (s->r.tctl & TCTL_PSP)
		len = MAX(len, FRAME_MIN);
	total = len + CRC_LEN;
	e1000_count(s, STAT_TPT, 1);
	e1000_count64(s, STAT_TOTL, (uint32_t)total);
	e1000_count(s, STAT_GPTC, 1);
	e1000_count64(s, STAT_GOTCL, (uint32_t)total);
	e1000_count_size(s, STAT_PTC64, total);
	if (out[0] & 1)
		e1000_count(s, load_le(out, 6) == ones(6) ? STAT_BPTC : STAT_MPTC, 1);
	if (s->bmcr & PHY_LOOPBACK || s->r.rctl & RCTL_LBM_MAC)
		e1000_take(d, out, len);
	else if (e1000_net(d) && e1000_link_up(s))
		net_send(e1000_net(d), out, len);
	return 1;
}

/* ---- sums */

/* The sum from `start` to `end` (0, or beyond: the frame's) goes to `at`. */
static void insert_sum(uint8_t *p, size_t len, size_t start, size_t at, size_t end, bool udp)
{
	uint32_t sum = 0;

	len = end && end < len ? end + 1 : len;
	if (start >= len || at + 2 > len)
		return;
	for (size_t i = start; i < len; i++)
		sum += (i - start) & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	put16(p + at, !sum && udp ? 0xffff : sum); /* in UDP, 0 says that there is none */
}

/* The driver has put the sum of the pseudo header where the sum goes. */
static void add_sums(const struct e1000_context *c, uint8_t *p, size_t len, unsigned popts)
{
	if (popts & POPTS_TXSM)
		insert_sum(p, len, c->tucss, c->tucso, c->tucse, !(c->tucmd & TUCMD_TCP));
	if (popts & POPTS_IXSM) {
		if (c->ipcso + 2u <= len)
			put16(p + c->ipcso, 0);
		insert_sum(p, len, c->ipcss, c->ipcso, c->ipcse, false);
	}
}

/* ---- segmentation */

static void patch_ip(const struct e1000_context *c, uint8_t *p, size_t len, uint32_t segment)
{
	if (c->ipcss + 6u > len)
		return;
	if (c->tucmd & TUCMD_IP) {
		put16(p + c->ipcss + 2, (unsigned)(len - c->ipcss));
		put16(p + c->ipcss + 4, (get16(p + c->ipcss + 4) + segment) & 0xffff);
	} else if (len >= c->ipcss + 40u) {
		put16(p + c->ipcss + 4, (unsigned)(len - c->ipcss - 40));
	}
}

/* The pseudo header's sum lacks the length, which is another in each segment. */
static void add_length(const struct e1000_context *c, uint8_t *p, size_t len)
{
	uint32_t sum;

	if (c->tucso + 2u > len || c->tucss > len)
		return;
	sum = get16(p + c->tucso) + (uint32_t)(len - c->tucss);
	put16(p + c->tucso, (sum & 0xffff) + (sum >> 16));
}

static void patch_body(const struct e1000_context *c, uint8_t *p, size_t len, uint32_t segment,
		       bool last)
{
	uint8_t *body = p + c->tucss;

	if (c->tucmd & TUCMD_TCP && c->tucss + 20u <= len) {
		add32(body + 4, segment * c->mss);
		if (!last)
			body[13] &= (uint8_t) ~(FIN | PSH);
	} else if (!(c->tucmd & TUCMD_TCP) && c->tucss + 8u <= len) {
		put16(body + 4, (unsigned)(len - c->tucss));
	}
	add_length(c, p, len);
}

static int tag_of(const struct e1000 *s)
{
	return s->tx_vle && s->r.ctrl & CTRL_VME ? s->tx_special : -1;
}

/* What is in tx_buf, as one frame; header and place stay for the next segment. */
static unsigned send_segment(struct dev *d, bool last)
{
	struct e1000 *s = d->state;
	const struct e1000_context *c = &s->context[1];
	size_t len = s->tx_len;
	uint8_t out[TX_MAX];

	memcpy(out, s->tx_buf, len);
	patch_ip(c, out, len, s->tx_segment);
	patch_body(c, out, len, s->tx_segment, last);
	add_sums(c, out, len, s->tx_popts);
	if (!s->tx_segment)
		e1000_count(s, STAT_TSCTC, 1);
	s->tx_segment++;
	s->tx_len = MIN(len, c->hdrlen);
	return emit(d, out, len, tag_of(s));
}

/* Header bytes first, then payload; each time that header and MSS are together, a frame. */
static unsigned gather_segments(struct dev *d, const struct desc *desc)
{
	struct e1000 *s = d->state;
	const struct e1000_context *c = &s->context[1];
	uint32_t full = c->hdrlen + (uint32_t)c->mss, left = desc->cmd & LENGTH, n;
	uint64_t from = desc->buf;
	unsigned sent = 0;

	if (c->mss < MSS_MIN || full > TX_MAX || !c->hdrlen) {
		dev_guest_error(d, "segments of no possible size");
		s->tx_len = 0;
		return 1;
	}
	for (; left; left -= n, from += n) {
		if (s->tx_len >= full) /* more is to come: not the last */
			sent += send_segment(d, false);
		n = MIN(left, full - MIN(s->tx_len, full - 1));
		if (dma_read(d, from, s->tx_buf + s->tx_len, n) < 0) {
			dev_guest_error(d, "transmit buffer is not RAM");
			return sent;
		}
		s->tx_len += n;
	}
	return sent;
}

/* ---- frames without segmentation */

static void gather(struct dev *d, const struct desc *desc, uint32_t len)
{
	struct e1000 *s = d->state;

	len = MIN(len, TX_MAX - s->tx_len);
	if (dma_read(d, desc->buf, s->tx_buf + s->tx_len, len) < 0)
		dev_guest_error(d, "transmit buffer is not RAM");
	else
		s->tx_len += len;
}

static void end_frame(struct e1000 *s)
{
	s->tx_len = s->tx_segment = 0;
	s->tx_popts = s->tx_tse = s->tx_vle = 0;
	s->tx_special = 0;
}

/* end_frame comes before emit: what loops back may not meet a frame half sent. */
static unsigned send_whole(struct dev *d, unsigned popts, int css, int cso)
{
	struct e1000 *s = d->state;
	size_t len = s->tx_len;
	int tag = tag_of(s);
	uint8_t out[TX_MAX];

	memcpy(out, s->tx_buf, len);
	if (css >= 0)
		insert_sum(out, len, (size_t)css, (size_t)cso, 0, false);
	else
		add_sums(&s->context[0], out, len, popts);
	end_frame(s);
	return emit(d, out, len, tag);
}

/* ---- descriptors */

static void context(struct e1000 *s, const struct desc *desc)
{
	struct e1000_context *c = &s->context[!!(desc->cmd & CMD_TSE)];

	c->ipcss = (uint8_t)desc->buf;
	c->ipcso = (uint8_t)(desc->buf >> 8);
	c->ipcse = (uint16_t)(desc->buf >> 16);
	c->tucss = (uint8_t)(desc->buf >> 32);
	c->tucso = (uint8_t)(desc->buf >> 40);
	c->tucse = (uint16_t)(desc->buf >> 48);
	c->paylen = desc->cmd & LENGTH;
	c->tucmd = (uint8_t)(desc->cmd >> 24);
	c->hdrlen = (uint8_t)(desc->upper >> 8);
	c->mss = (uint16_t)(desc->upper >> 16);
}

/* Options are those of a frame's first descriptor. */
static void begin(struct e1000 *s, const struct desc *desc)
{
	if (s->tx_len)
		return;
	s->tx_popts = desc->upper >> 8 & (POPTS_IXSM | POPTS_TXSM);
	s->tx_tse = !!(desc->cmd & CMD_TSE);
	s->tx_segment = 0;
}

static unsigned data(struct dev *d, const struct desc *desc)
{
	struct e1000 *s = d->state;
	unsigned sent = 0;

	begin(s, desc);
	if (s->tx_tse)
		sent = gather_segments(d, desc);
	else
		gather(d, desc, desc->cmd & LENGTH);
	if (!(desc->cmd & CMD_EOP))
		return sent;
	s->tx_vle = !!(desc->cmd & CMD_VLE);
	s->tx_special = (uint16_t)(desc->upper >> 16);
	if (!s->tx_tse)
		return sent + send_whole(d, s->tx_popts, -1, -1);
	if (s->tx_len)
		sent += send_segment(d, true);
	end_frame(s);
	return sent;
}

static unsigned legacy(struct dev *d, const struct desc *desc)
{
	struct e1000 *s = d->state;

	gather(d, desc, desc->cmd & 0xffff);
	if (!(desc->cmd & CMD_EOP))
		return 0;
	s->tx_vle = !!(desc->cmd & CMD_VLE);
	s->tx_special = (uint16_t)(desc->upper >> 16);
	return send_whole(d, 0, desc->cmd & CMD_IC ? (int)(desc->upper >> 8 & 0xff) : -1,
			  desc->cmd >> 16 & 0xff);
}

static void report(struct dev *d, const struct desc *desc)
{
	struct e1000 *s = d->state;
	uint8_t dd = (uint8_t)desc->upper | 1;

	if (!(desc->cmd & (CMD_RS | CMD_RPS)))
		return;
	dma_write(d, desc->at + 12, &dd, 1);
	if (!(desc->cmd & CMD_IDE) || !s->r.tidv) {
		e1000_cause(d, ICR_TXDW);
		return;
	}
	timer_set(d, &s->tidv_timer, dev_now(d) + (int64_t)s->r.tidv * DELAY_NS);
	if (s->r.tadv && !timer_pending(&s->tadv_timer))
		timer_set(d, &s->tadv_timer, dev_now(d) + (int64_t)s->r.tadv * DELAY_NS);
}

static bool read_desc(struct dev *d, struct desc *desc)
{
	const struct e1000_regs *r = &state_of(d)->r;
	uint8_t raw[DESC];

	desc->at = ((uint64_t)r->tdbah << 32 | r->tdbal) + (uint64_t)r->tdh * DESC;
	if (dma_read(d, desc->at, raw, sizeof(raw)) < 0) {
		dev_guest_error(d, "transmit descriptor is not in RAM");
		return false;
	}
	desc->buf = load_le(raw, 8);
	desc->cmd = (uint32_t)load_le(raw + 8, 4);
	desc->upper = (uint32_t)load_le(raw + 12, 4);
	return true;
}

static unsigned one(struct dev *d, const struct desc *desc)
{
	unsigned sent = 0;

	if (!(desc->cmd & CMD_DEXT))
		sent = legacy(d, desc);
	else if ((desc->cmd & DTYP) == DTYP_DATA)
		sent = data(d, desc);
	else if (!(desc->cmd & DTYP))
		context(d->state, desc);
	report(d, desc);
	return sent;
}

void e1000_transmit(struct dev *d)
{
	struct e1000 *s = d->state;
	uint32_t n = s->r.tdlen / DESC;
	unsigned work = 0;
	struct desc desc;

	timer_cancel(d, &s->tx_timer);
	if (!(s->r.tctl & TCTL_EN) || s->r.tdh >= n || s->r.tdt >= n || s->r.tdh == s->r.tdt)
		return;
	while (s->r.tdh != s->r.tdt && work < WORK) {
		if (!read_desc(d, &desc))
			return;
		work += 1 + one(d, &desc);
		s->r.tdh = (s->r.tdh + 1) % n;
	}
	if (s->r.tdh == s->r.tdt)
		e1000_cause(d, ICR_TXQE);
	else
		timer_set(d, &s->tx_timer, dev_now(d) + AGAIN_NS);
}
