/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/row.h: the rows of a device table; part of base/dev.h, which device files include. */
#ifndef BASE_ROW_H
#define BASE_ROW_H
#include "base/util.h"

struct dev;

/* In a state struct: a one-shot on the machine's virtual clock. Row: TIMER. */
struct dev_timer {
	int64_t deadline; /* virtual ns; -1 = idle */
};

/* What one bus access means to one row. */
struct access {
	uint8_t region; /* of the class */
	unsigned index; /* element of an array row, else 0 */
	unsigned at;    /* first byte touched, within the element */
	unsigned size;  /* bytes touched; on a PORT row the width of the access */
	uint64_t lanes; /* bits of the element that are touched */
	uint64_t old;   /* written: the element before */
	uint64_t val;   /* written: as the guest wrote it, 0 outside lanes */
};

enum row_flag {
	ROW_RD = 1 << 0,       /* claims reads only … */
	ROW_WR = 1 << 1,       /* … or writes only (neither: both) */
	ROW_PORT = 1 << 2,     /* data port: any access that starts here is one hit */
	ROW_KEEP = 1 << 3,     /* survives reset; its reset value is for power-on */
	ROW_OPTIONAL = 1 << 4, /* may lack in a stream: then it has its reset value */
	ROW_PURE = 1 << 5,     /* the read hook changes nothing: `info dev` may call it */
	ROW_TIMER = 1 << 6,
	ROW_BYTES = 1 << 7, /* a buffer: one blob of `count` bytes in the stream */
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
	int at;          /* offset in the region, or HIDDEN */
	uint8_t region;  /* of the class */
	uint8_t flags;   /* enum row_flag */
	uint8_t sizes;   /* access widths that it answers, ORed; 0 = all */
	uint8_t size;    /* bytes of an element: 1, 2, 4, 8 */
	uint32_t count;  /* elements; 0 and 1 = no array */
	uint32_t stride; /* bus bytes from element to element */
	uint32_t step;   /* state bytes from element to element */
	size_t off;      /* of element 0 in the state struct, or COMPUTED */
	uint64_t reset;
	uint64_t rw;     /* bits that the guest may set and clear */
	uint64_t w1c;    /* bits that the guest clears by writing 1 */
	uint64_t hw;     /* further bits that only the device changes */
	uint64_t max;    /* largest legal value, 0 = the masks decide; a must for an index */
	size_t live;     /* BUF: offset of the uint32_t live length + 1; 0 = all bytes live */
	uint16_t since;  /* stream version that brought it; older streams may lack it */
	const char *was; /* its name in older streams */
	bool (*when)(const struct dev *d);
	uint64_t (*read)(struct dev *d, const struct access *a); /* whole element, in place of it */
	void (*written)(struct dev *d, const struct access *a);  /* after the masked store */
	void (*fired)(struct dev *d, unsigned index);            /* TIMER */
};
/* clang-format off */
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
	{.name = #m, .at = at_, .stride = stride_, .off = offsetof(T, m), \
	 .size = SIZEOF_(T, m[0]), .step = SIZEOF_(T, m[0]), .count = COUNT_(T, m), ##__VA_ARGS__}
#define REG_EACH(at_, stride_, T, arr, m, ...) \
	{.name = #arr "." #m, .at = at_, .stride = stride_, .off = offsetof(T, arr[0].m), \
	 .size = SIZEOF_(T, arr[0].m), .step = SIZEOF_(T, arr[0]), \
	 .count = COUNT_(T, arr), ##__VA_ARGS__}
/* The same, not on the bus. State which values are legal: .hw or .max. */
#define HID(T, m, ...) REG(HIDDEN, T, m, ##__VA_ARGS__)
#define HID_ARRAY(T, m, ...) REG_ARRAY(HIDDEN, 0, T, m, ##__VA_ARGS__)
#define HID_EACH(T, arr, m, ...) REG_EACH(HIDDEN, 0, T, arr, m, ##__VA_ARGS__)
/* uint8_t m[N] of which the first `len` (a uint32_t member with its own row) bytes matter. */
#define BUF(T, m, len, ...) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 1, .step = 1, \
	 .count = SIZEOF_(T, m), .flags = ROW_BYTES, .hw = 0xff, .live = offsetof(T, len) + 1, \
	 __VA_ARGS__}
/* All of uint8_t m[N]; more: further flags, e.g. ROW_KEEP, or 0. */
#define BYTES(T, m, more) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 1, .step = 1, \
	 .count = SIZEOF_(T, m), .flags = ROW_BYTES | (more), .hw = 0xff}
#define TIMER(T, m, fn) \
	{.name = #m, .at = HIDDEN, .off = offsetof(T, m), .size = 8, .flags = ROW_TIMER, \
	 .reset = ~0ull, .fired = fn}
#define TIMER_EACH(T, arr, m, fn) \
	{.name = #arr "." #m, .at = HIDDEN, .off = offsetof(T, arr[0].m), .size = 8, \
	 .step = SIZEOF_(T, arr[0]), .count = COUNT_(T, arr), .flags = ROW_TIMER, \
	 .reset = ~0ull, .fired = fn}
/* clang-format on */
#endif
