/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/host.h: every host file of the device model is opened here, and the
 * descriptors that a monitor or the command line handed over are kept here.
 */
#ifndef DM_HOST_H
#define DM_HOST_H
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * path: a file, "fd:N" (inherited; duplicated), "/dev/fdset/N" (the member whose access mode
 * fits; duplicated). flags, mode as open(2); O_CLOEXEC is added. -errno and a sentence.
 */
int host_open(const char *path, int flags, unsigned mode, struct err *e);
/* From now on this process opens no files itself: the broker does, if there is one. */
void host_jailed(void);

/* fd sets: add-fd, remove-fd, query-fdsets, -add-fd. */
struct host_fd {
	int fd;
	char *opaque; /* NULL = none */
	struct host_fd *next;
};
struct host_fdset {
	int64_t id;
	struct host_fd *fds;
	struct host_fdset *next;
};
/* Takes fd over (also on failure). *set -1: a new set, its id comes back. */
int host_fdset_add(int fd, int64_t *set, const char *opaque, struct err *e);
/* The same with a duplicate: fd stays the caller's (-add-fd, whose fd others may name too). */
int host_fdset_adopt(int fd, int64_t *set, const char *opaque, struct err *e);
/* fd -1: the whole set. Files opened from it stay open. */
int host_fdset_remove(int64_t set, int fd, struct err *e);
const struct host_fdset *host_fdset_first(void); /* by id */

/* Named descriptors: getfd, closefd. put takes fd over; the same name again replaces it. */
int host_fd_put(const char *name, int fd, struct err *e);
int host_fd_take(const char *name); /* the caller owns it; -1 = no such name */
int host_fd_close(const char *name, struct err *e);

void host_free(void); /* closes all of them */
#endif
