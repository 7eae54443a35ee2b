/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions on the host's processor and in the engine, in code of 64, 32
 * and 16 bits; interpreted, and translated.
 *
 * ORACLE_N: how many; ORACLE_SEED: where to start; ORACLE_AT: the first case, of those of the seed;
 * ORACLE_ONLY: a glob of mnemonics; ORACLE_TRACE: name each case on standard error before it runs;
 * ORACLE_ALL: list one mismatch for each row instead of stopping at the first; ORACLE_SHORT: in a
 * few lines. A case depends on the seed and on the cases of its lot (LOT) before it alone.
 */
#include "tests/x86/oracle.h"

#include "hypervisor/x86/effects.h"
#include "hypervisor/x86/mmu.h"
#include "tests/x86/tier.h"

#include <unistd.h>

enum { LOT = 64 };
#define USER_END 0x7ffffffff000ull

static bool trace;
static uint8_t before[OR_DATA_SIZE]; /* the data pages, before the case that runs */

static void restore(void)
{
	memcpy(native_data(), before, OR_DATA_SIZE);
	memcpy(interp_data(), before, OR_DATA_SIZE);
}

static void fill(void)
{
	for (unsigned i = 0; i < OR_DATA_SIZE; i += 8) {
		uint64_t v = or_random();

		if (v % 4 == 0)
			v = (uint64_t)((int64_t)v >> (v >> 8 & 63));
		memcpy(before + i, &v, 8);
	}
	restore();
}

/* ---- comparing ---- */

const char *fpu_differs(const struct fpu_state *a, const struct fpu_state *b)
{
	static char what[32];

	if (memcmp(a->fx, b->fx, 2))
		return "FCW";
	if (memcmp(a->fx + 2, b->fx + 2, 2))
		return "FSW";
	if (a->fx[4] != b->fx[4])
		return "FTW";
	if (memcmp(a->fx + 24, b->fx + 24, 4))
		return "MXCSR";
	for (unsigned i = 0; i < 8; i++) {
		snprintf(what, sizeof(what), "ST%u", i);
		if (memcmp(a->fx + 32 + 16 * i, b->fx + 32 + 16 * i, 10))
			return what;
	}
	for (unsigned i = 0; i < 16; i++) {
		snprintf(what, sizeof(what), "vector register %u", i);
		if (memcmp(a->fx + 160 + 16 * i, b->fx + 160 + 16 * i, 16) ||
		    memcmp(a->ymm_high[i], b->ymm_high[i], 16))
			return what;
	}
	return NULL;
}

/* Above what user space can have, Linux says to the process that any page is there (P). */
static bool error_differs(const struct or_result *n, const struct or_result *i)
{
	bool kernel = n->vector == EXC_PF && n->cr2 >= USER_END;

	return n->error != (kernel ? i->error | 1 : i->error);
}

/* The hypervisor under the host gives back the #DB of INT1 with the address before it. */
static void forgive_int1(const struct or_case *k, struct or_result *n)
{
	if (n->vector == EXC_DB && n->s.rip == k->s.rip)
		n->s.rip += k->len;
}

/*
 * MXCSR bit 17 (MM) is there on AMD's processors, on no model of ours: FXSAVE's mask shows it,
 * LDMXCSR and FXRSTOR take it. True: there is nothing to compare.
 */
static bool forgive_mm(const struct or_case *k, const struct or_result *n,
		       const struct or_result *i)
{
	uint8_t *there = native_data(), *p = state_operand(k, 32);

	if (!p || n->s.rip == k->s.rip)
		return false;
	if (!strncmp(k->in.op->name, "fxsave", 6) && p >= there && p < there + OR_DATA_SIZE)
		p[30] &= (uint8_t)~2;
	if (!strncmp(k->in.op->name, "fxrstor", 7))
		return p[26] & 2 && i->vector == EXC_GP;
	return strstr(k->in.op->name, "ldmxcsr") && p[2] & 2 && i->vector == EXC_GP;
}

/* An FXSAVE area that goes over 4 GiB: how much was moved by then is the processor's choice. */
static bool forgive_fx(const struct or_case *k)
{
	return k->mode != MODE_64 && k->in.op && !strncmp(k->in.op->name, "fx", 2) &&
	       row_has_kind(k->in.op, O_M) && state_ea(k) > 0xffffffff - 511;
}

/*
 * AMD's processors want the offset from FS or GS canonical by itself; Intel's look at the sum, and
 * so does the interpreter, whose chains know no more than that.
 */
static bool forgive_offset(const struct or_case *k)
{
	const uint64_t room = 1024, *r = k->s.r;
	uint64_t off[] = {0, r[R_SI], r[R_DI], r[R_BX] + (r[R_AX] & 0xff)};
	bool far = false;

	if (k->mode != MODE_64 || !k->in.op || k->in.seg < SEG_FS)
		return false;
	off[0] = state_ea(k);
	/* SI, DI and BX: strings, MASKMOV, XLAT */
	for (unsigned i = 0; i < (k->in.has_modrm && k->in.mod != 3 ? 1 : 4); i++)
		far |= !(lin_canonical(off[i] - room) && lin_canonical(off[i] + room));
	return far;
}

/*
 * A branch that ends where its segment does, and is taken: an AMD EPYC sometimes has #GP(0) for it,
 * by the state of its branch predictor; the same case passes when it comes alone.
 */
static bool forgive_last(const struct or_case *k, const struct or_result *n,
			 const struct or_result *i)
{
	struct segment cs = segs_get(k->s.sel[SEG_CS]);

	return k->in.op && k->in.op->flags & F_BR && k->mode != MODE_64 &&
	       k->s.rip + k->len == (uint64_t)cs.limit + 1 && n->vector == EXC_GP && !n->error &&
	       n->s.rip == k->s.rip && i->vector != EXC_GP;
}

static bool of_an_access(int vector)
{
	return vector == EXC_SS || vector == EXC_GP || vector == EXC_PF;
}

/* CMPS with two operands that fault: Zen 5 looks at SI's first, Zen 4 at DI's. */
static bool forgive_cmps(const struct or_case *k, const struct or_result *n,
			 const struct or_result *i)
{
	return k->in.op && !strcmp(k->in.op->name, "cmps") && of_an_access(n->vector) &&
	       of_an_access(i->vector) && n->s.rip == i->s.rip;
}

/* Elements under a mask past the last address of 16 or 32 bits: Zen 4 goes on at 0, Zen 5 beyond,
 * and has #GP for one that is cut at 4 GiB. */
static bool forgive_mask(const struct or_case *k)
{
	uint64_t last = k->in.addrsize == 2 ? 0xffff : 0xffffffff;

	return k->mode != MODE_64 && k->in.op && strstr(k->in.op->name, "maskmov") &&
	       k->in.has_modrm && k->in.mod != 3 && state_ea(k) > last - 31;
}

uint64_t flags_lost(const struct insn *in)
{
	struct insn_effects e;

	if (tier_now == TIER_INTERP)
		return 0;
	insn_effects(in, &e);
	return e.flags_set & ~e.flags_read;
}

static void forgive_flags(const struct or_case *k, const struct or_result *n, struct or_result *i)
{
	uint64_t lost;

	if (!k->in.op || i->s.rip != k->s.rip)
		return;
	lost = flags_lost(&k->in);
	i->s.flags = (i->s.flags & ~lost) | (n->s.flags & lost);
}

/* True: the two differ, or may, for a reason that is not the interpreter's. */
static bool forgives(const struct or_case *k, const struct or_result *n, const struct or_result *i)
{
	return forgive_mm(k, n, i) || forgive_last(k, n, i) || forgive_cmps(k, n, i) ||
	       forgive_fx(k) || forgive_mask(k) || forgive_offset(k);
}

/* The host's kernel returns to its handler by IRET, which makes any null selector 0. */
static bool both_null(uint16_t a, uint16_t b)
{
	return !((a | b) & 0xfffc);
}

/* What is above 32 bits is nobody's outside 64-bit mode, of RSP when it was left, too. */
static uint64_t wide(const struct or_case *k, const struct or_state *n, unsigned r)
{
	return k->mode == MODE_64 && (r != R_SP || n->sel[SEG_CS] == OR_CS64) ? ~0ull : 0;
}

static const char *registers_differ(const struct or_case *k, const struct or_state *n,
				    const struct or_state *i)
{
	const uint64_t flags = FL_STATUS | FL_TF | FL_DF | FL_IOPL | FL_NT | FL_RF | FL_AC | FL_ID;
	static const char *const segs[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
	static char what[32];

	for (unsigned r = 0; r < 16; r++) {
		snprintf(what, sizeof(what), "r%u", r);
		if ((uint32_t)(n->r[r] ^ i->r[r]) || (n->r[r] ^ i->r[r]) & wide(k, n, r))
			return what;
	}
	if (n->rip != i->rip)
		return "rip";
	if ((n->flags ^ i->flags) & flags)
		return "flags";
	for (unsigned s = 0; s < SEG_N; s++) {
		if (n->sel[s] != i->sel[s] && !both_null(n->sel[s], i->sel[s]))
			return segs[s];
	}
	if (memcmp(n->base, i->base, sizeof(n->base)))
		return "base";
	return NULL;
}

static const char *differs(const struct or_case *k, const struct or_result *n,
			   const struct or_result *i)
{
	const char *what = NULL;

	if (n->vector != i->vector)
		return "exception";
	if (n->vector == EXC_PF && n->cr2 != i->cr2)
		return "CR2";
	if (error_differs(n, i))
		return "error code";
	what = registers_differ(k, &n->s, &i->s);
	if (!what && memcmp(native_data(), interp_data(), OR_DATA_SIZE))
		what = "memory";
	return what ? what : fpu_differs(&n->s.fpu, &i->s.fpu);
}

/* ---- running ---- */

static bool seen(const struct opcode *op)
{
	static const struct opcode *list[4096];
	static unsigned n;

	for (unsigned i = 0; i < n; i++) {
		if (list[i] == op)
			return true;
	}
	if (n < 4096)
		list[n++] = op;
	return false;
}

/* Where this process may have memory of its own, the instruction must not go. */
static bool elsewhere(const struct or_result *i)
{
	return i->vector == EXC_PF && i->cr2 >= OR_HIGH && i->cr2 < USER_END;
}

static void poke(const struct or_case *k)
{
	for (unsigned i = 0; i < 2; i++)
		memcpy(interp_data() + k->poke[i].at, k->poke[i].bytes, k->poke[i].len);
	memcpy(before, interp_data(), OR_DATA_SIZE);
	memcpy(native_data(), before, OR_DATA_SIZE);
}

/*
 * The timer may have come by chance; and a #GP without RF is that of the IRET from an interrupt of
 * the host's, before the fetch of an instruction beyond its segment.
 */
static void run_native(const struct or_case *k, struct or_result *n)
{
	for (unsigned i = 0; i < 3; i++) {
		native_run(k, n);
		if (n->vector != OR_HUNG && !(n->vector == EXC_GP && !(n->s.flags & FL_RF)))
			break;
		memcpy(native_data(), before, OR_DATA_SIZE);
	}
}

/* Does the host say the same once more? If not, the fault is the rig's or the host's. */
static void say_again(const struct or_case *k, const struct or_result *first)
{
	static uint8_t left[OR_DATA_SIZE];
	struct or_result n;

	memcpy(left, native_data(), OR_DATA_SIZE);
	memcpy(native_data(), before, OR_DATA_SIZE);
	run_native(k, &n);
	if (n.vector == first->vector && n.error == first->error &&
	    !registers_differ(k, &n.s, &first->s) && !fpu_differs(&n.s.fpu, &first->s.fpu) &&
	    !memcmp(native_data(), left, OR_DATA_SIZE))
		printf(" the host does the same again\n");
	else
		printf(" the host does OTHERWISE when it runs this again\n");
}

static void complain(const struct or_case *k, unsigned long at, const struct or_result *n,
		     const struct or_result *i, const char *what)
{
	if (seen(k->in.op))
		return;
	printf("%s differs: ", what);
	show_insn(stdout, k);
	printf(" ORACLE_SEED=%lu ORACLE_AT=%lu ORACLE_N=%lu of %d bits\n",
	       or_number("ORACLE_SEED", 1), at / LOT * LOT, at % LOT + 1, 16 << k->mode);
	show_case(k, n, i, before);
	say_again(k, n);
}

/*
 * A far call to 64-bit code that pushes round the end of the address space: Linux takes the page
 * fault in its own half for one that is over, and has the instruction try for ever.
 */
static bool hangs_linux(const struct or_case *k, const struct or_result *n,
			const struct or_result *i)
{
	return n->vector == OR_HUNG && k->mode != MODE_64 && i->vector == EXC_PF &&
	       i->cr2 >= USER_END;
}

/* True: as it should be. */
static bool one(struct or_case *k, unsigned long at)
{
	struct or_result n, i;
	const char *what;

	poke(k);
	if (trace)
		show_insn(stderr, k);
	interp_run(k, &i);
	if (i.stray || elsewhere(&i)) {
		restore();
		return true;
	}
	run_native(k, &n);
	if (hangs_linux(k, &n, &i)) {
		restore();
		return true;
	}
	forgive_int1(k, &n);
	forgive_flags(k, &n, &i);
	if (forgives(k, &n, &i)) {
		restore();
		return true;
	}
	what = differs(k, &n, &i);
	if (!what)
		return true;
	complain(k, at, &n, &i, what);
	restore();
	return false;
}

static void run(enum insn_mode mode, unsigned long cases)
{
	unsigned long seed = or_number("ORACLE_SEED", 1), at = or_number("ORACLE_AT", 0), wrong = 0;
	const char *only = getenv("ORACLE_ONLY");
	bool all = getenv("ORACLE_ALL");
	struct or_case k;

	trace = getenv("ORACLE_TRACE");
	alarm(60 + (unsigned)(cases / 2000));
	for (unsigned long i = at; i < at + cases && (all || !wrong); i++) {
		if (i % LOT == 0 || i == at) {
			or_seed(seed << 32 | (i / LOT) << 2 | mode);
			fill();
		}
		if (!gen_case(&k, mode, only))
			return;
		wrong += !one(&k, i);
	}
	EQ(0, wrong);
}

static void open_both(void)
{
	or_seed(or_number("ORACLE_SEED", 1));
	segs_make();
	if (!native_open())
		SKIP("the host has no AVX2, no LDT, or its low addresses are taken");
	interp_open();
	for (unsigned i = 0; i < OR_PAGE; i++)
		native_ro()[i] = interp_ro()[i] = (uint8_t)or_random();
	native_seal();
}

TIER_TEST(native_64)
{
	open_both();
	run(MODE_64, or_number("ORACLE_N", 80000));
}

TIER_TEST(native_32)
{
	open_both();
	run(MODE_32, or_number("ORACLE_N", 80000));
}

TIER_TEST(native_16)
{
	open_both();
	run(MODE_16, or_number("ORACLE_N", 80000));
}
