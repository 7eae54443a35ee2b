/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/insn.h: one decoded instruction, and the opcode table that the
 * decoder, the interpreter, the disassembler, the tests and (later) the
 * translator share. A row says everything about an encoding once.
 *
 * Spec: Intel SDM volume 2, chapters 2 (format) and appendix A (opcode maps).
 */
#ifndef HYPERVISOR_X86_INSN_H
#define HYPERVISOR_X86_INSN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct insn;

#define INSN_MAX 15

/* ---- operands, by the letters of the SDM's appendix A.2 ---- */
enum opnd_kind {
	O_NONE,
	O_E,  /* ModRM.rm: general register or memory */
	O_G,  /* ModRM.reg: general register */
	O_R,  /* ModRM.rm: general register only */
	O_M,  /* ModRM.rm: memory only */
	O_B,  /* VEX.vvvv: general register */
	O_I,  /* immediate, zero-extended (ib, iw, id as the size says) */
	O_Is, /* immediate, sign-extended from its own size to the operand's */
	O_1,  /* the constant 1 */
	O_J,  /* relative to the next instruction */
	O_A,  /* far pointer in the instruction */
	O_O,  /* moffs */
	O_S,  /* ModRM.reg: segment register */
	O_C,  /* ModRM.reg: control register */
	O_D,  /* ModRM.reg: debug register */
	O_X,  /* DS:rSI */
	O_Y,  /* ES:rDI */
	O_Z,  /* register in the opcode's low three bits (REX.B) */
	O_AX, /* accumulator of the size */
	O_CL,
	O_CX,
	O_DX,
	O_ES,
	O_CS,
	O_SS,
	O_DS,
	O_FS,
	O_GS,
	O_P, /* ModRM.reg: MMX */
	O_N, /* ModRM.rm: MMX register only */
	O_Q, /* ModRM.rm: MMX register or memory */
	O_V, /* ModRM.reg: XMM/YMM */
	O_U, /* ModRM.rm: XMM/YMM register only */
	O_W, /* ModRM.rm: XMM/YMM or memory */
	O_H, /* VEX.vvvv: XMM/YMM */
	O_L, /* imm8[7:4]: XMM/YMM */
	O_XMM0,
	O_ST,  /* x87 stack top */
	O_STi, /* ST(ModRM.rm) */
};
enum opnd_size {
	S_0, /* no size of its own (LEA, INVLPG, NOP) */
	S_b,
	S_w,
	S_d,
	S_q,
	S_v,     /* 2, 4 or 8 by operand size */
	S_z,     /* 2 or 4: operand size, 8 becomes 4 */
	S_y,     /* 4, or 8 with REX.W */
	S_p,     /* far pointer: 16:16, 16:32, 16:64 by operand size */
	S_a,     /* BOUND: two of operand size */
	S_s,     /* pseudo-descriptor: 2 + 4 or 2 + 8 */
	S_x,     /* 16 or 32 by VEX.L */
	S_dq,    /* 16 */
	S_qq,    /* 32 */
	S_h,     /* half of S_x */
	S_qr,    /* quarter of S_x */
	S_e,     /* eighth of S_x */
	S_t,     /* 10, x87 */
	S_env,   /* x87 environment, 14 or 28 */
	S_state, /* FSAVE, 94 or 108 */
	S_fx,    /* FXSAVE, 512 */
	S_xs,    /* XSAVE area */
};
struct opnd {
	uint8_t kind, size; /* enum opnd_kind, opnd_size */
};

/* ---- the table ---- */
enum op_map { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A, MAP_3DNOW_NONE /* 0F 0F: not there */ };
/* Mandatory prefix. PFX_NR: neither F2 nor F3; 66 is the operand size. */
enum op_prefix { PFX_ANY, PFX_NP, PFX_66, PFX_F3, PFX_F2, PFX_NR };
enum op_flag {
	F_LOCK = 1 << 0,   /* LOCK is legal with a memory destination */
	F_O64 = 1 << 1,    /* in 64-bit mode the operand size is 64 without REX.W (16 with 66) */
	F_F64 = 1 << 2,    /* in 64-bit mode the operand size is 64 whatever prefixes say */
	F_NO64 = 1 << 3,   /* #UD in 64-bit mode */
	F_ONLY64 = 1 << 4, /* #UD outside 64-bit mode */
	F_PROT = 1 << 5,   /* #UD in real and virtual-8086 mode */
	F_CPL0 = 1 << 6,   /* #GP(0) unless CPL 0 */
	F_VEX = 1 << 7,    /* encoded with VEX (row is for VEX alone) */
	F_W0 = 1 << 8,
	F_W1 = 1 << 9, /* REX.W/VEX.W must be */
	F_L0 = 1 << 10,
	F_L1 = 1 << 11, /* VEX.L must be */
	F_MEM = 1 << 12,
	F_REG = 1 << 13,  /* ModRM.mod must be memory / register */
	F_ENDS = 1 << 14, /* ends a block: may change rIP, mode or mapping */
	F_BR = 1 << 15,   /* a branch; target operand O_J */
	F_REP = 1 << 16,  /* string instruction: F2/F3 repeat */
	F_HOST = 1 << 17, /* user-level FP/vector: runs on the host's unit (exec_host.c) */
	F_FPU = 1 << 18,  /* x87: #NM by CR0.TS/EM, #MF */
	F_MMX = 1 << 19,
	F_SSE = 1 << 20,    /* #UD by CR0.EM, CR4.OSFXSR; #NM by TS */
	F_AVX = 1 << 21,    /* #UD by CR4.OSXSAVE, XCR0 */
	F_ALIGN = 1 << 22,  /* legacy-SSE memory operand of 16 bytes must be aligned: #GP(0) */
	F_VVVV = 1 << 23,   /* VEX.vvvv is used; else it must be 1111b */
	F_NEAR = 1 << 24,   /* near branch: F_F64, but 66 in 64-bit mode is as the host has it */
	F_VSIB = 1 << 25,   /* memory operand's index is a vector register */
	F_NOREXB = 1 << 26, /* REX.B must be clear (NOP against XCHG R8) */
};
struct opcode {
	/* Mnemonic in Intel syntax, lower case: "add"; "cbw/cwde/cdqe" by operand size 2, 4, 8 */
	const char *name;
	void (*run)(struct cpu *c, const struct insn *in);
	uint8_t map, op; /* enum op_map; opcode byte */
	uint8_t prefix;  /* enum op_prefix */
	int8_t digit;    /* /0-/7: ModRM.reg must be; -1 any */
	int8_t rm;       /* ModRM.rm must be (x87, 0F 01 C1 …), with mod = 3; -1 any */
	struct opnd o[4];
	uint32_t flags;  /* enum op_flag */
	uint8_t feature; /* enum cpu_feature that CPUID must show; 0 = always */
};
/* All rows; within one opcode the first that fits wins. */
const struct opcode *opcode_rows(unsigned *n);

/* ---- a decoded instruction ---- */
enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_N };
#define REG_NONE 0xff /* no base, no index */
#define REG_RIP  16   /* base: the next instruction's address */

struct insn {
	const struct opcode *op; /* NULL: illegal; fault says which */
	uint8_t len;
	uint8_t opsize, addrsize; /* bytes: 2, 4, 8 */
	uint8_t mode;             /* enum insn_mode it was decoded for */
	uint8_t rep;              /* 0, 0xf2, 0xf3: last of them */
	bool lock, p66, p67, vex;
	uint8_t rex;      /* 0 = none; else 0x40-0x4f (VEX: as if) */
	uint8_t vvvv, vl; /* VEX.vvvv not inverted; VEX.L */
	uint8_t modrm, sib;
	bool has_modrm;
	uint8_t mod, reg, rm;       /* REX bits folded in: 0-15; mod 0-3 */
	uint8_t seg;                /* enum seg that memory operands use (override or default) */
	uint8_t seg_override;       /* enum seg, SEG_N = none */
	uint8_t base, index, scale; /* base REG_RIP; scale as shift; REG_NONE */
	int64_t disp;               /* also moffs */
	uint64_t imm, imm2; /* raw, as wide as in the instruction; imm2: ENTER, far selector */
	uint8_t imm_size, imm2_size, disp_size;
	uint8_t gpr[4];   /* operand i is this general register; REG_NONE: it is something else */
	uint16_t size[4]; /* insn_opnd_bytes of operand i */
	uint8_t imm_at, disp_at, modrm_at, op_at; /* byte offsets, for those who copy it */
	uint8_t bytes[INSN_MAX];
};
enum insn_mode { MODE_16, MODE_32, MODE_64 }; /* default sizes: CS.D and CS.L */

enum decode_result {
	DECODE_OK,
	DECODE_UD,   /* no such instruction in this mode: #UD */
	DECODE_LONG, /* over 15 bytes: #GP(0) */
	DECODE_MORE, /* `avail` bytes are a true prefix of an instruction: fetch more */
};
/* Pure: looks at nothing but its arguments. On DECODE_UD in->len is what was looked at. */
enum decode_result insn_decode(struct insn *in, const uint8_t *p, unsigned avail,
			       enum insn_mode mode);
/* Bytes that operand i moves, by its size letter and the prefixes; 0 for S_0. */
unsigned insn_opnd_bytes(const struct insn *in, unsigned i);
/* Intel syntax, rip-relative targets as absolute addresses; buf at least 96 bytes. */
void insn_text(const struct insn *in, uint64_t rip, char *buf, size_t len);
#endif
