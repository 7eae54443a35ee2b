/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of `hvm create`'s, all its processes, beside one of hvm-dm alone and one of QEMU's TCG:
 * the same disk (make guests) and the same devices. From the start to the firmware's first
 * character on its debug port (402), and to the login prompt on the serial port; then, at the
 * prompt, memory, CPU time and context switches of each process. Memory wants root: the processes
 * are jailed.
 */
#include "tests/bench/lib/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = 9, LOGIN = 3, BOOT = 300, SETTLE = 30, SECONDS = 60, GUEST_MIB = 512, PROCS = 16 };

#define GUEST "build/guest/"
#define DEBUG "-chardev file,id=d,path=%s/debug -device isa-debugcon,iobase=0x402,chardev=d"

/* hvm create's devices, as options. */
#define ALONE                                                                             \
	"-m 512 -smp 2 -display none -vnc 127.0.0.1:61 -vga std -usb -device usb-tablet " \
	"-serial stdio -drive file=%s/disk.qcow2,format=qcow2 -nic user,model=e1000 " DEBUG

static struct kind {
	const char *name;
	const struct emulator *alone; /* NULL: hvm create */
	double first[FIRST], login[LOGIN];
	unsigned n_first, n_login;
} kinds[] = {
	{.name = "hvm create"},
	{.name = "hvm-dm", .alone = &run_ours},
	{.name = "TCG", .alone = &run_tcg},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static char dir[] = "/var/tmp/hvm-bench-XXXXXX";
static struct run run;

/* ---- starting and stopping ---- */

static bool shell(const char *command)
{
	static char line[4096];

	snprintf(line, sizeof(line), command, dir, dir, dir, dir);
	return !system(line);
}

static bool write_config(void)
{
	return shell("cat >%s/guest.cfg <<END\n"
		     "name = \"bench\"\n"
		     "memory = 512\n"
		     "vcpus = 2\n"
		     "disk = [ \"%s/disk.qcow2,qcow2,hda,w\" ]\n"
		     "boot = \"c\"\n"
		     "vga = \"stdvga\"\n"
		     "vnc = 1\n"
		     "serial = \"pty\"\n"
		     "usb = 1\n"
		     "usbdevice = \"tablet\"\n"
		     "vif = [ \"model=e1000\" ]\n"
		     "device_model_args = [ \"-chardev\", \"file,id=d,path=%s/debug\",\n"
		     "	\"-device\", \"isa-debugcon,iobase=0x402,chardev=d\" ]\n"
		     "END");
}

/* Each has the disk as it was made. */
static bool start(const struct kind *k)
{
	static char options[1000];

	if (!shell("rm -f %s/debug && build/bin/hvm-img create -q -f qcow2 -F raw "
		   "-b $PWD/" GUEST "disk-amd64.img %s/disk.qcow2"))
		return false;
	if (k->alone)
		snprintf(options, sizeof(options), ALONE, dir, dir);
	else
		snprintf(options, sizeof(options), "%s/guest.cfg", dir);
	return run_start(&run, k->alone ? k->alone->command : "build/bin/hvm create -q -c",
			 options);
}

static void stop(const struct kind *k)
{
	if (!k->alone && !shell("build/bin/hvm destroy bench 2>%s/errors"))
		printf("  %s: it had ended before\n", k->name);
	run_stop(&run);
}

/* ---- times ---- */

static bool await_first(struct kind *k, double *at)
{
	char path[100];
	struct stat st;

	snprintf(path, sizeof(path), "%s/debug", dir);
	while (stat(path, &st) || !st.st_size) {
		if (run_now() - run.began > 60) {
			printf("  %s: no firmware\n", k->name);
			return false;
		}
		usleep(200);
	}
	*at = run_now() - run.began;
	return true;
}

static void time_first(struct kind *k)
{
	if (start(k) && await_first(k, &k->first[k->n_first]))
		k->n_first++;
	stop(k);
}

static bool boot(const struct kind *k)
{
	if (start(k) && run_reads(&run, "disk login: ", BOOT))
		return true;
	printf("  %s: no login prompt\n", k->name);
	return false;
}

static void time_login(struct kind *k)
{
	if (boot(k))
		k->login[k->n_login++] = run_now() - run.began;
	stop(k);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(v[0]), ascending);
	return n ? v[n / 2] : 0;
}

static void times(void)
{
	printf("times (load average %.1f)\n", run_load());
	for (unsigned i = 0; i < FIRST * KINDS; i++)
		time_first(&kinds[i % KINDS]);
	for (unsigned i = 0; i < LOGIN * KINDS; i++)
		time_login(&kinds[i % KINDS]);
	for (struct kind *k = kinds; k < kinds + KINDS; k++)
		printf("  %-10s to the firmware's first output %7.1f ms (median of %u), to the "
		       "login prompt %6.2f s (of %u)\n",
		       k->name, median(k->first, k->n_first) * 1e3, k->n_first,
		       median(k->login, k->n_login), k->n_login);
	printf("  load average then %.1f\n", run_load());
}

/* ---- the processes of a guest ---- */

static struct procs {
	struct proc {
		pid_t pid;
		char name[32];
		struct cost was;
	} of[PROCS];
	unsigned n;
} procs;

static void read_file(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, size - 1);
	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static void add(pid_t pid, void *arg)
{
	struct proc *p = &procs.of[procs.n];

	(void)arg;
	if (procs.n == PROCS)
		return;
	p->pid = pid;
	read_file(pid, "comm", p->name, sizeof(p->name));
	p->name[strcspn(p->name, "\n")] = 0;
	procs.n++;
}

/* A supervisor or a store of our folder; the others are a supervisor's children. */
static bool is_ours(pid_t pid)
{
	static char text[1 << 16];
	const char *at = text;

	read_file(pid, "environ", text, sizeof(text));
	while (*at && strncmp(at, "HVM_RUN_DIR=", 12))
		at += strlen(at) + 1;
	if (!*at || strncmp(at + 12, dir, strlen(dir)))
		return false;
	read_file(pid, "comm", text, sizeof(text));
	return !strcmp(text, "hvm-supervisor\n") || !strcmp(text, "hvm-store\n");
}

static void find(const struct kind *k)
{
	struct dirent *e;
	DIR *d;

	procs.n = 0;
	if (k->alone) {
		run_each(run.pid, add, NULL);
		return;
	}
	d = opendir("/proc");
	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0 && is_ours(atoi(e->d_name)))
			run_each(atoi(e->d_name), add, NULL);
	if (d)
		closedir(d);
}

/* ---- at the prompt ---- */

static void tell(const char *name, double cpu, double switches, long ram, long beyond)
{
	printf("  %-14s %6.3f %% of a CPU, %6.2f context switches a second, memory (PSS) %6.1f MiB "
	       "beyond %5.1f MiB of the guest's\n",
	       name, cpu * 100 / SECONDS, switches / SECONDS, (double)beyond / 1024,
	       (double)ram / 1024);
}

static void idle(const struct kind *k)
{
	struct cost sum = {0, 0};
	long ram = 0, beyond = 0;

	printf("%s at the login prompt (load average %.1f)\n", k->name, run_load());
	sleep(SETTLE);
	find(k);
	for (struct proc *p = procs.of; p < procs.of + procs.n; p++)
		p->was = run_cost_of(p->pid);
	sleep(SECONDS);
	for (struct proc *p = procs.of; p < procs.of + procs.n; p++) {
		struct cost c = run_cost_of(p->pid);
		struct memory m = run_memory_of(p->pid, GUEST_MIB << 10);

		c.cpu -= p->was.cpu;
		c.switches -= p->was.switches;
		tell(p->name, c.cpu, (double)c.switches, m.ram, m.pss - m.ram);
		sum.cpu += c.cpu;
		sum.switches += c.switches;
		ram += m.ram;
		beyond += m.pss - m.ram;
	}
	tell("sum", sum.cpu, (double)sum.switches, ram, beyond);
}

int main(void)
{
	char path[100];

	if (access(GUEST "made", R_OK) || access(GUEST "disk-amd64.img", R_OK)) {
		printf("create: there is no guest: make guests says what it lacks\n");
		return 0;
	}
	if (!mkdtemp(dir) || !write_config())
		return 1;
	snprintf(path, sizeof(path), "%s/run", dir);
	setenv("HVM_RUN_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/log", dir);
	setenv("HVM_LOG_DIR", path, 1);
	times();
	for (struct kind *k = kinds; k < kinds + KINDS; k++) {
		if (boot(k))
			idle(k);
		stop(k);
	}
	sleep(11); /* the store stays for 10 s */
	return !shell("rm -rf %s") || !kinds[0].n_login;
}
