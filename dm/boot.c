/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/boot.c: which format a kernel has, and putting pieces of it into RAM. */
#include "dm/boot.h"

#include "base/util.h"

#include <errno.h>

int boot_put(const struct boot *b, const struct boot_ram *ram, const char *what, uint64_t gpa,
	     const void *data, uint64_t len, struct err *e)
{
	static const uint8_t zeros[4096];
	int rc = 0;

	if (gpa > ram->below_4g || len > ram->below_4g - gpa)
		return err_set(e, -ENOMEM, "%s: %s (0x%llx bytes at 0x%llx) is beyond the RAM",
			       b->kernel.name, what, (unsigned long long)len,
			       (unsigned long long)gpa);
	if (data && len)
		rc = ram->write(ram->arg, gpa, data, (size_t)len);
	for (uint64_t done = 0; !data && done < len && !rc; done += sizeof(zeros))
		rc = ram->write(ram->arg, gpa + done, zeros,
				(size_t)MIN(len - done, (uint64_t)sizeof(zeros)));
	return rc ? err_set(e, rc, "%s: %s (0x%llx bytes at 0x%llx) lies where there is no RAM",
			    b->kernel.name, what, (unsigned long long)len, (unsigned long long)gpa)
		  : 0;
}

int boot_gdt(const struct boot *b, const struct boot_ram *ram, uint32_t at,
	     struct boot_entry *entry, struct err *e)
{
	uint8_t gdt[BOOT_GDT_SIZE] = {0};

	store_le(gdt + 0x10, 8, 0x00cf9b000000ffff); /* code, 32 bits, 4 GiB */
	store_le(gdt + 0x18, 8, 0x00cf93000000ffff); /* data */
	entry->cs = 0x10;
	entry->ds = 0x18;
	entry->gdt_base = at;
	entry->gdt_limit = sizeof(gdt) - 1;
	return boot_put(b, ram, "the descriptor table", at, gdt, sizeof(gdt), e);
}

int boot_load(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
	      struct err *e)
{
	*entry = (struct boot_entry){.mode = BOOT_PROTECTED32};
	if (boot_is_multiboot(&b->kernel))
		return boot_multiboot(b, ram, entry, e);
	if (boot_is_linux(&b->kernel))
		return boot_linux(b, ram, entry, e);
	return err_set(e, -ENOEXEC, "%s: neither a multiboot kernel nor a Linux bzImage",
		       b->kernel.name);
}
