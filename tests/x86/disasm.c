/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disassembled text, by hand; tests/x86/decode_zydis.c compares many more with Zydis.
 */
#include "hypervisor/x86/insn.h"
#include "tests/test.h"

#include <stdio.h>

struct line {
	uint8_t mode;
	const char *bytes, *text;
};

static const struct line lines[] = {
	{MODE_64, "90", "nop"},
	{MODE_64, "f390", "pause"},
	{MODE_64, "4190", "xchg eax, r8d"},
	{MODE_64, "48 8b 05 10 00 00 00", "mov rax, qword ptr [0x1017]"},
	{MODE_64, "64 48 8b 04 25 28 00 00 00", "mov rax, qword ptr fs:[0x28]"},
	{MODE_64, "42 8d 44 a3 fc", "lea eax, [rbx+r12*4-0x4]"},
	{MODE_64, "88 e0", "mov al, ah"},
	{MODE_64, "40 88 e0", "mov al, spl"},
	{MODE_64, "48 83 c0 ff", "add rax, 0xffffffffffffffff"},
	{MODE_32, "66 83 c0 ff", "add ax, 0xffff"},
	{MODE_64, "6a ff", "push 0xffffffffffffffff"},
	{MODE_64, "e8 fb ff ff ff", "call 0x1000"},
	{MODE_16, "75 fe", "jne 0x1000"},
	{MODE_16, "e9 00 f0", "jmp 0x3"},
	{MODE_32, "ea 78 56 34 12 08 00", "jmp far 0x8:0x12345678"},
	{MODE_64, "48 ff 2b", "jmp far tbyte ptr [rbx]"},
	{MODE_32, "f0 0f b1 0e", "lock cmpxchg dword ptr [esi], ecx"},
	{MODE_64, "f3 48 a5", "rep movsq qword ptr es:[rdi], qword ptr [rsi]"},
	{MODE_32, "f2 ae", "repne scasb al, byte ptr es:[edi]"},
	{MODE_16, "f3 26 6e", "rep outsb dx, byte ptr es:[si]"},
	{MODE_16, "8b 42 fe", "mov ax, word ptr [bp+si-0x2]"},
	{MODE_32, "c4 01", "les eax, fword ptr [ecx]"},
	{MODE_32, "c8 10 00 01", "enter 0x10, 0x1"},
	{MODE_64, "48 98", "cdqe"},
	{MODE_32, "66 99", "cwd"},
	{MODE_64, "e3 00", "jrcxz 0x1002"},
	{MODE_64, "67 e3 00", "jecxz 0x1003"},
	{MODE_64, "48 cf", "iretq"},
	{MODE_64, "9c", "pushfq"},
	{MODE_64, "0f 22 d8", "mov cr3, rax"},
	{MODE_64, "44 0f 20 c0", "mov rax, cr8"},
	{MODE_32, "0f 21 f8", "mov eax, dr7"},
	{MODE_64, "8e d8", "mov ds, ax"},
	{MODE_64, "0f 01 f8", "swapgs"},
	{MODE_64, "48 0f ae 27", "xsave64 [rdi]"},
	{MODE_32, "d8 c1", "fadd st(0), st(1)"},
	{MODE_32, "db 2f", "fld tbyte ptr [edi]"},
	{MODE_32, "0f 6e c8", "movd mm1, eax"},
	{MODE_64, "66 49 0f 6e c8", "movq xmm1, r8"},
	{MODE_64, "66 0f 38 14 c1", "blendvps xmm0, xmm1, xmm0"},
	{MODE_64, "c5 fc 58 07", "vaddps ymm0, ymm0, ymmword ptr [rdi]"},
	{MODE_64, "c4 e3 71 4a d3 40", "vblendvps xmm2, xmm1, xmm3, xmm4"},
	{MODE_64, "c4 e2 71 90 04 57", "vpgatherdd xmm0, dword ptr [rdi+xmm2*2], xmm1"},
	{MODE_64, "c4 e2 f5 92 04 57", "vgatherdpd ymm0, qword ptr [rdi+xmm2*2], ymm1"},
	{MODE_64, "c4 e2 75 93 04 57", "vgatherqps xmm0, dword ptr [rdi+ymm2*2], xmm1"},
	{MODE_64, "c4 e2 f0 f2 c3", "andn rax, rcx, rbx"},
	{MODE_64, "c5 f8 77", "vzeroupper"},
	{MODE_64, "0f 0b", "ud2"},
	{MODE_64, "06", "(bad)"},
};

static void text_of(const struct line *l, char *buf, size_t len)
{
	uint8_t bytes[INSN_MAX + 1] = {0};
	const char *p = l->bytes;
	struct insn in;
	unsigned n = 0;
	int used;

	for (; sscanf(p, " %2hhx%n", &bytes[n], &used) == 1; p += used)
		n++;
	insn_decode(&in, bytes, n, l->mode);
	insn_text(&in, 0x1000, buf, len);
}

TEST_EACH(text, sizeof(lines) / sizeof(lines[0]), lines[i].bytes)
{
	char buf[96];

	text_of(&lines[i], buf, sizeof(buf));
	EQS(lines[i].text, buf);
}

/* Too small a buffer cuts the text. */
TEST(short_buffer)
{
	char buf[96];

	for (size_t len = 1; len < 20; len++) {
		memset(buf, 'x', sizeof(buf));
		text_of(&lines[3], buf, len);
		EQ(len - 1, strlen(buf));
		EQM(lines[3].text, buf, len - 1);
		EQ('x', buf[len]);
	}
}
