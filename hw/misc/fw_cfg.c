/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg_io: items that firmware reads about its machine: a selector, a data port, and a DMA
 * interface.
 *
 * Spec:    QEMU's docs/specs/fw_cfg: "Guest-side Hardware Interface", "Guest-side DMA Interface"
 * State:   complete for the interface; the machine says which items there are
 * Missing: items that a guest may write: none is
 * Tests:   tests/hw/fw_cfg.c
 *
 * The items are the host's and never change while a guest runs, so a stream has only the place in
 * them. One whose place is beyond the item of this machine is refused.
 */
#include "hw/misc/fw_cfg.h"

#include <errno.h>

enum {
	CTL_ERROR = 1 << 0,
	CTL_READ = 1 << 1,
	CTL_SKIP = 1 << 2,
	CTL_SELECT = 1 << 3,
	CTL_WRITE = 1 << 4
};
enum { ID_PORTS = 1 << 0, ID_DMA = 1 << 1 };
enum { REGION_PORTS, REGION_DMA };
enum { SELECT_WRITE = 0x4000 /* has no meaning any more */ };
enum { ITEMS = 128, DIR_ENTRY = 64, DIR_NAME = 8, DMA_SIZE = 16 };

struct fw_cfg {
	uint32_t offset;   /* into the selected item */
	uint32_t dma_high; /* upper half of the next DMA address */
	uint16_t selector;
	uint16_t pad;
};

struct item {
	uint16_t key;
	uint32_t len;
	const uint8_t *data;            /* the caller's; or */
	uint8_t copy[FW_CFG_COPIED];    /* when it is short */
	char name[FW_CFG_NAME_MAX + 1]; /* of a file */
};
struct fw_cfg_host {
	uint32_t iobase, dma_iobase;
	bool dma_enabled;
	unsigned n_items, n_files;
	struct item items[ITEMS];
	struct item files[FW_CFG_FILES]; /* by name; the nth has key FW_CFG_FILE_FIRST + n */
	uint8_t dir[4 + DIR_ENTRY * FW_CFG_FILES];
};

/* ---- the items ---- */

static uint64_t load_be(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	while (size--)
		v = v << 8 | *p++;
	return v;
}

static void store_be(uint8_t *p, unsigned size, uint64_t v)
{
	for (; size--; v >>= 8)
		p[size] = (uint8_t)v;
}

static void set_item(struct item *it, const void *data, uint32_t len)
{
	it->data = data;
	it->len = len;
	if (len <= FW_CFG_COPIED)
		memcpy(it->copy, data, len);
}

static const uint8_t *item_data(const struct item *it)
{
	return it->len <= FW_CFG_COPIED ? it->copy : it->data;
}

int fw_cfg_add(struct dev *d, uint16_t key, const void *data, uint32_t len)
{
	struct fw_cfg_host *h = d->host;
	unsigned i = 0;

	if (key & SELECT_WRITE)
		return -EINVAL;
	while (i < h->n_items && h->items[i].key != key)
		i++;
	if (i == ITEMS)
		return -ENOSPC;
	set_item(&h->items[i], data, len);
	h->items[i].key = key;
	h->n_items += i == h->n_items;
	return 0;
}

int fw_cfg_add_number(struct dev *d, uint16_t key, unsigned bytes, uint64_t v)
{
	uint8_t le[8];

	for (unsigned i = 0; i < sizeof(le); i++)
		le[i] = (uint8_t)(v >> 8 * i);
	return fw_cfg_add(d, key, le, bytes);
}

static int make_directory(struct dev *d)
{
	struct fw_cfg_host *h = d->host;
	uint8_t *dir = h->dir;

	memset(dir, 0, sizeof(h->dir));
	store_be(dir, 4, h->n_files);
	for (unsigned i = 0; i < h->n_files; i++) {
		uint8_t *e = dir + 4 + DIR_ENTRY * i;

		h->files[i].key = (uint16_t)(FW_CFG_FILE_FIRST + i);
		store_be(e, 4, h->files[i].len);
		store_be(e + 4, 2, h->files[i].key);
		memcpy(e + DIR_NAME, h->files[i].name, sizeof(h->files[i].name));
	}
	return fw_cfg_add(d, FW_CFG_FILE_DIR, dir, 4 + DIR_ENTRY * h->n_files);
}

int fw_cfg_add_file(struct dev *d, const char *name, const void *data, uint32_t len)
{
	struct fw_cfg_host *h = d->host;
	unsigned at = 0;

	if (!*name || strlen(name) > FW_CFG_NAME_MAX)
		return -EINVAL;
	while (at < h->n_files && strcmp(h->files[at].name, name) < 0)
		at++;
	if (at == h->n_files || strcmp(h->files[at].name, name) != 0) {
		if (h->n_files == FW_CFG_FILES)
			return -ENOSPC;
		memmove(h->files + at + 1, h->files + at, (h->n_files++ - at) * sizeof(*h->files));
		h->files[at] = (struct item){0};
		strcpy(h->files[at].name, name);
	}
	set_item(&h->files[at], data, len);
	return make_directory(d);
}

/* NULL: nothing has that key; it reads as no bytes at all. */
static const struct item *selected(const struct dev *d)
{
	const struct fw_cfg *s = d->state;
	const struct fw_cfg_host *h = d->host;
	uint16_t key = s->selector & (uint16_t)~SELECT_WRITE;

	if (key >= FW_CFG_FILE_FIRST && key < FW_CFG_FILE_FIRST + h->n_files)
		return &h->files[key - FW_CFG_FILE_FIRST];
	for (unsigned i = 0; i < h->n_items; i++)
		if (h->items[i].key == key)
			return &h->items[i];
	return NULL;
}

static uint32_t left(const struct dev *d)
{
	const struct fw_cfg *s = d->state;
	const struct item *it = selected(d);

	return it ? it->len - s->offset : 0;
}

/* ---- ports ---- */

static void selector_written(struct dev *d, const struct access *a)
{
	struct fw_cfg *s = d->state;

	(void)a;
	s->offset = 0;
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	struct fw_cfg *s = d->state;

	(void)a;
	return left(d) ? item_data(selected(d))[s->offset++] : 0;
}

/* ---- DMA ---- */

static bool copy_out(struct dev *d, uint64_t gpa, uint32_t len)
{
	static const uint8_t zeros[4096];
	struct fw_cfg *s = d->state;
	uint32_t n = MIN(len, left(d)), part;
	bool good = !n || !dma_write(d, gpa, item_data(selected(d)) + s->offset, n);

	s->offset += n;
	for (; good && n < len; n += part) { /* beyond the item's end: zeros */
		part = MIN(len - n, (uint32_t)sizeof(zeros));
		good = !dma_write(d, gpa + n, zeros, part);
	}
	return good;
}

/* Returns what becomes of the control word. */
static uint32_t transfer(struct dev *d, uint32_t control, uint32_t len, uint64_t gpa)
{
	struct fw_cfg *s = d->state;

	if (control & CTL_SELECT) {
		s->selector = (uint16_t)(control >> 16);
		s->offset = 0;
	}
	if (control & CTL_READ)
		return len && (gpa + len < gpa || !copy_out(d, gpa, len)) ? CTL_ERROR : 0;
	if (control & CTL_WRITE)
		return len ? CTL_ERROR : 0;
	if (control & CTL_SKIP)
		s->offset += MIN(len, left(d));
	return 0;
}

static void dma_high_written(struct dev *d, const struct access *a)
{
	struct fw_cfg *s = d->state;
	uint8_t be[4];

	store_le(be, 4, a->val);
	s->dma_high = (uint32_t)load_be(be, 4);
}

static void dma_low_written(struct dev *d, const struct access *a)
{
	struct fw_cfg *s = d->state;
	uint8_t be[4], desc[DMA_SIZE];
	uint64_t gpa;
	uint32_t result = CTL_ERROR;

	store_le(be, 4, a->val);
	gpa = (uint64_t)s->dma_high << 32 | load_be(be, 4);
	s->dma_high = 0;
	if (!dma_read(d, gpa, desc, sizeof(desc)))
		result = transfer(d, (uint32_t)load_be(desc, 4), (uint32_t)load_be(desc + 4, 4),
				  load_be(desc + 8, 8));
	if (result)
		dev_guest_error(d, "DMA of what is not RAM, or to an item");
	store_be(be, 4, result);
	dma_write(d, gpa, be, 4);
}

static uint64_t signature_read(struct dev *d, const struct access *a)
{
	(void)d;
	return (uint8_t) "QEMU CFG"[a->index];
}

/* ---- life ---- */

static bool fw_cfg_valid(const struct dev *d)
{
	const struct fw_cfg *s = d->state;
	const struct item *it = selected(d);

	return s->offset <= (it ? it->len : 0);
}

static int fw_cfg_realize(struct dev *d, struct err *e)
{
	const struct fw_cfg_host *h = d->host;

	if (fw_cfg_add(d, FW_CFG_SIGNATURE, "QEMU", 4) ||
	    fw_cfg_add_number(d, FW_CFG_ID, 4, ID_PORTS | (h->dma_enabled ? ID_DMA : 0)) ||
	    make_directory(d))
		return err_set(e, -ENOSPC, "fw_cfg: too many items");
	dev_window(d, 0, REGION_PORTS, 0, 2, SPACE_IO, h->iobase);
	if (h->dma_enabled)
		dev_window(d, 1, REGION_DMA, 0, 8, SPACE_IO, h->dma_iobase);
	return 0;
}

static const struct region fw_cfg_regions[] = {
	[REGION_PORTS] = {.name = "ports", .len = 2, .sizes = 1 | 2, .other = OTHER_ZEROS},
	[REGION_DMA] = {.name = "dma", .len = 8},
};

/* A byte from either port is data, as QEMU's; so the selector cannot be read. */
/* clang-format off */
static const struct row fw_cfg_rows[] = {
	REG(0, struct fw_cfg, selector, .flags = ROW_WR, .sizes = 2, .rw = 0xffff,
	    .written = selector_written),
	CALC(0, 1, "data", .count = 2, .stride = 1, .flags = ROW_RD, .sizes = 1,
	     .read = data_read),
	CALC(0, 1, "signature", .region = REGION_DMA, .count = 8, .stride = 1,
	     .flags = ROW_RD | ROW_PURE, .read = signature_read),
	CALC(0, 4, "dma_address_high", .region = REGION_DMA, .flags = ROW_WR, .sizes = 4,
	     .written = dma_high_written),
	CALC(4, 4, "dma_address_low", .region = REGION_DMA, .flags = ROW_WR, .sizes = 4,
	     .written = dma_low_written),
	HID(struct fw_cfg, offset, .hw = 0xffffffff),
	HID(struct fw_cfg, dma_high, .hw = 0xffffffff),
	HID(struct fw_cfg, pad),
};
/* clang-format on */
static const struct prop fw_cfg_props[] = {
	{"iobase", PROP_U32, offsetof(struct fw_cfg_host, iobase), "0x510", "selector port",
	 0xffff},
	{"dma_iobase", PROP_U32, offsetof(struct fw_cfg_host, dma_iobase), "0x514",
	 "DMA address port", 0xffff},
	{"dma_enabled", PROP_BOOL, offsetof(struct fw_cfg_host, dma_enabled), "on",
	 "off: by the data port alone", 0},
};

static struct dev_class fw_cfg_class = {
	.name = "fw_cfg_io",
	.summary = "firmware configuration items",
	.state_size = sizeof(struct fw_cfg),
	.host_size = sizeof(struct fw_cfg_host),
	.regions = fw_cfg_regions,
	.n_regions = ARRAY_SIZE(fw_cfg_regions),
	.rows = fw_cfg_rows,
	.n_rows = ARRAY_SIZE(fw_cfg_rows),
	.props = fw_cfg_props,
	.n_props = ARRAY_SIZE(fw_cfg_props),
	.internal = true,
	.realize = fw_cfg_realize,
	.valid = fw_cfg_valid,
};
DEV_REGISTER(fw_cfg_class)
