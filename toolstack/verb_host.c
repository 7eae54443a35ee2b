/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_host.c: verbs about the host: what it has, what the guests' processes said, who
 * takes its time.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "base/util.h"
#include "toolstack/rundir.h"
#include "toolstack/running.h"
#include "toolstack/table.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* ---- info ---- */

/* The value of the first "KEY … : VALUE" of a file; "" if there is none. */
static void find_value(const char *file, const char *key, char *value, size_t size)
{
	char line[4096], *at;
	FILE *f = fopen(file, "re");

	*value = 0;
	while (f && !*value && fgets(line, sizeof(line), f)) {
		at = strchr(line, ':');
		if (!at || strncmp(line, key, strlen(key)))
			continue;
		for (at++; *at == ' ' || *at == '\t'; at++)
			;
		at[strcspn(at, "\n")] = 0;
		snprintf(value, size, "%s", at);
	}
	if (f)
		fclose(f);
}

static void put(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static long long memory_mib(const char *key)
{
	char kib[64];

	find_value("/proc/meminfo", key, kib, sizeof(kib));
	return strtoll(kib, NULL, 10) / 1024;
}

static const char *engine(void)
{
	return access("/dev/kvm", R_OK | W_OK) ? "software" : "software, kvm";
}

/* xl's keys where they mean something here, in its order. */
static json_t *host_info(void)
{
	json_t *o = json_object();
	struct utsname u;
	char text[128];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	uname(&u);
	put(o, "host", u.nodename);
	put(o, "release", u.release);
	put(o, "version", u.version);
	put(o, "machine", u.machine);
	json_object_set_new(o, "nr_cpus", json_integer(cpus));
	json_object_set_new(o, "max_cpu_id", json_integer(sysconf(_SC_NPROCESSORS_CONF) - 1));
	find_value("/proc/cpuinfo", "cpu cores", text, sizeof(text));
	json_object_set_new(o, "cores_per_socket", json_integer(*text ? atoi(text) : cpus));
	find_value("/proc/cpuinfo", "cpu MHz", text, sizeof(text));
	put(o, "cpu_mhz", text);
	put(o, "virt_caps", "hvm");
	put(o, "engines", engine());
	json_object_set_new(o, "total_memory", json_integer(memory_mib("MemTotal")));
	json_object_set_new(o, "free_memory", json_integer(memory_mib("MemAvailable")));
	put(o, "xen_caps", "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64");
	json_object_set_new(o, "xen_pagesize", json_integer(4096));
	put(o, "hvm_version", "0.1");
	return o;
}

static int info(const struct verb_call *c, struct err *e)
{
	json_t *o = host_info(), *v;
	const char *key;

	(void)e;
	if (verb_option(c, "json")) {
		table_print_json(o, stdout);
	} else {
		json_object_foreach(o, key, v)
		{
			if (json_is_integer(v))
				printf("%-23s: %lld\n", key, (long long)json_integer_value(v));
			else
				printf("%-23s: %s\n", key, json_string_value(v));
		}
	}
	json_decref(o);
	return 0;
}

/* ---- dmesg ---- */

struct line {
	char *text;
	size_t place; /* as it was read */
};
struct lines {
	struct line *v;
	size_t n;
};

static void add_line(struct lines *all, const char *name, const char *line)
{
	struct line *v = realloc(all->v, (all->n + 1) * sizeof(*v));

	if (!v)
		return;
	all->v = v;
	/* "2026-01-31 12:34:56 " is 20 long; the guest's name comes behind it. */
	if (asprintf(&v[all->n].text, "%.20s%s: %s", line, name,
		     strlen(line) > 20 ? line + 20 : "\n") >= 0) {
		v[all->n].place = all->n;
		all->n++;
	}
}

static void add_file(struct lines *all, const char *path, const char *name, bool clear)
{
	FILE *f = fopen(path, clear ? "r+e" : "re");
	char line[2048];

	while (f && fgets(line, sizeof(line), f))
		add_line(all, name, line);
	if (f && clear && ftruncate(fileno(f), 0))
		clear = false; /* somebody else's: it stays */
	if (f)
		fclose(f);
}

/* Lines of one second stay in the order in which they were written. */
static int by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strncmp(x->text, y->text, 20);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* NAME.log is the guest's log, NAME.log.1 the one before it. */
static void read_logs(struct lines *all, const char *dir, bool clear)
{
	struct dirent *f;
	DIR *d = opendir(dir);

	while (d && (f = readdir(d))) {
		char path[RUNDIR_PATH + 256], name[256];
		char *end;

		snprintf(name, sizeof(name), "%s", f->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		end = strstr(name, ".log");
		if (!end || (end[4] && strcmp(end + 4, ".1")))
			continue;
		*end = 0;
		add_file(all, path, name, clear);
	}
	if (d)
		closedir(d);
}

static int dmesg(const struct verb_call *c, struct err *e)
{
	struct lines all = {.v = NULL};
	char dir[RUNDIR_PATH], *slash;
	int rc = rundir_log_path(dir, "x", e);

	if (rc)
		return rc;
	slash = strrchr(dir, '/');
	*slash = 0;
	read_logs(&all, dir, verb_option(c, "clear"));
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_time);
	for (size_t i = 0; i < all.n; i++) {
		fputs(all.v[i].text, stdout);
		free(all.v[i].text);
	}
	free(all.v);
	return 0;
}

/* ---- top ---- */

#define VCPUS_MAX 128

struct sample {
	unsigned domid;
	double seconds; /* of processor time, all vCPUs */
	struct timespec at;
};

static double vcpu_seconds(const json_t *guest, bool *runs)
{
	struct running_vcpu v[VCPUS_MAX];
	unsigned n =
		running_vcpus(running_number(json_object_get(guest, "pids"), "core"), v, VCPUS_MAX);
	double all = 0;

	*runs = false;
	for (unsigned i = 0; i < n; i++) {
		all += v[i].seconds;
		*runs |= v[i].runs;
	}
	return all;
}

/* Percent of a processor since the last time. */
static double load(struct sample *was, double seconds)
{
	struct timespec now;
	double passed, percent = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = (double)(now.tv_sec - was->at.tv_sec) +
		 (double)(now.tv_nsec - was->at.tv_nsec) / 1e9;
	if (was->at.tv_sec && passed > 0)
		percent = (seconds - was->seconds) / passed * 100;
	was->seconds = seconds;
	was->at = now;
	return percent;
}

static struct sample *sample_of(struct sample *all, unsigned n, unsigned domid)
{
	struct sample *s = &all[0];

	for (unsigned i = 0; i < n; i++) {
		if (all[i].domid == domid)
			return &all[i];
		if (!all[i].domid && s->domid)
			s = &all[i];
	}
	*s = (struct sample){.domid = domid};
	return s;
}

/* xentop's letters, each in a place of its own. */
static const char *letters_of(const json_t *guest, bool runs)
{
	const char *state = running_text(guest, "state", "");

	if (!strcmp(state, "running"))
		return runs ? "-----r" : "--b---";
	if (!strcmp(state, "paused") || !strcmp(state, "starting"))
		return "----p-";
	if (!strcmp(state, "crashed"))
		return "---c--";
	return !strcmp(state, "shutdown") ? "-s----"
	       : !strcmp(state, "dying")  ? "d-----"
					  : "------";
}

#define GUESTS_MAX 256

static int print_top(const struct verb_call *c, struct sample *samples, struct err *e)
{
	json_t *guests = running_rows(c, e);

	if (!guests)
		return -EIO;
	printf("      NAME  STATE   CPU(sec) CPU(%%)     MEM(k) MEM(%%)  VCPUS NETS VBDS\n");
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *g = json_array_get(guests, i);
		unsigned domid = (unsigned)running_number(g, "domid");
		bool runs;
		double seconds = vcpu_seconds(g, &runs);
		long long kib = running_number(g, "memory") * 1024;
		double percent = load(sample_of(samples, GUESTS_MAX, domid), seconds);

		printf("%10s %6s %10.0f %6.1f %10lld %6.1f %6lld %4zu %4zu\n",
		       running_text(g, "name", "?"), letters_of(g, runs), seconds, percent, kib,
		       (double)kib / 1024 / (double)memory_mib("MemTotal") * 100,
		       running_number(g, "vcpus"), json_array_size(json_object_get(g, "vifs")),
		       json_array_size(json_object_get(g, "disks")));
	}
	json_decref(guests);
	return 0;
}

/* True: it is over: q was typed, or input ended. */
static bool rest(long seconds, bool batch)
{
	struct pollfd p = {.fd = batch ? -1 : STDIN_FILENO, .events = POLLIN};
	char key = 0;

	if (poll(&p, 1, (int)seconds * 1000) <= 0)
		return false;
	return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q';
}

static int top(const struct verb_call *c, struct err *e)
{
	static struct sample samples[GUESTS_MAX];
	bool batch = verb_option(c, "batch") || !isatty(STDOUT_FILENO);
	long seconds = 3, rounds = 0;
	int rc = verb_number(c, "delay", 1, 3600, &seconds, e);

	if (!rc)
		rc = verb_number(c, "iterations", 1, 1000000000, &rounds, e);
	if (!rounds && !isatty(STDOUT_FILENO) && !verb_option(c, "batch"))
		rounds = 1;
	for (long i = 0; !rc; i++) {
		if (!batch)
			printf("\x1b[H\x1b[J");
		rc = print_top(c, samples, e);
		fflush(stdout);
		if (rc || i + 1 == rounds || rest(seconds, batch))
			break;
	}
	return rc;
}

/* clang-format off */
const struct verb verb_host_verbs[] = {
	{"dmesg", "", "Print what the processes of all guests have logged.", 0, 0,
	 VERB_OPTIONS_OF({'c', "clear", NULL, "and forget it"}), dmesg},
	{"info", "", "Print what the host has.", 0, 0,
	 VERB_OPTIONS_OF(
		{'n', "numa", NULL, "as xl has it; nothing is added here"},
		{0, "json", NULL, "as JSON"}),
	 info},
	{"top", "[DOMAIN]…", "Show again and again what guests use, until q and Enter.\n"
	 "Once, when the output is no terminal.", 0, VERB_MANY,
	 VERB_OPTIONS_OF(
		{'b', "batch", NULL, "one table below the other"},
		{'d', "delay", "SECONDS", "between two (3)"},
		{'i', "iterations", "N", "how many"}),
	 top},
	{0},
};
/* clang-format on */
