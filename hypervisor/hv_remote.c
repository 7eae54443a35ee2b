/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/hv_remote.c: the device model's side of the remote transport. Operations are messages
 * on the control socket, answered before the call returns; requests, lines and MSIs go through the
 * shared pages. Guest memory is mapped here, with a map list kept in step with the core's.
 */
#include "base/clock.h"
#include "base/packet.h"
#include "base/util.h"
#include "hypervisor/memmap.h"
#include "hypervisor/public/ioreq_run.h"
#include "hypervisor/seam.h"
#include "hypervisor/spin.h"
#include "hypervisor/x86/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HELLO_SECONDS 10

struct remote_hv {
	struct hv hv;
	int socket, dm_bell, core_bell, bell[HV_IOREQ_SLOTS];
	unsigned vcpus;
	struct memmap mem;
	struct seam_page *seam;
	const struct clock_page *time;
	struct clock *clock; /* the follower; NULL: nobody asked yet */
	uint32_t time_seen;
	struct watch *socket_watch, *bell_watch;
	struct hv_client client;
	bool stopped; /* quiesced */
	bool serving; /* a vCPU waits for us: it looks at lines and MSIs when it goes on */
	bool gone;
	struct spin spin;
};

static struct remote_hv *of(struct hv *hv)
{
	return container_of(hv, struct remote_hv, hv);
}

/* ---- messages ---- */

static int receive(struct remote_hv *r, struct seam_msg *m, void *more, size_t len, int *fds,
		   unsigned *n)
{
	const struct iovec iov[2] = {{m, sizeof(*m)}, {more, len}};
	ssize_t got = packet_receive(r->socket, iov, more ? 2 : 1, 0, fds, SEAM_FDS, n);

	return got < (ssize_t)sizeof(*m) ? -EPIPE : 0;
}

/* Sends m and waits for the answer, which replaces it. */
static int call_full(struct remote_hv *r, struct seam_msg *m, void *more, size_t len, int *fds,
		     unsigned *n)
{
	uint32_t op = m->op;

	if (r->gone)
		return -EPIPE;
	if (send(r->socket, m, sizeof(*m), MSG_NOSIGNAL) < 0 || receive(r, m, more, len, fds, n) ||
	    m->op != op) {
		r->gone = true; /* the loop's watch tells the client */
		return -EPIPE;
	}
	return m->rc;
}

static int call(struct remote_hv *r, struct seam_msg *m)
{
	int fds[SEAM_FDS];
	unsigned n = 0;
	int rc = call_full(r, m, NULL, 0, fds, &n);

	while (n)
		close(fds[--n]);
	return rc;
}

#define CALL(hv, op_, ...) call(of(hv), &(struct seam_msg){.op = op_, .a = {__VA_ARGS__}})

/* ---- requests ---- */

static uint64_t take_pending(struct seam_bells *b, unsigned i)
{
	if (!__atomic_load_n(&b->pending[i], __ATOMIC_RELAXED))
		return 0;
	return __atomic_exchange_n(&b->pending[i], 0, __ATOMIC_SEQ_CST);
}

static void answer(struct remote_hv *r, unsigned vcpu, const struct hv_ioreq *req)
{
	uint32_t *asleep = &r->seam->bells.vcpu_asleep[vcpu];
	uint64_t one = 1;

	ioreq_answer(&r->seam->ioreq, vcpu, req);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(asleep, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(asleep, 0, __ATOMIC_SEQ_CST) &&
	    write(r->bell[vcpu], &one, sizeof(one)) < 0)
		r->gone = true;
}

static void serve_slot(struct remote_hv *r, unsigned vcpu)
{
	struct hv_ioreq req;

	if (vcpu >= r->vcpus || !ioreq_take(&r->seam->ioreq, vcpu, &req))
		return;
	ioreq_drain(&r->seam->ring, &r->client);
	r->serving = true;
	r->client.ioreq(r->client.arg, &req, vcpu);
	r->serving = false;
	answer(r, vcpu, &req);
}

/* The core started, stopped or set its clock. */
static bool follow_time(struct remote_hv *r)
{
	uint32_t seq = clock_page_seq(r->time);

	if (seq == r->time_seen)
		return false;
	r->time_seen = seq;
	if (r->clock)
		clock_follow_moved(r->clock);
	return true;
}

static bool take_triple_fault(struct remote_hv *r)
{
	uint32_t *fault = &r->seam->bells.triple_fault;

	if (!__atomic_load_n(fault, __ATOMIC_RELAXED) ||
	    !__atomic_exchange_n(fault, 0, __ATOMIC_SEQ_CST))
		return false;
	if (r->client.triple_fault)
		r->client.triple_fault(r->client.arg);
	return true;
}

static bool serve_all(struct remote_hv *r)
{
	bool moved = follow_time(r), any = take_triple_fault(r) || moved;

	for (unsigned i = 0; i < ARRAY_SIZE(r->seam->bells.pending); i++)
		for (uint64_t set = take_pending(&r->seam->bells, i); set; set &= set - 1) {
			serve_slot(r, i * 64 + (unsigned)__builtin_ctzll(set));
			any = true;
		}
	if (ioreq_drain(&r->seam->ring, &r->client))
		any = true;
	return any;
}

static bool something_there(void *arg)
{
	struct remote_hv *r = arg;
	struct seam_page *s = r->seam;

	for (unsigned i = 0; i < ARRAY_SIZE(s->bells.pending); i++)
		if (__atomic_load_n(&s->bells.pending[i], __ATOMIC_RELAXED))
			return true;
	if (clock_page_seq(r->time) != r->time_seen ||
	    __atomic_load_n(&s->bells.triple_fault, __ATOMIC_RELAXED))
		return true;
	return __atomic_load_n(&s->ring.read_pointer, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&s->ring.write_pointer, __ATOMIC_RELAXED);
}

static void bell_rung(void *arg, uint32_t events)
{
	struct remote_hv *r = arg;
	uint32_t *asleep = &r->seam->bells.dm_asleep;
	uint64_t n;

	(void)events;
	if (read(r->dm_bell, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	__atomic_store_n(asleep, 0, __ATOMIC_RELAXED);
	/* Bounded, so that timers and sockets of the loop get their turn. */
	for (int turn = 0; turn < 64; turn++)
		if (!serve_all(r) && !spin_wait(&r->spin, something_there, r))
			break;
	__atomic_store_n(asleep, 1, __ATOMIC_SEQ_CST);
	/* What came before the core could see this would wait for ever: ring ourselves. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	n = 1;
	if (something_there(r) && __atomic_exchange_n(asleep, 0, __ATOMIC_SEQ_CST) &&
	    write(r->dm_bell, &n, sizeof(n)) < 0)
		r->gone = true;
}

/* Nothing comes on the socket unasked: this is the end. */
static void socket_ready(void *arg, uint32_t events)
{
	struct remote_hv *r = arg;
	char c;
	ssize_t n = recv(r->socket, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	r->gone = true;
	watch_events(r->socket_watch, 0);
	watch_events(r->bell_watch, 0);
	if (r->client.gone)
		r->client.gone(r->client.arg,
			       n ? "the core sent something unasked" : "the core hung up");
}

/* ---- life ---- */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void rm_free(struct remote_hv *r)
{
	watch_free(r->socket_watch);
	watch_free(r->bell_watch);
	memmap_fini(&r->mem);
	if (r->clock)
		clock_follow(r->clock, NULL);
	if (r->time)
		munmap((void *)(uintptr_t)r->time, MEM_PAGE);
	if (r->seam)
		munmap(r->seam, sizeof(*r->seam));
	for (unsigned i = 0; i < HV_IOREQ_SLOTS; i++)
		close_fd(r->bell[i]);
	close_fd(r->dm_bell);
	close_fd(r->core_bell);
	close_fd(r->socket);
	free(r);
}

static void rm_close(struct hv *hv)
{
	struct remote_hv *r = of(hv);
	struct seam_msg m = {.op = SEAM_BYE};

	if (!r->gone && send(r->socket, &m, sizeof(m), MSG_NOSIGNAL) < 0)
		r->gone = true;
	rm_free(r);
}

static int rm_attach(struct hv *hv, struct loop *loop, const struct hv_client *client,
		     struct err *e)
{
	struct remote_hv *r = of(hv);

	r->client = *client;
	r->socket_watch = loop_watch(loop, r->socket, EPOLLIN, socket_ready, r);
	r->bell_watch = loop_watch(loop, r->dm_bell, EPOLLIN, bell_rung, r);
	if (!r->socket_watch || !r->bell_watch)
		return err_set(e, -ENOMEM, "cannot wait for the core's bell");
	return 0;
}

/* ---- servers ---- */

static int rm_create(struct hv *hv, bool bufioreq, uint16_t *id)
{
	struct seam_msg m = {.op = SEAM_SERVER_NEW, .a = {bufioreq}};
	int rc = call(of(hv), &m);

	*id = (uint16_t)m.a[0];
	return rc;
}

static int rm_destroy(struct hv *hv, uint16_t id)
{
	return CALL(hv, SEAM_SERVER_FREE, id);
}

static int rm_state(struct hv *hv, uint16_t id, bool enabled)
{
	return CALL(hv, SEAM_SERVER_STATE, id, enabled);
}

static int rm_map_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			uint64_t end)
{
	return CALL(hv, SEAM_MAP_RANGE, id, type, start, end);
}

static int rm_unmap_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			  uint64_t end)
{
	return CALL(hv, SEAM_UNMAP_RANGE, id, type, start, end);
}

/* ---- interrupts ---- */

static void ring_core(struct remote_hv *r)
{
	uint64_t one = 1;

	if (r->serving)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&r->seam->bells.core_asleep, 0, __ATOMIC_SEQ_CST) &&
	    write(r->core_bell, &one, sizeof(one)) < 0)
		r->gone = true;
}

static int rm_line(struct hv *hv, unsigned slot, uint32_t counter, bool adopt)
{
	struct remote_hv *r = of(hv);
	struct seam_lines *l = &r->seam->lines;

	if (slot >= HV_LINES)
		return -EINVAL;
	/* The core must have taken it over before it can find it in the page. */
	if (adopt) {
		int rc = CALL(hv, SEAM_ADOPT, slot, counter);

		if (rc)
			return rc;
	}
	__atomic_store_n(&l->counter[slot], counter, __ATOMIC_RELAXED);
	if (adopt)
		return 0;
	__atomic_add_fetch(&l->generation, 1, __ATOMIC_RELEASE);
	ring_core(r);
	return 0;
}

static int rm_route(struct hv *hv, unsigned link, unsigned isa_irq)
{
	return CALL(hv, SEAM_LINK_ROUTE, link, isa_irq);
}

static int rm_pm_place(struct hv *hv, uint16_t base, bool on)
{
	return CALL(hv, SEAM_PM_PLACE, base, on);
}

static int rm_pm_event(struct hv *hv, uint16_t status)
{
	return CALL(hv, SEAM_PM_EVENT, status);
}

static int rm_msi(struct hv *hv, uint64_t addr, uint32_t data)
{
	struct remote_hv *r = of(hv);
	struct seam_msis *m = &r->seam->msis;
	uint32_t at = m->producer;

	if (at - __atomic_load_n(&m->consumer, __ATOMIC_ACQUIRE) >= SEAM_MSIS)
		return CALL(hv, SEAM_MSI, addr, data);
	m->msi[at % SEAM_MSIS].addr = addr;
	m->msi[at % SEAM_MSIS].data = data;
	__atomic_store_n(&m->producer, at + 1, __ATOMIC_RELEASE);
	ring_core(r);
	return 0;
}

static int rm_nmi(struct hv *hv, unsigned vcpu)
{
	return CALL(hv, SEAM_NMI, vcpu);
}

/* ---- memory ---- */

static int rm_ram_create(struct hv *hv, const char *name, uint64_t size, unsigned *region)
{
	struct remote_hv *r = of(hv);
	struct seam_msg m = {.op = SEAM_RAM_CREATE, .a = {size}};
	int fds[SEAM_FDS], rc;
	unsigned n = 0;

	strncpy(m.text, name, sizeof(m.text) - 1);
	rc = call_full(r, &m, NULL, 0, fds, &n);
	if (!rc && (n != 1 || m.a[0] != r->mem.n_regions))
		rc = -EPROTO;
	if (!rc)
		rc = memmap_region(&r->mem, name, size, fds[0], NULL);
	if (rc < 0) {
		while (n)
			close(fds[--n]);
		return rc;
	}
	*region = (unsigned)rc;
	return 0;
}

static int rm_ram_ptr(struct hv *hv, unsigned region, void **p)
{
	struct memmap *m = &of(hv)->mem;

	if (region >= m->n_regions)
		return -EINVAL;
	*p = m->regions[region].host;
	return 0;
}

static int rm_map(struct hv *hv, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		  enum hv_source rd, enum hv_source wr)
{
	int rc = CALL(hv, SEAM_MAP, gpa, region, off, len, rd, wr);

	return rc ? rc : memmap_map(&of(hv)->mem, gpa, region, off, len, rd, wr);
}

static int rm_unmap(struct hv *hv, uint64_t gpa, uint64_t len)
{
	int rc = CALL(hv, SEAM_UNMAP, gpa, len);

	return rc ? rc : memmap_unmap(&of(hv)->mem, gpa, len);
}

static void *rm_dma_map(struct hv *hv, uint64_t gpa, size_t *len, bool write)
{
	return memmap_dma(&of(hv)->mem, gpa, len, write);
}

static void rm_dma_unmap(struct hv *hv, void *p, uint64_t gpa, size_t written)
{
	uint64_t first = gpa / MEM_PAGE;

	(void)p;
	if (written && memmap_written(&of(hv)->mem, gpa, written))
		CALL(hv, SEAM_MODIFIED_MEMORY, first, (gpa + written - 1) / MEM_PAGE - first + 1);
}

static int rm_track(struct hv *hv, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap)
{
	struct seam_msg m = {.op = SEAM_TRACK_DIRTY, .a = {first_gfn, nr}};
	int fds[SEAM_FDS];
	unsigned n = 0;

	if (nr > SEAM_BITMAP * 8)
		return -EINVAL;
	return call_full(of(hv), &m, bitmap, (nr + 7) / 8, fds, &n);
}

static int rm_modified(struct hv *hv, uint64_t first_gfn, uint64_t nr)
{
	return CALL(hv, SEAM_MODIFIED_MEMORY, first_gfn, nr);
}

/* ---- the machine ---- */

static int rm_a20(struct hv *hv, bool on)
{
	return CALL(hv, SEAM_A20, on);
}

static int rm_shutdown(struct hv *hv, enum hv_shutdown why)
{
	return CALL(hv, SEAM_SHUTDOWN, why);
}

/* What was posted before the vCPUs stopped is answered now, not after a save, and they end their
 * instructions; but within a request that one cannot end. */
static int rm_quiesce(struct hv *hv, bool stop)
{
	struct remote_hv *r = of(hv);
	struct seam_msg m;
	int rc;

	do {
		m = (struct seam_msg){.op = SEAM_QUIESCE, .a = {stop}};
		rc = call(r, &m);
		if (rc || !stop || r->serving || !r->client.ioreq)
			break;
		serve_all(r);
	} while (m.a[0]);
	if (!rc)
		r->stopped = stop;
	return rc;
}

static int rm_reset(struct hv *hv, enum hv_reset what)
{
	bool ran = !of(hv)->stopped;
	int rc = ran ? rm_quiesce(hv, true) : 0;

	if (!rc)
		rc = CALL(hv, SEAM_RESET, what);
	if (ran)
		rm_quiesce(hv, false);
	return rc;
}

static int rm_hold(struct hv *hv)
{
	return CALL(hv, SEAM_HOLD, 0);
}

static uint64_t pair(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

static int rm_entry(struct hv *hv, const struct hv_entry *e)
{
	if (!e)
		return CALL(hv, SEAM_ENTRY, 0);
	return CALL(hv, SEAM_ENTRY, 1, pair(e->eip, e->eax), pair(e->ebx, e->esi),
		    pair(e->cs, e->ds), pair(e->gdt_base, e->gdt_limit));
}

static int rm_follow(struct hv *hv, struct clock *c)
{
	struct remote_hv *r = of(hv);

	r->clock = c;
	clock_follow(c, r->time);
	return 0;
}

static unsigned rm_vcpus(struct hv *hv)
{
	return of(hv)->vcpus;
}

static int rm_stats(struct hv *hv, unsigned vcpu, struct engine_stats *s)
{
	struct seam_msg m = {.op = SEAM_STATS, .a = {vcpu, sizeof(*s)}};
	int fds[SEAM_FDS];
	unsigned n = 0;

	memset(s, 0, sizeof(*s));
	return call_full(of(hv), &m, s, sizeof(*s), fds, &n);
}

static int64_t rm_now(struct hv *hv)
{
	struct clock_reading r;
	struct timespec t;

	if (!clock_page_read(of(hv)->time, &r))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return clock_page_time(&r, t.tv_sec * NS_PER_SEC + t.tv_nsec);
}

static const struct hv_ops remote_ops = {
	.name = "remote",
	.close = rm_close,
	.attach = rm_attach,
	.create_ioreq_server = rm_create,
	.destroy_ioreq_server = rm_destroy,
	.set_ioreq_server_state = rm_state,
	.map_io_range = rm_map_range,
	.unmap_io_range = rm_unmap_range,
	.line = rm_line,
	.set_pci_link_route = rm_route,
	.pm_place = rm_pm_place,
	.pm_event = rm_pm_event,
	.inject_msi = rm_msi,
	.inject_nmi = rm_nmi,
	.ram_create = rm_ram_create,
	.ram_ptr = rm_ram_ptr,
	.map = rm_map,
	.unmap = rm_unmap,
	.dma_map = rm_dma_map,
	.dma_unmap = rm_dma_unmap,
	.track_dirty = rm_track,
	.modified_memory = rm_modified,
	.a20 = rm_a20,
	.reset = rm_reset,
	.shutdown = rm_shutdown,
	.entry = rm_entry,
	.hold = rm_hold,
	.quiesce = rm_quiesce,
	.nr_vcpus = rm_vcpus,
	.now = rm_now,
	.stats = rm_stats,
	.follow = rm_follow,
};

/* ---- opening ---- */

static int map_seam(struct remote_hv *r, int fd, struct err *e)
{
	void *p = mmap(NULL, sizeof(*r->seam), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int rc = p == MAP_FAILED ? -errno : 0;

	close(fd);
	if (rc)
		return err_errno(e, rc, "cannot map the core's ioreq pages");
	r->seam = p;
	return 0;
}

/* A page that could shrink under us would be the end of us. */
static int map_time(struct remote_hv *r, int fd, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	bool fits = seals >= 0 && (seals & TIME_SEALS) == TIME_SEALS && !fstat(fd, &st) &&
		    st.st_size == MEM_PAGE;
	void *p = fits ? mmap(NULL, MEM_PAGE, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	close(fd);
	if (p == MAP_FAILED)
		return err_set(e, -EPROTO, "the core's clock is not a sealed page");
	r->time = p;
	return 0;
}

/* fds as hypervisor/seam.h lists them; each is owned by r or closed from here on. */
static int take_fds(struct remote_hv *r, const struct seam_msg *m, const int *fds, struct err *e)
{
	int rc;

	r->vcpus = (unsigned)m->a[1];
	r->dm_bell = fds[SEAM_FD_DM];
	r->core_bell = fds[SEAM_FD_CORE];
	memcpy(r->bell, fds + SEAM_FD_VCPU, r->vcpus * sizeof(int));
	rc = memmap_init(&r->mem, m->a[2], m->a[3], fds + SEAM_FD_RAM, e);
	if (rc) {
		close(fds[SEAM_FD_PAGES]);
		close(fds[SEAM_FD_CLOCK]);
		return rc;
	}
	rc = map_time(r, fds[SEAM_FD_CLOCK], e);
	if (rc) {
		close(fds[SEAM_FD_PAGES]);
		return rc;
	}
	return map_seam(r, fds[SEAM_FD_PAGES], e);
}

/* 0: for ever. */
static void patience(struct remote_hv *r, time_t seconds)
{
	struct timeval t = {.tv_sec = seconds};

	setsockopt(r->socket, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

static int greet(struct remote_hv *r, struct err *e)
{
	struct seam_msg m = {.op = SEAM_HELLO, .a = {SEAM_MAGIC, SEAM_VERSION}};
	int fds[SEAM_FDS], rc;
	unsigned n = 0;

	patience(r, HELLO_SECONDS);
	rc = call_full(r, &m, NULL, 0, fds, &n);
	patience(r, 0);
	if (!rc && m.a[0] == SEAM_VERSION && m.a[1] && m.a[1] <= HV_IOREQ_SLOTS &&
	    n == SEAM_FD_VCPU + m.a[1])
		return take_fds(r, &m, fds, e);
	while (n)
		close(fds[--n]);
	if (rc == -ENOTSUP)
		return err_set(e, rc, "the core speaks another version of the protocol than %d",
			       SEAM_VERSION);
	if (rc == -EPIPE)
		return err_set(e, rc,
			       "no answer from the core (it serves one device model at a "
			       "time)");
	return err_set(e, rc ? rc : -EPROTO, "the core did not answer as one");
}

struct hv *hv_remote_open(int socket, struct err *e)
{
	struct remote_hv *r = calloc(1, sizeof(*r));

	if (!r) {
		close(socket);
		err_set(e, -ENOMEM, "no memory for the core's connection");
		return NULL;
	}
	r->hv.ops = &remote_ops;
	r->socket = socket;
	r->dm_bell = r->core_bell = r->mem.flags_fd = -1;
	memset(r->bell, -1, sizeof(r->bell));
	if (!greet(r, e))
		return &r->hv;
	rm_free(r);
	return NULL;
}
