/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -kernel: files made here byte by byte, and what a guest finds in its RAM. */
#include "dm/boot.h"
#include "base/util.h"
#include "tests/hw/bus.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define RAM (8u << 20)

static uint8_t ram_bytes[RAM];
static uint8_t file[8192];
static struct boot_entry entry;

static int put(void *arg, uint64_t gpa, const void *buf, size_t len)
{
	(void)arg;
	MUST(gpa + len <= RAM);
	if (gpa < 0x100000 && gpa + len > 0xa0000)
		return -EFAULT;
	memcpy(ram_bytes + gpa, buf, len);
	return 0;
}

static uint64_t counted;

static int count(void *arg, uint64_t gpa, const void *buf, size_t len)
{
	(void)arg, (void)gpa, (void)buf;
	counted += len;
	return 0;
}

static const struct boot_file two[] = {
	{"f1", "f1 args", (const uint8_t *)"module one", 10},
	{"f2", "f2", (const uint8_t *)"two", 3},
};

/* The sentence, "" when it is loaded. */
static const char *load(size_t len, unsigned n_modules, const char *append)
{
	const struct boot b = {{"k", NULL, file, len}, two, n_modules, append};
	const struct boot_ram ram = {.below_4g = RAM, .above_4g = 1 << 20, .write = put};
	static struct err e;
	int rc;

	memset(ram_bytes, 0xcc, RAM);
	err_clear(&e);
	rc = boot_load(&b, &ram, &entry, &e);
	EQ(rc != 0, e.msg[0] != 0);
	return e.msg;
}

static uint32_t ram32(uint64_t at)
{
	return (uint32_t)load_le(ram_bytes + at, 4);
}

static void header(size_t at, uint32_t flags)
{
	store_le(file + at, 4, 0x1badb002);
	store_le(file + at + 4, 4, flags);
	store_le(file + at + 8, 4, 0u - 0x1badb002 - flags);
}

/* A header at 0x60, 0x100 bytes from 0x80 at 1 MiB, 0x2000 in memory, entered at its 0x10. */
static size_t elf32(void)
{
	static const uint32_t ph[] = {1, 0x80, 0xc0000000, 0x100000, 0x100, 0x2000, 7, 0x1000};

	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\1\1\1", 7);
	store_le(file + 24, 4, 0xc0000010); /* virtual: found through the segment */
	store_le(file + 28, 4, 0x34);
	store_le(file + 42, 2, 32);
	store_le(file + 44, 2, 1);
	memcpy(file + 0x34, ph, sizeof(ph));
	header(0x60, 3);
	memset(file + 0x80, 0x90, 0x100);
	return 0x180;
}

static size_t elf64(void)
{
	static const uint64_t ph[] = {1 | 7ull << 32, 0x100, 0xffffffff80000000, 0x200000, 0x80,
				      0x100,          0x1000};

	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\2\1\1", 7);
	store_le(file + 24, 8, 0xffffffff80000004);
	store_le(file + 32, 8, 0x40);
	store_le(file + 54, 2, 56);
	store_le(file + 56, 2, 1);
	memcpy(file + 0x40, ph, sizeof(ph));
	header(0x80, 0);
	memset(file + 0x100, 0x90, 0x80);
	return 0x180;
}

TEST(boot_multiboot_elf32)
{
	EQS("", load(elf32(), 0, "a b=c"));
	EQ(BOOT_PROTECTED32, entry.mode);
	EQ(0x100010, entry.eip);
	EQ(0x2badb002, entry.eax);
	EQ(0x9000, entry.ebx);
	EQ(0x90, ram_bytes[0x100000]);
	EQ(0x90, ram_bytes[0x1000ff]);
	EQ(0, ram_bytes[0x100100]);
	EQ(0, ram_bytes[0x101fff]);
	EQ(0x24f, ram32(0x9000));
	EQ(640, ram32(0x9004));
	EQ(7 * 1024, ram32(0x9008));
	EQS("k a b=c", (const char *)ram_bytes + ram32(0x9010));
	EQ(0, ram32(0x9014));
	EQS("hvm", (const char *)ram_bytes + ram32(0x9040));
}

TEST(boot_multiboot_memory_map)
{
	uint32_t at, end;
	uint64_t total = 0;

	EQS("", load(elf32(), 0, ""));
	at = ram32(0x9030);
	end = at + ram32(0x902c);
	EQ(5 * 24, end - at);
	for (; at < end; at += ram32(at) + 4)
		if (ram32(at + 20) == 1)
			total += load_le(ram_bytes + at + 12, 8);
	EQ(0x9fc00 + (7 << 20) + (1 << 20), total);
}

TEST(boot_multiboot_descriptors)
{
	EQS("", load(elf32(), 0, ""));
	EQ(0x10, entry.cs);
	EQ(0x18, entry.ds);
	EQ(31, entry.gdt_limit);
	EQ(0, load_le(ram_bytes + entry.gdt_base, 8));
	EQ(0x00cf9b000000ffff, load_le(ram_bytes + entry.gdt_base + 0x10, 8));
	EQ(0x00cf93000000ffff, load_le(ram_bytes + entry.gdt_base + 0x18, 8));
}

TEST(boot_multiboot_modules)
{
	uint32_t list, first;

	EQS("", load(elf32(), 2, ""));
	EQ(2, ram32(0x9014));
	list = ram32(0x9018);
	CHECK(list >= 0x102000);
	first = ram32(list);
	EQ(0, first % 4096);
	EQ(first + 10, ram32(list + 4));
	EQM("module one", ram_bytes + first, 10);
	EQS("f1 args", (const char *)ram_bytes + ram32(list + 8));
	EQ(0, ram32(list + 16) % 4096);
	EQM("two", ram_bytes + ram32(list + 16), 3);
	EQS("f2", (const char *)ram_bytes + ram32(list + 24));
}

TEST(boot_multiboot_elf64)
{
	EQS("", load(elf64(), 0, ""));
	EQ(0x200004, entry.eip);
	EQ(0x90, ram_bytes[0x20007f]);
	EQ(0, ram_bytes[0x2000ff]);
}

TEST(boot_multiboot_flat)
{
	memset(file, 0x90, sizeof(file));
	header(0x20, 0x10000);
	store_le(file + 0x2c, 4, 0x100020); /* where the header comes to lie */
	store_le(file + 0x30, 4, 0x100010); /* from 0x10 of the file */
	store_le(file + 0x34, 4, 0x100050);
	store_le(file + 0x38, 4, 0x100060);
	store_le(file + 0x3c, 4, 0x100040);
	EQS("", load(0x100, 0, ""));
	EQ(0x100040, entry.eip);
	EQ(0x1badb002, ram32(0x100020));
	EQ(0xcc, ram_bytes[0x10000f]);
	EQ(0x90, ram_bytes[0x10004f]);
	EQ(0, ram_bytes[0x100050]);
	EQ(0, ram_bytes[0x10005f]);
	store_le(file + 0x34, 4, 0x110000);
	EQS("k: a segment is not all in the file", load(0x100, 0, ""));
	store_le(file + 0x2c, 4, 0x180000);
	EQS("k: the header's addresses do not fit its place", load(0x100, 0, ""));
}

TEST(boot_multiboot_refuses)
{
	size_t len = elf32();

	EQS("k: a segment is not all in the file", load(0x100, 0, ""));
	store_le(file + 0x34 + 12, 4, RAM - 0x1000);
	CHECK(strstr(load(len, 0, ""), "is beyond the RAM"));
	store_le(file + 0x34 + 12, 4, 0x9f000);
	CHECK(strstr(load(len, 0, ""), "lies where there is no RAM"));
	store_le(file + 0x34 + 12, 4, 0x8000);
	CHECK(strstr(load(len, 0, ""), "covers 0x9000"));
	store_le(file + 44, 2, 1000);
	EQS("k: its program headers are not in the file", load(len, 0, ""));
	header(0x60, 8);
	CHECK(strstr(load(len, 0, ""), "wants what there is not"));
	file[0x60]++;
	EQS("k: neither a multiboot kernel nor a Linux bzImage", load(len, 0, ""));
	EQS("k: neither a multiboot kernel nor a Linux bzImage", load(0, 0, ""));
}

/* One sector of setup, 0x400 bytes of kernel. */
static size_t bzimage(unsigned version)
{
	memset(file, 0, sizeof(file));
	file[0x1f1] = 1;
	store_le(file + 0x1fe, 2, 0xaa55);
	store_le(file + 0x200, 2, 0x66eb);
	memcpy(file + 0x202, "HdrS", 4);
	store_le(file + 0x206, 2, version);
	file[0x211] = 1;
	store_le(file + 0x214, 4, 0x100000);
	store_le(file + 0x22c, 4, 0x37ffffff);
	store_le(file + 0x238, 4, 2047);
	store_le(file + 0x258, 8, 0x200000);
	store_le(file + 0x260, 4, 0x100000);
	memset(file + 0x400, 0x90, 0x400);
	return 0x800;
}

TEST(boot_linux_bzimage)
{
	uint32_t p = 0x10000;

	EQS("", load(bzimage(0x20f), 1, "console=ttyS0"));
	EQ(0x100000, entry.eip);
	EQ(p, entry.esi);
	EQ(0x90, ram_bytes[0x100000]);
	EQ(0x90, ram_bytes[0x1003ff]);
	EQ(0xcc, ram_bytes[0x100400]);
	EQM("HdrS", ram_bytes + p + 0x202, 4);
	EQ(0xff, ram_bytes[p + 0x210]);
	EQS("console=ttyS0", (const char *)ram_bytes + ram32(p + 0x228));
	EQ(RAM - 4096, ram32(p + 0x218)); /* as high as it goes */
	EQ(10, ram32(p + 0x21c));
	EQM("module one", ram_bytes + RAM - 4096, 10);
	EQ(5, ram_bytes[p + 0x1e8]);
	EQ(0x9fc00, ram32(p + 0x2d0 + 8));
	EQ(1, ram32(p + 0x2d0 + 16));
	EQ(1, ram32(p + 0x2d0 + 4 * 20 + 4)); /* 4 GiB */
	EQ(0, ram32(p));
}

/* What roms/linux.S fetches: setup code with its header filled in, the rest as it is. */
TEST(boot_linux_through_firmware)
{
	struct boot b = {{"k", NULL, file, bzimage(0x20f)}, two, 1, "quiet"};
	struct boot_items it = {0};
	struct err e = {""};
	uint8_t sum = 0;

	OK(boot_items(&b, 64 << 20, &it, &e));
	EQS("", e.msg);
	EQ(0x400, it.setup_len);
	EQ(0x400, it.kernel_len);
	CHECK(it.kernel == file + 0x400);
	EQ(0x100000, it.kernel_at);
	EQ((63 << 20) - 4096, it.initrd_at); /* a megabyte is the firmware's */
	EQ(0xff, it.setup[0x210]);
	EQ(0x81, it.setup[0x211]);
	EQ(it.initrd_at, load_le(it.setup + 0x218, 4));
	EQ(10, load_le(it.setup + 0x21c, 4));
	EQ(0xfe00, load_le(it.setup + 0x224, 2));
	EQ(0x20000, load_le(it.setup + 0x228, 4));
	EQ(0, file[0x210]);
	EQM("\x55\xaa", it.rom, 2); /* a ROM as the BIOS Boot Specification wants it */
	EQ(it.rom_len, it.rom[2] * 512);
	for (size_t i = 0; i < it.rom_len; i++)
		sum = (uint8_t)(sum + it.rom[i]);
	EQ(0, sum);
	EQM("$PnP", it.rom + load_le(it.rom + 0x1a, 2), 4);
	for (size_t i = 0; i < 32; i++)
		sum = (uint8_t)(sum + it.rom[load_le(it.rom + 0x1a, 2) + i]);
	EQ(0, sum);
	CHECK(load_le(it.rom + load_le(it.rom + 0x1a, 2) + 0x1a, 2) < it.rom_len); /* BEV */
	free(it.setup);
	free(it.rom);
}

TEST(boot_linux_not_through_firmware)
{
	struct boot b = {{"k", NULL, file, bzimage(0x20f)}, two, 1, ""};
	struct boot_items it = {0};
	struct err e = {""};

	CHECK(boot_items(&b, 3 << 20, &it, &e) < 0); /* enough but for the firmware's part */
	EQS("k: the kernel needs RAM up to 0x300000", e.msg);
	file[0x1f1] = 100;
	b.kernel.len = sizeof(file);
	err_clear(&e);
	CHECK(boot_items(&b, 64 << 20, &it, &e) < 0);
	b.kernel.len = elf32();
	err_clear(&e);
	CHECK(boot_items(&b, 64 << 20, &it, &e) < 0);
	EQS("k: no Linux bzImage, and others do not go by firmware", e.msg);
	CHECK(!it.setup && !it.rom);
}

TEST(boot_linux_limits)
{
	char line[300];

	memset(line, 'x', sizeof(line));
	line[256] = 0;
	EQS("", load(bzimage(0x206), 0, line));
	EQS("-append: k takes 255 characters, not 256", load(bzimage(0x205), 0, line));
	EQS("", load(bzimage(0x205), 0, line + 1));
	EQS("-initrd: Linux takes one file, not 2", load(bzimage(0x20f), 2, ""));
	EQS("k: boot protocol 2.03 is older than 2.04", load(bzimage(0x203), 0, ""));
	bzimage(0x20f);
	store_le(file + 0x22c, 4, 0x2fffff); /* the kernel needs all below that */
	CHECK(strstr(load(0x800, 1, ""), "no room for 0xa bytes"));
	store_le(file + 0x260, 4, 0x7000000);
	EQS("k: the kernel needs RAM up to 0x7200000", load(0x800, 0, ""));
	bzimage(0x20f);
	file[0x1f1] = 64;
	EQS("k: 64 sectors of setup, and no kernel behind them", load(0x800, 0, ""));
	bzimage(0x20f);
	file[0x211] = 0;
	EQS("k: a zImage, which is loaded low; want a bzImage", load(0x800, 0, ""));
	bzimage(0x20f);
	store_le(file + 0x214, 4, 0x90000);
	CHECK(strstr(load(0x800, 0, ""), "starts at 0x90000"));
}

/* The kernel that this machine may have installed. */
TEST(boot_linux_of_the_host)
{
	glob_t g = {0};
	struct boot b = {.append = "console=ttyS0"};
	const struct boot_ram ram = {.below_4g = 2ull << 30, .write = count};
	struct err e = {""};
	uint8_t *data = malloc(64 << 20);
	FILE *f = glob("/boot/vmlinuz-*", 0, NULL, &g) ? NULL : fopen(g.gl_pathv[0], "rb");

	MUST(data);
	if (!f) {
		globfree(&g);
		free(data);
		SKIP("no readable /boot/vmlinuz-*");
	}
	b.kernel = (struct boot_file){g.gl_pathv[0], NULL, data, fread(data, 1, 64 << 20, f)};
	fclose(f);
	counted = 0;
	OK(boot_load(&b, &ram, &entry, &e));
	EQS("", e.msg);
	EQ(0x100000, entry.eip);
	CHECK(counted > b.kernel.len / 2);
	globfree(&g);
	free(data);
}

/* ---- in the machine ---- */

static const char *options(void)
{
	static char text[600];
	const char *kernel = bus_tmpfile(1);
	FILE *f = fopen(kernel, "wb");
	size_t len = elf32();

	MUST(f && fwrite(file, 1, len, f) == len);
	fclose(f);
	snprintf(text, sizeof(text),
		 "-nodefaults -m 4 -kernel %s -append x -initrd '%s one,%s a,,b'", kernel, kernel,
		 kernel);
	return text;
}

BUS_TEST(boot_kernel_option, options())
{
	uint64_t list = bus_read(b, 0x9018, 4);
	char text[256];

	EQ(0x90, bus_read(b, 0x1000ff, 1));
	EQ(0, bus_read(b, 0x100100, 1));
	EQ(2, bus_read(b, 0x9014, 4));
	EQ(0x7f, bus_read(b, bus_read(b, list, 4), 1));
	bus_memread(b, bus_read(b, list + 24, 4), text, sizeof(text));
	text[sizeof(text) - 1] = 0;
	MUST(strlen(text) > 4);
	EQS(" a,b", text + strlen(text) - 4);
	bus_write(b, 0x100000, 1, 0);
	bus_qmp(b, "{\"execute\": \"system_reset\"}");
	EQ(0x90, bus_read(b, 0x100000, 1)); /* put there again */
}
