/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/time.c: the domain's clock, shared with device models in other processes: a page that
 * nobody else can write, made when the first of them comes, and who is told when it changes.
 */
#include "hypervisor/core.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void time_published(void *arg)
{
	struct domain *dom = arg;

	for (struct time_watch *w = dom->time.watches; w; w = w->next)
		w->fn(w->arg);
}

static int page_new(struct shared_time *t, struct err *e)
{
	int fd = memfd_create("clock", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p = MAP_FAILED;
	int rc;

	if (fd >= 0 && !ftruncate(fd, MEM_PAGE))
		p = mmap(NULL, MEM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* The mapping just made stays the only one that can be written. */
	if (p != MAP_FAILED && !fcntl(fd, F_ADD_SEALS, TIME_SEALS)) {
		t->fd = fd;
		t->page = p;
		return 0;
	}
	rc = err_errno(e, -errno, "no page for the clock (it needs Linux 5.1)");
	if (p != MAP_FAILED)
		munmap(p, MEM_PAGE);
	if (fd >= 0)
		close(fd);
	return rc;
}

int core_time_share(struct domain *dom, struct err *e)
{
	struct shared_time *t = &dom->time;
	int rc;

	if (t->page)
		return 0;
	rc = page_new(t, e);
	if (!rc)
		clock_publish(dom->clock, t->page, time_published, dom);
	return rc;
}

void core_time_unshare(struct domain *dom)
{
	struct shared_time *t = &dom->time;

	if (!t->page)
		return;
	clock_publish(dom->clock, &dom->time.own, NULL, NULL);
	munmap(t->page, MEM_PAGE);
	close(t->fd);
	t->page = NULL;
}

/* A reader that finds the page being written each time looks again: the writer is quick. */
int64_t domain_now(const struct domain *dom)
{
	const struct shared_time *t = &dom->time;
	const struct clock_page *p = __atomic_load_n(&t->page, __ATOMIC_ACQUIRE);
	struct clock_reading r;
	struct timespec now;

	while (!clock_page_read(p ? p : &t->own, &r))
		;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return clock_page_time(&r, now.tv_sec * NS_PER_SEC + now.tv_nsec);
}

void core_time_watch(struct domain *dom, struct time_watch *w)
{
	w->next = dom->time.watches;
	dom->time.watches = w;
}

void core_time_unwatch(struct domain *dom, struct time_watch *w)
{
	struct time_watch **p = &dom->time.watches;

	while (*p && *p != w)
		p = &(*p)->next;
	if (*p)
		*p = w->next;
}
