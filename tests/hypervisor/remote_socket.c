/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's control socket against a client that means harm. */
#include "hypervisor/core.h"
#include "hypervisor/remote.h"
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct host {
	struct domain *dom;
	struct loop *loop;
	struct remote *remote;
	int fd, ends;
	bool asked;
};

static void ended(void *arg, bool asked, const char *why)
{
	struct host *h = arg;

	CHECK(why && why[0]);
	remote_close(h->remote);
	h->remote = NULL;
	h->asked = asked;
	h->ends++;
}

static void join(struct host *h)
{
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	h->fd = fds[1];
	h->remote = remote_open(h->dom, h->loop, fds[0], ended, h, NULL);
	MUST(h->remote);
}

static void start(struct host *h)
{
	*h = (struct host){
		.dom = domain_new(&(struct domain_config){.ram = 1 << 20, .vcpus = 2}, NULL),
		.loop = loop_new(NULL)};
	MUST(h->dom);
	join(h);
}

static void finish(struct host *h)
{
	close(h->fd);
	remote_close(h->remote);
	loop_free(h->loop);
	domain_free(h->dom);
}

/* One message there and, unless it hung up, one back; the number of descriptors is closed. */
static int exchange(struct host *h, struct seam_msg *m, size_t len)
{
	char control[CMSG_SPACE(SEAM_FDS * sizeof(int))], more[SEAM_BITMAP];
	struct iovec iov[2] = {{m, sizeof(*m)}, {more, sizeof(more)}};
	struct msghdr msg = {.msg_iov = iov,
			     .msg_iovlen = 2,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	if (send(h->fd, m, len, MSG_NOSIGNAL) < 0)
		return -EPIPE;
	while (loop_step(h->loop, 0) > 0)
		;
	if (recvmsg(h->fd, &msg, MSG_DONTWAIT) < (ssize_t)sizeof(*m))
		return -EPIPE;
	c = CMSG_FIRSTHDR(&msg);
	for (size_t i = 0; c && i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
		close(((int *)(void *)CMSG_DATA(c))[i]);
	return m->rc;
}

static void take_fds(struct host *h, int *fds, unsigned n)
{
	char control[CMSG_SPACE(SEAM_FDS * sizeof(int))];
	struct seam_msg m;
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};

	MUST(recvmsg(h->fd, &msg, MSG_DONTWAIT) == (ssize_t)sizeof(m));
	EQ(CMSG_LEN(n * sizeof(int)), CMSG_FIRSTHDR(&msg)->cmsg_len);
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), n * sizeof(int));
}

static int hello(struct host *h)
{
	struct seam_msg m = {.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION}};

	return exchange(h, &m, sizeof(m));
}

static int ask(struct host *h, uint32_t op, uint64_t a0, uint64_t a1)
{
	struct seam_msg m = {.op = op, .a = {a0, a1}};

	return exchange(h, &m, sizeof(m));
}

/* Ends the connection, and the next device model is served. */
static void expect_end(struct host *h)
{
	EQ(1, h->ends);
	CHECK(!h->asked);
	CHECK(!h->remote);
	h->ends = 0;
	close(h->fd);
	join(h);
}

TEST(lengths)
{
	static const size_t wrong[] = {
		1, 4, sizeof(struct seam_msg) - 1, sizeof(struct seam_msg) + 1, 4096, 65536};
	static char big[65536];
	struct host h;

	start(&h);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		NOTE("%zu bytes", wrong[i]);
		OK(hello(&h));
		CHECK(send(h.fd, big, wrong[i], MSG_NOSIGNAL) == (ssize_t)wrong[i]);
		while (loop_step(h.loop, 0) > 0)
			;
		expect_end(&h);
	}
	finish(&h);
}

TEST(hello_comes_first_once_and_right)
{
	struct seam_msg m = {.op = SEAM_HELLO, .a = {SEAM_MAGIC + 1, SEAM_VERSION}};
	struct host h;

	start(&h);
	EQ(-EPIPE, ask(&h, SEAM_SERVER_NEW, 0, 0));
	expect_end(&h);
	EQ(-EPROTO, exchange(&h, &m, sizeof(m)));
	m = (struct seam_msg){.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION + 1}};
	EQ(-ENOTSUP, exchange(&h, &m, sizeof(m)));
	OK(hello(&h));
	EQ(-EPROTO, hello(&h));
	EQ(0, h.ends);
	EQ(-EPIPE, ask(&h, SEAM_BYE, 0, 0));
	CHECK(h.asked);
	h.ends = 0;
	finish(&h);
}

TEST(unknown_operations_end_it)
{
	static const uint32_t ops[] = {0, SEAM_OPS, SEAM_OPS + 1, 0x80000000u, ~0u};
	struct host h;

	start(&h);
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		OK(hello(&h));
		EQ(-EPIPE, ask(&h, ops[i], 0, 0));
		expect_end(&h);
	}
	finish(&h);
}

TEST(fields_out_of_range)
{
	struct seam_msg m = {.op = SEAM_MAP, .a = {0xf0000000, 1, 0, 0x1000, 1, 1}};
	struct host h;

	start(&h);
	OK(hello(&h));
	EQ(-ENOENT, ask(&h, SEAM_SERVER_FREE, 0, 0)); /* not its own */
	OK(ask(&h, SEAM_SERVER_NEW, 1, 0));
	EQ(-ENOENT, ask(&h, SEAM_SERVER_FREE, 0x10000, 0));
	EQ(-ENOENT, ask(&h, SEAM_SERVER_STATE, 1, 1));
	EQ(-EINVAL, ask(&h, SEAM_MAP_RANGE, 0, 3));
	EQ(-EINVAL, ask(&h, SEAM_UNMAP_RANGE, 0, 1ull << 32));
	EQ(-EINVAL, ask(&h, SEAM_ADOPT, HV_LINES, 1));
	EQ(-EINVAL, ask(&h, SEAM_LINK_ROUTE, 4, 5));
	EQ(-EINVAL, ask(&h, SEAM_LINK_ROUTE, 1ull << 32, 5));
	EQ(-EINVAL, ask(&h, SEAM_LINK_ROUTE, 0, 16));
	EQ(-EINVAL, ask(&h, SEAM_NMI, 2, 0));
	EQ(-EINVAL, ask(&h, SEAM_NMI, 1ull << 32, 0));
	EQ(-EINVAL, ask(&h, SEAM_RAM_CREATE, 0, 0));
	EQ(-EINVAL, ask(&h, SEAM_RAM_CREATE, 4095, 0));
	EQ(-ENOMEM, ask(&h, SEAM_RAM_CREATE, ~0ull, 0));
	EQ(-EINVAL, exchange(&h, &m, sizeof(m)));
	EQ(-ENOENT, ask(&h, SEAM_UNMAP, 0, 0x100000)); /* the domain's own RAM */
	EQ(-EINVAL, ask(&h, SEAM_TRACK_DIRTY, ~0ull, 64));
	EQ(-EINVAL, ask(&h, SEAM_TRACK_DIRTY, 0, 1ull << 40));
	EQ(-EINVAL, ask(&h, SEAM_MODIFIED_MEMORY, ~0ull, 2));
	EQ(-EINVAL, ask(&h, SEAM_RESET, 2, 0));
	EQ(-EINVAL, ask(&h, SEAM_SHUTDOWN, 6, 0));
	EQ(0, h.ends);
	finish(&h);
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Descriptors that nobody asked for do not stay. */
TEST(unasked_descriptors_are_dropped)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = {.align = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct seam_msg m = {.op = SEAM_A20, .a = {1}};
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = c.buf,
			     .msg_controllen = sizeof(c.buf)};
	unsigned before;
	struct host h;

	start(&h);
	OK(hello(&h));
	before = open_fds();
	memcpy(CMSG_DATA(&c.align), &h.fd, sizeof(int));
	for (unsigned i = 0; i < 20; i++) {
		CHECK(sendmsg(h.fd, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(m));
		while (loop_step(h.loop, 0) > 0)
			;
		recv(h.fd, &m, sizeof(m), MSG_DONTWAIT);
	}
	EQ(before, open_fds());
	finish(&h);
}

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static uint64_t nasty(uint64_t *s)
{
	static const uint64_t v[] = {0,          1,       2,        7,       8,          15,
				     16,         127,     128,      0xfff,   0x1000,     0x10000,
				     0xa0000,    0xfffff, 0x100000, 1 << 30, 1ull << 31, 1ull << 32,
				     1ull << 63, ~0ull,   ~0xfffull};
	uint64_t x = rnd(s);

	return x % 4 ? v[(x >> 8) % ARRAY_SIZE(v)] : rnd(s);
}

TEST(random_messages)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	struct host h;

	start(&h);
	OK(hello(&h));
	for (unsigned i = 0; i < 4000; i++) {
		struct seam_msg m = {.op = (uint32_t)(rnd(&seed) % (SEAM_OPS + 1))};

		for (unsigned k = 0; k < 6; k++)
			m.a[k] = nasty(&seed);
		if (m.op == SEAM_RAM_CREATE)
			m.a[0] &= 0xffff; /* it may; the test's memory is finite */
		memset(m.text, (int)rnd(&seed), sizeof(m.text));
		exchange(&h, &m, sizeof(m));
		if (h.ends) {
			h.ends = 0;
			close(h.fd);
			join(&h);
			OK(hello(&h));
		}
	}
	finish(&h);
}

/* What the core reads out of shared pages is bounded, whatever stands there. */
TEST(random_pages)
{
	uint64_t seed = 88172645463325252ull;
	struct seam_msg m = {.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION}};
	struct host h;
	int fds[SEAM_FDS];
	uint64_t *page, one = 1;

	start(&h);
	CHECK(send(h.fd, &m, sizeof(m), 0) == (ssize_t)sizeof(m));
	while (loop_step(h.loop, 0) > 0)
		;
	take_fds(&h, fds, SEAM_FD_VCPU + 2);
	page = mmap(NULL, sizeof(struct seam_page), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fds[SEAM_FD_PAGES], 0);
	MUST(page != MAP_FAILED);
	CHECK(ftruncate(fds[0], 4096) < 0); /* or the core would fault on it */
	CHECK(ftruncate(fds[1], 4096) < 0);
	for (unsigned i = 0; i < 300; i++) {
		for (unsigned k = 0; k < sizeof(struct seam_page) / 8; k++)
			page[k] = rnd(&seed);
		CHECK(write(fds[SEAM_FD_CORE], &one, 8) == 8);
		while (loop_step(h.loop, 0) > 0)
			;
	}
	EQ(0, h.ends);
	munmap(page, sizeof(struct seam_page));
	for (unsigned i = 0; i < SEAM_FD_VCPU + 2; i++)
		close(fds[i]);
	finish(&h);
}

/* The clock is the core's alone to write, and stays whole. */
TEST(the_clock_is_read_only)
{
	struct seam_msg m = {.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION}};
	struct host h;
	int fds[SEAM_FDS], fd;
	void *p;

	start(&h);
	CHECK(send(h.fd, &m, sizeof(m), 0) == (ssize_t)sizeof(m));
	while (loop_step(h.loop, 0) > 0)
		;
	take_fds(&h, fds, SEAM_FD_VCPU + 2);
	fd = fds[SEAM_FD_CLOCK];
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p == MAP_FAILED);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	MUST(p != MAP_FAILED);
	CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) < 0);
	CHECK(pwrite(fd, "x", 1, 0) < 0);
	CHECK(ftruncate(fd, 0) < 0);
	CHECK(ftruncate(fd, 8192) < 0);
	domain_lock(h.dom);
	clock_restore(domain_clock(h.dom), 77);
	domain_unlock(h.dom);
	EQ(77, ((const struct clock_page *)p)->offset);
	munmap(p, 4096);
	for (unsigned i = 0; i < SEAM_FD_VCPU + 2; i++)
		close(fds[i]);
	finish(&h);
}
