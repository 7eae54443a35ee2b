/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp_json.c: bytes to tokens, and where a value ends. dm/qmp_json_parse.c
 * makes the value.
 */
#include "dm/qmp_json_parse.h"

#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	START,
	STRING,
	ESCAPE,
	MINUS,
	ZERO,
	DIGITS,
	DOT,
	FRACTION,
	EXP,
	EXP_SIGN,
	EXP_DIGITS,
	KEYWORD,
	RECOVER, /* after an error: until something structural or a control character */
	SKIP,    /* after a limit was passed: until the end of the line */
};

void qmp_json_reset(struct qmp_json *j)
{
	free(j->text);
	free(j->tokens);
	j->text = NULL;
	j->tokens = NULL;
	j->len = j->cap = j->start = 0;
	j->n_tokens = j->cap_tokens = 0;
	j->braces = j->brackets = 0;
	j->state = START;
}

static void fail(struct qmp_json *j, uint8_t state, const char *desc)
{
	qmp_json_reset(j);
	j->state = state;
	j->error(j->arg, desc);
}

static bool text_add(struct qmp_json *j, uint8_t c)
{
	if (j->len == j->cap) {
		size_t cap = j->cap ? j->cap * 2 : 256;
		uint8_t *text = cap <= QMP_JSON_MAX_BYTES ? realloc(j->text, cap) : NULL;

		if (!text) {
			fail(j, SKIP, "JSON token size limit exceeded");
			return false;
		}
		j->text = text;
		j->cap = cap;
	}
	j->text[j->len++] = c;
	return true;
}

static bool token_add(struct qmp_json *j, enum qmp_token_type type)
{
	if (j->n_tokens == j->cap_tokens) {
		size_t cap = j->cap_tokens ? j->cap_tokens * 2 : 32;
		struct qmp_token *t = NULL;

		if (cap <= QMP_JSON_MAX_TOKENS)
			t = realloc(j->tokens, cap * sizeof(*t));
		if (!t) {
			fail(j, SKIP, "JSON token count limit exceeded");
			return false;
		}
		j->tokens = t;
		j->cap_tokens = cap;
	}
	j->tokens[j->n_tokens++] = (struct qmp_token){
		.type = type, .at = (uint32_t)j->start, .len = (uint32_t)(j->len - j->start)};
	return true;
}

static void value_done(struct qmp_json *j)
{
	char desc[QMP_JSON_DESC];
	char *id = NULL;
	json_t *v = qmp_json_parse(j, &id, desc);

	/* First, so that the callbacks may reset the reader. */
	qmp_json_reset(j);
	if (v)
		j->message(j->arg, v, id);
	else
		j->error(j->arg, desc);
	free(id);
	json_decref(v);
}

static void token_done(struct qmp_json *j, enum qmp_token_type type)
{
	j->state = START;
	if (!token_add(j, type))
		return;
	switch (type) {
	case TOKEN_OPEN_BRACE:
		j->braces++;
		break;
	case TOKEN_CLOSE_BRACE:
		j->braces--;
		break;
	case TOKEN_OPEN_BRACKET:
		j->brackets++;
		break;
	case TOKEN_CLOSE_BRACKET:
		j->brackets--;
		break;
	default:
		break;
	}
	if (j->braces + j->brackets > QMP_JSON_MAX_DEPTH)
		fail(j, SKIP, "JSON nesting depth limit exceeded");
	else if (j->braces < 0 || j->brackets < 0 || (!j->braces && !j->brackets))
		value_done(j);
}

/* c makes the token under way impossible. */
static void stray(struct qmp_json *j, uint8_t c)
{
	char desc[QMP_JSON_DESC];
	size_t n;

	if (!text_add(j, c))
		return;
	n = MIN(j->len - j->start, (size_t)80);
	snprintf(desc, sizeof(desc), "JSON parse error, stray '%.*s'", (int)n,
		 (const char *)j->text + j->start);
	fail(j, RECOVER, desc);
}

static int structural(uint8_t c)
{
	switch (c) {
	case '{':
		return TOKEN_OPEN_BRACE;
	case '}':
		return TOKEN_CLOSE_BRACE;
	case '[':
		return TOKEN_OPEN_BRACKET;
	case ']':
		return TOKEN_CLOSE_BRACKET;
	case ',':
		return TOKEN_COMMA;
	case ':':
		return TOKEN_COLON;
	default:
		return -1;
	}
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The first byte of a token. */
static void begin(struct qmp_json *j, uint8_t c)
{
	int type = structural(c);

	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return;
	j->start = j->len;
	if (type < 0 && c != '"' && c != '\'' && c != '-' && !digit(c) && !(c >= 'a' && c <= 'z')) {
		stray(j, c);
		return;
	}
	if (!text_add(j, c))
		return;
	j->quote = c;
	if (type >= 0)
		token_done(j, (enum qmp_token_type)type);
	else if (c == '"' || c == '\'')
		j->state = STRING;
	else if (c == '-')
		j->state = MINUS;
	else if (digit(c))
		j->state = c == '0' ? ZERO : DIGITS;
	else
		j->state = KEYWORD;
}

static void in_string(struct qmp_json *j, uint8_t c)
{
	if (c < 0x20 || c >= 0xfe) {
		stray(j, c);
		return;
	}
	if (!text_add(j, c))
		return;
	if (j->state == ESCAPE)
		j->state = STRING;
	else if (c == '\\')
		j->state = ESCAPE;
	else if (c == j->quote)
		token_done(j, TOKEN_STRING);
}

/* Where a number goes on with c; -1: it ends before c; -2: c is wrong. */
static int number_next(uint8_t state, uint8_t c)
{
	bool e = c == 'e' || c == 'E';

	switch (state) {
	case MINUS:
		return c == '0' ? ZERO : digit(c) ? DIGITS : -2;
	case ZERO:
		return digit(c) ? -2 : c == '.' ? DOT : e ? EXP : -1;
	case DIGITS:
		return digit(c) ? DIGITS : c == '.' ? DOT : e ? EXP : -1;
	case DOT:
		return digit(c) ? FRACTION : -2;
	case FRACTION:
		return digit(c) ? FRACTION : e ? EXP : -1;
	case EXP:
		return c == '+' || c == '-' ? EXP_SIGN : digit(c) ? EXP_DIGITS : -2;
	case EXP_SIGN:
		return digit(c) ? EXP_DIGITS : -2;
	default:
		return digit(c) ? EXP_DIGITS : -1;
	}
}

/* False: the token ended before c. */
static bool in_number(struct qmp_json *j, uint8_t c)
{
	bool whole = j->state == ZERO || j->state == DIGITS;
	int next = number_next(j->state, c);

	if (next == -1) {
		token_done(j, whole ? TOKEN_INTEGER : TOKEN_REAL);
		return false;
	}
	if (next == -2)
		stray(j, c);
	else if (text_add(j, c))
		j->state = (uint8_t)next;
	return true;
}

static bool in_keyword(struct qmp_json *j, uint8_t c)
{
	if (c >= 'a' && c <= 'z') {
		text_add(j, c);
		return true;
	}
	token_done(j, TOKEN_KEYWORD);
	return false;
}

/* False: c is still to be read, in the state that is now. */
static bool feed(struct qmp_json *j, uint8_t c)
{
	switch (j->state) {
	case START:
		begin(j, c);
		return true;
	case STRING:
	case ESCAPE:
		in_string(j, c);
		return true;
	case KEYWORD:
		return in_keyword(j, c);
	case RECOVER:
		if (c >= 0x20 && c < 0xfe && structural(c) < 0)
			return true;
		j->state = START;
		return false;
	case SKIP:
		if (c == '\n' || c == 0xff)
			j->state = START;
		return true;
	default:
		return in_number(j, c);
	}
}

void qmp_json_feed(struct qmp_json *j, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		while (!feed(j, buf[i]))
			;
}
