/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/decode.h: what the decoder has beside insn.h's interface.
 */
#ifndef HYPERVISOR_X86_DECODE_H
#define HYPERVISOR_X86_DECODE_H
#include <stdbool.h>

/* In 64-bit mode 66h makes near branches 16 bits wide (AMD) or says nothing (Intel). At start the
 * host's vendor decides. Not while instructions are decoded. */
void decode_near_16(bool on);
#endif
