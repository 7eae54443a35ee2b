/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/spawn.c: starts a program of ours with arguments and descriptors by number. */
#include "proc/spawn.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;
const char *spawn_program;

void spawn_arg(struct spawn *s, const char *text)
{
	char *copy = s->n_args < SPAWN_ARGS ? strdup(text) : NULL;

	if (copy)
		s->argv[s->n_args++] = copy;
	else
		s->full = true;
}

void spawn_fd_value(struct spawn *s, int fd, bool ours)
{
	char text[24];

	snprintf(text, sizeof(text), "fd=%d", fd);
	spawn_arg(s, text);
	if (!s->full)
		s->is_fd[s->n_args - 1] = true;
	spawn_hand(s, fd, ours);
}

void spawn_hand(struct spawn *s, int fd, bool ours)
{
	if (s->n_fds == SPAWN_FDS) {
		s->full = true;
		return;
	}
	s->ours[s->n_fds] = ours;
	s->fds[s->n_fds++] = fd;
}

void spawn_fd(struct spawn *s, const char *name, int fd, bool ours)
{
	spawn_arg(s, name);
	spawn_fd_value(s, fd, ours);
}

void spawn_done(struct spawn *s)
{
	while (s->n_args)
		free(s->argv[--s->n_args]);
	while (s->n_fds--)
		if (!s->ours[s->n_fds] && s->fds[s->n_fds] >= 0)
			close(s->fds[s->n_fds]);
	memset(s, 0, sizeof(*s));
}

static bool try_program(char *path, size_t size, const char *dir, const char *name)
{
	return (size_t)snprintf(path, size, "%s/%s", dir, name) < size && !access(path, X_OK);
}

int spawn_find(const char *name, char *path, size_t size, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char dir[4096], *slash;

	if (spawn_program) {
		snprintf(path, size, "%s", spawn_program);
		return 0;
	}
	path[MAX(n, 0)] = 0;
	slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (try_program(path, size, dir, name) || try_program(path, size, CONFIG_BINDIR, name) ||
	    try_program(path, size, CONFIG_PREFIX "/libexec/hvm", name))
		return 0;
	return err_set(e, -ENOENT, "the program %s is neither in %s nor in %s", name, dir,
		       CONFIG_BINDIR);
}

/* dup2 onto itself makes it outlive the exec in the child alone: no other thread's child has it. */
static int hand_down(posix_spawn_file_actions_t *actions, const struct spawn *s)
{
	int rc = 0;

	for (unsigned i = 0; i < s->n_fds && !rc; i++)
		rc = posix_spawn_file_actions_adddup2(actions, s->fds[i], s->fds[i]);
	return rc;
}

int spawn_start(struct spawn *s, const char *path, pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char parent[16];
	sigset_t none;
	int rc;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	if (!s->outlives) {
		spawn_arg(s, "-parent");
		spawn_arg(s, parent);
	}
	if (s->full)
		return err_set(e, -E2BIG, "too many arguments for %s", path);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = hand_down(&actions, s);
	if (!rc)
		rc = posix_spawn(pid, path, &actions, &attr, s->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? err_errno(e, -rc, "cannot start %s", path) : 0;
}
