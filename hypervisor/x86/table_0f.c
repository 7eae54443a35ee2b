/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table_0f.c: integer and system instructions of the maps 0F, 0F 38 and 0F 3A
 * without VEX.
 *
 * Spec: Intel SDM volume 2, appendix A.3, tables.
 * Missing: VMX, SVM, SGX, TSX, CET, MPX, protection keys, GETSEC (always #UD; those that are
 *	hint NOPs without their feature are NOPs).
 * Tests: tests/x86/decode.c
 */
#include "hypervisor/x86/table.h"

#define NEAR (F_F64 | F_NEAR | F_ENDS)
#define SYS  (F_CPL0 | F_ENDS)

/* clang-format off */
#define G(op, pfx, digit, name, run, flags, feature, ...) \
	ROW(MAP_0F, op, pfx, digit, -1, name, run, flags, feature, __VA_ARGS__)
#define RM(op, pfx, digit, rm, name, run, flags, feature) \
	ROW(MAP_0F, op, pfx, digit, rm, name, run, flags, feature, NONE)
#define CC(cc, name)							\
	G(0x40 + cc, ANY, -1, "cmov" name, op_cmov, 0, CMOV, Gv, Ev),	\
	OP2(0x80 + cc, "j" name, op_jcc, NEAR | F_BR, Jz),		\
	OP2(0x90 + cc, "set" name, op_setcc, 0, Eb)
#define BIT(digit, op, name, run, lock)					\
	OP2(op, name, run, lock, Ev, Gv),				\
	GRP2(0xba, digit, name, run, lock, Ev, Ib)
#define HINT(op) OP2(op, "nop", op_nop, 0, E0)
/* A selector or status word: a word in memory, the operand size in a register. */
#define WORD(op, digit, name, run, flags)				\
	GRP2(op, digit, name, run, F_MEM | (flags), Ew),		\
	GRP2(op, digit, name, run, F_REG | (flags), Ev)
#define BSWAP(op) OP2(op, "bswap", op_bswap, 0, Zv)

static const struct opcode rows[] = {
	WORD(0x00, 0, "sldt", op_sldt, F_PROT),
	WORD(0x00, 1, "str", op_str, F_PROT),
	GRP2(0x00, 2, "lldt", op_lldt, F_PROT | F_CPL0, Ew),
	GRP2(0x00, 3, "ltr", op_ltr, F_PROT | F_CPL0, Ew),
	GRP2(0x00, 4, "verr", op_verr, F_PROT, Ew),
	GRP2(0x00, 5, "verw", op_verw, F_PROT, Ew),
	GRP2(0x01, 0, "sgdt", op_sgdt, F_F64, Ms),
	GRP2(0x01, 1, "sidt", op_sidt, F_F64, Ms),
	GRP2(0x01, 2, "lgdt", op_lgdt, F_F64 | F_CPL0, Ms),
	GRP2(0x01, 3, "lidt", op_lidt, F_F64 | F_CPL0, Ms),
	WORD(0x01, 4, "smsw", op_smsw, 0),
	GRP2(0x01, 6, "lmsw", op_lmsw, SYS, Ew),
	GRP2(0x01, 7, "invlpg", op_invlpg, SYS, M0),
	/* Outside CPL 0 these four are #UD, not #GP: the handlers ask. */
	RM(0x01, NP, 1, 0, "monitor", op_monitor, 0, MONITOR),
	RM(0x01, NP, 1, 1, "mwait", op_mwait, F_ENDS, MONITOR),
	RM(0x01, NP, 1, 2, "clac", op_clac, F_ENDS, SMAP),
	RM(0x01, NP, 1, 3, "stac", op_stac, F_ENDS, SMAP),
	RM(0x01, NP, 2, 0, "xgetbv", op_xgetbv, 0, XSAVE),
	RM(0x01, NP, 2, 1, "xsetbv", op_xsetbv, SYS, XSAVE),
	RM(0x01, ANY, 7, 0, "swapgs", op_swapgs, F_ONLY64 | F_CPL0, LM),
	RM(0x01, ANY, 7, 1, "rdtscp", op_rdtscp, 0, RDTSCP),
	OP2(0x02, "lar", op_lar, F_PROT, Gv, Ew),
	OP2(0x03, "lsl", op_lsl, F_PROT, Gv, Ew),
	/* Outside 64-bit mode AMD's alone: the handlers ask EFER and the vendor. */
	G(0x05, ANY, -1, "syscall", op_syscall, F_ENDS, SYSCALL, NONE),
	OP2(0x06, "clts", op_clts, SYS, NONE),
	G(0x07, ANY, -1, "sysret", op_sysret, F_PROT | SYS, SYSCALL, NONE),
	OP2(0x08, "invd", op_wbinvd, F_CPL0, NONE),
	OP2(0x09, "wbinvd", op_wbinvd, F_CPL0, NONE),
	OP2(0x0b, "ud2", op_ud, F_ENDS, NONE),
	GRP2(0x0d, 1, "prefetchw", op_nop, F_MEM, E0),
	GRP2(0x0d, 2, "prefetchwt1", op_nop, F_MEM, E0),
	GRP2(0x0d, -1, "prefetch", op_nop, F_MEM, E0),
	HINT(0x0d),
	GRP2(0x18, 0, "prefetchnta", op_nop, F_MEM, E0),
	GRP2(0x18, 1, "prefetcht0", op_nop, F_MEM, E0),
	GRP2(0x18, 2, "prefetcht1", op_nop, F_MEM, E0),
	GRP2(0x18, 3, "prefetcht2", op_nop, F_MEM, E0),
	HINT(0x18), HINT(0x19), HINT(0x1a), HINT(0x1b), HINT(0x1c), HINT(0x1d),
	RM(0x1e, F3, 7, 2, "endbr64", op_nop, 0, ALWAYS),
	RM(0x1e, F3, 7, 3, "endbr32", op_nop, 0, ALWAYS),
	HINT(0x1e), HINT(0x1f),
	/* mod is not looked at: always a register of the mode's width */
	OP2(0x20, "mov", op_mov_cr, F_F64 | F_CPL0, Ry, Cy),
	OP2(0x21, "mov", op_mov_dr, F_F64 | F_CPL0, Ry, Dy),
	OP2(0x22, "mov", op_mov_cr, F_F64 | SYS, Cy, Ry),
	OP2(0x23, "mov", op_mov_dr, F_F64 | SYS, Dy, Ry),
	G(0x30, ANY, -1, "wrmsr", op_wrmsr, SYS, MSR, NONE),
	G(0x31, ANY, -1, "rdtsc", op_rdtsc, 0, TSC, NONE),
	G(0x32, ANY, -1, "rdmsr", op_rdmsr, F_CPL0, MSR, NONE),
	OP2(0x33, "rdpmc", op_rdpmc, 0, NONE),
	G(0x34, ANY, -1, "sysenter", op_sysenter, F_PROT | F_ENDS, SEP, NONE),
	G(0x35, ANY, -1, "sysexit", op_sysexit, F_PROT | SYS, SEP, NONE),
	CC(0x0, "o"), CC(0x1, "no"), CC(0x2, "b"), CC(0x3, "ae"),
	CC(0x4, "e"), CC(0x5, "ne"), CC(0x6, "be"), CC(0x7, "a"),
	CC(0x8, "s"), CC(0x9, "ns"), CC(0xa, "p"), CC(0xb, "np"),
	CC(0xc, "l"), CC(0xd, "ge"), CC(0xe, "le"), CC(0xf, "g"),
	OP2(0xa0, "push", op_push_seg, F_O64, SREG(FS)),
	OP2(0xa1, "pop", op_pop_seg, F_O64 | F_ENDS, SREG(FS)),
	OP2(0xa2, "cpuid", op_cpuid, 0, NONE),
	BIT(4, 0xa3, "bt", op_bt, 0), BIT(5, 0xab, "bts", op_bts, F_LOCK),
	BIT(6, 0xb3, "btr", op_btr, F_LOCK), BIT(7, 0xbb, "btc", op_btc, F_LOCK),
	OP2(0xa4, "shld", op_shld, 0, Ev, Gv, Ib),
	OP2(0xa5, "shld", op_shld, 0, Ev, Gv, CL),
	OP2(0xa8, "push", op_push_seg, F_O64, SREG(GS)),
	OP2(0xa9, "pop", op_pop_seg, F_O64 | F_ENDS, SREG(GS)),
	OP2(0xaa, "rsm", op_ud, F_ENDS, NONE), /* #UD outside SMM, and there is none */
	OP2(0xac, "shrd", op_shrd, 0, Ev, Gv, Ib),
	OP2(0xad, "shrd", op_shrd, 0, Ev, Gv, CL),
	G(0xae, NP, 0, "fxsave/fxsave/fxsave64", op_fxsave, 0, FXSR, Mfx),
	G(0xae, NP, 1, "fxrstor/fxrstor/fxrstor64", op_fxrstor, 0, FXSR, Mfx),
	G(0xae, NP, 2, "ldmxcsr", op_ldmxcsr, F_SSE, SSE, Md),
	G(0xae, NP, 3, "stmxcsr", op_stmxcsr, F_SSE, SSE, Md),
	G(0xae, NP, 4, "xsave/xsave/xsave64", op_xsave, 0, XSAVE, Mxs),
	G(0xae, NP, 5, "xrstor/xrstor/xrstor64", op_xrstor, 0, XSAVE, Mxs),
	G(0xae, NP, 6, "xsaveopt/xsaveopt/xsaveopt64", op_xsaveopt, 0, XSAVEOPT, Mxs),
	G(0xae, 66, 6, "clwb", op_clflush, 0, CLWB, Mb),
	G(0xae, NP, 7, "clflush", op_clflush, 0, CLFSH, Mb),
	G(0xae, 66, 7, "clflushopt", op_clflush, 0, CLFLUSHOPT, Mb),
	G(0xae, F3, 0, "rdfsbase", op_rdfsbase, F_ONLY64, FSGSBASE, Ry),
	G(0xae, F3, 1, "rdgsbase", op_rdgsbase, F_ONLY64, FSGSBASE, Ry),
	G(0xae, F3, 2, "wrfsbase", op_wrfsbase, F_ONLY64, FSGSBASE, Ry),
	G(0xae, F3, 3, "wrgsbase", op_wrgsbase, F_ONLY64, FSGSBASE, Ry),
	G(0xae, NP, 5, "lfence", op_nop, F_REG, SSE2, NONE),
	G(0xae, NP, 6, "mfence", op_nop, F_REG, SSE2, NONE),
	G(0xae, NP, 7, "sfence", op_nop, F_REG, SSE, NONE),
	OP2(0xaf, "imul", op_imul, 0, Gv, Ev),
	OP2(0xb0, "cmpxchg", op_cmpxchg, F_LOCK, Eb, Gb),
	OP2(0xb1, "cmpxchg", op_cmpxchg, F_LOCK, Ev, Gv),
	OP2(0xb2, "lss", op_lfar, F_ENDS, Gv, Mp, SREG(SS)),
	OP2(0xb4, "lfs", op_lfar, F_ENDS, Gv, Mp, SREG(FS)),
	OP2(0xb5, "lgs", op_lfar, F_ENDS, Gv, Mp, SREG(GS)),
	OP2(0xb6, "movzx", op_movzx, 0, Gv, Eb),
	OP2(0xb7, "movzx", op_movzx, 0, Gv, Ew),
	G(0xb8, F3, -1, "popcnt", op_popcnt, 0, POPCNT, Gv, Ev),
	OP2(0xb9, "ud1", op_ud, F_ENDS, Gd, Ed),
	/* Without bmi1 and abm these are BSF and BSR, so the rows ask for no feature. */
	G(0xbc, F3, -1, "tzcnt", op_tzcnt, 0, ALWAYS, Gv, Ev),
	OP2(0xbc, "bsf", op_bsf, 0, Gv, Ev),
	G(0xbd, F3, -1, "lzcnt", op_lzcnt, 0, ALWAYS, Gv, Ev),
	OP2(0xbd, "bsr", op_bsr, 0, Gv, Ev),
	OP2(0xbe, "movsx", op_movsx, 0, Gv, Eb),
	OP2(0xbf, "movsx", op_movsx, 0, Gv, Ew),
	OP2(0xc0, "xadd", op_xadd, F_LOCK, Eb, Gb),
	OP2(0xc1, "xadd", op_xadd, F_LOCK, Ev, Gv),
	G(0xc3, NP, -1, "movnti", op_mov, 0, SSE2, My, Gy),
	G(0xc7, ANY, 1, "cmpxchg16b", op_cmpxchg8b, F_LOCK | F_ONLY64 | F_W1, CX16, Mdq),
	G(0xc7, ANY, 1, "cmpxchg8b", op_cmpxchg8b, F_LOCK, CX8, Mq),
	G(0xc7, NP, 3, "xrstors/xrstors/xrstors64", op_xrstors, F_CPL0, XSAVES, Mxs),
	G(0xc7, NP, 4, "xsavec/xsavec/xsavec64", op_xsavec, 0, XSAVEC, Mxs),
	G(0xc7, NP, 5, "xsaves/xsaves/xsaves64", op_xsaves, F_CPL0, XSAVES, Mxs),
	G(0xc7, NR, 6, "rdrand", op_rdrand, 0, RDRAND, Rv),
	G(0xc7, NR, 7, "rdseed", op_rdseed, 0, RDSEED, Rv),
	G(0xc7, F3, 7, "rdpid", op_rdpid, F_F64, RDPID, Ry),
	BSWAP(0xc8), BSWAP(0xc9), BSWAP(0xca), BSWAP(0xcb),
	BSWAP(0xcc), BSWAP(0xcd), BSWAP(0xce), BSWAP(0xcf),
	OP2(0xff, "ud0", op_ud, F_ENDS, Gd, Ed),

	ROW(MAP_0F38, 0x82, 66, -1, -1, "invpcid", op_invpcid, F_F64 | SYS, INVPCID, Gy, Mdq),
	ROW(MAP_0F38, 0xf0, NR, -1, -1, "movbe", op_movbe, 0, MOVBE, Gv, Mv),
	ROW(MAP_0F38, 0xf1, NR, -1, -1, "movbe", op_movbe, 0, MOVBE, Mv, Gv),
	ROW(MAP_0F38, 0xf0, F2, -1, -1, "crc32", op_crc32, 0, SSE42, Gy, Eb),
	ROW(MAP_0F38, 0xf1, F2, -1, -1, "crc32", op_crc32, 0, SSE42, Gy, Ev),
	ROW(MAP_0F38, 0xf6, 66, -1, -1, "adcx", op_adcx, 0, ADX, Gy, Ey),
	ROW(MAP_0F38, 0xf6, F3, -1, -1, "adox", op_adox, 0, ADX, Gy, Ey),
};
/* clang-format on */

const struct opcode_table table_0f = TABLE(rows);
