/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/effects.c: flags and general registers that instructions read and write, by the
 * handler of their row; those that the host's unit runs by their opcode.
 *
 * Spec: Intel SDM volume 1, appendix A (EFLAGS cross-reference); volume 2, the instructions' pages.
 *	A flag that is undefined after an instruction counts as left alone, since some processor
 *	does leave it alone; but AND, OR, XOR and TEST clear AF on all there are.
 * Tests: tests/x86/effects.c
 */
#include "hypervisor/x86/effects.h"
#include "hypervisor/x86/exec.h"

enum {
	CF = FL_CF,
	ZF = FL_ZF,
	AF = FL_AF,
	OF = FL_OF,
	ALL = FL_STATUS,
	SZP = FL_SF | FL_ZF | FL_PF,
	LOW = SZP | FL_AF | FL_CF, /* of AH */
};
enum {
	AX = 1 << R_AX,
	CX = 1 << R_CX,
	DX = 1 << R_DX,
	BX = 1 << R_BX,
	SP = 1 << R_SP,
	BP = 1 << R_BP,
	SI = 1 << R_SI,
	DI = 1 << R_DI,
	R11 = 1 << 11,
	EVERY = 0xffff,
};

/* What a row alone does not say. */
enum more {
	PLAIN,
	COND,  /* the condition is in the opcode */
	SHIFT, /* the count says whether flags are set, and which */
	ROTATE,
	ROTATE_C, /* through CF */
	DOUBLE,
	IMUL,   /* with three operands the first is not read */
	WIDE,   /* the upper half is written to rDX, but of AX */
	DIVIDE, /* … and read */
	HOST,
};

struct row {
	void (*run)(struct cpu *c, const struct insn *in);
	/* By operand: r read, w written, m modified, - not touched; r when there are fewer. */
	const char *roles;
	uint16_t flags_read, flags_set;
	uint16_t gpr_read, gpr_written;
	uint8_t more; /* enum more */
};

/* clang-format off */
#define A(run, roles, fr, fs, gr, gw, more) {run, roles, fr, fs, gr, gw, more}
#define P(run, roles)			A(run, roles, 0, 0, 0, 0, PLAIN)
#define M(run, roles, more)		A(run, roles, 0, 0, 0, 0, more)
#define F(run, roles, read, set)	A(run, roles, read, set, 0, 0, PLAIN)
#define G(run, roles, read, written)	A(run, roles, 0, 0, read, written, PLAIN)

static const struct row rows[] = {
	P(op_mov, "wr"), P(op_movzx, "wr"), P(op_movsx, "wr"), P(op_movbe, "wr"),
	P(op_lea, "wr"), M(op_jcc, "", COND), M(op_setcc, "w", COND), M(op_cmov, "mr", COND),
	F(op_cmp, "rr", 0, ALL), F(op_test, "rr", 0, ALL), F(op_add, "mr", 0, ALL),
	F(op_sub, "mr", 0, ALL), F(op_neg, "m", 0, ALL), F(op_and, "mr", 0, ALL),
	F(op_or, "mr", 0, ALL), F(op_xor, "mr", 0, ALL), F(op_adc, "mr", CF, ALL),
	F(op_sbb, "mr", CF, ALL), F(op_inc, "m", 0, ALL & ~CF), F(op_dec, "m", 0, ALL & ~CF),
	P(op_not, "m"), F(op_adcx, "mr", CF, CF), F(op_adox, "mr", OF, OF),
	G(op_push, "r", SP, SP), G(op_pop, "w", SP, SP), G(op_call, "r", SP, SP),
	G(op_ret, "", SP, SP), P(op_jmp, "r"), G(op_loop, "", CX, CX),
	A(op_loope, "", ZF, 0, CX, CX, PLAIN), A(op_loopne, "", ZF, 0, CX, CX, PLAIN),
	G(op_jcxz, "", CX, 0), P(op_nop, "-"), P(op_pause, ""), P(op_clflush, ""),
	P(op_fwait, ""), P(op_emms, ""),

	M(op_shl, "mr", SHIFT), M(op_shr, "mr", SHIFT), M(op_sar, "mr", SHIFT),
	M(op_shld, "mrr", DOUBLE), M(op_shrd, "mrr", DOUBLE), M(op_rol, "mr", ROTATE),
	M(op_ror, "mr", ROTATE), M(op_rcl, "mr", ROTATE_C), M(op_rcr, "mr", ROTATE_C),

	A(op_mul, "r", ALL & ~(CF | OF), CF | OF, AX, AX, WIDE),
	A(op_imul1, "r", ALL & ~(CF | OF), CF | OF, AX, AX, WIDE),
	A(op_imul, "mr", ALL & ~(CF | OF), CF | OF, 0, 0, IMUL),
	A(op_div, "r", ALL, 0, AX, AX, DIVIDE), A(op_idiv, "r", ALL, 0, AX, AX, DIVIDE),

	F(op_bsf, "mr", ALL & ~ZF, ZF), F(op_bsr, "mr", ALL & ~ZF, ZF),
	/* Without their features they are BSF and BSR. */
	F(op_tzcnt, "mr", ALL & ~ZF, ZF), F(op_lzcnt, "mr", ALL & ~ZF, ZF),
	F(op_popcnt, "wr", 0, ALL), P(op_crc32, "mr"), F(op_bt, "rr", ALL & ~(CF | ZF), CF),
	F(op_bts, "mr", ALL & ~(CF | ZF), CF), F(op_btr, "mr", ALL & ~(CF | ZF), CF),
	F(op_btc, "mr", ALL & ~(CF | ZF), CF), P(op_bswap, "m"), P(op_xchg, "mm"),
	F(op_xadd, "mm", 0, ALL), A(op_cmpxchg, "mr", 0, ALL, AX, AX, PLAIN),
	A(op_cmpxchg8b, "", 0, ZF, AX | DX | BX | CX, AX | DX, PLAIN),

	F(op_andn, "wrr", AF | FL_PF, ALL & ~(AF | FL_PF)),
	F(op_bextr, "wrr", AF | FL_SF | FL_PF, CF | ZF | OF),
	F(op_blsr, "wr", AF | FL_PF, ALL & ~(AF | FL_PF)),
	F(op_blsmsk, "wr", AF | FL_PF, ALL & ~(AF | FL_PF)),
	F(op_blsi, "wr", AF | FL_PF, ALL & ~(AF | FL_PF)),
	F(op_bzhi, "wrr", AF | FL_PF, ALL & ~(AF | FL_PF)), G(op_mulx, "wwr", DX, 0),
	P(op_pdep, "wrr"), P(op_pext, "wrr"), P(op_rorx, "wr"), P(op_sarx, "wrr"),
	P(op_shlx, "wrr"), P(op_shrx, "wrr"),

	A(op_daa, "", CF | AF | OF, LOW, AX, AX, PLAIN),
	A(op_das, "", CF | AF | OF, LOW, AX, AX, PLAIN),
	A(op_aaa, "", ALL & ~CF, CF | AF, AX, AX, PLAIN),
	A(op_aas, "", ALL & ~CF, CF | AF, AX, AX, PLAIN),
	A(op_aam, "", CF | AF | OF, SZP, AX, AX, PLAIN),
	A(op_aad, "", CF | AF | OF, SZP, AX, AX, PLAIN),

	P(op_movs, ""), F(op_cmps, "", 0, ALL), P(op_stos, ""), P(op_lods, "w"),
	F(op_scas, "", 0, ALL), P(op_ins, ""), P(op_outs, ""), P(op_in, "wr"), P(op_out, "rr"),
	G(op_xlat, "", AX | BX, AX), G(op_cbw, "", AX, AX), A(op_cwd, "", 0, 0, AX, 0, WIDE),
	P(op_lfar, "w"), P(op_bound, ""), P(op_mov_seg, "wr"), G(op_push_seg, "", SP, SP),
	G(op_pop_seg, "", SP, SP), G(op_pusha, "", 0xff, SP), G(op_popa, "", 0xff, 0xff),
	A(op_pushf, "", ALL, 0, SP, SP, PLAIN), A(op_popf, "", 0, ALL, SP, SP, PLAIN),
	G(op_enter, "", SP | BP, SP | BP), G(op_leave, "", SP | BP, SP | BP),
	A(op_lahf, "", LOW, 0, AX, AX, PLAIN), A(op_sahf, "", 0, LOW, AX, 0, PLAIN),
	A(op_salc, "", CF, 0, AX, AX, PLAIN), F(op_clc, "", 0, CF), F(op_stc, "", 0, CF),
	F(op_cmc, "", CF, CF), P(op_cld, ""), P(op_std, ""), P(op_cli, ""), P(op_sti, ""),
	M(op_host, "wr", HOST),

	/* Gates may switch tasks. */
	A(op_jmp_far, "", ALL, 0, EVERY, EVERY, PLAIN),
	A(op_call_far, "", ALL, 0, EVERY, EVERY, PLAIN),
	A(op_iret, "", ALL, ALL, EVERY, EVERY, PLAIN), G(op_ret_far, "", SP, SP),
	A(op_int, "", ALL, 0, EVERY, EVERY, PLAIN), A(op_int3, "", ALL, 0, EVERY, EVERY, PLAIN),
	A(op_int1, "", ALL, 0, EVERY, EVERY, PLAIN),
	A(op_into, "", ALL, 0, EVERY, EVERY, PLAIN),
	A(op_syscall, "", ALL, 0, 0, CX | R11, PLAIN),
	A(op_sysret, "", 0, ALL, CX | R11, 0, PLAIN), G(op_sysenter, "", 0, SP),
	G(op_sysexit, "", CX | DX, SP), P(op_ud, "--"), P(op_hlt, ""), P(op_swapgs, ""),
	P(op_clac, ""), P(op_stac, ""), G(op_cpuid, "", AX | CX, AX | BX | CX | DX),
	G(op_rdtsc, "", 0, AX | DX), G(op_rdtscp, "", 0, AX | DX | CX),
	G(op_rdpmc, "", CX, AX | DX), P(op_rdpid, "w"), F(op_rdrand, "w", 0, ALL),
	F(op_rdseed, "w", 0, ALL), G(op_rdmsr, "", CX, AX | DX),
	G(op_wrmsr, "", AX | CX | DX, 0), G(op_xgetbv, "", CX, AX | DX),
	G(op_xsetbv, "", AX | CX | DX, 0), P(op_rdfsbase, "w"), P(op_rdgsbase, "w"),
	P(op_wrfsbase, ""), P(op_wrgsbase, ""), F(op_mov_cr, "wr", ALL, 0),
	F(op_mov_dr, "wr", ALL, 0), P(op_lgdt, ""), P(op_lidt, ""), P(op_sgdt, ""),
	P(op_sidt, ""), P(op_lldt, ""), P(op_ltr, ""), P(op_sldt, "w"), P(op_str, "w"),
	P(op_smsw, "w"), P(op_lmsw, ""), P(op_clts, ""), P(op_invlpg, ""), P(op_invpcid, ""),
	P(op_wbinvd, ""), F(op_verr, "r", 0, ZF), F(op_verw, "r", 0, ZF),
	F(op_arpl, "mr", 0, ZF), F(op_lar, "mr", 0, ZF), F(op_lsl, "mr", 0, ZF),
	G(op_monitor, "", AX | CX | DX, 0), G(op_mwait, "", AX | CX, 0), P(op_fxsave, ""),
	P(op_fxrstor, ""), P(op_ldmxcsr, ""), P(op_stmxcsr, ""), G(op_xsave, "", AX | DX, 0),
	G(op_xsaveopt, "", AX | DX, 0), G(op_xsavec, "", AX | DX, 0),
	G(op_xsaves, "", AX | DX, 0), G(op_xrstor, "", AX | DX, 0),
	G(op_xrstors, "", AX | DX, 0),
};

/* Instructions of the host's unit that do more than write their first operand; mod 3 where they
 * are of the x87, of which those without an unmasked exception alone set flags. */
static const struct {
	uint8_t map, op, first, last; /* of ModRM */
	uint16_t flags_read, flags_set;
	uint16_t gpr_read, gpr_written;
} host_rows[] = {
	{MAP_0F, 0x2e, 0, 0xff, 0, ALL, 0, 0}, {MAP_0F, 0x2f, 0, 0xff, 0, ALL, 0, 0},
	{MAP_0F38, 0x0e, 0, 0xff, 0, ALL, 0, 0}, {MAP_0F38, 0x0f, 0, 0xff, 0, ALL, 0, 0},
	{MAP_0F38, 0x17, 0, 0xff, 0, ALL, 0, 0},
	{MAP_0F3A, 0x60, 0, 0xff, 0, ALL, AX | DX, 0},
	{MAP_0F3A, 0x61, 0, 0xff, 0, ALL, AX | DX, CX},
	{MAP_0F3A, 0x62, 0, 0xff, 0, ALL, 0, 0}, {MAP_0F3A, 0x63, 0, 0xff, 0, ALL, 0, CX},
	{MAP_0F, 0xf7, 0, 0xff, 0, 0, DI, 0},
	{MAP_1, 0xda, 0xc0, 0xc7, CF, 0, 0, 0}, {MAP_1, 0xda, 0xc8, 0xcf, ZF, 0, 0, 0},
	{MAP_1, 0xda, 0xd0, 0xd7, CF | ZF, 0, 0, 0}, {MAP_1, 0xda, 0xd8, 0xdf, FL_PF, 0, 0, 0},
	{MAP_1, 0xdb, 0xc0, 0xc7, CF, 0, 0, 0}, {MAP_1, 0xdb, 0xc8, 0xcf, ZF, 0, 0, 0},
	{MAP_1, 0xdb, 0xd0, 0xd7, CF | ZF, 0, 0, 0}, {MAP_1, 0xdb, 0xd8, 0xdf, FL_PF, 0, 0, 0},
	{MAP_1, 0xdb, 0xe8, 0xf7, ALL, 0, 0, 0}, {MAP_1, 0xdf, 0xe8, 0xf7, ALL, 0, 0, 0},
};
/* clang-format on */

static const struct row *row_of(const struct insn *in)
{
	static const struct row anything = {NULL, "mm", ALL, 0, EVERY, EVERY, PLAIN};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].run == in->op->run)
			return &rows[i];
	return &anything;
}

/* ---- flags */

static uint32_t condition(unsigned cc)
{
	static const uint16_t looks_at[8] = {
		OF, CF, ZF, CF | ZF, FL_SF, FL_PF, FL_SF | FL_OF, FL_SF | FL_OF | FL_ZF};

	return looks_at[cc >> 1 & 7];
}

/* The masked count; -1 for what CL has. */
static int shift_count(const struct insn *in, unsigned i)
{
	switch (in->op->o[i].kind) {
	case O_1:
		return 1;
	case O_I:
		return (int)(in->imm & (in->size[0] == 8 ? 63 : 31));
	}
	return -1;
}

/* Nothing is set by a count of 0; `some` are those that any other count has to do with. */
static bool sets_flags(struct insn_effects *e, int count, uint32_t some)
{
	if (count < 0)
		e->flags_read |= some;
	return count > 0;
}

static void left_alone_perhaps(struct insn_effects *e, uint32_t some, uint32_t perhaps)
{
	e->flags_read |= perhaps;
	e->flags_set |= some & ~perhaps;
}

static void shift(const struct insn *in, struct insn_effects *e)
{
	int count = shift_count(in, 1);

	if (!sets_flags(e, count, ALL))
		return;
	left_alone_perhaps(e, ALL,
			   AF | (count > 1 ? OF : 0) |
				   (in->op->run != op_sar && count >= in->size[0] * 8 ? CF : 0));
}

/* Counts over the size leave nothing that is defined. */
static void shift_double(const struct insn *in, struct insn_effects *e)
{
	int count = shift_count(in, 2);

	if (!sets_flags(e, count, ALL))
		return;
	left_alone_perhaps(e, ALL, count > in->size[0] * 8 ? ALL : AF | (count > 1 ? OF : 0));
}

static void rotate(const struct insn *in, struct insn_effects *e, bool through_cf)
{
	int count = shift_count(in, 1);

	if (!sets_flags(e, count, CF | OF))
		return;
	left_alone_perhaps(e, CF | OF, count > 1 ? OF : 0);
	if (through_cf)
		e->flags_read |= CF;
}

/* ---- registers */

/* AH, CH, DH and BH are their registers' second bytes. */
static unsigned whole(const struct insn *in, unsigned i)
{
	unsigned r = in->gpr[i];

	return in->size[i] == 1 && !in->rex && r - 4 < 4 ? r - 4 : r;
}

static void operand(const struct insn *in, unsigned i, char role, struct insn_effects *e)
{
	unsigned bit = 1u << whole(in, i);

	if (role != '-' && (role != 'w' || in->size[i] < 4))
		e->gpr_read |= bit;
	if (role == 'w' || role == 'm')
		e->gpr_written |= bit;
}

static void operands(const struct insn *in, const char *roles, struct insn_effects *e)
{
	for (unsigned i = 0; i < 4; i++) {
		char role = *roles ? *roles++ : 'r';

		if (in->gpr[i] != REG_NONE)
			operand(in, i, role, e);
	}
	if (in->base != REG_NONE && in->base != REG_RIP)
		e->gpr_read |= 1u << in->base;
	if (in->index != REG_NONE && !(in->op->flags & F_VSIB))
		e->gpr_read |= 1u << in->index;
}

/* rSI and rDI, rCX as the count; a count of 0 leaves all as it was. */
static void string(const struct insn *in, struct insn_effects *e)
{
	uint16_t moved = 0;

	for (unsigned i = 0; i < 2; i++) {
		unsigned kind = in->op->o[i].kind;

		moved |= kind == O_X ? SI : kind == O_Y ? DI : 0;
	}
	if (in->rep) {
		moved |= CX;
		e->gpr_read |= e->gpr_written;
		e->flags_read |= e->flags_set;
		e->flags_set = 0;
	}
	e->gpr_read |= moved;
	e->gpr_written |= moved;
}

/* The upper half of what is not a byte. DX leaves the rest of its register. */
static void wide(const struct insn *in, struct insn_effects *e, bool divides)
{
	unsigned size = in->size[0] ? in->size[0] : in->opsize;

	if (size == 1)
		return;
	e->gpr_written |= DX;
	if (divides || size == 2)
		e->gpr_read |= DX;
}

static void host(const struct insn *in, struct insn_effects *e)
{
	for (unsigned i = 0; i < sizeof(host_rows) / sizeof(host_rows[0]); i++) {
		if (host_rows[i].map != in->op->map || host_rows[i].op != in->op->op ||
		    in->modrm < host_rows[i].first || in->modrm > host_rows[i].last)
			continue;
		e->flags_read |= host_rows[i].flags_read;
		e->flags_set |= host_rows[i].flags_set;
		e->gpr_read |= host_rows[i].gpr_read;
		e->gpr_written |= host_rows[i].gpr_written;
	}
}

static void more(const struct insn *in, enum more what, struct insn_effects *e)
{
	switch (what) {
	case COND:
		e->flags_read |= condition(in->op->op);
		break;
	case SHIFT:
		shift(in, e);
		break;
	case ROTATE:
	case ROTATE_C:
		rotate(in, e, what == ROTATE_C);
		break;
	case DOUBLE:
		shift_double(in, e);
		break;
	case WIDE:
	case DIVIDE:
		wide(in, e, what == DIVIDE);
		break;
	case HOST:
		host(in, e);
		break;
	case IMUL:
	case PLAIN:
		break;
	}
}

void insn_effects(const struct insn *in, struct insn_effects *e)
{
	const struct row *row = row_of(in);
	bool three = row->more == IMUL && in->op->o[2].kind != O_NONE;

	*e = (struct insn_effects){row->flags_read, row->flags_set, row->gpr_read,
				   row->gpr_written};
	operands(in, three ? "wr" : row->roles, e);
	if (in->op->flags & F_REP)
		string(in, e);
	more(in, row->more, e);
}
