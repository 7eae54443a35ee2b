/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide_cd_mmc.c: packet commands of a CD/DVD-ROM drive: a disc with one
 * session and one data track.
 *
 * Spec: MMC-5 (T10/1675-D), SPC-3; MODE SENSE pages as SFF-8020i has them
 */
#include "hw/ide/ide_cd.h"

enum { MSF_FRAMES = 75, MSF_LEAD_IN = 150, CD_MAX_BLOCKS = 80 * 60 * MSF_FRAMES };
enum { PROFILE_CD_ROM = 8, PROFILE_DVD_ROM = 0x10 };

static void put_be(uint8_t *p, unsigned size, uint32_t v)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> 8 * (size - 1 - i));
}

static uint32_t get_be(const uint8_t *p, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v = v << 8 | p[i];
	return v;
}

static void put_text(uint8_t *p, const char *text, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		p[i] = *text ? (uint8_t)*text++ : ' ';
}

static uint8_t *blank(struct dev *d, unsigned len)
{
	return memset(cd_state(d)->data, 0, len);
}

static void bad_field(struct dev *d)
{
	cd_error(d, SENSE_ILLEGAL, ASC_FIELD);
}

/* ---- what every device has (SPC) ---- */

static void test_unit_ready(struct dev *d, const uint8_t *p)
{
	(void)p;
	cd_ok(d);
}

static void request_sense(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 18);

	out[0] = 0xf0;
	out[2] = cd_state(d)->sense;
	out[7] = 10;
	out[12] = cd_state(d)->asc;
	cd_reply(d, 18, p[4]);
}

static void inquiry(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 36);

	if (p[1] & 1) { /* vital product data: the list of pages, of which there is this one */
		if (p[2]) {
			bad_field(d);
			return;
		}
		out[0] = 5;
		out[3] = 1;
		cd_reply(d, 5, p[4]);
		return;
	}
	out[0] = 5;
	out[1] = 0x80; /* removable */
	out[3] = 0x21; /* ATAPI-2, response format 1 */
	out[4] = 31;
	put_text(out + 8, "QEMU", 8);
	put_text(out + 16, cd_host(d)->show_model, 16);
	put_text(out + 32, cd_host(d)->show_ver, 4);
	cd_reply(d, 36, p[4]);
}

static unsigned page_errors(uint8_t *out)
{
	static const uint8_t page[] = {0x01, 6, 0, 5, 0, 0, 0, 0};

	memcpy(out, page, sizeof(page));
	return sizeof(page);
}

static unsigned page_capabilities(const struct dev *d, uint8_t *out)
{
	out[0] = 0x2a;
	out[1] = 18;
	out[2] = 0x3b; /* reads CD-R, CD-RW, DVD-ROM, DVD-R */
	out[4] = 0x71; /* audio play is claimed too: some Linux mounts only then */
	out[5] = 0x60;
	out[6] = 0x29 | (cd_state(d)->locked ? 2 : 0); /* tray, eject, lock */
	put_be(out + 8, 2, 706);                       /* kB/s: 4x */
	put_be(out + 10, 2, 2);
	put_be(out + 12, 2, 512);
	put_be(out + 14, 2, 706);
	return 20;
}

static void mode_sense(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 64);
	unsigned control = p[2] >> 6, code = p[2] & 63, len = 8;

	if (control == 3) {
		cd_error(d, SENSE_ILLEGAL, 0x39); /* saved values: there are none */
		return;
	}
	if (code == 0x01 || code == 0x3f)
		len += page_errors(out + len);
	if (code == 0x2a || code == 0x3f)
		len += page_capabilities(d, out + len);
	if (len == 8 || control == 1) {
		bad_field(d);
		return;
	}
	put_be(out, 2, len - 2);
	out[2] = 0x70; /* medium type: obsolete, as other drives say it */
	cd_reply(d, len, get_be(p + 7, 2));
}

/* ---- the tray ---- */

static void tray(struct dev *d, bool open)
{
	struct ide_cd *c = cd_state(d);
	struct drive *drive = cd_host(d)->drive;

	if (c->tray_open == open)
		return;
	c->tray_open = open;
	drive->tray_open = open;
	if (drive->tray_moved)
		drive->tray_moved(drive, open, drive->owner);
}

static void start_stop(struct dev *d, const uint8_t *p)
{
	struct ide_cd *c = cd_state(d);
	bool start = p[4] & 1, load_eject = p[4] & 2;

	if (!(p[4] & 0xf0) && load_eject) {
		if (!start && !c->tray_open && c->locked) {
			cd_error(d, cd_blocks(d) ? SENSE_NOT_READY : SENSE_ILLEGAL,
				 ASC_REMOVAL_PREVENTED);
			return;
		}
		tray(d, !start);
	}
	cd_ok(d);
}

static void prevent_removal(struct dev *d, const uint8_t *p)
{
	cd_lock(d, p[4] & 1);
	cd_ok(d);
}

static void mechanism_status(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 8);

	out[5] = 1; /* one slot */
	cd_reply(d, 8, get_be(p + 8, 2));
}

/* 6.6: polled only, and of all classes that of media. */
enum { MEDIA_NO_CHANGE, MEDIA_EJECT_REQUEST, MEDIA_NEW, MEDIA_REMOVAL };

static uint8_t media_event(const struct dev *d)
{
	const struct ide_cd *c = cd_state(d);

	if (c->event_new)
		return cd_ready(d) ? MEDIA_NEW : MEDIA_REMOVAL;
	return c->event_eject ? MEDIA_EJECT_REQUEST : MEDIA_NO_CHANGE;
}

static void event_status(struct dev *d, const uint8_t *p)
{
	struct ide_cd *c = cd_state(d);
	uint8_t *out = blank(d, 8);
	bool media = p[4] & 0x10;

	if (!(p[1] & 1)) {
		bad_field(d);
		return;
	}
	out[3] = 0x10;
	if (media) {
		out[1] = 6;
		out[2] = 4;
		out[4] = media_event(d);
		out[5] = c->tray_open ? 1 : cd_blocks(d) ? 2 : 0;
		c->event_eject = c->event_eject && c->event_new;
		c->event_new = false;
	} else {
		out[1] = 2;
		out[2] = 0x80; /* no such events */
	}
	cd_reply(d, media ? 8 : 4, get_be(p + 7, 2));
}

/* ---- the disc ---- */

static bool is_dvd(const struct dev *d)
{
	return cd_blocks(d) > CD_MAX_BLOCKS;
}

static void configuration(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 20);
	unsigned now = !cd_ready(d) ? 0 : is_dvd(d) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;

	if (p[2] || p[3]) { /* only feature 0, the profiles */
		bad_field(d);
		return;
	}
	put_be(out, 4, 16);
	put_be(out + 6, 2, now);
	out[10] = 3; /* persistent, current */
	out[11] = 8;
	put_be(out + 12, 2, PROFILE_DVD_ROM);
	out[14] = now == PROFILE_DVD_ROM;
	put_be(out + 16, 2, PROFILE_CD_ROM);
	out[18] = now == PROFILE_CD_ROM;
	cd_reply(d, 20, get_be(p + 7, 2));
}

static void read_capacity(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 8);

	(void)p;
	put_be(out, 4, cd_blocks(d) - 1);
	put_be(out + 4, 4, CD_BLOCK);
	cd_reply(d, 8, 8);
}

static void read_10(struct dev *d, const uint8_t *p)
{
	cd_read(d, get_be(p + 2, 4), get_be(p + 7, 2));
}

static void read_12(struct dev *d, const uint8_t *p)
{
	cd_read(d, get_be(p + 2, 4), get_be(p + 6, 4));
}

/* 6.20: user data only; a request for no part at all just seeks. */
static void read_cd(struct dev *d, const uint8_t *p)
{
	uint32_t blocks = get_be(p + 6, 3);

	switch (p[9] & 0xf8) {
	case 0:
		cd_ok(d);
		break;
	case 0x10:
		cd_read(d, get_be(p + 2, 4), blocks);
		break;
	default:
		bad_field(d);
	}
}

static void seek(struct dev *d, const uint8_t *p)
{
	if (get_be(p + 2, 4) >= cd_blocks(d))
		cd_error(d, SENSE_ILLEGAL, ASC_OUT_OF_RANGE);
	else
		cd_ok(d);
}

static void put_address(uint8_t *out, uint32_t lba, bool msf)
{
	if (!msf) {
		put_be(out, 4, lba);
		return;
	}
	lba += MSF_LEAD_IN;
	out[0] = 0;
	out[1] = (uint8_t)(lba / MSF_FRAMES / 60);
	out[2] = (uint8_t)(lba / MSF_FRAMES % 60);
	out[3] = (uint8_t)(lba % MSF_FRAMES);
}

/* Format 0: track 1 and the lead-out. Returns the length, 0: no such track. */
static unsigned toc_tracks(const struct dev *d, uint8_t *out, bool msf, uint8_t start)
{
	unsigned len = 4;

	if (start > 1 && start != 0xaa)
		return 0;
	out[2] = out[3] = 1;
	if (start <= 1) {
		out[len + 1] = 0x14; /* data track */
		out[len + 2] = 1;
		put_address(out + len + 4, 0, msf);
		len += 8;
	}
	out[len + 1] = 0x16;
	out[len + 2] = 0xaa;
	put_address(out + len + 4, cd_blocks(d), msf);
	return len + 8;
}

/* Format 2, as in the lead-in: points A0, A1, A2 and track 1. */
static unsigned toc_raw(const struct dev *d, uint8_t *out, bool msf)
{
	static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};
	uint8_t *p = out + 4;

	out[2] = out[3] = 1;
	for (unsigned i = 0; i < sizeof(points); i++, p += 11) {
		p[0] = 1;
		p[1] = points[i] == 0xa2 ? 0x16 : 0x14;
		p[3] = points[i];
		if (i < 2)
			p[8] = 1; /* first, last track */
		else
			put_address(p + 7, i == 2 ? cd_blocks(d) : 0, msf);
	}
	return 4 + 11 * (unsigned)sizeof(points);
}

static void read_toc(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 64);
	bool msf = p[1] & 2;
	unsigned len = 0;

	switch (p[9] >> 6) {
	case 0:
		len = toc_tracks(d, out, msf, p[6]);
		break;
	case 1: /* sessions: one */
		out[2] = out[3] = 1;
		len = 12;
		break;
	case 2:
		len = toc_raw(d, out, msf);
		break;
	}
	if (!len) {
		bad_field(d);
		return;
	}
	put_be(out, 2, len - 2);
	cd_reply(d, len, get_be(p + 7, 2));
}

static void disc_information(struct dev *d, const uint8_t *p)
{
	uint8_t *out = blank(d, 34);

	if (p[1] & 7) {
		bad_field(d);
		return;
	}
	put_be(out, 2, 32);
	out[2] = 0x0e; /* complete, last session complete */
	out[3] = out[4] = out[5] = out[6] = 1;
	out[7] = 0x20; /* unrestricted use */
	cd_reply(d, 34, get_be(p + 7, 2));
}

/* ---- the table ---- */

enum { READY = 1 /* needs a medium */, ANYWAY = 2 /* even while a change is to be told */ };

static const struct packet {
	uint8_t code, flags;
	void (*run)(struct dev *d, const uint8_t *p);
} packets[] = {
	{0x00, READY, test_unit_ready}, {0x03, ANYWAY, request_sense},
	{0x12, ANYWAY, inquiry},        {0x1b, 0, start_stop},
	{0x1e, 0, prevent_removal},     {0x25, READY, read_capacity},
	{0x28, READY, read_10},         {0x2b, READY, seek},
	{0x43, READY, read_toc},        {0x46, ANYWAY, configuration},
	{0x4a, ANYWAY, event_status},   {0x51, READY, disc_information},
	{0x5a, 0, mode_sense},          {0xa8, READY, read_12},
	{0xbb, 0, test_unit_ready}, /* SET CD SPEED */
	{0xbd, 0, mechanism_status},    {0xbe, READY, read_cd},
};

/* True when the command has been answered with news of the medium. */
static bool told_news(struct dev *d)
{
	struct ide_cd *c = cd_state(d);

	if (!cd_ready(d) || c->news == NEWS_NONE)
		return false;
	if (c->news == NEWS_GONE) {
		c->news = NEWS_CHANGED;
		cd_error(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
	} else {
		c->news = NEWS_NONE;
		cd_error(d, SENSE_ATTENTION, ASC_MEDIUM_CHANGED);
	}
	return true;
}

void cd_packet(struct dev *d, const uint8_t *p)
{
	/* The host may have moved the tray of an empty drive. */
	cd_state(d)->tray_open = cd_host(d)->drive->tray_open;
	for (unsigned i = 0; i < ARRAY_SIZE(packets); i++) {
		const struct packet *k = &packets[i];

		if (k->code != p[0])
			continue;
		if (!(k->flags & ANYWAY) && told_news(d))
			return;
		if (k->flags & READY && !cd_ready(d))
			cd_error(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
		else
			k->run(d, p);
		return;
	}
	cd_error(d, SENSE_ILLEGAL, ASC_OPCODE);
}
