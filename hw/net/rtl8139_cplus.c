/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/rtl8139_cplus.c: C+ mode: rings of descriptors in guest memory.
 *
 * A descriptor is copied once, judged, and written back once. A kick handles
 * at most one ring's worth of them: what loops back into its own ring ends.
 *
 * Spec: docs/specs/rtl8139.txt
 */
#include "hw/net/rtl8139.h"

enum { /* first word of a descriptor */
       CP_OWN = 1u << 31,
       CP_EOR = 1 << 30,
       CP_FS = 1 << 29,
       CP_LS = 1 << 28,
       CP_TX_SIZE = 0xffff,
       CP_TX_ERRORS = 0x02f00000, /* UNF TES OWC LNKF EXC */
       CP_TX_TES = 1 << 23,
       CP_RX_MAR = 1 << 26,
       CP_RX_PAM = 1 << 25,
       CP_RX_BAR = 1 << 24,
       CP_RX_SIZE = 0x1fff,
};
enum { /* second word */
       CP_TX_TAGC = 1 << 17,
       CP_RX_TAVA = 1 << 16,
};

struct desc {
	uint64_t at;
	uint32_t dw0, dw1;
	uint64_t buf;
	uint8_t next; /* number of the one after it */
};

static uint64_t addr64(const uint32_t half[2], uint32_t align)
{
	return (uint64_t)half[1] << 32 | (half[0] & ~(align - 1));
}

static int desc_read(struct dev *d, struct desc *desc, uint64_t ring, unsigned i)
{
	struct rtl8139 *s = d->state;
	uint8_t raw[16];
	int rc;

	desc->at = ring + 16 * i;
	rc = dma_read(d, desc->at, raw, sizeof(raw));
	if (rc < 0) {
		s->isr |= ISR_SERR;
		dev_guest_error(d, "descriptor is not in RAM");
		return rc;
	}
	desc->dw0 = (uint32_t)load_le(raw, 4);
	desc->dw1 = (uint32_t)load_le(raw + 4, 4);
	desc->buf = load_le(raw + 8, 8);
	desc->next = desc->dw0 & CP_EOR ? 0 : (uint8_t)((i + 1) % CP_DESCS);
	return 0;
}

static void desc_write(struct dev *d, const struct desc *desc)
{
	uint8_t raw[8];

	store_le(raw, 4, desc->dw0);
	store_le(raw + 4, 4, desc->dw1);
	dma_write(d, desc->at, raw, sizeof(raw));
}

/* ---- transmit */

/* Adds a descriptor's bytes to the frame. false: they cannot be had. */
static bool gather(struct dev *d, const struct desc *desc)
{
	struct rtl8139 *s = d->state;
	uint32_t len = desc->dw0 & CP_TX_SIZE;

	if (desc->dw0 & CP_FS)
		s->tx_len = 0;
	if (len > CP_TX_MAX - s->tx_len || dma_read(d, desc->buf, s->tx_buf + s->tx_len, len) < 0)
		return false;
	s->tx_len += len;
	return true;
}

/* The buffer counts as empty before the frame leaves: looped back, it comes in by another one. */
static void send_frame(struct dev *d, const struct desc *desc)
{
	struct rtl8139 *s = d->state;
	uint32_t len = s->tx_len;

	s->tx_len = 0;
	s->tally.tx_ok++;
	rtl8139_send_offloaded(d, s->tx_buf, len, desc->dw0,
			       desc->dw1 & CP_TX_TAGC ? (int)(desc->dw1 & 0xffff) : -1);
}

static void transmit_one(struct dev *d, struct desc *desc)
{
	struct rtl8139 *s = d->state;
	bool ok = gather(d, desc);

	if (ok && desc->dw0 & CP_LS)
		send_frame(d, desc);
	desc->dw0 &= ~(CP_OWN | CP_TX_ERRORS);
	if (ok) {
		s->isr |= ISR_TOK;
	} else {
		s->tx_len = 0;
		s->isr |= ISR_TER;
		s->tally.tx_err++;
		desc->dw0 |= CP_TX_TES;
		dev_guest_error(d, "transmit descriptor that cannot be sent");
	}
	desc_write(d, desc);
}

void rtl8139_cplus_transmit(struct dev *d, unsigned high)
{
	struct rtl8139 *s = d->state;
	uint64_t ring = addr64(&s->tsad[2 * high], 256);
	struct desc desc;

	if (!(s->cr & CR_TE) || !(s->cpcr & CPCR_TX))
		return;
	for (unsigned n = 0; n < CP_DESCS; n++) {
		if (desc_read(d, &desc, ring, s->cp_tx[high]) < 0 || !(desc.dw0 & CP_OWN))
			break;
		s->cp_tx[high] = desc.next;
		transmit_one(d, &desc);
	}
}

/* ---- receive */

/* Takes the VLAN tag out; returns the descriptor's second word. */
static uint32_t strip_tag(uint8_t *frame, size_t *len)
{
	uint32_t tag = (uint32_t)load_le(frame + 14, 2);

	*len -= 4;
	memmove(frame + 12, frame + 16, *len - 12);
	if (*len < FRAME_MIN) {
		memset(frame + *len, 0, FRAME_MIN - *len);
		*len = FRAME_MIN;
	}
	return CP_RX_TAVA | tag;
}

/* The descriptors that hold `total` bytes; 0 when the ring has not enough of them. */
static unsigned claim(struct dev *d, struct desc *desc, size_t total)
{
	struct rtl8139 *s = d->state;
	uint64_t ring = addr64(s->rdsar, 256);
	size_t have = 0;
	unsigned i = s->cp_rx, n;

	for (n = 0; n < CP_DESCS && have < total && (!n || i != s->cp_rx); n++) {
		if (desc_read(d, &desc[n], ring, i) < 0 || !(desc[n].dw0 & CP_OWN))
			return 0;
		have += desc[n].dw0 & CP_RX_SIZE;
		i = desc[n].next;
	}
	return have >= total ? n : 0;
}

/* Data first; the descriptors change hands from the last to the first. */
static void scatter(struct dev *d, struct desc *desc, unsigned n, const uint8_t *p, size_t total,
		    uint32_t status, uint32_t dw1)
{
	struct rtl8139 *s = d->state;
	size_t at = 0, part = 0;
	int rc = 0;

	for (unsigned i = 0; i < n; i++, at += part) {
		part = MIN(desc[i].dw0 & CP_RX_SIZE, total - at);
		rc |= dma_write(d, desc[i].buf, p + at, part);
		desc[i].dw0 = (desc[i].dw0 & CP_EOR) | status | (i ? 0 : CP_FS) |
			      (i == n - 1 ? CP_LS | (uint32_t)total : (uint32_t)part);
		desc[i].dw1 = dw1;
	}
	for (unsigned i = n; i--;)
		desc_write(d, &desc[i]);
	s->cp_rx = desc[n - 1].next;
	s->isr |= rc ? ISR_SERR : ISR_ROK;
	s->tally.rx_ok += !rc;
}

void rtl8139_cplus_receive(struct dev *d, const uint8_t *frame, size_t len, uint16_t status)
{
	struct rtl8139 *s = d->state;
	struct desc desc[CP_DESCS];
	uint8_t buf[RX_MAX + CRC_LEN];
	uint32_t dw0 = 0, dw1 = 0;
	unsigned n;

	memcpy(buf, frame, len);
	if (s->cpcr & CPCR_RXVLAN && buf[12] == 0x81 && buf[13] == 0x00)
		dw1 = strip_tag(buf, &len);
	n = claim(d, desc, len + CRC_LEN);
	if (!n) {
		rtl8139_missed(s);
		return;
	}
	store_le(buf + len, CRC_LEN, net_crc(buf, len));
	if (status & RX_BAR)
		dw0 |= CP_RX_BAR;
	if (status & RX_MAR)
		dw0 |= CP_RX_MAR;
	if (status & RX_PAM)
		dw0 |= CP_RX_PAM;
	if (s->cpcr & CPCR_RXCHKSUM)
		dw0 |= rtl8139_check_sums(buf, len);
	scatter(d, desc, n, buf, len + CRC_LEN, dw0, dw1);
}

/* ---- tally counters */

void rtl8139_dump_tally(struct dev *d)
{
	struct rtl8139 *s = d->state;
	const struct rtl8139_tally *t = &s->tally;
	const struct {
		unsigned size;
		uint64_t val;
	} field[] = {
		{8, t->tx_ok},     {8, t->rx_ok},     {8, t->tx_err},    {4, t->rx_err},
		{2, t->miss_pkt},  {2, t->fae},       {4, t->tx_1col},   {4, t->tx_mcol},
		{8, t->rx_ok_phy}, {8, t->rx_ok_brd}, {4, t->rx_ok_mul}, {2, t->tx_abt},
		{2, t->tx_undrn},
	};
	uint8_t raw[64];
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(field); at += field[i++].size)
		store_le(raw + at, field[i].size, field[i].val);
	if (dma_write(d, addr64(s->dtccr, 64), raw, sizeof(raw)) < 0) {
		s->isr |= ISR_SERR;
		dev_guest_error(d, "tally counters to no RAM");
	}
}
