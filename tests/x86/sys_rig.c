/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/sys_rig.c: see sys_rig.h. */
#include "tests/x86/sys_rig.h"

#include "hypervisor/x86/desc.h"

struct sys_rig sys_rig(const char *model)
{
	struct machine *m = machine_new(model);
	struct sys_rig r = {.m = m, .dom = m->dom, .c = m->c, .ram = m->ram, .pages = AT_PAGES};

	r.c->seg[SEG_CS].sel = 0;
	r.c->seg[SEG_CS].base = 0;
	r.c->rip = r.c->next_rip = 0x7c00;
	r.c->r[R_SP] = 0x7000;
	domain_lock(r.dom);
	return r;
}

void sys_rig_free(struct sys_rig *r)
{
	domain_unlock(r->dom);
	machine_free(r->m);
}

void ram_put(struct sys_rig *r, uint64_t gpa, unsigned size, uint64_t val)
{
	uint8_t buf[8];

	store_le(buf, size, val);
	OK(domain_mem_write(r->dom, DOMAIN_NO_VCPU, gpa, buf, size));
}

uint64_t ram_get(struct sys_rig *r, uint64_t gpa, unsigned size)
{
	uint8_t buf[8];

	OK(domain_mem_read(r->dom, DOMAIN_NO_VCPU, gpa, buf, size));
	return load_le(buf, size);
}

void gdt_put(struct sys_rig *r, uint16_t sel, uint32_t base, uint32_t limit, unsigned access,
	     unsigned flags)
{
	uint64_t at = AT_GDT + (sel & 0xfff8);

	ram_put(r, at, 4, (limit & 0xffff) | base << 16);
	ram_put(r, at + 4, 4,
		(base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 |
			(base & 0xff000000));
}

void gate_put(struct sys_rig *r, uint64_t at, unsigned type, unsigned dpl, uint16_t sel,
	      uint64_t off, unsigned low)
{
	ram_put(r, at, 4, (off & 0xffff) | (uint32_t)sel << 16);
	ram_put(r, at + 4, 4, (off & 0xffff0000) | 0x8000 | dpl << 13 | type << 8 | low);
	if (r->c->long_mode)
		ram_put(r, at + 8, 8, off >> 32);
}

uint64_t new_page(struct sys_rig *r)
{
	uint64_t at = r->pages;

	r->pages += 0x1000;
	for (unsigned i = 0; i < 0x1000; i += 8)
		ram_put(r, at + i, 8, 0);
	return at;
}

uint64_t map_long(struct sys_rig *r, uint64_t cr3, uint64_t lin, uint64_t gpa, unsigned bits,
		  uint64_t flags, uint64_t upper)
{
	uint64_t table = cr3, at, e;

	for (unsigned shift = 39; shift > bits; shift -= 9) {
		at = table + (lin >> shift & 0x1ff) * 8;
		e = ram_get(r, at, 8);
		if (!(e & 1)) {
			e = new_page(r) | upper;
			ram_put(r, at, 8, e);
		}
		table = e & 0xffffffffff000;
	}
	at = table + (lin >> bits & 0x1ff) * 8;
	ram_put(r, at, 8, gpa | flags | (bits > 12 ? 0x80 : 0));
	return at;
}

uint64_t page_put(struct sys_rig *r, uint64_t lin, uint64_t gpa, uint64_t flags)
{
	uint64_t at = map_long(r, r->c->cr3 & 0xffffffffff000, lin, gpa, 12, flags, 7);

	mmu_invlpg(r->c, lin);
	return at;
}

/* ---- modes ---- */

static void tables(struct sys_rig *r)
{
	struct cpu *c = r->c;

	for (unsigned i = 0; i < 0x100; i += 8)
		ram_put(r, AT_GDT + i, 8, 0);
	gdt_put(r, CODE0, 0, 0xfffff, 0x9a, 0xc);
	gdt_put(r, DATA0, 0, 0xfffff, 0x92, 0xc);
	gdt_put(r, CODE3, 0, 0xfffff, 0xfa, 0xc);
	gdt_put(r, DATA3, 0, 0xfffff, 0xf2, 0xc);
	gdt_put(r, CONF0, 0, 0xfffff, 0x9e, 0xc);
	gdt_put(r, LONG0, 0, 0xfffff, 0x9a, 0xa);
	gdt_put(r, LONG3, 0, 0xfffff, 0xfa, 0xa);
	gdt_put(r, SEL_TSS, AT_TSS, 0xfff, 0x89, 0);
	gdt_put(r, SEL_LDT, AT_LDT, 0xff, 0x82, 0);
	gdt_put(r, CODE16, 0, 0xffff, 0x9a, 0);
	gdt_put(r, DATA16, 0, 0xffff, 0x92, 0);
	c->gdtr = (struct table_reg){AT_GDT, 0xff};
	c->idtr = (struct table_reg){AT_IDT, 0xfff};
	for (unsigned i = 0; i < 0x1000; i += 8) {
		ram_put(r, AT_IDT + i, 8, 0);
		ram_put(r, AT_TSS + i, 8, 0);
	}
}

static void enter(struct sys_rig *r, unsigned cpl, uint16_t code)
{
	static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	struct cpu *c = r->c;

	seg_ltr(c, SEL_TSS);
	far_jump(c, code, 0x8000, 4);
	seg_load(c, SEG_SS, DATA0);
	for (unsigned i = 0; i < 4; i++)
		seg_load(c, data[i], DATA3);
	c->r[R_SP] = AT_STACK0;
	if (cpl == 3) {
		c->r[R_SP] = AT_STACK3;
		c->seg[SEG_CS].sel = code == LONG0 ? LONG3 : CODE3;
		c->seg[SEG_CS].attr |= 3 << SEG_DPL_SHIFT;
		c->seg[SEG_SS].sel = DATA3;
		c->seg[SEG_SS].attr |= 3 << SEG_DPL_SHIFT;
		c->cpl = 3;
	}
	c->rip = c->next_rip = 0x8000;
}

void go_prot(struct sys_rig *r, unsigned cpl)
{
	tables(r);
	ram_put(r, AT_TSS + 4, 4, AT_STACK0);
	ram_put(r, AT_TSS + 8, 4, DATA0);
	ram_put(r, AT_TSS + 102, 2, 104 + 32);
	RUNS(r, cr_write(r->c, 0, CR0_PE | CR0_ET));
	RUNS(r, enter(r, cpl, CODE0));
}

void go_long(struct sys_rig *r, unsigned cpl)
{
	uint64_t cr3 = new_page(r);

	tables(r);
	ram_put(r, AT_TSS + 4, 8, AT_STACK0);
	for (uint64_t at = 0; at < 2u << 20; at += 0x1000)
		map_long(r, cr3, at, at, 12, 7, 7);
	for (uint64_t at = 0; at < sizeof(r->m->mmio); at += 0x1000)
		map_long(r, cr3, MACHINE_MMIO + at, MACHINE_MMIO + at, 12, 7, 7);
	RUNS(r, cr_write(r->c, 4, CR4_PAE));
	RUNS(r, cr_write(r->c, 3, cr3));
	RUNS(r, msr_write(r->c, 0xc0000080, EFER_LME | EFER_SCE | EFER_NXE));
	RUNS(r, cr_write(r->c, 0, CR0_PG | CR0_PE | CR0_WP));
	MUST(r->c->long_mode);
	ram_put(r, AT_GDT + SEL_TSS + 8, 8, 0);
	RUNS(r, enter(r, cpl, LONG0));
}

/* ---- running ---- */

void payload_put(struct sys_rig *r, uint64_t at, const uint8_t *start, const uint8_t *end)
{
	memcpy(r->ram + at, start, (size_t)(end - start));
}

void payload_load(struct sys_rig *r, uint64_t at, const uint8_t *start, const uint8_t *end)
{
	payload_put(r, at, start, end);
	r->c->rip = r->c->next_rip = at;
}

enum cpu_stop payload_run(struct sys_rig *r, uint64_t most)
{
	enum cpu_stop stop;

	r->c->halted = false;
	cpu_attend(r->c, ATT_STALE); /* the test may have written it */
	domain_unlock(r->dom);
	stop = cpu_run(r->c, most);
	domain_lock(r->dom);
	return stop;
}

void payload_traps(struct sys_rig *r)
{
	for (unsigned v = 0; v < 256; v++) {
		uint64_t at = AT_TRAPS + TRAP_STEP * v;

		r->ram[at] = 0xf4; /* hlt */
		if (cpu_is_real(r->c))
			ram_put(r, 4 * v, 4, at);
		else
			gate_put(r, AT_IDT + (r->c->long_mode ? 16 : 8) * v, SYS_INT, 3,
				 r->c->long_mode ? LONG0 : CODE0, at, 0);
	}
}

struct sys_rig payload_rig(bool is_long, unsigned cpl)
{
	struct sys_rig r = sys_rig("max");

	if (is_long)
		go_long(&r, cpl);
	else
		go_prot(&r, cpl);
	payload_traps(&r);
	return r;
}

static bool has_error(unsigned vector)
{
	return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

static uint64_t word(struct sys_rig *r, unsigned size, unsigned *at)
{
	struct cpu *c = r->c;
	uint64_t base = c->long_mode ? 0 : c->seg[SEG_SS].base;

	*at += size;
	return ram_get(r, base + c->r[R_SP] + *at - size, size);
}

struct trap payload_trap(struct sys_rig *r)
{
	unsigned size = cpu_is_real(r->c) ? 2 : r->c->long_mode ? 8 : 4, at = 0;
	uint64_t off = r->c->rip - 1 - AT_TRAPS;
	struct trap t = {.vector = -1};

	if (off >= 256 * TRAP_STEP || off % TRAP_STEP)
		return t;
	t.vector = (int)(off / TRAP_STEP);
	if (size > 2 && has_error((unsigned)t.vector))
		t.error = (uint32_t)word(r, size, &at);
	t.rip = word(r, size, &at);
	t.cs = (uint16_t)word(r, size, &at);
	t.flags = word(r, size, &at);
	t.flags_at = (r->c->long_mode ? 0 : r->c->seg[SEG_SS].base) + r->c->r[R_SP] + at - size;
	if (size == 8 || (size == 4 && (t.cs & 3 || t.flags & FL_VM))) {
		t.sp = word(r, size, &at);
		t.ss = (uint16_t)word(r, size, &at);
	}
	return t;
}

struct trap payload_go(struct sys_rig *r)
{
	EQ(STOP_HALT, payload_run(r, 100000));
	return payload_trap(r);
}

void payload_by_itself(const struct sys_rig *r, unsigned rounds)
{
	const struct engine_stats *s = &r->c->stats;

	if (tier_now == TIER_TRANSLATE && !r->c->verify)
		CHECK(s->exits_interp + s->slow_accesses + s->exits_jump < rounds / 4);
}
