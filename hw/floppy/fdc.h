/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/floppy/fdc.h: the controller's state, shared by its registers, commands and transfers. */
#ifndef HW_FLOPPY_FDC_H
#define HW_FLOPPY_FDC_H
#include "hw/floppy/floppy.h"
#include "hw/isa/isa.h"

enum { DOR_SELECT = 3, DOR_RESET = 1 << 2 /* 0: held in reset */, DOR_DMAGATE = 1 << 3 };
enum { DSR_RATE = 3, DSR_RESET = 1 << 7 };
enum { CONFIG_POLL = 0x10 /* off */, CONFIG_EFIFO = 0x20 /* off */ };
enum { CONFIG_EIS = 0x40 };
enum { PERP_GAP_WGATE = 3, PERP_DRIVES = 0x3c, PERP_OW = 0x80 };
enum { ST0_HD = 1 << 2, ST0_EC = 1 << 4, ST0_SE = 1 << 5, ST0_ABNORMAL = 0x40 };
enum { ST0_INVALID = 0x80, ST0_POLLING = 0xc0 };
enum { ST1_MA = 1 << 0, ST1_NW = 1 << 1, ST1_ND = 1 << 2, ST1_DE = 1 << 5, ST1_EN = 1 << 7 };
enum { ST2_SN = 1 << 2, ST2_SH = 1 << 3, ST2_WC = 1 << 4, ST2_DD = 1 << 5, ST2_CM = 1 << 6 };
/* Flags of opcodes. */
enum { FLAG_MT = 1 << 7, FLAG_MFM = 1 << 6, FLAG_SK = 1 << 5, OPCODE = 0x1f };
enum {
	READ_TRACK = 0x02,
	WRITE = 0x05,
	READ = 0x06,
	WRITE_DELETED = 0x09,
	READ_DELETED = 0x0c,
	FORMAT = 0x0d,
	SCAN_EQUAL = 0x11,
	VERIFY = 0x16,
	SCAN_LOW_OR_EQUAL = 0x19,
	SCAN_HIGH_OR_EQUAL = 0x1d,
};

enum fdc_phase {
	FDC_COMMAND, /* idle, or taking the bytes of a command */
	FDC_DMA,     /* data[pos, end) waits for the channel */
	FDC_PIO,     /* … or for the processor */
	FDC_DISK,    /* the drive works on data[] */
	FDC_RESULT,  /* result[result_pos, n_result) is to be read */
};
enum { FDC_PARAMS = 9, FDC_RESULTS = 10, FORMAT_ID = 4, PCNS = 4 };

struct fdc {
	uint8_t dor, tdr, dsr;
	uint8_t phase; /* enum fdc_phase */
	uint8_t cmd[FDC_PARAMS], n_cmd, result[FDC_RESULTS], n_result, result_pos;
	uint8_t pcn[PCNS];
	uint8_t sense[PCNS]; /* ST0 that SENSE INTERRUPT has not told; 0 none */
	uint8_t specify[2], config, pretrk, perp, lock, eot; /* eot: or SC, for DUMPREG */
	uint8_t irq;
	/* Of the command that moves data: */
	uint8_t c, h, r;   /* the sector it is at, as its ID */
	uint8_t head;      /* … and the side */
	uint8_t left;      /* sectors, where the command counts them */
	uint8_t tc;        /* the channel takes no more */
	uint8_t st2, miss; /* miss: what a scan has met in this sector */
	uint16_t pos, end;
	uint8_t data[FLOPPY_SECTOR];
};
struct fdc_host {
	struct floppy_cable cable;
	uint32_t dma;
};

/* ---- fdc.c ---- */
struct dev *fdc_drive(const struct dev *d, unsigned unit); /* NULL: nobody there */
void fdc_seek(struct dev *d, unsigned unit, uint8_t to);   /* by steps from where it thinks it is */

/* ---- fdc_command.c ---- */
void fdc_command(struct dev *d); /* all its bytes are there */
unsigned fdc_command_length(uint8_t opcode);
void fdc_result(struct dev *d, unsigned n); /* result[0, n), no interrupt */

/* ---- fdc_transfer.c ---- */
void fdc_transfer(struct dev *d);             /* all commands that move data */
void fdc_read_id(struct dev *d);              /* … and the one that only looks */
uint8_t fdc_pio_read(struct dev *d);          /* in FDC_PIO */
void fdc_pio_write(struct dev *d, uint8_t v); /* … */
void fdc_dma_ready(struct dev *d);            /* the channel may be open */
void fdc_disk_done(struct dev *controller, int rc);
bool fdc_to_host(const struct fdc *s); /* the direction of data */
bool fdc_transfer_valid(const struct dev *d);
void fdc_transfer_resume(struct dev *d);
#endif
