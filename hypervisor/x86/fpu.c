/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87: every instruction runs on the host's unit, between FXRSTOR and FXSAVE of
 * the guest's image. The guest's control word is in force there; an unmasked
 * exception only leaves FSW.ES set, since the unit reports it at the next waiting
 * instruction, and there is none before the host's state is back. So #MF is
 * raised here: before a waiting instruction of the guest, when ES is set.
 *
 * FIP, FDP and FOP are kept here: FIP by every instruction that is not a control
 * instruction, FDP and FOP by those that leave an unmasked exception (CPUID shows
 * FDP_EXCPTN_ONLY). FCS and FDS are 0, which CPUID shows too.
 *
 * With CR0.NE = 0 the machine is a PC/AT: the waiting instruction stops on FERR#,
 * which is IRQ 13, until an interrupt comes; a write of port F0h takes IRQ 13 away
 * and lets the handler use the unit under IGNNE#.
 *
 * Spec: Intel SDM volume 1, chapter 8 (8.7.2), appendix D (D.2: FERR#, IGNNE#, port
 * F0h); volume 3, 2.5 (CR0.NE, MP, EM, TS), 13.1.
 * Tests: tests/x86/fpu.c, tests/x86/oracle.c
 */
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/host_thunk.h"
#include "hypervisor/x86/translate/translate.h"
#include "hypervisor/x86/mmu.h"

/* clang-format off */
/* Bytes of the memory operand by opcode and ModRM.reg; negative: written; 0: not here. */
static const int8_t mem_bytes[8][8] = {
	/* D8 */ { 4,  4,  4,  4,  4,  4,   4,   4},
	/* D9 */ { 4,  0, -4, -4,  0,  2,   0,  -2},
	/* DA */ { 4,  4,  4,  4,  4,  4,   4,   4},
	/* DB */ { 4, -4, -4, -4,  0, 10,   0, -10},
	/* DC */ { 8,  8,  8,  8,  8,  8,   8,   8},
	/* DD */ { 8, -8, -8, -8,  0,  0,   0,  -2},
	/* DE */ { 2,  2,  2,  2,  2,  2,   2,   2},
	/* DF */ { 2, -2, -2, -2, 10,  8, -10,  -8},
};
/* clang-format on */

/* What an instruction is, by its opcode and ModRM: 0 for the many. */
enum kind { K_COMPUTE, K_CONTROL, K_NOWAIT };

static enum kind kind_of(const struct insn *in)
{
	unsigned op = in->op->op, digit = in->modrm >> 3 & 7;

	if (in->mod != 3 && (op == 0xd9 || op == 0xdd) && digit >= 6)
		return K_NOWAIT; /* FNSTENV, FNSTCW, FNSAVE, FNSTSW */
	if (in->mod != 3 && ((op == 0xd9 && digit >= 4) || (op == 0xdd && digit == 4)))
		return K_CONTROL; /* FLDENV, FLDCW, FRSTOR */
	if (in->mod == 3 && ((op == 0xdb && digit == 4) || (op == 0xdf && in->modrm == 0xe0)))
		return K_NOWAIT; /* FNENI, FNDISI, FNCLEX, FNINIT, FNSETPM, FNSTSW AX */
	return K_COMPUTE;
}

/* ---- an exception that waits ---- */

static void irq_13(struct cpu *c, bool level)
{
	bool mine;

	if (c->ferr == level)
		return;
	c->ferr = level;
	mine = cpu_lock_domain(c);
	domain_set_pin(c->dom, 13, level);
	cpu_unlock_domain(c, mine);
}

void fpu_pending(struct cpu *c)
{
	if (!(fx_get(c, FX_FSW, 2) & FSW_ES)) {
		c->ignne = false;
		return;
	}
	if (c->cr0 & CR0_NE)
		cpu_raise(c, EXC_MF);
	if (c->ignne)
		return;
	irq_13(c, true);
	c->halted = true; /* on this instruction, undone */
	siglongjmp(*c->fault, UNWIND_PARK);
}

void fpu_port_f0(struct cpu *c)
{
	c->ignne = c->ferr;
	irq_13(c, false);
}

/* The image is ordered by ST(), the registers are not: a new TOP turns it. */
static void turn(struct cpu *c, unsigned top)
{
	uint32_t fsw = fx_get(c, FX_FSW, 2);
	unsigned by = top - (fsw >> FSW_TOP_SHIFT & 7);
	uint8_t st[8][16];

	for (unsigned i = 0; i < 8; i++)
		memcpy(st[i], fx_st(c, i + by), 16);
	memcpy(fx_st(c, 0), st, sizeof(st));
	fx_set(c, FX_FSW, 2, (fsw & ~(7u << FSW_TOP_SHIFT)) | top << FSW_TOP_SHIFT);
}

void fpu_init(struct cpu *c)
{
	turn(c, 0);
	memset(c->fpu.fx, 0, FX_MXCSR);
	fx_set(c, FX_FCW, 2, FCW_INIT);
}

void fpu_enter_mmx(struct cpu *c)
{
	turn(c, 0);
	fx_set(c, FX_FTW, 1, 0xff);
}

/* ---- on the host ---- */

/* hide: exceptions of FSW that the host is not to know of, else it would stop on them. */
static void image_to_host(struct cpu *c, struct host_regs *h, unsigned hide)
{
	uint32_t fsw = fx_get(c, FX_FSW, 2);

	memcpy(h->fx, c->fpu.fx, FX_X87_SIZE);
	memset(h->fx + FX_X87_SIZE, 0, FX_SIZE - FX_X87_SIZE);
	uint32_t mxcsr = MXCSR_INIT; /* as the host has it */
	memcpy(h->fx + FX_MXCSR, &mxcsr, 4);
	memset(h->fx + FX_FIP, 0, FX_MXCSR - FX_FIP);
	if (hide)
		fsw &= ~(hide | FSW_ES | FSW_B);
	memcpy(h->fx + FX_FSW, &fsw, 2);
	h->flags = c->flags & FL_STATUS;
}

static void image_from_host(struct cpu *c, const struct host_regs *h)
{
	memcpy(c->fpu.fx, h->fx, FX_FOP);
	memcpy(fx_st(c, 0), h->fx + FX_ST, 8 * 16);
	c->flags = (c->flags & ~(uint64_t)FL_STATUS) | (h->flags & FL_STATUS);
}

static void run_on_host(struct cpu *c, const struct thunk *t, struct host_regs *h, unsigned hide)
{
	if (!t)
		cpu_raise(c, EXC_UD);
	image_to_host(c, h, hide);
	host_thunk_run(t, h);
	if (h->fault)
		cpu_raise(c, EXC_UD);
}

void fpu_settle(struct cpu *c)
{
	struct host_regs h;

	tr_fpu_pointers(c);
	run_on_host(c, host_thunk_x87_settle(), &h, 0);
	image_from_host(c, &h);
}

static bool raised(const struct host_regs *h)
{
	return h->fx[FX_FSW] & FSW_ES;
}

/* Exceptions that wait under IGNNE# while another instruction runs. */
static unsigned waiting(const struct cpu *c, const struct insn *in)
{
	unsigned fsw = fx_get(c, FX_FSW, 2);

	return fsw & FSW_ES && kind_of(in) != K_NOWAIT ? fsw & ~fx_get(c, FX_FCW, 2) & FSW_FLAGS
						       : 0;
}

static void wait_on(struct cpu *c, unsigned hidden)
{
	uint32_t fsw = fx_get(c, FX_FSW, 2) | hidden;

	if (fsw & ~fx_get(c, FX_FCW, 2) & FSW_FLAGS)
		fsw |= FSW_ES | FSW_B;
	fx_set(c, FX_FSW, 2, fsw);
}

/* An unmasked exception may keep a store from happening: two runs over different bytes tell. */
static bool stored(struct cpu *c, const struct thunk *t, const struct host_regs *h, unsigned size,
		   unsigned hide)
{
	struct host_regs again;

	if (!raised(h))
		return true;
	for (unsigned i = 0; i < size; i++)
		again.mem[i] = (uint8_t)~h->mem[i];
	run_on_host(c, t, &again, hide);
	return !memcmp(again.mem, h->mem, size);
}

static void note_pointers(struct cpu *c, const struct insn *in, const struct host_regs *h)
{
	memcpy(c->fpu.fx + FX_FIP, &c->rip, 8);
	if (!raised(h))
		return;
	fx_set(c, FX_FOP, 2, (in->op->op & 7u) << 8 | in->modrm);
	if (in->mod != 3) {
		uint64_t ea = insn_ea(c, in);

		memcpy(c->fpu.fx + FX_FDP, &ea, 8);
	}
}

/* Ten bytes are moved as eight and two: each must be within the segment. */
static void read_operand(struct cpu *c, const struct insn *in, uint8_t *buf, unsigned size)
{
	uint64_t ea = insn_ea(c, in);
	unsigned first = size < 8 ? size : 8;

	mem_read_buf(c, in->seg, ea, buf, first);
	mem_read_buf(c, in->seg, ea + first, buf + first, size - first);
}

static void write_operand(struct cpu *c, const struct insn *in, const uint8_t *buf, unsigned size)
{
	uint64_t ea = insn_ea(c, in);
	unsigned first = size < 8 ? size : 8;

	mem_write_buf(c, in->seg, ea, buf, first);
	mem_write_buf(c, in->seg, ea + first, buf + first, size - first);
}

static void probe_operand(struct cpu *c, const struct insn *in, unsigned size)
{
	uint64_t ea = insn_ea(c, in);
	unsigned first = size < 8 ? size : 8;

	mem_probe(c, in->seg, ea, first, ACCESS_WRITE);
	mem_probe(c, in->seg, ea + first, size - first, ACCESS_WRITE);
}

static void compute(struct cpu *c, const struct insn *in)
{
	const struct thunk *t = host_thunk_get(in);
	int bytes = in->mod == 3 ? 0 : mem_bytes[in->op->op & 7][in->modrm >> 3 & 7];
	unsigned size = (unsigned)(bytes < 0 ? -bytes : bytes), hide = waiting(c, in);
	struct host_regs h;

	if (bytes)
		mem_align(c, in->seg, insn_ea(c, in), size, size == 10 ? 8 : size,
			  bytes < 0 ? ACCESS_WRITE : ACCESS_READ);
	if (bytes > 0)
		read_operand(c, in, h.mem, size);
	else
		memset(h.mem, 0, 16);
	run_on_host(c, t, &h, hide);
	if (bytes < 0) /* it faults even when an exception keeps it from storing */
		probe_operand(c, in, size);
	if (bytes < 0 && stored(c, t, &h, size, hide))
		write_operand(c, in, h.mem, size);
	image_from_host(c, &h);
	if (hide)
		wait_on(c, hide);
	if (kind_of(in) == K_COMPUTE)
		note_pointers(c, in, &h);
}

/* ---- environments: FNSTENV, FNSAVE, FLDENV, FRSTOR ---- */

/* The tag of a register in use: 0 valid, 1 zero, 2 special. */
static unsigned tag_of(const uint8_t st[10])
{
	unsigned exp = (st[8] | st[9] << 8) & 0x7fff;
	uint64_t m;

	memcpy(&m, st, 8);
	if (!exp && !m)
		return 1;
	return exp == 0 || exp == 0x7fff || !(m >> 63) ? 2 : 0;
}

static uint32_t full_tags(struct cpu *c)
{
	unsigned used = fx_get(c, FX_FTW, 1), top = fx_get(c, FX_FSW, 2) >> FSW_TOP_SHIFT & 7;
	uint32_t tags = 0;

	for (unsigned i = 0; i < 8; i++)
		tags |= (used >> i & 1 ? tag_of(fx_st(c, i - top)) : 3u) << 2 * i;
	return tags;
}

static uint32_t used_registers(uint32_t tags)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < 8; i++)
		used |= (uint32_t)((tags >> 2 * i & 3) != 3) << i;
	return used;
}

static bool real_format(const struct cpu *c)
{
	return !(c->cr0 & CR0_PE) || c->flags & FL_VM;
}

/* The seven words or doublewords of an environment. */
static void env_get(struct cpu *c, const struct insn *in, uint32_t e[7])
{
	uint32_t fip = fx_get(c, FX_FIP, 4), fdp = fx_get(c, FX_FDP, 4);
	uint32_t fop = fx_get(c, FX_FOP, 2) & 0x7ff;
	bool small = in->opsize == 2;

	e[0] = fx_get(c, FX_FCW, 2) | 0xffff0000;
	e[1] = fx_get(c, FX_FSW, 2) | 0xffff0000;
	e[2] = full_tags(c) | 0xffff0000;
	e[3] = fip;
	e[4] = small ? 0 : fop << 16;
	e[5] = fdp;
	e[6] = 0xffff0000;
	if (!real_format(c))
		return;
	e[3] = (fip & 0xffff) | 0xffff0000;
	e[4] = fop | (small ? fip >> 4 & 0xf000 : fip >> 4 & 0x0ffff000);
	e[5] = (fdp & 0xffff) | 0xffff0000;
	e[6] = small ? fdp >> 4 & 0xf000 : fdp >> 4 & 0x0ffff000;
}

/* As soon as they are there: they stay when what comes after them faults. */
static void env_set_early(struct cpu *c, unsigned i, uint32_t word)
{
	if (i == 1) {
		turn(c, word >> FSW_TOP_SHIFT & 7);
		fx_set(c, FX_FSW, 2, word);
	} else if (i == 2) {
		fx_set(c, FX_FTW, 2, used_registers(word));
	}
	if (i < 3)
		fpu_settle(c);
}

static void env_set(struct cpu *c, const struct insn *in, const uint32_t e[7])
{
	uint32_t fip = e[3], fdp = e[5], fop = in->opsize == 2 ? 0 : e[4] >> 16;

	if (real_format(c)) {
		fip = (e[3] & 0xffff) | (e[4] & 0x0ffff000) << 4;
		fdp = (e[5] & 0xffff) | (e[6] & 0x0ffff000) << 4;
		fop = e[4];
	}
	memset(c->fpu.fx + FX_FIP, 0, FX_MXCSR - FX_FIP);
	fx_set(c, FX_FCW, 2, e[0]);
	fx_set(c, FX_FOP, 2, fop & 0x7ff);
	fx_set(c, FX_FIP, 4, fip);
	fx_set(c, FX_FDP, 4, fdp);
	fpu_settle(c);
}

static unsigned env_word(const struct insn *in)
{
	return in->opsize == 2 ? 2 : 4;
}

/* Its first word, then its last byte, are looked at before the rest (seen on an AMD EPYC). */
static void probe_env(struct cpu *c, const struct insn *in, unsigned size, enum mem_access access)
{
	uint64_t ea = insn_ea(c, in);

	mem_probe(c, in->seg, ea, env_word(in), access);
	mem_probe(c, in->seg, ea + size - 1, 1, access);
}

static void store_env(struct cpu *c, const struct insn *in, bool with_st)
{
	unsigned word = env_word(in), at = 7 * word;
	uint64_t ea = insn_ea(c, in);
	uint32_t e[7];

	env_get(c, in, e);
	mem_align(c, in->seg, ea, with_st ? at + 80 : at, word, ACCESS_WRITE);
	probe_env(c, in, with_st ? at + 80 : at, ACCESS_WRITE);
	for (unsigned i = 0; i < 7; i++)
		mem_write_buf(c, in->seg, ea + i * word, &e[i], word);
	for (unsigned i = 0; with_st && i < 8; i++, at += 10) {
		mem_write_buf(c, in->seg, ea + at, fx_st(c, i), 8);
		mem_write_buf(c, in->seg, ea + at + 8, fx_st(c, i) + 8, 2);
	}
	if (with_st) {
		fpu_init(c);
	} else {
		fx_set(c, FX_FCW, 2, fx_get(c, FX_FCW, 2) | 0x3f);
		fpu_settle(c);
	}
}

static void load_env(struct cpu *c, const struct insn *in, bool with_st)
{
	unsigned word = env_word(in), at = 7 * word;
	uint64_t ea = insn_ea(c, in);
	uint32_t e[7] = {0};
	uint8_t st[16];

	mem_align(c, in->seg, ea, with_st ? at + 80 : at, word, ACCESS_READ);
	probe_env(c, in, with_st ? at + 80 : at, ACCESS_READ);
	for (unsigned i = 0; i < 7; i++) {
		mem_read_buf(c, in->seg, ea + i * word, &e[i], word);
		env_set_early(c, i, e[i]);
	}
	for (unsigned i = 0; with_st && i < 8; i++, at += 10) {
		memset(st, 0, sizeof(st));
		mem_read_buf(c, in->seg, ea + at, st, 8);
		mem_read_buf(c, in->seg, ea + at + 8, st + 8, 2);
		memcpy(fx_st(c, i), st, sizeof(st));
	}
	env_set(c, in, e);
}

/* ---- the whole unit ---- */

static bool control(struct cpu *c, const struct insn *in)
{
	unsigned op = in->op->op, digit = in->modrm >> 3 & 7;

	if (in->mod == 3) {
		if (in->modrm == 0xe3 && op == 0xdb)
			fpu_init(c);
		else if (in->modrm == 0xe0 && op == 0xdf)
			c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | fx_get(c, FX_FSW, 2);
		else
			return false;
		return true;
	}
	if ((op != 0xd9 && op != 0xdd) || (digit != 4 && digit != 6))
		return false;
	if (digit == 4)
		load_env(c, in, op == 0xdd);
	else
		store_env(c, in, op == 0xdd);
	return true;
}

void fpu_run(struct cpu *c, const struct insn *in)
{
	fpu_check(c, in);
	if (kind_of(in) != K_NOWAIT)
		fpu_pending(c);
	if (!control(c, in))
		compute(c, in);
}

void op_fwait(struct cpu *c, const struct insn *in)
{
	(void)in;
	if ((c->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
		cpu_raise(c, EXC_NM);
	fpu_pending(c);
}
