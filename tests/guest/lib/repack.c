/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repack payload BZIMAGE: writes the packed kernel inside to standard output.
 * repack unpacked BZIMAGE VMLINUX STUB: a bzImage with the same setup header whose protected-mode
 * part is STUB at 1 MiB and the segments of VMLINUX where they run, so that a slow CPU need not
 * unpack (four billion instructions of the 64-bit kernel's boot, nine parts in ten).
 *
 * Spec: Linux, Documentation/arch/x86/boot.rst
 */
#include <elf.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	MAGIC = 0x202,
	RELOCATABLE = 0x234,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_END = 0x268,
	LOADED_AT = 0x100000,
};

struct file {
	uint8_t *data;
	size_t len;
};

static struct file slurp(const char *name)
{
	struct file f = {0};
	FILE *in = fopen(name, "rb");
	size_t room = 0, n;

	if (!in)
		err(1, "%s", name);
	do {
		room += 16 << 20;
		f.data = realloc(f.data, room);
		if (!f.data)
			err(1, "%s", name);
		n = fread(f.data + f.len, 1, room - f.len, in);
		f.len += n;
	} while (n);
	fclose(in);
	return f;
}

static uint32_t get(const struct file *f, size_t at)
{
	uint32_t v;

	if (at + 4 > f->len)
		errx(1, "too short");
	memcpy(&v, f->data + at, 4);
	return v;
}

static void put(struct file *f, size_t at, uint32_t v)
{
	memcpy(f->data + at, &v, 4);
}

static size_t setup_size(const struct file *f)
{
	if (f->len < HEADER_END || memcmp(f->data + MAGIC, "HdrS", 4))
		errx(1, "not a bzImage");
	return (f->data[SETUP_SECTS] + 1) * 512;
}

static void write_out(const void *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) != n || fflush(stdout))
		err(1, "standard output");
}

/* Its last four bytes are the unpacked size, which is not the packer's. */
static void payload(const struct file *f)
{
	size_t at = setup_size(f) + get(f, PAYLOAD_OFFSET), n = get(f, PAYLOAD_LENGTH) - 4;

	if (at > f->len || n > f->len - at)
		errx(1, "the payload is outside of the file");
	write_out(f->data + at, n);
}

/* One loadable segment, of either class, to where it runs. */
static void place(struct file *out, const struct file *elf, uint64_t from, uint64_t to, uint64_t n)
{
	uint64_t at = to - LOADED_AT;

	if (!n)
		return;
	if (to < LOADED_AT || at + n > 256 << 20 || from > elf->len || n > elf->len - from)
		errx(1, "a segment at 0x%llx does not fit", (unsigned long long)to);
	if (at + n > out->len) {
		out->data = realloc(out->data, at + n);
		if (!out->data)
			err(1, "memory");
		memset(out->data + out->len, 0, at + n - out->len);
		out->len = at + n;
	}
	memcpy(out->data + at, elf->data + from, n);
}

static void place_all(struct file *out, const struct file *elf)
{
	const Elf64_Ehdr *h = (const void *)elf->data;
	const Elf32_Ehdr *h32 = (const void *)elf->data;

	if (elf->len < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG))
		errx(1, "the kernel inside is not an ELF file");
	if (h->e_ident[EI_CLASS] == ELFCLASS64) {
		const Elf64_Phdr *p = (const void *)(elf->data + h->e_phoff);

		for (int i = 0; i < h->e_phnum; i++, p++)
			if (p->p_type == PT_LOAD)
				place(out, elf, p->p_offset, p->p_paddr, p->p_filesz);
	} else {
		const Elf32_Phdr *p = (const void *)(elf->data + h32->e_phoff);

		for (int i = 0; i < h32->e_phnum; i++, p++)
			if (p->p_type == PT_LOAD)
				place(out, elf, p->p_offset, p->p_paddr, p->p_filesz);
	}
}

static void unpacked(struct file *f, const struct file *elf, const struct file *stub)
{
	struct file out = {0};

	place(&out, stub, 0, LOADED_AT, stub->len);
	place_all(&out, elf);
	put(f, SYSSIZE, (out.len + 15) / 16);
	/* What the unpacked kernel has for itself now starts lower: GRUB takes just as much. */
	put(f, INIT_SIZE, get(f, PREF_ADDRESS) - LOADED_AT + get(f, INIT_SIZE));
	if (get(f, INIT_SIZE) < out.len)
		put(f, INIT_SIZE, out.len);
	put(f, PAYLOAD_OFFSET, 0);
	put(f, PAYLOAD_LENGTH, 0);
	f->data[RELOCATABLE] = 0;
	write_out(f->data, setup_size(f));
	write_out(out.data, out.len);
}

int main(int argc, char **argv)
{
	struct file kernel, elf, stub;

	if (argc == 3 && !strcmp(argv[1], "payload")) {
		kernel = slurp(argv[2]);
		payload(&kernel);
		return 0;
	}
	if (argc != 5 || strcmp(argv[1], "unpacked"))
		errx(2, "usage: repack payload BZIMAGE | repack unpacked BZIMAGE VMLINUX STUB");
	kernel = slurp(argv[2]);
	elf = slurp(argv[3]);
	stub = slurp(argv[4]);
	setup_size(&kernel);
	unpacked(&kernel, &elf, &stub);
	return 0;
}
