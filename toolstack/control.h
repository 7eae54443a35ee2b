/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/control.h: what `hvm` asks a guest's supervisor, on the socket "control" of the guest's
 * folder: one packet with a JSON object {"do": NAME, …}, with descriptors beside it where NAME
 * wants them, and one packet back: {"return": VALUE} or {"error": SENTENCE}. The names are in
 * supervisor/sup_control.c.
 */
#ifndef TOOLSTACK_CONTROL_H
#define TOOLSTACK_CONTROL_H
#include "base/err.h"

#include <jansson.h>

#define CONTROL_MAX 131072 /* bytes of a packet */
#define CONTROL_FDS 4
#define CONTROL_MS  60000 /* how long an answer may take, as a rule */

/* Takes request over. NULL and a sentence: nobody there (-ESRCH in *rc), no answer in time, or what
 * the supervisor says is wrong. timeout_ms < 0: as long as it takes. rc may be NULL. */
json_t *control_call(unsigned domid, json_t *request, const int *fds, unsigned n, int timeout_ms,
		     int *rc, struct err *e);
/* The same for {"do": NAME}, CONTROL_MS at most. */
json_t *control_do(unsigned domid, const char *name, struct err *e);
/* For a command of hvm-dm's QMP and its arguments, NULL or taken over. */
json_t *control_qmp(unsigned domid, const char *command, json_t *arguments, struct err *e);
#endif
