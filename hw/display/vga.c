/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga.c: the standard adapter (-vga std): a VGA with the Bochs VBE registers, a linear
 * frame buffer (BAR 0), its registers in memory (BAR 2) and a VGA BIOS.
 *
 * Spec:    display.h, vga_vbe.c, vga_edid.c; BAR 2: QEMU's docs/specs/standard-vga.rst
 * State:   text, CGA, planar, 256 colours, mode X, split screen, VBE 4 to 32 bits; EDID
 * Missing: big-endian frame buffers; the border colour; light pen; the VGA's ports and memory
 *          answer whatever COMMAND says, as QEMU's do; the window at a0000h is never mapped as RAM
 * Tests:   tests/hw/vga.c, vga_draw.c, vga_vbe.c; tests/replay/vga.regs; tests/guest/modes.sh
 */
#include "hw/display/vga.h"

#include <errno.h>

static const struct vga_adapter adapter = {
	.address = vga_vbe_address,
	.linear = vga_vbe_linear,
	.dac8 = vga_vbe_dac8,
};

/* ---- BAR 2 ---- */

enum { MMIO_EDID = 0x000, MMIO_PORTS = 0x400, MMIO_VBE = 0x500, MMIO_QEMU = 0x600 };
enum { XRES_MIN = 64, LITTLE_ENDIAN_FB = 0x1e1e1e1e };

static uint64_t edid_read(struct dev *d, const struct access *a)
{
	const struct stdvga_host *h = d->host;

	return a->index < sizeof(h->edid) ? h->edid[a->index] : 0;
}

static uint64_t mmio_port_read(struct dev *d, const struct access *a)
{
	return dev_read(d, VGA_REGION_PORTS, 0x10 + a->index, 1);
}

static void mmio_port_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_PORTS, 0x10 + a->index, 1, a->val);
}

static uint64_t mmio_vbe_read(struct dev *d, const struct access *a)
{
	return dev_read(d, VGA_REGION_VBE, a->index * 2, 2);
}

static void mmio_vbe_written(struct dev *d, const struct access *a)
{
	dev_write(d, VGA_REGION_VBE, a->index * 2 + a->at, a->size, a->val >> 8 * a->at);
}

/* ---- life ---- */

static uint64_t memory_read(struct dev *d, const struct access *a)
{
	(void)a;
	return vga_host_of(d)->vram_size >> 16;
}

static int stdvga_realize(struct dev *d, struct err *e)
{
	struct stdvga_host *h = d->host;

	if (MIN(h->xres, h->yres) < XRES_MIN)
		return err_set(e, -EINVAL, "xres and yres are %d to %d", XRES_MIN, DISPLAY_MAX);
	vga_edid_make(h->edid, h->xres, h->yres);
	dev_window(d, VGA_WINDOWS, VGA_REGION_DISPI, 0, 4, SPACE_IO, 0x1ce);
	return vga_realize(d, &adapter, e);
}

static void stdvga_reset(struct dev *d)
{
	vga_changed(d);
}

#define S struct stdvga
#define VBE(reg, name_, ...)                                                       \
	{                                                                          \
		.name = name_, .at = reg * 2, .region = VGA_REGION_VBE, .size = 2, \
		.off = offsetof(S, vbe[reg]), ##__VA_ARGS__                        \
	}
/* clang-format off */
static const struct row stdvga_rows[] = {
	VGA_ROWS(0x07, 0x0f),
	PCI_ROWS(VGA_REGION_CONFIG, S, pci, 0x1234, 0x1111, 2, 0x030000, 0, 0,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |
			 PCI_COMMAND_INTX_DISABLE, 0),

	/* Words that overlap: what begins at the byte comes first. */
	CALC(2, 2, "vbe_data2", .region = VGA_REGION_DISPI, .flags = ROW_PORT,
	     .read = vga_vbe_data_read, .written = vga_vbe_data_written),
	CALC(1, 2, "vbe_data", .region = VGA_REGION_DISPI, .flags = ROW_PORT,
	     .read = vga_vbe_data_read, .written = vga_vbe_data_written),
	REG(0, S, vbe_index, .region = VGA_REGION_DISPI, .rw = 0xffff),
	VBE(VBE_ID, "vbe.id", .reset = 0xb0c5, .rw = 0x0007, .written = vga_vbe_id_written),
	{.name = "vbe.mode", .at = VBE_XRES * 2, .region = VGA_REGION_VBE, .size = 2,
	 .off = offsetof(S, vbe[VBE_XRES]), .count = 3, .stride = 2, .step = 2, .rw = 0xffff,
	 .flags = ROW_PURE, .read = vga_vbe_mode_read, .written = vga_reg_written},
	VBE(VBE_ENABLE, "vbe.enable", .rw = 0xe3, .written = vga_vbe_enable_written),
	VBE(VBE_BANK, "vbe.bank", .rw = 0xffff),
	{.name = "vbe.view", .at = VBE_VIRT_WIDTH * 2, .region = VGA_REGION_VBE, .size = 2,
	 .off = offsetof(S, vbe[VBE_VIRT_WIDTH]), .count = 4, .stride = 2, .step = 2, .rw = 0xffff,
	 .flags = ROW_PURE, .read = vga_vbe_view_read, .written = vga_reg_written},
	CALC(VBE_MEMORY * 2, 2, "vbe.memory", .region = VGA_REGION_VBE, .flags = ROW_PURE,
	     .read = memory_read),

	CALC(MMIO_EDID, 1, "edid", .region = VGA_REGION_MMIO, .count = 256, .stride = 1,
	     .flags = ROW_PURE | ROW_RD, .read = edid_read),
	CALC(MMIO_PORTS, 1, "mmio.port", .region = VGA_REGION_MMIO, .count = 32, .stride = 1,
	     .read = mmio_port_read, .written = mmio_port_written),
	CALC(MMIO_VBE, 2, "mmio.vbe", .region = VGA_REGION_MMIO, .count = VBE_REGS, .stride = 2,
	     .flags = ROW_PURE, .read = mmio_vbe_read, .written = mmio_vbe_written),
	CONST(MMIO_QEMU, 4, "mmio.size", 8, .region = VGA_REGION_MMIO),
	CONST(MMIO_QEMU + 4, 4, "mmio.endian", LITTLE_ENDIAN_FB, .region = VGA_REGION_MMIO),
};
/* clang-format on */

static const struct region stdvga_regions[] = {
	[VGA_REGION_PORTS] = {.name = "ports", .len = 0x30, .sizes = 1, .unclaimed = 0xff},
	[VGA_REGION_MEM] = {.name = "mem", .len = VGA_MEM_LEN, .one = true},
	[VGA_REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[VGA_REGION_SEQ] = {.name = "seq", .len = 8},
	[VGA_REGION_GRC] = {.name = "grc", .len = 16},
	[VGA_REGION_CRTC] = {.name = "crtc", .len = 0x40},
	[VGA_REGION_ATTR] = {.name = "attr", .len = 0x20},
	[VGA_REGION_DISPI] = {.name = "dispi", .len = 4, .sizes = 2, .other = OTHER_ONES},
	[VGA_REGION_VBE] = {.name = "vbe", .len = VBE_REGS * 2},
	[VGA_REGION_MMIO] = {.name = "mmio", .len = 4096},
};

static const struct pci_info stdvga_pci = {
	.config = offsetof(S, pci),
	.region = VGA_REGION_CONFIG,
	.bar = {{.ram = true, .region = VGA_RAM, .prefetch = true},
		[2] = {.size = 4096, .region = VGA_REGION_MMIO}},
	.rom = "vgabios-stdvga.bin",
	.slot = -1,
};

static const struct prop stdvga_props[] = {
	{"vgamem_mb", PROP_U32, offsetof(struct stdvga_host, vga.vgamem_mb), "16",
	 "video memory in MiB, a power of two", VGA_MAX_MB},
	{"xres", PROP_U32, offsetof(struct stdvga_host, xres), "1280",
	 "preferred width, as the EDID tells", DISPLAY_MAX},
	{"yres", PROP_U32, offsetof(struct stdvga_host, yres), "800", "preferred height",
	 DISPLAY_MAX},
	{"display", PROP_DISPLAY, offsetof(struct stdvga_host, vga.display), "auto",
	 "the screen; made with the device", 0},
};

static struct dev_class stdvga_class = {
	.name = "VGA",
	.summary = "standard VGA with VBE modes and a linear frame buffer",
	.bus = &pci_bus_type,
	.bus_info = &stdvga_pci,
	.state_size = sizeof(S),
	.host_size = sizeof(struct stdvga_host),
	.regions = stdvga_regions,
	.n_regions = ARRAY_SIZE(stdvga_regions),
	.rows = stdvga_rows,
	.n_rows = ARRAY_SIZE(stdvga_rows),
	.props = stdvga_props,
	.n_props = ARRAY_SIZE(stdvga_props),
	.since = 2,
	.realize = stdvga_realize,
	.unrealize = vga_unrealize,
	.reset = stdvga_reset,
	.resume = stdvga_reset,
};
DEV_REGISTER(stdvga_class)
