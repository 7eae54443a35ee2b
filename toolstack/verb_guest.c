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

#include <errno.h>

static int find(const struct verb_call *c, unsigned *domid, struct err *e)
{
	sweep();
	return rundir_find(c->args[0], domid, e);
}

static int destroy(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = find(c, &domid, e);

	if (!rc)
		json_decref(control_call(domid, json_pack("{ss}", "do", "destroy"), NULL, 0, 60000,
					 &rc, e));
	if (rc == -ESRCH)
		err_clear(e); /* it was faster */
	return rc == -ESRCH ? 0 : rc;
}

/* clang-format off */
const struct verb verb_guest_verbs[] = {
	{"destroy", "DOMAIN", "End a guest at once.", 1, 1, NULL, destroy},
	{0},
};
/* clang-format on */
