/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/domain.c: a domain's life, its lock, its run state, and the small operations. */
#include "hypervisor/core.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#define HOLE_START  0xe0000000ull
#define HOLE_LARGER 0xc0000000ull
#define FOUR_GIB    (4ull << 30)

/* ---- the lock ---- */

void domain_lock(struct domain *dom)
{
	if (pthread_mutex_trylock(&dom->mutex)) {
		__atomic_add_fetch(&dom->waiting, 1, __ATOMIC_RELAXED);
		pthread_mutex_lock(&dom->mutex);
		__atomic_sub_fetch(&dom->waiting, 1, __ATOMIC_RELAXED);
	}
	dom->holder = pthread_self();
	__atomic_store_n(&dom->held, true, __ATOMIC_RELAXED);
}

void domain_unlock(struct domain *dom)
{
	__atomic_store_n(&dom->held, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dom->mutex);
}

/* Only the holder itself can see held together with its own name. */
bool domain_locked(const struct domain *dom)
{
	return __atomic_load_n(&dom->held, __ATOMIC_RELAXED) &&
	       pthread_equal(dom->holder, pthread_self());
}

/* Unlocking alone is not enough: who takes it again at once is faster than who is woken by that. */
void core_give_way(struct domain *dom)
{
	if (!__atomic_load_n(&dom->waiting, __ATOMIC_RELAXED))
		return;
	domain_unlock(dom);
	while (__atomic_load_n(&dom->waiting, __ATOMIC_RELAXED))
		sched_yield();
	domain_lock(dom);
}

void core_wait(struct domain *dom, pthread_cond_t *cond)
{
	__atomic_store_n(&dom->held, false, __ATOMIC_RELAXED);
	pthread_cond_wait(cond, &dom->mutex);
	dom->holder = pthread_self();
	__atomic_store_n(&dom->held, true, __ATOMIC_RELAXED);
}

bool core_wait_for(struct domain *dom, pthread_cond_t *cond, int64_t ns)
{
	struct timespec t;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += t.tv_nsec;
	t.tv_sec += ns / NS_PER_SEC;
	t.tv_nsec = ns % NS_PER_SEC;
	__atomic_store_n(&dom->held, false, __ATOMIC_RELAXED);
	rc = pthread_cond_clockwait(cond, &dom->mutex, CLOCK_MONOTONIC, &t);
	dom->holder = pthread_self();
	__atomic_store_n(&dom->held, true, __ATOMIC_RELAXED);
	return rc != ETIMEDOUT;
}

/* ---- life ---- */

static int config_check(const struct domain_config *c, struct err *e)
{
	if (!c->ram || c->ram % MEM_PAGE || c->ram > MEM_PAGES * MEM_PAGE / 2)
		return err_set(e, -EINVAL, "guest memory of %llu bytes is not possible",
			       (unsigned long long)c->ram);
	if (c->ram_below_4g % MEM_PAGE || c->ram_below_4g > FOUR_GIB)
		return err_set(e, -EINVAL, "memory cannot be cut at 0x%llx",
			       (unsigned long long)c->ram_below_4g);
	if (c->vcpus > DOMAIN_VCPUS)
		return err_set(e, -EINVAL, "%u processors are more than %d", c->vcpus,
			       DOMAIN_VCPUS);
	return 0;
}

/* More room for PCI, and a tidier second part, once RAM does not fit below the hole anyway. */
static uint64_t below_4g(const struct domain_config *c)
{
	if (c->ram_below_4g)
		return c->ram_below_4g;
	return c->ram >= HOLE_START ? HOLE_LARGER : HOLE_START;
}

static int domain_setup(struct domain *dom, const struct domain_config *c, struct err *e)
{
	int rc;

	dom->hooks = c->hooks;
	dom->vcpus = MAX(c->vcpus, 1u);
	dom->ram = c->ram;
	dom->below_4g = MIN(below_4g(c), c->ram);
	dom->a20 = true;
	dom->own_clock = !c->clock;
	dom->clock = c->clock ? c->clock : clock_new(CLOCK_HOST);
	if (!dom->clock)
		return err_set(e, -ENOMEM, "no memory for a clock");
	clock_publish(dom->clock, &dom->time.own, NULL, NULL);
	rc = memmap_init(&dom->mem, c->ram, below_4g(c), NULL, e);
	return rc ? rc : platform_init(dom, c, e);
}

struct domain *domain_new(const struct domain_config *c, struct err *e)
{
	struct domain *dom;

	if (config_check(c, e))
		return NULL;
	dom = calloc(1, sizeof(*dom));
	if (!dom) {
		err_set(e, -ENOMEM, "no memory for a domain");
		return NULL;
	}
	pthread_mutex_init(&dom->mutex, NULL);
	pthread_cond_init(&dom->resumed, NULL);
	pthread_cond_init(&dom->quiet, NULL);
	dom->mem.flags_fd = -1;
	if (!domain_setup(dom, c, e))
		return dom;
	domain_free(dom);
	return NULL;
}

void domain_free(struct domain *dom)
{
	if (!dom)
		return;
	platform_fini(dom);
	for (uint16_t i = 0; i < IOREQ_SERVERS; i++)
		assert(!dom->servers[i]);
	memmap_fini(&dom->mem);
	core_time_unshare(dom);
	clock_publish(dom->clock, NULL, NULL, NULL);
	if (dom->own_clock)
		clock_free(dom->clock);
	pthread_cond_destroy(&dom->quiet);
	pthread_cond_destroy(&dom->resumed);
	pthread_mutex_destroy(&dom->mutex);
	free(dom);
}

struct clock *domain_clock(struct domain *dom)
{
	return dom->clock;
}

unsigned domain_vcpus(const struct domain *dom)
{
	return dom->vcpus;
}

uint64_t domain_ram_size(const struct domain *dom)
{
	return dom->ram;
}

uint64_t domain_ram_below_4g(const struct domain *dom)
{
	return dom->below_4g;
}

void domain_set_hooks(struct domain *dom, const struct domain_hooks *h)
{
	dom->hooks = *h;
}

void domain_set_vcpu_hooks(struct domain *dom, const struct domain_hooks *h)
{
	dom->vcpu_hooks = h ? *h : (struct domain_hooks){.arg = NULL};
}

/* ---- run state ---- */

void domain_pause(struct domain *dom)
{
	core_tell(dom, pause, true);
	dom->paused = true;
	if (dom->own_clock)
		clock_stop(dom->clock);
}

void domain_resume(struct domain *dom)
{
	dom->paused = false;
	if (dom->own_clock)
		clock_start(dom->clock);
	pthread_cond_broadcast(&dom->resumed);
	core_tell(dom, pause, false);
}

unsigned domain_asking(const struct domain *dom)
{
	return dom->asking;
}

void domain_hold(struct domain *dom)
{
	core_tell(dom, hold);
}

void domain_entry(struct domain *dom, const struct hv_entry *entry)
{
	core_tell(dom, entry, entry);
}

int domain_stats(struct domain *dom, unsigned vcpu, struct engine_stats *s)
{
	const struct domain_hooks *h = &dom->vcpu_hooks;

	return h->stats ? h->stats(h->arg, vcpu, s) : -ENOTSUP;
}

void core_a20(struct domain *dom, bool on)
{
	dom->a20 = on;
}

bool domain_a20(const struct domain *dom)
{
	return dom->a20;
}

void domain_reset(struct domain *dom, enum hv_reset what)
{
	if (what == HV_RESET_MACHINE) {
		for_each_dev(d, &dom->platform)
			dev_reset(d, false);
		dom->cf8 = 0;
		dom->a20 = true;
	}
	core_tell(dom, reset, what);
}

int core_shutdown(struct domain *dom, enum hv_shutdown why)
{
	if ((unsigned)why > HV_SHUTDOWN_SOFT_RESET)
		return -EINVAL;
	core_tell(dom, shutdown, why);
	return 0;
}

/* ---- memory ---- */

void *domain_ram(struct domain *dom, uint64_t gpa, size_t *len, bool write)
{
	return memmap_dma(&dom->mem, gpa, len, write);
}

uint64_t domain_memory_generation(const struct domain *dom)
{
	return dom->mem.generation;
}

uint8_t *domain_page_flags(struct domain *dom, uint64_t *pages)
{
	*pages = MEM_PAGES;
	return dom->mem.flags;
}

int core_modified(struct domain *dom, uint64_t first_gfn, uint64_t nr)
{
	uint64_t end;

	if (add_overflows(first_gfn, nr, &end) || end > MEM_PAGES)
		return -EINVAL;
	if (nr)
		core_tell(dom, modified, first_gfn, nr);
	return 0;
}

void core_written(struct domain *dom, uint64_t gpa, uint64_t len)
{
	if (memmap_written(&dom->mem, gpa, len))
		core_modified(dom, gpa / MEM_PAGE, (gpa + len - 1) / MEM_PAGE - gpa / MEM_PAGE + 1);
}

void core_client_gone(struct domain *dom)
{
	core_lines_drop(dom);
	for (unsigned link = 0; link < PCI_LINKS; link++)
		core_link_route(dom, link, 0);
	domain_pm_place(dom, 0, false);
	memmap_forget(&dom->mem);
}

/* They stay logged, and have changed as far as anybody knows (memmap.c: always_log). */
static void track_stop(struct domain *dom)
{
	for (uint64_t i = 0; i < dom->tracked_nr; i++)
		__atomic_fetch_or(&dom->mem.flags[dom->tracked_first + i], HV_PAGE_DIRTY,
				  __ATOMIC_RELAXED);
	dom->tracked_nr = 0;
}

/* One range a domain, as with Xen: another one ends the first. */
int core_track_dirty(struct domain *dom, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap)
{
	int rc;

	if (first_gfn != dom->tracked_first || nr != dom->tracked_nr)
		track_stop(dom);
	if (!nr)
		return 0;
	rc = memmap_track(&dom->mem, first_gfn, nr, bitmap);
	if (rc)
		return rc;
	dom->tracked_first = first_gfn;
	dom->tracked_nr = nr;
	return 0;
}
