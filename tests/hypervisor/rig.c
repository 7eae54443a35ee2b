/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hypervisor/rig.h"

#include "hypervisor/remote.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RAM (8ull << 20)

static const char *const names[RIG_KINDS] = {"embedded", "remote", "xen"};

const char *rig_name(size_t kind)
{
	return names[kind];
}

/* ---- what the core says ---- */

static void hook_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct rig *r = arg;

	if (r->msis < ARRAY_SIZE(r->msi_addr)) {
		r->msi_addr[r->msis] = addr;
		r->msi_data[r->msis] = data;
	}
	r->msis++;
}

static void hook_modified(void *arg, uint64_t first_gfn, uint64_t nr)
{
	struct rig *r = arg;

	r->modified++;
	r->modified_gfn = first_gfn;
	if (r->on_modified)
		r->on_modified(r, first_gfn, nr);
}

static void hook_reset(void *arg, enum hv_reset what)
{
	(void)what;
	((struct rig *)arg)->resets++;
}

static void hook_shutdown(void *arg, enum hv_shutdown why)
{
	(void)why;
	((struct rig *)arg)->shutdowns++;
}

static void pin_moved(void *arg, unsigned pin, bool level)
{
	if (level)
		((struct rig *)arg)->edges[pin]++;
}

/* ---- the test device model ---- */

static uint64_t target_read(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	struct rig *r = arg;

	return r->read ? r->read(r, type, addr, size) : ~0ull;
}

static void target_write(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			 uint64_t val)
{
	struct rig *r = arg;

	if (r->write)
		r->write(r, type, addr, size, val);
}

static void dm_run(struct rig *r, struct hv_ioreq *req, unsigned vcpu, bool buffered)
{
	struct ioreq_target t = {.read = target_read, .write = target_write, .arg = r};

	r->vcpu = vcpu;
	r->buffered = buffered;
	if (ioreq_run(r->hv, req, &t))
		r->wrong++;
}

static void dm_ioreq(void *arg, struct hv_ioreq *req, unsigned vcpu)
{
	dm_run(arg, req, vcpu, false);
}

static void dm_buffered(void *arg, struct hv_ioreq *req)
{
	dm_run(arg, req, DOMAIN_NO_VCPU, true);
}

static void dm_gone(void *arg, const char *why)
{
	struct rig *r = arg;

	strncpy(r->gone, why, sizeof(r->gone) - 1);
}

static void dm_triple_fault(void *arg)
{
	__atomic_add_fetch(&((struct rig *)arg)->triples, 1, __ATOMIC_RELEASE);
}

void rig_line(struct rig *r, unsigned slot, bool level)
{
	if ((r->lines[slot] & 1) != level)
		OK(r->hv->ops->line(r->hv, slot, ++r->lines[slot], false));
}

void rig_pulse(struct rig *r, unsigned slot)
{
	r->lines[slot] += 2;
	OK(r->hv->ops->line(r->hv, slot, r->lines[slot], false));
}

/* ---- threads ---- */

struct job {
	struct post post;
	struct rig *r;
	void (*fn)(struct rig *r, void *arg);
	void *arg;
	sem_t done;
};

static void job_run(void *arg)
{
	struct job *j = arg;

	j->fn(j->r, j->arg);
	sem_post(&j->done);
}

void rig_do(struct rig *r, void (*fn)(struct rig *r, void *arg), void *arg)
{
	struct job j = {.post = {.fn = job_run, .arg = &j}, .r = r, .fn = fn, .arg = arg};

	if (r->kind == RIG_EMBEDDED) {
		domain_lock(r->dom);
		fn(r, arg);
		domain_unlock(r->dom);
		return;
	}
	sem_init(&j.done, 0, 0);
	loop_post(r->loop, &j.post);
	while (sem_wait(&j.done))
		;
	sem_destroy(&j.done);
}

static sem_t held;
static struct post hold_post;

static void hold_run(void *arg)
{
	(void)arg;
	while (sem_wait(&held))
		;
}

void rig_hold(struct rig *r)
{
	if (r->kind == RIG_EMBEDDED)
		return;
	sem_init(&held, 0, 0);
	hold_post = (struct post){.fn = hold_run};
	loop_post(r->loop, &hold_post);
}

void rig_release(struct rig *r)
{
	if (r->kind != RIG_EMBEDDED)
		sem_post(&held);
}

static void *loop_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void quit_fn(void *arg)
{
	loop_quit(arg, 0);
}

static void loop_stop(struct loop *l, pthread_t thread)
{
	struct post p = {.fn = quit_fn, .arg = l};

	loop_post(l, &p);
	pthread_join(thread, NULL);
}

/* ---- the remote core's loop ---- */

static void lock_fn(void *arg)
{
	domain_lock(arg);
}

static void unlock_fn(void *arg)
{
	domain_unlock(arg);
}

static void remote_ended(void *arg, bool asked, const char *why)
{
	struct rig *r = arg;

	(void)asked;
	(void)why;
	remote_close(r->remote);
	r->remote = NULL;
	r->ended++;
}

static bool remote_is_gone(struct rig *r)
{
	return !r->remote;
}

static int remote_listen(struct rig *r)
{
	int fds[2];

	CHECK(rig_wait(r, remote_is_gone));
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	domain_lock(r->dom);
	r->remote = remote_open(r->dom, r->core_loop, fds[0], remote_ended, r, NULL);
	domain_unlock(r->dom);
	MUST(r->remote);
	return fds[1];
}

/* ---- life ---- */

static struct hv *transport_open(struct rig *r)
{
	struct err e = {""};
	struct hv *hv;

	if (r->kind == RIG_EMBEDDED)
		hv = hv_embedded_open(r->dom, &e);
	else if (r->kind == RIG_REMOTE)
		hv = hv_remote_open(remote_listen(r), &e);
	else
		hv = rig_xen_open(r);
	NOTE("%s", e.msg);
	MUST(hv);
	return hv;
}

void rig_dm_open(struct rig *r)
{
	const struct hv_client c = {.ioreq = dm_ioreq,
				    .buffered = dm_buffered,
				    .gone = dm_gone,
				    .triple_fault = dm_triple_fault,
				    .arg = r};

	memset(r->lines, 0, sizeof(r->lines));
	r->hv = transport_open(r);
	if (r->kind != RIG_EMBEDDED)
		r->loop = loop_new(NULL);
	OK(r->hv->ops->attach(r->hv, r->loop, &c, NULL));
	OK(r->hv->ops->create_ioreq_server(r->hv, true, &r->server));
	OK(r->hv->ops->set_ioreq_server_state(r->hv, r->server, true));
	if (r->kind != RIG_EMBEDDED)
		pthread_create(&r->thread, NULL, loop_thread, r->loop);
	r->dm_runs = true;
}

void rig_dm_close(struct rig *r)
{
	if (!r->dm_runs)
		return;
	r->dm_runs = false;
	if (r->kind == RIG_EMBEDDED) {
		domain_lock(r->dom);
		r->hv->ops->close(r->hv);
		domain_unlock(r->dom);
		return;
	}
	loop_stop(r->loop, r->thread);
	r->hv->ops->close(r->hv);
	loop_free(r->loop);
	if (r->kind == RIG_REMOTE)
		CHECK(rig_wait(r, remote_is_gone));
}

static struct rig *domain_only(size_t kind, unsigned vcpus)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct domain_config c = {.ram = RAM,
				  .vcpus = vcpus,
				  .hooks = {.modified = hook_modified,
					    .msi = hook_msi,
					    .reset = hook_reset,
					    .shutdown = hook_shutdown,
					    .arg = r}};

	MUST(r);
	r->kind = (enum rig_kind)kind;
	r->dom = domain_new(&c, NULL);
	MUST(r->dom);
	r->watch = (struct pin_watch){.fn = pin_moved, .arg = r};
	domain_watch_pins(r->dom, &r->watch);
	return r;
}

static void core_loop_start(struct rig *r)
{
	r->core_loop = loop_new(NULL);
	loop_lock_hooks(r->core_loop, lock_fn, unlock_fn, r->dom);
	pthread_create(&r->core_thread, NULL, loop_thread, r->core_loop);
}

struct rig *rig_start(size_t kind, unsigned vcpus)
{
	struct rig *r;

	if (kind == RIG_XEN && !rig_xen_open)
		SKIP("built without libxen");
	r = domain_only(kind, vcpus);
	if (kind == RIG_REMOTE)
		core_loop_start(r);
	rig_dm_open(r);
	return r;
}

static _Noreturn void child_main(int socket, uint16_t port,
				 uint64_t (*read)(struct rig *r, enum hv_ioreq_type type,
						  uint64_t addr, unsigned size))
{
	struct rig r = {.kind = RIG_REMOTE, .read = read, .loop = loop_new(NULL)};
	struct hv_client c = {
		.ioreq = dm_ioreq, .buffered = dm_buffered, .gone = dm_gone, .arg = &r};
	const struct hv_ops *o;
	unsigned region;

	r.hv = hv_remote_open(socket, NULL);
	if (!r.hv)
		_exit(1);
	o = r.hv->ops;
	if (o->ram_create(r.hv, "vram", 4096, &region) || o->attach(r.hv, r.loop, &c, NULL) ||
	    o->create_ioreq_server(r.hv, true, &r.server) ||
	    o->map_io_range(r.hv, r.server, HV_RANGE_PORT, port, port) ||
	    o->set_ioreq_server_state(r.hv, r.server, true))
		_exit(2);
	loop_run(r.loop);
	_exit(3);
}

static bool has_server(struct rig *r)
{
	return r->dom->n_enabled;
}

struct rig *rig_new_forked(unsigned vcpus,
			   uint64_t (*read)(struct rig *r, enum hv_ioreq_type type, uint64_t addr,
					    unsigned size),
			   uint16_t port)
{
	struct rig *r;
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	r = domain_only(RIG_REMOTE, vcpus);
	r->child = fork(); /* before there are threads */
	MUST(r->child >= 0);
	if (!r->child) {
		close(fds[0]);
		child_main(fds[1], port, read);
	}
	close(fds[1]);
	core_loop_start(r);
	domain_lock(r->dom);
	r->remote = remote_open(r->dom, r->core_loop, fds[0], remote_ended, r, NULL);
	domain_unlock(r->dom);
	MUST(r->remote);
	CHECK(rig_wait(r, has_server));
	return r;
}

void rig_stop(struct rig *r)
{
	rig_dm_close(r);
	if (r->child)
		waitpid(r->child, NULL, 0);
	if (r->core_loop) {
		loop_stop(r->core_loop, r->core_thread);
		remote_close(r->remote);
		loop_free(r->core_loop);
	}
	domain_unwatch_pins(r->dom, &r->watch);
	domain_free(r->dom);
	free(r);
}

/* ---- ranges ---- */

struct range_job {
	enum hv_range type;
	uint64_t first, last;
};

static void range_fn(struct rig *r, void *arg)
{
	struct range_job *j = arg;

	OK(r->hv->ops->map_io_range(r->hv, r->server, j->type, j->first, j->last));
}

void rig_ports(struct rig *r, uint16_t first, uint16_t last)
{
	rig_do(r, range_fn, &(struct range_job){HV_RANGE_PORT, first, last});
}

void rig_memory(struct rig *r, uint64_t first, uint64_t last)
{
	rig_do(r, range_fn, &(struct range_job){HV_RANGE_MEMORY, first, last});
}

/* ---- accesses ---- */

uint32_t rig_in(struct rig *r, unsigned vcpu, uint16_t port, unsigned size)
{
	uint32_t val;

	domain_lock(r->dom);
	OK(domain_in(r->dom, vcpu, port, size, &val));
	domain_unlock(r->dom);
	return val;
}

void rig_out(struct rig *r, unsigned vcpu, uint16_t port, unsigned size, uint32_t val)
{
	domain_lock(r->dom);
	OK(domain_out(r->dom, vcpu, port, size, val));
	domain_unlock(r->dom);
}

uint64_t rig_rd(struct rig *r, unsigned vcpu, uint64_t gpa, unsigned size)
{
	uint8_t buf[8];

	domain_lock(r->dom);
	OK(domain_mem_read(r->dom, vcpu, gpa, buf, size));
	domain_unlock(r->dom);
	return load_le(buf, size);
}

void rig_wr(struct rig *r, unsigned vcpu, uint64_t gpa, unsigned size, uint64_t val)
{
	uint8_t buf[8];

	store_le(buf, size, val);
	domain_lock(r->dom);
	OK(domain_mem_write(r->dom, vcpu, gpa, buf, size));
	domain_unlock(r->dom);
}

int rig_rep(struct rig *r, unsigned vcpu, const struct domain_access *a)
{
	struct domain_access copy = *a;
	int rc;

	domain_lock(r->dom);
	rc = domain_access(r->dom, vcpu, &copy);
	domain_unlock(r->dom);
	return rc;
}

void rig_ram(struct rig *r, uint64_t gpa, void *buf, size_t len, bool write)
{
	domain_lock(r->dom);
	OK(write ? domain_mem_write(r->dom, DOMAIN_NO_VCPU, gpa, buf, len)
		 : domain_mem_read(r->dom, DOMAIN_NO_VCPU, gpa, buf, len));
	domain_unlock(r->dom);
}

bool rig_wait(struct rig *r, bool (*cond)(struct rig *r))
{
	for (int ms = 0; ms < 5000; ms++) {
		bool yes;

		domain_lock(r->dom);
		yes = cond(r);
		domain_unlock(r->dom);
		if (yes)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
	}
	return false;
}

struct page_peer *rig_peer(struct rig *r)
{
	struct ioreq_server *s = r->dom->n_enabled ? r->dom->by_age[0] : NULL;

	return s && s->sender == &page_sender ? s->arg : NULL;
}
