/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/rig.c: the bench of tests/hw/laws.h. */
#include "tests/hw/laws.h"

#include <errno.h>
#include <stdlib.h>

#define rig_of(e) container_of(e, struct rig, env)

static void saw(struct rig *r, uint64_t v)
{
	r->seen = (r->seen ^ v) * 0x9e3779b97f4a7c15ull;
	r->seen ^= r->seen >> 29;
}

static void saw_bytes(void *arg, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		saw(arg, buf[i]);
}

static void chr_said(void *arg, const uint8_t *buf, size_t len)
{
	struct rig *r = arg;
	size_t n = strlen(r->said);

	saw_bytes(r, buf, len);
	memcpy(r->said + n, buf, MIN(len, sizeof(r->said) - 1 - n));
}

uint32_t rig_rnd(struct rig *r)
{
	if (r->n_bytes) {
		size_t n = MIN(r->n_bytes, sizeof(uint32_t));
		uint32_t v = (uint32_t)load_le(r->bytes, (unsigned)n);

		r->bytes += n;
		r->n_bytes -= n;
		return v;
	}
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 17;
	r->seed ^= r->seed << 5;
	return r->seed;
}

/* ---- what surrounds the device ---- */

static void rig_line(struct dev_env *env, struct dev *d, unsigned n, uint32_t was, uint32_t now,
		     bool adopt)
{
	struct rig *r = rig_of(env);

	if (adopt)
		return;
	r->edges += (now + 1) / 2 - (was + 1) / 2;
	saw(r, (uint64_t)(uint8_t)d->id[0] << 40 | (uint64_t)n << 32 | (now & 1));
}

static void rig_msi(struct dev_env *env, struct dev *d, uint64_t addr, uint32_t data)
{
	(void)d;
	saw(rig_of(env), addr ^ data);
}

static void *rig_dma_map(struct dev_env *env, uint64_t gpa, size_t *len, bool write)
{
	(void)write;
	if (gpa >= RIG_RAM)
		return NULL;
	*len = MIN(*len, RIG_RAM - gpa);
	return rig_of(env)->ram + gpa;
}

static void rig_request(struct dev_env *env, struct dev *d, enum dev_request what, unsigned arg)
{
	struct rig *r = rig_of(env);

	(void)d;
	r->requests++;
	r->request = what;
	r->request_arg = arg;
	saw(r, (uint64_t)what << 32 | arg);
}

static void *rig_drive(struct rig *r)
{
	static uint8_t pattern[RIG_DISK];
	unsigned i = r->disk[0] ? 1 : 0;
	struct drive *d = &r->drive[i];

	MUST(!r->disk[i]);
	r->disk[i] = malloc(RIG_DISK);
	for (uint32_t n = 0; n < RIG_DISK && !pattern[RIG_DISK - 1]; n++)
		pattern[n] = (uint8_t)(n * 31 >> 5);
	memcpy(r->disk[i], pattern, RIG_DISK);
	snprintf(d->id, sizeof(d->id), "disk%u", i);
	d->blk = blk_mem(r->loop, r->disk[i], RIG_DISK, true);
	MUST(d->blk);
	return d;
}

static void *rig_backend(struct dev_env *env, struct dev *d, enum prop_type type, const char *name,
			 struct err *e)
{
	struct rig *r = rig_of(env);

	(void)d;
	(void)name;
	(void)e;
	if (type == PROP_INPUT)
		return r->input;
	if (type == PROP_BLK)
		return rig_drive(r);
	if (type == PROP_DISPLAY)
		return r->display = display_new("screen", e);
	if (type == PROP_NET)
		return r->net = net_fake(r->loop, "net0", saw_bytes, r);
	return r->chr = chr_fake(r->loop, "chr0", chr_said, r);
}

static void rig_backend_release(struct dev_env *env, struct dev *d, enum prop_type type, void *be)
{
	(void)env;
	(void)d;
	if (type == PROP_DISPLAY)
		display_free(be);
}

static int rig_ram_create(struct dev_env *env, struct dev *d, unsigned n, const char *name)
{
	(void)env;
	(void)name;
	dev_rams(d)[n].p = calloc(1, dev_rams(d)[n].size);
	return dev_rams(d)[n].p ? 0 : -ENOMEM;
}

static void rig_ram_free(struct dev_env *env, struct dev *d, unsigned n)
{
	(void)env;
	free(dev_rams(d)[n].p);
}

static const struct dev_env_ops rig_ops = {
	.ram_create = rig_ram_create,
	.ram_free = rig_ram_free,
	.backend_release = rig_backend_release,
	.line = rig_line,
	.msi = rig_msi,
	.dma_map = rig_dma_map,
	.request = rig_request,
	.backend = rig_backend,
};

/* ---- making it ---- */

static void give_backends(struct dev *d)
{
	const struct dev_class *c = d->class;
	struct err e = {""};

	for (unsigned i = 0; i < c->n_props; i++)
		if (c->props[i].type >= PROP_BLK)
			OK(dev_prop_set(d, c->props[i].name, "bench", &e));
		else if (!strcmp(c->props[i].name, "vgamem_mb"))
			OK(dev_prop_set(d, "vgamem_mb", "1", &e)); /* twins copy it */
}

static struct dev *make(struct rig *r, const char *class)
{
	const struct dev_class *c = dev_class_find(class);
	struct err e = {""};
	struct dev *d;

	MUST(c);
	d = dev_new(&r->env, c, class, &e);
	MUST(d);
	give_backends(d);
	dev_realize(d, NULL, &e);
	EQS("", e.msg);
	MUST(dev_realized(d));
	return d;
}

/* The device whose bus it needs, below it on the bench. */
static void make_parents(struct rig *r, const struct dev_class *c)
{
	if (!c->bus)
		return;
	make(r, "i440FX-pcihost");
	if (!strcmp(c->bus->name, "IDE"))
		make(r, "piix3-ide");
	if (!strcmp(c->bus->name, "usb-bus"))
		make(r, "piix3-usb-uhci");
	if (!strcmp(c->bus->name, "ISA") || !strcmp(c->bus->name, "floppy-bus"))
		make(r, "i8257");
	if (!strcmp(c->bus->name, "floppy-bus"))
		make(r, "isa-fdc");
}

/* Without something on it a bus has little to do. */
static void make_children(struct rig *r, const struct dev_class *c)
{
	if (!strcmp(c->name, "isa-fdc"))
		make(r, "floppy");
	if (strcmp(c->name, "piix3-usb-uhci") && strcmp(c->name, "usb-hub"))
		return;
	make(r, "usb-tablet"); /* on the controller */
	make(r, "usb-kbd");    /* on the hub, when there is one */
}

/* As firmware does: every BAR a place, then decoding and bus mastering on. */
static void program_bars(struct dev *d)
{
	unsigned config = d->class->n_regions;

	for (unsigned i = 0; i < d->class->n_regions; i++)
		if (!strcmp(d->class->regions[i].name, "config"))
			config = i;
	if (config == d->class->n_regions)
		return;
	for (unsigned i = 0; i < 6; i++) {
		uint32_t io = (uint32_t)dev_read(d, config, 0x10 + 4 * i, 4) & 1;
		dev_write(d, config, 0x10 + 4 * i, 4,
			  io ? 0xc000 + 0x400 * i : 0xe0000000 + (i << 24));
	}
	dev_write(d, config, 4, 2, 7);
}

struct rig *rig_new(const struct dev_class *c)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err e = {""};

	r->clock = clock_new(CLOCK_MANUAL);
	r->loop = loop_new(&e);
	r->ram = calloc(1, RIG_RAM);
	r->env.clock = r->clock;
	r->env.ops = &rig_ops;
	r->input = input_new(r->clock);
	MUST(r->input && r->clock && r->loop && r->ram && !dev_env_init(&r->env, &e));
	input_join(r->input, &r->keys);
	make_parents(r, c);
	for_each_dev(d, &r->env)
		program_bars(d);
	r->dev = make(r, c->name);
	program_bars(r->dev);
	make_children(r, c);
	r->seed = 1;
	r->seen = 0;
	return r;
}

void rig_free(struct rig *r)
{
	dev_env_fini(&r->env);
	for (unsigned i = 0; i < 2; i++) {
		blk_close(r->drive[i].blk);
		free(r->disk[i]);
	}
	net_close(r->net);
	chr_close(r->chr);
	input_free(r->input);
	loop_free(r->loop);
	clock_free(r->clock);
	free(r->ram);
	free(r);
}

/* ---- using it ---- */

uint64_t rig_read(struct rig *r, unsigned region, uint32_t at, unsigned size)
{
	uint64_t v = dev_read(r->dev, region, at, size);

	saw(r, v);
	return v;
}

void rig_write(struct rig *r, unsigned region, uint32_t at, unsigned size, uint64_t val)
{
	dev_write(r->dev, region, at, size, val);
}

/* The window that holds all of [addr, addr+size), its device, and the place in its region. */
static struct dev *at_address(struct rig *r, enum space space, uint64_t addr, unsigned size,
			      const struct window **out)
{
	for_each_dev(d, &r->env)
		for (unsigned i = 0; i < DEV_WINDOWS; i++) {
			const struct window *w = &dev_windows(d)[i];
			if (w->base == WINDOW_OFF || w->space != space || addr < w->base ||
			    addr + size > w->base + w->len)
				continue;
			*out = w;
			return d;
		}
	return NULL;
}

uint64_t rig_bus_read(struct rig *r, enum space space, uint64_t addr, unsigned size)
{
	const struct window *w;
	struct dev *d = at_address(r, space, addr, size, &w);
	uint64_t v = ones(size);

	if (d)
		v = dev_read(d, w->region, w->off + (uint32_t)(addr - w->base), size);
	saw(r, v);
	return v;
}

void rig_bus_write(struct rig *r, enum space space, uint64_t addr, unsigned size, uint64_t val)
{
	const struct window *w;
	struct dev *d = at_address(r, space, addr, size, &w);

	if (d)
		dev_write(d, w->region, w->off + (uint32_t)(addr - w->base), size, val);
}

void rig_bus_bulk(struct rig *r, uint16_t port, unsigned size, bool write, void *buf, unsigned n)
{
	const struct window *w;
	struct dev *d = at_address(r, SPACE_IO, port, size, &w);

	if (d)
		dev_bulk(d, w->region, w->off + (uint32_t)(port - w->base), size, write, buf, n);
	if (d && !write)
		saw_bytes(r, buf, (size_t)n * size);
}

void rig_ram_put(struct rig *r, uint64_t gpa, const void *buf, size_t len)
{
	MUST(gpa + len <= RIG_RAM);
	memcpy(r->ram + gpa, buf, len);
}

void rig_run(struct rig *r, int64_t ns)
{
	clock_advance(r->clock, ns);
	loop_step(r->loop, 0);
}

void rig_disks(struct rig *r)
{
	for (unsigned i = 0; i < 2; i++)
		if (r->drive[i].blk)
			saw(r, blk_mem_step(r->drive[i].blk));
	loop_step(r->loop, 0);
}
