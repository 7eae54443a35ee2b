/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/decode.h: what the decoder has beside insn.h's interface.
 */
#ifndef HYPERVISOR_X86_DECODE_H
#define HYPERVISOR_X86_DECODE_H
#include "hypervisor/x86/insn.h"

/* The row's name, made definite: of "a/b/c" the one for the operand size (JCXZ: address size), of
 * string instructions with their size letter. */
void insn_mnemonic(const struct insn *in, char *buf, size_t len);
/* The bytes as they are at one moment: code in RAM may be written meanwhile, and what another vCPU
 * stores at once, eight aligned bytes, is seen all or not at all. */
void insn_snapshot(uint8_t to[INSN_MAX], const uint8_t *p, unsigned n);
#endif
