/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From exec to the firmware's first character on its debug port (402), and on to the first
 * instruction of a boot sector, which writes to that port as well; on ours and on QEMU's TCG, in
 * turn. Times are the host's, and CPU time of the process; medians.
 */
#include "tests/bench/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 9, SECTORS = 2048 };

struct times {
	double first[ROUNDS], boot[ROUNDS], cpu[ROUNDS]; /* ms */
	unsigned n;
};

static struct run run;

static int by_size(const void *x, const void *y)
{
	double u = *(const double *)x, v = *(const double *)y;

	return u < v ? -1 : u > v;
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(v[0]), by_size);
	return v[n / 2];
}

static bool disk(const char *path)
{
	/* mov $0x402, %dx; mov $1, %al; out %al, %dx; cli; hlt */
	static const unsigned char code[] = {0xba, 2, 4, 0xb0, 1, 0xee, 0xfa, 0xf4};
	unsigned char sector[512] = {0};
	FILE *f = fopen(path, "w");
	bool ok;

	memcpy(sector, code, sizeof(code));
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ok = f && fwrite(sector, sizeof(sector), 1, f) == 1;
	return f && !fclose(f) && !truncate(path, SECTORS * 512) && ok;
}

static void measure(const struct emulator *e, const char *options, struct times *t)
{
	if (run_start(&run, e->command, options) && run_reads(&run, "\1", 60)) {
		t->boot[t->n] = (run_now() - run.began) * 1e3;
		t->first[t->n] = (run.first - run.began) * 1e3;
		t->cpu[t->n++] = run_cost(&run).cpu * 1e3;
	}
	run_stop(&run);
}

static void report(const struct emulator *e, struct times *t)
{
	if (t->n)
		printf("%-5s first output %6.1f ms, boot sector %6.1f ms, with %6.1f ms of CPU\n",
		       e->name, median(t->first, t->n), median(t->boot, t->n),
		       median(t->cpu, t->n));
	else
		printf("%-5s did not come to the boot sector\n", e->name);
}

int main(void)
{
	static struct times ours, tcg;
	char path[] = "/var/tmp/hvm-bench-XXXXXX", options[300];
	int fd = mkstemp(path);

	if (fd < 0 || !disk(path))
		return 1;
	snprintf(options, sizeof(options),
		 "-m 512 -display none -chardev stdio,id=d -drive file=%s,format=raw "
		 "-device isa-debugcon,iobase=0x402,chardev=d",
		 path);
	for (unsigned i = 0; i < ROUNDS; i++) {
		measure(&run_ours, options, &ours);
		measure(&run_tcg, options, &tcg);
	}
	printf("load average %.1f\n", run_load());
	report(&run_ours, &ours);
	report(&run_tcg, &tcg);
	return close(fd) | unlink(path) ? 1 : !ours.n;
}
