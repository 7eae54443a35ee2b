/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/nat_station.c: the guest's side of tests/unit/nat.c. */
#include "tests/unit/nat_station.h"
#include "base/log.h"
#include "base/util.h"
#include "tests/unit/process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static unsigned get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

uint16_t station_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* ---- out */

void station_send(struct station *s, unsigned type, const void *p, size_t len)
{
	uint8_t f[2048];

	MUST(len <= 1500);
	memset(f, 0xff, 6); /* libslirp does not care */
	memcpy(f + 6, GUEST_MAC, 6);
	put16(f + 12, type);
	memcpy(f + 14, p, len);
	net_send(s->net, f, len + 14);
}

static void send_ip(struct station *s, uint32_t from, uint32_t to, unsigned proto, const void *p,
		    size_t len)
{
	uint8_t ip[1500] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, (uint8_t)proto};

	put16(ip + 2, (unsigned)len + 20);
	put32(ip + 12, from);
	put32(ip + 16, to);
	put16(ip + 10, ~station_sum(ip, 20, 0) & 0xffff);
	memcpy(ip + 20, p, len);
	station_send(s, 0x0800, ip, len + 20);
}

void station_ip(struct station *s, uint32_t to, unsigned proto, const void *p, size_t len)
{
	send_ip(s, GUEST_IP, to, proto, p, len);
}

static uint32_t pseudo(uint32_t a, uint32_t b, unsigned proto, size_t len)
{
	uint8_t h[12];

	put32(h, a);
	put32(h + 4, b);
	put16(h + 8, proto);
	put16(h + 10, (unsigned)len);
	return station_sum(h, 12, 0);
}

void station_udp(struct station *s, uint32_t from, uint32_t to, uint16_t sport, uint16_t dport,
		 const void *p, size_t len)
{
	uint8_t u[1480];

	put16(u, sport);
	put16(u + 2, dport);
	put16(u + 4, (unsigned)len + 8);
	put16(u + 6, 0);
	memcpy(u + 8, p, len);
	put16(u + 6, ~station_sum(u, len + 8, pseudo(from, to, 17, len + 8)) & 0xffff);
	send_ip(s, from, to, 17, u, len + 8);
}

void station_ping(struct station *s, uint32_t to)
{
	uint8_t icmp[16] = {8, 0, 0, 0, 1, 2, 3, 4, 'p', 'i', 'n', 'g'};

	put16(icmp + 2, ~station_sum(icmp, sizeof(icmp), 0) & 0xffff);
	station_ip(s, to, 1, icmp, sizeof(icmp));
}

void station_segment(struct station *s, unsigned flags, unsigned urp, const void *p, size_t len)
{
	uint8_t t[1480] = {0};

	put16(t, s->tcp_port);
	put16(t + 2, s->tcp_peer);
	put32(t + 4, s->tcp_nxt);
	put32(t + 8, flags & TCP_ACK ? s->tcp_rcv : 0);
	t[12] = 5 << 4;
	t[13] = (uint8_t)flags;
	put16(t + 14, 65535);
	put16(t + 18, urp);
	if (len)
		memcpy(t + 20, p, len);
	put16(t + 16, ~station_sum(t, len + 20, pseudo(GUEST_IP, s->tcp_ip, 6, len + 20)) & 0xffff);
	station_ip(s, s->tcp_ip, 6, t, len + 20);
	s->tcp_nxt += (uint32_t)len + !!(flags & (TCP_SYN | TCP_FIN));
}

/* ---- in */

static void take_arp(struct station *s, const uint8_t *p, size_t len)
{
	uint8_t r[28];

	if (len < 28)
		return;
	s->arps++;
	if (get16(p + 6) != 1 || get32(p + 24) != GUEST_IP)
		return;
	memcpy(r, p, 8);
	put16(r + 6, 2);
	memcpy(r + 8, GUEST_MAC, 6);
	put32(r + 14, GUEST_IP);
	memcpy(r + 18, p + 8, 10);
	station_send(s, 0x0806, r, sizeof(r));
}

static void take_udp(struct station *s, uint32_t from, const uint8_t *u, size_t len)
{
	if (len < 8 || len > sizeof(s->udp))
		return;
	s->datagrams++;
	s->udp_from = from;
	s->udp_sport = (uint16_t)get16(u);
	s->udp_dport = (uint16_t)get16(u + 2);
	s->udp_len = len - 8;
	memcpy(s->udp, u + 8, len - 8);
}

static void keep_data(struct station *s, const uint8_t *p, size_t len)
{
	if (s->in_len + len > s->in_size) {
		s->in_size = 2 * (s->in_len + len);
		s->in = realloc(s->in, s->in_size);
		MUST(s->in);
	}
	if (len)
		memcpy(s->in + s->in_len, p, len);
	s->in_len += len;
	s->tcp_rcv += (uint32_t)len;
}

static void take_syn(struct station *s, uint32_t from, const uint8_t *t)
{
	if (s->tcp_listen && !(t[13] & TCP_ACK)) {
		s->tcp_ip = from;
		s->tcp_peer = (uint16_t)get16(t);
		s->tcp_rcv = get32(t + 4) + 1;
		station_segment(s, TCP_SYN | TCP_ACK, 0, NULL, 0);
	} else {
		s->tcp_rcv = get32(t + 4) + 1;
		station_segment(s, TCP_ACK, 0, NULL, 0);
	}
	s->tcp_una = s->tcp_nxt;
	s->tcp_window = get16(t + 14);
	s->tcp_open = true;
}

static void take_tcp(struct station *s, uint32_t from, const uint8_t *t, size_t len)
{
	size_t head = (t[12] >> 4) * 4u;

	if (len < 20 || head < 20 || head > len || get16(t + 2) != s->tcp_port)
		return;
	CHECK(!(t[13] & TCP_URG));
	if (t[13] & TCP_RST)
		s->tcp_reset = true;
	if (t[13] & TCP_SYN && !s->tcp_open) {
		take_syn(s, from, t);
		return;
	}
	if (t[13] & TCP_ACK) {
		s->tcp_una = get32(t + 8);
		s->tcp_window = get16(t + 14);
	}
	if (get32(t + 4) == s->tcp_rcv) {
		keep_data(s, t + head, len - head);
		if (t[13] & TCP_FIN && !s->tcp_fin) {
			s->tcp_fin = true;
			s->tcp_rcv++;
		}
	}
	if (len > head || t[13] & TCP_FIN)
		station_segment(s, TCP_ACK, 0, NULL, 0);
}

static void take_ip(struct station *s, const uint8_t *ip, size_t len)
{
	size_t head = (ip[0] & 15) * 4u, total;
	unsigned proto;
	uint32_t from;

	if (len < 20 || head > len || get16(ip + 2) > len)
		return;
	total = get16(ip + 2);
	EQ(0xffff, station_sum(ip, head, 0));
	from = get32(ip + 12);
	proto = ip[9];
	ip += head;
	len = total - head;
	if (proto == 17) {
		take_udp(s, from, ip, len);
	} else if (proto == 6) {
		EQ(0xffff, station_sum(ip, len, pseudo(from, GUEST_IP, 6, len)));
		take_tcp(s, from, ip, len);
	} else if (proto == 1) {
		s->pongs += ip[0] == 0;
	}
}

static bool can(void *arg)
{
	return !((struct station *)arg)->refuse;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	struct station *s = arg;

	MUST(len >= 14 && len <= sizeof(s->last));
	s->frames++;
	memcpy(s->last, frame, len);
	s->last_len = len;
	if (get16(frame + 12) == 0x0806)
		take_arp(s, frame + 14, len - 14);
	else if (get16(frame + 12) == 0x0800)
		take_ip(s, frame + 14, len - 14);
}

/* ---- life */

struct station *station_new(const char *options)
{
	struct station *s = calloc(1, sizeof(*s));
	const struct net_client c = {can, take, NULL, s};
	struct err e = {""};
	char text[4096];

	MUST(s);
	process_use("hvm-nat");
	s->loop = loop_new(&e);
	MUST(s->loop);
	snprintf(text, sizeof(text), "user,id=n0%s", options);
	s->net = net_open(s->loop, text, &e);
	EQS("", e.msg);
	MUST(s->net);
	net_attach(s->net, &c);
	s->tcp_nxt = s->tcp_una = 1000;
	s->tcp_port = 40000;
	return s;
}

void station_free(struct station *s)
{
	net_close(s->net);
	loop_free(s->loop);
	free(s->in);
	free(s);
}

void station_turn(struct station *s)
{
	if (s->turn)
		s->turn(s);
	OK(loop_step(s->loop, 1));
}

void station_connect(struct station *s, uint32_t to, uint16_t port)
{
	s->tcp_ip = to;
	s->tcp_peer = port;
	s->tcp_port++;
	s->tcp_open = s->tcp_reset = s->tcp_fin = false;
	s->in_len = 0;
	station_segment(s, TCP_SYN, 0, NULL, 0);
	UNTIL(s, s->tcp_open || s->tcp_reset);
}

void station_write(struct station *s, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = MIN(len - at, 1400);

		UNTIL(s, s->tcp_nxt + n - s->tcp_una <= s->tcp_window || s->tcp_reset);
		MUST(!s->tcp_reset);
		station_segment(s, TCP_ACK | TCP_PSH, 0, p + at, n);
		at += n;
		if (at % (1400 * 16) == 0)
			station_turn(s);
	}
	UNTIL(s, s->tcp_una == s->tcp_nxt);
}

void station_finish(struct station *s)
{
	station_segment(s, TCP_FIN | TCP_ACK, 0, NULL, 0);
	UNTIL(s, s->tcp_una == s->tcp_nxt);
}
