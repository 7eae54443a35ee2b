/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an access of a guest costs on its way to a device and back: with the core in the same
 * process, and with the device model in another one, which waits spinning or asleep. Then a
 * sector through the data port: `rep insw` as one request, and word by word.
 */
#include "dm/machine.h"
#include "dm/options.h"
#include "hypervisor/domain.h"
#include "hypervisor/remote.h"
#include "hypervisor/spin.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N       200000u /* accesses of an embedded run */
#define RUNS    7       /* of which the best counts */
#define TRIPS   20000u  /* round trips of a remote run */
#define SECTORS 400u
#define WORDS   256u /* of a sector */
#define SCR     0x3ff
#define BUFFER  0x100000u /* in guest memory */

#define DEVICES                                                                                 \
	" -nodefaults -m 4 -serial null -drive if=none,id=d,file=fd:%d,format=raw,cache=unsafe" \
	" -device ide-hd,drive=d,bus=ide.0"

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* ---- the guest: one vCPU, or (embedded, nothing runs) none ---- */

struct guest {
	struct domain *dom;
	unsigned vcpu;
	struct loop *loop; /* to be turned for the disk; NULL: a thread does */
};

static uint32_t in(struct guest *g, uint16_t port, unsigned size)
{
	uint32_t v = 0;

	domain_lock(g->dom);
	must(!domain_in(g->dom, g->vcpu, port, size, &v), "the device model is gone");
	domain_unlock(g->dom);
	return v;
}

static void out(struct guest *g, uint16_t port, unsigned size, uint32_t v)
{
	domain_lock(g->dom);
	must(!domain_out(g->dom, g->vcpu, port, size, v), "the device model is gone");
	domain_unlock(g->dom);
}

/* A sector waits in the drive's buffer. */
static void read_sector(struct guest *g)
{
	out(g, 0x1f6, 1, 0xe0);
	out(g, 0x1f2, 1, 1);
	for (uint16_t port = 0x1f3; port < 0x1f6; port++)
		out(g, port, 1, 0);
	out(g, 0x1f7, 1, 0x20);
	while ((in(g, 0x1f7, 1) & 0x88) != 0x08)
		if (g->loop)
			loop_step(g->loop, 1);
}

static void take_as_one(struct guest *g)
{
	struct domain_access a = {.pio = true,
				  .data_is_ptr = true,
				  .size = 2,
				  .count = WORDS,
				  .addr = 0x1f0,
				  .data = BUFFER};

	domain_lock(g->dom);
	must(!domain_access(g->dom, g->vcpu, &a), "rep insw");
	domain_unlock(g->dom);
}

static void take_by_words(struct guest *g)
{
	for (unsigned i = 0; i < WORDS; i++)
		in(g, 0x1f0, 2);
}

/* ---- numbers ---- */

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void tell(const char *what, int64_t *v, unsigned n)
{
	qsort(v, n, sizeof(*v), ascending);
	printf("access: %-52s %9lld ns, 95 %% below %9lld ns\n", what, (long long)v[n / 2],
	       (long long)v[n / 20 * 19]);
}

static void sectors(struct guest *g, const char *where, const char *how,
		    void (*take)(struct guest *g))
{
	static int64_t t[SECTORS];
	char what[80];

	for (unsigned i = 0; i < SECTORS; i++) {
		read_sector(g);
		t[i] = now();
		take(g);
		t[i] = now() - t[i];
	}
	snprintf(what, sizeof(what), "%s, sector, %s", where, how);
	tell(what, t, SECTORS);
}

/* ---- embedded ---- */

static void best(struct guest *g, const char *what, uint16_t port, bool write)
{
	int64_t least = INT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		int64_t start = now();

		for (unsigned i = 0; i < N; i++)
			if (write)
				out(g, port, 1, i & 0xff);
			else
				in(g, port, 1);
		least = MIN(least, now() - start);
	}
	printf("access: %-52s %9.1f ns\n", what, (double)least / N);
}

static struct machine *machine_of(const char *options, int disk)
{
	static struct machine_config cfg;
	struct err e = {""};
	struct machine *m;
	struct loop *l;
	char text[400];

	snprintf(text, sizeof(text), options, disk);
	must(options_parse_text(&cfg, text, &e) == OPTIONS_RUN, e.msg);
	l = loop_new(&e);
	must(l, e.msg);
	m = machine_new(&cfg, l, &e);
	must(m, e.msg);
	return m;
}

static void embedded(int disk)
{
	struct machine *m = machine_of("-accel qtest" DEVICES, disk);
	struct guest g = {m->dom, DOMAIN_NO_VCPU, m->loop};
	struct loop *l = m->loop;

	best(&g, "embedded, read of the 16550A's scratch register", SCR, false);
	best(&g, "embedded, write of it", SCR, true);
	best(&g, "embedded, read of a port in the core (8259)", 0x21, false);
	sectors(&g, "embedded", "rep insw", take_as_one);
	sectors(&g, "embedded", "256 x inw", take_by_words);
	machine_free(m);
	loop_free(l);
}

/* ---- remote ---- */

static void *core_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void lock_fn(void *arg)
{
	domain_lock(arg);
}

static void unlock_fn(void *arg)
{
	domain_unlock(arg);
}

static void quit_fn(void *arg)
{
	loop_quit(arg, 0);
}

static void ended(void *arg, bool asked, const char *why)
{
	(void)arg;
	(void)asked;
	(void)why;
}

static void trips(struct guest *g, const char *what)
{
	static int64_t t[TRIPS];

	for (unsigned i = 0; i < TRIPS; i++) {
		t[i] = now();
		in(g, SCR, 1);
		t[i] = now() - t[i];
	}
	tell(what, t, TRIPS);
}

/* One side on this CPU alone: left to the scheduler, both may come to run on one. */
static void pin(bool pinned, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pinned)
		sched_setaffinity(0, sizeof(set), &set);
}

static void unpin(const cpu_set_t *all)
{
	sched_setaffinity(0, sizeof(*all), all);
}

/* The device model's process; its end is the bench's. */
static _Noreturn void serve(int socket, int disk)
{
	char options[400];
	struct machine *m;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(options, sizeof(options), "-core fd=%d%s", socket, DEVICES);
	m = machine_of(options, disk);
	loop_run(m->loop);
	_exit(0);
}

static void wait_for_devices(struct guest *g)
{
	while (out(g, SCR, 1, 0x5a), in(g, SCR, 1) != 0x5a)
		usleep(1000);
}

static void remote(int how, bool pinned, const char *name, int disk)
{
	struct domain_config config = {.ram = 4 << 20, .vcpus = 1};
	struct guest g = {.vcpu = 0};
	struct err e = {""};
	struct post quit = {.fn = quit_fn};
	struct remote *r;
	struct loop *l;
	pthread_t thread;
	cpu_set_t all;
	char what[80];
	pid_t pid;
	int fds[2];

	spin_force(how);
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), "no sockets");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		pin(pinned, 1);
		close(fds[0]);
		serve(fds[1], disk);
	}
	close(fds[1]);
	l = loop_new(&e);
	g.dom = domain_new(&config, &e);
	must(l && g.dom, e.msg);
	loop_lock_hooks(l, lock_fn, unlock_fn, g.dom);
	domain_lock(g.dom);
	r = remote_open(g.dom, l, fds[0], ended, NULL, &e);
	domain_unlock(g.dom);
	must(r, e.msg);
	pthread_create(&thread, NULL, core_thread, l);
	sched_getaffinity(0, sizeof(all), &all);
	pin(pinned, 0);
	wait_for_devices(&g);
	snprintf(what, sizeof(what), "%s, read of the scratch register", name);
	trips(&g, what);
	sectors(&g, name, "rep insw", take_as_one);
	sectors(&g, name, "256 x inw", take_by_words);
	unpin(&all);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	quit.arg = l;
	loop_post(l, &quit);
	pthread_join(thread, NULL);
	domain_lock(g.dom);
	remote_close(r);
	domain_unlock(g.dom);
	loop_free(l);
	domain_free(g.dom);
}

int main(void)
{
	int disk = memfd_create("disk", 0);

	must(disk >= 0 && !ftruncate(disk, 1 << 20), "no memory file");
	remote(1, true, "spinning, a CPU each", disk);
	remote(0, true, "blocking, a CPU each", disk);
	remote(0, false, "blocking", disk);
	remote(-1, false, "adaptive", disk);
	embedded(disk);
	return 0;
}
