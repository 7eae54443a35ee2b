/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp.c: QMP sessions on character devices: greeting, negotiation, dispatch,
 * answers and events. Any number at once, each with a state of its own.
 */
#include "dm/qmp.h"

#include "base/util.h"
#include "dm/qmp_json.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>

struct qmp_session {
	struct machine *m;
	struct chr *chr;
	struct qmp_json json;
	struct machine_listener listener;
	bool pretty, greeted, negotiated;
	struct qmp_session *next;
};

static struct qmp_session *sessions;

static const struct qmp_command *const tables[] = {
	qmp_monitor_commands, qmp_query_commands,   qmp_run_commands,    qmp_vnc_commands,
	qmp_block_commands,   qmp_device_commands,  qmp_qom_commands,    qmp_input_commands,
	qmp_fd_commands,      qmp_backend_commands, qmp_schema_commands,
};

const struct qmp_command *qmp_command(unsigned n)
{
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct qmp_command *c = tables[t]; c->name; c++)
			if (!n--)
				return c;
	return NULL;
}

static const struct qmp_command *find(const char *name)
{
	const struct qmp_command *c;

	for (unsigned i = 0; (c = qmp_command(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* ---- output ---- */

/* One message and CR LF, in one write. Takes v. */
static void send_value(struct qmp_session *s, json_t *v, const char *id)
{
	size_t flags = JSON_ENSURE_ASCII | (s->pretty ? JSON_INDENT(4) : 0);
	char *text = v ? json_dumps(v, flags) : NULL;
	char *all = NULL;
	int n;

	if (text) {
		/* The id goes in by hand: its numbers are spelled as they came. */
		n = id ? asprintf(&all, "{\"id\": %s, %s\r\n", id, text + 1)
		       : asprintf(&all, "%s\r\n", text);
		if (n > 0)
			chr_write(s->chr, all, (size_t)n);
	}
	free(all);
	free(text);
	json_decref(v);
}

static void send_error(struct qmp_session *s, const char *class, const char *desc, const char *id)
{
	send_value(s,
		   json_pack("{s:{s:s, s:o}}", "error", "class", class ? class : "GenericError",
			     "desc", qmp_text(desc)),
		   id);
}

static void greet(struct qmp_session *s)
{
	s->greeted = true;
	send_value(s,
		   json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:[]}}", "QMP", "version", "qemu",
			     "micro", QMP_VERSION_MICRO, "minor", QMP_VERSION_MINOR, "major",
			     QMP_VERSION_MAJOR, "package", QMP_PACKAGE, "capabilities"),
		   NULL);
}

/* ---- commands ---- */

/* The envelope: members of the top-level object. */
static int check_envelope(const json_t *v, struct err *e)
{
	const json_t *execute = json_object_get(v, "execute");
	const json_t *args = json_object_get(v, "arguments");
	const char *name;
	json_t *member;

	if (!json_is_object(v))
		return err_set(e, -1, "QMP input must be a JSON object");
	json_object_foreach((json_t *)(uintptr_t)v, name, member)
	{
		if (strcmp(name, "execute") && strcmp(name, "arguments") && strcmp(name, "id"))
			return err_set(e, -1, "QMP input member '%.80s' is unexpected", name);
	}
	if (!execute)
		return err_set(e, -1, "QMP input lacks member 'execute'");
	if (!json_is_string(execute) ||
	    strlen(json_string_value(execute)) != json_string_length(execute))
		return err_set(e, -1, "QMP input member 'execute' must be a string");
	if (args && !json_is_object(args))
		return err_set(e, -1, "QMP input member 'arguments' must be an object");
	return 0;
}

static int find_allowed(struct qmp_session *s, struct qmp_call *call, const char *name,
			const struct qmp_command **command)
{
	const struct qmp_command *c = find(name);

	*command = c;
	if (!s->negotiated && (!c || !c->negotiation))
		return qmp_fail(call, "CommandNotFound",
				"Expecting capabilities negotiation with 'qmp_capabilities'");
	if (!c)
		return qmp_fail(call, "CommandNotFound", "The command %.80s has not been found",
				name);
	return 0;
}

static void run(struct qmp_session *s, const json_t *v, const char *id)
{
	json_t *none = json_object();
	const json_t *args = json_object_get(v, "arguments");
	struct qmp_call call = {.m = s->m, .session = s, .args = args ? args : none};
	const struct qmp_command *c = NULL;
	int rc = check_envelope(v, &call.err);

	if (!rc)
		rc = find_allowed(s, &call, json_string_value(json_object_get(v, "execute")), &c);
	if (!rc)
		rc = qmp_check(c->args, call.args, c->open, &call.err);
	if (!rc)
		rc = c->run(&call);
	if (rc < 0) {
		json_decref(call.ret);
		send_error(s, call.class, call.err.msg, id);
	} else {
		send_value(s, json_pack("{s:o}", "return", call.ret ? call.ret : json_object()),
			   id);
	}
	json_decref(none);
}

static void got_message(void *arg, json_t *v, const char *id)
{
	run(arg, v, id);
}

static void got_error(void *arg, const char *desc)
{
	send_error(arg, NULL, desc, NULL);
}

static int run_capabilities(struct qmp_call *c)
{
	const json_t *enable = json_object_get(c->args, "enable");
	const char *first = json_string_value(json_array_get(enable, 0));

	if (c->session->negotiated)
		return qmp_fail(c, "CommandNotFound",
				"Capabilities negotiation is already complete, command ignored");
	if (first)
		return qmp_fail(c, NULL, "Capability %s not available", first);
	c->session->negotiated = true;
	return 0;
}

static int run_commands(struct qmp_call *c)
{
	const struct qmp_command *row;

	c->ret = json_array();
	for (unsigned i = 0; (row = qmp_command(i)); i++)
		json_array_append_new(c->ret, json_pack("{s:s}", "name", row->name));
	return 0;
}

static int run_hmp(struct qmp_call *c)
{
	char *text = hmp_run(c->m, qmp_str(c, "command-line"));

	if (!text)
		return qmp_fail(c, NULL, "out of memory");
	c->ret = qmp_text(text);
	free(text);
	return 0;
}

static const char *const capabilities[] = {"oob", NULL};
static const struct qmp_arg capability = {.type = QMP_STR, .values = capabilities};

/* clang-format off */
const struct qmp_command qmp_monitor_commands[] = {
	COMMAND("qmp_capabilities", ARGS(OPT("enable", QMP_ARRAY, .of = &capability)),
		run_capabilities, .negotiation = true),
	COMMAND("query-commands", NULL, run_commands),
	COMMAND("human-monitor-command",
		ARGS(ARG("command-line", QMP_STR), OPT("cpu-index", QMP_INT)), run_hmp),
	COMMANDS_END,
};
/* clang-format on */

int qmp_take_fd(struct qmp_call *c)
{
	return c->session ? chr_take_fd(c->session->chr) : -1;
}

int qmp_do(struct machine *m, const char *name, json_t *args, json_t **ret, struct err *e)
{
	const struct qmp_command *row = find(name);
	struct qmp_call call = {.m = m, .args = args ? args : (args = json_object())};
	int rc = qmp_check(row->args, args, row->open, &call.err);

	if (!rc)
		rc = row->run(&call);
	if (rc < 0)
		err_set(e, rc, "%s", call.err.msg);
	if (!rc && ret)
		*ret = call.ret ? json_incref(call.ret) : json_object();
	json_decref(call.ret);
	json_decref(args);
	return rc;
}

/* ---- events ---- */

static const char *event_name(enum machine_event_type type)
{
	static const char *const names[] = {
		[EVENT_STOP] = "STOP",
		[EVENT_RESUME] = "RESUME",
		[EVENT_RESET] = "RESET",
		[EVENT_POWERDOWN] = "POWERDOWN",
		[EVENT_SHUTDOWN] = "SHUTDOWN",
		[EVENT_DEVICE_DELETED] = "DEVICE_DELETED",
		[EVENT_DEVICE_TRAY_MOVED] = "DEVICE_TRAY_MOVED",
		[EVENT_RTC_CHANGE] = "RTC_CHANGE",
		[EVENT_VNC_CONNECTED] = "VNC_CONNECTED",
		[EVENT_VNC_INITIALIZED] = "VNC_INITIALIZED",
		[EVENT_VNC_DISCONNECTED] = "VNC_DISCONNECTED",
		[EVENT_BLOCK_IO_ERROR] = "BLOCK_IO_ERROR",
	};

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

static json_t *event_data(struct machine *m, const struct machine_event *ev)
{
	struct drive *d;
	json_t *data;

	switch (ev->type) {
	case EVENT_RESET:
	case EVENT_SHUTDOWN:
		return json_pack("{s:b, s:s}", "guest", ev->guest, "reason",
				 ev->reason ? ev->reason : "none");
	case EVENT_DEVICE_DELETED:
		data = json_pack("{s:o}", "path", qmp_text(ev->path));
		if (ev->device)
			json_object_set_new(data, "device", qmp_text(ev->device));
		return data;
	case EVENT_DEVICE_TRAY_MOVED:
		d = machine_drive(m, ev->device);
		return json_pack("{s:o, s:o, s:b}", "device", qmp_text(d ? d->id : NULL), "id",
				 qmp_text(d && d->user ? d->user->id : ev->device), "tray-open",
				 ev->tray_open);
	case EVENT_VNC_CONNECTED:
	case EVENT_VNC_INITIALIZED:
	case EVENT_VNC_DISCONNECTED:
		return qmp_vnc_event(m, ev->viewer);
	case EVENT_BLOCK_IO_ERROR:
		return json_pack("{s:o, s:s, s:s, s:b, s:s}", "device", qmp_text(ev->device),
				 "operation", ev->read ? "read" : "write", "action",
				 blk_answers[ev->answer], "nospace", ev->error == -ENOSPC, "reason",
				 strerror(-ev->error));
	default:
		return NULL;
	}
}

static void got_event(void *arg, const struct machine_event *ev)
{
	struct qmp_session *s = arg;
	const char *name = event_name(ev->type);
	struct timeval now;
	json_t *v, *data;

	if (!s->negotiated || !name)
		return;
	gettimeofday(&now, NULL);
	v = json_pack("{s:{s:I, s:I}, s:s}", "timestamp", "seconds", (json_int_t)now.tv_sec,
		      "microseconds", (json_int_t)now.tv_usec, "event", name);
	data = event_data(s->m, ev);
	if (data)
		json_object_set_new(v, "data", data);
	send_value(s, v, NULL);
}

/* ---- sessions ---- */

static size_t chr_can_read(void *arg)
{
	(void)arg;
	return 65536;
}

static void chr_got(void *arg, const uint8_t *buf, size_t len)
{
	struct qmp_session *s = arg;

	qmp_json_feed(&s->json, buf, len);
}

static void chr_happened(void *arg, enum chr_event ev)
{
	struct qmp_session *s = arg;

	if (ev == CHR_OPENED && !s->greeted)
		greet(s);
	if (ev == CHR_CLOSED) {
		qmp_json_reset(&s->json);
		s->greeted = s->negotiated = false;
	}
}

int qmp_open(struct machine *m, struct chr *c, bool pretty, struct err *e)
{
	struct qmp_session *s = calloc(1, sizeof(*s));
	struct chr_client client = {
		.can_read = chr_can_read, .read = chr_got, .event = chr_happened, .arg = s};

	if (!s)
		return err_set(e, -1, "out of memory");
	s->m = m;
	s->chr = c;
	s->pretty = pretty;
	s->json.message = got_message;
	s->json.error = got_error;
	s->json.arg = s;
	s->listener.fn = got_event;
	s->listener.arg = s;
	s->next = sessions;
	sessions = s;
	machine_listen(m, &s->listener);
	chr_set_reliable(c);
	chr_attach(c, &client);
	if (chr_connected(c) && !s->greeted)
		greet(s);
	return 0;
}

static void session_free(struct qmp_session *s)
{
	machine_unlisten(s->m, &s->listener);
	chr_attach(s->chr, NULL);
	qmp_json_reset(&s->json);
	free(s);
}

void qmp_close_all(struct machine *m)
{
	struct qmp_session **p = &sessions;

	while (*p) {
		struct qmp_session *s = *p;

		if (s->m != m) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		session_free(s);
	}
}

static struct monitor_type control = {
	.mode = "control", .open = qmp_open, .close_all = qmp_close_all};

__attribute__((constructor)) static void register_control(void)
{
	machine_monitor_type(&control);
}
