/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/ide.h: an IDE driver in the test's hand: registers, PIO and bus master DMA. */
#ifndef TESTS_HW_IDE_H
#define TESTS_HW_IDE_H
#include "tests/hw/bus.h"

enum { IDE0 = 0x1f0, IDE0_CONTROL = 0x3f6, IDE1 = 0x170, IDE1_CONTROL = 0x376, IDE_BM = 0xc000 };
enum {
	R_DATA,
	R_FEATURE,
	R_NSECTOR,
	R_LOW,
	R_MID,
	R_HIGH,
	R_DEVICE,
	R_COMMAND,
	R_ERROR = 1,
	R_STATUS = 7
};
enum { ERR = 1, DRQ = 8, DSC = 0x10, DF = 0x20, DRDY = 0x40, BSY = 0x80 };
enum { BM_ACTIVE = 1, BM_ERROR = 2, BM_INTR = 4 };
enum { IDE_PRDT = 0x10000, IDE_MEM = 0x100000 }; /* free guest RAM */
enum { PRD_END = 0x80000000u };
enum { DISK_BYTES = 2 << 20, DISK_SECTORS = DISK_BYTES / 512 };

/* "-nodefaults" and one raw disk at ide.0 with a pattern; its file. */
const char *ide_disk_args(void);
const char *ide_disk_file(void);
uint8_t ide_pattern(uint64_t at); /* the disk's byte there */

void ide_start(struct guest *b); /* BAR 4, I/O and bus master on */
uint8_t ide_in(struct guest *b, unsigned reg);
void ide_out(struct guest *b, unsigned reg, uint8_t val);
uint8_t ide_wait(struct guest *b);                          /* until BSY is clear: STATUS */
void ide_address(struct guest *b, uint32_t lba, uint8_t n); /* 28 bits, device 0 */
uint8_t ide_command(struct guest *b, uint8_t cmd);          /* and waits */
void ide_words_in(struct guest *b, void *buf, unsigned words);
void ide_words_out(struct guest *b, const void *buf, unsigned words);

struct prd {
	uint32_t addr, len;
};
void ide_prdt(struct guest *b, const struct prd *p, unsigned n);
enum { DMA_ABORT = 1, DMA_NO_MASTER = 2 };
/* A whole ATA DMA command as drivers issue it; BMIS afterwards. */
uint8_t ide_dma(struct guest *b, uint8_t cmd, uint32_t lba, uint8_t n, const struct prd *p,
		unsigned n_prd, unsigned flags);
uint8_t ide_dma_run(struct guest *b, bool to_ram,
		    unsigned flags); /* START … end, for a command given */
/* Bytes of the image as the host sees them. */
void ide_file_read(const char *file, uint64_t at, void *buf, size_t len);
#endif
