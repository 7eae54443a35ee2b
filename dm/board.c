/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/board.c: struct dev_env of the device model, over struct hv. */
#include "dm/board.h"

#include "base/log.h"
#include "dm/machine_parts.h"
#include "hw/pci/pci.h"

#include <errno.h>
#include <stdlib.h>

static struct board *board_of(struct dev_env *env)
{
	return container_of(env, struct board, env);
}

static struct claim_table *table_of(struct board *b, enum space space)
{
	return space == SPACE_IO ? &b->io : &b->mem;
}

/* ---- who answers where ---- */

enum { FIRST_BAR_WINDOW = 10 }; /* hw/pci/pci.h: those of a PCI function are its BARs */

/* Where windows overlap the fixed ones come first, then the lowest PCI function. */
static unsigned rank_of(const struct dev *d, unsigned win)
{
	const struct bus *bus = dev_bus(d);
	bool bar = bus && bus->type == &pci_bus_type && win >= FIRST_BAR_WINDOW;

	return bar ? 1u + pci_devfn(d) : 0;
}

struct piece {
	struct claim c;
	unsigned rank, seq;
};
struct pieces {
	struct piece *v;
	unsigned n, cap;
	bool oom;
};

static void add_piece(struct pieces *p, const struct claim *c, unsigned rank)
{
	if (p->n == p->cap) {
		unsigned cap = p->cap ? p->cap * 2 : 64;
		struct piece *v = realloc(p->v, cap * sizeof(*v));

		if (!v) {
			p->oom = true;
			return;
		}
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n] = (struct piece){*c, rank, p->n};
	p->n++;
}

static void add_windows(struct pieces *p, const struct dev *d, enum space space)
{
	const struct window *w = dev_windows(d);

	for (unsigned i = 0; i < DEV_WINDOWS; i++) {
		struct claim c = {.start = w[i].base,
				  .first = w[i].base,
				  .dev = (struct dev *)d,
				  .region = w[i].region,
				  .off = w[i].off};

		if (w[i].base == WINDOW_OFF || w[i].space != space || !w[i].len)
			continue;
		if (add_overflows(c.start, w[i].len - 1, &c.end))
			continue;
		c.last = c.end;
		add_piece(p, &c, rank_of(d, i));
	}
}

/* Best rank first; among equals the smaller window (0xcf9 lies in 0xcf8-0xcfb), then list order. */
static int by_rank(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->c.last - a->c.first != b->c.last - b->c.first)
		return a->c.last - a->c.first < b->c.last - b->c.first ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int by_start(const void *x, const void *y)
{
	const struct claim *a = x, *b = y;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Adds what of `c` those in `out` leave free, cut into stretches. */
static void add_free(struct pieces *out, const struct claim *c)
{
	struct claim left = *c;

	for (unsigned i = 0; i < out->n; i++) {
		const struct claim t = out->v[i].c;

		if (t.end < left.start || t.start > left.end)
			continue;
		if (t.start > left.start) {
			struct claim low = left;

			low.end = t.start - 1;
			add_free(out, &low);
		}
		if (t.end >= left.end)
			return;
		left.start = t.end + 1;
	}
	add_piece(out, &left, 0);
}

static int gather(struct board *b, enum space space, struct claim_table *to)
{
	struct pieces in = {0}, out = {0};

	for_each_dev(d, &b->env)
		add_windows(&in, d, space);
	if (in.n)
		qsort(in.v, in.n, sizeof(*in.v), by_rank);
	for (unsigned i = 0; i < in.n; i++)
		add_free(&out, &in.v[i].c);
	to->n = 0;
	to->v = calloc(out.n ? out.n : 1, sizeof(*to->v));
	for (unsigned i = 0; i < out.n && to->v; i++)
		to->v[to->n++] = out.v[i].c;
	free(in.v);
	free(out.v);
	if (in.oom || out.oom || !to->v)
		return -ENOMEM;
	if (to->n)
		qsort(to->v, to->n, sizeof(*to->v), by_start);
	return 0;
}

/* What the core is told: an access may not straddle two of its ranges, so stretches that overlaps
 * have cut out of one window count as one. Returns the next index. */
static unsigned core_range(const struct claim_table *t, unsigned i, uint64_t *start, uint64_t *end)
{
	*start = t->v[i].start;
	for (; i + 1 < t->n && t->v[i].end + 1 == t->v[i + 1].start; i++)
		if (t->v[i].last == t->v[i].end && t->v[i + 1].first == t->v[i + 1].start)
			break;
	*end = t->v[i].end;
	return i + 1;
}

static bool has_range(const struct claim_table *t, uint64_t start, uint64_t end)
{
	uint64_t from, to;

	for (unsigned i = 0; i < t->n;) {
		i = core_range(t, i, &from, &to);
		if (from >= start)
			return from == start && to == end;
	}
	return false;
}

/* Only what changed is said: other vCPUs may be using the rest. */
static void tell_core(struct board *b, enum hv_range type, const struct claim_table *was,
		      const struct claim_table *now)
{
	const struct hv_ops *ops = b->hv->ops;
	uint64_t start, end;

	for (unsigned i = 0; i < was->n;) {
		i = core_range(was, i, &start, &end);
		if (!has_range(now, start, end))
			ops->unmap_io_range(b->hv, b->server, type, start, end);
	}
	for (unsigned i = 0; i < now->n;) {
		const char *id = now->v[i].dev->id;
		int rc;

		i = core_range(now, i, &start, &end);
		rc = has_range(was, start, end)
			     ? 0
			     : ops->map_io_range(b->hv, b->server, type, start, end);
		if (rc < 0)
			log_warn("%s: the core refuses range %#llx-%#llx: %s", id,
				 (unsigned long long)start, (unsigned long long)end, strerror(-rc));
	}
}

static void rebuild(struct board *b, enum space space)
{
	struct claim_table *t = table_of(b, space), now;

	if (gather(b, space, &now) < 0) {
		free(now.v);
		log_error("out of memory: the device windows stay as they were");
		return;
	}
	if (b->hv)
		tell_core(b, space == SPACE_IO ? HV_RANGE_PORT : HV_RANGE_MEMORY, t, &now);
	free(t->v);
	*t = now;
}

const struct claim *board_find(const struct board *b, enum space space, uint64_t addr)
{
	const struct claim_table *t = space == SPACE_IO ? &b->io : &b->mem;
	unsigned low = 0, high = t->n;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (t->v[mid].end < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->n && t->v[low].start <= addr ? &t->v[low] : NULL;
}

/* How many of `size` bytes at addr have one answerer (*c, NULL = nobody); a power of two. */
static unsigned stretch(const struct board *b, enum space space, uint64_t addr, unsigned size,
			const struct claim **c)
{
	unsigned n = size;

	*c = board_find(b, space, addr);
	if (*c && (*c)->last - addr < size - 1)
		n = (unsigned)((*c)->last - addr) + 1;
	else if (!*c)
		for (n = 1; n < size && !board_find(b, space, addr + n);)
			n++;
	while (n & (n - 1))
		n &= n - 1;
	return n;
}

uint64_t board_read(struct board *b, enum space space, uint64_t addr, unsigned size)
{
	uint64_t val = 0;

	for (unsigned at = 0, n; at < size; at += n) {
		const struct claim *c;
		uint64_t part = ~0ull;

		n = stretch(b, space, addr + at, size - at, &c);
		if (c)
			part = dev_read(c->dev, c->region, claim_offset(c, addr + at), n);
		val |= (part & ones(n)) << 8 * at;
	}
	return val;
}

void board_write(struct board *b, enum space space, uint64_t addr, unsigned size, uint64_t val)
{
	for (unsigned at = 0, n; at < size; at += n) {
		const struct claim *c;

		n = stretch(b, space, addr + at, size - at, &c);
		if (c)
			dev_write(c->dev, c->region, claim_offset(c, addr + at), n,
				  val >> 8 * at & ones(n));
	}
}

/* ---- PCI ---- */

uint64_t board_config_read(struct board *b, uint32_t addr, unsigned size)
{
	struct dev *d = b->functions[addr >> 8 & 0xff];

	if (!d || addr > 0xffff || (addr & 0xff) + size > 0x100)
		return ones(size);
	return dev_read(d, pci_config_region(d), addr & 0xff, size) & ones(size);
}

void board_config_write(struct board *b, uint32_t addr, unsigned size, uint64_t val)
{
	struct dev *d = b->functions[addr >> 8 & 0xff];

	if (d && addr <= 0xffff && (addr & 0xff) + size <= 0x100)
		dev_write(d, pci_config_region(d), addr & 0xff, size, val & ones(size));
}

static int sync_functions(struct board *b, struct err *e)
{
	struct dev *now[256] = {0};

	for_each_dev(d, &b->env) {
		struct bus *bus = dev_bus(d);

		if (bus && bus->type == &pci_bus_type && !strcmp(bus->name, "pci.0"))
			now[pci_devfn(d)] = d;
	}
	for (unsigned i = 0; i < 256 && b->hv; i++) {
		const struct hv_ops *ops = b->hv->ops;
		int rc = 0;

		if (now[i] && !b->functions[i])
			rc = ops->map_io_range(b->hv, b->server, HV_RANGE_PCI, i, i);
		else if (!now[i] && b->functions[i])
			ops->unmap_io_range(b->hv, b->server, HV_RANGE_PCI, i, i);
		if (rc < 0)
			return err_errno(e, rc, "the core refuses PCI function %02x.%x", i >> 3,
					 i & 7);
	}
	memcpy(b->functions, now, sizeof(now));
	return 0;
}

int board_sync(struct board *b, struct err *e)
{
	rebuild(b, SPACE_IO);
	rebuild(b, SPACE_MEM);
	return sync_functions(b, e);
}

/* ---- struct dev_env_ops ---- */

static void on_window(struct dev_env *env, struct dev *d, unsigned win)
{
	struct board *b = board_of(env);

	(void)d;
	(void)win;
	/* The window may have left one space for the other. */
	rebuild(b, SPACE_IO);
	rebuild(b, SPACE_MEM);
}

static int slot_of(const struct dev *d, unsigned n)
{
	enum line_to to;
	unsigned pin;

	dev_line_target(d, n, &to, &pin);
	if (to == LINE_ISA && pin < 16)
		return HV_LINE_ISA((int)pin);
	if (to == LINE_INTX && pin < 128)
		return HV_LINE_INTX((int)pin >> 2, (int)pin & 3);
	return -1;
}

/* A wire is the OR of its lines: edges of one pass unless another holds it high meanwhile. */
static void on_line(struct dev_env *env, struct dev *d, unsigned n, uint32_t was, uint32_t now,
		    bool adopt)
{
	struct board *b = board_of(env);
	int slot = slot_of(d, n);
	unsigned others;
	uint32_t counter;

	if (slot < 0 || !b->hv)
		return;
	others = b->wires[slot].high - (was & 1);
	b->wires[slot].high = others + (now & 1);
	if (others)
		return;
	counter = b->wires[slot].counter;
	counter += adopt ? ((was ^ now) & 1) : now - was;
	if (counter == b->wires[slot].counter)
		return;
	b->wires[slot].counter = counter;
	b->hv->ops->line(b->hv, (unsigned)slot, counter, adopt);
}

static void on_msi(struct dev_env *env, struct dev *d, uint64_t addr, uint32_t data)
{
	struct board *b = board_of(env);

	(void)d;
	if (b->hv)
		b->hv->ops->inject_msi(b->hv, addr, data);
}

static void *on_dma_map(struct dev_env *env, uint64_t gpa, size_t *len, bool write)
{
	struct board *b = board_of(env);

	return b->hv ? b->hv->ops->dma_map(b->hv, gpa, len, write) : NULL;
}

static void on_dma_unmap(struct dev_env *env, void *p, uint64_t gpa, size_t written)
{
	struct board *b = board_of(env);

	if (b->hv)
		b->hv->ops->dma_unmap(b->hv, p, gpa, written);
}

static void on_shadow(struct dev_env *env, uint64_t gpa, uint64_t len, bool rd, bool wr)
{
	struct board *b = board_of(env);

	if (b->hv)
		machine_shadow(b->m, gpa, len, rd, wr);
}

static void on_link_route(struct dev_env *env, unsigned link, unsigned irq)
{
	struct board *b = board_of(env);

	if (b->hv)
		b->hv->ops->set_pci_link_route(b->hv, link, irq);
}

static void on_pm_place(struct dev_env *env, uint16_t base, bool on)
{
	struct board *b = board_of(env);

	if (b->hv)
		b->hv->ops->pm_place(b->hv, base, on);
}

static void on_request(struct dev_env *env, struct dev *d, enum dev_request what, unsigned arg)
{
	(void)d;
	machine_dev_request(board_of(env)->m, what, arg);
}

static void *on_backend(struct dev_env *env, struct dev *d, enum prop_type type, const char *name,
			struct err *e)
{
	return machine_backend(board_of(env)->m, d, type, name, e);
}

static void on_backend_release(struct dev_env *env, struct dev *d, enum prop_type type, void *be)
{
	machine_backend_release(board_of(env)->m, d, type, be);
}

static int on_rom_file(struct dev_env *env, struct dev *d, const char *name, uint8_t **data,
		       size_t *len, struct err *e)
{
	return machine_rom_file(board_of(env)->m, d, name, data, len, e);
}

static const struct dev_env_ops board_ops = {
	.window = on_window,
	.ram_create = board_ram_create,
	.ram_free = board_ram_free,
	.ram_window = board_ram_window,
	.ram_dirty = board_ram_dirty,
	.rom_file = on_rom_file,
	.line = on_line,
	.msi = on_msi,
	.dma_map = on_dma_map,
	.dma_unmap = on_dma_unmap,
	.request = on_request,
	.shadow = on_shadow,
	.link_route = on_link_route,
	.pm_place = on_pm_place,
	.backend = on_backend,
	.backend_release = on_backend_release,
};

/* ---- life ---- */

struct board *board_new(struct machine *m, struct hv *hv, struct err *e)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	b->env.ops = &board_ops;
	b->env.clock = m->clock;
	b->m = m;
	b->hv = hv;
	if (dev_env_init(&b->env, e) < 0) {
		free(b);
		return NULL;
	}
	return b;
}

void board_free(struct board *b)
{
	if (!b)
		return;
	dev_env_fini(&b->env);
	board_rams_free(b);
	free(b->io.v);
	free(b->mem.v);
	free(b);
}
