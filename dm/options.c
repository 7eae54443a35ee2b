/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/options.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct option_table *const tables[] = {&options_machine, &options_firmware,
						    &options_device,  &options_display,
						    &options_net,     &options_process};

int options_text(char **to, const char *what, const char *arg, struct err *e)
{
	char *copy = strdup(arg);

	if (!copy)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	free(*to);
	*to = copy;
	return 0;
}

/* ---- help */

#define HELP_COLUMN 24
#define HELP_WIDTH  72

/* The words of text in lines of HELP_WIDTH; the first begins where the cursor is. */
static void wrap(const char *text)
{
	while (strlen(text) > HELP_WIDTH) {
		int n = HELP_WIDTH;

		while (n > 1 && text[n] != ' ')
			n--;
		printf("%.*s\n%*s", n, text, HELP_COLUMN, "");
		text += n + (text[n] == ' ');
	}
	printf("%s\n", text);
}

static void show_option(const struct option *o)
{
	int n = printf("-%s%s%s ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");

	if (n > HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - n, "");
	wrap(o->help);
}

static void show_help(void)
{
	printf("usage: hvm-dm [options]\n\n"
	       "The device model of one HVM guest. Options are QEMU's.\n");
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++) {
		printf("\n%s:\n", tables[t]->title);
		for (unsigned i = 0; i < tables[t]->n; i++)
			if (tables[t]->v[i].set)
				show_option(&tables[t]->v[i]);
	}
}

/* ---- finding an option */

static const struct option *find(const char *name)
{
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++)
			if (!strcmp(tables[t]->v[i].name, name))
				return &tables[t]->v[i];
	return NULL;
}

static int unknown(const char *word, struct err *e)
{
	const char *names[160], *near;
	unsigned n = 0;

	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n && n < ARRAY_SIZE(names); i++)
			if (tables[t]->v[i].set)
				names[n++] = tables[t]->v[i].name;
	near = text_nearest(word, names, n);
	if (near)
		return err_set(e, -EINVAL, "-%s: no such option (did you mean -%s?)", word, near);
	return err_set(e, -EINVAL, "-%s: no such option (-help lists them)", word);
}

/* One option at argv[*i]; moves *i to its last word. */
static int parse_one(struct machine_config *c, int argc, char *const *argv, int *i, struct err *e)
{
	const char *word = argv[*i], *arg = NULL;
	const struct option *o;
	char what[64];

	if (*word != '-' || !word[1])
		return err_set(e, -EINVAL, "'%s': disks are given with -drive or -hda", word);
	word += word[1] == '-' ? 2 : 1;
	if (!strcmp(word, "help") || !strcmp(word, "h")) {
		show_help();
		return OPTIONS_DONE;
	}
	o = find(word);
	if (!o)
		return unknown(word, e);
	snprintf(what, sizeof(what), "-%s", o->name);
	if (o->arg) {
		if (*i + 1 >= argc)
			return err_set(e, -EINVAL, "%s: wants %s after it", what, o->arg);
		arg = argv[++*i];
	}
	if (!o->set)
		return err_set(e, -ENOTSUP, "%s: %s", what, o->later);
	return o->set(c, what, arg, e);
}

static int set_defaults(struct machine_config *c)
{
	*c = (struct machine_config){
		.ram = 128 << 20, .cpus = 1, .maxcpus = 1, .engine = ENGINE_CONFIG(NULL)};
	c->machine = strdup("pc");
	return c->machine ? 0 : -ENOMEM;
}

int options_parse(struct machine_config *c, int argc, char *const *argv, struct err *e)
{
	int rc = set_defaults(c);

	for (int i = 1; i < argc && !rc; i++)
		rc = parse_one(c, argc, argv, &i, e);
	if (rc < 0)
		err_set(e, rc, "out of memory");
	return rc;
}

/* ---- one line of text */

/* Cuts the word at *p out in place, quotes taken off; NULL at the end. */
static char *cut_word(char **p)
{
	char *from = *p + strspn(*p, " \t\n"), *word = from, *to = from, quote = 0;

	if (!*from)
		return NULL;
	for (; *from && (quote || !strchr(" \t\n", *from)); from++)
		if (quote ? *from == quote : (*from == '\'' || *from == '"'))
			quote = quote ? 0 : *from;
		else
			*to++ = *from;
	*p = *from ? from + 1 : from;
	*to = 0;
	return word;
}

int options_parse_text(struct machine_config *c, const char *text, struct err *e)
{
	char *copy = strdup(text), *p = copy, **argv;
	unsigned n = 1;
	int rc;

	argv = calloc(strlen(text) / 2 + 3, sizeof(*argv));
	if (!copy || !argv) {
		*c = (struct machine_config){0};
		rc = err_set(e, -ENOMEM, "out of memory");
	} else {
		while ((argv[n] = cut_word(&p)))
			n++;
		rc = options_parse(c, (int)n, argv, e);
	}
	free(argv);
	free(copy);
	return rc;
}
