/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table.h: how the rows of table_*.c are written, and the index over them.
 * Only those files and decode.c include it: its short names are the SDM's letters (appendix A.2).
 */
#ifndef HYPERVISOR_X86_TABLE_H
#define HYPERVISOR_X86_TABLE_H
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/feature.h"

struct opcode_table {
	const struct opcode *row;
	unsigned n;
};
extern const struct opcode_table table_1, table_0f, table_x87, table_sse, table_sse38, table_vex,
	table_vex38;

#define TABLE(list)                                  \
	{                                            \
		list, sizeof(list) / sizeof(list[0]) \
	}

/* The rows of one opcode byte, in order of precedence. */
struct opcode_cell {
	uint16_t first, n;
	bool has_modrm;
};
const struct opcode_cell *opcode_cell(bool vex, unsigned map, uint8_t op);
const struct opcode *opcode_at(const struct opcode_cell *cell, unsigned i);

/* ROW: all of a row. OP: no prefix, digit or feature asked for. GRP: a /digit of a group. */
#define ROW(map, op, pfx, digit, rm, name, run, flags, feature, ...)                          \
	{                                                                                     \
		name, run, map, op, PFX_##pfx, digit, rm, {__VA_ARGS__}, flags, CPU_##feature \
	}
#define OP1(op, name, run, flags, ...) \
	ROW(MAP_1, op, ANY, -1, -1, name, run, flags, ALWAYS, __VA_ARGS__)
#define GRP1(op, digit, name, run, flags, ...) \
	ROW(MAP_1, op, ANY, digit, -1, name, run, flags, ALWAYS, __VA_ARGS__)
#define OP2(op, name, run, flags, ...) \
	ROW(MAP_0F, op, ANY, -1, -1, name, run, flags, ALWAYS, __VA_ARGS__)
#define GRP2(op, digit, name, run, flags, ...) \
	ROW(MAP_0F, op, ANY, digit, -1, name, run, flags, ALWAYS, __VA_ARGS__)

/* clang-format off */
#define NONE	{O_NONE, S_0}
#define Eb	{O_E, S_b}
#define Ew	{O_E, S_w}
#define Ed	{O_E, S_d}
#define Eq	{O_E, S_q}
#define Ev	{O_E, S_v}
#define Ez	{O_E, S_z}
#define Ey	{O_E, S_y}
#define E0	{O_E, S_0}
#define Gb	{O_G, S_b}
#define Gw	{O_G, S_w}
#define Gd	{O_G, S_d}
#define Gv	{O_G, S_v}
#define Gz	{O_G, S_z}
#define Gy	{O_G, S_y}
#define Rv	{O_R, S_v}
#define Rd	{O_R, S_d}
#define Ry	{O_R, S_y}
#define By	{O_B, S_y}
#define M0	{O_M, S_0}
#define Mb	{O_M, S_b}
#define Mw	{O_M, S_w}
#define Md	{O_M, S_d}
#define Mq	{O_M, S_q}
#define Mv	{O_M, S_v}
#define My	{O_M, S_y}
#define Mp	{O_M, S_p}
#define Ma	{O_M, S_a}
#define Ms	{O_M, S_s}
#define Mt	{O_M, S_t}
#define Mx	{O_M, S_x}
#define Mdq	{O_M, S_dq}
#define Mqq	{O_M, S_qq}
#define Mfx	{O_M, S_fx}
#define Mxs	{O_M, S_xs}
#define Menv	{O_M, S_env}
#define Mstate	{O_M, S_state}
#define Ib	{O_I, S_b}
#define Iw	{O_I, S_w}
#define Iv	{O_I, S_v}
#define Isb	{O_Is, S_b}
#define Isz	{O_Is, S_z}
#define Jb	{O_J, S_b}
#define Jz	{O_J, S_z}
#define Ap	{O_A, S_p}
#define Ob	{O_O, S_b}
#define Ov	{O_O, S_v}
#define Sw	{O_S, S_w}
#define Cy	{O_C, S_y}
#define Dy	{O_D, S_y}
#define Xb	{O_X, S_b}
#define Xv	{O_X, S_v}
#define Xz	{O_X, S_z}
#define Yb	{O_Y, S_b}
#define Yv	{O_Y, S_v}
#define Yz	{O_Y, S_z}
#define Zb	{O_Z, S_b}
#define Zv	{O_Z, S_v}
#define Zy	{O_Z, S_y}
#define AL	{O_AX, S_b}
#define AXw	{O_AX, S_w}
#define AXv	{O_AX, S_v}
#define AXz	{O_AX, S_z}
#define CL	{O_CL, S_b}
#define ONE	{O_1, S_b}
#define DX	{O_DX, S_w}
#define SREG(s)	{O_##s, S_w}
#define Pd	{O_P, S_d}
#define Pq	{O_P, S_q}
#define Nq	{O_N, S_q}
#define Qd	{O_Q, S_d}
#define Qq	{O_Q, S_q}
#define Vd	{O_V, S_d}
#define Vq	{O_V, S_q}
#define Vdq	{O_V, S_dq}
#define Vqq	{O_V, S_qq}
#define Vx	{O_V, S_x}
#define Ux	{O_U, S_x}
#define Uq	{O_U, S_q}
#define Udq	{O_U, S_dq}
#define Wb	{O_W, S_b}
#define Ww	{O_W, S_w}
#define Wd	{O_W, S_d}
#define Wq	{O_W, S_q}
#define Wdq	{O_W, S_dq}
#define Wqq	{O_W, S_qq}
#define Wx	{O_W, S_x}
#define Wh	{O_W, S_h}
#define Wqr	{O_W, S_qr}
#define We	{O_W, S_e}
#define Hd	{O_H, S_d}
#define Hq	{O_H, S_q}
#define Hx	{O_H, S_x}
#define Hdq	{O_H, S_dq}
#define Hqq	{O_H, S_qq}
#define Lx	{O_L, S_x}
#define Ldq	{O_L, S_dq}
#define Lqq	{O_L, S_qq}
#define XMM0	{O_XMM0, S_dq}
#define ST0	{O_ST, S_t}
#define STi	{O_STi, S_t}
/* clang-format on */
#endif
