/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/dev_owner.h: devices as seen by those who own them: the core, the
 * device model, buses, the monitor, the state stream and the tests.
 */
#ifndef BASE_DEV_OWNER_H
#define BASE_DEV_OWNER_H
#include "base/clock.h"
#include "base/dev.h"

#include <stdio.h>

struct bus;

/* ---- what surrounds devices: one per machine, core or test ---- */
struct dev_env_ops {
	/* The window of (d, win) is now this; base WINDOW_OFF = gone. */
	void (*window)(struct dev_env *env, struct dev *d, unsigned win);
	/* d's line n went from counter `was` to `now` (odd = high). adopt: after a load, take the
	 * level over without an edge. */
	void (*line)(struct dev_env *env, struct dev *d, unsigned n, uint32_t was, uint32_t now,
		     bool adopt);
	void (*msi)(struct dev_env *env, struct dev *d, uint64_t addr, uint32_t data);
	/* RAM at gpa: pointer and *len clipped to what is contiguous; NULL = not RAM. */
	void *(*dma_map)(struct dev_env *env, uint64_t gpa, size_t *len, bool write);
	void (*dma_unmap)(struct dev_env *env, void *p, uint64_t gpa, size_t written);
	void (*request)(struct dev_env *env, struct dev *d, enum dev_request what, unsigned arg);
	void (*shadow)(struct dev_env *env, uint64_t gpa, uint64_t len, bool rd, bool wr);
	void (*link_route)(struct dev_env *env, unsigned link, unsigned irq);
	void (*pm_place)(struct dev_env *env, uint16_t base, bool on);
	/* d's memory n (dev_rams): makes it, p and zeroed; gives it back. The window says where
	 * the guest sees it (base WINDOW_OFF = gone). dirty: as dev_ram_dirty; NULL: all is. */
	int (*ram_create)(struct dev_env *env, struct dev *d, unsigned n, const char *name);
	void (*ram_free)(struct dev_env *env, struct dev *d, unsigned n);
	void (*ram_window)(struct dev_env *env, struct dev *d, unsigned n);
	void (*ram_dirty)(struct dev_env *env, struct dev *d, unsigned n, uint32_t first,
			  uint32_t count, uint8_t *bitmap);
	/* The file of that name where firmware lies: *data (to be freed; NULL = not there), *len.
	 * Without this op there are no files. */
	int (*rom_file)(struct dev_env *env, struct dev *d, const char *name, uint8_t **data,
			size_t *len, struct err *e);
	/* PROP_BLK and the like: the back end of that name for d; NULL and a sentence when there is
	 * none or it is taken. release: d is being freed. */
	void *(*backend)(struct dev_env *env, struct dev *d, enum prop_type type, const char *name,
			 struct err *e);
	void (*backend_release)(struct dev_env *env, struct dev *d, enum prop_type type, void *be);
};
/* Any op may be NULL: then the thing has no effect (dma_map: no RAM). Fill clock, ops, zero the
 * rest. */
struct dev_env {
	const struct dev_env_ops *ops;
	struct clock *clock;
	struct arena *arena; /* made by dev_env_init */
	struct dev *first, **last;
	struct bus *buses;
	bool loading;
	unsigned long guest_errors;
};
int dev_env_init(struct dev_env *env, struct err *e);
void dev_env_fini(struct dev_env *env); /* frees all devices, youngest first */
#define for_each_dev(d, env) for (struct dev *d = (env)->first; d; d = dev_next(d))
struct dev *dev_next(const struct dev *d);
struct dev *dev_find(struct dev_env *env, const char *id);

/* ---- buses ---- */
struct bus_type {
	const char *name;         /* as in -device X,bus=…: "PCI", "IDE", … */
	size_t child_size;        /* d->child */
	const struct prop *props; /* of each child, offsets in d->child: addr, unit, … */
	unsigned n_props;
	int (*plug)(struct bus *b, struct dev *d, struct err *e); /* before d's realize */
	void (*unplug)(struct bus *b, struct dev *d);
	void (*settle)(struct dev *d);        /* after the device's own settle */
	bool (*may_dma)(const struct dev *d); /* NULL: always */
};
struct bus {
	const struct bus_type *type;
	char name[32];     /* "pci.0", "ide.1" */
	struct dev *owner; /* NULL = the board */
	struct bus *next;
};
/* Storage is the caller's. */
void bus_add(struct bus *b, const struct bus_type *type, struct dev *owner, const char *name);
void bus_remove(struct bus *b);                              /* also when it was never added */
struct bus *bus_find(struct dev_env *env, const char *name); /* NULL when none */
struct bus *dev_bus(const struct dev *d);                    /* that it sits on */

/* ---- classes: sorted by name ---- */
const struct dev_class *dev_class_first(void);
const struct dev_class *dev_class_next(const struct dev_class *c);
const struct dev_class *dev_class_find(const char *name);
/* A sentence about what is wrong with the table (holes, overlaps, doubled names), or 0. */
int dev_class_check(const struct dev_class *c, struct err *e);

/* ---- life ---- */
/* Not yet on a bus nor visible; id is copied. NULL on failure. */
struct dev *dev_new(struct dev_env *env, const struct dev_class *c, const char *id, struct err *e);
/* Text to property, before realize; unknown names list the near ones. */
int dev_prop_set(struct dev *d, const char *name, const char *value, struct err *e);
/* Current value as text; -ENOENT when there is none of that name. */
int dev_prop_get(const struct dev *d, const char *name, char *buf, size_t len);
/* All properties of a class (its bus's too) as `name=<type>  help (default: x)` lines. */
void dev_class_help(const struct dev_class *c, FILE *f);
/* Plugs it into `b` (NULL: the first bus of its type with room, or none needed), realizes and
 * resets it. On failure d is still the caller's to free. */
int dev_realize(struct dev *d, struct bus *b, struct err *e);
void dev_free(struct dev *d); /* NULL is fine; requests in flight are cancelled */
bool dev_realized(const struct dev *d);
/* "/board/pci.0/05.0" or "/board/rtc": stable name in streams; buf at least 64 */
void dev_path(const struct dev *d, char *buf, size_t len);
void dev_set_address(struct dev *d, const char *addr); /* by the bus: last part of the path */

/* ---- use ---- */
void dev_reset(struct dev *d, bool power_on);            /* power_on: ROW_KEEP rows too */
void dev_input(struct dev *d, unsigned pin, bool level); /* then settles */
bool dev_input_level(const struct dev *d, unsigned pin);
uint32_t dev_line_counter(const struct dev *d, unsigned n); /* odd = high */
void dev_line_target(const struct dev *d, unsigned n, enum line_to *to, unsigned *pin);
/* count accesses of `size` at one address, buf packed; as one rep ins/outs does */
void dev_bulk(struct dev *d, unsigned region, uint32_t at, unsigned size, bool write, void *buf,
	      unsigned count);
struct window {
	uint8_t region, space;
	uint32_t off, len;
	uint64_t base; /* WINDOW_OFF = not mapped */
};
#define DEV_WINDOWS 16
const struct window *dev_windows(const struct dev *d); /* DEV_WINDOWS of them */
struct dev_ram {
	uint8_t *p;
	uint32_t size; /* 0 = none */
	uint64_t base; /* WINDOW_OFF = not seen by the guest */
	bool rom;
};
#define DEV_RAMS 4
struct dev_ram *dev_rams(const struct dev *d); /* DEV_RAMS of them; p is ram_create's to set */
unsigned long dev_guest_errors(const struct dev *d);

/* ---- seeing it ---- */
/* `info dev [id]`: each row and value, one a line; f is not closed. */
void dev_info(struct dev *d, FILE *f);
/* "serial0.*,ide.status,-*.data": globs on <id or class>.<row>, '-' takes away; NULL or "" = none.
 * Takes effect for devices made later too. */
int dev_trace_set(const char *globs, struct err *e);

/* ---- the state stream (format: docs/state-stream.md) ---- */
#define DEV_STREAM_VERSION 2
struct dev_stream {
	uint8_t *data;
	size_t len, cap;
	bool oom;
};
void dev_stream_free(struct dev_stream *s);
/* All devices of env and the clock. machine: the description that the stream is for, text. */
int dev_save(struct dev_env *env, const char *machine, struct dev_stream *s, struct err *e);
/* All or nothing: on failure every device is as before. machine as given to dev_save, or NULL. */
int dev_load(struct dev_env *env, const char *machine, const uint8_t *data, size_t len,
	     struct err *e);
/* Several environments (core and device model) in one stream with one clock stamp. */
int dev_save_all(struct dev_env *const *envs, unsigned n, const char *machine, struct dev_stream *s,
		 struct err *e);
int dev_load_all(struct dev_env *const *envs, unsigned n, const char *machine, const uint8_t *data,
		 size_t len, struct err *e);
#endif
