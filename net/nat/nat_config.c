/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/nat/nat_config.c: -netdev user's options, with QEMU's names, defaults and checks. */
#include "base/util.h"
#include "net/nat/nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int parse_addr(const char *key, const char *text, struct in_addr *a, struct err *e)
{
	return inet_aton(text, a) ? 0 : err_set(e, -EINVAL, "%s=%s is no IPv4 address", key, text);
}

static int parse_addr6(const char *key, const char *text, struct in6_addr *a, struct err *e)
{
	return inet_pton(AF_INET6, text, a) == 1
		       ? 0
		       : err_set(e, -EINVAL, "%s=%s is no IPv6 address", key, text);
}

/* 0 … max, and all of the text */
static int parse_number(const char *text, unsigned max, unsigned *v)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > max)
		return -EINVAL;
	*v = (unsigned)n;
	return 0;
}

/* ---- IPv4 */

/* The mask that goes with an address for which none was said. */
static uint32_t class_mask(uint32_t a)
{
	static const struct {
		uint32_t mask, value, net;
	} classes[] = {
		{0x80000000, 0x00000000, 0xff000000}, /* A */
		{0xfff00000, 0xac100000, 0xfff00000}, /* 172.16/12 */
		{0xc0000000, 0x80000000, 0xffff0000}, /* B */
		{0xffff0000, 0xc0a80000, 0xffff0000}, /* 192.168/16 */
		{0xffff0000, 0xc6120000, 0xfffe0000}, /* 198.18/15 */
		{0xe0000000, 0xc0000000, 0xffffff00}, /* C */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
		if ((a & classes[i].mask) == classes[i].value)
			return classes[i].net;
	return 0xfffffff0;
}

static int parse_net(struct nat_config *c, const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	char addr[64];
	unsigned bits;

	snprintf(addr, sizeof(addr), "%.*s", slash ? (int)(slash - text) : 63, text);
	if (!inet_aton(addr, &c->net))
		return err_set(e, -EINVAL, "net=%s: want address or address/mask", text);
	if (!slash)
		c->mask.s_addr = htonl(class_mask(ntohl(c->net.s_addr)));
	else if (!parse_number(slash + 1, 32, &bits))
		c->mask.s_addr = bits ? htonl(~0u << (32 - bits)) : 0;
	else if (!inet_aton(slash + 1, &c->mask))
		return err_set(e, -EINVAL, "net=%s: want address or address/mask", text);
	/* slirp wants three addresses of its own and one for the guest */
	if (ntohl(c->mask.s_addr) > 0xfffffff8)
		return err_set(e, -EINVAL, "net=%s has no room for a guest and three servers",
			       text);
	c->net.s_addr &= c->mask.s_addr;
	return 0;
}

static bool inside(const struct nat_config *c, struct in_addr a)
{
	return (a.s_addr & c->mask.s_addr) == c->net.s_addr;
}

static struct in_addr nth(const struct nat_config *c, uint32_t n)
{
	return (struct in_addr){c->net.s_addr | (htonl(n) & ~c->mask.s_addr)};
}

static int check_ipv4(const struct nat_config *c, struct err *e)
{
	uint32_t host = c->host.s_addr, dhcp = c->dhcp.s_addr, dns = c->dns.s_addr;

	if (!inside(c, c->host) || !inside(c, c->dhcp))
		return err_set(e, -EINVAL, "host= and dhcpstart= must lie in net=");
	if (c->restricted && !inside(c, c->dns))
		return err_set(e, -EINVAL, "dns= must lie in net= with restrict=on");
	if (host == dhcp || host == dns || dhcp == dns)
		return err_set(e, -EINVAL, "host=, dns= and dhcpstart= must differ");
	return 0;
}

static int parse_ipv4(struct nat_config *c, struct err *e)
{
	const struct {
		const char *key;
		struct in_addr *to;
		uint32_t def;
	} addrs[] = {{"host", &c->host, 0x0202},
		     {"dhcpstart", &c->dhcp, 0x020f},
		     {"dns", &c->dns, 0x0203}};
	const char *net = net_opt(&c->opts, "net");

	if (!net)
		net = net_opt(&c->opts, "ip"); /* its name of old */
	if (parse_net(c, net ? net : "10.0.2.0/24", e) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++) {
		const char *v = net_opt(&c->opts, addrs[i].key);

		*addrs[i].to = nth(c, addrs[i].def);
		if (v && parse_addr(addrs[i].key, v, addrs[i].to, e) < 0)
			return -EINVAL;
	}
	return check_ipv4(c, e);
}

/* ---- IPv6 */

static int parse_net6(struct nat_config *c, struct err *e)
{
	const char *net = net_opt(&c->opts, "ipv6-net"), *slash;
	const char *prefix = net_opt(&c->opts, "ipv6-prefix");
	const char *len = net_opt(&c->opts, "ipv6-prefixlen");
	char addr[64];
	unsigned bits = 64;

	if (!net)
		net = prefix ? prefix : "fec0::";
	slash = strchr(net, '/');
	snprintf(addr, sizeof(addr), "%.*s", slash ? (int)(slash - net) : 63, net);
	if (slash)
		len = slash + 1;
	if (parse_addr6("ipv6-net", addr, &c->net6, e) < 0)
		return -EINVAL;
	if (len && (parse_number(len, 126, &bits) || !bits))
		return err_set(e, -EINVAL, "ipv6-prefixlen=%s: want 1 to 126", len);
	c->prefix6 = (uint8_t)bits;
	return 0;
}

static bool same_prefix(const struct nat_config *c, const struct in6_addr *a)
{
	for (unsigned bit = 0; bit < c->prefix6; bit++)
		if ((a->s6_addr[bit / 8] ^ c->net6.s6_addr[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static int parse_ipv6(struct nat_config *c, struct err *e)
{
	const char *host = net_opt(&c->opts, "ipv6-host"), *dns = net_opt(&c->opts, "ipv6-dns");

	if (parse_net6(c, e) < 0)
		return -EINVAL;
	c->host6 = c->dns6 = c->net6;
	c->host6.s6_addr[15] |= 2;
	c->dns6.s6_addr[15] |= 3;
	if (host && parse_addr6("ipv6-host", host, &c->host6, e) < 0)
		return -EINVAL;
	if (dns && parse_addr6("ipv6-dns", dns, &c->dns6, e) < 0)
		return -EINVAL;
	if (!same_prefix(c, &c->host6) || (c->restricted && !same_prefix(c, &c->dns6)))
		return err_set(e, -EINVAL, "ipv6-host= and ipv6-dns= must lie in ipv6-net=");
	return 0;
}

/* ---- the rest */

static int parse_texts(struct nat_config *c, struct err *e)
{
	const struct {
		const char *key;
		const char **to;
		size_t max; /* DHCP's, in bytes */
	} texts[] = {{"hostname", &c->hostname, 33},
		     {"domainname", &c->domain, 255},
		     {"tftp", &c->tftp, 4095},
		     {"tftp-server-name", &c->tftp_name, 255},
		     {"bootfile", &c->bootfile, 127}};

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i].to = net_opt(&c->opts, texts[i].key);
		if (*texts[i].to && strlen(*texts[i].to) > texts[i].max)
			return err_set(e, -EINVAL, "%s= is longer than %zu bytes", texts[i].key,
				       texts[i].max);
	}
	return 0;
}

static int parse_lists(struct nat_config *c, struct err *e)
{
	for (unsigned i = 0; i < c->opts.n; i++) {
		const char *key = c->opts.opt[i].key, *val = c->opts.opt[i].val;
		struct nat_rule r;

		if (!strcmp(key, "hostfwd")) {
			if (nat_rule_parse(&r, val, true, e) < 0)
				return -EINVAL;
			c->fwd[c->n_fwd++] = val;
		} else if (!strcmp(key, "dnssearch")) {
			if (c->n_search == NAT_SEARCH_MAX)
				return err_set(e, -EINVAL, "dnssearch= is given more than %d times",
					       NAT_SEARCH_MAX);
			c->search[c->n_search++] = val;
		}
	}
	return 0;
}

static int refuse(const struct nat_config *c, struct err *e)
{
	static const struct {
		const char *key, *why;
	} no[] = {{"guestfwd", "a jailed process starts no commands"},
		  {"smb", "there is no SMB server"},
		  {"smbserver", "there is no SMB server"}};

	for (unsigned i = 0; i < ARRAY_SIZE(no); i++)
		if (net_opt(&c->opts, no[i].key))
			return err_set(e, -ENOTSUP, "%s= does not exist here: %s", no[i].key,
				       no[i].why);
	return 0;
}

int nat_config_parse(struct nat_config *c, const char *text, struct err *e)
{
	static const char *const keys[] = {"ipv4",
					   "net",
					   "ip",
					   "host",
					   "dhcpstart",
					   "dns",
					   "ipv6",
					   "ipv6-net",
					   "ipv6-prefix",
					   "ipv6-prefixlen",
					   "ipv6-dns",
					   "ipv6-host",
					   "restrict",
					   "hostname",
					   "domainname",
					   "tftp",
					   "bootfile",
					   "dnssearch",
					   "tftp-server-name",
					   "hostfwd",
					   "guestfwd",
					   "smb",
					   "smbserver",
					   NULL};
	char all[sizeof(c->opts.text) + 8];
	int rc;

	*c = (struct nat_config){.ipv4 = true, .ipv6 = true};
	snprintf(all, sizeof(all), "user%s%s", *text ? "," : "", text);
	rc = net_opts_parse(&c->opts, "-netdev", all, e);
	if (!rc)
		rc = net_opts_known(&c->opts, keys, e);
	if (!rc)
		rc = refuse(c, e);
	if (!rc)
		rc = net_opt_bool(&c->opts, "restrict", &c->restricted, e);
	if (!rc)
		rc = net_opt_bool(&c->opts, "ipv4", &c->ipv4, e);
	if (!rc)
		rc = net_opt_bool(&c->opts, "ipv6", &c->ipv6, e);
	if (!rc)
		rc = parse_ipv4(c, e);
	if (!rc)
		rc = parse_ipv6(c, e);
	if (!rc)
		rc = parse_texts(c, e);
	if (!rc)
		rc = parse_lists(c, e);
	if (!rc && !c->ipv4 && !c->ipv6)
		rc = err_set(e, -EINVAL, "ipv4=off and ipv6=off leave no network");
	return rc;
}

/* ---- forwarding */

/* "address:port" between p and end; an empty address is `any`. */
static int parse_end(const char *p, const char *end, struct in_addr *a, uint16_t *port)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	char addr[32], number[8];
	unsigned v;

	a->s_addr = INADDR_ANY;
	if (!colon || colon - p >= (int)sizeof(addr) || end - colon > (int)sizeof(number))
		return -EINVAL;
	snprintf(addr, sizeof(addr), "%.*s", (int)(colon - p), p);
	snprintf(number, sizeof(number), "%.*s", (int)(end - colon - 1), colon + 1);
	if ((*addr && !inet_aton(addr, a)) || parse_number(number, 65535, &v))
		return -EINVAL;
	*port = (uint16_t)v;
	return 0;
}

static int rule_error(const char *text, bool with_guest, struct err *e)
{
	return err_set(e, -EINVAL, "hostfwd '%s': want [tcp|udp]:[ADDRESS]:PORT%s", text,
		       with_guest ? "-[ADDRESS]:PORT" : "");
}

int nat_rule_parse(struct nat_rule *r, const char *text, bool with_guest, struct err *e)
{
	const char *p = strchr(text, ':'), *dash;

	*r = (struct nat_rule){.udp = !strncmp(text, "udp:", 4)};
	if (!p || (p != text && !r->udp && strncmp(text, "tcp:", 4)))
		return rule_error(text, with_guest, e);
	p++;
	dash = strchr(p, '-');
	if (!dash != !with_guest)
		return rule_error(text, with_guest, e);
	if (parse_end(p, dash ? dash : p + strlen(p), &r->host, &r->host_port))
		return rule_error(text, with_guest, e);
	if (dash &&
	    (parse_end(dash + 1, dash + strlen(dash), &r->guest, &r->guest_port) || !r->guest_port))
		return rule_error(text, with_guest, e);
	return 0;
}
