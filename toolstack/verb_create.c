/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_create.c: create: the configuration read, checked and compiled (-n), or made into
 * a guest; and the table of its keys.
 *
 * Tests: tests/toolstack/verbs.sh, tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "base/log.h"
#include "toolstack/control.h"
#include "toolstack/create.h"
#include "toolstack/guest_json.h"
#include "toolstack/sweep.h"
#include "toolstack/table.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* The file, then settings in its grammar, which win. */
static int read_words(struct cfg *cfg, const struct verb_call *c, struct err *e)
{
	const char *file = verb_option(c, "defconfig");
	unsigned i = 0;
	int rc;

	if (!file)
		file = c->n ? c->args[i++] : NULL;
	if (!file)
		return err_set(e, -EINVAL, "create which? A configuration file is missing");
	rc = cfg_read_file(cfg, file, e);
	for (; !rc && i < c->n; i++)
		rc = strchr(c->args[i], '=')
			     ? cfg_read(cfg, "command line", c->args[i], strlen(c->args[i]), e)
			     : err_set(e, -EINVAL, "create does not know %s", c->args[i]);
	return rc;
}

/* A viewer beside us. */
static void start_viewer(unsigned domid, bool with_password)
{
	struct err e = {""};

	if (fork())
		return;
	verb_vncviewer(domid, with_password, &e);
	log_error("%s", e.msg);
	_exit(1);
}

static int wait_end(unsigned domid, struct err *e)
{
	json_t *q = json_pack("{ssss}", "do", "wait", "for", "end");
	int rc;

	json_decref(control_call(domid, q, NULL, 0, -1, &rc, e));
	if (rc == -ESRCH)
		err_clear(e);
	return rc == -ESRCH ? 0 : rc;
}

/* What the options (vncconsole=1 among the settings, too) want of a guest that runs. */
static int attend(const struct verb_call *c, const struct guest *g, unsigned domid, struct err *e)
{
	bool password = verb_option(c, "vncviewer-autopass");
	int rc = 0;

	if (password || verb_option(c, "vncviewer") || g->vncconsole)
		start_viewer(domid, password);
	if (verb_option(c, "console"))
		rc = verb_console(domid, 0, e);
	if (!rc && verb_option(c, "foreground"))
		rc = wait_end(domid, e);
	return rc;
}

/* What runs is known by what configuration said; what xl would do next comes behind it. */
static int make(const struct verb_call *c, const struct cfg *cfg, const struct guest *g,
		struct err *e)
{
	const char *jail = verb_option(c, "jail");
	struct create made = {.paused = verb_option(c, "pause"),
			      .jail = JAIL_TRY,
			      .name = g->name,
			      .has_uuid = g->uuid,
			      .notes = verb_option(c, "quiet") ? NULL : stderr};
	unsigned domid;
	int rc = 0;

	if (jail && jail_parse_mode(jail, &made.jail) < 0)
		return err_set(e, -EINVAL, "--jail=%s: want off, try or require", jail);
	sweep();
	rc = create_guest(cfg, &made, &domid, e);
	if (!rc && !verb_option(c, "quiet"))
		printf("%s is guest %u\n", g->name, domid);
	fflush(stdout);
	return rc ? rc : attend(c, g, domid, e);
}

/* As xl -d: what the settings come to. */
static void print_json(const struct verb_call *c, const struct guest *g)
{
	json_t *all = verb_option(c, "debug") ? guest_json(g, 0) : NULL;

	if (all)
		table_print_json(all, stdout);
	json_decref(all);
}

static int create(const struct verb_call *c, struct err *e)
{
	struct guest guest = {.name = NULL};
	struct cfg cfg = {0};
	int rc = read_words(&cfg, c, e);

	if (!rc)
		rc = guest_read(&guest, &cfg, verb_option(c, "quiet") ? NULL : stderr, e);
	if (!rc)
		print_json(c, &guest);
	if (!rc)
		rc = verb_option(c, "dryrun") ? print_args(&guest) : make(c, &cfg, &guest, e);
	guest_free(&guest);
	cfg_free(&cfg);
	return rc;
}

static int config_keys(const struct verb_call *c, struct err *e)
{
	(void)c;
	(void)e;
	guest_print_keys(stdout);
	return 0;
}

/* clang-format off */
const struct verb verb_create_verbs[] = {
	{"config-keys", "", "Print the settings of xl.cfg(5) and what becomes of each here.", 0, 0,
	 NULL, config_keys},
	{"create", "FILE [NAME=VALUE]…",
	 "Make a guest from a configuration file in xl.cfg(5)'s grammar.\n"
	 "Settings on the command line win.", 0, VERB_MANY,
	 VERB_OPTIONS_OF(
		{'A', "vncviewer-autopass", NULL, "as -V, the viewer is handed the password"},
		{'F', "foreground", NULL, "return when the guest has ended"},
		{'V', "vncviewer", NULL, "start a VNC viewer"},
		{'c', "console", NULL, "this terminal becomes its first serial port"},
		{'d', "debug", NULL, "print what the settings come to, as libxl's JSON"},
		{'e', "no-wait", NULL, "as xl has it; hvm never waits behind the scenes"},
		{'f', "defconfig", "FILE", "the configuration file"},
		{'n', "dryrun", NULL, "check it, print the command line libxl would use"},
		{'p', "pause", NULL, "make it, but let it not run yet"},
		{'q', "quiet", NULL, "no notes about the configuration"},
		{0, "jail", "MODE", "of the guest's processes: off, try (as usual) or require"}),
	 create},
	{0},
};
/* clang-format on */
