/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/cirrus.h: what the files of the CL-GD5446 share; the VGA in it is display.h. */
#ifndef HW_DISPLAY_CIRRUS_H
#define HW_DISPLAY_CIRRUS_H
#include "hw/display/display.h"
#include "hw/pci/pci.h"

/* clang-format off */
enum { CIRRUS_REGION_LFB = VGA_REGION_OWN, CIRRUS_REGION_MMIO,
       CIRRUS_REGION_BLT /* bank: the blitter's registers as in memory */ };
enum { SR_FIRST = 0x06, SR_LAST = 0x1f, GR_FIRST = 0x09, GR_LAST = 0x39, CR_FIRST = 0x19,
       CR_LAST = 0x1d };
enum { /* SR7 */ SR7_PACKED = 1 << 0, SR7_FORMAT = 7 << 1 };
enum { /* SR12 */ CURSOR_ON = 1 << 0, CURSOR_COLORS = 1 << 1, CURSOR_64 = 1 << 2 };
enum { /* SR17 */ SR17_MMIO = 1 << 2, SR17_MMIO_LINEAR = 1 << 6 };
enum { /* GRB */ GRB_DUAL = 1 << 0, GRB_BY8 = 1 << 1, GRB_EXT_WRITE = 1 << 2, GRB_BY16 = 1 << 4,
       GRB_16K = 1 << 5 };
enum { /* GR30 */ BLT_BACKWARD = 1 << 0, BLT_TO_CPU = 1 << 1, BLT_FROM_CPU = 1 << 2,
       BLT_TRANSPARENT = 1 << 3, BLT_WIDTH = 3 << 4, BLT_PATTERN = 1 << 6, BLT_EXPAND = 1 << 7 };
enum { /* GR31 */ BLT_BUSY = 1 << 0, BLT_START = 1 << 1, BLT_RESET = 1 << 2, BLT_PROGRESS = 1 << 3,
       BLT_AUTO = 1 << 7 };
enum { /* GR33 */ BLTX_DWORDS = 1 << 0, BLTX_INVERT = 1 << 1, BLTX_SOLID = 1 << 2 };
/* clang-format on */
enum { BLT_LINE_MAX = 8192, CIRRUS_LFB_LEN = 32 << 20, CIRRUS_BLT_APERTURE = 16 << 20 };

/* A BLT as it was started. Unless BLT_IDLE the processor is to bring or to fetch bytes. */
enum { BLT_IDLE, BLT_TAKES, BLT_GIVES };
struct cirrus_blt {
	uint32_t dst, src, y;
	uint32_t len, at; /* bytes in buf; of which fetched */
	uint16_t width, height, dst_pitch, src_pitch;
	uint8_t mode, ext, rop, skip, state, pad[3];
	uint8_t buf[BLT_LINE_MAX];
};
struct cirrus {
	struct vga vga;
	struct pci_config pci;
	struct cirrus_blt blt;
	uint16_t cursor_x, cursor_y;
	uint8_t sr[SR_LAST - SR_FIRST + 1], gr[GR_LAST - GR_FIRST + 1], cr[CR_LAST - CR_FIRST + 1];
	uint8_t gr0, gr1, gr5; /* wider than a VGA's */
	uint8_t hidden_dac, hidden_count;
	uint8_t cursor_colors[16 * 3];
};
static inline struct cirrus *cirrus_of(const struct dev *d)
{
	return d->state;
}
static inline uint8_t cirrus_sr(const struct cirrus *s, unsigned n)
{
	return s->sr[n - SR_FIRST];
}
static inline uint8_t cirrus_gr(const struct cirrus *s, unsigned n)
{
	return s->gr[n - GR_FIRST];
}
static inline uint8_t cirrus_cr(const struct cirrus *s, unsigned n)
{
	return s->cr[n - CR_FIRST];
}

/* ---- cirrus_mem.c ---- */
bool cirrus_plain_memory(const struct cirrus *s); /* the frame buffer may be mapped as it is */
uint64_t cirrus_mem_read(struct dev *d, const struct access *a);
void cirrus_mem_written(struct dev *d, const struct access *a);
uint64_t cirrus_lfb_read(struct dev *d, const struct access *a);
void cirrus_lfb_written(struct dev *d, const struct access *a);

/* ---- cirrus_blt.c ---- */
void cirrus_blt_control_written(struct dev *d, const struct access *a);
void cirrus_blt_auto_written(struct dev *d, const struct access *a);
void cirrus_blt_take(struct dev *d, uint8_t val); /* in state BLT_TAKES */
uint8_t cirrus_blt_give(struct dev *d);           /* in state BLT_GIVES */
bool cirrus_blt_valid(const struct cirrus *s);

/* ---- cirrus_draw.c ---- */
void cirrus_linear(const struct dev *d, struct vga_linear *m);
void cirrus_cursor(const struct dev *d, struct display_cursor *c);
#endif
