/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/lock.c: one writer or many readers per image, by OFD locks.
 *
 * The bytes are those QEMU uses (100 + permission held, 200 + permission that
 * others may not have), so that it and we refuse each other's images too:
 * a reader holds "reads" (100) and "nobody writes" (201) and "nobody resizes"
 * (203); a writer holds all of both groups.
 */
#include "block/impl.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct span {
	short type;
	off_t start, len;
} reader[] = {{F_RDLCK, 100, 1}, {F_RDLCK, 201, 1}, {F_RDLCK, 203, 1}},
  writer[] = {{F_WRLCK, 100, 4}, {F_WRLCK, 200, 4}};

/* Does this fdinfo file show a lock on that inode? */
static bool shows_lock(int dir, const char *name, const char *inode)
{
	char line[256];
	bool found = false;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "lock:", 5) && strstr(line, "OFDLCK") && strstr(line, inode);
	fclose(f);
	return found;
}

static bool holds(const char *pid, const char *inode)
{
	char path[300];
	bool found = false;
	struct dirent *ent;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	while (dir && !found && (ent = readdir(dir)))
		found = ent->d_name[0] != '.' && shows_lock(dirfd(dir), ent->d_name, inode);
	if (dir)
		closedir(dir);
	return found;
}

/* F_OFD_GETLK and /proc/locks know no holder of an OFD lock; its descriptors' fdinfo does. */
static long find_holder(int fd)
{
	char inode[64];
	struct dirent *ent;
	struct stat st;
	long pid = 0;
	DIR *proc;

	if (fstat(fd, &st) < 0 || !(proc = opendir("/proc")))
		return 0;
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)st.st_ino);
	while (!pid && (ent = readdir(proc)))
		if (ent->d_name[0] >= '0' && ent->d_name[0] <= '9' && holds(ent->d_name, inode))
			pid = strtol(ent->d_name, NULL, 10);
	closedir(proc);
	return pid;
}

static int conflict(const struct blk_file *f, struct err *e)
{
	long pid = find_holder(f->fd);
	const char *what = f->readonly ? "is being written" : "is in use";

	if (pid == getpid())
		return err_set(e, -EAGAIN, "%s %s by another drive of this guest", f->name, what);
	if (pid)
		return err_set(e, -EAGAIN, "%s %s by process %ld: stop it first", f->name, what,
			       pid);
	return err_set(e, -EAGAIN, "%s %s by another process", f->name, what);
}

int blk_file_lock(struct blk_file *f, struct err *e)
{
	const struct span *s = f->readonly ? reader : writer;
	size_t n = f->readonly ? ARRAY_SIZE(reader) : ARRAY_SIZE(writer);

	for (size_t i = 0; i < n; i++) {
		struct flock fl = {.l_type = s[i].type,
				   .l_whence = SEEK_SET,
				   .l_start = s[i].start,
				   .l_len = s[i].len};

		if (!fcntl(f->fd, F_OFD_SETLK, &fl))
			continue;
		if (errno == EAGAIN || errno == EACCES)
			return conflict(f, e);
		log_warn("%s cannot be locked: %s", f->name, strerror(errno));
		return 0;
	}
	return 0;
}
