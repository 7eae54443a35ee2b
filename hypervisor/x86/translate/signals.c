/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/signals.c: a fault of the host's inside translated code
 * (a division, an unmasked exception of the vector and x87 units, an operand that
 * is not aligned) is the guest's: the handler makes the code go out at once.
 *
 * While translated code runs, RSP is not a stack: the handlers have one of their
 * own, and whatever else a thread that runs vCPUs gets must too (SA_ONSTACK).
 */
#include "hypervisor/x86/translate/parts.h"

#include <stdlib.h>
#include <sys/mman.h>
#undef REG_RIP /* the system's is its place in gregs[] */
#include <signal.h>
#include <ucontext.h>

enum { MOST_CACHES = 64, STACK = 64 << 10 };

static const int caught[] = {SIGSEGV, SIGFPE, SIGBUS, SIGILL};
static struct sigaction before[ARRAY_SIZE(caught)];
static const uint8_t *caches[MOST_CACHES], *ends[MOST_CACHES], *outs[MOST_CACHES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t stack_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void pass_on(int sig, siginfo_t *info, void *ctx)
{
	unsigned i = 0;

	while (caught[i] != sig)
		i++;
	if (before[i].sa_flags & SA_SIGINFO)
		before[i].sa_sigaction(sig, info, ctx);
	else if (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN)
		before[i].sa_handler(sig);
	else
		sigaction(sig, &before[i], NULL); /* comes again, with its default effect */
}

static const struct tr_site fault_site = {.out = OUT_FAULT, .flags_at = FLAGS_SLOT};

static void on_fault(int sig, siginfo_t *info, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	const uint8_t *at = (const uint8_t *)(uintptr_t)r[REG_RIP];

	for (unsigned i = 0; i < MOST_CACHES; i++) {
		const uint8_t *begin = __atomic_load_n(&caches[i], __ATOMIC_ACQUIRE);

		if (!begin || at < begin || at >= ends[i])
			continue;
		tr_cpu((struct cpu *)(uintptr_t)r[REG_RSP])->fault_at = (uint64_t)(uintptr_t)at;
		r[REG_R13] = (greg_t)(uintptr_t)&fault_site;
		r[REG_RIP] = (greg_t)(uintptr_t)outs[i];
		return;
	}
	pass_on(sig, info, ctx);
}

static void free_stack(void *p)
{
	const stack_t off = {.ss_flags = SS_DISABLE};

	sigaltstack(&off, NULL);
	munmap(p, STACK);
}

static void catch_faults(void)
{
	struct sigaction sa = {.sa_sigaction = on_fault,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	pthread_key_create(&stack_key, free_stack);
	sigemptyset(&sa.sa_mask);
	for (unsigned i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &sa, &before[i]);
}

bool signals_add(const struct tr *tr)
{
	unsigned i = 0;

	pthread_once(&once, catch_faults);
	pthread_mutex_lock(&lock);
	while (i < MOST_CACHES && caches[i])
		i++;
	if (i < MOST_CACHES) {
		ends[i] = tr->rx + tr->code_size;
		outs[i] = tr->out;
		__atomic_store_n(&caches[i], tr->rx, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return i < MOST_CACHES;
}

void signals_remove(const struct tr *tr)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < MOST_CACHES; i++)
		if (caches[i] == tr->rx)
			__atomic_store_n(&caches[i], NULL, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
}

bool signals_ready(void)
{
	stack_t s = {.ss_size = STACK};

	if (pthread_getspecific(stack_key))
		return true;
	s.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.ss_sp == MAP_FAILED || sigaltstack(&s, NULL) < 0)
		return false;
	return !pthread_setspecific(stack_key, s.ss_sp);
}
