/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/board.h: what surrounds the device model's devices: which of them answers
 * an address, the wires from their lines to the core's slots, DMA, shadow RAM.
 */
#ifndef DM_BOARD_H
#define DM_BOARD_H
#include "base/dev_owner.h"
#include "hypervisor/public/hv.h"

struct machine;

/* One stretch of a space, without overlaps: who answers an access that begins there. */
struct claim {
	uint64_t start, end;  /* inclusive */
	uint64_t first, last; /* the whole window that it is a part of */
	struct dev *dev;
	uint8_t region;
	uint32_t off; /* of `first` in the region */
};
struct claim_table {
	struct claim *v;
	unsigned n;
};

/* Memory of a device; kept for another one of that size when its device goes. */
struct board_ram {
	struct dev *dev; /* NULL: free */
	unsigned n;      /* dev_rams(dev)[n] */
	unsigned region; /* of the core */
	uint32_t size;
	uint64_t gpa, len; /* as mapped; len 0: not */
	struct board_ram *next;
};

struct board {
	struct dev_env env; /* container_of takes it back */
	struct machine *m;
	struct hv *hv; /* NULL: machine none */
	uint16_t server;
	struct claim_table io, mem;
	struct board_ram *rams;
	struct dev *functions[256]; /* of PCI bus 0, by devfn */
	struct {
		uint32_t counter; /* as told to the core, odd = high */
		unsigned high;    /* lines that hold it up */
	} wires[HV_LINES];
};

struct board *board_new(struct machine *m, struct hv *hv, struct err *e);
void board_free(struct board *b); /* NULL is fine; frees the devices */
/* After devices came or went: their windows count from here on (a device that is being realized
 * is not on the list yet), and the core learns which PCI functions there are. */
int board_sync(struct board *b, struct err *e);

/* Accesses of 1-8 bytes as the guest makes them; what nobody claims reads as ones. Whoever has the
 * first byte gets all that fits its window: a dword at 0xcf8 does not care who has 0xcf9. */
uint64_t board_read(struct board *b, enum space space, uint64_t addr, unsigned size);
void board_write(struct board *b, enum space space, uint64_t addr, unsigned size, uint64_t val);
/* addr: devfn << 8 | register */
uint64_t board_config_read(struct board *b, uint32_t addr, unsigned size);
void board_config_write(struct board *b, uint32_t addr, unsigned size, uint64_t val);
/* The claim that covers addr, or NULL. */
const struct claim *board_find(const struct board *b, enum space space, uint64_t addr);
/* ---- dm/board_ram.c: struct dev_env_ops of these names ---- */
int board_ram_create(struct dev_env *env, struct dev *d, unsigned n, const char *name);
void board_ram_free(struct dev_env *env, struct dev *d, unsigned n);
void board_ram_window(struct dev_env *env, struct dev *d, unsigned n);
void board_ram_dirty(struct dev_env *env, struct dev *d, unsigned n, uint32_t first, uint32_t count,
		     uint8_t *bitmap);
void board_rams_free(struct board *b);

static inline uint32_t claim_offset(const struct claim *c, uint64_t addr)
{
	return c->off + (uint32_t)(addr - c->first);
}
#endif
