/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_help.c: help, and bash's completion: both printed from the verbs' rows.
 *
 * Tests: tests/toolstack/verbs.sh, tests/docs/hvm_man.sh
 */
#include "toolstack/verbs.h"

#include "base/util.h"

#include <errno.h>

/* ---- help ---- */

static void print_option(const struct verb_option *o)
{
	char text[80];
	int n;

	if (o->letter)
		n = snprintf(text, sizeof(text), "-%c, ", o->letter);
	else
		n = snprintf(text, sizeof(text), "    ");
	snprintf(text + n, sizeof(text) - (size_t)n, "--%s%s%s", o->name, o->value ? "=" : "",
		 o->value ? o->value : "");
	printf("  %-24s %s\n", text, o->help);
}

static void print_verb(const struct verb *v)
{
	const char *options = v->options ? " [OPTION]…" : "";

	printf("usage: %s %s%s%s%s\n\n%s\n", verbs_program(), v->name, options, *v->args ? " " : "",
	       v->args, v->help);
	if (v->options)
		putchar('\n');
	for (const struct verb_option *o = v->options; o && o->name; o++)
		print_option(o);
}

static void print_all(void)
{
	const struct verb *v;

	printf("usage: %s VERB …\n\n", verbs_program());
	for (unsigned n = 0; (v = verbs_row(n)); n++)
		printf("  %-15s %.*s\n", v->name, (int)strcspn(v->help, "\n"), v->help);
	printf("\n%s help VERB says more. Before the verb -v, -f, -t and -T are taken,\n"
	       "as xl takes them; here they change nothing.\n",
	       verbs_program());
}

static int help(const struct verb_call *c, struct err *e)
{
	const struct verb *v = c->n ? verbs_find(c->args[0]) : NULL;

	if (v)
		print_verb(v);
	else if (!c->n)
		print_all();
	else
		return err_set(e, -ENOENT, "no verb is called %s (%s help lists them)", c->args[0],
			       verbs_program());
	return 0;
}

/* ---- completion ---- */

static void print_options_of(const struct verb *v)
{
	printf("\t%s) opts='--help", v->name);
	for (const struct verb_option *o = v->options; o && o->name; o++) {
		if (o->letter)
			printf(" -%c", o->letter);
		printf(" --%s%s", o->name, o->value ? "=" : "");
	}
	printf("' args='%s%s%s' ;;\n", strstr(v->args, "DOMAIN") ? " domain" : "",
	       strstr(v->args, "FILE") ? " file" : "", strstr(v->args, "VERB") ? " verb" : "");
}

static void print_verbs(void)
{
	const struct verb *v;

	for (unsigned n = 0; (v = verbs_row(n)); n++)
		printf("%s%s", n ? " " : "", v->name);
}

static int completion(const struct verb_call *c, struct err *e)
{
	const struct verb *v;

	(void)e;
	(void)c;
	printf("# bash completion for hvm; written by \"hvm completion\".\n"
	       "_hvm()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} opts= args=verb words= verbs='");
	print_verbs();
	printf("'\n\t[ \"$COMP_CWORD\" = 1 ] || case ${COMP_WORDS[1]} in\n");
	for (unsigned n = 0; (v = verbs_row(n)); n++)
		print_options_of(v);
	printf("\t*) args= ;;\n\tesac\n"
	       "\tcase $cur in -*) words=$opts args= ;; esac\n"
	       "\tcase $args in *verb*) words=$verbs ;; esac\n"
	       "\tcase $args in *domain*) words=$(\"$1\" list 2>/dev/null |\n"
	       "\t\tawk 'NR > 1 { print $1 }') ;; esac\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "\tcase $args in *file*) COMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac\n"
	       "}\ncomplete -o filenames -F _hvm hvm xl\n");
	return 0;
}

/* clang-format off */
const struct verb verb_help_verbs[] = {
	{"completion", "", "Print a script for bash that completes verbs, options and guests.\n"
	 "Put it into /usr/share/bash-completion/completions/hvm, or source it.", 0, 0, NULL,
	 completion},
	{"help", "[VERB]", "List the verbs, or explain one.", 0, 1, NULL, help},
	{0},
};
/* clang-format on */
