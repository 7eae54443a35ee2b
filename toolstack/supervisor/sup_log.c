/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_log.c: the guest's logs: what goes into a pipe comes out in FILE; at
 * 1 MiB that becomes FILE.1 and a new one begins. A guest can make its device model talk, and
 * itself on its serial port, but not fill the disk.
 *
 * Tests: tests/toolstack/sup_log.c
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAX      (1 << 20)
#define LINE_MAX_LEN 1024
#define PIPE_READS   16 /* of 4 KiB: all that a pipe holds */
#define ERROR        ": error: "

struct guest_log {
	char path[RUNDIR_PATH], old[RUNDIR_PATH + 2];
	int pipe, in, file; /* in: the end that is written to */
	bool raw;           /* as it comes; else lines with the time before them */
	off_t size;
	struct watch *watch;
	char line[LINE_MAX_LEN];
	size_t len;
	char errors[3][LINE_MAX_LEN]; /* "hvm-dm: error: …", of a program each, the latest first */
};

static int open_file(struct guest_log *g, struct err *e)
{
	struct stat st;

	g->file = open(g->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (g->file < 0 || fstat(g->file, &st) < 0)
		return err_errno(e, -errno, "cannot write %s", g->path);
	g->size = st.st_size;
	return 0;
}

/* Where the old one cannot be moved to, nothing is added any more. */
static void write_out(struct guest_log *g, const char *text, size_t n)
{
	if (g->size + (off_t)n > LOG_MAX && g->size) {
		if (g->file >= 0)
			close(g->file);
		rename(g->path, g->old);
		open_file(g, NULL);
	}
	if (g->file >= 0 && g->size + (off_t)n <= LOG_MAX && write(g->file, text, n) == (ssize_t)n)
		g->size += (off_t)n;
}

/* In place of that program's last one, if it is among them. */
static void keep_error(struct guest_log *g, const char *line)
{
	const char *end = strstr(line, ERROR);
	size_t n = end ? (size_t)(end - line) + strlen(ERROR) : 0;
	unsigned i = 0;

	if (!end)
		return;
	while (i < ARRAY_SIZE(g->errors) - 1 && strncmp(g->errors[i], line, n))
		i++;
	memmove(g->errors[1], g->errors[0], i * sizeof(g->errors[0]));
	snprintf(g->errors[0], sizeof(g->errors[0]), "%s", line);
}

static void end_line(struct guest_log *g)
{
	char text[40 + LINE_MAX_LEN];
	time_t now = time(NULL);
	struct tm tm;
	size_t n = strftime(text, 40, "%Y-%m-%d %H:%M:%S ", localtime_r(&now, &tm));

	g->line[g->len] = 0;
	keep_error(g, g->line);
	memcpy(text + n, g->line, g->len);
	text[n + g->len] = '\n';
	write_out(g, text, n + g->len + 1);
	g->len = 0;
}

/* One that is too long goes on in the next line of the log. */
static void take(struct guest_log *g, char c)
{
	if (c == '\n' || g->len == sizeof(g->line) - 1)
		end_line(g);
	if (c != '\n')
		g->line[g->len++] = c;
}

/* No more than there is now: who fills it all the time must not keep us here. */
void guest_log_drain(struct guest_log *g)
{
	char bytes[4096];
	ssize_t n;

	for (unsigned k = 0; k < PIPE_READS && (n = read(g->pipe, bytes, sizeof(bytes))) > 0; k++) {
		if (g->raw)
			write_out(g, bytes, (size_t)n);
		for (ssize_t i = 0; i < n && !g->raw; i++)
			take(g, bytes[i]);
	}
}

static void said(void *arg, uint32_t events)
{
	(void)events;
	guest_log_drain(arg);
}

/* Who fills it does not wait: what there is no room for is lost (char/chr.c). */
static int make_pipe(struct guest_log *g, struct loop *l, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(e, -errno, "no pipe");
	g->pipe = ends[0];
	g->in = ends[1];
	g->watch = loop_watch(l, g->pipe, EPOLLIN, said, g);
	return g->watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

struct guest_log *guest_log_open(struct loop *l, const char *path, bool raw, struct err *e)
{
	struct guest_log *g = calloc(1, sizeof(*g));
	int rc;

	if (!g) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	g->pipe = g->in = -1;
	g->raw = raw;
	snprintf(g->path, sizeof(g->path), "%s", path);
	snprintf(g->old, sizeof(g->old), "%s.1", path);
	rc = open_file(g, e);
	if (!rc)
		rc = make_pipe(g, l, e);
	if (!rc)
		return g;
	guest_log_free(g);
	return NULL;
}

int guest_log_end(const struct guest_log *g)
{
	return g->in;
}

/* Other programs wait when the pipe is full, so that nothing they say is lost. We do not, who
 * empty it. Hence two descriptions of one pipe. */
void guest_log_adopt(struct guest_log *g)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), waits;
	char again[40];

	snprintf(again, sizeof(again), "/proc/self/fd/%d", g->in);
	waits = open(again, O_WRONLY | O_CLOEXEC);
	dup2(null, 0);
	dup2(waits >= 0 ? waits : g->in, 1);
	dup2(waits >= 0 ? waits : g->in, 2);
	close(null);
	if (waits >= 0)
		close(waits);
	log_to(g->in);
}

void guest_log_error(struct guest_log *g, const char *program, char *text, size_t size)
{
	char prefix[64];
	size_t n;

	guest_log_drain(g);
	n = (size_t)snprintf(prefix, sizeof(prefix), "%s" ERROR, program);
	*text = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(g->errors); i++)
		if (!strncmp(g->errors[i], prefix, n)) {
			snprintf(text, size, "%s", g->errors[i] + n);
			g->errors[i][0] = 0;
		}
}

void guest_log_free(struct guest_log *g)
{
	if (!g)
		return;
	if (g->pipe >= 0)
		guest_log_drain(g);
	if (g->len)
		end_line(g);
	watch_free(g->watch);
	if (g->pipe >= 0)
		close(g->pipe);
	if (g->in >= 0)
		close(g->in);
	if (g->file >= 0)
		close(g->file);
	free(g);
}
