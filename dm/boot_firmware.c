/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/boot_firmware.c: a Linux bzImage by its 16-bit entry: what the option ROM of roms/linux.S
 * finds in fw_cfg.
 *
 * Spec: Linux, Documentation/arch/x86/boot.rst (memory layout, details of header fields)
 */
#include "dm/boot.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

/* Of the setup header, which stands at its place in the file. */
enum {
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	HEAP_END_PTR = 0x224,
	CMD_LINE_PTR = 0x228,
};
enum { CAN_USE_HEAP = 0x80, UNKNOWN_LOADER = 0xff, HEAP_END = 0xfe00, SETUP_MAX = 0x8000 };
enum { ROM_SIZE = 2, ROM_CHECKSUM = 6 };
#define FIRMWARE_RAM 0x100000u /* that SeaBIOS has for itself and ACPI tables at the end of it */

/* Written by make from roms/linux.S. */
extern const unsigned char roms_linux[];
extern const unsigned int roms_linux_len;

/* All its bytes add up to 0. */
static uint8_t *make_rom(size_t *len)
{
	uint8_t *p = malloc(roms_linux_len), sum = 0;

	*len = roms_linux_len;
	if (!p)
		return NULL;
	memcpy(p, roms_linux, *len);
	for (size_t i = 0; i < *len; i++)
		sum = (uint8_t)(sum + p[i]);
	p[ROM_CHECKSUM] = (uint8_t)(p[ROM_CHECKSUM] - sum);
	return p;
}

static uint8_t *make_setup(const struct boot *b, const struct boot_items *it)
{
	uint8_t *p = malloc(it->setup_len);

	if (!p)
		return NULL;
	memcpy(p, b->kernel.data, it->setup_len);
	p[TYPE_OF_LOADER] = UNKNOWN_LOADER;
	p[LOADFLAGS] |= CAN_USE_HEAP;
	store_le(p + HEAP_END_PTR, 2, HEAP_END);
	store_le(p + CMD_LINE_PTR, 4, BOOT_CMDLINE_AT);
	store_le(p + RAMDISK_IMAGE, 4, it->initrd_at);
	store_le(p + RAMDISK_SIZE, 4, b->n_modules ? b->modules[0].len : 0);
	return p;
}

int boot_items(const struct boot *b, uint64_t below_4g, struct boot_items *to, struct err *e)
{
	const struct boot_file *f = &b->kernel;
	uint64_t below = below_4g > FIRMWARE_RAM ? below_4g - FIRMWARE_RAM : 0;
	struct boot_linux k;
	int rc;

	if (!boot_is_linux(f))
		return err_set(e, -ENOEXEC,
			       "%s: no Linux bzImage, and others do not go by firmware", f->name);
	rc = boot_linux_look(b, below, &k, e);
	if (!rc && k.payload > SETUP_MAX)
		rc = err_set(e, -ENOEXEC, "%s: more than 32 KiB of setup code", f->name);
	if (!rc)
		rc = boot_linux_initrd(b, &k, below, &to->initrd_at, e);
	if (rc)
		return rc;
	to->setup_len = k.payload;
	to->kernel = f->data + k.payload;
	to->kernel_len = f->len - k.payload;
	to->kernel_at = k.start;
	to->setup = make_setup(b, to);
	to->rom = make_rom(&to->rom_len);
	return to->setup && to->rom ? 0 : err_set(e, -ENOMEM, "out of memory");
}
