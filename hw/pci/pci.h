/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/pci/pci.h: the PCI bus as its devices see it. A PCI device embeds struct
 * pci_config in its state, PCI_ROWS in its rows, a "config" region of 256 bytes
 * (SPACE_CONFIG) in its regions, and names them in a struct pci_info.
 *
 * Spec: PCI Local Bus 2.2, chapter 6.
 */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H
#include "base/dev.h"

struct pci_config {
	uint32_t bar[6];
	uint32_t rom_bar;
	uint16_t command, status;
	uint8_t cache_line, latency, interrupt_line, pad;
};
enum {
	PCI_COMMAND_IO = 1 << 0,
	PCI_COMMAND_MEMORY = 1 << 1,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_COMMAND_PARITY = 1 << 6,
	PCI_COMMAND_SERR = 1 << 8,
	PCI_COMMAND_INTX_DISABLE = 1 << 10,
	PCI_STATUS_INTX = 1 << 3,
};

struct pci_bar {
	uint32_t size;  /* power of two; 0 = no BAR */
	uint8_t region; /* of the class, from offset `off` */
	uint32_t off;
	bool io, prefetch;
	bool ram; /* shows the device's dev_ram number `region`, whose size counts, all of it */
};
struct pci_info {
	size_t config;  /* offsetof(struct x, pci) */
	uint8_t region; /* number of the config region; windows 10-15 of d are the bus's for BARs */
	uint8_t intx;   /* pin 1-4, 0 = none: line 0 of the class is INTx */
	struct pci_bar bar[6];
	const char *rom;    /* file of the expansion ROM, NULL = none; romfile= names another */
	int8_t slot, fn;    /* fixed place, e.g. 1, 1 for PIIX3 IDE; slot -1 = first free */
	bool multifunction; /* header bit 7, as the property of that name */
};

/*
 * The standard header rows of config region `reg` for state T with `struct pci_config m`.
 * cmd: writable bits of COMMAND. The BAR rows are answered through pci_bar_read/written, which
 * take sizes from struct pci_info; so is header bit 7 (`header` is 0 for all but bridges). The
 * image of an expansion ROM is dev_ram number PCI_ROM_RAM of the device.
 */
#define PCI_ROWS(reg, T, m, ven, devid, rev, class24, header, pin, cmd, st) \
	PCI_ROWS_COMMAND(reg, T, m, ven, devid, rev, class24, header, pin, cmd, 0, st)
/* For a function whose COMMAND does not reset to 0. */
#define PCI_ROWS_COMMAND(reg, T, m, ven, devid, rev, class24, header, pin, cmd, cmd_reset, st)   \
	CONST(0x00, 2, "vendor", ven, .region = reg),                                            \
		CONST(0x02, 2, "device", devid, .region = reg),                                  \
		REG(0x04, T, m.command, .region = reg, .reset = cmd_reset, .rw = cmd),           \
		REG(0x06, T, m.status, .region = reg, .reset = st, .w1c = 0xf900,                \
		    .hw = PCI_STATUS_INTX),                                                      \
		CONST(0x08, 1, "revision", rev, .region = reg),                                  \
		CONST(0x09, 1, "prog_if", (class24)&0xff, .region = reg),                        \
		CONST(0x0a, 2, "class", (class24) >> 8, .region = reg),                          \
		REG(0x0c, T, m.cache_line, .region = reg, .rw = 0xff),                           \
		REG(0x0d, T, m.latency, .region = reg, .rw = 0xff),                              \
		CONST(0x0e, 1, "header", header, .region = reg, .flags = ROW_PURE,               \
		      .read = pci_header_read),                                                  \
		REG_ARRAY(0x10, 4, T, m.bar, .region = reg, .hw = 0xffffffff, .flags = ROW_PURE, \
			  .read = pci_bar_read, .written = pci_bar_written),                     \
		CONST(0x2c, 4, "subsystem", 0x11001af4, .region = reg),                          \
		REG(0x30, T, m.rom_bar, .region = reg, .hw = 0xffffffff, .flags = ROW_PURE,      \
		    .read = pci_rom_read, .written = pci_rom_written),                           \
		REG(0x3c, T, m.interrupt_line, .region = reg, .rw = 0xff),                       \
		CONST(0x3d, 1, "interrupt_pin", pin, .region = reg), HID(T, m.pad)
uint64_t pci_header_read(struct dev *d, const struct access *a);
uint64_t pci_bar_read(struct dev *d, const struct access *a);
void pci_bar_written(struct dev *d, const struct access *a);
uint64_t pci_rom_read(struct dev *d, const struct access *a);
void pci_rom_written(struct dev *d, const struct access *a);
enum { PCI_ROM_RAM = 3 };

extern const struct bus_type pci_bus_type;

/* Interrupt level of a PCI function: line 0, masked by COMMAND.INTX_DISABLE, shown in STATUS; in
 * settle. */
void pci_intx(struct dev *d, bool level);
bool pci_bus_master(const struct dev *d); /* dma_* obey it already */
uint8_t pci_devfn(const struct dev *d);

/* For the owner of the machine: the function at slot << 3 | fn, NULL when none, and which of its
 * regions (256 bytes, 1, 2 or 4 wide) configuration cycles go to. */
struct bus;
struct dev *pci_find(const struct bus *b, unsigned devfn);
unsigned pci_config_region(const struct dev *d);
/* BAR n, or 6: the expansion ROM. Size 0: there is none; base WINDOW_OFF: it does not decode. */
uint32_t pci_bar_size(const struct dev *d, unsigned n);
uint64_t pci_bar_base(const struct dev *d, unsigned n);
#endif
