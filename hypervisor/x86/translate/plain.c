/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/plain.c: instructions that the host runs as they are,
 * with other registers and another memory operand: integers, vectors, x87.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/translate/gen.h"

/* clang-format off */
static run_fn *const integer[] = {
	op_mov, op_add, op_cmp, op_test, op_sub, op_and, op_or, op_xor, op_inc, op_dec,
	op_movzx, op_movsx, op_shl, op_shr, op_sar, op_imul, op_setcc, op_cmov, op_adc, op_sbb,
	op_neg, op_not, op_cbw, op_cwd, op_bt, op_bts, op_btr, op_btc, op_bsf, op_bsr, op_tzcnt,
	op_lzcnt, op_popcnt, op_mul, op_imul1, op_div, op_idiv, op_rol, op_ror, op_rcl, op_rcr,
	op_shld, op_shrd, op_bswap, op_xchg, op_xadd, op_cmpxchg, op_cmpxchg8b, op_movbe,
	op_crc32, op_adcx, op_adox, op_andn, op_bextr, op_blsr, op_blsmsk, op_blsi, op_bzhi,
	op_mulx, op_pdep, op_pext, op_rorx, op_sarx, op_shlx, op_shrx, op_clc, op_stc, op_cmc,
	op_lahf, op_sahf,
};
/* Of a first operand in memory these only read. */
static run_fn *const readers[] = {
	op_cmp, op_test, op_bt, op_mul, op_imul1, op_div, op_idiv, op_ldmxcsr,
};
static run_fn *const bit_tests[] = {op_bt, op_bts, op_btr, op_btc};
/* clang-format on */

/* ---- memory operands ---- */

unsigned plain_memory(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned k = in->op->o[i].kind;

		if (k == O_M || k == O_O || ((k == O_E || k == O_Q || k == O_W) && in->mod != 3))
			return i;
	}
	return 4;
}

/* FST, FIST, FBSTP, FNSTCW, FNSTSW by their opcodes (SDM volume 2, B.17). */
static bool x87_stores(const struct insn *in)
{
	unsigned op = in->op->op, digit = in->modrm >> 3 & 7;

	switch (op) {
	case 0xd9:
		return digit == 2 || digit == 3 || digit == 7;
	case 0xdb:
		return (digit >= 1 && digit <= 3) || digit == 7;
	case 0xdd:
		return (digit >= 1 && digit <= 3) || digit == 7;
	case 0xdf:
		return (digit >= 1 && digit <= 3) || digit >= 6;
	default:
		return false;
	}
}

static enum mem_access access_of(const struct insn *in, unsigned m)
{
	if (in->op->flags & F_FPU)
		return x87_stores(in) ? ACCESS_WRITE : ACCESS_READ;
	if (m)
		return ACCESS_READ;
	return AMONG(in->op->run, readers) ? ACCESS_READ : ACCESS_WRITE;
}

/* ---- which they are ---- */

static bool x87_state(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++)
		if (in->op->o[i].size == S_env || in->op->o[i].size == S_state)
			return true;
	return false;
}

/* MASKMOV's address is implied; a gather has many. */
static bool odd_memory(const struct insn *in)
{
	return in->op->flags & F_VSIB || (in->op->map == MAP_0F && in->op->op == 0xf7);
}

/* FNSTCW, FLDCW, FNSTSW, FNCLEX, FNENI and its like, FWAIT: FIP stays (SDM volume 1, 8.1.8). */
static bool x87_control(const struct insn *in)
{
	unsigned op = in->op->op, digit = in->modrm >> 3 & 7;

	if (op == 0x9b || (op == 0xdf && in->modrm == 0xe0) ||
	    (op == 0xdb && in->mod == 3 && digit == 4))
		return true;
	return in->mod != 3 &&
	       ((op == 0xd9 && (digit == 5 || digit == 7)) || (op == 0xdd && digit == 7));
}

static void note_x87(struct gen *g, const struct insn *in)
{
	if (!(in->op->flags & F_FPU) || x87_control(in))
		return;
	emit_rm(&g->e, 0xc7, false, 0, tr_field(TR_OWN(fip_at)));
	emit_4(&g->e, (uint32_t)(emit_here(&g->e) + 3 - g->tr->rx)); /* still within it */
}

static bool uses_mmx(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned k = in->op->o[i].kind;

		if (k == O_P || k == O_N || k == O_Q)
			return true;
	}
	return false;
}

static bool unit_ready(const struct tr_key *k, const struct insn *in)
{
	uint32_t f = in->op->flags;

	if (f & F_AVX)
		return k->avx && !odd_memory(in);
	if (f & F_FPU)
		return k->x87 && !x87_state(in) && !(in->op->op == 0xdb && in->modrm == 0xe3);
	if ((f & F_MMX || uses_mmx(in) || in->op->run == op_emms) && !k->x87)
		return false;
	return k->sse && !odd_memory(in);
}

static bool is_unit(const struct insn *in)
{
	return in->op->run == op_host || in->op->run == op_emms || in->op->run == op_fwait;
}

/* VZEROALL and VZEROUPPER know the mode's registers only. */
static bool half_file(const struct insn *in)
{
	return in->vex && in->op->map == MAP_0F && in->op->op == 0x77 && in->mode != MODE_64;
}

static bool lahf_hidden(const struct gen *g, const struct insn *in)
{
	return (in->op->run == op_lahf || in->op->run == op_sahf) && in->mode == MODE_64 &&
	       !cpu_has(g->c, CPU_LAHF_LM);
}

/* ---- registers that are in memory ---- */

struct places {
	struct emit_insn x;
	struct held_use use; /* guest registers that t0 and t1 have for the instruction */
	bool rm_placed;      /* x.mem is where the register of ModRM.rm is */
};

/* The host register for guest register r of operand i. */
static uint8_t host_of(const struct gen *g, const struct insn *in, unsigned i, struct places *p,
		       bool *fits)
{
	unsigned r = in->gpr[i], k;

	if (in->size[i] == 1 && !in->rex && !in->vex && r - 4u < 4u)
		return (uint8_t)r; /* AH … BH */
	if (gen_reg(r) != REG_NONE)
		return (uint8_t)gen_reg(r);
	k = held_choose(g, in, &p->use, r);
	if (k == 2) {
		*fits = false;
		return 0;
	}
	p->use.reg[k] = (uint8_t)r;
	return k ? H_T1 : H_T0;
}

static bool place_registers(const struct gen *g, const struct insn *in, struct places *p)
{
	bool fits = true;

	for (unsigned i = 0; i < 4; i++) {
		uint8_t *field = in->op->o[i].kind == O_G   ? &p->x.reg
				 : in->op->o[i].kind == O_B ? &p->x.vvvv
				 : in->op->o[i].kind == O_Z ? &p->x.opreg
							    : &p->x.rm;

		if (in->gpr[i] == REG_NONE || (p->rm_placed && in->op->o[i].kind == O_E) ||
		    in->op->o[i].kind == O_AX || in->op->o[i].kind == O_CL ||
		    in->op->o[i].kind == O_CX || in->op->o[i].kind == O_DX)
			continue;
		*field = host_of(g, in, i, p, &fits);
	}
	return fits;
}

/* ---- making ---- */

static void unit_load(struct gen *g, bool x87)
{
	uint8_t *ready, *at;

	g->vector_ready = true;
	g->x87_ready |= x87;
	flags_spoil(g);
	emit_rm(&g->e, 0xf6, false, 0, tr_field(TR_OWN(fpu_live))); /* test, jnz */
	emit_1(&g->e, x87 ? TR_X87 : TR_VECTOR);
	ready = emit_jump(&g->e, 0x85, emit_here(&g->e), false);
	at = emit_lea_rip(&g->e, H_T0, emit_here(&g->e));
	emit_rm(&g->e, 0x89, true, H_T0, tr_field(TR_OWN(resume)));
	emit_jump(&g->e, 0xe9, x87 ? g->tr->load_x87 : g->tr->load_vector, false);
	emit_aim(&g->e, at, emit_here(&g->e));
	emit_aim(&g->e, ready, emit_here(&g->e));
}

/* The guest's registers in the host's, from here to the block's end. */
static void fpu_ready(struct gen *g, const struct insn *in)
{
	bool x87 = in->op->flags & (F_FPU | F_MMX) || in->op->run == op_emms || uses_mmx(in);

	if (x87 ? !g->x87_ready : !g->vector_ready)
		unit_load(g, x87);
}

/* The register of AH … BH and the instruction that has it with REX: xchg al, ah around it. */
static unsigned high_field(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++)
		if (in->gpr[i] != REG_NONE && in->size[i] == 1 && in->gpr[i] - 4u < 4u)
			return in->gpr[i];
	return 0;
}

static void swap_halves(struct gen *g, unsigned high)
{
	emit_1(&g->e, 0x86);
	emit_1(&g->e, 0xc0 | high << 3 | (high - 4));
}

static bool jump_follows(const struct gen *g)
{
	return g->i + 1 < g->n && g->in[g->i + 1].op->run == op_jcc &&
	       g->fx[g->i].flags_set == FL_STATUS;
}

static void put(struct gen *g, const struct insn *in, struct places *p)
{
	unsigned high = emit_insn_clashes(in, &p->x) ? high_field(in) : 0;

	g->b->places[g->b->n_places - 1].flags_at = (uint8_t)g->flags_at; /* if it faults */
	if (!high) {
		uint8_t *from = g->e.p;

		emit_insn(&g->e, in, &p->x);
		if (jump_follows(g))
			emit_fit(&g->e, from);
		return;
	}
	if (p->x.has_mem &&
	    p->x.mem.base == high - 4) { /* its address is not to be of the halves */
		emit_lea(&g->e, true, H_T0, p->x.mem.base, p->x.mem.index, 0, p->x.mem.disp);
		p->x.mem = (struct emit_mem){H_T0, REG_NONE, 0};
	}
	swap_halves(g, high);
	if (p->x.reg == high)
		p->x.reg = (uint8_t)(high - 4);
	if (p->x.rm == high)
		p->x.rm = (uint8_t)(high - 4);
	p->x.lowered = true;
	emit_insn(&g->e, in, &p->x);
	swap_halves(g, high);
}

/* An operand in a register that is in memory can be that memory; not when 32 bits are written,
 * which clear the upper half, nor where memory means something else. */
static bool stays_in_memory(const struct gen *g, const struct insn *in, struct emit_insn *x)
{
	static run_fn *const no[] = {op_xchg, op_xadd, op_cmpxchg, op_cmpxchg8b, op_bswap};
	unsigned e = 0;

	while (e < 4 && in->op->o[e].kind != O_E)
		e++;
	if (e == 4 || in->mod != 3 || is_unit(in) || gen_reg(in->gpr[e]) != REG_NONE ||
	    (held_host(g, in->gpr[e]) != REG_NONE && (!in->vex || in->gpr[2] == REG_NONE)) ||
	    AMONG(in->op->run, no) || (AMONG(in->op->run, bit_tests) && in->op->o[1].kind == O_G))
		return false;
	if (!e && in->size[0] == 4 && !AMONG(in->op->run, readers))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (i != e && in->gpr[i] == in->gpr[e])
			return false;
	x->has_mem = true;
	x->mem = tr_field(TR_REG(in->gpr[e]));
	return true;
}

/* ADD, OR, … CMP, MOV of a register by one that is in memory: that can be the operand there. */
static bool reverses(const struct gen *g, const struct insn *in, struct emit_insn *x)
{
	unsigned op = in->bytes[in->op_at];

	if (in->op->map != MAP_1 || in->mod != 3 || (op != 0x89 && (op >= 0x40 || (op & 7) != 1)) ||
	    gen_reg(in->gpr[0]) == REG_NONE || gen_reg(in->gpr[1]) != REG_NONE ||
	    held_host(g, in->gpr[1]) != REG_NONE)
		return false;
	x->has_mem = x->reversed = true;
	x->mem = tr_field(TR_REG(in->gpr[1]));
	x->reg = (uint8_t)gen_reg(in->gpr[0]);
	return true;
}

/* Can it be made at all? Then with its registers there. */
static bool prepare(const struct gen *g, const struct insn *in, struct places *p)
{
	unsigned m = plain_memory(in), i = (unsigned)(in - g->in);

	*p = (struct places){.use = {.reg = {REG_NONE, REG_NONE}, .spare = {true, true}}};
	if ((is_unit(in) && !unit_ready(g->key, in)) || lahf_hidden(g, in))
		return false;
	if (in->op->flags & F_PROT && !g->key->prot)
		return false;
	p->x.has_mem = m < 4;
	p->x.mem = (struct emit_mem){H_T1, H_T0, 0};
	if (m == 4 && reverses(g, in, &p->x))
		return true;
	if (m == 4)
		p->rm_placed = stays_in_memory(g, in, &p->x);
	else if (!stack_frame_serves(g, i)) /* one of the two is the address's, or both */
		p->use.spare[!access_spares_t1(g, i)] = false;
	return place_registers(g, in, p) &&
	       !(emit_insn_clashes(in, &p->x) && in->op->run == op_cmpxchg);
}

static bool only_written(const struct gen *g, unsigned r)
{
	return r != REG_NONE && !(g->fx[g->i].gpr_read >> r & 1);
}

/* The memory operand, and what of t0 and t1 that leaves. A register that the instruction only
 * writes can be where the address was. */
static void operand(struct gen *g, const struct insn *in, unsigned m, struct places *p)
{
	const uint8_t *reg = p->use.reg;
	bool spared = access_spares_t1(g, g->i);
	struct held_use u;
	unsigned k = 0; /* the address is there, whatever it held */

	if (stack_frame_serves(g, g->i)) {
		held_look(g, &p->use);
		access_operand(g, in->size[m], access_of(in, m));
		p->x.mem = g->at;
		return;
	}
	held_look(g, &u);
	if (spared && u.has[0] && only_written(g, reg[1]))
		k = 1;
	if (g->held[k].reg != reg[k] || !only_written(g, reg[k]))
		held_settle_one(g, k);
	held_look(g, &u);
	g->addend = k ? H_T1 : H_T0;
	access_operand(g, in->size[m], access_of(in, m));
	g->addend = H_T0;
	if (reg[0] != REG_NONE && !only_written(g, reg[0]))
		access_sum(g);
	p->x.mem = g->at;
	p->use.has[!k] = spared && u.has[!k];
}

static bool plain(struct gen *g, const struct insn *in)
{
	unsigned m = plain_memory(in), slow = g->n_slow;
	struct places p;
	bool t0;

	if (!prepare(g, in, &p))
		return false;
	if (is_unit(in))
		fpu_ready(g, in);
	if (m < 4)
		operand(g, in, m, &p);
	else
		held_look(g, &p.use);
	t0 = gen_t0_holds(g) && p.use.reg[0] == REG_NONE && !emit_insn_clashes(in, &p.x);
	flags_before(g);
	held_load(g, &p.use);
	put(g, in, &p);
	note_x87(g, in); /* behind it: one that faults was not */
	held_keep(g, &p.use, g->n_slow == slow);
	if (g->n_slow != slow) /* a way out comes back here */
		held_forget(g);
	flags_after(g);
	gen_t0_held(g, t0);
	return true;
}

/* With t0 and t1 as they are, but for the result. False: a register is in neither. */
static bool lea_held(struct gen *g, const struct insn *in)
{
	struct held_use u = {.reg = {REG_NONE, REG_NONE}, .spare = {true, true}};
	unsigned d = gen_reg(in->reg), k = 2;
	bool t0;

	if (d == REG_NONE) {
		k = held_choose(g, in, &u, in->reg);
		d = k ? H_T1 : H_T0;
		u.reg[k] = in->reg;
		if (g->held[k].reg != in->reg)
			held_settle(g);
	}
	held_look(g, &u);
	t0 = gen_t0_holds(g) && d != H_T0;
	if (!access_lea_held(g, in, d))
		return false;
	if (k < 2)
		held_new(g, &u, k);
	held_keep(g, &u, true);
	gen_t0_held(g, t0);
	return true;
}

static bool lea(struct gen *g, const struct insn *in)
{
	unsigned d = gen_reg(in->reg);
	bool whole = in->opsize > 2 && in->addrsize > 2, t0;

	if (whole && gen_wide(g) && lea_held(g, in))
		return true;
	held_settle(g);
	t0 = gen_t0_holds(g) && (in->index == REG_NONE || gen_reg(in->index) != REG_NONE);
	if (d != REG_NONE && whole) {
		access_lea(g, in, d);
		gen_t0_held(g, t0);
		return true;
	}
	access_offset(g, in);
	if (d == REG_NONE) {
		if (in->opsize == 4)
			segment_cut(g, 4);
		emit_store(&g->e, in->opsize == 2 ? 2 : 8, H_T1, tr_field(TR_REG(in->reg)));
	} else {
		emit_move(&g->e, in->opsize, d, H_T1);
	}
	return true;
}

static bool nothing(struct gen *g, const struct insn *in)
{
	(void)g;
	(void)in;
	return true;
}

gen_fn *plain_find(const struct insn *in)
{
	run_fn *run = in->op->run;
	gen_fn *bits = bits_find(in);

	if (run == op_lea)
		return lea;
	if (run == op_nop || run == op_cld) /* DF is clear */
		return nothing;
	if (bits)
		return bits;
	if (half_file(in))
		return NULL;
	return is_unit(in) || AMONG(run, integer) ? plain : NULL;
}

bool plain_integer(const struct gen *g, unsigned i)
{
	return g->fn[i] && g->kind[i] == KIND_PLAIN && !is_unit(&g->in[i]);
}

bool plain_holds(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];
	struct places p;

	if (!gen_wide(g) || g->shows[i])
		return false;
	if (g->fn[i] != plain)
		return g->fn[i] == lea || g->fn[i] == nothing || g->follows[i];
	if (plain_memory(in) < 4 && !access_spares_t1(g, i))
		return false;
	return !is_unit(in) && prepare(g, in, &p);
}

bool plain_access(const struct gen *g, unsigned i, struct gen_access *a)
{
	const struct insn *in = &g->in[i];
	unsigned m = plain_memory(in);
	struct places p;

	if (m == 4 || in->addrsize != gen_width(g) || g->fn[i] != plain ||
	    !segment_flat(g, in->seg, access_of(in, m)) || !prepare(g, in, &p))
		return false;
	*a = (struct gen_access){in->base, in->index,   in->scale,
				 in->disp, in->size[m], access_of(in, m) == ACCESS_WRITE};
	return in->size[m];
}
