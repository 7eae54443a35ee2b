/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIIX4 function 3, against Intel 290562-001 and ACPI 6.3, 4.8.3. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { PM = 1 << 3 | 3, COMMAND = 0x04, PMBA = 0x40, PMREGMISC = 0x80, SMBBA = 0x90 };
enum { STS = 0x600, EN = 0x602, CNT = 0x604, TMR = 0x608, GPE_STS = 0xafe0, GPE_EN = 0xafe2 };
enum { PWRBTN = 1 << 8, SLP_EN = 1 << 13, SCI = 9 };

static uint32_t cfg(struct guest *b, unsigned at, unsigned size)
{
	return bus_cfg_read(b, PM, at, size);
}

static void pm_on(struct guest *b)
{
	bus_cfg_write(b, PM, PMBA, 4, 0x601);
	bus_cfg_write(b, PM, PMREGMISC, 1, 1);
}

static bool qmp_says(struct guest *b, const char *command, const char *what)
{
	return strstr(bus_qmp(b, command), what) != NULL;
}

BUS_TEST(pm_header, "-nodefaults")
{
	EQ(0x71138086, cfg(b, 0x00, 4));
	EQ(0x0000, cfg(b, COMMAND, 2));
	EQ(0x0280, cfg(b, 0x06, 2));
	EQ(0x06800003, cfg(b, 0x08, 4));
	EQ(0x00, cfg(b, 0x0e, 1));
	EQ(0x0100, cfg(b, 0x3c, 2)); /* pin A, though the interrupt is ISA 9 */
	bus_cfg_write(b, PM, COMMAND, 2, 0xffff);
	EQ(0x0001, cfg(b, COMMAND, 2));
}

BUS_TEST(pm_reset_values, "-nodefaults")
{
	EQ(0x00000001, cfg(b, PMBA, 4));
	EQ(0x02, cfg(b, 0x5b, 1));
	EQ(0x00, cfg(b, PMREGMISC, 1));
	EQ(0x0000b101, cfg(b, SMBBA, 4));
	EQ(0x09, cfg(b, 0xd2, 1));
	bus_cfg_write(b, PM, PMBA, 4, 0xffffffff);
	EQ(0x0000ffc1, cfg(b, PMBA, 4));
	bus_cfg_write(b, PM, SMBBA, 4, 0);
	EQ(0x00000001, cfg(b, SMBBA, 4));
}

BUS_TEST(pm_base, "-nodefaults")
{
	EQ(0xffff, bus_in(b, STS, 2));
	EQ(0xffff, bus_in(b, CNT, 2));
	pm_on(b);
	EQ(0x0000, bus_in(b, STS, 2));
	EQ(0x0000, bus_in(b, CNT, 2));
	bus_step(b, NS_PER_SEC);
	EQ(3579545, bus_in(b, TMR, 4) & 0xffffff);
	bus_cfg_write(b, PM, PMBA, 4, 0xb001);
	EQ(0xffff, bus_in(b, CNT, 2));
	EQ(0x0000, bus_in(b, 0xb004, 2));
	CHECK(bus_in(b, 0xb008, 4) != 0xffffffff);
	bus_cfg_write(b, PM, PMREGMISC, 1, 0);
	EQ(0xffffffff, bus_in(b, 0xb008, 4));
	EQ(0xffff, bus_in(b, 0xb004, 2));
}

/* ACPI is enabled by port b2, or by the guest itself. */
BUS_TEST(acpi_enable, "-nodefaults")
{
	pm_on(b);
	bus_out(b, 0xb2, 1, 0xf1);
	EQ(0x0001, bus_in(b, CNT, 2));
	EQ(0xf1, bus_in(b, 0xb2, 1));
	bus_out(b, 0xb2, 1, 0x55);
	EQ(0x0001, bus_in(b, CNT, 2));
	bus_out(b, 0xb2, 1, 0xf0);
	EQ(0x0000, bus_in(b, CNT, 2));
	bus_out(b, 0xb3, 1, 0xa5);
	EQ(0xa5, bus_in(b, 0xb3, 1));
	bus_out(b, CNT, 2, 0x1403);
	EQ(0x1403, bus_in(b, CNT, 2));
	bus_out(b, CNT, 1, 0);
	EQ(0x1400, bus_in(b, CNT, 2));
}

static bool is_off(struct guest *b, void *arg)
{
	(void)arg;
	return qmp_says(b, "{\"execute\":\"query-status\"}", "\"shutdown\"");
}

static void sleep_with(struct guest *b, unsigned typ, bool off)
{
	pm_on(b);
	bus_out(b, CNT, 2, typ << 10);
	CHECK(!is_off(b, NULL));
	bus_out(b, CNT, 2, typ << 10 | SLP_EN);
	if (off) {
		CHECK(bus_wait(b, is_off, NULL));
	} else {
		bus_step(b, 1000);
		CHECK(!is_off(b, NULL));
	}
	EQ(typ << 10, bus_in(b, CNT, 2)); /* SLP_EN is not kept */
}

BUS_TEST(soft_off, "-nodefaults -no-shutdown")
{
	sleep_with(b, 0, true);
}

BUS_TEST(suspend_to_disk, "-nodefaults -no-shutdown")
{
	sleep_with(b, 2, true);
}

BUS_TEST(suspend_to_disk_not_offered, "-nodefaults -no-shutdown -global PIIX4_PM.disable_s4=1")
{
	sleep_with(b, 2, false);
}

BUS_TEST(suspend_to_ram_is_not_offered, "-nodefaults -no-shutdown")
{
	sleep_with(b, 1, false);
}

static bool button_seen(struct guest *b, void *arg)
{
	(void)arg;
	return bus_in(b, STS, 2) & PWRBTN;
}

BUS_TEST(power_button, "-nodefaults")
{
	pm_on(b);
	bus_out(b, EN, 2, PWRBTN);
	CHECK(!bus_irq(b, SCI));
	bus_qmp(b, "{\"execute\":\"system_powerdown\"}");
	CHECK(bus_wait(b, button_seen, NULL));
	CHECK(bus_irq(b, SCI));
	bus_out(b, STS, 2, PWRBTN);
	EQ(0, bus_in(b, STS, 2));
	CHECK(!bus_irq(b, SCI));
}

BUS_TEST(power_button_masked, "-nodefaults")
{
	pm_on(b);
	bus_qmp(b, "{\"execute\":\"system_powerdown\"}");
	CHECK(bus_wait(b, button_seen, NULL));
	CHECK(!bus_irq(b, SCI));
	bus_out(b, EN, 2, PWRBTN);
	CHECK(bus_irq(b, SCI));
}

BUS_TEST(gpe_block, "-nodefaults")
{
	EQ(0, bus_in(b, GPE_STS, 4));
	bus_out(b, GPE_EN, 2, 0x8001);
	EQ(0x8001, bus_in(b, GPE_EN, 2));
	EQ(0x01, bus_in(b, GPE_EN, 1));
	bus_out(b, GPE_STS, 2, 0xffff); /* clears; sets nothing */
	EQ(0, bus_in(b, GPE_STS, 2));
	CHECK(!bus_irq(b, SCI));
}

/* ---- SMBus ---- */

enum { SMB = 0x700, HSTSTS = SMB, HSTCNT = SMB + 2, HSTADD = SMB + 4, BLKDAT = SMB + 7 };

static void smb_on(struct guest *b)
{
	bus_cfg_write(b, PM, SMBBA, 4, SMB | 1);
	bus_cfg_write(b, PM, COMMAND, 2, 1);
}

BUS_TEST(smbus_place, "-nodefaults")
{
	EQ(0xff, bus_in(b, 0xb100, 1)); /* COMMAND.IOSE is off */
	bus_cfg_write(b, PM, COMMAND, 2, 1);
	EQ(0x00, bus_in(b, 0xb100, 1));
	smb_on(b);
	EQ(0xff, bus_in(b, 0xb100, 1));
	EQ(0x00, bus_in(b, HSTSTS, 1));
	bus_cfg_write(b, PM, 0xd2, 1, 0x08);
	EQ(0xff, bus_in(b, HSTSTS, 1));
}

/* i2c-piix4's way: status clear, address, start, poll, DEV_ERR cleared. */
BUS_TEST(smbus_nobody_answers, "-nodefaults")
{
	smb_on(b);
	for (unsigned addr = 0; addr < 0x80; addr += 0x25) {
		bus_out(b, HSTADD, 1, addr << 1 | 1);
		EQ(addr << 1 | 1, bus_in(b, HSTADD, 1));
		bus_out(b, HSTCNT, 1, 0x08 | 0x40); /* byte data, START */
		EQ(0x08, bus_in(b, HSTCNT, 1));
		EQ(0x04, bus_in(b, HSTSTS, 1));
		CHECK(!bus_irq(b, SCI));
		bus_out(b, HSTSTS, 1, 0x04);
		EQ(0x00, bus_in(b, HSTSTS, 1));
	}
}

BUS_TEST(smbus_interrupt_and_kill, "-nodefaults")
{
	smb_on(b);
	bus_out(b, HSTCNT, 1, 0x41);
	CHECK(bus_irq(b, SCI));
	bus_cfg_write(b, PM, 0xd2, 1, 0x01); /* SMI#, which is not there */
	CHECK(!bus_irq(b, SCI));
	bus_cfg_write(b, PM, 0xd2, 1, 0x09);
	CHECK(bus_irq(b, SCI));
	bus_out(b, HSTSTS, 1, 0x1e);
	CHECK(!bus_irq(b, SCI));
	bus_out(b, HSTCNT, 1, 0x02);
	EQ(0x10, bus_in(b, HSTSTS, 1));
}

BUS_TEST(smbus_block_buffer, "-nodefaults")
{
	smb_on(b);
	bus_in(b, HSTCNT, 1);
	for (unsigned i = 0; i < 33; i++) /* the 33rd is the first again */
		bus_out(b, BLKDAT, 1, 0x80 + i);
	bus_in(b, HSTCNT, 1);
	EQ(0xa0, bus_in(b, BLKDAT, 1));
	for (unsigned i = 1; i < 32; i++)
		EQ(0x80 + i, bus_in(b, BLKDAT, 1));
	EQ(0xa0, bus_in(b, BLKDAT, 1));
}

/* ---- what it asks of the board ---- */

static struct {
	unsigned base, told;
	bool on;
} board;

static void pm_place(struct dev_env *env, uint16_t base, bool on)
{
	(void)env;
	board.base = base;
	board.on = on;
	board.told++;
}

TEST(pm_place_is_told_once)
{
	static struct dev_env_ops ops;
	const struct dev_class *c = dev_class_find("PIIX4_PM");
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	ops = *r->env.ops;
	ops.pm_place = pm_place;
	r->env.ops = &ops;
	dev_write(r->dev, 0, PMBA, 4, 0x601);
	EQ(0, board.told); /* off and elsewhere is off */
	dev_write(r->dev, 0, PMREGMISC, 1, 1);
	EQ(1, board.told);
	EQ(0x600, board.base);
	CHECK(board.on);
	dev_write(r->dev, 0, PMBA, 4, 0xb001);
	EQ(0xb000, board.base);
	dev_write(r->dev, 0, 0x58, 4, 0);
	EQ(2, board.told);
	dev_reset(r->dev, false);
	CHECK(!board.on);
	EQ(3, board.told);
	EQ(0x02, dev_read(r->dev, 0, 0x5b, 1));
	rig_free(r);
}

/* ---- the laws' grammar ---- */

enum { REGION_CONFIG, REGION_CNT, REGION_GPE, REGION_APM, REGION_SMB };

LAW_OP("PIIX4_PM", pm_placed)
{
	rig_write(r, REGION_CONFIG, PMBA, 4, rig_rnd(r) & 0xffff);
	rig_write(r, REGION_CONFIG, PMREGMISC, 1, rig_rnd(r) & 1);
	rig_bus_read(r, SPACE_IO, 0x604, 2);
}

LAW_OP("PIIX4_PM", pm_sleep)
{
	rig_write(r, REGION_CNT, 0, 2, (rig_rnd(r) & 7) << 10 | SLP_EN);
}

LAW_OP("PIIX4_PM", pm_acpi)
{
	rig_write(r, REGION_APM, 0, 1, 0xf0 | (rig_rnd(r) & 1));
}

LAW_OP("PIIX4_PM", pm_smbus)
{
	rig_write(r, REGION_CONFIG, 0xd2, 1, rig_rnd(r) % 4 ? 9 : 1);
	rig_write(r, REGION_SMB, 2, 1, (rig_rnd(r) & 0x1f) | 0x40);
	rig_read(r, REGION_SMB, 0, 1);
	for (unsigned n = rig_rnd(r) % 40; n; n--)
		rig_write(r, REGION_SMB, 7, 1, rig_rnd(r) & 0xff);
	if (rig_rnd(r) % 2)
		rig_write(r, REGION_SMB, 0, 1, 0x1e);
}
