/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_vnc.c: what -vnc serves, to whom, and its password. */
#include "dm/qmp.h"

#include "ui/vnc.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* ---- who is there */

static json_t *end(const char *host, const char *service, const char *family, bool websocket)
{
	return json_pack("{s:o, s:o, s:s, s:b}", "host", qmp_text(host), "service",
			 qmp_text(service), "family", family, "websocket", websocket);
}

static json_t *client(const struct vnc_info *i, const struct vnc_peer *p)
{
	const char *colon = strrchr(p->address, ':');
	char host[128];

	snprintf(host, sizeof(host), "%.*s",
		 (int)(colon ? colon - p->address : (ptrdiff_t)strlen(p->address)), p->address);
	return end(host, colon ? colon + 1 : "", p->websocket ? i->websocket.family : i->family,
		   p->websocket);
}

static json_t *clients(const struct vnc *v, const struct vnc_info *i)
{
	json_t *list = json_array();
	struct vnc_peer p;

	for (unsigned n = 0; vnc_get_peer(v, n, &p); n++)
		json_array_append_new(list, client(i, &p));
	return list;
}

static const char *auth(const struct vnc_info *i)
{
	return i->password ? "vnc" : "none";
}

static json_t *server(const struct vnc_info *i, bool websocket)
{
	json_t *v =
		websocket ? end(i->websocket.host, i->websocket.service, i->websocket.family, true)
			  : end(i->host, i->service, i->family, false);

	json_object_set_new(v, "auth", json_string(auth(i)));
	return v;
}

static int query_vnc(struct qmp_call *c)
{
	struct vnc_info i;

	if (!c->m->vnc) {
		c->ret = json_pack("{s:b}", "enabled", 0);
		return 0;
	}
	vnc_get_info(c->m->vnc, &i);
	c->ret = json_pack("{s:b, s:o, s:o, s:s, s:s, s:o}", "enabled", 1, "host", qmp_text(i.host),
			   "service", qmp_text(i.service), "family", i.family, "auth", auth(&i),
			   "clients", clients(c->m->vnc, &i));
	return 0;
}

static int query_vnc_servers(struct qmp_call *c)
{
	struct vnc_info i;
	json_t *list;

	c->ret = json_array();
	if (!c->m->vnc)
		return 0;
	vnc_get_info(c->m->vnc, &i);
	list = json_pack("[o]", server(&i, false));
	if (i.websocket.host)
		json_array_append_new(list, server(&i, true));
	json_array_append_new(c->ret,
			      json_pack("{s:s, s:o, s:o, s:s}", "id", "default", "server", list,
					"clients", clients(c->m->vnc, &i), "auth", auth(&i)));
	return 0;
}

json_t *qmp_vnc_event(const struct machine *m, const struct vnc_peer *p)
{
	struct vnc_info i;

	vnc_get_info(m->vnc, &i);
	return json_pack("{s:o, s:o}", "server", server(&i, p->websocket), "client", client(&i, p));
}

/* ---- the password */

static int run_password(struct qmp_call *c)
{
	if (!c->m->vnc)
		return qmp_fail(c, NULL, "Could not set password");
	return vnc_set_password(c->m->vnc, qmp_str(c, "password"), &c->err);
}

static int want_vnc(struct qmp_call *c)
{
	return strcmp(qmp_str(c, "protocol"), "vnc") ? qmp_fail(c, NULL, "there is no SPICE server")
						     : 0;
}

/* What happens to clients that are there is nothing: they stay, as with QEMU's "keep". */
static int run_set_password(struct qmp_call *c)
{
	if (want_vnc(c) < 0)
		return -EINVAL;
	if (qmp_has(c, "connected") && strcmp(qmp_str(c, "connected"), "keep"))
		return qmp_fail(c, NULL, "VNC clients that are connected can only be kept");
	return run_password(c);
}

/* "now", "never", "+SECONDS", "SECONDS" since 1970. */
static int parse_time(const char *text, int64_t *when)
{
	int64_t from = *text == '+' ? time(NULL) : 0;
	const char *digits = text + (*text == '+');
	char *last;

	*when = !strcmp(text, "now"); /* long ago */
	if (*when || !strcmp(text, "never"))
		return 0;
	errno = 0;
	*when = strtoll(digits, &last, 10);
	if (*digits < '0' || *digits > '9' || *last || errno ||
	    __builtin_add_overflow(*when, from, when))
		return -EINVAL;
	*when += !*when; /* 0 would be never */
	return 0;
}

static int run_expire(struct qmp_call *c)
{
	int64_t when;

	if (want_vnc(c) < 0)
		return -EINVAL;
	if (!c->m->vnc)
		return qmp_fail(c, NULL, "Could not set password expire time");
	if (parse_time(qmp_str(c, "time"), &when) < 0)
		return qmp_fail(c, NULL, "time: '%s': want now, never, +SECONDS or SECONDS",
				qmp_str(c, "time"));
	return vnc_expire_password(c->m->vnc, when, &c->err);
}

static const char *const protocols[] = {"vnc", "spice", NULL};
static const char *const connected[] = {"keep", "fail", "disconnect", NULL};

/* clang-format off */
const struct qmp_command qmp_vnc_commands[] = {
	COMMAND("query-vnc", NULL, query_vnc),
	COMMAND("query-vnc-servers", NULL, query_vnc_servers),
	COMMAND("change-vnc-password", ARGS(ARG("password", QMP_STR)), run_password),
	COMMAND("set_password",
		ARGS(ARG("protocol", QMP_STR, .values = protocols), ARG("password", QMP_STR),
		     OPT("connected", QMP_STR, .values = connected), OPT("display", QMP_STR)),
		run_set_password),
	COMMAND("expire_password",
		ARGS(ARG("protocol", QMP_STR, .values = protocols), ARG("time", QMP_STR),
		     OPT("display", QMP_STR)), run_expire),
	COMMANDS_END,
};
/* clang-format on */
