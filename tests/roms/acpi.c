/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables, against ACPI 6.3 chapter 5: placed by the script as firmware carries it out,
 * which is written here anew, then walked from the RSDP; and read by iasl's disassembler.
 */
#include "base/util.h"
#include "roms/acpi.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HIGH = 0x1fff0000, FSEG = 0xf5a20 };
#define PC(n, max)                                                        \
	{                                                                 \
		.cpus = n, .maxcpus = max, .have = ACPI_COM1 | ACPI_HPET, \
		.ram_below_4g = 512 << 20, .s4 = true                     \
	}

/* ---- the script, as SeaBIOS's romfile_loader does it ---- */

struct file {
	const char *name;
	uint8_t *data;
	uint32_t len, at; /* at 0: not allocated yet */
};
struct firmware {
	struct acpi acpi;
	struct file files[2];
};

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)load_le(p, 4);
}

static struct file *named(struct firmware *f, const uint8_t *name)
{
	for (unsigned i = 0; i < 2; i++)
		if (!strcmp(f->files[i].name, (const char *)name))
			return &f->files[i];
	MUST(!"a file of that name");
	return NULL;
}

static void allocate(struct firmware *f, const uint8_t *c)
{
	struct file *file = named(f, c + 4);
	uint32_t align = u32(c + 60);
	bool fseg = c[64] == 2;

	CHECK(fseg || c[64] == 1);
	CHECK(align && !(align & (align - 1)));
	EQ(0, file->at);
	file->at = (fseg ? FSEG : HIGH) & ~(align - 1);
}

static void add_pointer(struct firmware *f, const uint8_t *c)
{
	struct file *in = named(f, c + 4), *to = named(f, c + 60);
	uint32_t at = u32(c + 116), size = c[120];

	MUST(in->at && to->at);
	MUST(size == 4 || size == 8);
	MUST(at + size <= in->len);
	CHECK(load_le(in->data + at, size) < to->len);
	store_le(in->data + at, size, load_le(in->data + at, size) + to->at);
}

static void add_checksum(struct firmware *f, const uint8_t *c)
{
	struct file *in = named(f, c + 4);
	uint32_t at = u32(c + 60), start = u32(c + 64), len = u32(c + 68);
	uint8_t sum = 0;

	MUST(in->at && at < in->len && start < in->len && len <= in->len - start);
	for (uint32_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + in->data[start + i]);
	in->data[at] -= sum;
}

static void boot(struct firmware *f, const struct acpi_pc *pc)
{
	struct acpi *a = &f->acpi;

	OK(acpi_build(a, pc));
	EQ(0, a->loader_len % 128);
	f->files[0] = (struct file){ACPI_FILE_TABLES, a->tables, a->len, 0};
	f->files[1] = (struct file){ACPI_FILE_RSDP, a->rsdp, sizeof(a->rsdp), 0};
	for (uint32_t i = 0; i < a->loader_len; i += 128) {
		const uint8_t *c = a->loader + i;

		if (u32(c) == 1)
			allocate(f, c);
		else if (u32(c) == 2)
			add_pointer(f, c);
		else if (u32(c) == 3)
			add_checksum(f, c);
		else
			CHECK(!"a known command");
	}
}

/* ---- walking them ---- */

static bool sums_to_zero(const uint8_t *p, uint32_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return !sum;
}

static const uint8_t *at_address(struct firmware *f, uint64_t at)
{
	const struct file *t = &f->files[0];

	MUST(at >= t->at && at - t->at < t->len);
	return t->data + (at - t->at);
}

/* The table there, whole and with its checksum. */
static const uint8_t *table_at(struct firmware *f, uint64_t at)
{
	const uint8_t *p = at_address(f, at);

	EQ(0, at % 64);
	MUST(u32(p + 4) >= 36 && at + u32(p + 4) <= f->files[0].at + f->files[0].len);
	CHECK(sums_to_zero(p, u32(p + 4)));
	return p;
}

/* By the RSDT, compared with the XSDT. */
static const uint8_t *find(struct firmware *f, const char *signature)
{
	const uint8_t *rsdt = table_at(f, u32(f->acpi.rsdp + 16));
	const uint8_t *xsdt = table_at(f, load_le(f->acpi.rsdp + 24, 8)), *found = NULL;
	unsigned n = (u32(rsdt + 4) - 36) / 4;

	CHECK(!memcmp(rsdt, "RSDT", 4) && !memcmp(xsdt, "XSDT", 4));
	EQ(n, (u32(xsdt + 4) - 36) / 8);
	for (unsigned i = 0; i < n; i++) {
		EQ(u32(rsdt + 36 + 4 * i), load_le(xsdt + 36 + 8 * i, 8));
		if (!memcmp(table_at(f, u32(rsdt + 36 + 4 * i)), signature, 4)) {
			CHECK(!found);
			found = table_at(f, u32(rsdt + 36 + 4 * i));
		}
	}
	return found;
}

TEST(acpi_rsdp)
{
	static struct firmware f;

	boot(&f, &(struct acpi_pc)PC(1, 1));
	EQM("RSD PTR ", f.acpi.rsdp, 8);
	CHECK(sums_to_zero(f.acpi.rsdp, 20));
	CHECK(sums_to_zero(f.acpi.rsdp, 36));
	EQ(2, f.acpi.rsdp[15]);
	EQ(36, u32(f.acpi.rsdp + 20));
	EQ(0, f.files[1].at % 16);
	CHECK(find(&f, "FACP") && find(&f, "APIC") && find(&f, "HPET") && find(&f, "WAET"));
	CHECK(find(&f, "SSDT"));
	CHECK(!find(&f, "DSDT")); /* the FADT's */
}

TEST(acpi_fadt)
{
	static struct firmware f;
	const uint8_t *t, *dsdt, *facs;

	boot(&f, &(struct acpi_pc)PC(1, 1));
	t = find(&f, "FACP");
	MUST(t);
	EQ(244, u32(t + 4));
	EQ(3, t[8]);
	facs = at_address(&f, u32(t + 36));
	EQM("FACS", facs, 4);
	EQ(64, u32(facs + 4));
	EQ(0, u32(t + 36) % 64);
	dsdt = table_at(&f, u32(t + 40));
	EQM("DSDT", dsdt, 4);
	EQ(u32(t + 40), load_le(t + 140, 8));
	EQ(9, load_le(t + 46, 2));
	EQ(0xb2, u32(t + 48));
	EQ(0xf1, t[52]);
	EQ(0xf0, t[53]);
	EQ(0x600, u32(t + 56));
	EQ(0x604, u32(t + 64));
	EQ(0x608, u32(t + 76));
	EQ(0xafe0, u32(t + 80));
	EQ(4 | 2 << 8 | 0 << 16 | 4 << 24, u32(t + 88));
	EQ(4, t[92]);
	EQ(0x32, t[108]);
	EQ(1, load_le(t + 109, 2));
	CHECK(u32(t + 112) & 1 << 10);
	EQ(0x0801, load_le(t + 116, 2));
	EQ(0xcf9, load_le(t + 120, 8));
	EQ(6, t[128]);
	EQ(0x2001, load_le(t + 148, 2)); /* ports, 32 bits wide */
	EQ(0x600, load_le(t + 152, 8));
	EQ(0x1001, load_le(t + 172, 2));
	EQ(0x604, load_le(t + 176, 8));
	EQ(0x608, load_le(t + 212, 8));
	EQ(0xafe0, load_le(t + 224, 8));
}

static const unsigned counts[][2] = {{1, 1}, {2, 2}, {1, 4}, {128, 128}};

TEST_EACH(acpi_madt, ARRAY_SIZE(counts), "processors")
{
	static struct firmware f;
	const struct acpi_pc pc = PC(counts[i][0], counts[i][1]);
	unsigned n[256] = {0}, on = 0, irqs = 0;
	const uint8_t *t, *p;

	boot(&f, &pc);
	t = find(&f, "APIC");
	MUST(t);
	EQ(0xfee00000, u32(t + 36));
	EQ(1, u32(t + 40));
	for (p = t + 44; p < t + u32(t + 4); p += p[1]) {
		MUST(p[1] >= 6);
		if (p[0] == 0) {
			EQ(n[0], p[2]);
			EQ(n[0], p[3]);
			on += u32(p + 4) & 1;
		} else if (p[0] == 1) {
			EQ(0xfec00000, u32(p + 4));
			EQ(0, u32(p + 8));
		} else if (p[0] == 2) {
			EQ(p[3] ? p[3] : 2, u32(p + 4));
			EQ(p[3] ? 0x0d : 0, load_le(p + 8, 2));
			irqs |= 1u << p[3];
		} else {
			EQ(4, p[0]);
			EQ(0xff, p[2]);
			EQ(1, p[5]);
		}
		n[p[0]]++;
	}
	EQ(pc.maxcpus, n[0]);
	EQ(pc.cpus, on);
	EQ(1, n[1]);
	EQ(1 << 0 | 1 << 5 | 1 << 9 | 1 << 10 | 1 << 11, irqs);
	EQ(1, n[4]);
	EQ(pc.maxcpus > 8, u32(find(&f, "FACP") + 112) >> 18 & 1);
}

TEST(acpi_what_is_not_there)
{
	static struct firmware f;
	struct acpi_pc pc = PC(1, 1);

	pc.have = ACPI_I8042;
	boot(&f, &pc);
	CHECK(!find(&f, "HPET"));
	EQ(3, load_le(find(&f, "FACP") + 109, 2));
}

TEST(acpi_too_many_processors)
{
	static struct acpi a;
	const struct acpi_pc pc = PC(60000, 60000);

	EQ(-ENOSPC, acpi_build(&a, &pc));
}

/* acpi_place does what firmware would. */
TEST(acpi_place_is_the_script)
{
	static struct firmware f;
	static struct acpi a;
	const struct acpi_pc pc = PC(3, 5);

	boot(&f, &pc);
	OK(acpi_build(&a, &pc));
	acpi_place(&a, HIGH);
	EQ(f.acpi.len, a.len);
	EQM(f.acpi.tables, a.tables, a.len);
	EQM(f.acpi.rsdp, a.rsdp, sizeof(a.rsdp));
}

/* ---- what iasl reads in them ---- */

static char *disassembly;

static void write_table(const char *dir, const char *name, const uint8_t *t)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s.aml", dir, name);
	out = fopen(path, "wb");
	MUST(out && fwrite(t, 1, u32(t + 4), out) == u32(t + 4));
	fclose(out);
}

/* Disassembles all of them together, compiles the result again: 0 errors. The text of `name`. */
static const char *disassemble(struct firmware *f, const char *name)
{
	static const char *const others[] = {"SSDT", "APIC", "FACP", "HPET", "WAET"};
	char dir[] = "/tmp/hvm-acpi-XXXXXX", command[512];
	const uint8_t *facp = find(f, "FACP");
	static char text[1 << 18];
	FILE *in;

	if (system("iasl -v >/dev/null 2>&1"))
		SKIP("no iasl");
	MUST(mkdtemp(dir));
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (find(f, others[i]))
			write_table(dir, others[i], find(f, others[i]));
	write_table(dir, "DSDT", table_at(f, u32(facp + 40)));
	snprintf(command, sizeof(command),
		 "cd %s && iasl -e SSDT.aml -d DSDT.aml >log 2>&1 && "
		 "iasl -e DSDT.aml -d SSDT.aml >>log 2>&1 && "
		 "for t in APIC FACP WAET; do iasl -d $t.aml >>log 2>&1 || exit 1; done && "
		 "iasl -we DSDT.dsl >>log 2>&1 && iasl SSDT.dsl >>log 2>&1 && "
		 "! grep -iE 'error [0-9]|could not|invalid|incorrect' *.dsl && cat %s.dsl || "
		 "cat log",
		 dir, name);
	in = popen(command, "r");
	MUST(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = 0;
	EQ(0, pclose(in));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	MUST(!system(command));
	disassembly = text;
	return text;
}

static void has(const char *what)
{
	if (!strstr(disassembly, what))
		NOTE("%s in:\n%.3000s", what, disassembly);
	CHECK(strstr(disassembly, what));
}

TEST(acpi_dsdt_read_by_iasl)
{
	static struct firmware f;

	boot(&f, &(struct acpi_pc)PC(2, 2));
	disassemble(&f, "DSDT");
	has("Name (HAVE, 0x00000081)");
	has("Name (_S5, Package (0x04)");
	has("OperationRegion (PIRQ, PCI_Config, 0x60, 0x04)");
	has("EisaId (\"PNP0C0F\")");
}

TEST(acpi_windows_read_by_iasl)
{
	static struct firmware f;
	struct acpi_pc pc = PC(2, 3);

	pc.ram_below_4g = 0xc0000000;
	pc.ram_above_4g = (3ull << 30) + 1;
	boot(&f, &pc);
	disassemble(&f, "SSDT");
	has("0xC0000000,         // Range Minimum\n                0xFEBFFFFF");
	has("0x0000000200000000, // Range Minimum\n                0x000000027FFFFFFF");
	has("0x0000,             // Range Minimum\n                0x0CF7");
	has("0x0D00,             // Range Minimum\n                0xFFFF");
	has("Processor (C001, 0x01, 0x00000000, 0x00)\n        {\n            "
	    "Name (_STA, 0x0F)");
	has("Processor (C002, 0x02, 0x00000000, 0x00)\n        {\n            "
	    "Name (_STA, Zero)");
	has("Name (_S4, Package (0x04)");
}
