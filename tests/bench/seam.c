/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an I/O request costs from the vCPU's side: embedded (a call under the lock), and a round
 * trip to a device model in another process, both sides spinning, and both sides sleeping.
 */
#include "hypervisor/domain.h"
#include "hypervisor/public/ioreq_run.h"
#include "hypervisor/remote.h"
#include "hypervisor/spin.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 7
#define PORT 0x300

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* ---- a device model with one register ---- */

static uint64_t answer_read(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	(void)arg;
	(void)type;
	(void)size;
	return addr & 0xff;
}

static void answer_write(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			 uint64_t val)
{
	(void)arg;
	(void)type;
	(void)addr;
	(void)size;
	(void)val;
}

static void answer(void *arg, struct hv_ioreq *req, unsigned vcpu)
{
	static const struct ioreq_target t = {.read = answer_read, .write = answer_write};

	(void)vcpu;
	ioreq_run(arg, req, &t);
}

static void answer_buffered(void *arg, struct hv_ioreq *req)
{
	answer(arg, req, 0);
}

static void serve(struct hv *hv, struct loop *loop)
{
	struct hv_client c = {.ioreq = answer, .buffered = answer_buffered, .arg = hv};
	uint16_t id;

	if (hv->ops->attach(hv, loop, &c, NULL) || hv->ops->create_ioreq_server(hv, true, &id) ||
	    hv->ops->map_io_range(hv, id, HV_RANGE_PORT, PORT, PORT + 7) ||
	    hv->ops->set_ioreq_server_state(hv, id, true))
		exit(1);
}

/* ---- the vCPU ---- */

static double best(struct domain *dom, unsigned n)
{
	int64_t least = INT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		int64_t start = now();

		for (unsigned i = 0; i < n; i++) {
			uint32_t val;

			domain_lock(dom);
			if (domain_in(dom, 0, PORT, 1, &val))
				exit(1);
			domain_unlock(dom);
		}
		least = MIN(least, now() - start);
	}
	return (double)least / n;
}

static struct domain *domain(void)
{
	struct err e = {""};
	struct domain *dom = domain_new(&(struct domain_config){.ram = 1 << 20}, &e);

	if (dom)
		return dom;
	fprintf(stderr, "seam: %s\n", e.msg);
	exit(1);
}

static void embedded(void)
{
	struct domain *dom = domain();
	struct hv *hv = hv_embedded_open(dom, NULL);

	serve(hv, NULL);
	printf("port read, embedded                      %8.0f ns\n", best(dom, 1000000));
	hv->ops->close(hv);
	domain_free(dom);
}

/* ---- two processes ---- */

static void lock_hook(void *arg)
{
	domain_lock(arg);
}

static void unlock_hook(void *arg)
{
	domain_unlock(arg);
}

static void ended(void *arg, bool asked, const char *why)
{
	(void)asked;
	(void)why;
	loop_quit(arg, 0);
}

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static pid_t device_model(int socket, int other)
{
	pid_t pid = fork();
	struct loop *loop;
	struct hv *hv;

	if (pid)
		return pid;
	close(other);
	loop = loop_new(NULL);
	hv = hv_remote_open(socket, NULL);
	if (!loop || !hv)
		_exit(1);
	serve(hv, loop);
	loop_run(loop);
	_exit(0);
}

static bool served(struct domain *dom)
{
	uint32_t val = 0xff;

	domain_lock(dom);
	domain_in(dom, 0, PORT, 1, &val);
	domain_unlock(dom);
	return val != 0xff;
}

static void remote(const char *name, int spin, unsigned n)
{
	struct domain *dom = domain();
	struct loop *loop = loop_new(NULL);
	struct remote *r;
	pthread_t thread;
	int fds[2];
	pid_t pid;

	spin_force(spin);
	if (!loop || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		exit(1);
	pid = device_model(fds[1], fds[0]);
	close(fds[1]);
	r = remote_open(dom, loop, fds[0], ended, loop, NULL);
	loop_lock_hooks(loop, lock_hook, unlock_hook, dom);
	pthread_create(&thread, NULL, run_loop, loop);
	while (!served(dom))
		usleep(1000);
	printf("port read, another process, %-12s %8.0f ns\n", name, best(dom, n));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pthread_join(thread, NULL);
	remote_close(r);
	loop_free(loop);
	domain_free(dom);
}

int main(void)
{
	embedded();
	remote("spinning", 1, 50000);
	remote("sleeping", 0, 5000);
	remote("adaptive", -1, 50000);
	return 0;
}
