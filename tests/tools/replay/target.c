/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay/target.c: starts a machine in a folder of its own, and ends it. */
#include "tests/tools/replay/replay.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const target_names[] = {"qemu", "ours"};

/* Words repeat neither at sector nor at page distance, so a wrong place shows. */
static int make_file(const char *dir, const char *name, uint64_t size, struct err *e)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return err_errno(e, -errno, "cannot create %s", path);
	for (uint64_t i = 0; i < size; i++) {
		uint64_t word = (i / 2 + i / 512 * 0x101) * 0x9e37;

		putc((int)(word >> (i % 2 ? 8 : 0) & 0xff), f);
	}
	return fclose(f) ? err_errno(e, -errno, "cannot write %s", path) : 0;
}

static void file_path(const struct target *t, unsigned i, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", t->dir, t->script->files[i].name);
}

/* FNV-1a of what a file holds in the end: writes are compared, too. */
static void note_files(struct target *t)
{
	char path[PATH_MAX];

	t->section = "end";
	for (unsigned i = 0; i < t->script->n_files; i++) {
		uint32_t sum = 2166136261u;
		FILE *f;
		int c;

		file_path(t, i, path, sizeof(path));
		f = fopen(path, "r");
		while (f && (c = getc(f)) != EOF)
			sum = (sum ^ (uint32_t)c) * 16777619u;
		if (f)
			fclose(f);
		run_note(t, &t->script->lines[t->script->n_lines - 1], 4, sum, "contents of %s",
			 t->script->files[i].name);
	}
}

static int make_dir(struct target *t, struct err *e)
{
	const struct script *s = t->script;
	const char *tmp = getenv("TMPDIR");
	int rc = 0;

	snprintf(t->dir, sizeof(t->dir), "%s/replay-%s-XXXXXX", tmp ? tmp : "/tmp",
		 target_names[t->which]);
	if (!mkdtemp(t->dir)) {
		t->dir[0] = 0;
		return err_errno(e, -errno, "cannot create a folder for temporary files");
	}
	for (unsigned i = 0; i < s->n_files && !rc; i++)
		rc = make_file(t->dir, s->files[i].name, s->files[i].size, e);
	return rc;
}

static _Noreturn void child(const struct target *t, char **argv, const int *keep, unsigned n)
{
	int log;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < n; i++)
		fcntl(keep[i], F_SETFD, 0);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
	if (chdir(t->dir) < 0)
		_exit(127);
	log = open("log", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int target_spawn(struct target *t, char **argv, const int *keep, unsigned n, struct err *e)
{
	fflush(stdout);
	t->pid = fork();
	if (t->pid == 0)
		child(t, argv, keep, n);
	return t->pid < 0 ? err_errno(e, -errno, "cannot fork") : 0;
}

int target_streams(struct target *t, int fd, struct err *e)
{
	struct timeval limit = {.tv_sec = SOCKET_SECONDS};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	t->in = fdopen(fd, "r");
	t->out = fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 3), "w");
	return t->in && t->out ? 0 : err_errno(e, -errno, "cannot open a stream");
}

int target_line(struct target *t, char **line, size_t *room, struct err *e)
{
	if (getline(line, room, t->in) >= 0)
		return 0;
	return err_set(e, -EIO, "%s ended or hangs", target_names[t->which]);
}

static void show_child_log(const struct target *t)
{
	char path[PATH_MAX], text[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", t->dir);
	f = fopen(path, "r");
	while (f && fgets(text, sizeof(text), f))
		fprintf(stderr, "%s: %s", target_names[t->which], text);
	if (f)
		fclose(f);
}

void target_end(struct target *t)
{
	static const char *const others[] = {"log", "qtest"};
	char path[PATH_MAX];

	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	if (t->in)
		fclose(t->in);
	if (t->out)
		fclose(t->out);
	for (unsigned i = 0; t->dir[0] && i < t->script->n_files; i++) {
		file_path(t, i, path, sizeof(path));
		unlink(path);
	}
	for (unsigned i = 0; t->dir[0] && i < ARRAY_SIZE(others); i++) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, others[i]);
		unlink(path);
	}
	rmdir(t->dir);
	for (size_t i = 0; i < t->n_log; i++)
		free(t->log[i].key);
	free(t->log);
}

/* Both machines are built alike; `args qemu: …` and `args ours: …` add to one alone. */
static void collect_args(const struct target *t, char **argv, unsigned room)
{
	static const char *const common[] = {"-M",          "pc",       "-m",   "32",
					     "-nodefaults", "-vga",     "none", "-net",
					     "none",        "-display", "none"};
	unsigned n = 1;

	argv[0] = (char *)t->program;
	for (unsigned i = 0; i < ARRAY_SIZE(common); i++)
		argv[n++] = (char *)common[i];
	for (unsigned i = 0; i < t->script->n_lines; i++) {
		const struct line *l = &t->script->lines[i];
		unsigned first = 1;

		if (!script_is(l, "args") || l->n < 2)
			continue;
		if (!strcmp(l->words[1], "qemu:") || !strcmp(l->words[1], "ours:")) {
			if (strncmp(l->words[1], target_names[t->which], 4) != 0)
				continue;
			first = 2;
		}
		for (unsigned w = first; w < l->n && n < room; w++)
			argv[n++] = l->words[w];
	}
	argv[n] = NULL;
}

int target_run(struct target *t, struct err *e)
{
	char *argv[128] = {NULL};
	int rc = make_dir(t, e);

	if (rc < 0)
		return rc;
	collect_args(t, argv, ARRAY_SIZE(argv) - 16);
	rc = t->ops->start(t, argv, e);
	if (!rc)
		rc = run_script(t, e);
	if (rc)
		show_child_log(t);
	else
		note_files(t);
	return rc;
}
