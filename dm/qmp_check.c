/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_check.c: a command's arguments against their rows, and access to them. */
#include "dm/qmp.h"

#include "base/util.h"
#include "dm/qmp_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Where a value is, for sentences: "keys[0].data". */
#define PLACE 160

static int check_members(const struct qmp_arg *rows, const json_t *object, bool open,
			 const char *place, struct err *e);

static int wrong_type(const char *place, const char *want, struct err *e)
{
	return err_set(e, -EINVAL, "Invalid parameter type for '%s', expected: %s", place, want);
}

static int check_str(const struct qmp_arg *row, const json_t *v, const char *place, struct err *e)
{
	const char *s = json_string_value(v);

	if (!s)
		return wrong_type(place, "string", e);
	if (strlen(s) != json_string_length(v))
		return err_set(e, -EINVAL, "Parameter '%s' does not take a string with a NUL",
			       place);
	if (!row->values)
		return 0;
	for (const char *const *legal = row->values; *legal; legal++)
		if (!strcmp(*legal, s))
			return 0;
	return err_set(e, -EINVAL, "Parameter '%s' does not accept value '%.80s'",
		       row->name ? row->name : place, s);
}

static int check_value(const struct qmp_arg *row, const json_t *v, const char *place,
		       struct err *e);

static int check_array(const struct qmp_arg *row, const json_t *v, const char *place, struct err *e)
{
	char inner[PLACE];
	int rc = 0;

	if (!json_is_array(v))
		return wrong_type(place, "array", e);
	if (!row->of)
		return 0;
	for (size_t i = 0; !rc && i < json_array_size(v); i++) {
		snprintf(inner, sizeof(inner), "%.120s[%zu]", place, i);
		rc = check_value(row->of, json_array_get(v, i), inner, e);
	}
	return rc;
}

static int check_value(const struct qmp_arg *row, const json_t *v, const char *place, struct err *e)
{
	char inner[PLACE];

	switch (row->type) {
	case QMP_STR:
		return check_str(row, v, place, e);
	case QMP_INT:
		return json_is_integer(v) ? 0 : wrong_type(place, "integer", e);
	case QMP_BOOL:
		return json_is_boolean(v) ? 0 : wrong_type(place, "boolean", e);
	case QMP_ARRAY:
		return check_array(row, v, place, e);
	case QMP_OBJECT:
		if (!json_is_object(v))
			return wrong_type(place, "object", e);
		snprintf(inner, sizeof(inner), "%.120s.", place);
		return row->members ? check_members(row->members, v, false, inner, e) : 0;
	default:
		return 0;
	}
}

static bool known(const struct qmp_arg *rows, const char *name)
{
	for (; rows && rows->name; rows++)
		if (!strcmp(rows->name, name))
			return true;
	return false;
}

static int check_members(const struct qmp_arg *rows, const json_t *object, bool open,
			 const char *place, struct err *e)
{
	char inner[PLACE];
	const char *name;
	json_t *v;
	int rc;

	for (const struct qmp_arg *r = rows; r && r->name; r++) {
		v = json_object_get(object, r->name);
		snprintf(inner, sizeof(inner), "%.100s%.50s", place, r->name);
		if (!v && !r->optional)
			return err_set(e, -EINVAL, "Parameter '%s' is missing", inner);
		rc = v ? check_value(r, v, inner, e) : 0;
		if (rc)
			return rc;
	}
	json_object_foreach(
		(json_t *)(uintptr_t)object, name,
		v) if (!open &&
		       !known(rows, name)) return err_set(e, -EINVAL,
							  "Parameter '%s%.80s' is unexpected",
							  place, name);
	return 0;
}

int qmp_check(const struct qmp_arg *rows, const json_t *object, bool open, struct err *e)
{
	return check_members(rows, object, open, "", e);
}

const char *qmp_str(const struct qmp_call *c, const char *name)
{
	return json_string_value(json_object_get(c->args, name));
}

int64_t qmp_int(const struct qmp_call *c, const char *name, int64_t def)
{
	const json_t *v = json_object_get(c->args, name);

	return v ? json_integer_value(v) : def;
}

bool qmp_bool(const struct qmp_call *c, const char *name, bool def)
{
	const json_t *v = json_object_get(c->args, name);

	return v ? json_is_true(v) : def;
}

bool qmp_has(const struct qmp_call *c, const char *name)
{
	return json_object_get(c->args, name);
}

int qmp_fail(struct qmp_call *c, const char *class, const char *fmt, ...)
{
	va_list ap;

	c->class = class;
	va_start(ap, fmt);
	vsnprintf(c->err.msg, sizeof(c->err.msg), fmt, ap);
	va_end(ap);
	return -1;
}

int qmp_not_found(struct qmp_call *c, const char *device)
{
	return qmp_fail(c, "DeviceNotFound", "Device '%s' not found", device);
}

json_t *qmp_text(const char *text)
{
	return qmp_json_text(text ? text : "", text ? strlen(text) : 0);
}

json_t *qmp_bytes(const char *bytes, size_t len)
{
	return qmp_json_text(bytes, len);
}

const char *qmp_option_text(const json_t *v, char buf[40])
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return json_string_value(v);
	case JSON_INTEGER:
		snprintf(buf, 40, "%lld", (long long)json_integer_value(v));
		return buf;
	case JSON_REAL:
		snprintf(buf, 40, "%.17g", json_real_value(v));
		return buf;
	case JSON_TRUE:
		return "on";
	case JSON_FALSE:
		return "off";
	default:
		return NULL;
	}
}
