/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/nat/nat_jail.c: hvm-nat gives up all that frames do not need: files but
 * the resolver's and TFTP's (Landlock, where the kernel has it), capabilities
 * but that for low ports, new programs, and the system calls that are not in
 * a list (seccomp). A call outside the list fails with EPERM; one that only
 * an intruder would make ends the process.
 */
#include "base/util.h"
#include "config.h"
#include "net/nat/nat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdio.h>
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

/* ---- limits, capabilities */

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
	int rc = limit(RLIMIT_NOFILE, 1024, e); /* flows */

	if (!rc)
		rc = limit(RLIMIT_CORE, 0, e);
#ifndef SANITIZED /* its shadow alone takes terabytes of addresses */
	if (!rc)
		rc = limit(RLIMIT_AS, 1 << 30, e);
#endif
	return rc;
}

/* Of root's: low ports for hostfwd. */
static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct had[2], keep[2] = {{0}};
	uint32_t low_ports = 1u << CAP_NET_BIND_SERVICE;

	if (syscall(SYS_capget, &head, had) < 0)
		return err_errno(e, -errno, "capget");
	keep[0].effective = had[0].effective & low_ports;
	keep[0].permitted = had[0].permitted & low_ports;
	return syscall(SYS_capset, &head, keep) < 0 ? err_errno(e, -errno, "capset") : 0;
}

/* ---- files */

static void allow_read(int rules, const char *path)
{
	struct landlock_path_beneath_attr a = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE};

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	close(a.parent_fd);
}

/* A kernel without Landlock leaves the list of system calls: files may be read, never written. */
static void close_files(const char *tftp)
{
	struct landlock_ruleset_attr a = {.handled_access_fs =
						  (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);

	if (rules < 0)
		return;
	allow_read(rules, "/etc/resolv.conf");
	allow_read(rules, "/run/systemd/resolve");
	if (tftp)
		allow_read(rules, tftp);
	syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
}

/* ---- system calls */

#ifdef CONFIG_SECCOMP
static const int plain_calls[] = {
	SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(readv),
	SCMP_SYS(writev),        SCMP_SYS(recvfrom),       SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),       SCMP_SYS(sendmsg),        SCMP_SYS(bind),
	SCMP_SYS(connect),       SCMP_SYS(listen),         SCMP_SYS(accept),
	SCMP_SYS(accept4),       SCMP_SYS(getsockname),    SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),    SCMP_SYS(setsockopt),     SCMP_SYS(shutdown),
	SCMP_SYS(close),         SCMP_SYS(poll),           SCMP_SYS(ppoll),
	SCMP_SYS(fcntl),         SCMP_SYS(lseek),          SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),    SCMP_SYS(stat),           SCMP_SYS(brk),
	SCMP_SYS(munmap),        SCMP_SYS(madvise),        SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(getrandom),
	SCMP_SYS(exit),          SCMP_SYS(exit_group),     SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),        SCMP_SYS(gettid),         SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
};
static const int fatal_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
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

static int add_lists(scmp_filter_ctx f)
{
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(plain_calls) && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain_calls[i], 0);
	for (unsigned i = 0; i < ARRAY_SIZE(fatal_calls) && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, fatal_calls[i], 0);
	return rc;
}

/* Those of which only some arguments are harmless. */
static int add_narrow(scmp_filter_ctx f)
{
	const uint64_t no_write = O_ACCMODE | O_CREAT | O_TRUNC;
	const struct {
		int call;
		struct scmp_arg_cmp cmp;
	} narrow[] = {
		{SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, no_write, O_RDONLY)},
		{SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, no_write, O_RDONLY)},
		{SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET, 0)},
		{SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0)},
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)},
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0)},
		{SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(mremap), SCMP_A4(SCMP_CMP_EQ, 0, 0)},
		{SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)},
	};
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(narrow) && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, narrow[i].call, 1, narrow[i].cmp);
	return rc;
}

static int list_calls(struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = f ? add_lists(f) : -ENOMEM;

	if (!rc)
		rc = add_narrow(f);
	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc ? err_errno(e, rc, "cannot load the list of system calls") : 0;
}
#else
static int list_calls(struct err *e)
{
	(void)e; /* configure says that there is none */
	return 0;
}
#endif

int nat_jail_enter(const char *tftp, struct err *e)
{
	int rc = set_limits(e);

	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_errno(e, -errno, "PR_SET_NO_NEW_PRIVS");
	if (!rc)
		rc = drop_capabilities(e);
	if (rc)
		return rc;
	close_files(tftp);
	return list_calls(e);
}
