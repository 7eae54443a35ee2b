/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ends a block by a call of the translator's (calls.c): IRETQ, CPUID, loads of CR3, INVLPG.
 * Cases come from programs that have done it many times. */
#include "hypervisor/core.h"
#include "hypervisor/x86/desc.h"
#include "tests/x86/sys_rig.h"

#include <stdlib.h>

enum {
	ROUNDS = 200,
	AT_ENTRY = 0x8100,
	AT_FAULTS = 0x8200,
	INTR = 0xff,
	USER_PAGE = 0x20000,
	OTHER_PAGE = 0x21000,
	AWAY = 0x40000, /* absent, or mapped to one of these */
	ABSENT = 0x70,  /* code that is not present, that is of 32 and of 64 bits; … */
	BOTH = 0x78,
	READ_ONLY = 0x80, /* data */
	NO_STACK = 0x88,
	OWN = 0x90,      /* 64-bit code of ring 0 that no gate has */
	LONG_DATA = 0x98 /* what would be 64-bit if it were code */
};

/* ---- IRETQ ---- */

/* To itself at CPL 0, many times; the last frame is changed, and a byte in memory. */
PAYLOAD(returns, 64,
	"1: mov rbx, rsp; push r8; push rbx; pushfq; push r9; lea rax, [rip + 2f]; push rax;"
	"dec r14; jnz 3f; xor [rsp + 16], rdx; mov [rsp + 8], r10; mov [rsp + 32], r11;"
	"xor [rsp], r12; mov [rdi], r13b; test r15, r15; jz 3f;"
	"pushfq; or [rsp], r15; popfq; 3: cmp r14, rsp; iretq;"
	"2: mov ecx, 0; adc ecx, 0; add rsi, rcx; cmp rsp, rbx; jne 4f; inc rbp; 4: test r14, r14;"
	"jnz 1b; pushfq; pop rcx; mov r15d, ss; hlt");

struct back {
	const char *name;
	uint64_t flags, rip; /* what of them is changed */
	uint16_t cs, ss;     /* the last ones; 0: as before */
	uint64_t now;        /* RFLAGS before it */
	uint16_t at;         /* in the GDT: this byte changes */
	uint8_t byte;
	uint64_t sp; /* 0: within a page */
	int vector;
	uint32_t error;
	uint64_t after; /* flags */
};

static const struct back backs[] = {
	{.name = "nothing", .vector = -1},
	{.name = "frame over a page's end", .sp = 0x7010, .vector = -1},
	{.name = "a stack segment", .ss = DATA0, .vector = -1},
	{.name = "TF", .flags = FL_TF, .vector = EXC_DB},
	{.name = "DF", .flags = FL_DF, .vector = -1, .after = FL_DF},
	{.name = "NT", .flags = FL_NT, .vector = -1, .after = FL_NT},
	{.name = "NT was set", .now = FL_NT, .vector = EXC_GP},
	{.name = "AC", .flags = FL_AC, .vector = -1, .after = FL_AC},
	{.name = "RF", .flags = FL_RF, .vector = -1},
	{.name = "VM", .flags = FL_VM, .vector = -1},
	{.name = "VIF", .flags = FL_VIF, .vector = -1, .after = FL_VIF},
	{.name = "VIP", .flags = FL_VIP, .vector = -1, .after = FL_VIP},
	{.name = "IOPL, ID", .flags = FL_IOPL | FL_ID, .vector = -1, .after = FL_IOPL | FL_ID},
	{.name = "IF, an interrupt waits", .flags = FL_IF, .vector = INTR},
	{.name = "bits that are none", .flags = ~0ull << 22 | 0x8028, .vector = -1},
	{.name = "rip that is not canonical", .rip = 1ull << 47, .vector = EXC_GP},
	{.name = "cs null", .cs = 3, .vector = EXC_GP},
	{.name = "cs beyond the table", .cs = 0x100, .vector = EXC_GP, .error = 0x100},
	{.name = "cs of the LDT", .cs = LONG0 | 4, .vector = EXC_GP, .error = LONG0 | 4},
	{.name = "cs is data", .cs = DATA0, .vector = EXC_GP, .error = DATA0},
	{.name = "cs is data with L", .cs = LONG_DATA, .vector = EXC_GP, .error = LONG_DATA},
	{.name = "cs is a TSS", .cs = SEL_TSS, .vector = EXC_GP, .error = SEL_TSS},
	{.name = "cs has another RPL", .cs = LONG0 | 1, .vector = EXC_GP, .error = LONG0},
	{.name = "cs has RPL 3", .cs = LONG0 | 3, .vector = EXC_GP, .error = LONG0},
	{.name = "cs is the program's at RPL 0",
	 .cs = LONG3 & ~3,
	 .vector = EXC_GP,
	 .error = LONG3 & ~3},
	{.name = "cs absent", .cs = ABSENT, .vector = EXC_NP, .error = ABSENT},
	{.name = "cs of 32 and 64 bits", .cs = BOTH, .vector = EXC_GP, .error = BOTH},
	{.name = "cs became absent", .at = OWN + 5, .byte = 0x1b, .vector = EXC_NP, .error = OWN},
	{.name = "cs was not accessed", .at = OWN + 5, .byte = 0x9a, .vector = -1},
	{.name = "ss has RPL 3", .ss = DATA3, .vector = EXC_GP, .error = DATA3 & ~3},
	{.name = "ss is read-only", .ss = READ_ONLY, .vector = EXC_GP, .error = READ_ONLY},
	{.name = "ss is code", .ss = LONG0, .vector = EXC_GP, .error = LONG0},
	{.name = "ss absent", .ss = NO_STACK, .vector = EXC_SS, .error = NO_STACK},
	{.name = "to CPL 3, which may not halt", .cs = LONG3, .ss = DATA3, .vector = EXC_GP},
	{.name = "to CPL 3 with AC", .cs = LONG3, .ss = DATA3, .flags = FL_AC, .vector = EXC_GP},
	{.name = "to CPL 3 without a stack", .cs = LONG3, .vector = EXC_GP},
};

/* All but OWN are marked as accessed. */
static void segments(struct sys_rig *r)
{
	gdt_put(r, DATA0, 0, 0xfffff, 0x93, 0xc);
	gdt_put(r, LONG3, 0, 0xfffff, 0xfb, 0xa);
	gdt_put(r, DATA3, 0, 0xfffff, 0xf3, 0xc);
	gdt_put(r, ABSENT, 0, 0xfffff, 0x1b, 0xa);
	gdt_put(r, BOTH, 0, 0xfffff, 0x9b, 0xe);
	gdt_put(r, READ_ONLY, 0, 0xfffff, 0x91, 0xc);
	gdt_put(r, NO_STACK, 0, 0xfffff, 0x13, 0xc);
	gdt_put(r, OWN, 0, 0xfffff, 0x9a, 0xa);
	gdt_put(r, LONG_DATA, 0, 0xfffff, 0x93, 0xa);
	gdt_put(r, 0x100, 0, 0xfffff, 0x9b, 0xa); /* beyond the limit */
}

static struct sys_rig rig_returns(const struct back *b, uint64_t flags)
{
	struct sys_rig r = payload_rig(true, 0);
	struct cpu *c = r.c;

	segments(&r);
	c->flags |= flags;
	c->r[R_SP] = b->sp ? b->sp : 0x6800;
	c->r[R_SI] = c->r[R_BP] = c->r[R_8] = 0;
	c->r[R_9] = OWN;
	c->r[R_DX] = b->flags;
	c->r[R_10] = b->cs ? b->cs : OWN;
	c->r[R_11] = b->ss;
	c->r[R_12] = b->rip;
	c->r[R_DI] = b->at ? AT_GDT + b->at : USER_PAGE;
	c->r[R_13] = b->byte;
	c->r[R_14] = ROUNDS;
	c->r[R_15] = b->now;
	LOADED(&r, returns);
	return r;
}

TIER_TEST_EACH(iret_to_itself, ARRAY_SIZE(backs), backs[i].name)
{
	const uint64_t seen = FL_DF | FL_NT | FL_AC | FL_VIF | FL_VIP | FL_IOPL | FL_ID | FL_VM;
	const struct back *b = &backs[i];
	struct sys_rig r = rig_returns(b, 0);
	struct trap t;

	core_intr(r.dom, b->flags == FL_IF);
	t = payload_go(&r);
	EQ(b->vector, t.vector);
	EQ(b->error, t.error);
	EQ(0, r.c->flags & FL_RF);
	if (b->vector >= EXC_TS && b->vector <= EXC_GP && t.cs != LONG3)
		EQ(0xcf48, ram_get(&r, t.rip, 2)); /* before it */
	if (b->vector == -1) {
		EQ(ROUNDS, r.c->r[R_BP]);
		EQ(b->after, r.c->r[R_CX] & seen);
		EQ(b->ss, r.c->r[R_15]);
		EQ(0, r.c->r[R_CX] & (~0ull << 22 | 0x8028));
		EQ(0x9b, r.ram[AT_GDT + OWN + 5]);
	} else if (b->cs != LONG3) {
		EQ(ROUNDS - 1, r.c->r[R_BP]);
	} else {
		EQ(b->ss ? ROUNDS : ROUNDS - 1, r.c->r[R_BP]);
		EQ(b->ss ? LONG3 : OWN, t.cs);
	}
	sys_rig_free(&r);
}

/* The last one's carry is that of RSP over R14, which the CMP before it has. */
TIER_TEST(iret_brings_the_status_flags)
{
	struct sys_rig r = rig_returns(&backs[0], 0);

	r.c->r[R_DX] = FL_CF;
	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BP]);
	CHECK(r.c->r[R_SI] == 1);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

TIER_TEST(iret_of_the_kernel_with_ac)
{
	struct sys_rig r = rig_returns(&backs[0], FL_AC);

	r.c->cr4 |= CR4_SMAP;
	for (uint64_t at = 0; at < USER_PAGE; at += 0x1000)
		page_put(&r, at, at, 3);
	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(FL_AC, r.c->r[R_CX] & FL_AC);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

/* The same to a program; the kernel has a segment that is not for it. */
PAYLOAD(calls, 64, "1: syscall; mov r15d, ds; dec r14; jnz 1b; pushfq; pop rcx; int3");
PAYLOAD(calls_entry, 64,
	"mov ds, esi; mov rbx, rsp; push r8; push rbx; push r11; push r9; push rcx; inc rbp;"
	"cmp r14, 1; jne 3f; xor [rsp + 16], rdx; mov [rsp + 8], r10; mov [rsp + 32], r12;"
	"xor [rsp], r13; 3: iretq");

static const struct back outs[] = {
	{.name = "nothing", .cs = LONG3, .ss = DATA3, .vector = EXC_BP},
	{.name = "AC", .flags = FL_AC, .cs = LONG3, .ss = DATA3, .vector = EXC_BP, .after = FL_AC},
	{.name = "DF", .flags = FL_DF, .cs = LONG3, .ss = DATA3, .vector = EXC_BP, .after = FL_DF},
	{.name = "TF", .flags = FL_TF, .cs = LONG3, .ss = DATA3, .vector = EXC_DB},
	{.name = "IOPL",
	 .flags = FL_IOPL,
	 .cs = LONG3,
	 .ss = DATA3,
	 .vector = EXC_BP,
	 .after = FL_IOPL},
	{.name = "an interrupt waits", .flags = FL_IF, .cs = LONG3, .ss = DATA3, .vector = INTR},
	{.name = "rip", .rip = 1ull << 47, .cs = LONG3, .ss = DATA3, .vector = EXC_GP},
	{.name = "no stack", .cs = LONG3, .vector = EXC_GP},
	{.name = "no stack, RPL 3", .cs = LONG3, .ss = 3, .vector = EXC_GP},
	{.name = "RPL of the stack",
	 .cs = LONG3,
	 .ss = DATA3 & ~3,
	 .vector = EXC_GP,
	 .error = DATA3 & ~3},
	{.name = "the kernel's stack",
	 .cs = LONG3,
	 .ss = DATA0 | 3,
	 .vector = EXC_GP,
	 .error = DATA0},
	{.name = "the kernel's code",
	 .cs = LONG0 | 3,
	 .ss = DATA3,
	 .vector = EXC_GP,
	 .error = LONG0},
	{.name = "RPL of the code",
	 .cs = LONG3 & ~3,
	 .ss = DATA3,
	 .vector = EXC_GP,
	 .error = LONG3 & ~3},
};

TIER_TEST_EACH(iret_to_a_program, ARRAY_SIZE(outs), outs[i].name)
{
	const struct back *b = &outs[i];
	struct sys_rig r = payload_rig(true, 3);
	struct cpu *c = r.c;
	struct trap t;

	segments(&r);
	c->star = (uint64_t)LONG0 << 32;
	c->lstar = AT_ENTRY;
	c->fmask = FL_IF;
	c->cr0 |= CR0_AM;
	PLACED(&r, AT_ENTRY, calls_entry);
	c->r[R_8] = DATA3;
	c->r[R_9] = LONG3;
	c->r[R_SI] = DATA0;
	c->r[R_DX] = b->flags;
	c->r[R_10] = b->cs;
	c->r[R_12] = b->ss;
	c->r[R_13] = b->rip;
	c->r[R_14] = ROUNDS;
	c->r[R_BP] = 0;
	core_intr(r.dom, b->flags == FL_IF);
	LOADED(&r, calls);
	t = payload_go(&r);
	EQ(b->vector, t.vector);
	EQ(b->error, t.error);
	EQ(ROUNDS, c->r[R_BP]);
	EQ(0, c->r[R_15]); /* DS */
	EQ(b->vector == EXC_GP ? LONG0 : LONG3, t.cs);
	if (b->vector == EXC_GP)
		EQ(0xcf48, ram_get(&r, t.rip, 2));
	if (b->vector == EXC_BP)
		EQ(b->after, c->r[R_CX] & (FL_DF | FL_AC | FL_IOPL));
	if (tier_now == TIER_TRANSLATE && !c->verify) /* MOV to DS is the handler's */
		CHECK(c->stats.exits_interp < ROUNDS + ROUNDS / 4 && c->stats.entries < ROUNDS / 4);
	sys_rig_free(&r);
}

/* ---- a program that faults, and asks for the page to be taken again ---- */

PAYLOAD(touches, 64,
	"1: mov eax, r14d; and eax, 4088; mov r10, [rsi + rax]; pushfq; or r12, [rsp];"
	"stc; adc [rsi + rax], r14; popfq; add rbx, r10; mov r9d, ss; add r15, r9; syscall;"
	"dec r14; jnz 1b; int3");
PAYLOAD(touches_entry, 64, "inc rbp; mov qword ptr [rdi], 0; invlpg [rsi]; sysretq");
PAYLOAD(touches_fault, 64,
	"push rcx; mov rcx, [rsp + 32]; and r13, rcx; mov rcx, cr2; xor rcx, rsi; shr rcx, 12;"
	"add r8, rcx; inc rdx; mov rcx, 0x20007; mov [rdi], rcx; pop rcx; add rsp, 8; iretq");

static struct sys_rig rig_touches(void)
{
	struct sys_rig r = payload_rig(true, 3);
	struct cpu *c = r.c;

	for (unsigned n = 0; n < 2; n++) { /* code, stack; of SYSRET stack, code */
		gdt_put(&r, (uint16_t)(0x70 + 8 * n), 0, 0xfffff, n ? 0x92 : 0x9a, 0xa);
		gdt_put(&r, (uint16_t)(0x88 + 8 * n), 0, 0xfffff, n ? 0xfa : 0xf2, 0xa);
	}
	c->star = 0x83ull << 48 | 0x70ull << 32;
	c->lstar = AT_ENTRY;
	c->fmask = FL_IF;
	gate_put(&r, AT_IDT + 16 * EXC_PF, SYS_INT, 0, 0x70, AT_FAULTS, 0);
	PLACED(&r, AT_ENTRY, touches_entry);
	PLACED(&r, AT_FAULTS, touches_fault);
	c->r[R_14] = ROUNDS;
	c->r[R_SI] = AWAY;
	c->r[R_DI] = page_put(&r, AWAY, USER_PAGE, 0);
	c->r[R_13] = ~0ull;
	c->r[R_BX] = c->r[R_BP] = c->r[R_DX] = c->r[R_8] = c->r[R_12] = c->r[R_15] = 0;
	LOADED(&r, touches);
	return r;
}

TIER_TEST(page_faults_and_returns)
{
	struct sys_rig r = rig_touches();

	EQ(EXC_BP, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(ROUNDS, r.c->r[R_DX]); /* a fault each */
	EQ(0, r.c->r[R_8]);
	EQ(FL_RF, r.c->r[R_13] & FL_RF); /* in what each of them pushed */
	EQ(0, r.c->r[R_12] & FL_RF);
	EQ(DATA3 + (ROUNDS - 1) * 0x8b, r.c->r[R_15]); /* SYSRET's from then on */
	if (tier_now == TIER_TRANSLATE && !r.c->verify)
		CHECK(r.c->stats.exits_interp < ROUNDS / 4 && r.c->stats.entries < 2 * ROUNDS);
	sys_rig_free(&r);
}

/* ---- frames at random, on both tiers ---- */

struct outcome {
	enum cpu_stop stop;
	struct trap t;
	uint64_t r[16], flags;
	struct segment seg[SEG_N];
	uint8_t gdt[0x100];
};

static struct back random_back(unsigned *seed)
{
	static const uint16_t cs[] = {LONG0, 0,     LONG3, LONG3,  CODE0,  CODE3,
				      CONF0, DATA0, BOTH,  ABSENT, CODE16, 0};
	static const uint16_t ss[] = {0, 0, DATA0, DATA3, DATA3, LONG0, READ_ONLY, NO_STACK, 3};
	struct back b = {.cs = cs[(unsigned)rand_r(seed) % ARRAY_SIZE(cs)],
			 .ss = ss[(unsigned)rand_r(seed) % ARRAY_SIZE(ss)]};

	for (unsigned n = (unsigned)rand_r(seed) % 4; n; n--)
		b.flags ^= 1ull << (unsigned)rand_r(seed) % 22;
	if (rand_r(seed) % 8 == 0)
		b.rip = 1ull << (unsigned)rand_r(seed) % 64;
	if (rand_r(seed) % 8 == 0)
		b.cs ^= (uint16_t)(1 << rand_r(seed) % 8);
	if (rand_r(seed) % 8 == 0)
		b.now = 1ull << (unsigned)rand_r(seed) % 22 & ~(uint64_t)(FL_TF | FL_DF);
	if (rand_r(seed) % 4 == 0)
		b.sp = 0x7000 + 8 * ((unsigned)rand_r(seed) % 8);
	if (rand_r(seed) % 4 == 0) {
		b.at = (uint16_t)(rand_r(seed) % 2 ? OWN + (unsigned)rand_r(seed) % 8
						   : (unsigned)rand_r(seed) % 0x40);
		b.byte = (uint8_t)rand_r(seed);
	}
	return b;
}

static void run_back(const struct back *b, bool intr, struct outcome *o)
{
	struct sys_rig r = rig_returns(b, 0);

	memset(o, 0, sizeof(*o));
	core_intr(r.dom, intr);
	o->stop = payload_run(&r, 20000);
	o->t = payload_trap(&r);
	memcpy(o->r, r.c->r, sizeof(o->r));
	o->flags = r.c->flags;
	for (unsigned i = 0; i < SEG_N; i++) { /* no padding */
		o->seg[i].base = r.c->seg[i].base;
		o->seg[i].limit = r.c->seg[i].limit;
		o->seg[i].sel = r.c->seg[i].sel;
		o->seg[i].attr = r.c->seg[i].attr;
	}
	memcpy(o->gdt, r.ram + AT_GDT, sizeof(o->gdt));
	sys_rig_free(&r);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return EQ(a->stop, b->stop) && EQ(a->t.vector, b->t.vector) && EQ(a->t.error, b->t.error) &&
	       EQ(a->t.rip, b->t.rip) && EQ(a->t.flags, b->t.flags) && EQ(a->t.cs, b->t.cs) &&
	       EQ(a->t.ss, b->t.ss) && EQ(a->t.sp, b->t.sp) && EQ(a->flags, b->flags) &&
	       EQM(a->r, b->r, sizeof(a->r)) && EQM(a->seg, b->seg, sizeof(a->seg)) &&
	       EQM(a->gdt, b->gdt, sizeof(a->gdt));
}

/* IRET_N=N of them, from IRET_AT=N on. */
TEST(iret_at_random)
{
	const char *n = getenv("IRET_N"), *at = getenv("IRET_AT");
	unsigned from = at ? (unsigned)atoi(at) : 1, to = from + (n ? (unsigned)atoi(n) : 100);
	static struct outcome plain, fast;

	for (unsigned i = from; i < to; i++) {
		unsigned seed = i;
		struct back b = random_back(&seed);
		bool intr = rand_r(&seed) % 4 == 0;

		NOTE("IRET_AT=%u", i);
		tier_now = TIER_INTERP;
		run_back(&b, intr, &plain);
		if (plain.stop == STOP_COUNT) /* without end: the other's are not counted */
			continue;
		tier_now = TIER_TRANSLATE;
		run_back(&b, intr, &fast);
		if (!same(&plain, &fast))
			break;
	}
}

/* ---- CPUID ---- */

PAYLOAD(names, 64,
	"fld1; 1: paddq xmm3, xmm4; mov eax, edi; mov ecx, r10d; mov rbx, rsi; mov rdx, rsi; stc;"
	"cpuid; adc rbp, 0; fld1; faddp; paddq xmm3, xmm4; dec r14; jnz 1b;"
	"fistp qword ptr [rsi]; movq r9, xmm3; int3");

static void names_of(unsigned cpl, uint32_t leaf, uint32_t sub)
{
	struct sys_rig r = payload_rig(true, cpl);
	uint32_t out[4];

	r.c->cr4 |= CR4_OSFXSR;
	r.c->cr0 |= CR0_NE;
	store_le(r.c->fpu.fx + 160 + 64, 8, 3);
	store_le(r.c->fpu.fx, 2, 0x37f);
	r.c->fpu.fx[4] = 0;
	r.c->r[R_SI] = USER_PAGE;
	r.c->r[R_DI] = leaf;
	r.c->r[R_10] = sub;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_BP] = 0;
	LOADED(&r, names);
	EQ(EXC_BP, payload_go(&r).vector);
	cpu_cpuid(r.c, leaf, sub, out);
	EQ(out[0], r.c->r[R_AX]);
	EQ(out[1], r.c->r[R_BX]);
	EQ(out[2], r.c->r[R_CX]);
	EQ(out[3], r.c->r[R_DX]);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(6 * ROUNDS, r.c->r[R_9]);
	EQ(ROUNDS + 1, ram_get(&r, USER_PAGE, 8));
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

TIER_TEST(cpuid_leaves)
{
	names_of(0, 0, 0);
	names_of(3, 0x80000002, 0);
	names_of(3, 4, 2);
	names_of(0, 7, 0);
}

PAYLOAD(names_32, 32, "1: mov eax, 1; cpuid; add edi, eax; dec ebp; jnz 1b; hlt");

TIER_TEST(cpuid_of_32_bits)
{
	struct sys_rig r = payload_rig(false, 0);
	uint32_t out[4];

	r.c->r[R_BP] = ROUNDS;
	r.c->r[R_DI] = 0;
	LOADED(&r, names_32);
	EQ(-1, payload_go(&r).vector);
	cpu_cpuid(r.c, 1, 0, out);
	EQ((uint32_t)(out[0] * ROUNDS), r.c->r[R_DI]);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

/* ---- CR3 ---- */

/* RSI and RDI: two address spaces, which differ in AWAY and in the page of ELSEWHERE. */
enum { ELSEWHERE = 0x30000 };
PAYLOAD(spaces, 64,
	"1: mov cr3, rsi; add rbx, [0x40000]; call r12; mov r13, rdi; mov cr3, r13;"
	"add rbp, [0x40000]; call r12; mov r15, cr3; dec r14; jnz 1b; mov r8, r15; mov cr3, r9;"
	"hlt");
PAYLOAD(one, 64, "inc r10; ret");
PAYLOAD(two, 64, "dec r11; ret");

/* The second one's tables. */
static uint64_t other_space(struct sys_rig *r)
{
	uint64_t cr3 = new_page(r);

	for (uint64_t at = 0; at < 2u << 20; at += 0x1000)
		map_long(r, cr3, at,
			 at == AWAY        ? OTHER_PAGE
			 : at == ELSEWHERE ? at + 0x1000
					   : at,
			 12, 7, 7);
	return cr3;
}

static struct sys_rig rig_spaces(unsigned cpl)
{
	struct sys_rig r = payload_rig(true, cpl);
	struct cpu *c = r.c;

	page_put(&r, AWAY, USER_PAGE, 7);
	PLACED(&r, ELSEWHERE, one);
	PLACED(&r, ELSEWHERE + 0x1000, two);
	ram_put(&r, USER_PAGE, 8, 1);
	ram_put(&r, OTHER_PAGE, 8, 1000);
	c->r[R_SI] = c->r[R_9] = c->cr3;
	c->r[R_DI] = other_space(&r);
	c->r[R_12] = ELSEWHERE;
	c->r[R_14] = ROUNDS;
	c->r[R_BX] = c->r[R_BP] = c->r[R_10] = c->r[R_11] = 0;
	LOADED(&r, spaces);
	return r;
}

static void spaces_right(struct sys_rig *r)
{
	EQ(ROUNDS, r->c->r[R_BX]);
	EQ(1000 * ROUNDS, r->c->r[R_BP]);
	EQ(ROUNDS, r->c->r[R_10]);
	EQ(-(uint64_t)ROUNDS, r->c->r[R_11]);
}

TIER_TEST(two_address_spaces)
{
	struct sys_rig r = rig_spaces(0);

	EQ(-1, payload_go(&r).vector);
	spaces_right(&r);
	EQ(r.c->r[R_DI], r.c->r[R_8]);
	EQ(r.c->r[R_SI], r.c->cr3);
	if (tier_now == TIER_TRANSLATE && !r.c->verify)
		CHECK(r.c->stats.exits_interp < ROUNDS / 4);
	sys_rig_free(&r);
}

TIER_TEST(a_cr3_that_is_none)
{
	struct sys_rig r = rig_spaces(0);

	r.c->r[R_9] |= 1ull << 60;
	EQ(EXC_GP, payload_go(&r).vector);
	spaces_right(&r);
	EQ(r.c->r[R_DI], r.c->cr3);
	sys_rig_free(&r);
	r = rig_spaces(3);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* Bit 63 is no part of it. What was changed in memory counts from the next load without it. */
TIER_TEST(address_spaces_with_pcids)
{
	struct sys_rig r = rig_spaces(0);
	uint64_t at = r.c->r[R_DI];

	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_PCIDE));
	r.c->r[R_SI] |= 1ull << 63 | 5;
	r.c->r[R_DI] |= 1ull << 63 | 6;
	EQ(-1, payload_go(&r).vector);
	spaces_right(&r);
	EQ(at | 6, r.c->r[R_8]);
	map_long(&r, at, AWAY, USER_PAGE, 12, 7, 7);
	r.c->r[R_DI] = at | 6;
	r.c->r[R_BX] = r.c->r[R_BP] = 0;
	r.c->r[R_14] = ROUNDS;
	LOADED(&r, spaces);
	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BX]);
	EQ(ROUNDS, r.c->r[R_BP]);
	sys_rig_free(&r);
}

/* ---- INVLPG ---- */

PAYLOAD(remaps, 64,
	"1: mov [rdi], rdx; invlpg [rsi]; add rbx, [rsi]; mov [rdi], rcx; invlpg [rsi + 0xfff];"
	"add rbp, [rsi]; dec r14; jnz 1b; mov [rdi], rdx; add r9, [rsi]; invlpg fs:[r8];"
	"add r10, [rsi]; hlt");

static struct sys_rig rig_remaps(unsigned cpl)
{
	struct sys_rig r = payload_rig(true, cpl);

	ram_put(&r, USER_PAGE, 8, 1);
	ram_put(&r, OTHER_PAGE, 8, 1000);
	r.c->r[R_SI] = AWAY;
	r.c->r[R_DI] = page_put(&r, AWAY, USER_PAGE, 7);
	r.c->r[R_DX] = USER_PAGE | 7;
	r.c->r[R_CX] = OTHER_PAGE | 7;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_BX] = r.c->r[R_BP] = r.c->r[R_9] = r.c->r[R_10] = r.c->r[R_8] = 0;
	r.c->seg[SEG_FS].base = AWAY;
	LOADED(&r, remaps);
	return r;
}

TIER_TEST(pages_that_are_mapped_anew)
{
	struct sys_rig r = rig_remaps(0);

	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BX]);
	EQ(1000 * ROUNDS, r.c->r[R_BP]);
	EQ(1000, r.c->r[R_9]); /* the old one, until it is told */
	EQ(1, r.c->r[R_10]);
	if (tier_now == TIER_TRANSLATE && !r.c->verify)
		CHECK(r.c->stats.exits_interp < ROUNDS / 4);
	sys_rig_free(&r);
	r = rig_remaps(3);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}
