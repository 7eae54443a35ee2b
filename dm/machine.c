/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine.c: making a machine, its run states, requests, saving and loading. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "dm/board.h"
#include "dm/gdb.h"
#include "dm/host.h"
#include "dm/qtest.h"
#include "hypervisor/domain.h"
#include "ui/typist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- events ---- */

void machine_listen(struct machine *m, struct machine_listener *l)
{
	l->next = m->listeners;
	m->listeners = l;
}

void machine_unlisten(struct machine *m, struct machine_listener *l)
{
	struct machine_listener **at = &m->listeners;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	if (m->next_listener == l)
		m->next_listener = l->next;
}

void machine_notify(struct machine *m, const struct machine_event *ev)
{
	for (struct machine_listener *l = m->listeners; l; l = m->next_listener) {
		m->next_listener = l->next;
		l->fn(l->arg, ev);
	}
	m->next_listener = NULL;
}

static void notify(struct machine *m, enum machine_event_type type, bool guest, const char *reason)
{
	machine_notify(m, &(struct machine_event){.type = type, .guest = guest, .reason = reason});
}

/* ---- run states ---- */

const char *run_state_name(enum run_state s)
{
	static const char *const names[] = {"prelaunch", "running", "paused", "shutdown",
					    "io-error"};

	return names[s];
}

static void drain_drives(struct machine *m)
{
	for (struct drive *d = m->drives; d; d = d->next)
		if (d->blk)
			blk_drain(d->blk);
}

static void stop_in(struct machine *m, enum run_state s)
{
	bool ran = m->state == RUN_RUNNING;

	m->state = s;
	if (!ran)
		return;
	if (m->hv)
		m->hv->ops->quiesce(m->hv, true);
	drain_drives(m);
	clock_stop(m->clock);
	notify(m, EVENT_STOP, false, NULL);
}

int machine_stop(struct machine *m)
{
	if (m->state == RUN_RUNNING)
		stop_in(m, RUN_PAUSED);
	return 0;
}

int machine_cont(struct machine *m, struct err *e)
{
	if (m->state == RUN_RUNNING)
		return 0;
	if (m->state == RUN_SHUTDOWN)
		return err_set(e, -EBUSY, "Resetting the Virtual Machine is required");
	m->state = RUN_RUNNING;
	clock_start(m->clock);
	machine_drives_retry(m);
	if (m->hv)
		m->hv->ops->quiesce(m->hv, false);
	notify(m, EVENT_RESUME, false, NULL);
	return 0;
}

/* ---- requests ---- */

static void soon(struct machine *m)
{
	loop_defer(m->loop, &m->want.defer);
}

void machine_want_reset(struct machine *m, bool guest, const char *reason)
{
	if (m->cfg->no_reboot) {
		machine_want_shutdown(m, guest, reason);
		return;
	}
	m->want.reset = true;
	m->want.guest = guest;
	m->want.reason = reason;
	machine_vcpus_hold(m);
	soon(m);
}

void machine_want_shutdown(struct machine *m, bool guest, const char *reason)
{
	m->want.shutdown = true;
	m->want.guest = guest;
	m->want.reason = reason;
	machine_vcpus_hold(m);
	soon(m);
}

void machine_quit(struct machine *m, const char *reason)
{
	m->want.quit = true;
	machine_want_shutdown(m, false, reason);
}

void machine_powerdown(struct machine *m)
{
	m->want.powerdown = true;
	soon(m);
}

void machine_dev_request(struct machine *m, enum dev_request what, unsigned arg)
{
	const struct hv_ops *ops = m->hv->ops;

	switch (what) {
	case REQ_RESET:
		machine_want_reset(m, true, "guest-reset");
		break;
	case REQ_POWEROFF:
		machine_want_shutdown(m, true, "guest-shutdown");
		break;
	case REQ_CPU_RESET:
		m->want.cpu_reset = true;
		soon(m);
		break;
	case REQ_NMI:
		ops->inject_nmi(m->hv, 0);
		break;
	case REQ_A20:
		ops->a20(m->hv, arg);
		break;
	case REQ_EXIT:
		m->want.exit = true;
		m->exit_status = (int)arg;
		machine_vcpus_hold(m);
		soon(m);
		break;
	}
}

static void reset_all(struct machine *m, bool power_on)
{
	if (m->hv)
		m->hv->ops->quiesce(m->hv, true);
	drain_drives(m);
	for_each_dev(d, m->env)
		dev_reset(d, power_on);
	if (m->hv)
		m->hv->ops->reset(m->hv, HV_RESET_MACHINE);
}

static void do_reset(struct machine *m)
{
	bool guest = m->want.guest;
	const char *reason = m->want.reason;
	struct err e = {""};

	m->want.reset = false;
	reset_all(m, false);
	machine_cmos_fill(m, false);
	if (machine_kernel_load(m, &e) < 0)
		log_error("%s", e.msg);
	/* As QEMU: after a reset a stopped machine waits for `cont` as at its start. */
	if (m->state != RUN_RUNNING)
		m->state = RUN_PRELAUNCH;
	else if (m->hv)
		m->hv->ops->quiesce(m->hv, false);
	notify(m, EVENT_RESET, guest, reason);
}

static void do_shutdown(struct machine *m)
{
	m->want.shutdown = false;
	notify(m, EVENT_SHUTDOWN, m->want.guest, m->want.reason);
	if (m->cfg->no_shutdown && !m->want.quit)
		stop_in(m, RUN_SHUTDOWN);
	else
		loop_quit(m->loop, 0);
}

static void do_powerdown(struct machine *m)
{
	m->want.powerdown = false;
	notify(m, EVENT_POWERDOWN, false, NULL);
	if (m->power_button)
		m->power_button(m);
}

void machine_requests(struct machine *m)
{
	loop_undefer(m->loop, &m->want.defer);
	if (m->want.exit) {
		loop_quit(m->loop, m->exit_status);
		return;
	}
	if (m->want.cpu_reset) {
		m->want.cpu_reset = false;
		m->hv->ops->reset(m->hv, HV_RESET_CPU);
	}
	if (m->want.debug) {
		m->want.debug = false;
		gdb_met(m);
	}
	if (m->want.io_error && m->state == RUN_RUNNING)
		stop_in(m, RUN_IO_ERROR);
	m->want.io_error = false;
	if (m->want.reset)
		do_reset(m);
	if (m->want.powerdown)
		do_powerdown(m);
	if (m->want.shutdown)
		do_shutdown(m);
}

static void requests_deferred(void *arg)
{
	machine_requests(arg);
}

/* ---- keyboard ---- */

int machine_send_key(struct machine *m, const uint8_t *keys, unsigned n, unsigned hold_ms,
		     struct err *e)
{
	if (!input_has(m->input, INPUT_KEYBOARD))
		return err_set(e, -ENOTSUP, "There is no keyboard");
	if (input_type(m->input, keys, n, hold_ms) < 0)
		return err_set(e, -ENOSPC, "Too many keys wait to be sent");
	return 0;
}

static int need_typist(struct machine *m, struct err *e)
{
	if (!input_has(m->input, INPUT_KEYBOARD))
		return err_set(e, -ENOTSUP, "There is no keyboard");
	if (!m->typist)
		m->typist = typist_new(m->input, m->clock);
	return m->typist ? 0 : err_set(e, -ENOMEM, "out of memory");
}

int machine_type_text(struct machine *m, const char *text, unsigned hold_ms, unsigned *waiting,
		      struct err *e)
{
	struct layout layout;
	int rc = need_typist(m, e);

	if (rc)
		return rc;
	layout_load(&layout, m->cfg->keymap ? m->cfg->keymap : LAYOUT_DEFAULT);
	rc = typist_text(m->typist, &layout, text, hold_ms, e);
	*waiting = typist_waiting(m->typist);
	return rc;
}

/* ---- state ---- */

static unsigned all_envs(struct machine *m, struct dev_env *envs[2])
{
	unsigned n = 0;

	if (m->dom)
		envs[n++] = domain_platform(m->dom);
	envs[n++] = m->env;
	return n;
}

/* What a stream must be for; devices are told apart by their paths in it. */
static void describe(const struct machine *m, char *text, size_t size)
{
	snprintf(text, size, "%s ram=%llu cpus=%u", m->cfg->machine,
		 (unsigned long long)m->cfg->ram, m->cfg->maxcpus);
}

int machine_save(struct machine *m, struct dev_stream *s, struct err *e)
{
	struct dev_env *envs[2];
	unsigned n = all_envs(m, envs);
	char what[80];

	if (m->state == RUN_RUNNING)
		return err_set(e, -EBUSY, "the machine must be stopped to be saved");
	if (m->vcpus)
		return err_set(e, -ENOTSUP, "the state of vCPUs cannot be saved yet");
	describe(m, what, sizeof(what));
	return dev_save_all(envs, n, what, s, e);
}

int machine_load(struct machine *m, const uint8_t *data, size_t len, struct err *e)
{
	struct dev_env *envs[2];
	unsigned n = all_envs(m, envs);
	char what[80];

	if (m->state == RUN_RUNNING)
		return err_set(e, -EBUSY, "the machine must be stopped to be loaded");
	if (m->vcpus)
		return err_set(e, -ENOTSUP, "the state of vCPUs cannot be loaded yet");
	describe(m, what, sizeof(what));
	return dev_load_all(envs, n, what, data, len, e);
}

/* ---- monitors ---- */

static struct monitor_type *monitor_types;

void machine_monitor_type(struct monitor_type *t)
{
	t->next = monitor_types;
	monitor_types = t;
}

int machine_monitor_open(struct machine *m, const struct mon_config *c, struct err *e)
{
	const char *mode = c->control ? "control" : "readline";
	struct monitor_type *t = monitor_types;
	struct chr_slot *s;
	int rc;

	s = c->spec ? machine_chr_short(m, c->chardev, c->spec, e) : machine_chr(m, c->chardev);
	if (!s)
		return err_set(e, -ENOENT, "-mon: there is no chardev '%s'", c->chardev);
	if (s->monitor || s->user)
		return err_set(e, -EBUSY, "-mon: chardev '%s' is in use", c->chardev);
	while (t && strcmp(t->mode, mode))
		t = t->next;
	if (!t)
		return err_set(e, -ENOTSUP, "-mon: mode=%s does not exist", mode);
	s->monitor = true;
	rc = t->open(m, s->chr, c->pretty, e);
	if (rc < 0)
		s->monitor = false;
	return rc;
}

static int open_monitors(struct machine *m, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < m->cfg->n_mons && !rc; i++)
		rc = machine_monitor_open(m, &m->cfg->mons[i], e);
	return rc;
}

/* ---- making it ---- */

static int add_devices(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;

	for (unsigned i = 0; i < c->devices.n; i++)
		if (!machine_device_add(m, &c->devices.v[i], e)) {
			err_prefix(e, "-device %s", opts_get(&c->devices.v[i], "driver"));
			return -EINVAL;
		}
	return 0;
}

/* Accepted for the sake of command lines that exist; a guest will miss them. */
static void warn_of_missing(const struct machine_config *c)
{
	for (unsigned i = 0; i < c->globals.n; i++)
		if (!dev_class_find(opts_get(&c->globals.v[i], "driver")))
			log_warn("-global: there is no device '%s'",
				 opts_get(&c->globals.v[i], "driver"));
}

static int build(struct machine *m, struct err *e)
{
	int rc = machine_backends_open(m, e);

	if (!rc)
		rc = machine_pc_build(m, e);
	if (!rc)
		rc = add_devices(m, e);
	if (!rc)
		machine_cmos_fill(m, true);
	if (!rc)
		rc = machine_kernel_open(m, e);
	if (!rc)
		rc = machine_firmware_make(m, e);
	if (!rc)
		rc = machine_fw_cfg_fill(m, e);
	if (!rc)
		rc = machine_kernel_load(m, e);
	if (!rc)
		rc = machine_viewers_open(m, e);
	if (!rc)
		rc = open_monitors(m, e);
	if (!rc && m->cfg->qtest)
		rc = qtest_open(m, m->cfg->qtest, m->cfg->qtest_log, e);
	return rc;
}

struct machine *machine_build(const struct machine_config *cfg, struct loop *l, struct err *e)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	if (!m) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	m->cfg = cfg;
	m->loop = l;
	m->want.defer.fn = requests_deferred;
	m->want.defer.arg = m;
	rc = machine_vcpus_check(cfg, e);
	if (!rc) {
		m->clock = clock_new(machine_clock_mode(cfg));
		m->input = m->clock ? input_new(m->clock) : NULL;
		if (m->input)
			input_join(m->input, &m->monitors);
		rc = m->input ? loop_clock(l, m->clock, e) : -ENOMEM;
	}
	if (!rc)
		rc = machine_core_open(m, e);
	machine_lock(m);
	if (!rc)
		rc = build(m, e);
	m->complete = true;
	warn_of_missing(cfg);
	machine_unlock(m);
	if (!rc)
		rc = machine_vcpus_open(m, e);
	machine_lock(m);
	if (!rc && cfg->gdb)
		rc = gdb_open(m, cfg->gdb, e);
	machine_unlock(m);
	if (!rc)
		return m;
	err_set(e, rc, "out of memory");
	machine_free(m);
	return NULL;
}

int machine_start(struct machine *m, struct err *e)
{
	int rc = machine_vcpus_start(m, e);

	machine_lock(m);
	if (!rc && !m->cfg->stopped)
		rc = machine_cont(m, e);
	machine_unlock(m);
	return rc;
}

struct machine *machine_new(const struct machine_config *cfg, struct loop *l, struct err *e)
{
	struct machine *m = machine_build(cfg, l, e);

	if (!m || !machine_start(m, e))
		return m;
	machine_free(m);
	return NULL;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	machine_vcpus_close(m);
	machine_lock(m);
	for (struct monitor_type *t = monitor_types; t; t = t->next)
		t->close_all(m);
	gdb_close(m);
	qtest_close(m);
	machine_viewers_close(m);
	loop_undefer(m->loop, &m->want.defer);
	drain_drives(m);
	machine_kernel_close(m);
	board_free(m->board);
	machine_firmware_free(m);
	machine_notes_free(m);
	machine_backends_close(m);
	machine_unlock(m);
	machine_core_close(m);
	typist_free(m->typist);
	input_free(m->input);
	clock_free(m->clock);
	free(m);
}
