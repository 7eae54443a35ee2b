/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/rundir.c: see rundir.h.
 *
 * Tests: tests/toolstack/rundir.c
 */
#include "toolstack/rundir.h"

#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where ---- */

/* XENSTORED_PATH and the sockets below must fit a sockaddr_un. */
static int join(char path[RUNDIR_PATH], const char *dir, const char *file, struct err *e)
{
	const char *slash = *file ? "/" : "";
	int n = snprintf(path, RUNDIR_PATH, "%s%s%s", dir, slash, file);

	if (n < 100)
		return 0;
	*path = 0;
	return err_set(e, -ENAMETOOLONG, "%s is too long for a folder with sockets in it", dir);
}

/* The user's own and nobody else's: other people must not plant a socket here. */
static int make_folder(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(e, -errno, "cannot make %s", path);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(e, -EPERM, "%s is not a folder of yours", path);
	if (st.st_mode & 077 && chmod(path, 0700) < 0)
		return err_errno(e, -errno, "cannot close %s to others", path);
	return 0;
}

static int all_guests(char path[RUNDIR_PATH], struct err *e)
{
	const char *dir = getenv("HVM_RUN_DIR"), *user = getenv("XDG_RUNTIME_DIR");
	int rc;

	if (dir && *dir)
		rc = join(path, dir, "", e);
	else if (!geteuid())
		rc = join(path, "/run/hvm", "", e);
	else if (user && *user)
		rc = join(path, user, "hvm", e);
	else
		rc = err_set(e, -ENOENT,
			     "no folder for running guests: set HVM_RUN_DIR or XDG_RUNTIME_DIR");
	return rc ? rc : make_folder(path, e);
}

int rundir_path(char path[RUNDIR_PATH], const char *file, struct err *e)
{
	char dir[RUNDIR_PATH];
	int rc = all_guests(dir, e);

	*path = 0;
	return rc ? rc : join(path, dir, file, e);
}

int rundir_guest_path(char path[RUNDIR_PATH], unsigned domid, const char *file, struct err *e)
{
	char name[RUNDIR_PATH];

	snprintf(name, sizeof(name), "%u%s%s", domid, *file ? "/" : "", file);
	return rundir_path(path, name, e);
}

int rundir_log_path(char path[RUNDIR_PATH], const char *name, struct err *e)
{
	const char *own = getenv("HVM_LOG_DIR"), *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char dir[RUNDIR_PATH], *slash;
	int n, rc;

	if (own && *own)
		snprintf(dir, sizeof(dir), "%s", own);
	else if (!geteuid())
		snprintf(dir, sizeof(dir), "/var/log/hvm");
	else if (state && *state)
		snprintf(dir, sizeof(dir), "%s/hvm", state);
	else
		snprintf(dir, sizeof(dir), "%s/.local/state/hvm", home ? home : "");
	n = snprintf(path, RUNDIR_PATH, "%s/%s.log", dir, name);
	if (n >= RUNDIR_PATH)
		return err_set(e, -ENAMETOOLONG, "%s is too long", dir);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		rc = mkdir(path, strlen(path) < strlen(dir) ? 0755 : 0700);
		if (rc < 0 && errno != EEXIST && errno != EROFS)
			return err_errno(e, -errno, "cannot make %s", path);
		*slash = '/';
	}
	return 0;
}

/* ---- small files ---- */

static int write_text(const char *path, const char *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (n != (ssize_t)strlen(text)) /* a part of it: the disk is full */
		rc = err_errno(e, n < 0 ? -errno : -ENOSPC, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[MAX(n, 0)] = 0;
	return n < 0 ? -ENOENT : 0;
}

static int lock_file(const char *path, int how, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, -errno, "cannot open %s", path);
	while (flock(fd, how) < 0)
		if (errno != EINTR) {
			int rc = err_errno(e, -errno, "cannot lock %s", path);

			close(fd);
			return rc;
		}
	return fd;
}

int rundir_lock(struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_path(path, "lock", e);

	return rc ? rc : lock_file(path, LOCK_EX, e);
}

/* ---- guests ---- */

static int ascending(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* 0: no domain's name. */
static unsigned domid_of(const char *name)
{
	size_t n = strspn(name, "0123456789");
	unsigned long id = strtoul(name, NULL, 10);

	return !name[n] && n && n < 6 && *name != '0' && id <= DOMID_MAX ? (unsigned)id : 0;
}

int rundir_list(unsigned **ids, struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_path(path, "", e), n = 0;
	DIR *d = rc ? NULL : opendir(path);
	struct dirent *f;

	*ids = NULL;
	if (!d)
		return rc ? rc : err_errno(e, -errno, "cannot read %s", path);
	while ((f = readdir(d))) {
		unsigned id = domid_of(f->d_name), *more;
		struct stat st;

		/* A link would have files elsewhere swept away. */
		if (!id || fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		more = realloc(*ids, ((size_t)n + 1) * sizeof(**ids));
		if (!more)
			break;
		*ids = more;
		more[n++] = id;
	}
	closedir(d);
	if (n)
		qsort(*ids, (size_t)n, sizeof(**ids), ascending);
	return n;
}

int rundir_name(unsigned domid, char name[RUNDIR_NAME])
{
	char path[RUNDIR_PATH];
	int rc = rundir_guest_path(path, domid, "name", NULL);

	return rc ? rc : read_text(path, name, RUNDIR_NAME);
}

/* 0: nobody has it. */
static unsigned id_of_name(const char *name, struct err *e)
{
	char other[RUNDIR_NAME];
	unsigned *ids, found = 0;
	int n = rundir_list(&ids, e);

	for (int i = 0; i < n && !found; i++)
		if (!rundir_name(ids[i], other) && !strcmp(name, other))
			found = ids[i];
	free(ids);
	return found;
}

int rundir_find(const char *who, unsigned *domid, struct err *e)
{
	char name[RUNDIR_NAME];

	*domid = domid_of(who);
	if (!*domid || rundir_name(*domid, name))
		*domid = id_of_name(who, e);
	return *domid ? 0 : err_set(e, -ENOENT, "no guest is called %s", who);
}

static int taken(const char *name, unsigned but, struct err *e)
{
	unsigned id = id_of_name(name, e);

	return !id || id == but
		       ? 0
		       : err_set(e, -EEXIST, "a guest called %s is there already: %u", name, id);
}

/* The one after the last that was given away, so that an id does not come back soon. */
static unsigned next_id(const char *last)
{
	char text[16], path[RUNDIR_PATH];
	unsigned id = read_text(last, text, sizeof(text)) ? 0 : domid_of(text);

	for (unsigned i = 0; i < DOMID_MAX; i++) {
		id = id % DOMID_MAX + 1;
		if (rundir_guest_path(path, id, "", NULL) || access(path, F_OK) < 0)
			return id;
	}
	return 0;
}

static int fill_folder(unsigned domid, const char *name, int *lock, struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_guest_path(path, domid, "", e);

	if (!rc)
		rc = make_folder(path, e);
	if (!rc)
		rc = rundir_guest_path(path, domid, "lock", e);
	if (!rc)
		rc = *lock = lock_file(path, LOCK_EX | LOCK_NB, e);
	return rc < 0 ? rc : rundir_rename(domid, name, e);
}

int rundir_new(const char *name, unsigned *domid, int *lock, struct err *e)
{
	char last[RUNDIR_PATH], text[16];
	int rc = rundir_path(last, "last", e);

	*lock = -1;
	if (!rc)
		rc = taken(name, 0, e);
	if (rc)
		return rc;
	*domid = next_id(last);
	if (!*domid)
		return err_set(e, -ENOSPC, "there are %u guests, no id is left", DOMID_MAX);
	snprintf(text, sizeof(text), "%u", *domid);
	rc = write_text(last, text, e);
	if (!rc)
		rc = fill_folder(*domid, name, lock, e);
	if (rc) {
		if (*lock >= 0)
			close(*lock);
		rundir_remove(*domid);
	}
	return rc;
}

int rundir_rename(unsigned domid, const char *name, struct err *e)
{
	char path[RUNDIR_PATH], fresh[RUNDIR_PATH];
	int rc = taken(name, domid, e);

	if (!rc)
		rc = rundir_guest_path(path, domid, "name", e);
	if (!rc)
		rc = rundir_guest_path(fresh, domid, "name.new", e);
	if (!rc)
		rc = write_text(fresh, name, e);
	if (!rc && rename(fresh, path) < 0)
		rc = err_errno(e, -errno, "cannot write %s", path);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	remove(path);
	return 0;
}

/* The name goes first: whoever looks meanwhile finds no guest rather than half of one. */
void rundir_remove(unsigned domid)
{
	char path[RUNDIR_PATH];

	if (!rundir_guest_path(path, domid, "name", NULL))
		unlink(path);
	if (!rundir_guest_path(path, domid, "", NULL))
		nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool rundir_is_dead(unsigned domid, int *lock)
{
	char path[RUNDIR_PATH];
	struct stat st;

	*lock = -1;
	if (rundir_guest_path(path, domid, "lock", NULL))
		return false;
	*lock = open(path, O_RDWR | O_CLOEXEC);
	/* A folder without a lock: its creator holds rundir_lock, or was killed there. */
	if (*lock < 0)
		return errno == ENOENT;
	/* Without a name any more it is of a guest that has just been removed. */
	if (!flock(*lock, LOCK_EX | LOCK_NB) && !fstat(*lock, &st) && st.st_nlink)
		return true;
	close(*lock);
	*lock = -1;
	return false;
}
