/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on images by hvm-img bench and, where it is installed, qemu-img bench: the same images,
 * sizes and depths, one after the other. Steps of a prime number of blocks stand for random places.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/var/tmp/hvm-bench-XXXXXX";

static const struct load {
	const char *name, *arguments;
	unsigned count;
	double mib; /* of a request */
} loads[] = {
	{"sequential read of 64 KiB, 16 at once", "-s 65536 -d 16", 16000, 0.0625},
	{"random read of 4 KiB, one at a time", "-s 4096 -S 40849408 -d 1", 20000, 0.00390625},
	{"random read of 4 KiB, 16 at once", "-s 4096 -S 40849408 -d 16", 40000, 0.00390625},
	{"sequential write of 64 KiB, 16 at once", "-w -s 65536 -d 16", 8000, 0.0625},
	{"random write of 4 KiB, 16 at once", "-w -s 4096 -S 40849408 -d 16", 20000, 0.00390625},
	{"the same, a flush after every 64", "-w -s 4096 -S 40849408 -d 16 --flush-interval=64",
	 4000, 0.00390625},
};

static const struct kind {
	const char *name, *format, *make;
} kinds[] = {
	{"raw", "raw", "$img convert -S 0 -O raw $d/src $d/i"},
	{"qcow2, full", "qcow2", "$img convert -S 0 -O qcow2 $d/src $d/i"},
	{"qcow2, empty", "qcow2", "$img create -q -f qcow2 $d/i 128M"},
};

static int shell(const char *command)
{
	char text[1000];

	snprintf(text, sizeof(text), "img=${BUILD:-build}/bin/hvm-img d=%s; %s", dir, command);
	return system(text);
}

/* Seconds that the program says it took; < 0: it failed. */
static double run(const char *program, const struct kind *k, const struct load *l)
{
	char text[1000], line[300];
	double s = -1;
	FILE *f;

	if (shell(k->make))
		return -1;
	snprintf(text, sizeof(text), "%s bench -t writeback -f %s -c %u %s %s/i 2>&1", program,
		 k->format, l->count, l->arguments, dir);
	f = popen(text, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "Run completed in %lf", &s);
	if (f)
		pclose(f);
	return s;
}

static void report(const char *who, const struct load *l, double s)
{
	if (s > 0)
		printf("  %-9s %9.0f requests/s %8.1f MiB/s\n", who, l->count / s,
		       l->count * l->mib / s);
	else
		printf("  %-9s failed\n", who);
}

int main(void)
{
	const char *build = getenv("BUILD");
	char ours[300];

	snprintf(ours, sizeof(ours), "%s/bin/hvm-img", build ? build : "build");
	if (!mkdtemp(dir) || shell("head -c 128M /dev/urandom >$d/src"))
		return 1;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
			printf("%s: %s\n", kinds[k].name, loads[i].name);
			report("hvm-img", &loads[i], run(ours, &kinds[k], &loads[i]));
			if (!shell("command -v qemu-img >/dev/null"))
				report("qemu-img", &loads[i],
				       run("qemu-img", &kinds[k], &loads[i]));
		}
	return shell("rm -rf $d") != 0;
}
