/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_1.c: the one-byte opcodes, but for the x87 escapes.
 *
 * Spec: Intel SDM volume 2, appendix A.3, tables.
 * Missing: 3DNow!, XOP, EVEX (always #UD).
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

#define PUSH (F_O64)
#define NEAR (F_F64 | F_NEAR | F_ENDS)

/* clang-format off */
#define ALU(op, name, run, lock)				\
	OP1(op, name, run, lock, Eb, Gb),		\
	OP1(op + 1, name, run, lock, Ev, Gv),	\
	OP1(op + 2, name, run, 0, Gb, Eb),		\
	OP1(op + 3, name, run, 0, Gv, Ev),		\
	OP1(op + 4, name, run, 0, AL, Ib),		\
	OP1(op + 5, name, run, 0, AXv, Isz)
#define ALU_DIGIT(digit, name, run, lock)				\
	GRP1(0x80, digit, name, run, lock, Eb, Ib),		\
	GRP1(0x81, digit, name, run, lock, Ev, Isz),		\
	GRP1(0x82, digit, name, run, (lock) | F_NO64, Eb, Ib), \
	GRP1(0x83, digit, name, run, lock, Ev, Isb)
#define SHIFT(digit, name, run)					\
	GRP1(0xc0, digit, name, run, 0, Eb, Ib),		\
	GRP1(0xc1, digit, name, run, 0, Ev, Ib),		\
	GRP1(0xd0, digit, name, run, 0, Eb, ONE),		\
	GRP1(0xd1, digit, name, run, 0, Ev, ONE),		\
	GRP1(0xd2, digit, name, run, 0, Eb, CL),		\
	GRP1(0xd3, digit, name, run, 0, Ev, CL)
#define EIGHT(row, op, ...)					\
	row(op, __VA_ARGS__), row(op + 1, __VA_ARGS__),		\
	row(op + 2, __VA_ARGS__), row(op + 3, __VA_ARGS__),	\
	row(op + 4, __VA_ARGS__), row(op + 5, __VA_ARGS__),	\
	row(op + 6, __VA_ARGS__), row(op + 7, __VA_ARGS__)
#define JCC(op, name) OP1(op, name, op_jcc, NEAR | F_BR, Jb)

static const struct opcode rows[] = {
	ALU(0x00, "add", op_add, F_LOCK), ALU(0x08, "or", op_or, F_LOCK),
	ALU(0x10, "adc", op_adc, F_LOCK),
	ALU(0x18, "sbb", op_sbb, F_LOCK), ALU(0x20, "and", op_and, F_LOCK),
	ALU(0x28, "sub", op_sub, F_LOCK),
	ALU(0x30, "xor", op_xor, F_LOCK), ALU(0x38, "cmp", op_cmp, 0),
	OP1(0x06, "push", op_push_seg, F_NO64, SREG(ES)),
	OP1(0x07, "pop", op_pop_seg, F_NO64 | F_ENDS, SREG(ES)),
	OP1(0x0e, "push", op_push_seg, F_NO64, SREG(CS)),
	OP1(0x16, "push", op_push_seg, F_NO64, SREG(SS)),
	OP1(0x17, "pop", op_pop_seg, F_NO64 | F_ENDS, SREG(SS)),
	OP1(0x1e, "push", op_push_seg, F_NO64, SREG(DS)),
	OP1(0x1f, "pop", op_pop_seg, F_NO64 | F_ENDS, SREG(DS)),
	OP1(0x27, "daa", op_daa, F_NO64, NONE),
	OP1(0x2f, "das", op_das, F_NO64, NONE),
	OP1(0x37, "aaa", op_aaa, F_NO64, NONE),
	OP1(0x3f, "aas", op_aas, F_NO64, NONE),
	/* REX in 64-bit mode */
	EIGHT(OP1, 0x40, "inc", op_inc, F_NO64, Zv),
	EIGHT(OP1, 0x48, "dec", op_dec, F_NO64, Zv),
	EIGHT(OP1, 0x50, "push", op_push, PUSH, Zv),
	EIGHT(OP1, 0x58, "pop", op_pop, PUSH, Zv),
	OP1(0x60, "pusha/pushad", op_pusha, F_NO64, NONE),
	OP1(0x61, "popa/popad", op_popa, F_NO64, NONE),
	OP1(0x62, "bound", op_bound, F_NO64, Gv, Ma),
	OP1(0x63, "arpl", op_arpl, F_NO64 | F_PROT, Ew, Gw),
	/* With 66h too AMD's processors read 32 bits; Intel's manual says 16. */
	OP1(0x63, "movsxd", op_movsx, F_ONLY64, Gv, Ed),
	OP1(0x68, "push", op_push, PUSH, Isz),
	OP1(0x69, "imul", op_imul, 0, Gv, Ev, Isz),
	OP1(0x6a, "push", op_push, PUSH, Isb),
	OP1(0x6b, "imul", op_imul, 0, Gv, Ev, Isb),
	OP1(0x6c, "ins", op_ins, F_REP, Yb, DX),
	OP1(0x6d, "ins", op_ins, F_REP, Yz, DX),
	OP1(0x6e, "outs", op_outs, F_REP, DX, Xb),
	OP1(0x6f, "outs", op_outs, F_REP, DX, Xz),
	JCC(0x70, "jo"), JCC(0x71, "jno"), JCC(0x72, "jb"), JCC(0x73, "jae"),
	JCC(0x74, "je"), JCC(0x75, "jne"), JCC(0x76, "jbe"), JCC(0x77, "ja"),
	JCC(0x78, "js"), JCC(0x79, "jns"), JCC(0x7a, "jp"), JCC(0x7b, "jnp"),
	JCC(0x7c, "jl"), JCC(0x7d, "jge"), JCC(0x7e, "jle"), JCC(0x7f, "jg"),
	ALU_DIGIT(0, "add", op_add, F_LOCK), ALU_DIGIT(1, "or", op_or, F_LOCK),
	ALU_DIGIT(2, "adc", op_adc, F_LOCK), ALU_DIGIT(3, "sbb", op_sbb, F_LOCK),
	ALU_DIGIT(4, "and", op_and, F_LOCK), ALU_DIGIT(5, "sub", op_sub, F_LOCK),
	ALU_DIGIT(6, "xor", op_xor, F_LOCK), ALU_DIGIT(7, "cmp", op_cmp, 0),
	OP1(0x84, "test", op_test, 0, Eb, Gb),
	OP1(0x85, "test", op_test, 0, Ev, Gv),
	OP1(0x86, "xchg", op_xchg, F_LOCK, Eb, Gb),
	OP1(0x87, "xchg", op_xchg, F_LOCK, Ev, Gv),
	OP1(0x88, "mov", op_mov, 0, Eb, Gb),
	OP1(0x89, "mov", op_mov, 0, Ev, Gv),
	OP1(0x8a, "mov", op_mov, 0, Gb, Eb),
	OP1(0x8b, "mov", op_mov, 0, Gv, Ev),
	/* To a register the selector is extended to the operand size, in memory it is a word. */
	OP1(0x8c, "mov", op_mov_seg, F_MEM, Ew, Sw),
	OP1(0x8c, "mov", op_mov_seg, F_REG, Ev, Sw),
	OP1(0x8d, "lea", op_lea, 0, Gv, M0),
	OP1(0x8e, "mov", op_mov_seg, F_ENDS, Sw, Ew),
	GRP1(0x8f, 0, "pop", op_pop, PUSH, Ev),
	ROW(MAP_1, 0x90, F3, -1, -1, "pause", op_pause, F_NOREXB, ALWAYS, NONE),
	OP1(0x90, "nop", op_nop, F_NOREXB, NONE),
	EIGHT(OP1, 0x90, "xchg", op_xchg, 0, AXv, Zv),
	OP1(0x98, "cbw/cwde/cdqe", op_cbw, 0, NONE),
	OP1(0x99, "cwd/cdq/cqo", op_cwd, 0, NONE),
	OP1(0x9a, "call", op_call_far, F_NO64 | F_ENDS, Ap),
	OP1(0x9b, "fwait", op_fwait, F_FPU, NONE),
	OP1(0x9c, "pushf/pushfd/pushfq", op_pushf, PUSH, NONE),
	OP1(0x9d, "popf/popfd/popfq", op_popf, PUSH | F_ENDS, NONE),
	/* In 64-bit mode #UD without lahf-lm: the handlers ask. */
	OP1(0x9e, "sahf", op_sahf, 0, NONE),
	OP1(0x9f, "lahf", op_lahf, 0, NONE),
	OP1(0xa0, "mov", op_mov, 0, AL, Ob),
	OP1(0xa1, "mov", op_mov, 0, AXv, Ov),
	OP1(0xa2, "mov", op_mov, 0, Ob, AL),
	OP1(0xa3, "mov", op_mov, 0, Ov, AXv),
	OP1(0xa4, "movs", op_movs, F_REP, Yb, Xb),
	OP1(0xa5, "movs", op_movs, F_REP, Yv, Xv),
	OP1(0xa6, "cmps", op_cmps, F_REP, Xb, Yb),
	OP1(0xa7, "cmps", op_cmps, F_REP, Xv, Yv),
	OP1(0xa8, "test", op_test, 0, AL, Ib),
	OP1(0xa9, "test", op_test, 0, AXv, Isz),
	OP1(0xaa, "stos", op_stos, F_REP, Yb, AL),
	OP1(0xab, "stos", op_stos, F_REP, Yv, AXv),
	OP1(0xac, "lods", op_lods, F_REP, AL, Xb),
	OP1(0xad, "lods", op_lods, F_REP, AXv, Xv),
	OP1(0xae, "scas", op_scas, F_REP, AL, Yb),
	OP1(0xaf, "scas", op_scas, F_REP, AXv, Yv),
	EIGHT(OP1, 0xb0, "mov", op_mov, 0, Zb, Ib),
	EIGHT(OP1, 0xb8, "mov", op_mov, 0, Zv, Iv),
	SHIFT(0, "rol", op_rol), SHIFT(1, "ror", op_ror), SHIFT(2, "rcl", op_rcl),
	SHIFT(3, "rcr", op_rcr),
	SHIFT(4, "shl", op_shl), SHIFT(5, "shr", op_shr), SHIFT(6, "shl", op_shl),
	SHIFT(7, "sar", op_sar),
	OP1(0xc2, "ret", op_ret, NEAR, Iw),
	OP1(0xc3, "ret", op_ret, NEAR, NONE),
	/* With mod = 3, and always in 64-bit mode, these two are VEX. */
	OP1(0xc4, "les", op_lfar, F_NO64 | F_ENDS, Gv, Mp, SREG(ES)),
	OP1(0xc5, "lds", op_lfar, F_NO64 | F_ENDS, Gv, Mp, SREG(DS)),
	GRP1(0xc6, 0, "mov", op_mov, 0, Eb, Ib),
	GRP1(0xc7, 0, "mov", op_mov, 0, Ev, Isz),
	OP1(0xc8, "enter", op_enter, PUSH, Iw, Ib),
	OP1(0xc9, "leave", op_leave, PUSH, NONE),
	OP1(0xca, "retf", op_ret_far, F_ENDS, Iw),
	OP1(0xcb, "retf", op_ret_far, F_ENDS, NONE),
	OP1(0xcc, "int3", op_int3, F_ENDS, NONE),
	OP1(0xcd, "int", op_int, F_ENDS, Ib),
	OP1(0xce, "into", op_into, F_NO64 | F_ENDS, NONE),
	OP1(0xcf, "iret/iretd/iretq", op_iret, F_ENDS, NONE),
	OP1(0xd4, "aam", op_aam, F_NO64, Ib),
	OP1(0xd5, "aad", op_aad, F_NO64, Ib),
	OP1(0xd6, "salc", op_salc, F_NO64, NONE),
	OP1(0xd7, "xlat", op_xlat, 0, NONE),
	OP1(0xe0, "loopne", op_loopne, NEAR | F_BR, Jb),
	OP1(0xe1, "loope", op_loope, NEAR | F_BR, Jb),
	OP1(0xe2, "loop", op_loop, NEAR | F_BR, Jb),
	OP1(0xe3, "jcxz/jecxz/jrcxz", op_jcxz, NEAR | F_BR, Jb),
	OP1(0xe4, "in", op_in, 0, AL, Ib),
	OP1(0xe5, "in", op_in, 0, AXz, Ib),
	OP1(0xe6, "out", op_out, 0, Ib, AL),
	OP1(0xe7, "out", op_out, 0, Ib, AXz),
	OP1(0xe8, "call", op_call, NEAR | F_BR, Jz),
	OP1(0xe9, "jmp", op_jmp, NEAR | F_BR, Jz),
	OP1(0xea, "jmp", op_jmp_far, F_NO64 | F_ENDS, Ap),
	OP1(0xeb, "jmp", op_jmp, NEAR | F_BR, Jb),
	OP1(0xec, "in", op_in, 0, AL, DX),
	OP1(0xed, "in", op_in, 0, AXz, DX),
	OP1(0xee, "out", op_out, 0, DX, AL),
	OP1(0xef, "out", op_out, 0, DX, AXz),
	OP1(0xf1, "int1", op_int1, F_ENDS, NONE),
	OP1(0xf4, "hlt", op_hlt, F_CPL0 | F_ENDS, NONE),
	OP1(0xf5, "cmc", op_cmc, 0, NONE),
	GRP1(0xf6, 0, "test", op_test, 0, Eb, Ib),
	GRP1(0xf6, 1, "test", op_test, 0, Eb, Ib),
	GRP1(0xf6, 2, "not", op_not, F_LOCK, Eb),
	GRP1(0xf6, 3, "neg", op_neg, F_LOCK, Eb),
	GRP1(0xf6, 4, "mul", op_mul, 0, Eb),
	GRP1(0xf6, 5, "imul", op_imul1, 0, Eb),
	GRP1(0xf6, 6, "div", op_div, 0, Eb),
	GRP1(0xf6, 7, "idiv", op_idiv, 0, Eb),
	GRP1(0xf7, 0, "test", op_test, 0, Ev, Isz),
	GRP1(0xf7, 1, "test", op_test, 0, Ev, Isz),
	GRP1(0xf7, 2, "not", op_not, F_LOCK, Ev),
	GRP1(0xf7, 3, "neg", op_neg, F_LOCK, Ev),
	GRP1(0xf7, 4, "mul", op_mul, 0, Ev),
	GRP1(0xf7, 5, "imul", op_imul1, 0, Ev),
	GRP1(0xf7, 6, "div", op_div, 0, Ev),
	GRP1(0xf7, 7, "idiv", op_idiv, 0, Ev),
	OP1(0xf8, "clc", op_clc, 0, NONE),
	OP1(0xf9, "stc", op_stc, 0, NONE),
	OP1(0xfa, "cli", op_cli, 0, NONE),
	OP1(0xfb, "sti", op_sti, F_ENDS, NONE),
	OP1(0xfc, "cld", op_cld, 0, NONE),
	OP1(0xfd, "std", op_std, 0, NONE),
	GRP1(0xfe, 0, "inc", op_inc, F_LOCK, Eb),
	GRP1(0xfe, 1, "dec", op_dec, F_LOCK, Eb),
	GRP1(0xff, 0, "inc", op_inc, F_LOCK, Ev),
	GRP1(0xff, 1, "dec", op_dec, F_LOCK, Ev),
	GRP1(0xff, 2, "call", op_call, NEAR, Ev),
	GRP1(0xff, 3, "call", op_call_far, F_ENDS, Mp),
	GRP1(0xff, 4, "jmp", op_jmp, NEAR, Ev),
	GRP1(0xff, 5, "jmp", op_jmp_far, F_ENDS, Mp),
	GRP1(0xff, 6, "push", op_push, PUSH, Ev),
};
/* clang-format on */

const struct opcode_table table_1 = TABLE(rows);
