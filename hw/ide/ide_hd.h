/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/ide/ide_hd.h: the disk's state, shared by its commands and its data transfers. */
#ifndef HW_IDE_IDE_HD_H
#define HW_IDE_IDE_HD_H
#include "block/blk.h"
#include "hw/ide/ide.h"

enum { SECTOR = 512, HD_MULT = 16, HD_BUFFER = HD_MULT * SECTOR, HD_AHEAD = 31 };

/* What the command at work moves. */
enum hd_op { HD_NONE, HD_READ, HD_WRITE, HD_DMA_READ, HD_DMA_WRITE, HD_TRIM, HD_FLUSH };

struct ide_hd {
	uint64_t lba;    /* of the next sector */
	uint32_t left;   /* sectors; HD_TRIM: blocks of ranges */
	uint32_t moved;  /* sectors of this DMA that are through */
	uint32_t moving; /* … in the request in flight */
	struct ata a;
	uint8_t op;       /* enum hd_op */
	uint8_t block;    /* sectors between two interrupts of this PIO command */
	uint8_t chunk;    /* sectors in the buffer */
	bool lba48, more; /* more: the bus master's table was longer than the command */
	uint8_t mult;     /* SET MULTIPLE MODE, 0 = off */
	uint8_t xfer;     /* SET FEATURES, transfer mode */
	bool write_cache, smart, smart_autosave;
	bool flushing;          /* the write is through, its flush is not */
	uint8_t heads, sectors; /* INITIALIZE DEVICE PARAMETERS; 0 = default */
	bool careful;           /* a read with others ahead failed: one block at a time */
	uint8_t pad;
	uint32_t ahead; /* bytes of this PIO read behind those in data */
	uint8_t data[HD_BUFFER], ahead_data[HD_AHEAD * SECTOR];
};

struct ide_hd_host {
	struct drive *drive;
	char *serial, *model, *ver; /* properties */
	char own_serial[9];
	const char *show_serial, *show_model, *show_ver;
	uint64_t wwn;
	uint32_t cyls, heads, secs;
	char *trans; /* how the firmware is to translate */
	/* One request at a time. */
	struct blk_req req;
	struct ide_dma dma;
	bool in_flight, mapped;
	uint8_t bounce[128 * SECTOR];
};

struct ide_hd *hd_state(const struct dev *d);
struct ide_hd_host *hd_host(const struct dev *d);
uint64_t hd_capacity(const struct dev *d); /* sectors */

/* ide_hd_io.c */
void hd_read(struct dev *d, bool multiple, bool lba48);
void hd_write(struct dev *d, bool multiple, bool lba48);
void hd_dma(struct dev *d, enum hd_op op, bool lba48);
void hd_trim(struct dev *d);
void hd_flush(struct dev *d);
bool hd_verify(struct dev *d, bool lba48); /* all sectors exist */
void hd_show_lba(struct dev *d, uint64_t lba, bool lba48);
void hd_pio_end(struct dev *d);
void hd_dma_start(struct dev *d);
void hd_finish(struct dev *d);
void hd_cancel(struct dev *d);
void hd_request_done(struct blk_req *r, int rc);
void hd_resume(struct dev *d);
bool hd_io_valid(const struct dev *d);
unsigned hd_heads(const struct dev *d);
unsigned hd_sectors(const struct dev *d);
unsigned hd_cylinders(const struct dev *d);
#endif
