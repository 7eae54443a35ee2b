/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_query.c: what a client may ask of the machine as a whole. */
#include "dm/qmp.h"

#include "base/util.h"
#include "hypervisor/x86/stats.h"

#include <unistd.h>

static int query_version(struct qmp_call *c)
{
	c->ret = json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "micro", QMP_VERSION_MICRO, "minor",
			   QMP_VERSION_MINOR, "major", QMP_VERSION_MAJOR, "package", QMP_PACKAGE);
	return 0;
}

static int query_status(struct qmp_call *c)
{
	c->ret = json_pack("{s:s, s:b, s:b}", "status", run_state_name(c->m->state), "singlestep",
			   0, "running", c->m->state == RUN_RUNNING);
	return 0;
}

static int query_name(struct qmp_call *c)
{
	c->ret = json_object();
	if (c->m->cfg->name)
		json_object_set_new(c->ret, "name", qmp_text(c->m->cfg->name));
	return 0;
}

static int query_uuid(struct qmp_call *c)
{
	const char *uuid = c->m->cfg->uuid;

	c->ret = json_pack("{s:o}", "UUID",
			   qmp_text(uuid ? uuid : "00000000-0000-0000-0000-000000000000"));
	return 0;
}

#define MAX_CPUS 128 /* slots of an ioreq page */

static int query_machines(struct qmp_call *c)
{
	/* Every pc-i440fx-* is this machine; the one it behaves as is named. */
	json_t *pc =
		json_pack("{s:s, s:s, s:b, s:i, s:b, s:b, s:b, s:s}", "name", "pc-i440fx-7.2",
			  "alias", "pc", "is-default", 1, "cpu-max", MAX_CPUS, "hotpluggable-cpus",
			  0, "numa-mem-supported", 0, "deprecated", 0, "default-ram-id", "pc.ram");
	json_t *none = json_pack("{s:s, s:i, s:b, s:b, s:b}", "name", "none", "cpu-max", 1,
				 "hotpluggable-cpus", 0, "numa-mem-supported", 0, "deprecated", 0);

	c->ret = json_pack("[o, o]", pc, none);
	return 0;
}

static int query_target(struct qmp_call *c)
{
	c->ret = json_pack("{s:s}", "arch", "x86_64");
	return 0;
}

static int query_kvm(struct qmp_call *c)
{
	c->ret = json_pack("{s:b, s:b}", "enabled", 0, "present", 0);
	return 0;
}

static json_t *cpu_path(unsigned n)
{
	return json_sprintf(QMP_CPU_PATH, n);
}

static json_t *cpu_place(unsigned n)
{
	return json_pack("{s:i, s:i, s:i}", "core-id", 0, "thread-id", 0, "socket-id", (int)n);
}

unsigned qmp_cpus(const struct machine *m)
{
	return m->hv ? m->cfg->cpus : 0;
}

static int query_cpus(struct qmp_call *c)
{
	c->ret = json_array();
	for (unsigned i = 0; i < qmp_cpus(c->m); i++)
		json_array_append_new(c->ret,
				      json_pack("{s:i, s:i, s:o, s:o, s:s}", "cpu-index", (int)i,
						"thread-id", (int)getpid(), "qom-path", cpu_path(i),
						"props", cpu_place(i), "target", "x86_64"));
	return 0;
}

/* Of one vCPU those counters that are a vCPU's. */
static json_t *engine_counters(const struct engine_stats *s, bool all)
{
	const uint64_t *v = (const uint64_t *)s;
	json_t *counters = json_object();

	for (unsigned i = 0; i < ENGINE_STATS_N; i++)
		if (all || stats_rows[i].of == STATS_OF_VCPU)
			json_object_set_new(counters, stats_rows[i].name,
					    json_integer((json_int_t)v[i]));
	return counters;
}

static int query_engine(struct qmp_call *c)
{
	struct hv *hv = c->m->hv;
	json_t *cpus = json_array();
	struct engine_stats s;

	for (unsigned i = 0; hv && hv->ops->stats && i < hv->ops->nr_vcpus(hv); i++)
		if (!hv->ops->stats(hv, i, &s))
			json_array_append_new(cpus, engine_counters(&s, false));
	if (!json_array_size(cpus) || hv->ops->stats(hv, ~0u, &s)) {
		json_decref(cpus);
		return qmp_fail(c, NULL, "no engine that counts runs the CPUs of this machine");
	}
	c->ret = json_pack("{s:o, s:o}", "total", engine_counters(&s, true), "cpus", cpus);
	return 0;
}

static int query_hotpluggable_cpus(struct qmp_call *c)
{
	if (!c->m->hv)
		return qmp_fail(c, NULL, "machine does not support hot-plugging CPUs");
	c->ret = json_array();
	for (unsigned i = 0; i < qmp_cpus(c->m); i++)
		json_array_append_new(c->ret, json_pack("{s:o, s:i, s:o, s:s}", "props",
							cpu_place(i), "vcpus-count", 1, "qom-path",
							cpu_path(i), "type", QMP_CPU_TYPE));
	return 0;
}

static int query_memory(struct qmp_call *c)
{
	c->ret = json_pack("{s:I, s:i}", "base-memory", (json_int_t)c->m->cfg->ram,
			   "plugged-memory", 0);
	return 0;
}

static int query_none(struct qmp_call *c)
{
	c->ret = json_array();
	return 0;
}

static int query_chardev(struct qmp_call *c)
{
	c->ret = json_array();
	for (const struct chr_slot *s = c->m->chrs; s; s = s->next)
		json_array_append_new(c->ret, json_pack("{s:b, s:o, s:o}", "frontend-open",
							s->user || s->monitor, "filename",
							qmp_text(chr_filename(s->chr)), "label",
							qmp_text(chr_id(s->chr))));
	return 0;
}

/* ---- query-command-line-options: what tools look for before they start us for good ---- */

static const struct {
	const char *option, *parameters;
} options[] = {
	{"add-fd", "fd set opaque"},
	{"boot-opts", "order once menu"},
	{"chardev", "backend path append host port fd server wait reconnect mux"},
	{"device", ""},
	{"drive", "file format cache id if index bus unit media readonly serial"},
	{"machine", "type accel"},
	{"memory", "size"},
	{"mon", "chardev mode pretty"},
	{"name", "guest process debug-threads"},
	{"netdev", ""},
	{"rtc", "base clock"},
	{"smp-opts", "cpus maxcpus"},
};

static json_t *option_row(unsigned n)
{
	json_t *list = json_array();

	for (const char *s = options[n].parameters; *s;) {
		size_t len = strcspn(s, " ");

		json_array_append_new(list,
				      json_pack("{s:s%, s:s}", "name", s, len, "type", "string"));
		s += len + (s[len] == ' ');
	}
	return json_pack("{s:s, s:o}", "option", options[n].option, "parameters", list);
}

static int query_options(struct qmp_call *c)
{
	const char *only = qmp_str(c, "option");

	c->ret = json_array();
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (!only || !strcmp(only, options[i].option))
			json_array_append_new(c->ret, option_row(i));
	if (only && !json_array_size(c->ret))
		return qmp_fail(c, NULL, "invalid option name: %.80s", only);
	return 0;
}

/* clang-format off */
const struct qmp_command qmp_query_commands[] = {
	COMMAND("query-version", NULL, query_version),
	COMMAND("query-status", NULL, query_status),
	COMMAND("query-name", NULL, query_name),
	COMMAND("query-uuid", NULL, query_uuid),
	COMMAND("query-machines", NULL, query_machines),
	COMMAND("query-target", NULL, query_target),
	COMMAND("query-kvm", NULL, query_kvm),
	COMMAND("query-cpus-fast", NULL, query_cpus),
	COMMAND("x-query-engine", NULL, query_engine),
	COMMAND("query-hotpluggable-cpus", NULL, query_hotpluggable_cpus),
	COMMAND("query-memory-size-summary", NULL, query_memory),
	COMMAND("query-iothreads", NULL, query_none),
	COMMAND("query-chardev", NULL, query_chardev),
	COMMAND("query-command-line-options", ARGS(OPT("option", QMP_STR)), query_options),
	COMMANDS_END,
};
/* clang-format on */
