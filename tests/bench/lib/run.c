/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/bench/lib/run.c: see run.h. */
#include "tests/bench/lib/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 4096 };

const struct emulator run_ours = {"ours", "build/bin/hvm-dm -accel \"${ACCEL:-soft}\""};
const struct emulator run_tcg = {"TCG", "qemu-system-x86_64 -accel tcg -cpu max"};

static double seconds(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double run_now(void)
{
	return seconds(CLOCK_MONOTONIC);
}

double run_load(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : 0;
}

/* ---- the process ---- */

static void become(const char *command, int in, int out)
{
	signal(SIGPIPE, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	if (!freopen("/dev/null", "w", stderr))
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

bool run_start(struct run *r, const char *emulator, const char *options)
{
	static char command[4096];
	int in[2], out[2];

	snprintf(command, sizeof(command), "exec %s %s", emulator, options);
	memset(r, 0, sizeof(*r));
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	r->began = run_now();
	r->pid = fork();
	if (!r->pid)
		become(command, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	r->in = in[1];
	r->out = out[0];
	return r->pid > 0;
}

void run_stop(struct run *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGTERM);
	waitpid(r->pid, NULL, 0);
	close(r->in);
	close(r->out);
	r->pid = 0;
}

static bool read_some(struct run *r)
{
	struct pollfd p = {.fd = r->out, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 100) <= 0)
		return true;
	if (r->len + KEPT > sizeof(r->text)) {
		size_t gone = r->len - KEPT;

		memmove(r->text, r->text + gone, KEPT);
		r->len = KEPT;
		r->from = r->from > gone ? r->from - gone : 0;
	}
	n = read(r->out, r->text + r->len, sizeof(r->text) - 1 - r->len);
	if (n <= 0)
		return false;
	if (!r->first)
		r->first = run_now();
	for (ssize_t i = 0; i < n; i++) /* texts end at a NUL */
		r->text[r->len + (size_t)i] += !r->text[r->len + (size_t)i];
	r->len += (size_t)n;
	r->text[r->len] = 0;
	return true;
}

bool run_reads(struct run *r, const char *what, double seconds_)
{
	double until = run_now() + seconds_;

	while (run_now() < until) {
		const char *found = strstr(r->text + r->from, what);

		if (found) {
			r->from = (size_t)(found - r->text) + strlen(what);
			return true;
		}
		if (!read_some(r))
			return false;
	}
	return false;
}

const char *run_line(struct run *r)
{
	static char line[256];
	size_t at = r->from;

	if (!run_reads(r, "\n", 10))
		return "";
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(r->text + at, "\r\n"), r->text + at);
	return line;
}

void run_types(struct run *r, const char *line)
{
	if (write(r->in, line, strlen(line)) < 0 || write(r->in, "\n", 1) < 0)
		fprintf(stderr, "it reads no more\n");
}

/* ---- what it costs ---- */

void run_each(pid_t pid, void (*fn)(pid_t pid, void *arg), void *arg)
{
	char path[64];
	int child;
	FILE *f;

	fn(pid, arg);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	while (f && fscanf(f, "%d", &child) == 1)
		run_each(child, fn, arg);
	if (f)
		fclose(f);
}

/* Of one thread. */
static long switches_of(const char *status)
{
	char line[128];
	long sum = 0, n;
	FILE *f = fopen(status, "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

static void add_cost(pid_t pid, void *arg)
{
	struct cost *c = arg;
	char path[300];
	struct dirent *e;
	clockid_t clock;
	DIR *d;

	if (!clock_getcpuclockid(pid, &clock))
		c->cpu += seconds(clock);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)pid, e->d_name);
		c->switches += switches_of(path);
	}
	if (d)
		closedir(d);
}

struct cost run_cost_of(pid_t pid)
{
	struct cost c = {0, 0};

	add_cost(pid, &c);
	return c;
}

struct cost run_cost(const struct run *r)
{
	struct cost c = {0, 0};

	run_each(r->pid, add_cost, &c);
	return c;
}

struct sum {
	struct memory m;
	long guest_kib;
};

static void add_memory(pid_t pid, void *arg)
{
	struct sum *s = arg;
	long size = 0, n;
	char text[300];
	FILE *f;

	snprintf(text, sizeof(text), "/proc/%d/smaps", (int)pid);
	f = fopen(text, "r");
	while (f && fgets(text, sizeof(text), f)) {
		if (sscanf(text, "Size: %ld", &n) == 1)
			size = n;
		if (sscanf(text, "Rss: %ld", &n) == 1)
			s->m.rss += n;
		if (sscanf(text, "Pss: %ld", &n) != 1)
			continue;
		s->m.pss += n;
		if (size == s->guest_kib)
			s->m.ram += n;
	}
	if (f)
		fclose(f);
}

struct memory run_memory_of(pid_t pid, long guest_kib)
{
	struct sum s = {.guest_kib = guest_kib};

	add_memory(pid, &s);
	return s.m;
}

struct memory run_memory(const struct run *r, long guest_kib)
{
	struct sum s = {.guest_kib = guest_kib};

	run_each(r->pid, add_memory, &s);
	return s.m;
}
