/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/log.c: the log sink; see log.h. Threads may log, hence the mutex. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 200, BURST_SECONDS = 5, LINE = 1024 };

static struct {
	pthread_mutex_t lock;
	int fd;
	const char *name;
	enum log_level level;
	time_t since; /* start of the running period */
	unsigned passed, dropped;
	void (*trace_fn)(void *arg, const char *line);
	void *trace_arg;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO, .level = LOG_INFO};

static const char *const level_text[] = {"error: ", "warning: ", "", "debug: "};

/* One write(2) for each line, so that processes that share the file do not mix theirs. */
static void put(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(sink.fd, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody is left to be told */
		line += n;
		len -= (size_t)n;
	}
}

/* Appends text to line[LINE] at n with control characters as \xNN; leaves room for the newline. */
static size_t append(char *line, size_t n, const char *text)
{
	for (; *text && n < LINE - 6; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != 0x7f)
			line[n++] = (char)c;
		else
			n += (size_t)sprintf(line + n, "\\x%02x", c);
	}
	return n;
}

static void put_line(enum log_level level, const char *text)
{
	char line[LINE];
	size_t n = 0;

	if (sink.name) {
		n = append(line, n, sink.name);
		n = append(line, n, ": ");
	}
	n = append(line, n, level_text[level]);
	n = append(line, n, text);
	line[n++] = '\n';
	put(line, n);
}

/* Whether one more line fits into the running period; starts a new one when that is over. */
static bool may_pass(void)
{
	struct timespec now;
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!sink.since || now.tv_sec - sink.since >= BURST_SECONDS) {
		if (sink.dropped) {
			snprintf(text, sizeof(text), "%u more lines were dropped", sink.dropped);
			put_line(LOG_WARN, text);
		}
		sink.since = now.tv_sec;
		sink.passed = sink.dropped = 0;
	}
	if (sink.passed < BURST) {
		sink.passed++;
		return true;
	}
	sink.dropped++;
	return false;
}

static void use(int fd)
{
	log_close();
	pthread_mutex_lock(&sink.lock);
	sink.fd = fd;
	pthread_mutex_unlock(&sink.lock);
}

int log_open(const char *path, struct err *e)
{
	int fd = STDERR_FILENO;

	if (path && *path) {
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_errno(e, -errno, "cannot open the log file %s", path);
	}
	use(fd);
	return 0;
}

void log_to(int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (own >= 0)
		use(own);
}

void log_close(void)
{
	pthread_mutex_lock(&sink.lock);
	if (sink.dropped) {
		sink.since = 0;
		may_pass();
	}
	if (sink.fd != STDERR_FILENO)
		close(sink.fd);
	sink.fd = STDERR_FILENO;
	sink.since = 0;
	sink.passed = 0;
	pthread_mutex_unlock(&sink.lock);
}

void log_set_level(enum log_level level)
{
	sink.level = level;
}

void log_set_name(const char *name)
{
	sink.name = name;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char text[LINE];
	va_list ap;

	if (level > sink.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&sink.lock);
	if (may_pass())
		put_line(level, text);
	pthread_mutex_unlock(&sink.lock);
}

void log_trace(const char *fmt, ...)
{
	char text[LINE], line[LINE];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = append(line, 0, text);
	pthread_mutex_lock(&sink.lock);
	if (sink.trace_fn) {
		line[n] = '\0';
		sink.trace_fn(sink.trace_arg, line);
	} else {
		line[n++] = '\n';
		put(line, n);
	}
	pthread_mutex_unlock(&sink.lock);
}

void log_trace_hook(void (*fn)(void *arg, const char *line), void *arg)
{
	pthread_mutex_lock(&sink.lock);
	sink.trace_fn = fn;
	sink.trace_arg = arg;
	pthread_mutex_unlock(&sink.lock);
}
