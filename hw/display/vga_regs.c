/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_regs.c: the ports of a VGA: Miscellaneous Output and status, the index and data
 * pairs of sequencer, graphics and CRT controllers, the attribute controller's one port, the DAC.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 2-39 ff.
 */
#include "hw/display/display.h"

#include <errno.h>

enum { STATUS0_SENSE = 1 << 4 }; /* a monitor is there */
enum { CR11_LOCK = 1 << 7, CR07_LINE_COMPARE = 1 << 4 };

void vga_changed(struct dev *d)
{
	vga_host_of(d)->redraw = true;
}

bool vga_is_color(const struct dev *d)
{
	return vga_of(d)->misc & MISC_COLOR;
}

bool vga_is_mono(const struct dev *d)
{
	return !vga_is_color(d);
}

/* ---- external registers ---- */

void vga_misc_written(struct dev *d, const struct access *a)
{
	vga_of(d)->misc = a->val & 0xef;
	vga_changed(d);
}

void vga_feature_written(struct dev *d, const struct access *a)
{
	vga_of(d)->feature = a->val & 3;
}

uint64_t vga_status0_read(struct dev *d, const struct access *a)
{
	(void)d;
	(void)a;
	return STATUS0_SENSE;
}

/* Whether the beam is where something is shown; the attribute port goes back to its index. */
uint64_t vga_status1_read(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);
	struct vga_timing t;
	int64_t at, line, dot;

	(void)a;
	s->attr_flip = 0;
	vga_timing(s, &t);
	at = dev_now(d) % t.frame_ns;
	line = at / t.line_ns;
	dot = at % t.line_ns;
	if (line >= t.sync && line < t.sync + t.sync_lines)
		return ST01_RETRACE | ST01_DISABLED;
	return line >= t.shown || dot >= t.shown_ns ? ST01_DISABLED : 0;
}

/* ---- indexed registers ---- */

uint64_t vga_seq_read(struct dev *d, const struct access *a)
{
	(void)a;
	return dev_read(d, VGA_REGION_SEQ, vga_of(d)->seq_index, 1);
}

void vga_seq_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_SEQ, vga_of(d)->seq_index, 1, a->val);
}

uint64_t vga_grc_read(struct dev *d, const struct access *a)
{
	(void)a;
	return dev_read(d, VGA_REGION_GRC, vga_of(d)->grc_index, 1);
}

void vga_grc_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_GRC, vga_of(d)->grc_index, 1, a->val);
}

uint64_t vga_crtc_index_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->crtc_index;
}

void vga_crtc_index_written(struct dev *d, const struct access *a)
{
	vga_of(d)->crtc_index = (uint8_t)a->val;
}

uint64_t vga_crtc_read(struct dev *d, const struct access *a)
{
	(void)a;
	return dev_read(d, VGA_REGION_CRTC, vga_of(d)->crtc_index, 1);
}

void vga_crtc_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_CRTC, vga_of(d)->crtc_index, 1, a->val);
}

void vga_reg_written(struct dev *d, const struct access *a)
{
	if (a->old != a->val)
		vga_changed(d);
}

static bool crtc_locked(const struct vga *s)
{
	return s->crtc[CRTC_VSYNC_END] & CR11_LOCK;
}

void vga_locked_written(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);

	if (crtc_locked(s))
		s->crtc[a->index] = (uint8_t)a->old;
	vga_changed(d);
}

void vga_overflow_written(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);

	if (crtc_locked(s))
		s->crtc[CRTC_OVERFLOW] =
			(uint8_t)((a->old & ~CR07_LINE_COMPARE) | (a->val & CR07_LINE_COMPARE));
	vga_changed(d);
}

/* ---- the attribute controller ---- */

uint64_t vga_attr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->attr_index;
}

uint64_t vga_attr_data_read(struct dev *d, const struct access *a)
{
	(void)a;
	return dev_read(d, VGA_REGION_ATTR, vga_of(d)->attr_index & 0x1f, 1);
}

/* The palette can be written only while it does not feed the screen (PAS is 0). */
void vga_attr_written(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);
	uint8_t index = s->attr_index & 0x1f;

	s->attr_flip ^= 1;
	if (s->attr_flip) {
		if ((s->attr_index ^ a->val) & ATTR_VIDEO)
			vga_changed(d);
		s->attr_index = a->val & 0x3f;
	} else if (index >= ATTR_MODE || !(s->attr_index & ATTR_VIDEO)) {
		dev_write(d, VGA_REGION_ATTR, index, 1, a->val);
	}
}

/* ---- the DAC ---- */

uint64_t vga_dac_state_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->dac_state;
}

void vga_dac_read_written(struct dev *d, const struct access *a)
{
	(void)a;
	vga_of(d)->dac_sub = 0;
	vga_of(d)->dac_state = 3;
}

void vga_dac_write_written(struct dev *d, const struct access *a)
{
	(void)a;
	vga_of(d)->dac_sub = 0;
	vga_of(d)->dac_state = 0;
}

uint64_t vga_dac_data_read(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);
	uint8_t val = s->palette[s->dac_read * 3 + s->dac_sub];

	(void)a;
	if (++s->dac_sub == 3) {
		s->dac_sub = 0;
		s->dac_read++;
	}
	return val;
}

/* A colour takes effect with its third byte. */
void vga_dac_data_written(struct dev *d, const struct access *a)
{
	struct vga *s = vga_of(d);
	const struct vga_adapter *ad = vga_host_of(d)->adapter;

	s->dac_cache[s->dac_sub] = a->val & (ad->dac8 && ad->dac8(d) ? 0xff : 0x3f);
	if (++s->dac_sub < 3)
		return;
	s->dac_sub = 0;
	memcpy(&s->palette[s->dac_write++ * 3], s->dac_cache, 3);
	vga_changed(d);
}

/* ---- life ---- */

int vga_realize(struct dev *d, const struct vga_adapter *a, struct err *e)
{
	struct vga_host *h = vga_host_of(d);
	uint32_t mb = 1;

	while (mb < h->vgamem_mb)
		mb *= 2;
	if (mb != h->vgamem_mb || mb > VGA_MAX_MB)
		return err_set(e, -EINVAL, "vgamem_mb is a power of two, %d at most", VGA_MAX_MB);
	h->adapter = a;
	h->vram_size = mb << 20;
	h->vram = dev_ram(d, VGA_RAM, "vga.vram", h->vram_size, e);
	if (!h->vram)
		return -ENOMEM;
	dev_window(d, 0, VGA_REGION_PORTS, 0x04, 2, SPACE_IO, 0x3b4);
	dev_window(d, 1, VGA_REGION_PORTS, 0x0a, 1, SPACE_IO, 0x3ba);
	dev_window(d, 2, VGA_REGION_PORTS, 0x10, 16, SPACE_IO, 0x3c0);
	dev_window(d, 3, VGA_REGION_PORTS, 0x24, 2, SPACE_IO, 0x3d4);
	dev_window(d, 4, VGA_REGION_PORTS, 0x2a, 1, SPACE_IO, 0x3da);
	dev_window(d, 5, VGA_REGION_MEM, 0, VGA_MEM_LEN, SPACE_MEM, VGA_MEM_BASE);
	if (h->display)
		display_attach(h->display, &vga_display_ops, d);
	return 0;
}

void vga_unrealize(struct dev *d)
{
	if (vga_host_of(d)->display)
		display_attach(vga_host_of(d)->display, NULL, NULL);
}
