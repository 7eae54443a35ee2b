/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VNC clients that disturb cost one that works, and the guest: its frames a second, the time
 * from the guest's write of a pixel till it has it, and the round trip of a guest's port read
 * (qtest on pipes; hvm-dm's main loop answers it and draws the screen).
 */
#include "tests/bench/lib/run.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, SECONDS = 3, CHANGES = 40, READS = 20000, BAD_MAX = 30 };

static struct run run;
static char path[64];
static double samples[READS];

static _Noreturn void fail(const char *what)
{
	printf("  failed: %s: %s\n", what, strerror(errno));
	run_stop(&run);
	exit(1);
}

/* ---- the guest */

static void guest(const char *line)
{
	char c = 0;

	if (write(run.in, line, strlen(line)) < 0)
		fail("qtest");
	while (c != '\n')
		if (read(run.out, &c, 1) != 1)
			fail("qtest");
}

static void boot(void)
{
	static const char *const steps[] = {
		"outl 0xcf8 0x80001010\n", "outl 0xcfc 0xe0000000\n", /* the frame buffer, there */
		"outl 0xcf8 0x80001004\n", "outw 0xcfc 2\n",          "outw 0x1ce 1\n",
		"outw 0x1cf 640\n",        "outw 0x1ce 2\n",          "outw 0x1cf 480\n",
		"outw 0x1ce 3\n",          "outw 0x1cf 32\n",         "outw 0x1ce 4\n",
		"outw 0x1cf 0x41\n",       "outb 0x3c0 0x20\n"}; /* and the screen is on */
	char options[256];

	snprintf(path, sizeof(path), "/tmp/hvm-bench-%d.vnc", (int)getpid());
	snprintf(options, sizeof(options),
		 "-accel qtest -qtest stdio -nodefaults -m 16 -vga std -display none "
		 "-qtest-log none -vnc unix:%s",
		 path);
	if (!run_start(&run, "build/bin/hvm-dm", options))
		fail("hvm-dm");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		guest(steps[i]);
}

static void paint(uint32_t colour)
{
	char line[64];

	snprintf(line, sizeof(line), "writel 0xe0000000 %u\n", colour);
	guest(line);
}

/* ---- viewers, in raw encoding of 32 bits */

static void say(int fd, const void *data, size_t n)
{
	if (write(fd, data, n) != (ssize_t)n)
		fail("viewer");
}

static void hear(int fd, void *data, size_t n)
{
	for (char *p = data; n;) {
		ssize_t got = read(fd, p, n);

		if (got <= 0)
			fail("viewer");
		p += got;
		n -= (size_t)got;
	}
}

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		fail("connect");
	return fd;
}

static void ask(int fd, bool changes)
{
	say(fd,
	    (uint8_t[]){3, changes, 0, 0, 0, 0, WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255},
	    10);
}

static void greet(int fd)
{
	static const uint8_t encodings[] = {2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21};
	uint8_t hello[64];

	say(fd, "RFB 003.008\n\1\1", 14);
	hear(fd, hello, 12 + 2 + 4 + 24 + 3);
	say(fd, encodings, sizeof(encodings));
}

static unsigned be16(const uint8_t *p)
{
	return p[0] << 8u | p[1];
}

/* The next update; *pixel: that at 0, 0, if it came. */
static void update(int fd, uint32_t *pixel)
{
	static uint8_t line[WIDTH * 4];
	uint8_t head[4], rect[12];

	hear(fd, head, 4);
	for (unsigned n = be16(head + 2); n; n--) {
		hear(fd, rect, 12);
		for (unsigned y = 0; rect[8] != 0xff && y < be16(rect + 6); y++) {
			hear(fd, line, be16(rect + 4) * 4u);
			if (!y && !be16(rect) && !be16(rect + 2))
				memcpy(pixel, line, 4);
		}
	}
}

static int work(void)
{
	uint32_t pixel = 0, want = 0xabcdef;
	int fd = dial();

	greet(fd);
	paint(want);
	for (ask(fd, false); (pixel & 0xffffff) != want; ask(fd, true))
		update(fd, &pixel);
	return fd;
}

/* ---- those that disturb: one says nothing, one never reads, one says a byte now and then */

static struct {
	int fd[BAD_MAX];
	unsigned n;
} bad;

static void disturb(unsigned n)
{
	for (; bad.n < n; bad.n++) {
		int fd = bad.fd[bad.n] = dial();

		if (bad.n % 3 == 1) {
			greet(fd);
			for (unsigned i = 0; i < 2000; i++)
				send(fd, "\3\0\0\0\0\0\2\200\1\340", 10,
				     MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		if (bad.n % 3 == 2)
			say(fd, "RFB 003.008\n\1\1\2\0\377\377", 18); /* 65535 encodings … */
	}
}

static void drip(void)
{
	for (unsigned i = 2; i < bad.n; i += 3) /* … byte by byte */
		send(bad.fd[i], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void calm(void)
{
	while (bad.n)
		close(bad.fd[--bad.n]);
}

/* ---- numbers */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void show(const char *what, unsigned n, double scale, const char *unit)
{
	qsort(samples, n, sizeof(samples[0]), ascending);
	printf("  %-28s median %7.2f  95 %% %7.2f  longest %7.2f %s\n", what,
	       samples[n / 2] * scale, samples[n * 95 / 100] * scale, samples[n - 1] * scale, unit);
}

static void frames(int fd)
{
	double end = run_now() + SECONDS;
	uint32_t colour = 0, pixel = 0;
	unsigned n = 0;

	for (; run_now() < end; n++) {
		ask(fd, true);
		for (struct pollfd p = {.fd = fd, .events = POLLIN}; !poll(&p, 1, 2); drip())
			paint(colour++);
		update(fd, &pixel);
	}
	printf("  %-28s %.1f a second\n", "frames, always changing", (double)n / SECONDS);
}

static void latency(int fd)
{
	uint32_t pixel;

	for (unsigned i = 0; i < CHANGES; i++) {
		double began;

		usleep(70000); /* it and the server have come to rest */
		drip();
		began = run_now();
		for (paint(i + 1), pixel = ~0u; (pixel & 0xffffff) != i + 1;) {
			ask(fd, true);
			update(fd, &pixel);
		}
		samples[i] = run_now() - began;
	}
	show("pixel written to pixel there", CHANGES, 1e3, "ms");
}

static void reads(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint32_t pixel = 0;

	ask(fd, true);
	for (unsigned i = 0; i < READS; i++) {
		double began = run_now();

		guest("inb 0x3f8\n");
		samples[i] = run_now() - began;
		if (i % 50)
			continue;
		paint(i);
		drip();
		if (poll(&p, 1, 0) > 0) {
			update(fd, &pixel);
			ask(fd, true);
		}
	}
	update(fd, &pixel);
	show("port read, meanwhile", READS, 1e6, "us");
}

static void scene(unsigned n)
{
	int fd;

	boot();
	fd = work();
	disturb(n);
	printf("a client that works%s; load %.1f\n",
	       n == 0   ? " alone"
	       : n == 3 ? ", and three that disturb"
			: ", and thirty that disturb",
	       run_load());
	frames(fd);
	latency(fd);
	reads(fd);
	calm();
	close(fd);
	run_stop(&run);
	unlink(path);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	scene(0);
	scene(3);
	scene(BAD_MAX);
	return 0;
}
