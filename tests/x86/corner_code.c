/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of fetching, decoding and changing code (docs/engine.md, hard cases): the instruction
 * as the guest has it in memory at that moment, and nothing else.
 *
 * Spec: Intel SDM volume 1, 3.7 (addresses); volume 2, 2.1-2.2 (prefixes), UD; volume 3, 8.1.3
 * (self-modifying code), 20.1 (real mode).
 */
#include "hypervisor/core.h"
#include "hypervisor/x86/cpu.h"
#include "tests/x86/sys_rig.h"

#define DATA 0x20000

/* ---- 1-3: what is fetched ---- */

PAYLOAD(over_a_page, 64, "mov eax, 0x11223344; hlt");

TIER_TEST(corner_01_second_page_of_an_instruction_absent)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	page_put(&r, 0x21000, 0, 0);
	payload_load(&r, 0x20ffe, over_a_page_start, over_a_page_end);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(0x21000, r.c->cr2); /* not where the instruction starts */
	EQ(0x10, t.error);     /* a fetch, not present */
	EQ(0x20ffe, t.rip);
	EQ(0, r.c->r[R_AX]);
	page_put(&r, 0x21000, 0x21000, 7);
	r.c->rip = t.rip;
	EQ(-1, payload_go(&r).vector);
	EQ(0x11223344, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(two_pages, 64,
	"mov edx, 0x20ffe; call rdx; mov ebx, eax;"
	"mov [rsi], rdi; invlpg [0x21000]; call rdx; hlt");

TIER_TEST(corner_02_second_page_of_an_instruction_remapped)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SI] = page_put(&r, 0x21000, 0x30000, 7);
	r.c->r[R_DI] = 0x31007;
	memcpy(r.ram + 0x20ffe, "\xb8\x01", 2); /* mov eax, …; ret */
	memcpy(r.ram + 0x30000, "\x02\x03\x04\xc3", 4);
	memcpy(r.ram + 0x31000, "\x12\x13\x14\xc3", 4);
	page_put(&r, 0x100000, 0x100000, 7); /* the table, to be written */
	LOADED(&r, two_pages);
	EQ(-1, payload_go(&r).vector);
	EQ(0x04030201, r.c->r[R_BX]);
	EQ(0x14131201, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(fifteen, 64, ".rept 14; .byte 0x66; .endr; nop; hlt");
PAYLOAD(sixteen, 64, ".rept 15; .byte 0x66; .endr; nop; hlt");

TIER_TEST(corner_03_fifteen_bytes_and_no_more)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	LOADED(&r, fifteen);
	EQ(-1, payload_go(&r).vector);
	EQ(AT_CODE + 16, r.c->rip);
	LOADED(&r, sixteen);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0, t.error);
	EQ(AT_CODE, t.rip);
	sys_rig_free(&r);
}

PAYLOAD(five_bytes, 32, "mov eax, 0x11223344; hlt");

TIER_TEST(corner_03_each_byte_within_the_limit)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_prot(&r, 0);
	payload_traps(&r);
	LOADED(&r, five_bytes);
	r.c->seg[SEG_CS].limit = AT_CODE + 3;
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(AT_CODE, t.rip);
	EQ(0, r.c->r[R_AX]);
	LOADED(&r, five_bytes);
	r.c->seg[SEG_CS].limit = AT_CODE + 4;
	t = payload_go(&r);
	EQ(EXC_GP, t.vector); /* of the HLT behind it */
	EQ(AT_CODE + 5, t.rip);
	EQ(0x11223344, r.c->r[R_AX]);
	sys_rig_free(&r);
}

/* ---- 4, 5, 47, 48: code that changes ---- */

/* mov byte [1f + 1], 7; mov dword [2f], nop; inc al; nop */
PAYLOAD(next_insn, 32,
	".byte 0xc6, 0x05; .long 0x8000 + 1f + 1 - next_insn_start; .byte 7;"
	"1: mov bl, 5;"
	".byte 0xc7, 0x05; .long 0x8000 + 2f - next_insn_start, 0x90c0fe90;"
	"nop; nop; 2: dec ecx; dec ecx; dec ecx; dec ecx;"
	"hlt");

TIER_TEST(corner_04_store_to_the_next_instruction)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	LOADED(&r, next_insn);
	EQ(-1, payload_go(&r).vector);
	EQ(7, r.c->r[R_BX]);
	EQ(1, r.c->r[R_AX]);
	EQ(0, r.c->r[R_CX]);
	sys_rig_free(&r);
}

/* Each turn raises the immediate of the instruction in the same block: 1 + 2 + … + 5. */
PAYLOAD(own_loop, 64,
	"mov ecx, 5; xor eax, eax;"
	"1: inc byte ptr [rip + 2f + 1]; 2: add al, 0; dec ecx; jnz 1b; hlt");

TIER_TEST(corner_04_a_loop_that_changes_itself)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	LOADED(&r, own_loop);
	EQ(-1, payload_go(&r).vector);
	EQ(15, r.c->r[R_AX] & 0xff);
	sys_rig_free(&r);
}

/* REP STOSB runs over itself: what is underway goes on, what follows is new. */
PAYLOAD(rep_over_itself, 32, "mov ecx, 16; mov al, 0x43; rep stosb; nop; hlt");

TIER_TEST(corner_04_rep_stos_over_itself)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	LOADED(&r, rep_over_itself);
	r.c->r[R_DI] = AT_CODE + 7; /* the REP itself; 16 times INC EBX */
	r.ram[AT_CODE + 7 + 16] = 0xf4;
	EQ(-1, payload_go(&r).vector);
	EQ(14, r.c->r[R_BX]);
	EQ(0, r.c->r[R_CX]);
	sys_rig_free(&r);
}

/* Linux's text_poke: INT3 first, then the tail, then the first byte; the handler finishes it. */
PAYLOAD(poke, 32,
	"call 1f; mov ebx, eax;"
	".byte 0xc6, 0x05; .long 0x8000 + 1f - poke_start; .byte 0xcc;" /* mov byte [1f], 0xcc */
	"call 1f; hlt;"
	"1: mov eax, 1; ret");
PAYLOAD(poke_handler, 32,
	"inc ecx; mov edx, [esp]; dec edx; mov dword ptr [edx + 1], 2; mov byte ptr [edx], 0xb8;"
	"mov [esp], edx; iretd");

TIER_TEST(corner_05_int3_protocol_on_one_vcpu)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	payload_traps(&r);
	payload_load(&r, 0x9800, poke_handler_start, poke_handler_end);
	gate_put(&r, AT_IDT + 8 * EXC_BP, 14, 0, CODE0, 0x9800, 0);
	LOADED(&r, poke);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_BX]);
	EQ(2, r.c->r[R_AX]);
	EQ(1, r.c->r[R_CX]);
	sys_rig_free(&r);
}

/* Page 0x20000 is RAM of 0x30000 from now on, or its own again. */
static void remap(struct machine *m, uint8_t val)
{
	if (val)
		OK(memmap_map(&m->dom->mem, DATA, 0, 0x30000, 0x1000, HV_SRC_RAM, HV_SRC_RAM));
	else
		OK(memmap_unmap(&m->dom->mem, DATA, 0x1000));
}

PAYLOAD(remapped, 32,
	"mov esi, 0x20000; mov edx, 0x503; call esi; mov ebx, eax;"
	"mov al, 1; out dx, al; call esi; mov ecx, eax;"
	"mov al, 0; out dx, al; call esi; hlt");

TIER_TEST(corner_47_memory_map_changes_under_code)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	r.m->poke = remap;
	memcpy(r.ram + DATA, "\xb8\x01\0\0\0\xc3", 6); /* mov eax, 1; ret */
	memcpy(r.ram + 0x30000, "\xb8\x02\0\0\0\xc3", 6);
	LOADED(&r, remapped);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_BX]);
	EQ(2, r.c->r[R_CX]);
	EQ(1, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(remapped_data, 32,
	"mov esi, 0x20000; mov edx, 0x503; mov ebx, [esi];"
	"mov al, 1; out dx, al; mov ecx, [esi];"
	"mov al, 0; out dx, al; mov edi, [esi]; hlt");

TIER_TEST(corner_47_the_next_instruction_finds_other_memory)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	r.m->poke = remap;
	ram_put(&r, DATA, 4, 1);
	ram_put(&r, 0x30000, 4, 2);
	LOADED(&r, remapped_data);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_BX]);
	EQ(2, r.c->r[R_CX]);
	EQ(1, r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(alias, 64,
	"mov esi, 0x20000; call rsi; mov ebx, eax; mov byte ptr [rsi + 0x20001], 2; call rsi; hlt");

TIER_TEST(corner_48_store_through_another_address_of_the_code)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	page_put(&r, 0x40000, DATA, 7);
	memcpy(r.ram + DATA, "\xb8\x01\0\0\0\xc3", 6);
	LOADED(&r, alias);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_BX]);
	EQ(2, r.c->r[R_AX]);
	sys_rig_free(&r);
}

/* ---- 12, 13: the first MiB ---- */

static void set_a20(struct machine *m, uint8_t val)
{
	core_a20(m->dom, val & 1);
}

#define CALL_FFFF_8710 CALL_FAR16(0xffff, 0x8710)
PAYLOAD(a20, 16,
	"mov ax, 0xffff; mov ds, ax; mov dx, 0x503;"
	"mov al, 0; out dx, al; mov bl, ds:[0x8610];" CALL_FFFF_8710 "mov cl, bh;"
	"mov al, 1; out dx, al; mov ch, ds:[0x8610];" CALL_FFFF_8710 "hlt");

TIER_TEST(corner_12_a20_gate_for_data_and_code)
{
	struct sys_rig r = sys_rig("max");

	r.m->poke = set_a20;
	r.ram[0x8600] = 0x11;
	r.ram[0x108600] = 0x22;
	memcpy(r.ram + 0x8700, "\xb7\x01\xcb", 3); /* mov bh, …; retf */
	memcpy(r.ram + 0x108700, "\xb7\x02\xcb", 3);
	LOADED(&r, a20);
	EQ(-1, payload_go(&r).vector);
	EQ(0x11, r.c->r[R_BX] & 0xff);
	EQ(0x2201, r.c->r[R_CX]);
	EQ(2, r.c->r[R_BX] >> 8);
	sys_rig_free(&r);
}

TIER_TEST(corner_13_ip_ends_at_64_kib)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	payload_traps(&r);
	r.ram[0xffff] = 0x90;
	r.c->rip = 0xffff;
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);                  /* past the limit by going on */
	EQ(0, t.rip);                          /* 0x10000, cut to what is pushed */
	memcpy(r.ram + 0xfffd, "\xeb\x20", 2); /* a jump wraps: to 0x1f */
	r.ram[0x1f] = 0xf4;
	r.c->rip = 0xfffd;
	EQ(-1, payload_go(&r).vector);
	EQ(0x20, r.c->rip);
	sys_rig_free(&r);
}

PAYLOAD(unreal, 16,
	"mov eax, cr0; or al, 1; mov cr0, eax; mov bx, 0x10; mov ds, bx;"
	"and al, 0xfe; mov cr0, eax; xor bx, bx; mov ds, bx;"
	"mov esi, 0x108600; mov bl, [esi]; hlt");

TIER_TEST(corner_13_unreal_mode_and_above_1_mib)
{
	struct sys_rig r = sys_rig("max");

	gdt_put(&r, DATA0, 0, 0xfffff, 0x92, 0xc);
	r.c->gdtr = (struct table_reg){AT_GDT, 0xff};
	r.ram[0x108600] = 0x77;
	LOADED(&r, unreal);
	EQ(-1, payload_go(&r).vector);
	EQ(0x77, r.c->r[R_BX]);
	EQ(0, r.c->seg[SEG_DS].base);
	/* Code above 1 MiB: FFFF:8710. */
	r.ram[0x108700] = 0xf4;
	LOADED(&r, unreal);
	memcpy(r.ram + AT_CODE, "\xea\x10\x87\xff\xff", 5);
	EQ(-1, payload_go(&r).vector);
	EQ(0x8711, r.c->rip);
	EQ(0xffff0, r.c->seg[SEG_CS].base);
	sys_rig_free(&r);
}

/* ---- 40: encodings ---- */

/* In 64-bit mode, RAX = 0x1122334455667788, RCX = 33, RDX = 0. */
static const struct {
	const char *name;
	uint8_t code[10];
	uint8_t len;
	int vector;
	uint64_t ax;
} encodings[] = {
#define AX 0x1122334455667788
	{"ud0", {0x0f, 0xff, 0xc0}, 3, EXC_UD, AX},
	{"ud1", {0x0f, 0xb9, 0xc0}, 3, EXC_UD, AX},
	{"ud2", {0x0f, 0x0b}, 2, EXC_UD, AX},
	{"lock nop", {0xf0, 0x90}, 2, EXC_UD, AX},
	{"lock add to a register", {0xf0, 0x01, 0xc8}, 3, EXC_UD, AX},
	{"salc is not of 64-bit mode", {0xd6}, 1, EXC_UD, AX},
	{"pause", {0xf3, 0x90}, 2, -1, AX},
	{"endbr64", {0xf3, 0x0f, 0x1e, 0xfa}, 4, -1, AX},
	{"rdsspq is a nop without CET", {0xf3, 0x48, 0x0f, 0x1e, 0xc8}, 5, -1, AX},
	{"bndmov is a nop without MPX", {0x66, 0x0f, 0x1a, 0xc1}, 4, -1, AX},
	{"bnd jmp", {0xf2, 0xeb, 0x00}, 3, -1, AX},
	{"long nop", {0x66, 0x0f, 0x1f, 0x44, 0, 0}, 6, -1, AX},
	{"rex before 66 is dropped", {0x48, 0x66, 0xb8, 0x34, 0x12}, 5, -1, 0x1122334455661234},
	{"rex last counts", {0x66, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7}, 10, -1, 0xf407060504030201},
	{"xchg rax, rax with rex.b", {0x49, 0x90}, 2, -1, 0x88},
	{"bsf of zero", {0x48, 0x0f, 0xbc, 0xc2}, 4, -1, AX},
	{"shl eax, 33", {0xd3, 0xe0}, 2, -1, 0xaaccef10},
	{"shl rax, 33", {0x48, 0xd3, 0xe0}, 3, -1, 0xaaccef1000000000},
	{"shl ax, 33", {0x66, 0xd3, 0xe0}, 3, -1, 0x112233445566ef10},
	{"66 and F3: the last of F2 and F3", {0xf2, 0xf3, 0x0f, 0xbd, 0xc1}, 5, -1, 26},
	{"vex outside its map", {0xc4, 0xe0, 0x78, 0x77}, 4, EXC_UD, AX},
#undef AX
};

TIER_TEST_EACH(corner_40_encodings, ARRAY_SIZE(encodings), encodings[i].name)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	memset(r.ram + AT_CODE, 0xf4, 32);
	memcpy(r.ram + AT_CODE, encodings[i].code, encodings[i].len);
	r.c->r[R_AX] = 0x1122334455667788;
	r.c->r[R_CX] = 33;
	r.c->r[R_DX] = 0;
	r.c->r[R_8] = 0x88;
	t = payload_go(&r);
	EQ(encodings[i].vector, t.vector);
	EQ(encodings[i].ax, r.c->r[R_AX]);
	if (t.vector >= 0)
		EQ(AT_CODE, t.rip);
	sys_rig_free(&r);
}

/* ---- 52, 54: addresses ---- */

PAYLOAD(narrow, 64,
	"mov eax, -1; mov ebx, 0x20001; mov cl, [eax + ebx];" /* wraps to 0x20000 */
	"mov rax, 0x1200020008; mov ch, [eax];"               /* only the lower half */
	".byte 0x67, 0x8a, 0x15; .long -0x9000 - 0x8000 - (1f - narrow_start); 1:"
	"hlt"); /* mov dl, [eip - …]: 0xffff7000, not 0xffffffffffff7000 */

TIER_TEST(corner_52_narrow_addresses_wrap)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	page_put(&r, 0xffff7000, DATA, 7);
	memcpy(r.ram + DATA, "\x11\0\0\0\0\0\0\0\x22", 9);
	LOADED(&r, narrow);
	EQ(-1, payload_go(&r).vector);
	EQ(0x2211, r.c->r[R_CX]);
	EQ(0x11, r.c->r[R_DX] & 0xff);
	sys_rig_free(&r);
}

PAYLOAD(retpoline, 64,
	"mov ecx, 3;"
	"4: lea rax, [rip + 3f]; call 1f; 2: pause; lfence; jmp 2b;"
	"1: mov [rsp], rax; ret; ud2;"
	"3: inc ebx; dec ecx; jnz 4b; hlt");

TIER_TEST(corner_54_retpoline)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	payload_traps(&r);
	LOADED(&r, retpoline);
	EQ(-1, payload_go(&r).vector);
	EQ(3, r.c->r[R_BX]);
	EQ(AT_STACK0, r.c->r[R_SP]);
	sys_rig_free(&r);
}
