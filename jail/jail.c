/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jail/jail.c: limits, capabilities, namespaces and files of a jail; jail_calls.c has the rest. */
#include "jail/jail.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define NOBODY 65534

static const char *const mode_names[] = {"off", "try", "require"};

const char *jail_mode_name(enum jail_mode mode)
{
	return mode_names[mode];
}

int jail_parse_mode(const char *text, enum jail_mode *mode)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mode_names); i++)
		if (!strcmp(text, mode_names[i])) {
			*mode = (enum jail_mode)i;
			return 0;
		}
	return -EINVAL;
}

/* ---- limits, capabilities */

static int limit(int what, rlim_t max, struct err *e)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return err_errno(e, -errno, "getrlimit");
	r.rlim_cur = r.rlim_max = MIN(max, r.rlim_max);
	return setrlimit(what, &r) < 0 ? err_errno(e, -errno, "setrlimit") : 0;
}

static int set_limits(const struct jail *j, struct err *e)
{
	int rc = limit(RLIMIT_NOFILE, j->files, e);

	if (!rc)
		rc = limit(RLIMIT_CORE, 0, e);
	if (!rc && j->no_writes)
		rc = limit(RLIMIT_FSIZE, 0, e);
	if (!rc && j->memory && !SANITIZED) /* its shadow alone takes terabytes of addresses */
		rc = limit(RLIMIT_AS, j->memory, e);
	return rc;
}

static int drop_capabilities(uint64_t keep, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct had[2], kept[2] = {{0}};

	if (syscall(SYS_capget, &head, had) < 0)
		return err_errno(e, -errno, "capget");
	for (unsigned i = 0; i < 2; i++) {
		kept[i].permitted = had[i].permitted & (uint32_t)(keep >> 32 * i);
		kept[i].effective = kept[i].permitted;
	}
	return syscall(SYS_capset, &head, kept) < 0 ? err_errno(e, -errno, "capset") : 0;
}

/* Of root's capabilities those that are permitted stay, till drop_capabilities. */
static int leave_root(struct err *e)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return err_errno(e, -errno, "cannot become user %d", NOBODY);
	return 0;
}

/* It may have ended meanwhile. */
int jail_end_with_parent(pid_t parent, struct err *e)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == parent ? 0 : err_set(e, -ESRCH, "the parent has ended");
}

/* ---- what is left out when the host does not permit it */

static int enter_spaces(int spaces, struct err *e)
{
	if (unshare(spaces) < 0 && unshare(spaces | CLONE_NEWUSER) < 0)
		return err_errno(e, -errno, "no namespaces of its own");
	return 0;
}

static void allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr a = {.allowed_access = access};

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	close(a.parent_fd);
}

int jail_close_files(const struct jail *j, struct err *e)
{
	struct landlock_ruleset_attr a = {.handled_access_fs =
						  (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0), rc = 0;

	if (rules < 0)
		return err_errno(e, -errno, "the kernel has no Landlock");
	for (const char *const *p = j->read; p && *p; p++)
		allow(rules, *p, LANDLOCK_ACCESS_FS_READ_FILE);
	if (j->remove_in)
		allow(rules, j->remove_in, LANDLOCK_ACCESS_FS_REMOVE_FILE);
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		rc = err_errno(e, -errno, "Landlock");
	close(rules);
	return rc;
}

static int forgive(enum jail_mode mode, int rc, struct err *e)
{
	if (rc < 0 && mode == JAIL_TRY) {
		err_clear(e);
		return 0;
	}
	if (rc < 0)
		err_prefix(e, "no jail as required");
	return rc;
}

int jail_narrow_calls(const struct jail *j, enum jail_mode mode, struct err *e)
{
	int rc = mode == JAIL_OFF ? 0 : jail_list_calls(j, e);

	return rc == -ENOTSUP ? forgive(mode, rc, e) : rc;
}

/* Namespaces first: they take a capability, and a user's own gives all of its own. */
static int give_up_rights(const struct jail *j, enum jail_mode mode, struct err *e)
{
	int rc = 0;

	if (j->spaces)
		rc = forgive(mode, enter_spaces(j->spaces, e), e);
	if (!rc)
		rc = set_limits(j, e);
	if (!rc && j->nobody && !geteuid())
		rc = forgive(mode, leave_root(e), e);
	return rc ? rc : drop_capabilities(j->capabilities, e);
}

int jail_enter(const struct jail *j, enum jail_mode mode, struct err *e)
{
	pid_t parent = getppid();
	int wish = 0, rc;

	if (mode == JAIL_OFF)
		return 0;
	prctl(PR_GET_PDEATHSIG, &wish);
	rc = give_up_rights(j, mode, e);
	if (!rc && wish) /* other rights take it back */
		rc = jail_end_with_parent(parent, e);
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_errno(e, -errno, "PR_SET_NO_NEW_PRIVS");
	if (!rc)
		rc = forgive(mode, jail_close_files(j, e), e);
	return rc ? rc : jail_narrow_calls(j, mode, e);
}
