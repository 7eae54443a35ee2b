/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that one vCPU changes while another runs it, each through two addresses of the same memory.
 * What the runner gets is the old function or the new one, whole; once it was told and has
 * serialized, the new one.
 *
 * Spec: Intel SDM volume 3, 8.1.3 (cross-modifying code), 8.1.1 (aligned stores of 8 bytes). A
 * store of one aligned quadword over code that runs is more than the manual allows without INT3,
 * but processors do it so, and guests' kernels patch their functions' beginnings that way.
 *
 * CROSS_N: how many stores of those tests that store without waiting; CROSS_SEED.
 */
#include "tests/x86/box.h"
#include "tests/x86/oracle.h"

#include <unistd.h>

enum { ALIAS = 0x200000, PML4 = 0x10000, PDPT = 0x11000, PD = 0x12000 };
/* Of both: what they tell each other. */
enum { DONE = 0x20000, ROUNDS = 0x20004, BAD = 0x20008, TRAPS = 0x2000c };
enum { STARTED = 0x21000, PUBLISHED = 0x21040, SLOTS = 0x21080, N_SLOTS = 8 };
enum { F = 0x30000, VARIANTS = 0x60000 };

/* ---- 64-bit mode, all memory below ALIAS there once more ---- */

static void go_64(struct box *b, struct cpu *c)
{
	box_flat(c);
	store_le(b->ram + PML4, 8, PDPT | 7);
	store_le(b->ram + PDPT, 8, PD | 7);
	store_le(b->ram + PD, 8, 0x87);
	store_le(b->ram + PD + 8, 8, 0x87);
	c->cr3 = PML4;
	c->cr4 = CR4_PAE | CR4_OSFXSR;
	c->efer = EFER_LME | EFER_LMA;
	c->cr0 |= CR0_PG | CR0_NE;
	c->long_mode = true;
	c->seg[SEG_CS].sel = 0x18;
	c->seg[SEG_CS].attr = (uint16_t)((c->seg[SEG_CS].attr & ~SEG_DB) | SEG_L);
	cpu_set_cs_mode(c);
	mmu_flush(c, true);
}

static void gate_64(struct box *b, unsigned vector, uint32_t at)
{
	uint8_t *p = b->ram + BOX_IDT + 16 * vector;

	store_le(p, 8, (at & 0xffff) | 0x18 << 16 | 0x8e00ull << 32 | (uint64_t)(at >> 16) << 48);
	store_le(p + 8, 8, 0);
}

/* A fault is a torn instruction; it ends the runner. */
PAYLOAD(torn, 64, "mov dword ptr [0x20008], 0x10000; mov dword ptr [0x20000], 1; hlt");

static unsigned long stores(void)
{
	unsigned long n = or_number("CROSS_N", 4000);

	alarm(60 + (unsigned)(n / 500));
	return n;
}

static void open_64(struct box *b)
{
	static const uint8_t faults[] = {EXC_DE, EXC_BP, EXC_UD, EXC_SS, EXC_GP, EXC_PF};

	box_new(b);
	for (unsigned i = 0; i < 2; i++)
		go_64(b, b->c[i]);
	PUT(b, 0xa000, torn);
	for (unsigned i = 0; i < sizeof(faults); i++)
		gate_64(b, faults[i], 0xa000);
}

/* ---- another instruction by one aligned store ---- */

/* rdi, rsi: where to; r8: what. Now and then it lets the runner go round. */
PAYLOAD(store_8, 64,
	"1: pause; cmp dword ptr [0x20004], 0; je 1b;"
	"2: mov eax, ecx; and eax, 3; mov rax, [r8 + rax * 8]; mov [rdi], rax; xchg rdi, rsi;"
	"test cl, 63; jnz 3f; mov edx, [0x20004]; inc edx;"
	"4: pause; cmp dword ptr [0x20000], 0; jne 5f; mov eax, [0x20004]; sub eax, edx; js 4b;"
	"3: dec ecx; jnz 2b; 5: mov dword ptr [0x20000], 1; hlt");
PAYLOAD(run_8, 64,
	"1: mov eax, 3; call rdi; dec eax; cmp eax, 3; jbe 2f; inc dword ptr [0x20008];"
	"2: xchg rdi, rsi; lock inc dword ptr [0x20004]; cmp dword ptr [0x20000], 0; je 1b;"
	"xor eax, eax; cpuid; call rdi; mov r14, rax; call rsi; mov r15, rax; hlt");

/* Five bytes, then always the same RET: what is between two instructions is not changed. */
TIER_TEST(other_instruction_by_aligned_stores)
{
	static const uint8_t code[4][8] = {
		{0xb8, 1, 0, 0, 0, 0xc3, 0x90, 0x90},       /* mov eax, 1 */
		{0xe9, 3, 0, 0, 0, 0xc3, 0x90, 0x90},       /* jmp to what comes next */
		{0x0f, 0x1f, 0x44, 0, 0, 0xc3, 0x90, 0x90}, /* nop */
		{0x05, 1, 0, 0, 0, 0xc3, 0x90, 0x90},       /* add eax, 1 */
	};
	static const uint8_t two[] = {0xb8, 2, 0, 0, 0, 0xc3};
	struct box b;

	open_64(&b);
	memcpy(b.ram + VARIANTS, code, sizeof(code));
	memcpy(b.ram + F + 0x18, code[0], 8);
	memcpy(b.ram + F + 0x20, two, sizeof(two));
	PUT(&b, BOX_AT(0), store_8);
	PUT(&b, BOX_AT(1), run_8);
	for (unsigned i = 0; i < 2; i++) {
		b.c[i]->r[R_DI] = F + 0x18;
		b.c[i]->r[R_SI] = F + 0x18 + ALIAS;
	}
	b.c[0]->r[8] = VARIANTS;
	b.c[0]->r[R_CX] = stores();
	box_run(&b);
	EQ(0, box_ram(&b, BAD));
	EQ(2, b.c[1]->r[14]); /* the last one */
	EQ(2, b.c[1]->r[15]);
	box_free(&b);
}

/* ---- functions by generation ---- */

/*
 * Functions of 8 bytes return their generation. The writer says which one it is about to write
 * (STARTED) and which one is there (PUBLISHED); the runner takes one, by chance, and the generation
 * that it gets is not below what was published before nor above what was started after. r11 is the
 * chance, bit 30 the address, r10 the generation.
 */
#define CHANCE "imul r11d, r11d, 1103515245; add r11d, 12345;"
PAYLOAD(generations, 64,
	"fninit; 1: pause; cmp dword ptr [0x20004], 0; je 1b;"
	"2:" CHANCE "mov edx, r11d; shr edx, 20; and edx, 7; inc r10d;"
	"mov [rdx * 4 + 0x21000], r10d;"
	"mov eax, r10d; shl rax, 8; mov r9, 0x9090c300000000b8; or rax, r9;"
	"mov rdi, [rdx * 8 + 0x21080]; bt r11d, 30; jnc 3f; add rdi, 0x200000;"
	"3: mov ebx, r11d; shr ebx, 24; and ebx, 7;"
	"cmp ebx, 1; jb 10f; je 11f; cmp ebx, 3; jb 12f; je 13f; cmp ebx, 5; jb 14f; je 15f;"
	"10: mov [rdi], rax; jmp 20f;"
	"11: xchg [rdi], rax; jmp 20f;"
	"12: movq xmm0, rax; movq qword ptr [rdi], xmm0; jmp 20f;"
	"13: stosq; jmp 20f;"
	"14: push rax; fild qword ptr [rsp]; pop rax; fistp qword ptr [rdi]; jmp 20f;"
	"15: mov r8, rax; mov rax, [rdi]; 16: lock cmpxchg [rdi], r8; jnz 16b;"
	"20: mov [rdx * 4 + 0x21040], r10d;"
	"test cl, 7; jnz 22f; mov edx, [0x20004]; inc edx;"
	"21: pause; cmp dword ptr [0x20000], 0; jne 23f; mov eax, [0x20004]; sub eax, edx; js 21b;"
	"22: dec ecx; jnz 2b; 23: mov dword ptr [0x20000], 1; hlt");
PAYLOAD(generation_runner, 64,
	"1:" CHANCE "mov r8d, r11d; shr r8d, 20; and r8d, 7;"
	"mov r12d, [r8 * 4 + 0x21040]; xor eax, eax; cpuid;"
	"mov rdi, [r8 * 8 + 0x21080]; bt r11d, 30; jnc 2f; add rdi, 0x200000; 2: call rdi;"
	"mov ebx, [r8 * 4 + 0x21000];"
	"cmp eax, r12d; jb 3f; cmp eax, ebx; jbe 4f; 3: inc dword ptr [0x20008];"
	"4: lock inc dword ptr [0x20004]; cmp dword ptr [0x20000], 0; je 1b;"
	"xor eax, eax; cpuid; mov r8d, 7;" /* at the end all are the last of theirs */
	"5: mov rdi, [r8 * 8 + 0x21080]; call rdi; cmp eax, [r8 * 4 + 0x21040]; jne 6f;"
	"add rdi, 0x200000; call rdi; cmp eax, [r8 * 4 + 0x21040]; je 7f;"
	"6: inc dword ptr [0x20008]; 7: dec r8d; jns 5b; hlt");

TIER_TEST(generations_of_functions)
{
	static const uint8_t none[8] = {0xb8, 0, 0, 0, 0, 0xc3, 0x90, 0x90};
	struct box b;

	open_64(&b);
	or_seed(or_number("CROSS_SEED", 1));
	for (unsigned i = 0; i < N_SLOTS; i++) { /* three in the page of the runner */
		unsigned at = i < 3 ? 0x9800 + 0x40 * i : F + 0x400 * i + 8 * or_below(0x80);

		store_le(b.ram + SLOTS + 8 * i, 8, at);
		memcpy(b.ram + at, none, 8);
	}
	PUT(&b, BOX_AT(0), generations);
	PUT(&b, BOX_AT(1), generation_runner);
	b.c[0]->r[10] = 0;
	b.c[0]->r[R_CX] = stores();
	for (unsigned i = 0; i < 2; i++)
		b.c[i]->r[11] = (uint32_t)or_random();
	box_run(&b);
	EQ(0, box_ram(&b, BAD));
	box_free(&b);
}

/* ---- INT3, the tail, the first byte ---- */

/*
 * A jump label, as Linux has it: five bytes of NOP or a JMP. Between two steps the writer waits
 * until the runner has been round twice, and serialized. 0x20010: what the function returns for
 * certain, 0 while that is not so; 0x20014: how often that changed.
 */
PAYLOAD(label_poke, 64,
	"1: mov dword ptr [0x20010], 0; inc dword ptr [0x20014];"
	"mov byte ptr [rdi], 0xcc; call 9f;"
	"mov eax, ecx; and eax, 1; mov rbx, [r8 + rax * 8]; inc eax; mov r9d, eax;"
	"mov rax, rbx; shr rax, 8; mov [rsi + 1], eax; call 9f;"
	"mov [rdi], bl; call 9f;"
	"mov [0x20010], r9d; call 9f; xchg rdi, rsi; dec ecx; jnz 1b;"
	"2: mov dword ptr [0x20000], 1; hlt;"
	"9: mov edx, [0x20004]; add edx, 2;"
	"8: pause; cmp dword ptr [0x20000], 0; jne 2b; mov eax, [0x20004]; sub eax, edx; js 8b;"
	"ret");
PAYLOAD(label_runner, 64,
	"1: mov r8d, [0x20014]; mov r9d, [0x20010]; xor eax, eax; cpuid; call rdi;"
	"mov r10d, [0x20014]; mov edx, eax; dec edx; cmp edx, 1; ja 2f;" /* 1 or 2 */
	"cmp r8d, r10d; jne 3f; test r9d, r9d; jz 3f; cmp eax, r9d; je 3f;"
	"2: inc dword ptr [0x20008];"
	"3: xchg rdi, rsi; lock inc dword ptr [0x20004]; cmp dword ptr [0x20000], 0; je 1b; hlt");
/* As if it had been the NOP. */
PAYLOAD(label_bp, 64, "add qword ptr [rsp], 4; lock inc dword ptr [0x2000c]; iretq");

static const struct {
	const char *name;
	unsigned at;
} labels[] = {{"aligned", F}, {"over a line", F + 0x7d}, {"over a page", F + 0xffe}};

TIER_TEST_EACH(jump_label, ARRAY_SIZE(labels), labels[i].name)
{
	static const uint8_t rest[] = {0xb8, 1, 0, 0, 0, 0xc3, 0xb8, 2, 0, 0, 0, 0xc3};
	static const uint8_t head[2][8] = {{0x0f, 0x1f, 0x44, 0, 0}, {0xe9, 6, 0, 0, 0}};
	unsigned at = labels[i].at;
	struct box b;

	open_64(&b);
	memcpy(b.ram + at, head[0], 5);
	memcpy(b.ram + at + 5, rest, sizeof(rest));
	memcpy(b.ram + VARIANTS, head, sizeof(head));
	PUT(&b, BOX_AT(0), label_poke);
	PUT(&b, BOX_AT(1), label_runner);
	PUT(&b, 0xa800, label_bp);
	gate_64(&b, EXC_BP, 0xa800);
	b.c[0]->r[R_CX] = 60;
	b.c[0]->r[8] = VARIANTS;
	for (unsigned v = 0; v < 2; v++) {
		b.c[v]->r[R_DI] = at;
		b.c[v]->r[R_SI] = at + ALIAS;
	}
	box_run(&b);
	EQ(0, box_ram(&b, BAD));
	CHECK(box_ram(&b, TRAPS)); /* it did meet INT3 */
	box_free(&b);
}

/* ---- whole functions, both ways ---- */

/*
 * Each writes the other's function, says so, waits for its own and calls it. r12, r13: where the
 * other's is; r14, r15: its own; r8: the variants; r9, r10: what it is told, what it tells: round,
 * result, and the round that is over.
 */
PAYLOAD(both_ways, 64,
	"mov ebp, 1;"
	"1: lea eax, [rbp - 1]; 2: pause; cmp [r10 + 16], eax; jb 2b;"
	"imul esi, ebp, 5; add esi, r11d; and esi, 7; shl esi, 9; add rsi, r8;"
	"mov rcx, [rsi]; mov rbx, [rsi + 8]; add rsi, 16; mov rdi, r12; rep movsb; xchg r12, r13;"
	"mov [r10 + 8], ebx; mov [r10], ebp;"
	"3: pause; cmp [r9], ebp; jb 3b; xor eax, eax; cpuid;"
	"call r14; cmp eax, [r9 + 8]; jne 4f; call r15; cmp eax, [r9 + 8]; je 5f;"
	"4: lock inc dword ptr [0x20008];"
	"5: mov [r9 + 16], ebp; inc ebp; cmp ebp, 200; jbe 1b; hlt");

/* A row of ADDs with jumps over nothing in between; what it returns. */
static uint32_t make_function(uint8_t *p, unsigned *len)
{
	unsigned n = 0, adds = 1 + or_below(40);
	uint32_t sum = 0, by;

	p[n++] = 0x31;
	p[n++] = 0xc0;
	for (unsigned i = 0; i < adds; i++) {
		by = (uint32_t)or_random();
		sum += by;
		p[n] = 0x05; /* add eax, by */
		store_le(p + n + 1, 4, by);
		n += 5;
		if (or_one_in(3)) {
			memcpy(p + n, "\xeb\x01\xcc", 3);
			n += 3;
		}
	}
	p[n++] = 0xc3;
	*len = n;
	return sum;
}

TIER_TEST(functions_of_each_other)
{
	struct box b;

	open_64(&b);
	or_seed(or_number("CROSS_SEED", 1));
	for (unsigned v = 0; v < 8; v++) {
		uint8_t *p = b.ram + VARIANTS + 512 * v;
		unsigned len;

		store_le(p + 8, 8, make_function(p + 16, &len));
		store_le(p, 8, len);
	}
	for (unsigned v = 0; v < 2; v++) {
		struct cpu *c = b.c[v];
		unsigned own = F + 0x2000 * v + 0xf80, other = F + 0x2000 * !v + 0xf80;

		PUT(&b, BOX_AT(v), both_ways);
		c->r[8] = VARIANTS;
		c->r[9] = STARTED + 32 * v;
		c->r[10] = STARTED + 32 * !v;
		c->r[11] = v;
		c->r[12] = other;
		c->r[13] = other + ALIAS;
		c->r[14] = own;
		c->r[15] = own + ALIAS;
	}
	box_run(&b);
	EQ(0, box_ram(&b, BAD));
	for (unsigned v = 0; v < 2; v++)
		EQ(200, box_ram(&b, STARTED + 32 * v + 16));
	box_free(&b);
}
