/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lock-step: mistakes of a faster tier that are found, and what is undone before it runs. */
#include "hypervisor/x86/verify.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/fpu.h"
#include "tests/x86/machine.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* machine_long maps 32 MiB by entries at 0x4000, neither accessed nor dirty. */
enum { CODE = 0x6000, DATA = 0x9000, PD = 0x4000 };

static char said[8192];

static void note(void *arg, const char *text)
{
	(void)arg;
	snprintf(said, sizeof(said), "%s", text);
}

static struct machine *verified(uint64_t rip)
{
	struct machine *m = machine_new("max");
	struct err e;

	machine_long(m, rip);
	if (!m->c->verify)
		OK(verify_start(m->c, &e));
	verify_on_difference(m->c, note, NULL);
	*said = 0;
	return m;
}

/* ---- a tier with a mistake */

struct wrong {
	unsigned n;
	void (*spoil)(struct cpu *c);
};

static void run_wrong(struct cpu *c, void *arg)
{
	const struct wrong *w = arg;

	cpu_run_plain(c, w->n);
	if (w->spoil)
		w->spoil(c);
}

static uint8_t *ram_of(struct cpu *c, uint64_t gpa)
{
	size_t len = 1;
	uint8_t *p;

	domain_lock(c->dom);
	p = domain_ram(c->dom, gpa, &len, true);
	domain_unlock(c->dom);
	return p;
}

static void spoil_register(struct cpu *c)
{
	c->r[R_15] ^= 1ull << 40;
}
static void spoil_flag(struct cpu *c)
{
	c->flags ^= FL_AF;
}
static void spoil_rip(struct cpu *c)
{
	c->rip++;
}
static void spoil_vector(struct cpu *c)
{
	c->fpu.ymm_high[15][15] ^= 1;
}
static void spoil_msr(struct cpu *c)
{
	c->kernel_gs_base++;
}
static void spoil_segment(struct cpu *c)
{
	c->seg[SEG_GS].limit--;
}
static void spoil_store(struct cpu *c)
{
	*ram_of(c, DATA) ^= 0x80;
}
static void wide_store(struct cpu *c)
{
	*ram_of(c, DATA + 4) ^= 1;
}
static void no_dirty_bit(struct cpu *c)
{
	*ram_of(c, PD) &= ~0x40;
}
static void one_more(struct cpu *c)
{
	cpu_run_plain(c, 1);
}
static void exception(struct cpu *c)
{
	cpu_raise(c, EXC_DE);
}
static void device(struct cpu *c)
{
	verify_outside(c);
}

static const struct {
	const char *label, *want;
	struct wrong w;
} wrongs[] = {
	{"nothing", "", {4, NULL}},
	{"shorter", "", {3, NULL}},
	{"register", "r[15]", {4, spoil_register}},
	{"flag", "flags[0]", {4, spoil_flag}},
	{"flag of a shorter run", "flags[0]", {3, spoil_flag}},
	{"rip", "rip[0]: 6000 -> 600e 600d", {4, spoil_rip}},
	{"vector register", "fpu[", {4, spoil_vector}},
	{"msr", "kernel_gs_base[0]", {4, spoil_msr}},
	{"segment", "seg[", {4, spoil_segment}},
	{"stored value", "memory at 9000", {4, spoil_store}},
	{"width of a store", "one writes where the other does not", {4, wide_store}},
	{"dirty bit", "memory at 4000", {4, no_dirty_bit}},
	{"longer", "wrong: ran to 600e", {4, one_more}},
	{"exception", "they end in different ways", {4, exception}},
	{"device", "they end in different ways", {4, device}},
};

TEST_EACH(mistake, sizeof(wrongs) / sizeof(wrongs[0]), wrongs[i].label)
{
	struct verify_tier tier = {.name = "wrong", .run = run_wrong};
	struct machine *m = verified(CODE);
	struct wrong w = wrongs[i].w;
	struct cpu *c = m->c;
	sigjmp_buf frame;

	LOAD(m, CODE, 0x01, 0xd8,             /* add eax, ebx */
	     0x89, 0x04, 0x25, 0, 0x90, 0, 0, /* mov [0x9000], eax */
	     0x49, 0xff, 0xc7,                /* inc r15 */
	     0x90, 0x90, 0xf4);               /* nop; nop; hlt */
	c->r[R_AX] = 0x7fffffff;
	c->r[R_BX] = 1;
	c->fault = &frame;
	if (!sigsetjmp(frame, 0))
		CHECK(verify_block(c, &tier, &w, 4));
	c->fault = NULL;
	if (*wrongs[i].want)
		CHECK(strstr(said, wrongs[i].want));
	else
		EQS("", said);
	NOTE("%s", said);
	EQ(1, c->stats.verified);
	machine_free(m);
}

/* Blocks that go on behind and after jumps whose targets are in them: any of their boundaries will
 * do, none beyond. */
static const struct {
	const char *label;
	struct wrong w;
	bool same;
} straights[] = {
	{"to the first jump", {2, NULL}, true},
	{"behind it", {3, NULL}, true},
	{"to the jump that is taken", {5, NULL}, true},
	{"after it", {6, NULL}, true},
	{"to the second that is taken", {7, NULL}, true},
	{"to the jump by register", {9, NULL}, true},
	{"beyond", {10, NULL}, false},
	{"behind it, and wrong", {3, spoil_flag}, false},
	{"to the jump that is taken, and wrong", {5, spoil_register}, false},
	{"to the jump by register, and wrong", {9, spoil_register}, false},
};

TEST_EACH(straight_on, sizeof(straights) / sizeof(straights[0]), straights[i].label)
{
	struct verify_tier tier = {.name = "wrong", .run = run_wrong, .straight = true};
	struct machine *m = verified(CODE);
	struct wrong w = straights[i].w;

	LOAD(m, CODE, 0x31, 0xc0,             /* xor eax, eax */
	     0x75, 0x00,                      /* jnz: not taken */
	     0xfe, 0x04, 0x25, 0, 0x90, 0, 0, /* inc byte [0x9000] */
	     0x90, 0xeb, 0x01, 0xf4,          /* nop; jmp over: hlt */
	     0x90, 0x75, 0x01, 0xf4,          /* over: nop; jnz on; hlt */
	     0x90, 0xff, 0xe3, 0xf4,          /* on: nop; jmp rbx; hlt */
	     0x90, 0xf4);                     /* nop; hlt */
	m->c->r[R_BX] = CODE + 23;
	CHECK(verify_block(m->c, &tier, &w, 64));
	EQ(straights[i].same, !*said);
	NOTE("%s", said);
	EQ(straights[i].w.n > 2, m->ram[DATA]);
	machine_free(m);
}

/* A device that a jump leads to, behind where the tier stops: what comes before is compared. */
TEST_EACH(device_further_on, 3, i == 0 ? "right" : i == 1 ? "wrong" : "reached by both")
{
	struct verify_tier tier = {.name = "wrong", .run = run_wrong, .straight = true};
	struct machine *m = verified(CODE);
	struct wrong w = {i == 2 ? 4 : 2, i == 1 ? spoil_register : NULL};

	LOAD(m, CODE, 0xfe, 0x04, 0x25, 0, 0x90, 0, 0, /* inc byte [0x9000] */
	     0xeb, 0x01, 0xf4,                         /* jmp over: hlt */
	     0x90, 0xec, 0xf4);                        /* over: nop; in al, dx; hlt */
	m->c->r[R_DX] = 0x502;
	EQ(i < 2, verify_block(m->c, &tier, &w, 64));
	EQ(i == 1, *said != 0);
	EQ(i < 2, m->ram[DATA]);
	EQ(i < 2, m->c->stats.verified);
	EQ(i == 2, m->c->stats.unverified);
	EQ(0, m->n_in);
	machine_free(m);
}

/* What is behind HLT may be anything, as far as the tier is concerned. */
TEST(nothing_is_run_behind_hlt)
{
	struct verify_tier tier = {.name = "right", .run = run_wrong, .straight = true};
	struct machine *m = verified(CODE);
	struct wrong w = {1, NULL};

	LOAD(m, CODE, 0xf4, 0xec, 0xf4); /* hlt; in al, dx; hlt */
	CHECK(verify_block(m->c, &tier, &w, 64));
	CHECK(m->c->halted);
	EQ(1, m->c->stats.verified);
	EQ(0, m->c->stats.verified_again);
	machine_free(m);
}

/* ---- what comes of it without a mistake */

static const struct verify_tier right = {.name = "right", .run = run_wrong};

/* The state, a page that was stored to, and that page's entry are as before. */
TEST(undone_before_a_device_is_reached)
{
	struct machine *m = verified(CODE);
	struct wrong w = {4, NULL};

	LOAD(m, CODE, 0x89, 0x04, 0x25, 0, 0x90, 0, 0, /* mov [0x9000], eax */
	     0x48, 0xff, 0xc0,                         /* inc rax */
	     0xec, 0xf4);                              /* in al, dx; hlt */
	m->c->r[R_DX] = 0x502;
	m->c->r[R_AX] = 0x11223344;
	CHECK(!verify_block(m->c, &right, &w, 4));
	EQ(0, m->n_in);
	EQ(0x11223344, m->c->r[R_AX]);
	EQ(CODE, m->c->rip);
	EQ(0, m->c->insn_count);
	EQ(0, m->ram[DATA]);
	EQ(0x87, m->ram[PD]);
	EQ(1, m->c->stats.unverified);
	EQ(0, m->c->stats.verified);
	machine_free(m);
}

/* By whole programs: a loop with stores, calls, a device, and code that changes itself. */
static void load_program(struct machine *m)
{
	LOAD(m, CODE, 0xb9, 100, 0, 0, 0,        /* mov ecx, 100 */
	     0x31, 0xc0,                         /* xor eax, eax */
	     0x01, 0xc8,                         /* again: add eax, ecx */
	     0x89, 0x04, 0x8d, 0, 0x90, 0, 0,    /* mov [0x9000 + ecx * 4], eax */
	     0xfe, 0x04, 0x25, 0x19, 0x60, 0, 0, /* inc byte [the next one's immediate] */
	     0x80, 0xc3, 0x00,                   /* add bl, 0 */
	     0xe8, 0x09, 0, 0, 0,                /* call f */
	     0xff, 0xc9,                         /* dec ecx */
	     0x75, 0xe4,                         /* jnz again */
	     0x66, 0xba, 0x01, 0x05,             /* mov dx, 0x501 */
	     0xee,                               /* out dx, al */
	     0x0f, 0x57, 0xc0,                   /* f: xorps xmm0, xmm0 */
	     0xf2, 0x48, 0x0f, 0x2a, 0xc0,       /* cvtsi2sd xmm0, rax */
	     0xc3);                              /* ret */
}

TIER_TEST(programs_are_the_same)
{
	struct machine *m = verified(CODE), *other = machine_new("max");

	verify_stop(other->c);
	machine_long(other, CODE);
	load_program(m);
	load_program(other);
	EQ(STOP_REQUEST, machine_run(m));
	EQ(STOP_REQUEST, machine_run(other));
	EQS("", said);
	EQ(5050 & 0xff, m->exit_code);
	EQ(5050 & 0xff, (uint8_t)m->c->r[R_BX]); /* 1 + 2 + … + 100 */
	EQM(other->c->r, m->c->r, 16 * 8);
	EQ(other->c->flags, m->c->flags);
	if (tier_now == TIER_INTERP) /* translated code does not count */
		EQ(other->c->insn_count, m->c->insn_count);
	EQM(other->ram, m->ram, 0x10000);
	CHECK(m->c->stats.verified > 200);
	CHECK(m->c->stats.unverified > 0 && m->c->stats.unverified < 5);
	machine_free(m);
	machine_free(other);
}

/* A fault within a block: it is the guest's, with what came before it done. */
TIER_TEST(faults_are_the_guests)
{
	struct machine *m = verified(CODE);

	LOAD(m, CODE, 0x48, 0xff, 0xc0,       /* inc rax */
	     0xfe, 0x04, 0x25, 0, 0x90, 0, 0, /* inc byte [0x9000] */
	     0x8b, 0x1c, 0x25, 0, 0, 0, 0x40, /* mov ebx, [0x40000000] */
	     0x48, 0xff, 0xc0, 0xf4);         /* inc rax; hlt */
	EQ(STOP_TRIPLE, machine_run(m));
	EQS("", said);
	EQ(0x40000000, m->c->cr2);
	EQ(1, m->c->r[R_AX]);
	EQ(1, m->ram[DATA]);
	EQ(3, m->c->insn_count);
	EQ(1, m->c->stats.verified);
	machine_free(m);
}

/* STI's shadow is over, and FIP is known, where the block's last instruction faults. */
TIER_TEST(what_a_fault_finds)
{
	struct machine *m = verified(CODE);
	uint32_t fip;

	LOAD(m, CODE, 0xfb, 0x90,             /* sti; nop */
	     0xd9, 0xe8,                      /* fld1 */
	     0x8b, 0x1c, 0x25, 0, 0, 0, 0x40, /* mov ebx, [0x40000000] */
	     0xf4);                           /* hlt */
	m->c->cr0 |= CR0_NE;
	EQ(STOP_TRIPLE, machine_run(m));
	EQS("", said);
	CHECK(!m->c->shadow_sti);
	memcpy(&fip, m->c->fpu.fx + FX_FIP, 4);
	EQ(CODE + 2, fip);
	machine_free(m);
}

/* FENI does nothing, to FIP neither. */
TIER_TEST(instructions_of_the_8087)
{
	struct machine *m = verified(CODE);
	uint32_t fip;

	LOAD(m, CODE, 0xd9, 0xe8, 0xdb, 0xe0, /* fld1; feni */
	     0xdb, 0xe1, 0xdb, 0xe4,          /* fdisi; fsetpm */
	     0xff, 0xc0, 0xf4);               /* inc eax; hlt */
	m->c->cr0 |= CR0_NE;
	EQ(STOP_HALT, machine_run(m));
	EQS("", said);
	memcpy(&fip, m->c->fpu.fx + FX_FIP, 4);
	EQ(CODE, fip);
	machine_free(m);
}

/* A REP is broken off while the plain handlers run again, and was not before. */
static void run_then_ask(struct cpu *c, void *arg)
{
	cpu_run_plain(c, *(unsigned *)arg);
	c->attention = ATT_EXIT;
}

TEST(a_part_of_a_rep)
{
	struct verify_tier tier = {.name = "right", .run = run_then_ask, .straight = true};
	struct machine *m = verified(CODE);
	unsigned n = 2;

	LOAD(m, CODE, 0xf3, 0xaa, 0x90, 0xf4); /* rep stosb; nop; hlt */
	m->c->r[R_AX] = 0x55;
	m->c->r[R_CX] = 0x3000;
	m->c->r[R_DI] = 0x100010;
	CHECK(verify_block(m->c, &tier, &n, 3));
	EQS("", said);
	EQ(1, m->c->stats.verified_again);
	EQ(CODE + 3, m->c->rip);
	EQ(0x55, m->ram[0x10300f]);
	machine_free(m);
}

/* A jump to itself is as many instructions as it is let. */
TIER_TEST(endless_loops_end)
{
	struct machine *m = verified(CODE);

	LOAD(m, CODE, 0xeb, 0xfe);
	EQ(STOP_COUNT, cpu_run(m->c, 5000));
	EQ(5000, m->c->insn_count);
	EQS("", said);
	machine_free(m);
}

/* A tier may leave flags behind that nothing reads any more. */
static void run_to_a_fault(struct cpu *c, void *arg)
{
	cpu_run_plain(c, 1);
	c->flags ^= *(const uint64_t *)arg;
	cpu_run_plain(c, 3);
}

static const struct {
	const char *label;
	bool die, wrong;
	uint64_t flags;
} deaths[] = {
	{"dead", true, false, FL_ZF | FL_AF},
	{"alive", true, true, FL_CF},
	{"all count", false, true, FL_ZF},
};

TEST_EACH(dead_flags_at_a_fault, sizeof(deaths) / sizeof(deaths[0]), deaths[i].label)
{
	struct verify_tier tier = {
		.name = "wrong", .run = run_to_a_fault, .flags_die = deaths[i].die};
	struct machine *m = verified(CODE);
	uint64_t flags = deaths[i].flags;
	sigjmp_buf frame;

	LOAD(m, CODE, 0x01, 0xd8,             /* add eax, ebx */
	     0x8b, 0x1c, 0x25, 0, 0, 0, 0x40, /* mov ebx, [0x40000000] */
	     0xff, 0xc0,                      /* inc eax: keeps CF */
	     0x90, 0xf4);                     /* nop; hlt */
	m->c->fault = &frame;
	if (!sigsetjmp(frame, 0))
		verify_block(m->c, &tier, &flags, 4);
	m->c->fault = NULL;
	EQ(deaths[i].wrong, *said != 0);
	EQ(0x40000000, m->c->exc.cr2);
	machine_free(m);
}

/* ---- chains */

static bool wrong_function(struct cpu *c, const struct fast_op *f)
{
	c->r[R_BX]++;
	FAST_NEXT;
}

TEST(a_chain_with_a_wrong_function)
{
	struct machine *m = verified(CODE);
	const uint8_t *host;
	unsigned avail;
	sigjmp_buf frame;
	uint64_t gpa;
	struct block *b;

	LOAD(m, CODE, 0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0, 0xf4); /* inc rax; inc rax; hlt */
	m->c->fault = &frame;
	MUST(!sigsetjmp(frame, 0));
	gpa = mem_code(m->c, CODE, &host, &avail);
	b = blocks_get(m->c, gpa, host, avail);
	MUST(b && b->n == 3);
	b->chain[1].run = wrong_function;
	EQ(STOP_HALT, machine_run(m));
	CHECK(strstr(said, "chains and plain handlers"));
	CHECK(strstr(said, "6003: inc rax"));
	CHECK(strstr(said, "r[3]: 0 -> 1 0"));
	EQ(2, m->c->r[R_AX]); /* the plain handlers are right */
	machine_free(m);
}

/* ---- at the start, and at the end */

TEST(not_for_several_vcpus)
{
	struct domain_config config = {.ram = 8 << 20, .vcpus = 2};
	struct err e = {""};
	struct domain *dom = domain_new(&config, &e);
	struct cpu c = {.dom = dom};

	EQ(-ENOTSUP, verify_start(&c, &e));
	EQS("verify=lockstep is for one vCPU, this domain has 2", e.msg);
	domain_free(dom);
}

TEST(a_difference_ends_the_process)
{
	struct verify_tier tier = {.name = "wrong", .run = run_wrong};
	struct wrong w = {1, spoil_register};
	struct machine *m = verified(CODE);
	ssize_t n, got = 0;
	int pipes[2];

	LOAD(m, CODE, 0x90, 0xf4);
	verify_on_difference(m->c, NULL, NULL);
	MUST(!pipe(pipes));
	switch (fork()) {
	case -1:
		MUST(!"forked");
		break;
	case 0:
		dup2(pipes[1], STDERR_FILENO);
		verify_block(m->c, &tier, &w, 1);
		dprintf(STDERR_FILENO, "came back");
		_exit(0);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], said + got, sizeof(said) - 1 - (size_t)got)) > 0)
		got += n;
	said[got] = 0;
	NOTE("%s", said);
	CHECK(strstr(said, "wrong and plain handlers: their states differ"));
	CHECK(!strstr(said, "came back"));
	machine_free(m);
}
