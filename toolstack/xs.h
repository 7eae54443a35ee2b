/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/xs.h: a client of a xenstore, ours or another: one request at a time, each answered
 * within XS_MS or given up.
 *
 * What returns int is 0 or -errno and a sentence: what the store says (-ENOENT, …), or -EPIPE for a
 * store that has gone or did not answer. After an -EPIPE all that follows is -EPIPE: close it and
 * open another. Values are texts; one with a NUL in it is read up to there.
 *
 * Spec: the public header xen/io/xs_wire.h and Xen's docs/misc/xenstore.txt.
 */
#ifndef TOOLSTACK_XS_H
#define TOOLSTACK_XS_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define XS_MS   5000 /* for a connection, and for an answer */
#define XS_TEXT 4097 /* of a value, path or list with its NULs, at most */

extern int xs_ms; /* XS_MS; tests have less patience */

struct xs;
struct xs *xs_open(const char *path, struct err *e); /* NULL and a sentence */
void xs_close(struct xs *x);                         /* NULL is fine */
const char *xs_path(const struct xs *x);             /* for $XENSTORED_PATH of others */

int xs_read(struct xs *x, const char *path, char value[XS_TEXT], struct err *e);
int xs_write(struct xs *x, const char *path, const char *value, struct err *e);
int xs_mkdir(struct xs *x, const char *path, struct err *e); /* one that is there is fine */
int xs_rm(struct xs *x, const char *path, struct err *e);    /* one that is not, too */
/* With all above it that has no other child: what went before it was made. */
int xs_rm_up(struct xs *x, const char *path, struct err *e);
/* The names, each with its NUL, and an empty one behind the last. */
int xs_list(struct xs *x, const char *path, char names[XS_TEXT], struct err *e);
/* perms: "n0,r7": the first names the owner and what all others may. */
int xs_perms(struct xs *x, const char *path, const char *perms, struct err *e);

/* Each watch begins with an event of its own. */
int xs_watch(struct xs *x, const char *path, const char *token, struct err *e);
int xs_unwatch(struct xs *x, const char *path, const char *token, struct err *e);
/* For an event loop: readable when xs_event has something to say. */
int xs_fd(const struct xs *x);
/* 1: an event, of the path that changed and the watch's token; 0: none now; -EPIPE: the store has
 * gone. Never waits. Call it until it has none, and once after requests: events that came in
 * between are kept here, not in the descriptor. */
int xs_event(struct xs *x, char path[XS_TEXT], char token[XS_TEXT]);
#endif
