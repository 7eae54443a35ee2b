/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_args.c: a line's words as the arguments that a row asks for. */
#include "dm/hmp.h"

#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* ---- expressions: as in QEMU all operators of a level bind alike, from the left ---- */

static int sum(const char **s, int64_t *v, unsigned depth, struct err *e);

static void skip(const char **s)
{
	while (isspace((unsigned char)**s))
		++*s;
}

static int number(const char **s, int64_t *v, struct err *e)
{
	char *end;

	errno = 0;
	*v = (int64_t)strtoull(*s, &end, 0);
	if (errno)
		return err_set(e, -EINVAL, "number too large");
	if (end == *s)
		return err_set(e, -EINVAL,
			       isprint((unsigned char)**s) ? "invalid char '%c' in expression"
							   : "invalid char in expression",
			       **s);
	*s = end;
	return 0;
}

static int character(const char **s, int64_t *v, struct err *e)
{
	if (!(*s)[1] || (*s)[2] != '\'')
		return err_set(e, -EINVAL, "missing terminating ' character");
	*v = (unsigned char)(*s)[1];
	*s += 3;
	return 0;
}

static int unary(const char **s, int64_t *v, unsigned depth, struct err *e)
{
	char op;
	int rc;

	skip(s);
	op = **s;
	if (!op || depth > 32)
		return err_set(e, -EINVAL, "unexpected end of expression");
	if (op == '$')
		return err_set(e, -EINVAL, "unknown register");
	if (op == '\'')
		return character(s, v, e);
	if (!strchr("+-~(", op))
		return number(s, v, e);
	++*s;
	rc = op == '(' ? sum(s, v, depth + 1, e) : unary(s, v, depth + 1, e);
	if (rc)
		return rc;
	if (op == '-')
		*v = (int64_t)(0 - (uint64_t)*v);
	if (op == '~')
		*v = ~*v;
	skip(s);
	if (op == '(' && *(*s)++ != ')') {
		--*s;
		return err_set(e, -EINVAL, "')' expected");
	}
	return 0;
}

static int apply(char op, int64_t *v, int64_t w, struct err *e)
{
	uint64_t a = (uint64_t)*v, b = (uint64_t)w;

	if ((op == '/' || op == '%') && !b)
		return err_set(e, -EINVAL, "division by zero");
	switch (op) {
	case '*':
		a *= b;
		break;
	case '/':
		a /= b;
		break;
	case '%':
		a %= b;
		break;
	case '&':
		a &= b;
		break;
	case '|':
		a |= b;
		break;
	case '^':
		a ^= b;
		break;
	case '+':
		a += b;
		break;
	default:
		a -= b;
		break;
	}
	*v = (int64_t)a;
	return 0;
}

/* One level: operators of `ops` between what `inner` reads. */
static int level(const char **s, int64_t *v, unsigned depth, const char *ops,
		 int (*inner)(const char **, int64_t *, unsigned, struct err *), struct err *e)
{
	int rc = inner(s, v, depth, e);

	for (;;) {
		int64_t w;
		char op;

		if (rc)
			return rc;
		skip(s);
		op = **s;
		if (!op || !strchr(ops, op))
			return 0;
		++*s;
		rc = inner(s, &w, depth, e);
		if (!rc)
			rc = apply(op, v, w, e);
	}
}

static int product(const char **s, int64_t *v, unsigned depth, struct err *e)
{
	return level(s, v, depth, "*/%", unary, e);
}

static int bits(const char **s, int64_t *v, unsigned depth, struct err *e)
{
	return level(s, v, depth, "&|^", product, e);
}

static int sum(const char **s, int64_t *v, unsigned depth, struct err *e)
{
	return level(s, v, depth, "+-", bits, e);
}

int hmp_expression(const char **s, int64_t *v, struct err *e)
{
	return sum(s, v, 0, e);
}

/* ---- one argument each; text moves behind it ---- */

static int escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case '\\':
	case '\'':
	case '"':
		return c;
	default:
		return -1;
	}
}

static int quoted(const char **s, char *out, struct err *e)
{
	for (++*s; **s != '"'; ++*s) {
		int c = (unsigned char)**s;

		if (!c)
			return err_set(e, -EINVAL, "unterminated string");
		if (c == '\\') {
			++*s;
			c = escaped(**s);
			if (c < 0)
				return err_set(e, -EINVAL, "unsupported escape code: '\\%c'", **s);
		}
		*out++ = (char)c;
	}
	++*s;
	*out = 0;
	return 0;
}

static int word(const char **s, struct hmp_value *v, struct err *e)
{
	char *out;

	v->text = out = malloc(strlen(*s) + 1);
	if (!out)
		return err_set(e, -ENOMEM, "out of memory");
	if (**s == '"')
		return quoted(s, out, e);
	while (**s && !isspace((unsigned char)**s))
		*out++ = *(*s)++;
	*out = 0;
	return 0;
}

static int rest(const char **s, struct hmp_value *v, struct err *e)
{
	v->text = strdup(*s);
	*s += strlen(*s);
	return v->text ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static unsigned size_letter(char c)
{
	switch (c) {
	case 'b':
		return 1;
	case 'h':
		return 2;
	case 'w':
		return 4;
	case 'g':
	case 'L':
		return 8;
	default:
		return 0;
	}
}

static int format(const char **s, struct hmp_value *v, struct err *e)
{
	v->count = 1;
	v->format = 'x';
	v->size = 4;
	if (**s != '/')
		return 0;
	++*s;
	if (isdigit((unsigned char)**s))
		v->count = 0;
	for (; isdigit((unsigned char)**s); ++*s)
		v->count = MIN(v->count * 10 + (unsigned)(**s - '0'), 1u << 24);
	for (; **s && !isspace((unsigned char)**s); ++*s) {
		if (strchr("oxudcia", **s))
			v->format = (unsigned char)**s;
		else if (size_letter(**s))
			v->size = size_letter(**s);
		else
			return err_set(e, -EINVAL, "invalid char in format: '%c'", **s);
	}
	if (v->format == 'c')
		v->size = 1;
	return 0;
}

static bool next_is_flag(const char *type)
{
	type += strcspn(type, ",");
	type += strcspn(type, ":");
	return *type && type[1] == '-';
}

static int flag(struct hmp_call *c, const char **s, const char *type, struct hmp_value *v,
		struct err *e)
{
	const char *name = c->command->names;
	char letter = type[1];

	/* Flags stand in the row's order; one that is left out makes way for the next. */
	if (**s != '-' || ((*s)[1] != letter && next_is_flag(type)))
		return 0;
	if ((*s)[1] != letter || ((*s)[2] && !isspace((unsigned char)(*s)[2])))
		return err_set(e, -EINVAL, "%.*s: unsupported option -%c", (int)strcspn(name, "|"),
			       name, (*s)[1]);
	*s += 2;
	v->set = true;
	v->number = 1;
	if (type[2] != 's')
		return 0;
	*s += strspn(*s, " \t");
	if (!**s)
		return err_set(e, -EINVAL, "%.*s: -%c wants a word", (int)strcspn(name, "|"), name,
			       letter);
	return word(s, v, e);
}

static int one(struct hmp_call *c, const char *type, struct hmp_value *v, const char **s,
	       struct err *e)
{
	bool optional = type[strcspn(type, "?,")] == '?';
	int n = (int)strcspn(c->command->names, "|");

	skip(s);
	if (type[0] == '-')
		return flag(c, s, type, v, e);
	if (type[0] == '/')
		return format(s, v, e);
	if (!**s && optional)
		return 0;
	v->set = true;
	if (type[0] == 'i')
		return hmp_expression(s, &v->number, e);
	if (!**s)
		return err_set(e, -EINVAL, "%.*s: %.*s expected", n, c->command->names,
			       (int)strcspn(v->name, ":"), v->name);
	return type[0] == 'S' ? rest(s, v, e) : word(s, v, e);
}

int hmp_parse(struct hmp_call *c, const char *text, struct err *e)
{
	const char *row = c->command->args;
	unsigned n = 0;
	int rc = 0;

	while (!rc && row && *row && n < HMP_ARGS) {
		struct hmp_value *v = &c->values[n++];

		v->name = row;
		row += strcspn(row, ":") + 1;
		rc = one(c, row, v, &text, e);
		row += strcspn(row, ",");
		row += *row == ',';
	}
	skip(&text);
	if (!rc && *text)
		rc = err_set(e, -EINVAL, "%s: extraneous characters at the end of line",
			     c->command->names);
	return rc;
}

void hmp_values_free(struct hmp_call *c)
{
	for (unsigned i = 0; i < HMP_ARGS; i++)
		free(c->values[i].text);
}

const struct hmp_value *hmp_value(const struct hmp_call *c, const char *name)
{
	static const struct hmp_value none;
	size_t len = strlen(name);

	for (unsigned i = 0; i < HMP_ARGS && c->values[i].name; i++)
		if (!strncmp(c->values[i].name, name, len) && c->values[i].name[len] == ':')
			return &c->values[i];
	return &none;
}

const char *hmp_text(const struct hmp_call *c, const char *name)
{
	return hmp_value(c, name)->text;
}

int64_t hmp_number(const struct hmp_call *c, const char *name, int64_t def)
{
	const struct hmp_value *v = hmp_value(c, name);

	return v->set ? v->number : def;
}

bool hmp_flag(const struct hmp_call *c, const char *name)
{
	return hmp_value(c, name)->set;
}
