/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/boot_multiboot.c: a kernel with a multiboot header: ELF of 32 or 64 bits, or flat with the
 * header's own addresses.
 *
 * Spec: Multiboot Specification 0.6.96; ELF: System V ABI, chapters 4 and 5. The information
 * structure lies at 9000, as QEMU's; kernels must leave 9000-9fff alone.
 */
#include "dm/boot.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEARCH = 8192, HEADER_MAGIC = 0x1badb002, LOADER_MAGIC = 0x2badb002 };
enum { WANT_PAGE_ALIGN = 1, WANT_MEMORY = 2, WANT_VIDEO = 4, HAS_ADDRESSES = 1 << 16 };
enum {
	INFO_MEMORY = 1,
	INFO_BOOT_DEVICE = 2,
	INFO_CMDLINE = 4,
	INFO_MODULES = 8,
	INFO_MMAP = 0x40,
	INFO_LOADER = 0x200
};
enum { INFO_AT = 0x9000, INFO_END = 0xa000, MMAP = 0x80, GDT = 0x200 };
enum { MMAP_ENTRY = 24, RAM = 1, RESERVED = 2, MODULE = 16, PAGE = 4096 };
enum { FIRST_DISK = (int)0x8000ffff };
#define MIB      0x100000ull
#define FOUR_GIB (4ull << 30)

struct load {
	const struct boot *b;
	const struct boot_ram *ram;
	struct boot_entry *entry;
	size_t header;    /* in the file */
	uint64_t end;     /* of what is loaded so far */
	bool entry_known; /* translated from a virtual address */
};

static uint64_t get(const struct boot_file *f, uint64_t at, unsigned size)
{
	return at <= f->len && size <= f->len - at ? load_le(f->data + at, size) : 0;
}

static bool find_header(const struct boot_file *f, size_t *at)
{
	for (*at = 0; *at + 12 <= MIN(f->len, (size_t)SEARCH); *at += 4)
		if (get(f, *at, 4) == HEADER_MAGIC &&
		    !((get(f, *at, 4) + get(f, *at + 4, 4) + get(f, *at + 8, 4)) & 0xffffffff))
			return true;
	return false;
}

bool boot_is_multiboot(const struct boot_file *f)
{
	size_t at;

	return find_header(f, &at);
}

/* ---- the kernel ---- */

static int put_segment(struct load *l, uint64_t gpa, uint64_t from, uint64_t size, uint64_t total,
		       struct err *e)
{
	const struct boot_file *f = &l->b->kernel;
	int rc;

	if (from > f->len || size > f->len - from || total < size)
		return err_set(e, -ENOEXEC, "%s: a segment is not all in the file", f->name);
	if (!total)
		return 0;
	if (gpa < INFO_END && gpa + total > INFO_AT)
		return err_set(e, -ENOEXEC, "%s: a segment covers 0x9000, the boot information's",
			       f->name);
	rc = boot_put(l->b, l->ram, "a segment", gpa, f->data + from, size, e);
	if (!rc)
		rc = boot_put(l->b, l->ram, "a segment's zeros", gpa + size, NULL, total - size, e);
	l->end = MAX(l->end, gpa + total);
	return rc;
}

static int load_flat(struct load *l, struct err *e)
{
	const struct boot_file *f = &l->b->kernel;
	uint64_t header_addr = get(f, l->header + 12, 4), load = get(f, l->header + 16, 4);
	uint64_t load_end = get(f, l->header + 20, 4), bss_end = get(f, l->header + 24, 4);
	uint64_t back = header_addr - load, from, size;

	if (header_addr < load || back > l->header)
		return err_set(e, -ENOEXEC, "%s: the header's addresses do not fit its place",
			       f->name);
	from = l->header - back;
	if (load_end && load_end < load)
		return err_set(e, -ENOEXEC, "%s: ends before it begins", f->name);
	size = load_end ? load_end - load : f->len - from;
	l->entry->eip = (uint32_t)get(f, l->header + 28, 4);
	return put_segment(l, load, from, size, bss_end > load + size ? bss_end - load : size, e);
}

static int load_program(struct load *l, uint64_t ph, bool wide, uint64_t entry, struct err *e)
{
	const struct boot_file *f = &l->b->kernel;
	uint64_t from = wide ? get(f, ph + 8, 8) : get(f, ph + 4, 4);
	uint64_t virtual = wide ? get(f, ph + 16, 8) : get(f, ph + 8, 4);
	uint64_t gpa = wide ? get(f, ph + 24, 8) : get(f, ph + 12, 4);
	uint64_t size = wide ? get(f, ph + 32, 8) : get(f, ph + 16, 4);
	uint64_t total = wide ? get(f, ph + 40, 8) : get(f, ph + 20, 4);

	if (get(f, ph, 4) != 1) /* PT_LOAD */
		return 0;
	if (!l->entry_known && entry - virtual < total) {
		l->entry->eip = (uint32_t)(entry - virtual + gpa);
		l->entry_known = true;
	}
	/* Beyond 4 GiB nothing can be loaded; and sums below cannot wrap. */
	if (gpa > FOUR_GIB || total > FOUR_GIB)
		return err_set(e, -ENOEXEC, "%s: a segment beyond 4 GiB", f->name);
	return put_segment(l, gpa, from, size, total, e);
}

static int load_elf(struct load *l, struct err *e)
{
	const struct boot_file *f = &l->b->kernel;
	bool wide = f->data[4] == 2;
	uint64_t entry = get(f, 24, wide ? 8 : 4), ph = wide ? get(f, 32, 8) : get(f, 28, 4);
	unsigned each = (unsigned)get(f, wide ? 54 : 42, 2),
		 n = (unsigned)get(f, wide ? 56 : 44, 2);
	int rc = 0;

	if (f->data[5] != 1 || f->data[4] < 1 || f->data[4] > 2)
		return err_set(e, -ENOEXEC, "%s: not a little-endian ELF of 32 or 64 bits",
			       f->name);
	if (each < (wide ? 56 : 32) || !n || ph > f->len || (uint64_t)each * n > f->len - ph)
		return err_set(e, -ENOEXEC, "%s: its program headers are not in the file", f->name);
	l->entry->eip = (uint32_t)entry;
	for (unsigned i = 0; i < n && !rc; i++)
		rc = load_program(l, ph + (uint64_t)i * each, wide, entry, e);
	if (!rc && (!l->end || (!l->entry_known && entry >= FOUR_GIB)))
		rc = err_set(e, -ENOEXEC, "%s: nothing to load, or an entry outside of it",
			     f->name);
	return rc;
}

static int load_kernel(struct load *l, struct err *e)
{
	const struct boot_file *f = &l->b->kernel;
	uint32_t flags = (uint32_t)get(f, l->header + 4, 4);

	if (flags & 0xffff & ~(uint32_t)(WANT_PAGE_ALIGN | WANT_MEMORY | WANT_VIDEO))
		return err_set(e, -ENOTSUP,
			       "%s: its multiboot header wants what there is not: "
			       "flags 0x%x",
			       f->name, flags);
	if (flags & HAS_ADDRESSES)
		return load_flat(l, e);
	if (f->len < 64 || memcmp(f->data, "\177ELF", 4) != 0)
		return err_set(e, -ENOEXEC,
			       "%s: neither ELF nor with addresses in its multiboot "
			       "header",
			       f->name);
	return load_elf(l, e);
}

/* ---- what it is told ---- */

static uint8_t *mmap_entry(uint8_t *p, uint64_t base, uint64_t len, unsigned type)
{
	if (!len)
		return p;
	store_le(p, 4, MMAP_ENTRY - 4); /* the size does not count itself */
	store_le(p + 4, 8, base);
	store_le(p + 12, 8, len);
	store_le(p + 20, 4, type);
	return p + MMAP_ENTRY;
}

static void put_memory(const struct boot_ram *ram, uint8_t *info)
{
	uint64_t high = ram->below_4g > MIB ? ram->below_4g - MIB : 0;
	uint8_t *p = mmap_entry(info + MMAP, 0, 0x9fc00, RAM);

	p = mmap_entry(p, 0x9fc00, 0x400, RESERVED);
	p = mmap_entry(p, 0xf0000, 0x10000, RESERVED);
	p = mmap_entry(p, MIB, high, RAM);
	p = mmap_entry(p, ram->below_4g, ram->reserved, RESERVED);
	p = mmap_entry(p, FOUR_GIB, ram->above_4g, RAM);
	store_le(info + 4, 4, 640);
	store_le(info + 8, 4, high / 1024);
	store_le(info + 44, 4, (uint64_t)(p - (info + MMAP)));
	store_le(info + 48, 4, INFO_AT + MMAP);
}

/* Text behind what is loaded already; its address. */
static uint64_t put_text(struct load *l, const char *first, const char *second, int *rc,
			 struct err *e)
{
	size_t size = strlen(first) + strlen(second) + 2;
	char *text = malloc(size);
	uint64_t at = l->end;

	if (!text) {
		*rc = err_set(e, -ENOMEM, "out of memory");
		return 0;
	}
	snprintf(text, size, "%s%s%s", first, *second ? " " : "", second);
	if (!*rc)
		*rc = boot_put(l->b, l->ram, "the command line", at, text, strlen(text) + 1, e);
	l->end += strlen(text) + 1;
	free(text);
	return at;
}

static void page_up(struct load *l)
{
	l->end = (l->end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static int put_modules(struct load *l, uint8_t *info, struct err *e)
{
	uint64_t list = (l->end + 3) & ~3ull, at = list;
	int rc = 0;

	l->end = list + (uint64_t)l->b->n_modules * MODULE;
	for (unsigned i = 0; i < l->b->n_modules && !rc; i++, at += MODULE) {
		const struct boot_file *f = &l->b->modules[i];
		uint8_t entry[MODULE] = {0};

		store_le(entry + 8, 4, put_text(l, f->args, "", &rc, e));
		page_up(l);
		store_le(entry, 4, l->end);
		store_le(entry + 4, 4, l->end + f->len);
		if (!rc)
			rc = boot_put(l->b, l->ram, "a module", l->end, f->data, f->len, e);
		if (!rc)
			rc = boot_put(l->b, l->ram, "the modules' list", at, entry, MODULE, e);
		l->end += f->len;
	}
	store_le(info + 20, 4, l->b->n_modules);
	store_le(info + 24, 4, list);
	return rc;
}

static int put_info(struct load *l, struct err *e)
{
	uint8_t info[GDT] = {0};
	int rc = 0;

	store_le(info, 4,
		 INFO_MEMORY | INFO_BOOT_DEVICE | INFO_CMDLINE | INFO_MODULES | INFO_MMAP |
			 INFO_LOADER);
	put_memory(l->ram, info);
	store_le(info + 12, 4, (uint32_t)FIRST_DISK);
	page_up(l);
	store_le(info + 16, 4, put_text(l, l->b->kernel.name, l->b->append, &rc, e));
	store_le(info + 64, 4, put_text(l, "hvm", "", &rc, e));
	if (!rc)
		rc = put_modules(l, info, e);
	return rc ? rc
		  : boot_put(l->b, l->ram, "the boot information", INFO_AT, info, sizeof(info), e);
}

int boot_multiboot(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
		   struct err *e)
{
	struct load l = {.b = b, .ram = ram, .entry = entry};
	int rc;

	if (!find_header(&b->kernel, &l.header))
		return err_set(e, -ENOEXEC, "%s: no multiboot header", b->kernel.name);
	rc = load_kernel(&l, e);
	if (!rc)
		rc = put_info(&l, e);
	entry->eax = LOADER_MAGIC;
	entry->ebx = INFO_AT;
	return rc ? rc : boot_gdt(b, ram, INFO_AT + GDT, entry, e);
}
