/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/trace.c: see trace.h. A record is written at once, so that those of several vCPUs
 * and the log's lines, which may be in the same file, do not mix; and whole up to a crash.
 *
 * Tests: tests/x86/trace.c
 */
#include "hypervisor/x86/trace.h"

#include "base/err.h"
#include "hypervisor/x86/cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

unsigned trace_on;

static struct {
	FILE *f;
	bool own;
	char buf[1 << 16]; /* more than a record: BLOCK_INSNS lines */
} out;

/* ---- where to ---- */

void trace_to(unsigned items, FILE *f)
{
	trace_on = items;
	out.f = f;
	out.own = false;
}

int trace_open(unsigned items, const char *path, struct err *e)
{
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)
		      : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "a");

	if (!f) {
		err_errno(e, -errno, "cannot open %s for -d", path ? path : "standard error");
		if (fd >= 0)
			close(fd);
		return -EIO;
	}
	setvbuf(f, out.buf, _IOFBF, sizeof(out.buf));
	trace_to(items, f);
	out.own = true;
	return 0;
}

void trace_close(void)
{
	if (out.own)
		fclose(out.f);
	trace_to(0, NULL);
}

static FILE *begin(void)
{
	flockfile(out.f);
	return out.f;
}

static void end(void)
{
	fflush(out.f);
	funlockfile(out.f);
}

/* ---- instructions ---- */

static uint64_t linear(const struct cpu *c, uint64_t rip)
{
	return c->mode == MODE_64 ? rip : (uint32_t)(c->seg[SEG_CS].base + rip);
}

static void put_insn(FILE *f, const struct cpu *c, const struct insn *in, uint64_t rip)
{
	char text[96];

	fprintf(f, "0x%08llx: ", (unsigned long long)linear(c, rip));
	for (unsigned i = 0; i < in->len; i++)
		fprintf(f, " %02x", in->bytes[i]);
	insn_text(in, rip, text, sizeof(text));
	fprintf(f, "%*s%s\n", in->len < 8 ? 23 - 3 * in->len : 2, "", text);
}

void trace_block(const struct cpu *c, const struct insn *in, unsigned n)
{
	uint64_t rip = c->rip;
	FILE *f = begin();

	fprintf(f, "IN: cpu %u %04x:%0*llx\n", c->id, c->seg[SEG_CS].sel,
		c->mode == MODE_64 ? 16 : 8, (unsigned long long)rip);
	for (; n--; rip += in++->len)
		put_insn(f, c, in, rip);
	fputc('\n', f);
	end();
}

/* ---- events ---- */

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = {
		[EXC_FAULT] = "fault", [EXC_TRAP] = "trap",   [EXC_INT] = "int",
		[EXC_INT3] = "int3",   [EXC_ICEBP] = "icebp", [EXC_EXTERN] = "extern"};

	return names[kind];
}

void trace_event(const struct cpu *c)
{
	FILE *f = begin();

	fprintf(f, "INT: cpu %u v=%02x", c->id, c->exc.vector);
	if (c->exc.has_error)
		fprintf(f, " e=%04x", c->exc.error);
	fprintf(f, " %s cpl=%u ip=%04x:%016llx sp=%04x:%016llx", kind_name(c->exc.kind), c->cpl,
		c->seg[SEG_CS].sel, (unsigned long long)c->rip, c->seg[SEG_SS].sel,
		(unsigned long long)c->r[R_SP]);
	if (c->exc.vector == EXC_PF && c->exc.kind == EXC_FAULT)
		fprintf(f, " cr2=%016llx", (unsigned long long)c->exc.cr2);
	fputc('\n', f);
	end();
}

void trace_triple(const struct cpu *c)
{
	fprintf(begin(), "INT: cpu %u triple fault\n", c->id);
	end();
}

/* ---- registers ---- */

static void put_general(FILE *f, const struct cpu *c)
{
	static const char names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					  "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"};
	unsigned n = c->long_mode ? 16 : 8;

	for (unsigned i = 0; i < n; i++)
		fprintf(f, "%s=%016llx%c", names[i], (unsigned long long)c->r[i],
			i % 4 == 3 ? '\n' : ' ');
}

static void put_flags(FILE *f, uint64_t flags)
{
	static const struct {
		uint32_t bit;
		char letter;
	} rows[] = {{FL_OF, 'O'}, {FL_DF, 'D'}, {FL_IF, 'I'}, {FL_TF, 'T'}, {FL_SF, 'S'},
		    {FL_ZF, 'Z'}, {FL_AF, 'A'}, {FL_PF, 'P'}, {FL_CF, 'C'}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fputc(flags & rows[i].bit ? rows[i].letter : '-', f);
}

static void put_seg(FILE *f, const char *name, const struct segment *s)
{
	fprintf(f, "%-3s=%04x %016llx %08x %04x\n", name, s->sel, (unsigned long long)s->base,
		s->limit, s->attr);
}

static void put_table(FILE *f, const char *name, const struct table_reg *t)
{
	fprintf(f, "%-3s=     %016llx %08x\n", name, (unsigned long long)t->base, t->limit);
}

void trace_cpu(const struct cpu *c)
{
	static const char segs[SEG_N][3] = {"es", "cs", "ss", "ds", "fs", "gs"};
	FILE *f = begin();

	fprintf(f, "CPU: cpu %u\n", c->id);
	put_general(f, c);
	fprintf(f, "rip=%016llx rfl=%08x [", (unsigned long long)c->rip, (uint32_t)c->flags);
	put_flags(f, c->flags);
	fprintf(f, "] cpl=%u\n", c->cpl);
	for (unsigned i = 0; i < SEG_N; i++)
		put_seg(f, segs[i], &c->seg[i]);
	put_seg(f, "ldt", &c->ldtr);
	put_seg(f, "tr", &c->tr);
	put_table(f, "gdt", &c->gdtr);
	put_table(f, "idt", &c->idtr);
	fprintf(f, "cr0=%08x cr2=%016llx cr3=%016llx cr4=%08x efer=%04x\n\n", (uint32_t)c->cr0,
		(unsigned long long)c->cr2, (unsigned long long)c->cr3, (uint32_t)c->cr4,
		(uint32_t)c->efer);
	end();
}
