/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide_hd.c: ATA disk: its commands and what it says about itself.
 *
 * Spec:    ATA/ATAPI-6 (T13/1410D); DATA SET MANAGEMENT of ACS-2, 7.10
 * State:   PIO, multiple, DMA, 28 and 48 bits, CHS, TRIM, SMART status
 * Missing: security, SMART logs and self-tests, host protected area, NCQ
 * Tests:   tests/hw/ide_hd.c
 */
#include "hw/ide/ide_hd.h"

#include <errno.h>

enum {
	CMD_READ_SECTORS = 0x20,
	CMD_IDENTIFY = 0xec,
	SMART_READ_DATA = 0xd0,
	SMART_READ_THRESHOLDS = 0xd1,
	SMART_AUTOSAVE = 0xd2,
	SMART_ENABLE = 0xd8,
	SMART_DISABLE = 0xd9,
	SMART_STATUS = 0xda,
	XFER_UDMA5 = 0x45,
	DSM_TRIM = 1,
};

struct ide_hd *hd_state(const struct dev *d)
{
	return d->state;
}

struct ide_hd_host *hd_host(const struct dev *d)
{
	return d->host;
}

uint64_t hd_capacity(const struct dev *d)
{
	return blk_bytes(hd_host(d)->drive->blk) / SECTOR;
}

/* ---- geometry ---- */

unsigned hd_heads(const struct dev *d)
{
	const struct ide_hd *h = hd_state(d);

	return h->heads ? h->heads : hd_host(d)->heads;
}

unsigned hd_sectors(const struct dev *d)
{
	const struct ide_hd *h = hd_state(d);

	return h->sectors ? h->sectors : hd_host(d)->secs;
}

unsigned hd_cylinders(const struct dev *d)
{
	return hd_host(d)->cyls;
}

/* ---- IDENTIFY DEVICE (8.15): the words that QEMU's disk has ---- */

static void word(uint8_t *p, unsigned n, unsigned v)
{
	store_le(p + 2 * n, 2, v);
}

static void identify_geometry(const struct dev *d, uint8_t *p)
{
	const struct ide_hd_host *host = hd_host(d);
	uint32_t old = hd_cylinders(d) * hd_heads(d) * hd_sectors(d);
	uint64_t n = hd_capacity(d), n28 = MIN(n, (1u << 28) - 1);

	word(p, 1, host->cyls);
	word(p, 3, host->heads);
	word(p, 4, SECTOR * host->secs);
	word(p, 5, SECTOR);
	word(p, 6, host->secs);
	word(p, 54, hd_cylinders(d));
	word(p, 55, hd_heads(d));
	word(p, 56, hd_sectors(d));
	store_le(p + 2 * 57, 4, old);
	store_le(p + 2 * 60, 4, n28);
	store_le(p + 2 * 100, 8, n);
}

static void identify_modes(const struct dev *d, uint8_t *p)
{
	uint8_t xfer = hd_state(d)->xfer;
	unsigned mode = 1u << (8 + (xfer & 7)), kind = xfer >> 3;

	word(p, 51, 0x200);
	word(p, 52, 0x200);
	word(p, 53, 7); /* words 54-58, 64-70 and 88 are valid */
	word(p, 62, 7 | (kind == 2 ? mode : 0));
	word(p, 63, 7 | (kind == 4 ? mode : 0));
	word(p, 64, 3); /* PIO 3 and 4 */
	for (unsigned n = 65; n <= 68; n++)
		word(p, n, 120);
	word(p, 88, 0x3f | (kind == 8 ? mode : 0));
	word(p, 93, 0x6001); /* 80-wire cable */
}

static void identify_features(const struct dev *d, uint8_t *p)
{
	const struct ide_hd *h = hd_state(d);
	uint64_t wwn = hd_host(d)->wwn;
	unsigned named = 1u << 14 | (wwn ? 1u << 8 : 0);

	word(p, 80, 0xf0); /* ATA-4 … ATA-7 */
	word(p, 81, 0x16);
	word(p, 82, 1u << 14 | 1u << 5 | 1);                    /* NOP, write cache, SMART */
	word(p, 83, 1u << 14 | 1u << 13 | 1u << 12 | 1u << 10); /* flushes, 48 bits */
	word(p, 84, named);
	word(p, 85, 1u << 14 | (h->write_cache ? 1u << 5 : 0) | h->smart);
	word(p, 86, 1u << 13 | 1u << 12 | 1u << 10);
	word(p, 87, named);
	for (unsigned i = 0; i < 4; i++)
		word(p, 108 + i, (unsigned)(wwn >> (48 - 16 * i)) & 0xffff);
}

static void identify_fill(const struct dev *d, uint8_t *p)
{
	const struct ide_hd *h = hd_state(d);
	const struct ide_hd_host *host = hd_host(d);

	memset(p, 0, SECTOR);
	word(p, 0, 0x40);
	word(p, 20, 3);
	word(p, 21, 512);
	word(p, 22, 4);
	ata_identify_text(p + 20, host->show_serial, 20);
	ata_identify_text(p + 46, host->show_ver, 8);
	ata_identify_text(p + 54, host->show_model, 40);
	word(p, 47, 0x8000 | HD_MULT);
	word(p, 48, 1);     /* 32-bit access to the data port */
	word(p, 49, 0xb00); /* IORDY, LBA, DMA */
	word(p, 59, h->mult ? 0x100u | h->mult : 0);
	word(p, 69, 1 << 14); /* trimmed sectors read the same each time */
	word(p, 106, 0x6000);
	word(p, 169, DSM_TRIM);
	identify_geometry(d, p);
	identify_modes(d, p);
	identify_features(d, p);
}

static void cmd_identify(struct dev *d)
{
	identify_fill(d, hd_state(d)->data);
	ata_pio_in(d, SECTOR);
}

/* ---- small commands ---- */

static void done_without_seek(struct dev *d)
{
	ata_done(d);
	ata_of(d)->status = STATUS_DRDY;
}

static void cmd_set_multiple(struct dev *d)
{
	uint8_t n = ata_of(d)->nsector;

	if (n > HD_MULT || (n & (n - 1))) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	hd_state(d)->mult = n;
	ata_done(d);
}

static void cmd_init_parameters(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	if (!h->a.nsector) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	h->heads = (h->a.device & DEVICE_HEAD) + 1;
	h->sectors = h->a.nsector;
	ata_done(d);
}

static void cmd_read_native_max(struct dev *d, bool lba48)
{
	if (!hd_capacity(d)) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	hd_show_lba(d, hd_capacity(d) - 1, lba48);
	ata_done(d);
}

static void cmd_check_power(struct dev *d)
{
	ata_of(d)->nsector = 0xff; /* active or idle */
	ata_done(d);
}

static bool transfer_mode_known(uint8_t mode)
{
	switch (mode >> 3) {
	case 0: /* PIO default */
	case 1: /* PIO flow control */
		return true;
	case 2: /* single word DMA */
	case 4: /* multiword DMA */
		return (mode & 7) <= 2;
	case 8: /* Ultra DMA */
		return (mode & 7) <= 5;
	}
	return false;
}

static void cmd_set_features(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	switch (h->a.feature) {
	case 0x02:
		h->write_cache = true;
		break;
	case 0x82:
		h->write_cache = false;
		hd_flush(d);
		return;
	case 0x03:
		if (!transfer_mode_known(h->a.nsector)) {
			ata_fail(d, ERROR_ABRT);
			return;
		}
		h->xfer = h->a.nsector;
		break;
	case 0x05:
	case 0x85: /* advanced power management */
	case 0x42:
	case 0xc2: /* acoustic management */
	case 0x55:
	case 0xaa: /* look-ahead */
	case 0x66:
	case 0xcc: /* defaults after a software reset */
	case 0x67:
	case 0x69:
	case 0x96:
	case 0x9a:
		break;
	default:
		ata_fail(d, ERROR_ABRT);
		return;
	}
	ata_done(d);
}

/* ---- SMART (8.54) ---- */

static void smart_sector(struct dev *d, bool thresholds)
{
	struct ide_hd *h = hd_state(d);
	uint8_t sum = 0;

	memset(h->data, 0, SECTOR);
	h->data[0] = 1; /* structure version; no attributes */
	if (!thresholds) {
		h->data[362] = (uint8_t)(2 | (h->smart_autosave ? 0x80 : 0));
		h->data[368] = 3; /* saves before power modes, and by itself */
	}
	for (unsigned i = 0; i < 511; i++)
		sum += h->data[i];
	h->data[511] = (uint8_t)-sum;
	ata_pio_in(d, SECTOR);
}

static void smart_autosave(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	if (h->a.nsector != 0 && h->a.nsector != 0xf1) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	h->smart_autosave = h->a.nsector;
	ata_done(d);
}

static void cmd_smart(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	bool key = h->a.lba_mid == 0x4f && h->a.lba_high == 0xc2;

	if (!key || (!h->smart && h->a.feature != SMART_ENABLE)) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	switch (h->a.feature) {
	case SMART_ENABLE:
	case SMART_DISABLE:
		h->smart = h->a.feature == SMART_ENABLE;
		ata_done(d);
		break;
	case SMART_STATUS: /* 4f/c2 left in place: no threshold exceeded */
		ata_done(d);
		break;
	case SMART_AUTOSAVE:
		smart_autosave(d);
		break;
	case SMART_READ_DATA:
	case SMART_READ_THRESHOLDS:
		smart_sector(d, h->a.feature == SMART_READ_THRESHOLDS);
		break;
	default:
		ata_fail(d, ERROR_ABRT);
	}
}

/* ---- the command table ---- */

/* clang-format off */
/* lint: long - one case per command */
static void hd_command(struct dev *d, uint8_t cmd)
{
	switch (cmd) {
	case CMD_READ_SECTORS: case 0x21: case 0x24:
		hd_read(d, false, cmd == 0x24);
		break;
	case 0xc4: case 0x29:
		hd_read(d, true, cmd == 0x29);
		break;
	case 0x30: case 0x31: case 0x3c /* and verify */: case 0x34:
		hd_write(d, false, cmd == 0x34);
		break;
	case 0xc5: case 0x39:
		hd_write(d, true, cmd == 0x39);
		break;
	case 0xc8: case 0xc9: case 0x25:
		hd_dma(d, HD_DMA_READ, cmd == 0x25);
		break;
	case 0xca: case 0xcb: case 0x35:
		hd_dma(d, HD_DMA_WRITE, cmd == 0x35);
		break;
	case 0x40: case 0x41: case 0x42: /* VERIFY */
		if (hd_verify(d, cmd == 0x42))
			ata_done(d);
		else
			ata_fail(d, ERROR_ABRT);
		break;
	case 0x06: /* DATA SET MANAGEMENT */
		if (ata_of(d)->feature == DSM_TRIM)
			hd_trim(d);
		else
			ata_fail(d, ERROR_ABRT);
		break;
	case 0x10: case 0x70: /* RECALIBRATE, SEEK */
		ata_done(d);
		break;
	case 0x91:
		cmd_init_parameters(d);
		break;
	case 0xc6:
		cmd_set_multiple(d);
		break;
	case 0xe7: case 0xea:
		hd_flush(d);
		break;
	case CMD_IDENTIFY:
		cmd_identify(d);
		break;
	case 0xef:
		cmd_set_features(d);
		break;
	case 0xf8: case 0x27:
		cmd_read_native_max(d, cmd == 0x27);
		break;
	case 0xe5: case 0x98:
		cmd_check_power(d);
		break;
	case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6: /* STANDBY, IDLE, SLEEP */
	case 0x94: case 0x95: case 0x96: case 0x97: case 0x99:
		done_without_seek(d);
		break;
	case 0xb0:
		cmd_smart(d);
		break;
	default: /* NOP (00) too: it always aborts (8.25) */
		ata_fail(d, ERROR_ABRT);
	}
}
/* clang-format on */

/* ---- the device ---- */

/* The first that says something: property, -drive's own, default. */
static const char *first(const char *prop, const char *own, const char *def)
{
	return prop && *prop ? prop : *own ? own : def;
}

static void choose_texts(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);

	memcpy(h->own_serial, "QM00001", 8); /* numbered by place, as QEMU's come out */
	h->own_serial[6] = (char)('1' + 2 * ide_channel(d) + ide_unit(d));
	h->show_serial = first(h->serial, h->drive->serial, h->own_serial);
	h->show_model = first(h->model, h->drive->model, "QEMU HARDDISK");
	h->show_ver = first(h->ver, h->drive->version, "2.5+");
}

/* The geometry that whoever partitioned the disk had: ends of partitions are ends of tracks. */
static bool mbr_geometry(struct dev *d, uint32_t chs[3])
{
	uint8_t mbr[SECTOR];

	if (hd_capacity(d) < 1 || blk_peek(hd_host(d)->drive->blk, 0, mbr, sizeof(mbr)) < 0 ||
	    load_le(mbr + 0x1fe, 2) != 0xaa55)
		return false;
	for (const uint8_t *p = mbr + 0x1be; p < mbr + 0x1fe; p += 16) {
		uint32_t heads = p[5] + 1u, secs = p[6] & 0x3f;
		uint64_t cyls = secs ? hd_capacity(d) / (heads * secs) : 0;

		if (!load_le(p + 12, 4) || heads == 1 || cyls < 1 || cyls > 16383)
			continue;
		chs[0] = (uint32_t)cyls;
		chs[1] = heads;
		chs[2] = secs;
		return true;
	}
	return false;
}

/* Behaviour of QEMU: a table with more than 16 heads was written under a translation. */
static const char *choose_geometry(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);
	uint32_t chs[3] = {0, 16, 63};
	bool asked = h->cyls || h->heads || h->secs;
	bool found = !asked && mbr_geometry(d, chs);
	bool translated = found && chs[1] > 16;

	if (found && !translated)
		h->cyls = chs[0];
	h->heads = h->heads ? h->heads : translated ? 16 : chs[1];
	h->secs = h->secs ? h->secs : translated ? 63 : chs[2];
	if (!h->cyls)
		h->cyls = (uint32_t)MIN(MAX(hd_capacity(d) / (h->heads * h->secs), 2u), 16383u);
	if (translated)
		return h->cyls * h->heads <= 131072 ? "large" : "lba";
	return found || (h->cyls <= 1024 && h->heads <= 16 && h->secs <= 63) ? "none" : "lba";
}

/* For the machine, which tells the firmware. */
static int choose_translation(struct dev *d, const char *own, struct err *e)
{
	static const char *const known[] = {"none", "lba", "large", "rechs"};
	struct ide_hd_host *h = hd_host(d);

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (h->trans && !strcmp(h->trans, known[i]))
			return 0;
	if (h->trans && strcmp(h->trans, "auto"))
		return err_set(e, -EINVAL,
			       "%s: bios-chs-trans=%s: want auto, none, lba, large or rechs", d->id,
			       h->trans);
	return dev_prop_set(d, "bios-chs-trans", own, e);
}

static int hd_realize(struct dev *d, struct err *e)
{
	struct ide_hd_host *h = hd_host(d);

	if (!h->drive)
		return err_set(e, -EINVAL, "%s: a disk needs drive=ID", d->id);
	if (!h->drive->blk)
		return err_set(e, -EINVAL, "%s: drive %s has no medium", d->id, h->drive->id);
	if (blk_readonly(h->drive->blk))
		return err_set(e, -EINVAL, "%s: drive %s is read-only, which no ATA disk is", d->id,
			       h->drive->id);
	h->req.done = hd_request_done;
	h->req.arg = d;
	choose_texts(d);
	return choose_translation(d, choose_geometry(d), e);
}

static void hd_unrealize(struct dev *d)
{
	if (hd_host(d)->drive)
		hd_cancel(d);
}

static bool hd_valid(const struct dev *d)
{
	const struct ide_hd *h = hd_state(d);

	return ata_valid(d) && hd_io_valid(d) && !(h->mult & (h->mult - 1)) &&
	       !(h->block & (h->block - 1)) && transfer_mode_known(h->xfer) &&
	       !h->heads == !h->sectors;
}

/* clang-format off */
#define T struct ide_hd
static const struct row hd_rows[] = {
	ATA_ROWS(T, a, HD_BUFFER),
	HID(T, lba, .max = (1ull << 48) + 65536),
	HID(T, left, .max = 65536),
	HID(T, moved, .max = 65536),
	HID(T, op, .max = HD_FLUSH),
	HID(T, block, .max = HD_MULT),
	HID(T, chunk, .max = HD_MULT),
	HID(T, lba48, .max = 1),
	HID(T, more, .max = 1),
	HID(T, mult, .max = HD_MULT, .reset = HD_MULT),
	HID(T, xfer, .hw = 0x7f, .reset = XFER_UDMA5),
	HID(T, write_cache, .max = 1, .reset = 1),
	HID(T, smart, .max = 1, .reset = 1),
	HID(T, flushing, .max = 1),
	HID(T, moving, .max = 65536),
	HID(T, smart_autosave, .max = 1, .reset = 1),
	HID(T, heads, .max = 16),
	HID(T, sectors, .hw = 0xff),
	BUF(T, data, a.end),
	HID(T, careful, .max = 1, .since = 2),
	HID(T, pad, .since = 2),
	HID(T, ahead, .max = HD_AHEAD * SECTOR, .since = 2),
	BUF(T, ahead_data, ahead, .since = 2),
};
#undef T

#define H struct ide_hd_host
static const struct prop hd_props[] = {
	{"drive", PROP_BLK, offsetof(H, drive), NULL, "the -drive or -blockdev behind it", 0},
	{"serial", PROP_STR, offsetof(H, serial), NULL, "serial number, 20 characters", 0},
	{"model", PROP_STR, offsetof(H, model), NULL, "model, 40 characters", 0},
	{"ver", PROP_STR, offsetof(H, ver), NULL, "firmware version, 8 characters", 0},
	{"wwn", PROP_U64, offsetof(H, wwn), NULL, "world wide name, 0 = none", 0},
	{"cyls", PROP_U32, offsetof(H, cyls), NULL, "cylinders, 0 = by size", 65535},
	{"heads", PROP_U32, offsetof(H, heads), NULL, "heads, 0 = 16", 16},
	{"secs", PROP_U32, offsetof(H, secs), NULL, "sectors of a track, 0 = 63", 255},
	{"bios-chs-trans", PROP_STR, offsetof(H, trans), NULL,
	 "auto, none, lba, large, rechs: what the firmware makes of it", 0},
};
#undef H
/* clang-format on */

static const struct ata_info hd_info = {
	.ata = offsetof(struct ide_hd, a),
	.data = offsetof(struct ide_hd, data),
	.data_size = HD_BUFFER,
	.command = hd_command,
	.pio_end = hd_pio_end,
	.dma_start = hd_dma_start,
	.finish = hd_finish,
	.cancel = hd_cancel,
};

static struct dev_class hd_class = {
	.name = "ide-hd",
	.summary = "ATA disk",
	.bus = &ide_bus_type,
	.bus_info = &hd_info,
	.state_size = sizeof(struct ide_hd),
	.host_size = sizeof(struct ide_hd_host),
	.rows = hd_rows,
	.n_rows = ARRAY_SIZE(hd_rows),
	.props = hd_props,
	.n_props = ARRAY_SIZE(hd_props),
	.realize = hd_realize,
	.unrealize = hd_unrealize,
	.reset = ata_reset,
	.valid = hd_valid,
	.resume = hd_resume,
};
DEV_REGISTER(hd_class)
