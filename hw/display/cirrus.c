/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/cirrus.c: Cirrus Logic CL-GD5446 on PCI (-vga cirrus): its extended registers; the
 * VGA in it is display.h.
 *
 * Spec:    Cirrus Logic CL-GD5446 Technical Reference Manual (November 1996)
 * State:   packed modes of 8 to 32 bits, banks, linear frame buffer (BAR 0), blitter with all
 *          operations, registers in memory (b8000h, the end of the frame buffer, BAR 1), pointer
 * Missing: video overlay, byte-swapping apertures, colour key of planes, DDC, power management
 *          (GRE), line compare in packed modes, 22-bit line draw; clocks are kept, not used
 * Tests:   tests/hw/cirrus.c, cirrus_blt.c; tests/full/modes.sh
 */
#include "hw/display/cirrus.h"

enum { SR6_KEY = 0x12, SR6_OPEN = 0x12, SR6_SHUT = 0x0f, HIDDEN_READS = 4 };
enum { BAR_FRAME_BUFFER, CHIP_ID = 0xb8 };

static uint32_t no_address(const struct dev *d, uint32_t at)
{
	(void)d;
	(void)at;
	return VGA_NOWHERE; /* cirrus_mem.c answers the window */
}

/* SeaBIOS's VGA BIOS leaves the screen-off bit of SR01 set in the modes of its tables. */
static const struct vga_adapter adapter = {
	.ignores_off = true,
	.address = no_address,
	.linear = cirrus_linear,
	.cursor = cirrus_cursor,
};

/* ---- the sequencer's extensions ---- */

static void sr6_written(struct dev *d, const struct access *a)
{
	cirrus_of(d)->sr[0] = (a->val & 0x17) == SR6_KEY ? SR6_OPEN : SR6_SHUT;
}

/* The low three bits of a place come with the index, 10h or 11h with 30h, 50h … f0h. */
static uint64_t cursor_x_read(struct dev *d, const struct access *a)
{
	(void)a;
	return cirrus_of(d)->cursor_x >> 3;
}

static uint64_t cursor_y_read(struct dev *d, const struct access *a)
{
	(void)a;
	return cirrus_of(d)->cursor_y >> 3;
}

static void cursor_x_written(struct dev *d, const struct access *a)
{
	cirrus_of(d)->cursor_x = (uint16_t)(a->val << 3 | a->index);
}

static void cursor_y_written(struct dev *d, const struct access *a)
{
	cirrus_of(d)->cursor_y = (uint16_t)(a->val << 3 | a->index);
}

/* ---- registers that are wider than a VGA's ---- */

static void gr0_written(struct dev *d, const struct access *a)
{
	vga_of(d)->grc[GRC_SET_RESET] = a->val & 0x0f;
}

static void gr1_written(struct dev *d, const struct access *a)
{
	vga_of(d)->grc[GRC_ENABLE_SR] = a->val & 0x0f;
}

static void gr5_written(struct dev *d, const struct access *a)
{
	vga_of(d)->grc[GRC_MODE] = a->val & 0x7b;
	vga_changed(d);
}

/* ---- CRT controller: what can only be read ---- */

static uint64_t latch_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->latch[vga_of(d)->grc[GRC_READ_MAP]];
}

static uint64_t flip_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->attr_flip << 7;
}

static uint64_t attr_index_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_of(d)->attr_index;
}

/* ---- the DAC: a hidden register behind its mask, colours of the pointer ---- */

static uint64_t mask_read(struct dev *d, const struct access *a)
{
	struct cirrus *s = cirrus_of(d);

	(void)a;
	if (s->hidden_count < HIDDEN_READS) {
		s->hidden_count++;
		return s->vga.dac_mask;
	}
	s->hidden_count = 0;
	return s->hidden_dac;
}

static void mask_written(struct dev *d, const struct access *a)
{
	struct cirrus *s = cirrus_of(d);

	if (s->hidden_count == HIDDEN_READS)
		s->hidden_dac = (uint8_t)a->val;
	else
		s->vga.dac_mask = (uint8_t)a->val;
	s->hidden_count = 0;
	vga_changed(d);
}

static uint64_t dac_read(struct dev *d, const struct access *a)
{
	struct cirrus *s = cirrus_of(d);
	unsigned at = (s->vga.dac_read & 15) * 3u + s->vga.dac_sub;
	uint64_t val = vga_dac_data_read(d, a);

	s->hidden_count = 0;
	return cirrus_sr(s, 0x12) & CURSOR_COLORS ? s->cursor_colors[at] : val;
}

static void dac_written(struct dev *d, const struct access *a)
{
	struct cirrus *s = cirrus_of(d);
	uint8_t index = s->vga.dac_write, old[3];

	s->hidden_count = 0;
	memcpy(old, &s->vga.palette[index * 3], 3);
	vga_dac_data_written(d, a);
	if (!(cirrus_sr(s, 0x12) & CURSOR_COLORS) || s->vga.dac_write == index)
		return;
	memcpy(&s->vga.palette[index * 3], old, 3);
	memcpy(&s->cursor_colors[(index & 15) * 3], s->vga.dac_cache, 3);
}

/* ---- registers in memory ---- */

/* The blitter's registers by their offset; 0 = there is none. */
static unsigned blt_register(unsigned at)
{
	static const uint8_t colors[] = {0x00, 0x10, 0x12, 0x14, 0x01, 0x11, 0x13, 0x15};

	if (at < sizeof(colors))
		return 0x100 | colors[at];
	if (at < 0x13 || (at >= 0x14 && at < 0x19)) /* width … source, mask, mode */
		return 0x100 | (at + 0x18);
	switch (at) {
	case 0x1a:
	case 0x1b:
	case 0x1c:
	case 0x1d:
		return 0x100 | (at + 0x18);
	case 0x20:
	case 0x21:
		return 0x100 | (at + 0x18);
	case 0x40:
		return 0x100 | 0x31;
	default:
		return 0;
	}
}

static uint64_t blt_read(struct dev *d, const struct access *a)
{
	unsigned reg = blt_register(a->index);

	return reg ? dev_read(d, VGA_REGION_GRC, reg & 0xff, 1) : 0xff;
}

static void blt_written(struct dev *d, const struct access *a)
{
	unsigned reg = blt_register(a->index);

	if (reg)
		dev_write(d, VGA_REGION_GRC, reg & 0xff, 1, a->val);
}

static uint64_t mmio_port_read(struct dev *d, const struct access *a)
{
	return dev_read(d, VGA_REGION_PORTS, 0x10 + a->index, 1);
}

static void mmio_port_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_PORTS, 0x10 + a->index, 1, a->val);
}

/* ---- life ---- */

static int cirrus_realize(struct dev *d, struct err *e)
{
	return vga_realize(d, &adapter, e);
}

static void cirrus_reset(struct dev *d)
{
	vga_changed(d);
}

/* While nothing stands between, the guest writes into the memory itself. */
static void cirrus_settle(struct dev *d)
{
	bool plain = cirrus_plain_memory(cirrus_of(d));

	dev_ram_window(d, VGA_RAM, plain ? pci_bar_base(d, BAR_FRAME_BUFFER) : WINDOW_OFF, false);
}

static bool cirrus_valid(const struct dev *d)
{
	const struct cirrus *s = d->state;

	return cirrus_blt_valid(s) && s->vga.grc[GRC_SET_RESET] == (s->gr0 & 0x0f) &&
	       s->vga.grc[GRC_ENABLE_SR] == (s->gr1 & 0x0f) &&
	       s->vga.grc[GRC_MODE] == (s->gr5 & 0x7b);
}

#define S struct cirrus
#define EXT(bank, first, at_, n, arr, name_, ...)                                               \
	{                                                                                       \
		.name = name_, .at = at_, .region = VGA_REGION_##bank, .size = 1, .count = n,   \
		.stride = 1, .step = 1, .off = offsetof(S, arr[(at_) - (first)]), ##__VA_ARGS__ \
	}
#define SR(at_, n, name_, ...) EXT(SEQ, SR_FIRST, at_, n, sr, name_, ##__VA_ARGS__)
#define GR(at_, n, name_, ...) EXT(GRC, GR_FIRST, at_, n, gr, name_, ##__VA_ARGS__)
#define CR(at_, n, name_, ...) EXT(CRTC, CR_FIRST, at_, n, cr, name_, ##__VA_ARGS__)
/* clang-format off */
static const struct row cirrus_rows[] = {
	/* In front of the VGA's, whose places they take. */
	VGA_PORT(0x3c6, "dac_mask_or_hidden", .read = mask_read, .written = mask_written),
	VGA_PORT(0x3c9, "dac_data_or_cursor", .read = dac_read, .written = dac_written),
	CALC(0, 1, "memory", .region = VGA_REGION_MEM, .count = VGA_MEM_LEN, .stride = 1,
	     .flags = ROW_PORT, .read = cirrus_mem_read, .written = cirrus_mem_written),
	REG(GRC_SET_RESET, S, gr0, .region = VGA_REGION_GRC, .rw = 0xff, .written = gr0_written),
	REG(GRC_ENABLE_SR, S, gr1, .region = VGA_REGION_GRC, .rw = 0xff, .written = gr1_written),
	REG(GRC_MODE, S, gr5, .region = VGA_REGION_GRC, .rw = 0x7f, .written = gr5_written),
	VGA_ROWS(0xff, 0x3f),
	PCI_ROWS(VGA_REGION_CONFIG, S, pci, 0x1013, 0x00b8, 0, 0x030000, 0, 0,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |
			 PCI_COMMAND_INTX_DISABLE, 0),

	SR(0x06, 1, "sr06", .reset = SR6_SHUT, .rw = 0xff, .written = sr6_written),
	SR(0x07, 1, "sr07", .rw = 0xff, .written = vga_reg_written),
	SR(0x08, 7, "sr08", .rw = 0xff),
	SR(0x0f, 1, "sr0f", .reset = 0x98, .rw = 0xff), /* 4 MiB, 64 bits wide */
	SR(0x12, 1, "sr12", .rw = 0x87, .written = vga_reg_written),
	SR(0x13, 1, "sr13", .rw = 0x3f, .written = vga_reg_written),
	SR(0x14, 1, "sr14", .rw = 0xff),
	SR(0x15, 1, "sr15", .reset = 0x04, .rw = 0xff), /* 4 MiB, for BIOS and drivers */
	SR(0x16, 1, "sr16", .rw = 0xff),
	SR(0x17, 1, "sr17", .reset = 0x20, .rw = 0xc7), /* on PCI */
	SR(0x18, 7, "sr18", .rw = 0xff),
	SR(0x1f, 1, "sr1f", .reset = 0x2d, .rw = 0x7f),
	CALC(0x10, 1, "sr10", .region = VGA_REGION_SEQ, .count = 8, .stride = 0x20,
	     .flags = ROW_PURE, .read = cursor_x_read, .written = cursor_x_written),
	CALC(0x11, 1, "sr11", .region = VGA_REGION_SEQ, .count = 8, .stride = 0x20,
	     .flags = ROW_PURE, .read = cursor_y_read, .written = cursor_y_written),
	HID(S, cursor_x, .max = 0x7ff),
	HID(S, cursor_y, .max = 0x7ff),
	{.name = "sr10_unused", .at = HIDDEN, .size = 1, .count = 2, .step = 1,
	 .off = offsetof(S, sr[0x10 - SR_FIRST])},

	GR(0x09, 6, "gr09", .rw = 0xff),
	GR(0x0f, 1, "gr0f"), /* there are no GRF, GR16, GR17, GR19-GR1F, GR2B, GR36, GR37 */
	GR(0x10, 6, "gr10", .rw = 0xff),
	GR(0x16, 2, "gr16"),
	GR(0x18, 1, "gr18", .reset = 0x0f, .rw = 0xff),
	GR(0x19, 7, "gr19"),
	GR(0x20, 1, "gr20", .rw = 0xff),
	GR(0x21, 1, "gr21", .rw = 0x1f),
	GR(0x22, 1, "gr22", .rw = 0xff),
	GR(0x23, 1, "gr23", .rw = 0x07),
	GR(0x24, 1, "gr24", .rw = 0xff),
	GR(0x25, 1, "gr25", .rw = 0x1f),
	GR(0x26, 1, "gr26", .rw = 0xff),
	GR(0x27, 1, "gr27", .rw = 0x1f),
	GR(0x28, 2, "gr28", .rw = 0xff),
	GR(0x2a, 1, "gr2a", .rw = 0x3f, .written = cirrus_blt_auto_written),
	GR(0x2b, 1, "gr2b"),
	GR(0x2c, 2, "gr2c", .rw = 0xff),
	GR(0x2e, 1, "gr2e", .rw = 0x3f),
	GR(0x2f, 2, "gr2f", .rw = 0xff),
	GR(0x31, 1, "gr31", .rw = 0xf6, .hw = 0x09, .written = cirrus_blt_control_written),
	GR(0x32, 4, "gr32", .rw = 0xff),
	GR(0x36, 2, "gr36"),
	GR(0x38, 2, "gr38", .rw = 0xff),

	CR(0x19, 5, "cr19", .rw = 0xff, .written = vga_reg_written),
	CALC(0x22, 1, "cr22", .region = VGA_REGION_CRTC, .flags = ROW_PURE, .read = latch_read),
	CALC(0x24, 1, "cr24", .region = VGA_REGION_CRTC, .flags = ROW_PURE, .read = flip_read),
	CONST(0x25, 1, "cr25", 0, .region = VGA_REGION_CRTC),
	CALC(0x26, 1, "cr26", .region = VGA_REGION_CRTC, .flags = ROW_PURE,
	     .read = attr_index_read),
	CONST(0x27, 1, "cr27", CHIP_ID, .region = VGA_REGION_CRTC),

	HID(S, hidden_dac, .hw = 0xff),
	HID(S, hidden_count, .max = HIDDEN_READS),
	HID_ARRAY(S, cursor_colors, .hw = 0x3f),
	HID(S, blt.dst, .hw = 0xffffffff),
	HID(S, blt.src, .hw = 0xffffffff),
	HID(S, blt.y, .max = 2048),
	HID(S, blt.len, .max = BLT_LINE_MAX),
	HID(S, blt.at, .max = BLT_LINE_MAX),
	HID(S, blt.width, .max = BLT_LINE_MAX),
	HID(S, blt.height, .max = 2048),
	HID(S, blt.dst_pitch, .max = 0x1fff),
	HID(S, blt.src_pitch, .max = 0x1fff),
	HID(S, blt.mode, .hw = 0xff),
	HID(S, blt.ext, .hw = 0xff),
	HID(S, blt.rop, .hw = 0xff),
	HID(S, blt.skip, .hw = 0xff),
	HID(S, blt.state, .max = BLT_GIVES),
	HID_ARRAY(S, blt.pad),
	BUF(S, blt.buf, blt.len),

	CALC(0, 1, "lfb", .region = CIRRUS_REGION_LFB, .count = CIRRUS_LFB_LEN, .stride = 1,
	     .flags = ROW_PORT, .read = cirrus_lfb_read, .written = cirrus_lfb_written),
	CALC(0, 1, "blt", .region = CIRRUS_REGION_BLT, .count = 0x100, .stride = 1,
	     .flags = ROW_PURE, .read = blt_read, .written = blt_written),
	CALC(0x000, 1, "mmio.port", .region = CIRRUS_REGION_MMIO, .count = 32, .stride = 1,
	     .read = mmio_port_read, .written = mmio_port_written),
	CALC(0x100, 1, "mmio.blt", .region = CIRRUS_REGION_MMIO, .count = 0x100, .stride = 1,
	     .flags = ROW_PURE, .read = blt_read, .written = blt_written),
};
/* clang-format on */

static const struct region cirrus_regions[] = {
	[VGA_REGION_PORTS] = {.name = "ports", .len = 0x30, .sizes = 1, .unclaimed = 0xff},
	[VGA_REGION_MEM] = {.name = "mem", .len = VGA_MEM_LEN, .one = true},
	[VGA_REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[VGA_REGION_SEQ] = {.name = "seq", .len = 256},
	[VGA_REGION_GRC] = {.name = "grc", .len = 64},
	[VGA_REGION_CRTC] = {.name = "crtc", .len = 64},
	[VGA_REGION_ATTR] = {.name = "attr", .len = 0x20},
	[CIRRUS_REGION_LFB] = {.name = "lfb", .len = CIRRUS_LFB_LEN, .one = true},
	[CIRRUS_REGION_MMIO] = {.name = "mmio", .len = 4096},
	[CIRRUS_REGION_BLT] = {.name = "blt", .len = 256},
};

static const struct pci_info cirrus_pci = {
	.config = offsetof(S, pci),
	.region = VGA_REGION_CONFIG,
	.bar = {[BAR_FRAME_BUFFER] = {.size = CIRRUS_LFB_LEN,
				      .region = CIRRUS_REGION_LFB,
				      .prefetch = true},
		{.size = 4096, .region = CIRRUS_REGION_MMIO}},
	.rom = "vgabios-cirrus.bin",
	.slot = -1,
};

static const struct prop cirrus_props[] = {
	{"vgamem_mb", PROP_U32, offsetof(struct vga_host, vgamem_mb), "4",
	 "video memory in MiB; drivers know 4", 16},
	{"display", PROP_DISPLAY, offsetof(struct vga_host, display), "auto",
	 "the screen; made with the device", 0},
};

static struct dev_class cirrus_class = {
	.name = "cirrus-vga",
	.summary = "Cirrus Logic CL-GD5446",
	.bus = &pci_bus_type,
	.bus_info = &cirrus_pci,
	.state_size = sizeof(S),
	.host_size = sizeof(struct vga_host),
	.regions = cirrus_regions,
	.n_regions = ARRAY_SIZE(cirrus_regions),
	.rows = cirrus_rows,
	.n_rows = ARRAY_SIZE(cirrus_rows),
	.props = cirrus_props,
	.n_props = ARRAY_SIZE(cirrus_props),
	.since = 2,
	.realize = cirrus_realize,
	.unrealize = vga_unrealize,
	.reset = cirrus_reset,
	.settle = cirrus_settle,
	.valid = cirrus_valid,
	.resume = cirrus_reset,
};
DEV_REGISTER(cirrus_class)
