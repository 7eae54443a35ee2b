/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_vex.c: AVX and AVX2 in the map 0F.
 *
 * Spec: Intel SDM volume 2, the instructions' own pages (L and W), appendix A.3.
 * Missing: AVX-512 and its mask instructions in VEX (always #UD).
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

/* clang-format off */
#define V(op, pfx, name, flags, feature, ...) \
	ROW(MAP_0F, op, pfx, -1, -1, name, op_host, F_HOST | F_AVX | F_VEX | (flags), \
	    feature, __VA_ARGS__)
#define A(op, pfx, name, ...) V(op, pfx, name, 0, AVX, __VA_ARGS__)
#define AL0(op, pfx, name, ...) V(op, pfx, name, F_L0, AVX, __VA_ARGS__)
/* with a source in VEX.vvvv */
#define N(op, pfx, name, ...) V(op, pfx, name, F_VVVV, AVX, __VA_ARGS__)
#define NL0(op, pfx, name, ...) V(op, pfx, name, F_VVVV | F_L0, AVX, __VA_ARGS__)
/* on integers: 256 bits came with AVX2 */
#define I2(op, pfx, name, flags, ...)				\
	V(op, pfx, name, (flags) | F_L0, AVX, __VA_ARGS__),	\
	V(op, pfx, name, (flags) | F_L1, AVX2, __VA_ARGS__)
#define I(op, name) I2(op, 66, name, F_VVVV, Vx, Hx, Wx)
#define COUNT(op, name) I2(op, 66, name, F_VVVV, Vx, Hx, Wdq)
#define SHIFT1(op, digit, name, flag, feature)			\
	ROW(MAP_0F, op, 66, digit, -1, name, op_host,		\
	    F_HOST | F_AVX | F_VEX | F_VVVV | flag, feature, Hx, Ux, Ib)
#define SHIFT(op, digit, name)					\
	SHIFT1(op, digit, name, F_L0, AVX), SHIFT1(op, digit, name, F_L1, AVX2)
#define PS_PD(op, name)						\
	N(op, NP, name "ps", Vx, Hx, Wx),			\
	N(op, 66, name "pd", Vx, Hx, Wx)
#define SS_SD(op, name)						\
	N(op, F3, name "ss", Vdq, Hdq, Wd),			\
	N(op, F2, name "sd", Vdq, Hdq, Wq)
#define FOUR(op, name) PS_PD(op, name), SS_SD(op, name)
#define MOVE(op, pfx, name)					\
	A(op, pfx, name, Vx, Wx)
#define STORE(op, pfx, name)					\
	A(op, pfx, name, Wx, Vx)

static const struct opcode rows[] = {
	MOVE(0x10, NP, "vmovups"), MOVE(0x10, 66, "vmovupd"),
	V(0x10, F3, "vmovss", F_MEM, AVX, Vdq, Wd), V(0x10, F2, "vmovsd", F_MEM, AVX, Vdq, Wq),
	V(0x10, F3, "vmovss", F_REG | F_VVVV, AVX, Vdq, Hdq, Wd),
	V(0x10, F2, "vmovsd", F_REG | F_VVVV, AVX, Vdq, Hdq, Wq),
	STORE(0x11, NP, "vmovups"), STORE(0x11, 66, "vmovupd"),
	V(0x11, F3, "vmovss", F_MEM, AVX, Wd, Vd), V(0x11, F2, "vmovsd", F_MEM, AVX, Wq, Vq),
	V(0x11, F3, "vmovss", F_REG | F_VVVV, AVX, Wdq, Hdq, Vd),
	V(0x11, F2, "vmovsd", F_REG | F_VVVV, AVX, Wdq, Hdq, Vq),
	NL0(0x12, NP, "vmovlps", Vdq, Hdq, Mq), NL0(0x12, NP, "vmovhlps", Vdq, Hdq, Udq),
	NL0(0x12, 66, "vmovlpd", Vdq, Hdq, Mq), MOVE(0x12, F3, "vmovsldup"),
	V(0x12, F2, "vmovddup", F_L0, AVX, Vdq, Wq), V(0x12, F2, "vmovddup", F_L1, AVX, Vqq, Wqq),
	AL0(0x13, NP, "vmovlps", Mq, Vq), AL0(0x13, 66, "vmovlpd", Mq, Vq),
	PS_PD(0x14, "vunpckl"), PS_PD(0x15, "vunpckh"),
	NL0(0x16, NP, "vmovhps", Vdq, Hdq, Mq), NL0(0x16, NP, "vmovlhps", Vdq, Hdq, Uq),
	NL0(0x16, 66, "vmovhpd", Vdq, Hdq, Mq), MOVE(0x16, F3, "vmovshdup"),
	AL0(0x17, NP, "vmovhps", Mq, Vdq), AL0(0x17, 66, "vmovhpd", Mq, Vdq),
	/* VMOVAPS and other moves that ask for alignment, 32 bytes of it with L */
	V(0x28, NP, "vmovaps", F_ALIGN, AVX, Vx, Wx), V(0x28, 66, "vmovapd", F_ALIGN, AVX, Vx, Wx),
	V(0x29, NP, "vmovaps", F_ALIGN, AVX, Wx, Vx), V(0x29, 66, "vmovapd", F_ALIGN, AVX, Wx, Vx),
	N(0x2a, F3, "vcvtsi2ss", Vdq, Hdq, Ey), N(0x2a, F2, "vcvtsi2sd", Vdq, Hdq, Ey),
	V(0x2b, NP, "vmovntps", F_ALIGN, AVX, Mx, Vx),
	V(0x2b, 66, "vmovntpd", F_ALIGN, AVX, Mx, Vx),
	A(0x2c, F3, "vcvttss2si", Gy, Wd), A(0x2c, F2, "vcvttsd2si", Gy, Wq),
	A(0x2d, F3, "vcvtss2si", Gy, Wd), A(0x2d, F2, "vcvtsd2si", Gy, Wq),
	A(0x2e, NP, "vucomiss", Vd, Wd), A(0x2e, 66, "vucomisd", Vq, Wq),
	A(0x2f, NP, "vcomiss", Vd, Wd), A(0x2f, 66, "vcomisd", Vq, Wq),
	A(0x50, NP, "vmovmskps", Gd, Ux), A(0x50, 66, "vmovmskpd", Gd, Ux),
	MOVE(0x51, NP, "vsqrtps"), MOVE(0x51, 66, "vsqrtpd"), SS_SD(0x51, "vsqrt"),
	MOVE(0x52, NP, "vrsqrtps"), N(0x52, F3, "vrsqrtss", Vdq, Hdq, Wd),
	MOVE(0x53, NP, "vrcpps"), N(0x53, F3, "vrcpss", Vdq, Hdq, Wd),
	PS_PD(0x54, "vand"), PS_PD(0x55, "vandn"), PS_PD(0x56, "vor"), PS_PD(0x57, "vxor"),
	FOUR(0x58, "vadd"), FOUR(0x59, "vmul"),
	A(0x5a, NP, "vcvtps2pd", Vx, Wh), A(0x5a, 66, "vcvtpd2ps", Vdq, Wx),
	N(0x5a, F3, "vcvtss2sd", Vdq, Hdq, Wd), N(0x5a, F2, "vcvtsd2ss", Vdq, Hdq, Wq),
	MOVE(0x5b, NP, "vcvtdq2ps"), MOVE(0x5b, 66, "vcvtps2dq"), MOVE(0x5b, F3, "vcvttps2dq"),
	FOUR(0x5c, "vsub"), FOUR(0x5d, "vmin"), FOUR(0x5e, "vdiv"), FOUR(0x5f, "vmax"),
	I(0x60, "vpunpcklbw"), I(0x61, "vpunpcklwd"), I(0x62, "vpunpckldq"), I(0x63, "vpacksswb"),
	I(0x64, "vpcmpgtb"), I(0x65, "vpcmpgtw"), I(0x66, "vpcmpgtd"), I(0x67, "vpackuswb"),
	I(0x68, "vpunpckhbw"), I(0x69, "vpunpckhwd"), I(0x6a, "vpunpckhdq"), I(0x6b, "vpackssdw"),
	I(0x6c, "vpunpcklqdq"), I(0x6d, "vpunpckhqdq"),
	V(0x6e, 66, "vmovq", F_L0 | F_W1 | F_ONLY64, AVX, Vdq, Ey), AL0(0x6e, 66, "vmovd", Vdq, Ey),
	V(0x6f, 66, "vmovdqa", F_ALIGN, AVX, Vx, Wx), MOVE(0x6f, F3, "vmovdqu"),
	I2(0x70, 66, "vpshufd", 0, Vx, Wx, Ib), I2(0x70, F3, "vpshufhw", 0, Vx, Wx, Ib),
	I2(0x70, F2, "vpshuflw", 0, Vx, Wx, Ib),
	SHIFT(0x71, 2, "vpsrlw"), SHIFT(0x71, 4, "vpsraw"), SHIFT(0x71, 6, "vpsllw"),
	SHIFT(0x72, 2, "vpsrld"), SHIFT(0x72, 4, "vpsrad"), SHIFT(0x72, 6, "vpslld"),
	SHIFT(0x73, 2, "vpsrlq"), SHIFT(0x73, 3, "vpsrldq"),
	SHIFT(0x73, 6, "vpsllq"), SHIFT(0x73, 7, "vpslldq"),
	I(0x74, "vpcmpeqb"), I(0x75, "vpcmpeqw"), I(0x76, "vpcmpeqd"),
	AL0(0x77, NP, "vzeroupper", NONE), V(0x77, NP, "vzeroall", F_L1, AVX, NONE),
	N(0x7c, 66, "vhaddpd", Vx, Hx, Wx), N(0x7c, F2, "vhaddps", Vx, Hx, Wx),
	N(0x7d, 66, "vhsubpd", Vx, Hx, Wx), N(0x7d, F2, "vhsubps", Vx, Hx, Wx),
	V(0x7e, 66, "vmovq", F_L0 | F_W1 | F_ONLY64, AVX, Ey, Vdq), AL0(0x7e, 66, "vmovd", Ey, Vdq),
	AL0(0x7e, F3, "vmovq", Vdq, Wq),
	V(0x7f, 66, "vmovdqa", F_ALIGN, AVX, Wx, Vx), STORE(0x7f, F3, "vmovdqu"),
	ROW(MAP_0F, 0xae, NP, 2, -1, "vldmxcsr", op_ldmxcsr, F_AVX | F_VEX | F_L0, AVX, Md),
	ROW(MAP_0F, 0xae, NP, 3, -1, "vstmxcsr", op_stmxcsr, F_AVX | F_VEX | F_L0, AVX, Md),
	N(0xc2, NP, "vcmpps", Vx, Hx, Wx, Ib), N(0xc2, 66, "vcmppd", Vx, Hx, Wx, Ib),
	N(0xc2, F3, "vcmpss", Vdq, Hdq, Wd, Ib), N(0xc2, F2, "vcmpsd", Vdq, Hdq, Wq, Ib),
	NL0(0xc4, 66, "vpinsrw", Vdq, Hdq, Mw, Ib), NL0(0xc4, 66, "vpinsrw", Vdq, Hdq, Rd, Ib),
	AL0(0xc5, 66, "vpextrw", Gd, Udq, Ib),
	N(0xc6, NP, "vshufps", Vx, Hx, Wx, Ib), N(0xc6, 66, "vshufpd", Vx, Hx, Wx, Ib),
	N(0xd0, 66, "vaddsubpd", Vx, Hx, Wx), N(0xd0, F2, "vaddsubps", Vx, Hx, Wx),
	COUNT(0xd1, "vpsrlw"), COUNT(0xd2, "vpsrld"), COUNT(0xd3, "vpsrlq"),
	I(0xd4, "vpaddq"), I(0xd5, "vpmullw"), AL0(0xd6, 66, "vmovq", Wq, Vq),
	I2(0xd7, 66, "vpmovmskb", 0, Gd, Ux),
	I(0xd8, "vpsubusb"), I(0xd9, "vpsubusw"), I(0xda, "vpminub"), I(0xdb, "vpand"),
	I(0xdc, "vpaddusb"), I(0xdd, "vpaddusw"), I(0xde, "vpmaxub"), I(0xdf, "vpandn"),
	I(0xe0, "vpavgb"), COUNT(0xe1, "vpsraw"), COUNT(0xe2, "vpsrad"), I(0xe3, "vpavgw"),
	I(0xe4, "vpmulhuw"), I(0xe5, "vpmulhw"), A(0xe6, 66, "vcvttpd2dq", Vdq, Wx),
	A(0xe6, F3, "vcvtdq2pd", Vx, Wh), A(0xe6, F2, "vcvtpd2dq", Vdq, Wx),
	V(0xe7, 66, "vmovntdq", F_ALIGN, AVX, Mx, Vx),
	I(0xe8, "vpsubsb"), I(0xe9, "vpsubsw"), I(0xea, "vpminsw"), I(0xeb, "vpor"),
	I(0xec, "vpaddsb"), I(0xed, "vpaddsw"), I(0xee, "vpmaxsw"), I(0xef, "vpxor"),
	A(0xf0, F2, "vlddqu", Vx, Mx),
	COUNT(0xf1, "vpsllw"), COUNT(0xf2, "vpslld"), COUNT(0xf3, "vpsllq"),
	I(0xf4, "vpmuludq"), I(0xf5, "vpmaddwd"), I(0xf6, "vpsadbw"),
	AL0(0xf7, 66, "vmaskmovdqu", Vdq, Udq),
	I(0xf8, "vpsubb"), I(0xf9, "vpsubw"), I(0xfa, "vpsubd"), I(0xfb, "vpsubq"),
	I(0xfc, "vpaddb"), I(0xfd, "vpaddw"), I(0xfe, "vpaddd"),
};
/* clang-format on */

const struct opcode_table table_vex = TABLE(rows);
