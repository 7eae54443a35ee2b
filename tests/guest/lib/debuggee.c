/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger works on in tests/guest/gdb.sh. It ends through isa-debug-exit with result, which
 * has to be what the debugger made of it.
 */
volatile unsigned counter, rounds = 4, result;
volatile unsigned char pattern[8] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};

void work(unsigned n);
void debuggee(void);

__attribute__((noinline)) static unsigned twice(unsigned n)
{
	return 2 * n;
}

__attribute__((noinline)) void work(unsigned n)
{
	unsigned more = twice(n);

	counter = counter + more;
}

/* 0, 2, 6, 12, 20, 30 … in counter. */
__attribute__((noinline)) void debuggee(void)
{
	for (unsigned i = 0; i < rounds; i++)
		work(i);
	result = counter;
	__asm__ volatile("outb %%al, %%dx" : : "a"(result), "d"(0xf4));
	for (;;)
		__asm__ volatile("hlt");
}
