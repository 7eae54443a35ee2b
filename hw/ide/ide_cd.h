/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/ide/ide_cd.h: the packet device's state, shared by its transfers and its packet commands. */
#ifndef HW_IDE_IDE_CD_H
#define HW_IDE_IDE_CD_H
#include "block/blk.h"
#include "hw/ide/ide.h"

/* The largest piece of a PIO transfer, and the 512-byte units that it may begin and end in. */
enum { CD_BLOCK = 2048, CD_BUFFER = 65536 + 1024, CD_PACKET = 12 };

enum cd_op { CD_NONE, CD_COMMAND /* the packet comes */, CD_REPLY /* from the buffer */, CD_READ };
enum { SENSE_NONE, SENSE_NOT_READY = 2, SENSE_MEDIUM, SENSE_ILLEGAL = 5, SENSE_ATTENTION };
enum {
	ASC_READ_ERROR = 0x11,
	ASC_OPCODE = 0x20,
	ASC_OUT_OF_RANGE = 0x21,
	ASC_FIELD = 0x24,
	ASC_MEDIUM_CHANGED = 0x28,
	ASC_NO_MEDIUM = 0x3a,
	ASC_REMOVAL_PREVENTED = 0x53,
};
/* A new medium is first told as "none", then as "changed": drivers that never ask for events see
 * the door open and close that way. */
enum cd_news { NEWS_NONE, NEWS_GONE, NEWS_CHANGED };

struct ide_cd {
	uint64_t total, done; /* bytes of the transfer, and those that are through */
	uint32_t lba;         /* CD_READ: first block */
	uint32_t len;         /* live bytes of data[] */
	struct ata a;
	uint16_t limit; /* byte count limit of PIO pieces */
	uint8_t op;     /* enum cd_op */
	bool dma;
	uint8_t sense, asc;
	uint8_t news;                /* enum cd_news */
	bool event_new, event_eject; /* GET EVENT STATUS has not told yet */
	bool locked, tray_open;
	uint8_t xfer;
	uint8_t data[CD_BUFFER];
};

struct ide_cd_host {
	struct drive *drive;
	char *serial, *model, *ver; /* properties */
	char own_serial[9];
	const char *show_serial, *show_model, *show_ver;
	struct drive none; /* stands in for drive= */
	struct blk_req req;
	struct ide_dma map;
	bool in_flight, mapped;
};

struct ide_cd *cd_state(const struct dev *d);
struct ide_cd_host *cd_host(const struct dev *d);
bool cd_ready(const struct dev *d);      /* a medium, and the tray is closed */
uint32_t cd_blocks(const struct dev *d); /* of that medium; 0 = none */

enum { REASON_COMMAND = 1, REASON_IN = 2, REASON_DONE = 3 }; /* nsector */

/* ide_cd_io.c: how packet commands end */
void cd_ok(struct dev *d);
void cd_error(struct dev *d, uint8_t sense, uint8_t asc);
void cd_reply(struct dev *d, uint32_t len, uint32_t max); /* data[0, min(len, max)) */
void cd_read(struct dev *d, uint32_t lba, uint32_t blocks);
void cd_abort(struct dev *d); /* refused on ATA's level */
void cd_pio_end(struct dev *d);
void cd_dma_start(struct dev *d);
void cd_request_done(struct blk_req *r, int rc);
void cd_finish(struct dev *d);
void cd_forget(struct dev *d);
void cd_cancel(struct dev *d);
void cd_resume(struct dev *d);
bool cd_valid(const struct dev *d);
/* ide_cd.c */
void cd_lock(struct dev *d, bool locked);
/* ide_cd_mmc.c */
void cd_packet(struct dev *d, const uint8_t *p);
#endif
