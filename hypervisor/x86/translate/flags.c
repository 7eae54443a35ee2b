/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/flags.c: the guest's status flags are the host's. What
 * the translator adds changes them too: before that they are
 * saved into a slot, and brought back when an instruction asks for them, or leaves
 * some of them alone.
 *
 * They are saved though they may be overwritten before anything reads them: a fault, an interrupt
 * or a store to the code in between would show them.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

/* Which flags somebody may look at before the instruction, when it or what follows it is what the
 * block says: itself, a fault, a way out. */
void flags_live(struct gen *g)
{
	uint32_t live = FL_STATUS;

	g->live[g->n] = live;
	for (unsigned i = g->n; i-- > 0;) {
		live = (live & ~g->fx[i].flags_set) | g->reads[i];
		if (g->shows[i])
			live = FL_STATUS;
		g->live[i] = live;
	}
}

static bool flags_touched(const struct gen *g, unsigned i)
{
	return g->fx[i].flags_set || g->fx[i].flags_read;
}

/* Must it find the guest's, or those it leaves alone, in the host's? */
static bool asks(const struct gen *g, unsigned i)
{
	uint32_t set = g->fx[i].flags_set;

	return g->reads[i] || (flags_touched(g, i) && g->live[i + 1] & ~set);
}

/* INC, DEC: CF alone is left as it is. */
static bool asks_for_cf(const struct gen *g, unsigned i)
{
	return !g->reads[i] && (g->fx[i].flags_set | FL_CF) == FL_STATUS;
}

/* Where a block wants the flags to be when it begins: what happens to them first? */
enum tr_flags_in flags_in(const struct gen *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (g->shows[i])
			return FLAGS_IN_SLOT;
		if (asks(g, i))
			return asks_for_cf(g, i) ? FLAGS_IN_SLOT : FLAGS_IN_HOST;
		if (flags_touched(g, i))
			return FLAGS_IN_NONE;
	}
	return FLAGS_IN_HOST;
}

/* As LAHF and SETO have them, which takes a quarter of PUSHF's time; t0 holds RAX meanwhile. */
void flags_save(struct emit *e)
{
	EMIT(e, "\x49\x89\xc5"     /* mov r13, rax */
		"\x9f\x0f\x90\xc0" /* lahf; seto al */
		"\x89\x44\x24\xf8" /* mov [slot], eax */
		"\x4c\x89\xe8");   /* mov rax, r13 */
}

/* t0 and t1 may be in use. POPF would take five times as long. */
void flags_restore(struct emit *e)
{
	emit_rm(e, 0x89, true, R_AX, tr_field(TR_OWN(rax)));
	EMIT(e, "\x8b\x44\x24\xf8" /* mov eax, [slot] */
		"\x04\x7f\x9e");   /* add al, 127; sahf */
	emit_rm(e, 0x8b, true, R_AX, tr_field(TR_OWN(rax)));
}

void flags_carry(struct emit *e)
{
	EMIT(e, "\x0f\xba\x64\x24\xf8\x08"); /* bt dword [slot], 8 */
}

void flags_image(struct emit *e)
{
	emit_rm(e, 0x8b, false, H_T1, tr_field(TR_CPU(flags)));
	EMIT(e, "\x41\x81\xe6"); /* and r14d */
	emit_4(e, ~(uint32_t)(FL_STATUS | FL_VM | FL_RF));
	/* movzx r13d, byte [slot + 1]; and r13d, status; or; movzx r13d, byte [slot]; shl 11; or */
	EMIT(e, "\x44\x0f\xb6\x6c\x24\xf9\x41\x81\xe5");
	emit_4(e, FL_STATUS & 0xff);
	emit_rr(e, 0x0b, false, H_T1, H_T0);
	EMIT(e, "\x44\x0f\xb6\x6c\x24\xf8\x41\xc1\xe5\x0b");
	emit_rr(e, 0x0b, false, H_T1, H_T0); /* or */
}

void flags_take(struct emit *e)
{
	EMIT(e, "\x45\x0f\xb6\xee"       /* movzx r13d, r14b */
		"\x41\xc1\xe5\x08"       /* shl r13d, 8 */
		"\x41\xc1\xee\x0b"       /* shr r14d, 11 */
		"\x41\x83\xe6\x01"       /* and r14d, 1 */
		"\x45\x09\xf5"           /* or r13d, r14d */
		"\x44\x89\x6c\x24\xf8"); /* mov [slot], r13d */
}

void flags_spoil(struct gen *g)
{
	if (g->flags_at != FLAGS_HOST)
		return;
	if (!g->flags_kept && redo_can(g, g->flags_by, g->i)) {
		g->flags_at = FLAGS_REDO;
		return;
	}
	if (!g->flags_kept)
		flags_save(&g->e);
	g->flags_at = FLAGS_SLOT;
}

void flags_make(struct gen *g)
{
	if (g->flags_at != FLAGS_REDO)
		return;
	redo_flags(&g->e, &g->in[g->flags_by]);
	g->flags_at = FLAGS_HOST;
	g->flags_kept = false;
}

enum tr_flags_at flags_out(const struct gen *g, uint8_t *redo)
{
	*redo = g->flags_at == FLAGS_REDO ? g->flags_by : NO_INSN;
	return g->flags_at == FLAGS_REDO ? FLAGS_SLOT : g->flags_at;
}

void flags_redo(struct gen *g, uint8_t redo)
{
	if (redo == NO_INSN)
		return;
	redo_flags(&g->e, &g->in[redo]);
	flags_save(&g->e);
}

void flags_need(struct gen *g)
{
	flags_make(g);
	if (g->flags_at == FLAGS_SLOT) {
		flags_restore(&g->e);
		g->flags_kept = true;
	}
	g->flags_at = FLAGS_HOST;
}

/* Nobody looks at what INC or DEC leaves, unless a way out makes it: from the slot, too. */
static bool counts_unseen(const struct gen *g)
{
	return g->flags_at == FLAGS_SLOT && redo_counts(gen_insn(g)) && redo_can(g, g->i, g->i + 1);
}

void flags_before(struct gen *g)
{
	if (!asks(g, g->i) || counts_unseen(g))
		return;
	if (g->flags_at == FLAGS_SLOT && asks_for_cf(g, g->i))
		flags_carry(&g->e);
	else
		flags_need(g);
}

void flags_after(struct gen *g)
{
	bool all = g->fx[g->i].flags_set == FL_STATUS;

	if (!flags_touched(g, g->i))
		return;
	all |= g->flags_at == FLAGS_SLOT && redo_counts(gen_insn(g));
	g->flags_at = counts_unseen(g) ? FLAGS_REDO : FLAGS_HOST;
	g->flags_kept = false;
	g->flags_by = all ? (uint8_t)g->i : NO_INSN;
}

/* ---- what is read, what is left alone ---- */

/* The effects have among those read what some processors leave alone. */
bool flags_looked_at(const struct insn *in)
{
	static run_fn *const list[] = {op_jcc, op_setcc, op_cmov, op_adc,  op_sbb,  op_rcl,  op_rcr,
				       op_cmc, op_lahf,  op_adcx, op_adox, op_host, op_pushf};

	return AMONG(in->op->run, list);
}

/* What a shift by three leaves as it was: AF on some processors. */
static uint32_t shift_keeps(uint64_t flags)
{
	uint64_t v = 5;

	__asm__("push %1\n\tpopfq\n\tshl $3, %0\n\tpushfq\n\tpop %1"
		: "+r"(v), "+r"(flags)
		:
		: "cc");
	return (uint32_t)flags & FL_STATUS;
}

void flags_of_shift(const struct insn *in, struct insn_effects *fx)
{
	static int writes_all = -1;
	bool imm = in->op->o[1].kind == O_I || in->op->o[1].kind == O_1;
	unsigned count = in->op->o[1].kind == O_1 ? 1 : in->imm & (in->size[0] == 8 ? 63 : 31);

	if (!imm || !count ||
	    (in->op->run != op_shl && in->op->run != op_shr && in->op->run != op_sar))
		return;
	if (writes_all < 0)
		writes_all = shift_keeps(FL_1) == shift_keeps(FL_1 | FL_STATUS);
	if (!writes_all)
		return;
	fx->flags_read = 0;
	fx->flags_set = FL_STATUS;
}
