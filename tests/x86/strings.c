/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String instructions: repetition, overlap, faults in the middle, wraps, ports. */
#include "tests/x86/machine.h"

#define CODE 0x6000
#define FROM 0x10000
#define TO   0x20000

static struct machine *prot(const uint8_t *code, size_t len)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	machine_load(m, CODE, code, len);
	m->c->r[R_SI] = FROM;
	m->c->r[R_DI] = TO;
	for (unsigned i = 0; i < 0x3000; i++)
		m->ram[FROM + i] = (uint8_t)(i * 7 + (i >> 8));
	return m;
}
#define PROT(...) prot((const uint8_t[]){__VA_ARGS__, 0xf4}, sizeof((uint8_t[]){__VA_ARGS__}) + 1)

TIER_TEST(rep_movs_over_pages)
{
	struct machine *m = PROT(0xf3, 0xa5);

	m->c->r[R_SI] = FROM + 3;
	m->c->r[R_DI] = TO + 0xff9;
	m->c->r[R_CX] = 0x900;
	EQ(STOP_HALT, machine_run(m));
	EQM(m->ram + FROM + 3, m->ram + TO + 0xff9, 0x2400);
	EQ(0, m->ram[TO + 0xff9 + 0x2400]);
	EQ(0, m->ram[TO + 0xff8]);
	EQ(0, m->c->r[R_CX]);
	EQ(FROM + 3 + 0x2400, m->c->r[R_SI]);
	EQ(TO + 0xff9 + 0x2400, m->c->r[R_DI]);
	machine_free(m);
}

TIER_TEST(rep_movs_onto_what_follows_repeats_a_pattern)
{
	struct machine *m = PROT(0xf3, 0xa4);

	m->c->r[R_DI] = FROM + 3;
	m->c->r[R_CX] = 3000;
	EQ(STOP_HALT, machine_run(m));
	for (unsigned i = 0; i < 3003; i++)
		if (!EQ((uint8_t)(i % 3 * 7), m->ram[FROM + i]))
			break;
	machine_free(m);
}

TIER_TEST(rep_movs_downwards)
{
	struct machine *m = PROT(0xfd, 0xf3, 0x66, 0xa5);

	m->c->r[R_SI] = FROM + 0x1ffe;
	m->c->r[R_DI] = TO + 0x1ffe;
	m->c->r[R_CX] = 0x1000;
	EQ(STOP_HALT, machine_run(m));
	EQM(m->ram + FROM, m->ram + TO, 0x2000);
	EQ(FROM - 2, m->c->r[R_SI]);
	EQ(TO - 2, m->c->r[R_DI]);
	machine_free(m);
}

TIER_TEST(rep_stos_and_its_width)
{
	struct machine *m = PROT(0xf3, 0xab);

	m->c->r[R_AX] = 0x44332211;
	m->c->r[R_CX] = 0x801;
	m->c->r[R_DI] = TO + 2;
	EQ(STOP_HALT, machine_run(m));
	EQ(0, m->ram[TO + 1]);
	EQM("\x11\x22\x33\x44\x11", m->ram + TO + 2, 5);
	EQM("\x33\x44\0", m->ram + TO + 0x2004, 3);
	machine_free(m);
}

TIER_TEST(repe_cmps_stops_behind_the_difference)
{
	struct machine *m = PROT(0xf3, 0xa6);

	memcpy(m->ram + TO, m->ram + FROM, 0x3000);
	m->ram[TO + 0x1777]++;
	m->c->r[R_CX] = 0x3000;
	EQ(STOP_HALT, machine_run(m));
	EQ(FROM + 0x1778, m->c->r[R_SI]);
	EQ(0x3000 - 0x1778, m->c->r[R_CX]);
	EQ(0, m->c->flags & FL_ZF);
	machine_free(m);
}

TIER_TEST(repne_scas_finds)
{
	struct machine *m = PROT(0xf2, 0xae);

	m->ram[TO + 5000] = 'x';
	m->c->r[R_AX] = 'x';
	m->c->r[R_CX] = 0xffffffff;
	EQ(STOP_HALT, machine_run(m));
	EQ(TO + 5001, m->c->r[R_DI]);
	EQ(0xffffffff - 5001, m->c->r[R_CX]);
	CHECK(m->c->flags & FL_ZF);
	machine_free(m);
}

TIER_TEST(count_zero_does_nothing_and_keeps_flags)
{
	struct machine *m = PROT(0xf3, 0xa6);

	m->c->r[R_CX] = 0;
	m->c->flags |= FL_CF | FL_OF;
	EQ(STOP_HALT, machine_run(m));
	EQ(FROM, m->c->r[R_SI]);
	EQ(FL_CF | FL_OF | FL_1, m->c->flags);
	machine_free(m);
}

/* A segment limit in the middle: #GP with the units before it done. */
TIER_TEST(a_fault_in_the_middle_leaves_the_rest_to_do)
{
	struct machine *m = PROT(0xf3, 0xa5);

	m->c->idtr.limit = 0;
	m->c->seg[SEG_ES].limit = TO + 0x1801;
	m->c->r[R_CX] = 0x900;
	EQ(STOP_TRIPLE, machine_run(m));
	EQ(CODE, m->c->rip);
	EQ(0x900 - 0x600, m->c->r[R_CX]);
	EQ(FROM + 0x1800, m->c->r[R_SI]);
	EQ(TO + 0x1800, m->c->r[R_DI]);
	EQM(m->ram + FROM, m->ram + TO, 0x1800);
	EQ(0, m->ram[TO + 0x1800]);
	machine_free(m);
}

TIER_TEST(sixteen_bit_addresses_wrap)
{
	struct machine *m = PROT(0x67, 0xf3, 0xa4);

	m->c->r[R_SI] = 0xabcdfffe;
	m->c->r[R_DI] = 0x1238fff;
	m->c->r[R_CX] = 0x10004;
	memcpy(m->ram + 0xfffe, "AB", 2);
	memcpy(m->ram, "CD", 2);
	EQ(STOP_HALT, machine_run(m));
	EQM("ABCD", m->ram + 0x8fff, 4);
	EQ(0xabcd0002, m->c->r[R_SI]);
	EQ(0x1239003, m->c->r[R_DI]);
	EQ(0x10000, m->c->r[R_CX]);
	machine_free(m);
}

TIER_TEST(rep_outs_and_ins)
{
	struct machine *m = PROT(0xf3, 0x6e,        /* rep outsb */
				 0xb9, 3, 0, 0, 0,  /* mov ecx, 3 */
				 0xf3, 0x66, 0x6d); /* rep insw */

	memcpy(m->ram + FROM, "hello", 5);
	m->c->r[R_DX] = 0x502;
	m->c->r[R_CX] = 5;
	EQ(STOP_HALT, machine_run(m));
	EQS("hello", m->out);
	EQM("\x62\0\x62\0\x62\0\0", m->ram + TO, 7);
	machine_free(m);
}

static struct machine *ports(const uint8_t *code, size_t len, uint64_t units)
{
	struct machine *m = prot(code, len);

	m->count_in = true;
	m->c->r[R_DX] = 0x502;
	m->c->r[R_CX] = units;
	return m;
}
#define PORTS(units, ...) \
	ports((const uint8_t[]){__VA_ARGS__, 0xf4}, sizeof((uint8_t[]){__VA_ARGS__}) + 1, units)

/* n words in memory, of which the first was the port's value number `first`, `by` bytes apart. */
static void counted(struct machine *m, unsigned at, unsigned n, unsigned first, int by)
{
	for (unsigned i = 0; i < n; i++, at += (unsigned)by)
		if (!EQ(first + i, load_le(m->ram + at, 2)))
			break;
}

TIER_TEST(rep_ins_is_one_request_a_page)
{
	struct machine *m = PORTS(0x900, 0xf3, 0x66, 0x6d);

	m->c->r[R_DI] = TO + 0xe00;
	EQ(STOP_HALT, machine_run(m));
	counted(m, TO + 0xe00, 0x900, 0, 2);
	EQ(0, m->ram[TO + 0x2000]);
	EQ(0, m->c->r[R_CX]);
	EQ(TO + 0x2000, m->c->r[R_DI]);
	EQ(3, m->n_requests); /* 0x100 units, then 0x400: the most in one go */
	machine_free(m);
}

/* The unit that lies in two pages is read by itself. */
TIER_TEST(rep_ins_across_a_page)
{
	struct machine *m = PORTS(20, 0xf3, 0x66, 0x6d);

	m->c->r[R_DI] = TO + 0xff1;
	EQ(STOP_HALT, machine_run(m));
	counted(m, TO + 0xff1, 20, 0, 2);
	EQ(20, m->n_in);
	EQ(3, m->n_requests);
	machine_free(m);
}

TIER_TEST(rep_ins_downwards)
{
	struct machine *m = PORTS(20, 0xfd, 0xf3, 0x66, 0x6d);

	m->c->r[R_DI] = TO + 0x1010;
	EQ(STOP_HALT, machine_run(m));
	counted(m, TO + 0x1010, 20, 0, -2);
	EQ(TO + 0x1010 - 40, m->c->r[R_DI]);
	machine_free(m);
}

/* The port is not read for a unit that has no room. */
TIER_TEST(rep_ins_faults_in_the_middle)
{
	struct machine *m = PORTS(0x905, 0xf3, 0x66, 0x6d);

	m->c->idtr.limit = 0;
	m->c->seg[SEG_ES].limit = TO + 0x1200;
	EQ(STOP_TRIPLE, machine_run(m));
	EQ(CODE, m->c->rip);
	EQ(5, m->c->r[R_CX]);
	EQ(TO + 0x1200, m->c->r[R_DI]);
	EQ(0x900, m->n_in);
	machine_free(m);
}

TIER_TEST(rep_ins_into_io_memory)
{
	struct machine *m = PORTS(4, 0xf3, 0x66, 0x6d);

	m->c->r[R_DI] = MACHINE_MMIO;
	EQ(STOP_HALT, machine_run(m));
	EQM("\0\0\1\0\2\0\3\0", m->mmio, 8);
	machine_free(m);
}

TIER_TEST(rep_ins_over_what_follows_it)
{
	struct machine *m = PORTS(2, 0xf3, 0x66, 0x6d, 0xf4, 0xf4, 0xf4, 0xf4);

	m->c->r[R_DI] = CODE + 3;
	m->n_in = 0x4342; /* inc edx, inc ebx; inc ebx, inc ebx; hlt */
	EQ(STOP_HALT, machine_run(m));
	EQ(CODE + 8, m->c->rip);
	EQ(3, m->c->r[R_BX]);
	EQ(0x503, m->c->r[R_DX]);
	machine_free(m);
}

TIER_TEST(rep_outs_reads_the_page_it_may)
{
	struct machine *m = PORTS(0x60, 0xf3, 0x6e);

	m->c->idtr.limit = 0;
	m->c->r[R_SI] = FROM + 0xff0;
	m->c->seg[SEG_DS].limit = FROM + 0x101f;
	EQ(STOP_TRIPLE, machine_run(m));
	EQ(0x30, m->c->r[R_CX]);
	EQ(FROM + 0x1020, m->c->r[R_SI]);
	EQM(m->ram + FROM + 0xff0, m->out, 0x30);
	EQ(0x30, m->n_out);
	machine_free(m);
}

/* Between two lots the vCPU can be left, as for an interrupt; rIP stays at the instruction. */
TIER_TEST(rep_ins_can_be_left_between_lots)
{
	struct machine *m = PORTS(0x900, 0xf3, 0x66, 0x6d);

	EQ(STOP_COUNT, cpu_run(m->c, 1));
	EQ(CODE, m->c->rip);
	EQ(0x900 - 0x400, m->c->r[R_CX]);
	EQ(TO + 0x800, m->c->r[R_DI]);
	EQ(STOP_HALT, machine_run(m));
	counted(m, TO, 0x900, 0, 2);
	machine_free(m);
}

/* The device model goes away: what it answered is there, the rest waits. */
TIER_TEST(rep_ins_whose_device_goes_away)
{
	struct machine *m = PORTS(0x900, 0xf3, 0x66, 0x6d);

	m->gone = 2;
	machine_run(m);
	EQ(CODE, m->c->rip);
	EQ(0x900 - 0x800, m->c->r[R_CX]);
	EQ(TO + 0x1000, m->c->r[R_DI]);
	counted(m, TO, 0x800, 0, 2);
	machine_free(m);
}

/* More units than one go: an exit request is honoured between, and nothing is lost. */
TIER_TEST(a_long_repetition_can_be_left)
{
	struct machine *m = PROT(0xf3, 0xac);

	m->c->r[R_CX] = 100000;
	m->c->r[R_SI] = 0x100000;
	EQ(STOP_COUNT, cpu_run(m->c, 1));
	EQ(CODE, m->c->rip);
	CHECK(m->c->r[R_CX] > 0 && m->c->r[R_CX] < 100000);
	EQ(0x100000 + 100000 - m->c->r[R_CX], m->c->r[R_SI]);
	EQ(STOP_HALT, machine_run(m));
	EQ(0x100000 + 100000, m->c->r[R_SI]);
	machine_free(m);
}
