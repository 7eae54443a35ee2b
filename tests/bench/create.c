/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of `hvm create`'s, all its processes, beside one of hvm-dm alone and one of QEMU's TCG:
 * the same disk (make guests) and the same devices. From the start to the firmware's first
 * character on its debug port (402), and to the login prompt on the serial port; how long a port
 * read of a device takes the guest, by a boot sector that does nothing else; then, at the login
 * prompt, memory, CPU time and context switches of each process. Memory wants root: the processes
 * are jailed.
 */
#include "tests/bench/lib/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 9, LOGIN = 3, TRIP = 3, READS = 1000000 };
enum { BOOT = 300, SETTLE = 30, SECONDS = 60, GUEST_MIB = 512, PROCS = 16 };

#define GUEST "build/guest/"
#define DISK  GUEST "disk-amd64.img"
#define DEBUG "-chardev file,id=d,path=$DIR/debug -device isa-debugcon,iobase=0x402,chardev=d"

/* hvm create's devices, as options. */
#define ALONE                                                                                   \
	"-m 512 -smp 2 -display none -vnc 127.0.0.1:61,to=99 -vga std -usb -device usb-tablet " \
	"-serial stdio -drive file=$DIR/disk.qcow2,format=qcow2 -nic user,model=e1000 " DEBUG

static struct kind {
	const char *name;
	const struct emulator *alone; /* NULL: hvm create */
	double first[FIRST], login[LOGIN], trip[TRIP];
	unsigned n_first, n_login, n_trip;
} kinds[] = {
	{.name = "hvm create"},
	{.name = "hvm-dm", .alone = &run_ours},
	{.name = "TCG", .alone = &run_tcg},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static char dir[] = "/var/tmp/hvm-bench-XXXXXX", debug[100], reader[100];
static struct run run;

/* ---- starting and stopping ---- */

/* Commands find $DIR in their environment. */
static bool write_config(void)
{
	return !system("cat >$DIR/guest.cfg <<END\n"
		       "name = \"bench\"\n"
		       "memory = 512\n"
		       "vcpus = 2\n"
		       "disk = [ \"$DIR/disk.qcow2,qcow2,hda,w\" ]\n"
		       "boot = \"c\"\n"
		       "vga = \"stdvga\"\n"
		       "vnc = 1\n"
		       "serial = \"pty\"\n"
		       "usb = 1\n"
		       "usbdevice = \"tablet\"\n"
		       "vif = [ \"model=e1000\" ]\n"
		       "device_model_args = [ \"-chardev\", \"file,id=d,path=$DIR/debug\",\n"
		       "	\"-device\", \"isa-debugcon,iobase=0x402,chardev=d\" ]\n"
		       "END");
}

/* Debian's disk, or the boot sector; each has it as it was made. */
static bool start(const struct kind *k, const char *image)
{
	setenv("IMAGE", image, 1);
	return !system("rm -f $DIR/debug && build/bin/hvm-img create -q -f qcow2 -F raw "
		       "-b $(realpath $IMAGE) $DIR/disk.qcow2") &&
	       run_start(&run, k->alone ? k->alone->command : "build/bin/hvm create -q -c",
			 k->alone ? ALONE : "$DIR/guest.cfg");
}

static void stop(const struct kind *k)
{
	if (!k->alone && system("build/bin/hvm destroy bench 2>$DIR/errors"))
		printf("  %s: it had ended before\n", k->name);
	run_stop(&run);
}

/* ---- times ---- */

/* When the debug port has said that byte; 0: any. */
static bool await_byte(const struct kind *k, char byte, double limit, double *at)
{
	static char text[1 << 16];
	double until = run_now() + limit;
	int fd = -1;
	ssize_t n = 0;

	while (run_now() < until && !(n > 0 && (!byte || memchr(text, byte, (size_t)n)))) {
		usleep(200);
		if (fd < 0)
			fd = open(debug, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : pread(fd, text, sizeof(text), 0);
	}
	if (fd >= 0)
		close(fd);
	*at = run_now();
	if (run_now() >= until)
		printf("  %s: nothing at the debug port\n", k->name);
	return run_now() < until;
}

static void time_first(struct kind *k)
{
	double at;

	if (start(k, DISK) && await_byte(k, 0, 60, &at))
		k->first[k->n_first++] = at - run.began;
	stop(k);
}

/* It says 1, reads the scratch register of the first serial port so many times, and says 2. */
static bool boot_sector(void)
{
	unsigned char sector[1 << 20] = {
		0xba, 2,    4,    0xb0, 1,    0xee, /* mov $0x402, %dx; mov $1, %al; out */
		0xba, 0xff, 3,                      /* mov $0x3ff, %dx */
		0x66, 0xb9, 0,    0,    0,    0,    /* mov $READS, %ecx */
		0xec, 0x66, 0x49, 0x75, 0xfb,       /* 1: in; dec %ecx; jnz 1b */
		0xba, 2,    4,    0xb0, 2,    0xee, /* mov $0x402, %dx; mov $2, %al; out */
		0xfa, 0xf4,                         /* cli; hlt */
	};
	FILE *f = fopen(reader, "w");
	bool ok;

	for (unsigned i = 0; i < 4; i++)
		sector[11 + i] = READS >> (8 * i) & 0xff;
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ok = f && fwrite(sector, sizeof(sector), 1, f) == 1;
	return f && !fclose(f) && ok;
}

static void time_trip(struct kind *k)
{
	double from, to;

	if (start(k, reader) && await_byte(k, 1, 60, &from) && await_byte(k, 2, 120, &to))
		k->trip[k->n_trip++] = (to - from) / READS;
	stop(k);
}

static bool boot(const struct kind *k)
{
	if (start(k, DISK) && run_reads(&run, "disk login: ", BOOT))
		return true;
	printf("  %s: no login prompt after %.0f s; the last it said:\n%s\n", k->name,
	       run_now() - run.began, run.text + (run.len > 800 ? run.len - 800 : 0));
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
	for (unsigned i = 0; i < TRIP * KINDS; i++)
		time_trip(&kinds[i % KINDS]);
	for (struct kind *k = kinds; k < kinds + KINDS; k++)
		printf("  %-10s to the firmware's first output %7.1f ms (median of %u), to the "
		       "login prompt %6.2f s (of %u), a port read %7.3f us (of %u)\n",
		       k->name, median(k->first, k->n_first) * 1e3, k->n_first,
		       median(k->login, k->n_login), k->n_login, median(k->trip, k->n_trip) * 1e6,
		       k->n_trip);
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

static bool prepare(void)
{
	char path[100];

	if (!mkdtemp(dir))
		return false;
	snprintf(debug, sizeof(debug), "%s/debug", dir);
	snprintf(reader, sizeof(reader), "%s/reader.img", dir);
	setenv("DIR", dir, 1);
	snprintf(path, sizeof(path), "%s/run", dir);
	setenv("HVM_RUN_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/log", dir);
	setenv("HVM_LOG_DIR", path, 1);
	return write_config() && boot_sector();
}

int main(void)
{
	if (access(GUEST "made", R_OK) || access(DISK, R_OK)) {
		printf("create: there is no guest: make guests says what it lacks\n");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!prepare())
		return 1;
	times();
	for (struct kind *k = kinds; k < kinds + KINDS; k++) {
		if (boot(k))
			idle(k);
		stop(k);
	}
	sleep(11); /* the store stays for 10 s */
	return system("rm -rf $DIR") || !kinds[0].n_login;
}
