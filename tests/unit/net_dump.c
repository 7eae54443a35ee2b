/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/net_dump.c: pcap files as tcpdump reads them, cut frames, a pipe that nobody reads. */
#include "base/log.h"
#include "base/util.h"
#include "net/net.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[32], path[64];

static void make_dir(void)
{
	strcpy(dir, "/tmp/hvm-dump-XXXXXX");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f.pcap", dir);
}

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static bool can(void *arg)
{
	return !arg;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	(void)arg;
	(void)frame;
	(void)len;
}

static struct netdev *wire(void)
{
	static const struct net_client c = {can, take, NULL, NULL};
	struct netdev *n = net_fake(NULL, "n0", NULL, NULL);

	MUST(n);
	net_attach(n, &c);
	return n;
}

/* An IPv4 UDP datagram of which tcpdump tells addresses, ports and length. */
static size_t udp_frame(uint8_t *f, unsigned port, unsigned payload)
{
	memset(f, 0, 1514);
	memcpy(f, "\xff\xff\xff\xff\xff\xff\x52\x54\x00\x12\x34\x56\x08\x00\x45", 15);
	f[16] = (uint8_t)((payload + 28) >> 8);
	f[17] = (uint8_t)(payload + 28);
	f[22] = 64;
	f[23] = 17;
	memcpy(f + 26, "\x0a\x00\x02\x0f\x0a\x00\x02\x02", 8);
	f[34] = (uint8_t)(port >> 8);
	f[35] = (uint8_t)port;
	f[37] = 9;
	f[38] = (uint8_t)((payload + 8) >> 8);
	f[39] = (uint8_t)(payload + 8);
	return 42 + payload;
}

static void capture(uint32_t maxlen)
{
	struct netdev *n = wire();
	struct err e = {""};
	uint8_t f[1514];

	OK(net_dump_add(n, "f0", path, maxlen, &e));
	EQS("", e.msg);
	for (unsigned i = 0; i < 5; i++) {
		size_t len = udp_frame(f, 1000 + i, 100 * i);

		if (i & 1)
			net_inject(n, f, len);
		else
			net_send(n, f, len);
	}
	CHECK(net_dump_remove(n, "f0"));
	CHECK(!net_dump_remove(n, "f0"));
	net_send(n, f, 60);
	net_close(n);
}

TEST(file)
{
	uint8_t head[24], rec[16], f[1514], got[1514];
	FILE *in;

	make_dir();
	capture(0);
	in = fopen(path, "rb");
	MUST(in && fread(head, 1, 24, in) == 24);
	EQ(0xa1b2c3d4, load_le(head, 4));
	EQ(0x00040002, load_le(head + 4, 4));
	EQ(65536, load_le(head + 16, 4));
	EQ(1, load_le(head + 20, 4));
	for (unsigned i = 0; i < 5; i++) {
		size_t len = udp_frame(f, 1000 + i, 100 * i);

		MUST(fread(rec, 1, 16, in) == 16);
		EQ(len, load_le(rec + 8, 4));
		EQ(len, load_le(rec + 12, 4));
		CHECK(load_le(rec + 4, 4) < 1000000);
		MUST(fread(got, 1, len, in) == len);
		EQM(f, got, len);
	}
	EQ(0, fread(rec, 1, 16, in));
	fclose(in);
	remove_dir();
}

TEST(tcpdump_reads_it)
{
	char command[128], line[256], want[128];
	FILE *in;

	if (system("command -v tcpdump >/dev/null"))
		SKIP("no tcpdump");
	make_dir();
	capture(0);
	snprintf(command, sizeof(command), "tcpdump -ntr %s 2>/dev/null", path);
	in = popen(command, "r");
	MUST(in);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(want, sizeof(want), "IP 10.0.2.15.%u > 10.0.2.2.9: UDP, length %u\n",
			 1000 + i, 100 * i);
		MUST(fgets(line, sizeof(line), in));
		EQS(want, line);
	}
	CHECK(!fgets(line, sizeof(line), in));
	EQ(0, pclose(in));
	remove_dir();
}

TEST(cut_frames)
{
	struct stat st;

	make_dir();
	capture(64);
	MUST(!stat(path, &st));
	EQ(24 + 5 * 16 + 42 + 4 * 64, st.st_size);
	remove_dir();
}

/* The frames go on, the buffer does not grow, and what came out is whole records. */
TEST(pipe_that_nobody_reads)
{
	static uint8_t f[1514], buf[1 << 20];
	struct netdev *n = wire();
	struct err e = {""};
	size_t got = 0, at = 24;
	ssize_t len;
	int fd;

	log_set_level(LOG_ERROR);
	make_dir();
	MUST(!mkfifo(path, 0600));
	fd = open(path, O_RDWR | O_NONBLOCK);
	MUST(fd >= 0);
	OK(net_dump_add(n, "f0", path, 0, &e));
	for (unsigned i = 0; i < 5000; i++)
		net_send(n, f, udp_frame(f, 1, 1400));
	while ((len = read(fd, buf + got, sizeof(buf) - got)) > 0)
		got += (size_t)len;
	CHECK(got > 24 + 16 + 1442);
	while (at + 16 + 1442 <= got) {
		EQ(1442, load_le(buf + at + 8, 4));
		at += 16 + 1442;
	}
	net_close(n);
	close(fd);
	remove_dir();
}

TEST(no_such_place)
{
	struct netdev *n = wire();
	struct err e = {""};

	CHECK(net_dump_add(n, "f0", "/nonexistent/x", 0, &e) < 0);
	CHECK(strstr(e.msg, "/nonexistent/x"));
	net_close(n);
}
