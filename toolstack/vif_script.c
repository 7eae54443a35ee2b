/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/vif_script.c: the hotplug script of a network card: where it is, its environment and
 * arguments (libxl 4.17, for the emulated half of a card), its end.
 *
 * Tests: tests/toolstack/vif_script.c
 */
#include "toolstack/vif_script.h"

#include "base/clock.h"
#include "base/util.h"
#include "config.h"
#include "toolstack/vif_up.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTING (PATH_MAX + 20) /* bytes of "NAME=value", at most */

extern char **environ;
const char *vif_script_folder = "/etc/xen/scripts";
int vif_script_ms = VIF_SCRIPT_MS;

/* ---- where it is */

static bool found(char path[PATH_MAX], const char *folder, const char *below, const char *name)
{
	return snprintf(path, PATH_MAX, "%s%s/%s", folder, below, name) < PATH_MAX &&
	       !access(path, X_OK);
}

int vif_script_find(const char *name, char path[PATH_MAX], struct err *e)
{
	char here[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	char *slash;

	name = name ? name : VIF_SCRIPT;
	if (*name == '/') {
		snprintf(path, PATH_MAX, "%s", name);
		return access(path, X_OK) ? err_errno(e, -errno, "script %s", path) : 0;
	}
	here[MAX(n, 0)] = '\0';
	slash = strrchr(here, '/');
	if (slash)
		*slash = '\0';
	if (found(path, vif_script_folder, "", name) ||
	    found(path, here, "/../libexec/hvm", name) ||
	    found(path, here, "/../../toolstack/scripts", name) || /* programs in build/bin */
	    found(path, CONFIG_PREFIX, "/libexec/hvm", name))
		return 0;
	snprintf(path, PATH_MAX, "%s", name);
	return err_set(e, -ENOENT, "no script %s, neither in %s nor in %s", name, vif_script_folder,
		       CONFIG_PREFIX "/libexec/hvm");
}

/* ---- what it is given */

struct settings {
	char text[VIF_SCRIPT_WORDS][SETTING];
	unsigned n;
};

static void set(struct settings *s, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct settings *s, const char *name, const char *fmt, ...)
{
	int at = snprintf(s->text[s->n], SETTING, "%s=", name);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text[s->n++] + at, (size_t)(SETTING - at), fmt, ap);
	va_end(ap);
}

static void make_settings(struct settings *e, const struct vif_script *s)
{
	set(e, "script", "%s", s->path);
	set(e, "XENBUS_TYPE", "vif");
	set(e, "XENBUS_PATH", "backend/vif/%u/%u", s->domid, s->card);
	set(e, "XENBUS_BASE_PATH", "backend");
	set(e, "vif", "vif%u.%u", s->domid, s->card);
	set(e, "INTERFACE", "vif%u.%u-emu", s->domid, s->card);
	set(e, "netdev", "%s", s->gatewaydev ? s->gatewaydev : ""); /* of vif-route */
	if (s->store)
		set(e, "XENSTORED_PATH", "%s", s->store);
	if (s->bridge)
		set(e, "bridge", "%s", s->bridge);
	if (!getenv("PATH"))
		set(e, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

static bool ours(const struct settings *e, const char *word)
{
	size_t n = strcspn(word, "=") + 1;

	for (unsigned i = 0; i < e->n; i++)
		if (!strncmp(e->text[i], word, n))
			return true;
	return false;
}

/* To be freed, with what it was made from still there. */
static char **environment(struct settings *e)
{
	size_t n = 0, at = 0;
	char **all;

	while (environ[n])
		n++;
	all = calloc(n + e->n + 1, sizeof(*all));
	for (size_t i = 0; all && i < n; i++)
		if (!ours(e, environ[i]))
			all[at++] = environ[i];
	for (unsigned i = 0; all && i < e->n; i++)
		all[at++] = e->text[i];
	return all;
}

static int start(const struct vif_script *s, int out, pid_t *pid)
{
	char *argv[] = {(char *)s->path, (char *)s->verb, "type_if=tap", NULL}, **envp;
	struct settings e = {.n = 0};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	make_settings(&e, s);
	envp = environment(&e);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = envp ? posix_spawn(pid, s->path, &actions, &attr, argv, envp) : ENOMEM;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(envp);
	return -rc;
}

/* ---- what it says */

struct heard {
	int log;
	size_t left; /* that may go to the log */
	char line[200], *last;
	size_t n;
};

static void take_byte(struct heard *h, char c)
{
	if (c == '\n') {
		if (h->n)
			snprintf(h->last, sizeof(h->line), "%.*s", (int)h->n, h->line);
		h->n = 0;
	} else if (h->n < sizeof(h->line) - 1) {
		h->line[h->n++] = (char)((uint8_t)c < ' ' || c == 127 ? ' ' : c);
	}
}

/* Never waits: a log may be a pipe that is read by who waits for the script. */
static void log_some(struct heard *h, const char *text, size_t n)
{
	struct pollfd p = {.fd = h->log, .events = POLLOUT};

	n = MIN(n, h->left);
	if (n && poll(&p, 1, 0) == 1 && (!(p.revents & POLLOUT) || write(h->log, text, n) < 0))
		h->log = -1;
	h->left -= n;
}

/* false: no more now. */
static bool take_some(struct heard *h, int fd)
{
	char buf[1024];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return false;
	log_some(h, buf, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		take_byte(h, buf[i]);
	return true;
}

/* ---- its end */

/* What it has started may hold the pipe for ever: its own end counts. false: not in time. */
static bool hear_to_end(struct heard *h, int out, int process)
{
	struct pollfd p[] = {{process, POLLIN, 0}, {out, POLLIN, 0}};
	int64_t until = clock_host_ms() + vif_script_ms;

	while (!p[0].revents) {
		int64_t left = until - clock_host_ms();

		if (left <= 0)
			return false;
		if (poll(p, 2, (int)left) < 0)
			p[0].revents = p[1].revents = 0;
		if (p[1].revents && !take_some(h, out))
			p[1].fd = -1;
	}
	for (unsigned i = 0; i < VIF_SCRIPT_SAYS / 1024 && take_some(h, out); i++)
		;
	take_byte(h, '\n');
	return true;
}

static int judge(const struct vif_script *s, int status, const char *last, struct err *e)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return err_set(e, -EIO, "script %s %s ended with %s %d%s%s", s->path, s->verb,
		       WIFEXITED(status) ? "status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
		       *last ? ": " : "", last);
}

static int run(const struct vif_script *s, const int pipe[2], char last[200], struct err *e)
{
	struct heard h = {.log = s->log, .left = VIF_SCRIPT_SAYS, .last = last};
	int process, status = 0, rc;
	bool in_time;
	pid_t pid;

	rc = start(s, pipe[1], &pid);
	if (rc)
		return err_errno(e, rc, "script %s", s->path);
	process = (int)syscall(SYS_pidfd_open, pid, 0);
	in_time = process >= 0 && hear_to_end(&h, pipe[0], process);
	if (!in_time)
		kill(-pid, SIGKILL);
	close(process);
	while ((rc = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (!in_time)
		return err_set(e, -EIO, "script %s %s did not end within %d s", s->path, s->verb,
			       vif_script_ms / 1000);
	return rc < 0 ? err_set(e, -EIO, "script %s: its end was lost", s->path)
		      : judge(s, status, last, e);
}

int vif_script_run(const struct vif_script *s, char last[200], struct err *e)
{
	int fds[2], rc;

	*last = '\0';
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(e, -errno, "no pipe");
	/* The script's end of it may wait. */
	fcntl(fds[1], F_SETFL, 0);
	rc = run(s, fds, last, e);
	close(fds[0]);
	close(fds[1]);
	return rc;
}
