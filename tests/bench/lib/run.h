/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/bench/lib/run.h: an emulator as a process: started by a line of shell, its serial port on
 * our pipes, what it and its helpers cost.
 */
#ifndef TESTS_BENCH_LIB_RUN_H
#define TESTS_BENCH_LIB_RUN_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct run {
	pid_t pid;
	int in, out;
	double began; /* seconds: run_now */
	double first; /* when its first byte came; 0: none yet */
	char text[1 << 16];
	size_t len, from; /* what is read; where looking goes on */
};
struct cost {
	double cpu;    /* seconds */
	long switches; /* of the threads there are: QEMU ends idle workers after 10 s */
};
struct memory { /* KiB */
	long rss, pss, ram;
};

double run_now(void);
double run_load(void); /* of the host, the last minute */
/* `emulator`: hvm-dm or qemu-system-x86_64, so that one line of options starts both. */
bool run_start(struct run *r, const char *emulator, const char *options);
/* Until it says so; what comes after it is looked at next. */
bool run_reads(struct run *r, const char *what, double seconds);
void run_types(struct run *r, const char *line);
/* The rest of the line after the last text that run_reads found. */
const char *run_line(struct run *r);
void run_stop(struct run *r);

/* Calls for the process and each below it. */
void run_each(pid_t pid, void (*fn)(pid_t pid, void *arg), void *arg);
/* Of one process. */
struct cost run_cost_of(pid_t pid);
struct memory run_memory_of(pid_t pid, long guest_kib);
/* Of the process and its children. */
struct cost run_cost(const struct run *r);
/* `ram`: the PSS of the guest's memory, which is of that size. */
struct memory run_memory(const struct run *r, long guest_kib);

/* What the benchmarks compare. */
extern const struct emulator {
	const char *name, *command;
} run_ours, run_tcg;
#endif
