/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process: monitors, tests, logs, descriptors. */
#include "dm/options.h"

#include "base/util.h"
#include "hypervisor/x86/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HVM_VERSION "0.1"

/* ---- monitors */

static struct mon_config *add_mon(struct machine_config *c)
{
	struct mon_config *v = list_grow(c->mons, &c->n_mons, sizeof(*v));

	if (!v)
		return NULL;
	c->mons = v;
	return &v[c->n_mons - 1];
}

static int fill_mon(struct mon_config *m, const struct opts *o, const char *what, struct err *e)
{
	const char *mode = opts_get(o, "mode"), *chardev = opts_get(o, "chardev");

	if (!chardev)
		return err_set(e, -EINVAL, "%s: lacks chardev=ID", what);
	if (mode && strcmp(mode, "control") && strcmp(mode, "readline"))
		return err_set(e, -EINVAL, "%s: mode=%s: want control or readline", what, mode);
	m->control = mode && *mode == 'c';
	return options_text(&m->chardev, what, chardev, e);
}

static int set_mon(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"chardev", "mode", "pretty", "id", NULL};
	struct mon_config *m;
	struct opts o;
	int rc = opts_parse(&o, arg, "chardev", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc) {
		m = add_mon(c);
		rc = m ? fill_mon(m, &o, what, e) : -ENOMEM;
		if (!rc)
			rc = opts_bool(&o, "pretty", &m->pretty, what, e);
	}
	opts_free(&o);
	return rc;
}

/* -qmp and -monitor name a stream in the short form, or "chardev:ID". */
static int add_short(struct machine_config *c, const char *what, const char *spec, bool control,
		     bool pretty, struct err *e)
{
	struct mon_config *m;
	char label[40];

	if (!strcmp(spec, "none"))
		return 0;
	m = add_mon(c);
	if (!m)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	m->control = control;
	m->pretty = pretty;
	if (!strncmp(spec, "chardev:", 8))
		return options_text(&m->chardev, what, spec + 8, e);
	/* QEMU's labels, which query-chardev shows */
	snprintf(label, sizeof(label), "compat_monitor%u", c->n_mons - 1);
	if (options_text(&m->chardev, what, label, e) < 0)
		return -ENOMEM;
	return options_text(&m->spec, what, strncmp(spec, "mon:", 4) ? spec : spec + 4, e);
}

static int set_monitor(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return add_short(c, what, arg, false, false, e);
}

static int set_qmp(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return add_short(c, what, arg, true, false, e);
}

static int set_qmp_pretty(struct machine_config *c, const char *what, const char *arg,
			  struct err *e)
{
	return add_short(c, what, arg, true, true, e);
}

/* ---- qtest */

static int set_qtest(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->qtest, what, arg, e);
}

static int set_qtest_log(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->qtest_log, what, arg, e);
}

/* ---- files and descriptors */

static int set_log(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->log_file, what, arg, e);
}

static int set_pidfile(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->pidfile, what, arg, e);
}

static int add_trace(struct machine_config *c, const char *what, const char *globs, struct err *e)
{
	size_t n = strlen(globs) + (c->trace ? strlen(c->trace) + 1 : 0) + 1;
	char *all = malloc(n);

	if (!all)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	snprintf(all, n, "%s%s%s", c->trace ? c->trace : "", c->trace ? "," : "", globs);
	free(c->trace);
	c->trace = all;
	return 0;
}

static int set_trace(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"enable", "file", NULL};
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, "enable", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc && (v = opts_get(&o, "enable")))
		rc = add_trace(c, what, v, e);
	/* Trace lines go where the log goes. */
	if (!rc && (v = opts_get(&o, "file")))
		rc = options_text(&c->log_file, what, v, e);
	opts_free(&o);
	return rc;
}

/* ---- -d: what the engine shows of its work */

static const struct log_item {
	const char *name, *help;
	unsigned items;
} log_items[] = {
	{"in_asm", "instructions, each time they are decoded", TRACE_IN_ASM},
	{"int", "exceptions and interrupts", TRACE_INT},
	{"cpu", "registers before each block of instructions", TRACE_CPU},
	{"all", "all of these", TRACE_IN_ASM | TRACE_INT | TRACE_CPU},
	{"none", "none of these", 0},
};
/* Those of QEMU's that have nothing to show here. */
static const char log_others[] = " out_asm op op_opt op_ind exec fpu mmu pcall cpu_reset unimp "
				 "guest_errors page nochain tid plugin strace ";

static int list_log_items(void)
{
	printf("Log items (comma separated):\n");
	for (unsigned i = 0; i < ARRAY_SIZE(log_items); i++)
		printf("%-15s %s\n", log_items[i].name, log_items[i].help);
	printf("%-15s registers, as -trace does\n", "trace:GLOB");
	printf("Accepted, show nothing:%.*s\n", (int)sizeof(log_others) - 2, log_others);
	return 1;
}

static int add_log_item(struct machine_config *c, const char *what, const char *name, struct err *e)
{
	char word[24];

	for (unsigned i = 0; i < ARRAY_SIZE(log_items); i++)
		if (!strcmp(name, log_items[i].name)) {
			c->log_items |= log_items[i].items;
			return 0;
		}
	if (!strncmp(name, "trace:", 6))
		return add_trace(c, what, name + 6, e);
	snprintf(word, sizeof(word), " %s ", name);
	if (*name && strstr(log_others, word))
		return 0;
	return err_set(e, -EINVAL, "%s: there is no '%s' to log (-d help lists what is)", what,
		       name);
}

/* As QEMU's, the last -d counts. */
static int set_log_items(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	char *text = strdup(arg), *at = text, *name;
	int rc = text ? 0 : err_set(e, -ENOMEM, "%s: out of memory", what);

	c->log_items = 0;
	while (!rc && (name = strsep(&at, ",")))
		rc = !strcmp(name, "help") || !strcmp(name, "?") ? list_log_items()
								 : add_log_item(c, what, name, e);
	free(text);
	return rc;
}

static int set_add_fd(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"fd", "set", "opaque", NULL};
	struct fdset_config *v;
	struct opts o;
	uint64_t fd = 0, set = 0;
	int rc = opts_parse(&o, arg, NULL, e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc)
		rc = opts_number(&o, "fd", INT32_MAX, &fd, what, e);
	if (!rc)
		rc = opts_number(&o, "set", INT32_MAX, &set, what, e);
	if (!rc && (!opts_get(&o, "fd") || !opts_get(&o, "set") || fd <= 2))
		rc = err_set(e, -EINVAL, "%s: wants fd=N,set=N with N of fd above 2", what);
	if (!rc) {
		v = list_grow(c->fdsets, &c->n_fdsets, sizeof(*v));
		if (v) {
			c->fdsets = v;
			v += c->n_fdsets - 1;
			v->fd = (int)fd;
			v->set = (int64_t)set;
			v->opaque = opts_take(&o, "opaque");
		}
		rc = v ? 0 : -ENOMEM;
	}
	opts_free(&o);
	return rc;
}

/* ---- who started it, and what it gives up */

static int set_number(const char *what, const char *text, int least, int *v, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < least || n > 1 << 22)
		return err_set(e, -EINVAL, "%s: '%s' is not a number from %d", what, text, least);
	*v = (int)n;
	return 0;
}

static int set_broker(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return set_number(what, strncmp(arg, "fd=", 3) ? "" : arg + 3, 3, &c->broker, e);
}

static int set_parent(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return set_number(what, arg, 1, &c->parent, e);
}

static int set_jail(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	if (jail_parse_mode(arg, &c->jail) < 0)
		return err_set(e, -EINVAL, "%s: '%s': want off, try or require", what, arg);
	return 0;
}

/* ---- accepted for QEMU's sake: they say what is so anyway */

static int ignore(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)c;
	(void)what;
	(void)arg;
	(void)e;
	return 0;
}

static int show_version(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)c;
	(void)what;
	(void)arg;
	(void)e;
	printf("hvm-dm version " HVM_VERSION "\n");
	return 1;
}

static int set_gdb(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->gdb, what, arg, e);
}

static int set_gdb_1234(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)arg;
	return options_text(&c->gdb, what, "tcp:127.0.0.1:1234", e);
}

/* clang-format off */
static const struct option rows[] = {
	OPTION("mon", "[chardev=]ID[,mode=control|readline][,pretty=on]",
	       "a monitor on that stream", set_mon),
	OPTION("qmp", "STREAM", "QMP on a stream: unix:PATH,server=on,wait=off, …", set_qmp),
	OPTION("qmp-pretty", "STREAM", "the same, replies spread over lines", set_qmp_pretty),
	OPTION("monitor", "STREAM", "commands for people on a stream", set_monitor),
	OPTION("qtest", "STREAM", "connects a test to the machine: unix:PATH", set_qtest),
	OPTION("qtest-log", "FILE", "writes what the test says there; none = nowhere",
	       set_qtest_log),
	OPTION("D", "FILE", "log there, not to stderr", set_log),
	OPTION("trace", "[enable=]GLOBS[,file=FILE]", "trace registers: serial0.*,ide.status",
	       set_trace),
	OPTION("pidfile", "FILE", "write the process id there", set_pidfile),
	OPTION("add-fd", "fd=N,set=N[,opaque=TEXT]", "puts a descriptor in /dev/fdset/N",
	       set_add_fd),
	OPTION("jail", "MODE",
	       "give up what it does not need: off, try (what the host permits), require",
	       set_jail),
	OPTION("broker", "fd=N", "a socket to who opens files and starts helpers for it",
	       set_broker),
	OPTION("parent", "PID", "end when that process, which started this one, does", set_parent),
	OPTION("no-user-config", NULL, "there is none", ignore),
	OPTION("msg", "KEY=V", "accepted, changes nothing", ignore),
	OPTION("sandbox", "on|off[,…]", "accepted, changes nothing", ignore),
	OPTION("gdb", "DEV", "serves gdb: tcp::PORT, unix:PATH, stdio, chardev:ID", set_gdb),
	OPTION("s", NULL, "serves gdb at tcp::1234", set_gdb_1234),
	OPTION("d", "ITEM[,ITEM…]", "log in_asm, int, cpu, … of the engine (help lists them)",
	       set_log_items),
	OPTION("audiodev", "DRIVER,id=ID", "accepted: nothing here makes sound yet", ignore),
	OPTION("audio", "DRIVER", "accepted: nothing here makes sound yet", ignore),
	OPTION("version", NULL, "shows the version", show_version),
	LATER("daemonize", NULL, "start it with `setsid` or a service manager: it stays in front"),
	LATER("runas", "USER", "dropping privileges does not exist yet"),
	LATER("chroot", "DIR", "dropping privileges does not exist yet"),
	LATER("readconfig", "FILE", "configuration files do not exist: say it in options"),
};
/* clang-format on */
const struct option_table options_process = {"Process", rows, ARRAY_SIZE(rows)};
