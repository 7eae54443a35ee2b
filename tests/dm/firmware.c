/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware finds in fw_cfg of a machine made by options, read through its ports. */
#include "base/util.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "roms/acpi.h"
#include "roms/smbios.h"
#include "tests/hw/bus.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST 0x10000

static uint8_t item[MOST];

static uint32_t be(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void read_key(struct guest *b, unsigned key, uint32_t len)
{
	MUST(len <= MOST);
	bus_out(b, 0x510, 2, key);
	for (uint32_t i = 0; i < len; i++)
		item[i] = (uint8_t)bus_in(b, 0x511, 1);
}

/* Its length, and the bytes in `item`; -1: there is no such file. */
static int file(struct guest *b, const char *name)
{
	uint32_t n;

	read_key(b, 0x19, 4);
	n = be(item, 4);
	for (uint32_t i = 0; i < n; i++) {
		read_key(b, 0x19, 4 + 64 * (i + 1));
		if (!strcmp((char *)item + 4 + 64 * i + 8, name)) {
			uint32_t len = be(item + 4 + 64 * i, 4);

			read_key(b, be(item + 4 + 64 * i + 4, 2), len);
			return (int)len;
		}
	}
	return -1;
}

BUS_TEST(firmware_acpi_files, "-nodefaults -m 64")
{
	int len = file(b, ACPI_FILE_LOADER);

	CHECK(len > 0 && len % 128 == 0);
	EQ(1, load_le(item, 4));
	EQS(ACPI_FILE_RSDP, (char *)item + 4);
	EQ(36, file(b, ACPI_FILE_RSDP));
	EQM("RSD PTR ", item, 8);
	CHECK(file(b, ACPI_FILE_TABLES) > 1000);
	EQM("FACS", item, 4);
	EQM("DSDT", item + 64, 4);
}

BUS_TEST(firmware_no_acpi, "-nodefaults -no-acpi")
{
	EQ(-1, file(b, ACPI_FILE_LOADER));
	EQ(-1, file(b, ACPI_FILE_TABLES));
	EQ(-1, file(b, "etc/system-states"));
	EQ(31, file(b, SMBIOS_FILE_ANCHOR));
}

/* Which ISA devices the DSDT shows: Name (HAVE, …). */
static uint32_t have(struct guest *b)
{
	int len = file(b, ACPI_FILE_TABLES);

	for (int i = 0; i + 10 < len; i++)
		if (!memcmp(item + i, "\x08HAVE\x0c", 6))
			return (uint32_t)load_le(item + i + 6, 4);
	return ~0u;
}

BUS_TEST(firmware_no_devices, "-nodefaults -no-hpet")
{
	EQ(ACPI_FDC, have(b) & ~(uint32_t)ACPI_I8042);
}

BUS_TEST(firmware_serial_ports, "-nodefaults -serial none -serial null -device isa-serial,index=3")
{
	EQ(ACPI_COM2 | ACPI_COM4 | ACPI_HPET, have(b) & ~(uint32_t)(ACPI_I8042 | ACPI_FDC));
}

BUS_TEST(firmware_smbios, "-nodefaults -uuid 01234567-89ab-cdef-0123-456789abcdef "
			  "-smbios type=1,product=Gizmo,serial=S1 -smbios type=1,serial=S2")
{
	uint8_t *p = item;

	EQ(31, file(b, SMBIOS_FILE_ANCHOR));
	EQM("_SM_", item, 4);
	CHECK(file(b, SMBIOS_FILE_TABLES) > 100);
	EQ(1, p[0]); /* no type 0: firmware brings its own */
	EQM("\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23\x45\x67\x89\xab\xcd\xef", p + 8, 16);
	p += p[1];
	EQS("HVM", (char *)p);
	EQS("Gizmo", (char *)p + 4);
	EQS("S2", (char *)p + 4 + 6 + 3);
}

BUS_TEST(firmware_smbios_bios, "-nodefaults -smbios type=0,vendor=V,release=3.14 "
			       "-smbios type=1,uuid=ffffffff-0000-0000-0000-000000000001")
{
	CHECK(file(b, SMBIOS_FILE_TABLES) > 100);
	EQ(0, item[0]);
	EQ(3, item[20]);
	EQ(14, item[21]);
	EQS("V", (char *)item + item[1]);
}

BUS_TEST(firmware_sleep_states, "-nodefaults")
{
	EQ(6, file(b, "etc/system-states"));
	EQM("\x80\x00\x00\x01\x82\x80", item, 6);
}

BUS_TEST(firmware_sleep_states_without_s4, "-nodefaults -global PIIX4_PM.disable_s4=1")
{
	EQ(6, file(b, "etc/system-states"));
	EQ(0x02, item[4]);
}

BUS_TEST(firmware_boot_waits, "-nodefaults -boot splash-time=12,reboot-timeout=15,strict=on")
{
	EQ(2, file(b, "etc/boot-menu-wait"));
	EQ(12, load_le(item, 2));
	EQ(4, file(b, "etc/boot-fail-wait"));
	EQ(15, load_le(item, 4));
	EQ(5, file(b, "bootorder"));
	EQS("HALT", (char *)item);
}

static const char *order(const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text),
		 "-nodefaults -drive file=%s,if=none,id=d,format=raw -device "
		 "ide-hd,drive=d,bus=ide.1,unit=0,bootindex=7 -device "
		 "rtl8139,addr=5,bootindex=2 -device rtl8139,addr=6 %s",
		 bus_tmpfile(1 << 20), more);
	return text;
}

#define ORDER                                    \
	"/pci@i0cf8/ethernet@5/ethernet-phy@0\n" \
	"/pci@i0cf8/ide@1,1/drive@1/disk@0"

BUS_TEST(firmware_boot_order, order(""))
{
	EQ(sizeof(ORDER), file(b, "bootorder"));
	EQS(ORDER, (char *)item);
}

BUS_TEST(firmware_boot_order_strict, order("-boot strict=on"))
{
	EQ(sizeof(ORDER "\nHALT"), file(b, "bootorder"));
	EQS(ORDER "\nHALT", (char *)item);
}

static const char *by_rom(void)
{
	static char text[512];
	const char *path = bus_tmpfile(0x800);
	uint8_t k[0x800] = {[0x1f1] = 1, [0x1fe] = 0x55, [0x1ff] = 0xaa, [0x211] = 1};
	FILE *f = fopen(path, "r+b");

	memcpy(k + 0x202, "HdrS\x0f\2", 6);
	store_le(k + 0x214, 4, 0x100000);
	store_le(k + 0x22c, 4, 0x37ffffff);
	store_le(k + 0x238, 4, 2047);
	memset(k + 0x400, 0x90, 0x400);
	MUST(f && fwrite(k, 1, sizeof(k), f) == sizeof(k));
	fclose(f);
	snprintf(text, sizeof(text),
		 "-M pc,kernel-loader=rom -kernel %s -append quiet -nodefaults -device "
		 "rtl8139,addr=5,bootindex=2",
		 path);
	return text;
}

/* The ROM before all others; the keys of QEMU's docs. */
BUS_TEST(firmware_kernel_by_rom, by_rom())
{
	file(b, "bootorder");
	EQS("/rom@genroms/hvm-linux.bin\n/pci@i0cf8/ethernet@5/ethernet-phy@0", (char *)item);
	CHECK(file(b, "genroms/hvm-linux.bin") % 512 == 0);
	EQM("\x55\xaa", item, 2);
	read_key(b, 0x07, 4);
	EQ(0x100000, load_le(item, 4));
	read_key(b, 0x08, 4);
	EQ(0x400, load_le(item, 4));
	read_key(b, 0x11, 0x401);
	EQ(0x90, item[0x3ff]);
	EQ(0, item[0x400]);
	read_key(b, 0x0b, 4);
	EQ(0, load_le(item, 4));
	read_key(b, 0x14, 4);
	EQ(6, load_le(item, 4));
	read_key(b, 0x15, 6);
	EQS("quiet", (char *)item);
	read_key(b, 0x17, 4);
	EQ(0x400, load_le(item, 4));
	read_key(b, 0x18, 0x400);
	EQM("HdrS", item + 0x202, 4);
}

BUS_TEST(firmware_boot_waits_not_said, "-nodefaults -boot reboot-timeout=-1")
{
	EQ(-1, file(b, "etc/boot-menu-wait"));
	EQ(4, file(b, "etc/boot-fail-wait"));
	EQ(0xffffffff, load_le(item, 4));
	EQ(-1, file(b, "bootorder"));
}

BUS_TEST(firmware_e820, "-nodefaults -m 512")
{
	EQ(20, file(b, "etc/e820"));
	EQ(0, load_le(item, 8));
	EQ(512 << 20, load_le(item + 8, 8));
	EQ(1, load_le(item + 16, 4));
}

BUS_TEST(firmware_e820_of_big_machine, "-nodefaults -m 6G")
{
	EQ(40, file(b, "etc/e820"));
	EQ(0xc0000000, load_le(item + 8, 8));
	EQ(4ull << 30, load_le(item + 20, 8));
	EQ(3ull << 30, load_le(item + 28, 8));
	EQ(1, load_le(item + 36, 4));
}

BUS_TEST(firmware_timers, "-nodefaults")
{
	read_key(b, 0x8002, 4);
	EQ(1, load_le(item, 4));
	read_key(b, 0x8004, 16);
	EQ(1, item[0]);
	EQ(0xfed00000, load_le(item + 5, 8));
}

static const char *with_file(void)
{
	static char text[256];
	const char *path = bus_tmpfile(0);
	FILE *f = fopen(path, "w");

	MUST(f && fputs("of a file", f) >= 0);
	fclose(f);
	snprintf(text, sizeof(text),
		 "-nodefaults -fw_cfg name=opt/org.test/a,string=some,,thing -fw_cfg "
		 "opt/org.test/b,file=%s",
		 path);
	return text;
}

BUS_TEST(firmware_own_items, with_file())
{
	EQ(10, file(b, "opt/org.test/a"));
	EQM("some,thing", item, 10);
	EQ(9, file(b, "opt/org.test/b"));
	EQM("of a file", item, 9);
}

/* ---- machines that are not made ---- */

static void refused(const char *text, const char *sentence)
{
	struct machine_config c = {0};
	struct err e = {""};
	struct loop *l = loop_new(&e);
	char options[256];

	snprintf(options, sizeof(options), "-accel qtest -nodefaults -S %s", text);
	MUST(options_parse_text(&c, options, &e) == OPTIONS_RUN);
	CHECK(!machine_new(&c, l, &e));
	EQS(sentence, e.msg);
	loop_free(l);
	config_free(&c);
}

TEST(firmware_refuses)
{
	refused("-device rtl8139,id=a,bootindex=1 -device rtl8139,id=b,bootindex=1",
		"b: bootindex=1 is that of a already");
	refused("-device rtl8139,id=a,bootindex=first", "a: bootindex=first: want a number from 0");
	refused("-fw_cfg opt/x,file=/nowhere/at/all",
		"-fw_cfg opt/x: cannot open /nowhere/at/all: No such file or directory");
}
