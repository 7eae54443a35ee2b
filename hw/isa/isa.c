/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/isa/isa.c: the ISA bus: who has which DMA channel. */
#include "hw/isa/isa.h"

#include <errno.h>

static struct isa_bus *isa_of(const struct dev *d)
{
	return container_of(dev_bus(d), struct isa_bus, bus);
}

void isa_bus_add(struct isa_bus *b, struct dev *controller, const char *name,
		 const struct isa_host_ops *ops)
{
	b->ops = ops;
	bus_add(&b->bus, &isa_bus_type, controller, name);
}

void isa_bus_remove(struct isa_bus *b)
{
	bus_remove(&b->bus);
}

void isa_bus_ready(struct isa_bus *b, unsigned channel)
{
	if (b->user[channel].dev)
		b->user[channel].ready(b->user[channel].dev);
}

int isa_dma_attach(struct dev *d, unsigned channel, void (*ready)(struct dev *d), struct err *e)
{
	struct isa_bus *b = isa_of(d);

	if (b->user[channel].dev)
		return err_set(e, -EBUSY, "DMA channel %u is taken by %s", channel,
			       b->user[channel].dev->id);
	b->user[channel].dev = d;
	b->user[channel].ready = ready;
	return 0;
}

size_t isa_dma(struct dev *d, unsigned channel, void *buf, size_t len, bool to_ram, bool *tc)
{
	struct isa_bus *b = isa_of(d);

	return b->ops->dma(b->bus.owner, channel, buf, len, to_ram, tc);
}

/* There are no slots: a device is known by its own name. */
static int isa_plug(struct bus *b, struct dev *d, struct err *e)
{
	(void)b;
	(void)e;
	dev_set_address(d, d->id);
	return 0;
}

static void isa_unplug(struct bus *b, struct dev *d)
{
	struct isa_bus *isa = container_of(b, struct isa_bus, bus);

	for (unsigned i = 0; i < ISA_CHANNELS; i++)
		if (isa->user[i].dev == d)
			isa->user[i].dev = NULL;
}

const struct bus_type isa_bus_type = {
	.name = "ISA",
	.plug = isa_plug,
	.unplug = isa_unplug,
};
