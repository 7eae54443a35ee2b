/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_x87.c: the escapes D8 to DF, with the aliases that processors have and the
 * manuals of old named (FFREEP, second encodings of FCOM, FXCH, FSTP; FENI, FDISI, FSETPM).
 *
 * Spec: Intel SDM volume 2, appendix A.5; i387 DX manual, appendix on undocumented encodings.
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

#define FP (F_FPU | F_HOST)

/* clang-format off */
/* a memory form, a register form, and one that takes the whole ModRM byte */
#define M(op, digit, name, ...) \
	ROW(MAP_1, op, ANY, digit, -1, name, op_host, FP | F_MEM, FPU, __VA_ARGS__)
#define R(op, digit, name, ...) \
	ROW(MAP_1, op, ANY, digit, -1, name, op_host, FP | F_REG, FPU, __VA_ARGS__)
#define ALL(op, modrm, name, ...) \
	ROW(MAP_1, op, ANY, (modrm) >> 3 & 7, (modrm) & 7, name, op_host, FP, FPU, __VA_ARGS__)
#define FCMOV(op, digit, name) \
	ROW(MAP_1, op, ANY, digit, -1, name, op_host, FP | F_REG, CMOV, ST0, STi)
#define ARITH(op, i, mem)						\
	M(op, 0, "f" i "add", mem), M(op, 1, "f" i "mul", mem),		\
	M(op, 2, "f" i "com", mem), M(op, 3, "f" i "comp", mem),	\
	M(op, 4, "f" i "sub", mem), M(op, 5, "f" i "subr", mem),	\
	M(op, 6, "f" i "div", mem), M(op, 7, "f" i "divr", mem)
#define FISTTP(op, mem) ROW(MAP_1, op, ANY, 1, -1, "fisttp", op_host, FP | F_MEM, SSE3, mem)

static const struct opcode rows[] = {
	ARITH(0xd8, "", Md),
	R(0xd8, 0, "fadd", ST0, STi), R(0xd8, 1, "fmul", ST0, STi),
	R(0xd8, 2, "fcom", ST0, STi), R(0xd8, 3, "fcomp", ST0, STi),
	R(0xd8, 4, "fsub", ST0, STi), R(0xd8, 5, "fsubr", ST0, STi),
	R(0xd8, 6, "fdiv", ST0, STi), R(0xd8, 7, "fdivr", ST0, STi),

	M(0xd9, 0, "fld", Md), M(0xd9, 2, "fst", Md), M(0xd9, 3, "fstp", Md),
	M(0xd9, 4, "fldenv", Menv), M(0xd9, 5, "fldcw", Mw),
	M(0xd9, 6, "fnstenv", Menv), M(0xd9, 7, "fnstcw", Mw),
	R(0xd9, 0, "fld", STi), R(0xd9, 1, "fxch", STi), ALL(0xd9, 0xd0, "fnop", NONE),
	R(0xd9, 3, "fstpnce", STi),
	ALL(0xd9, 0xe0, "fchs", NONE), ALL(0xd9, 0xe1, "fabs", NONE),
	ALL(0xd9, 0xe4, "ftst", NONE), ALL(0xd9, 0xe5, "fxam", NONE),
	ALL(0xd9, 0xe8, "fld1", NONE), ALL(0xd9, 0xe9, "fldl2t", NONE),
	ALL(0xd9, 0xea, "fldl2e", NONE), ALL(0xd9, 0xeb, "fldpi", NONE),
	ALL(0xd9, 0xec, "fldlg2", NONE), ALL(0xd9, 0xed, "fldln2", NONE),
	ALL(0xd9, 0xee, "fldz", NONE),
	ALL(0xd9, 0xf0, "f2xm1", NONE), ALL(0xd9, 0xf1, "fyl2x", NONE),
	ALL(0xd9, 0xf2, "fptan", NONE), ALL(0xd9, 0xf3, "fpatan", NONE),
	ALL(0xd9, 0xf4, "fxtract", NONE), ALL(0xd9, 0xf5, "fprem1", NONE),
	ALL(0xd9, 0xf6, "fdecstp", NONE), ALL(0xd9, 0xf7, "fincstp", NONE),
	ALL(0xd9, 0xf8, "fprem", NONE), ALL(0xd9, 0xf9, "fyl2xp1", NONE),
	ALL(0xd9, 0xfa, "fsqrt", NONE), ALL(0xd9, 0xfb, "fsincos", NONE),
	ALL(0xd9, 0xfc, "frndint", NONE), ALL(0xd9, 0xfd, "fscale", NONE),
	ALL(0xd9, 0xfe, "fsin", NONE), ALL(0xd9, 0xff, "fcos", NONE),

	ARITH(0xda, "i", Md),
	FCMOV(0xda, 0, "fcmovb"), FCMOV(0xda, 1, "fcmove"),
	FCMOV(0xda, 2, "fcmovbe"), FCMOV(0xda, 3, "fcmovu"),
	ALL(0xda, 0xe9, "fucompp", NONE),

	M(0xdb, 0, "fild", Md), FISTTP(0xdb, Md), M(0xdb, 2, "fist", Md), M(0xdb, 3, "fistp", Md),
	M(0xdb, 5, "fld", Mt), M(0xdb, 7, "fstp", Mt),
	FCMOV(0xdb, 0, "fcmovnb"), FCMOV(0xdb, 1, "fcmovne"),
	FCMOV(0xdb, 2, "fcmovnbe"), FCMOV(0xdb, 3, "fcmovnu"),
	ALL(0xdb, 0xe0, "feni", NONE), ALL(0xdb, 0xe1, "fdisi", NONE),
	ALL(0xdb, 0xe2, "fnclex", NONE), ALL(0xdb, 0xe3, "fninit", NONE),
	ALL(0xdb, 0xe4, "fsetpm", NONE),
	ROW(MAP_1, 0xdb, ANY, 5, -1, "fucomi", op_host, FP | F_REG, CMOV, ST0, STi),
	ROW(MAP_1, 0xdb, ANY, 6, -1, "fcomi", op_host, FP | F_REG, CMOV, ST0, STi),

	ARITH(0xdc, "", Mq),
	R(0xdc, 0, "fadd", STi, ST0), R(0xdc, 1, "fmul", STi, ST0),
	R(0xdc, 2, "fcom", ST0, STi), R(0xdc, 3, "fcomp", ST0, STi),
	R(0xdc, 4, "fsubr", STi, ST0), R(0xdc, 5, "fsub", STi, ST0),
	R(0xdc, 6, "fdivr", STi, ST0), R(0xdc, 7, "fdiv", STi, ST0),

	M(0xdd, 0, "fld", Mq), FISTTP(0xdd, Mq), M(0xdd, 2, "fst", Mq), M(0xdd, 3, "fstp", Mq),
	M(0xdd, 4, "frstor", Mstate), M(0xdd, 6, "fnsave", Mstate), M(0xdd, 7, "fnstsw", Mw),
	R(0xdd, 0, "ffree", STi), R(0xdd, 1, "fxch", STi),
	R(0xdd, 2, "fst", STi), R(0xdd, 3, "fstp", STi),
	R(0xdd, 4, "fucom", STi), R(0xdd, 5, "fucomp", STi),

	ARITH(0xde, "i", Mw),
	R(0xde, 0, "faddp", STi, ST0), R(0xde, 1, "fmulp", STi, ST0),
	R(0xde, 2, "fcomp", ST0, STi), ALL(0xde, 0xd9, "fcompp", NONE),
	R(0xde, 4, "fsubrp", STi, ST0), R(0xde, 5, "fsubp", STi, ST0),
	R(0xde, 6, "fdivrp", STi, ST0), R(0xde, 7, "fdivp", STi, ST0),

	M(0xdf, 0, "fild", Mw), FISTTP(0xdf, Mw), M(0xdf, 2, "fist", Mw), M(0xdf, 3, "fistp", Mw),
	M(0xdf, 4, "fbld", Mt), M(0xdf, 5, "fild", Mq),
	M(0xdf, 6, "fbstp", Mt), M(0xdf, 7, "fistp", Mq),
	R(0xdf, 0, "ffreep", STi), R(0xdf, 1, "fxch", STi),
	R(0xdf, 2, "fstp", STi), R(0xdf, 3, "fstp", STi),
	ALL(0xdf, 0xe0, "fnstsw", AXw),
	ROW(MAP_1, 0xdf, ANY, 5, -1, "fucomip", op_host, FP | F_REG, CMOV, ST0, STi),
	ROW(MAP_1, 0xdf, ANY, 6, -1, "fcomip", op_host, FP | F_REG, CMOV, ST0, STi),
};
/* clang-format on */

const struct opcode_table table_x87 = TABLE(rows);
