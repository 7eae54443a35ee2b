/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PIIX4_PM: 82371AB function 3 beside a PIIX3: PM1 control, GPE block, SMI command, SMBus host.
 *
 * Spec:    Intel 82371AB, order 290562-001, chapters 7 (function 3) and 11 (power management)
 * State:   configuration, PM1_CNT with soft-off (S5) and S4, ACPI enable and disable by port b2,
 *          GPE0 at afe0, SMBus host controller, SCI on ISA interrupt 9
 * Missing: S1, S2, S3; SMI#; the rest of the PM block (processor control, global and device
 *          registers, GPIO); nothing hangs on the SMBus: each address stays silent; SMBus slave
 * Tests:   tests/hw/piix4_pm.c
 *
 * PM1 status, PM1 enable and the PM timer are the core's, placed where PMBA and PMREGMISC say.
 * GPE0 is where i440FX boards of other emulators have it, not at PMBA + 0c. Bit 25 of DEVACTB
 * resets to 1: firmware takes it that SMM is set up already, and does not wait for an SMI.
 */
#include "base/dev.h"
#include "hw/pci/pci.h"

enum { PMBA_RTE = 1 << 0, PMBA_BASE = 0xffc0, PMIOSE = 1 << 0 };
enum { DEVACTB_APMC_EN = 1 << 25 };
enum { SMBBA_RTE = 1 << 0, SMBBA_BASE = 0xfff0 };
enum { SMB_HST_EN = 1 << 0, SMB_INTRSEL = 7 << 1, SMB_INTRSEL_IRQ9 = 4 << 1 };
enum {
	SCI_EN = 1 << 0,
	BM_RLD = 1 << 1,
	SLP_TYP = 7 << 10,
	SLP_EN = 1 << 13,
	TYP_S5 = 0,
	TYP_S4 = 2
};
enum { ACPI_DISABLE = 0xf0, ACPI_ENABLE = 0xf1 };
enum { GPE0_BASE = 0xafe0, APM_BASE = 0xb2 };
enum {
	HST_BUSY = 1 << 0,
	HST_INTR = 1 << 1,
	HST_DEV_ERR = 1 << 2,
	HST_BUS_ERR = 1 << 3,
	HST_FAILED = 1 << 4,
	HST_EVENTS = HST_INTR | HST_DEV_ERR | HST_BUS_ERR | HST_FAILED
};
enum { CNT_INTEREN = 1 << 0, CNT_KILL = 1 << 1, CNT_PROT = 7 << 2, CNT_START = 1 << 6 };
enum { SLV_EVENTS = 0x3c, BLOCK = 32, DEVRES = 8 };
enum { REGION_CONFIG, REGION_CNT, REGION_GPE, REGION_APM, REGION_SMB };

struct piix4_pm {
	struct pci_config pci;
	uint32_t pmba, cnta, cntb, gpictl, devresd, devacta, devactb, devres[DEVRES], smbba;
	uint16_t pm1_cnt, gpe_sts, gpe_en, slvevt;
	uint8_t pmregmisc, hstcfg, slvc, shdw[2];
	uint8_t apmc, apms;
	uint8_t hststs, slvsts, hstcnt, hstcmd, hstadd, hstdat[2], blk_index, slvcnt, shdwcmd;
	uint8_t blk[BLOCK];
};

struct piix4_pm_host {
	uint8_t disable_s3, disable_s4;
};

/* ---- sleeping, and who owns the power button ---- */

static void pm1_cnt_written(struct dev *d, const struct access *a)
{
	const struct piix4_pm *s = d->state;
	const struct piix4_pm_host *h = d->host;
	unsigned typ = (s->pm1_cnt & SLP_TYP) >> 10;

	if (!(a->val & SLP_EN))
		return;
	/* Before S4 the guest has saved all it wants to find again: it is off then as in S5. */
	if (typ == TYP_S5 || (typ == TYP_S4 && !h->disable_s4))
		dev_request(d, REQ_POWEROFF, 0);
	else
		dev_guest_error(d, "a sleep state that is not offered");
}

static void apmc_written(struct dev *d, const struct access *a)
{
	struct piix4_pm *s = d->state;

	(void)a;
	if (s->apmc == ACPI_ENABLE)
		s->pm1_cnt |= SCI_EN;
	if (s->apmc == ACPI_DISABLE)
		s->pm1_cnt &= (uint16_t)~SCI_EN;
}

/* ---- SMBus: no device acknowledges its address (7.3.1, DEV_ERR) ---- */

static void hstcnt_written(struct dev *d, const struct access *a)
{
	struct piix4_pm *s = d->state;

	if (a->val & CNT_KILL)
		s->hststs |= HST_FAILED;
	else if (a->val & CNT_START)
		s->hststs |= HST_DEV_ERR;
}

/* Reading the control register starts the block buffer anew. */
static uint64_t hstcnt_read(struct dev *d, const struct access *a)
{
	struct piix4_pm *s = d->state;

	(void)a;
	s->blk_index = 0;
	return s->hstcnt;
}

static uint64_t blkdat_read(struct dev *d, const struct access *a)
{
	struct piix4_pm *s = d->state;
	uint8_t v = s->blk[s->blk_index];

	(void)a;
	s->blk_index = (uint8_t)((s->blk_index + 1) % BLOCK);
	return v;
}

static void blkdat_written(struct dev *d, const struct access *a)
{
	struct piix4_pm *s = d->state;

	s->blk[s->blk_index] = (uint8_t)a->val;
	s->blk_index = (uint8_t)((s->blk_index + 1) % BLOCK);
}

/* ---- outputs ---- */

static bool smb_interrupt(const struct piix4_pm *s)
{
	return s->hstcnt & CNT_INTEREN && s->hststs & HST_EVENTS &&
	       (s->hstcfg & SMB_INTRSEL) == SMB_INTRSEL_IRQ9;
}

static void piix4_pm_settle(struct dev *d)
{
	const struct piix4_pm *s = d->state;
	bool pm = s->pmregmisc & PMIOSE;
	bool smb = s->hstcfg & SMB_HST_EN && s->pci.command & PCI_COMMAND_IO;

	dev_pm_place(d, s->pmba & PMBA_BASE, pm);
	dev_window(d, 0, REGION_CNT, 0, 2, SPACE_IO, pm ? (s->pmba & PMBA_BASE) + 4 : WINDOW_OFF);
	dev_window(d, 1, REGION_SMB, 0, 16, SPACE_IO, smb ? s->smbba & SMBBA_BASE : WINDOW_OFF);
	dev_line(d, 0, s->gpe_sts & s->gpe_en || smb_interrupt(s));
}

static int piix4_pm_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_ISA, 9);
	dev_window(d, 2, REGION_GPE, 0, 4, SPACE_IO, GPE0_BASE);
	dev_window(d, 3, REGION_APM, 0, 2, SPACE_IO, APM_BASE);
	return 0;
}

static const struct prop piix4_pm_props[] = {
	{"disable_s3", PROP_U8, offsetof(struct piix4_pm_host, disable_s3), "1",
	 "suspend to RAM is not offered; it never is", 1},
	{"disable_s4", PROP_U8, offsetof(struct piix4_pm_host, disable_s4), "0",
	 "suspend to disk is not offered", 1},
};

static const struct region piix4_pm_regions[] = {
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_CNT] = {.name = "pm1_cnt", .len = 2},
	[REGION_GPE] = {.name = "gpe0", .len = 4},
	[REGION_APM] = {.name = "apm", .len = 2},
	[REGION_SMB] = {.name = "smb", .len = 16},
};

/* clang-format off */
static const struct row piix4_pm_rows[] = {
	PCI_ROWS(REGION_CONFIG, struct piix4_pm, pci, 0x8086, 0x7113, 3, 0x068000, 0, 1,
		 PCI_COMMAND_IO, 0x0280),
	REG(0x40, struct piix4_pm, pmba, .rw = PMBA_BASE, .reset = PMBA_RTE),
	REG(0x44, struct piix4_pm, cnta, .rw = 0xffffffff),
	REG(0x48, struct piix4_pm, cntb, .rw = 0xffffffff),
	REG(0x4c, struct piix4_pm, gpictl, .rw = 0xffffffff),
	REG(0x50, struct piix4_pm, devresd, .rw = 0xffffffff),
	REG(0x54, struct piix4_pm, devacta, .rw = 0xffffffff),
	REG(0x58, struct piix4_pm, devactb, .rw = 0xffffffff, .reset = DEVACTB_APMC_EN),
	REG_ARRAY(0x5c, 4, struct piix4_pm, devres, .rw = 0xffffffff),
	REG(0x80, struct piix4_pm, pmregmisc, .rw = PMIOSE),
	REG(0x90, struct piix4_pm, smbba, .rw = SMBBA_BASE, .reset = 0xb100 | SMBBA_RTE),
	REG(0xd2, struct piix4_pm, hstcfg, .rw = SMB_INTRSEL | SMB_HST_EN,
	    .reset = SMB_INTRSEL_IRQ9 | SMB_HST_EN),
	REG(0xd3, struct piix4_pm, slvc, .rw = 0xff),
	REG_ARRAY(0xd4, 1, struct piix4_pm, shdw, .rw = 0xff),
	CONST(0xd6, 1, "smbrev", 0, .region = REGION_CONFIG),
	REG(0, struct piix4_pm, pm1_cnt, .region = REGION_CNT, .rw = SCI_EN | BM_RLD | SLP_TYP,
	    .written = pm1_cnt_written),
	REG(0, struct piix4_pm, gpe_sts, .region = REGION_GPE, .w1c = 0xffff),
	REG(2, struct piix4_pm, gpe_en, .region = REGION_GPE, .rw = 0xffff),
	REG(0, struct piix4_pm, apmc, .region = REGION_APM, .rw = 0xff, .written = apmc_written),
	REG(1, struct piix4_pm, apms, .region = REGION_APM, .rw = 0xff),
	REG(0, struct piix4_pm, hststs, .region = REGION_SMB, .w1c = HST_EVENTS),
	REG(1, struct piix4_pm, slvsts, .region = REGION_SMB, .w1c = SLV_EVENTS),
	REG(2, struct piix4_pm, hstcnt, .region = REGION_SMB,
	    .rw = CNT_INTEREN | CNT_KILL | CNT_PROT, .read = hstcnt_read,
	    .written = hstcnt_written),
	REG(3, struct piix4_pm, hstcmd, .region = REGION_SMB, .rw = 0xff),
	REG(4, struct piix4_pm, hstadd, .region = REGION_SMB, .rw = 0xff),
	REG_ARRAY(5, 1, struct piix4_pm, hstdat, .region = REGION_SMB, .rw = 0xff),
	CALC(7, 1, "blkdat", .region = REGION_SMB, .read = blkdat_read,
	     .written = blkdat_written),
	REG(8, struct piix4_pm, slvcnt, .region = REGION_SMB, .rw = 0x0f),
	REG(9, struct piix4_pm, shdwcmd, .region = REGION_SMB),
	REG(10, struct piix4_pm, slvevt, .region = REGION_SMB, .rw = 0xffff),
	CONST(12, 2, "slvdat", 0, .region = REGION_SMB),
	HID(struct piix4_pm, blk_index, .max = BLOCK - 1),
	BYTES(struct piix4_pm, blk, 0),
};
/* clang-format on */

static const struct pci_info piix4_pm_pci = {
	.config = offsetof(struct piix4_pm, pci), .region = REGION_CONFIG, .slot = 1, .fn = 3};

static struct dev_class piix4_pm_class = {
	.name = "PIIX4_PM",
	.summary = "82371AB power management and SMBus",
	.bus = &pci_bus_type,
	.bus_info = &piix4_pm_pci,
	.since = 2,
	.state_size = sizeof(struct piix4_pm),
	.host_size = sizeof(struct piix4_pm_host),
	.regions = piix4_pm_regions,
	.n_regions = ARRAY_SIZE(piix4_pm_regions),
	.rows = piix4_pm_rows,
	.n_rows = ARRAY_SIZE(piix4_pm_rows),
	.props = piix4_pm_props,
	.n_props = ARRAY_SIZE(piix4_pm_props),
	.n_lines = 1,
	.internal = true,
	.realize = piix4_pm_realize,
	.settle = piix4_pm_settle,
};
DEV_REGISTER(piix4_pm_class)
