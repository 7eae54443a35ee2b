/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/boot.h: -kernel, -initrd, -append: kernels that are put into RAM without firmware. The files
 * are a stranger's: whatever they say, only guest RAM below 4 GiB is written.
 */
#ifndef DM_BOOT_H
#define DM_BOOT_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the boot processor starts, where it is not the reset vector. */
enum boot_mode { BOOT_FIRMWARE, BOOT_PROTECTED32 /* flat, paging and interrupts off, A20 on */ };
struct boot_entry {
	enum boot_mode mode;
	uint32_t eip, eax, ebx, esi;
	uint16_t cs, ds; /* selectors in the GDT; both flat 4 GiB; ds is es, fs, gs and ss too */
	uint32_t gdt_base, gdt_limit;
};

struct boot_file {
	const char *name, *args; /* args: of a module, as the guest sees it: "FILE words" */
	const uint8_t *data;
	size_t len;
};
struct boot {
	struct boot_file kernel;
	const struct boot_file *modules; /* -initrd; Linux takes one */
	unsigned n_modules;
	const char *append; /* never NULL */
};

/* Guest RAM. write: 0, or -errno where there is none. */
struct boot_ram {
	uint64_t below_4g, above_4g; /* bytes for the guest to use … */
	uint64_t reserved;           /* … and behind those below 4 GiB, with ACPI tables */
	uint32_t rsdp;               /* where their root is; 0: there are none */
	int (*write)(void *arg, uint64_t gpa, const void *buf, size_t len);
	void *arg;
};

/* Whichever of the two formats it is. 0 and *entry, or -errno and a sentence. */
int boot_load(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
	      struct err *e);

/* ---- boot_multiboot.c, boot_linux.c ---- */
bool boot_is_multiboot(const struct boot_file *f);
int boot_multiboot(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
		   struct err *e);
bool boot_is_linux(const struct boot_file *f);
int boot_linux(const struct boot *b, const struct boot_ram *ram, struct boot_entry *entry,
	       struct err *e);

/* ---- boot_firmware.c: a bzImage, for the ROM of roms/linux.S to fetch ---- */
#define BOOT_ROM_FILE "genroms/hvm-linux.bin"
/* What fw_cfg is to have under the keys that QEMU documents, and the ROM. Pointers are into b's
 * files; freed by the caller: setup and rom. */
struct boot_items {
	uint8_t *setup, *rom;
	const uint8_t *kernel;
	size_t setup_len, kernel_len, rom_len;
	uint32_t kernel_at, initrd_at;
};
enum { BOOT_SETUP_AT = 0x10000, BOOT_CMDLINE_AT = 0x20000 };
int boot_items(const struct boot *b, uint64_t below_4g, struct boot_items *to, struct err *e);

/* ---- boot_linux.c, for that ---- */
struct boot_linux {
	size_t payload; /* where the protected-mode part begins in the file */
	uint32_t start; /* and in RAM */
	uint64_t end;   /* of what the kernel needs there */
};
/* Checks the header, the command line's length and that there is RAM up to `below`. */
int boot_linux_look(const struct boot *b, uint64_t below, struct boot_linux *to, struct err *e);
/* As high as the kernel allows below `below`; 0 when there is none. */
int boot_linux_initrd(const struct boot *b, const struct boot_linux *k, uint64_t below,
		      uint32_t *at, struct err *e);

/* ---- boot.c, for those two ---- */
/* len bytes of data (NULL: zeros) at gpa; what: for the sentence. */
int boot_put(const struct boot *b, const struct boot_ram *ram, const char *what, uint64_t gpa,
	     const void *data, uint64_t len, struct err *e);
#define BOOT_GDT_SIZE 32
/* Selectors 10 and 18 flat; sets cs, ds, gdt_*. */
int boot_gdt(const struct boot *b, const struct boot_ram *ram, uint32_t at,
	     struct boot_entry *entry, struct err *e);
#endif
