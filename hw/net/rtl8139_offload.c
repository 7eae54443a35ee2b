/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/rtl8139_offload.c: what C+ mode does to a whole frame: IPv4, TCP and
 * UDP checksums both ways, cutting a large TCP segment, the VLAN tag.
 *
 * Spec: docs/specs/rtl8139.txt; RFC 768, 791, 793.
 */
#include "hw/net/rtl8139.h"

enum { /* of a receive descriptor */
       CP_PID_TCP = 1 << 16,
       CP_PID_UDP = 2 << 16,
       CP_PID_IP = 3 << 16,
       CP_IPF = 1 << 15,
       CP_UDPF = 1 << 14,
       CP_TCPF = 1 << 13,
};
enum { PROTO_TCP = 6, PROTO_UDP = 17 };
enum { TCP_FIN = 1, TCP_PSH = 8 };

#define ETH_LEN 14
#define TAG_LEN 4
#define MSS_MIN 32 /* a smaller one would make thousands of frames of one */

/* An IPv4 packet inside a frame: every length is within the frame. */
struct ip4 {
	uint8_t *head, *body;
	size_t head_len, body_len; /* body_len by the header's total length */
	uint8_t proto;
	bool fragment;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Ones' complement sum, folded to 16 bits. */
static uint16_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; len -= 2, p += 2)
		sum += get16(p);
	if (len)
		sum += (uint32_t)*p << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static uint16_t pseudo_sum(const struct ip4 *ip, size_t len)
{
	return sum16(ip->head + 12, 8, (uint32_t)(ip->proto + len));
}

static bool find_ip4(struct ip4 *ip, uint8_t *frame, size_t len)
{
	size_t total;

	if (len < ETH_LEN + 20 || get16(frame + 12) != 0x0800 || frame[ETH_LEN] >> 4 != 4)
		return false;
	ip->head = frame + ETH_LEN;
	ip->head_len = (ip->head[0] & 15) * 4u;
	total = get16(ip->head + 2);
	if (ip->head_len < 20 || total < ip->head_len || total > len - ETH_LEN)
		return false;
	ip->body = ip->head + ip->head_len;
	ip->body_len = total - ip->head_len;
	ip->proto = ip->head[9];
	ip->fragment = get16(ip->head + 6) & 0x3fff;
	return true;
}

/* ---- receive */

static bool body_sum_ok(const struct ip4 *ip)
{
	return sum16(ip->body, ip->body_len, pseudo_sum(ip, ip->body_len)) == 0xffff;
}

static uint32_t check_body(const struct ip4 *ip)
{
	if (ip->fragment)
		return CP_PID_IP;
	if (ip->proto == PROTO_TCP && ip->body_len >= 20)
		return CP_PID_TCP | (body_sum_ok(ip) ? 0 : CP_TCPF);
	if (ip->proto == PROTO_UDP && ip->body_len >= 8) /* sum 0: the sender made none */
		return CP_PID_UDP | (!get16(ip->body + 6) || body_sum_ok(ip) ? 0 : CP_UDPF);
	return CP_PID_IP;
}

uint32_t rtl8139_check_sums(uint8_t *frame, size_t len)
{
	struct ip4 ip;

	if (!find_ip4(&ip, frame, len))
		return 0;
	return check_body(&ip) | (sum16(ip.head, ip.head_len, 0) == 0xffff ? 0 : CP_IPF);
}

/* ---- transmit */

static void set_ip_sum(const struct ip4 *ip)
{
	put16(ip->head + 10, 0);
	put16(ip->head + 10, (uint16_t)~sum16(ip->head, ip->head_len, 0));
}

static void set_body_sum(const struct ip4 *ip, size_t at)
{
	uint16_t sum;

	put16(ip->body + at, 0);
	sum = (uint16_t)~sum16(ip->body, ip->body_len, pseudo_sum(ip, ip->body_len));
	/* In UDP, 0 would mean that there is none. */
	put16(ip->body + at, !sum && ip->proto == PROTO_UDP ? 0xffff : sum);
}

/* tag as in the descriptor: its bytes in the order of the wire. */
static void emit_tagged(struct dev *d, const uint8_t *frame, size_t len, int tag)
{
	uint8_t out[NET_FRAME_MAX];

	if (tag < 0 || len < 12) {
		rtl8139_emit(d, frame, len);
		return;
	}
	memcpy(out, frame, 12);
	put16(out + 12, 0x8100);
	store_le(out + 14, 2, (uint64_t)tag);
	memcpy(out + 16, frame + 12, len - 12);
	rtl8139_emit(d, out, len + TAG_LEN);
}

/* Sends the bytes from `at` of the TCP payload, in the frame that `seg` already has headers for. */
static void send_segment(struct dev *d, const struct ip4 *whole, uint8_t *seg, size_t tcp_len,
			 size_t at, size_t n, unsigned nr, int tag)
{
	size_t head = ETH_LEN + whole->head_len + tcp_len;
	bool last = at + n == whole->body_len - tcp_len;
	struct ip4 ip;
	uint8_t *tcp;

	memcpy(seg, whole->head - ETH_LEN, head);
	memcpy(seg + head, whole->body + tcp_len + at, n);
	put16(seg + ETH_LEN + 2, (unsigned)(whole->head_len + tcp_len + n));
	put16(seg + ETH_LEN + 4, get16(whole->head + 4) + nr);
	if (!find_ip4(&ip, seg, head + n))
		return;
	tcp = ip.body;
	put32(tcp + 4, get32(tcp + 4) + (uint32_t)at);
	if (!last)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	set_ip_sum(&ip);
	set_body_sum(&ip, 16);
	emit_tagged(d, seg, head + n, tag);
}

static bool large_send(struct dev *d, const struct ip4 *ip, size_t mss, int tag)
{
	uint8_t seg[NET_FRAME_MAX];
	size_t tcp_len, total, n;
	unsigned nr = 0;

	if (ip->proto != PROTO_TCP || ip->body_len < 20 || mss < MSS_MIN)
		return false;
	tcp_len = (ip->body[12] >> 4) * 4u;
	if (tcp_len < 20 || tcp_len > ip->body_len)
		return false;
	total = ip->body_len - tcp_len;
	for (size_t at = 0; at < total; at += n) {
		n = MIN(mss, total - at);
		send_segment(d, ip, seg, tcp_len, at, n, nr++, tag);
	}
	return true;
}

static void add_sums(const struct ip4 *ip, uint32_t dw0)
{
	if (dw0 & CP_IPCS)
		set_ip_sum(ip);
	if (ip->fragment)
		return;
	if (dw0 & CP_TCPCS && ip->proto == PROTO_TCP && ip->body_len >= 20)
		set_body_sum(ip, 16);
	if (dw0 & CP_UDPCS && ip->proto == PROTO_UDP && ip->body_len >= 8)
		set_body_sum(ip, 6);
}

/* What cannot be cut or summed goes out as it is. */
void rtl8139_send_offloaded(struct dev *d, uint8_t *frame, size_t len, uint32_t dw0, int tag)
{
	struct ip4 ip;

	if (find_ip4(&ip, frame, len)) {
		if (!(dw0 & CP_LGSEN))
			add_sums(&ip, dw0);
		else if (large_send(d, &ip, dw0 >> 16 & 0x7ff, tag))
			return;
	}
	emit_tagged(d, frame, len, tag);
}
