/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_run.c: start, stop, reset, end; keys and pictures. */
#include "dm/qmp.h"

static int run_stop(struct qmp_call *c)
{
	machine_stop(c->m);
	return 0;
}

static int run_cont(struct qmp_call *c)
{
	return machine_cont(c->m, &c->err);
}

/* Requests are carried out before the answer goes out, as by QEMU: who has it sees the effect. */
static int run_reset(struct qmp_call *c)
{
	machine_want_reset(c->m, false, "host-qmp-system-reset");
	machine_requests(c->m);
	return 0;
}

static int run_powerdown(struct qmp_call *c)
{
	machine_powerdown(c->m);
	machine_requests(c->m);
	return 0;
}

static int run_wakeup(struct qmp_call *c)
{
	return qmp_fail(c, NULL, "Unable to wake up: guest is not in suspended state");
}

static int run_quit(struct qmp_call *c)
{
	machine_quit(c->m, "host-qmp-quit");
	machine_requests(c->m);
	return 0;
}

static int run_nmi(struct qmp_call *c)
{
	const struct hv *hv = c->m->hv;
	unsigned n = hv ? hv->ops->nr_vcpus(c->m->hv) : 0;

	if (!n)
		return qmp_fail(c, NULL, "machine does not provide NMIs");
	for (unsigned i = 0; i < n; i++)
		hv->ops->inject_nmi(c->m->hv, i);
	return 0;
}

static int run_screendump(struct qmp_call *c)
{
	int64_t head = qmp_int(c, "head", 0);

	if (head < 0 || head > UINT16_MAX)
		return qmp_fail(c, NULL, "there is no head %lld", (long long)head);
	return machine_screendump(c->m, qmp_str(c, "device"), (unsigned)head,
				  qmp_str(c, "filename"), qmp_str(c, "format"), &c->err);
}

static const char *const formats[] = {"ppm", "png", NULL};

/* clang-format off */
const struct qmp_command qmp_run_commands[] = {
	COMMAND("stop", NULL, run_stop),
	COMMAND("cont", NULL, run_cont),
	COMMAND("system_reset", NULL, run_reset),
	COMMAND("system_powerdown", NULL, run_powerdown),
	COMMAND("system_wakeup", NULL, run_wakeup),
	COMMAND("quit", NULL, run_quit),
	COMMAND("inject-nmi", NULL, run_nmi),
	COMMAND("screendump",
		ARGS(ARG("filename", QMP_STR), OPT("device", QMP_STR), OPT("head", QMP_INT),
		     OPT("format", QMP_STR, .values = formats)), run_screendump),
	COMMANDS_END,
};
/* clang-format on */
