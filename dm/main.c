/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-dm: the device model of one guest. */
#include "base/log.h"
#include "base/loop.h"
#include "dm/host.h"
#include "dm/jail.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "hypervisor/x86/trace.h"
#include "proc/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct process {
	struct machine_config config;
	struct loop *loop;
	struct machine *machine;
	struct watch *signal_watch;
	int signals; /* signalfd */
	bool pid_written;
};

static int fail(const struct err *e)
{
	fflush(stdout);
	log_error("%s", e->msg);
	return 1;
}

static void on_signal(void *arg, uint32_t events)
{
	struct process *p = arg;
	struct signalfd_siginfo si;

	(void)events;
	if (read(p->signals, &si, sizeof(si)) == sizeof(si))
		machine_quit(p->machine, "host-signal");
}

/* SIGHUP is how a toolstack ends a device model, so it must not be ignored, however we were
 * started. */
static int catch_signals(struct process *p, struct err *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int s = 1; s < 32; s++)
		if (sigismember(&set, s))
			signal(s, SIG_DFL);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		return err_errno(e, -errno, "cannot catch signals");
	p->signal_watch = loop_watch(p->loop, p->signals, EPOLLIN, on_signal, p);
	return p->signal_watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int write_pidfile(const char *path, struct err *e)
{
	char text[16];
	int fd, n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	fd = host_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644, e);
	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)n) != n) {
		close(fd);
		return err_errno(e, -errno, "cannot write %s", path);
	}
	close(fd);
	return 0;
}

static int set_up(struct process *p, struct err *e)
{
	const struct machine_config *c = &p->config;
	int rc = 0;

	if (c->log_file)
		rc = log_open(c->log_file, e);
	if (!rc && c->log_items)
		rc = trace_open(c->log_items, c->log_file, e);
	if (!rc && c->trace)
		rc = dev_trace_set(c->trace, e);
	if (rc)
		return rc;
	if (c->parent)
		rc = jail_end_with_parent(c->parent, e);
	if (!rc && c->broker)
		rc = broker_attach(c->broker, e);
	if (rc)
		return rc;
	if (c->process_name)
		prctl(PR_SET_NAME, c->process_name);
	p->loop = loop_new(e);
	if (!p->loop)
		return -EIO;
	rc = catch_signals(p, e);
	if (!rc)
		p->machine = machine_build(c, p->loop, e);
	if (!rc && !p->machine)
		rc = -EINVAL;
	if (!rc)
		machine_show(p->machine);
	if (!rc && c->pidfile)
		rc = write_pidfile(c->pidfile, e);
	p->pid_written = !rc && c->pidfile;
	if (!rc)
		rc = dm_jail_enter(c, e);
	return rc ? rc : machine_start(p->machine, e);
}

/* Told to end while it was still waiting for somebody to connect (wait=on). */
static bool told_to_end(struct process *p)
{
	struct signalfd_siginfo si;

	return p->signals >= 0 && read(p->signals, &si, sizeof(si)) == sizeof(si);
}

static void tear_down(struct process *p)
{
	machine_free(p->machine);
	watch_free(p->signal_watch);
	if (p->loop)
		loop_free(p->loop);
	if (p->signals >= 0)
		close(p->signals);
	if (p->pid_written)
		unlink(p->config.pidfile);
	trace_close();
	host_free();
	broker_detach();
	config_free(&p->config);
	log_close();
}

int main(int argc, char **argv)
{
	struct process p = {.signals = -1};
	struct err e = {""};
	int rc;

	log_set_name("hvm-dm");
	rc = options_parse(&p.config, argc, argv, &e);
	if (rc == OPTIONS_RUN)
		rc = set_up(&p, &e);
	if (rc < 0)
		rc = told_to_end(&p) ? 0 : fail(&e);
	else if (rc == OPTIONS_DONE)
		rc = 0;
	else
		rc = loop_run(p.loop);
	tear_down(&p);
	return rc;
}
