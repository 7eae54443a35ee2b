/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/exec.h: the handlers that the opcode table names, and what they
 * share: operands by the table's letters, the stack, branches.
 *
 * A handler runs with c->next_rip set to the instruction after it; when it
 * returns the run loop makes that c->rip. A branch writes c->next_rip.
 */
#ifndef HYPERVISOR_X86_EXEC_H
#define HYPERVISOR_X86_EXEC_H
#include "hypervisor/x86/cpu.h"

#ifndef OP /* table.h has its own */
#define OP(name) void op_##name(struct cpu *c, const struct insn *in)
#endif

/* alu.c: both operands by the row (o[0] also the destination) */
OP(add);
OP(or);
OP(adc);
OP(sbb);
OP(and);
OP(sub);
OP(xor);
OP(cmp);
OP(test);
OP(inc);
OP(dec);
OP(neg);
OP(not);
OP(adcx);
OP(adox);

/* shift.c: o[1] is O_I, O_1 or O_CL; double shifts have their count in o[2] */
OP(rol);
OP(ror);
OP(rcl);
OP(rcr);
OP(shl); /* also /6 */
OP(shr);
OP(sar);
OP(shld);
OP(shrd);

/* muldiv.c */
OP(mul);
OP(imul1); /* F6 and F7 /5 */
OP(imul);  /* two operands, or three with the immediate last */
OP(div);
OP(idiv);

/* bits.c */
OP(bsf);
OP(bsr);
OP(lzcnt);
OP(tzcnt);
OP(popcnt);
OP(bt);
OP(bts);
OP(btr);
OP(btc);
OP(cmpxchg);
OP(cmpxchg8b); /* cmpxchg16b with REX.W */
OP(xadd);
OP(xchg);
OP(crc32);

/* bmi.c */
OP(andn);
OP(bextr);
OP(blsr);
OP(blsmsk);
OP(blsi);
OP(bzhi);
OP(mulx);
OP(pdep);
OP(pext);
OP(rorx);
OP(sarx);
OP(shlx);
OP(shrx);

/* bcd.c */
OP(daa);
OP(das);
OP(aaa);
OP(aas);
OP(aam);
OP(aad);

/* move.c */
OP(mov);     /* all general forms, moffs too, MOVNTI */
OP(mov_seg); /* 8C, 8E */
OP(movzx);
OP(movsx); /* MOVSXD too */
OP(lea);
OP(xlat);
OP(cmov);
OP(setcc);
OP(bswap);
OP(movbe);
OP(lfar); /* LES LDS LSS LFS LGS: segment from the row's name in o[2] (O_ES …) */
OP(cbw);  /* CBW CWDE CDQE */
OP(cwd);  /* CWD CDQ CQO */

/* stack.c */
OP(push);
OP(pop);
OP(push_seg); /* o[0]: O_ES … O_GS */
OP(pop_seg);
OP(pusha);
OP(popa);
OP(pushf);
OP(popf);
OP(enter);
OP(leave);

/* branch.c */
OP(jcc);
OP(jmp);  /* O_J or O_E */
OP(call); /* O_J or O_E */
OP(ret);  /* without or with O_I */
OP(loop);
OP(loope);
OP(loopne);
OP(jcxz);
OP(jmp_far); /* O_A, or O_M of S_p */
OP(call_far);
OP(ret_far);
OP(int);
OP(int3);
OP(int1);
OP(into);
OP(bound);
OP(iret);

/* string.c */
OP(movs);
OP(cmps);
OP(stos);
OP(lods);
OP(scas);
OP(ins);
OP(outs);

/* io.c */
OP(in);
OP(out);

/* flagops.c */
OP(clc);
OP(stc);
OP(cmc);
OP(cld);
OP(std);
OP(cli);
OP(sti);
OP(lahf);
OP(sahf);
OP(salc);

/* system.c */
OP(nop); /* also prefetches, hints, PAUSE, fences, CLFLUSH (which reads its byte) */
OP(pause);
OP(clflush);
OP(ud); /* UD0, UD1, UD2 */
OP(hlt);
OP(cpuid);
OP(rdtsc);
OP(rdtscp);
OP(rdpmc);
OP(rdpid);
OP(rdrand);
OP(rdseed);
OP(lgdt);
OP(lidt);
OP(sgdt);
OP(sidt);
OP(lldt);
OP(sldt);
OP(ltr);
OP(str);
OP(verr);
OP(verw);
OP(lar);
OP(lsl);
OP(arpl);
OP(lmsw);
OP(smsw);
OP(clts);
OP(invlpg);
OP(invpcid);
OP(wbinvd); /* INVD too */
OP(mov_cr); /* both ways: O_C and O_R as the row orders them */
OP(mov_dr);
OP(rdmsr);
OP(wrmsr);
OP(syscall);
OP(sysret);
OP(sysenter);
OP(sysexit);
OP(swapgs);
OP(xgetbv);
OP(xsetbv);
OP(rdfsbase);
OP(rdgsbase);
OP(wrfsbase);
OP(wrgsbase);
OP(clac);
OP(stac);
OP(monitor);
OP(mwait);

/* fp: x87, MMX, SSE, AVX on the host's units (FWAIT too); states */
OP(host);
OP(fwait);
OP(fxsave);
OP(fxrstor);
OP(xsave);
OP(xrstor);
OP(xsaveopt);
OP(xsavec);
OP(xsaves);
OP(xrstors);
OP(ldmxcsr);
OP(stmxcsr);
OP(emms);

/* ---- operands (operand.c) ---- */
/* Value of operand i, zero-extended from its size (O_Is: sign-extended to operand 0's). */
uint64_t opnd_get(struct cpu *c, const struct insn *in, unsigned i);
void opnd_set(struct cpu *c, const struct insn *in, unsigned i, uint64_t val);
bool opnd_is_mem(const struct insn *in, unsigned i);

/* General register n as an operand of size bytes: AH … BH for 4-7 of one byte without REX. */
static inline uint64_t reg_get(const struct cpu *c, const struct insn *in, unsigned n,
			       unsigned size)
{
	if (size == 1 && !in->rex && n - 4u < 4u)
		return c->r[n - 4] >> 8 & 0xff;
	return size == 8 ? c->r[n] : c->r[n] & ((1ull << size * 8) - 1);
}
static inline void reg_set(struct cpu *c, const struct insn *in, unsigned n, unsigned size,
			   uint64_t val)
{
	if (size == 8)
		c->r[n] = val;
	else if (size == 4)
		c->r[n] = (uint32_t)val;
	else if (size == 2)
		c->r[n] = (c->r[n] & ~0xffffull) | (uint16_t)val;
	else if (!in->rex && n - 4u < 4u)
		c->r[n - 4] = (c->r[n - 4] & ~0xff00ull) | (uint64_t)(uint8_t)val << 8;
	else
		c->r[n] = (c->r[n] & ~0xffull) | (uint8_t)val;
}
/* The part of a register that an address or counter of size bytes uses (2, 4, 8). */
static inline uint64_t reg_part(uint64_t v, unsigned size)
{
	return size == 8 ? v : size == 4 ? (uint32_t)v : (uint16_t)v;
}
static inline uint64_t reg_join(uint64_t old, uint64_t val, unsigned size)
{
	return size == 2 ? (old & ~0xffffull) | (uint16_t)val : reg_part(val, size);
}
bool cond_holds(uint64_t flags, unsigned cc); /* cc: an opcode's low four bits */
#endif
