/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roms/linux.S: the option ROM by which firmware boots -kernel: it fetches setup code, kernel,
 * initrd and command line from fw_cfg to where their items say, and enters the setup code, which
 * asks the BIOS for the rest.
 *
 * Spec: BIOS Boot Specification 1.01, 3.3 and appendix C (PnP header, BEV); QEMU's
 *       docs/specs/fw_cfg; Linux, Documentation/arch/x86/boot.rst (running the kernel)
 */
	.code16
	.text
	.globl _start

#define SELECTOR 0x510
#define DATA     0x511
#define DMA_HIGH 0x514
#define DMA_LOW  0x518
#define ID       1 /* items; bit 1 of this one: there is DMA */
#define HAS_DMA  2
#define DMA_READ_SELECT 0x0a
#define DMA_ERROR       1

/* The keys of each part: where, how long, what. */
#define SETUP   0x16, 0x17, 0x18
#define CMDLINE 0x13, 0x14, 0x15
#define KERNEL  0x07, 0x08, 0x11
#define INITRD  0x0a, 0x0b, 0x12

_start:
	.byte 0x55, 0xaa
	.byte (end - _start) / 512
	lret				/* nothing to set up at POST */
	.org 0x06
checksum:
	.byte 0				/* who hands it out fills it in */
	.org 0x1a
	.word pnp - _start

	.balign 16
pnp:
	.ascii "$PnP"
	.byte 1, 2			/* revision, length in 16 bytes */
	.word 0				/* no further header */
	.byte 0, 0x100 - pnp_sum
	.long 0				/* device id */
	.word 0, product - _start
	.byte 0x02, 0x80, 0x00		/* a network card of no special kind: BEVs are for those */
	.byte 0x44			/* IPL device; may be shadowed */
	.word 0, 0
	.word boot - _start		/* BEV */
	.word 0, 0
	/* Of the bytes above: those that say something, and the two addresses. */
	.set pnp_sum, (0x24 + 0x50 + 0x6e + 0x50 + 1 + 2 + 0x02 + 0x80 + 0x44 + \
		((product - _start) & 0xff) + ((product - _start) >> 8) + \
		((boot - _start) & 0xff) + ((boot - _start) >> 8)) & 0xff
product:
	.asciz "Linux by -kernel"
no_items:
	.asciz "hvm: the kernel cannot be fetched from fw_cfg\r\n"

/* ---- fetching ---- */

/* A table of three keys follows the call. */
	.macro fetch keys:vararg
	call fetch_part
	.byte \keys
	.endm

fetch_part:
	popw %si
	movzbw %cs:(%si), %ax
	call read_long
	movl %ebx, %edi			/* where to */
	movzbw %cs:1(%si), %ax
	call read_long
	movl %ebx, %ecx			/* how long */
	movzbw %cs:2(%si), %ax
	addw $3, %si
	pushw %si
	testl %ecx, %ecx
	jz 1f
	cmpb $0, has_dma - frame(%bp)
	jnz by_dma
	jmp by_port
1:	ret

/* ebx: the number that is item ax. */
read_long:
	movw $SELECTOR, %dx
	outw %ax, %dx
	movw $DATA, %dx
	movw $4, %cx
1:	inb %dx, %al
	shrdl $8, %eax, %ebx
	loop 1b
	ret

/* ecx bytes of item ax to edi. Numbers are big-endian here; the device is through when outl is. */
by_dma:
	movzwl %ax, %eax
	shll $16, %eax
	movb $DMA_READ_SELECT, %al
	bswap %eax
	movl %eax, dma_control - frame(%bp)
	bswap %ecx
	movl %ecx, dma_length - frame(%bp)
	movl $0, dma_high - frame(%bp)
	bswap %edi
	movl %edi, dma_low - frame(%bp)
	xorl %eax, %eax
	movw %ss, %ax
	shll $4, %eax
	movzwl %bp, %ebx
	leal dma_control - frame(%eax, %ebx), %eax
	bswap %eax
	movl %eax, %ebx
	xorl %eax, %eax
	movw $DMA_HIGH, %dx
	outl %eax, %dx
	movl %ebx, %eax
	movw $DMA_LOW, %dx
	outl %eax, %dx
1:	movl dma_control - frame(%bp), %eax
	testl %eax, %eax
	jz 2f
	bswap %eax
	testb $DMA_ERROR, %al
	jz 1b
	jmp failed
2:	ret

/* The same byte by byte: es reaches beyond its 64K after a look into protected mode. */
by_port:
	movw $SELECTOR, %dx
	outw %ax, %dx
	pushfw
	cli
	cld
	xorl %eax, %eax
	movw %cs, %ax
	shll $4, %eax
	addl $gdt - _start, %eax
	movl %eax, gdt_base - frame(%bp)
	movw $15, gdt_limit - frame(%bp)
	lgdtl gdt_limit - frame(%bp)
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	movw $8, %bx
	movw %bx, %es
	andb $0xfe, %al
	movl %eax, %cr0
	xorw %bx, %bx
	movw %bx, %es
	movw $DATA, %dx
	addr32 rep insb
	popfw
	ret

	.balign 8
gdt:
	.quad 0
	.quad 0x008f92000000ffff	/* data, 4 GiB */

/* ---- booting ---- */

/* Below bp, in the stack. */
	.struct 0
dma_control:
	.long 0
dma_length:
	.long 0
dma_high:
	.long 0
dma_low:
	.long 0
gdt_limit:
	.word 0
gdt_base:
	.long 0
has_dma:
	.word 0
frame:
	.text

boot:
	pushw %bp
	movw %sp, %bp
	subw $frame, %sp
	movw $ID, %ax
	call read_long
	andb $HAS_DMA, %bl
	movb %bl, has_dma - frame(%bp)
	fetch SETUP
	fetch CMDLINE
	fetch KERNEL
	fetch INITRD
	movw $0x16, %ax			/* where the setup code is: ds, es, ss; entered behind */
	call read_long
	shrl $4, %ebx
	jz failed			/* its first 512 bytes */
	cli
	movw %bx, %ds
	movw %bx, %es
	movw %bx, %fs
	movw %bx, %gs
	movw %bx, %ss
	movw $0xfff0, %sp
	addw $0x20, %bx
	pushw %bx
	pushw $0
	cld
	lret

/* The next boot device may do better. */
failed:
	movw $no_items - _start, %si
1:	movb %cs:(%si), %al
	incw %si
	testb %al, %al
	jz 2f
	movb $0x0e, %ah
	movw $7, %bx
	int $0x10
	jmp 1b
2:	movw %bp, %sp
	popw %bp
	lret

	.balign 512
end:
