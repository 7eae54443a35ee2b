/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inside the jail of each program: what it must not do, and threads where it has some. */
#include "config.h"
#include "dm/jail.h"
#include "dm/machine.h"
#include "hypervisor/core_jail.h"
#include "net/nat/nat.h"
#include "tests/unit/probe.h"
#include "toolstack/store/store.h"
#include "ui/vnc/vnc_server.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>

static int dm(struct err *e)
{
	return dm_jail_enter(&(const struct machine_config){.jail = JAIL_REQUIRE, .ram = 64 << 20},
			     e);
}

static int core(struct err *e)
{
	return core_jail_enter(64 << 20, JAIL_REQUIRE, e);
}

#ifdef CONFIG_SLIRP
static int nat(struct err *e)
{
	return nat_jail_enter(JAIL_REQUIRE, NULL, e);
}
#endif

#ifdef CONFIG_VNC
static int vnc(struct err *e)
{
	return vnc_jail_server(JAIL_REQUIRE, e);
}

static int vnc_client(struct err *e)
{
	int rc = vnc_jail_server(JAIL_REQUIRE, e);

	return rc ? rc : vnc_jail_client(JAIL_REQUIRE, e);
}
#endif

static int store(struct err *e)
{
	return store_jail_enter("/tmp/nowhere/socket", JAIL_REQUIRE, e);
}

/* but: what it lives by. */
static const struct program {
	const char *name;
	int (*enter)(struct err *e);
	const char *but[4];
} programs[] = {
	{"hvm-dm", dm, {NULL}},
	{"hvm-core", core, {NULL}},
	{"hvm-store", store, {"unlink", NULL}}, /* its socket, by Landlock */
#ifdef CONFIG_SLIRP
	{"hvm-nat", nat, {"connect a socket it has", "bind", "socket", NULL}},
#endif
#ifdef CONFIG_VNC
	{"hvm-vnc", vnc, {"fork", NULL}},
	{"hvm-vnc's for a client", vnc_client, {NULL}},
#endif
};

TEST_EACH(refused, sizeof(programs) / sizeof(programs[0]), programs[i].name)
{
	probe_refused(programs[i].enter, programs[i].but);
}

/* ---- what they still can */

static void *thread(void *arg)
{
	*(int *)arg = prctl(PR_GET_SECCOMP) < 0 && errno == EPERM; /* jailed, too */
	return NULL;
}

static int starts_threads(void)
{
	int jailed = 0;
	pthread_t t;

	return pthread_create(&t, NULL, thread, &jailed) || pthread_join(t, NULL) || !jailed;
}

TEST_EACH(threads, 2, programs[i].name)
{
	probe_inside(programs[i].enter, starts_threads);
}
