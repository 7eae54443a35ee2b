/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbered UDP datagrams of many lengths from one machine to another, counted and looked at.
 *
 *   flood send ADDRESS PORT N [WINDOW]   sends N; not more than WINDOW [32] before the other says
 *                                        that it has them; 0: as fast as it can
 *   flood take PORT                      takes them until the sender ends, and says what came:
 *                                        "took 98 of 100: 2 lost, 0 out of order, 0 damaged"
 *
 * Fails when any was out of order, twice there or damaged. Losses are the reader's to judge.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAGIC = 0x464c4f44, SHORTEST = 16, LENGTHS = 1400, TRIES = 50, WAIT = 200 /* ms */ };

/* In the byte order of the machine: both ends are of one kind. */
struct head {
	uint32_t magic, n, of, check;
};

static uint8_t packet[SHORTEST + LENGTHS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int udp_socket(const char *address, unsigned port, bool here)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;

	if (fd < 0 || inet_pton(AF_INET, address, &a.sin_addr) != 1)
		die("flood: address");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (here ? bind(fd, (struct sockaddr *)&a, sizeof(a))
		 : connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("flood: socket");
	return fd;
}

static size_t length(uint32_t n)
{
	return SHORTEST + n * 7919u % LENGTHS;
}

/* FNV of all behind the head, which is bytes of a generator that the number seeds. */
static uint32_t sum(size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = sizeof(struct head); i < len; i++)
		h = (h ^ packet[i]) * 16777619u;
	return h;
}

static size_t make(uint32_t n, uint32_t of)
{
	struct head h = {MAGIC, n, of, 0};
	size_t len = length(n);
	uint32_t x = n * 2654435761u + 1;

	for (size_t i = sizeof(h); i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		packet[i] = (uint8_t)x;
	}
	h.check = sum(len) ^ n;
	memcpy(packet, &h, sizeof(h));
	return len;
}

/* What the other has said it has; `have` when it says nothing for a while. */
static uint32_t heard(int fd, uint32_t have, int wait)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct head h;

	while (poll(&p, 1, wait) > 0) {
		if (recv(fd, &h, sizeof(h), 0) == sizeof(h) && h.magic == MAGIC && h.n > have)
			have = h.n;
		wait = 0;
	}
	return have;
}

static int send_all(int fd, uint32_t of, uint32_t window)
{
	uint32_t have = 0, quiet = 0;

	for (uint32_t n = 0; n < of; n++) {
		if (send(fd, packet, make(n, of), 0) < 0 && window)
			usleep(1000);
		/* Read in any case: what lies unread would leave the last word no room. */
		have = heard(fd, have, 0);
		while (window && n + 1 - have >= window) {
			uint32_t before = have;

			have = heard(fd, have, WAIT);
			if (have > before)
				continue;
			have = n + 1; /* some were lost */
			if (++quiet > TRIES) {
				fprintf(stderr, "flood: nobody answers any more\n");
				return 1;
			}
		}
	}
	/* The end, until it is heard: its number is behind the last. */
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t last;

		(void)!send(fd, packet, make(of, of), 0);
		do /* its answers to what is still under way come first */
			last = heard(fd, 0, WAIT);
		while (last && last <= of);
		if (last) {
			printf("sent %u\n", of);
			return 0;
		}
	}
	fprintf(stderr, "flood: the end was not heard\n");
	return 1;
}

static struct {
	uint32_t next, took, disorder, damaged;
} seen;

/* True at the end. */
static bool look(size_t len)
{
	struct head h;

	if (len < sizeof(h)) {
		seen.damaged++;
		return false;
	}
	memcpy(&h, packet, sizeof(h));
	if (h.magic != MAGIC || len != length(h.n) || h.check != (sum(len) ^ h.n)) {
		seen.damaged++;
		return false;
	}
	if (h.n == h.of)
		return true;
	if (h.n < seen.next)
		seen.disorder++;
	else
		seen.next = h.n + 1;
	seen.took++;
	return false;
}

static void answer(int fd, const struct sockaddr_in *to, uint32_t n)
{
	struct head h = {MAGIC, n, 0, 0};

	(void)!sendto(fd, &h, sizeof(h), 0, (const struct sockaddr *)to, sizeof(*to));
}

/* Until the other has been quiet for a while: it repeats its question till it is heard. */
static void say_end(int fd, const struct sockaddr_in *to, uint32_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	do {
		answer(fd, to, n);
		while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0)
			;
	} while (poll(&p, 1, 2 * WAIT) > 0);
}

static int take(int fd)
{
	struct sockaddr_in from;
	struct head h;

	printf("taking\n");
	fflush(stdout);
	for (bool end = false; !end;) {
		socklen_t size = sizeof(from);
		ssize_t len =
			recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);

		if (len < 0)
			die("flood: recvfrom");
		end = look((size_t)len);
		if (!end && seen.next % 8 == 0)
			answer(fd, &from, seen.next);
	}
	memcpy(&h, packet, sizeof(h));
	say_end(fd, &from, h.of + 1);
	printf("took %u of %u: %u lost, %u out of order, %u damaged\n", seen.took, h.of,
	       h.of - seen.took + seen.disorder, seen.disorder, seen.damaged);
	return seen.disorder || seen.damaged;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "send"))
		return send_all(udp_socket(argv[2], (unsigned)atoi(argv[3]), false),
				(uint32_t)atoi(argv[4]), argc > 5 ? (uint32_t)atoi(argv[5]) : 32);
	if (argc == 3 && !strcmp(argv[1], "take"))
		return take(udp_socket("0.0.0.0", (unsigned)atoi(argv[2]), true));
	fprintf(stderr, "usage: flood send ADDRESS PORT N [WINDOW] | flood take PORT\n");
	return 2;
}
