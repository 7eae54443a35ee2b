/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg_io: the two ways to an item, its directory, and what does not work. */
#include "hw/misc/fw_cfg.h"
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#include <errno.h>
#include <stdio.h>

enum { DESC = 0x1000, BUFFER = 0x2000 };
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

static struct rig *with_items(void)
{
	struct rig *r = rig_new(dev_class_find("fw_cfg_io"));

	OK(fw_cfg_add(r->dev, FW_CFG_UUID, "0123456789abcdef", 16));
	OK(fw_cfg_add_number(r->dev, FW_CFG_NB_CPUS, 2, 0x0203));
	OK(fw_cfg_add_file(r->dev, "etc/b", "bee", 3));
	OK(fw_cfg_add_file(r->dev, "etc/a", "ay", 2));
	OK(fw_cfg_add_file(r->dev, "zed", "", 0));
	return r;
}

static void choose(struct rig *r, uint16_t key)
{
	rig_bus_write(r, SPACE_IO, 0x510, 2, key);
}

static uint8_t data(struct rig *r)
{
	return (uint8_t)rig_bus_read(r, SPACE_IO, 0x511, 1);
}

static uint32_t data_be(struct rig *r, unsigned bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | data(r);
	return v;
}

static void is(struct rig *r, const char *text)
{
	for (; *text; text++)
		EQ((uint8_t)*text, data(r));
}

static uint32_t swap(uint32_t v)
{
	return __builtin_bswap32(v);
}

/* The control word afterwards. */
static uint32_t dma(struct rig *r, uint32_t control, uint32_t len, uint64_t gpa)
{
	uint32_t desc[4] = {swap(control), swap(len), swap((uint32_t)(gpa >> 32)),
			    swap((uint32_t)gpa)};

	rig_ram_put(r, DESC, desc, sizeof(desc));
	rig_bus_write(r, SPACE_IO, 0x518, 4, swap(DESC));
	memcpy(desc, r->ram + DESC, 4);
	return swap(desc[0]);
}

TEST(fw_cfg_is_there)
{
	struct rig *r = with_items();

	is(r, "QEMU"); /* selected at reset */
	EQ(0, data(r));
	choose(r, FW_CFG_ID);
	EQ(0x03000000, data_be(r, 4)); /* ports and DMA */
	EQ(swap(0x51454d55), rig_bus_read(r, SPACE_IO, 0x514, 4));
	EQ(swap(0x20434647), rig_bus_read(r, SPACE_IO, 0x518, 4));
	EQ('G', rig_bus_read(r, SPACE_IO, 0x51b, 1));
	rig_free(r);
}

TEST(fw_cfg_items_by_port)
{
	struct rig *r = with_items();

	choose(r, FW_CFG_UUID);
	is(r, "01234567");
	rig_bus_write(r, SPACE_IO, 0x511, 1, 'x'); /* written to: nothing moves */
	EQ('8', rig_bus_read(r, SPACE_IO, 0x510, 1));
	EQ(0, rig_bus_read(r, SPACE_IO, 0x510, 2)); /* a word is not data */
	is(r, "9abcdef");
	EQ(0, data(r));
	EQ(0, data(r));
	choose(r, FW_CFG_UUID | 0x4000);
	is(r, "01");
	choose(r, FW_CFG_UUID | 0x8000); /* another item: of the architecture */
	EQ(0, data(r));
	choose(r, FW_CFG_NB_CPUS);
	EQ(0x0302, data_be(r, 2));
	choose(r, 0x3fff);
	EQ(0, data(r));
	rig_free(r);
}

TEST(fw_cfg_string_input)
{
	struct rig *r = with_items();
	char text[20];

	choose(r, FW_CFG_UUID);
	rig_bus_bulk(r, 0x511, 1, false, text, 18);
	EQM("0123456789abcdef\0", text, 18);
	rig_free(r);
}

static void entry(struct rig *r, const char *name, unsigned len, unsigned key)
{
	char text[56];

	EQ(len, data_be(r, 4));
	EQ(key, data_be(r, 2));
	EQ(0, data_be(r, 2));
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)data(r);
	EQS(name, text);
}

TEST(fw_cfg_directory_is_sorted)
{
	struct rig *r = with_items();
	char name[57];

	choose(r, FW_CFG_FILE_DIR);
	EQ(3, data_be(r, 4));
	entry(r, "etc/a", 2, 0x20);
	entry(r, "etc/b", 3, 0x21);
	entry(r, "zed", 0, 0x22);
	choose(r, 0x21);
	is(r, "bee");
	OK(fw_cfg_add_file(r->dev, "etc/b", "longer", 6)); /* in place of it */
	choose(r, 0x21);
	is(r, "longer");
	memset(name, 'n', 56);
	name[56] = 0;
	EQ(-EINVAL, fw_cfg_add_file(r->dev, name, "", 0));
	OK(fw_cfg_add_file(r->dev, name + 1, "", 0)); /* 55 and its end */
	for (unsigned i = 4; i < FW_CFG_FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		OK(fw_cfg_add_file(r->dev, name, "", 0));
	}
	EQ(-ENOSPC, fw_cfg_add_file(r->dev, "one more", "", 0));
	rig_free(r);
}

TEST(fw_cfg_dma_reads_and_skips)
{
	struct rig *r = with_items();

	memset(r->ram + BUFFER, 0xee, 32);
	EQ(0, dma(r, FW_CFG_UUID << 16 | SELECT | READ, 4, BUFFER));
	EQM("0123\xee", r->ram + BUFFER, 5);
	EQ(0, dma(r, SKIP, 4, 0));
	EQ('8', data(r));                               /* the same place as the port's */
	EQ(0, dma(r, READ | WRITE | SKIP, 10, BUFFER)); /* read wins; zeros beyond the end */
	EQM("9abcdef\0\0\0\xee", r->ram + BUFFER, 11);
	EQ(0, dma(r, SKIP, 0xffffffff, 0));
	EQ(0, data(r));
	EQ(0, dma(r, 0x7777 << 16 | SELECT | READ, 2, BUFFER)); /* no such item */
	EQM("\0\0", r->ram + BUFFER, 2);
	EQ(0, dev_guest_errors(r->dev));
	rig_free(r);
}

TEST(fw_cfg_dma_errors)
{
	struct rig *r = with_items();

	EQ(ERROR, dma(r, FW_CFG_UUID << 16 | SELECT | WRITE, 4, BUFFER));
	EQ(0, dma(r, WRITE, 0, BUFFER));
	EQ('0', data(r)); /* nothing was moved */
	EQ(ERROR, dma(r, READ, 4, RIG_RAM));
	EQ(ERROR, dma(r, READ, 0xffffffff, RIG_RAM - 4096));
	EQ(ERROR, dma(r, READ, 0x100, ~0ull - 0x80));
	rig_bus_write(r, SPACE_IO, 0x514, 4, swap(1)); /* above 4 GiB: no descriptor there */
	rig_bus_write(r, SPACE_IO, 0x518, 4, swap(DESC));
	EQ(5, dev_guest_errors(r->dev));
	EQ(0, dma(r, FW_CFG_UUID << 16 | SELECT | READ, 4, BUFFER)); /* the high half is spent */
	EQM("0123", r->ram + BUFFER, 4);
	rig_bus_write(r, SPACE_IO, 0x518, 2, 0); /* dwords only */
	EQ(5, dev_guest_errors(r->dev));
	rig_free(r);
}

TEST(fw_cfg_state_beyond_an_item_is_refused)
{
	struct rig *r = with_items(), *bare = rig_new(dev_class_find("fw_cfg_io"));
	struct dev_stream s;
	struct err e = {""};

	choose(r, FW_CFG_UUID);
	is(r, "01234");
	s = rig_saved(r);
	CHECK(dev_load(&bare->env, NULL, s.data, s.len, &e) < 0);
	CHECK(e.msg[0]);
	OK(dev_load(&r->env, NULL, s.data, s.len, NULL));
	is(r, "56789abcdef");
	dev_stream_free(&s);
	rig_free(bare);
	rig_free(r);
}

LAW_OP("fw_cfg_io", read_some)
{
	static const uint16_t keys[] = {FW_CFG_SIGNATURE, FW_CFG_ID, FW_CFG_FILE_DIR, 0x20};

	rig_write(r, 0, 0, 2, keys[rig_rnd(r) % 4]);
	for (unsigned n = rig_rnd(r) % 6; n; n--)
		rig_read(r, 0, 1, 1);
}

LAW_OP("fw_cfg_io", dma)
{
	static const uint8_t controls[] = {READ, SKIP, READ | SELECT, WRITE, SELECT};
	uint32_t desc[4] = {swap(controls[rig_rnd(r) % 5] | rig_rnd(r) % 3 << 16),
			    swap(rig_rnd(r) % 8), 0, swap(BUFFER)};

	rig_ram_put(r, DESC, desc, sizeof(desc));
	rig_write(r, 1, 4, 4, swap(DESC));
	rig_read(r, 1, rig_rnd(r) % 8, 1);
}

/* ---- in the machine ---- */

static uint64_t number(struct guest *b, uint16_t key, unsigned bytes)
{
	uint64_t v = 0;

	bus_out(b, 0x510, 2, key);
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)bus_in(b, 0x511, 1) << 8 * i;
	return v;
}

BUS_TEST(fw_cfg_of_a_pc, "-nodefaults -m 5 -smp 2,maxcpus=4 -boot menu=on "
			 "-uuid 00112233-4455-6677-8899-aabbccddeeff")
{
	EQ(0x554d4551, number(b, FW_CFG_SIGNATURE, 4));
	EQ(5 << 20, number(b, FW_CFG_RAM_SIZE, 8));
	EQ(2, number(b, FW_CFG_NB_CPUS, 2));
	EQ(4, number(b, FW_CFG_MAX_CPUS, 2));
	EQ(1, number(b, FW_CFG_BOOT_MENU, 2));
	EQ(0, number(b, FW_CFG_NUMA, 8));
	EQ(0x7766554433221100, number(b, FW_CFG_UUID, 8));
	EQ(0, number(b, FW_CFG_FILE_DIR, 3)); /* big-endian, less than 256 files … */
	CHECK(bus_in(b, 0x511, 1));           /* … which tests/dm/firmware.c reads */
}

BUS_TEST(fw_cfg_by_dma, "-nodefaults -m 5")
{
	uint32_t desc[4] = {swap(FW_CFG_RAM_SIZE << 16 | SELECT | READ), swap(8), 0, swap(BUFFER)};

	bus_memwrite(b, DESC, desc, sizeof(desc));
	bus_out(b, 0x518, 4, swap(DESC));
	EQ(0, bus_read(b, DESC, 4));
	EQ(5 << 20, bus_read(b, BUFFER, 8));
}
