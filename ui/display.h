/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/display.h: one screen: an adapter on one side, any number of viewers on the other.
 *
 * Everything is pulled. An adapter renders only when somebody asks (display_refresh, or a message
 * of a viewer process), and then only what the guest changed since the last time, so a screen that
 * nobody watches costs nothing. Nothing is cleared by looking: each tile of the screen carries
 * the generation in which it last changed, and each viewer remembers the one it has seen.
 *
 * The screen is always 32 bits a pixel, 0x00RRGGBB, little-endian, upper byte undefined, in a
 * memfd that is sealed against shrinking, growing and new writable maps: a viewer maps it
 * PROT_READ. A change of size makes a new one with another serial; the old one stays valid for
 * who has it mapped, and stands still.
 *
 * How to read, in this process or another:
 *	g = display_generation(v);              (acquire: what was drawn up to g is visible)
 *	for each tile: if display_newer(v, tile, seen) copy its pixels;
 *	seen = g;
 * A tile drawn meanwhile gets a later generation and comes again next time. Generations wrap.
 */
#ifndef UI_DISPLAY_H
#define UI_DISPLAY_H
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISPLAY_TILE_W = 64, DISPLAY_TILE_H = 16, DISPLAY_MAX = 4096, DISPLAY_CURSOR_MAX = 64 };

/* Fixed for the life of a serial. */
struct display_layout {
	uint32_t serial;           /* 0 = there is no surface yet */
	uint32_t width, height;    /* pixels, 1 to DISPLAY_MAX */
	uint32_t stride;           /* bytes from a line to the next, a multiple of 4 */
	uint32_t tiles_x, tiles_y; /* the last ones may be cut by the edge */
	uint64_t offset;           /* of the first pixel in the file of pixels */
};
/* What a viewer has of a surface. `tiles`: [0] the newest generation, then one a tile, by lines:
 * (1 + tiles_x * tiles_y) * 4 bytes at offset 0 of the file of tiles. */
struct display_view {
	struct display_layout at;
	const uint32_t *tiles;
	const uint8_t *pixels; /* of the first line */
};
static inline uint32_t display_generation(const struct display_view *v)
{
	return __atomic_load_n(&v->tiles[0], __ATOMIC_ACQUIRE);
}
/* Did it change after `seen`? (seen: a generation of the same serial; 0 on a new one.) */
static inline bool display_newer(const struct display_view *v, uint32_t tile, uint32_t seen)
{
	return (int32_t)(__atomic_load_n(&v->tiles[1 + tile], __ATOMIC_ACQUIRE) - seen) > 0;
}

/* A pointer that the adapter draws itself (Cirrus): not a part of the pixels. */
struct display_cursor {
	uint32_t serial;        /* another one after each change of shape; 0 = has never had one */
	int32_t x, y;           /* of its upper left corner; may lie outside */
	uint32_t width, height; /* 0 = hidden */
	uint32_t argb[DISPLAY_CURSOR_MAX * DISPLAY_CURSOR_MAX]; /* by lines; alpha 0 or 0xff … */
	/* … but a pixel of alpha 0 that is not black inverts what is below it */
};

/* The characters of a text mode, for tests and `info screen`. */
struct display_text {
	uint32_t columns, lines;     /* 0 = a graphics mode */
	uint32_t cursor_x, cursor_y; /* ~0 = not shown */
	struct {
		uint8_t ch, attr; /* code page of the adapter (437), foreground | background << 4 */
	} cell[256 * 128];        /* by lines, `columns` to each */
};

struct display;

/* ---- the adapter's side, all on the loop's thread ---- */
struct display_ops {
	void (*render)(void *arg); /* draws what changed: display_resize, display_dirty, cursor */
	void (*text)(void *arg, struct display_text *t); /* NULL: no text modes */
};
void display_attach(struct display *d, const struct display_ops *ops, void *arg); /* NULL: off */
/* The surface of this size: the same as before, or a new black one. Its pixels, *stride in bytes;
 * NULL when it is out of range or memory (then the old one stays). */
uint32_t *display_resize(struct display *d, uint32_t width, uint32_t height, uint32_t *stride);
struct display_layout display_size(const struct display *d); /* the one that there is */
void display_dirty(struct display *d, uint32_t x, uint32_t y, uint32_t w, uint32_t h);
/* Takes shape and place; serial is made here, and only when the shape differs. */
void display_set_cursor(struct display *d, const struct display_cursor *c);

/* ---- viewers in this process: screendump, a window ---- */
struct display *display_new(const char *name, struct err *e);
void display_free(struct display *d); /* NULL is fine; viewers are hung up on */
const char *display_name(const struct display *d);
/* Lets the adapter draw; false while there is nothing to see. *v stays valid until the next one. */
bool display_refresh(struct display *d, struct display_view *v);
const struct display_cursor *display_get_cursor(const struct display *d); /* after a refresh */
bool display_get_text(struct display *d, struct display_text *t); /* false: graphics, or none */
/* A picture, with the adapter's cursor drawn in; format "png", else PPM. Writes to fd. */
int display_dump(struct display *d, int fd, const char *format, struct err *e);

/*
 * ---- viewers in other processes: hvm-vnc ----
 *
 * One SOCK_SEQPACKET socket a viewer, struct display_msg each way, one a packet; a cursor's shape
 * follows its message in the same packet: width * height pixels of 4 bytes.
 *
 *	viewer → DISPLAY_MSG_REFRESH
 *	← DISPLAY_MSG_SURFACE   first, and when the serial changed; brings two descriptors,
 *	                        the file of tiles and the file of pixels (may be one file)
 *	← DISPLAY_MSG_CURSOR    first, and when shape or place changed; with the shape when the
 *	                        shape did
 *	← DISPLAY_MSG_UPDATED   always and last: the answer to one REFRESH
 *
 * Nothing comes unasked. A viewer that does not read gets no more answers than the socket holds and
 * is hung up on; one that sends anything else is hung up on as well. A viewer judges the
 * layout against the sizes of the files before it maps them (display_map does).
 */
enum display_msg_type {
	DISPLAY_MSG_REFRESH = 1,
	DISPLAY_MSG_SURFACE,
	DISPLAY_MSG_CURSOR,
	DISPLAY_MSG_UPDATED
};
struct display_msg {
	uint32_t type;
	uint32_t size; /* of the message with what follows it */
	union {
		struct display_layout surface;
		struct {
			uint32_t serial;
			int32_t x, y;
			uint32_t width, height; /* 0 = hidden */
			uint32_t shape;         /* 1: the pixels follow */
		} cursor;
		struct {
			uint32_t serial, generation; /* serial 0: nothing to see yet */
		} updated;
		uint8_t pad[56];
	};
};
/* The adapter's process: another viewer, on a connected socket that is taken over. */
int display_serve(struct display *d, struct loop *l, int fd, struct err *e);
/* The viewer's process: checks a layout and maps both files for reading (the descriptors stay the
 * caller's); -EINVAL and a sentence when they do not fit. */
int display_map(struct display_view *v, const struct display_layout *at, int tiles_fd,
		int pixels_fd, struct err *e);
void display_unmap(struct display_view *v); /* a zeroed one is fine */
#endif
