/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp_json.h: JSON values out of a byte stream, in pieces of any size and
 * without any terminator between them, as QMP peers send them.
 *
 * Where values begin and end, what is an error and where reading goes on after
 * one follows QEMU's monitors: strings also in single quotes, values that are
 * cut short by a wrong bracket, recovery at the next structural character.
 */
#ifndef DM_QMP_JSON_H
#define DM_QMP_JSON_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMP_JSON_MAX_DEPTH  1024
#define QMP_JSON_MAX_TOKENS (1u << 19)
#define QMP_JSON_MAX_BYTES  (16u << 20)

struct qmp_token;

struct qmp_json {
	/* v is borrowed. id: the text of the top-level object's "id", NULL when it has none:
	 * numbers in it are spelled as they came. */
	void (*message)(void *arg, json_t *v, const char *id);
	void (*error)(void *arg, const char *desc);
	void *arg;
	/* below: the reader's own; all zero at the start of a stream */
	uint8_t state, quote;
	uint8_t *text; /* of all tokens of the value */
	size_t len, cap, start;
	struct qmp_token *tokens;
	size_t n_tokens, cap_tokens;
	int braces, brackets;
};

void qmp_json_feed(struct qmp_json *j, const uint8_t *buf, size_t len);
/* Forgets a value begun; the callbacks stay. */
void qmp_json_reset(struct qmp_json *j);

/* Any bytes as a JSON string: what is not UTF-8 becomes U+FFFD. NULL: out of memory. */
json_t *qmp_json_text(const char *text, size_t len);
#endif
