/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands at 1 MiB in place of a kernel's decompressor when the kernel (tests/guest/lib/repack.c)
 * already lies unpacked at 16 MiB. Entered by Linux's 32-bit boot protocol, %esi at boot_params; a
 * 64-bit kernel (WIDE) wants %rsi and identity paging instead.
 */
#define KERNEL 0x1000000
#define TABLES 0x110000		/* PML4, PDPT, four page directories */

	.code32
	.globl _start
_start:
#ifndef WIDE
	movl $KERNEL, %eax
	jmp *%eax
#else
	cld
	movl $TABLES, %edi
	xorl %eax, %eax
	movl $6 * 0x1000 / 4, %ecx
	rep stosl
	movl $TABLES + 0x1000 + 3, TABLES
	movl $TABLES + 0x2000 + 3, %eax
	xorl %ecx, %ecx
1:	movl %eax, TABLES + 0x1000(,%ecx,8)
	addl $0x1000, %eax
	incl %ecx
	cmpl $4, %ecx
	jb 1b
	movl $0x83, %eax
	xorl %ecx, %ecx
2:	movl %eax, TABLES + 0x2000(,%ecx,8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jb 2b
	movl $TABLES, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax		/* EFER.LME */
	wrmsr
	lgdt gdt_pointer
	movl $0x80000001, %eax
	movl %eax, %cr0
	ljmp $0x10, $long_mode

	.code64
long_mode:
	movl $0x18, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %esi, %esi
	movl $KERNEL, %eax
	jmp *%rax

	.balign 8
gdt:	.quad 0, 0
	.quad 0x00af9a000000ffff	/* 10: code, 64 bits */
	.quad 0x00cf92000000ffff	/* 18: data */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt
#endif
