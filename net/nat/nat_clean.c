/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/nat/nat_clean.c: what of a guest's frame libslirp does not get to see.
 *
 * libslirp 4.7 (Debian 12) sends as many bytes as the urgent pointer says to
 * the host's peer, however few the guest gave: what lies behind them in its
 * heap leaks. Urgent data is data like any other here. And its reassembly
 * of IPv4 fragments follows pointers out of the payload (the seed `fragment`
 * of tests/fuzz/corpus/nat_frame shows it), so it gets none.
 *
 * Spec: RFC 791, 793, 1624, 8200.
 */
#include "base/util.h"
#include "net/nat/nat.h"

#define ETH_LEN 14
#define TCP     6
#define TCP_MIN 20
#define URG     0x20

static unsigned get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1624: the sum of a segment of which one word changes. A wrong one stays wrong. */
static void replace16(uint8_t *tcp, unsigned at, unsigned v)
{
	uint32_t sum = (~get16(tcp + 16) & 0xffff) + (~get16(tcp + at) & 0xffff) + v;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(tcp + 16, ~sum & 0xffff);
	put16(tcp + at, v);
}

static void clean_tcp(uint8_t *tcp, size_t len)
{
	if (len < TCP_MIN || !(tcp[13] & URG))
		return;
	replace16(tcp, 12, get16(tcp + 12) & ~(unsigned)URG);
	replace16(tcp, 18, 0);
}

/* A fragment could bring the flags in a frame of their own. */
static bool clean_ip4(uint8_t *ip, size_t len)
{
	size_t head;

	if (len < 20 || get16(ip + 6) & 0x3fff)
		return false;
	if (ip[9] != TCP)
		return true;
	head = (ip[0] & 15) * 4u;
	if (head < 20 || head > len)
		return false;
	clean_tcp(ip + head, len - head);
	return true;
}

/* libslirp takes TCP right behind the header only. */
static void clean_ip6(uint8_t *ip, size_t len)
{
	if (len >= 40 && ip[6] == TCP)
		clean_tcp(ip + 40, len - 40);
}

bool nat_clean_frame(uint8_t *frame, size_t len)
{
	unsigned type;

	if (len < ETH_LEN)
		return false;
	type = get16(frame + 12);
	if (type == 0x0800)
		return clean_ip4(frame + ETH_LEN, len - ETH_LEN);
	if (type == 0x86dd)
		clean_ip6(frame + ETH_LEN, len - ETH_LEN);
	return true;
}
