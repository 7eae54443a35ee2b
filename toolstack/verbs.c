/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verbs.c: from the command line to a verb's handler. The exit status of all that is
 * wrong is 1, as xl's.
 *
 * Tests: tests/toolstack/verbs.sh, tests/toolstack/verbs.c
 */
#include "toolstack/verbs.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static const struct verb *const tables[] = {verb_create_verbs, verb_guest_verbs, verb_help_verbs,
					    verb_host_verbs,   verb_list_verbs,  verb_media_verbs,
					    verb_screen_verbs};
static const char *program = "hvm";

const char *verbs_program(void)
{
	return program;
}

/* ---- the rows ---- */

/* The first by name of those that come after `after` (NULL: the first of all). */
static const struct verb *next_row(const char *after)
{
	const struct verb *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct verb *v = tables[i]; v->name; v++)
			if ((!after || strcmp(v->name, after) > 0) &&
			    (!best || strcmp(v->name, best->name) < 0))
				best = v;
	return best;
}

const struct verb *verbs_row(unsigned n)
{
	const struct verb *v = next_row(NULL);

	while (v && n--)
		v = next_row(v->name);
	return v;
}

const struct verb *verbs_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct verb *v = tables[i]; v->name; v++)
			if (!strcmp(v->name, name))
				return v;
	return NULL;
}

/* ---- options ---- */

static int option_place(const struct verb *v, const char *name)
{
	for (int i = 0; v->options && v->options[i].name; i++)
		if (!strcmp(v->options[i].name, name))
			return i;
	return -1;
}

const char *verb_option(const struct verb_call *c, const char *name)
{
	int i = option_place(c->verb, name);

	return i < 0 ? NULL : c->given[i];
}

int verb_number(const struct verb_call *c, const char *name, long least, long most, long *value,
		struct err *e)
{
	const char *text = verb_option(c, name);
	char *end;
	long n;

	if (!text)
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || !*text || *end || n < least || n > most)
		return err_set(e, -EINVAL, "--%s=%s: a number from %ld to %ld is needed", name,
			       text, least, most);
	*value = n;
	return 0;
}

/* What getopt_long wants to know; help is in addition to the verb's own. */
struct grammar {
	char letters[2 * VERB_OPTIONS + 4];
	struct option longs[VERB_OPTIONS + 2];
};
enum { HELP = 256, FIRST };

static void grammar_of(const struct verb *v, struct grammar *g)
{
	char *at = g->letters;
	int n = 0;

	memset(g, 0, sizeof(*g));
	*at++ = ':';
	*at++ = 'h';
	for (; v->options && v->options[n].name; n++) {
		const struct verb_option *o = &v->options[n];

		g->longs[n] = (struct option){o->name, o->value ? required_argument : no_argument,
					      NULL, FIRST + n};
		if (o->letter)
			*at++ = o->letter;
		if (o->letter && o->value)
			*at++ = ':';
	}
	g->longs[n] = (struct option){"help", no_argument, NULL, HELP};
}

static int place_of_letter(const struct verb *v, int letter)
{
	int n = 0;

	while (v->options[n].letter != letter)
		n++;
	return n;
}

/* 1: help is wanted. */
static int read_options(struct verb_call *c, int argc, char **argv, struct err *e)
{
	struct grammar g;
	int what;

	grammar_of(c->verb, &g);
	optind = 0;
	opterr = 0;
	while ((what = getopt_long(argc, argv, g.letters, g.longs, NULL)) >= 0) {
		char letter[] = {'-', (char)optopt, 0};
		/* A letter that is wrong may stand among others. */
		const char *word = optopt > 0 && optopt < HELP ? letter : argv[optind - 1];

		if (what == '?')
			return err_set(e, -EINVAL, "%s does not know %s", c->verb->name, word);
		if (what == ':')
			return err_set(e, -EINVAL, "%s: %s needs a value", c->verb->name, word);
		if (what == 'h' || what == HELP)
			return 1;
		what = what >= FIRST ? what - FIRST : place_of_letter(c->verb, what);
		c->given[what] = optarg ? optarg : "";
	}
	c->args = argv + optind;
	c->n = (unsigned)(argc - optind);
	return 0;
}

static int check_count(const struct verb_call *c, struct err *e)
{
	const struct verb *v = c->verb;

	if (c->n < v->least)
		return err_set(e, -EINVAL, "%s: too little is said: %s %s %s", v->name, program,
			       v->name, v->args);
	if (c->n > v->most)
		return err_set(e, -EINVAL, "%s: what is %s for?", v->name, c->args[v->most]);
	return 0;
}

/* ---- one command line ---- */

static int run(const struct verb *v, int argc, char **argv)
{
	struct verb_call c = {.verb = v};
	struct err e = {""};
	int rc = read_options(&c, argc, argv, &e);

	if (rc > 0) {
		char *name[] = {"help", argv[0], NULL};

		return run(verbs_find("help"), 2, name);
	}
	if (!rc)
		rc = check_count(&c, &e);
	if (!rc)
		rc = v->run(&c, &e);
	if (fflush(stdout) && !rc)
		rc = err_errno(&e, -errno, "cannot print");
	if (rc < 0)
		log_error("%s", e.msg[0] ? e.msg : strerror(-rc));
	return rc < 0 ? 1 : rc;
}

static void name_program(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	if (strlen(name) >= 2 && !strcmp(name + strlen(name) - 2, "xl"))
		program = "xl";
	log_set_name(program);
}

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list))
		list++;
	return *list;
}

int verbs_run(int argc, char **argv)
{
	static const char *const helps[] = {"-h", "-help", "--help", NULL};
	/* xl's own: nothing here that they could change. */
	static const char *const idle[] = {"-v", "-vv", "-vvv", "-f", "-t", "-T", NULL};
	char *help[] = {"help", NULL};
	const struct verb *v;

	name_program(argc ? argv[0] : program);
	while (argc > 1 && is_one_of(argv[1], idle)) {
		argc--;
		argv++;
	}
	if (argc < 2) {
		run(verbs_find("help"), 1, help);
		return 1;
	}
	if (is_one_of(argv[1], helps))
		argv[1] = help[0];
	v = verbs_find(argv[1]);
	if (v)
		return run(v, argc - 1, argv + 1);
	log_error("no verb is called %s (%s help lists them)", argv[1], program);
	return 1;
}
