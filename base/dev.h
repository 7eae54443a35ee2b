/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/dev.h: all that a device file may see of the machine.
 *
 * A device is a `state` struct without pointers, in an arena, of which every
 * member is a row; a `host` struct with properties, descriptors and pointers;
 * and a class that joins them. docs/adding-a-device.md walks through one.
 */
#ifndef BASE_DEV_H
#define BASE_DEV_H
#include "base/err.h"
#include "base/row.h"

struct dev;
struct dev_env;
struct bus_type;

enum space { SPACE_IO, SPACE_MEM, SPACE_CONFIG, SPACE_BANK /* reached by dev_read only */ };
enum other { OTHER_SPLIT, OTHER_ONES, OTHER_ZEROS };

struct region {
	const char *name;
	uint32_t len;
	uint8_t sizes;     /* legal access widths, ORed; 0 = all */
	uint8_t other;     /* enum other: what an illegal width gets; writes of it are dropped
			    * unless SPLIT: cut into the widest legal ones, low bytes first */
	uint8_t unclaimed; /* what bytes without a row read as, e.g. 0xff */
	bool one;          /* one PORT row has all of it: a large one then needs no index */
};

enum prop_type {
	PROP_BOOL,
	PROP_U8,
	PROP_U16,
	PROP_U32,
	PROP_U64,
	PROP_SIZE,
	PROP_STR,
	PROP_MAC,
	PROP_BLK,
	PROP_NET,
	PROP_CHR,    /* PROP_BLK, NET, CHR: struct drive *, netdev *, chr * in host, by name */
	PROP_INPUT,  /* struct input *; there is one, whatever the name */
	PROP_DISPLAY /* struct display *, made for the device whatever the name: say def "auto" */
};
struct prop {
	const char *name;
	enum prop_type type;
	size_t off;      /* in the host struct; STR: char *, MAC: uint8_t[6], BOOL: bool */
	const char *def; /* as text; NULL = 0, "", none */
	const char *help;
	uint64_t max; /* numbers; 0 = what the type holds */
};

struct dev_class {
	const char *name, *summary;
	const struct bus_type *bus; /* that it plugs into; NULL = the board */
	const void *bus_info;       /* what the bus type wants to know, e.g. struct pci_info */
	size_t state_size, host_size;
	const struct region *regions;
	unsigned n_regions;
	const struct row *rows;
	unsigned n_rows;
	const struct prop *props;
	unsigned n_props;
	uint16_t since; /* stream version that brought it to boards; older streams may lack it */
	unsigned n_lines, n_inputs;                   /* interrupt outputs; input pins */
	bool unpluggable, internal;                   /* device_del works; not for -device */
	int (*realize)(struct dev *d, struct err *e); /* properties are set; make windows, lines */
	/* Also after a failed realize; cancels requests in flight. */
	void (*unrealize)(struct dev *d);
	void (*reset)(struct dev *d);       /* what reset values cannot say; after the rows */
	void (*settle)(struct dev *d);      /* lines, windows = f(state); after every event; pure */
	bool (*valid)(const struct dev *d); /* relations between rows, before a load is let in */
	void (*resume)(struct dev *d);      /* after a load: start again what was in flight */
	void (*input)(struct dev *d, unsigned pin, bool level);
	/* rep ins/outs on a PORT row: does up to count units, returns how many; 0 = one by one */
	unsigned (*bulk)(struct dev *d, const struct access *a, bool write, void *buf,
			 unsigned count);
};
void dev_register(struct dev_class *c);
#define DEV_REGISTER(c)                                             \
	__attribute__((constructor)) static void register_##c(void) \
	{                                                           \
		dev_register(&c);                                   \
	}

struct dev {
	void *state; /* class->state_size bytes in the arena */
	void *host;  /* class->host_size bytes */
	void *child; /* what the bus it sits on keeps for it */
	const struct dev_class *class;
	const char *id; /* its -device id, or a name the machine gave it; never NULL */
	struct dev_env *env;
	struct dev_private *p; /* base/'s own */
};

/* How many others of its class there are, for defaults such as COM1, COM2; in realize. */
unsigned dev_nth(const struct dev *d);

/* Time: the machine's virtual clock, ns. */
int64_t dev_now(const struct dev *d);
void timer_set(struct dev *d, struct dev_timer *t, int64_t deadline);
void timer_cancel(struct dev *d, struct dev_timer *t);
bool timer_pending(const struct dev_timer *t);

/* Lines, in settle only: level; and, anywhere, one more edge inside an access: low becomes
 * low-high-low, high becomes high-low-high. */
void dev_line(struct dev *d, unsigned n, bool level);
void dev_pulse(struct dev *d, unsigned n);
enum line_to {
	LINE_NONE,
	LINE_ISA /* irq */,
	LINE_INTX /* slot << 2 | pin */,
	LINE_LOCAL /* owner's */
};
void dev_line_to(struct dev *d, unsigned n, enum line_to to, unsigned pin); /* in realize */
void dev_msi(struct dev *d, uint64_t addr, uint32_t data);

/* Bytes off … off+len of a region appear at `base` of a space; same arguments again cost nothing,
 * so settle may say it every time. `win` (0-15) is the device's own number. */
#define WINDOW_OFF (~0ull)
void dev_window(struct dev *d, unsigned win, unsigned region, uint32_t off, uint32_t len,
		enum space space, uint64_t base);

/* Memory of the device's own (video RAM, the image of a ROM): whole pages, zero at first; in
 * realize. `n` (0-3) is the device's own number. Not a part of the state: who saves the guest's RAM
 * saves it. NULL and a sentence when there is none. */
uint8_t *dev_ram(struct dev *d, unsigned n, const char *name, uint32_t size, struct err *e);
/* The same with the image of a ROM from the folders of firmware, in the next power of two. `file`
 * NULL or "", or no such file (which is said in the log): none is made, and that is no failure. */
int dev_rom(struct dev *d, unsigned n, const char *file, struct err *e);
uint32_t dev_ram_size(const struct dev *d, unsigned n); /* 0 = not made */
/* The guest sees all of it at base, or WINDOW_OFF; as dev_window. rom: its writes are dropped. */
void dev_ram_window(struct dev *d, unsigned n, uint64_t base, bool rom);
/* Sets the bits of those pages among first … first + count - 1 (4 KiB each; bit 0 is page 0) that
 * were written at that window since the last call. Clears none. */
void dev_ram_dirty(struct dev *d, unsigned n, uint32_t first, uint32_t count, uint8_t *bitmap);

/* Guest RAM, never MMIO. 0, or -EFAULT when any of it is not RAM or bus mastering is off: bytes
 * that are not RAM read as ones and are dropped on write. */
int dma_read(struct dev *d, uint64_t gpa, void *buf, size_t len);
int dma_write(struct dev *d, uint64_t gpa, const void *buf, size_t len);
/* Zero-copy: a pointer to *len bytes (may come back smaller), NULL when not RAM. Every map is
 * unmapped, with the bytes written to it (0 for a read). */
void *dma_map(struct dev *d, uint64_t gpa, size_t *len, bool write);
void dma_unmap(struct dev *d, void *p, uint64_t gpa, size_t written);

/* What a device asks of the board; carried out after the access is answered. */
enum dev_request {
	REQ_RESET,
	REQ_POWEROFF,
	REQ_CPU_RESET,
	REQ_NMI,
	REQ_A20 /* arg */,
	REQ_EXIT /* arg = status */
};
void dev_request(struct dev *d, enum dev_request what, unsigned arg);
/* Outputs of the chipset, idempotent: shadow RAM of a range; PIRQ link to ISA IRQ (0 = off). */
void dev_shadow(struct dev *d, uint64_t gpa, uint64_t len, bool read_ram, bool write_ram);
void dev_link_route(struct dev *d, unsigned link, unsigned irq);
/* The core's PM1 status, PM1 enable and PM timer: at I/O port `base` (timer 8 above), or off. */
void dev_pm_place(struct dev *d, uint16_t base, bool on);

/* From back-end callbacks: call this last, so that lines follow the state. */
void dev_settle(struct dev *d);
/* Guest nonsense was answered: counted for `info dev`, traced, never logged. */
void dev_guest_error(struct dev *d, const char *what);
/* Banks (index/data pairs): access a region of the own device. */
uint64_t dev_read(struct dev *d, unsigned region, uint32_t at, unsigned size);
void dev_write(struct dev *d, unsigned region, uint32_t at, unsigned size, uint64_t val);
#endif
