/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What instructions read and write, beside Zydis on random instructions of all modes; by running
 * random ones from states that differ in what they do not read; and by hand.
 */
#include "config.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/effects.h"
#include "hypervisor/x86/exec.h"
#include "tests/test.h"

#include "tests/x86/machine.h"
#include "tests/x86/zydis_bytes.h"

typedef void (*handler)(struct cpu *c, const struct insn *in);
#define AMONG(run, ...) among(run, (const handler[]){__VA_ARGS__, NULL})

static bool among(handler run, const handler *list)
{
	while (*list && *list != run)
		list++;
	return *list;
}

#ifdef CONFIG_ZYDIS
#include "tests/x86/zydis.h"

static void their_register(const struct pair *p, const ZydisDecodedOperand *o,
			   struct insn_effects *e)
{
	ZydisRegister whole =
		ZydisRegisterGetLargestEnclosing(p->theirs.machine_mode, o->reg.value);
	bool reads = o->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	bool writes = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	bool surely = o->actions & ZYDIS_OPERAND_ACTION_WRITE;
	uint16_t bit;

	switch (ZydisRegisterGetClass(whole)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		break;
	default:
		return;
	}
	bit = 1 << ZydisRegisterGetId(whole);
	if (reads || (writes && (!surely || o->size < 32)))
		e->gpr_read |= bit;
	if (writes)
		e->gpr_written |= bit;
}

static void their_memory_registers(const ZydisDecodedOperandMem *m, struct insn_effects *e)
{
	if (m->base != ZYDIS_REGISTER_NONE && m->base != ZYDIS_REGISTER_RIP &&
	    m->base != ZYDIS_REGISTER_EIP)
		e->gpr_read |= 1 << ZydisRegisterGetId(m->base);
	if (m->index != ZYDIS_REGISTER_NONE && m->type != ZYDIS_MEMOP_TYPE_VSIB)
		e->gpr_read |= 1 << ZydisRegisterGetId(m->index);
}

/* Theirs by our rule: what is undefined is read. */
static void their_effects(const struct pair *p, struct insn_effects *e)
{
	const ZydisAccessedFlags *f = p->theirs.cpu_flags;

	memset(e, 0, sizeof(*e));
	if (f) {
		e->flags_set = (f->modified | f->set_0 | f->set_1) & FL_STATUS;
		e->flags_read = (f->tested | f->undefined) & FL_STATUS;
	}
	for (unsigned i = 0; i < p->theirs.operand_count; i++) {
		const ZydisDecodedOperand *o = &p->operand[i];

		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER)
			their_register(p, o, e);
		else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
			their_memory_registers(&o->mem, e);
	}
}

/* ---- why ours may differ: for the handlers named, and as narrow as it can be */

static bool same(const struct insn_effects *a, const struct insn_effects *b)
{
	return a->flags_read == b->flags_read && a->flags_set == b->flags_set &&
	       a->gpr_read == b->gpr_read && a->gpr_written == b->gpr_written;
}

static uint32_t touched(const struct insn_effects *e)
{
	return e->flags_read | e->flags_set;
}

/* AF is undefined to Zydis after AND, OR, XOR and TEST, and after SBB, where it is not. */
static void know_more_flags(const struct insn *in, struct insn_effects *theirs)
{
	handler run = in->op->run;

	/* REP may compare nothing. */
	if (in->op->flags & F_REP && in->rep) {
		theirs->flags_read |= theirs->flags_set;
		theirs->flags_set = 0;
	}
	if (AMONG(run, op_and, op_or, op_xor, op_test, op_sbb)) {
		theirs->flags_read &= ~(uint32_t)FL_AF;
		theirs->flags_set |= FL_AF;
	}
	if (AMONG(run, op_tzcnt, op_lzcnt)) {
		theirs->flags_read |= FL_CF;
		theirs->flags_set = FL_ZF;
	}
}

static void know_more_registers(const struct insn *in, struct insn_effects *ours,
				struct insn_effects *theirs)
{
	handler run = in->op->run;

	/* rSI and rDI are addresses alone to Zydis. */
	if (in->op->flags & F_REP)
		theirs->gpr_written |= ours->gpr_written & (1 << R_SI | 1 << R_DI);
	/* A scan of 0 leaves the destination. Narrow POPA leaves halves. */
	if (AMONG(run, op_bsf, op_bsr, op_tzcnt, op_lzcnt, op_popa))
		theirs->gpr_read |= theirs->gpr_written;
	if (AMONG(run, op_nop, op_ud))
		theirs->gpr_read = ours->gpr_read;
}

/* What Zydis says nothing of, or says without looking at the count: by hand, below. */
static bool by_hand(const struct insn *in, const struct insn_effects *ours,
		    const struct insn_effects *theirs)
{
	handler run = in->op->run;

	if (AMONG(run, op_shl, op_shr, op_sar, op_shld, op_shrd, op_rol, op_ror, op_rcl, op_rcr))
		return ours->gpr_read == theirs->gpr_read &&
		       ours->gpr_written == theirs->gpr_written &&
		       (touched(ours) == touched(theirs) || !touched(ours));
	/* FCOMI without knowledge of exceptions; VPTEST of 256 bits, said to leave four alone. */
	if (in->op->flags & F_FPU || !strcmp(in->op->name, "vptest"))
		return ours->gpr_written == 0 && touched(ours) == FL_STATUS;
	return AMONG(run, op_int, op_int1, op_int3, op_into, op_iret, op_syscall, op_sysret,
		     op_jmp_far, op_call_far, op_mov_cr, op_mov_dr) ||
	       !strcmp(in->op->name, "rsm");
}

static void differs(const struct pair *p, const struct insn_effects *ours,
		    const struct insn_effects *theirs)
{
	char text[128];

	insn_text(&p->ours, 0, text, sizeof(text));
	NOTE("%s, mode %u, ours and theirs: flags read %x %x, set %x %x; "
	     "registers read %x %x, written %x %x",
	     text, p->ours.mode, ours->flags_read, theirs->flags_read, ours->flags_set,
	     theirs->flags_set, ours->gpr_read, theirs->gpr_read, ours->gpr_written,
	     theirs->gpr_written);
	CHECK(!"explained");
}

static bool explained(const struct pair *p)
{
	struct insn_effects ours, theirs, more;

	insn_effects(&p->ours, &ours);
	their_effects(p, &theirs);
	more = theirs;
	know_more_flags(&p->ours, &more);
	know_more_registers(&p->ours, &ours, &more);
	if (same(&ours, &more) || by_hand(&p->ours, &ours, &theirs))
		return true;
	differs(p, &ours, &theirs);
	return false;
}

TEST(same_as_zydis)
{
	struct random r = {0x2545f4914f6cdd1d};
	unsigned compared = 0, unexplained = 0;
	struct zydis z;
	struct pair p;
	uint8_t bytes[24];

	zydis_init(&z);
	zydis_near_16(&z, true);
	for (unsigned n = 0; n < 200000 && unexplained < 10; n++) {
		random_insn(&r, bytes);
		if (pair_decode(&p, &z, bytes, n % 3) || !p.valid)
			continue;
		compared++;
		unexplained += !explained(&p);
	}
	CHECK(compared > 50000);
}
#else
TEST(same_as_zydis)
{
	SKIP("built without libzydis-dev");
}
#endif

/* ---- by running it: what is not read does not matter */

enum { CODE = 0x6000, AREA = 0x100000, AREA_SIZE = 0x4000 };

struct result {
	bool faulted;
	uint64_t r[16], flags, rip;
	struct fpu_state fpu;
	uint8_t area[AREA_SIZE];
};

static uint64_t noise(void)
{
	static uint64_t s = 0x9e3779b97f4a7c15;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

/* Registers lead into the area, so that most memory operands are there. */
static void random_state(struct cpu *c, uint16_t but_gpr, uint32_t but_flags)
{
	for (unsigned i = 0; i < 16; i++)
		if (!(but_gpr >> i & 1))
			c->r[i] = AREA + AREA_SIZE / 2 + noise() % (AREA_SIZE / 4);
	c->flags = (c->flags & (but_flags | ~(uint64_t)FL_STATUS)) |
		   (noise() & FL_STATUS & ~(uint64_t)but_flags);
}

static void run_it(struct machine *m, const struct insn *in, struct result *to)
{
	struct cpu *c = m->c;
	sigjmp_buf frame;

	c->fault = &frame;
	c->next_rip = CODE + in->len;
	to->faulted = sigsetjmp(frame, 0);
	if (!to->faulted)
		in->op->run(c, in);
	c->fault = NULL;
	memcpy(to->r, c->r, sizeof(to->r));
	to->flags = c->flags;
	to->rip = c->next_rip;
	to->fpu = c->fpu;
	memcpy(to->area, m->ram + AREA, AREA_SIZE);
}

/* Both times from the same memory and vectors. */
static bool same_outcome(const struct insn_effects *e, const struct result *a,
			 const struct result *b)
{
	uint32_t flags = e->flags_set | e->flags_read;

	for (unsigned i = 0; i < 16; i++)
		if ((e->gpr_written | e->gpr_read) >> i & 1 && a->r[i] != b->r[i])
			return false;
	return a->faulted == b->faulted && a->rip == b->rip &&
	       !((a->flags ^ b->flags) & (flags | ~(uint64_t)FL_STATUS)) &&
	       !memcmp(&a->fpu, &b->fpu, sizeof(a->fpu)) && !memcmp(a->area, b->area, AREA_SIZE);
}

static bool rest_untouched(const struct insn_effects *e, const struct cpu *was,
			   const struct result *a)
{
	for (unsigned i = 0; i < 16; i++)
		if (!(e->gpr_written >> i & 1) && a->r[i] != was->r[i])
			return false;
	return !((a->flags ^ was->flags) & FL_STATUS & ~(e->flags_set | e->flags_read));
}

static void unlike(const struct insn *in, const struct insn_effects *e, const struct cpu *c1,
		   const struct result *a, const struct cpu *c2, const struct result *b)
{
	char text[128];

	insn_text(in, CODE, text, sizeof(text));
	NOTE("%s: flags read %x, set %x: %x -> %x, %x -> %x; registers read %x, written %x", text,
	     e->flags_read, e->flags_set, (unsigned)c1->flags, (unsigned)a->flags,
	     (unsigned)c2->flags, (unsigned)b->flags, e->gpr_read, e->gpr_written);
}

/* A fault may come in between; what was written until then may be in doubt. */
static bool holds(struct machine *m, const struct insn *in)
{
	static struct result a, b;
	static struct cpu first, second;
	struct insn_effects e;
	bool ok;

	insn_effects(in, &e);
	memset(m->ram + AREA, 0x5a, AREA_SIZE);
	random_state(m->c, 0, 0);
	if (in->op->flags & F_REP && in->rep)
		m->c->r[R_CX] = noise() % 5;
	memcpy(&first, m->c, sizeof(first));
	run_it(m, in, &a);
	memcpy(m->c->r, first.r, sizeof(first.r));
	m->c->flags = first.flags;
	m->c->fpu = first.fpu;
	memset(m->ram + AREA, 0x5a, AREA_SIZE);
	random_state(m->c, e.gpr_read, e.flags_read);
	memcpy(&second, m->c, sizeof(second));
	run_it(m, in, &b);
	if (a.faulted || b.faulted)
		return a.faulted == b.faulted;
	ok = same_outcome(&e, &a, &b) && rest_untouched(&e, &first, &a) &&
	     rest_untouched(&e, &second, &b);
	if (!ok)
		unlike(in, &e, &first, &a, &second, &b);
	return ok;
}

/* Of a user's program, without the clock, chance, or operands anywhere. */
static bool may_run(const struct insn *in)
{
	handler run = in->op->run;

	if (in->op->flags & F_CPL0 || (in->op->flags & F_ENDS && !(in->op->flags & F_NEAR)))
		return false;
	if (in->disp_size > 1 || in->index != REG_NONE ||
	    in->addrsize != (in->mode == MODE_64 ? 8 : 4))
		return false;
	if (AMONG(run, op_bt, op_bts, op_btr, op_btc) && in->mod != 3)
		return false;
	return !AMONG(run, op_in, op_out, op_ins, op_outs, op_rdtsc, op_rdtscp, op_rdrand,
		      op_rdseed, op_rdpid, op_cpuid, op_xgetbv, op_mov_cr, op_mov_dr, op_xsave,
		      op_xsavec, op_xsaveopt, op_xsaves, op_xrstor, op_xrstors, op_fxsave,
		      op_fxrstor);
}

TEST_EACH(what_is_not_read_does_not_matter, 2, i ? "32" : "64")
{
	struct random r = {0x2545f4914f6cdd1d + i};
	struct machine *m = machine_new("max");
	unsigned ran = 0, failed = 0;
	uint8_t bytes[24];

	if (i)
		machine_prot(m, CODE);
	else
		machine_long(m, CODE);
	m->c->cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
	m->c->xcr0 = 7;
	for (unsigned n = 0; n < 60000 && failed < 10; n++) {
		struct insn in;

		random_insn(&r, bytes);
		if (insn_decode(&in, bytes, INSN_MAX, i ? MODE_32 : MODE_64) != DECODE_OK ||
		    !may_run(&in))
			continue;
		ran++;
		failed += !CHECK(holds(m, &in));
	}
	CHECK(ran > 10000);
	machine_free(m);
}

/* ---- by hand */

enum {
	CF = FL_CF,
	PF = FL_PF,
	AF = FL_AF,
	ZF = FL_ZF,
	SF = FL_SF,
	OF = FL_OF,
	SZP = SF | ZF | PF,
	ALL = FL_STATUS
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
	R8 = 1 << 8,
	R9 = 1 << 9
};

static const struct {
	const char *text;
	uint8_t mode, bytes[INSN_MAX];
	struct insn_effects want; /* flags read, set; registers read, written */
} cases[] = {
	{"shl eax, 0", MODE_64, {0xc1, 0xe0, 0x00}, {0, 0, AX, AX}},
	{"shl eax, 32", MODE_64, {0xc1, 0xe0, 0x20}, {0, 0, AX, AX}},
	{"shl rax, 32", MODE_64, {0x48, 0xc1, 0xe0, 0x20}, {AF | OF, SZP | CF, AX, AX}},
	{"shl eax, 1", MODE_64, {0xd1, 0xe0}, {AF, ALL & ~AF, AX, AX}},
	{"sar eax, 5", MODE_64, {0xc1, 0xf8, 5}, {AF | OF, SZP | CF, AX, AX}},
	{"shr al, 8", MODE_64, {0xc0, 0xe8, 8}, {AF | OF | CF, SZP, AX, AX}},
	{"sar al, 8", MODE_64, {0xc0, 0xf8, 8}, {AF | OF, SZP | CF, AX, AX}},
	{"shr edx, cl", MODE_64, {0xd3, 0xea}, {ALL, 0, CX | DX, DX}},
	{"rol edx, cl", MODE_64, {0xd3, 0xc2}, {CF | OF, 0, CX | DX, DX}},
	{"rol edx, 0", MODE_64, {0xc1, 0xc2, 0}, {0, 0, DX, DX}},
	{"rol edx, 1", MODE_64, {0xd1, 0xc2}, {0, CF | OF, DX, DX}},
	{"rol dl, 8", MODE_64, {0xc0, 0xc2, 8}, {OF, CF, DX, DX}},
	{"rcl edx, 1", MODE_64, {0xd1, 0xd2}, {CF, CF | OF, DX, DX}},
	{"rcl edx, 0", MODE_64, {0xc1, 0xd2, 0}, {0, 0, DX, DX}},
	{"rcr edx, 3", MODE_64, {0xc1, 0xda, 3}, {CF | OF, CF, DX, DX}},
	{"shld ax, dx, 17", MODE_16, {0x0f, 0xa4, 0xd0, 17}, {ALL, 0, AX | DX, AX}},
	{"shld ax, dx, 16", MODE_16, {0x0f, 0xa4, 0xd0, 16}, {AF | OF, SZP | CF, AX | DX, AX}},
	{"shrd eax, edx, 1", MODE_64, {0x0f, 0xac, 0xd0, 1}, {AF, ALL & ~AF, AX | DX, AX}},
	{"shrd eax, edx, cl", MODE_64, {0x0f, 0xad, 0xd0}, {ALL, 0, AX | CX | DX, AX}},
	{"inc eax", MODE_64, {0xff, 0xc0}, {0, ALL & ~CF, AX, AX}},
	{"xor al, bh", MODE_64, {0x30, 0xf8}, {0, ALL, AX | BX, AX}},
	{"xor al, dil", MODE_64, {0x40, 0x30, 0xf8}, {0, ALL, AX | DI, AX}},
	{"mov ah, [rsi+rdi]", MODE_64, {0x8a, 0x24, 0x3e}, {0, 0, AX | SI | DI, AX}},
	{"mov ax, dx", MODE_64, {0x66, 0x89, 0xd0}, {0, 0, AX | DX, AX}},
	{"mov eax, edx", MODE_64, {0x89, 0xd0}, {0, 0, DX, AX}},
	{"mov eax, [rip+1]", MODE_64, {0x8b, 5, 1, 0, 0, 0}, {0, 0, 0, AX}},
	{"lea r8, [r9+rax*2]", MODE_64, {0x4d, 0x8d, 4, 0x41}, {0, 0, R9 | AX, R8}},
	{"cmovbe eax, edx", MODE_64, {0x0f, 0x46, 0xc2}, {CF | ZF, 0, AX | DX, AX}},
	{"setle al", MODE_64, {0x0f, 0x9e, 0xc0}, {SF | OF | ZF, 0, AX, AX}},
	{"imul eax, edx", MODE_64, {0x0f, 0xaf, 0xc2}, {SZP | AF, CF | OF, AX | DX, AX}},
	{"imul eax, edx, 3", MODE_64, {0x6b, 0xc2, 3}, {SZP | AF, CF | OF, DX, AX}},
	{"mul bl", MODE_64, {0xf6, 0xe3}, {SZP | AF, CF | OF, AX | BX, AX}},
	{"mul ebx", MODE_64, {0xf7, 0xe3}, {SZP | AF, CF | OF, AX | BX, AX | DX}},
	{"mul bx", MODE_16, {0xf7, 0xe3}, {SZP | AF, CF | OF, AX | BX | DX, AX | DX}},
	{"div bl", MODE_64, {0xf6, 0xf3}, {ALL, 0, AX | BX, AX}},
	{"div ebx", MODE_64, {0xf7, 0xf3}, {ALL, 0, AX | BX | DX, AX | DX}},
	{"bt eax, edx", MODE_64, {0x0f, 0xa3, 0xd0}, {SF | PF | AF | OF, CF, AX | DX, 0}},
	{"bsf eax, edx", MODE_64, {0x0f, 0xbc, 0xc2}, {ALL & ~ZF, ZF, AX | DX, AX}},
	{"tzcnt eax, edx", MODE_64, {0xf3, 0x0f, 0xbc, 0xc2}, {ALL & ~ZF, ZF, AX | DX, AX}},
	{"cwd", MODE_16, {0x99}, {0, 0, AX | DX, DX}},
	{"cdq", MODE_64, {0x99}, {0, 0, AX, DX}},
	{"cmpsb", MODE_64, {0xa6}, {0, ALL, SI | DI, SI | DI}},
	{"repe cmpsb", MODE_64, {0xf3, 0xa6}, {ALL, 0, SI | DI | CX, SI | DI | CX}},
	{"rep movsq", MODE_64, {0xf3, 0x48, 0xa5}, {0, 0, SI | DI | CX, SI | DI | CX}},
	{"lodsd", MODE_64, {0xad}, {0, 0, SI, SI | AX}},
	{"rep lodsd", MODE_64, {0xf3, 0xad}, {0, 0, SI | AX | CX, SI | AX | CX}},
	{"loope", MODE_64, {0xe1, 0}, {ZF, 0, CX, CX}},
	{"pushf", MODE_64, {0x9c}, {ALL, 0, SP, SP}},
	{"leave", MODE_64, {0xc9}, {0, 0, SP | BP, SP | BP}},
	{"int3", MODE_64, {0xcc}, {ALL, 0, 0xffff, 0xffff}},
	{"syscall", MODE_64, {0x0f, 0x05}, {ALL, 0, 0, CX | 1 << 11}},
	{"sysretq", MODE_64, {0x48, 0x0f, 0x07}, {0, ALL, CX | 1 << 11, 0}},
	{"fcomi st, st1", MODE_64, {0xdb, 0xf1}, {ALL, 0, 0, 0}},
	{"fcmovbe st, st1", MODE_64, {0xda, 0xd1}, {CF | ZF, 0, 0, 0}},
	{"fcomp st1", MODE_64, {0xd8, 0xd9}, {0, 0, 0, 0}},
	{"fild dword [rdx]", MODE_64, {0xdb, 0x02}, {0, 0, DX, 0}},
	{"fnstsw ax", MODE_64, {0xdf, 0xe0}, {0, 0, AX, AX}},
	{"vptest ymm0, ymm1", MODE_64, {0xc4, 0xe2, 0x7d, 0x17, 0xc1}, {0, ALL, 0, 0}},
	{"pcmpestri", MODE_64, {0x66, 0x0f, 0x3a, 0x61, 0xc1, 0}, {0, ALL, AX | DX, CX}},
	{"vpgatherdd", MODE_64, {0xc4, 0xe2, 0x69, 0x90, 4, 0x38}, {0, 0, AX, 0}},
	{"maskmovdqu", MODE_64, {0x66, 0x0f, 0xf7, 0xc1}, {0, 0, DI, 0}},
	{"mulx r8, r9, rax", MODE_64, {0xc4, 0x62, 0xb3, 0xf6, 0xc0}, {0, 0, DX | AX, R8 | R9}},
	{"xchg [rbx], ax", MODE_64, {0x66, 0x87, 0x03}, {0, 0, AX | BX, AX}},
	{"cmpxchg [rbx], edx", MODE_64, {0x0f, 0xb1, 0x13}, {0, ALL, AX | BX | DX, AX}},
};

TEST_EACH(by_hand, sizeof(cases) / sizeof(cases[0]), cases[i].text)
{
	struct insn_effects e;
	struct insn in;

	MUST(insn_decode(&in, cases[i].bytes, INSN_MAX, cases[i].mode) == DECODE_OK);
	insn_effects(&in, &e);
	EQ(cases[i].want.flags_read, e.flags_read);
	EQ(cases[i].want.flags_set, e.flags_set);
	EQ(cases[i].want.gpr_read, e.gpr_read);
	EQ(cases[i].want.gpr_written, e.gpr_written);
}

/* A handler without a row would count as one that does anything. */
TEST(every_handler_has_a_row)
{
	unsigned n;
	const struct opcode *o = opcode_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		struct insn in = {.op = &o[i], .opsize = 4, .base = REG_NONE, .index = REG_NONE};
		struct insn_effects e;

		memset(in.gpr, REG_NONE, sizeof(in.gpr));
		insn_effects(&in, &e);
		if (!CHECK(e.gpr_written != 0xffff || o[i].flags & F_ENDS))
			NOTE("%s", o[i].name);
	}
}
