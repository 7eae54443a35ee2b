/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's native side: a state is loaded, the instruction runs at CPL 3 on
 * the host with INT3 after it, and the handler of whatever signal comes keeps
 * what the processor has. It goes back by a longjmp of its own, since the
 * instruction may have left any stack pointer behind.
 */
#include "tests/x86/oracle.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#undef REG_RIP /* the system's is its place in gregs[] */
#include <signal.h>
#include <ucontext.h>

struct xsave_area {
	uint8_t fx[512], header[64], ymm[256];
} __attribute__((aligned(64)));

/* What the trampoline below reads: keep the order. */
static struct {
	uint64_t r[16], go, flags, rsp; /* go: the instruction, or oracle_go32 */
	uint32_t far_off, far_sel;
} enter __asm__("oracle_enter_state") __attribute__((used));
static struct xsave_area enter_fp __asm__("oracle_enter_fp") __attribute__((used));
static struct or_result *result;
static uint8_t *code; /* OR_CODE, to write */
static uint8_t stack[65536] __attribute__((aligned(64)));

void oracle_enter(void);
_Noreturn void oracle_leave(void);
extern char oracle_go32[];

/*
 * 32-bit code is entered by a far jump; DS and ES are null in 64-bit processes and must be the
 * flat user segment (0x2b on Linux) for it.
 */
__asm__(".text\n"
	"oracle_enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, oracle_enter_state+144(%rip)\n"
	"	mov $7, %eax; xor %edx, %edx\n"
	"	xrstor64 oracle_enter_fp(%rip)\n"
	"	mov $0x2b, %eax\n"
	"	mov %eax, %ds; mov %eax, %es\n"
	"	lea oracle_enter_state(%rip), %rax\n"
	"	pushq 136(%rax); popfq\n"
	"	mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 32(%rax), %rsp\n"
	"	mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8\n"
	"	mov 72(%rax), %r9; mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12\n"
	"	mov 104(%rax), %r13; mov 112(%rax), %r14; mov 120(%rax), %r15\n"
	"	mov 0(%rax), %rax\n"
	"	jmp *oracle_enter_state+128(%rip)\n"
	"oracle_go32:\n"
	"	ljmpl *oracle_enter_state+152(%rip)\n"
	"oracle_leave:\n"
	"	mov oracle_enter_state+144(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

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

PLAIN static void on_signal(int sig, siginfo_t *info, void *ctx)
{
	const greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)info;
	if (!result) { /* not the instruction's: the test's own */
		signal(sig, SIG_DFL);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		result->s.r[i] = (uint64_t)g[gregs_of[i]];
	result->s.rip = (uint64_t)g[REG_RIP];
	result->s.flags = (uint64_t)g[REG_EFL];
	result->vector = (int)g[REG_TRAPNO];
	result->error = (uint32_t)g[REG_ERR];
	result->cr2 = (uint64_t)g[REG_CR2];
	keep_fpu((const void *)((ucontext_t *)ctx)->uc_mcontext.fpregs);
	if (result->vector == EXC_BP) {
		result->vector = -1;
		result->s.rip--;
	}
	oracle_leave();
}

static bool map_at(uintptr_t at, size_t size, int prot)
{
	void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		       -1, 0);

	return p == (void *)at;
}

/* To run and read here, to write elsewhere: stray stores must not change it. */
static bool map_code(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC), prot = PROT_READ | PROT_EXEC;
	void *at = (void *)OR_CODE;

	if (fd < 0 || ftruncate(fd, OR_PAGE))
		return false;
	code = mmap(NULL, OR_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return code != MAP_FAILED && mmap(at, OR_PAGE, prot, MAP_SHARED | MAP_FIXED, fd, 0) == at &&
	       !close(fd);
}

static bool map_all(void)
{
	return map_at(OR_CODE - OR_PAGE, 3 * OR_PAGE, PROT_NONE) &&
	       map_at(OR_DATA - OR_PAGE, 6 * OR_PAGE, PROT_NONE) && map_code() &&
	       !mprotect((void *)OR_DATA, OR_DATA_SIZE, PROT_READ | PROT_WRITE) &&
	       !mprotect((void *)OR_RO, OR_PAGE, PROT_READ | PROT_WRITE);
}

static void catch_signals(void)
{
	static const int sigs[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
	struct sigaction sa = {.sa_sigaction = on_signal,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigemptyset(&sa.sa_mask);
	sigaltstack(&ss, NULL);
	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

static bool host_fits(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2");
}

bool native_open(void)
{
	if (!host_fits() || !map_all())
		return false;
	memset(code, 0xcc, OR_PAGE);
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

void native_run(const struct or_case *k, struct or_result *res)
{
	memcpy(code + k->s.rip - OR_CODE, k->bytes, k->len);
	memcpy(enter.r, k->s.r, sizeof(enter.r));
	enter.flags = k->s.flags;
	enter.go = k->mode == MODE_64 ? k->s.rip : (uintptr_t)oracle_go32;
	enter.far_off = (uint32_t)k->s.rip;
	enter.far_sel = 0x23;
	load_fpu(&k->s.fpu);
	result = res;
	oracle_enter();
	result = NULL;
	memset(code + k->s.rip - OR_CODE, 0xcc, k->len);
}
