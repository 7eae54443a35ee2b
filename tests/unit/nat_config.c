/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/nat_config.c: hvm-nat's options, rules, and what it takes out of frames. */
#include "config.h"
#ifdef CONFIG_SLIRP
#include "base/util.h"
#include "net/nat/nat.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <stdio.h>

/* ---- addresses */

static const struct {
	const char *text, *net, *mask, *host, *dhcp, *dns;
} nets[] = {
	{"", "10.0.2.0", "255.255.255.0", "10.0.2.2", "10.0.2.15", "10.0.2.3"},
	{"net=192.168.5.0/24", "192.168.5.0", "255.255.255.0", "192.168.5.2", "192.168.5.15",
	 "192.168.5.3"},
	{"net=192.168.5.77/255.255.255.0", "192.168.5.0", "255.255.255.0", "192.168.5.2",
	 "192.168.5.15", "192.168.5.3"},
	{"ip=10.1.2.3", "10.0.0.0", "255.0.0.0", "10.0.2.2", "10.0.2.15", "10.0.2.3"},
	{"net=172.20.0.0", "172.16.0.0", "255.240.0.0", "172.16.2.2", "172.16.2.15", "172.16.2.3"},
	{"net=192.168.1.0", "192.168.0.0", "255.255.0.0", "192.168.2.2", "192.168.2.15",
	 "192.168.2.3"},
	{"net=10.0.2.0/28", "10.0.2.0", "255.255.255.240", "10.0.2.2", "10.0.2.15", "10.0.2.3"},
	{"host=10.0.2.9,dhcpstart=10.0.2.40,dns=10.0.2.10", "10.0.2.0", "255.255.255.0", "10.0.2.9",
	 "10.0.2.40", "10.0.2.10"},
};

static void addr_is(const char *want, struct in_addr a)
{
	EQS(want, inet_ntoa(a));
}

TEST_EACH(nets, ARRAY_SIZE(nets), nets[i].text)
{
	static struct nat_config c;
	struct err e = {""};

	OK(nat_config_parse(&c, nets[i].text, &e));
	EQS("", e.msg);
	addr_is(nets[i].net, c.net);
	addr_is(nets[i].mask, c.mask);
	addr_is(nets[i].host, c.host);
	addr_is(nets[i].dhcp, c.dhcp);
	addr_is(nets[i].dns, c.dns);
}

TEST(ipv6_and_texts)
{
	static struct nat_config c;
	struct err e = {""};
	char text[64];

	OK(nat_config_parse(&c, "", &e));
	EQS("fec0::", inet_ntop(AF_INET6, &c.net6, text, sizeof(text)));
	EQS("fec0::2", inet_ntop(AF_INET6, &c.host6, text, sizeof(text)));
	EQS("fec0::3", inet_ntop(AF_INET6, &c.dns6, text, sizeof(text)));
	EQ(64, c.prefix6);
	CHECK(c.ipv4 && c.ipv6 && !c.restricted && !c.hostname && !c.tftp);
	OK(nat_config_parse(&c,
			    "ipv6-net=fd00:1::/96,ipv6-dns=fd00:1::9,hostname=h,restrict=yes,"
			    "dnssearch=a,dnssearch=b,hostfwd=::1-:2,hostfwd=udp::3-:4,ipv4=off",
			    &e));
	EQS("", e.msg);
	EQ(96, c.prefix6);
	EQS("fd00:1::2", inet_ntop(AF_INET6, &c.host6, text, sizeof(text)));
	EQS("fd00:1::9", inet_ntop(AF_INET6, &c.dns6, text, sizeof(text)));
	CHECK(!c.ipv4 && c.restricted);
	EQS("h", c.hostname);
	EQ(2, c.n_search);
	EQS("b", c.search[1]);
	EQ(2, c.n_fwd);
	EQS("udp::3-:4", c.fwd[1]);
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{"net=x/24", "net=x/24: want address or address/mask"},
	{"net=10.0.2.0/x", "net=10.0.2.0/x: want address or address/mask"},
	{"net=10.0.2.0/30", "net=10.0.2.0/30 has no room for a guest and three servers"},
	{"host=10.0.3.1", "host= and dhcpstart= must lie in net="},
	{"dhcpstart=10.0.2.2", "host=, dns= and dhcpstart= must differ"},
	{"dns=1.2.3.4,restrict=on", "dns= must lie in net= with restrict=on"},
	{"dns=nope", "dns=nope is no IPv4 address"},
	{"ipv6-net=zz::", "ipv6-net=zz:: is no IPv6 address"},
	{"ipv6-prefixlen=0", "ipv6-prefixlen=0: want 1 to 126"},
	{"ipv6-host=fe80::1", "ipv6-host= and ipv6-dns= must lie in ipv6-net="},
	{"ipv4=off,ipv6=off", "ipv4=off and ipv6=off leave no network"},
	{"restrict=maybe", "restrict=maybe: want on or off"},
	{"hostname=0123456789012345678901234567890123", "hostname= is longer than 33 bytes"},
	{"hostfwd=x", "hostfwd 'x': want [tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT"},
	{"smb=/x", "smb= does not exist here: there is no SMB server"},
	{"color=red", "-netdev user has no option 'color'"},
};

TEST_EACH(refused, ARRAY_SIZE(wrong), wrong[i].text)
{
	static struct nat_config c;
	struct err e = {""};

	CHECK(nat_config_parse(&c, wrong[i].text, &e) < 0);
	EQS(wrong[i].why, e.msg);
}

/* ---- rules */

TEST(rules)
{
	static const char *const bad[] = {"",
					  "tcp",
					  "tcp:",
					  "tcp::",
					  "tcp::-:1",
					  "icmp::1-:1",
					  "tcp::1",
					  "tcp::1-",
					  "tcp::1-:",
					  "tcp::1-:0",
					  "tcp::70000-:1",
					  "tcp::1-:1x",
					  "tcp:1.2.3:x-:1",
					  "tcp::1-a:1",
					  "udp:999.1.1.1:1-:1"};
	struct nat_rule r;
	struct err e = {""};

	OK(nat_rule_parse(&r, "udp:127.0.0.1:5353-10.0.2.15:53", true, &e));
	CHECK(r.udp && r.host_port == 5353 && r.guest_port == 53);
	addr_is("127.0.0.1", r.host);
	addr_is("10.0.2.15", r.guest);
	OK(nat_rule_parse(&r, "::2222-:22", true, &e));
	CHECK(!r.udp && r.host_port == 2222 && r.guest_port == 22 && !r.host.s_addr);
	OK(nat_rule_parse(&r, "tcp:127.0.0.1:80", false, &e));
	CHECK(nat_rule_parse(&r, "tcp::80-:1", false, &e) < 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		NOTE("%s", bad[i]);
		CHECK(nat_rule_parse(&r, bad[i], true, &e) < 0);
	}
}

/* ---- frames */

static unsigned sum(const uint8_t *p, size_t len)
{
	unsigned long s = 0;

	for (size_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (unsigned)s;
}

#define FRAME 74 /* with 20 bytes of TCP payload */

/* IPv4 and TCP without a pseudo header: the change of its sum is what counts. */
static void tcp_frame(uint8_t *f, uint32_t seed, unsigned flags)
{
	unsigned s;

	memset(f, 0, FRAME);
	for (unsigned i = 34; i < FRAME; i++)
		f[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	memcpy(f + 12, "\x08\x00\x45\x00\x00\x3c", 6);
	f[23] = 6;
	f[46] = 5 << 4;
	f[47] = (uint8_t)flags;
	f[50] = f[51] = 0;
	s = ~sum(f + 34, 40);
	f[50] = (uint8_t)(s >> 8);
	f[51] = (uint8_t)s;
}

TEST(urgent_goes)
{
	uint8_t f[FRAME], was[FRAME];

	for (uint32_t seed = 0; seed < 2000; seed++) {
		tcp_frame(f, seed, 0x38);
		CHECK(nat_clean_frame(f, sizeof(f)));
		EQ(0x18, f[47]);
		EQ(0, f[52] | f[53]);
		if (!EQ(0xffff, sum(f + 34, 40)))
			break;
		tcp_frame(f, seed, 0x18);
		memcpy(was, f, sizeof(f));
		CHECK(nat_clean_frame(f, sizeof(f)));
		EQM(was, f, sizeof(f));
		tcp_frame(f, seed, 0x38);
		f[51] ^= 1; /* a wrong sum stays wrong */
		CHECK(nat_clean_frame(f, sizeof(f)));
		CHECK(sum(f + 34, 40) != 0xffff);
	}
}

TEST(urgent_in_ipv6)
{
	uint8_t f[14 + 40 + 20] = {0};

	memcpy(f + 12, "\x86\xdd\x60", 3);
	f[20] = 6;
	f[54 + 12] = 5 << 4;
	f[54 + 13] = 0x22;
	f[54 + 19] = 9;
	CHECK(nat_clean_frame(f, sizeof(f)));
	EQ(0x02, f[54 + 13]);
	EQ(0, f[54 + 19]);
}

TEST(what_is_dropped)
{
	uint8_t f[FRAME];

	tcp_frame(f, 1, 0x10);
	f[20] = 0x20; /* more fragments */
	CHECK(!nat_clean_frame(f, sizeof(f)));
	tcp_frame(f, 1, 0x10);
	f[21] = 1; /* offset 8: the flags would be in this one */
	CHECK(!nat_clean_frame(f, sizeof(f)));
	f[23] = 17;
	CHECK(!nat_clean_frame(f, sizeof(f)));
	tcp_frame(f, 1, 0x10);
	f[20] = 0x40; /* don't fragment */
	CHECK(nat_clean_frame(f, sizeof(f)));
	f[14] = 0x44; /* header of 16 bytes */
	CHECK(!nat_clean_frame(f, sizeof(f)));
	f[14] = 0x4f; /* of 60, in a frame of less */
	CHECK(!nat_clean_frame(f, 14 + 40));
	CHECK(!nat_clean_frame(f, 13));
	for (size_t len = 14; len < 54; len++) {
		tcp_frame(f, 1, 0x38);
		nat_clean_frame(f, len); /* the sanitizer watches */
	}
}
#endif
