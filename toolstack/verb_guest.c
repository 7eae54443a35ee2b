/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_guest.c: verbs about a guest's life.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "toolstack/control.h"
#include "toolstack/rundir.h"
#include "toolstack/sweep.h"

static int find(const struct verb_call *c, unsigned *domid, struct err *e)
{
	sweep();
	return rundir_find(c->args[0], domid, e);
}

static int destroy(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = find(c, &domid, e);
	json_t *done = rc ? NULL : control_do(domid, "destroy", e);

	json_decref(done);
	return rc ? rc : done ? 0 : -1;
}

/* clang-format off */
const struct verb verb_guest_verbs[] = {
	{"destroy", "DOMAIN", "End a guest at once.", 1, 1, NULL, destroy},
	{0},
};
/* clang-format on */
