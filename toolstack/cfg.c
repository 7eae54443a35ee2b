/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/cfg.c: see cfg.h. A reader by hand: tokens are what libxlutil's are (numbers are
 * [0-9][0-9a-fx]*, names [a-z][_0-9a-z]*; a string ends on its line).
 *
 * Tests: tests/toolstack/cfg.c, tests/toolstack/cfg_xlu.c, tests/fuzz/xlcfg.c
 */
#include "toolstack/cfg.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 16 /* of lists in lists */

struct reader {
	const char *file, *at, *end;
	unsigned line, depth;
	struct err *e;
};

int cfg_err(struct err *e, int rc, const char *file, unsigned line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, rc, "%s:%u: %s", file, line, text);
}

/* ---- characters ---- */

static int fail(struct reader *r, const char *what)
{
	unsigned char c = r->at < r->end ? (unsigned char)*r->at : 0;

	if (r->at == r->end)
		return cfg_err(r->e, -EINVAL, r->file, r->line, "the file ends, %s", what);
	if (c == '\n')
		return cfg_err(r->e, -EINVAL, r->file, r->line, "the line ends, %s", what);
	if (c < 0x20 || c >= 0x7f)
		return cfg_err(r->e, -EINVAL, r->file, r->line, "byte 0x%02x, %s", c, what);
	return cfg_err(r->e, -EINVAL, r->file, r->line, "'%c', %s", c, what);
}

static int no_memory(struct reader *r)
{
	return cfg_err(r->e, -ENOMEM, r->file, r->line, "out of memory");
}

static bool is(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static bool one_of(const struct reader *r, const char *set)
{
	return r->at < r->end && *r->at && strchr(set, *r->at);
}

static void skip_blanks(struct reader *r)
{
	while (one_of(r, " \t"))
		r->at++;
}

static void skip_comment(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

/* Also line ends and comments: between statements, and inside of lists. */
static void skip_lines(struct reader *r, bool semicolons)
{
	for (;;) {
		skip_blanks(r);
		if (is(r, '#')) {
			skip_comment(r);
		} else if (is(r, '\n')) {
			r->line++;
			r->at++;
		} else if (semicolons && is(r, ';')) {
			r->at++;
		} else {
			return;
		}
	}
}

static bool letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- values ---- */

static int read_number(struct reader *r, char **text)
{
	const char *from = r->at;

	while (r->at < r->end &&
	       (digit(*r->at) || (*r->at >= 'a' && *r->at <= 'f') || *r->at == 'x'))
		r->at++;
	*text = strndup(from, (size_t)(r->at - from));
	return *text ? 0 : no_memory(r);
}

/* n digits of a base. */
static int read_escape(struct reader *r, unsigned n, unsigned base, char *out)
{
	unsigned val = 0;

	for (; n; n--, r->at++) {
		char c = r->at < r->end ? *r->at : 0;
		unsigned d = digit(c)               ? (unsigned)(c - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
			     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
						    : 16;

		if (d >= base)
			return fail(r, "where an escape of the string needs a digit");
		val = val * base + d;
	}
	if (!val || val > 255)
		return cfg_err(r->e, -EINVAL, r->file, r->line,
			       "a string cannot hold the character %u", val);
	*out = (char)val;
	return 0;
}

/* Behind the backslash. */
static int read_escaped(struct reader *r, char *out)
{
	static const char names[] = "abfnrtv\\'\"", chars[] = "\a\b\f\n\r\t\v\\'\"";
	const char *p = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;

	if (p) {
		*out = chars[p - names];
		r->at++;
		return 0;
	}
	if (is(r, 'x')) {
		r->at++;
		return read_escape(r, 2, 16, out);
	}
	if (one_of(r, "01234567"))
		return read_escape(r, 3, 8, out);
	return fail(r, "which a backslash cannot stand before");
}

static int read_string(struct reader *r, char **text)
{
	char quote = *r->at++;
	char *out = malloc((size_t)(r->end - r->at) + 1);
	size_t n = 0;
	int rc = 0;

	*text = out;
	if (!out)
		return no_memory(r);
	while (!rc && !is(r, quote)) {
		if (r->at == r->end || *r->at == '\n')
			return fail(r, "and a string is still open");
		if (!*r->at)
			return fail(r, "in a string");
		if (*r->at != '\\') {
			out[n++] = *r->at++;
			continue;
		}
		r->at++;
		rc = read_escaped(r, &out[n++]);
	}
	if (rc)
		return rc;
	r->at++;
	out[n] = '\0';
	return 0;
}

static void free_value(struct cfg_value *v)
{
	while (v) {
		struct cfg_value *next = v->next;

		free_value(v->items);
		free(v->text);
		free(v);
		v = next;
	}
}

static int read_value(struct reader *r, struct cfg_value **out);

/* A comma parts them, one may stand behind the last. */
static int read_list(struct reader *r, struct cfg_value *list)
{
	struct cfg_value **tail = &list->items;
	int rc = 0;

	if (++r->depth > DEPTH)
		return fail(r, "too many lists in lists");
	r->at++;
	skip_lines(r, false);
	while (!rc && !is(r, ']')) {
		rc = read_value(r, tail);
		if (rc)
			break;
		tail = &(*tail)->next;
		skip_lines(r, false);
		if (is(r, ',')) {
			r->at++;
			skip_lines(r, false);
		} else if (!is(r, ']')) {
			return fail(r, "where a list goes on with a comma or ends with ']'");
		}
	}
	r->at += !rc;
	r->depth--;
	return rc;
}

/* *out is set, to be freed, also when it fails. */
static int read_value(struct reader *r, struct cfg_value **out)
{
	struct cfg_value *v = *out = calloc(1, sizeof(*v));

	if (!v)
		return no_memory(r);
	v->line = r->line;
	if (r->at < r->end && digit(*r->at)) {
		v->kind = CFG_NUMBER;
		return read_number(r, &v->text);
	}
	if (one_of(r, "'\"")) {
		v->kind = CFG_STRING;
		return read_string(r, &v->text);
	}
	v->kind = CFG_LIST;
	if (is(r, '['))
		return read_list(r, v);
	return fail(r, "where a number, a quoted string or a list should be");
}

/* ---- settings ---- */

const struct cfg_setting *cfg_find(const struct cfg *c, const char *name)
{
	for (const struct cfg_setting *s = c->first; s; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

unsigned cfg_items(const struct cfg_value *list)
{
	unsigned n = 0;

	for (const struct cfg_value *v = list->items; v; v = v->next)
		n++;
	return n;
}

static int join_text(struct reader *r, struct cfg_value *to, const char *text)
{
	size_t len = strlen(to->text) + strlen(text) + 1;
	char *joined = realloc(to->text, len);

	if (!joined)
		return no_memory(r);
	strcat(joined, text);
	to->text = joined;
	to->kind = CFG_STRING;
	return 0;
}

static int join_lists(struct cfg_value *to, struct cfg_value *v)
{
	struct cfg_value **tail = &to->items;

	while (*tail)
		tail = &(*tail)->next;
	*tail = v->items;
	v->items = NULL;
	return 0;
}

/* NAME += VALUE: strings are joined, lists go on. v is taken over. */
static int append(struct reader *r, struct cfg_setting *s, struct cfg_value *v)
{
	bool list = v->kind == CFG_LIST;
	int rc;

	if ((s->value->kind == CFG_LIST) != list)
		rc = cfg_err(r->e, -EINVAL, r->file, r->line,
			     "%s: a list and a single value cannot be added", s->name);
	else
		rc = list ? join_lists(s->value, v) : join_text(r, s->value, v->text);
	free_value(v);
	return rc;
}

static int add(struct cfg *c, struct reader *r, char *name, unsigned line, struct cfg_value *v)
{
	struct cfg_setting **tail = &c->first, *s;

	while (*tail)
		tail = &(*tail)->next;
	s = calloc(1, sizeof(*s));
	if (!s) {
		free(name);
		free_value(v);
		return no_memory(r);
	}
	*s = (struct cfg_setting){.name = name, .file = r->file, .line = line, .value = v};
	*tail = s;
	return 0;
}

static int replace(struct reader *r, struct cfg_setting *s, unsigned line, struct cfg_value *v)
{
	if (s->file == r->file) {
		free_value(v);
		return cfg_err(r->e, -EINVAL, r->file, line,
			       "%s is set twice, first on line %u: which one is meant?", s->name,
			       s->line);
	}
	free_value(s->value);
	s->value = v;
	s->file = r->file;
	s->line = line;
	return 0;
}

static int read_operator(struct reader *r, bool *more)
{
	skip_blanks(r);
	*more = is(r, '+');
	r->at += *more;
	if (!is(r, '='))
		return fail(r, "where '=' or '+=' should be");
	r->at++;
	skip_blanks(r);
	return 0;
}

static int read_name(struct reader *r, char **name)
{
	const char *from = r->at;

	if (r->at == r->end || !letter(*r->at))
		return fail(r, "where the name of a setting should be (small letters, digits, _)");
	while (r->at < r->end && (letter(*r->at) || digit(*r->at) || *r->at == '_'))
		r->at++;
	*name = strndup(from, (size_t)(r->at - from));
	return *name ? 0 : no_memory(r);
}

static int read_end(struct reader *r)
{
	skip_blanks(r);
	if (r->at == r->end || one_of(r, "\n;#"))
		return 0;
	return fail(r, "where the line, or with ';' the statement, should end");
}

static int read_setting(struct cfg *c, struct reader *r)
{
	unsigned line = r->line;
	struct cfg_value *v = NULL;
	struct cfg_setting *s;
	char *name = NULL;
	bool more;
	int rc = read_name(r, &name);

	if (!rc)
		rc = read_operator(r, &more);
	if (!rc)
		rc = read_value(r, &v);
	if (!rc)
		rc = read_end(r);
	if (rc) {
		free(name);
		free_value(v);
		return rc;
	}
	s = (struct cfg_setting *)cfg_find(c, name);
	if (!s)
		return add(c, r, name, line, v);
	free(name);
	return more ? append(r, s, v) : replace(r, s, line, v);
}

/* ---- texts ---- */

int cfg_read(struct cfg *c, const char *file, const char *text, size_t len, struct err *e)
{
	struct reader r = {.at = text, .end = text + len, .line = 1, .e = e};
	int rc;

	if (c->sources == ARRAY_SIZE(c->files))
		return err_set(e, -E2BIG, "%s: too many configuration files", file);
	r.file = c->files[c->sources] = strdup(file);
	if (!r.file)
		return err_set(e, -ENOMEM, "%s: out of memory", file);
	c->sources++;
	if (len > CFG_MAX)
		return err_set(e, -E2BIG, "%s: over 1 MiB: not a configuration file", file);
	for (;;) {
		skip_lines(&r, true);
		if (r.at == r.end)
			return 0;
		rc = read_setting(c, &r);
		if (rc)
			return rc;
	}
}

int cfg_read_file(struct cfg *c, const char *path, struct err *e)
{
	char *text = malloc(CFG_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0), rc;

	if (!text || fd < 0) {
		rc = err_errno(e, text ? -errno : -ENOMEM, "%s: cannot open it", path);
		free(text);
		return rc;
	}
	while (n > 0 && len <= CFG_MAX) {
		n = read(fd, text + len, CFG_MAX + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	rc = n < 0 ? err_errno(e, -errno, "%s: cannot read it", path)
		   : cfg_read(c, path, text, len, e);
	close(fd);
	free(text);
	return rc;
}

void cfg_free(struct cfg *c)
{
	while (c->first) {
		struct cfg_setting *s = c->first;

		c->first = s->next;
		free_value(s->value);
		free(s->name);
		free(s);
	}
	for (unsigned i = 0; i < c->sources; i++)
		free(c->files[i]);
	*c = (struct cfg){.first = NULL};
}
