/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_json_parse.h: between the two halves of the JSON reader, dm/qmp_json*.c. */
#ifndef DM_QMP_JSON_PARSE_H
#define DM_QMP_JSON_PARSE_H
#include "dm/qmp_json.h"

enum qmp_token_type {
	TOKEN_OPEN_BRACE,
	TOKEN_CLOSE_BRACE,
	TOKEN_OPEN_BRACKET,
	TOKEN_CLOSE_BRACKET,
	TOKEN_COMMA,
	TOKEN_COLON,
	TOKEN_STRING, /* with its quotes */
	TOKEN_INTEGER,
	TOKEN_REAL,
	TOKEN_KEYWORD,
};
struct qmp_token {
	enum qmp_token_type type;
	uint32_t at, len; /* in the reader's text */
};

#define QMP_JSON_DESC 160

/* The value of all tokens. NULL and a sentence when they are none. *id: see qmp_json.message; the
 * caller frees it. */
json_t *qmp_json_parse(const struct qmp_json *j, char **id, char desc[QMP_JSON_DESC]);
#endif
