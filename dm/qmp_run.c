/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_run.c: start, stop, reset, end; keys and pictures. */
#include "dm/qmp.h"

static int run_stop(struct qmp_call *c)
{
	machine_stop(c->m);
	return 0;
}

static int run_cont(struct qmp_call *c)
{
	return machine_cont(c->m, &c->err);
}

/* Requests are carried out before the answer goes out, as by QEMU: who has it sees the effect. */
static int run_reset(struct qmp_call *c)
{
	machine_want_reset(c->m, false, "host-qmp-system-reset");
	machine_requests(c->m);
	return 0;
}

static int run_powerdown(struct qmp_call *c)
{
	machine_powerdown(c->m);
	machine_requests(c->m);
	return 0;
}

static int run_wakeup(struct qmp_call *c)
{
	return qmp_fail(c, NULL, "Unable to wake up: guest is not in suspended state");
}

static int run_quit(struct qmp_call *c)
{
	machine_quit(c->m, "host-qmp-quit");
	machine_requests(c->m);
	return 0;
}

static int run_nmi(struct qmp_call *c)
{
	const struct hv *hv = c->m->hv;
	unsigned n = hv ? hv->ops->nr_vcpus(c->m->hv) : 0;

	if (!n)
		return qmp_fail(c, NULL, "machine does not provide NMIs");
	for (unsigned i = 0; i < n; i++)
		hv->ops->inject_nmi(c->m->hv, i);
	return 0;
}

static int run_screendump(struct qmp_call *c)
{
	int64_t head = qmp_int(c, "head", 0);

	if (head < 0 || head > UINT16_MAX)
		return qmp_fail(c, NULL, "there is no head %lld", (long long)head);
	return machine_screendump(c->m, qmp_str(c, "device"), (unsigned)head,
				  qmp_str(c, "filename"), qmp_str(c, "format"), &c->err);
}

static bool is_qcode(const char *name)
{
	for (unsigned i = 0; qmp_qcodes[i]; i++)
		if (!strcmp(qmp_qcodes[i], name))
			return true;
	return false;
}

static int key_name(struct qmp_call *c, const json_t *key, const char **name)
{
	const json_t *data = json_object_get(key, "data");
	const char *type = json_string_value(json_object_get(key, "type"));

	*name = json_string_value(data);
	if (!strcmp(type, "number"))
		return qmp_fail(c, NULL, "key numbers are not supported, use type qcode");
	if (!*name)
		return qmp_fail(c, NULL, "Invalid parameter type for 'data', expected: string");
	if (!is_qcode(*name))
		return qmp_fail(c, NULL, "Parameter 'data' does not accept value '%.40s'", *name);
	return 0;
}

#define MAX_KEYS 16

static int run_send_key(struct qmp_call *c)
{
	const json_t *keys = json_object_get(c->args, "keys");
	int64_t hold = qmp_int(c, "hold-time", 100);
	const char *names[MAX_KEYS];
	size_t n = json_array_size(keys);

	if (n > MAX_KEYS)
		return qmp_fail(c, NULL, "at most %d keys at once", MAX_KEYS);
	if (hold < 0 || hold > 60000)
		return qmp_fail(c, NULL, "Parameter 'hold-time' expects 0 to 60000 ms");
	for (size_t i = 0; i < n; i++) {
		int rc = key_name(c, json_array_get(keys, i), &names[i]);

		if (rc)
			return rc;
	}
	return machine_send_key(c->m, names, (unsigned)n, (unsigned)hold, &c->err);
}

/* Only what can be checked without an input device: there is none yet that takes events. */
static int run_input(struct qmp_call *c)
{
	if (c->m->state != RUN_RUNNING)
		return qmp_fail(c, NULL, "VM not running");
	if (!json_array_size(json_object_get(c->args, "events")))
		return 0;
	return qmp_fail(c, NULL, "Input handler not found for event type %s",
			json_string_value(json_object_get(
				json_array_get(json_object_get(c->args, "events"), 0), "type")));
}

static int run_vnc_password(struct qmp_call *c)
{
	return qmp_fail(c, NULL, "Could not set password");
}

static const char *const formats[] = {"ppm", "png", NULL};
static const char *const key_types[] = {"number", "qcode", NULL};
static const char *const event_types[] = {"key", "btn", "rel", "abs", "mtt", NULL};

/* clang-format off */
static const struct qmp_arg key = {
	.type = QMP_OBJECT,
	.members = ARGS(ARG("type", QMP_STR, .values = key_types), ARG("data", QMP_ANY)),
};
static const struct qmp_arg event = {
	.type = QMP_OBJECT,
	.members = ARGS(ARG("type", QMP_STR, .values = event_types), ARG("data", QMP_OBJECT)),
};

const struct qmp_command qmp_run_commands[] = {
	COMMAND("stop", NULL, run_stop),
	COMMAND("cont", NULL, run_cont),
	COMMAND("system_reset", NULL, run_reset),
	COMMAND("system_powerdown", NULL, run_powerdown),
	COMMAND("system_wakeup", NULL, run_wakeup),
	COMMAND("quit", NULL, run_quit),
	COMMAND("inject-nmi", NULL, run_nmi),
	COMMAND("screendump",
		ARGS(ARG("filename", QMP_STR), OPT("device", QMP_STR), OPT("head", QMP_INT),
		     OPT("format", QMP_STR, .values = formats)), run_screendump),
	COMMAND("send-key",
		ARGS(ARG("keys", QMP_ARRAY, .of = &key), OPT("hold-time", QMP_INT)), run_send_key),
	COMMAND("input-send-event",
		ARGS(OPT("device", QMP_STR), OPT("head", QMP_INT),
		     ARG("events", QMP_ARRAY, .of = &event)), run_input),
	COMMAND("change-vnc-password", ARGS(ARG("password", QMP_STR)), run_vnc_password),
	COMMANDS_END,
};
/* clang-format on */
