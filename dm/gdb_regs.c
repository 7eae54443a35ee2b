/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/gdb_regs.c: see gdb.h: a vCPU's registers and memory. The numbers are those of gdb's features
 * org.gnu.gdb.i386.core, .sse and .segments (gdb manual, G.5.9), then ours.
 */
#include "base/util.h"
#include "dm/gdb.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/sys.h"

#include <stddef.h>
#include <string.h>

#define R64(name, type)     "<reg name=\"" name "\" bitsize=\"64\" type=\"" type "\"/>"
#define R32(name)           "<reg name=\"" name "\" bitsize=\"32\" type=\"int32\"/>"
#define ST(n)               "<reg name=\"st" n "\" bitsize=\"80\" type=\"i387_ext\"/>"
#define X87(name)           "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
#define XMM(n)              "<reg name=\"xmm" n "\" bitsize=\"128\" type=\"vec128\"/>"
#define VECTOR(id, type, n) "<vector id=\"" id "\" type=\"" type "\" count=\"" n "\"/>"
#define MEMBER(name, type)  "<field name=\"" name "\" type=\"" type "\"/>"

/* clang-format off */
const char gdb_target_xml[] =
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
	"<architecture>i386:x86-64</architecture>"
	"<feature name=\"org.gnu.gdb.i386.core\">"
	R64("rax", "int64") R64("rbx", "int64") R64("rcx", "int64") R64("rdx", "int64")
	R64("rsi", "int64") R64("rdi", "int64") R64("rbp", "data_ptr") R64("rsp", "data_ptr")
	R64("r8", "int64") R64("r9", "int64") R64("r10", "int64") R64("r11", "int64")
	R64("r12", "int64") R64("r13", "int64") R64("r14", "int64") R64("r15", "int64")
	R64("rip", "code_ptr") R32("eflags")
	R32("cs") R32("ss") R32("ds") R32("es") R32("fs") R32("gs")
	ST("0") ST("1") ST("2") ST("3") ST("4") ST("5") ST("6") ST("7")
	X87("fctrl") X87("fstat") X87("ftag") X87("fiseg") X87("fioff") X87("foseg") X87("fooff")
	X87("fop")
	"</feature>"
	"<feature name=\"org.gnu.gdb.i386.sse\">"
	VECTOR("v4f", "ieee_single", "4") VECTOR("v2d", "ieee_double", "2")
	VECTOR("v16i8", "int8", "16") VECTOR("v8i16", "int16", "8")
	VECTOR("v4i32", "int32", "4") VECTOR("v2i64", "int64", "2")
	"<union id=\"vec128\">"
	MEMBER("v4_float", "v4f") MEMBER("v2_double", "v2d") MEMBER("v16_int8", "v16i8")
	MEMBER("v8_int16", "v8i16") MEMBER("v4_int32", "v4i32") MEMBER("v2_int64", "v2i64")
	MEMBER("uint128", "uint128")
	"</union>"
	XMM("0") XMM("1") XMM("2") XMM("3") XMM("4") XMM("5") XMM("6") XMM("7")
	XMM("8") XMM("9") XMM("10") XMM("11") XMM("12") XMM("13") XMM("14") XMM("15")
	"<reg name=\"mxcsr\" bitsize=\"32\" type=\"int\" group=\"vector\"/>"
	"</feature>"
	"<feature name=\"org.gnu.gdb.i386.segments\">"
	R64("fs_base", "int") R64("gs_base", "int")
	"</feature>"
	"<feature name=\"hvm.control\">"
	R64("k_gs_base", "int64") R64("cr0", "int64") R64("cr2", "int64") R64("cr3", "int64")
	R64("cr4", "int64") R64("cr8", "int64") R64("efer", "int64") R64("gdt_base", "int64")
	R64("idt_base", "int64")
	"</feature></target>";
/* clang-format on */

enum {
	GDB_SEGS = 18,
	GDB_ST = 24,
	GDB_X87 = 32,
	GDB_XMM = 40,
	GDB_MXCSR = 56,
	GDB_REST = 57,
};
/* In struct cpu: where they are what gdb shows. */
struct place {
	uint16_t at;
	uint8_t size;
	bool read_only; /* to change it would be to change the mode */
};
#define AT(m)                                     \
	{                                         \
		offsetof(struct cpu, m), 8, false \
	}
#define LOOK(m)                                  \
	{                                        \
		offsetof(struct cpu, m), 8, true \
	}
#define FX(o, n)                                             \
	{                                                    \
		offsetof(struct cpu, fpu.fx) + (o), n, false \
	}

static const struct place general[] = {
	AT(r[R_AX]), AT(r[R_BX]), AT(r[R_CX]), AT(r[R_DX]), AT(r[R_SI]), AT(r[R_DI]),
	AT(r[R_BP]), AT(r[R_SP]), AT(r[8]),    AT(r[9]),    AT(r[10]),   AT(r[11]),
	AT(r[12]),   AT(r[13]),   AT(r[14]),   AT(r[15]),   AT(rip),     AT(flags),
};
/* The image's tag byte is shown as it is. */
static const struct place x87[] = {
	FX(0, 2), FX(2, 2), FX(4, 1), FX(12, 2), FX(8, 4), FX(20, 2), FX(16, 4), FX(6, 2),
};
static const struct place rest[] = {
	AT(seg[SEG_FS].base),
	AT(seg[SEG_GS].base),
	AT(kernel_gs_base),
	LOOK(cr0),
	AT(cr2),
	LOOK(cr3),
	LOOK(cr4),
	LOOK(cr8),
	LOOK(efer),
	LOOK(gdtr.base),
	LOOK(idtr.base),
};

static struct place place_of(unsigned n)
{
	static const uint8_t segs[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};

	if (n < GDB_SEGS)
		return general[n];
	if (n < GDB_ST)
		return (struct place){(uint16_t)(offsetof(struct cpu, seg) +
						 segs[n - GDB_SEGS] * sizeof(struct segment) +
						 offsetof(struct segment, sel)),
				      2, true};
	if (n < GDB_X87)
		return (struct place)FX(32 + 16 * (n - GDB_ST), 10);
	if (n < GDB_XMM)
		return x87[n - GDB_X87];
	if (n < GDB_MXCSR)
		return (struct place)FX(160 + 16 * (n - GDB_XMM), 16);
	if (n == GDB_MXCSR)
		return (struct place)FX(24, 4);
	return n - GDB_REST < ARRAY_SIZE(rest) ? rest[n - GDB_REST] : (struct place){.size = 0};
}

unsigned gdb_reg_size(unsigned n)
{
	if (n == GDB_SEGS - 1 || (n >= GDB_SEGS && n < GDB_ST) || (n >= GDB_X87 && n < GDB_XMM))
		return 4;
	return place_of(n).size;
}

void gdb_reg_read(const struct cpu *c, unsigned n, uint8_t buf[16])
{
	struct place p = place_of(n);

	memset(buf, 0, 16);
	memcpy(buf, (const char *)c + p.at, p.size);
}

void gdb_reg_write(struct cpu *c, unsigned n, const uint8_t buf[16])
{
	struct place p = place_of(n);

	if (p.read_only)
		return;
	if (n == GDB_SEGS - 1) /* what a program may change, whatever its CPL */
		c->flags = (c->flags & ~0x3f7fd7ull) | (load_le(buf, 4) & 0x3f7fd7) | FL_1;
	else
		memcpy((char *)c + p.at, buf, p.size);
}

bool gdb_memory(struct domain *dom, struct cpu *c, uint64_t at, uint8_t *buf, size_t len,
		bool write)
{
	while (len) {
		size_t n = MIN(len, 4096 - at % 4096);
		uint64_t gpa;
		int rc;

		if (!mmu_peek(c, at, &gpa))
			return false;
		rc = write ? domain_mem_write(dom, DOMAIN_NO_VCPU, gpa, buf, n)
			   : domain_mem_read(dom, DOMAIN_NO_VCPU, gpa, buf, n);
		if (rc)
			return false;
		at += n;
		buf += n;
		len -= n;
	}
	return true;
}
