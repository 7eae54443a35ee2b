/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the oracle says of a case: the instruction, the state before it, and
 * what became of it here and there.
 */
#include "tests/x86/oracle.h"

#include <stdlib.h>
#include <string.h>

static void show_vector(const char *who, const struct fpu_state *f, unsigned i)
{
	printf("  %s v%-2u ", who, i);
	for (int b = 15; b >= 0; b--)
		printf("%02x", f->ymm_high[i][b]);
	printf(" ");
	for (int b = 15; b >= 0; b--)
		printf("%02x", f->fx[160 + 16 * i + (unsigned)b]);
	printf("\n");
}

static void show_st(const char *who, const struct fpu_state *f)
{
	printf("  %s fcw %02x%02x fsw %02x%02x ftw %02x st", who, f->fx[1], f->fx[0], f->fx[3],
	       f->fx[2], f->fx[4]);
	for (unsigned i = 0; i < 8; i++) {
		printf(" ");
		for (int b = 9; b >= 0; b--)
			printf("%02x", f->fx[32 + 16 * i + (unsigned)b]);
	}
	printf("\n");
}

static void show_state(const char *who, const struct or_state *s)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
	static const char *const segs[] = {"es", "cs", "ss", "ds", "fs", "gs"};
	uint32_t mxcsr;

	memcpy(&mxcsr, s->fpu.fx + 24, 4);
	printf(" %s rip %llx flags %llx mxcsr %x\n ", who, (unsigned long long)s->rip,
	       (unsigned long long)s->flags, mxcsr);
	for (unsigned i = 0; i < SEG_N; i++)
		printf(" %s %x", segs[i], s->sel[i]);
	printf(" bases %llx %llx", (unsigned long long)s->base[0], (unsigned long long)s->base[1]);
	for (unsigned i = 0; i < 16; i++)
		printf("%s%s %llx", i % 8 ? " " : "\n  ", names[i], (unsigned long long)s->r[i]);
	printf("\n");
}

static void show_fpu(const struct or_case *k, const struct or_result *n, const struct or_result *i)
{
	show_st("before", &k->s.fpu);
	show_st("native", &n->s.fpu);
	show_st("interp", &i->s.fpu);
	for (unsigned v = 0; v < 16; v++) {
		if (v == k->in.reg || v == k->in.rm || v == k->in.vvvv || v == 0) {
			show_vector("before", &k->s.fpu, v);
			show_vector("native", &n->s.fpu, v);
			show_vector("interp", &i->s.fpu, v);
		}
	}
}

static void show_memory(const uint8_t *before)
{
	for (unsigned a = 0, n = 0; a < OR_DATA_SIZE && n < 48; a++) {
		if (native_data()[a] != interp_data()[a]) {
			printf("  %x: was %02x, native %02x, interp %02x\n", OR_DATA + a, before[a],
			       native_data()[a], interp_data()[a]);
			n++;
		}
	}
}

void show_insn(FILE *f, const struct or_case *k)
{
	char text[128] = "(not decoded)";

	if (k->in.op)
		insn_text(&k->in, k->s.rip, text, sizeof(text));
	fprintf(f, "%s  [", text);
	for (unsigned b = 0; b < k->len; b++)
		fprintf(f, "%s%02x", b ? " " : "", k->bytes[b]);
	fprintf(f, "] %d bits\n", 16 << k->mode);
}

static void show_segments(const struct or_case *k)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs"};

	for (unsigned i = 0; i < SEG_N; i++) {
		struct segment s = segs_get(k->s.sel[i]);

		printf(" %s %04x base %llx limit %x attr %04x\n", names[i], s.sel,
		       (unsigned long long)s.base, s.limit, s.attr);
	}
}

void show_case(const struct or_case *k, const struct or_result *n, const struct or_result *i,
	       const uint8_t *before)
{
	printf(" native: vector %d error %x cr2 %llx; interp: vector %d error %x cr2 %llx\n",
	       n->vector, n->error, (unsigned long long)n->cr2, i->vector, i->error,
	       (unsigned long long)i->cr2);
	printf(" native: rip %llx flags %llx; interp: rip %llx flags %llx\n",
	       (unsigned long long)n->s.rip, (unsigned long long)n->s.flags,
	       (unsigned long long)i->s.rip, (unsigned long long)i->s.flags);
	if (getenv("ORACLE_SHORT"))
		return;
	show_segments(k);
	show_state("before", &k->s);
	show_state("native", &n->s);
	show_state("interp", &i->s);
	show_memory(before);
	if (!k->in.op || k->in.op->flags & (F_HOST | F_FPU))
		show_fpu(k, n, i);
}
