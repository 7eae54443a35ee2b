/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verbs.c: hvm's verbs. Only what needs no running guest is there yet: the configuration
 * read, checked and compiled (create -n), and the table of its keys.
 *
 * Tests: tests/toolstack/verbs.sh
 */
#include "toolstack/verbs.h"

#include "base/log.h"
#include "base/util.h"
#include "toolstack/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct verb {
	const char *name, *usage, *help;
	int (*run)(char **args);
};

static int usage(const struct verb *v);

/* ---- create ---- */

/* For a shell to take back. */
static void print_word(const char *word)
{
	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_=,./:+@%") == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", stdout) : putchar(*word);
	putchar('\'');
}

static int print_args(const struct guest *g)
{
	char **args = guest_args(g, 1, "hvm-dm");

	if (!args)
		return -ENOMEM;
	for (char **p = args; *p; p++) {
		print_word(*p);
		putchar(p[1] ? ' ' : '\n');
	}
	guest_args_free(args);
	return 0;
}

struct create {
	const char *file;
	bool dry;
	struct cfg cfg;
	struct guest guest;
};

static int create_word(struct create *c, const char *word, struct err *e)
{
	if (!strcmp(word, "-n") || !strcmp(word, "--dryrun"))
		c->dry = true;
	else if (strchr(word, '=') && c->file)
		return cfg_read(&c->cfg, "command line", word, strlen(word), e);
	else if (c->file || (*word == '-' && word[1]))
		return err_set(e, -EINVAL, "create does not know %s", word);
	else
		return cfg_read_file(&c->cfg, c->file = word, e);
	return 0;
}

static int create(char **args)
{
	struct create c = {.file = NULL};
	struct err e = {""};
	int rc = 0;

	for (; !rc && *args; args++)
		rc = create_word(&c, *args, &e);
	if (!rc && !c.file)
		rc = err_set(&e, -EINVAL, "create which? A configuration file is missing");
	if (!rc && !c.dry)
		rc = err_set(&e, -ENOSYS,
			     "create is there with -n alone: guests are not started yet");
	if (!rc)
		rc = guest_read(&c.guest, &c.cfg, stderr, &e);
	if (!rc)
		rc = print_args(&c.guest);
	if (rc)
		log_error("%s", e.msg[0] ? e.msg : strerror(-rc));
	guest_free(&c.guest);
	cfg_free(&c.cfg);
	return rc ? 1 : 0;
}

static int config_keys(char **args)
{
	(void)args;
	guest_print_keys(stdout);
	return 0;
}

/* ---- help ---- */

static int help(char **args);

static const struct verb verbs[] = {
	{"config-keys", "", "the settings of xl.cfg, and what becomes of each here", config_keys},
	{"create", "-n FILE [NAME=VALUE]…",
	 "check a configuration and print libxl's command line for its device model", create},
	{"help", "[VERB]", "this, or one verb", help},
};

static const struct verb *find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int usage(const struct verb *v)
{
	printf("hvm %s%s%s\n  %s\n", v->name, *v->usage ? " " : "", v->usage, v->help);
	return 0;
}

static int unknown(const char *name)
{
	log_error("no verb is called %s (hvm help lists them)", name);
	return 2;
}

static int help(char **args)
{
	if (*args)
		return find(*args) ? usage(find(*args)) : unknown(*args);
	puts("usage: hvm VERB …");
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-12s %s\n", verbs[i].name, verbs[i].help);
	return 0;
}

int verbs_run(char **args)
{
	const struct verb *v;

	if (!*args) {
		help(args);
		return 2;
	}
	if (!strcmp(*args, "-help") || !strcmp(*args, "--help") || !strcmp(*args, "-h"))
		return help(args + 1);
	v = find(*args);
	return v ? v->run(args + 1) : unknown(*args);
}
