/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp_schema.c: query-qmp-schema: the commands' own rows as QEMU's introspection tells them.
 * What a command returns has no rows: "any", or the object without members.
 */
#include "dm/qmp.h"

#include "base/util.h"

#define NOTHING "nothing"

static const struct {
	enum qmp_type type;
	const char *name, *json;
} builtins[] = {
	{QMP_STR, "str", "string"},
	{QMP_INT, "int", "int"},
	{QMP_BOOL, "bool", "boolean"},
	{QMP_ANY, "any", "value"},
};

static void add(json_t *list, const char *name, const char *meta, json_t *more)
{
	json_object_set_new(more, "name", json_string(name));
	json_object_set_new(more, "meta-type", json_string(meta));
	json_array_append_new(list, more);
}

static void add_enum(json_t *list, const char *name, const char *const *values)
{
	json_t *members = json_array(), *plain = json_array();

	for (; *values; values++) {
		json_array_append_new(members, json_pack("{s:s}", "name", *values));
		json_array_append_new(plain, json_string(*values));
	}
	add(list, name, "enum", json_pack("{s:o, s:o}", "members", members, "values", plain));
}

static void add_object(json_t *list, const char *name, const struct qmp_arg *rows);

/* The type of one argument, made when it has no name of its own. buf: for the name. */
static const char *type_of(json_t *list, const char *owner, const struct qmp_arg *a, char buf[96])
{
	char inner[96];

	for (unsigned i = 0; i < ARRAY_SIZE(builtins); i++)
		if (builtins[i].type == a->type && !a->values)
			return builtins[i].name;
	if (a->type == QMP_ARRAY && !a->of)
		return "[any]";
	if (a->type == QMP_OBJECT && !a->members)
		return NOTHING;
	snprintf(buf, 96, "%.70s-%.20s", owner, a->name ? a->name : "of");
	if (a->type == QMP_ARRAY)
		add(list, buf, "array",
		    json_pack("{s:s}", "element-type", type_of(list, buf, a->of, inner)));
	else if (a->type == QMP_OBJECT)
		add_object(list, buf, a->members);
	else
		add_enum(list, buf, a->values);
	return buf;
}

static void add_object(json_t *list, const char *name, const struct qmp_arg *rows)
{
	json_t *members = json_array();
	char buf[96];

	for (; rows && rows->name; rows++) {
		json_t *v = json_pack("{s:s, s:s}", "name", rows->name, "type",
				      type_of(list, name, rows, buf));

		if (rows->optional)
			json_object_set_new(v, "default", json_null());
		json_array_append_new(members, v);
	}
	add(list, name, "object", json_pack("{s:o}", "members", members));
}

static bool returns_something(const char *name)
{
	static const char *const names[] = {"query-",       "qom-list",       "qom-get",
					    "device-list-", "human-monitor-", "ringbuf-read",
					    "add-fd"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static void add_command(json_t *list, const struct qmp_command *c)
{
	char args[64] = NOTHING;

	if (c->args) {
		snprintf(args, sizeof(args), "%.50s-args", c->name);
		add_object(list, args, c->args);
	}
	add(list, c->name, "command",
	    json_pack("{s:s, s:s}", "arg-type", args, "ret-type",
		      returns_something(c->name) ? "any" : NOTHING));
}

static int query_schema(struct qmp_call *c)
{
	const struct qmp_command *row;

	c->ret = json_array();
	for (unsigned i = 0; i < ARRAY_SIZE(builtins); i++)
		add(c->ret, builtins[i].name, "builtin",
		    json_pack("{s:s}", "json-type", builtins[i].json));
	add(c->ret, "[any]", "array", json_pack("{s:s}", "element-type", "any"));
	add_object(c->ret, NOTHING, NULL);
	for (unsigned i = 0; (row = qmp_command(i)); i++)
		add_command(c->ret, row);
	return 0;
}

const struct qmp_command qmp_schema_commands[] = {
	COMMAND("query-qmp-schema", NULL, query_schema),
	COMMANDS_END,
};
