/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/host.h"

#include "base/util.h"
#include "proc/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct named_fd {
	char *name;
	int fd;
	struct named_fd *next;
};
static struct host_fdset *fdsets;
static struct named_fd *named;
static bool jailed;

/* ---- opening */

/* The number after `prefix` in path, -1 when path is something else. */
static int64_t number_after(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);
	char *end;
	long long v;

	if (strncmp(path, prefix, n) || path[n] < '0' || path[n] > '9')
		return -1;
	errno = 0;
	v = strtoll(path + n, &end, 10);
	return errno || *end ? -1 : v;
}

static int duplicate(int fd, const char *path, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy >= 0 ? copy : err_errno(e, -errno, "cannot use %s", path);
}

static struct host_fdset *find_set(int64_t id)
{
	struct host_fdset *s = fdsets;

	while (s && s->id != id)
		s = s->next;
	return s;
}

/* The member opened as the caller wants it; as QEMU, the access modes must be the same. */
static int open_from_set(int64_t id, const char *path, int flags, struct err *e)
{
	struct host_fdset *s = find_set(id);

	if (!s)
		return err_set(e, -ENOENT, "%s: there is no such descriptor set (add-fd makes one)",
			       path);
	for (struct host_fd *f = s->fds; f; f = f->next) {
		int have = fcntl(f->fd, F_GETFL);

		if (have >= 0 && (have & O_ACCMODE) == (flags & O_ACCMODE))
			return duplicate(f->fd, path, e);
	}
	return err_set(e, -EACCES, "%s: no descriptor in the set is open for %s", path,
		       (flags & O_ACCMODE) == O_RDONLY ? "reading only" : "reading and writing");
}

void host_jailed(void)
{
	jailed = true;
}

static int open_file(const char *path, int flags, unsigned mode, struct err *e)
{
	int fd;

	if (jailed && broker_attached())
		return broker_open(path, flags, mode, e);
	if (jailed)
		return err_set(e, -EPERM,
			       "cannot open %s: a jailed hvm-dm opens no files and has no broker",
			       path);
	fd = open(path, flags | O_CLOEXEC, mode);
	return fd >= 0 ? fd : err_errno(e, -errno, "cannot open %s", path);
}

int host_open(const char *path, int flags, unsigned mode, struct err *e)
{
	int64_t n;

	if ((n = number_after(path, "/dev/fdset/")) >= 0)
		return open_from_set(n, path, flags, e);
	if ((n = number_after(path, "fd:")) >= 0 && n <= INT32_MAX)
		return duplicate((int)n, path, e);
	return open_file(path, flags, mode, e);
}

/* ---- sets */

static int64_t free_id(void)
{
	int64_t id = 0;

	/* sorted: the first gap */
	for (struct host_fdset *s = fdsets; s && s->id == id; s = s->next)
		id++;
	return id;
}

static struct host_fdset *make_set(int64_t id)
{
	struct host_fdset *s = calloc(1, sizeof(*s)), **at = &fdsets;

	if (!s)
		return NULL;
	while (*at && (*at)->id < id)
		at = &(*at)->next;
	s->id = id;
	s->next = *at;
	*at = s;
	return s;
}

int host_fdset_add(int fd, int64_t *set, const char *opaque, struct err *e)
{
	int64_t id = *set < 0 ? free_id() : *set;
	struct host_fdset *s = find_set(id);
	struct host_fd *f = calloc(1, sizeof(*f)), **at;
	char *text = opaque ? strdup(opaque) : NULL;

	if (!s && f && (text || !opaque))
		s = make_set(id);
	if (!s || !f || (opaque && !text)) {
		free(f);
		free(text);
		close(fd);
		return err_set(e, -ENOMEM, "out of memory");
	}
	*f = (struct host_fd){.fd = fd, .opaque = text};
	for (at = &s->fds; *at; at = &(*at)->next)
		;
	*at = f;
	*set = id;
	return 0;
}

int host_fdset_adopt(int fd, int64_t *set, const char *opaque, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return err_errno(e, -errno, "descriptor %d cannot be put in a set", fd);
	return host_fdset_add(copy, set, opaque, e);
}

static void free_fd(struct host_fd *f)
{
	close(f->fd);
	free(f->opaque);
	free(f);
}

int host_fdset_remove(int64_t set, int fd, struct err *e)
{
	struct host_fdset **s = &fdsets, *gone;
	bool found = false;

	while (*s && (*s)->id != set)
		s = &(*s)->next;
	if (!*s)
		return err_set(e, -ENOENT, "File descriptor named 'fdset-id:%lld' not found",
			       (long long)set);
	for (struct host_fd **f = &(*s)->fds; *f;) {
		struct host_fd *x = *f;

		if (fd >= 0 && x->fd != fd) {
			f = &x->next;
			continue;
		}
		*f = x->next;
		free_fd(x);
		found = true;
	}
	if (!(*s)->fds) {
		gone = *s;
		*s = gone->next;
		free(gone);
	}
	if (!found && fd >= 0)
		return err_set(e, -ENOENT, "File descriptor named 'fdset-id:%lld, fd:%d' not found",
			       (long long)set, fd);
	return 0;
}

const struct host_fdset *host_fdset_first(void)
{
	return fdsets;
}

/* ---- names */

static struct named_fd **find_named(const char *name)
{
	struct named_fd **n = &named;

	while (*n && strcmp((*n)->name, name))
		n = &(*n)->next;
	return n;
}

int host_fd_put(const char *name, int fd, struct err *e)
{
	struct named_fd *n = *find_named(name);

	if (n) {
		close(n->fd);
		n->fd = fd;
		return 0;
	}
	n = calloc(1, sizeof(*n));
	if (n)
		n->name = strdup(name);
	if (!n || !n->name) {
		free(n);
		close(fd);
		return err_set(e, -ENOMEM, "out of memory");
	}
	n->fd = fd;
	n->next = named;
	named = n;
	return 0;
}

int host_fd_take(const char *name)
{
	struct named_fd **at = find_named(name), *n = *at;
	int fd;

	if (!n)
		return -1;
	fd = n->fd;
	*at = n->next;
	free(n->name);
	free(n);
	return fd;
}

int host_fd_close(const char *name, struct err *e)
{
	int fd = host_fd_take(name);

	if (fd < 0)
		return err_set(e, -ENOENT, "File descriptor named '%s' not found", name);
	close(fd);
	return 0;
}

void host_free(void)
{
	while (fdsets)
		host_fdset_remove(fdsets->id, -1, NULL);
	while (named)
		host_fd_close(named->name, NULL);
}
