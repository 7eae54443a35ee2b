/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/remote_core.c: serves one device model in another process. It is not trusted: every
 * field of a message is checked here or by the operation; shared pages are read once and bounded.
 */
#include "base/packet.h"
#include "hypervisor/page_peer.h"
#include "hypervisor/remote.h"
#include "hypervisor/x86/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_RAM (4ull << 30) /* that a device model may add */

struct remote {
	struct page_peer peer;
	struct loop *loop;
	int socket, seam_fd, dm_bell, core_bell;
	struct watch *socket_watch, *bell_watch;
	struct seam_page *seam;
	uint32_t generation, msi_consumer;
	uint64_t added_ram;
	struct time_watch time;
	uint8_t servers; /* bit n: id n is this device model's */
	bool greeted, ended;
	void (*on_end)(void *arg, bool asked, const char *why);
	void *arg;
};

static struct domain *dom_of(const struct remote *r)
{
	return r->peer.dom;
}

/* ---- shared pages ---- */

static void scan_lines(struct remote *r)
{
	struct domain *dom = dom_of(r);
	uint32_t now = __atomic_load_n(&r->seam->lines.generation, __ATOMIC_ACQUIRE);

	if (now == r->generation)
		return;
	r->generation = now;
	for (unsigned i = 0; i < HV_LINES; i++) {
		uint32_t c = __atomic_load_n(&r->seam->lines.counter[i], __ATOMIC_RELAXED);

		if (c != dom->lines.seen[i])
			core_line(dom, i, c, false);
	}
}

static void scan_msis(struct remote *r)
{
	struct seam_msis *m = &r->seam->msis;
	uint32_t there = __atomic_load_n(&m->producer, __ATOMIC_ACQUIRE) - r->msi_consumer;

	if (there > SEAM_MSIS) /* no legal state */
		r->msi_consumer += there;
	for (; there && there <= SEAM_MSIS; there--) {
		unsigned i = r->msi_consumer++ % SEAM_MSIS;
		uint64_t addr = __atomic_load_n(&m->msi[i].addr, __ATOMIC_RELAXED);
		uint32_t data = __atomic_load_n(&m->msi[i].data, __ATOMIC_RELAXED);

		core_msi(dom_of(r), addr, data);
	}
	__atomic_store_n(&m->consumer, r->msi_consumer, __ATOMIC_RELEASE);
}

static void peer_answered(struct page_peer *p)
{
	struct remote *r = container_of(p, struct remote, peer);

	scan_lines(r);
	scan_msis(r);
}

/* The device model looks at pages before it sleeps: the bell is for one that does. */
static void ring_dm(struct remote *r)
{
	struct seam_bells *b = &r->seam->bells;
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&b->dm_asleep, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&b->dm_asleep, 0, __ATOMIC_SEQ_CST) &&
	    write(r->dm_bell, &one, sizeof(one)) < 0)
		return; /* full: it is ringing already */
}

static void peer_kick(struct page_peer *p, unsigned vcpu)
{
	struct remote *r = container_of(p, struct remote, peer);

	if (vcpu < HV_IOREQ_SLOTS)
		__atomic_fetch_or(&r->seam->bells.pending[vcpu / 64], 1ull << vcpu % 64,
				  __ATOMIC_SEQ_CST);
	ring_dm(r);
}

void remote_triple_fault(struct remote *r)
{
	if (!r)
		return;
	__atomic_store_n(&r->seam->bells.triple_fault, 1, __ATOMIC_SEQ_CST);
	ring_dm(r);
}

static void time_changed(void *arg)
{
	ring_dm(arg);
}

/* The loop sees the hang-up and ends it from there. */
static void peer_broken(struct page_peer *p)
{
	shutdown(container_of(p, struct remote, peer)->socket, SHUT_RDWR);
}

static void bell_rung(void *arg, uint32_t events)
{
	struct remote *r = arg;
	uint64_t n;

	(void)events;
	if (read(r->core_bell, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	__atomic_store_n(&r->seam->bells.core_asleep, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	peer_answered(&r->peer);
}

/* ---- operations: answer in m, 0 or -errno; fd: to go along ---- */

static bool owns(const struct remote *r, uint64_t id)
{
	return id < IOREQ_SERVERS && r->servers >> id & 1;
}

static int op_hello(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (r->greeted || m->a[0] != SEAM_MAGIC)
		return -EPROTO;
	if (m->a[1] != SEAM_VERSION)
		return -ENOTSUP;
	r->greeted = true;
	m->a[0] = SEAM_VERSION;
	m->a[1] = dom_of(r)->vcpus;
	m->a[2] = dom_of(r)->ram;
	m->a[3] = dom_of(r)->below_4g;
	return 0;
}

static int op_server_new(struct remote *r, struct seam_msg *m, int *fd)
{
	uint16_t id;
	int rc = core_server_new(dom_of(r), m->a[0] & 1, &page_sender, &r->peer, &id);

	(void)fd;
	if (rc)
		return rc;
	r->servers |= (uint8_t)(1 << id);
	m->a[0] = id;
	return 0;
}

static int op_server_free(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (!owns(r, m->a[0]))
		return -ENOENT;
	r->servers &= (uint8_t) ~(1u << m->a[0]);
	return core_server_free(dom_of(r), (uint16_t)m->a[0]);
}

static int op_server_state(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (!owns(r, m->a[0]))
		return -ENOENT;
	return core_server_enable(dom_of(r), (uint16_t)m->a[0], m->a[1]);
}

static int op_map_range(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (!owns(r, m->a[0]))
		return -ENOENT;
	if (m->a[1] > HV_RANGE_PCI)
		return -EINVAL;
	return core_map_range(dom_of(r), (uint16_t)m->a[0], (enum hv_range)m->a[1], m->a[2],
			      m->a[3]);
}

static int op_unmap_range(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (!owns(r, m->a[0]))
		return -ENOENT;
	if (m->a[1] > HV_RANGE_PCI)
		return -EINVAL;
	return core_unmap_range(dom_of(r), (uint16_t)m->a[0], (enum hv_range)m->a[1], m->a[2],
				m->a[3]);
}

static int op_adopt(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0] >= HV_LINES)
		return -EINVAL;
	core_line(dom_of(r), (unsigned)m->a[0], (uint32_t)m->a[1], true);
	return 0;
}

static int op_link_route(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0] >= PCI_LINKS || m->a[1] > 15)
		return -EINVAL;
	return core_link_route(dom_of(r), (unsigned)m->a[0], (unsigned)m->a[1]);
}

static int op_pm_place(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0] > 0xffff)
		return -EINVAL;
	domain_pm_place(dom_of(r), (uint16_t)m->a[0], m->a[1]);
	return 0;
}

static int op_pm_event(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0] > 0xffff)
		return -EINVAL;
	domain_pm_event(dom_of(r), (uint16_t)m->a[0]);
	return 0;
}

static int op_msi(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	scan_msis(r); /* those before it */
	core_msi(dom_of(r), m->a[0], (uint32_t)m->a[1]);
	return 0;
}

static int op_nmi(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	return m->a[0] < DOMAIN_VCPUS ? core_nmi(dom_of(r), (unsigned)m->a[0]) : -EINVAL;
}

static int op_ram_create(struct remote *r, struct seam_msg *m, int *fd)
{
	struct memmap *mem = &dom_of(r)->mem;
	int rc;

	if (m->a[0] > MOST_RAM - r->added_ram)
		return -ENOMEM;
	m->text[sizeof(m->text) - 1] = '\0';
	rc = memmap_region(mem, m->text, m->a[0], -1, NULL);
	if (rc < 0)
		return rc;
	r->added_ram += m->a[0];
	m->a[0] = (uint64_t)rc;
	*fd = mem->regions[rc].fd;
	return 0;
}

static int op_map(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[1] >= MEM_REGIONS || m->a[4] > HV_SRC_BELOW || m->a[5] > HV_SRC_BELOW)
		return -EINVAL;
	return memmap_map(&dom_of(r)->mem, m->a[0], (unsigned)m->a[1], m->a[2], m->a[3],
			  (enum hv_source)m->a[4], (enum hv_source)m->a[5]);
}

static int op_unmap(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	return memmap_unmap(&dom_of(r)->mem, m->a[0], m->a[1]);
}

static int op_modified(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	return core_modified(dom_of(r), m->a[0], m->a[1]);
}

static int op_a20(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	core_a20(dom_of(r), m->a[0]);
	return 0;
}

static int op_reset(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0] > HV_RESET_MACHINE)
		return -EINVAL;
	if (dom_of(r)->asking) /* one is in the middle of an instruction */
		return -EBUSY;
	domain_reset(dom_of(r), (enum hv_reset)m->a[0]);
	return 0;
}

static int op_shutdown(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	return m->a[0] <= HV_SHUTDOWN_SOFT_RESET
		       ? core_shutdown(dom_of(r), (enum hv_shutdown)m->a[0])
		       : -EINVAL;
}

/* A vCPU whose request is posted counts as stopped; its device model answers it, and asks again,
 * before it saves or resets. */
static int op_quiesce(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)fd;
	if (m->a[0])
		domain_pause(dom_of(r));
	else
		domain_resume(dom_of(r));
	m->a[0] = dom_of(r)->asking;
	return 0;
}

static int op_hold(struct remote *r, struct seam_msg *m, int *fd)
{
	(void)m;
	(void)fd;
	domain_hold(dom_of(r));
	return 0;
}

static int op_entry(struct remote *r, struct seam_msg *m, int *fd)
{
	const struct hv_entry entry = {.eip = (uint32_t)m->a[1],
				       .eax = (uint32_t)(m->a[1] >> 32),
				       .ebx = (uint32_t)m->a[2],
				       .esi = (uint32_t)(m->a[2] >> 32),
				       .cs = (uint16_t)m->a[3],
				       .ds = (uint16_t)(m->a[3] >> 32),
				       .gdt_base = (uint32_t)m->a[4],
				       .gdt_limit = (uint32_t)(m->a[4] >> 32)};

	(void)fd;
	if (!dom_of(r)->paused || dom_of(r)->asking)
		return -EBUSY;
	domain_entry(dom_of(r), m->a[0] ? &entry : NULL);
	return 0;
}

typedef int op_fn(struct remote *r, struct seam_msg *m, int *fd);
static op_fn *const ops[SEAM_OPS] = {
	[SEAM_HELLO] = op_hello,
	[SEAM_SERVER_NEW] = op_server_new,
	[SEAM_SERVER_FREE] = op_server_free,
	[SEAM_SERVER_STATE] = op_server_state,
	[SEAM_MAP_RANGE] = op_map_range,
	[SEAM_UNMAP_RANGE] = op_unmap_range,
	[SEAM_ADOPT] = op_adopt,
	[SEAM_LINK_ROUTE] = op_link_route,
	[SEAM_PM_PLACE] = op_pm_place,
	[SEAM_PM_EVENT] = op_pm_event,
	[SEAM_MSI] = op_msi,
	[SEAM_NMI] = op_nmi,
	[SEAM_RAM_CREATE] = op_ram_create,
	[SEAM_MAP] = op_map,
	[SEAM_UNMAP] = op_unmap,
	[SEAM_MODIFIED_MEMORY] = op_modified,
	[SEAM_A20] = op_a20,
	[SEAM_RESET] = op_reset,
	[SEAM_SHUTDOWN] = op_shutdown,
	[SEAM_QUIESCE] = op_quiesce,
	[SEAM_HOLD] = op_hold,
	[SEAM_ENTRY] = op_entry,
};

/* ---- the socket ---- */

static void end(struct remote *r, bool asked, const char *why)
{
	if (r->ended)
		return;
	r->ended = true;
	watch_events(r->socket_watch, 0);
	/* Servers first: nobody posts any more, then those who wait are sent away. */
	core_servers_drop(dom_of(r), &r->peer, !asked);
	page_peer_gone(&r->peer);
	core_client_gone(dom_of(r));
	r->on_end(r->arg, asked, why);
}

static int reply(struct remote *r, const struct seam_msg *m, const void *more, size_t len,
		 const int *fds, unsigned n)
{
	const struct iovec iov[2] = {{(void *)m, sizeof(*m)}, {(void *)more, len}};
	ssize_t sent = packet_send(r->socket, iov, more ? 2 : 1, fds, n);

	return sent < 0 ? (int)sent : 0;
}

static int reply_hello(struct remote *r, const struct seam_msg *m)
{
	struct domain *dom = dom_of(r);
	int fds[SEAM_FDS] = {r->seam_fd,        dom->mem.regions[0].fd,
			     dom->mem.flags_fd, dom->time.fd,
			     r->dm_bell,        r->core_bell};

	for (unsigned i = 0; i < dom->vcpus; i++)
		fds[SEAM_FD_VCPU + i] = r->peer.bell[i];
	return reply(r, m, NULL, 0, fds, SEAM_FD_VCPU + dom->vcpus);
}

static int reply_dirty(struct remote *r, struct seam_msg *m)
{
	static uint8_t bitmap[SEAM_BITMAP];
	size_t len = 0;

	m->rc = core_track_dirty(dom_of(r), m->a[0], m->a[1], bitmap);
	if (!m->rc)
		len = (m->a[1] + 7) / 8;
	return reply(r, m, bitmap, len, NULL, 0);
}

static int reply_stats(struct remote *r, struct seam_msg *m)
{
	struct engine_stats s = {0};

	m->rc = m->a[0] <= UINT32_MAX && m->a[1] == sizeof(s)
			? domain_stats(dom_of(r), (unsigned)m->a[0], &s)
			: -EINVAL;
	return reply(r, m, &s, m->rc ? 0 : sizeof(s), NULL, 0);
}

static int serve(struct remote *r, struct seam_msg *m)
{
	int fd = -1;

	if (m->op >= SEAM_OPS || (!r->greeted && m->op != SEAM_HELLO))
		return -EPROTO;
	if (m->op == SEAM_TRACK_DIRTY)
		return reply_dirty(r, m);
	if (m->op == SEAM_STATS)
		return reply_stats(r, m);
	if (!ops[m->op])
		return -EPROTO;
	m->rc = ops[m->op](r, m, &fd);
	if (m->op == SEAM_HELLO && !m->rc)
		return reply_hello(r, m);
	return reply(r, m, NULL, 0, &fd, fd >= 0);
}

static void socket_ready(void *arg, uint32_t events)
{
	struct remote *r = arg;
	struct {
		struct seam_msg m;
		char more; /* one too long is seen as such */
	} in;
	ssize_t n;

	(void)events;
	memset(&in, 0, sizeof(in));
	/* No room for descriptors: any that come along are dropped by the kernel. */
	n = recv(r->socket, &in, sizeof(in), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		end(r, false, r->peer.gone ? "it broke the ioreq protocol" : "it hung up");
	else if (n != sizeof(in.m))
		end(r, false, "it sent a message of a wrong length");
	else if (in.m.op == SEAM_BYE)
		end(r, true, "it said good-bye");
	else if (serve(r, &in.m))
		end(r, false, "it sent a message that cannot be answered");
}

/* ---- life ---- */

static int make_seam(struct remote *r, struct err *e)
{
	void *p;

	r->seam_fd = memmap_file("ioreqs", sizeof(*r->seam), e);
	if (r->seam_fd < 0)
		return r->seam_fd;
	p = mmap(NULL, sizeof(*r->seam), PROT_READ | PROT_WRITE, MAP_SHARED, r->seam_fd, 0);
	if (p == MAP_FAILED)
		return err_errno(e, -errno, "cannot map the ioreq pages");
	r->seam = p;
	r->seam->bells.dm_asleep = 1;
	r->seam->bells.core_asleep = 1;
	r->peer.page = &r->seam->ioreq;
	r->peer.ring = &r->seam->ring;
	r->peer.asleep = r->seam->bells.vcpu_asleep;
	r->dm_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->core_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->dm_bell < 0 || r->core_bell < 0)
		return err_errno(e, -errno, "no event descriptor");
	return 0;
}

static int remote_setup(struct remote *r, struct err *e)
{
	int rc = page_peer_init(&r->peer, e);

	if (!rc)
		rc = make_seam(r, e);
	if (!rc)
		rc = core_time_share(dom_of(r), e);
	if (rc)
		return rc;
	core_time_watch(dom_of(r), &r->time);
	r->bell_watch = loop_watch(r->loop, r->core_bell, EPOLLIN, bell_rung, r);
	r->socket_watch = loop_watch(r->loop, r->socket, EPOLLIN, socket_ready, r);
	if (!r->bell_watch || !r->socket_watch)
		return err_set(e, -ENOMEM, "cannot wait for the device model's socket");
	return 0;
}

struct remote *remote_open(struct domain *dom, struct loop *l, int socket,
			   void (*ended)(void *arg, bool asked, const char *why), void *arg,
			   struct err *e)
{
	struct remote *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, -ENOMEM, "no memory for a device model's connection");
		close(socket);
		return NULL;
	}
	*r = (struct remote){.loop = l,
			     .socket = socket,
			     .seam_fd = -1,
			     .dm_bell = -1,
			     .core_bell = -1,
			     .on_end = ended,
			     .arg = arg,
			     .time = {.fn = time_changed, .arg = r},
			     .peer = {.dom = dom,
				      .kick = peer_kick,
				      .answered = peer_answered,
				      .broken = peer_broken}};
	if (!remote_setup(r, e))
		return r;
	r->ended = true; /* nobody to tell */
	remote_close(r);
	return NULL;
}

void remote_close(struct remote *r)
{
	if (!r)
		return;
	if (!r->ended) {
		r->ended = true;
		core_servers_drop(dom_of(r), &r->peer, false);
		page_peer_gone(&r->peer);
		core_client_gone(dom_of(r));
	}
	core_time_unwatch(dom_of(r), &r->time);
	watch_free(r->socket_watch);
	watch_free(r->bell_watch);
	page_peer_fini(&r->peer);
	if (r->seam)
		munmap(r->seam, sizeof(*r->seam));
	for (unsigned i = 0; i < 4; i++) {
		int fd = (int[]){r->socket, r->seam_fd, r->dm_bell, r->core_bell}[i];

		if (fd >= 0)
			close(fd);
	}
	free(r);
}
