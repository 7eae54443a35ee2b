/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor engines side by side, in one run and on the same image (tests/bench/lib/work.c): ours,
 * QEMU's TCG, Bochs. Times are CPU time of the emulator's process, the median of five rounds;
 * instructions are counted by ours on -clock icount.
 */
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKS  16
#define ROUNDS 5
#define GUEST  "build/bench/work"

struct work {
	char name[32];
	double round[ROUNDS]; /* seconds */
	unsigned n;
	double time;   /* their median: a late look at the pipe spoils one */
	double cycles; /* as the guest counts them */
};
struct run {
	struct work works[WORKS];
	unsigned n;
	bool done;
};

static double cpu_time(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct work *work_of(struct run *r, const char *line, const char *word)
{
	const char *end = strstr(line, word);
	size_t len = end ? (size_t)(end - line) : 0;

	if (!len || len >= sizeof(r->works[0].name))
		return NULL;
	for (unsigned i = 0; i < r->n; i++)
		if (strlen(r->works[i].name) == len && !strncmp(r->works[i].name, line, len))
			return &r->works[i];
	if (r->n == WORKS)
		return NULL;
	memcpy(r->works[r->n].name, line, len);
	return &r->works[r->n++];
}

static int by_size(const void *x, const void *y)
{
	double u = *(const double *)x, v = *(const double *)y;

	return u < v ? -1 : u > v;
}

static double median(const double *round, unsigned n)
{
	double sorted[ROUNDS];

	memcpy(sorted, round, n * sizeof(round[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_size);
	return sorted[n / 2];
}

static void got_line(struct run *r, const char *line, double now, double *began)
{
	struct work *w = work_of(r, line, " end ");

	if (strstr(line, " begin")) {
		*began = now;
	} else if (w) {
		double cycles = strtod(strstr(line, " end ") + 5, NULL);

		if (w->n < ROUNDS)
			w->round[w->n++] = now - *began;
		w->time = median(w->round, w->n);
		if (!w->cycles || cycles < w->cycles)
			w->cycles = cycles;
	} else if (strstr(line, "done")) {
		r->done = true;
	}
}

static pid_t start(char *const *argv, int *from)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "r", stdin))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	*from = fds[0];
	return pid;
}

/* False: it is not there, or did not come to its end. */
static bool measure(struct run *r, char *const *argv)
{
	char line[256];
	double began = 0;
	clockid_t clock;
	FILE *f;
	int fd;
	pid_t pid = start(argv, &fd);

	memset(r, 0, sizeof(*r));
	if (pid < 0 || clock_getcpuclockid(pid, &clock))
		return false;
	f = fdopen(fd, "r");
	while (f && !r->done && fgets(line, sizeof(line), f))
		got_line(r, line, cpu_time(clock), &began);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (f)
		fclose(f);
	return r->done;
}

/* The geometric mean of b's times over a's. */
static double mean_of(const struct run *a, const struct run *b)
{
	double logs = 0;

	for (unsigned i = 0; i < a->n; i++)
		logs += log(b->works[i].time / a->works[i].time);
	return exp(logs / a->n);
}

static void show(const struct run *ours, const struct run *count, const struct run *tcg,
		 const struct run *bochs)
{
	printf("%-16s %10s %10s %10s %12s %12s\n", "", "million", "ours", "MIPS", "TCG/ours",
	       "Bochs/ours");
	for (unsigned i = 0; i < ours->n; i++) {
		double insns = count->done ? count->works[i].cycles : 0;

		printf("%-16s %10.2f %7.1f ms %10.0f", ours->works[i].name, insns / 1e6,
		       ours->works[i].time * 1e3, insns / ours->works[i].time / 1e6);
		if (tcg->done)
			printf(" %12.2f", tcg->works[i].time / ours->works[i].time);
		if (bochs->done)
			printf(" %12.2f", bochs->works[i].time / ours->works[i].time);
		printf("\n");
	}
	if (tcg->done)
		printf("geometric mean of TCG/ours: %.2f (over 1: ours is quicker)\n",
		       mean_of(ours, tcg));
	if (bochs->done)
		printf("geometric mean of Bochs/ours: %.2f\n", mean_of(ours, bochs));
}

#define MACHINE                                                                                \
	"-m", "64", "-nodefaults", "-display", "none", "-debugcon", "stdio", "-kernel", GUEST, \
		"-device", "isa-debug-exit,iobase=0xf4,iosize=4"

int main(void)
{
	static char *const ours[] = {(char *)"build/bin/hvm-dm", (char *)"-accel", (char *)"soft",
				     MACHINE, NULL};
	static char *const counted[] = {(char *)"build/bin/hvm-dm", (char *)"-clock",
					(char *)"icount", MACHINE, NULL};
	static char *const tcg[] = {(char *)"qemu-system-x86_64",
				    (char *)"-accel",
				    (char *)"tcg",
				    (char *)"-cpu",
				    (char *)"max",
				    MACHINE,
				    NULL};
	static char *const bochs[] = {(char *)"sh", (char *)"tests/bench/lib/bochs.sh",
				      (char *)GUEST, NULL};
	static struct run r[4];

	if (!measure(&r[0], ours)) {
		printf("engine: %s did not come to its end\n", GUEST);
		return 1;
	}
	if (!measure(&r[1], counted))
		printf("no count of instructions\n");
	if (!measure(&r[2], tcg))
		printf("no qemu-system-x86_64 to compare with\n");
	if (!measure(&r[3], bochs))
		printf("no Bochs (packages bochs-term, grub-pc-bin, xorriso) to compare with\n");
	show(&r[0], &r[1], &r[2], &r[3]);
	return 0;
}
