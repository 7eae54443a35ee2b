/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_guest.c: verbs about a guest's life.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "base/log.h"
#include "base/util.h"
#include "toolstack/control.h"
#include "toolstack/running.h"
#include "toolstack/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int qmp(unsigned domid, const char *command, struct err *e)
{
	return running_done(control_qmp(domid, command, NULL, e));
}

/* ---- one guest ---- */

static int simple(const struct verb_call *c, const char *what, struct err *e)
{
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	return rc ? rc : running_done(control_do(domid, what, e));
}

static int destroy(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	if (!rc)
		json_decref(control_call(domid, json_pack("{ss}", "do", "destroy"), NULL, 0,
					 CONTROL_MS, &rc, e));
	if (rc == -ESRCH)
		err_clear(e); /* it was faster */
	return rc == -ESRCH ? 0 : rc;
}

static int pause_guest(const struct verb_call *c, struct err *e)
{
	return simple(c, "pause", e);
}

static int unpause(const struct verb_call *c, struct err *e)
{
	return simple(c, "unpause", e);
}

static int rename_guest(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	return rc ? rc
		  : running_done(control_call(
			    domid, json_pack("{ssss}", "do", "rename", "name", c->args[1]), NULL, 0,
			    CONTROL_MS, NULL, e));
}

/* ---- shutdown and reboot: some guests, or all, and how long that takes ---- */

struct target {
	unsigned domid;
	long long reboots; /* up to now */
};

/* What comes of one guest is told; the others have their turn. */
static int each(struct target *t, int n, int (*fn)(struct target *t, struct err *e))
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		struct err e = {""};

		if (!t[i].domid || !fn(&t[i], &e))
			continue;
		log_error("guest %u: %s", t[i].domid, e.msg);
		t[i].domid = 0;
		failed = 1;
	}
	return failed;
}

/* Their number; *t is to be freed. */
static int targets(const struct verb_call *c, struct target **t, struct err *e)
{
	unsigned one, *ids = NULL;
	bool all = verb_option(c, "all");
	int n = 1;

	*t = NULL;
	if (all && c->n)
		return err_set(e, -EINVAL, "%s: --all, or guests by name?", c->verb->name);
	if (!all && !c->n)
		return err_set(e, -EINVAL, "%s which guest?", c->verb->name);
	if (all)
		n = running_all(&ids, e);
	else if (running_find(c, 0, &one, e))
		return -ENOENT;
	*t = calloc((size_t)MAX(n, 1), sizeof(**t));
	for (int i = 0; *t && i < n; i++)
		(*t)[i].domid = all ? ids[i] : one;
	free(ids);
	return *t ? n : -ENOMEM;
}

static int note_reboots(struct target *t, struct err *e)
{
	json_t *info = running_info(t->domid, e);

	t->reboots = running_number(info, "reboots");
	return running_done(info);
}

/* A guest that is gone has ended too. */
static int wait_for(struct target *t, const char *what, struct err *e)
{
	json_t *request =
		json_pack("{sssssI}", "do", "wait", "for", what, "after", (json_int_t)t->reboots);
	json_t *answer;
	int rc;

	if (!t->domid)
		return 0;
	answer = control_call(t->domid, request, NULL, 0, -1, &rc, e);
	if (!answer && rc == -ESRCH)
		return 0;
	if (answer)
		fprintf(stderr, "Guest %u: %s\n", t->domid, running_text(answer, "reason", what));
	return running_done(answer);
}

static int wait_end(struct target *t, struct err *e)
{
	return wait_for(t, "end", e);
}

static int wait_reboot(struct target *t, struct err *e)
{
	return wait_for(t, "reboot", e);
}

static int press_power(struct target *t, struct err *e)
{
	return qmp(t->domid, "system_powerdown", e);
}

static int reset(struct target *t, struct err *e)
{
	return qmp(t->domid, "system_reset", e);
}

static int ctrl_alt_del(struct target *t, struct err *e)
{
	json_t *keys = json_pack("{s[{ssss}{ssss}{ssss}]}", "keys", "type", "qcode", "data", "ctrl",
				 "type", "qcode", "data", "alt", "type", "qcode", "data", "delete");

	return running_done(control_qmp(t->domid, "send-key", keys, e));
}

static int act(const struct verb_call *c, int (*fn)(struct target *t, struct err *e),
	       int (*wait)(struct target *t, struct err *e), struct err *e)
{
	struct target *t;
	int n = targets(c, &t, e), failed;

	if (n < 0)
		return n;
	failed = verb_option(c, "wait") ? each(t, n, note_reboots) : 0;
	failed |= each(t, n, fn);
	if (verb_option(c, "wait"))
		failed |= each(t, n, wait);
	free(t);
	return failed;
}

static int shut_down(const struct verb_call *c, struct err *e)
{
	return act(c, press_power, wait_end, e);
}

static int reboot(const struct verb_call *c, struct err *e)
{
	return act(c, verb_option(c, "fallback") ? reset : ctrl_alt_del, wait_reboot, e);
}

/* ---- events ---- */

static const struct {
	const char *name, *command, *why; /* command NULL: why not */
} triggers[] = {
	{"nmi", "inject-nmi", NULL},
	{"reset", "system_reset", NULL},
	{"init", NULL, "processors here get an INIT from their own guest alone"},
	{"power", "system_powerdown", NULL},
	{"sleep", NULL, "the machine has no sleep button"},
	{"s3resume", "system_wakeup", NULL},
};

static int pull(const struct verb_call *c, bool button, struct err *e)
{
	const char *what = c->args[1];
	unsigned domid, i = 0;
	int rc;

	while (i < ARRAY_SIZE(triggers) && strcmp(triggers[i].name, what))
		i++;
	if (i == ARRAY_SIZE(triggers) || (button && strcmp(what, "power") && strcmp(what, "sleep")))
		return err_set(e, -EINVAL, "%s: there is no %s (%s)", c->verb->name, what,
			       c->verb->args);
	if (!triggers[i].command)
		return err_set(e, -ENOTSUP, "%s %s: %s", c->verb->name, what, triggers[i].why);
	rc = running_find(c, 0, &domid, e);
	return rc ? rc : qmp(domid, triggers[i].command, e);
}

static int trigger(const struct verb_call *c, struct err *e)
{
	return pull(c, false, e);
}

static int button_press(const struct verb_call *c, struct err *e)
{
	log_warn("button-press is an old name; trigger does the same");
	return pull(c, true, e);
}

/* ---- stats ---- */

static void print_counters(const json_t *answer, bool vcpus)
{
	json_t *cpus = json_object_get(answer, "cpus"), *sum;
	const char *name;

	json_object_foreach(json_object_get(answer, "total"), name, sum)
	{
		printf("%-14s %16lld", name, (long long)json_integer_value(sum));
		for (size_t i = 0; vcpus && i < json_array_size(cpus); i++) {
			const json_t *cpu = json_array_get(cpus, i);

			if (json_object_get(cpu, name))
				printf(" %16lld", running_number(cpu, name));
		}
		printf("\n");
	}
}

static int stats(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);
	json_t *answer = rc ? NULL : control_qmp(domid, "x-query-engine", NULL, e);

	if (answer && verb_option(c, "json"))
		table_print_json(answer, stdout);
	else if (answer)
		print_counters(answer, verb_option(c, "vcpus"));
	return rc ? rc : running_done(answer);
}

/* clang-format off */
const struct verb verb_guest_verbs[] = {
	{"button-press", "DOMAIN power|sleep", "Press a button of a guest; trigger's older name.",
	 2, 2, NULL, button_press},
	{"destroy", "DOMAIN", "End a guest at once.", 1, 1,
	 VERB_OPTIONS_OF({'f', "force", NULL, "as xl has it; no guest here needs it"}), destroy},
	{"pause", "DOMAIN", "Let a guest stand still.", 1, 1, NULL, pause_guest},
	{"reboot", "-a|DOMAIN", "Ask a guest to start anew, by Ctrl-Alt-Del.", 0, 1,
	 VERB_OPTIONS_OF(
		{'a', "all", NULL, "all guests"},
		{'w', "wait", NULL, "until it does"},
		{'F', "fallback", NULL, "do not ask: reset the machine"}),
	 reboot},
	{"rename", "DOMAIN NEWNAME", "Give a guest another name.", 2, 2, NULL, rename_guest},
	{"shutdown", "-a|DOMAIN", "Ask a guest to end, by its power button.", 0, 1,
	 VERB_OPTIONS_OF(
		{'a', "all", NULL, "all guests"},
		{'w', "wait", NULL, "until it has ended"},
		{'F', "fallback", NULL, "as xl has it; here that is the usual way"}),
	 shut_down},
	{"stats", "DOMAIN",
	 "Print what the software engine has counted of a guest.\n"
	 "A counter a line, as QMP's x-query-engine names them.", 1, 1,
	 VERB_OPTIONS_OF(
		{'v', "vcpus", NULL, "beside the sum each processor's, where it has one"},
		{0, "json", NULL, "as JSON"}),
	 stats},
	{"trigger", "DOMAIN nmi|reset|init|power|sleep|s3resume [VCPU]",
	 "Let something happen to a guest.", 2, 3, NULL, trigger},
	{"unpause", "DOMAIN", "Let a guest that stands still go on.", 1, 1, NULL, unpause},
	{0},
};
/* clang-format on */
