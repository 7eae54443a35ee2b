/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/dump.c: -object filter-dump: a -netdev's frames, both ways, to a pcap
 * file.
 *
 * The file may be a pipe that nobody reads: writes never wait. What does not
 * go out at once is kept up to BUF_SIZE; records beyond are dropped whole.
 *
 * Format: draft-ietf-opsawg-pcap: link type 1 (Ethernet), microseconds.
 */
#include "base/log.h"
#include "base/util.h"
#include "net/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BUF_SIZE    (256 << 10)
#define HEADER      16
#define MAGIC       0xa1b2c3d4
#define MAXLEN      65536
#define FLUSH_AFTER (64 << 10)

struct net_dump {
	struct net_dump *next;
	char id[NET_ID_MAX];
	int fd;
	uint32_t maxlen;
	bool dead;
	struct loop *loop;
	struct defer flush;
	unsigned long dropped;
	size_t at, len;
	uint8_t buf[BUF_SIZE];
};

int (*net_host_open)(const char *path, int flags, unsigned mode, struct err *e);

static void flush(struct net_dump *d)
{
	while (d->len && !d->dead) {
		ssize_t n = write(d->fd, d->buf + d->at, d->len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			log_warn("filter-dump %s: %s; it ends here", d->id, strerror(errno));
			d->dead = true;
			return;
		}
		d->at += (size_t)n;
		d->len -= (size_t)n;
	}
	d->at = 0;
}

static void flush_deferred(void *arg)
{
	flush(arg);
}

static void put(struct net_dump *d, const void *p, size_t len)
{
	memcpy(d->buf + d->at + d->len, p, len);
	d->len += len;
}

/* Numbers are in this host's order: the magic says which. */
static void record(struct net_dump *d, const uint8_t *frame, size_t len)
{
	uint32_t kept = (uint32_t)MIN(len, d->maxlen), head[4];
	struct timespec now;

	if (d->dead)
		return;
	if (HEADER + kept > BUF_SIZE - d->len)
		flush(d);
	if (HEADER + kept > BUF_SIZE - d->len) {
		d->dropped++;
		return;
	}
	if (HEADER + kept > BUF_SIZE - d->len - d->at) {
		memmove(d->buf, d->buf + d->at, d->len);
		d->at = 0;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	head[0] = (uint32_t)now.tv_sec;
	head[1] = (uint32_t)(now.tv_nsec / NS_PER_US);
	head[2] = kept;
	head[3] = (uint32_t)len;
	put(d, head, sizeof(head));
	put(d, frame, kept);
	if (d->len >= FLUSH_AFTER)
		flush(d);
	else if (d->loop)
		loop_defer(d->loop, &d->flush);
}

void net_dump_frame(struct netdev *n, const uint8_t *frame, size_t len)
{
	for (struct net_dump *d = n->dumps; d; d = d->next)
		record(d, frame, len);
}

static void begin(struct net_dump *d)
{
	const uint32_t magic = MAGIC, rest[4] = {0, 0, d->maxlen, 1};
	const uint16_t version[2] = {2, 4};

	put(d, &magic, sizeof(magic));
	put(d, version, sizeof(version));
	put(d, rest, sizeof(rest));
	flush(d);
}

static void dump_free(struct net_dump *d)
{
	flush(d);
	if (d->dropped)
		log_warn("filter-dump %s: %lu frames did not fit", d->id, d->dropped);
	if (d->loop)
		loop_undefer(d->loop, &d->flush);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

int net_dump_add(struct netdev *n, const char *id, const char *file, uint32_t maxlen, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC;
	struct net_dump *d = calloc(1, sizeof(*d));

	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(d->id, sizeof(d->id), "%s", id);
	d->maxlen = maxlen ? MIN(maxlen, MAXLEN) : MAXLEN;
	d->loop = n->loop;
	d->flush.fn = flush_deferred;
	d->flush.arg = d;
	d->fd = net_host_open ? net_host_open(file, flags, 0644, e) : open(file, flags, 0644);
	if (d->fd < 0) {
		err_errno(e, -errno, "cannot write %s", file);
		free(d);
		return -EIO;
	}
	begin(d);
	d->next = n->dumps;
	n->dumps = d;
	return 0;
}

bool net_dump_remove(struct netdev *n, const char *id)
{
	struct net_dump **at = &n->dumps, *d;

	while (*at && strcmp((*at)->id, id))
		at = &(*at)->next;
	d = *at;
	if (!d)
		return false;
	*at = d->next;
	dump_free(d);
	return true;
}

void net_dump_close(struct netdev *n)
{
	while (n->dumps)
		net_dump_remove(n, n->dumps->id);
}
