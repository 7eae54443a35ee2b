/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-qmp-schema: whole, without loose ends, and true to the rows that arguments are held to. */
#include "dm/qmp.h"
#include "tests/dm/vm.h"

static json_t *schema(void)
{
	struct err e = {""};
	json_t *v = NULL;
	struct vm vm;

	vm_open(&vm, "-machine none -accel qtest");
	OK(qmp_do(vm.m, "query-qmp-schema", NULL, &v, &e));
	vm_close(&vm);
	MUST(json_is_array(v));
	return v;
}

static const json_t *entry(const json_t *list, const char *name)
{
	const json_t *found = NULL, *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		if (strcmp(json_string_value(json_object_get(v, "name")), name))
			continue;
		CHECK(!found); /* each once */
		found = v;
	}
	NOTE("%s", name);
	MUST(found);
	return found;
}

static const char *text(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static void refers(const json_t *list, const json_t *v, const char *key)
{
	if (json_object_get(v, key))
		entry(list, text(v, key));
}

TEST(every_type_that_is_named_is_there)
{
	json_t *list = schema(), *v, *member;
	size_t i, k;

	json_array_foreach(list, i, v)
	{
		entry(list, text(v, "name"));
		refers(list, v, "arg-type");
		refers(list, v, "ret-type");
		refers(list, v, "element-type");
		if (!strcmp(text(v, "meta-type"), "object"))
			json_array_foreach(json_object_get(v, "members"), k, member)
			{
				CHECK(text(member, "name")[0]);
				entry(list, text(member, "type"));
			}
	}
	json_decref(list);
}

TEST(every_command_is_there)
{
	const struct qmp_command *row;
	json_t *list = schema();

	for (unsigned i = 0; (row = qmp_command(i)); i++)
		EQS("command", text(entry(list, row->name), "meta-type"));
	json_decref(list);
}

static const json_t *member(const json_t *object, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(object, "members"), i, v)
	{
		if (!strcmp(text(v, "name"), name))
			return v;
	}
	return NULL;
}

TEST(arguments_as_the_rows_say)
{
	json_t *list = schema();
	const json_t *del = entry(list, text(entry(list, "device_del"), "arg-type"));
	const json_t *hmp = entry(list, text(entry(list, "human-monitor-command"), "arg-type"));
	const json_t *stop = entry(list, "stop");

	EQS("str", text(member(del, "id"), "type"));
	CHECK(!json_object_get(member(del, "id"), "default"));
	EQS("int", text(member(hmp, "cpu-index"), "type"));
	CHECK(json_is_null(json_object_get(member(hmp, "cpu-index"), "default")));
	EQ(0, json_array_size(json_object_get(entry(list, text(stop, "arg-type")), "members")));
	EQ(0, json_array_size(json_object_get(entry(list, text(stop, "ret-type")), "members")));
	EQS("any", text(entry(list, "query-status"), "ret-type"));
	json_decref(list);
}
