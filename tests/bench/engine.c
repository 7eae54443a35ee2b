/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor engines side by side, in one run and on the same image (tests/bench/lib/work.c): ours,
 * QEMU's TCG, Bochs. Times are CPU time of the emulator's process, the median of five rounds;
 * instructions are counted by ours on -clock icount.
 */
#include "tests/bench/lib/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKS  16
#define ROUNDS 5
#define GUEST  "build/bench/work"
#define MACHINE                                                          \
	"-m 64 -nodefaults -display none -debugcon stdio -kernel " GUEST \
	" -device isa-debug-exit,iobase=0xf4,iosize=4"

struct work {
	char name[32];
	double round[ROUNDS]; /* seconds */
	unsigned n;
	double time;   /* their median: a late look at the pipe spoils one */
	double cycles; /* as the guest counts them */
};
struct result {
	struct work works[WORKS];
	unsigned n;
	bool done;
};

static struct run run;

static struct work *work_of(struct result *r, const char *line, const char *word)
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

static void got_line(struct result *r, const char *line, double now, double *began)
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

/* False: it is not there, or did not come to its end. */
static bool measure(struct result *r, const char *emulator)
{
	char line[256];
	double began = 0;
	FILE *f = NULL;

	memset(r, 0, sizeof(*r));
	if (run_start(&run, emulator, strstr(emulator, "bochs") ? GUEST : MACHINE))
		f = fdopen(dup(run.out), "r");
	while (f && !r->done && fgets(line, sizeof(line), f))
		got_line(r, line, run_cost(&run).cpu, &began);
	run_stop(&run);
	if (f)
		fclose(f);
	return r->done;
}

/* The geometric mean of b's times over a's. */
static double mean_of(const struct result *a, const struct result *b)
{
	double logs = 0;

	for (unsigned i = 0; i < a->n; i++)
		logs += log(b->works[i].time / a->works[i].time);
	return exp(logs / a->n);
}

static void show(const struct result *ours, const struct result *count, const struct result *tcg,
		 const struct result *bochs)
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

int main(void)
{
	static struct result r[4];

	if (!measure(&r[0], run_ours.command)) {
		printf("engine: %s did not come to its end\n", GUEST);
		return 1;
	}
	if (!measure(&r[1], "build/bin/hvm-dm -clock icount"))
		printf("no count of instructions\n");
	if (!measure(&r[2], run_tcg.command))
		printf("no qemu-system-x86_64 to compare with\n");
	if (!measure(&r[3], "sh tests/bench/lib/bochs.sh"))
		printf("no Bochs (packages bochs-term, grub-pc-bin, xorriso) to compare with\n");
	show(&r[0], &r[1], &r[2], &r[3]);
	return 0;
}
