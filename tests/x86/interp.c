/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run loop and the block cache: small programs in each mode. */
#include "tests/x86/machine.h"

#define CODE 0x6000

TIER_TEST(real_mode_program_exits)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	LOAD(m, CODE, 0xb8, 0x34, 0x12, /* mov ax, 0x1234 */
	     0x50,                      /* push ax */
	     0x5b,                      /* pop bx */
	     0xb9, 0x03, 0x00,          /* mov cx, 3 */
	     0x01, 0xd8,                /* again: add ax, bx */
	     0xe2, 0xfc,                /* loop again */
	     0xba, 0x01, 0x05,          /* mov dx, 0x501 */
	     0xb0, 0x2a,                /* mov al, 42 */
	     0xee,                      /* out dx, al */
	     0xf4);                     /* hlt */
	EQ(STOP_REQUEST, machine_run(m));
	EQ(42, m->exit_code);
	EQ(0x482a, m->c->r[R_AX]);
	EQ(0x1234, m->c->r[R_BX]);
	EQ(0, m->c->r[R_CX]);
	EQ(0x8000, m->c->r[R_SP]);
	if (tier_now == TIER_INTERP) /* translated code does not count */
		EQ(4 + 3 * 2 + 3, m->c->insn_count);
	machine_free(m);
}

TIER_TEST(protected_mode_program_exits)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0x31, 0xc0,          /* xor eax, eax */
	     0xb9, 0x64, 0x00, 0x00, 0x00, /* mov ecx, 100 */
	     0xe8, 0x0b, 0x00, 0x00, 0x00, /* again: call f */
	     0x49,                         /* dec ecx */
	     0x75, 0xf8,                   /* jnz again */
	     0x66, 0xba, 0x01, 0x05,       /* mov dx, 0x501 */
	     0xee,                         /* out dx, al */
	     0xf4, 0x90, 0x90,             /* hlt */
	     0x01, 0xc8,                   /* f: add eax, ecx */
	     0xc3);                        /* ret */
	EQ(STOP_REQUEST, machine_run(m));
	EQ(5050 & 0xff, m->exit_code);
	EQ(5050, m->c->r[R_AX]);
	machine_free(m);
}

TIER_TEST(long_mode_program_exits)
{
	struct machine *m = machine_new("max");

	machine_long(m, CODE);
	LOAD(m, CODE, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, /* mov rax, 0x0807060504030201 */
	     0x49, 0x89, 0xc7,                            /* mov r15, rax */
	     0x49, 0x0f, 0xcf,                            /* bswap r15 */
	     0x4c, 0x89, 0x3d, 0xf0, 0x1f, 0, 0,          /* mov [rip + 0x1ff0], r15 */
	     0x66, 0xba, 0x01, 0x05,                      /* mov dx, 0x501 */
	     0xee,                                        /* out dx, al */
	     0xf4);
	EQ(STOP_REQUEST, machine_run(m));
	EQ(1, m->exit_code);
	EQ(0x0102030405060708, m->c->r[R_15]);
	EQM("\x08\x07\x06\x05\x04\x03\x02\x01", m->ram + CODE + 23 + 0x1ff0, 8);
	machine_free(m);
}

TIER_TEST(halt_stops_and_an_endless_loop_is_counted)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	LOAD(m, CODE, 0xf4, 0x40, 0xeb, 0xfd); /* hlt; inc ax; jmp back */
	EQ(STOP_HALT, machine_run(m));
	EQ(CODE + 1, m->c->rip);
	m->c->halted = false;
	EQ(STOP_COUNT, cpu_run(m->c, 999)); /* few enough to be counted on either tier */
	EQ(1000, m->c->insn_count);
	machine_free(m);
}

TIER_TEST(a_store_to_the_next_instruction_is_seen)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	LOAD(m, CODE, 0xc6, 0x06, 0x06, 0x60, 7, /* mov byte [0x6006], 7 */
	     0xb3, 0x05,                         /* mov bl, 5: becomes mov bl, 7 */
	     0xf4);
	EQ(STOP_HALT, machine_run(m));
	EQ(7, m->c->r[R_BX] & 0xff);
	machine_free(m);
}

TIER_TEST(code_written_between_runs_is_decoded_anew)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0xc6, 0x05, 0x00, 0x70, 0, 0, 0x43, /* mov byte [0x7000], 0x43 (inc ebx) */
	     0xe8, 0xf4, 0x0f, 0, 0,                      /* call 0x7000 */
	     0xc6, 0x05, 0x00, 0x70, 0, 0, 0x4b,          /* mov byte [0x7000], 0x4b (dec ebx) */
	     0xe8, 0xe8, 0x0f, 0, 0,                      /* call 0x7000 */
	     0xe8, 0xe3, 0x0f, 0, 0,                      /* call 0x7000 */
	     0xf4);
	LOAD(m, 0x7000, 0x90, 0xc3);
	EQ(STOP_HALT, machine_run(m));
	EQ(0xffffffff, m->c->r[R_BX]);
	machine_free(m);
}

TIER_TEST(an_instruction_over_two_pages)
{
	struct machine *m = machine_new("max");

	machine_prot(m, 0x6ffd);
	LOAD(m, 0x6ffd, 0xb8, 1, 2, 3, 4, 0xf4); /* mov eax, 0x04030201 */
	EQ(STOP_HALT, machine_run(m));
	EQ(0x04030201, m->c->r[R_AX]);
	EQ(0x7003, m->c->rip);
	machine_free(m);
}

/* IVT entry n leads to 0x5000 + 16 n, where HLT is. */
static void ivt(struct machine *m)
{
	for (unsigned n = 0; n < 32; n++) {
		store_le(m->ram + 4 * n, 2, 0x5000 + 16 * n);
		store_le(m->ram + 4 * n + 2, 2, 0);
		m->ram[0x5000 + 16 * n] = 0xf4;
	}
}

static const struct {
	const char *name;
	uint8_t code[8];
	uint16_t flags, vector, ip; /* ip: what is pushed, from the start */
} faults[] = {
	{"ud2", {0x0f, 0x0b}, 2, 6, 0},
	{"div by zero", {0xf6, 0xf3}, 2, 0, 0},
	{"idiv overflow", {0xb8, 0x00, 0x80, 0xb3, 0xff, 0xf6, 0xfb}, 2, 0, 5},
	{"aam 0", {0xd4, 0x00}, 2, 0, 0},
	{"int3", {0xcc}, 2, 3, 1},
	{"int 0x10", {0xcd, 0x10}, 2, 16, 2},
	{"into", {0xce}, 2 | FL_OF, 4, 1},
	{"int1", {0xf1}, 2, 1, 1},
	{"bound", {0x62, 0x06, 0x00, 0x70}, 2, 5, 0},
	{"single step", {0x90, 0x90}, 2 | FL_TF, 1, 1},
	{"step over mov ss", {0x8e, 0xd0, 0x90, 0x90}, 2 | FL_TF, 1, 3},
	{"str", {0x0f, 0x00, 0xc8}, 2, 6, 0},
	{"lock nop", {0xf0, 0x90}, 2, 6, 0},
	{"limit", {0x66, 0xa1, 0xfe, 0xff}, 2, 13, 0},
};

TIER_TEST_EACH(real_mode_faults, sizeof(faults) / sizeof(faults[0]), faults[i].name)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	ivt(m);
	m->ram[0x7000] = 1; /* BOUND's lower limit */
	m->c->flags = faults[i].flags;
	machine_load(m, CODE, faults[i].code, sizeof(faults[i].code));
	EQ(STOP_HALT, machine_run(m));
	EQ(0x5001 + 16 * faults[i].vector, m->c->rip);
	EQ(0x8000 - 6, m->c->r[R_SP]);
	EQ(CODE + faults[i].ip, load_le(m->ram + 0x7ffa, 2));
	EQ(faults[i].flags, load_le(m->ram + 0x7ffe, 2));
	machine_free(m);
}

TIER_TEST(triple_fault)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	m->c->idtr.limit = 0;
	LOAD(m, CODE, 0x0f, 0x0b);
	EQ(STOP_TRIPLE, machine_run(m));
	machine_free(m);
}

TIER_TEST(popf_that_sets_tf_traps_after_the_next_instruction)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	ivt(m);
	LOAD(m, CODE, 0x68, 0x02, 0x01, /* push 0x102 */
	     0x9d,                      /* popf */
	     0x40,                      /* inc ax */
	     0x40, 0xf4);
	EQ(STOP_HALT, machine_run(m));
	EQ(1, m->c->r[R_AX]);
	EQ(CODE + 5, load_le(m->ram + 0x7ffa, 2));
	EQ(1 << 14, m->c->dr[6] & 0xf00f & ~0xfu);
	machine_free(m);
}

TIER_TEST(nmi_waits_for_the_shadow_of_mov_ss)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	ivt(m);
	LOAD(m, CODE, 0x8e, 0xd0, 0x40, 0x40, 0xf4); /* mov ss, ax; inc ax; inc ax */
	EQ(STOP_COUNT, cpu_run(m->c, 1));
	cpu_attend(m->c, ATT_NMI);
	EQ(STOP_HALT, machine_run(m));
	EQ(0x5021, m->c->rip);
	EQ(1, m->c->r[R_AX]);
	EQ(CODE + 3, load_le(m->ram + 0x7ffa, 2));
	machine_free(m);
}

TIER_TEST(an_instruction_breakpoint_and_rf)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	ivt(m);
	LOAD(m, CODE, 0x40, 0x40, 0xf4);
	m->c->dr[0] = CODE + 1;
	m->c->dr[7] |= 1;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x5011, m->c->rip);
	EQ(1, m->c->r[R_AX]);
	EQ(1, m->c->dr[6] & 15);
	EQ(CODE + 1, load_le(m->ram + 0x7ffa, 2));
	machine_real(m, 0, CODE);
	m->c->dr[0] = CODE + 1;
	m->c->dr[7] |= 1;
	m->c->rip = CODE + 1;
	m->c->flags |= FL_RF;
	EQ(STOP_HALT, machine_run(m));
	EQ(CODE + 3, m->c->rip);
	EQ(0, m->c->flags & FL_RF);
	machine_free(m);
}
