/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/rtl8139_ring.c: the way of the RTL8139 without C+: four transmit
 * descriptors that are registers, one ring in memory for received frames; and
 * the filter, which C+ shares.
 *
 * Spec: docs/specs/rtl8139.txt
 */
#include "hw/net/rtl8139.h"

/* ---- filter */

/* The hash is the six bits that leave the register first: bit 0 is the highest of them. */
static unsigned multicast_hash(const uint8_t mac[6])
{
	uint32_t crc = ~net_crc(mac, 6);
	unsigned hash = 0;

	for (unsigned i = 0; i < 6; i++)
		hash = hash << 1 | (crc >> i & 1);
	return hash;
}

/* ---- receive */

uint32_t rtl8139_ring_size(const struct rtl8139 *s)
{
	return 8192u << (s->rcr >> RCR_RBLEN_SHIFT & 3);
}

/* CAPR is 16 bytes behind what the driver has read. */
static uint32_t read_cursor(const struct rtl8139 *s)
{
	return (s->capr + 16u) & (rtl8139_ring_size(s) - 1);
}

/* Bytes that may be written, 0 meaning all: CAPR never meets CBR from behind. */
static uint32_t ring_space(const struct rtl8139 *s)
{
	return (read_cursor(s) - s->cbr) & (rtl8139_ring_size(s) - 1);
}

bool rtl8139_ring_empty(const struct rtl8139 *s)
{
	return ring_space(s) == 0;
}

void rtl8139_missed(struct rtl8139 *s)
{
	s->isr |= ISR_RXOVW;
	s->mpc = (s->mpc + 1) & 0xffffff;
	s->tally.rx_err++;
	s->tally.miss_pkt++;
}

/* Copies to the ring at *at. With WRAP a frame runs on behind the end of the ring (drivers leave
 * 2K there); a 64K ring always wraps. */
static int ring_put(struct dev *d, uint32_t *at, const void *p, uint32_t len)
{
	struct rtl8139 *s = d->state;
	uint32_t size = rtl8139_ring_size(s), room = *at < size ? size - *at : 0;
	int rc = 0;

	if (len > room && (!(s->rcr & RCR_WRAP) || size == 65536)) {
		rc = room ? dma_write(d, (uint64_t)s->rbstart + *at, p, room) : 0;
		p = (const char *)p + room;
		len -= room;
		*at = 0;
	}
	rc |= dma_write(d, (uint64_t)s->rbstart + *at, p, len);
	*at += len;
	return rc;
}

static void ring_receive(struct dev *d, const uint8_t *frame, size_t len, uint16_t status)
{
	struct rtl8139 *s = d->state;
	uint32_t space = ring_space(s), total = (uint32_t)len + CRC_LEN, at = s->cbr;
	uint8_t header[4], crc[CRC_LEN];

	if (space && ((4 + total + 3) & ~3u) >= space) {
		rtl8139_missed(s);
		return;
	}
	store_le(header, 4, total << 16 | status | RX_ROK);
	store_le(crc, CRC_LEN, net_crc(frame, len));
	if (ring_put(d, &at, header, 4) | ring_put(d, &at, frame, (uint32_t)len) |
	    ring_put(d, &at, crc, CRC_LEN)) {
		s->isr |= ISR_SERR;
		dev_guest_error(d, "receive ring is not RAM");
		return;
	}
	s->cbr = (uint16_t)((at + 3) & ~3u & (rtl8139_ring_size(s) - 1));
	s->tally.rx_ok++;
	s->isr |= ISR_ROK;
}

/* Which of the filters lets a frame in, as its status bit; 0 when promiscuous did; -1: none. */
static int filter(struct rtl8139 *s, const uint8_t *frame)
{
	static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	unsigned hash;

	if (s->rcr & RCR_AAP)
		return 0;
	if (!memcmp(frame, everybody, 6)) {
		s->tally.rx_ok_brd += !!(s->rcr & RCR_AB);
		return s->rcr & RCR_AB ? RX_BAR : -1;
	}
	if (frame[0] & 1) {
		hash = multicast_hash(frame);
		if (!(s->rcr & RCR_AM) || !(s->mar[hash >> 3] >> (hash & 7) & 1))
			return -1;
		s->tally.rx_ok_mul++;
		return RX_MAR;
	}
	if (memcmp(frame, s->idr, 6) || !(s->rcr & RCR_APM))
		return -1;
	s->tally.rx_ok_phy++;
	return RX_PAM;
}

static void receive(struct dev *d, const uint8_t *frame, size_t len)
{
	struct rtl8139 *s = d->state;
	uint8_t padded[FRAME_MIN] = {0};
	int status;

	if (!(s->cr & CR_RE) || !s->clock_on || !len)
		return;
	if (len < FRAME_MIN) { /* a wire has no such frames, virtual peers send them */
		memcpy(padded, frame, len);
		frame = padded;
		len = FRAME_MIN;
	}
	status = len > RX_MAX ? -1 : filter(s, frame);
	if (status < 0)
		s->tally.rx_err++;
	else if (s->cpcr & CPCR_RX)
		rtl8139_cplus_receive(d, frame, len, (uint16_t)status);
	else
		ring_receive(d, frame, len, (uint16_t)status);
}

void rtl8139_receive(void *arg, const uint8_t *frame, size_t len)
{
	receive(arg, frame, len);
	dev_settle(arg);
}

/* A full ring stops the peer, unless the driver wants to hear of overflows. */
bool rtl8139_can_receive(void *arg)
{
	const struct rtl8139 *s = ((struct dev *)arg)->state;
	uint32_t space = ring_space(s);

	if (!(s->cr & CR_RE) || !s->clock_on || s->cpcr & CPCR_RX)
		return true;
	return !space || space >= 1514 || s->imr & ISR_RXOVW;
}

/* ---- transmit */

void rtl8139_emit(struct dev *d, const uint8_t *frame, size_t len)
{
	struct rtl8139 *s = d->state;

	if ((s->tcr & TCR_LBK) == TCR_LBK)
		receive(d, frame, len);
	else if (rtl8139_net(d) && len)
		net_send(rtl8139_net(d), frame, len);
}

static void transmit_one(struct dev *d, unsigned i)
{
	struct rtl8139 *s = d->state;
	uint8_t frame[TSD_SIZE];
	uint32_t len = s->tsd[i] & TSD_SIZE;

	if (dma_read(d, s->tsad[i], frame, len) < 0) {
		s->tsd[i] |= TSD_OWN | TSD_TABT;
		s->isr |= ISR_TER | ISR_SERR;
		s->tally.tx_err++;
		s->tally.tx_abt++;
		dev_guest_error(d, "transmit buffer is not RAM");
		return;
	}
	s->tsd[i] |= TSD_OWN | TSD_TOK;
	s->isr |= ISR_TOK;
	s->tally.tx_ok++;
	rtl8139_emit(d, frame, len);
}

/* In turn, from where it stopped: each sent one is the driver's again, so four at most. */
void rtl8139_transmit(struct dev *d)
{
	struct rtl8139 *s = d->state;

	while (s->cr & CR_TE && !(s->tsd[s->tx_cur] & TSD_OWN)) {
		transmit_one(d, s->tx_cur);
		s->tx_cur = (s->tx_cur + 1) & 3;
	}
}
