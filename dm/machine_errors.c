/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_errors.c: werror= and rerror=: what becomes of requests that the host failed. */
#include "dm/machine_parts.h"

#include "base/log.h"

#include <errno.h>

enum { TOLD_A_SECOND = 10, SECOND = 1000000000 };

/* A guest may read a bad sector as often as it likes; clients of QMP need not hear of each. */
static bool worth_telling(struct machine *m, struct drive *d)
{
	uint64_t now = (uint64_t)clock_now(m->clock) / SECOND;

	if (now != d->told_at)
		d->told = 0;
	d->told_at = now;
	return d->told++ < TOLD_A_SECOND;
}

static void stand_still(struct machine *m, struct drive *d, int rc)
{
	d->error = rc;
	log_warn("drive %s: %s: the machine stands still until `cont`", d->id, strerror(-rc));
	m->want.io_error = true;
	machine_vcpus_hold(m);
	loop_defer(m->loop, &m->want.defer);
}

enum blk_answer machine_drive_failed(void *arg, enum blk_op op, int rc)
{
	struct drive *d = arg;
	struct machine *m = d->owner;
	enum blk_answer a = op == BLK_READ ? d->rerror : d->werror;
	struct machine_event ev = {
		.type = EVENT_BLOCK_IO_ERROR, .device = d->id, .read = op == BLK_READ, .error = rc};

	if (a == BLK_ENOSPC)
		a = rc == -ENOSPC ? BLK_STOP : BLK_REPORT;
	ev.answer = a;
	if (a == BLK_STOP || worth_telling(m, d))
		machine_notify(m, &ev);
	if (a == BLK_STOP)
		stand_still(m, d, rc);
	return a;
}

void machine_drives_retry(struct machine *m)
{
	for (struct drive *d = m->drives; d; d = d->next) {
		d->error = 0;
		if (d->blk)
			blk_retry(d->blk);
	}
}
