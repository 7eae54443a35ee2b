/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_sse38.c: SSSE3 to SSE4.2, AES, PCLMULQDQ and SHA in the maps 0F 38 and
 * 0F 3A, without VEX.
 *
 * Spec: Intel SDM volume 2, appendix A.3, tables.
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

/* clang-format off */
#define V(map, op, pfx, name, flags, feature, ...) \
	ROW(MAP_##map, op, pfx, -1, -1, name, op_host, F_HOST | (flags), feature, __VA_ARGS__)
/* an XMM instruction whose 16-byte memory operand must be aligned, and one where it need not */
#define X(op, name, feature, ...) \
	V(0F38, op, 66, name, F_SSE | F_ALIGN, feature, __VA_ARGS__)
#define U(op, name, feature, ...) \
	V(0F38, op, 66, name, F_SSE, feature, __VA_ARGS__)
#define X3A(op, name, feature, ...) \
	V(0F3A, op, 66, name, F_SSE | F_ALIGN, feature, __VA_ARGS__)
#define U3A(op, name, feature, ...) \
	V(0F3A, op, 66, name, F_SSE, feature, __VA_ARGS__)
#define BOTH(op, name)							\
	V(0F38, op, NP, name, F_MMX, SSSE3, Pq, Qq),			\
	X(op, name, SSSE3, Vdq, Wdq)
#define SHA(op, name, ...) \
	V(0F38, op, NP, name, F_SSE | F_ALIGN, SHA, __VA_ARGS__)

static const struct opcode rows[] = {
	BOTH(0x00, "pshufb"), BOTH(0x01, "phaddw"), BOTH(0x02, "phaddd"), BOTH(0x03, "phaddsw"),
	BOTH(0x04, "pmaddubsw"), BOTH(0x05, "phsubw"), BOTH(0x06, "phsubd"), BOTH(0x07, "phsubsw"),
	BOTH(0x08, "psignb"), BOTH(0x09, "psignw"), BOTH(0x0a, "psignd"), BOTH(0x0b, "pmulhrsw"),
	X(0x10, "pblendvb", SSE41, Vdq, Wdq, XMM0), X(0x14, "blendvps", SSE41, Vdq, Wdq, XMM0),
	X(0x15, "blendvpd", SSE41, Vdq, Wdq, XMM0), X(0x17, "ptest", SSE41, Vdq, Wdq),
	BOTH(0x1c, "pabsb"), BOTH(0x1d, "pabsw"), BOTH(0x1e, "pabsd"),
	U(0x20, "pmovsxbw", SSE41, Vdq, Wq), U(0x21, "pmovsxbd", SSE41, Vdq, Wd),
	U(0x22, "pmovsxbq", SSE41, Vdq, Ww), U(0x23, "pmovsxwd", SSE41, Vdq, Wq),
	U(0x24, "pmovsxwq", SSE41, Vdq, Wd), U(0x25, "pmovsxdq", SSE41, Vdq, Wq),
	X(0x28, "pmuldq", SSE41, Vdq, Wdq), X(0x29, "pcmpeqq", SSE41, Vdq, Wdq),
	X(0x2a, "movntdqa", SSE41, Vdq, Mdq), X(0x2b, "packusdw", SSE41, Vdq, Wdq),
	U(0x30, "pmovzxbw", SSE41, Vdq, Wq), U(0x31, "pmovzxbd", SSE41, Vdq, Wd),
	U(0x32, "pmovzxbq", SSE41, Vdq, Ww), U(0x33, "pmovzxwd", SSE41, Vdq, Wq),
	U(0x34, "pmovzxwq", SSE41, Vdq, Wd), U(0x35, "pmovzxdq", SSE41, Vdq, Wq),
	X(0x37, "pcmpgtq", SSE42, Vdq, Wdq), X(0x38, "pminsb", SSE41, Vdq, Wdq),
	X(0x39, "pminsd", SSE41, Vdq, Wdq), X(0x3a, "pminuw", SSE41, Vdq, Wdq),
	X(0x3b, "pminud", SSE41, Vdq, Wdq), X(0x3c, "pmaxsb", SSE41, Vdq, Wdq),
	X(0x3d, "pmaxsd", SSE41, Vdq, Wdq), X(0x3e, "pmaxuw", SSE41, Vdq, Wdq),
	X(0x3f, "pmaxud", SSE41, Vdq, Wdq), X(0x40, "pmulld", SSE41, Vdq, Wdq),
	X(0x41, "phminposuw", SSE41, Vdq, Wdq),
	SHA(0xc8, "sha1nexte", Vdq, Wdq), SHA(0xc9, "sha1msg1", Vdq, Wdq),
	SHA(0xca, "sha1msg2", Vdq, Wdq), SHA(0xcb, "sha256rnds2", Vdq, Wdq, XMM0),
	SHA(0xcc, "sha256msg1", Vdq, Wdq), SHA(0xcd, "sha256msg2", Vdq, Wdq),
	X(0xdb, "aesimc", AES, Vdq, Wdq), X(0xdc, "aesenc", AES, Vdq, Wdq),
	X(0xdd, "aesenclast", AES, Vdq, Wdq), X(0xde, "aesdec", AES, Vdq, Wdq),
	X(0xdf, "aesdeclast", AES, Vdq, Wdq),

	X3A(0x08, "roundps", SSE41, Vdq, Wdq, Ib), X3A(0x09, "roundpd", SSE41, Vdq, Wdq, Ib),
	U3A(0x0a, "roundss", SSE41, Vd, Wd, Ib), U3A(0x0b, "roundsd", SSE41, Vq, Wq, Ib),
	X3A(0x0c, "blendps", SSE41, Vdq, Wdq, Ib), X3A(0x0d, "blendpd", SSE41, Vdq, Wdq, Ib),
	X3A(0x0e, "pblendw", SSE41, Vdq, Wdq, Ib),
	V(0F3A, 0x0f, NP, "palignr", F_MMX, SSSE3, Pq, Qq, Ib),
	X3A(0x0f, "palignr", SSSE3, Vdq, Wdq, Ib),
	U3A(0x14, "pextrb", SSE41, Mb, Vdq, Ib), U3A(0x14, "pextrb", SSE41, Rd, Vdq, Ib),
	U3A(0x15, "pextrw", SSE41, Mw, Vdq, Ib), U3A(0x15, "pextrw", SSE41, Rd, Vdq, Ib),
	V(0F3A, 0x16, 66, "pextrq", F_SSE | F_W1 | F_ONLY64, SSE41, Ey, Vdq, Ib),
	U3A(0x16, "pextrd", SSE41, Ey, Vdq, Ib), U3A(0x17, "extractps", SSE41, Ed, Vdq, Ib),
	U3A(0x20, "pinsrb", SSE41, Vdq, Mb, Ib), U3A(0x20, "pinsrb", SSE41, Vdq, Rd, Ib),
	U3A(0x21, "insertps", SSE41, Vdq, Wd, Ib),
	V(0F3A, 0x22, 66, "pinsrq", F_SSE | F_W1 | F_ONLY64, SSE41, Vdq, Ey, Ib),
	U3A(0x22, "pinsrd", SSE41, Vdq, Ey, Ib),
	X3A(0x40, "dpps", SSE41, Vdq, Wdq, Ib), X3A(0x41, "dppd", SSE41, Vdq, Wdq, Ib),
	X3A(0x42, "mpsadbw", SSE41, Vdq, Wdq, Ib), X3A(0x44, "pclmulqdq", PCLMULQDQ, Vdq, Wdq, Ib),
	U3A(0x60, "pcmpestrm", SSE42, Vdq, Wdq, Ib), U3A(0x61, "pcmpestri", SSE42, Vdq, Wdq, Ib),
	U3A(0x62, "pcmpistrm", SSE42, Vdq, Wdq, Ib), U3A(0x63, "pcmpistri", SSE42, Vdq, Wdq, Ib),
	V(0F3A, 0xcc, NP, "sha1rnds4", F_SSE | F_ALIGN, SHA, Vdq, Wdq, Ib),
	X3A(0xdf, "aeskeygenassist", AES, Vdq, Wdq, Ib),
};
/* clang-format on */

const struct opcode_table table_sse38 = TABLE(rows);
