/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide.c: the IDE cable as a bus: two places, and the calls that drives
 * make to the controller at its other end.
 */
#include "hw/ide/ide.h"

#include <errno.h>

struct ide_child {
	char *bootindex;
	uint32_t unit; /* NO_UNIT: the first free place */
	struct ide_cable *cable;
};
#define NO_UNIT 0xffffffffu

static struct ide_cable *cable_of(const struct dev *d)
{
	return ((const struct ide_child *)d->child)->cable;
}

void ide_cable_add(struct ide_cable *c, struct dev *controller, const char *name, unsigned n,
		   const struct ide_host_ops *ops)
{
	c->ops = ops;
	c->n = n;
	bus_add(&c->bus, &ide_bus_type, controller, name);
}

void ide_cable_remove(struct ide_cable *c)
{
	bus_remove(&c->bus);
}

static int ide_plug(struct bus *b, struct dev *d, struct err *e)
{
	struct ide_cable *c = container_of(b, struct ide_cable, bus);
	struct ide_child *child = d->child;
	uint32_t unit = child->unit;

	if (unit == NO_UNIT)
		unit = c->drive[0] ? 1 : 0;
	if (unit > 1)
		return err_set(e, -EINVAL, "unit=%u: %s has places 0 and 1", unit, b->name);
	if (c->drive[unit])
		return err_set(e, -EBUSY, "place %u of bus %s is taken by %s", unit, b->name,
			       c->drive[unit]->id);
	child->unit = unit;
	child->cable = c;
	c->drive[unit] = d;
	dev_set_address(d, unit ? "1" : "0");
	return 0;
}

static void ide_unplug(struct bus *b, struct dev *d)
{
	struct ide_cable *c = container_of(b, struct ide_cable, bus);

	c->drive[ide_unit(d)] = NULL;
}

unsigned ide_unit(const struct dev *d)
{
	return ((const struct ide_child *)d->child)->unit;
}

unsigned ide_channel(const struct dev *d)
{
	return cable_of(d)->n;
}

void ide_interrupt(struct dev *d)
{
	struct ide_cable *c = cable_of(d);

	c->ops->interrupt(c->bus.owner, c->n);
}

void ide_changed(struct dev *d)
{
	dev_settle(d);
	dev_settle(cable_of(d)->bus.owner);
}

bool ide_polled(struct dev *d)
{
	struct ide_cable *c = cable_of(d);

	return c->ops->polled(c->bus.owner, c->n);
}

bool ide_dma_running(struct dev *d)
{
	struct ide_cable *c = cable_of(d);

	return c->ops->dma_running(c->bus.owner, c->n);
}

uint64_t ide_dma_length(struct dev *d, uint64_t need)
{
	struct ide_cable *c = cable_of(d);

	return c->ops->dma_length(c->bus.owner, c->n, need);
}

size_t ide_dma_map(struct dev *d, uint64_t from, size_t want, struct ide_dma *t)
{
	struct ide_cable *c = cable_of(d);

	return c->ops->dma_map(c->bus.owner, c->n, from, want, t);
}

void ide_dma_unmap(struct dev *d, struct ide_dma *t)
{
	struct ide_cable *c = cable_of(d);

	c->ops->dma_unmap(c->bus.owner, t);
}

void ide_dma_copy(struct dev *d, uint64_t from, void *buf, size_t len, bool to_ram)
{
	struct ide_cable *c = cable_of(d);

	c->ops->dma_copy(c->bus.owner, c->n, from, buf, len, to_ram);
}

void ide_dma_done(struct dev *d, bool more)
{
	struct ide_cable *c = cable_of(d);

	c->ops->dma_done(c->bus.owner, c->n, more);
}

static const struct prop ide_props[] = {
	{"unit", PROP_U32, offsetof(struct ide_child, unit), "4294967295",
	 "0 (master) or 1 (slave); default: the first free place", 0},
	{"bootindex", PROP_STR, offsetof(struct ide_child, bootindex), NULL,
	 "place in the firmware's boot order, from 0; default: none", 0},
};

const struct bus_type ide_bus_type = {
	.name = "IDE",
	.child_size = sizeof(struct ide_child),
	.props = ide_props,
	.n_props = ARRAY_SIZE(ide_props),
	.plug = ide_plug,
	.unplug = ide_unplug,
};
