/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands at 1 MiB in place of a kernel's decompressor when the kernel (tests/guest/lib/repack.c)
 * already lies unpacked at 16 MiB. Entered by Linux's 32-bit boot protocol, %esi at boot_params; a
 * 64-bit kernel (WIDE) wants %rsi and identity paging instead.
 */
#include "long_mode.inc"

#define KERNEL 0x1000000
#define TABLES 0x110000

	.code32
	.globl _start
_start:
#ifndef WIDE
	movl $KERNEL, %eax
	jmp *%eax
#else
	enter_long_mode TABLES
	movl %esi, %esi
	movl $KERNEL, %eax
	jmp *%rax
#endif
