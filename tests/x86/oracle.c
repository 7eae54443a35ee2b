/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions on the host's processor and in the interpreter.
 *
 * ORACLE_N: how many; ORACLE_SEED: where to start; ORACLE_ONLY: a glob of mnemonics;
 * ORACLE_TRACE: name each case on standard error before it runs;
 * ORACLE_ALL: list one mismatch for each row instead of stopping at the first.
 */
#include "tests/x86/oracle.h"
#include "tests/test.h"

#include <stdio.h>

static bool trace;
static uint8_t before[OR_DATA_SIZE]; /* the data pages, before the case that runs */

static void fill(void)
{
	for (unsigned i = 0; i < OR_DATA_SIZE; i += 8) {
		uint64_t v = or_random();

		if (v % 4 == 0)
			v = (uint64_t)((int64_t)v >> (v >> 8 & 63));
		memcpy(before + i, &v, 8);
	}
	memcpy(native_data(), before, OR_DATA_SIZE);
	memcpy(interp_data(), before, OR_DATA_SIZE);
}

/* ---- comparing ---- */

static const char *fpu_differs(const struct fpu_state *a, const struct fpu_state *b)
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

/* A branch that went where nothing is: the interpreter would find out at the next fetch. */
static void forgive_fetch(struct or_result *n)
{
	if (n->vector == EXC_PF && n->error & 0x10 && n->cr2 == n->s.rip)
		n->vector = -1;
}

/* The host maps its kernel there, the interpreter nothing: the error code's P bit differs. */
static bool kernel_half(const struct or_result *n)
{
	return n->vector == EXC_PF && n->cr2 >> 63;
}

static bool in_pieces(const struct or_case *k)
{
	return k->in.op && k->in.op->o[0].size >= S_env;
}

/* Environments are read and written in pieces of the host's choice. */
static bool cr2_differs(const struct or_case *k, const struct or_result *n,
			const struct or_result *i)
{
	return in_pieces(k) ? (n->cr2 ^ i->cr2) / OR_PAGE : n->cr2 != i->cr2;
}

/* POPA that faults has loaded some registers on AMD's processors; not the stack pointer. */
static bool may_be_partial(const struct or_case *k, const struct or_result *n)
{
	return n->vector >= 0 && k->in.op && k->in.op->map == MAP_1 && k->in.op->op == 0x61;
}

static const char *differs(const struct or_case *k, const struct or_result *n,
			   const struct or_result *i)
{
	static char what[32];
	const uint64_t flags = FL_STATUS | FL_DF | FL_AC | FL_ID;

	if (in_pieces(k) && n->vector == EXC_PF && (i->vector == EXC_GP || i->vector == EXC_SS))
		return NULL; /* over the top of 4 GiB: the limit, or the page of the first piece */
	if (n->vector != i->vector)
		return "exception";
	if (n->vector == EXC_PF && cr2_differs(k, n, i))
		return "CR2";
	if (n->vector >= 0 && n->error != i->error && !kernel_half(n))
		return "error code";
	for (unsigned r = 0; r < 16 && !may_be_partial(k, n); r++) {
		snprintf(what, sizeof(what), "r%u", r);
		if (n->s.r[r] != i->s.r[r])
			return what;
	}
	if (n->s.rip != i->s.rip)
		return "rip";
	if ((n->s.flags ^ i->s.flags) & flags)
		return "flags";
	if (memcmp(native_data(), interp_data(), OR_DATA_SIZE))
		return "memory";
	return fpu_differs(&n->s.fpu, &i->s.fpu);
}

/* ---- showing ---- */

static void show_vector(const char *who, const struct fpu_state *f, unsigned i)
{
	printf("  %s v%-2u ", who, i);
	for (int b = 15; b >= 0; b--)
		printf("%02x", f->ymm_high[i][b]);
	printf(" ");
	for (int b = 15; b >= 0; b--)
		printf("%02x", f->fx[160 + 16 * i + (unsigned)b]);
	printf("\n");
}

static void show_st(const char *who, const struct fpu_state *f)
{
	printf("  %s fcw %02x%02x fsw %02x%02x ftw %02x st", who, f->fx[1], f->fx[0], f->fx[3],
	       f->fx[2], f->fx[4]);
	for (unsigned i = 0; i < 8; i++) {
		printf(" ");
		for (int b = 9; b >= 0; b--)
			printf("%02x", f->fx[32 + 16 * i + (unsigned)b]);
	}
	printf("\n");
}

static void show_state(const char *who, const struct or_state *s)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
	uint32_t mxcsr;

	memcpy(&mxcsr, s->fpu.fx + 24, 4);
	printf(" %s rip %llx flags %llx mxcsr %x", who, (unsigned long long)s->rip,
	       (unsigned long long)s->flags, mxcsr);
	for (unsigned i = 0; i < 16; i++)
		printf("%s%s %llx", i % 8 ? " " : "\n  ", names[i], (unsigned long long)s->r[i]);
	printf("\n");
}

static void show_fpu(const struct or_case *k, const struct or_result *n, const struct or_result *i)
{
	show_st("before", &k->s.fpu);
	show_st("native", &n->s.fpu);
	show_st("interp", &i->s.fpu);
	for (unsigned v = 0; v < 16; v++) {
		if (v == k->in.reg || v == k->in.rm || v == k->in.vvvv || v == 0) {
			show_vector("before", &k->s.fpu, v);
			show_vector("native", &n->s.fpu, v);
			show_vector("interp", &i->s.fpu, v);
		}
	}
}

static void show_memory(void)
{
	for (unsigned a = 0, n = 0; a < OR_DATA_SIZE && n < 16; a++) {
		if (native_data()[a] != interp_data()[a]) {
			printf("  %x: was %02x, native %02x, interp %02x\n", OR_DATA + a, before[a],
			       native_data()[a], interp_data()[a]);
			n++;
		}
	}
}

static void show_insn(FILE *f, const struct or_case *k)
{
	char text[128] = "(not decoded)";

	if (k->in.op)
		insn_text(&k->in, k->s.rip, text, sizeof(text));
	fprintf(f, "%s  [", text);
	for (unsigned b = 0; b < k->len; b++)
		fprintf(f, "%s%02x", b ? " " : "", k->bytes[b]);
	fprintf(f, "] mode %d\n", k->mode);
}

static void show(const struct or_case *k, const struct or_result *n, const struct or_result *i,
		 const char *what)
{
	printf("%s differs: ", what);
	show_insn(stdout, k);
	printf(" native: vector %d error %x cr2 %llx; interp: vector %d error %x cr2 %llx\n",
	       n->vector, n->error, (unsigned long long)n->cr2, i->vector, i->error,
	       (unsigned long long)i->cr2);
	if (getenv("ORACLE_SHORT"))
		return;
	show_state("before", &k->s);
	show_state("native", &n->s);
	show_state("interp", &i->s);
	show_memory();
	if (!k->in.op || k->in.op->flags & (F_HOST | F_FPU))
		show_fpu(k, n, i);
}

/* ---- running ---- */

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

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
	uint64_t at = i->cr2;

	if (i->vector != EXC_PF || at >> 47 || at < 0x10000)
		return false;
	return at / OR_PAGE < OR_DATA / OR_PAGE - 1 || at / OR_PAGE > OR_RO / OR_PAGE + 1;
}

/* True: as it should be. */
static bool one(struct or_case *k)
{
	struct or_result n, i;
	const char *what;

	memcpy(before, interp_data(), OR_DATA_SIZE);
	if (trace)
		show_insn(stderr, k);
	interp_run(k, &i);
	if (elsewhere(&i)) {
		fill();
		return true;
	}
	native_run(k, &n);
	forgive_fetch(&n);
	what = differs(k, &n, &i);
	if (!what)
		return true;
	if (!seen(k->in.op))
		show(k, &n, &i, what);
	fill();
	return false;
}

static void run(enum insn_mode mode, unsigned long cases)
{
	const char *only = getenv("ORACLE_ONLY");
	bool all = getenv("ORACLE_ALL");
	struct or_case k;
	unsigned long wrong = 0;

	trace = getenv("ORACLE_TRACE");
	or_seed(number("ORACLE_SEED", 1));
	for (unsigned long i = 0; i < cases && (all || !wrong); i++) {
		if (i % 64 == 0)
			fill();
		if (!gen_case(&k, mode, only))
			return;
		wrong += !one(&k);
	}
	EQ(0, wrong);
}

static void open_both(void)
{
	if (!native_open())
		SKIP("the host has no AVX2, or its low addresses are taken");
	interp_open();
	for (unsigned i = 0; i < OR_PAGE; i++)
		native_ro()[i] = interp_ro()[i] = (uint8_t)or_random();
	native_seal();
}

TEST(native_64)
{
	open_both();
	run(MODE_64, number("ORACLE_N", 100000));
}

TEST(native_32)
{
	open_both();
	run(MODE_32, number("ORACLE_N", 100000));
}
