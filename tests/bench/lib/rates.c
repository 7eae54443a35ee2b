/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's program gets from its disk and its network; static, run in the guest by
 * tests/bench/rates.c:
 *	rates disk FILE read|write BYTES seq|random SECONDS
 *	rates net ADDRESS PORT get|put MIB
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024.0 * 1024)

static uint8_t *buf;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int said(double bytes, unsigned requests, double seconds)
{
	printf("rate: %.2f MiB/s %.0f requests/s\n", bytes / MIB / seconds, requests / seconds);
	return 0;
}

static int failed(const char *what)
{
	perror(what);
	printf("rate: failed\n");
	return 1;
}

static uint64_t any(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static int disk(char **arg)
{
	int write = !strcmp(arg[1], "write"), fd = open(arg[0], (write ? O_RDWR : 0) | O_DIRECT);
	size_t len = strtoul(arg[2], NULL, 0);
	uint64_t blocks = fd < 0 ? 0 : (uint64_t)lseek(fd, 0, SEEK_END) / len, at = 0;
	double start = now(), seconds = atof(arg[4]);
	unsigned n = 0;

	if (!blocks)
		return failed(arg[0]);
	for (; now() - start < seconds; n++) {
		off_t off = (off_t)(at % blocks * len);
		ssize_t done = write ? pwrite(fd, buf, len, off) : pread(fd, buf, len, off);

		if (done != (ssize_t)len)
			return failed(arg[1]);
		at = *arg[3] == 's' ? at + 1 : any();
	}
	return said((double)n * (double)len, n, now() - start);
}

/* The first byte says which way; the server closes when it has sent, or got, all. */
static int net(char **arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(arg[1])),
				 .sin_addr.s_addr = inet_addr(arg[0])};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	double start, all = 0, want = atof(arg[3]) * MIB;
	ssize_t n = 1;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) || write(fd, arg[2], 1) != 1)
		return failed(arg[0]);
	start = now();
	for (; *arg[2] == 'p' && all < want && n > 0; all += (double)n)
		n = write(fd, buf, 65536);
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, buf, 65536)) > 0)
		all += (double)n;
	if (all < want)
		return failed(arg[2]);
	return said(all, 0, now() - start);
}

int main(int argc, char **argv)
{
	if (posix_memalign((void **)&buf, 4096, 1 << 20))
		return 1;
	memset(buf, 0x5a, 1 << 20);
	if (argc == 7 && !strcmp(argv[1], "disk"))
		return disk(argv + 2);
	return argc == 6 && !strcmp(argv[1], "net") ? net(argv + 2) : 2;
}
