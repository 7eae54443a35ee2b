/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot sector that loads what follows it and calls walk() of walk.c, in real mode. */
	.code16
	.section .start, "ax"
	.globl _start
_start:	cli
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $0x7000, %esp		/* not in a page that has code */
	sti
	cld
	movw $packet, %si
	movb $0x42, %ah
	int $0x13
	cli
	jc stop
	calll walk
stop:	hlt
	jmp stop

	.balign 4
packet:	.byte 16, 0
	.word 96		/* sectors, */
	.word 0x7e00, 0		/* to here, */
	.quad 1			/* from this one on */

	.org 510
	.word 0xaa55

	.text
/* void bios(struct regs *r): INT 10h with these registers. */
	.globl bios
bios:	pushal
	pushw %es
	movl 38(%esp), %esi
	pushl %esi
	movw 20(%esi), %es
	movl 24(%esi), %ebp
	movl (%esi), %eax
	movl 4(%esi), %ebx
	movl 8(%esi), %ecx
	movl 12(%esi), %edx
	movl 16(%esi), %edi
	int $0x10
	cli
	cld
	popl %esi
	movl %eax, (%esi)
	movl %ebx, 4(%esi)
	movl %ecx, 8(%esi)
	movl %edx, 12(%esi)
	popw %es
	popal
	retl

/* void flat(void): DS, ES and SS reach all of memory from now on ("unreal mode"); SS too, for
 * compilers use EBP for any pointer. */
	.globl flat
flat:	pushl %eax
	lgdtl gdtr
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	popl %eax
	retl

	.balign 8
gdt:	.quad 0, 0x008f93000000ffff
gdtr:	.word 15
	.long gdt

	.section .note.GNU-stack, "", @progbits
