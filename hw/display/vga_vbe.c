/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_vbe.c: the modes beyond a VGA's: the Bochs "dispi" registers.
 *
 * Registers keep what was written; the mode is computed from them, bounded by the memory, wherever
 * it is needed. So there is no combination that has to be kept out.
 *
 * Spec: Bochs, bochs/iodev/display/vbe.h and its VBE display API (1.1), as Linux's bochs driver
 *       and SeaBIOS's VGA BIOS use it.
 */
#include "hw/display/vga.h"

enum { ID_FIRST = 0xb0c0, ID_LAST = 0xb0c5, BANK_SIZE = 64 << 10 };

/* The registers as they count. */
struct mode {
	uint32_t bpp, width, height, virt_width, virt_height, x, y, bytes, stride;
};

static uint32_t between(uint32_t v, uint32_t low, uint32_t high)
{
	return MIN(MAX(v, low), MAX(low, high));
}

static uint32_t known_bpp(uint32_t bpp)
{
	return bpp == 4 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32 ? bpp : 8;
}

static uint32_t start_of(const struct mode *m)
{
	return m->y * m->stride + (m->bpp == 4 ? m->x / 8 * 4 : m->x * m->bytes);
}

static void mode_of(const struct dev *d, struct mode *m)
{
	const uint16_t *r = stdvga_of(d)->vbe;
	uint32_t memory = vga_host_of(d)->vram_size;

	m->bpp = known_bpp(r[VBE_BPP]);
	m->bytes = (m->bpp + 7) / 8;
	m->width = between(r[VBE_XRES] & ~7u, 8, DISPLAY_MAX);
	m->virt_width = MAX(r[VBE_VIRT_WIDTH] & ~7u, m->width);
	m->stride = m->bpp == 4 ? m->virt_width / 8 * 4 : m->virt_width * m->bytes;
	m->virt_height = MIN(memory / m->stride, 0xffffu);
	m->height = between(r[VBE_YRES], 1, MIN(m->virt_height, (uint32_t)DISPLAY_MAX));
	m->x = r[VBE_X_OFFSET] & (m->bpp == 4 ? ~7u : ~0u);
	m->y = MIN(r[VBE_Y_OFFSET], m->virt_height - m->height);
	/* To the right of the picture is the next line, as long as there is one. */
	if (start_of(m) + m->height * m->stride > memory)
		m->x = MIN(m->x, m->virt_width - m->width);
}

bool vga_vbe_enabled(const struct dev *d)
{
	return stdvga_of(d)->vbe[VBE_ENABLE] & VBE_ENABLED;
}

bool vga_vbe_dac8(const struct dev *d)
{
	return stdvga_of(d)->vbe[VBE_ENABLE] & VBE_8BIT_DAC;
}

void vga_vbe_linear(const struct dev *d, struct vga_linear *l)
{
	struct mode m;

	if (!vga_vbe_enabled(d))
		return;
	mode_of(d, &m);
	*l = (struct vga_linear){.width = m.width,
				 .height = m.height,
				 .stride = m.stride,
				 .bpp = m.bpp,
				 .split = ~0u};
	l->start = start_of(&m);
}

uint32_t vga_vbe_address(const struct dev *d, uint32_t at)
{
	const struct stdvga *s = stdvga_of(d);
	uint32_t bank = s->vbe[VBE_BANK] * (uint32_t)BANK_SIZE, size = vga_host_of(d)->vram_size;

	if (!vga_vbe_enabled(d))
		return vga_window_address(&s->vga, at);
	if (at >= BANK_SIZE)
		return VGA_NOWHERE;
	if (known_bpp(s->vbe[VBE_BPP]) == 4)
		return ((bank + at) & (size / 4 - 1)) | VGA_FLAT;
	return ((bank + at) & (size - 1)) | VGA_DIRECT;
}

/* ---- registers ---- */

static uint32_t capability(unsigned reg)
{
	return reg == VBE_BPP ? 32 : DISPLAY_MAX;
}

static uint64_t reg_read(struct dev *d, unsigned reg)
{
	const struct stdvga *s = stdvga_of(d);
	struct mode m;

	if (reg <= VBE_BPP && s->vbe[VBE_ENABLE] & VBE_GETCAPS)
		return capability(reg);
	if (!vga_vbe_enabled(d))
		return s->vbe[reg];
	mode_of(d, &m);
	switch (reg) {
	case VBE_XRES:
		return m.width;
	case VBE_YRES:
		return m.height;
	case VBE_BPP:
		return m.bpp;
	case VBE_VIRT_WIDTH:
		return m.virt_width;
	case VBE_VIRT_HEIGHT:
		return m.virt_height;
	case VBE_X_OFFSET:
		return m.x;
	default:
		return m.y;
	}
}

uint64_t vga_vbe_mode_read(struct dev *d, const struct access *a)
{
	return reg_read(d, VBE_XRES + a->index);
}

uint64_t vga_vbe_view_read(struct dev *d, const struct access *a)
{
	return reg_read(d, VBE_VIRT_WIDTH + a->index);
}

/* A version that this one knows may be asked for. */
void vga_vbe_id_written(struct dev *d, const struct access *a)
{
	if (a->val < ID_FIRST || a->val > ID_LAST)
		stdvga_of(d)->vbe[VBE_ID] = (uint16_t)a->old;
}

static void clear_screen(struct dev *d)
{
	const struct vga_host *h = vga_host_of(d);
	struct mode m;

	mode_of(d, &m);
	memset(h->vram, 0, (size_t)m.stride * m.height);
	vga_mark(d, 0, m.stride * m.height);
}

void vga_vbe_enable_written(struct dev *d, const struct access *a)
{
	uint16_t *r = stdvga_of(d)->vbe;

	vga_changed(d);
	if (!(a->val & ~a->old & VBE_ENABLED))
		return;
	r[VBE_VIRT_WIDTH] = r[VBE_XRES];
	r[VBE_VIRT_HEIGHT] = r[VBE_YRES];
	r[VBE_X_OFFSET] = r[VBE_Y_OFFSET] = r[VBE_BANK] = 0;
	if (!(a->val & VBE_NOCLEAR))
		clear_screen(d);
}

/* ---- the data port; registers past the last one are not there ---- */

uint64_t vga_vbe_data_read(struct dev *d, const struct access *a)
{
	uint16_t index = stdvga_of(d)->vbe_index;

	(void)a;
	return index < VBE_REGS ? dev_read(d, VGA_REGION_VBE, index * 2u, 2) : 0;
}

void vga_vbe_data_written(struct dev *d, const struct access *a)
{
	uint16_t index = stdvga_of(d)->vbe_index;

	if (index < VBE_REGS)
		dev_write(d, VGA_REGION_VBE, index * 2u, 2, a->val);
}
