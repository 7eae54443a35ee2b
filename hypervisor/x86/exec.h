/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/exec.h: the handlers that the opcode table names.
 *
 * A handler runs with c->next_rip set to the instruction after it; when it
 * returns the run loop makes that c->rip. A branch writes c->next_rip.
 */
#ifndef HYPERVISOR_X86_EXEC_H
#define HYPERVISOR_X86_EXEC_H
#include "hypervisor/x86/operand.h"

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
OP(not );
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
#endif
