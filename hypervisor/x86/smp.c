/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/smp.c: see smp.h.
 *
 * A store is followed by a look at the page's HV_PAGE_CODE without a fence between
 * them; who sets the flag pays for both sides with membarrier(2).
 *
 * Tests: tests/x86/smp.c
 */
#include "hypervisor/x86/smp.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/translate/translate.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct smp {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* in_guest of somebody fell, or `taken` */
	bool taken;        /* somebody is alone, or waits for it; atomic, written under mutex */
	unsigned guarding; /* those between a page's flag and its membarrier; atomic */
	unsigned n;
	struct cpu *cpus[];
};

/* ---- life ---- */

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

struct smp *smp_new(struct cpu **cpus, unsigned n, struct err *e)
{
	struct smp *s;

	if (n > 1 && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) < 0) {
		err_errno(e, -errno, "more than one vCPU needs membarrier(2)");
		return NULL;
	}
	s = calloc(1, sizeof(*s) + n * sizeof(s->cpus[0]));
	if (!s) {
		err_set(e, -ENOMEM, "no memory for the engine");
		return NULL;
	}
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->n = n;
	for (unsigned i = 0; i < n; i++) {
		s->cpus[i] = cpus[i];
		cpus[i]->smp = s;
	}
	return s;
}

void smp_free(struct smp *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++)
		s->cpus[i]->smp = NULL;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

struct cpu **smp_cpus(struct smp *s, unsigned *n)
{
	*n = s->n;
	return s->cpus;
}

static bool has_others(const struct cpu *c)
{
	return c->smp && c->smp->n > 1;
}

/* ---- being alone ---- */

static bool taken(const struct smp *s)
{
	return __atomic_load_n(&s->taken, __ATOMIC_SEQ_CST);
}

static void set_in_guest(struct cpu *c, bool on)
{
	__atomic_store_n(&c->in_guest, on, __ATOMIC_SEQ_CST);
}

static void wait_free(struct smp *s)
{
	pthread_mutex_lock(&s->mutex);
	pthread_cond_broadcast(&s->changed); /* this one is out */
	while (s->taken)
		pthread_cond_wait(&s->changed, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
}

/* Says that it is in, then looks; who wants to be alone says so, then looks who is in. */
void smp_enter(struct cpu *c)
{
	if (!has_others(c) || c->alone)
		return;
	set_in_guest(c, true);
	while (taken(c->smp)) {
		set_in_guest(c, false);
		wait_free(c->smp);
		set_in_guest(c, true);
	}
}

void smp_leave(struct cpu *c)
{
	if (!has_others(c) || c->alone)
		return;
	set_in_guest(c, false);
	if (!taken(c->smp))
		return;
	pthread_mutex_lock(&c->smp->mutex);
	pthread_cond_broadcast(&c->smp->changed);
	pthread_mutex_unlock(&c->smp->mutex);
}

void smp_yield(struct cpu *c)
{
	smp_leave(c);
	smp_enter(c);
}

static bool others_in(const struct cpu *c)
{
	for (unsigned i = 0; i < c->smp->n; i++)
		if (c->smp->cpus[i] != c &&
		    __atomic_load_n(&c->smp->cpus[i]->in_guest, __ATOMIC_SEQ_CST))
			return true;
	return false;
}

void smp_begin_alone(struct cpu *c)
{
	struct smp *s = c->smp;

	if (!has_others(c) || c->alone)
		return;
	set_in_guest(c, false);
	pthread_mutex_lock(&s->mutex);
	pthread_cond_broadcast(&s->changed);
	while (s->taken)
		pthread_cond_wait(&s->changed, &s->mutex);
	__atomic_store_n(&s->taken, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < s->n; i++)
		if (s->cpus[i] != c)
			cpu_attend(s->cpus[i], ATT_YIELD);
	while (others_in(c))
		pthread_cond_wait(&s->changed, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	c->alone = true;
}

void smp_end_alone(struct cpu *c)
{
	struct smp *s = c->smp;

	if (!c->alone)
		return;
	c->alone = false;
	set_in_guest(c, true);
	pthread_mutex_lock(&s->mutex);
	__atomic_store_n(&s->taken, false, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->mutex);
}

void smp_lock_domain(struct cpu *c)
{
	smp_leave(c);
	domain_lock(c->dom);
}

void smp_unlock_domain(struct cpu *c)
{
	domain_unlock(c->dom);
	smp_enter(c);
}

/* ---- writes to code ---- */

void smp_written(struct cpu *c, uint64_t gpa, uint64_t len)
{
	if (!has_others(c))
		return;
	if (c->n_out < WRITTEN_OUT)
		c->out[c->n_out] = (struct written){gpa, len};
	c->n_out++; /* beyond the room: somewhere */
	c->break_block = true;
}

/* With the mutex. */
static void post(struct cpu *to, const struct written *w)
{
	if (to->n_in < WRITTEN_IN) {
		to->in[to->n_in++] = *w;
		cpu_attend(to, ATT_POSTS);
	} else {
		cpu_attend(to, ATT_STALE);
	}
}

static void tell(struct cpu *c, struct cpu *to)
{
	if (c->n_out > WRITTEN_OUT)
		cpu_attend(to, ATT_STALE);
	else
		for (unsigned i = 0; i < c->n_out; i++)
			post(to, &c->out[i]);
}

void smp_tell_written(struct cpu *c)
{
	struct smp *s = c->smp;

	pthread_mutex_lock(&s->mutex);
	for (unsigned i = 0; i < s->n; i++)
		if (s->cpus[i] != c)
			tell(c, s->cpus[i]);
	pthread_mutex_unlock(&s->mutex);
	c->n_out = 0;
}

void smp_take_written(struct cpu *c)
{
	struct written in[WRITTEN_IN];
	unsigned n;

	pthread_mutex_lock(&c->smp->mutex);
	n = c->n_in;
	memcpy(in, c->in, n * sizeof(in[0]));
	c->n_in = 0;
	pthread_mutex_unlock(&c->smp->mutex);
	for (unsigned i = 0; i < n; i++)
		blocks_drop(c, in[i].gpa, in[i].len);
}

void smp_device_wrote(struct smp *s, uint64_t gpa, uint64_t len)
{
	const struct written w = {gpa, len};

	tr_device_wrote(s->cpus[0], gpa, len);
	pthread_mutex_lock(&s->mutex);
	for (unsigned i = 0; i < s->n; i++)
		post(s->cpus[i], &w);
	pthread_mutex_unlock(&s->mutex);
}

/* Who finds the flag set may be ahead of the membarrier of who set it. */
uint8_t smp_guard(const struct cpu *c, uint8_t *flag)
{
	uint8_t f = __atomic_load_n(flag, __ATOMIC_SEQ_CST);

	if (!has_others(c))
		return __atomic_fetch_or(flag, HV_PAGE_CODE, __ATOMIC_SEQ_CST);
	if (!(f & HV_PAGE_CODE)) {
		__atomic_add_fetch(&c->smp->guarding, 1, __ATOMIC_SEQ_CST);
		f = __atomic_fetch_or(flag, HV_PAGE_CODE, __ATOMIC_SEQ_CST);
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
		__atomic_sub_fetch(&c->smp->guarding, 1, __ATOMIC_SEQ_CST);
	} else if (__atomic_load_n(&c->smp->guarding, __ATOMIC_SEQ_CST)) {
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	}
	return f;
}
