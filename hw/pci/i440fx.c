/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i440FX: 82441FX (PMC) host bridge: configuration mechanism 1, the bus pci.0, shadow RAM.
 *
 * Spec:    Intel 82441FX, order 290549-001, chapter 3
 * State:   configuration header, PAM, CONFADD; SMRAM with its lock; the DRAM, ECC and timing
 *          registers are storage with the data sheet's reset values
 * Missing: SMRAM never opens (there is no SMM); DRB does not tell the real memory size; CONFADD
 *          accesses to other buses and the shutdown cycle; parity and SERR
 * Tests:   tests/hw/i440fx.c
 *
 * The core latches CONFADD too and sends configuration cycles to their function by number, so
 * what reaches CONFDATA here had bit 31 clear.
 */
#include "base/dev_owner.h"
#include "hw/pci/pci.h"

enum { CONFADD_MASK = 0x80fffffc };
enum { PAM_RE = 1 << 0, PAM_WE = 1 << 1, PAM_SEGMENTS = 13 };
enum { D_OPEN = 1 << 6, D_CLS = 1 << 5, D_LCK = 1 << 4, G_SMRAME = 1 << 3, C_BASE_SEG = 2 };
enum { REGION_CONFADD, REGION_CONFDATA };

/* The side of the bridge that faces the processor. */
struct pcihost {
	uint32_t confadd;
};

struct pcihost_host {
	struct bus bus;
};

struct i440fx {
	struct pci_config pci;
	uint16_t pmccfg, drt;
	uint8_t deturbo, dbc, axc, dramc, dramt, pam0, pam[6], drb[8], fdhc, mtt, clt, smram;
	uint8_t errcmd, errsts, trc;
};

/* D_LCK closes SMRAM, and neither can be undone before reset (3.2.23). */
static void smram_written(struct dev *d, const struct access *a)
{
	struct i440fx *s = d->state;

	s->smram |= (uint8_t)(a->old & D_LCK);
	if (s->smram & D_LCK)
		s->smram &= (uint8_t)~D_OPEN;
}

/* PAM0 is the 64 KiB below 1 MiB; each nibble after it 16 KiB, upwards from 0xc0000 (table 3). */
static void shadow_settle(struct dev *d, const struct i440fx *s)
{
	unsigned n = s->pam0 >> 4;

	dev_shadow(d, 0xf0000, 0x10000, n & PAM_RE, n & PAM_WE);
	for (unsigned i = 0; i < PAM_SEGMENTS - 1; i++) {
		n = s->pam[i / 2] >> i % 2 * 4;
		dev_shadow(d, 0xc0000 + i * 0x4000, 0x4000, n & PAM_RE, n & PAM_WE);
	}
}

static void i440fx_settle(struct dev *d)
{
	shadow_settle(d, d->state);
}

static bool i440fx_valid(const struct dev *d)
{
	const struct i440fx *s = d->state;

	return !(s->smram & D_LCK) || !(s->smram & D_OPEN);
}

static const struct region i440fx_regions[] = {
	{.name = "config", .len = 256, .sizes = 1 | 2 | 4},
};

/* clang-format off */
static const struct row i440fx_rows[] = {
	PCI_ROWS_COMMAND(0, struct i440fx, pci, 0x8086, 0x1237, 2, 0x060000, 0, 0,
			 PCI_COMMAND_SERR | PCI_COMMAND_PARITY, 0x0006, 0x0280),
	REG(0x50, struct i440fx, pmccfg, .rw = 0xffff),
	REG(0x52, struct i440fx, deturbo, .rw = 0xff),
	REG(0x53, struct i440fx, dbc, .rw = 0xff, .reset = 0x80),
	REG(0x54, struct i440fx, axc, .rw = 0xff),
	REG(0x55, struct i440fx, drt, .rw = 0xffff),
	REG(0x57, struct i440fx, dramc, .rw = 0xff, .reset = 0x01),
	REG(0x58, struct i440fx, dramt, .rw = 0xff, .reset = 0x10),
	REG(0x59, struct i440fx, pam0, .rw = 0x30),
	REG_ARRAY(0x5a, 1, struct i440fx, pam, .rw = 0x33),
	REG_ARRAY(0x60, 1, struct i440fx, drb, .rw = 0xff, .reset = 0x01),
	REG(0x68, struct i440fx, fdhc, .rw = 0xff),
	REG(0x70, struct i440fx, mtt, .rw = 0xff),
	REG(0x71, struct i440fx, clt, .rw = 0xff, .reset = 0x10),
	REG(0x72, struct i440fx, smram, .rw = D_OPEN | D_CLS | D_LCK | G_SMRAME,
	    .reset = C_BASE_SEG, .written = smram_written),
	REG(0x90, struct i440fx, errcmd, .rw = 0xff),
	REG(0x91, struct i440fx, errsts, .rw = 0xff),
	REG(0x93, struct i440fx, trc, .rw = 0xff),
};
/* clang-format on */

static const struct pci_info i440fx_pci = {.config = offsetof(struct i440fx, pci)}; /* 00.0 */

static struct dev_class i440fx_class = {
	.name = "i440FX",
	.summary = "82441FX host bridge, PCI side",
	.bus = &pci_bus_type,
	.bus_info = &i440fx_pci,
	.state_size = sizeof(struct i440fx),
	.regions = i440fx_regions,
	.n_regions = ARRAY_SIZE(i440fx_regions),
	.rows = i440fx_rows,
	.n_rows = ARRAY_SIZE(i440fx_rows),
	.internal = true,
	.settle = i440fx_settle,
	.valid = i440fx_valid,
};
DEV_REGISTER(i440fx_class)

/* ---- the processor's side ---- */

static int pcihost_realize(struct dev *d, struct err *e)
{
	struct pcihost_host *h = d->host;

	(void)e;
	bus_add(&h->bus, &pci_bus_type, d, "pci.0");
	dev_window(d, 0, REGION_CONFADD, 0, 4, SPACE_IO, 0xcf8);
	dev_window(d, 1, REGION_CONFDATA, 0, 4, SPACE_IO, 0xcfc);
	return 0;
}

static void pcihost_unrealize(struct dev *d)
{
	struct pcihost_host *h = d->host;

	bus_remove(&h->bus);
}

static const struct region pcihost_regions[] = {
	/* Anything but a dword passes to the PCI bus, where nobody answers (3.1.1). */
	[REGION_CONFADD] = {.name = "confadd", .len = 4, .sizes = 4, .other = OTHER_ONES},
	[REGION_CONFDATA] = {.name = "confdata", .len = 4},
};

/* clang-format off */
static const struct row pcihost_rows[] = {
	REG(0, struct pcihost, confadd, .region = REGION_CONFADD, .rw = CONFADD_MASK),
	CONST(0, 4, "confdata", 0xffffffff, .region = REGION_CONFDATA),
};
/* clang-format on */

static struct dev_class pcihost_class = {
	.name = "i440FX-pcihost",
	.summary = "82441FX host bridge, processor side: bus pci.0",
	.state_size = sizeof(struct pcihost),
	.host_size = sizeof(struct pcihost_host),
	.regions = pcihost_regions,
	.n_regions = ARRAY_SIZE(pcihost_regions),
	.rows = pcihost_rows,
	.n_rows = ARRAY_SIZE(pcihost_rows),
	.internal = true,
	.realize = pcihost_realize,
	.unrealize = pcihost_unrealize,
};
DEV_REGISTER(pcihost_class)
