/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/net_tap.c: -netdev tap in a network namespace of the test's own: interfaces by name,
 * by descriptor, in a bridge, with scripts.
 */
#include "base/log.h"
#include "base/util.h"
#include "net/net.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
	struct loop *loop;
	struct netdev *net;
	bool refuse;
	unsigned frames; /* of our type */
	uint8_t last[2000];
	size_t len;
};

static bool can(void *arg)
{
	return !((struct bench *)arg)->refuse;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	struct bench *b = arg;

	if (len < 14 || frame[12] != 0x88 || frame[13] != 0xb5)
		return; /* the kernel has things to say, too */
	memcpy(b->last, frame, MIN(len, sizeof(b->last)));
	b->len = len;
	b->frames++;
}

static void own_namespace(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		SKIP("no access to /dev/net/tun");
	close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		SKIP("no right to make a network namespace (root has)");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	close(fd);
}

static void open_tap(struct bench *b, const char *opts)
{
	const struct net_client c = {can, take, NULL, b};
	struct err e = {""};

	b->loop = loop_new(&e);
	MUST(b->loop);
	b->net = net_open(b->loop, opts, &e);
	EQS("", e.msg);
	MUST(b->net);
	net_attach(b->net, &c);
}

static void close_tap(struct bench *b)
{
	net_close(b->net);
	loop_free(b->loop);
}

static void flags(const char *name, int set)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(r.ifr_name, name);
	MUST(!ioctl(fd, SIOCGIFFLAGS, &r));
	r.ifr_flags |= (short)set;
	MUST(!ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

/* A socket that sees and sends frames of our type on an interface. */
static int packets(const char *name)
{
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b5)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(0x88b5));

	a.sll_ifindex = (int)if_nametoindex(name);
	MUST(fd >= 0 && a.sll_ifindex && !bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static void make_frame(uint8_t *f, size_t len)
{
	for (size_t i = 0; i < len; i++)
		f[i] = (uint8_t)(i * 3 + len);
	memcpy(f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5", 14);
}

static bool until(struct bench *b, unsigned frames)
{
	for (unsigned i = 0; i < 400 && b->frames < frames; i++)
		OK(loop_step(b->loop, 5));
	return EQ(frames, b->frames);
}

static void both_ways(struct bench *b, const char *name)
{
	uint8_t f[1514], got[2000];
	ssize_t len = -1;
	int fd;

	flags(name, IFF_UP);
	fd = packets(name);
	make_frame(f, sizeof(f));
	b->frames = 0;
	MUST(send(fd, f, sizeof(f), 0) == sizeof(f));
	until(b, 1);
	EQ(sizeof(f), b->len);
	EQM(f, b->last, sizeof(f));
	make_frame(f, 300);
	net_send(b->net, f, 300);
	for (unsigned i = 0; i < 200 && len < 0; i++) {
		len = recv(fd, got, sizeof(got), 0);
		usleep(1000);
	}
	EQ(300, len);
	EQM(f, got, 300);
	close(fd);
}

TEST(by_name)
{
	struct bench b = {0};

	own_namespace();
	open_tap(&b, "tap,id=n0,ifname=hvmtest0,script=no,downscript=no");
	EQS("type=tap,ifname=hvmtest0", net_info(b.net));
	both_ways(&b, "hvmtest0");
	close_tap(&b);
	EQ(0, if_nametoindex("hvmtest0"));
}

/* Frames wait in the kernel while the NIC takes none. */
TEST(refused_frames_wait)
{
	struct bench b = {0};
	uint8_t f[100];
	int fd;

	own_namespace();
	open_tap(&b, "tap,id=n0,ifname=hvmtest0,script=no,downscript=no");
	flags("hvmtest0", IFF_UP);
	fd = packets("hvmtest0");
	make_frame(f, sizeof(f));
	b.refuse = true;
	for (unsigned i = 0; i < 10; i++)
		MUST(send(fd, f, sizeof(f), 0) == sizeof(f));
	for (unsigned i = 0; i < 10; i++)
		OK(loop_step(b.loop, 2));
	EQ(0, b.frames);
	b.refuse = false;
	net_kick(b.net);
	until(&b, 10);
	close(fd);
	close_tap(&b);
}

static int tap_fd(const char *name, int more)
{
	struct ifreq r = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | more)};
	int fd = open("/dev/net/tun", O_RDWR);

	strcpy(r.ifr_name, name);
	MUST(fd >= 0 && !ioctl(fd, TUNSETIFF, &r));
	return fd;
}

TEST(by_descriptor)
{
	struct bench b = {0};
	char opts[64];

	own_namespace();
	snprintf(opts, sizeof(opts), "tap,id=n0,fd=%d", tap_fd("hvmtest1", 0));
	open_tap(&b, opts);
	both_ways(&b, "hvmtest1");
	close_tap(&b);
}

TEST(by_descriptor_with_header)
{
	struct bench b = {0};
	char opts[64];

	own_namespace();
	snprintf(opts, sizeof(opts), "tap,id=n0,fd=%d", tap_fd("hvmtest2", IFF_VNET_HDR));
	open_tap(&b, opts);
	both_ways(&b, "hvmtest2");
	close_tap(&b);
}

TEST(in_a_bridge)
{
	struct bench a = {0}, b = {0};
	uint8_t f[200];

	own_namespace();
	if (system("ip link add hvmbr0 type bridge 2>/dev/null && ip link set hvmbr0 up"))
		SKIP("no bridges here (ip link add … type bridge)");
	open_tap(&a, "tap,id=n0,ifname=hvmtest3,br=hvmbr0");
	open_tap(&b, "tap,id=n1,ifname=hvmtest4,br=hvmbr0");
	make_frame(f, sizeof(f));
	/* A bridge port is not open at once. */
	for (unsigned i = 0; i < 100 && !b.frames; i++) {
		net_send(a.net, f, sizeof(f));
		OK(loop_step(b.loop, 20));
	}
	CHECK(b.frames);
	EQM(f, b.last, sizeof(f));
	close_tap(&a);
	close_tap(&b);
}

TEST(scripts)
{
	char dir[] = "/tmp/hvm-tap-XXXXXX", up[64], log[64], opts[256], text[64] = "";
	struct bench b = {0};
	FILE *f;

	own_namespace();
	MUST(mkdtemp(dir));
	snprintf(up, sizeof(up), "%s/script", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	f = fopen(up, "w");
	MUST(f);
	fprintf(f, "#!/bin/sh\necho ran $1 >>%s\n", log);
	fclose(f);
	MUST(!chmod(up, 0700));
	snprintf(opts, sizeof(opts), "tap,id=n0,ifname=hvmtest5,script=%s,downscript=%s", up, up);
	open_tap(&b, opts);
	close_tap(&b);
	f = fopen(log, "r");
	MUST(f);
	EQ(26, fread(text, 1, sizeof(text) - 1, f));
	EQS("ran hvmtest5\nran hvmtest5\n", text);
	fclose(f);
	unlink(log);
	unlink(up);
	rmdir(dir);
}

static void refused(const char *opts, const char *why)
{
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	NOTE("%s", opts);
	CHECK(!net_open(l, opts, &e));
	CHECK(strstr(e.msg, why));
	if (!strstr(e.msg, why))
		EQS(why, e.msg);
	loop_free(l);
}

TEST(wrong_options)
{
	refused("tap,id=n0,fd=0x", "not a descriptor's number");
	refused("tap,id=n0,fd=0", "is not a tap interface");
	refused("tap,id=n0,fd=5,br=x", "br= does not go with fd=");
	refused("tap,id=n0,vhost=on", "vhost=on does not exist here");
	refused("tap,id=n0,queues=2", "do not exist here");
	refused("tap,id=n0,ifname=0123456789012345", "longer than 15 bytes");
	refused("tap,id=n0,color=red", "no option 'color'");
}

TEST(wrong_script)
{
	own_namespace();
	refused("tap,id=n0,script=/bin/false", "script /bin/false tap0 failed with status 1");
	refused("tap,id=n0,script=/nonexistent", "script /nonexistent: No such file");
	refused("tap,id=n0,br=nobridge", "into bridge nobridge");
}
