/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_vex38.c: AVX, AVX2, FMA, F16C, BMI1 and BMI2 in the maps 0F 38 and 0F 3A.
 *
 * Spec: Intel SDM volume 2, the instructions' own pages (L and W), appendix A.3.
 * Missing: AVX-512 and its mask instructions, VAES and VPCLMULQDQ on 256 bits, AVX-VNNI,
 *	AVX-IFMA, GFNI, AMX (always #UD).
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

/* clang-format off */
#define V(map, op, name, flags, feature, ...)			\
	ROW(MAP_##map, op, 66, -1, -1, name, op_host,		\
	    F_HOST | F_AVX | F_VEX | (flags), feature, __VA_ARGS__)
#define A(op, name, flags, feature, ...) V(0F38, op, name, flags, feature, __VA_ARGS__)
/* with a source in VEX.vvvv */
#define N(op, name, flags, feature, ...) V(0F38, op, name, (flags) | F_VVVV, feature, __VA_ARGS__)
#define A3A(op, name, flags, feature, ...) V(0F3A, op, name, flags, feature, __VA_ARGS__)
#define N3A(op, name, flags, feature, ...) V(0F3A, op, name, (flags) | F_VVVV, feature, __VA_ARGS__)
/* on integers: 256 bits came with AVX2 */
#define I2(map, op, name, flags, ...)					\
	V(map, op, name, (flags) | F_L0, AVX, __VA_ARGS__),		\
	V(map, op, name, (flags) | F_L1, AVX2, __VA_ARGS__)
#define I(op, name) I2(0F38, op, name, F_VVVV, Vx, Hx, Wx)
#define EXTEND(op, name, source) I2(0F38, op, name, 0, Vx, source)
/* D and Q by VEX.W */
#define D_Q(op, name, ...)						\
	N(op, name "d", F_W0, AVX2, __VA_ARGS__),			\
	N(op, name "q", F_W1, AVX2, __VA_ARGS__)
#define PACKED(op, name)						\
	N(op, name "ps", F_W0, FMA, Vx, Hx, Wx),			\
	N(op, name "pd", F_W1, FMA, Vx, Hx, Wx)
#define SCALAR(op, name)						\
	N(op, name "ss", F_W0, FMA, Vdq, Hdq, Wd),			\
	N(op, name "sd", F_W1, FMA, Vdq, Hdq, Wq)
#define FMA3(op, order)							\
	PACKED(op + 6, "vfmaddsub" order), PACKED(op + 7, "vfmsubadd" order), \
	PACKED(op + 8, "vfmadd" order), SCALAR(op + 9, "vfmadd" order),	\
	PACKED(op + 10, "vfmsub" order), SCALAR(op + 11, "vfmsub" order), \
	PACKED(op + 12, "vfnmadd" order), SCALAR(op + 13, "vfnmadd" order), \
	PACKED(op + 14, "vfnmsub" order), SCALAR(op + 15, "vfnmsub" order)
/* Size of the memory operand: one element. A gather writes H too: the mask. */
#define GATHER(op, name, w, ...) N(op, name, w | F_VSIB, AVX2, __VA_ARGS__)
#define BMI(op, pfx, digit, name, run, feature, ...)		\
	ROW(MAP_0F38, op, pfx, digit, -1, name, run, F_VEX | F_L0 | F_PROT | F_VVVV, feature, \
	    __VA_ARGS__)

static const struct opcode rows[] = {
	I(0x00, "vpshufb"), I(0x01, "vphaddw"), I(0x02, "vphaddd"), I(0x03, "vphaddsw"),
	I(0x04, "vpmaddubsw"), I(0x05, "vphsubw"), I(0x06, "vphsubd"), I(0x07, "vphsubsw"),
	I(0x08, "vpsignb"), I(0x09, "vpsignw"), I(0x0a, "vpsignd"), I(0x0b, "vpmulhrsw"),
	N(0x0c, "vpermilps", F_W0, AVX, Vx, Hx, Wx), N(0x0d, "vpermilpd", F_W0, AVX, Vx, Hx, Wx),
	A(0x0e, "vtestps", F_W0, AVX, Vx, Wx), A(0x0f, "vtestpd", F_W0, AVX, Vx, Wx),
	A(0x13, "vcvtph2ps", F_W0, F16C, Vx, Wh),
	N(0x16, "vpermps", F_L1 | F_W0, AVX2, Vqq, Hqq, Wqq), A(0x17, "vptest", 0, AVX, Vx, Wx),
	A(0x18, "vbroadcastss", F_W0 | F_MEM, AVX, Vx, Wd),
	A(0x18, "vbroadcastss", F_W0 | F_REG, AVX2, Vx, Wd),
	A(0x19, "vbroadcastsd", F_L1 | F_W0 | F_MEM, AVX, Vqq, Wq),
	A(0x19, "vbroadcastsd", F_L1 | F_W0 | F_REG, AVX2, Vqq, Wq),
	A(0x1a, "vbroadcastf128", F_L1 | F_W0, AVX, Vqq, Mdq),
	EXTEND(0x1c, "vpabsb", Wx), EXTEND(0x1d, "vpabsw", Wx), EXTEND(0x1e, "vpabsd", Wx),
	EXTEND(0x20, "vpmovsxbw", Wh), EXTEND(0x21, "vpmovsxbd", Wqr),
	EXTEND(0x22, "vpmovsxbq", We),
	EXTEND(0x23, "vpmovsxwd", Wh), EXTEND(0x24, "vpmovsxwq", Wqr),
	EXTEND(0x25, "vpmovsxdq", Wh),
	I(0x28, "vpmuldq"), I(0x29, "vpcmpeqq"),
	I2(0F38, 0x2a, "vmovntdqa", F_ALIGN, Vx, Mx), I(0x2b, "vpackusdw"),
	N(0x2c, "vmaskmovps", F_W0, AVX, Vx, Hx, Mx), N(0x2d, "vmaskmovpd", F_W0, AVX, Vx, Hx, Mx),
	N(0x2e, "vmaskmovps", F_W0, AVX, Mx, Hx, Vx), N(0x2f, "vmaskmovpd", F_W0, AVX, Mx, Hx, Vx),
	EXTEND(0x30, "vpmovzxbw", Wh), EXTEND(0x31, "vpmovzxbd", Wqr),
	EXTEND(0x32, "vpmovzxbq", We),
	EXTEND(0x33, "vpmovzxwd", Wh), EXTEND(0x34, "vpmovzxwq", Wqr),
	EXTEND(0x35, "vpmovzxdq", Wh),
	N(0x36, "vpermd", F_L1 | F_W0, AVX2, Vqq, Hqq, Wqq), I(0x37, "vpcmpgtq"),
	I(0x38, "vpminsb"), I(0x39, "vpminsd"), I(0x3a, "vpminuw"), I(0x3b, "vpminud"),
	I(0x3c, "vpmaxsb"), I(0x3d, "vpmaxsd"), I(0x3e, "vpmaxuw"), I(0x3f, "vpmaxud"),
	I(0x40, "vpmulld"), A(0x41, "vphminposuw", F_L0, AVX, Vdq, Wdq),
	D_Q(0x45, "vpsrlv", Vx, Hx, Wx), N(0x46, "vpsravd", F_W0, AVX2, Vx, Hx, Wx),
	D_Q(0x47, "vpsllv", Vx, Hx, Wx),
	A(0x58, "vpbroadcastd", F_W0, AVX2, Vx, Wd), A(0x59, "vpbroadcastq", F_W0, AVX2, Vx, Wq),
	A(0x5a, "vbroadcasti128", F_L1 | F_W0, AVX2, Vqq, Mdq),
	A(0x78, "vpbroadcastb", F_W0, AVX2, Vx, Wb), A(0x79, "vpbroadcastw", F_W0, AVX2, Vx, Ww),
	D_Q(0x8c, "vpmaskmov", Vx, Hx, Mx), D_Q(0x8e, "vpmaskmov", Mx, Hx, Vx),
	GATHER(0x90, "vpgatherdd", F_W0, Vx, Md, Hx), GATHER(0x90, "vpgatherdq", F_W1, Vx, Mq, Hx),
	GATHER(0x91, "vpgatherqd", F_W0, Vdq, Md, Hdq),
	GATHER(0x91, "vpgatherqq", F_W1, Vx, Mq, Hx),
	GATHER(0x92, "vgatherdps", F_W0, Vx, Md, Hx), GATHER(0x92, "vgatherdpd", F_W1, Vx, Mq, Hx),
	GATHER(0x93, "vgatherqps", F_W0, Vdq, Md, Hdq),
	GATHER(0x93, "vgatherqpd", F_W1, Vx, Mq, Hx),
	FMA3(0x90, "132"), FMA3(0xa0, "213"), FMA3(0xb0, "231"),
	A(0xdb, "vaesimc", F_L0, AES, Vdq, Wdq), N(0xdc, "vaesenc", F_L0, AES, Vdq, Hdq, Wdq),
	N(0xdd, "vaesenclast", F_L0, AES, Vdq, Hdq, Wdq),
	N(0xde, "vaesdec", F_L0, AES, Vdq, Hdq, Wdq),
	N(0xdf, "vaesdeclast", F_L0, AES, Vdq, Hdq, Wdq),
	BMI(0xf2, NP, -1, "andn", op_andn, BMI1, Gy, By, Ey),
	BMI(0xf3, NP, 1, "blsr", op_blsr, BMI1, By, Ey),
	BMI(0xf3, NP, 2, "blsmsk", op_blsmsk, BMI1, By, Ey),
	BMI(0xf3, NP, 3, "blsi", op_blsi, BMI1, By, Ey),
	BMI(0xf5, NP, -1, "bzhi", op_bzhi, BMI2, Gy, Ey, By),
	BMI(0xf5, F3, -1, "pext", op_pext, BMI2, Gy, By, Ey),
	BMI(0xf5, F2, -1, "pdep", op_pdep, BMI2, Gy, By, Ey),
	BMI(0xf6, F2, -1, "mulx", op_mulx, BMI2, Gy, By, Ey),
	BMI(0xf7, NP, -1, "bextr", op_bextr, BMI1, Gy, Ey, By),
	BMI(0xf7, 66, -1, "shlx", op_shlx, BMI2, Gy, Ey, By),
	BMI(0xf7, F3, -1, "sarx", op_sarx, BMI2, Gy, Ey, By),
	BMI(0xf7, F2, -1, "shrx", op_shrx, BMI2, Gy, Ey, By),

	A3A(0x00, "vpermq", F_L1 | F_W1, AVX2, Vqq, Wqq, Ib),
	A3A(0x01, "vpermpd", F_L1 | F_W1, AVX2, Vqq, Wqq, Ib),
	N3A(0x02, "vpblendd", F_W0, AVX2, Vx, Hx, Wx, Ib),
	A3A(0x04, "vpermilps", F_W0, AVX, Vx, Wx, Ib),
	A3A(0x05, "vpermilpd", F_W0, AVX, Vx, Wx, Ib),
	N3A(0x06, "vperm2f128", F_L1 | F_W0, AVX, Vqq, Hqq, Wqq, Ib),
	A3A(0x08, "vroundps", 0, AVX, Vx, Wx, Ib), A3A(0x09, "vroundpd", 0, AVX, Vx, Wx, Ib),
	N3A(0x0a, "vroundss", 0, AVX, Vdq, Hdq, Wd, Ib),
	N3A(0x0b, "vroundsd", 0, AVX, Vdq, Hdq, Wq, Ib),
	N3A(0x0c, "vblendps", 0, AVX, Vx, Hx, Wx, Ib),
	N3A(0x0d, "vblendpd", 0, AVX, Vx, Hx, Wx, Ib),
	I2(0F3A, 0x0e, "vpblendw", F_VVVV, Vx, Hx, Wx, Ib),
	I2(0F3A, 0x0f, "vpalignr", F_VVVV, Vx, Hx, Wx, Ib),
	A3A(0x14, "vpextrb", F_L0, AVX, Mb, Vdq, Ib), A3A(0x14, "vpextrb", F_L0, AVX, Rd, Vdq, Ib),
	A3A(0x15, "vpextrw", F_L0, AVX, Mw, Vdq, Ib), A3A(0x15, "vpextrw", F_L0, AVX, Rd, Vdq, Ib),
	A3A(0x16, "vpextrq", F_L0 | F_W1 | F_ONLY64, AVX, Ey, Vdq, Ib),
	A3A(0x16, "vpextrd", F_L0, AVX, Ey, Vdq, Ib),
	A3A(0x17, "vextractps", F_L0, AVX, Ed, Vdq, Ib),
	N3A(0x18, "vinsertf128", F_L1 | F_W0, AVX, Vqq, Hqq, Wdq, Ib),
	A3A(0x19, "vextractf128", F_L1 | F_W0, AVX, Wdq, Vqq, Ib),
	A3A(0x1d, "vcvtps2ph", F_W0, F16C, Wh, Vx, Ib),
	N3A(0x20, "vpinsrb", F_L0, AVX, Vdq, Hdq, Mb, Ib),
	N3A(0x20, "vpinsrb", F_L0, AVX, Vdq, Hdq, Rd, Ib),
	N3A(0x21, "vinsertps", F_L0, AVX, Vdq, Hdq, Wd, Ib),
	N3A(0x22, "vpinsrq", F_L0 | F_W1 | F_ONLY64, AVX, Vdq, Hdq, Ey, Ib),
	N3A(0x22, "vpinsrd", F_L0, AVX, Vdq, Hdq, Ey, Ib),
	N3A(0x38, "vinserti128", F_L1 | F_W0, AVX2, Vqq, Hqq, Wdq, Ib),
	A3A(0x39, "vextracti128", F_L1 | F_W0, AVX2, Wdq, Vqq, Ib),
	N3A(0x40, "vdpps", 0, AVX, Vx, Hx, Wx, Ib),
	N3A(0x41, "vdppd", F_L0, AVX, Vdq, Hdq, Wdq, Ib),
	I2(0F3A, 0x42, "vmpsadbw", F_VVVV, Vx, Hx, Wx, Ib),
	N3A(0x44, "vpclmulqdq", F_L0, PCLMULQDQ, Vdq, Hdq, Wdq, Ib),
	N3A(0x46, "vperm2i128", F_L1 | F_W0, AVX2, Vqq, Hqq, Wqq, Ib),
	N3A(0x4a, "vblendvps", F_W0, AVX, Vx, Hx, Wx, Lx),
	N3A(0x4b, "vblendvpd", F_W0, AVX, Vx, Hx, Wx, Lx),
	I2(0F3A, 0x4c, "vpblendvb", F_VVVV | F_W0, Vx, Hx, Wx, Lx),
	A3A(0x60, "vpcmpestrm", F_L0, AVX, Vdq, Wdq, Ib),
	A3A(0x61, "vpcmpestri", F_L0, AVX, Vdq, Wdq, Ib),
	A3A(0x62, "vpcmpistrm", F_L0, AVX, Vdq, Wdq, Ib),
	A3A(0x63, "vpcmpistri", F_L0, AVX, Vdq, Wdq, Ib),
	A3A(0xdf, "vaeskeygenassist", F_L0, AES, Vdq, Wdq, Ib),
	ROW(MAP_0F3A, 0xf0, F2, -1, -1, "rorx", op_rorx, F_VEX | F_L0 | F_PROT, BMI2, Gy, Ey, Ib),
};
/* clang-format on */

const struct opcode_table table_vex38 = TABLE(rows);
