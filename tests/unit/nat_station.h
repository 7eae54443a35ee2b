/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/nat_station.h: a machine on the guest's side of a -netdev user: just enough ARP,
 * IPv4, UDP and TCP (no loss, one connection) to talk to hvm-nat without a guest.
 */
#ifndef TESTS_UNIT_NAT_STATION_H
#define TESTS_UNIT_NAT_STATION_H
#include "net/net.h"
#include "tests/test.h"

#define GUEST_IP   0x0a00020f /* 10.0.2.15 */
#define GATEWAY_IP 0x0a000202
#define DNS_IP     0x0a000203
#define GUEST_MAC  "\x52\x54\x00\x12\x34\x56"

struct station {
	struct loop *loop;
	struct netdev *net;
	bool refuse; /* takes no frames */
	unsigned frames, arps;
	uint8_t last[2048]; /* the last frame */
	size_t last_len;
	/* the last UDP datagram to us */
	unsigned datagrams;
	uint32_t udp_from;
	uint16_t udp_sport, udp_dport;
	uint8_t udp[2048];
	size_t udp_len;
	unsigned pongs;
	/* the one TCP connection */
	uint32_t tcp_ip, tcp_una, tcp_nxt, tcp_rcv, tcp_window;
	uint16_t tcp_port, tcp_peer;
	bool tcp_listen, tcp_open, tcp_fin, tcp_reset, tcp_fin_sent;
	uint8_t *in;
	size_t in_len, in_size;
	/* called at each turn: the host's side */
	void (*turn)(struct station *s);
	void *host;
};

/* options: of -netdev user, beginning with ',' if any. Ends the test when it cannot be. */
struct station *station_new(const char *options);
void station_free(struct station *s);
void station_turn(struct station *s);
#define UNTIL(s, cond)                                       \
	do {                                                 \
		for (int n_ = 0; n_ < 5000 && !(cond); n_++) \
			station_turn(s);                     \
		CHECK(cond);                                 \
	} while (0)

void station_send(struct station *s, unsigned type, const void *p, size_t len);
/* proto and payload in an IPv4 packet, sum right. */
void station_ip(struct station *s, uint32_t to, unsigned proto, const void *p, size_t len);
void station_udp(struct station *s, uint32_t from, uint32_t to, uint16_t sport, uint16_t dport,
		 const void *p, size_t len);
void station_ping(struct station *s, uint32_t to);
/* TCP flags and payload at the present place in the connection; urp is the urgent pointer. */
void station_segment(struct station *s, unsigned flags, unsigned urp, const void *p, size_t len);
void station_connect(struct station *s, uint32_t to, uint16_t port);
/* All of it, waiting for acknowledgements. */
void station_write(struct station *s, const uint8_t *p, size_t len);
void station_finish(struct station *s);
uint16_t station_sum(const uint8_t *p, size_t len, uint32_t sum);
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };
#endif
