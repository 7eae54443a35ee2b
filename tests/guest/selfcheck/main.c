/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selfcheck [poweroff | exit N]: runs every check, prints a line for each and the sum, then powers
 * off by the kernel (ACPI) or writes N to isa-debug-exit at port 0xf4.
 */
#include "selfcheck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct check *running;
static bool failed, skipped;

void fail(const char *format, ...)
{
	va_list ap;

	if (failed)
		return;
	failed = true;
	printf("FAIL %s: ", running->name);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

void skip(const char *why)
{
	skipped = true;
	printf("-- %s: %s\n", running->name, why);
}

static void run(const struct check *list, int *good, int *bad)
{
	for (running = list; running->name; running++) {
		failed = skipped = false;
		running->run();
		if (!failed && !skipped)
			printf("ok %s\n", running->name);
		fflush(stdout);
		*bad += failed;
		*good += !failed && !skipped;
	}
}

/* What is printed last has to leave the serial port before the machine is gone. */
static int leave(int argc, char **argv)
{
	fflush(stdout);
	if (argc > 2 && !strcmp(argv[1], "exit")) {
		if (ioperm(0xf4, 1, 1))
			return perror("ioperm"), 2;
		sleep(1);
		outb(atoi(argv[2]), 0xf4);
	}
	sync();
	return reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	static const struct check *const lists[] = {compute_checks, vector_checks, system_checks,
						    cpu_checks};
	struct utsname u;
	int good = 0, bad = 0;

	if (argc > 1 && !strcmp(argv[1], "echo"))
		return puts(argc > 2 ? argv[2] : ""), 7;
	uname(&u);
	printf("selfcheck: %d bits on %s, %ld CPUs\n", (int)sizeof(long) * 8, u.machine,
	       sysconf(_SC_NPROCESSORS_ONLN));
	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
		run(lists[i], &good, &bad);
	printf("selfcheck: %d ok, %d failed\n", good, bad);
	return argc > 1 ? leave(argc, argv) : bad != 0;
}
