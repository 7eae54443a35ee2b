/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_vnc.c: -vnc: the console on a port. */
#include "dm/machine_parts.h"

#include "ui/display.h"
#include "ui/vnc.h"

#include <errno.h>

static int parse(struct vnc_config *c, const struct opts *o, struct err *e)
{
	static const char *const keys[] = {"address", "password", "to", "share", "noauth", NULL};
	const char *share = opts_get(o, "share");
	uint64_t to = 0;
	int rc = opts_only(o, keys, "-vnc", e);

	c->address = opts_get(o, "address");
	if (!rc && !c->address)
		rc = err_set(e, -EINVAL, "-vnc: wants HOST:N, :N, unix:PATH or none");
	if (!rc && share && strcmp(share, "ignore") && strcmp(share, "force-shared") &&
	    strcmp(share, "allow-exclusive"))
		rc = err_set(e, -EINVAL,
			     "-vnc: share=%s: want allow-exclusive, force-shared or ignore", share);
	if (!rc)
		rc = opts_bool(o, "password", &c->password, "-vnc", e);
	if (!rc)
		rc = opts_bool(o, "noauth", &c->open, "-vnc", e);
	if (!rc)
		rc = opts_number(o, "to", 59635, &to, "-vnc", e);
	c->to = (unsigned)to;
	return rc;
}

/* A machine without an adapter has an empty screen, as a monitor without a cable. */
static struct display *screen(struct machine *m, struct err *e)
{
	if (m->displays)
		return m->displays->display;
	m->no_display = display_new("none", e);
	return m->no_display;
}

int machine_vnc_open(struct machine *m, struct err *e)
{
	struct vnc_config c = {0};
	struct opts o;
	struct display *d;
	int rc;

	if (!m->cfg->vnc || !strcmp(m->cfg->vnc, "none"))
		return 0;
	rc = opts_parse(&o, m->cfg->vnc, "address", e);
	if (rc)
		return rc;
	rc = parse(&c, &o, e);
	if (!rc) {
		d = screen(m, e);
		m->vnc = d ? vnc_open(&c, d, m->input, m->loop, e) : NULL;
		rc = m->vnc ? 0 : -EIO;
		if (rc)
			err_prefix(e, "-vnc");
	}
	opts_free(&o);
	return rc;
}

void machine_vnc_close(struct machine *m)
{
	vnc_close(m->vnc);
	m->vnc = NULL;
	display_free(m->no_display);
	m->no_display = NULL;
}
