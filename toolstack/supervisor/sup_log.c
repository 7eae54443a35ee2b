/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_log.c: the guest's logs: what goes into a pipe comes out in FILE; at
 * 1 MiB that becomes FILE.1 and a new one begins. A guest can make its device model talk, and
 * itself on its serial port, but not fill the disk.
 *
 * Tests: tests/toolstack/sup_log.c
 */
#include "toolstack/supervisor/sup.h"

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

struct guest_log {
	char path[RUNDIR_PATH], old[RUNDIR_PATH + 2];
	int pipe, in, file; /* in: the end that is written to */
	bool raw;           /* as it comes; else lines with the time before them */
	off_t size;
	struct watch *watch;
	char line[LINE_MAX_LEN];
	size_t len;
	char error[LINE_MAX_LEN]; /* "hvm-dm: error: …" */
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

static void write_out(struct guest_log *g, const char *text, size_t n)
{
	if (g->size + (off_t)n > LOG_MAX && g->size) {
		close(g->file);
		rename(g->path, g->old);
		open_file(g, NULL);
	}
	if (g->file >= 0 && write(g->file, text, n) == (ssize_t)n)
		g->size += (off_t)n;
}

static void end_line(struct guest_log *g)
{
	char stamp[40];
	time_t now = time(NULL);
	struct tm tm;
	size_t n = strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S ", localtime_r(&now, &tm));

	g->line[g->len] = 0;
	if (strstr(g->line, ": error: "))
		memcpy(g->error, g->line, g->len + 1);
	g->line[g->len++] = '\n';
	write_out(g, stamp, n);
	write_out(g, g->line, g->len);
	g->len = 0;
}

static void take(struct guest_log *g, char c)
{
	if (c != '\n')
		g->line[g->len++] = c;
	if (c == '\n' || g->len == sizeof(g->line) - 1)
		end_line(g);
}

void guest_log_drain(struct guest_log *g)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(g->pipe, bytes, sizeof(bytes))) > 0) {
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

/* These wait when the pipe is full: nothing of what they say is lost. */
void guest_log_adopt(struct guest_log *g)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	fcntl(g->in, F_SETFL, 0);
	dup2(null, 0);
	dup2(g->in, 1);
	dup2(g->in, 2);
	close(null);
}

void guest_log_error(struct guest_log *g, const char *program, char *text, size_t size)
{
	char prefix[64];

	guest_log_drain(g);
	snprintf(prefix, sizeof(prefix), "%s: error: ", program);
	*text = 0;
	if (strncmp(g->error, prefix, strlen(prefix)))
		return;
	snprintf(text, size, "%s", g->error + strlen(prefix));
	g->error[0] = 0;
}

void guest_log_free(struct guest_log *g)
{
	if (!g)
		return;
	if (g->pipe >= 0)
		guest_log_drain(g);
	watch_free(g->watch);
	if (g->pipe >= 0)
		close(g->pipe);
	if (g->in >= 0)
		close(g->in);
	if (g->file >= 0)
		close(g->file);
	free(g);
}
