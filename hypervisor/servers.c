/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/servers.c: ioreq servers, and which of them an access belongs to. */
#include "hypervisor/core.h"

#include <errno.h>
#include <stdlib.h>

static struct ioreq_server *server_of(struct domain *dom, uint16_t id)
{
	return id < IOREQ_SERVERS ? dom->servers[id] : NULL;
}

static int newest_first(const void *a, const void *b)
{
	const struct ioreq_server *const *x = a, *const *y = b;

	return (*x)->age > (*y)->age ? -1 : 1;
}

static void sort_enabled(struct domain *dom)
{
	dom->n_enabled = 0;
	for (unsigned i = 0; i < IOREQ_SERVERS; i++)
		if (dom->servers[i] && dom->servers[i]->enabled)
			dom->by_age[dom->n_enabled++] = dom->servers[i];
	qsort(dom->by_age, dom->n_enabled, sizeof(dom->by_age[0]), newest_first);
}

int core_server_new(struct domain *dom, bool bufioreq, const struct ioreq_sender *sender, void *arg,
		    uint16_t *id)
{
	struct ioreq_server *s;
	uint16_t i = 0;

	while (i < IOREQ_SERVERS && dom->servers[i])
		i++;
	if (i == IOREQ_SERVERS)
		return -ENOSPC;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->bufioreq = bufioreq;
	s->age = ++dom->ages;
	s->sender = sender;
	s->arg = arg;
	dom->servers[i] = s;
	*id = i;
	return 0;
}

int core_server_free(struct domain *dom, uint16_t id)
{
	struct ioreq_server *s = server_of(dom, id);

	if (!s)
		return -ENOENT;
	dom->servers[id] = NULL;
	sort_enabled(dom);
	free(s);
	return 0;
}

int core_server_enable(struct domain *dom, uint16_t id, bool on)
{
	struct ioreq_server *s = server_of(dom, id);

	if (!s)
		return -ENOENT;
	s->enabled = on;
	sort_enabled(dom);
	if (on)
		dom->orphaned = false;
	return 0;
}

void core_servers_drop(struct domain *dom, const void *arg, bool unasked)
{
	for (uint16_t i = 0; i < IOREQ_SERVERS; i++)
		if (dom->servers[i] && dom->servers[i]->arg == arg) {
			dom->orphaned |= unasked && dom->servers[i]->enabled;
			core_server_free(dom, i);
		}
}

/* ---- ranges ---- */

/* The first that ends at or behind addr, or n. */
static unsigned range_at(const struct ioreq_ranges *r, uint64_t addr)
{
	unsigned lo = 0, hi = r->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (r->v[mid].end >= addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static bool range_legal(enum hv_range type, uint64_t start, uint64_t end)
{
	if ((unsigned)type > HV_RANGE_PCI || start > end)
		return false;
	return type == HV_RANGE_MEMORY || end <= (type == HV_RANGE_PORT ? 0xffff : 0xffffffff);
}

/* Ranges of that type of a server, and the place of the first that ends at `start` or behind. */
static int find_ranges(struct domain *dom, uint16_t id, enum hv_range type, uint64_t start,
		       uint64_t end, struct ioreq_ranges **r, unsigned *at)
{
	struct ioreq_server *s = server_of(dom, id);

	if (!s)
		return -ENOENT;
	if (!range_legal(type, start, end))
		return -EINVAL;
	*r = &s->ranges[type];
	*at = range_at(*r, start);
	return 0;
}

int core_map_range(struct domain *dom, uint16_t id, enum hv_range type, uint64_t start,
		   uint64_t end)
{
	struct ioreq_ranges *r;
	unsigned at;
	int rc = find_ranges(dom, id, type, start, end, &r, &at);

	if (rc)
		return rc;
	if (at < r->n && r->v[at].start <= end)
		return -EEXIST;
	if (r->n == IOREQ_RANGES)
		return -ENOSPC;
	memmove(&r->v[at + 1], &r->v[at], (r->n - at) * sizeof(r->v[0]));
	r->v[at] = (struct ioreq_range){start, end};
	r->n++;
	return 0;
}

int core_unmap_range(struct domain *dom, uint16_t id, enum hv_range type, uint64_t start,
		     uint64_t end)
{
	struct ioreq_ranges *r;
	unsigned at;
	int rc = find_ranges(dom, id, type, start, end, &r, &at);

	if (rc)
		return rc;
	if (at == r->n || r->v[at].start != start || r->v[at].end != end)
		return -ENOENT;
	r->n--;
	memmove(&r->v[at], &r->v[at + 1], (r->n - at) * sizeof(r->v[0]));
	return 0;
}

struct ioreq_server *core_server_find(struct domain *dom, enum hv_range type, uint64_t start,
				      uint64_t end)
{
	for (unsigned i = 0; i < dom->n_enabled; i++) {
		const struct ioreq_ranges *r = &dom->by_age[i]->ranges[type];
		unsigned at = range_at(r, start);

		if (at < r->n && r->v[at].start <= start && r->v[at].end >= end)
			return dom->by_age[i];
	}
	return NULL;
}
