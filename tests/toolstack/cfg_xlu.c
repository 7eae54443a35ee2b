/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our reader of xl.cfg beside libxlutil's, on texts made at random of what such files are made of:
 * both take it or both refuse it, and each setting is the same. What differs on purpose (cfg.h):
 * numeric escapes, a comment or a stray character before the end of a file without a line feed,
 * names that are set twice, and how deep lists may lie in lists.
 */
#include "toolstack/cfg.h"

#include "base/util.h"
#include "tests/test.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct xlu {
	void *(*init)(FILE *report, const char *name);
	int (*read)(void *cfg, const char *data, int len);
	void (*destroy)(void *cfg);
	int (*string)(const void *cfg, const char *name, const char **value, int dont_warn);
	int (*list)(const void *cfg, const char *name, void **list, int *n, int dont_warn);
	const char *(*item)(const void *list, int i);
};

static void *symbol(void *lib, const char *name)
{
	void *p = dlsym(lib, name);

	MUST(p);
	return p;
}

static void xlu_open(struct xlu *x)
{
	void *lib = dlopen("libxlutil.so.4.17", RTLD_NOW);

	if (!lib)
		lib = dlopen("libxlutil.so", RTLD_NOW);
	if (!lib)
		SKIP("no libxlutil (libxen-dev)");
	*(void **)&x->init = symbol(lib, "xlu_cfg_init");
	*(void **)&x->read = symbol(lib, "xlu_cfg_readdata");
	*(void **)&x->destroy = symbol(lib, "xlu_cfg_destroy");
	*(void **)&x->string = symbol(lib, "xlu_cfg_get_string");
	*(void **)&x->list = symbol(lib, "xlu_cfg_get_list");
	*(void **)&x->item = symbol(lib, "xlu_cfg_get_listitem");
}

static const char *const pieces[] = {
	"a",     "b",         "c1_",   "_",    "=",   "=",     "=",       " = ",
	"+=",    " += ",      "1",     "0x1f", "017", "12ab",  "'x'",     "\"y\"",
	"'",     "\"",        "[",     "]",    "[",   "]",     ",",       ", ",
	"\n",    "\n",        "\n",    ";",    " ; ", " ",     "\t",      "# k\n",
	"'\\n'", "'\\t'",     "'\\q'", "-",    "A",   "a=1\n", "b='x'\n", "b=[1,'x',]\n",
	"\\",    "a=[[1]]\n",
};

static uint32_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void make(char *text, size_t size)
{
	size_t n = 0;

	for (unsigned i = draw(14); i; i--) {
		const char *p = pieces[draw(ARRAY_SIZE(pieces))];

		if (n + strlen(p) + 2 > size)
			break;
		strcpy(text + n, p);
		n += strlen(p);
	}
	strcpy(text + n, "\n");
}

/* A list in a list is NULL there. */
static void same_list(const struct xlu *x, const void *theirs, int n, const struct cfg_value *ours)
{
	const struct cfg_value *v = ours->items;

	EQ((int)cfg_items(ours), n);
	for (int i = 0; i < n && v; i++, v = v->next) {
		const char *text = x->item(theirs, i);

		EQ(v->kind == CFG_LIST, !text);
		if (text)
			EQS(text, v->text);
	}
}

static void same(const struct xlu *x, const void *theirs, const struct cfg *ours, const char *name)
{
	const struct cfg_setting *s = cfg_find(ours, name);
	const char *text;
	void *list;
	int n;

	if (!s)
		CHECK(x->string(theirs, name, &text, 1) && x->list(theirs, name, &list, &n, 1));
	else if (s->value->kind != CFG_LIST && !x->string(theirs, name, &text, 1))
		EQS(text, s->value->text);
	else if (s->value->kind == CFG_LIST && !x->list(theirs, name, &list, &n, 1))
		same_list(x, list, n, s->value);
	else
		CHECK(!"of the same kind");
}

TEST(as_libxlutil)
{
	static const char *const names[] = {"a", "b", "c1_", "aa", "ab", "ba"};
	unsigned taken = 0, refused = 0, twice = 0;
	FILE *quiet = fopen("/dev/null", "w");
	struct xlu x;

	MUST(quiet);
	xlu_open(&x);
	for (seed = 1; taken + refused < 20000;) {
		struct cfg c = {.first = NULL};
		struct err e = {""};
		char text[200];
		void *theirs;
		int rc, their_rc;

		make(text, sizeof(text));
		NOTE("%s", text);
		rc = cfg_read(&c, "f", text, strlen(text), &e);
		twice += strstr(e.msg, "set twice") != NULL;
		theirs = x.init(quiet, "f");
		their_rc = x.read(theirs, text, (int)strlen(text));
		if (!strstr(e.msg, "set twice"))
			MUST(!rc == !their_rc);
		for (unsigned i = 0; !rc && i < ARRAY_SIZE(names); i++)
			same(&x, theirs, &c, names[i]);
		taken += !rc;
		refused += !!rc;
		x.destroy(theirs);
		cfg_free(&c);
	}
	fclose(quiet);
	CHECK(taken > 1000 && refused > 1000 && twice > 10);
}
