/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the device table costs: one register access through dev_read/dev_write on a bare
 * environment, beside a switch statement written by hand for the same registers, and the row
 * lookup alone. Each line is the best of several runs: the machine is noisy.
 */
#include "base/dev_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS 7
#define N    2000000u

static const struct dev_env_ops no_ops;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* ---- the yardstick: the same registers as one would write them by hand ---- */

static volatile uint8_t sink; /* else the compiler sees that nobody looks */

struct by_hand {
	uint8_t reg[8], dll, dlm;
};

__attribute__((noinline)) static uint8_t hand_read(struct by_hand *u, unsigned at)
{
	switch (at) {
	case 0:
		return u->reg[3] & 0x80 ? u->dll : u->reg[0];
	case 1:
		return u->reg[3] & 0x80 ? u->dlm : u->reg[1];
	default:
		return u->reg[at & 7];
	}
}

/* ---- the measured ---- */

struct bench {
	struct dev *dev;
	struct by_hand hand;
	unsigned at;
};

static void run_read(struct bench *b)
{
	for (unsigned i = 0; i < N; i++)
		dev_read(b->dev, 0, b->at, 1);
}

static void run_write(struct bench *b)
{
	for (unsigned i = 0; i < N; i++)
		dev_write(b->dev, 0, b->at, 1, i);
}

static void run_hand(struct bench *b)
{
	for (unsigned i = 0; i < N; i++)
		sink = hand_read(&b->hand, b->at);
}

static double best(void (*run)(struct bench *b), struct bench *b)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < RUNS; i++) {
		int64_t start = now();
		run(b);
		least = MIN(least, now() - start);
	}
	return (double)least / N;
}

static struct dev *make(struct dev_env *env, const char *class)
{
	const struct dev_class *c = dev_class_find(class);
	struct err e = {""};
	struct dev *d = c ? dev_new(env, c, class, &e) : NULL;

	if (!d || dev_realize(d, NULL, &e)) {
		fprintf(stderr, "bench: %s: %s\n", class, e.msg);
		exit(1);
	}
	return d;
}

int main(void)
{
	struct dev_env env = {.ops = &no_ops, .clock = clock_new(CLOCK_MANUAL)};
	struct bench b = {.at = 7};
	struct err e = {""};

	if (!env.clock || dev_env_init(&env, &e))
		return 1;
	b.dev = make(&env, "isa-serial");
	printf("table: 16550A scratch register, dev_read      %6.1f ns\n", best(run_read, &b));
	printf("table: 16550A scratch register, dev_write     %6.1f ns\n", best(run_write, &b));
	b.at = 1; /* overlaid by DLAB: two candidates, one condition */
	printf("table: 16550A IER under DLAB, dev_read        %6.1f ns\n", best(run_read, &b));
	printf("table: a switch statement by hand, read       %6.1f ns\n", best(run_hand, &b));
	make(&env, "i440FX-pcihost");
	b.dev = make(&env, "rtl8139");
	printf("table: rtl8139, first byte, dev_read          %6.1f ns\n",
	       (b.at = 0, best(run_read, &b)));
	printf("table: rtl8139, byte 0x5f (row 60), dev_read  %6.1f ns\n",
	       (b.at = 0x5f, best(run_read, &b)));
	dev_env_fini(&env);
	clock_free(env.clock);
	return 0;
}
