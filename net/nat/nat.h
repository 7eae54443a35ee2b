/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/nat/nat.h: what the files of hvm-nat share. Only nat_slirp.c knows libslirp. */
#ifndef NET_NAT_NAT_H
#define NET_NAT_NAT_H
#include "base/err.h"
#include "jail/jail.h"
#include "net/opts.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAT_FWD_MAX    NET_OPTS_MAX
#define NAT_SEARCH_MAX 32

/* nat_config.c: -netdev user's options, checked; texts lie in opts. */
struct nat_config {
	struct net_opts opts;
	bool restricted, ipv4, ipv6;
	struct in_addr net, mask, host, dhcp, dns;
	struct in6_addr net6, host6, dns6;
	uint8_t prefix6;
	const char *hostname, *domain, *tftp, *tftp_name, *bootfile; /* NULL = not given */
	const char *search[NAT_SEARCH_MAX + 1];                      /* NULL-terminated */
	const char *fwd[NAT_FWD_MAX];
	unsigned n_search, n_fwd;
};
/* text: "key=value,key=value" */
int nat_config_parse(struct nat_config *c, const char *text, struct err *e);

/* "[tcp|udp]:[host address]:port-[guest address]:port"; without guest: the part before '-' */
struct nat_rule {
	bool udp;
	struct in_addr host, guest;
	uint16_t host_port, guest_port;
};
int nat_rule_parse(struct nat_rule *r, const char *text, bool with_guest, struct err *e);

/*
 * nat_clean.c: a frame of the guest on its way to libslirp. false: drop it. TCP's urgent flag and
 * pointer are taken out and IPv4 fragments are dropped: libslirp 4.7 leaves its buffers by both.
 */
bool nat_clean_frame(uint8_t *frame, size_t len);

/* nat_jail.c: for good, once the network is set up. tftp: NULL = none. */
int nat_jail_enter(enum jail_mode mode, const char *tftp, struct err *e);

/* nat_slirp.c: the network itself. */
struct nat;
/* frames: a packet socket, NET_USER_HEADER before each frame; control: commands (net/user.h). */
struct nat *nat_slirp_new(const struct nat_config *c, int frames, int control, struct err *e);
void nat_slirp_free(struct nat *n); /* NULL is fine */
int nat_slirp_forward(struct nat *n, bool add, const char *rule, struct err *e);
int nat_slirp_run(struct nat *n); /* until the other end of a socket closes */
/* One frame of the guest, as it came; it is changed. For tests too. */
void nat_slirp_input(struct nat *n, uint8_t *frame, size_t len);
#endif
