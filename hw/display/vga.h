/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/vga.h: what the files of the standard VGA share; the VGA proper is display.h. */
#ifndef HW_DISPLAY_VGA_H
#define HW_DISPLAY_VGA_H
#include "hw/display/display.h"
#include "hw/pci/pci.h"

enum {
	VGA_REGION_DISPI = VGA_REGION_OWN /* ports 1ceh-1d0h */,
	VGA_REGION_VBE, /* bank: the registers behind them, two bytes each */
	VGA_REGION_MMIO
};
enum {
	VBE_ID,
	VBE_XRES,
	VBE_YRES,
	VBE_BPP,
	VBE_ENABLE,
	VBE_BANK,
	VBE_VIRT_WIDTH,
	VBE_VIRT_HEIGHT,
	VBE_X_OFFSET,
	VBE_Y_OFFSET,
	VBE_MEMORY,
	VBE_REGS
};
enum { /* VBE_ENABLE */
       VBE_ENABLED = 1 << 0,
       VBE_GETCAPS = 1 << 1,
       VBE_8BIT_DAC = 1 << 5,
       VBE_LFB = 1 << 6,
       VBE_NOCLEAR = 1 << 7,
};

struct stdvga {
	struct vga vga;
	struct pci_config pci;
	uint16_t vbe_index;
	uint16_t vbe[VBE_MEMORY]; /* as written; vga_vbe.c makes a mode of them */
};
struct stdvga_host {
	struct vga_host vga;
	uint32_t xres, yres;
	uint8_t edid[128];
};
static inline struct stdvga *stdvga_of(const struct dev *d)
{
	return d->state;
}

/* ---- vga_vbe.c ---- */
uint64_t vga_vbe_data_read(struct dev *d, const struct access *a);
void vga_vbe_data_written(struct dev *d, const struct access *a);
uint64_t vga_vbe_mode_read(struct dev *d, const struct access *a);
uint64_t vga_vbe_view_read(struct dev *d, const struct access *a);
void vga_vbe_id_written(struct dev *d, const struct access *a);
void vga_vbe_enable_written(struct dev *d, const struct access *a);
bool vga_vbe_enabled(const struct dev *d);
void vga_vbe_linear(const struct dev *d, struct vga_linear *m);
bool vga_vbe_dac8(const struct dev *d);
uint32_t vga_vbe_address(const struct dev *d, uint32_t at);

/* ---- vga_edid.c ---- */
/* A monitor that likes width x height best. */
void vga_edid_make(uint8_t edid[128], uint32_t width, uint32_t height);
#endif
