/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports: widths, IOPL and the TSS's bitmap. */
#include "tests/x86/machine.h"

#define CODE 0x6000
#define TSS  0x9000

TIER_TEST(widths)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0x66, 0xba, 0x02, 0x05, /* mov dx, 0x502 */
	     0xec, 0x89, 0xc3,                /* in al, dx; mov ebx, eax */
	     0x66, 0xed, 0x89, 0xc1,          /* in ax, dx; mov ecx, eax */
	     0xe5, 0x99,                      /* in eax, 0x99: nobody */
	     0xf4);
	m->c->r[R_AX] = 0x11223344;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x11223361, m->c->r[R_BX]);
	EQ(0x11220062, m->c->r[R_CX]);
	EQ(0xffffffff, m->c->r[R_AX]);
	machine_free(m);
}

static const struct {
	const char *name;
	unsigned iopl, base, limit;
	uint16_t bits; /* of the bitmap at ports 0x500 … */
	bool allowed;
} ports[] = {
	{"IOPL 3", 3, 0, 0, 0, true},
	{"bit clear", 0, 104, 104 + 0xa2, 0xfffb, true},
	{"bit set", 0, 104, 104 + 0xa2, 0x0004, false},
	{"beyond the limit", 0, 104, 104 + 0x9f, 0, false},
	{"needs the byte after it", 0, 104, 104 + 0xa0, 0, false},
	{"no bitmap", 0, 0x200, 104, 0, false},
};

TIER_TEST_EACH(port_rights_of_cpl_3, sizeof(ports) / sizeof(ports[0]), ports[i].name)
{
	struct machine *m = machine_new("max");
	struct cpu *c = m->c;

	machine_prot(m, CODE);
	LOAD(m, CODE, 0xee); /* out dx, al */
	c->cpl = 3;
	c->flags |= ports[i].iopl << 12;
	c->idtr.limit = 0;
	c->tr = (struct segment){
		.base = TSS, .limit = ports[i].limit, .sel = 0x28, .attr = SEG_P | 0xb};
	store_le(m->ram + TSS + 102, 2, ports[i].base);
	store_le(m->ram + TSS + ports[i].base + 0xa0, 2, ports[i].bits);
	c->r[R_DX] = 0x502;
	c->r[R_AX] = 'x';
	EQ(ports[i].allowed ? STOP_COUNT : STOP_TRIPLE, cpu_run(c, 1 + !ports[i].allowed));
	EQ(ports[i].allowed, m->n_out);
	machine_free(m);
}
