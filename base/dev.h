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
#include "base/util.h"

struct dev;
struct dev_env;
struct bus_type;

/* In a state struct: a one-shot on the machine's virtual clock. Row: TIMER. */
struct dev_timer {
	int64_t deadline; /* virtual ns; -1 = idle */
};

/* What one bus access means to one row. */
struct access {
	uint8_t region;	 /* of the class */
	unsigned index;	 /* element of an array row, else 0 */
	unsigned at;	 /* first byte touched, within the element */
	unsigned size;	 /* bytes touched; on a PORT row the width of the access */
	uint64_t lanes;	 /* bits of the element that are touched */
	uint64_t old;	 /* written: the element before */
	uint64_t val;	 /* written: as the guest wrote it, 0 outside lanes */
};

enum row_flag {
	ROW_RD = 1 << 0,       /* claims reads only … */
	ROW_WR = 1 << 1,       /* … or writes only (neither: both) */
	ROW_PORT = 1 << 2,     /* data port: any access that starts here is one hit */
	ROW_KEEP = 1 << 3,     /* survives reset; its reset value is for power-on */
	ROW_OPTIONAL = 1 << 4, /* may lack in a stream: then it has its reset value */
	ROW_PURE = 1 << 5,     /* the read hook changes nothing: `info dev` may call it */
	ROW_TIMER = 1 << 6,
	ROW_BYTES = 1 << 7,    /* a buffer: one blob of `count` bytes in the stream */
};

/*
 * One row per register or hidden member: the same table drives bus access,
 * reset, save, checked load, trace, the monitor and the laws. Make rows with
 * the macros below. An access takes the first row in table order that covers
 * its address and whose flags, `sizes` and `when` fit: that is how overlays
 * (DLAB, CF8 against CF9) are said.
 */
struct row {
	const char *name;
	int at;		    /* offset in the region, or HIDDEN */
	uint8_t region;	    /* of the class */
	uint8_t flags;	    /* enum row_flag */
	uint8_t sizes;	    /* access widths that it answers, ORed; 0 = all */
	uint8_t size;	    /* bytes of an element: 1, 2, 4, 8 */
	uint32_t count;	    /* elements; 0 and 1 = no array */
	uint32_t stride;    /* bus bytes from element to element */
	uint32_t step;	    /* state bytes from element to element */
	size_t off;	    /* of element 0 in the state struct, or COMPUTED */
	uint64_t reset;
	uint64_t rw;	    /* bits that the guest may set and clear */
	uint64_t w1c;	    /* bits that the guest clears by writing 1 */
	uint64_t hw;	    /* further bits that only the device changes */
	uint64_t max;	    /* largest legal value, 0 = the masks decide; a must for an index */
	size_t live;	    /* BUF: offset of the uint32_t live length + 1; 0 = all bytes live */
	uint16_t since;	    /* stream version that brought it; older streams may lack it */
	const char *was;    /* its name in older streams */
	bool (*when)(const struct dev *d);
	uint64_t (*read)(struct dev *d, const struct access *a); /* whole element, in place of it */
	void (*written)(struct dev *d, const struct access *a);	 /* after the masked store */
	void (*fired)(struct dev *d, unsigned index);		 /* TIMER */
};
#define HIDDEN (-1)
#define COMPUTED ((size_t)-1)
#define SIZEOF_(T, m) sizeof(((T *)0)->m)
#define COUNT_(T, m) (sizeof(((T *)0)->m) / sizeof(((T *)0)->m[0]))

/* A fixed value on the bus. */
#define CONST(at_, size_, name_, val_, ...) \
	{.name = name_, .at = at_, .off = COMPUTED, .size = size_, .reset = val_, ##__VA_ARGS__}
/* No storage of its own: hooks only. */
#define CALC(at_, size_, name_, ...) \
	{.name = name_, .at = at_, .off = COMPUTED, .size = size_, ##__VA_ARGS__}
/* A member of the state struct on the bus; an array member m[] (stride_ apart); member m of
 * the structs of an array arr[]. */
#define REG(at_, T, m, ...) \
	{.name = #m, .at = at_, .off = offsetof(T, m), .size = SIZEOF_(T, m), ##__VA_ARGS__}
#define REG_ARRAY(at_, stride_, T, m, ...) \
	{.name = #m, .at = at_, .stride = stride_, .off = offsetof(T, m), .size = SIZEOF_(T, m[0]), \
	 .step = SIZEOF_(T, m[0]), .count = COUNT_(T, m), ##__VA_ARGS__}
#define REG_EACH(at_, stride_, T, arr, m, ...) \
	{.name = #arr "." #m, .at = at_, .stride = stride_, .off = offsetof(T, arr[0].m), \
	 .size = SIZEOF_(T, arr[0].m), .step = SIZEOF_(T, arr[0]), .count = COUNT_(T, arr), ##__VA_ARGS__}
/* The same, not on the bus. State which values are legal: .hw or .max. */
#define HID(T, m, ...) REG(HIDDEN, T, m, ##__VA_ARGS__)
#define HID_ARRAY(T, m, ...) REG_ARRAY(HIDDEN, 0, T, m, ##__VA_ARGS__)
#define HID_EACH(T, arr, m, ...) REG_EACH(HIDDEN, 0, T, arr, m, ##__VA_ARGS__)
/* uint8_t m[N] of which the first `len` (a uint32_t member with its own row) bytes matter. */
#define BUF(T, m, len) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 1, .step = 1, .count = SIZEOF_(T, m), \
	 .flags = ROW_BYTES, .hw = 0xff, .live = offsetof(T, len) + 1}
#define BYTES(T, m, ...) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 1, .step = 1, .count = SIZEOF_(T, m), \
	 .flags = ROW_BYTES, .hw = 0xff, ##__VA_ARGS__}
#define TIMER(T, m, fn) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 8, .flags = ROW_TIMER, \
	 .reset = ~0ull, .fired = fn}
#define TIMER_EACH(T, arr, m, fn) \
	{.name = #arr "." #m, .at = HIDDEN, .off = offsetof(T, arr[0].m), .size = 8, \
	 .step = SIZEOF_(T, arr[0]), .count = COUNT_(T, arr), .flags = ROW_TIMER, .reset = ~0ull, .fired = fn}

enum space { SPACE_IO, SPACE_MEM, SPACE_CONFIG, SPACE_BANK /* reached by dev_read only */ };
enum other { OTHER_SPLIT, OTHER_ONES, OTHER_ZEROS };

struct region {
	const char *name;
	uint32_t len;
	uint8_t sizes;	  /* legal access widths, ORed; 0 = all */
	uint8_t other;	  /* enum other: what an illegal width gets; writes of it are dropped
			   * unless SPLIT: cut into the widest legal ones, low bytes first */
	uint8_t unclaimed; /* what bytes without a row read as, e.g. 0xff */
};

enum prop_type { PROP_BOOL, PROP_U8, PROP_U16, PROP_U32, PROP_U64, PROP_SIZE, PROP_STR, PROP_MAC,
		 PROP_BLK, PROP_NET, PROP_CHR /* the back end of that name: struct drive *,
						      * netdev * or chr * in host */ };
struct prop {
	const char *name;
	enum prop_type type;
	size_t off;	 /* in the host struct; STR: char *, MAC: uint8_t[6], BOOL: bool */
	const char *def; /* as text; NULL = 0, "", none */
	const char *help;
	uint64_t max;	 /* numbers; 0 = what the type holds */
};

struct dev_class {
	const char *name, *summary;
	const struct bus_type *bus; /* that it plugs into; NULL = the board */
	const void *bus_info;	    /* what the bus type wants to know, e.g. struct pci_info */
	size_t state_size, host_size;
	const struct region *regions;
	unsigned n_regions;
	const struct row *rows;
	unsigned n_rows;
	const struct prop *props;
	unsigned n_props;
	unsigned n_lines, n_inputs; /* interrupt outputs; input pins */
	bool unpluggable, internal; /* device_del works; not for -device */
	int (*realize)(struct dev *d, struct err *e); /* properties are set; make windows, lines */
	void (*unrealize)(struct dev *d);  /* also after a failed realize; cancels requests in flight */
	void (*reset)(struct dev *d);	   /* what reset values cannot say; after the rows */
	void (*settle)(struct dev *d);	   /* lines, windows = f(state); after every event; pure */
	bool (*valid)(const struct dev *d); /* relations between rows, before a load is let in */
	void (*resume)(struct dev *d);	   /* after a load: start again what was in flight */
	void (*input)(struct dev *d, unsigned pin, bool level);
	/* rep ins/outs on a PORT row: does up to count units, returns how many; 0 = one by one */
	unsigned (*bulk)(struct dev *d, const struct access *a, bool write, void *buf, unsigned count);
};
void dev_register(struct dev_class *c);
#define DEV_REGISTER(c) \
	__attribute__((constructor)) static void register_##c(void) { dev_register(&c); }

struct dev {
	void *state; /* class->state_size bytes in the arena */
	void *host;  /* class->host_size bytes */
	void *child; /* what the bus it sits on keeps for it */
	const struct dev_class *class;
	const char *id; /* its -device id, or a name the machine gave it; never NULL */
	struct dev_env *env;
	struct dev_private *p; /* base/'s own */
};

/* Time: the machine's virtual clock, ns. */
int64_t dev_now(const struct dev *d);
void timer_set(struct dev *d, struct dev_timer *t, int64_t deadline);
void timer_cancel(struct dev *d, struct dev_timer *t);
bool timer_pending(const struct dev_timer *t);

/* Lines, in settle only: level; and, anywhere, one more edge inside an access: low becomes
 * low-high-low, high becomes high-low-high. */
void dev_line(struct dev *d, unsigned n, bool level);
void dev_pulse(struct dev *d, unsigned n);
enum line_to { LINE_NONE, LINE_ISA /* irq */, LINE_INTX /* slot << 2 | pin */, LINE_LOCAL /* owner's */ };
void dev_line_to(struct dev *d, unsigned n, enum line_to to, unsigned pin); /* in realize */
void dev_msi(struct dev *d, uint64_t addr, uint32_t data);

/* Bytes off … off+len of a region appear at `base` of a space; same arguments again cost nothing,
 * so settle may say it every time. `win` (0-15) is the device's own number. */
#define WINDOW_OFF (~0ull)
void dev_window(struct dev *d, unsigned win, unsigned region, uint32_t off, uint32_t len,
		enum space space, uint64_t base);

/* Guest RAM, never MMIO. 0, or -EFAULT when any of it is not RAM or bus mastering is off: bytes
 * that are not RAM read as ones and are dropped on write. */
int dma_read(struct dev *d, uint64_t gpa, void *buf, size_t len);
int dma_write(struct dev *d, uint64_t gpa, const void *buf, size_t len);
/* Zero-copy: a pointer to *len bytes (may come back smaller), NULL when not RAM. Every map is
 * unmapped, with the bytes written to it (0 for a read). */
void *dma_map(struct dev *d, uint64_t gpa, size_t *len, bool write);
void dma_unmap(struct dev *d, void *p, uint64_t gpa, size_t written);

/* What a device asks of the board; carried out after the access is answered. */
enum dev_request { REQ_RESET, REQ_POWEROFF, REQ_CPU_RESET, REQ_NMI, REQ_A20 /* arg */, REQ_EXIT /* arg = status */ };
void dev_request(struct dev *d, enum dev_request what, unsigned arg);
/* Outputs of the chipset, idempotent: shadow RAM of a range; PIRQ link to ISA IRQ (0 = off). */
void dev_shadow(struct dev *d, uint64_t gpa, uint64_t len, bool read_ram, bool write_ram);
void dev_link_route(struct dev *d, unsigned link, unsigned irq);

/* From back-end callbacks: call this last, so that lines follow the state. */
void dev_settle(struct dev *d);
/* Guest nonsense was answered: counted for `info dev`, traced, never logged. */
void dev_guest_error(struct dev *d, const char *what);
/* Banks (index/data pairs): access a region of the own device. */
uint64_t dev_read(struct dev *d, unsigned region, uint32_t at, unsigned size);
void dev_write(struct dev *d, unsigned region, uint32_t at, unsigned size, uint64_t val);
#endif
