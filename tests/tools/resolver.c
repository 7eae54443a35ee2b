/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver NAME ADDRESS: a name server on 127.0.0.1 that knows one name (RFC 1035), for ever.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HEADER = 12, QUESTION_END = 4, ANSWER = 16, SIZE = 512 };

/* "a.b" as labels with their lengths before them; bytes. */
static size_t labels(const char *name, uint8_t *to)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		to[n] = (uint8_t)len;
		memcpy(to + n + 1, name, len);
		n += len + 1;
		name += len + (name[len] == '.');
	}
	to[n] = 0;
	return n + 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)}, from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t want[256], p[SIZE + ANSWER];
	struct in_addr known;
	size_t want_len;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc != 3 || strlen(argv[1]) > 200 || inet_pton(AF_INET, argv[2], &known) != 1) {
		fprintf(stderr, "usage: resolver NAME ADDRESS\n");
		return 2;
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		perror("resolver");
		return 1;
	}
	want_len = labels(argv[1], want);
	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, p, SIZE, 0, (struct sockaddr *)&from, &size);
		size_t end = HEADER + want_len + QUESTION_END;

		if (n < HEADER + QUESTION_END)
			continue;
		p[2] |= 0x80; /* a response */
		p[3] = 3;     /* no such name, unless … */
		memset(p + 6, 0, 6);
		if ((size_t)n >= end && !memcmp(p + HEADER, want, want_len)) {
			p[3] = 0;
			n = (ssize_t)end;
			if (p[HEADER + want_len + 1] == 1) { /* A: one answer, by the name above */
				static const uint8_t answer[] = {0xc0, HEADER, 0, 1,  0, 1,
								 0,    0,      0, 60, 0, 4};

				p[7] = 1;
				memcpy(p + n, answer, sizeof(answer));
				memcpy(p + n + sizeof(answer), &known, 4);
				n += ANSWER;
			}
		}
		(void)!sendto(fd, p, (size_t)n, 0, (struct sockaddr *)&from, size);
	}
}
