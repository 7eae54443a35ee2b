/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_input.c: QMP commands that type and point: send-key, x-type-text, input-send-event,
 * query-mice. */
#include "dm/qmp.h"

#define MAX_KEYS 16

/* ---- keys ---- */

/* A name, or the number that the key has in AT set 1, bit 7 being the prefix. */
static int key_code(struct qmp_call *c, const json_t *value, uint8_t *code)
{
	const json_t *data = json_object_get(value, "data");
	const char *type = json_string_value(json_object_get(value, "type"));
	const char *name = json_string_value(data);
	const struct key *k = NULL;
	json_int_t number = json_integer_value(data);

	*code = KEY_NONE;
	if (!strcmp(type, "number")) {
		if (!json_is_integer(data))
			return qmp_fail(c, NULL,
					"Invalid parameter type for 'data', expected: integer");
		k = number > 0 && number < 256 ? key_by_set1((unsigned)number) : NULL;
		*code = k ? k->code : KEY_NONE;
		return 0;
	}
	if (!name)
		return qmp_fail(c, NULL, "Invalid parameter type for 'data', expected: string");
	k = key_named(name, strlen(name));
	if (!k && strcmp(name, "unmapped"))
		return qmp_fail(c, NULL, "Parameter 'data' does not accept value '%.40s'", name);
	*code = k ? k->code : KEY_NONE;
	return 0;
}

static int run_send_key(struct qmp_call *c)
{
	const json_t *keys = json_object_get(c->args, "keys");
	int64_t hold = qmp_int(c, "hold-time", 100);
	uint8_t codes[MAX_KEYS];
	size_t n = json_array_size(keys);

	if (n > MAX_KEYS)
		return qmp_fail(c, NULL, "at most %d keys at once", MAX_KEYS);
	if (hold < 0 || hold > 60000)
		return qmp_fail(c, NULL, "Parameter 'hold-time' expects 0 to 60000 ms");
	for (size_t i = 0; i < n; i++) {
		int rc = key_code(c, json_array_get(keys, i), &codes[i]);

		if (rc)
			return rc;
	}
	return machine_send_key(c->m, codes, (unsigned)n, (unsigned)hold, &c->err);
}

static int run_type_text(struct qmp_call *c)
{
	int64_t hold = qmp_int(c, "hold-time", 20);
	unsigned waiting;
	int rc;

	if (hold < 1 || hold > 60000)
		return qmp_fail(c, NULL, "Parameter 'hold-time' expects 1 to 60000 ms");
	rc = machine_type_text(c->m, qmp_str(c, "text"), (unsigned)hold, &waiting, &c->err);
	if (!rc)
		c->ret = json_pack("{si}", "waiting", (int)waiting);
	return rc;
}

/* ---- events ---- */

/* clang-format off */
static const char *const key_types[] = {"number", "qcode", NULL};
static const char *const event_types[] = {"key", "btn", "rel", "abs", NULL};
static const char *const axes[] = {"x", "y", NULL};
static const char *const buttons[] = {"left", "right", "middle", "side", "extra", "wheel-up",
				      "wheel-down", "wheel-left", "wheel-right", NULL};
static const struct qmp_arg key_members[] = {
	ARG("type", QMP_STR, .values = key_types), ARG("data", QMP_ANY), {0}};
static const struct qmp_arg key = {.type = QMP_OBJECT, .members = key_members};
static const struct qmp_arg event = {
	.type = QMP_OBJECT,
	.members = ARGS(ARG("type", QMP_STR, .values = event_types), ARG("data", QMP_OBJECT)),
};
static const struct qmp_arg key_data[] = {
	ARG("down", QMP_BOOL), ARG("key", QMP_OBJECT, .members = key_members), {0}};
static const struct qmp_arg button_data[] = {
	ARG("down", QMP_BOOL), ARG("button", QMP_STR, .values = buttons), {0}};
static const struct qmp_arg axis_data[] = {
	ARG("axis", QMP_STR, .values = axes), ARG("value", QMP_INT), {0}};
/* clang-format on */

/* What the events of one command come to; kept till a button changes, or the end. */
struct pointing {
	struct input_motion m;
	bool moved;
};

static void flush(struct qmp_call *c, struct pointing *p)
{
	struct input_source *s = &c->m->monitors;

	p->m.buttons = s->buttons;
	if (p->moved)
		input_point(s, &p->m);
	*p = (struct pointing){.moved = false};
}

static unsigned index_of(const char *const *list, const char *what)
{
	unsigned n = 0;

	while (list[n] && strcmp(list[n], what))
		n++;
	return n;
}

static void press(struct qmp_call *c, struct pointing *p, const json_t *data)
{
	static const struct {
		int8_t wheel, pan;
	} turns[] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}};
	unsigned n = index_of(buttons, json_string_value(json_object_get(data, "button")));
	bool down = json_is_true(json_object_get(data, "down"));
	struct input_source *s = &c->m->monitors;

	p->moved = true;
	if (n >= INPUT_BUTTONS && down) {
		p->m.wheel += turns[n - INPUT_BUTTONS].wheel;
		p->m.pan += turns[n - INPUT_BUTTONS].pan;
	} else if (n < INPUT_BUTTONS) {
		s->buttons = (uint8_t)((s->buttons & ~(1u << n)) | (unsigned)down << n);
		flush(c, p);
	}
}

static int bounded(json_int_t v)
{
	return (int)MAX(MIN(v, INT16_MAX), INT16_MIN);
}

static void move(struct qmp_call *c, struct pointing *p, const json_t *data, bool absolute)
{
	bool x = !strcmp(json_string_value(json_object_get(data, "axis")), "x");
	int value = bounded(json_integer_value(json_object_get(data, "value")));

	if (absolute && !p->m.abs) {
		p->m.abs = true;
		p->m.x = c->m->monitors.abs_x;
		p->m.y = c->m->monitors.abs_y;
	}
	if (absolute)
		*(x ? &p->m.x : &p->m.y) = value;
	else
		*(x ? &p->m.dx : &p->m.dy) = value;
	p->moved = true;
}

static int check_event(struct qmp_call *c, const json_t *ev, uint8_t *code)
{
	const char *type = json_string_value(json_object_get(ev, "type"));
	const json_t *data = json_object_get(ev, "data");
	const struct qmp_arg *rows = !strcmp(type, "key")   ? key_data
				     : !strcmp(type, "btn") ? button_data
							    : axis_data;

	if (qmp_check(rows, data, false, &c->err) < 0)
		return -1;
	return rows == key_data ? key_code(c, json_object_get(data, "key"), code) : 0;
}

static void send_event(struct qmp_call *c, struct pointing *p, const json_t *ev)
{
	const char *type = json_string_value(json_object_get(ev, "type"));
	const json_t *data = json_object_get(ev, "data");
	uint8_t code = KEY_NONE;

	if (!strcmp(type, "key")) {
		check_event(c, ev, &code);
		input_key(&c->m->monitors, code, json_is_true(json_object_get(data, "down")));
	} else if (!strcmp(type, "btn")) {
		press(c, p, data);
	} else {
		move(c, p, data, *type == 'a');
	}
}

static int run_input(struct qmp_call *c)
{
	const json_t *events = json_object_get(c->args, "events");
	struct pointing p = {.moved = false};
	uint8_t code;

	for (size_t i = 0; i < json_array_size(events); i++)
		if (check_event(c, json_array_get(events, i), &code) < 0)
			return -1;
	if (qmp_has(c, "device"))
		return qmp_not_found(c, qmp_str(c, "device"));
	if (c->m->state != RUN_RUNNING)
		return qmp_fail(c, NULL, "VM not running");
	for (size_t i = 0; i < json_array_size(events); i++)
		send_event(c, &p, json_array_get(events, i));
	flush(c, &p);
	return 0;
}

static int run_mice(struct qmp_call *c)
{
	const struct input_device *d;

	c->ret = json_array();
	for (unsigned n = 0; (d = input_mouse(c->m->input, n)); n++)
		json_array_append_new(c->ret,
				      json_pack("{s:s, s:i, s:b, s:b}", "name", d->name, "index",
						(int)d->index, "current", input_is_current(d),
						"absolute", d->kind == INPUT_TABLET));
	return 0;
}

/* clang-format off */
const struct qmp_command qmp_input_commands[] = {
	COMMAND("send-key",
		ARGS(ARG("keys", QMP_ARRAY, .of = &key), OPT("hold-time", QMP_INT)), run_send_key),
	COMMAND("input-send-event",
		ARGS(OPT("device", QMP_STR), OPT("head", QMP_INT),
		     ARG("events", QMP_ARRAY, .of = &event)), run_input),
	COMMAND("x-type-text", ARGS(ARG("text", QMP_STR), OPT("hold-time", QMP_INT)),
		run_type_text),
	COMMAND("query-mice", NULL, run_mice),
	COMMANDS_END,
};
/* clang-format on */
