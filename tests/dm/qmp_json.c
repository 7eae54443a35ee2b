/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON reader of QMP. What is an error, in which words, and where reading goes on was compared
 * with QEMU 7.2's monitor, line by line.
 */
#include "dm/qmp_json.h"
#include "tests/test.h"

#include <stdio.h>

/* What the reader said, one line each: values in compact form, errors as !sentence, ids as #id. */
struct log {
	char text[8192];
	size_t len;
	unsigned n;
};

static void log_line(struct log *l, const char *mark, const char *text)
{
	l->n++;
	l->len +=
		(size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s\n", mark, text);
	MUST(l->len < sizeof(l->text));
}

static void on_message(void *arg, json_t *v, const char *id)
{
	char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

	MUST(text);
	log_line(arg, "", text);
	if (id)
		log_line(arg, "#", id);
	free(text);
}

static void on_error(void *arg, const char *desc)
{
	log_line(arg, "!", desc);
}

/* All of text, in pieces of `piece` bytes. */
static void feed(struct log *l, const char *text, size_t len, size_t piece)
{
	struct qmp_json j = {.message = on_message, .error = on_error, .arg = l};

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < len; i += piece)
		qmp_json_feed(&j, (const uint8_t *)text + i, len - i < piece ? len - i : piece);
	qmp_json_reset(&j);
}

#define E "!JSON parse error, "

static const struct {
	const char *in, *out;
	size_t len; /* 0: strlen(in) */
} rows[] = {
	{"{}", "{}\n", 0},
	{" [ 1 , -2 , 0 ] ", "[1,-2,0]\n", 0},
	{"{\"a\":{\"b\":[true,false,null]}}", "{\"a\":{\"b\":[true,false,null]}}\n", 0},
	{"{}{}[]", "{}\n{}\n[]\n", 0},
	{"{}\r\n{}\n\t{}", "{}\n{}\n{}\n", 0},
	{"'it\\'s' \"x\"", "\"it's\"\n\"x\"\n", 0},
	{"\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
	 "\"\\u00E9\\uD83D\\uDE00/\\b\\f\\n\\r\\t\\\\\\\"\"\n", 0},
	{"\"\xe2\x82\xac\x7f\"", "\"\\u20AC\x7f\"\n", 0},
	{"\"\\u0000\"", "\"\\u0000\"\n", 0},
	/* scalars end at what follows them */
	{"5 true\nnull ", "5\ntrue\nnull\n", 0},
	{"0", "", 0},
	{"1.5e3 ", "1500.0\n", 0},
	{"9223372036854775807 -9223372036854775808 ", "9223372036854775807\n-9223372036854775808\n",
	 0},
	{"18446744073709551616 ", "1.8446744073709552e19\n", 0},
	{"1e400 -1e400 ", "1.7976931348623157e308\n-1.7976931348623157e308\n", 0},
	/* the id as it came, in standard JSON */
	{"{\"id\":1.0}", "{\"id\":1.0}\n#1.0\n", 0},
	{"{\"id\":1e2,\"x\":1}", "{\"id\":100.0,\"x\":1}\n#1e2\n", 0},
	{"{'id':{'a':[18446744073709551615,null]}}",
	 "{\"id\":{\"a\":[1.8446744073709552e19,null]}}\n#{\"a\": [18446744073709551615, null]}\n",
	 0},
	{"{\"x\":{\"id\":1}}", "{\"x\":{\"id\":1}}\n", 0},
	{"{\"id\":\"a\\nb\"}", "{\"id\":\"a\\nb\"}\n#\"a\\nb\"\n", 0},
	/* syntax: the wrong bracket ends a value */
	{"{]\n{}", E "expecting value\n{}\n", 0},
	{"[}{}", E "expecting value\n{}\n", 0},
	{"{\"a\":1]{}", E "expected separator in dict\n{}\n", 0},
	{"} ] , : {}",
	 E "expecting value\n" E "expecting value\n" E "expecting value\n" E
	   "expecting value\n{}\n",
	 0},
	{"{\"a\":1,}", E "expecting value\n", 0},
	{"{\"a\" 1}", E "missing : in object pair\n", 0},
	{"{\"a\":1 \"b\":2}", E "expected separator in dict\n", 0},
	{"[1 2]", E "expected separator in list\n", 0},
	{"{1:2}", E "key is not a string in object\n", 0},
	{"{\"a\":1,\"a\":2}", E "duplicate key\n", 0},
	{"nonsense\n{\"a\":tru}", E "invalid keyword 'nonsense'\n" E "invalid keyword 'tru'\n", 0},
	/* strings */
	{"\"\\x\"", E "invalid escape sequence in string\n", 0},
	{"\"\\u12\"", E "no valid Unicode character: '\\u12'\n", 0},
	{"\"\\ud800\"", E "no valid Unicode character: '\\ud800'\n", 0},
	{"\"\\udc00\"", E "no valid Unicode character: '\\udc00'\n", 0},
	{"\"\xc3(\"", E "invalid UTF-8 sequence in string\n", 0},
	{"\"\xed\xa0\x80\"", E "invalid UTF-8 sequence in string\n", 0},
	/* lexical errors: on to what is structural or a control character */
	{"{\xff{}", E "stray '\xff'\n{}\n", 0},
	{"{\x01{}", E "stray '\x01'\n{}\n", 0},
	{"{'bad \xff{}", E "stray ''bad \xff'\n{}\n", 0},
	{"{'id':'\n{}", E "stray ''\n'\n{}\n", 0},
	{"%p {}", E "stray '%'\n{}\n", 0},
	{"{\"a\":0123}", E "stray '01'\n" E "expecting value\n", 0},
	{"{\"a\":-}{}", E "stray '-}'\n{}\n", 0},
	{"1e+x\n1.x\n{}", E "stray '1e+x'\n" E "stray '1.x'\n{}\n", 0},
	{"N abc { } [ ]\n", E "stray 'N'\n{}\n[]\n", 0},
	{"{\"a\":\"\0\"}\n{}", E "stray '\"'\n" E "expecting value\n{}\n", 12},
	{"\0\0{}", E "stray ''\n" E "stray ''\n{}\n", 4},
};

TEST_EACH(rows, sizeof(rows) / sizeof(rows[0]), rows[i].in)
{
	size_t len = rows[i].len ? rows[i].len : strlen(rows[i].in);
	struct log l;

	for (size_t piece = 1; piece <= len; piece++) {
		NOTE("pieces of %zu", piece);
		feed(&l, rows[i].in, len, piece);
		EQS(rows[i].out, l.text);
	}
}

/* n times `unit`, then `tail`. */
static char *many(const char *unit, size_t n, const char *tail, size_t *len)
{
	size_t each = strlen(unit);
	char *text = malloc(n * each + strlen(tail) + 1);

	MUST(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * each, unit, each);
	strcpy(text + n * each, tail);
	*len = strlen(text);
	return text;
}

static void limit(const char *unit, size_t n, const char *tail, const char *want)
{
	struct log l;
	size_t len;
	char *text = many(unit, n, tail, &len);

	feed(&l, text, len, 65536);
	free(text);
	EQS(want, l.text);
}

TEST(deep_nesting)
{
	struct log l;
	size_t len;
	char *text;

	limit("[", 1025, "{} junk \n{}", "!JSON nesting depth limit exceeded\n{}\n");
	limit("{\"a\":", 100000, "\xff{}", "!JSON nesting depth limit exceeded\n{}\n");
	text = many("[", 1024, "", &len);
	text = realloc(text, 2049);
	MUST(text);
	memset(text + 1024, ']', 1024);
	text[2048] = 0;
	struct qmp_json j = {.message = on_message, .error = on_error, .arg = &l};

	memset(&l, 0, sizeof(l));
	qmp_json_feed(&j, (const uint8_t *)text, 2048);
	EQ(1, l.n);
	CHECK(l.text[0] == '[');
	free(text);
}

TEST(huge_string)
{
	static char big[4 << 20];
	struct log l = {.n = 0};
	struct qmp_json j = {.message = on_message, .error = on_error, .arg = &l};

	memset(big, 'x', sizeof(big));
	qmp_json_feed(&j, (const uint8_t *)"{\"a\":\"", 6);
	for (unsigned i = 0; i < 4; i++)
		qmp_json_feed(&j, (const uint8_t *)big, sizeof(big));
	EQS("!JSON token size limit exceeded\n", l.text);
	/* The rest of the line is dropped, with whatever is in it. */
	qmp_json_feed(&j, (const uint8_t *)"\"}{}", 4);
	EQ(1, l.n);
	qmp_json_feed(&j, (const uint8_t *)"\n{}", 3);
	EQS("!JSON token size limit exceeded\n{}\n", l.text);
	EQ(0, j.cap);
}

TEST(many_tokens)
{
	struct log l = {.n = 0};
	struct qmp_json j = {.message = on_message, .error = on_error, .arg = &l};

	qmp_json_feed(&j, (const uint8_t *)"[0", 2);
	for (unsigned i = 0; i < QMP_JSON_MAX_TOKENS / 2 - 2; i++)
		qmp_json_feed(&j, (const uint8_t *)",0", 2);
	EQ(0, l.n);
	for (unsigned i = 0; i < 4; i++)
		qmp_json_feed(&j, (const uint8_t *)",0", 2);
	EQS("!JSON token count limit exceeded\n", l.text);
	qmp_json_feed(&j, (const uint8_t *)"\n{}", 3);
	EQS("!JSON token count limit exceeded\n{}\n", l.text);
}

TEST(text_of_any_bytes)
{
	static const char bytes[] =
		"a\xff\xc3\xa9\xe2\x82\xed\xa0\x80\xf0\x9f\x98\x80\xf4\x90\x80\x80";
	json_t *v = qmp_json_text(bytes, sizeof(bytes) - 1);

	EQS("a\xef\xbf\xbd\xc3\xa9"
	    "\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	    "\xf0\x9f\x98\x80"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	    json_string_value(v));
	json_decref(v);
}
