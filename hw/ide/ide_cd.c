/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide_cd.c: CD/DVD-ROM drive: the ATA side of a packet device, its
 * transfers by PIO pieces and DMA, its medium. ide_cd_mmc.c has the packets.
 *
 * Spec:    ATA/ATAPI-6 (T13/1410D): 8.23 PACKET, 9.8 packet protocols; MMC-5
 * State:   reading data discs, medium change, tray and its lock
 * Missing: raw sectors (READ CD with headers), audio, DVD structures
 * Tests:   tests/hw/ide_cd.c
 */
#include "hw/ide/ide_cd.h"

#include <errno.h>

enum { XFER_UDMA5 = 0x45, FEATURE_DMA = 1, FEATURE_OVERLAP = 2 };

struct ide_cd *cd_state(const struct dev *d)
{
	return d->state;
}

struct ide_cd_host *cd_host(const struct dev *d)
{
	return d->host;
}

uint32_t cd_blocks(const struct dev *d)
{
	const struct drive *drive = cd_host(d)->drive;
	uint64_t n = drive->blk ? blk_bytes(drive->blk) / CD_BLOCK : 0;

	return (uint32_t)MIN(n, 0xffffffffu);
}

bool cd_ready(const struct dev *d)
{
	return !cd_state(d)->tray_open && cd_blocks(d);
}

/* ---- ATA commands ---- */

static void word(uint8_t *p, unsigned n, unsigned v)
{
	store_le(p + 2 * n, 2, v);
}

/* 8.16, with the words that QEMU's drive has. */
static void identify_packet(struct dev *d)
{
	const struct ide_cd_host *h = cd_host(d);
	struct ide_cd *c = cd_state(d);
	unsigned mode = 1u << (8 + (c->xfer & 7)), kind = c->xfer >> 3;
	uint8_t *p = c->data;

	memset(p, 0, 512);
	word(p, 0, 0x85c0); /* removable CD-ROM, DRQ within 50 us, 12-byte packets */
	word(p, 20, 3);
	word(p, 21, 512);
	word(p, 22, 4);
	ata_identify_text(p + 20, h->show_serial, 20);
	ata_identify_text(p + 46, h->show_ver, 8);
	ata_identify_text(p + 54, h->show_model, 40);
	word(p, 48, 1);
	word(p, 49, 0x300); /* LBA, DMA */
	word(p, 53, 7);
	word(p, 62, 7 | (kind == 2 ? mode : 0));
	word(p, 63, 7 | (kind == 4 ? mode : 0));
	word(p, 64, 1);
	word(p, 65, 0xb4);
	word(p, 66, 0xb4);
	word(p, 67, 0x12c);
	word(p, 68, 0xb4);
	word(p, 71, 30);
	word(p, 72, 30);
	word(p, 80, 0x1e);
	word(p, 88, 0x3f | (kind == 8 ? mode : 0));
	c->len = 512;
	ata_pio_in(d, 512);
}

static void begin_packet(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	uint32_t limit = (uint32_t)c->a.lba_high << 8 | c->a.lba_mid;

	if (c->a.feature & FEATURE_OVERLAP) {
		cd_abort(d);
		return;
	}
	c->dma = c->a.feature & FEATURE_DMA;
	c->limit = (uint16_t)MIN(limit, 0xfffeu);
	c->op = CD_COMMAND;
	c->len = CD_PACKET;
	c->a.nsector = (uint8_t)((c->a.nsector & ~7) | REASON_COMMAND);
	ata_pio_out(d, CD_PACKET);
}

static void set_features(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	unsigned kind = c->a.nsector >> 3;

	if (c->a.feature == 3 && (kind <= 2 || kind == 4 || kind == 8))
		c->xfer = c->a.nsector;
	else if (c->a.feature != 0x66 && c->a.feature != 0xcc) {
		cd_abort(d);
		return;
	}
	ata_done(d);
}

static void cd_command(struct dev *d, uint8_t cmd)
{
	struct ata *a = ata_of(d);

	switch (cmd) {
	case COMMAND_DEVICE_RESET:
		cd_cancel(d);
		ata_signature(d);
		ata_finish(d);
		a->status = 0;
		a->error = ERROR_PASSED;
		break;
	case 0xa0:
		begin_packet(d);
		break;
	case 0xa1:
		identify_packet(d);
		break;
	case 0xec: /* 8.15.5.2, 8.27.5.2: the signature tells what answers here */
	case 0x20:
		ata_signature(d);
		ata_fail(d, ERROR_ABRT);
		break;
	case 0xe7: /* FLUSH CACHE: nothing is ever dirty */
		ata_done(d);
		break;
	case 0xef:
		set_features(d);
		break;
	default:
		ata_fail(d, ERROR_ABRT);
	}
}

/* ---- the medium and the tray, moved by the host ---- */

static void medium_changed(void *arg, bool loaded)
{
	struct dev *d = arg;
	struct ide_cd *c = cd_state(d);
	bool reading = cd_host(d)->in_flight;

	if (reading) {
		cd_forget(d);
		cd_error(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
	}
	c->tray_open = cd_host(d)->drive->tray_open = !loaded;
	if (loaded)
		c->news = NEWS_GONE;
	c->event_new = true;
	c->event_eject = false;
	ide_changed(d);
}

/* The host does not take a medium out of a locked drive unless forced. */
void cd_lock(struct dev *d, bool locked)
{
	cd_state(d)->locked = locked;
	cd_host(d)->drive->locked = locked;
}

static void eject_request(void *arg, bool force)
{
	struct dev *d = arg;

	cd_state(d)->event_eject = true;
	if (force)
		cd_lock(d, false);
	ide_changed(d);
}

/* A reset closes the tray and unlocks it. */
static void cd_reset(struct dev *d)
{
	cd_lock(d, false);
	cd_host(d)->drive->tray_open = false;
	ata_reset(d);
}

/* ---- the device ---- */

static const char *first(const char *prop, const char *own, const char *def)
{
	return prop && *prop ? prop : *own ? own : def;
}

static int cd_realize(struct dev *d, struct err *e)
{
	struct ide_cd_host *h = cd_host(d);

	(void)e;
	if (!h->drive)
		h->drive = &h->none;
	memcpy(h->own_serial, "QM00001", 8);
	h->own_serial[6] = (char)('1' + 2 * ide_channel(d) + ide_unit(d));
	h->show_serial = first(h->serial, h->drive->serial, h->own_serial);
	h->show_model = first(h->model, h->drive->model, "QEMU DVD-ROM");
	h->show_ver = first(h->ver, h->drive->version, "2.5+");
	h->req.done = cd_request_done;
	h->req.arg = d;
	h->drive->arg = d;
	h->drive->cdrom = true; /* whatever -drive said */
	h->drive->medium_changed = medium_changed;
	h->drive->eject_request = eject_request;
	return 0;
}

static void cd_unrealize(struct dev *d)
{
	struct ide_cd_host *h = cd_host(d);

	if (!h->drive)
		return;
	cd_cancel(d);
	h->drive->medium_changed = NULL;
	h->drive->eject_request = NULL;
	if (h->drive == &h->none)
		h->drive = NULL; /* nobody's to give back */
}

/* clang-format off */
#define T struct ide_cd
static const struct row cd_rows[] = {
	ATA_ROWS(T, a, CD_BUFFER),
	HID(T, total, .max = 1ull << 43),
	HID(T, done, .max = 1ull << 43),
	HID(T, lba, .hw = 0xffffffff),
	HID(T, len, .max = CD_BUFFER),
	HID(T, limit, .max = 0xfffe),
	HID(T, op, .max = CD_READ),
	HID(T, dma, .max = 1),
	HID(T, sense, .max = SENSE_ATTENTION),
	HID(T, asc, .hw = 0xff),
	HID(T, news, .max = NEWS_CHANGED),
	HID(T, event_new, .max = 1),
	HID(T, event_eject, .max = 1),
	HID(T, locked, .max = 1),
	HID(T, tray_open, .max = 1),
	HID(T, xfer, .hw = 0x7f, .reset = XFER_UDMA5),
	BUF(T, data, len),
};
#undef T

#define H struct ide_cd_host
static const struct prop cd_props[] = {
	{"drive", PROP_BLK, offsetof(H, drive), NULL, "the -drive behind it; none: empty", 0},
	{"serial", PROP_STR, offsetof(H, serial), NULL, "serial number, 20 characters", 0},
	{"model", PROP_STR, offsetof(H, model), NULL, "model, 40 characters", 0},
	{"ver", PROP_STR, offsetof(H, ver), NULL, "firmware version, 8 characters", 0},
};
#undef H
/* clang-format on */

static const struct ata_info cd_info = {
	.ata = offsetof(struct ide_cd, a),
	.data = offsetof(struct ide_cd, data),
	.data_size = CD_BUFFER,
	.packet = true,
	.command = cd_command,
	.pio_end = cd_pio_end,
	.dma_start = cd_dma_start,
	.finish = cd_finish,
	.cancel = cd_cancel,
};

static struct dev_class cd_class = {
	.name = "ide-cd",
	.summary = "ATAPI CD/DVD-ROM drive",
	.bus = &ide_bus_type,
	.bus_info = &cd_info,
	.state_size = sizeof(struct ide_cd),
	.host_size = sizeof(struct ide_cd_host),
	.rows = cd_rows,
	.n_rows = ARRAY_SIZE(cd_rows),
	.props = cd_props,
	.n_props = ARRAY_SIZE(cd_props),
	.realize = cd_realize,
	.unrealize = cd_unrealize,
	.reset = cd_reset,
	.valid = cd_valid,
	.resume = cd_resume,
};
DEV_REGISTER(cd_class)
