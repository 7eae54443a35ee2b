/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/floppy.h: a floppy driver in the test's hand: FIFO, results, DMA channel 2. */
#ifndef TESTS_HW_FLOPPY_H
#define TESTS_HW_FLOPPY_H
#include "tests/hw/bus.h"

enum { FD_DOR = 0x3f2, FD_TDR, FD_MSR, FD_FIFO, FD_DIR = 0x3f7, FD_DSR = FD_MSR, FD_CCR = FD_DIR };
enum { FD_IRQ = 6, FD_MEM = 0x40000, FD_SECTORS = 2880 };
enum { DOR_ON = 0x1c /* motor A, DMA gate, no reset */ };

/* "-nodefaults" and a file of so many sectors with a pattern in drive A, `more` behind. */
const char *fd_args(unsigned sectors, const char *more);
const char *fd_file(void);
void fd_pattern(uint8_t *buf, unsigned sector); /* 512 bytes, from 0 */
void fd_start(struct guest *b, unsigned rate);  /* out of reset, results of polling read */
void fd_dma(struct guest *b, bool to_ram, uint32_t gpa, unsigned len);
void fd_out(struct guest *b, uint8_t v); /* when MSR lets it */
uint8_t fd_in(struct guest *b);
void fd_bytes(struct guest *b, const char *bytes, unsigned n);
/* A command, then its result: how many bytes. */
unsigned fd_command(struct guest *b, const char *bytes, unsigned n, uint8_t *result);
#define FD(b, text, result) fd_command(b, text, sizeof(text) - 1, result)
unsigned fd_result(struct guest *b, uint8_t *result);
/* SEEK or RECALIBRATE and what SENSE INTERRUPT says: ST0 << 8 | PCN. */
unsigned fd_seek(struct guest *b, unsigned unit, unsigned cylinder);
unsigned fd_recalibrate(struct guest *b, unsigned unit);
unsigned fd_sense(struct guest *b);
#endif
