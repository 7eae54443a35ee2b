/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/file.c: a host file or block device behind an image: opened by path,
 * inherited ("fd:N") or out of an fd set; plain calls; cache modes.
 *
 * O_DIRECT (cache none, directsync) has a descriptor of its own, for requests
 * aligned to a page. The rest, and what a file system refuses, take the other.
 */
#include "block/impl.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int (*blk_host_open)(const char *name, int flags, unsigned mode, struct err *e);

#define PAGE 4096u

static int open_here(const char *file, int flags)
{
	const char *digits = file + 3;
	char *end;
	long fd;
	int rc;

	if (!strncmp(file, "/dev/fdset/", 11))
		return -ENOENT;
	if (!strncmp(file, "fd:", 3)) {
		fd = strtol(digits, &end, 10);
		if (*end || end == digits || fd < 0 || fd > 1 << 20)
			return -EBADF;
		rc = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
	} else {
		rc = open(file, flags | O_CLOEXEC);
	}
	return rc < 0 ? -errno : rc;
}

static int open_path(const char *file, int flags, struct err *e)
{
	int rc = blk_host_open ? blk_host_open(file, flags, 0, e) : open_here(file, flags);

	return rc < 0 ? err_errno(e, rc, "cannot open %s", file) : rc;
}

static int measure(struct blk_file *f, struct err *e)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_errno(e, -errno, "cannot examine %s", f->name);
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(f->fd, BLKGETSIZE64, &f->bytes) < 0)
			return err_errno(e, -errno, "cannot learn the size of %s", f->name);
		f->device = true;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "%s is neither a file nor a block device", f->name);
	f->bytes = (uint64_t)st.st_size;
	return 0;
}

static const struct cache_mode {
	const char *name;
	bool direct, sync, unsafe;
} cache_modes[] = {
	{"writeback", false, false, false}, {"writethrough", false, true, false},
	{"none", true, false, false},       {"directsync", true, true, false},
	{"unsafe", false, false, true},
};

static int set_cache(struct blk_file *f, const char *name, int flags, struct err *e)
{
	const struct cache_mode *m = NULL;
	struct err why = {""};

	for (size_t i = 0; i < ARRAY_SIZE(cache_modes); i++)
		if (!strcmp(cache_modes[i].name, name ? name : "writeback"))
			m = &cache_modes[i];
	if (!m)
		return err_set(e, -EINVAL,
			       "cache=%s is not one of writeback, writethrough, none, directsync, "
			       "unsafe",
			       name);
	f->cache = m->name;
	f->sync = m->sync;
	f->unsafe = m->unsafe;
	/* Descriptors that were handed over keep the flags they have. */
	if (!m->direct || !strncmp(f->name, "fd:", 3))
		return 0;
	f->direct_fd = open_path(f->name, flags | O_DIRECT, &why);
	if (f->direct_fd == -EINVAL) {
		f->direct_fd = -1;
		log_warn("%s: its file system has no O_DIRECT: cache=%s goes through the host's "
			 "cache",
			 f->name, name);
		return 0;
	}
	return f->direct_fd < 0 ? err_set(e, f->direct_fd, "%s", why.msg) : 0;
}

int blk_file_open(struct blk_file *f, const struct blk_options *o, struct err *e)
{
	int flags = o->readonly ? O_RDONLY : O_RDWR;
	int rc;

	f->direct_fd = -1;
	f->readonly = o->readonly;
	f->name = strdup(o->file);
	if (!f->name)
		return err_set(e, -ENOMEM, "out of memory for %s", o->file);
	rc = f->fd = open_path(o->file, flags, e);
	if (rc < 0)
		return rc;
	if (!o->readonly && (fcntl(f->fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return err_set(e, -EACCES, "%s is a descriptor for reading only", o->file);
	rc = measure(f, e);
	return rc < 0 ? rc : set_cache(f, o->cache, flags, e);
}

void blk_file_close(struct blk_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->direct_fd >= 0)
		close(f->direct_fd);
	free(f->name);
	f->fd = f->direct_fd = -1;
	f->name = NULL;
}

bool blk_file_aligned(uint64_t off, const struct iovec *iov, unsigned n)
{
	uint64_t bits = off;

	for (unsigned i = 0; i < n; i++)
		bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
	return !(bits % PAGE);
}

/* Calls until all is moved. 0, -errno, or 1 for a read that met the end; *done counts bytes. */
static int move(int fd, bool write, uint64_t off, const struct iovec *iov, unsigned n, size_t *done)
{
	struct iovec part = {0};
	ssize_t got;

	for (unsigned i = 0; i < n;) {
		/* The first piece may be begun: alone then, the rest in one call. */
		const struct iovec *v = part.iov_len ? &part : &iov[i];
		int nv = part.iov_len ? 1 : (int)(n - i);

		if (!v->iov_len) {
			i++;
			continue;
		}
		got = write ? pwritev(fd, v, nv, (off_t)(off + *done))
			    : preadv(fd, v, nv, (off_t)(off + *done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : write ? -EIO : 1;
		*done += (size_t)got;
		for (; got && (size_t)got >= v->iov_len; part.iov_len = 0) {
			got -= (ssize_t)v->iov_len;
			i++;
			v = &iov[i];
		}
		if (got) {
			part.iov_base = (char *)v->iov_base + got;
			part.iov_len = v->iov_len - (size_t)got;
		}
	}
	return 0;
}

/* The direct descriptor where it can, else the plain one. */
static int transfer(struct blk_file *f, bool write, uint64_t off, const struct iovec *iov,
		    unsigned n, size_t *done)
{
	int rc;

	if (f->direct_fd >= 0 && blk_file_aligned(off, iov, n)) {
		rc = move(f->direct_fd, write, off, iov, n, done);
		if (rc != -EINVAL)
			return rc;
		*done = 0;
	}
	return move(f->fd, write, off, iov, n, done);
}

static void zero_from(const struct iovec *iov, unsigned n, size_t from)
{
	for (unsigned i = 0; i < n; i++) {
		size_t skip = MIN(from, iov[i].iov_len);

		memset((char *)iov[i].iov_base + skip, 0, iov[i].iov_len - skip);
		from -= skip;
	}
}

int blk_file_read(struct blk_file *f, uint64_t off, const struct iovec *iov, unsigned n)
{
	size_t done = 0;
	int rc = transfer(f, false, off, iov, n, &done);

	if (rc == 1) {
		zero_from(iov, n, done);
		rc = 0;
	}
	return rc;
}

int blk_file_write(struct blk_file *f, uint64_t off, const struct iovec *iov, unsigned n)
{
	size_t done = 0;

	return transfer(f, true, off, iov, n, &done);
}

int blk_file_flush(struct blk_file *f)
{
	if (f->unsafe || f->readonly)
		return 0;
	return fdatasync(f->fd) < 0 ? -errno : 0;
}

/* A hint: a file system without holes keeps its bytes. */
int blk_file_discard(struct blk_file *f, uint64_t off, uint64_t bytes)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int rc = bytes ? fallocate(f->fd, mode, (off_t)off, (off_t)bytes) : 0;

	return rc < 0 && errno != EOPNOTSUPP && errno != ENOSYS && errno != ENODEV ? -errno : 0;
}

int blk_file_fill(struct blk_file *f, uint64_t off, uint64_t bytes)
{
	static const uint8_t zeroes[65536];
	struct iovec iov = {.iov_base = (void *)zeroes};
	int rc = 0;

	while (bytes && !rc) {
		iov.iov_len = MIN(bytes, sizeof(zeroes));
		rc = blk_file_write(f, off, &iov, 1);
		off += iov.iov_len;
		bytes -= iov.iov_len;
	}
	return rc;
}

int blk_file_zero(struct blk_file *f, uint64_t off, uint64_t bytes)
{
	if (!fallocate(f->fd, FALLOC_FL_ZERO_RANGE, (off_t)off, (off_t)bytes))
		return 0;
	return blk_file_fill(f, off, bytes);
}
