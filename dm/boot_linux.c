/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/boot_linux.c: a Linux bzImage, by its 32-bit entry.
 *
 * Spec: Linux, Documentation/arch/x86/boot.rst (protocol 2.04 and later) and zero-page.rst
 */
#include "dm/boot.h"

#include "base/util.h"

#include <errno.h>

/* Of the setup header: places in the file and in boot_params alike. */
enum {
	SETUP_SECTS = 0x1f1,
	BOOT_FLAG = 0x1fe,
	JUMP = 0x200, /* its second byte says where the header ends */
	MAGIC = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	CODE32_START = 0x214,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22c,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_MIN = 0x230, /* of 2.04 */
	HEADER_MAX = 0x290, /* as much as boot_params has room for */
};
/* Of boot_params alone. */
enum { ACPI_RSDP = 0x70 /* 2.14 */ };
enum { ALT_MEM_K = 0x1e0, E820_COUNT = 0x1e8, E820 = 0x2d0, E820_SIZE = 20, PARAMS_SIZE = 4096 };
enum { LOADED_HIGH = 1, UNKNOWN_LOADER = 0xff, RAM = 1, RESERVED = 2 };
enum { GDT = 0x8000, PARAMS = 0x10000, CMDLINE = 0x20000, CMDLINE_MAX = 0x10000, SECTOR = 512 };
#define MIB      0x100000ull
#define FOUR_GIB (4ull << 30)

static uint32_t field(const struct boot_file *f, unsigned at, unsigned size)
{
	return (uint32_t)load_le(f->data + at, size);
}

bool boot_is_linux(const struct boot_file *f)
{
	return f->len >= HEADER_MIN && field(f, BOOT_FLAG, 2) == 0xaa55 &&
	       !memcmp(f->data + MAGIC, "HdrS", 4);
}

/* Where the protected-mode part begins in the file. */
static int find_payload(const struct boot_file *f, size_t *at, struct err *e)
{
	unsigned sectors = f->data[SETUP_SECTS], version = field(f, VERSION, 2);

	*at = ((sectors ? sectors : 4) + 1) * SECTOR;
	if (version < 0x204)
		return err_set(e, -ENOEXEC, "%s: boot protocol %u.%02u is older than 2.04", f->name,
			       version >> 8, version & 0xff);
	if (!(f->data[LOADFLAGS] & LOADED_HIGH))
		return err_set(e, -ENOEXEC, "%s: a zImage, which is loaded low; want a bzImage",
			       f->name);
	if (*at >= f->len)
		return err_set(e, -ENOEXEC, "%s: %u sectors of setup, and no kernel behind them",
			       f->name, sectors);
	return 0;
}

static int check_cmdline(const struct boot *b, struct err *e)
{
	const struct boot_file *f = &b->kernel;
	uint32_t most = field(f, VERSION, 2) >= 0x206 && f->len >= CMDLINE_SIZE + 4
				? field(f, CMDLINE_SIZE, 4)
				: 255;

	if (strlen(b->append) > MIN(most, CMDLINE_MAX - 1u))
		return err_set(e, -E2BIG, "-append: %s takes %u characters, not %zu", f->name,
			       MIN(most, CMDLINE_MAX - 1u), strlen(b->append));
	return 0;
}

/* The kernel unpacks itself to pref_address and works in init_size from there. */
static uint64_t kernel_end(const struct boot_file *f, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;

	if (field(f, VERSION, 2) >= 0x20a && f->len >= INIT_SIZE + 4) {
		uint64_t from = load_le(f->data + PREF_ADDRESS, 8);

		end = MAX(end, MIN(MAX(from, start), FOUR_GIB) + field(f, INIT_SIZE, 4));
	}
	return end;
}

int boot_linux_look(const struct boot *b, uint64_t below, struct boot_linux *to, struct err *e)
{
	const struct boot_file *f = &b->kernel;
	int rc = find_payload(f, &to->payload, e);

	if (rc)
		return rc;
	to->start = field(f, CODE32_START, 4);
	if (to->start < MIB || below <= MIB)
		return err_set(e, -ENOEXEC, "%s: its code starts at 0x%x, below the RAM above 1M",
			       f->name, to->start);
	to->end = kernel_end(f, to->start, f->len - to->payload);
	if (to->end > below)
		return err_set(e, -ENOMEM, "%s: the kernel needs RAM up to 0x%llx", f->name,
			       (unsigned long long)to->end);
	return check_cmdline(b, e);
}

/* Up there unpacking does not meet it. */
int boot_linux_initrd(const struct boot *b, const struct boot_linux *k, uint64_t below,
		      uint32_t *at, struct err *e)
{
	const struct boot_file *rd = b->modules;
	uint64_t top = MIN((uint64_t)field(&b->kernel, INITRD_ADDR_MAX, 4) + 1, below);

	*at = 0;
	if (!b->n_modules)
		return 0;
	if (b->n_modules > 1)
		return err_set(e, -EINVAL, "-initrd: Linux takes one file, not %u", b->n_modules);
	*at = (uint32_t)(rd->len > top ? 0 : (top - rd->len) & ~0xfffull);
	if (*at >= k->end)
		return 0;
	return err_set(e, -ENOMEM,
		       "-initrd %s: no room for 0x%zx bytes between the kernel's end 0x%llx and "
		       "0x%llx",
		       rd->name, rd->len, (unsigned long long)k->end, (unsigned long long)top);
}

static int put_initrd(const struct boot *b, const struct boot_ram *ram, const struct boot_linux *k,
		      uint8_t *params, struct err *e)
{
	const struct boot_file *rd = b->modules;
	uint32_t at;
	int rc = boot_linux_initrd(b, k, ram->below_4g, &at, e);

	if (rc || !at)
		return rc;
	store_le(params + RAMDISK_IMAGE, 4, at);
	store_le(params + RAMDISK_SIZE, 4, rd->len);
	return boot_put(b, ram, "the initrd", at, rd->data, rd->len, e);
}

static void add_range(uint8_t *params, uint64_t base, uint64_t len, unsigned type)
{
	uint8_t *p = params + E820 + E820_SIZE * params[E820_COUNT];

	if (!len)
		return;
	store_le(p, 8, base);
	store_le(p + 8, 8, len);
	store_le(p + 16, 4, type);
	params[E820_COUNT]++;
}

static void fill_params(const struct boot *b, const struct boot_ram *ram, uint8_t *params)
{
	const struct boot_file *f = &b->kernel;
	size_t end = MIN((size_t)MAGIC + f->data[JUMP + 1], MIN(f->len, (size_t)HEADER_MAX));

	if (end > SETUP_SECTS)
		memcpy(params + SETUP_SECTS, f->data + SETUP_SECTS, end - SETUP_SECTS);
	params[TYPE_OF_LOADER] = UNKNOWN_LOADER;
	store_le(params + CMD_LINE_PTR, 4, CMDLINE);
	store_le(params + RAMDISK_IMAGE, 8, 0);
	if (field(f, VERSION, 2) >= 0x20e)
		store_le(params + ACPI_RSDP, 8, ram->rsdp);
	store_le(params + ALT_MEM_K, 4, (ram->below_4g - MIB) / 1024);
	add_range(params, 0, 0x9fc00, RAM);
	add_range(params, 0x9fc00, 0x400, RESERVED);
	add_range(params, 0xf0000, 0x10000, RESERVED);
	add_range(params, MIB, ram->below_4g - MIB, RAM);
	add_range(params, ram->below_4g, ram->reserved, RESERVED);
	add_range(params, FOUR_GIB, ram->above_4g, RAM);
}

int boot_linux(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
	       struct err *e)
{
	const struct boot_file *f = &b->kernel;
	uint8_t params[PARAMS_SIZE] = {0};
	struct boot_linux k;
	int rc = boot_linux_look(b, ram->below_4g, &k, e);

	if (rc)
		return rc;
	fill_params(b, ram, params);
	rc = boot_put(b, ram, "the kernel", k.start, f->data + k.payload, f->len - k.payload, e);
	if (!rc)
		rc = put_initrd(b, ram, &k, params, e);
	if (!rc)
		rc = boot_put(b, ram, "the command line", CMDLINE, b->append, strlen(b->append) + 1,
			      e);
	if (!rc)
		rc = boot_put(b, ram, "boot_params", PARAMS, params, sizeof(params), e);
	entry->eip = k.start;
	entry->esi = PARAMS;
	return rc ? rc : boot_gdt(b, ram, GDT, entry, e);
}
