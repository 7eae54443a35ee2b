/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit strings in memory, exchanges, operands over two pages, CRC32. */
#include "hypervisor/x86/model.h"
#include "tests/x86/machine.h"

#define CODE 0x6000
#define DATA 0x9000

static struct machine *long_mode(const uint8_t *code, size_t len)
{
	struct machine *m = machine_new("max");

	machine_long(m, CODE);
	machine_load(m, CODE, code, len);
	m->c->idtr.limit = 0;
	m->c->r[R_SI] = DATA;
	return m;
}
#define LONG(...) \
	long_mode((const uint8_t[]){__VA_ARGS__, 0xf4}, sizeof((uint8_t[]){__VA_ARGS__}) + 1)

TIER_TEST(bt_reaches_below_its_operand)
{
	struct machine *m = LONG(0x0f, 0xa3, 0x06); /* bt [rsi], eax */

	m->c->r[R_AX] = (uint32_t)-33;
	m->ram[DATA - 5] = 0x80;
	EQ(STOP_HALT, machine_run(m));
	CHECK(m->c->flags & FL_CF);
	machine_free(m);
}

TIER_TEST(bts_of_64_bits_reaches_far)
{
	struct machine *m = LONG(0xf0, 0x48, 0x0f, 0xab, 0x06); /* lock bts [rsi], rax */

	m->c->r[R_AX] = 8 * 0x100 + 3;
	EQ(STOP_HALT, machine_run(m));
	EQ(8, m->ram[DATA + 0x100]);
	EQ(0, m->c->flags & FL_CF);
	machine_free(m);
}

TIER_TEST(btr_by_an_immediate_stays_inside)
{
	struct machine *m = LONG(0x0f, 0xba, 0x36, 0x21); /* btr dword [rsi], 33 */

	m->ram[DATA] = 3;
	EQ(STOP_HALT, machine_run(m));
	EQ(1, m->ram[DATA]);
	CHECK(m->c->flags & FL_CF);
	machine_free(m);
}

TIER_TEST(xadd_of_a_register_with_itself_doubles_it)
{
	struct machine *m = LONG(0x0f, 0xc1, 0xc0); /* xadd eax, eax */

	m->c->r[R_AX] = 21;
	EQ(STOP_HALT, machine_run(m));
	EQ(42, m->c->r[R_AX]);
	machine_free(m);
}

TIER_TEST(cmpxchg16b_exchanges_or_loads)
{
	struct machine *m = LONG(0xf0, 0x48, 0x0f, 0xc7, 0x0e); /* lock cmpxchg16b [rsi] */

	if (!cpu_has(m->c, CPU_CX16))
		SKIP("the host has no cmpxchg16b");
	store_le(m->ram + DATA, 8, 1);
	store_le(m->ram + DATA + 8, 8, 2);
	m->c->r[R_AX] = 1;
	m->c->r[R_DX] = 2;
	m->c->r[R_BX] = 3;
	m->c->r[R_CX] = 4;
	EQ(STOP_HALT, machine_run(m));
	CHECK(m->c->flags & FL_ZF);
	EQ(3, load_le(m->ram + DATA, 8));
	EQ(4, load_le(m->ram + DATA + 8, 8));
	m->c->rip = CODE;
	m->c->halted = false;
	EQ(STOP_HALT, machine_run(m));
	EQ(0, m->c->flags & FL_ZF);
	EQ(3, m->c->r[R_AX]);
	EQ(4, m->c->r[R_DX]);
	m->c->rip = CODE;
	m->c->halted = false;
	m->c->r[R_SI] = DATA + 8;
	EQ(STOP_TRIPLE, machine_run(m)); /* #GP(0) */
	machine_free(m);
}

TIER_TEST(cmpxchg8b_over_two_pages)
{
	struct machine *m = LONG(0x0f, 0xc7, 0x0e);

	m->c->r[R_SI] = DATA + 0xffd;
	store_le(m->ram + DATA + 0xffd, 8, 0x0000000200000001);
	m->c->r[R_AX] = 1;
	m->c->r[R_DX] = 2;
	m->c->r[R_BX] = 0x33333333;
	m->c->r[R_CX] = 0x44444444;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x4444444433333333, load_le(m->ram + DATA + 0xffd, 8));
	machine_free(m);
}

TIER_TEST(locked_add_over_two_pages)
{
	struct machine *m = LONG(0xf0, 0x01, 0x06); /* lock add [rsi], eax */

	m->c->r[R_SI] = DATA + 0xffe;
	store_le(m->ram + DATA + 0xffe, 4, 0xffff0001);
	m->c->r[R_AX] = 0x10001;
	EQ(STOP_HALT, machine_run(m));
	EQ(2, load_le(m->ram + DATA + 0xffe, 4));
	CHECK(m->c->flags & FL_CF);
	machine_free(m);
}

TIER_TEST(high_byte_registers_need_no_rex)
{
	struct machine *m = LONG(0x00, 0xe0,        /* add al, ah */
				 0x40, 0x00, 0xe0); /* add al, spl */

	m->c->r[R_AX] = 0x1234;
	m->c->r[R_SP] = 0x8001;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x1247, m->c->r[R_AX]);
	machine_free(m);
}

TIER_TEST(crc32_of_the_check_string)
{
	struct machine *m = LONG(0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x06,  /* crc32 rax, qword */
				 0xf2, 0x0f, 0x38, 0xf0, 0x46, 0x08); /* crc32 eax, byte */

	if (!cpu_has(m->c, CPU_SSE42))
		SKIP("the host has no SSE4.2");
	memcpy(m->ram + DATA, "123456789", 9);
	m->c->r[R_AX] = 0xffffffff;
	EQ(STOP_HALT, machine_run(m));
	EQ(0xe3069283, ~(uint32_t)m->c->r[R_AX]);
	machine_free(m);
}

static const struct {
	const char *name;
	uint8_t code[8];
	uint64_t ax, dx, bx; /* before */
	uint64_t want_ax, want_dx;
} divs[] = {
	{"div bl", {0xf6, 0xf3}, 0x1ff, 7, 2, 0x1ff / 2 | 0x100, 7},
	{"idiv bl", {0xf6, 0xfb}, 0xff80, 7, 0xff, 0, 0}, /* 128: does not fit */
	{"idiv bl, -128", {0xf6, 0xfb}, 0x0080, 7, 0xff, 0x80, 7},
	{"idiv ebx", {0xf7, 0xfb}, (uint32_t)-7, 0xffffffff, 2, (uint32_t)-3, (uint32_t)-1},
	{"idiv rbx", {0x48, 0xf7, 0xfb}, 7, 0, (uint64_t)-2, (uint64_t)-3, 1},
	{"idiv rbx, lowest by -1", {0x48, 0xf7, 0xfb}, 1ull << 63, ~0ull, ~0ull, 0, 0},
	{"idiv rbx, lowest by 1", {0x48, 0xf7, 0xfb}, 1ull << 63, ~0ull, 1, 1ull << 63, 0},
	{"div rbx", {0x48, 0xf7, 0xf3}, 5, 1, 2, (1ull << 63) + 2, 1},
	{"div rbx, too large", {0x48, 0xf7, 0xf3}, 5, 2, 2, 0, 0},
};

/* want_ax = want_dx = 0: #DE. */
TIER_TEST_EACH(divisions, sizeof(divs) / sizeof(divs[0]), divs[i].name)
{
	struct machine *m = LONG(0xf4, 0, 0, 0, 0, 0, 0, 0, 0);
	bool fails = !divs[i].want_ax && !divs[i].want_dx;

	machine_load(m, CODE, divs[i].code, sizeof(divs[i].code));
	m->c->r[R_AX] = divs[i].ax;
	m->c->r[R_DX] = divs[i].dx;
	m->c->r[R_BX] = divs[i].bx;
	EQ(fails ? STOP_TRIPLE : STOP_COUNT, cpu_run(m->c, 1 + fails));
	if (fails)
		EQ(CODE, m->c->rip);
	EQ(fails ? divs[i].ax : divs[i].want_ax, m->c->r[R_AX]);
	EQ(fails ? divs[i].dx : divs[i].want_dx, m->c->r[R_DX]);
	machine_free(m);
}
