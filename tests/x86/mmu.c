/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging, the TLB and operands in memory (SDM volume 3, chapter 4; 5.3-5.5). */
#include "hypervisor/core.h"
#include "hypervisor/x86/mmu.h"

#include "tests/x86/sys_rig.h"

#define V   0x40000000ull /* pages under test are above what go_long maps */
#define RAM 0x800000ull
enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, G = 0x100 };
#define NX (1ull << 63)

#define DS SEG_DS

TEST(without_paging_memory_is_where_it_is)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RUNS(&r, mem_write(r.c, DS, 0x123456, 4, 0xdeadbeef));
	EQ(0xdeadbeef, ram_get(&r, 0x123456, 4));
	EQ(0xbeef, mem_read(r.c, DS, 0x123456, 2));
	sys_rig_free(&r);
}

TEST(accessed_and_dirty_are_set)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte;

	go_long(&r, 0);
	pte = map_long(&r, r.c->cr3, V, RAM, 12, P | W, P | W);
	ram_put(&r, RAM, 8, 77);
	EQ(77, mem_read(r.c, DS, V, 8));
	EQ(RAM | P | W | A, ram_get(&r, pte, 8));
	/* In the TLB for reading: the first write must still find the entry. */
	RUNS(&r, mem_write(r.c, DS, V + 8, 1, 5));
	EQ(RAM | P | W | A | D, ram_get(&r, pte, 8));
	EQ(5, ram_get(&r, RAM + 8, 1));
	sys_rig_free(&r);
}

/* The log is read, as by a display, while an instruction has the page open. */
TEST(the_dirty_log_has_what_is_written_after_a_look)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pages;
	uint8_t *flag = domain_page_flags(r.dom, &pages) + RAM / PAGE, *p, bits;

	go_prot(&r, 0);
	OK(core_track_dirty(r.dom, RAM / PAGE, 1, &bits));
	EQ(HV_PAGE_LOG, *flag);
	p = mem_rmw(r.c, DS, RAM, 4);
	MUST(p);
	OK(core_track_dirty(r.dom, RAM / PAGE, 1, &bits));
	p[0] = 1;
	mem_rmw_done(r.c);
	OK(core_track_dirty(r.dom, RAM / PAGE, 1, &bits));
	EQ(1, bits);
	OK(core_track_dirty(r.dom, RAM / PAGE, 1, &bits));
	EQ(0, bits);
	sys_rig_free(&r);
}

/* ---- the dirty log of code that runs ---- */

static struct {
	uint64_t gfn;
	uint8_t bits[16]; /* by what was poked */
} log_seen;

static void look_at_log(struct machine *m, uint8_t val)
{
	if (val == 9)
		OK(core_track_dirty(m->dom, 0, 0, NULL));
	else
		OK(core_track_dirty(m->dom, log_seen.gfn, 1, &log_seen.bits[val & 15]));
}

PAYLOAD(logged, 32,
	"mov edx, 0x503; mov edi, 2; again: mov [esi], edi;"
	"mov al, 1; out dx, al; mov [esi], edi; mov al, 2; out dx, al; mov al, 3; out dx, al;"
	"mov al, 9; out dx, al; mov [esi], edi;"
	"mov al, 4; out dx, al; mov [esi], edi; mov al, 5; out dx, al;"
	"dec edi; jnz again; hlt");

static void check_log(struct sys_rig *r, uint64_t gpa)
{
	go_prot(r, 0);
	r->m->poke = look_at_log;
	memset(&log_seen, 0, sizeof(log_seen));
	log_seen.gfn = gpa / PAGE;
	r->c->r[R_SI] = gpa;
	LOADED(r, logged);
	EQ(-1, payload_go(r).vector);
	EQ(1, log_seen.bits[1]);
	EQ(1, log_seen.bits[2]);
	EQ(1, log_seen.bits[4]);
	EQ(1, log_seen.bits[5]);
}

/* As a display that looks for the first time when the guest has drawn already, or at another place
 * meanwhile: what is drawn then is seen. */
TIER_TEST(the_dirty_log_may_begin_at_any_time)
{
	struct sys_rig r = sys_rig("max");
	int region = memmap_region(&r.dom->mem, "vram", PAGE, -1, NULL);

	MUST(region > 0);
	OK(memmap_map(&r.dom->mem, 0x4000000, (unsigned)region, 0, PAGE, HV_SRC_RAM, HV_SRC_RAM));
	check_log(&r, 0x4000000);
	EQ(0, log_seen.bits[3]);
	check_log(&r, RAM); /* what was not written since may be said to be, of RAM */
	sys_rig_free(&r);
}

TEST(a_refused_access_sets_nothing)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte;

	go_long(&r, 3);
	pte = map_long(&r, r.c->cr3, V, RAM, 12, P | W, P | W | U);
	RAISES(&r, EXC_PF, 5, mem_read(r.c, DS, V, 1));
	EQ(V, r.c->exc.cr2);
	EQ(RAM | P | W, ram_get(&r, pte, 8));
	sys_rig_free(&r);
}

struct right {
	const char *what;
	uint64_t flags, upper;
	unsigned cpl;
	enum mem_access access;
	uint64_t cr4;
	bool wp, ac;
	int error; /* -1: allowed */
};
static const struct right rights[] = {
	{"not present", 0, 7, 0, ACCESS_READ, 0, true, false, 0},
	{"not present, user write", 0, 7, 3, ACCESS_WRITE, 0, true, false, 6},
	{"user reads user", P | U, 7, 3, ACCESS_READ, 0, true, false, -1},
	{"user writes read-only", P | U, 7, 3, ACCESS_WRITE, 0, true, false, 7},
	{"user writes, table read-only", P | W | U, 5, 3, ACCESS_WRITE, 0, true, false, 7},
	{"user reads, table supervisor's", P | W | U, 3, 3, ACCESS_READ, 0, true, false, 5},
	{"supervisor writes read-only", P, 7, 0, ACCESS_WRITE, 0, true, false, 3},
	{"supervisor writes read-only, WP off", P, 7, 0, ACCESS_WRITE, 0, false, false, -1},
	{"user writes read-only, WP off", P | U, 7, 3, ACCESS_WRITE, 0, false, false, 7},
	{"fetch NX", P | NX, 7, 0, ACCESS_FETCH, 0, true, false, 0x11},
	{"fetch, table NX", P, 7 | NX, 0, ACCESS_FETCH, 0, true, false, 0x11},
	{"read NX", P | NX, 7, 0, ACCESS_READ, 0, true, false, -1},
	{"user fetch NX", P | U | NX, 7, 3, ACCESS_FETCH, 0, true, false, 0x15},
	{"SMEP", P | U, 7, 0, ACCESS_FETCH, CR4_SMEP, true, false, 0x11},
	{"SMEP, table supervisor's", P | U, 3, 0, ACCESS_FETCH, CR4_SMEP, true, false, -1},
	{"no SMEP", P | U, 7, 0, ACCESS_FETCH, 0, true, false, -1},
	{"SMAP read", P | U, 7, 0, ACCESS_READ, CR4_SMAP, true, false, 1},
	{"SMAP write", P | W | U, 7, 0, ACCESS_WRITE, CR4_SMAP, true, false, 3},
	{"SMAP with AC", P | W | U, 7, 0, ACCESS_WRITE, CR4_SMAP, true, true, -1},
	{"SMAP is not for user", P | U, 7, 3, ACCESS_READ, CR4_SMAP, true, false, -1},
	{"bit 45", P | 1ull << 45, 7, 0, ACCESS_READ, 0, true, false, 9},
	{"bit 45, user write", P | 1ull << 45, 7, 3, ACCESS_WRITE, 0, true, false, 0xf},
	{"bit 7 in a PTE is PAT", P | 0x80, 7, 0, ACCESS_READ, 0, true, false, -1},
};

static void touch(struct cpu *c, enum mem_access access)
{
	uint8_t buf[INSN_MAX];

	if (access == ACCESS_FETCH)
		mem_fetch(c, V, buf);
	else if (access == ACCESS_WRITE)
		mem_write(c, DS, V, 1, 0);
	else
		mem_read(c, DS, V, 1);
}

static void check_right(const struct right *t)
{
	struct sys_rig r = sys_rig("max");

	NOTE("%s", t->what);
	go_long(&r, t->cpl);
	map_long(&r, r.c->cr3, V, RAM, 12, t->flags, t->upper);
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | t->cr4));
	if (!t->wp)
		RUNS(&r, cr_write(r.c, 0, r.c->cr0 & ~(uint64_t)CR0_WP));
	if (t->ac)
		r.c->flags |= FL_AC;
	if (t->error < 0)
		RUNS(&r, touch(r.c, t->access));
	else
		RAISES(&r, EXC_PF, (unsigned)t->error, touch(r.c, t->access));
	sys_rig_free(&r);
}

TEST(rights_and_error_codes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		check_right(&rights[i]);
}

TEST(implicit_accesses_heed_smap_whatever_ac)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	map_long(&r, r.c->cr3, V, RAM, 12, P | W | U, 7);
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_SMAP));
	r.c->flags |= FL_AC;
	RUNS(&r, mem_read(r.c, DS, V, 8));
	RAISES(&r, EXC_PF, 1, lin_read(r.c, V, 8, false));
	sys_rig_free(&r);
}

TEST(large_pages_of_4_levels)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	map_long(&r, r.c->cr3, 0x40000000, 0, 30, P | W, P | W);
	map_long(&r, r.c->cr3, 0x80000000, 0x800000, 21, P | W, P | W);
	ram_put(&r, 0x912345, 4, 0x600df00d);
	EQ(0x600df00d, mem_read(r.c, DS, 0x40912345, 4));
	EQ(0x600df00d, mem_read(r.c, DS, 0x80112345, 4));
	/* Bits below the frame are reserved (SDM 4.5). */
	map_long(&r, r.c->cr3, 0x80200000, 0x2000, 21, P | W, P | W);
	RAISES(&r, EXC_PF, 9, mem_read(r.c, DS, 0x80200000, 1));
	sys_rig_free(&r);
	r = sys_rig("max,-pdpe1gb");
	go_long(&r, 0);
	map_long(&r, r.c->cr3, 0x40000000, 0, 30, P | W, P | W);
	RAISES(&r, EXC_PF, 9, mem_read(r.c, DS, 0x40000000, 1));
	sys_rig_free(&r);
}

/* 32-bit paging: the low 4 MiB are mapped to themselves. */
static uint64_t go_paged32(struct sys_rig *r, uint64_t cr4)
{
	uint64_t dir = new_page(r), table = new_page(r);

	go_prot(r, 0);
	for (unsigned i = 0; i < 1024; i++)
		ram_put(r, table + 4 * i, 4, (uint64_t)i << 12 | P | W | U);
	ram_put(r, dir, 4, table | P | W | U);
	RUNS(r, cr_write(r->c, 4, cr4));
	RUNS(r, cr_write(r->c, 3, dir));
	RUNS(r, cr_write(r->c, 0, r->c->cr0 | CR0_PG));
	return dir;
}

TEST(paging_of_32_bits)
{
	struct sys_rig r = sys_rig("max");
	uint64_t dir = go_paged32(&r, 0), table = new_page(&r);

	ram_put(&r, dir + 4, 4, table | P | W);
	ram_put(&r, table + 4, 4, RAM | P | W);
	RUNS(&r, mem_write(r.c, DS, 0x401004, 4, 9));
	EQ(9, ram_get(&r, RAM + 4, 4));
	EQ(RAM | P | W | A | D, ram_get(&r, table + 4, 4));
	EQ(table | P | W | A, ram_get(&r, dir + 4, 4));
	/* PS means nothing without CR4.PSE: the entry is a table. */
	ram_put(&r, dir + 8, 4, table | 0x80 | P | W);
	RUNS(&r, mem_write(r.c, DS, 0x801008, 4, 10));
	EQ(10, ram_get(&r, RAM + 8, 4));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, 0xc00000, 4));
	sys_rig_free(&r);
}

TEST(pages_of_4_mib_and_pse36)
{
	struct sys_rig r = sys_rig("max");
	uint64_t dir = go_paged32(&r, CR4_PSE), gpa;

	ram_put(&r, dir + 4, 4, 0x800000 | 0x80 | P | W);
	ram_put(&r, 0x812345, 4, 0x1234);
	EQ(0x1234, mem_read(r.c, DS, 0x412345, 4));
	/* Bits 20:13 are 39:32 of the address. */
	ram_put(&r, dir + 8, 4, 0x800000 | 0x5u << 13 | 0x80 | P | W);
	CHECK(mmu_peek(r.c, 0x812345, &gpa));
	EQ(0x500812345, gpa);
	ram_put(&r, dir + 12, 4, 0x800000 | 1u << 21 | 0x80 | P | W);
	RAISES(&r, EXC_PF, 9, mem_read(r.c, DS, 0xc00000, 4));
	sys_rig_free(&r);
}

PAYLOAD(halves_of_a_large_page, 32,
	"mov eax, [0x600000]; mov ebx, [0x400000];"
	"mov dword ptr [edi], 0xc00083; invlpg [0x400000]; mov ecx, [0x600000];"
	"mov dword ptr [edi], 0x800083; invlpg [0x600000]; mov edx, [0x400000]; hlt");

TIER_TEST(invlpg_drops_all_of_a_page_of_4_mib)
{
	struct sys_rig r = sys_rig("max");
	uint64_t dir = go_paged32(&r, CR4_PSE);

	ram_put(&r, dir + 4, 4, 0x800000 | 0x80 | P | W);
	ram_put(&r, 0x800000, 4, 1);
	ram_put(&r, 0xa00000, 4, 2);
	ram_put(&r, 0xc00000, 4, 3);
	ram_put(&r, 0xe00000, 4, 4);
	r.c->r[R_DI] = dir + 4;
	LOADED(&r, halves_of_a_large_page);
	EQ(-1, payload_go(&r).vector);
	EQ(2, r.c->r[R_AX]);
	EQ(1, r.c->r[R_BX]);
	EQ(4, r.c->r[R_CX]);
	EQ(1, r.c->r[R_DX]);
	sys_rig_free(&r);
}

TEST(pae_loads_its_pointers_with_cr3)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pdpt = new_page(&r), dir = new_page(&r);

	go_prot(&r, 0);
	ram_put(&r, pdpt, 8, dir | P);
	ram_put(&r, pdpt + 8, 8, dir | P);
	ram_put(&r, dir, 8, 0 | 0x80 | P | W);
	ram_put(&r, dir + 8, 8, 0x800000 | 0x80 | P | W);
	RUNS(&r, cr_write(r.c, 4, CR4_PAE));
	RUNS(&r, cr_write(r.c, 3, pdpt));
	RUNS(&r, cr_write(r.c, 0, r.c->cr0 | CR0_PG));
	ram_put(&r, 0x800010, 4, 0xaa55);
	EQ(0xaa55, mem_read(r.c, DS, 0x40200010, 4));
	/* What is in memory now does not count until CR3 is written. */
	ram_put(&r, pdpt + 8, 8, 0);
	RUNS(&r, mmu_invlpg(r.c, 0x40200010));
	EQ(0xaa55, mem_read(r.c, DS, 0x40200010, 4));
	RUNS(&r, cr_write(r.c, 3, pdpt));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, 0x40200010, 4));
	/* A reserved bit: CR3 is not written. */
	ram_put(&r, pdpt + 8, 8, dir | P | W);
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 3, pdpt));
	sys_rig_free(&r);
}

TEST(tlb_is_stale_until_told)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte;

	go_long(&r, 0);
	pte = map_long(&r, r.c->cr3, V, RAM, 12, P | W, P | W);
	ram_put(&r, RAM, 4, 1);
	ram_put(&r, RAM + 0x1000, 4, 2);
	EQ(1, mem_read(r.c, DS, V, 4));
	ram_put(&r, pte, 8, (RAM + 0x1000) | P | W);
	EQ(1, mem_read(r.c, DS, V, 4));
	RUNS(&r, mmu_invlpg(r.c, V));
	EQ(2, mem_read(r.c, DS, V, 4));
	ram_put(&r, pte, 8, RAM | P | W);
	RUNS(&r, cr_write(r.c, 3, r.c->cr3));
	EQ(1, mem_read(r.c, DS, V, 4));
	sys_rig_free(&r);
}

TEST(global_pages_outlive_cr3)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte;

	go_long(&r, 0);
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_PGE));
	pte = map_long(&r, r.c->cr3, V, RAM, 12, P | W | G, P | W);
	ram_put(&r, RAM, 4, 1);
	EQ(1, mem_read(r.c, DS, V, 4));
	ram_put(&r, pte, 8, 0);
	RUNS(&r, cr_write(r.c, 3, r.c->cr3));
	EQ(1, mem_read(r.c, DS, V, 4));
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 & ~(uint64_t)CR4_PGE));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, V, 4));
	sys_rig_free(&r);
}

TEST(invlpg_of_a_large_page_drops_all_of_it)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte;

	go_long(&r, 0);
	pte = map_long(&r, r.c->cr3, V, RAM, 21, P | W, P | W);
	RUNS(&r, mem_read(r.c, DS, V + 0x5000, 4));
	ram_put(&r, pte, 8, 0);
	RUNS(&r, mmu_invlpg(r.c, V + 0x1ff000));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, V + 0x5000, 4));
	sys_rig_free(&r);
}

TEST(pcids_keep_their_translations)
{
	struct sys_rig r = sys_rig("max");
	uint64_t pte, cr3;

	go_long(&r, 0);
	cr3 = r.c->cr3;
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_PCIDE));
	pte = map_long(&r, cr3, V, RAM, 12, P | W, P | W);
	ram_put(&r, RAM, 4, 1);
	RUNS(&r, cr_write(r.c, 3, cr3 | 1));
	EQ(1, mem_read(r.c, DS, V, 4));
	ram_put(&r, pte, 8, 0);
	RUNS(&r, cr_write(r.c, 3, cr3 | 2));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, V, 4));
	RUNS(&r, cr_write(r.c, 3, cr3 | 1 | 1ull << 63));
	EQ(cr3 | 1, r.c->cr3);
	EQ(1, mem_read(r.c, DS, V, 4));
	/* Not the other's address; then its own. */
	RUNS(&r, mmu_invpcid(r.c, 0, 2, V));
	EQ(1, mem_read(r.c, DS, V, 4));
	RUNS(&r, mmu_invpcid(r.c, 0, 1, V));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, V, 4));
	RAISES(&r, EXC_GP, 0, mmu_invpcid(r.c, 4, 0, 0));
	RAISES(&r, EXC_GP, 0, mmu_invpcid(r.c, 0, 0x1000, 0));
	RAISES(&r, EXC_GP, 0, mmu_invpcid(r.c, 0, 1, 1ull << 47));
	sys_rig_free(&r);
}

TEST(a_write_over_two_pages_asks_for_both_first)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	map_long(&r, r.c->cr3, V, RAM, 12, P | W, P | W);
	map_long(&r, r.c->cr3, V + 0x1000, RAM + 0x5000, 12, P, P | W);
	ram_put(&r, RAM + 0xffc, 4, 0x11111111);
	RAISES(&r, EXC_PF, 3, mem_write(r.c, DS, V + 0xffc, 8, ~0ull));
	EQ(V + 0x1000, r.c->exc.cr2);
	EQ(0x11111111, ram_get(&r, RAM + 0xffc, 4));
	ram_put(&r, RAM + 0x5000, 4, 0x22222222);
	EQ(0x2222222211111111, mem_read(r.c, DS, V + 0xffc, 8));
	RAISES(&r, EXC_PF, 3, mem_rmw(r.c, DS, V + 0xffe, 4));
	sys_rig_free(&r);
}

TEST(canonical_addresses)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 1ull << 47, 1));
	RAISES(&r, EXC_SS, 0, mem_read(r.c, SEG_SS, 1ull << 47, 1));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, (1ull << 47) - 1, 2));
	RAISES(&r, EXC_PF, 0, mem_read(r.c, DS, ~0ull << 47, 1));
	r.c->seg[SEG_GS].base = 0x9000;
	ram_put(&r, 0x9123, 1, 0x42);
	EQ(0x42, mem_read(r.c, SEG_GS, 0x123, 1));
	/* … and the other bases are not looked at. */
	r.c->seg[SEG_DS].base = 0x9000;
	ram_put(&r, 0x123, 1, 0x43);
	EQ(0x43, mem_read(r.c, DS, 0x123, 1));
	sys_rig_free(&r);
}

TEST(alignment_check_is_for_ring_3)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	r.c->cr0 |= CR0_AM;
	r.c->flags |= FL_AC;
	RAISES(&r, EXC_AC, 0, mem_read(r.c, DS, 0x8001, 2));
	RUNS(&r, mem_read(r.c, DS, 0x8004, 4));
	RAISES(&r, EXC_AC, 0, mem_write(r.c, DS, 0x8004, 8, 0));
	/* A page fault comes first. */
	RAISES(&r, EXC_PF, 4, mem_read(r.c, DS, V + 1, 2));
	r.c->cpl = 0;
	RUNS(&r, mem_read(r.c, DS, 0x8001, 2));
	sys_rig_free(&r);
}

TEST(what_is_not_ram)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	EQ(0xffffffff, mem_read(r.c, DS, 0xa0000, 4));
	RUNS(&r, mem_write(r.c, DS, 0xa0000, 4, 1));
	CHECK(mem_rmw(r.c, DS, 0xa0000, 4) == NULL);
	/* Half RAM, half not. */
	ram_put(&r, 0x9fffe, 2, 0x1234);
	EQ(0xffff1234, mem_read(r.c, DS, 0x9fffe, 4));
	sys_rig_free(&r);
}

TEST(a20_gate_wraps_at_1_mib)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	ram_put(&r, 0x500, 4, 1);
	ram_put(&r, 0x100500, 4, 2);
	EQ(2, mem_read(r.c, DS, 0x100500, 4));
	core_a20(r.dom, false);
	mmu_sync(r.c);
	EQ(1, mem_read(r.c, DS, 0x100500, 4));
	core_a20(r.dom, true);
	mmu_sync(r.c);
	EQ(2, mem_read(r.c, DS, 0x100500, 4));
	sys_rig_free(&r);
}

TEST(fetch_stops_where_the_rest_faults)
{
	struct sys_rig r = sys_rig("max");
	const uint8_t *host;
	uint8_t buf[INSN_MAX];
	unsigned avail;

	go_long(&r, 0);
	map_long(&r, r.c->cr3, V, RAM, 12, P, P | W);
	ram_put(&r, RAM + 0xff8, 8, 0x8877665544332211);
	EQ(8, mem_fetch(r.c, V + 0xff8, buf));
	EQ(0x8877665544332211, load_le(buf, 8));
	EQ(INSN_MAX, mem_fetch(r.c, V, buf));
	RAISES(&r, EXC_PF, 0x10, mem_fetch(r.c, V + 0x1000, buf));
	EQ(RAM + 0xffe, mem_code(r.c, V + 0xffe, &host, &avail));
	EQ(2, avail);
	EQ(0x77, host[0]);
	sys_rig_free(&r);
	/* CS's limit. */
	r = sys_rig("max");
	r.c->seg[SEG_CS].limit = 0xffff;
	EQ(1, mem_fetch(r.c, 0xffff, buf));
	RAISES(&r, EXC_GP, 0, mem_fetch(r.c, 0x10000, buf));
	sys_rig_free(&r);
}

TEST(a_watched_page_tells_of_its_accesses)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RUNS(&r, mem_write(r.c, DS, 0x8000, 4, 7));
	RUNS(&r, dr_write(r.c, 0, 0x8004));
	RUNS(&r, dr_write(r.c, 7, 1 | 0xdu << 16)); /* write, 4 bytes */
	RUNS(&r, mem_write(r.c, DS, 0x8000, 4, 8));
	EQ(0, r.c->dr6_pending);
	EQ(0, mem_read(r.c, DS, 0x8004, 4));
	EQ(0, r.c->dr6_pending);
	RUNS(&r, mem_write(r.c, DS, 0x8002, 4, 9));
	EQ(1, r.c->dr6_pending);
	EQ(9, ram_get(&r, 0x8002, 4));
	sys_rig_free(&r);
}
