/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device model that was taken over, at the core's control socket and in the shared pages. The
 * input is a row of records; the first byte of one says what it does: see step().
 */
#include "hypervisor/core.h"
#include "hypervisor/remote.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEPS 200

struct input {
	const uint8_t *p;
	size_t n;
};

struct host {
	struct domain *dom;
	struct loop *loop;
	struct remote *remote;
	int fd;
	int fds[8]; /* of the reply to HELLO */
	unsigned n_fds;
	uint64_t *page;
};

/* ---- the input ---- */

static uint64_t take(struct input *in, unsigned size)
{
	uint8_t buf[8] = {0};
	size_t n = MIN(in->n, (size_t)size);

	memcpy(buf, in->p, n);
	in->p += n;
	in->n -= n;
	return load_le(buf, 8);
}

/* One byte for what is likely to matter, else the next eight. */
static uint64_t argument(struct input *in)
{
	static const uint64_t likely[] = {0xfff,        0x1000,     0x10000,     0xa0000,
					  0xc0000,      0xfffff,    0x100000,    0xfffff000,
					  1ull << 20,   1ull << 31, 0xf0000000,  1ull << 32,
					  1ull << 40,   1ull << 63, ~0ull,       ~0xfffull,
					  0xffffffffff, HV_LINES,   HV_LINES - 1};
	uint64_t how = take(in, 1);

	if (how < 0xc0)
		return how;
	return how < 0xf0 ? likely[how % ARRAY_SIZE(likely)] : take(in, 8);
}

/* ---- the core ---- */

static void ended(void *arg, bool asked, const char *why)
{
	struct host *h = arg;

	(void)asked;
	CHECK(why && why[0]);
	remote_close(h->remote);
	h->remote = NULL;
}

static void turn(struct host *h)
{
	for (unsigned i = 0; i < 50 && loop_step(h->loop, 0) > 0; i++)
		;
}

static void drop_fds(struct host *h)
{
	if (h->page)
		munmap(h->page, sizeof(struct seam_page));
	h->page = NULL;
	while (h->n_fds)
		close(h->fds[--h->n_fds]);
}

/* Those of HELLO are kept, the first being the pages; others are closed. */
static void took(struct host *h, struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	size_t n = c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	bool keep = n >= SEAM_FD_VCPU && n <= ARRAY_SIZE(h->fds);
	void *page;

	if (keep)
		drop_fds(h);
	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (keep)
			h->fds[h->n_fds++] = fd;
		else
			close(fd);
	}
	if (!keep)
		return;
	page = mmap(NULL, sizeof(struct seam_page), PROT_READ | PROT_WRITE, MAP_SHARED, h->fds[0],
		    0);
	h->page = page == MAP_FAILED ? NULL : page;
}

static void answers(struct host *h)
{
	static uint8_t buf[65536];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SEAM_FDS * sizeof(int))];
	} c;
	struct iovec iov = {buf, sizeof(buf)};

	for (;;) {
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = c.buf,
				     .msg_controllen = sizeof(c.buf)};

		if (recvmsg(h->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		took(h, &msg);
	}
}

static void say(struct host *h, const void *data, size_t len)
{
	send(h->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	turn(h);
	answers(h);
}

static void join(struct host *h)
{
	struct seam_msg hello = {.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION}};
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	h->fd = fds[1];
	h->remote = remote_open(h->dom, h->loop, fds[0], ended, h, NULL);
	MUST(h->remote);
	say(h, &hello, sizeof(hello));
	MUST(h->page);
}

/* The core has let go of it by itself, and the next device model is served. */
static void leave(struct host *h)
{
	close(h->fd);
	drop_fds(h);
	turn(h);
	CHECK(!h->remote);
}

/* ---- one record ---- */

static void message(struct host *h, struct input *in, uint32_t op)
{
	struct seam_msg m = {.op = op};

	for (unsigned i = 0; i < 6; i++)
		m.a[i] = argument(in);
	if (op == SEAM_RAM_CREATE)
		m.a[0] &= 0xffff; /* it may; the fuzzer's memory is finite */
	memset(m.text, (int)take(in, 1), sizeof(m.text));
	say(h, &m, sizeof(m));
}

static void raw(struct host *h, struct input *in)
{
	size_t n = take(in, 1);

	n = MIN(n, in->n);
	say(h, in->p, n);
	in->p += n;
	in->n -= n;
}

static void scribble(struct host *h, struct input *in)
{
	size_t words = sizeof(struct seam_page) / 8, at = take(in, 2) % words;

	for (size_t n = take(in, 1) % 32; n-- && at < words; at++)
		h->page[at] = argument(in);
}

static void ring(struct host *h, struct input *in)
{
	uint64_t one = 1;

	CHECK(write(h->fds[SEAM_FD_DM + take(in, 1) % (h->n_fds - SEAM_FD_DM)], &one, 8) == 8);
	turn(h);
}

static void step(struct host *h, struct input *in)
{
	uint32_t what = (uint32_t)take(in, 1);

	if (!h->remote) {
		leave(h);
		join(h);
	}
	if (what <= SEAM_OPS)
		message(h, in, what);
	else if (what < 0x80)
		scribble(h, in);
	else if (what < 0xe0)
		ring(h, in);
	else
		raw(h, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct domain_config config = {.ram = 1 << 20, .vcpus = 2};
	struct input in = {data, size};
	struct host h = {.dom = domain_new(&config, NULL), .loop = loop_new(NULL)};

	MUST(h.dom && h.loop);
	fuzz_log_errors();
	join(&h);
	for (unsigned i = 0; i < STEPS && in.n; i++)
		step(&h, &in);
	leave(&h);
	loop_free(h.loop);
	domain_free(h.dom);
	return 0;
}
