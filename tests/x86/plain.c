/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/plain.c: see plain.h. */
#include "tests/x86/plain.h"

#include "hypervisor/x86/model.h"

static void fetch(struct cpu *c, struct insn *in)
{
	uint8_t bytes[INSN_MAX];
	unsigned n = mem_fetch(c, c->rip, bytes), avail;
	enum decode_result how = insn_decode(in, bytes, n, c->mode);
	const uint8_t *host;

	if (how == DECODE_OK && (!in->op->feature || cpu_has(c, in->op->feature)))
		return;
	in->op = NULL;
	if (how == DECODE_MORE)
		mem_code(c, c->rip + n, &host, &avail);
	if (how == DECODE_MORE || how == DECODE_LONG)
		cpu_raise_error(c, EXC_GP, 0);
	cpu_raise(c, EXC_UD);
}

void plain_step(struct cpu *c, struct insn *in)
{
	sigjmp_buf frame;

	in->op = NULL;
	c->fault = &frame;
	c->shadow_sti = c->shadow_ss = false;
	if (sigsetjmp(frame, 0)) {
		cpu_deliver(c);
	} else {
		fetch(c, in);
		c->flags &= ~(uint64_t)FL_RF;
		c->next_rip = c->rip + in->len;
		if (c->mode != MODE_64)
			c->next_rip = (uint32_t)c->next_rip;
		cpu_check_rights(c, in->op);
		in->op->run(c, in);
		c->rip = c->next_rip;
	}
	c->fault = NULL;
}
