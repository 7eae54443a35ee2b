/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/lib/fuzz.h"

#include "base/log.h"
#include "dm/host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: cannot begin: %s\n", what);
	abort();
}

void fuzz_log_errors(void)
{
	log_set_level(LOG_ERROR);
}

void fuzz_machine_new(struct fuzz_machine *f, const char *options)
{
	struct err e = {""};

	fuzz_log_errors();
	f->loop = loop_new(&e);
	must(f->loop && options_parse_text(&f->cfg, options, &e) == OPTIONS_RUN, e.msg);
	f->m = machine_new(&f->cfg, f->loop, &e);
	must(f->m, e.msg);
}

void fuzz_machine_free(struct fuzz_machine *f)
{
	machine_free(f->m);
	loop_free(f->loop);
	config_free(&f->cfg);
	host_free();
}

/* ---- no files ---- */

static struct rlimit usual;

/* libFuzzer writes the input that was the last one to a file. */
void __asan_on_error(void);
void __asan_on_error(void)
{
	fuzz_no_files(false);
}

void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
	fuzz_no_files(false);
}

static struct sigaction abrt, alrm;
static bool closed;

/* libFuzzer's own handlers: of a crash, and of a look at whether the input takes too long. */
static void look(int sig, siginfo_t *info, void *context)
{
	const struct sigaction *next = sig == SIGABRT ? &abrt : &alrm;
	bool was = closed;

	fuzz_no_files(false);
	if (next->sa_flags & SA_SIGINFO)
		next->sa_sigaction(sig, info, context);
	fuzz_no_files(was);
}

static void chain(int sig, struct sigaction *next)
{
	struct sigaction sa = {.sa_sigaction = look, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigaction(sig, NULL, next);
	sigaction(sig, &sa, NULL);
}

void fuzz_no_files(bool none)
{
	struct rlimit now;

	if (!usual.rlim_cur) {
		getrlimit(RLIMIT_NOFILE, &usual);
		chain(SIGABRT, &abrt);
		chain(SIGALRM, &alrm);
	}
	now = usual;
	if (none)
		now.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &now);
	closed = none;
}

void fuzz_quiet(void)
{
	static bool done;

	if (!done && !freopen("/dev/null", "w", stdout))
		abort();
	done = true;
}

int fuzz_memfd(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a memory file");
	return fd;
}
