/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's native side: a state is loaded, the instruction runs at CPL 3 on
 * the host with INT3 after it, and the handler of whatever signal comes keeps
 * what the processor has. It goes back by a longjmp of its own, since the
 * instruction may have left any stack pointer behind.
 */
#include "tests/x86/oracle.h"

#include "base/util.h"

#include <asm/ldt.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#undef REG_RIP /* the system's is its place in gregs[] */
#include <signal.h>
#include <ucontext.h>

struct xsave_area {
	uint8_t fx[512], header[64], ymm[256];
} __attribute__((aligned(64)));

/* What the trampolines below read and write: keep the order. */
static struct {
	uint64_t r[16], go, flags, rsp;                  /* go: the instruction, or oracle_go_far */
	uint32_t far_off, far_sel;                       /* 152 */
	uint32_t es, ss, ds, fs, gs;                     /* 160 */
	uint32_t bases;                                  /* 180: 1: FS's is to be loaded; 2: GS's */
	uint64_t base[2];                                /* 184 */
	uint64_t own_fs;                                 /* 200: this thread's */
	uint64_t base_after[2];                          /* 208 */
	uint32_t es_after, ds_after, fs_after, gs_after; /* 224 */
} enter __asm__("oracle_enter_state") __attribute__((used));
static struct xsave_area enter_fp __asm__("oracle_enter_fp") __attribute__((used));
static struct or_result *result;
static uint8_t *code; /* OR_CODE, to write */
static uint8_t stack[65536] __attribute__((aligned(64)));
static struct sigaction before[32]; /* of other parts, by signal */

void oracle_enter(void);
_Noreturn void oracle_leave(void);
void oracle_signal(int sig, siginfo_t *info, void *ctx);
void oracle_on_signal(int sig, siginfo_t *info, void *ctx);
extern char oracle_go_far[];

/*
 * In: the stack changes last but one, as 64-bit code takes any that CPL 3 may load; code of 16 and
 * 32 bits is entered by a far jump. Out: the handler of all signals first brings back what C code
 * needs: FS's base, plain flags, a stack segment of the process. AC may be on.
 */
__asm__(".text\n"
	"oracle_enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, oracle_enter_state+144(%rip)\n"
	"	mov $7, %eax; xor %edx, %edx\n"
	"	xrstor64 oracle_enter_fp(%rip)\n"
	"	lea oracle_enter_state(%rip), %rax\n"
	"	rdfsbase %rcx; mov %rcx, 200(%rax)\n"
	"	mov 160(%rax), %es; mov 168(%rax), %ds; mov 172(%rax), %fs; mov 176(%rax), %gs\n"
	"	testb $1, 180(%rax); jz 1f\n"
	"	mov 184(%rax), %rcx; wrfsbase %rcx\n"
	"1:	testb $2, 180(%rax); jz 2f\n"
	"	mov 192(%rax), %rcx; wrgsbase %rcx\n"
	"2:	pushq 136(%rax); popfq\n"
	"	mov 164(%rax), %ss\n"
	"	mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 32(%rax), %rsp\n"
	"	mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8\n"
	"	mov 72(%rax), %r9; mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12\n"
	"	mov 104(%rax), %r13; mov 112(%rax), %r14; mov 120(%rax), %r15\n"
	"	mov 0(%rax), %rax\n"
	"	jmp *oracle_enter_state+128(%rip)\n"
	"oracle_go_far:\n"
	"	ljmpl *oracle_enter_state+152(%rip)\n"
	"oracle_leave:\n"
	"	mov oracle_enter_state+144(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	"oracle_signal:\n"
	"	lea oracle_enter_state(%rip), %rax\n"
	"	rdfsbase %rcx; mov %rcx, 208(%rax); rdgsbase %rcx; mov %rcx, 216(%rax)\n"
	"	mov %es, %ecx; mov %ecx, 224(%rax); mov %ds, %ecx; mov %ecx, 228(%rax)\n"
	"	mov %fs, %ecx; mov %ecx, 232(%rax); mov %gs, %ecx; mov %ecx, 236(%rax)\n"
	"	cmpq $0, 144(%rax); je 3f\n" /* not ours: all is as it should be */
	"	xor %ecx, %ecx; mov %ecx, %fs; mov %ecx, %gs; wrgsbase %rcx\n"
	"	mov 200(%rax), %rcx; wrfsbase %rcx\n"
	"	mov $0x2b, %ecx; mov %ecx, %ss\n"
	"	pushq $0x202; popfq\n"
	"3:	jmp oracle_on_signal\n");

/* No sanitizer in what runs on the signal's stack: it is left by a jump. */
#define PLAIN __attribute__((no_sanitize("address", "undefined")))

static const uint8_t gregs_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
				     REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
				     REG_R12, REG_R13, REG_R14, REG_R15};

PLAIN static void copy(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}

PLAIN static void zero(void *to, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
}

/* The frame has the XSAVE format; components in their initial state may not be there. */
PLAIN static void keep_fpu(const struct xsave_area *x)
{
	struct fpu_state *f = &result->s.fpu;
	uint8_t in_use = x->header[0];

	copy(f->fx, x->fx, 416);
	copy(f->ymm_high, x->ymm, 256);
	if (!(in_use & 1)) {
		zero(f->fx, 24);
		zero(f->fx + 32, 128);
		f->fx[0] = 0x7f;
		f->fx[1] = 0x03;
	}
	if (!(in_use & 2))
		zero(f->fx + 160, 256);
	if (!(in_use & 4))
		zero(f->ymm_high, 256);
}

PLAIN static void keep_segments(const greg_t *g)
{
	uint64_t cs_ss = (uint64_t)g[REG_CSGSFS];

	result->s.sel[SEG_CS] = (uint16_t)cs_ss;
	result->s.sel[SEG_SS] = (uint16_t)(cs_ss >> 48);
	result->s.sel[SEG_ES] = (uint16_t)enter.es_after;
	result->s.sel[SEG_DS] = (uint16_t)enter.ds_after;
	result->s.sel[SEG_FS] = (uint16_t)enter.fs_after;
	result->s.sel[SEG_GS] = (uint16_t)enter.gs_after;
	result->s.base[0] = enter.base_after[0];
	result->s.base[1] = enter.base_after[1];
}

/* Not the instruction's: the interpreter's own, or the test's, which then dies of it. */
PLAIN static void pass_on(int sig, siginfo_t *info, void *ctx)
{
	if (before[sig].sa_flags & SA_SIGINFO)
		before[sig].sa_sigaction(sig, info, ctx);
	else
		signal(sig, SIG_DFL);
}

PLAIN void oracle_on_signal(int sig, siginfo_t *info, void *ctx)
{
	const greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	if (!result || !enter.rsp) {
		if (sig == SIGPROF)
			interp_tick();
		else
			pass_on(sig, info, ctx);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		result->s.r[i] = (uint64_t)g[gregs_of[i]];
	result->s.rip = (uint64_t)g[REG_RIP];
	result->s.flags = (uint64_t)g[REG_EFL];
	result->vector = (int)g[REG_TRAPNO];
	result->error = (uint32_t)g[REG_ERR];
	result->cr2 = (uint64_t)g[REG_CR2];
	if (sig == SIGPROF)
		result->vector = OR_HUNG;
	if (result->vector == EXC_PF && (uint64_t)(uintptr_t)info->si_addr != result->cr2)
		result->vector = -2;
	keep_segments(g);
	keep_fpu((const void *)((ucontext_t *)ctx)->uc_mcontext.fpregs);
	result = NULL;
	oracle_leave();
}

/* To run and read here, to write elsewhere: stray stores must not change it. */
static bool map_code(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC), prot = PROT_READ | PROT_EXEC;
	void *at = (void *)OR_CODE;

	if (fd < 0 || ftruncate(fd, OR_CODE_SIZE))
		return false;
	code = mmap(NULL, OR_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return code != MAP_FAILED &&
	       mmap(at, OR_CODE_SIZE, prot, MAP_SHARED | MAP_FIXED, fd, 0) == at && !close(fd);
}

/* All that is low is taken, so that nothing else comes to lie there. */
static bool map_all(void)
{
	void *low = (void *)OR_LOW;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;

	return mmap(low, OR_HIGH - OR_LOW, PROT_NONE, flags, -1, 0) == low && map_code() &&
	       !mprotect((void *)OR_DATA, OR_DATA_SIZE, PROT_READ | PROT_WRITE) &&
	       !mprotect((void *)OR_RO, OR_PAGE, PROT_READ | PROT_WRITE);
}

/* The timer ends what would run for ever. */
static void catch_signals(void)
{
	const struct itimerval often = {{0, 300000}, {0, 300000}};
	static const int sigs[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGPROF};
	struct sigaction sa = {.sa_sigaction = oracle_signal,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigemptyset(&sa.sa_mask);
	sigaltstack(&ss, NULL);
	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, &before[sigs[i]]);
	__asm__("rdfsbase %0" : "=r"(enter.own_fs));
	setitimer(ITIMER_PROF, &often, NULL);
}

/* ---- the LDT ---- */

static bool load_descriptor(unsigned i)
{
	struct segment s = segs_get((uint16_t)(8 * i + 7));
	struct user_desc d = {.entry_number = i,
			      .base_addr = (unsigned)s.base,
			      .limit = s.attr & SEG_G ? s.limit >> 12 : s.limit,
			      .seg_32bit = !!(s.attr & SEG_DB),
			      .contents = s.attr >> 2 & 3,
			      .read_exec_only = !(s.attr & 2),
			      .limit_in_pages = !!(s.attr & SEG_G),
			      .seg_not_present = !(s.attr & SEG_P)};

	return !syscall(SYS_modify_ldt, 0x11, &d, sizeof(d));
}

static bool load_ldt(void)
{
	bool ok = true;

	for (unsigned i = 0; i < OR_LDT_N; i++)
		ok &= load_descriptor(i);
	return ok;
}

/* On one processor, whose number selector 7B shows. */
static bool stay_here(void)
{
	cpu_set_t set;
	uint32_t limit = 0;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return false;
	__asm__("lsl %1, %0" : "+r"(limit) : "r"(0x7b));
	segs_cpu_number(limit);
	return true;
}

/* Bit 1 of AT_HWCAP2: RDFSBASE and the like are allowed. */
static bool host_fits(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && getauxval(AT_HWCAP2) & 2;
}

bool native_open(void)
{
	if (!host_fits() || !map_all() || !load_ldt() || !stay_here())
		return false;
	memset(code, 0xcc, OR_CODE_SIZE);
	return true;
}

uint8_t *native_data(void)
{
	return (uint8_t *)OR_DATA;
}

uint8_t *native_ro(void)
{
	return (uint8_t *)OR_RO;
}

/* From here on the read-only page is one. */
void native_seal(void)
{
	mprotect((void *)OR_RO, OR_PAGE, PROT_READ);
	catch_signals();
}

static void load_fpu(const struct fpu_state *f)
{
	memcpy(enter_fp.fx, f->fx, 512);
	memcpy(enter_fp.ymm, f->ymm_high, 256);
	memset(enter_fp.header, 0, sizeof(enter_fp.header));
	enter_fp.header[0] = 7;
}

static void load_segments(const struct or_case *k)
{
	enter.es = k->s.sel[SEG_ES];
	enter.ss = k->s.sel[SEG_SS];
	enter.ds = k->s.sel[SEG_DS];
	enter.fs = k->s.sel[SEG_FS];
	enter.gs = k->s.sel[SEG_GS];
	enter.bases = 0;
	for (unsigned i = 0; i < 2; i++) {
		enter.base[i] = k->s.base[i];
		if (k->mode == MODE_64 && !(k->s.sel[SEG_FS + i] & 0xfffc))
			enter.bases |= 1u << i;
	}
}

void native_run(const struct or_case *k, struct or_result *res)
{
	unsigned at = k->lin - OR_CODE, n = MIN(k->len, OR_CODE_SIZE - at);

	memcpy(code + at, k->bytes, n);
	memcpy(enter.r, k->s.r, sizeof(enter.r));
	enter.flags = k->s.flags;
	enter.go = k->mode == MODE_64 ? k->s.rip : (uintptr_t)oracle_go_far;
	enter.far_off = (uint32_t)k->s.rip;
	enter.far_sel = k->s.sel[SEG_CS];
	load_segments(k);
	load_fpu(&k->s.fpu);
	memset(res, 0, sizeof(*res));
	result = res;
	oracle_enter();
	enter.rsp = 0;
	memset(code + at, 0xcc, n);
}
