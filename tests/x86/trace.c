/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -d: records of small programs, word for word; tests/dm/process.sh has the option and its file. */
#include "hypervisor/x86/trace.h"

#include "base/err.h"
#include "tests/x86/machine.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define CODE 0x6000

struct record {
	FILE *f;
	char *text;
	size_t len;
};

static void record(struct record *r, unsigned items)
{
	r->f = open_memstream(&r->text, &r->len);
	MUST(r->f);
	trace_to(items, r->f);
}

static void holds(struct record *r, const char *want)
{
	trace_close();
	fclose(r->f);
	EQS(want, r->text);
	free(r->text);
}

/* mov ax; int 21h; hlt, and an iret at 7000. */
static struct machine *real_program(void)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	LOAD(m, CODE, 0xb8, 0x34, 0x12, 0xcd, 0x21, 0xf4);
	LOAD(m, 0x21 * 4, 0x00, 0x70, 0, 0);
	LOAD(m, 0x7000, 0xeb, 0x00, 0xcf);
	return m;
}

TIER_TEST(instructions_and_an_interrupt)
{
	struct machine *m = real_program();
	struct record r;

	record(&r, TRACE_IN_ASM | TRACE_INT);
	EQ(STOP_HALT, machine_run(m));
	machine_free(m);
	holds(&r, "IN: cpu 0 0000:00006000\n"
		  "0x00006000:  b8 34 12              mov ax, 0x1234\n"
		  "0x00006003:  cd 21                 int 0x21\n"
		  "\n"
		  "INT: cpu 0 v=21 int cpl=0 ip=0000:0000000000006003 sp=0000:0000000000008000\n"
		  "IN: cpu 0 0000:00007000\n"
		  "0x00007000:  eb 00                 jmp 0x7002\n"
		  "\n"
		  "IN: cpu 0 0000:00007002\n"
		  "0x00007002:  cf                    iret\n"
		  "\n"
		  "IN: cpu 0 0000:00006005\n"
		  "0x00006005:  f4                    hlt\n"
		  "\n");
}

/* In real mode the line says the linear address, branches the offset. */
TIER_TEST(a_segment_base_is_in_the_address)
{
	struct machine *m = machine_new("max");
	struct record r;

	machine_real(m, 0x600, 0x10);
	LOAD(m, CODE + 0x10, 0xeb, 0x01, 0xf4, 0xf4);
	record(&r, TRACE_IN_ASM);
	EQ(STOP_HALT, machine_run(m));
	machine_free(m);
	holds(&r, "IN: cpu 0 0600:00000010\n"
		  "0x00006010:  eb 01                 jmp 0x13\n"
		  "\n"
		  "IN: cpu 0 0600:00000013\n"
		  "0x00006013:  f4                    hlt\n"
		  "\n");
}

TIER_TEST(a_block_is_shown_once_and_what_is_no_block_each_time)
{
	struct machine *m = machine_new("max");
	struct record r;

	machine_prot(m, 0x6ffe);
	LOAD(m, 0x6ffe, 0xb8, 2, 0, 0, 0, /* over the page's end: mov eax, 2 */
	     0x43, 0x39, 0xc3,            /* inc ebx; cmp ebx, eax */
	     0x75, 0xf6, 0xf4);           /* jne back; hlt */
	record(&r, TRACE_IN_ASM);
	EQ(STOP_HALT, machine_run(m));
	EQ(2, m->c->r[R_BX]);
	machine_free(m);
	holds(&r, "IN: cpu 0 0008:00006ffe\n"
		  "0x00006ffe:  b8 02 00 00 00        mov eax, 0x2\n"
		  "\n"
		  "IN: cpu 0 0008:00007003\n"
		  "0x00007003:  43                    inc ebx\n"
		  "0x00007004:  39 c3                 cmp ebx, eax\n"
		  "0x00007006:  75 f6                 jne 0x6ffe\n"
		  "\n"
		  "IN: cpu 0 0008:00006ffe\n"
		  "0x00006ffe:  b8 02 00 00 00        mov eax, 0x2\n"
		  "\n"
		  "IN: cpu 0 0008:00007008\n"
		  "0x00007008:  f4                    hlt\n"
		  "\n");
}

/* No gate is there: #PF, #DF of that and the #GP on its way, and the end. */
TIER_TEST(a_page_fault_becomes_a_triple_fault)
{
	struct machine *m = machine_new("max");
	struct record r;

	machine_long(m, CODE);
	m->c->idtr = (struct table_reg){0, 0};
	LOAD(m, CODE, 0x48, 0xb8, 0x34, 0x12, 0, 0, 1, 0, 0, 0, /* mov rax, 0x100001234 */
	     0x89, 0x00, 0xf4);                                 /* mov [rax], eax; hlt */
	record(&r, TRACE_IN_ASM | TRACE_INT);
	EQ(STOP_TRIPLE, machine_run(m));
	machine_free(m);
	holds(&r, "IN: cpu 0 0018:0000000000006000\n"
		  "0x00006000:  48 b8 34 12 00 00 01 00 00 00  mov rax, 0x100001234\n"
		  "0x0000600a:  89 00                 mov dword ptr [rax], eax\n"
		  "0x0000600c:  f4                    hlt\n"
		  "\n"
		  "INT: cpu 0 v=0e e=0002 fault cpl=0 ip=0018:000000000000600a"
		  " sp=0010:0000000000008000 cr2=0000000100001234\n"
		  "INT: cpu 0 v=08 e=0000 fault cpl=0 ip=0018:000000000000600a"
		  " sp=0010:0000000000008000\n"
		  "INT: cpu 0 triple fault\n");
}

#define GENERAL(rbx)                                                                   \
	"rax=0000000000000001 rcx=0000000000000002 rdx=0000000000000003 rbx=" rbx "\n" \
	"rsp=0000000000008000 rbp=0000000000000005 rsi=0000000089abcdef rdi=0000000000000007\n"
#define SYSTEM                                                                            \
	"es =0010 0000000000000000 ffffffff c093\n"                                       \
	"cs =0008 0000000000000000 ffffffff c09b\n"                                       \
	"ss =0010 0000000000000000 ffffffff c093\n"                                       \
	"ds =0010 0000000000000000 ffffffff c093\n"                                       \
	"fs =0010 0000000000000000 ffffffff c093\n"                                       \
	"gs =0010 0000000000000000 ffffffff c093\n"                                       \
	"ldt=0000 0000000000000000 0000ffff 0082\n"                                       \
	"tr =0000 0000000000000000 0000ffff 008b\n"                                       \
	"gdt=     0000000000001000 00000037\n"                                            \
	"idt=     0000000000000000 0000ffff\n"                                            \
	"cr0=60000011 cr2=0000000000000000 cr3=0000000000000000 cr4=00000000 efer=0000\n" \
	"\n"

#define REGISTERS(rbx, rip) "CPU: cpu 0\n" GENERAL(rbx) rip " cpl=0\n" SYSTEM

TIER_TEST(registers_before_each_block)
{
	struct machine *m = machine_new("max");
	struct record r;

	machine_prot(m, CODE);
	for (unsigned i = 0; i < 8; i++)
		m->c->r[i] = i == R_SP ? m->c->r[i] : i + 1 - (i > 3);
	m->c->r[R_SI] = 0x89abcdef;
	m->c->r[R_BX] = 0xff;
	LOAD(m, CODE, 0x31, 0xdb, 0xeb, 0x00, 0xf4); /* xor ebx, ebx; jmp; hlt */
	record(&r, TRACE_CPU);
	EQ(STOP_HALT, machine_run(m));
	machine_free(m);
	holds(&r, REGISTERS("00000000000000ff", "rip=0000000000006000 rfl=00000002 [---------]")
			  REGISTERS("0000000000000000",
				    "rip=0000000000006004 rfl=00000046 [-----Z-P-]"));
}

/* What it costs when off is a look: the program is the same one. */
TIER_TEST(the_program_does_not_notice)
{
	struct machine *m = real_program();
	struct record r;
	uint64_t insns;

	EQ(STOP_HALT, machine_run(m));
	insns = m->c->insn_count;
	machine_free(m);
	m = real_program();
	record(&r, TRACE_IN_ASM | TRACE_INT | TRACE_CPU);
	EQ(STOP_HALT, machine_run(m));
	if (tier_now == TIER_INTERP) /* translated code does not count */
		EQ(insns, m->c->insn_count);
	EQ(0x1234, m->c->r[R_AX]);
	machine_free(m);
	trace_close();
	fclose(r.f);
	CHECK(r.len > 1000);
	free(r.text);
	EQ(0, trace_on);
}

/* ---- to a file, by two threads ---- */

#define RECORDS 500

static void *put_records(void *arg)
{
	const struct cpu *c = arg;

	for (unsigned i = 0; i < RECORDS; i++)
		trace_triple(c);
	return NULL;
}

TEST(records_of_two_threads_stay_whole_behind_what_was_there)
{
	struct machine *m[2] = {machine_new("max"), machine_new("max")};
	char name[] = "/tmp/hvm-test-trace-XXXXXX", line[128];
	unsigned n[2] = {0, 0}, id;
	int fd = mkstemp(name);
	struct err e = {""};
	pthread_t t[2];
	FILE *f;

	MUST(fd >= 0);
	EQ(6, write(fd, "first\n", 6));
	m[1]->c->id = 1;
	OK(trace_open(TRACE_INT, name, &e));
	for (unsigned i = 0; i < 2; i++)
		MUST(!pthread_create(&t[i], NULL, put_records, m[i]->c));
	for (unsigned i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	trace_close();
	f = fdopen(fd, "r");
	MUST(f);
	rewind(f);
	MUST(fgets(line, sizeof(line), f));
	EQS("first\n", line);
	while (fgets(line, sizeof(line), f) &&
	       CHECK(sscanf(line, "INT: cpu %u triple fault\n", &id) == 1 && id < 2))
		n[id]++;
	EQ(RECORDS, n[0]);
	EQ(RECORDS, n[1]);
	fclose(f);
	unlink(name);
	machine_free(m[0]);
	machine_free(m[1]);
	EQ(-EIO, trace_open(TRACE_INT, "/nonexistent/log", &e));
	EQS("cannot open /nonexistent/log for -d: No such file or directory", e.msg);
}
