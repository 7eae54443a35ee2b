/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_json_parse.c: tokens to a JSON value. The wording of errors is that of QEMU's parser. */
#include "dm/qmp_json_parse.h"

#include "base/util.h"

#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

struct parser {
	const struct qmp_json *j;
	size_t at;            /* next token */
	unsigned depth;       /* of objects and arrays around it */
	size_t id_at, id_end; /* tokens of the top-level "id" */
	char *desc;
	bool failed; /* the first sentence stays */
};

static json_t *value(struct parser *p);

static json_t *fail(struct parser *p, const char *what, const char *detail, size_t len)
{
	if (!p->failed)
		snprintf(p->desc, QMP_JSON_DESC, "JSON parse error, %s%.*s%s", what,
			 (int)MIN(len, (size_t)80), detail, len ? "'" : "");
	p->failed = true;
	return NULL;
}

/* Not NULL: a token of this type is next; it is taken. */
static const struct qmp_token *accept(struct parser *p, enum qmp_token_type type)
{
	const struct qmp_token *t = p->j->tokens + p->at;

	if (p->at == p->j->n_tokens || t->type != type)
		return NULL;
	p->at++;
	return t;
}

static const char *token_text(const struct parser *p, const struct qmp_token *t)
{
	return (const char *)p->j->text + t->at;
}

/* ---- strings ---- */

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Four hex digits at s, or -1. */
static int32_t hex4(const char *s, const char *end)
{
	int32_t v = 0;

	if (end - s < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *d = s[i] ? strchr(digits, s[i]) : NULL;

		if (!d)
			return -1;
		v = v << 4 | (int32_t)((d - digits) & 15);
	}
	return v;
}

/* \uXXXX, or two for a character beyond 16 bits; *s is behind the 'u'. Bytes put, 0 = wrong. */
static size_t unicode_escape(const char **s, const char *end, char *to)
{
	int32_t c = hex4(*s, end), low;

	if (c < 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	*s += 4;
	if (c < 0xd800 || c >= 0xe000)
		return put_utf8(to, (uint32_t)c);
	if (end - *s < 6 || (*s)[0] != '\\' || (*s)[1] != 'u')
		return 0;
	low = hex4(*s + 2, end);
	if (low < 0xdc00 || low >= 0xe000)
		return 0;
	*s += 6;
	return put_utf8(to, 0x10000u + ((uint32_t)(c & 0x3ff) << 10 | (uint32_t)(low & 0x3ff)));
}

/* Undoes the escapes of s into buf (never longer). False and a sentence when one is wrong. */
static bool unescape(struct parser *p, const char *s, const char *end, char *buf, size_t *len)
{
	static const char from[] = "\"'\\/bfnrt", to[] = "\"'\\/\b\f\n\r\t";
	char *out = buf;

	while (s < end) {
		const char *e;
		size_t n;

		if (*s != '\\') {
			*out++ = *s++;
			continue;
		}
		e = strchr(from, s[1]);
		s += 2;
		if (e && *e) {
			*out++ = to[e - from];
			continue;
		}
		if (s[-1] != 'u') {
			fail(p, "invalid escape sequence in string", "", 0);
			return false;
		}
		e = s;
		n = unicode_escape(&s, end, out);
		if (!n) {
			fail(p, "no valid Unicode character: '\\u", e,
			     MIN((size_t)(end - e), (size_t)4));
			return false;
		}
		out += n;
	}
	*len = (size_t)(out - buf);
	return true;
}

static json_t *string(struct parser *p, const struct qmp_token *t)
{
	const char *s = token_text(p, t) + 1;
	size_t len = t->len - 2;
	char *buf = malloc(len + 1);
	json_t *v = NULL;

	if (!buf)
		return fail(p, "out of memory", "", 0);
	if (unescape(p, s, s + len, buf, &len)) {
		v = json_stringn(buf, len);
		if (!v)
			fail(p, "invalid UTF-8 sequence in string", "", 0);
	}
	free(buf);
	return v;
}

/* ---- the other values ---- */

static json_t *real(const char *text)
{
	double d = strtod(text, NULL);

	return json_real(d > DBL_MAX ? DBL_MAX : d < -DBL_MAX ? -DBL_MAX : d);
}

static json_t *number(struct parser *p, const struct qmp_token *t)
{
	char *text = strndup(token_text(p, t), t->len);
	json_t *v = NULL;
	long long n;

	if (!text)
		return fail(p, "out of memory", "", 0);
	errno = 0;
	n = strtoll(text, NULL, 10);
	if (t->type == TOKEN_INTEGER && !errno)
		v = json_integer(n);
	else
		v = real(text);
	free(text);
	return v ? v : fail(p, "out of memory", "", 0);
}

static json_t *keyword(struct parser *p, const struct qmp_token *t)
{
	const char *s = token_text(p, t);

	if (t->len == 4 && !memcmp(s, "true", 4))
		return json_true();
	if (t->len == 5 && !memcmp(s, "false", 5))
		return json_false();
	if (t->len == 4 && !memcmp(s, "null", 4))
		return json_null();
	return fail(p, "invalid keyword '", s, t->len);
}

static json_t *pair_value(struct parser *p, json_t *object, const char *key)
{
	bool id = p->depth == 1 && !strcmp(key, "id");
	size_t at = p->at;
	json_t *v = value(p);

	if (!v)
		return NULL;
	if (json_object_get(object, key)) {
		json_decref(v);
		return fail(p, "duplicate key", "", 0);
	}
	if (id) {
		p->id_at = at;
		p->id_end = p->at;
	}
	return v;
}

static bool pair(struct parser *p, json_t *object)
{
	json_t *key = value(p), *v = NULL;
	bool done = false;

	if (!key)
		return false;
	if (!json_is_string(key))
		fail(p, "key is not a string in object", "", 0);
	else if (!accept(p, TOKEN_COLON))
		fail(p, "missing : in object pair", "", 0);
	else
		v = pair_value(p, object, json_string_value(key));
	if (v)
		done = !json_object_set_new(object, json_string_value(key), v);
	json_decref(key);
	return done;
}

static bool element(struct parser *p, json_t *array)
{
	json_t *v = value(p);

	return v && !json_array_append_new(array, v);
}

/* What is between braces or brackets; the opening one is taken. */
static json_t *several(struct parser *p, json_t *v, bool (*one)(struct parser *, json_t *),
		       enum qmp_token_type close, const char *separator)
{
	bool good = v;

	p->depth++;
	if (good && !accept(p, close)) {
		do
			good = one(p, v);
		while (good && accept(p, TOKEN_COMMA));
		if (good && !accept(p, close)) {
			fail(p, separator, "", 0);
			good = false;
		}
	}
	p->depth--;
	if (good)
		return v;
	json_decref(v);
	return fail(p, "out of memory", "", 0);
}

static json_t *value(struct parser *p)
{
	const struct qmp_token *t = p->j->tokens + p->at;

	if (p->at == p->j->n_tokens)
		return fail(p, "premature EOI", "", 0);
	p->at++;
	switch (t->type) {
	case TOKEN_OPEN_BRACE:
		return several(p, json_object(), pair, TOKEN_CLOSE_BRACE,
			       "expected separator in dict");
	case TOKEN_OPEN_BRACKET:
		return several(p, json_array(), element, TOKEN_CLOSE_BRACKET,
			       "expected separator in list");
	case TOKEN_STRING:
		return string(p, t);
	case TOKEN_INTEGER:
	case TOKEN_REAL:
		return number(p, t);
	case TOKEN_KEYWORD:
		return keyword(p, t);
	default:
		return fail(p, "expecting value", "", 0);
	}
}

/* ---- the id as it came ---- */

/* A string in standard JSON, whatever quotes and escapes it came in. */
static void put_string(struct parser *p, const struct qmp_token *t, FILE *f)
{
	json_t *v = string(p, t);

	if (v)
		json_dumpf(v, f, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(v);
}

static char *id_text(struct parser *p)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	if (p->id_at == p->id_end)
		return NULL;
	f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	for (size_t i = p->id_at; i < p->id_end; i++) {
		const struct qmp_token *t = p->j->tokens + i;

		if (t->type == TOKEN_STRING)
			put_string(p, t, f);
		else
			fwrite(token_text(p, t), 1, t->len, f);
		if (t->type == TOKEN_COMMA || t->type == TOKEN_COLON)
			fputc(' ', f);
	}
	return fclose(f) ? NULL : text;
}

json_t *qmp_json_parse(const struct qmp_json *j, char **id, char desc[QMP_JSON_DESC])
{
	struct parser p = {.j = j, .desc = desc};
	json_t *v = value(&p);

	*id = v ? id_text(&p) : NULL;
	return v;
}

/* ---- text from elsewhere ---- */

/* Bytes of the UTF-8 sequence at s, 0 = none. */
static size_t utf8_len(const uint8_t *s, size_t left)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

json_t *qmp_json_text(const char *text, size_t len)
{
	char *buf = malloc(len * 3 + 1), *out = buf;
	json_t *v;

	if (!buf)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len((const uint8_t *)text + i, len - i);

		if (n) {
			memcpy(out, text + i, n);
			out += n;
			i += n;
		} else {
			out += put_utf8(out, 0xfffd);
			i++;
		}
	}
	v = json_stringn(buf, (size_t)(out - buf));
	free(buf);
	return v;
}
