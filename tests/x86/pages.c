/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random changes of page tables, flushes of every kind or none, and accesses and
 * fetches through what was changed, in 64-bit mode with PCIDs. What an access does must
 * follow from a translation that the tables have now, or had at some time since the
 * processor was last told to forget it; after that, from the tables as they are.
 *
 * PAGES_N: how many steps; PAGES_SEED: where to start; PAGES_TRACE: show each step.
 *
 * Spec: Intel SDM volume 3, 4.6-4.8 (rights, error codes, A and D), 4.10 (caching, 4.10.4 what
 * INVLPG, INVPCID, MOV CR3 and CR4.PGE do).
 */
#include "tests/x86/oracle.h"
#include "tests/x86/sys_rig.h"

#include "hypervisor/x86/mmu.h"

#include <stdio.h>
#include <unistd.h>

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
#define NX      (1ull << 63)
#define RSVD    (1ull << 51)
#define ADDR    0xffffffffff000ull
#define NOFLUSH (1ull << 63)
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };

/* Lines: the last pages of one PDE and the first of the next. */
enum { LINES = 6, HALF = LINES / 2, LIN_BASE = 0x40200000 - HALF * 0x1000, BIG = 0x200000 };
/* Frames: pages of 4 KiB, and as many in each of some pages of 2 MiB as there are lines. */
enum { SMALL = 8, SMALL_AT = 0x300000, BIGS = 3, BIG_AT = 0x400000 };
enum { FRAMES = SMALL + BIGS * LINES, PCIDS = 3, KEPT = 40 };
/* What the guest's code uses, in the low 2 MiB. */
enum { ROUTINES = 0x20000, USER_STACK = 0x31000, DESC = 0x32000, BUFFER = 0x33000 };
/* In a frame: its number, in EAX; the same of the next page, by a call; the end of an instruction
 * that the page before begins. */
enum { AT_NUMBER = 0x10, AT_CALL = 0x20, AT_CROSS = 0xffd };

/* A translation of one line: as the tables say, or said. */
struct trans {
	bool present, rsvd, w, u, nx, global, big, dirty;
	uint64_t gpa;
};
struct set {
	unsigned n;
	struct trans t[KEPT];
};
enum routine {
	NONE,
	EDIT_MOV,
	EDIT_XCHG,
	EDIT_BYTES,
	INVLPG,
	INVPCID,
	MOV_CR3,
	FLIP_PGE,
	READ_1,
	READ_4,
	READ_8,
	READ_16,
	WRITE_1,
	WRITE_4,
	WRITE_8,
	XCHG_8,
	XADD_4,
	EXEC,
	ONCE_READ,
	ONCE_WRITE,
	TO_USER,
	DRIVER,
	ROUTINE_N
};

/* For some steps it stays with few lines, one kind of flush or two, code or data: what is stale is
 * met before something else makes it fresh. */
struct phase {
	unsigned line, lines;
	bool exec, alone, user; /* alone: one PCID, one ring */
	enum routine flush[2];
};
struct world {
	struct phase phase;
	struct sys_rig r;
	uint64_t cr3, pd, pt[2];
	unsigned pcid;
	struct set kept[PCIDS][LINES], global[LINES];
	uint8_t *frame[FRAMES], (*clean)[PAGE]; /* in RAM; as they are between two steps */
	uint64_t frame_at[FRAMES];
	uint64_t routine[32];
};

/* ---- the guest's code ---- */

/* Each ends by HLT: r12 changes a table, r13 flushes, r14 accesses. */
PAYLOAD(pages_driver, 64, "call r12; call r13; call r14; hlt");
PAYLOAD(pages_to_user, 64, "push 0x23; push 0x31000 - 8; push 2; push 0x3b; push r15; iretq; int3");
/* rdi: the entry, rbx: what is to be there; r8: line to flush; ecx, r9: INVPCID's; rbp: CR3; rsi:
 * where to, rdx: what with. */
#define ROUTINE(name, ...) PAYLOAD(pages_##name, 64, __VA_ARGS__ "; ret")
ROUTINE(none, "nop");
ROUTINE(edit_mov, "mov [rdi], rbx");
ROUTINE(edit_xchg, "xchg [rdi], rbx");
ROUTINE(edit_bytes, "mov [rdi], ebx; shr rbx, 32; mov [rdi + 4], ebx");
ROUTINE(invlpg, "invlpg [r8]");
ROUTINE(invpcid, "invpcid rcx, [r9]");
ROUTINE(mov_cr3, "mov cr3, rbp");
ROUTINE(pge, "mov rax, cr4; btc eax, 7; mov cr4, rax; btc eax, 7; mov cr4, rax");
ROUTINE(read_1, "movzx eax, byte ptr [rsi]");
ROUTINE(read_4, "mov eax, [rsi]");
ROUTINE(read_8, "mov rax, [rsi]");
ROUTINE(read_16, "movups xmm0, [rsi]; movq rax, xmm0");
ROUTINE(write_1, "mov [rsi], dl");
ROUTINE(write_4, "mov [rsi], edx");
ROUTINE(write_8, "mov [rsi], rdx");
ROUTINE(xchg_8, "mov rax, rdx; xchg [rsi], rax");
ROUTINE(xadd_4, "mov eax, edx; lock xadd [rsi], eax");
ROUTINE(exec, "call rsi");
/* The same in one go, without a branch in between. */
ROUTINE(at_once_read, "mov [rdi], rbx; invlpg [r8]; mov rax, [rsi]");
ROUTINE(at_once_write, "mov [rdi], rbx; invlpg [r8]; mov [rsi], rdx");

static void put_routines(struct world *w)
{
#define AT(name)                                         \
	{                                                \
		pages_##name##_start, pages_##name##_end \
	}
	static const uint8_t *const code[ROUTINE_N][2] = {
		AT(none),    AT(edit_mov), AT(edit_xchg), AT(edit_bytes),   AT(invlpg),
		AT(invpcid), AT(mov_cr3),  AT(pge),       AT(read_1),       AT(read_4),
		AT(read_8),  AT(read_16),  AT(write_1),   AT(write_4),      AT(write_8),
		AT(xchg_8),  AT(xadd_4),   AT(exec),      AT(at_once_read), AT(at_once_write),
		AT(to_user), AT(driver),
	};
	uint64_t at = ROUTINES;

	for (unsigned i = 0; i < ROUTINE_N; i++) {
		size_t n = (size_t)(code[i][1] - code[i][0]);

		memcpy(w->r.ram + at, code[i][0], n);
		w->routine[i] = at;
		at += (n + 15) & ~15ul;
	}
	/* Where ring 3 returns to: the INT3 behind its way there. */
	ram_put(&w->r, USER_STACK - 8, 8,
		w->routine[TO_USER] + (uint64_t)(code[TO_USER][1] - code[TO_USER][0]) - 1);
}

/* ---- frames ---- */

static unsigned number(unsigned f)
{
	return f + 1;
}

static void make_frame(uint8_t *p, unsigned f)
{
	const uint8_t n = (uint8_t)number(f);
	const uint8_t head[] = {n, n, 0xc3}, tail[] = {0xb8, n, n};
	const uint8_t plain[] = {0xb8, n, 0, 0, 0, 0xc3};
	uint8_t calls[] = {0xe8, 0, 0, 0, 0, 0x05, 0, 0, n, 0, 0xc3};

	for (unsigned i = 0; i < PAGE; i++)
		p[i] = (uint8_t)or_random();
	memcpy(p, head, sizeof(head));
	memcpy(p + AT_NUMBER, plain, sizeof(plain));
	store_le(calls + 1, 4, PAGE + AT_NUMBER - (AT_CALL + 5));
	memcpy(p + AT_CALL, calls, sizeof(calls));
	memcpy(p + AT_CROSS, tail, sizeof(tail));
}

static void make_frames(struct world *w)
{
	w->clean = malloc(FRAMES * PAGE);
	MUST(w->clean);
	for (unsigned f = 0; f < FRAMES; f++) {
		unsigned b = f - SMALL, line = b % LINES;

		w->frame_at[f] = SMALL_AT + f * PAGE;
		if (f >= SMALL)
			w->frame_at[f] = BIG_AT + b / LINES * BIG + (LIN_BASE + line * PAGE) % BIG;
		w->frame[f] = w->r.ram + w->frame_at[f];
		make_frame(w->clean[f], f);
		memcpy(w->frame[f], w->clean[f], PAGE);
	}
}

static unsigned frame_of(const struct world *w, uint64_t gpa)
{
	unsigned f = 0;

	while (f < FRAMES && w->frame_at[f] != gpa)
		f++;
	MUST(f < FRAMES);
	return f;
}

/* ---- the tables, and what may be remembered of them ---- */

static uint64_t pde_at(const struct world *w, unsigned line)
{
	return w->pd + (line >= HALF ? 8 : 0);
}

static uint64_t pte_at(const struct world *w, unsigned line)
{
	return w->pt[line >= HALF] + 8 * ((LIN_BASE / PAGE + line) % 512);
}

static struct trans look(struct world *w, unsigned line)
{
	uint64_t pde = ram_get(&w->r, pde_at(w, line), 8), e = pde;
	uint64_t pte = ram_get(&w->r, pte_at(w, line), 8);
	struct trans t = {.present = pde & P, .rsvd = pde & RSVD, .big = pde & PS};

	t.gpa = (pde & ADDR & ~(BIG - 1ull)) + (LIN_BASE + line * PAGE) % BIG;
	if (!t.big && t.present && !t.rsvd) {
		t.present = pte & P;
		t.rsvd = pte & RSVD;
		t.gpa = pte & ADDR;
		e = pte;
	}
	t.w = pde & e & W;
	t.u = pde & e & U;
	t.nx = (pde | e) & NX;
	t.global = e & G;
	t.dirty = e & D;
	return t;
}

static void add(struct set *s, const struct trans *t)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (!memcmp(&s->t[i], t, sizeof(*t)))
			return;
	}
	MUST(s->n < KEPT);
	s->t[s->n++] = *t;
}

static void keep(struct world *w)
{
	for (unsigned i = 0; i < LINES; i++) {
		struct trans t = look(w, i);

		if (t.present && !t.rsvd)
			add(t.global ? &w->global[i] : &w->kept[w->pcid][i], &t);
	}
}

static bool full(const struct world *w)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (w->kept[w->pcid][i].n > KEPT - 4 || w->global[i].n > KEPT - 4)
			return true;
	}
	return false;
}

static void forget(struct set *s, bool big_alone)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		if (big_alone && !s->t[i].big)
			s->t[n++] = s->t[i];
	}
	s->n = n;
}

/* A large page goes by any of its addresses. */
static void forget_line(struct set *lines, unsigned line)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (i / HALF == line / HALF)
			forget(&lines[i], i != line);
	}
}

static void forget_all(struct set *lines)
{
	for (unsigned i = 0; i < LINES; i++)
		lines[i].n = 0;
}

/* ---- one step ---- */

struct step {
	enum routine edit, flush, access;
	uint64_t entry, val; /* what the edit writes, and where */
	unsigned flush_line, type, pcid;
	bool noflush, user;
	unsigned line, off, size;
	uint64_t data;
	uint64_t before[2 + LINES]; /* the entries when it accesses */
};

static uint64_t any_flags(void)
{
	uint64_t f = P | (or_one_in(3) ? 0 : W) | (or_one_in(3) ? 0 : U);

	if (or_one_in(4))
		f |= NX;
	if (or_one_in(4))
		f |= G;
	if (or_one_in(2))
		f |= A;
	if (or_one_in(2))
		f |= D;
	if (or_one_in(10))
		f &= ~(uint64_t)P;
	return or_one_in(40) ? f | RSVD : f;
}

static unsigned any_line(const struct world *w)
{
	return or_one_in(4) ? or_below(LINES - 1) : w->phase.line + or_below(w->phase.lines);
}

static void any_edit(struct world *w, struct step *s)
{
	static const uint64_t toggles[] = {P, W, U, A, D, G, NX};
	unsigned line = any_line(w) + or_below(2), how = or_below(8);

	s->edit = EDIT_MOV + or_below(3);
	s->entry = pte_at(w, line);
	if (how < 3) {
		s->val = w->frame_at[or_below(SMALL)] | any_flags();
	} else if (how < 6) {
		s->val = ram_get(&w->r, s->entry, 8) ^ toggles[or_below(7)];
	} else {
		s->entry = pde_at(w, line);
		s->val = w->pt[line >= HALF] |
			 (or_one_in(2) ? P | W | U : (any_flags() & ~(uint64_t)(D | G)));
		if (how == 7)
			s->val = (BIG_AT + or_below(BIGS) * BIG) | PS | any_flags();
	}
}

static struct phase any_phase(void)
{
	struct phase p = {.line = or_below(LINES - 1),
			  .exec = or_one_in(2),
			  .alone = or_one_in(2),
			  .user = or_one_in(2)};

	p.lines = 1 + or_below(LINES - 1 - p.line);
	for (unsigned i = 0; i < 2; i++)
		p.flush[i] = INVLPG + or_below(FLIP_PGE - INVLPG + 1);
	return p;
}

static void any_flush(struct world *w, struct step *s)
{
	s->flush = or_one_in(2) ? NONE : w->phase.flush[or_below(2)];
	if (full(w))
		s->flush = FLIP_PGE;
	s->flush_line = or_one_in(2) ? s->line : or_below(LINES);
	s->type = or_below(4);
	s->pcid = w->phase.alone || or_one_in(2) ? w->pcid : or_below(PCIDS);
	s->noflush = or_one_in(2);
}

static void any_access(const struct world *w, struct step *s)
{
	static const uint8_t sizes[] = {1, 4, 8, 16, 1, 4, 8, 8, 4};

	s->access = w->phase.exec && !or_one_in(4) ? EXEC : READ_1 + or_below(EXEC - READ_1 + 1);
	s->user = w->phase.alone ? w->phase.user : or_one_in(2);
	s->line = any_line(w);
	s->data = or_random();
	if (s->access == EXEC) {
		s->off = (const unsigned[]){AT_NUMBER, AT_CALL, AT_CROSS}[or_below(3)];
		return;
	}
	s->size = sizes[s->access - READ_1];
	s->off = or_one_in(3) ? PAGE - or_below(s->size + 1) : or_below(PAGE - 16);
	if (s->off == PAGE)
		s->off = 0;
	if (s->access >= XCHG_8 && s->off + s->size <= PAGE)
		s->off &= ~7u;
}

/* An edit, its INVLPG and the access in straight code. */
static void all_at_once(struct world *w, struct step *s)
{
	if (s->edit == NONE || full(w) || s->user || !or_one_in(4))
		return;
	if (s->access != READ_8 && s->access != WRITE_8)
		return;
	s->access = s->access == READ_8 ? ONCE_READ : ONCE_WRITE;
	s->flush = INVLPG;
}

static struct step any_step(struct world *w)
{
	struct step s = {.edit = NONE};

	any_access(w, &s);
	if (!or_one_in(3))
		any_edit(w, &s);
	any_flush(w, &s);
	all_at_once(w, &s);
	return s;
}

static void model_flush(struct world *w, const struct step *s)
{
	bool all = s->flush == FLIP_PGE || (s->flush == INVPCID && s->type == 2);

	if (s->flush == INVLPG) {
		forget_line(w->kept[w->pcid], s->flush_line);
		forget_line(w->global, s->flush_line);
	} else if (s->flush == INVPCID && s->type == 0) {
		forget_line(w->kept[s->pcid], s->flush_line);
	} else if (s->flush == INVPCID && s->type == 1) {
		forget_all(w->kept[s->pcid]);
	} else if (s->flush == MOV_CR3) {
		w->pcid = s->pcid;
		if (!s->noflush)
			forget_all(w->kept[w->pcid]);
	} else if (s->flush != NONE) {
		for (unsigned p = 0; p < PCIDS; p++)
			forget_all(w->kept[p]);
		if (all)
			forget_all(w->global);
	}
}

static uint64_t line_at(unsigned line)
{
	return LIN_BASE + line * PAGE;
}

static void set_registers(struct world *w, const struct step *s, const struct cpu *start)
{
	bool once = s->access == ONCE_READ || s->access == ONCE_WRITE;
	struct cpu *c = w->r.c;
	uint64_t cr3 = c->cr3;

	memcpy(c, start, offsetof(struct cpu, dom));
	c->cr3 = cr3;
	c->r[R_DI] = s->entry;
	c->r[R_BX] = s->val;
	c->r[8] = line_at(s->flush_line);
	c->r[R_CX] = s->type;
	c->r[9] = DESC;
	ram_put(&w->r, DESC, 8, s->pcid);
	ram_put(&w->r, DESC + 8, 8, line_at(s->flush_line));
	c->r[R_BP] = w->cr3 | s->pcid | (s->noflush ? NOFLUSH : 0);
	c->r[R_SI] = line_at(s->line) + s->off;
	c->r[R_DX] = s->data;
	c->r[12] = w->routine[once ? NONE : s->edit];
	c->r[13] = w->routine[once ? NONE : s->flush];
	c->r[14] = w->routine[s->user ? TO_USER : s->access];
	c->r[15] = w->routine[s->access];
	c->rip = c->next_rip = w->routine[DRIVER];
}

static void entries(struct world *w, uint64_t e[2 + LINES])
{
	for (unsigned i = 0; i < LINES; i++) {
		e[i / HALF] = ram_get(&w->r, pde_at(w, i), 8);
		e[2 + i] = ram_get(&w->r, pte_at(w, i), 8);
	}
}

/* The model's side comes first: the edit is tried on the tables and taken back. */
static void run_step(struct world *w, struct step *s, const struct cpu *start)
{
	uint64_t old = s->edit == NONE ? 0 : ram_get(&w->r, s->entry, 8);

	keep(w);
	if (s->edit != NONE)
		ram_put(&w->r, s->entry, 8, s->val);
	keep(w);
	entries(w, s->before);
	set_registers(w, s, start);
	model_flush(w, s);
	if (s->edit != NONE)
		ram_put(&w->r, s->entry, 8, old);
	domain_unlock(w->r.dom);
	EQ(STOP_HALT, cpu_run(w->r.c, 1000));
	domain_lock(w->r.dom);
}

/* ---- what may come of it ---- */

/* The error code of the #PF, or -1. */
static int error_of(const struct trans *t, enum mem_access access, bool user)
{
	int code = (user ? PF_U : 0) | (access == ACCESS_WRITE ? PF_W : 0) |
		   (access == ACCESS_FETCH ? PF_I : 0);

	if (!t->present)
		return code;
	if (t->rsvd)
		return code | PF_P | PF_RSVD;
	if ((user && !t->u) || (access == ACCESS_WRITE && !t->w) ||
	    (access == ACCESS_FETCH && t->nx))
		return code | PF_P;
	return -1;
}

static enum mem_access access_of(const struct step *s)
{
	if (s->access == EXEC)
		return ACCESS_FETCH;
	if (s->access == ONCE_WRITE)
		return ACCESS_WRITE;
	return s->access < WRITE_1 || s->access == ONCE_READ ? ACCESS_READ : ACCESS_WRITE;
}

static bool two_pages(const struct step *s)
{
	return s->access == EXEC ? s->off != AT_NUMBER : s->off + s->size > PAGE;
}

/* What it saw: the fault's error code and address, or what came out. */
struct seen {
	int error; /* -1: none */
	uint64_t cr2, rax;
};

static uint64_t code_says(const struct step *s, unsigned f1, unsigned f2)
{
	unsigned a = number(f1), b = number(f2);

	if (s->off == AT_NUMBER)
		return a;
	return s->off == AT_CALL ? b + (a << 24 >> 8) : a | a << 8 | b << 16 | b << 24;
}

static bool read_right(struct world *w, const struct step *s, uint64_t rax, unsigned f1,
		       unsigned f2)
{
	unsigned n = MIN(s->size, 8), first = MIN(n, PAGE - s->off);
	uint8_t bytes[8] = {0};

	memcpy(bytes, w->clean[f1] + s->off, first);
	memcpy(bytes + first, w->clean[f2], n - first);
	return load_le(bytes, 8) == rax;
}

/* All frames are as they were but for the bytes written. */
static bool write_right(struct world *w, const struct step *s, unsigned f1, unsigned f2)
{
	unsigned first = MIN(s->size, PAGE - s->off);
	uint8_t data[8], page[PAGE];

	memcpy(data, w->clean[f1] + s->off, first);
	memcpy(data + first, w->clean[f2], s->size - first);
	store_le(data, 8, (s->access == XADD_4 ? load_le(data, 4) : 0) + s->data);
	for (unsigned f = 0; f < FRAMES; f++) {
		memcpy(page, w->clean[f], PAGE);
		if (f == f1)
			memcpy(page + s->off, data, first);
		if (f == f2)
			memcpy(page, data + first, s->size - first);
		if (memcmp(page, w->frame[f], PAGE))
			return false;
	}
	return true;
}

/* Of its pages, and of where it goes on: in the first once more, by a return, or behind an
 * instruction over both. */
struct pages {
	const struct trans *first, *second, *on; /* NULL: there is none */
};

static bool faults(const struct step *s, const struct trans *t, uint64_t at, const struct seen *o,
		   bool *right)
{
	int e = t ? error_of(t, access_of(s), s->user) : -1;

	*right = e >= 0 && o->error == e && o->cr2 == at;
	return e >= 0;
}

static bool explains(struct world *w, const struct step *s, const struct seen *o, struct pages p)
{
	bool right, call = s->access == EXEC && s->off == AT_CALL;
	unsigned f1, f2;

	if (faults(s, p.first, line_at(s->line) + s->off, o, &right) ||
	    faults(s, p.second, line_at(s->line + 1) + (call ? AT_NUMBER : 0), o, &right) ||
	    faults(s, p.on, call ? line_at(s->line) + AT_CALL + 5 : line_at(s->line) + s->off + 5,
		   o, &right))
		return right;
	if (o->error >= 0)
		return false;
	f1 = frame_of(w, call ? p.on->gpa : p.first->gpa);
	f2 = p.second ? frame_of(w, p.second->gpa) : f1;
	if (s->access == EXEC)
		return (uint32_t)o->rax == code_says(s, f1, f2);
	return access_of(s) == ACCESS_READ ? read_right(w, s, o->rax, f1, f2)
					   : write_right(w, s, f1, f2);
}

/* Now, or remembered. */
struct cands {
	unsigned n;
	struct trans t[2 * KEPT + 1];
};

static void gather(struct cands *c, const struct set *s)
{
	memcpy(c->t + c->n, s->t, s->n * sizeof(s->t[0]));
	c->n += s->n;
}

static void allowed(struct world *w, unsigned line, struct cands *c)
{
	c->n = 1;
	c->t[0] = look(w, line);
	gather(c, &w->kept[w->pcid][line]);
	gather(c, &w->global[line]);
}

static bool explained(struct world *w, const struct step *s, const struct seen *o)
{
	bool two = two_pages(s), on = two && s->access == EXEC;
	struct cands a, b = {.n = 1};
	const struct cands *c = s->off == AT_CALL ? &a : &b;

	allowed(w, s->line, &a);
	if (two)
		allowed(w, s->line + 1, &b);
	for (unsigned i = 0; i < a.n; i++)
		for (unsigned j = 0; j < b.n; j++)
			for (unsigned k = 0; k < (on ? c->n : 1); k++)
				if (explains(w, s, o,
					     (struct pages){&a.t[i], two ? &b.t[j] : NULL,
							    on ? &c->t[k] : NULL}))
					return true;
	return false;
}

/* ---- A and D ---- */

/* Bits are only set, where the access went, and D by a write that was done, to its first page when
 * the second was not there. */
static bool bits_right(const struct step *s, const struct seen *o, const uint64_t now[2 + LINES])
{
	unsigned last = s->line + two_pages(s);
	bool wrote = access_of(s) == ACCESS_WRITE &&
		     (o->error < 0 || o->cr2 / PAGE != line_at(s->line) / PAGE);

	for (unsigned i = 0; i < 2 + LINES; i++) {
		uint64_t diff = now[i] ^ s->before[i];
		bool pde = i < 2, there = pde ? s->line / HALF == i || last / HALF == i
					      : i - 2 == s->line || i - 2 == last;

		if (diff & ~(uint64_t)(A | D) || diff & s->before[i] || (diff && !there))
			return false;
		if (diff & D && (!wrote || (pde && !(now[i] & PS))))
			return false;
	}
	return true;
}

static bool any_dirty(const struct set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->t[i].dirty)
			return true;
	return false;
}

/* A is set all the way down when nothing was remembered of the line, D at its end by a write when
 * nothing with D was. */
static bool bits_set(struct world *w, const struct step *s, unsigned line, const uint64_t now[])
{
	uint64_t pde = now[line / HALF], leaf = pde & PS ? pde : now[2 + line];
	const struct set *k = &w->kept[w->pcid][line], *g = &w->global[line];

	if (!k->n && !g->n && !(pde & leaf & A))
		return false;
	return access_of(s) != ACCESS_WRITE || leaf & D || any_dirty(k) || any_dirty(g);
}

static bool bits_explained(struct world *w, const struct step *s, const struct seen *o)
{
	uint64_t now[2 + LINES];

	entries(w, now);
	if (!bits_right(s, o, now))
		return false;
	return o->error >= 0 || (bits_set(w, s, s->line, now) &&
				 (!two_pages(s) || bits_set(w, s, s->line + 1, now)));
}

/* ---- all of it ---- */

static void show_step(struct world *w, const struct step *s, const struct seen *o)
{
	static const char *const names[] = {
		"nothing", "mov",     "xchg",    "two movs",         "invlpg",
		"invpcid", "mov cr3", "cr4.pge", "read 1",           "read 4",
		"read 8",  "read 16", "write 1", "write 4",          "write 8",
		"xchg 8",  "xadd 4",  "exec",    "read 8 in one go", "write 8 in one go"};

	printf("    pcid %u: %s %llx at %llx; %s line %u type %u pcid %u%s; %s of line %u + %x%s:",
	       w->pcid, names[s->edit], (unsigned long long)s->val, (unsigned long long)s->entry,
	       names[s->flush], s->flush_line, s->type, s->pcid, s->noflush ? " noflush" : "",
	       names[s->access], s->line, s->off, s->user ? ", user" : "");
	if (o->error >= 0)
		printf(" #PF %x at %llx\n", (unsigned)o->error, (unsigned long long)o->cr2);
	else
		printf(" rax %llx\n", (unsigned long long)o->rax);
}

static void show_lines(struct world *w, const struct step *s)
{
	for (unsigned i = s->line; i <= s->line + two_pages(s); i++) {
		struct cands c;

		allowed(w, i, &c);
		for (unsigned j = 0; j < c.n; j++) {
			const struct trans *t = &c.t[j];

			printf("      line %u %s%llx%s%s%s%s%s%s%s%s\n", i, j ? "perhaps " : "",
			       (unsigned long long)t->gpa, t->present ? "" : " absent",
			       t->rsvd ? " reserved" : "", t->w ? " w" : "", t->u ? " u" : "",
			       t->nx ? " nx" : "", t->global ? " g" : "", t->dirty ? " d" : "",
			       t->big ? " big" : "");
		}
	}
}

/* Frames are as before, and who has code of them hears of it. */
static void clean_up(struct world *w)
{
	for (unsigned f = 0; f < FRAMES; f++) {
		if (!memcmp(w->frame[f], w->clean[f], PAGE))
			continue;
		memcpy(w->frame[f], w->clean[f], PAGE);
		blocks_written(w->r.c, w->frame_at[f], PAGE);
	}
}

static bool one_step(struct world *w, const struct cpu *start)
{
	struct step s = any_step(w);
	struct seen o = {.error = -1};
	struct trap t;
	bool right;

	run_step(w, &s, start);
	t = payload_trap(&w->r);
	o.cr2 = w->r.c->cr2;
	o.rax = w->r.c->r[R_AX];
	if (t.vector == EXC_PF)
		o.error = (int)t.error;
	right = CHECK(t.vector == EXC_PF || t.vector == (s.user ? EXC_BP : -1));
	right = right && CHECK(explained(w, &s, &o)) && CHECK(bits_explained(w, &s, &o));
	if (!right || getenv("PAGES_TRACE"))
		show_step(w, &s, &o);
	if (!right)
		show_lines(w, &s);
	clean_up(w);
	return right;
}

static void make_tables(struct world *w)
{
	struct sys_rig *r = &w->r;
	uint64_t pdpt = ram_get(r, r->c->cr3, 8) & ADDR;

	w->cr3 = r->c->cr3;
	w->pd = new_page(r);
	ram_put(r, pdpt + 8, 8, w->pd | P | W | U | A);
	for (unsigned h = 0; h < 2; h++) {
		w->pt[h] = new_page(r);
		ram_put(r, w->pd + 8 * h, 8, w->pt[h] | P | W | U);
	}
	for (unsigned i = 0; i < LINES; i++)
		ram_put(r, pte_at(w, i), 8, w->frame_at[i] | P | W | U);
}

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->r = sys_rig("max");
	go_long(&w->r, 0);
	payload_traps(&w->r);
	RUNS(&w->r, cr_write(w->r.c, 4, CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_OSFXSR));
	make_frames(w);
	make_tables(w);
	put_routines(w);
	cpu_set_tier(w->r.c, tier_now, or_below(3));
}

static void world_close(struct world *w)
{
	free(w->clean);
	sys_rig_free(&w->r);
}

TIER_TEST(changed_tables)
{
	unsigned long n = or_number("PAGES_N", 20000), seed = or_number("PAGES_SEED", 1);
	static struct world w;
	bool right = true;

	alarm(60 + (unsigned)(n / 1000));
	for (unsigned long lot = 0; lot < n / 1000 && right; lot++) {
		struct cpu start;

		or_seed(seed << 32 | lot);
		NOTE("PAGES_SEED=%lu, lot %lu", seed, lot);
		world_open(&w);
		start = *w.r.c;
		for (unsigned i = 0; i < 1000 && right; i++) {
			if (i % 40 == 0)
				w.phase = any_phase();
			right = one_step(&w, &start);
		}
		world_close(&w);
	}
}
