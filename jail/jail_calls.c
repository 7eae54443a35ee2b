/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jail/jail_calls.c: the list of system calls of a jail (seccomp). A call outside the list fails
 * with EPERM; one that only an intruder would make ends the process.
 */
#include "jail/jail.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#ifdef CONFIG_SECCOMP
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What every program of ours does, and nobody is harmed by. */
static const int plain_calls[] = {
	SYS_read,          SYS_write,
	SYS_readv,         SYS_writev,
	SYS_recvfrom,      SYS_sendto,
	SYS_recvmsg,       SYS_sendmsg,
	SYS_getsockname,   SYS_getpeername,
	SYS_getsockopt,    SYS_setsockopt,
	SYS_shutdown,      SYS_close,
	SYS_poll,          SYS_ppoll,
	SYS_lseek,         SYS_fstat,
	SYS_brk,           SYS_munmap,
	SYS_madvise,       SYS_futex,
	SYS_clock_gettime, SYS_gettimeofday,
	SYS_getrandom,     SYS_exit,
	SYS_exit_group,    SYS_rt_sigreturn,
	SYS_rt_sigaction,  SYS_rt_sigprocmask,
	SYS_sigaltstack,   SYS_getpid,
	SYS_gettid,        SYS_restart_syscall,
	SYS_sched_yield,
};
static const struct jail_narrow narrow_calls[] = {
	{SYS_ioctl, 1, ~0ull, FIONREAD}, {SYS_ioctl, 1, ~0ull, FIONBIO},
	{SYS_mmap, 2, PROT_EXEC, 0},     {SYS_mprotect, 2, PROT_EXEC, 0},
	{SYS_mremap, 4, ~0ull, 0},
};
/* Not F_SETOWN and F_SETSIG: they make the kernel kill whom one likes. */
static const int fcntl_commands[] = {
	F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,     F_GETFL,
	F_SETFL, F_OFD_SETLK,     F_OFD_GETLK, F_ADD_SEALS, F_GET_SEALS,
};
/* What pthread_create asks for; a process of its own, or namespaces, would be another value. */
#define NEW_SPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#define OF_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
static const struct jail_narrow thread_narrow = {SYS_clone, 0, OF_THREAD | NEW_SPACES, OF_THREAD};
static const int thread_calls[] = {SYS_set_robust_list, SYS_rseq, SYS_sched_getaffinity};
static const int fatal_calls[] = {
	SYS_execve,
	SYS_execveat,
	SYS_fork,
	SYS_vfork,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_mount,
	SYS_unshare,
	SYS_setns,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_keyctl,
	SYS_io_uring_setup,
	SYS_userfaultfd,
};

static int add(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = seccomp_rule_add(f, action, calls[i], 0);
	return rc;
}

static int add_narrow(scmp_filter_ctx f, const struct jail_narrow *list, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, list[i].call, 1,
				      (struct scmp_arg_cmp){list[i].arg, SCMP_CMP_MASKED_EQ,
							    list[i].mask, list[i].value});
	return rc;
}

static int add_fcntl(scmp_filter_ctx f)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fcntl_commands) && !rc; i++)
		rc = add_narrow(
			f, &(struct jail_narrow){SYS_fcntl, 1, ~0u, (uint64_t)fcntl_commands[i]},
			1);
	return rc;
}

/* The library takes clone when there is no clone3, whose flags no filter can see. */
static int add_threads(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SYS_clone3, 0);

	if (!rc)
		rc = add(f, SCMP_ACT_ALLOW, thread_calls, ARRAY_SIZE(thread_calls));
	return rc ? rc : add_narrow(f, &thread_narrow, 1);
}

static int add_all(scmp_filter_ctx f, const struct jail *j)
{
	const struct jail_narrow own_signals = {SYS_tgkill, 0, ~0ull, (uint64_t)getpid()};
	int rc = add(f, SCMP_ACT_ALLOW, plain_calls, ARRAY_SIZE(plain_calls));

	if (!rc)
		rc = add(f, SCMP_ACT_ALLOW, j->calls, j->n_calls);
	if (!rc)
		rc = add(f, SCMP_ACT_KILL_PROCESS, fatal_calls, ARRAY_SIZE(fatal_calls));
	if (!rc)
		rc = add_narrow(f, narrow_calls, ARRAY_SIZE(narrow_calls));
	if (!rc)
		rc = add_narrow(f, &own_signals, 1);
	if (!rc)
		rc = add_fcntl(f);
	if (!rc && j->threads)
		rc = add_threads(f);
	return rc ? rc : add_narrow(f, j->narrow, j->n_narrow);
}

int jail_list_calls(const struct jail *j, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = f ? add_all(f, j) : -ENOMEM;

	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc ? err_errno(e, rc, "cannot load the list of system calls") : 0;
}
#else
int jail_list_calls(const struct jail *j, struct err *e)
{
	(void)j;
	return err_set(e, -ENOTSUP, "this was built without libseccomp"); /* configure said so */
}
#endif
