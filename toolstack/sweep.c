/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/sweep.c: see sweep.h. A killed supervisor's processes have ended with it.
 *
 * Tests: tests/toolstack/kill.sh
 */
#include "toolstack/sweep.h"

#include "toolstack/publish.h"
#include "toolstack/rundir.h"
#include "toolstack/vif_up.h"

#include <stdlib.h>
#include <unistd.h>

/* A store that has ended too has no nodes left. */
static void sweep_store(unsigned domid)
{
	char path[RUNDIR_PATH];
	struct xs *x = rundir_path(path, "store/socket", NULL) ? NULL : xs_open(path, NULL);

	if (x) {
		vif_sweep(x, domid, -1);
		publish_remove(x, domid, NULL);
	}
	xs_close(x);
}

static void sweep_guest(unsigned domid)
{
	int lock;

	if (!rundir_is_dead(domid, &lock))
		return;
	sweep_store(domid);
	rundir_remove(domid);
	if (lock >= 0)
		close(lock);
}

void sweep(void)
{
	int all = rundir_lock(NULL);
	unsigned *ids = NULL;
	int n = all < 0 ? 0 : rundir_list(&ids, NULL);

	for (int i = 0; i < n; i++)
		sweep_guest(ids[i]);
	free(ids);
	if (all >= 0)
		close(all);
}
