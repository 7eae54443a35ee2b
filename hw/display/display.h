/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/display.h: the VGA that every adapter of this folder is built on: its registers, its
 * four planes, its picture. An adapter puts struct vga first in its state and struct
 * vga_host first in its host, has the regions below by these numbers, VGA_ROWS among its
 * rows, and says through struct vga_adapter what it has beyond a VGA.
 *
 * The planes lie interleaved in the adapter's memory: byte p of plane address a is vram[4 * a + p].
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (May 1992).
 */
#ifndef HW_DISPLAY_DISPLAY_H
#define HW_DISPLAY_DISPLAY_H
#include "base/dev.h"
#include "ui/display.h"

/* clang-format off */
enum { VGA_REGION_PORTS /* 0x3b0-0x3df */, VGA_REGION_MEM /* 0xa0000-0xbffff */, VGA_REGION_CONFIG,
       VGA_REGION_SEQ, VGA_REGION_GRC, VGA_REGION_CRTC, VGA_REGION_ATTR, /* banks, by index */
       VGA_REGION_OWN /* the first of the adapter's own */ };
enum { VGA_RAM = 0 /* of dev_ram */, VGA_WINDOWS = 6 /* 0-5 are the VGA's */, VGA_MAX_MB = 256 };
enum { VGA_PLANE_SIZE = 64 << 10, VGA_MEM_BASE = 0xa0000, VGA_MEM_LEN = 0x20000 };

/* Miscellaneous Output, 3c2h; Input Status 1, 3bah/3dah */
enum { MISC_COLOR = 1 << 0, MISC_RAM = 1 << 1, MISC_CLOCK_28 = 1 << 2 };
enum { ST01_DISABLED = 1 << 0, ST01_RETRACE = 1 << 3 };
/* Sequencer: Clocking Mode, Memory Mode */
enum { SEQ_RESET, SEQ_CLOCKING, SEQ_MAP_MASK, SEQ_FONT, SEQ_MODE };
enum { CLOCKING_8DOT = 1 << 0, CLOCKING_HALF = 1 << 3, CLOCKING_OFF = 1 << 5 };
enum { MODE_EXTENDED = 1 << 1, MODE_SEQUENTIAL = 1 << 2, MODE_CHAIN4 = 1 << 3 };
/* Graphics controller: Graphics Mode, Miscellaneous */
enum { GRC_SET_RESET, GRC_ENABLE_SR, GRC_COMPARE, GRC_ROTATE, GRC_READ_MAP, GRC_MODE, GRC_MISC,
       GRC_CARE, GRC_BIT_MASK };
enum { GMODE_READ_COMPARE = 1 << 3, GMODE_ODD_EVEN = 1 << 4, GMODE_SHIFT_CGA = 1 << 5,
       GMODE_SHIFT_256 = 1 << 6 };
enum { GMISC_GRAPHICS = 1 << 0 };
enum { CRTC_HTOTAL = 0x00, CRTC_HDISP_END = 0x01, CRTC_VTOTAL = 0x06, CRTC_OVERFLOW = 0x07,
       CRTC_PRESET_ROW = 0x08, CRTC_MAX_SCAN = 0x09, CRTC_CURSOR_START = 0x0a,
       CRTC_CURSOR_END = 0x0b, CRTC_START_HI = 0x0c, CRTC_START_LO = 0x0d, CRTC_CURSOR_HI = 0x0e,
       CRTC_CURSOR_LO = 0x0f, CRTC_VSYNC_START = 0x10, CRTC_VSYNC_END = 0x11, CRTC_VDISP_END = 0x12,
       CRTC_OFFSET = 0x13, CRTC_UNDERLINE = 0x14, CRTC_MODE = 0x17, CRTC_LINE_COMPARE = 0x18 };
/* Attribute controller: Attribute Mode Control */
enum { ATTR_MODE = 0x10, ATTR_OVERSCAN = 0x11, ATTR_PLANES = 0x12, ATTR_PAN = 0x13,
       ATTR_SELECT = 0x14, ATTR_VIDEO = 1 << 5 /* in the index: PAS */ };
enum { AMODE_GRAPHICS = 1 << 0, AMODE_LINE = 1 << 2, AMODE_BLINK = 1 << 3, AMODE_PAN_SPLIT = 1 << 5,
       AMODE_256 = 1 << 6, AMODE_P54 = 1 << 7 };

/* What struct vga_adapter.address says beside a plane address. */
#define VGA_NOWHERE (~0u)
#define VGA_DIRECT  (1u << 31) /* with a byte of the adapter's memory */
#define VGA_FLAT    (1u << 30) /* with a plane address: neither chained nor odd/even */
/* clang-format on */

struct vga {
	uint8_t latch[4];
	uint8_t seq[5], grc[9], crtc[25], attr[21];
	uint8_t seq_index, grc_index, crtc_index, attr_index;
	uint8_t attr_flip; /* 3c0h: 0 = index is next, 1 = data */
	uint8_t misc, feature, enable;
	uint8_t dac_mask, dac_read, dac_write, dac_state /* 3 = reading */, dac_sub;
	uint8_t dac_cache[3];
	uint8_t palette[768];
};

/* A packed-pixel mode of the adapter. */
struct vga_linear {
	uint32_t width, height, stride, start; /* pixels; bytes; byte in the adapter's memory */
	uint32_t bpp;                          /* 8, 15, 16, 24, 32; 4: planes, all in a plane's
						* bytes; 0: the VGA's own modes */
	uint32_t split;                        /* lines from this one on begin at 0; ~0 = none */
	uint32_t double_y;                     /* each line is shown twice; height counts both */
};
struct vga_adapter {
	/* What byte `at` of the window is: a plane address, VGA_DIRECT | byte of the memory, or
	 * VGA_NOWHERE. */
	uint32_t (*address)(const struct dev *d, uint32_t at);
	void (*linear)(const struct dev *d, struct vga_linear *m); /* NULL: never one */
	bool (*dac8)(const struct dev *d);                         /* palette of 8 bits a colour */
	bool ignores_off;                                          /* SR01 bit 5 does not blank */
	void (*cursor)(const struct dev *d, struct display_cursor *c); /* NULL: has none */
};

struct vga_host {
	struct display *display;
	const struct vga_adapter *adapter;
	uint32_t vgamem_mb;
	uint8_t *vram;
	uint32_t vram_size;
	uint8_t dirty[(VGA_MAX_MB << 20) / 4096 / 8]; /* a bit for each page to be drawn */
	bool redraw;                                  /* a register changed */
	uint32_t phase;                               /* of blinking, as drawn last */
};
static inline struct vga *vga_of(const struct dev *d)
{
	return d->state;
}
static inline struct vga_host *vga_host_of(const struct dev *d)
{
	return d->host;
}

/* ---- vga_regs.c: life, ports ---- */
int vga_realize(struct dev *d, const struct vga_adapter *a, struct err *e);
void vga_unrealize(struct dev *d);
void vga_changed(struct dev *d); /* what is shown may look different */
void vga_misc_written(struct dev *d, const struct access *a);
uint64_t vga_status0_read(struct dev *d, const struct access *a);
uint64_t vga_status1_read(struct dev *d, const struct access *a);
uint64_t vga_attr_read(struct dev *d, const struct access *a);
uint64_t vga_attr_data_read(struct dev *d, const struct access *a);
void vga_attr_written(struct dev *d, const struct access *a);
uint64_t vga_seq_read(struct dev *d, const struct access *a);
void vga_seq_written(struct dev *d, const struct access *a);
uint64_t vga_grc_read(struct dev *d, const struct access *a);
void vga_grc_written(struct dev *d, const struct access *a);
uint64_t vga_crtc_index_read(struct dev *d, const struct access *a);
void vga_crtc_index_written(struct dev *d, const struct access *a);
void vga_feature_written(struct dev *d, const struct access *a);
uint64_t vga_crtc_read(struct dev *d, const struct access *a);
void vga_crtc_written(struct dev *d, const struct access *a);
void vga_reg_written(struct dev *d, const struct access *a);      /* of a bank: redraws */
void vga_locked_written(struct dev *d, const struct access *a);   /* CR00-06, by CR11 */
void vga_overflow_written(struct dev *d, const struct access *a); /* CR07 */
uint64_t vga_dac_state_read(struct dev *d, const struct access *a);
void vga_dac_read_written(struct dev *d, const struct access *a);
void vga_dac_write_written(struct dev *d, const struct access *a);
uint64_t vga_dac_data_read(struct dev *d, const struct access *a);
void vga_dac_data_written(struct dev *d, const struct access *a);
bool vga_is_color(const struct dev *d);
bool vga_is_mono(const struct dev *d);

/* ---- vga_time.c: where the beam is ---- */
struct vga_timing {
	int64_t line_ns, shown_ns, frame_ns;
	uint32_t lines, shown, sync, sync_lines; /* of a frame; displayed; the retrace */
};
void vga_timing(const struct vga *s, struct vga_timing *t);
uint32_t vga_frame(const struct dev *d); /* number of the one that is shown: for blinking */

/* ---- vga_mem.c: the planes through the window at a0000h ---- */
/* Where a byte of the window is among the 64 KiB of the planes' addresses, by GR06. */
uint32_t vga_window_address(const struct vga *s, uint32_t at);
uint8_t vga_plane_read(struct dev *d, uint32_t addr);
void vga_plane_write(struct dev *d, uint32_t addr, uint8_t val);
void vga_mark(struct dev *d, uint32_t at, uint32_t len); /* bytes of the memory changed */
uint64_t vga_mem_read(struct dev *d, const struct access *a);
void vga_mem_written(struct dev *d, const struct access *a);

/* ---- vga_draw.c ---- */
extern const struct display_ops vga_display_ops;

/* clang-format off */
/* `n` registers of a bank from index `at_` on, all with these writable bits. */
#define VGA_REGS(bank, at_, n, arr, name_, mask, hook) \
	{.name = name_, .at = at_, .region = VGA_REGION_##bank, \
		 .off = offsetof(struct vga, arr[at_]), \
	 .size = 1, .count = n, .stride = 1, .step = 1, .rw = mask, .written = hook}
#define VGA_PORT(port, name_, ...) \
	CALC((port) - 0x3b0, 1, name_, .region = VGA_REGION_PORTS, ##__VA_ARGS__)
#define VGA_PORT_REG(port, m, ...) \
	REG((port) - 0x3b0, struct vga, m, .region = VGA_REGION_PORTS, ##__VA_ARGS__)
#define VGA_HID(m, ...) HID(struct vga, m, ##__VA_ARGS__)
/* seq_bits, grc_bits: of the two index registers. */
#define VGA_ROWS(seq_bits, grc_bits) \
	VGA_PORT(0x3b4, "crtc_index", .when = vga_is_mono, .flags = ROW_PURE, \
		 .read = vga_crtc_index_read, .written = vga_crtc_index_written), \
	VGA_PORT(0x3d4, "crtc_index", .when = vga_is_color, .flags = ROW_PURE, \
		 .read = vga_crtc_index_read, .written = vga_crtc_index_written), \
	VGA_PORT(0x3b5, "crtc", .when = vga_is_mono, .read = vga_crtc_read, \
		 .written = vga_crtc_written), \
	VGA_PORT(0x3d5, "crtc", .when = vga_is_color, .read = vga_crtc_read, \
		 .written = vga_crtc_written), \
	VGA_PORT(0x3ba, "status1", .when = vga_is_mono, .flags = ROW_RD, \
		 .read = vga_status1_read), \
	VGA_PORT(0x3da, "status1", .when = vga_is_color, .flags = ROW_RD, \
		 .read = vga_status1_read), \
	VGA_PORT(0x3ba, "feature", .when = vga_is_mono, .flags = ROW_WR, \
		 .written = vga_feature_written), \
	VGA_PORT(0x3da, "feature", .when = vga_is_color, .flags = ROW_WR, \
		 .written = vga_feature_written), \
	VGA_PORT(0x3c0, "attr", .flags = ROW_PURE, .read = vga_attr_read, \
		 .written = vga_attr_written), \
	VGA_PORT(0x3c1, "attr_data", .flags = ROW_RD, .read = vga_attr_data_read), \
	VGA_PORT(0x3c2, "status0", .flags = ROW_RD | ROW_PURE, .read = vga_status0_read), \
	VGA_PORT(0x3c2, "misc", .flags = ROW_WR, .written = vga_misc_written), \
	VGA_PORT_REG(0x3c3, enable, .rw = 0x01), \
	VGA_PORT_REG(0x3c4, seq_index, .rw = seq_bits), \
	VGA_PORT(0x3c5, "seq", .read = vga_seq_read, .written = vga_seq_written), \
	VGA_PORT_REG(0x3c6, dac_mask, .rw = 0xff, .reset = 0xff, .written = vga_reg_written), \
	VGA_PORT(0x3c7, "dac_status", .flags = ROW_RD | ROW_PURE, .read = vga_dac_state_read), \
	VGA_PORT_REG(0x3c7, dac_read, .rw = 0xff, .flags = ROW_WR, \
		 .written = vga_dac_read_written), \
	VGA_PORT_REG(0x3c8, dac_write, .rw = 0xff, .written = vga_dac_write_written), \
	VGA_PORT(0x3c9, "dac_data", .read = vga_dac_data_read, .written = vga_dac_data_written), \
	VGA_PORT_REG(0x3ca, feature, .rw = 0, .hw = 0x03, .flags = ROW_RD), \
	VGA_PORT_REG(0x3cc, misc, .rw = 0, .hw = 0xef, .flags = ROW_RD), \
	VGA_PORT_REG(0x3ce, grc_index, .rw = grc_bits), \
	VGA_PORT(0x3cf, "grc", .read = vga_grc_read, .written = vga_grc_written), \
	CALC(0, 1, "mem", .region = VGA_REGION_MEM, .count = VGA_MEM_LEN, .stride = 1, \
	     .flags = ROW_PORT, .read = vga_mem_read, .written = vga_mem_written), \
	VGA_REGS(SEQ, 0, 1, seq, "sr00", 0x03, vga_reg_written), \
	VGA_REGS(SEQ, 1, 1, seq, "sr01", 0x3d, vga_reg_written), \
	VGA_REGS(SEQ, 2, 1, seq, "sr02", 0x0f, NULL), \
	VGA_REGS(SEQ, 3, 1, seq, "sr03", 0x3f, vga_reg_written), \
	VGA_REGS(SEQ, 4, 1, seq, "sr04", 0x0e, vga_reg_written), \
	VGA_REGS(GRC, 0, 3, grc, "gr00", 0x0f, NULL), \
	VGA_REGS(GRC, 3, 1, grc, "gr03", 0x1f, NULL), \
	VGA_REGS(GRC, 4, 1, grc, "gr04", 0x03, NULL), \
	VGA_REGS(GRC, 5, 1, grc, "gr05", 0x7b, vga_reg_written), \
	VGA_REGS(GRC, 6, 1, grc, "gr06", 0x0f, vga_reg_written), \
	VGA_REGS(GRC, 7, 1, grc, "gr07", 0x0f, NULL), \
	VGA_REGS(GRC, 8, 1, grc, "gr08", 0xff, NULL), \
	VGA_REGS(CRTC, 0x00, 7, crtc, "cr00", 0xff, vga_locked_written), \
	VGA_REGS(CRTC, 0x07, 1, crtc, "cr07", 0xff, vga_overflow_written), \
	VGA_REGS(CRTC, 0x08, 1, crtc, "cr08", 0x7f, vga_reg_written), \
	VGA_REGS(CRTC, 0x09, 1, crtc, "cr09", 0xff, vga_reg_written), \
	VGA_REGS(CRTC, 0x0a, 1, crtc, "cr0a", 0x3f, vga_reg_written), \
	VGA_REGS(CRTC, 0x0b, 1, crtc, "cr0b", 0x7f, vga_reg_written), \
	VGA_REGS(CRTC, 0x0c, 11, crtc, "cr0c", 0xff, vga_reg_written), \
	VGA_REGS(CRTC, 0x17, 1, crtc, "cr17", 0xef, vga_reg_written), \
	VGA_REGS(CRTC, 0x18, 1, crtc, "cr18", 0xff, vga_reg_written), \
	VGA_REGS(ATTR, 0x00, 16, attr, "ar00", 0x3f, vga_reg_written), \
	VGA_REGS(ATTR, 0x10, 1, attr, "ar10", 0xef, vga_reg_written), \
	VGA_REGS(ATTR, 0x11, 1, attr, "ar11", 0xff, vga_reg_written), \
	VGA_REGS(ATTR, 0x12, 1, attr, "ar12", 0x3f, vga_reg_written), \
	VGA_REGS(ATTR, 0x13, 2, attr, "ar13", 0x0f, vga_reg_written), \
	HID_ARRAY(struct vga, latch, .hw = 0xff), \
	VGA_HID(crtc_index, .hw = 0xff), \
	VGA_HID(attr_index, .hw = 0x3f), \
	VGA_HID(attr_flip, .max = 1), \
	VGA_HID(dac_state, .hw = 3), \
	VGA_HID(dac_sub, .max = 2), \
	HID_ARRAY(struct vga, dac_cache, .hw = 0xff), \
	BYTES(struct vga, palette, 0)
/* clang-format on */
#endif
