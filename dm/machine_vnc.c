/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_vnc.c: -vnc: the console on a port. */
#include "dm/machine_parts.h"

#include "base/util.h"
#include "ui/display.h"
#include "ui/vnc.h"

#include <errno.h>

static int parse_share(struct vnc_config *c, const char *share, struct err *e)
{
	static const char *const names[] = {[VNC_ALLOW_EXCLUSIVE] = "allow-exclusive",
					    [VNC_FORCE_SHARED] = "force-shared",
					    [VNC_IGNORE] = "ignore"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!share || !strcmp(share, names[i])) {
			c->share = i;
			return 0;
		}
	return err_set(e, -EINVAL, "-vnc: share=%s: want allow-exclusive, force-shared or ignore",
		       share);
}

static int parse(struct vnc_config *c, const struct opts *o, struct err *e)
{
	static const char *const keys[] = {"address", "password",  "to", "share",
					   "noauth",  "websocket", NULL};
	uint64_t to = 0;
	int rc = opts_only(o, keys, "-vnc", e);

	c->address = opts_get(o, "address");
	c->websocket = opts_get(o, "websocket");
	if (c->websocket && !strcmp(c->websocket, "off"))
		c->websocket = NULL;
	if (!rc && !c->address)
		rc = err_set(e, -EINVAL, "-vnc: wants HOST:N, :N, unix:PATH or none");
	if (!rc)
		rc = parse_share(c, opts_get(o, "share"), e);
	if (!rc)
		rc = opts_bool(o, "password", &c->password, "-vnc", e);
	if (!rc)
		rc = opts_bool(o, "noauth", &c->open, "-vnc", e);
	if (!rc)
		rc = opts_number(o, "to", 59635, &to, "-vnc", e);
	c->to = (unsigned)to;
	return rc;
}

static void happened(void *arg, enum vnc_event ev, const struct vnc_peer *peer)
{
	static const enum machine_event_type types[] = {[VNC_CONNECTED] = EVENT_VNC_CONNECTED,
							[VNC_INITIALIZED] = EVENT_VNC_INITIALIZED,
							[VNC_DISCONNECTED] =
								EVENT_VNC_DISCONNECTED};
	const struct machine_event event = {.type = types[ev], .viewer = peer};

	machine_notify(arg, &event);
}

int machine_vnc_open(struct machine *m, const char *text, struct err *e)
{
	struct vnc_config c = {.layout = m->cfg->keymap, .event = happened, .arg = m};
	struct opts o;
	struct display *d;
	int rc;

	if (!text || !strcmp(text, "none"))
		return 0;
	rc = opts_parse(&o, text, "address", e);
	if (rc)
		return rc;
	rc = parse(&c, &o, e);
	if (!rc) {
		d = machine_screen(m, e);
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
}
