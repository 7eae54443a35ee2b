/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/e1000_rx.c: a frame from the wire through the filters into the ring.
 *
 * Spec: 8254x Software Developer's Manual, 3.2 (receive), 13.4.22 (RCTL),
 * 13.5 (filters), 9 (VLAN).
 */
#include "hw/net/e1000.h"

enum { /* status and errors of a receive descriptor */
       RXD_DD = 1 << 0,
       RXD_EOP = 1 << 1,
       RXD_IXSM = 1 << 2,
       RXD_VP = 1 << 3,
       RXD_TCPCS = 1 << 5,
       RXD_IPCS = 1 << 6,
       RXD_PIF = 1 << 7,
       RXE_TCPE = 1 << 5,
       RXE_IPE = 1 << 6,
};
enum { /* RXCSUM */
       RXCSUM_PCSS = 0xff,
       RXCSUM_IPOFL = 1 << 8,
       RXCSUM_TUOFL = 1 << 9,
};
#define RAH_AV      (1u << 31)
#define VLAN_MAX    1522 /* with CRC; longer ones are long packets */
#define LONG_MAX    16384
#define TYPE_IP4    0x0800
#define DESC        16
#define state_of(d) ((struct e1000 *)(d)->state)

/* What a descriptor says of a frame, but for EOP. */
struct verdict {
	uint8_t status, errors;
	uint16_t sum, special;
};

static unsigned get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* ---- the filters */

static bool in_table(const struct e1000 *s, const uint8_t *to)
{
	static const uint8_t shifts[] = {4, 3, 2, 0};
	unsigned hash = (to[5] << 8 | to[4]) >> shifts[s->r.rctl >> RCTL_MO_SHIFT & 3] & 0xfff;

	return s->r.mta[hash >> 5] >> (hash & 31) & 1;
}

static bool exact(const struct e1000 *s, const uint8_t *frame)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->r.ra); i++) {
		uint32_t high = s->r.ra[i].high;
		bool source = (high >> 16 & 3) == 1; /* AS: to compare the sender */
		const uint8_t *addr = frame + (source ? 6 : 0);

		if (high & RAH_AV && s->r.ra[i].low == load_le(addr, 4) &&
		    (high & 0xffff) == load_le(addr + 4, 2))
			return true;
	}
	return false;
}

/* The status bits that come of it, or -1: nobody wants it. */
static int filter(const struct e1000 *s, const uint8_t *frame)
{
	bool group = frame[0] & 1, all = load_le(frame, 6) == ones(6);
	uint32_t promiscuous = group ? RCTL_MPE : RCTL_UPE;

	if (exact(s, frame) || (all && s->r.rctl & RCTL_BAM))
		return 0;
	if (s->r.rctl & promiscuous || (group && in_table(s, frame)))
		return RXD_PIF;
	return -1;
}

static bool is_vlan(const struct e1000 *s, const uint8_t *frame)
{
	return get16(frame + 12) == (s->r.vet & 0xffff);
}

static bool vlan_wanted(const struct e1000 *s, const uint8_t *frame)
{
	unsigned tag = get16(frame + 14), id = tag & 0xfff;
	bool cfi = tag >> 12 & 1;

	if (!(s->r.rctl & RCTL_VFE) || !is_vlan(s, frame))
		return true;
	if (s->r.rctl & RCTL_CFIEN && cfi != !!(s->r.rctl & RCTL_CFI))
		return false;
	return s->r.vfta[id >> 5] >> (id & 31) & 1;
}

static bool too_long(const struct e1000 *s, size_t total)
{
	return total > LONG_MAX || (total > VLAN_MAX && !(s->r.rctl & (RCTL_LPE | RCTL_SBP)));
}

/* ---- sums */

static uint16_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; len -= 2, p += 2)
		sum += get16(p);
	if (len)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void check_body(const struct e1000 *s, const uint8_t *ip, size_t head, size_t total,
		       struct verdict *v)
{
	bool udp = ip[9] == 17;
	uint32_t pseudo = sum16(ip + 12, 8, ip[9] + (uint32_t)(total - head));

	if (!(s->r.rxcsum & RXCSUM_TUOFL) || get16(ip + 6) & 0x3fff || (ip[9] != 6 && !udp))
		return;
	if (total - head < (udp ? 8 : 20) || (udp && !get16(ip + head + 6)))
		return;
	v->status |= RXD_TCPCS;
	if (sum16(ip + head, total - head, pseudo) != 0xffff)
		v->errors |= RXE_TCPE;
}

/* With neither kind wanted IXSM says that nothing was looked at. */
static void check_sums(const struct e1000 *s, const uint8_t *frame, size_t len, struct verdict *v)
{
	const uint8_t *ip = frame + 14;
	size_t head, total, from = s->r.rxcsum & RXCSUM_PCSS;

	v->sum = from < len ? sum16(frame + from, len - from, 0) : 0;
	if (!(s->r.rxcsum & (RXCSUM_IPOFL | RXCSUM_TUOFL)))
		v->status |= RXD_IXSM;
	if (get16(frame + 12) != TYPE_IP4 || len < 34 || ip[0] >> 4 != 4)
		return;
	head = (ip[0] & 15) * 4u;
	total = get16(ip + 2);
	if (head < 20 || total < head || total > len - 14)
		return;
	if (s->r.rxcsum & RXCSUM_IPOFL) {
		v->status |= RXD_IPCS;
		v->errors |= sum16(ip, head, 0) == 0xffff ? 0 : RXE_IPE;
	}
	check_body(s, ip, head, total, v);
}

/* ---- the ring */

static uint32_t buffer_size(const struct e1000 *s)
{
	static const uint16_t sizes[] = {2048, 1024, 512, 256};
	unsigned i = s->r.rctl >> RCTL_BSIZE_SHIFT & 3;

	/* BSEX with 00 is reserved. */
	return s->r.rctl & RCTL_BSEX && i ? sizes[i] * 16u : sizes[i];
}

/* Descriptors that the driver has given: from RDH up to, not with, RDT. */
static uint32_t free_descs(const struct e1000 *s)
{
	uint32_t n = s->r.rdlen / DESC;

	if (s->r.rdh >= n || s->r.rdt >= n)
		return 0;
	return s->r.rdt >= s->r.rdh ? s->r.rdt - s->r.rdh : n - s->r.rdh + s->r.rdt;
}

/* A full ring holds the wire back, as flow control would; nothing that is not wanted does. */
bool e1000_can_receive(void *arg)
{
	const struct e1000 *s = ((struct dev *)arg)->state;

	return !(s->r.rctl & RCTL_EN) || free_descs(s);
}

/* DD is written last: the driver may look at it at any time. */
static int fill_desc(struct dev *d, const uint8_t *p, size_t len, const struct verdict *v,
		     uint8_t status)
{
	struct e1000 *s = d->state;
	uint64_t at = ((uint64_t)s->r.rdbah << 32 | s->r.rdbal) + (uint64_t)s->r.rdh * DESC;
	uint8_t raw[DESC];
	uint64_t to;

	if (dma_read(d, at, raw, sizeof(raw)) < 0)
		return -1;
	to = load_le(raw, 8);
	/* A null address is a descriptor to be skipped: only its status is written. */
	if (to && dma_write(d, to, p, len) < 0)
		dev_guest_error(d, "receive buffer is not RAM");
	store_le(raw + 8, 2, to ? len : 0);
	store_le(raw + 10, 2, v->sum);
	raw[12] = 0;
	raw[13] = v->errors;
	store_le(raw + 14, 2, v->special);
	dma_write(d, at + 8, raw + 8, 8);
	dma_write(d, at + 12, &status, 1);
	s->r.rdh = (s->r.rdh + 1) % (s->r.rdlen / DESC);
	return 0;
}

static void received(struct dev *d, uint32_t before)
{
	struct e1000 *s = d->state;
	uint32_t low = s->r.rdlen / DESC >> (1 + (s->r.rctl >> RCTL_RDMTS_SHIFT & 3));
	uint32_t causes = before > low && free_descs(s) <= low ? ICR_RXDMT0 : 0;

	if (!s->r.rdtr) {
		causes |= ICR_RXT0;
	} else {
		timer_set(d, &s->rdtr_timer, dev_now(d) + (int64_t)s->r.rdtr * DELAY_NS);
		if (s->r.radv && !timer_pending(&s->radv_timer))
			timer_set(d, &s->radv_timer, dev_now(d) + (int64_t)s->r.radv * DELAY_NS);
	}
	if (causes)
		e1000_cause(d, causes);
}

static void store(struct dev *d, const uint8_t *p, size_t len, const struct verdict *v)
{
	struct e1000 *s = d->state;
	uint32_t before = free_descs(s), size = buffer_size(s);
	size_t n;

	if ((len + size - 1) / size > before) {
		e1000_count(s, STAT_MPC, 1);
		e1000_count(s, STAT_RNBC, 1);
		e1000_cause(d, ICR_RXO);
		return;
	}
	for (; len; p += n, len -= n) {
		n = MIN(len, size);
		if (fill_desc(d, p, n, v, (uint8_t)(v->status | (n == len ? RXD_EOP : 0))) < 0) {
			dev_guest_error(d, "receive descriptor is not in RAM");
			return;
		}
	}
	received(d, before);
}

/* ---- a frame */

static void count(struct e1000 *s, const uint8_t *frame, size_t total)
{
	e1000_count(s, STAT_GPRC, 1);
	e1000_count64(s, STAT_GORCL, (uint32_t)total);
	e1000_count_size(s, STAT_PRC64, total);
	if (frame[0] & 1)
		e1000_count(s, load_le(frame, 6) == ones(6) ? STAT_BPRC : STAT_MPRC, 1);
}

/* Room for the CRC is behind the frame. */
static void deliver(struct dev *d, uint8_t *frame, size_t len, uint8_t status)
{
	struct e1000 *s = d->state;
	struct verdict v = {.status = status | RXD_DD};

	if (s->r.ctrl & CTRL_VME && is_vlan(s, frame)) {
		v.status |= RXD_VP;
		v.special = (uint16_t)get16(frame + 14);
		len -= 4;
		memmove(frame + 12, frame + 16, len - 12);
	}
	check_sums(s, frame, len, &v);
	if (!(s->r.rctl & RCTL_SECRC)) {
		store_le(frame + len, CRC_LEN, net_crc(frame, len));
		len += CRC_LEN;
	}
	store(d, frame, len, &v);
}

void e1000_take(struct dev *d, const uint8_t *frame, size_t len)
{
	uint8_t buf[LONG_MAX + CRC_LEN] = {0};
	size_t total = MAX(len, FRAME_MIN) + CRC_LEN;
	struct e1000 *s = d->state;
	int status;

	if (!(s->r.rctl & RCTL_EN) || len > LONG_MAX || len < 14)
		return;
	memcpy(buf, frame, len); /* short ones of virtual peers are padded */
	e1000_count(s, STAT_TPR, 1);
	e1000_count64(s, STAT_TORL, (uint32_t)total);
	if (too_long(s, total)) {
		e1000_count(s, STAT_ROC, 1);
		return;
	}
	status = vlan_wanted(s, buf) ? filter(s, buf) : -1;
	if (status < 0)
		return;
	count(s, buf, total);
	deliver(d, buf, total - CRC_LEN, (uint8_t)status);
}

void e1000_receive(void *arg, const uint8_t *frame, size_t len)
{
	struct dev *d = arg;

	if (e1000_link_up(state_of(d)))
		e1000_take(d, frame, len);
	dev_settle(d);
}
