/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/mem.c: operands in memory: segment checks, alignment, the TLB's fast path, page
 * crossings, I/O memory.
 *
 * Spec: Intel SDM volume 3, chapter 5 (5.3-5.5) and 6.15 (#AC).
 * State: all modes. An access over two pages asks for both before it touches the first.
 * Tests: tests/x86/mmu.c, tests/x86/segment.c
 */
#include "hypervisor/x86/mmu.h"

#include <setjmp.h>

/* ---- segmentation ---- */

static _Noreturn void segment_fault(struct cpu *c, unsigned seg)
{
	cpu_raise_error(c, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
}

/* SDM 5.3: the bytes of a segment; an expand-down one has those above its limit. */
static bool within_limit(const struct segment *s, uint64_t first, uint64_t last)
{
	if ((s->attr & 0xc) == 4 && s->attr & SEG_S)
		return first > s->limit && last <= (s->attr & SEG_DB ? 0xffffffff : 0xffff);
	return last <= s->limit;
}

static bool type_allows(const struct segment *s, bool write)
{
	if (!(s->attr & SEG_P))
		return false; /* null was loaded */
	if (write)
		return (s->attr & 0xa) == 2;
	return (s->attr & 0xa) != 8;
}

static uint64_t linear_64(struct cpu *c, unsigned seg, uint64_t off, unsigned size)
{
	uint64_t lin = off;

	if (seg >= SEG_FS)
		lin += c->seg[seg].base;
	if (!lin_canonical(lin) || !lin_canonical(lin + size - 1))
		segment_fault(c, seg);
	return lin;
}

static uint64_t linear(struct cpu *c, unsigned seg, uint64_t off, unsigned size, bool write)
{
	const struct segment *s = &c->seg[seg];

	if (c->mode == MODE_64)
		return linear_64(c, seg, off, size);
	off = (uint32_t)off;
	if (cpu_is_prot(c) && !type_allows(s, write))
		segment_fault(c, seg);
	if (!within_limit(s, off, off + size - 1))
		segment_fault(c, seg);
	return (uint32_t)(s->base + off);
}

/* ---- pieces of an access, each within one page ---- */

struct piece {
	uint64_t lin, gpa;
	uint8_t *host, *flag;
	unsigned len;
};

static struct piece piece_at(struct cpu *c, uint64_t lin, unsigned len, enum tlb_set set,
			     bool write)
{
	const struct tlb_entry *e = mmu_entry(c, lin, write ? ACCESS_WRITE : ACCESS_READ, set);
	uint8_t *host = write ? e->write : e->read;

	return (struct piece){.lin = lin,
			      .gpa = e->gpa + lin % PAGE,
			      .host = host ? host + lin % PAGE : NULL,
			      .flag = e->flag,
			      .len = len};
}

/* At most two: no access is longer than a page. */
static unsigned pieces_of(struct cpu *c, struct piece p[2], uint64_t lin, unsigned len,
			  enum tlb_set set, bool write)
{
	unsigned first = MIN(len, (unsigned)(PAGE - lin % PAGE));
	uint64_t next = lin + first;

	p[0] = piece_at(c, lin, first, set, write);
	if (first == len)
		return 1;
	p[1] = piece_at(c, c->long_mode ? next : (uint32_t)next, len - first, set, write);
	return 2;
}

static _Noreturn void park(struct cpu *c)
{
	cpu_attend(c, ATT_EXIT);
	siglongjmp(*c->fault, UNWIND_PARK);
}

void phys_read(struct cpu *c, uint64_t gpa, void *buf, unsigned size)
{
	bool mine = cpu_lock_domain(c);
	int rc = domain_mem_read(c->dom, c->id, gpa, buf, size);

	cpu_unlock_domain(c, mine);
	if (rc < 0)
		park(c);
}

void phys_write(struct cpu *c, uint64_t gpa, const void *buf, unsigned size)
{
	bool mine = cpu_lock_domain(c);
	int rc = domain_mem_write(c->dom, c->id, gpa, buf, size);

	cpu_unlock_domain(c, mine);
	if (rc < 0)
		park(c);
}

static void piece_read(struct cpu *c, const struct piece *p, uint8_t *buf)
{
	if (p->host)
		memcpy(buf, p->host, p->len);
	else
		phys_read(c, p->gpa, buf, p->len);
}

static void piece_write(struct cpu *c, const struct piece *p, const uint8_t *buf)
{
	if (!p->host) {
		phys_write(c, p->gpa, buf, p->len);
		return;
	}
	verify_save(c, p->host, p->len, p->gpa, p->flag);
	memcpy(p->host, buf, p->len);
	if (__atomic_load_n(p->flag, __ATOMIC_RELAXED))
		mmu_page_written(c, p->gpa, p->len, p->flag);
}

static void read_pieces(struct cpu *c, uint64_t lin, enum tlb_set set, void *buf, unsigned size)
{
	struct piece p[2];
	unsigned n = pieces_of(c, p, lin, size, set, false);

	if (c->watching)
		dbg_data(c, lin, size, false);
	piece_read(c, &p[0], buf);
	if (n == 2)
		piece_read(c, &p[1], (uint8_t *)buf + p[0].len);
	mmu_sync(c);
}

static void write_pieces(struct cpu *c, uint64_t lin, enum tlb_set set, const void *buf,
			 unsigned size)
{
	struct piece p[2];
	unsigned n = pieces_of(c, p, lin, size, set, true);

	if (c->watching)
		dbg_data(c, lin, size, true);
	piece_write(c, &p[0], buf);
	if (n == 2)
		piece_write(c, &p[1], (const uint8_t *)buf + p[0].len);
	mmu_sync(c);
}

/* ---- host memory: each size one access, as atomic as the guest may expect ---- */

static uint64_t host_read(const uint8_t *p, unsigned size)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v2, p, 2);
		return v2;
	case 4:
		memcpy(&v4, p, 4);
		return v4;
	default:
		memcpy(&v8, p, 8);
		return v8;
	}
}

static void host_write(uint8_t *p, unsigned size, uint64_t val)
{
	uint32_t v4 = (uint32_t)val;
	uint16_t v2 = (uint16_t)val;

	switch (size) {
	case 1:
		*p = (uint8_t)val;
		break;
	case 2:
		memcpy(p, &v2, 2);
		break;
	case 4:
		memcpy(p, &v4, 4);
		break;
	default:
		memcpy(p, &val, 8);
	}
}

/* ---- linear addresses ---- */

static uint64_t read_at(struct cpu *c, uint64_t lin, unsigned size, enum tlb_set set)
{
	const struct tlb_entry *e;
	uint64_t val = 0;

	if (lin % PAGE + size <= PAGE) {
		e = mmu_entry(c, lin, ACCESS_READ, set);
		if (e->read)
			return host_read(e->read + lin % PAGE, size);
	}
	read_pieces(c, lin, set, &val, size);
	return val;
}

static void write_at(struct cpu *c, uint64_t lin, unsigned size, uint64_t val, enum tlb_set set)
{
	const struct tlb_entry *e;

	if (lin % PAGE + size <= PAGE) {
		e = mmu_entry(c, lin, ACCESS_WRITE, set);
		if (e->write) {
			verify_save(c, e->write + lin % PAGE, size, e->gpa + lin % PAGE, e->flag);
			host_write(e->write + lin % PAGE, size, val);
			mmu_written(c, e, lin, size);
			return;
		}
	}
	write_pieces(c, lin, set, &val, size);
}

uint64_t lin_read(struct cpu *c, uint64_t lin, unsigned size, bool user)
{
	return read_at(c, lin, size, user ? TLB_USER : set_implicit(c));
}

void lin_write(struct cpu *c, uint64_t lin, unsigned size, uint64_t val, bool user)
{
	write_at(c, lin, size, val, user ? TLB_USER : set_implicit(c));
}

/* ---- operands ---- */

static void probe_at(struct cpu *c, uint64_t lin, unsigned size, bool write)
{
	enum mem_access access = write ? ACCESS_WRITE : ACCESS_READ;
	uint64_t last = c->long_mode ? lin + size - 1 : (uint32_t)(lin + size - 1);

	mmu_entry(c, lin, access, set_explicit(c));
	if ((lin ^ last) & PAGE_MASK) /* CR2 is the page's first byte */
		mmu_entry(c, last & PAGE_MASK, access, set_explicit(c));
}

static bool aligns(const struct cpu *c)
{
	return c->cpl == 3 && c->cr0 & CR0_AM && c->flags & FL_AC;
}

/* #AC comes after #PF (SDM table 6-2). */
static void check_aligned(struct cpu *c, uint64_t lin, unsigned size, bool write)
{
	if (!(lin & (size - 1)) || !aligns(c))
		return;
	probe_at(c, lin, size, write);
	cpu_raise_error(c, EXC_AC, 0);
}

void mem_align(struct cpu *c, unsigned seg, uint64_t off, unsigned size, unsigned align,
	       enum mem_access access)
{
	bool write = access == ACCESS_WRITE;
	uint64_t lin;

	if (!aligns(c))
		return;
	lin = linear(c, seg, off, size, write);
	if (!(lin & (align - 1)))
		return;
	probe_at(c, lin, size, write);
	cpu_raise_error(c, EXC_AC, 0);
}

uint64_t mem_read(struct cpu *c, unsigned seg, uint64_t off, unsigned size)
{
	uint64_t lin = linear(c, seg, off, size, false);

	check_aligned(c, lin, size, false);
	return read_at(c, lin, size, set_explicit(c));
}

void mem_write(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t val)
{
	uint64_t lin = linear(c, seg, off, size, true);

	check_aligned(c, lin, size, true);
	write_at(c, lin, size, val, set_explicit(c));
}

void mem_read_buf(struct cpu *c, unsigned seg, uint64_t off, void *buf, unsigned size)
{
	if (size)
		read_pieces(c, linear(c, seg, off, size, false), set_explicit(c), buf, size);
}

void mem_write_buf(struct cpu *c, unsigned seg, uint64_t off, const void *buf, unsigned size)
{
	if (size)
		write_pieces(c, linear(c, seg, off, size, true), set_explicit(c), buf, size);
}

void mem_check(struct cpu *c, unsigned seg, uint64_t off, unsigned size, enum mem_access access)
{
	linear(c, seg, off, size, access == ACCESS_WRITE);
}

void mem_touch(struct cpu *c, unsigned seg, uint64_t off)
{
	const struct segment *s = &c->seg[seg];
	bool code = c->mode != MODE_64 && cpu_is_prot(c) && s->attr & SEG_P && s->attr & 8;

	if (!code)
		mem_probe(c, seg, off, 1, ACCESS_READ);
	else if ((uint32_t)off > s->limit)
		segment_fault(c, seg);
	else
		probe_at(c, (uint32_t)(s->base + off), 1, false);
}

void mem_probe(struct cpu *c, unsigned seg, uint64_t off, unsigned size, enum mem_access access)
{
	bool write = access == ACCESS_WRITE;

	if (size)
		probe_at(c, linear(c, seg, off, size, write), size, write);
}

void *mem_rmw(struct cpu *c, unsigned seg, uint64_t off, unsigned size)
{
	uint64_t lin = linear(c, seg, off, size, true);
	const struct tlb_entry *e;

	if (size <= 8)
		check_aligned(c, lin, size, true);
	if (lin % PAGE + size > PAGE) {
		probe_at(c, lin, size, true);
		return NULL;
	}
	e = mmu_entry(c, lin, ACCESS_WRITE, set_explicit(c));
	if (!e->write || e->write != e->read)
		return NULL;
	c->rmw.flag = e->flag;
	c->rmw.gpa = e->gpa + lin % PAGE;
	c->rmw.len = size;
	verify_save(c, e->write + lin % PAGE, size, c->rmw.gpa, e->flag);
	return e->write + lin % PAGE;
}

/* Not earlier: a dirty log read in between would have the page as it was, and never again. */
void mem_rmw_done(struct cpu *c)
{
	if (__atomic_load_n(c->rmw.flag, __ATOMIC_RELAXED))
		mmu_page_written(c, c->rmw.gpa, c->rmw.len, c->rmw.flag);
}

/* ---- code ---- */

void mem_check_target(struct cpu *c, uint64_t rip)
{
	if (c->mode == MODE_64)
		cpu_gp0(c, lin_canonical(rip));
	else
		cpu_gp0(c, rip <= c->seg[SEG_CS].limit);
}

/* Bytes from rip on that CS's limit allows. */
static uint64_t code_room(const struct cpu *c, uint64_t rip)
{
	return c->mode == MODE_64 ? PAGE : (uint64_t)c->seg[SEG_CS].limit - rip + 1;
}

static uint64_t code_linear(const struct cpu *c, uint64_t rip)
{
	return c->mode == MODE_64 ? rip : (uint32_t)(c->seg[SEG_CS].base + rip);
}

uint64_t mem_code(struct cpu *c, uint64_t rip, const uint8_t **host, unsigned *avail)
{
	const struct tlb_entry *e;
	uint64_t lin;

	mem_check_target(c, rip);
	lin = code_linear(c, rip);
	e = mmu_entry(c, lin, ACCESS_FETCH, set_fetch(c));
	*host = e->read ? e->read + lin % PAGE : NULL;
	*avail = (unsigned)MIN(PAGE - lin % PAGE, code_room(c, rip));
	return e->gpa + lin % PAGE;
}

static void fetch_page(struct cpu *c, const struct tlb_entry *e, uint64_t lin, uint8_t *buf,
		       unsigned len)
{
	if (e->read)
		memcpy(buf, e->read + lin % PAGE, len);
	else
		phys_read(c, e->gpa + lin % PAGE, buf, len);
}

unsigned mem_fetch(struct cpu *c, uint64_t rip, uint8_t buf[INSN_MAX])
{
	const struct tlb_entry *e;
	uint32_t error;
	unsigned len, first;
	uint64_t lin;

	mem_check_target(c, rip);
	lin = code_linear(c, rip);
	len = (unsigned)MIN(INSN_MAX, code_room(c, rip));
	first = (unsigned)MIN(len, PAGE - lin % PAGE);
	fetch_page(c, mmu_entry(c, lin, ACCESS_FETCH, set_fetch(c)), lin, buf, first);
	if (first == len)
		return len;
	lin = code_linear(c, rip + first);
	if (c->mode == MODE_64 && !lin_canonical(lin))
		return first;
	e = mmu_try(c, lin, ACCESS_FETCH, set_fetch(c), &error);
	if (!e)
		return first;
	fetch_page(c, e, lin, buf + first, len - first);
	return len;
}
