/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-core: the hypervisor core of one domain, served to a device model on a socket. */
#include "base/log.h"
#include "base/packet.h"
#include "base/signals.h"
#include "hypervisor/core_jail.h"
#include "hypervisor/domain.h"
#include "hypervisor/remote.h"
#include "hypervisor/vcpus.h"
#include "hypervisor/x86/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
	"usage: hvm-core -listen PATH|fd=N [options]\n"
	"  -m SIZE          guest memory: number and K, M (default) or G [128]\n"
	"  -smp N           processors, 1-128 [1]\n"
	"  -listen PATH     wait for a device model on this socket (SOCK_SEQPACKET)\n"
	"  -listen fd=N     the same, on a listening socket that is descriptor N\n"
	"  -help, -version\n"
	"  -accel soft[,KEY=V]|none  what runs the processors; none: nothing does [soft]\n"
	"  -cpu MODEL       and what they are, as hvm-dm's [max]\n"
	"  -rtc BASE        seconds since 1970, or base=utc or base=localtime [base=utc]\n"
	"  -max-ram-below-4g SIZE  where memory is cut for the devices' hole\n"
	"  -once            end when the first device model has left\n"
	"  -parent PID      end when that process, which started this one, does\n"
	"  -jail MODE       give up what it does not need: off, try (what the host\n"
	"                   permits), require [off]\n"
	"The processors of one guest, its memory, interrupt controllers, timers and clock live\n"
	"here. They run while a device model is there and lets them; when one leaves they stand\n"
	"still until the next has come.\n";

struct options {
	uint64_t ram, below_4g;
	unsigned vcpus;
	const char *path;
	const struct engine_ops *accel; /* NULL: nothing runs the processors */
	struct engine_config engine;
	int64_t rtc;
	bool once;
	int fd;
	unsigned parent; /* 0: none */
	enum jail_mode jail;
};

struct core {
	struct domain *dom;
	struct loop *loop;
	int listener;
	const char *path; /* to be removed at the end */
	struct watch *listen_watch;
	struct remote *remote;
	struct vcpus *vcpus;
	bool once;
};

/* ---- options ---- */

static int parse_size(const char *option, const char *text, uint64_t *size, struct err *e)
{
	char *end;
	unsigned shift = 20;

	errno = 0;
	*size = strtoull(text, &end, 10);
	if (*end && strchr("kK", *end))
		shift = 10, end++;
	else if (*end && strchr("mM", *end))
		end++;
	else if (*end && strchr("gG", *end))
		shift = 30, end++;
	if (errno || end == text || *end || !*size || *size > UINT64_MAX >> shift)
		return err_set(e, -EINVAL, "%s %s: not a size of memory", option, text);
	*size <<= shift;
	return 0;
}

static int parse_number(const char *option, const char *text, unsigned most, unsigned *n,
			struct err *e)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > most)
		return err_set(e, -EINVAL, "%s %s: not a number up to %u", option, text, most);
	*n = (unsigned)v;
	return 0;
}

static int parse_rtc(const char *text, int64_t *base, struct err *e)
{
	time_t now = time(NULL);
	struct tm tm;
	char *end;

	*base = now;
	if (!strcmp(text, "base=utc"))
		return 0;
	if (!strcmp(text, "base=localtime")) {
		if (localtime_r(&now, &tm))
			*base += tm.tm_gmtoff;
		return 0;
	}
	errno = 0;
	*base = strtoll(text, &end, 10);
	if (errno || end == text || *end || *base < 0)
		return err_set(e, -EINVAL, "-rtc %s: not seconds, base=utc or base=localtime",
			       text);
	return 0;
}

static int parse_listen(struct options *o, const char *value, struct err *e)
{
	unsigned fd;
	int rc;

	if (strncmp(value, "fd=", 3)) {
		o->path = value;
		return 0;
	}
	rc = parse_number("-listen", value + 3, 1 << 20, &fd, e);
	o->fd = (int)fd;
	return rc;
}

static int parse_accel(struct options *o, const char *value, struct err *e)
{
	size_t n = strcspn(value, ",");
	char name[16];

	snprintf(name, sizeof(name), "%.*s", (int)n, value);
	o->accel = engine_find(name);
	if (!o->accel && strcmp(value, "none"))
		return err_set(e, -EINVAL, "-accel %s: there is soft, and none", value);
	return engine_config_parse(&o->engine, "-accel", value + n + (value[n] == ','), e);
}

static int parse_jail(struct options *o, const char *value, struct err *e)
{
	if (jail_parse_mode(value, &o->jail) < 0)
		return err_set(e, -EINVAL, "-jail: '%s': want off, try or require", value);
	return 0;
}

static int parse_value(struct options *o, const char *name, const char *value, struct err *e)
{
	if (!strcmp(name, "-m"))
		return parse_size(name, value, &o->ram, e);
	if (!strcmp(name, "-max-ram-below-4g"))
		return parse_size(name, value, &o->below_4g, e);
	if (!strcmp(name, "-smp"))
		return parse_number(name, value, DOMAIN_VCPUS, &o->vcpus, e);
	if (!strcmp(name, "-listen"))
		return parse_listen(o, value, e);
	if (!strcmp(name, "-accel"))
		return parse_accel(o, value, e);
	if (!strcmp(name, "-rtc"))
		return parse_rtc(value, &o->rtc, e);
	if (!strcmp(name, "-parent"))
		return parse_number(name, value, 1 << 22, &o->parent, e);
	if (!strcmp(name, "-jail"))
		return parse_jail(o, value, e);
	if (strcmp(name, "-cpu"))
		return err_set(e, -EINVAL, "unknown option %s (try -help)", name);
	o->engine.model = value;
	return 0;
}

/* > 0: said all there was to say. */
static int parse_options(struct options *o, char **argv, struct err *e)
{
	while (*argv) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;
		int rc;

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return fputs(help, stdout), 1;
		if (!strcmp(name, "-version"))
			return puts("hvm-core 0.1"), 1;
		if (!strcmp(name, "-once")) {
			o->once = true;
			argv++;
			continue;
		}
		if (!argv[1])
			return err_set(e, -EINVAL, "%s: unknown option, or its value is missing",
				       *argv);
		rc = parse_value(o, name, argv[1], e);
		if (rc)
			return rc;
		argv += 2;
	}
	if (!o->path && o->fd < 0)
		return err_set(e, -EINVAL, "-listen is missing (try -help)");
	return 0;
}

/* ---- the socket ---- */

static int listen_at(const char *path, struct err *e)
{
	int fd = packet_listen(path, 1);

	if (fd == -ENAMETOOLONG)
		return err_set(e, fd, "the path of socket %s is too long", path);
	return fd < 0 ? err_errno(e, fd, "cannot listen on %s", path) : fd;
}

static void device_model_ended(void *arg, bool asked, const char *why)
{
	struct core *c = arg;

	if (asked)
		log_info("the device model left");
	else
		log_warn("the device model ended, the domain waits for another: %s", why);
	domain_pause(c->dom);
	remote_close(c->remote);
	c->remote = NULL;
	watch_events(c->listen_watch, EPOLLIN);
	if (c->once)
		loop_quit(c->loop, 0);
}

static void device_model_came(void *arg, uint32_t events)
{
	struct core *c = arg;
	struct err e = {""};
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	c->remote = remote_open(c->dom, c->loop, fd, device_model_ended, c, &e);
	if (c->remote)
		watch_events(c->listen_watch, 0); /* one at a time */
	else
		log_error("cannot serve a device model: %s", e.msg);
}

/* ---- life ---- */

static void lock_hook(void *arg)
{
	domain_lock(arg);
}

static void unlock_hook(void *arg)
{
	domain_unlock(arg);
}

static void guest_shutdown(void *arg, enum hv_shutdown why)
{
	struct core *c = arg;

	if (why == HV_SHUTDOWN_POWEROFF || why == HV_SHUTDOWN_CRASH)
		loop_quit(c->loop, 0);
}

static void triple_fault(void *arg, unsigned vcpu)
{
	(void)vcpu;
	remote_triple_fault(((struct core *)arg)->remote);
}

static void signalled(void *arg)
{
	loop_quit(((struct core *)arg)->loop, 0);
}

static int make_vcpus(struct core *c, const struct options *o, struct err *e)
{
	const struct vcpus_config v = {
		.ops = o->accel, .engine = o->engine, .triple_fault = triple_fault, .arg = c};

	domain_lock(c->dom);
	domain_pause(c->dom); /* until a device model says that all is there */
	domain_unlock(c->dom);
	if (!v.ops)
		return 0;
	c->vcpus = vcpus_new(c->dom, &v, e);
	return c->vcpus ? 0 : -EINVAL;
}

static int core_start(struct core *c, const struct options *o, struct err *e)
{
	struct domain_config config = {.ram = o->ram,
				       .ram_below_4g = o->below_4g,
				       .vcpus = o->vcpus,
				       .rtc_base = o->rtc,
				       .hooks = {.shutdown = guest_shutdown, .arg = c}};

	c->loop = loop_new(e);
	if (!c->loop || signals_watch(c->loop, signalled, c, e))
		return -ENOMEM;
	c->dom = domain_new(&config, e);
	if (!c->dom || make_vcpus(c, o, e))
		return -EINVAL;
	c->once = o->once;
	loop_lock_hooks(c->loop, lock_hook, unlock_hook, c->dom);
	if (loop_clock(c->loop, domain_clock(c->dom), e))
		return -ENOMEM;
	c->listener = o->path ? listen_at(o->path, e) : o->fd;
	if (c->listener < 0)
		return c->listener;
	c->path = o->path;
	c->listen_watch = loop_watch(c->loop, c->listener, EPOLLIN, device_model_came, c);
	if (!c->listen_watch)
		return err_set(e, -EBADF, "descriptor %d is no socket to listen on", c->listener);
	if (core_jail_enter(o->ram, o->jail, e))
		return -EPERM;
	return c->vcpus ? vcpus_start(c->vcpus, e) : 0;
}

static void core_end(struct core *c)
{
	if (c->dom)
		domain_lock(c->dom);
	remote_close(c->remote);
	if (c->dom)
		domain_unlock(c->dom);
	vcpus_free(c->vcpus);
	if (c->path)
		unlink(c->path);
	if (c->loop)
		loop_free(c->loop);
	domain_free(c->dom);
}

int main(int argc, char **argv)
{
	struct options o = {.ram = 128ull << 20,
			    .vcpus = 1,
			    .accel = engine_find("soft"),
			    .engine = ENGINE_CONFIG("max"),
			    .rtc = time(NULL),
			    .fd = -1};
	struct core c = {.listener = -1};
	struct err e = {""};
	int rc;

	(void)argc;
	log_set_name("hvm-core");
	rc = parse_options(&o, argv + 1, &e);
	if (rc > 0)
		return 0;
	if (!rc && o.parent)
		rc = jail_end_with_parent((pid_t)o.parent, &e);
	if (!rc)
		rc = core_start(&c, &o, &e);
	if (!rc)
		rc = loop_run(c.loop);
	else
		log_error("%s", e.msg);
	core_end(&c);
	return rc ? 1 : 0;
}
