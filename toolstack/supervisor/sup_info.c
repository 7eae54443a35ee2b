/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/supervisor/sup_info.c: all there is to know of a guest, as JSON. */
#include "toolstack/supervisor/sup.h"

#include "base/util.h"

#include <unistd.h>

static json_t *text(const char *t)
{
	json_t *j = t ? json_string(t) : json_null();

	return j ? j : json_null(); /* not UTF-8 */
}

static json_t *disks(const struct guest *g)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < g->n_disks; i++) {
		const struct disk *d = &g->disks[i];

		json_array_append_new(all, json_pack("{sosososbsbsisi}", "vdev", text(d->vdev),
						     "target", text(d->target), "format",
						     text(disk_format_name(d->format)), "cdrom",
						     d->cdrom, "writable", d->writable, "number",
						     d->number, "devid", disk_devid(d)));
	}
	return all;
}

static json_t *vifs(const struct guest *g)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < g->n_vifs; i++) {
		const struct vif *v = &g->vifs[i];
		char made[18];

		guest_mac(g, i, made);
		json_array_append_new(all, json_pack("{sssosososb}", "mac", made, "model",
						     text(v->model ? v->model : "rtl8139"),
						     "bridge", text(v->bridge), "script",
						     text(v->script), "emulated", v->emulated));
	}
	return all;
}

static json_t *ttys(const struct sup *s)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < ARRAY_SIZE(s->tty); i++)
		json_array_append_new(all, text(s->tty[i]));
	return all;
}

static void add_helper(void *arg, const char *program, pid_t pid)
{
	json_array_append_new(arg, json_pack("{sssi}", "program", program, "pid", pid));
}

json_t *sup_info(struct sup *s)
{
	const struct guest *g = &s->guest;
	json_t *info = json_pack("{sisososssosisisIsIsi}", "domid", s->domid, "name", text(g->name),
				 "uuid", text(g->uuid), "state", sup_state_name(s->state), "reason",
				 text(s->reason), "memory", (int)g->maxmem, "vcpus", (int)g->vcpus,
				 "created", (json_int_t)s->created, "started",
				 (json_int_t)s->started, "reboots", s->reboots);

	if (!info)
		return NULL;
	json_object_set_new(info, "pids",
			    json_pack("{sisisi}", "supervisor", getpid(), "core", s->core.pid, "dm",
				      s->dm.pid));
	if (s->vnc_port)
		json_object_set_new(info, "vnc",
				    json_pack("{sssi}", "host", s->vnc_host, "port", s->vnc_port));
	json_object_set_new(info, "helpers", json_array());
	if (s->broker)
		broker_each(s->broker, add_helper, json_object_get(info, "helpers"));
	json_object_set_new(info, "serial", ttys(s));
	json_object_set_new(info, "disks", disks(g));
	json_object_set_new(info, "vifs", vifs(g));
	return info;
}
