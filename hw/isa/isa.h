/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/isa/isa.h: the ISA bus, for devices that have their data moved by the 8237s. Others need no
 * bus: their windows and interrupts are the board's.
 */
#ifndef HW_ISA_ISA_H
#define HW_ISA_ISA_H
#include "base/dev_owner.h" /* it is a bus */

extern const struct bus_type isa_bus_type;

#define ISA_CHANNELS 8

/* What devices ask of the 8237s; d is theirs. */
struct isa_host_ops {
	size_t (*dma)(struct dev *d, unsigned channel, void *buf, size_t len, bool to_ram,
		      bool *tc);
};
struct isa_bus { /* in their host struct */
	struct bus bus;
	const struct isa_host_ops *ops;
	struct {
		struct dev *dev; /* that has the channel; NULL: nobody */
		void (*ready)(struct dev *d);
	} user[ISA_CHANNELS];
};
void isa_bus_add(struct isa_bus *b, struct dev *controller, const char *name,
		 const struct isa_host_ops *ops);
void isa_bus_remove(struct isa_bus *b); /* also when it was never added */
/* The channel may be open now: who waits for it tries again. */
void isa_bus_ready(struct isa_bus *b, unsigned channel);

/* In realize: ready is called when the channel may have been opened. */
int isa_dma_attach(struct dev *d, unsigned channel, void (*ready)(struct dev *d), struct err *e);
/* DREQ: as much of buf as the channel takes, 0 while it is masked. *tc: it reached its terminal
 * count, and takes no more. */
size_t isa_dma(struct dev *d, unsigned channel, void *buf, size_t len, bool to_ram, bool *tc);
#endif
