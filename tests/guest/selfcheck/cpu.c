/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults as signals, code that changes, the debug registers, 32-bit code under a 64-bit kernel. */
#include "selfcheck.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__
enum { IP = REG_RIP, SP = REG_RSP };
#else
enum { IP = REG_EIP, SP = REG_ESP };
#endif

static sigjmp_buf escape;
static volatile struct {
	int signal, code;
	const void *addr;
	uintptr_t ip, sp, trap, error;
} seen;

static void caught(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;

	seen.signal = signal;
	seen.code = info->si_code;
	seen.addr = info->si_addr;
	seen.ip = u->uc_mcontext.gregs[IP];
	seen.sp = u->uc_mcontext.gregs[SP];
	seen.trap = u->uc_mcontext.gregs[REG_TRAPNO];
	seen.error = u->uc_mcontext.gregs[REG_ERR];
	siglongjmp(escape, 1);
}

static void catch (int signal)
{
	struct sigaction act = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	seen.signal = 0;
	sigaction(signal, &act, NULL);
}

/* Wanted: the signal, its code, the number of the exception. */
static void want_signal(int signal, int code, unsigned trap)
{
	if (seen.signal != signal || seen.code != code || seen.trap != trap)
		fail("signal %d code %d trap %d, not %d %d %d", seen.signal, seen.code,
		     (int)seen.trap, signal, code, trap);
}

/* Not present, write to read-only, fetch without execute: address and page-fault error code. */
static void check_segv(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	WANT(p != MAP_FAILED);
	catch (SIGSEGV);
	if (!sigsetjmp(escape, 1))
		*(volatile char *)(p + 123) = 1;
	want_signal(SIGSEGV, SEGV_ACCERR, 14);
	WANT(seen.addr == p + 123 && (seen.error & 6) == 6);
	munmap(p + page, page);
	if (!sigsetjmp(escape, 1))
		(void)*(volatile uint64_t *)(p + page - 4);
	want_signal(SIGSEGV, SEGV_MAPERR, 14);
	WANT(seen.addr == p + page && (seen.error & 7) == 4);
	catch (SIGSEGV);
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("hlt");
	want_signal(SIGSEGV, SI_KERNEL, 13);
	munmap(p, page);
	signal(SIGSEGV, SIG_DFL);
}

static void check_traps(void)
{
	volatile unsigned zero = 0;

	catch (SIGFPE);
	if (!sigsetjmp(escape, 1))
		zero = 5 / zero;
	want_signal(SIGFPE, FPE_INTDIV, 0);
	catch (SIGILL);
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("ud2");
	want_signal(SIGILL, ILL_ILLOPN, 6);
	catch (SIGTRAP);
	if (!sigsetjmp(escape, 1))
		__asm__ volatile("int3");
	want_signal(SIGTRAP, SI_KERNEL, 3);
	/* An unmasked division by zero of the SSE unit, then of the x87 at its next instruction. */
	catch (SIGFPE);
	if (!sigsetjmp(escape, 1)) {
		unsigned csr = 0x1f80 & ~0x200;
		float one = 1, none = 0;

		__asm__ volatile("ldmxcsr %1; divss %2, %0" : "+x"(one) : "m"(csr), "m"(none));
	}
	want_signal(SIGFPE, FPE_FLTDIV, 19);
	if (!sigsetjmp(escape, 1)) {
		uint16_t control = 0x37f & ~4;

		__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control));
	}
	want_signal(SIGFPE, FPE_FLTDIV, 16);
	__asm__ volatile("fninit");
	signal(SIGFPE, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

static volatile int deep;

static __attribute__((noinline)) int sink(int n)
{
	volatile char room[4096];

	room[0] = n;
	deep = n;
	if (n < 0)
		return 0;
	return sink(n + 1) + room[0];
}

/* A stack that overflows, seen from a handler on a stack of its own. */
static void check_altstack(void)
{
	static char other[65536];
	stack_t stack = {.ss_sp = other, .ss_size = sizeof other}, off = {.ss_flags = SS_DISABLE};
	pid_t pid = fork();
	int status;

	if (!pid) {
		sigaltstack(&stack, NULL);
		catch (SIGSEGV);
		if (!sigsetjmp(escape, 1))
			sink(0);
		_exit(seen.signal == SIGSEGV && deep > 100 ? 42 : 1);
	}
	WANT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	WANT(!sigaltstack(&off, NULL));
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	ticks += signal == SIGALRM;
}

/* Timer signals interrupt a loop that makes no system call, and registers survive them. */
static void check_alarm(void)
{
	struct itimerval t = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	volatile double sum = 0;
	uint64_t n = 0;

	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &t, NULL);
	while (ticks < 5) {
		n++;
		sum = sum + 1;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	signal(SIGALRM, SIG_DFL);
	WANT((double)n == sum);
}

/* The installer's 32-bit kernel has two-level page tables, which know no execute permission. */
static bool keeps_from_executing(void)
{
	struct utsname u;

	return !uname(&u) && !strcmp(u.machine, "x86_64");
}

/* Code written, run, written over and run again, in one page and across a boundary. */
static void check_new_code(void)
{
	static const uint8_t code[] = {0xb8, 0, 0, 0, 0, 0xc3};
	uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	WANT(p != MAP_FAILED);
	for (uint32_t i = 0; i < 200; i++) {
		uint8_t *at = i & 1 ? p + 64 : p + 4096 - 3;
		int (*run)(void) = (int (*)(void))(uintptr_t)at;

		memcpy(at, code, sizeof code);
		memcpy(at + 1, &i, 4);
		WANT(run() == (int)i);
	}
	WANT(!mprotect(p, 8192, PROT_READ));
	if (!keeps_from_executing())
		return;
	catch (SIGSEGV);
	if (!sigsetjmp(escape, 1))
		((void (*)(void))(uintptr_t)p)();
	want_signal(SIGSEGV, SEGV_ACCERR, 14);
	WANT(seen.addr == p && (seen.error & 0x14) == 0x14);
	signal(SIGSEGV, SIG_DFL);
	munmap(p, 8192);
}

static volatile uint32_t watched;

static void traced(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	watched = 1;
	watched = 2;
	__asm__ volatile("nop; nop; nop");
	_exit(9);
}

static int go_on(pid_t pid, int how)
{
	int status = 0;

	ptrace(how, pid, 0, 0);
	waitpid(pid, &status, 0);
	return status;
}

/* A write watchpoint in DR0 stops after each of two stores; then steps, one instruction each. */
static void check_debug(void)
{
	size_t dr = offsetof(struct user, u_debugreg);
	struct user_regs_struct regs;
	unsigned long before;
	pid_t pid = fork();
	int status;

	if (!pid)
		traced();
	waitpid(pid, &status, 0);
	WANT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	WANT(!ptrace(PTRACE_POKEUSER, pid, dr, &watched));
	WANT(!ptrace(PTRACE_POKEUSER, pid, dr + 7 * sizeof(long), 0xd0001));
	for (uint32_t i = 1; i <= 2; i++) {
		status = go_on(pid, PTRACE_CONT);
		WANT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
		WANT((ptrace(PTRACE_PEEKUSER, pid, dr + 6 * sizeof(long), 0) & 0xf) == 1);
		WANT((uint32_t)ptrace(PTRACE_PEEKDATA, pid, &watched, 0) == i);
	}
	for (int i = 0; i < 3; i++) {
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		before = *(unsigned long *)((char *)&regs + offsetof(struct user_regs_struct,
#ifdef __x86_64__
								     rip));
#else
								     eip));
#endif
		status = go_on(pid, PTRACE_SINGLESTEP);
		WANT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
		WANT((uint8_t)ptrace(PTRACE_PEEKTEXT, pid, before, 0) == 0x90);
	}
	status = go_on(pid, PTRACE_CONT);
	WANT(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

#ifdef __x86_64__
/* clang-format off */
__asm__(".globl narrow_begin, narrow_end\n"
	"narrow_begin: .code32\n"
	"	pushl %ebx; pushl %edi\n"
	"	movl $0xfffffff0, %ebx; addl $0x20, %ebx; movl %ebx, %edi\n"
	"	incl %edi\n"			/* 0x47: a REX prefix in 64-bit code */
	"	movl $20, %eax; int $0x80\n"	/* getpid */
	"	leal (%edi,%edi), %ecx\n"
	"	popl %edi; popl %ebx; lret\n"
	"	.code64\n"
	"narrow_end:\n");
/* clang-format on */
extern const char narrow_begin[], narrow_end[];

/* Through a far call into the 32-bit code segment, its stack below 4 GiB, and back. */
static void check_compat(void)
{
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	static struct {
		uint32_t ip;
		uint16_t cs;
	} __attribute__((packed)) target = {0, 0x23};
	uint32_t pid, twice;

	WANT(low != MAP_FAILED);
	target.ip = (uintptr_t)low;
	memcpy(low, narrow_begin, narrow_end - narrow_begin);
	__asm__ volatile("mov %%rsp, %%r12; mov %3, %%rsp; lcall *%2; mov %%r12, %%rsp"
			 : "=a"(pid), "=&c"(twice)
			 : "m"(target), "r"(low + 8192)
			 : "r8", "r9", "r10", "r11", "r12", "rdi", "rbx", "rdx", "memory", "cc");
	WANT(pid == (uint32_t)getpid());
	WANT(twice == 0x22);
	munmap(low, 8192);
}
#endif

const struct check cpu_checks[] = {
	{"page faults", check_segv},
	{"traps", check_traps},
	{"stack overflow", check_altstack},
	{"timer signal", check_alarm},
	{"new code", check_new_code},
	{"watchpoint and steps", check_debug},
#ifdef __x86_64__
	{"32-bit code", check_compat},
#endif
	{0},
};
