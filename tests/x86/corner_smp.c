/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of two vCPUs (docs/engine.md, hard cases): what one does atomically, what one writes
 * where the other runs, how one starts and wakes the other. Two threads where that is the point,
 * else turns.
 *
 * Spec: Intel SDM volume 3, 8.1 (LOCK), 8.1.3 (cross-modifying code), 8.4 (INIT, SIPI), 10.6
 * (interrupt command register), 10.12 (x2APIC).
 */
#include "hypervisor/x86/cpu.h"
#include "tests/x86/box.h"

#define DATA 0x20000
#define F    0x30000 /* code of both */

/* ---- 16: LOCK excludes the other, on lines, pages, and with XCHG ---- */

PAYLOAD(count, 32,
	"mov ecx, 2000;"
	"1: lock inc dword ptr [0x20000];"
	"mov eax, 1; lock xadd [0x20004], eax;"
	"lock add byte ptr [0x20003], 0;"
	"2: mov eax, 1; xchg [0x20008], eax; test eax, eax; jz 3f; pause; jmp 2b;"
	"3: inc dword ptr [0x2000c]; mov dword ptr [0x20008], 0;"
	"4: mov eax, [0x20010]; lea edx, [eax + 3]; lock cmpxchg [0x20010], edx; jnz 4b;"
	"5: mov eax, [0x20018]; mov edx, [0x2001c]; lea ebx, [eax + 1]; mov esi, ecx;"
	"lea ecx, [edx + 1]; lock cmpxchg8b [0x20018]; mov ecx, esi; jnz 5b;"
	"dec ecx; jnz 1b; hlt");

TIER_TEST(corner_16_lock_on_two_vcpus)
{
	struct box b;

	box_new(&b);
	box_flat(b.c[1]);
	PUT(&b, BOX_AT(0), count);
	PUT(&b, BOX_AT(1), count);
	box_run(&b);
	EQ(4000, box_ram(&b, DATA));
	EQ(4000, box_ram(&b, DATA + 4));
	EQ(4000, box_ram(&b, DATA + 0xc));
	EQ(12000, box_ram(&b, DATA + 0x10));
	EQ(4000, box_ram(&b, DATA + 0x18));
	EQ(4000, box_ram(&b, DATA + 0x1c));
	box_free(&b);
}

PAYLOAD(split, 32,
	"mov ecx, 500;"
	"1: lock inc dword ptr [0x20ffe];" /* two pages */
	"lock add dword ptr [0x2103e], 3;" /* two lines */
	"mov eax, 1; lock xadd [0x21ffd], eax; lock bts [0x22ffe], ecx;"
	"dec ecx; jnz 1b; hlt");

TIER_TEST(corner_16_split_lock_on_two_vcpus)
{
	struct box b;

	box_new(&b);
	box_flat(b.c[1]);
	PUT(&b, BOX_AT(0), split);
	PUT(&b, BOX_AT(1), split);
	box_run(&b);
	EQ(1000, box_ram(&b, DATA + 0xffe));
	EQ(3000, box_ram(&b, DATA + 0x103e));
	EQ(1000, box_ram(&b, DATA + 0x1ffd));
	box_free(&b);
}

/* ---- 5, 48: code that the other vCPU changes ---- */

/* At F: mov eax, imm; ret. The writer goes by Linux's text_poke: INT3 over the first byte, the
 * tail, the first byte, each step when the runner has been round twice more since. */
PAYLOAD(poker, 32,
	"mov esi, 40; mov ebx, 0x22222222;"
	"1: mov byte ptr [0x30000], 0xcc; call 9f;"
	"mov [0x30001], ebx; call 9f;"
	"mov byte ptr [0x30000], 0xb8; call 9f;"
	"xor ebx, 0x33333333; dec esi; jnz 1b;"
	"mov dword ptr [0x20000], 1; hlt;"
	"9: mov eax, [0x20004]; add eax, 2;"
	"8: pause; mov edx, [0x20004]; sub edx, eax; js 8b; ret");
PAYLOAD(runner, 32,
	"mov esi, 0x30000; 1: call esi; cmp eax, 0x11111111; je 2f; cmp eax, 0x22222222; je 2f;"
	"inc dword ptr [0x20008];" /* torn */
	"2: inc dword ptr [0x20004]; cmp dword ptr [0x20000], 0; je 1b; call esi; hlt");
/* #BP: as if the instruction had been the old one. */
PAYLOAD(poke_bp, 32, "mov eax, 0x11111111; add dword ptr [esp], 4; inc dword ptr [0x2000c]; iretd");

TIER_TEST(corner_05_int3_protocol_on_two_vcpus)
{
	struct box b;

	box_new(&b);
	box_flat(b.c[1]);
	PUT(&b, BOX_AT(0), poker);
	PUT(&b, BOX_AT(1), runner);
	PUT(&b, 0x9800, poke_bp);
	box_gate(&b, EXC_BP, 0x9800);
	memcpy(b.ram + F, "\xb8\x11\x11\x11\x11\xc3", 6);
	box_run(&b);
	EQ(0, box_ram(&b, DATA + 8));
	CHECK(box_ram(&b, DATA + 0xc));  /* it did meet INT3 */
	EQ(0x11111111, b.c[1]->r[R_AX]); /* after an even number of changes */
	box_free(&b);
}

/* SDM 8.1.3: new code, then a flag; who sees the flag and serializes runs the new code. */
PAYLOAD(writer, 32,
	"mov ecx, 1; 1: mov [0x30001], ecx; mov [0x20000], ecx;"
	"2: pause; cmp [0x20004], ecx; jne 2b; inc ecx; cmp ecx, 100; jne 1b; hlt");
PAYLOAD(reader, 32,
	"mov edi, 1; 1: pause; cmp [0x20000], edi; jne 1b; mov eax, 0; cpuid;"
	"mov esi, 0x30000; call esi; cmp eax, edi; je 2f; inc dword ptr [0x20008];"
	"2: mov [0x20004], edi; inc edi; cmp edi, 100; jne 1b; hlt");

TIER_TEST(corner_48_store_to_code_is_seen_by_the_other)
{
	struct box b;

	box_new(&b);
	box_flat(b.c[1]);
	PUT(&b, BOX_AT(0), writer);
	PUT(&b, BOX_AT(1), reader);
	memcpy(b.ram + F, "\xb8\0\0\0\0\xc3", 6);
	box_run(&b);
	EQ(0, box_ram(&b, DATA + 8));
	EQ(99, box_ram(&b, DATA + 4));
	box_free(&b);
}

/* ---- 44, 45: start and wake, in turns ---- */

PAYLOAD(starter, 32,
	"mov edi, 0xfee00000; mov dword ptr [edi + 0xf0], 0x1ff;"
	"mov dword ptr [edi + 0x310], 0x01000000; mov dword ptr [edi + 0x300], 0x4500; hlt;"
	"mov dword ptr [edi + 0x300], 0x4609; hlt;"  /* SIPI, 9000:0 */
	"mov dword ptr [edi + 0x300], 0x460a; hlt"); /* not waited for any more */
PAYLOAD(started, 16, "mov ax, cs; mov bx, sp; cli; hlt; inc cx; hlt");

static enum engine_stop turn(struct box *b, unsigned vcpu)
{
	return b->en->ops->run(b->en, vcpu, 10000);
}

static bool runnable(struct box *b, unsigned vcpu)
{
	bool is;

	domain_lock(b->dom);
	is = b->en->ops->runnable(b->en, vcpu);
	domain_unlock(b->dom);
	return is;
}

TIER_TEST(corner_45_init_and_sipi)
{
	struct box b;
	struct cpu *ap;

	box_new(&b);
	ap = b.c[1];
	PUT(&b, BOX_AT(0), starter);
	PUT(&b, 0x9000, started);
	CHECK(!runnable(&b, 1)); /* after reset */
	box_flat(ap);            /* … but let it have been at something */
	ap->cr4 = CR4_PSE;
	ap->flags |= FL_IF | FL_CF;
	ap->lstar = 0x1234;
	EQ(ENGINE_HALTED, turn(&b, 0));
	CHECK(runnable(&b, 1));
	EQ(ENGINE_HALTED, turn(&b, 1));
	CHECK(!runnable(&b, 1)); /* INIT: waits */
	EQ(CR0_ET, ap->cr0);
	EQ(0, ap->cr4);
	EQ(FL_1, ap->flags);
	EQ(0x1234, ap->lstar); /* of reset alone */
	EQ(0xfff0, ap->rip);
	b.c[0]->halted = false;
	EQ(ENGINE_HALTED, turn(&b, 0));
	CHECK(runnable(&b, 1));
	EQ(ENGINE_HALTED, turn(&b, 1));
	EQ(0x900, ap->r[R_AX]);
	EQ(0x9000, ap->seg[SEG_CS].base);
	EQ(6, ap->rip);
	EQ(ap->r[R_DX], b.c[0]->r[R_DX] | ap->r[R_DX]); /* both have the version there */
	CHECK(!runnable(&b, 1));
	b.c[0]->halted = false;
	EQ(ENGINE_HALTED, turn(&b, 0));
	EQ(ENGINE_HALTED, turn(&b, 1));
	EQ(6, ap->rip);
	EQ(0, ap->r[R_CX]);
	box_free(&b);
}

PAYLOAD(sleeper, 32,
	"mov al, 0xff; out 0x21, al; out 0xa1, al;"
	"mov dword ptr [0xfee000f0], 0x1ff; sti; hlt; mov ebx, esi; cli; hlt; mov ebp, esi; hlt");
PAYLOAD(sleeper_ipi, 32, "inc esi; mov dword ptr [0xfee000b0], 0; iretd");
PAYLOAD(sleeper_nmi, 32, "add esi, 0x100; iretd");
PAYLOAD(waker, 32,
	"mov dword ptr [0xfee000f0], 0x1ff; mov dword ptr [0xfee00310], 0x01000000;"
	"mov dword ptr [0xfee00300], 0x4060; hlt; mov dword ptr [0xfee00300], 0x4061; hlt;"
	"mov dword ptr [0xfee00300], 0x4400; hlt");

TIER_TEST(corner_44_hlt_wakes_by_ipi_and_nmi)
{
	struct box b;

	box_new(&b);
	box_flat(b.c[1]);
	b.c[1]->r[R_SI] = 0;
	PUT(&b, BOX_AT(0), waker);
	PUT(&b, BOX_AT(1), sleeper);
	PUT(&b, 0x9800, sleeper_ipi);
	PUT(&b, 0x9900, sleeper_nmi);
	box_gate(&b, 0x60, 0x9800);
	box_gate(&b, EXC_NMI, 0x9900);
	EQ(ENGINE_HALTED, turn(&b, 1));
	CHECK(!runnable(&b, 1));
	EQ(ENGINE_HALTED, turn(&b, 0)); /* a fixed one */
	CHECK(runnable(&b, 1));
	EQ(ENGINE_HALTED, turn(&b, 1));
	EQ(1, b.c[1]->r[R_BX]);
	b.c[0]->halted = false;
	EQ(ENGINE_HALTED, turn(&b, 0)); /* another, but IF is clear */
	CHECK(!runnable(&b, 1));
	b.c[0]->halted = false;
	EQ(ENGINE_HALTED, turn(&b, 0)); /* NMI */
	CHECK(runnable(&b, 1));
	EQ(ENGINE_HALTED, turn(&b, 1));
	EQ(0x101, b.c[1]->r[R_BP]);
	box_free(&b);
}

/* The self-IPI is a WRMSR in the middle of straight code: it comes before the next instruction. */
PAYLOAD(x2apic, 32,
	"mov al, 0xff; out 0x21, al; out 0xa1, al;" /* the 8259s say nothing */
	"mov ecx, 0x1b; rdmsr; or eax, 0xc00; wrmsr;"
	"mov ecx, 0x80f; mov eax, 0x1ff; xor edx, edx; wrmsr; xor ebx, ebx; xor esi, esi; sti; nop;"
	"mov ecx, 0x83f; mov eax, 0x60; wrmsr; inc ebx; inc ebx; mov ecx, 0x802; rdmsr; hlt");
PAYLOAD(x2apic_ipi, 32,
	"lea esi, [ebx + 0x100]; push eax; mov ecx, 0x80b; xor eax, eax; xor edx, edx; wrmsr;"
	"pop eax; iretd");

TIER_TEST(corner_45_x2apic_within_a_block)
{
	struct box b;

	box_new(&b);
	PUT(&b, BOX_AT(0), x2apic);
	PUT(&b, 0x9800, x2apic_ipi);
	box_gate(&b, 0x60, 0x9800);
	EQ(ENGINE_HALTED, turn(&b, 0));
	EQ(2, b.c[0]->r[R_BX]);
	EQ(0x100, b.c[0]->r[R_SI]);
	EQ(0, b.c[0]->r[R_AX]); /* the APIC's number */
	CHECK(b.c[0]->flags & FL_IF);
	box_free(&b);
}

/* IA32_TSC_DEADLINE: the interrupt of the count that is reached, once; then the register is 0. */
PAYLOAD(deadline, 32,
	"mov al, 0xff; out 0x21, al; out 0xa1, al;"
	"mov dword ptr [0xfee000f0], 0x1ff; mov dword ptr [0xfee00320], 0x40060;"
	"mov ecx, 0x6e0; rdtsc; add eax, 1000; adc edx, 0; wrmsr; sti; hlt;"
	"rdmsr; or eax, edx; cli; hlt");
PAYLOAD(deadline_ipi, 32, "inc esi; mov dword ptr [0xfee000b0], 0; iretd");

TIER_TEST(corner_37_tsc_deadline)
{
	struct clock *clock = clock_new(CLOCK_MANUAL);
	struct box b;

	box_new_on(&b, clock);
	b.c[0]->r[R_SI] = 0;
	PUT(&b, BOX_AT(0), deadline);
	PUT(&b, 0x9800, deadline_ipi);
	box_gate(&b, 0x60, 0x9800);
	EQ(ENGINE_HALTED, turn(&b, 0));
	clock_advance(clock, 999);
	CHECK(!runnable(&b, 0));
	clock_advance(clock, 1);
	CHECK(runnable(&b, 0));
	EQ(ENGINE_HALTED, turn(&b, 0));
	EQ(1, b.c[0]->r[R_SI]);
	EQ(0, b.c[0]->r[R_AX]);
	box_free(&b);
	clock_free(clock);
}
