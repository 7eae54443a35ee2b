/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test runner. Each test is a forked child: a crash, a hang or a leak fails that test alone.
 * Usage: check [-l] [-v] [-j JOBS] [-k GLOB] [--nofork]
 */
#include "tests/test.h"

#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS     64
#define HANG_SECONDS 60
#define SLOW_SECONDS 1.0
#define MAX_MESSAGES 20 /* per test: a failing loop must not flood the log */

enum verdict { UNFINISHED, PASSED, FAILED, SKIPPED };

/* Shared with the child, which fills it in. */
struct outcome {
	enum verdict verdict;
	char reason[160];
};

/* One test of the list: a TEST, or one index of a TEST_EACH. */
struct item {
	const struct test *test;
	size_t index;
	char name[128];
	double seconds;
};

struct slot {
	pid_t pid; /* 0: free */
	struct item *item;
	struct outcome *outcome;
	int output; /* memfd with what the child printed */
	double started;
};

static struct test *all_tests;
static struct item *items;
static size_t n_items;
static struct slot slots[MAX_JOBS];
static size_t n_jobs = 2;
static const char *glob;
static bool verbose, list_only, nofork;
static unsigned totals[SKIPPED + 1];

/* ---- what a running test uses */

static jmp_buf leave;
static struct outcome *now; /* of the test running in this process */
static unsigned failures;
static char note[160];

void test_add(struct test *t)
{
	t->next = all_tests;
	all_tests = t;
}

static void fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(const char *file, int line, const char *format, ...)
{
	va_list ap;

	now->verdict = FAILED;
	if (++failures > MAX_MESSAGES)
		return;
	printf("    %s:%d: ", file, line);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	if (note[0])
		printf("  [%s]", note);
	printf("\n");
	if (failures == MAX_MESSAGES)
		printf("    (no more messages of this test)\n");
}

void test_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(note, sizeof(note), format, ap);
	va_end(ap);
}

bool test_eq(const char *file, int line, const char *expr, unsigned long long want,
	     unsigned long long got)
{
	if (want != got)
		fail(file, line, "%s: want %lld (0x%llx), got %lld (0x%llx)", expr, (long long)want,
		     want, (long long)got, got);
	return want == got;
}

bool test_eqs(const char *file, int line, const char *expr, const char *want, const char *got)
{
	bool same = want == got || (want && got && strcmp(want, got) == 0);

	if (!same)
		fail(file, line, "%s:\n\twant \"%s\"\n\tgot  \"%s\"", expr, want ? want : "(null)",
		     got ? got : "(null)");
	return same;
}

/* Up to 16 bytes of p from offset at. */
static const char *hex(char *text, const uint8_t *p, size_t size, size_t at)
{
	size_t n = size - at < 16 ? size - at : 16;

	for (size_t i = 0; i < n; i++)
		sprintf(text + 3 * i, " %02x", p[at + i]);
	return text;
}

bool test_eqm(const char *file, int line, const char *expr, const void *want, const void *got,
	      size_t size)
{
	const uint8_t *w = want, *g = got;
	char wtext[64] = "", gtext[64] = "";
	size_t at = 0;

	while (at < size && w[at] == g[at])
		at++;
	if (at < size)
		fail(file, line, "%s: of %zu bytes differs from +%zu (0x%zx):\n\twant%s\n\tgot %s",
		     expr, size, at, at, hex(wtext, w, size, at), hex(gtext, g, size, at));
	return at == size;
}

bool test_check(const char *file, int line, const char *expr, bool holds)
{
	if (!holds)
		fail(file, line, "not true: %s", expr);
	return holds;
}

bool test_ok(const char *file, int line, const char *expr, long long rc)
{
	if (rc < 0)
		fail(file, line, "%s: %lld (%s)", expr, rc,
		     rc > -4096 ? strerror((int)-rc) : "not an errno");
	return rc >= 0;
}

_Noreturn void test_stop(const char *file, int line, const char *expr)
{
	fail(file, line, "must hold: %s", expr);
	longjmp(leave, 1);
}

_Noreturn void test_skip(const char *reason)
{
	if (now->verdict != FAILED) {
		now->verdict = SKIPPED;
		snprintf(now->reason, sizeof(now->reason), "%s", reason);
	}
	longjmp(leave, 1);
}

static void run_body(const struct item *it, struct outcome *o)
{
	now = o;
	failures = 0;
	note[0] = 0;
	if (setjmp(leave) == 0)
		it->test->run(it->index);
	if (o->verdict == UNFINISHED)
		o->verdict = PASSED;
}

/* ---- the list */

/* tests/hw/gong.c, reset → hw/gong.reset */
static void name_item(struct item *it)
{
	const char *file = it->test->file, *tail = strstr(file, "tests/");
	const char *label = it->test->label ? it->test->label(it->index) : NULL;
	int n;

	file = tail ? tail + strlen("tests/") : file;
	n = snprintf(it->name, sizeof(it->name), "%.*s.%s", (int)strcspn(file, "."), file,
		     it->test->name);
	if (it->test->count && n < (int)sizeof(it->name))
		snprintf(it->name + n, sizeof(it->name) - (size_t)n, "[%s]", label ? label : "?");
}

static bool wanted(const char *name)
{
	return !glob || fnmatch(glob, name, 0) == 0 || strstr(name, glob);
}

static void add_item(const struct test *t, size_t index)
{
	struct item *more = realloc(items, (n_items + 1) * sizeof(*items));

	if (!more)
		abort();
	items = more;
	items[n_items] = (struct item){.test = t, .index = index};
	name_item(&items[n_items]);
	if (wanted(items[n_items].name))
		n_items++;
}

static int by_file_and_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->test->file, y->test->file);

	if (!order)
		order = strcmp(x->test->name, y->test->name);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void make_list(void)
{
	for (const struct test *t = all_tests; t; t = t->next) {
		size_t n = t->count ? t->count() : 1;

		for (size_t i = 0; i < n; i++)
			add_item(t, i);
	}
	if (n_items)
		qsort(items, n_items, sizeof(*items), by_file_and_name);
}

/* ---- running */

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void child(struct slot *s)
{
	setpgid(0, 0); /* so that what a test leaves running dies with it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(s->output, STDOUT_FILENO);
	dup2(s->output, STDERR_FILENO);
	alarm(HANG_SECONDS);
	run_body(s->item, s->outcome);
	/* exit, not _exit: it looks for leaks. Not after a failure, which leaves things open. */
	if (s->outcome->verdict == PASSED)
		exit(0);
	fflush(stdout);
	_exit(0);
}

static int start(struct slot *s, struct item *it)
{
	s->item = it;
	*s->outcome = (struct outcome){0};
	s->output = memfd_create("test", 0);
	if (s->output < 0)
		return -errno;
	s->started = seconds_now();
	fflush(stdout);
	s->pid = fork();
	if (s->pid == 0)
		child(s);
	if (s->pid > 0)
		setpgid(s->pid, s->pid);
	return s->pid < 0 ? -errno : 0;
}

/* What the wait status says, "" when the child came to its own end. */
static const char *death(char *text, size_t size, int status, enum verdict v)
{
	text[0] = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(text, size, "hangs (killed after %d s)", HANG_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(text, size, "exit status %d (a sanitizer's report?)", WEXITSTATUS(status));
	else if (v == UNFINISHED)
		snprintf(text, size, "called exit(0) before its end");
	return text;
}

static void show_output(int fd)
{
	char text[4096];
	ssize_t n;

	fflush(stdout);
	for (off_t at = 0; (n = pread(fd, text, sizeof(text), at)) > 0; at += n)
		fwrite(text, 1, (size_t)n, stdout);
}

static void report(const struct item *it, enum verdict v, const char *why, int output)
{
	static const char *const words[] = {"FAIL", "ok", "FAIL", "skip"};

	totals[v]++;
	if (v == PASSED && !verbose)
		return;
	printf("%s %s%s%s\n", words[v], it->name, why[0] ? ": " : "", why);
	if (output >= 0 && (verbose || v == FAILED))
		show_output(output);
	fflush(stdout);
}

static void finish(struct slot *s, int status)
{
	char text[200];
	enum verdict v = s->outcome->verdict;
	const char *why = death(text, sizeof(text), status, v);

	kill(-s->pid, SIGKILL);
	s->item->seconds = seconds_now() - s->started;
	if (why[0])
		v = FAILED;
	report(s->item, v, v == SKIPPED ? s->outcome->reason : why, s->output);
	close(s->output);
	s->pid = 0;
}

static struct slot *slot_of(pid_t pid)
{
	for (size_t i = 0; i < n_jobs; i++)
		if (slots[i].pid == pid)
			return &slots[i];
	return NULL;
}

static int wait_one(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);
	struct slot *s = pid > 0 ? slot_of(pid) : NULL;

	if (pid < 0)
		return -errno;
	if (s)
		finish(s, status);
	return 0;
}

static int run_forked(void)
{
	int rc = 0;
	size_t next = 0, done = 0;
	struct outcome *shared = mmap(NULL, sizeof(*shared) * n_jobs, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < n_jobs; i++)
		slots[i].outcome = &shared[i];
	for (; done < n_items && !rc; done = totals[PASSED] + totals[FAILED] + totals[SKIPPED]) {
		struct slot *s = next < n_items ? slot_of(0) : NULL;

		rc = s ? start(s, &items[next++]) : wait_one();
	}
	return rc;
}

static int run_here(void)
{
	for (size_t i = 0; i < n_items; i++) {
		struct outcome o = {0};

		printf("     %s\n", items[i].name);
		run_body(&items[i], &o);
		report(&items[i], o.verdict, o.reason, -1);
	}
	return 0;
}

static void show_slow(void)
{
	for (size_t i = 0; i < n_items; i++)
		if (items[i].seconds > SLOW_SECONDS)
			printf("slow %s: %.1f s\n", items[i].name, items[i].seconds);
}

/* ---- the command line */

static int usage(void)
{
	fprintf(stderr, "usage: check [-l] [-v] [-j JOBS] [-k GLOB] [--nofork]\n");
	return -EINVAL;
}

static int parse_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(arg, "-l"))
			list_only = true;
		else if (!strcmp(arg, "-v"))
			verbose = true;
		else if (!strcmp(arg, "--nofork"))
			nofork = true;
		else if (!strcmp(arg, "-k") && value)
			glob = argv[++i];
		else if (!strcmp(arg, "-j") && value)
			n_jobs = (size_t)atoi(argv[++i]);
		else
			return usage();
	}
	return n_jobs >= 1 && n_jobs <= MAX_JOBS ? 0 : usage();
}

static int show_list(void)
{
	for (size_t i = 0; i < n_items; i++)
		puts(items[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	int rc;

	if (parse_options(argc, argv) < 0)
		return 2;
	make_list();
	if (list_only)
		return show_list();
	if (glob && !n_items)
		printf("no test matches %s\n", glob);
	rc = nofork ? run_here() : run_forked();
	if (rc < 0) {
		fprintf(stderr, "cannot run tests: %s\n", strerror(-rc));
		return 2;
	}
	show_slow();
	printf("%u passed, %u failed", totals[PASSED], totals[FAILED]);
	if (totals[SKIPPED])
		printf(", %u skipped", totals[SKIPPED]);
	printf("\n");
	free(items);
	return totals[FAILED] || (glob && !n_items);
}
