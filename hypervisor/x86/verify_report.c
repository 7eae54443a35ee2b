/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/verify_report.c: see verify_private.h: the guest's state by rows, and what is said
 * of a difference. */
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/verify_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(m) offsetof(struct cpu, m), sizeof(((struct cpu *)0)->m)
#define ROW(m, unit)                \
	{                           \
#m, MEMBER(m), unit \
	}
#define TABLE(m)                                \
	{#m ".base", MEMBER(m.base), 8},        \
	{                                       \
#m ".limit", MEMBER(m.limit), 2 \
	}

/* clang-format off */
const struct state_row state_rows[] = {
	{"r", offsetof(struct cpu, r), 16 * 8, 8}, ROW(rip, 8), ROW(flags, 8),
	ROW(seg, 8), ROW(ldtr, 8), ROW(tr, 8), TABLE(gdtr), TABLE(idtr),
	ROW(cr0, 8), ROW(cr2, 8), ROW(cr3, 8), ROW(cr4, 8), ROW(cr8, 8), ROW(efer, 8),
	ROW(xcr0, 8), ROW(pdpte, 8), ROW(dr, 8), ROW(cpl, 1), ROW(long_mode, 1), ROW(mode, 1),
	ROW(halted, 1), ROW(shadow_sti, 1), ROW(shadow_ss, 1), ROW(nmi_blocked, 1),
	ROW(ferr, 1), ROW(ignne, 1), ROW(fpu, 8),
	ROW(star, 8), ROW(lstar, 8), ROW(cstar, 8), ROW(fmask, 8), ROW(kernel_gs_base, 8),
	ROW(tsc_aux, 8), ROW(sysenter_cs, 8), ROW(sysenter_esp, 8), ROW(sysenter_eip, 8),
	ROW(pat, 8), ROW(misc_enable, 8), ROW(tsc_offset, 8), ROW(apic_base, 8),
	ROW(debugctl, 8), ROW(spec_ctrl, 8), ROW(mtrr_fixed, 8), ROW(mtrr_base, 8),
	ROW(mtrr_mask, 8), ROW(mtrr_def, 8), ROW(dr6_pending, 4),
};
/* clang-format on */
const unsigned state_rows_n = sizeof(state_rows) / sizeof(state_rows[0]);

static const uint8_t *row_at(const struct cpu *c, const struct state_row *r)
{
	return (const uint8_t *)c + r->at;
}

static bool same_part(const struct fpu_state *a, const struct fpu_state *b, unsigned from,
		      unsigned end)
{
	return !memcmp(a->fx + from, b->fx + from, end - from);
}

/* The pointers are between FOP and MXCSR; the mask and what follows XMM15 are no guest's to see. */
static bool same_fpu(const struct fpu_state *a, const struct fpu_state *b, bool no_pointers)
{
	return same_part(a, b, 0, FX_FOP) && (no_pointers || same_part(a, b, FX_FOP, FX_MXCSR)) &&
	       same_part(a, b, FX_MXCSR, FX_MXCSR_MASK) &&
	       same_part(a, b, FX_ST, FX_XMM + 16 * 16) &&
	       !memcmp(a->ymm_high, b->ymm_high, sizeof(a->ymm_high));
}

/* All of it to the byte: as a rule they are. */
static bool identical(const struct cpu *a, const struct cpu *b)
{
	return !memcmp(a->r, b->r, 16 * sizeof(a->r[0])) &&
	       !memcmp(&a->rip, &b->rip, offsetof(struct cpu, dom) - offsetof(struct cpu, rip)) &&
	       a->dr6_pending == b->dr6_pending;
}

bool state_same(const struct cpu *a, const struct cpu *b, uint64_t mask, bool no_fpu_pointers)
{
	if (identical(a, b))
		return true;
	if ((a->flags ^ b->flags) & mask)
		return false;
	for (unsigned i = 0; i < state_rows_n; i++) {
		const struct state_row *r = &state_rows[i];

		if (r->at == offsetof(struct cpu, flags))
			continue;
		if (r->at == offsetof(struct cpu, fpu) &&
		    same_fpu(&a->fpu, &b->fpu, no_fpu_pointers))
			continue;
		if (memcmp(row_at(a, r), row_at(b, r), r->size))
			return false;
	}
	return true;
}

/* ---- what is said ---- */

static uint64_t number(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static void put_row(FILE *f, const struct state_row *r, const struct verify *v)
{
	const uint8_t *was = row_at(v->start, r), *a = row_at(v->first.state, r);
	const uint8_t *b = row_at(v->second.state, r);

	for (unsigned at = 0; at < r->size; at += r->unit) {
		uint64_t x = number(was + at, r->unit), y = number(a + at, r->unit);
		uint64_t z = number(b + at, r->unit);

		if (x != y || x != z || r->at <= offsetof(struct cpu, flags))
			fprintf(f, "%s %s[%u]: %" PRIx64 " -> %" PRIx64 " %" PRIx64 "\n",
				y == z ? " " : "*", r->name, at / r->unit, x, y, z);
	}
}

static void put_end(FILE *f, const char *name, const struct outcome *o)
{
	const struct cpu *c = o->state;

	fprintf(f, "  %s: %s", name, end_name(o->end));
	if (o->end == END_DONE)
		fprintf(f, " to %" PRIx64, c->rip);
	if (o->end == END_FAULT)
		fprintf(f, ": vector %u, error %x, CR2 %" PRIx64, c->exc.vector,
			c->exc.has_error ? c->exc.error : 0, c->exc.cr2);
	fprintf(f, "\n");
}

static void put_bytes(FILE *f, const char *name, const uint8_t *p, size_t n)
{
	fprintf(f, "  %s:", name);
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %02x", p[i]);
	fprintf(f, "\n");
}

static void put_lines(FILE *f, const struct verify_log *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		const struct line *line = &l->lines[i];

		if (!line->flag || !memcmp(line->at, line->other, LINE))
			continue;
		fprintf(f, "* memory at %" PRIx64 ", written: %016" PRIx64 "\n", line->gpa,
			line->mask);
		put_bytes(f, "before", line->was, LINE);
		put_bytes(f, "first", line->other, LINE);
		put_bytes(f, "second", line->at, LINE);
	}
}

/* From where the block was; what is there may have changed by now, or not be mapped. */
static void put_code(struct cpu *c, FILE *f)
{
	uint64_t rip = c->verify->start->rip, gpa;
	uint8_t bytes[INSN_MAX];
	struct insn in = {.len = 0};
	char text[128];

	for (unsigned n = 0; n < 64; n++, rip += in.len) {
		uint64_t lin = c->mode == MODE_64 ? rip : (uint32_t)(c->seg[SEG_CS].base + rip);
		unsigned len = 0;

		while (len < INSN_MAX && mmu_peek(c, lin + len, &gpa)) {
			phys_read(c, gpa, bytes + len, 1);
			len++;
		}
		if (insn_decode(&in, bytes, len, c->mode) != DECODE_OK)
			break;
		insn_text(&in, rip, text, sizeof(text));
		fprintf(f, "  %" PRIx64 ": %s\n", rip, text);
		if (in.op->flags & F_ENDS)
			break;
	}
}

static void put_all(struct cpu *c, FILE *f, const struct verify_tier *t, const char *what)
{
	const struct verify *v = c->verify;
	const char *names[2] = {v->first_is_plain ? "plain handlers" : t->name,
				v->first_is_plain ? t->name : "plain handlers"};
	size_t len = 0;
	const uint8_t *code = t->code ? t->code(c, v->start->rip, &len) : NULL;

	fprintf(f, "verify: %s and %s: %s. The block at %" PRIx64 ", mode %u, CPL %u:\n", names[0],
		names[1], what, v->start->rip, v->start->mode, v->start->cpl);
	put_code(c, f);
	if (code)
		put_bytes(f, "host code", code, len);
	put_end(f, names[0], &v->first);
	put_end(f, names[1], &v->second);
	fprintf(f, "before -> %s, %s; flags that count: %" PRIx64 "\n", names[0], names[1],
		v->flags & FL_STATUS);
	for (unsigned i = 0; i < state_rows_n; i++)
		put_row(f, &state_rows[i], v);
	put_lines(f, &v->log);
}

void verify_report(struct cpu *c, const struct verify_tier *t, const char *what)
{
	struct verify *v = c->verify;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f) {
		put_all(c, f, t, what);
		fclose(f);
	}
	if (v->differs) {
		v->differs(v->arg, text ? text : what);
		free(text);
		return;
	}
	fprintf(stderr, "%s", text ? text : what);
	assert(!"the tiers do the same");
}
