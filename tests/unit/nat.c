/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/nat.c: -netdev user and hvm-nat from end to end, without a guest: the test is the
 * machine on one side (nat_station.c) and the servers of 127.0.0.1 on the other.
 */
#include "base/log.h"
#include "base/util.h"
#include "config.h"
#include "proc/spawn.h"
#include "tests/unit/nat_station.h"
#include "tests/unit/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the host's side */

static int local(int type, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	a.sin_port = htons(*port);
	MUST(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)));
	MUST(!getsockname(fd, (struct sockaddr *)&a, &len));
	*port = ntohs(a.sin_port);
	if (type == SOCK_STREAM)
		MUST(!listen(fd, 4));
	return fd;
}

static uint16_t free_port(int type)
{
	uint16_t port = 0;

	close(local(type, &port));
	return port;
}

/* A TCP server of one connection that keeps what comes and sends it back. */
struct echo {
	int listener, fd;
	uint16_t port;
	uint8_t *buf;
	size_t got, sent;
	bool end;
};

#define ECHO_SIZE (8 << 20)

static void echo_turn(struct station *s)
{
	struct echo *e = s->host;
	ssize_t n;

	if (e->fd < 0)
		e->fd = accept4(e->listener, NULL, NULL, SOCK_NONBLOCK);
	if (e->fd < 0)
		return;
	n = recv(e->fd, e->buf + e->got, ECHO_SIZE - e->got, 0);
	e->end = e->end || !n;
	e->got += n > 0 ? (size_t)n : 0;
	n = send(e->fd, e->buf + e->sent, e->got - e->sent, MSG_NOSIGNAL);
	e->sent += n > 0 ? (size_t)n : 0;
	if (e->end && e->sent == e->got)
		shutdown(e->fd, SHUT_WR);
}

static void echo_start(struct station *s, struct echo *e)
{
	*e = (struct echo){.fd = -1};
	e->listener = local(SOCK_STREAM, &e->port);
	e->buf = malloc(ECHO_SIZE);
	MUST(e->buf);
	s->host = e;
	s->turn = echo_turn;
}

static void echo_stop(struct station *s)
{
	struct echo *e = s->host;

	close(e->listener);
	if (e->fd >= 0)
		close(e->fd);
	free(e->buf);
	s->turn = NULL;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr = {htonl(INADDR_LOOPBACK)},
				.sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* ---- DHCP */

static const uint8_t *dhcp_option(const struct station *s, unsigned code, unsigned *len)
{
	for (size_t i = 240; i + 1 < s->udp_len && s->udp[i] != 255; i += 2u + s->udp[i + 1])
		if (s->udp[i] == code) {
			*len = s->udp[i + 1];
			return s->udp + i + 2;
		}
	*len = 0;
	return NULL;
}

static void dhcp_send(struct station *s, unsigned type)
{
	uint8_t d[300] = {1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef};
	unsigned at = 240;

	memcpy(d + 28, GUEST_MAC, 6);
	memcpy(d + 236, "\x63\x82\x53\x63", 4);
	memcpy(d + at, (uint8_t[]){53, 1, (uint8_t)type}, 3);
	at += 3;
	if (type == 3) {
		memcpy(d + at, "\x32\x04\x0a\x00\x02\x0f\x36\x04\x0a\x00\x02\x02", 12);
		at += 12;
	}
	d[at] = 255;
	s->udp_len = 0;
	station_udp(s, 0, 0xffffffff, 68, 67, d, sizeof(d));
	UNTIL(s, s->udp_len);
	EQ(68, s->udp_dport);
	EQ(2, s->udp[0]);
	EQM(d + 4, s->udp + 4, 4);
}

static void option_is(struct station *s, unsigned code, const void *want, unsigned size)
{
	unsigned len;
	const uint8_t *p = dhcp_option(s, code, &len);

	NOTE("option %u", code);
	EQ(size, len);
	if (p && len == size)
		EQM(want, p, size);
	NOTE("%s", "");
}

TEST(dhcp)
{
	struct station *s = station_new(",hostname=guest7,domainname=example.org,bootfile=pxe.0,"
					"dnssearch=a.example,dnssearch=b.example,tftp=/tmp");

	dhcp_send(s, 1);
	option_is(s, 53, "\x02", 1);
	EQM("\x0a\x00\x02\x0f", s->udp + 16, 4);
	dhcp_send(s, 3);
	option_is(s, 53, "\x05", 1);
	option_is(s, 1, "\xff\xff\xff\x00", 4);
	option_is(s, 3, "\x0a\x00\x02\x02", 4);
	option_is(s, 6, "\x0a\x00\x02\x03", 4);
	option_is(s, 12, "guest7", 6);
	option_is(s, 15, "example.org", 11);
	EQS("pxe.0", (char *)s->udp + 108);
	station_free(s);
}

TEST(dhcp_elsewhere)
{
	struct station *s = station_new(",net=192.168.76.0/24,dhcpstart=192.168.76.9,"
					"host=192.168.76.1,dns=192.168.76.2");

	dhcp_send(s, 1);
	EQM("\xc0\xa8\x4c\x09", s->udp + 16, 4);
	option_is(s, 3, "\xc0\xa8\x4c\x01", 4);
	option_is(s, 6, "\xc0\xa8\x4c\x02", 4);
	station_free(s);
}

TEST(arp_and_ping)
{
	static const uint8_t who[28] = {0,  1, 8, 0,  6, 4, 0, 1, 0x52, 0x54, 0,  0x12, 0x34, 0x56,
					10, 0, 2, 15, 0, 0, 0, 0, 0,    0,    10, 0,    2,    2};
	struct station *s = station_new("");

	station_send(s, 0x0806, who, sizeof(who));
	UNTIL(s, s->arps);
	EQM("\x52\x55\x0a\x00\x02\x02\x0a\x00\x02\x02", s->last + 22, 10);
	station_ping(s, GATEWAY_IP);
	UNTIL(s, s->pongs == 1);
	station_free(s);
}

/* ---- traffic */

TEST(udp)
{
	struct station *s = station_new("");
	uint16_t port = 0;
	int fd = local(SOCK_DGRAM, &port);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[64];

	station_udp(s, GUEST_IP, GATEWAY_IP, 1234, port, "question", 8);
	UNTIL(s, recv(fd, buf, sizeof(buf), MSG_PEEK) == 8);
	EQ(8, recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len));
	EQM("question", buf, 8);
	EQ(6, sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, len));
	UNTIL(s, s->datagrams == 1);
	EQ(GATEWAY_IP, s->udp_from);
	EQ(port, s->udp_sport);
	EQ(1234, s->udp_dport);
	EQM("answer", s->udp, 6);
	close(fd);
	station_free(s);
}

static uint8_t *pattern(size_t len)
{
	uint8_t *p = malloc(len);
	uint32_t x = 12345;

	MUST(p);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24);
	}
	return p;
}

TEST(tcp_both_ways)
{
	struct station *s = station_new("");
	uint8_t *p = pattern(2 << 20);
	struct echo e;

	echo_start(s, &e);
	station_connect(s, GATEWAY_IP, e.port);
	MUST(s->tcp_open);
	station_write(s, p, 2 << 20);
	UNTIL(s, s->in_len == 2 << 20);
	EQM(p, e.buf, 2 << 20);
	EQM(p, s->in, 2 << 20);
	station_finish(s);
	UNTIL(s, e.end && s->tcp_fin);
	echo_stop(s);
	free(p);
	station_free(s);
}

TEST(tcp_refused)
{
	struct station *s = station_new("");

	station_connect(s, GATEWAY_IP, free_port(SOCK_STREAM));
	CHECK(s->tcp_reset);
	station_free(s);
}

/* One byte with an urgent pointer of 2000: just that byte may arrive. */
TEST(urgent_pointer_leaks_nothing)
{
	struct station *s = station_new("");
	struct echo e;

	echo_start(s, &e);
	station_connect(s, GATEWAY_IP, e.port);
	MUST(s->tcp_open);
	station_segment(s, TCP_ACK | TCP_PSH | TCP_URG, 2000, "x", 1);
	UNTIL(s, s->tcp_una == s->tcp_nxt && e.got);
	station_segment(s, TCP_ACK | TCP_PSH, 0, "y", 1);
	UNTIL(s, s->in_len >= 2);
	station_finish(s);
	UNTIL(s, e.end);
	EQ(2, e.got);
	EQM("xy", e.buf, 2);
	echo_stop(s);
	station_free(s);
}

TEST(restricted)
{
	struct station *s = station_new(",restrict=on");
	uint16_t port = 0;
	int fd = local(SOCK_DGRAM, &port);
	char byte;

	station_udp(s, GUEST_IP, GATEWAY_IP, 1234, port, "out", 3);
	dhcp_send(s, 1);
	station_ping(s, GATEWAY_IP);
	UNTIL(s, s->pongs);
	EQ(-1, recv(fd, &byte, 1, 0));
	close(fd);
	station_free(s);
}

/* ---- forwarding */

static void exchange(struct station *s, uint16_t port)
{
	char buf[16] = "";
	int fd = -1;

	s->tcp_listen = true;
	s->tcp_open = s->tcp_fin = s->tcp_reset = false;
	s->tcp_nxt = s->tcp_una = 5000;
	s->in_len = 0;
	UNTIL(s, fd >= 0 || (fd = connect_to(port)) >= 0);
	MUST(fd >= 0);
	UNTIL(s, s->tcp_open);
	EQ(5, send(fd, "hello", 5, 0));
	UNTIL(s, s->in_len == 5);
	EQM("hello", s->in, 5);
	station_write(s, (const uint8_t *)"guest", 5);
	UNTIL(s, recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT) == 5);
	EQ(5, recv(fd, buf, sizeof(buf), 0));
	EQM("guest", buf, 5);
	close(fd);
	UNTIL(s, s->tcp_fin || s->tcp_reset);
}

TEST(hostfwd_tcp)
{
	uint16_t port = free_port(SOCK_STREAM);
	char options[64];
	struct station *s;

	snprintf(options, sizeof(options), ",hostfwd=tcp:127.0.0.1:%u-:22", port);
	s = station_new(options);
	s->tcp_port = 22;
	exchange(s, port);
	station_free(s);
	EQ(-1, connect_to(port));
}

TEST(hostfwd_udp)
{
	uint16_t port = free_port(SOCK_DGRAM), own = 0;
	int fd = local(SOCK_DGRAM, &own);
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)},
				 .sin_port = htons(port)};
	char options[64], buf[16];
	struct station *s;

	snprintf(options, sizeof(options), ",hostfwd=udp:127.0.0.1:%u-10.0.2.15:53", port);
	s = station_new(options);
	EQ(2, sendto(fd, "in", 2, 0, (struct sockaddr *)&to, sizeof(to)));
	UNTIL(s, s->datagrams);
	EQ(53, s->udp_dport);
	EQM("in", s->udp, 2);
	station_udp(s, GUEST_IP, s->udp_from, 53, s->udp_sport, "out", 3);
	UNTIL(s, recv(fd, buf, sizeof(buf), MSG_PEEK) == 3);
	close(fd);
	station_free(s);
}

TEST(hostfwd_at_run_time)
{
	uint16_t port = free_port(SOCK_STREAM);
	struct station *s = station_new("");
	char rule[64], text[4096];
	struct err e = {""};

	snprintf(rule, sizeof(rule), ":127.0.0.1:%u-:80", port);
	OK(net_hostfwd(s->net, true, rule, &e));
	EQS("", e.msg);
	s->tcp_port = 80;
	exchange(s, port);
	OK(net_status(s->net, text, sizeof(text), &e));
	CHECK(strstr(text, "HOST_FORWARD") && strstr(text, "127.0.0.1"));
	CHECK(net_hostfwd(s->net, true, rule, &e) < 0);
	CHECK(strstr(e.msg, "Address already in use"));
	snprintf(rule, sizeof(rule), "tcp:127.0.0.1:%u", port);
	e.msg[0] = 0;
	OK(net_hostfwd(s->net, false, rule, &e));
	EQS("", e.msg);
	EQ(-1, connect_to(port));
	CHECK(net_hostfwd(s->net, false, rule, &e) < 0);
	CHECK(net_hostfwd(s->net, true, "sctp::1-:2", &e) < 0);
	station_free(s);
}

/* ---- TFTP */

static char *tftp_folder(void)
{
	static char dir[64];
	char path[96];
	FILE *f;

	strcpy(dir, "/tmp/hvm-tftp-XXXXXX");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	f = fopen(path, "w");
	MUST(f);
	for (unsigned i = 0; i < 1300; i++)
		fputc('a' + i % 26, f);
	fclose(f);
	return dir;
}

static void tftp_ask(struct station *s, const char *name)
{
	char ask[64];
	int len = snprintf(ask, sizeof(ask), "%c%c%s%coctet%c", 0, 1, name, 0, 0);

	s->udp_len = 0;
	station_udp(s, GUEST_IP, GATEWAY_IP, 2000, 69, ask, (size_t)len);
	UNTIL(s, s->udp_len);
}

TEST(tftp)
{
	char *dir = tftp_folder(), options[96], path[96];
	uint8_t ack[4] = {0, 4, 0, 0};
	struct station *s;
	size_t got = 0;

	snprintf(options, sizeof(options), ",tftp=%s", dir);
	s = station_new(options);
	tftp_ask(s, "/file");
	for (unsigned block = 1; block <= 3; block++) {
		EQ(3, s->udp[1]);
		EQ(block, s->udp[3]);
		for (size_t i = 4; i < s->udp_len; i++, got++)
			if (s->udp[i] != 'a' + got % 26)
				CHECK(!"the file's bytes");
		ack[3] = (uint8_t)block;
		s->udp_len = 0;
		station_udp(s, GUEST_IP, GATEWAY_IP, 2000, 69, ack, 4);
		if (block < 3)
			UNTIL(s, s->udp_len);
	}
	EQ(1300, got);
	tftp_ask(s, "/none");
	EQ(5, s->udp[1]);
	tftp_ask(s, "/../../etc/hostname");
	EQ(5, s->udp[1]);
	station_free(s);
	snprintf(path, sizeof(path), "%s/file", dir);
	unlink(path);
	rmdir(dir);
}

/* ---- DNS: in a network and with a resolver of the test's own */

static bool own_world(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	char path[] = "/tmp/hvm-resolv-XXXXXX";
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	MUST(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false; /* in a chroot "/" is no mount */
	fd = mkstemp(path);
	MUST(fd >= 0 && write(fd, "nameserver 127.0.0.1\n", 21) == 21);
	MUST(!fchmod(fd, 0644));
	close(fd);
	if (mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
		return false;
	unlink(path);
	return true;
}

TEST(dns)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint16_t port = 53;
	struct station *s;
	char buf[64];
	int fd;

	if (access("/etc/resolv.conf", F_OK) < 0 || !own_world())
		SKIP("no right to make namespaces for a name server (root has)");
	fd = local(SOCK_DGRAM, &port);
	s = station_new("");
	station_udp(s, GUEST_IP, DNS_IP, 3333, 53, "who is it", 9);
	UNTIL(s, recv(fd, buf, sizeof(buf), MSG_PEEK) == 9);
	EQ(9, recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len));
	EQM("who is it", buf, 9);
	EQ(2, sendto(fd, "me", 2, 0, (struct sockaddr *)&from, len));
	UNTIL(s, s->datagrams);
	EQ(DNS_IP, s->udp_from);
	EQ(53, s->udp_sport);
	EQM("me", s->udp, 2);
	close(fd);
	station_free(s);
}

/* ---- the process */

TEST(jailed)
{
	int other = open("/dev/null", O_RDONLY); /* not close-on-exec: must not be there */
	struct station *s = station_new("");
	pid_t pid = process_child();

	EQ(geteuid() ? geteuid() : 65534, process_status(pid, "Uid:", 10));
	EQ(1, process_status(pid, "NoNewPrivs:", 10));
#ifdef CONFIG_SECCOMP
	EQ(2, process_status(pid, "Seccomp:", 10));
#endif
	EQ(geteuid() ? 0 : 0x400, process_status(pid, "CapEff:", 16)); /* low ports */
	EQ(5, process_open_files(pid));
	close(other);
	station_free(s);
	EQ(-1, kill(pid, 0));
}

static void dies(struct station *s)
{
	pid_t pid = process_child();

	OK(kill(pid, SIGKILL));
	for (unsigned i = 0; i < 20; i++)
		station_turn(s);
}

/* Its forwardings come back with it; soon after a start that takes a second. */
TEST(killed_and_started_again)
{
	uint16_t port = free_port(SOCK_STREAM);
	char options[64];
	struct station *s;

	log_set_level(LOG_ERROR);
	snprintf(options, sizeof(options), ",hostfwd=tcp:127.0.0.1:%u-:22", port);
	s = station_new(options);
	s->tcp_port = 22;
	usleep(1100000);
	dies(s);
	exchange(s, port);
	dies(s);
	EQ(-1, connect_to(port));
	usleep(1100000);
	station_turn(s); /* starts it */
	station_ping(s, GATEWAY_IP);
	UNTIL(s, s->pongs);
	exchange(s, port);
	station_free(s);
}

/* Nobody takes frames: hvm-nat drops and lives, and the rest comes when they are taken. */
TEST(guest_that_does_not_listen)
{
	struct station *s = station_new("");
	uint16_t port = 0;
	int fd = local(SOCK_DGRAM, &port);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[1400] = "";

	station_udp(s, GUEST_IP, GATEWAY_IP, 1234, port, "from", 4);
	UNTIL(s, recv(fd, buf, sizeof(buf), MSG_PEEK) == 4);
	MUST(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 4);
	s->refuse = true;
	for (unsigned i = 0; i < 4000; i++) {
		sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, len);
		if (i % 16 == 0)
			station_turn(s);
	}
	EQ(0, s->datagrams);
	s->refuse = false;
	net_kick(s->net);
	UNTIL(s, s->datagrams > 50);
	station_ping(s, GATEWAY_IP);
	UNTIL(s, s->pongs);
	close(fd);
	station_free(s);
}

static void refused(const char *options, const char *sentence)
{
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	CHECK(!net_open(l, options, &e));
	EQS(sentence, e.msg);
	loop_free(l);
}

TEST(refused_options)
{
	uint16_t port = 0;
	int fd = local(SOCK_STREAM, &port);
	char options[96], sentence[160];

	process_use("hvm-nat");
	refused("user,id=n,nett=1", "netdev n: -netdev user has no option 'nett'");
	refused("user,id=n,guestfwd=tcp:10.0.2.4:1-cmd:x",
		"netdev n: guestfwd= does not exist here: a jailed process starts no commands");
	snprintf(options, sizeof(options), "user,id=n,hostfwd=:127.0.0.1:%u-:1", port);
	snprintf(sentence, sizeof(sentence),
		 "netdev n: hostfwd ':127.0.0.1:%u-:1': Address already in use", port);
	refused(options, sentence);
	close(fd);
	spawn_program = "/nonexistent/hvm-nat";
	refused("user,id=n",
		"netdev n: cannot start /nonexistent/hvm-nat: No such file or directory");
	spawn_program = "/bin/true";
	refused("user,id=n", "netdev n: hvm-nat does not start");
}
