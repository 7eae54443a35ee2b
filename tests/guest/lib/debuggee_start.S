/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A multiboot kernel that calls debuggee() of debuggee.c in 64-bit mode. */
#include "long_mode.inc"

	.section .multiboot, "a"
	.long 0x1badb002, 0, -0x1badb002

	.text
	.code32
	.globl _start
_start:	enter_long_mode tables
	leaq stack_end(%rip), %rsp
	xorl %ebp, %ebp
	call debuggee
	ud2

	.bss
	.balign 4096
tables:	.skip 6 * 4096
	.skip 16384
stack_end:

	.section .note.GNU-stack, "", @progbits
