/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/io.c: IN and OUT; INS and OUTS (string.c) use its port accesses.
 *
 * Spec: Intel SDM volume 1, chapter 19; volume 2, IN, OUT.
 */
#include "hypervisor/domain.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/verify.h"

#include <errno.h>

/* The device model went away: the instruction waits, undone. */
static _Noreturn void park(struct cpu *c)
{
	cpu_attend(c, ATT_EXIT);
	siglongjmp(*c->fault, UNWIND_PARK);
}

uint32_t io_in(struct cpu *c, uint16_t port, unsigned size)
{
	uint32_t val = ~0u;
	int rc;

	verify_outside(c);
	dbg_io(c, port, size);
	smp_lock_domain(c);
	rc = domain_in(c->dom, c->id, port, size, &val);
	smp_unlock_domain(c);
	if (rc < 0)
		park(c);
	c->break_block = true; /* interrupts, A20, the memory map: anything may be new */
	return val;
}

void io_out(struct cpu *c, uint16_t port, unsigned size, uint32_t val)
{
	int rc;

	verify_outside(c);
	dbg_io(c, port, size);
	if (port == 0xf0)
		fpu_port_f0(c);
	smp_lock_domain(c);
	rc = domain_out(c->dom, c->id, port, size, val);
	smp_unlock_domain(c);
	if (rc < 0)
		park(c);
	c->break_block = true;
}

uint64_t io_many(struct cpu *c, uint16_t port, unsigned size, bool out, uint64_t gpa,
		 uint64_t units)
{
	struct domain_access a = {.pio = true,
				  .write = out,
				  .data_is_ptr = true,
				  .size = size,
				  .count = units,
				  .addr = port,
				  .data = gpa};
	int rc = -EINVAL;

	verify_outside(c);
	if (out && port == 0xf0)
		return 0;
	smp_lock_domain(c);
	if (port + size <= 0x10000)
		rc = domain_access(c->dom, c->id, &a);
	smp_unlock_domain(c);
	if (rc == -EINVAL)
		return 0;
	if (rc < 0 && a.count == units)
		park(c);
	c->break_block = true;
	return units - a.count; /* when some are done, the instruction parks on its next go */
}

static uint16_t port_of(const struct cpu *c, const struct insn *in, unsigned i)
{
	return (uint16_t)(in->op->o[i].kind == O_I ? in->imm & 0xff : c->r[R_DX]);
}

OP(in)
{
	unsigned size = opnd_size(in, 0);
	uint16_t port = port_of(c, in, 1);

	io_check(c, port, size);
	opnd_set(c, in, 0, io_in(c, port, size));
}

OP(out)
{
	unsigned size = opnd_size(in, 1);
	uint16_t port = port_of(c, in, 0);

	io_check(c, port, size);
	io_out(c, port, size, (uint32_t)opnd_get(c, in, 1));
}
