/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel file from a stranger: the first byte halves the input between kernel and initrd. What
 * is loaded stays in the RAM that there is, or a sentence says why not.
 */
#include "base/util.h"
#include "dm/boot.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <errno.h>

#define RAM (4u << 20)

static uint8_t ram_bytes[RAM];

static int put(void *arg, uint64_t gpa, const void *buf, size_t len)
{
	(void)arg;
	CHECK(gpa <= RAM && len <= RAM - gpa); /* boot_put has looked */
	if (gpa < 0x100000 && gpa + len > 0xa0000)
		return -EFAULT;
	memcpy(ram_bytes + gpa, buf, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct boot_ram ram = {.below_4g = RAM, .write = put};
	struct boot_file rd = {"initrd", "initrd words", NULL, 0};
	struct boot b = {.modules = &rd, .append = "console=ttyS0"};
	struct boot_entry entry;
	struct err e = {""};
	uint8_t *kernel;
	int rc;

	if (!size)
		return 0;
	rd.len = (size - 1) * data[0] / 1024;
	rd.data = data + size - rd.len;
	b.n_modules = data[0] != 0;
	b.kernel = (struct boot_file){"kernel", NULL, NULL, size - 1 - rd.len};
	kernel = malloc(b.kernel.len ? b.kernel.len : 1); /* a byte beyond is seen */
	MUST(kernel);
	memcpy(kernel, data + 1, b.kernel.len);
	b.kernel.data = kernel;
	rc = boot_load(&b, &ram, &entry, &e);
	CHECK(rc == 0 || e.msg[0]);
	CHECK(rc || (entry.mode == BOOT_PROTECTED32 && entry.cs == 0x10));
	free(kernel);
	return 0;
}
