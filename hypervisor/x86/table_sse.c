/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_sse.c: MMX and SSE to SSE3 in the map 0F, without VEX.
 *
 * Spec: Intel SDM volume 2, appendix A.3, tables.
 * Missing: SSE4a (always #UD).
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

/* clang-format off */
#define V(op, pfx, name, flags, feature, ...) \
	ROW(MAP_0F, op, pfx, -1, -1, name, op_host, F_HOST | (flags), feature, __VA_ARGS__)
/* an XMM instruction whose 16-byte memory operand must be aligned, and one where it need not */
#define X(op, pfx, name, feature, ...) V(op, pfx, name, F_SSE | F_ALIGN, feature, __VA_ARGS__)
#define U(op, pfx, name, feature, ...) V(op, pfx, name, F_SSE, feature, __VA_ARGS__)
#define MM(op, name, feature, ...) V(op, NP, name, F_MMX, feature, __VA_ARGS__)

#define PS_PD(op, name)						\
	X(op, NP, name "ps", SSE, Vdq, Wdq),			\
	X(op, 66, name "pd", SSE2, Vdq, Wdq)
#define PS_SS(op, name)						\
	X(op, NP, name "ps", SSE, Vdq, Wdq),			\
	U(op, F3, name "ss", SSE, Vd, Wd)
#define FOUR(op, name)						\
	PS_PD(op, name),					\
	U(op, F3, name "ss", SSE, Vd, Wd),			\
	U(op, F2, name "sd", SSE2, Vq, Wq)
/* the same on MMX and XMM registers; mmx: the feature of the former */
#define BOTH(op, name, mmx)					\
	MM(op, name, mmx, Pq, Qq),				\
	X(op, 66, name, SSE2, Vdq, Wdq)
#define UNPACK(op, name)					\
	MM(op, name, MMX, Pq, Qd),				\
	X(op, 66, name, SSE2, Vdq, Wdq)
#define SHIFT_X(op, digit, name) \
	ROW(MAP_0F, op, 66, digit, -1, name, op_host, F_HOST | F_SSE, SSE2, Udq, Ib)
#define SHIFT(op, digit, name)					\
	ROW(MAP_0F, op, NP, digit, -1, name, op_host, F_HOST | F_MMX, MMX, Nq, Ib), \
	SHIFT_X(op, digit, name)

static const struct opcode rows[] = {
	U(0x10, NP, "movups", SSE, Vdq, Wdq), U(0x10, 66, "movupd", SSE2, Vdq, Wdq),
	U(0x10, F3, "movss", SSE, Vd, Wd), U(0x10, F2, "movsd", SSE2, Vq, Wq),
	U(0x11, NP, "movups", SSE, Wdq, Vdq), U(0x11, 66, "movupd", SSE2, Wdq, Vdq),
	U(0x11, F3, "movss", SSE, Wd, Vd), U(0x11, F2, "movsd", SSE2, Wq, Vq),
	U(0x12, NP, "movlps", SSE, Vq, Mq), U(0x12, NP, "movhlps", SSE, Vq, Udq),
	U(0x12, 66, "movlpd", SSE2, Vq, Mq),
	X(0x12, F3, "movsldup", SSE3, Vdq, Wdq), U(0x12, F2, "movddup", SSE3, Vdq, Wq),
	U(0x13, NP, "movlps", SSE, Mq, Vq), U(0x13, 66, "movlpd", SSE2, Mq, Vq),
	PS_PD(0x14, "unpckl"), PS_PD(0x15, "unpckh"),
	U(0x16, NP, "movhps", SSE, Vdq, Mq), U(0x16, NP, "movlhps", SSE, Vdq, Uq),
	U(0x16, 66, "movhpd", SSE2, Vdq, Mq), X(0x16, F3, "movshdup", SSE3, Vdq, Wdq),
	U(0x17, NP, "movhps", SSE, Mq, Vdq), U(0x17, 66, "movhpd", SSE2, Mq, Vdq),
	PS_PD(0x28, "mova"),
	X(0x29, NP, "movaps", SSE, Wdq, Vdq), X(0x29, 66, "movapd", SSE2, Wdq, Vdq),
	V(0x2a, NP, "cvtpi2ps", F_SSE | F_MMX, SSE, Vq, Qq),
	V(0x2a, 66, "cvtpi2pd", F_SSE | F_MMX, SSE2, Vdq, Qq),
	U(0x2a, F3, "cvtsi2ss", SSE, Vd, Ey), U(0x2a, F2, "cvtsi2sd", SSE2, Vq, Ey),
	X(0x2b, NP, "movntps", SSE, Mdq, Vdq), X(0x2b, 66, "movntpd", SSE2, Mdq, Vdq),
	V(0x2c, NP, "cvttps2pi", F_SSE | F_MMX, SSE, Pq, Wq),
	V(0x2c, 66, "cvttpd2pi", F_SSE | F_MMX | F_ALIGN, SSE2, Pq, Wdq),
	U(0x2c, F3, "cvttss2si", SSE, Gy, Wd), U(0x2c, F2, "cvttsd2si", SSE2, Gy, Wq),
	V(0x2d, NP, "cvtps2pi", F_SSE | F_MMX, SSE, Pq, Wq),
	V(0x2d, 66, "cvtpd2pi", F_SSE | F_MMX | F_ALIGN, SSE2, Pq, Wdq),
	U(0x2d, F3, "cvtss2si", SSE, Gy, Wd), U(0x2d, F2, "cvtsd2si", SSE2, Gy, Wq),
	U(0x2e, NP, "ucomiss", SSE, Vd, Wd), U(0x2e, 66, "ucomisd", SSE2, Vq, Wq),
	U(0x2f, NP, "comiss", SSE, Vd, Wd), U(0x2f, 66, "comisd", SSE2, Vq, Wq),
	U(0x50, NP, "movmskps", SSE, Gd, Udq), U(0x50, 66, "movmskpd", SSE2, Gd, Udq),
	FOUR(0x51, "sqrt"), PS_SS(0x52, "rsqrt"), PS_SS(0x53, "rcp"),
	PS_PD(0x54, "and"), PS_PD(0x55, "andn"), PS_PD(0x56, "or"), PS_PD(0x57, "xor"),
	FOUR(0x58, "add"), FOUR(0x59, "mul"),
	U(0x5a, NP, "cvtps2pd", SSE2, Vdq, Wq), X(0x5a, 66, "cvtpd2ps", SSE2, Vdq, Wdq),
	U(0x5a, F3, "cvtss2sd", SSE2, Vq, Wd), U(0x5a, F2, "cvtsd2ss", SSE2, Vd, Wq),
	X(0x5b, NP, "cvtdq2ps", SSE2, Vdq, Wdq), X(0x5b, 66, "cvtps2dq", SSE2, Vdq, Wdq),
	X(0x5b, F3, "cvttps2dq", SSE2, Vdq, Wdq),
	FOUR(0x5c, "sub"), FOUR(0x5d, "min"), FOUR(0x5e, "div"), FOUR(0x5f, "max"),
	UNPACK(0x60, "punpcklbw"), UNPACK(0x61, "punpcklwd"), UNPACK(0x62, "punpckldq"),
	BOTH(0x63, "packsswb", MMX), BOTH(0x64, "pcmpgtb", MMX), BOTH(0x65, "pcmpgtw", MMX),
	BOTH(0x66, "pcmpgtd", MMX), BOTH(0x67, "packuswb", MMX), BOTH(0x68, "punpckhbw", MMX),
	BOTH(0x69, "punpckhwd", MMX), BOTH(0x6a, "punpckhdq", MMX), BOTH(0x6b, "packssdw", MMX),
	X(0x6c, 66, "punpcklqdq", SSE2, Vdq, Wdq), X(0x6d, 66, "punpckhqdq", SSE2, Vdq, Wdq),
	V(0x6e, NP, "movq", F_MMX | F_W1 | F_ONLY64, MMX, Pq, Ey), MM(0x6e, "movd", MMX, Pq, Ey),
	V(0x6e, 66, "movq", F_SSE | F_W1 | F_ONLY64, SSE2, Vdq, Ey),
	U(0x6e, 66, "movd", SSE2, Vdq, Ey),
	MM(0x6f, "movq", MMX, Pq, Qq), X(0x6f, 66, "movdqa", SSE2, Vdq, Wdq),
	U(0x6f, F3, "movdqu", SSE2, Vdq, Wdq),
	MM(0x70, "pshufw", SSE, Pq, Qq, Ib), X(0x70, 66, "pshufd", SSE2, Vdq, Wdq, Ib),
	X(0x70, F3, "pshufhw", SSE2, Vdq, Wdq, Ib), X(0x70, F2, "pshuflw", SSE2, Vdq, Wdq, Ib),
	SHIFT(0x71, 2, "psrlw"), SHIFT(0x71, 4, "psraw"), SHIFT(0x71, 6, "psllw"),
	SHIFT(0x72, 2, "psrld"), SHIFT(0x72, 4, "psrad"), SHIFT(0x72, 6, "pslld"),
	SHIFT(0x73, 2, "psrlq"), SHIFT(0x73, 6, "psllq"),
	SHIFT_X(0x73, 3, "psrldq"), SHIFT_X(0x73, 7, "pslldq"),
	BOTH(0x74, "pcmpeqb", MMX), BOTH(0x75, "pcmpeqw", MMX), BOTH(0x76, "pcmpeqd", MMX),
	ROW(MAP_0F, 0x77, NP, -1, -1, "emms", op_emms, F_MMX, MMX, NONE),
	X(0x7c, 66, "haddpd", SSE3, Vdq, Wdq), X(0x7c, F2, "haddps", SSE3, Vdq, Wdq),
	X(0x7d, 66, "hsubpd", SSE3, Vdq, Wdq), X(0x7d, F2, "hsubps", SSE3, Vdq, Wdq),
	V(0x7e, NP, "movq", F_MMX | F_W1 | F_ONLY64, MMX, Ey, Pq), MM(0x7e, "movd", MMX, Ey, Pq),
	V(0x7e, 66, "movq", F_SSE | F_W1 | F_ONLY64, SSE2, Ey, Vdq),
	U(0x7e, 66, "movd", SSE2, Ey, Vdq), U(0x7e, F3, "movq", SSE2, Vdq, Wq),
	MM(0x7f, "movq", MMX, Qq, Pq), X(0x7f, 66, "movdqa", SSE2, Wdq, Vdq),
	U(0x7f, F3, "movdqu", SSE2, Wdq, Vdq),
	X(0xc2, NP, "cmpps", SSE, Vdq, Wdq, Ib), X(0xc2, 66, "cmppd", SSE2, Vdq, Wdq, Ib),
	U(0xc2, F3, "cmpss", SSE, Vd, Wd, Ib), U(0xc2, F2, "cmpsd", SSE2, Vq, Wq, Ib),
	MM(0xc4, "pinsrw", SSE, Pq, Mw, Ib), MM(0xc4, "pinsrw", SSE, Pq, Rd, Ib),
	U(0xc4, 66, "pinsrw", SSE2, Vdq, Mw, Ib), U(0xc4, 66, "pinsrw", SSE2, Vdq, Rd, Ib),
	MM(0xc5, "pextrw", SSE, Gd, Nq, Ib), U(0xc5, 66, "pextrw", SSE2, Gd, Udq, Ib),
	X(0xc6, NP, "shufps", SSE, Vdq, Wdq, Ib), X(0xc6, 66, "shufpd", SSE2, Vdq, Wdq, Ib),
	X(0xd0, 66, "addsubpd", SSE3, Vdq, Wdq), X(0xd0, F2, "addsubps", SSE3, Vdq, Wdq),
	BOTH(0xd1, "psrlw", MMX), BOTH(0xd2, "psrld", MMX), BOTH(0xd3, "psrlq", MMX),
	BOTH(0xd4, "paddq", SSE2), BOTH(0xd5, "pmullw", MMX),
	U(0xd6, 66, "movq", SSE2, Wq, Vq),
	V(0xd6, F3, "movq2dq", F_SSE | F_MMX, SSE2, Vdq, Nq),
	V(0xd6, F2, "movdq2q", F_SSE | F_MMX, SSE2, Pq, Uq),
	MM(0xd7, "pmovmskb", SSE, Gd, Nq), U(0xd7, 66, "pmovmskb", SSE2, Gd, Udq),
	BOTH(0xd8, "psubusb", MMX), BOTH(0xd9, "psubusw", MMX), BOTH(0xda, "pminub", SSE),
	BOTH(0xdb, "pand", MMX), BOTH(0xdc, "paddusb", MMX), BOTH(0xdd, "paddusw", MMX),
	BOTH(0xde, "pmaxub", SSE), BOTH(0xdf, "pandn", MMX), BOTH(0xe0, "pavgb", SSE),
	BOTH(0xe1, "psraw", MMX), BOTH(0xe2, "psrad", MMX), BOTH(0xe3, "pavgw", SSE),
	BOTH(0xe4, "pmulhuw", SSE), BOTH(0xe5, "pmulhw", MMX),
	X(0xe6, 66, "cvttpd2dq", SSE2, Vdq, Wdq), U(0xe6, F3, "cvtdq2pd", SSE2, Vdq, Wq),
	X(0xe6, F2, "cvtpd2dq", SSE2, Vdq, Wdq),
	MM(0xe7, "movntq", SSE, Mq, Pq), X(0xe7, 66, "movntdq", SSE2, Mdq, Vdq),
	BOTH(0xe8, "psubsb", MMX), BOTH(0xe9, "psubsw", MMX), BOTH(0xea, "pminsw", SSE),
	BOTH(0xeb, "por", MMX), BOTH(0xec, "paddsb", MMX), BOTH(0xed, "paddsw", MMX),
	BOTH(0xee, "pmaxsw", SSE), BOTH(0xef, "pxor", MMX),
	U(0xf0, F2, "lddqu", SSE3, Vdq, Mdq),
	BOTH(0xf1, "psllw", MMX), BOTH(0xf2, "pslld", MMX), BOTH(0xf3, "psllq", MMX),
	BOTH(0xf4, "pmuludq", SSE2), BOTH(0xf5, "pmaddwd", MMX), BOTH(0xf6, "psadbw", SSE),
	/* The third operand, memory at DS:rDI, is implied. */
	MM(0xf7, "maskmovq", SSE, Pq, Nq), U(0xf7, 66, "maskmovdqu", SSE2, Vdq, Udq),
	BOTH(0xf8, "psubb", MMX), BOTH(0xf9, "psubw", MMX), BOTH(0xfa, "psubd", MMX),
	BOTH(0xfb, "psubq", SSE2), BOTH(0xfc, "paddb", MMX), BOTH(0xfd, "paddw", MMX),
	BOTH(0xfe, "paddd", MMX),
};
/* clang-format on */

const struct opcode_table table_sse = TABLE(rows);
