/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_jail.c: hvm-vnc gives up files (Landlock, where the kernel has it), capabilities, new
 * programs, and the system calls that are not in a list (seccomp): first as the process that
 * accepts and forks, then in each client's, which may do neither. A call outside the list fails
 * with EPERM; one that only an intruder would make ends the process.
 */
#include "ui/vnc/vnc_server.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef CONFIG_SECCOMP
#include <seccomp.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int limit(int what, rlim_t max, struct err *e)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return err_errno(e, -errno, "getrlimit");
	r.rlim_cur = r.rlim_max = MIN(max, r.rlim_max);
	return setrlimit(what, &r) < 0 ? err_errno(e, -errno, "setrlimit") : 0;
}

static int set_limits(struct err *e)
{
	int rc = limit(RLIMIT_NOFILE, 256, e); /* select() of the library: below 1024 */

	if (!rc)
		rc = limit(RLIMIT_CORE, 0, e);
	if (!rc)
		rc = limit(RLIMIT_FSIZE, 0, e);
#ifndef SANITIZED /* its shadow alone takes terabytes of addresses */
	if (!rc)
		rc = limit(RLIMIT_AS, 1 << 30, e);
#endif
	return rc;
}

static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	return syscall(SYS_capset, &head, none) < 0 ? err_errno(e, -errno, "capset") : 0;
}

/* A kernel without Landlock leaves the list of system calls, which has no open. */
static void close_files(void)
{
	struct landlock_ruleset_attr a = {.handled_access_fs =
						  (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);

	if (rules < 0)
		return;
	syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
}

/* ---- system calls */

#ifdef CONFIG_SECCOMP
static const int client_calls[] = {
	SCMP_SYS(read),           SCMP_SYS(write),
	SCMP_SYS(readv),          SCMP_SYS(writev),
	SCMP_SYS(recvfrom),       SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),        SCMP_SYS(sendmsg),
	SCMP_SYS(getsockname),    SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),     SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),       SCMP_SYS(close),
	SCMP_SYS(poll),           SCMP_SYS(ppoll),
	SCMP_SYS(select),         SCMP_SYS(pselect6),
	SCMP_SYS(fcntl),          SCMP_SYS(lseek),
	SCMP_SYS(fstat),          SCMP_SYS(brk),
	SCMP_SYS(munmap),         SCMP_SYS(madvise),
	SCMP_SYS(futex),          SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),   SCMP_SYS(getrandom),
	SCMP_SYS(exit),           SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),   SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid),
	SCMP_SYS(gettid),         SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),    SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),      SCMP_SYS(sigaltstack),
	SCMP_SYS(sysinfo),
};
/* More than those, till a client is there. */
static const int server_calls[] = {
	SCMP_SYS(accept4), SCMP_SYS(socketpair),      SCMP_SYS(wait4),           SCMP_SYS(prctl),
	SCMP_SYS(seccomp), SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(rseq),
};
static const int fatal_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(keyctl),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd),
};
/* CLONE_NEWTIME shares its bit with the signal's mask. */
#define NEW_SPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_THREAD | CLONE_VM | CLONE_PTRACE)

static int add(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = seccomp_rule_add(f, action, calls[i], 0);
	return rc;
}

/* Those of which only some arguments are harmless. */
static int add_narrow(scmp_filter_ctx f, bool server)
{
	const struct {
		int call;
		struct scmp_arg_cmp cmp;
	} narrow[] = {
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)},
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0)},
		{SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(mremap), SCMP_A4(SCMP_CMP_EQ, 0, 0)},
		{SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)},
		{SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_SPACES, 0)},
	};
	size_t n = ARRAY_SIZE(narrow) - !server;
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, narrow[i].call, 1, narrow[i].cmp);
	return rc;
}

static int list_calls(bool server, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = f ? add(f, SCMP_ACT_ALLOW, client_calls, ARRAY_SIZE(client_calls)) : -ENOMEM;

	if (!rc && server)
		rc = add(f, SCMP_ACT_ALLOW, server_calls, ARRAY_SIZE(server_calls));
	if (!rc)
		rc = add(f, SCMP_ACT_KILL_PROCESS, fatal_calls, ARRAY_SIZE(fatal_calls));
	if (!rc)
		rc = add_narrow(f, server);
	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc ? err_errno(e, rc, "cannot load the list of system calls") : 0;
}
#else
static int list_calls(bool server, struct err *e)
{
	(void)server;
	(void)e; /* configure says that there is none */
	return 0;
}
#endif

int vnc_jail_server(struct err *e)
{
	int rc = set_limits(e);

	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_errno(e, -errno, "PR_SET_NO_NEW_PRIVS");
	if (!rc)
		rc = drop_capabilities(e);
	if (rc)
		return rc;
	close_files();
	return list_calls(true, e);
}

int vnc_jail_client(struct err *e)
{
	return list_calls(false, e);
}
