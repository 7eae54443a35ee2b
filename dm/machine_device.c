/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_device.c: -device, device_add, device_del, and where devices are found by name. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "dm/board.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- names ---- */

struct note *machine_note(struct machine *m, const struct dev *d)
{
	struct note *n = m->notes;

	while (n && n->dev != d)
		n = n->next;
	return n;
}

void machine_qom_path(struct machine *m, const struct dev *d, char *buf, size_t len)
{
	const struct note *n = machine_note(m, d);

	if (!n || n->place == PLACE_BOARD)
		snprintf(buf, len, "/machine/unattached/device[%u]", n ? n->number : 0);
	else if (n->place == PLACE_ANON)
		snprintf(buf, len, "/machine/peripheral-anon/device[%u]", n->number);
	else
		snprintf(buf, len, "/machine/peripheral/%s", d->id);
}

struct dev *machine_qom_find(struct machine *m, const char *path)
{
	char own[128];

	for (struct note *n = m->notes; n; n = n->next) {
		machine_qom_path(m, n->dev, own, sizeof(own));
		if (!strcmp(own, path) || !strcmp(n->dev->id, path))
			return n->dev;
	}
	return NULL;
}

static unsigned next_number(const struct machine *m, enum place place)
{
	unsigned number = 0;

	for (const struct note *n = m->notes; n; n = n->next)
		if (n->place == place && n->number >= number)
			number = n->number + 1;
	return number;
}

static int add_note(struct machine *m, struct dev *d, enum place place, unsigned number)
{
	struct note *n = calloc(1, sizeof(*n)), **at = &m->notes;

	if (!n)
		return -ENOMEM;
	*n = (struct note){.dev = d, .place = place, .number = number};
	while (*at)
		at = &(*at)->next;
	*at = n;
	return 0;
}

static void drop_note(struct machine *m, const struct dev *d)
{
	struct note **at = &m->notes, *n;

	while (*at && (*at)->dev != d)
		at = &(*at)->next;
	if ((n = *at)) {
		*at = n->next;
		free(n);
	}
}

/* As QEMU's: a letter, then letters, digits and -._ */
static bool good_id(const char *id)
{
	if (!isalpha((unsigned char)*id))
		return false;
	while (*++id)
		if (!isalnum((unsigned char)*id) && !strchr("-._", *id))
			return false;
	return true;
}

/* ---- adding ---- */

static int apply_globals(struct machine *m, struct dev *d, struct err *e)
{
	for (unsigned i = 0; i < m->cfg->globals.n; i++) {
		const struct opts *g = &m->cfg->globals.v[i];

		if (strcmp(opts_get(g, "driver"), d->class->name))
			continue;
		if (dev_prop_set(d, opts_get(g, "property"), opts_get(g, "value"), e) < 0) {
			err_prefix(e, "-global %s.%s", d->class->name, opts_get(g, "property"));
			return -EINVAL;
		}
	}
	return 0;
}

static int apply_props(struct dev *d, const struct opts *o, struct err *e)
{
	static const char *const not_props[] = {"driver", "id", "bus"};

	for (unsigned i = 0; i < o->n; i++) {
		bool prop = true;
		int rc;

		for (unsigned k = 0; k < ARRAY_SIZE(not_props); k++)
			prop = prop && strcmp(o->v[i].key, not_props[k]);
		rc = prop ? dev_prop_set(d, o->v[i].key, o->v[i].value, e) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int finish_device(struct machine *m, struct dev *d, const struct opts *o, enum place place,
			 unsigned number, struct err *e)
{
	const char *bus_name = opts_get(o, "bus");
	struct bus *bus = bus_name ? bus_find(m->env, bus_name) : NULL;
	int rc;

	if (bus_name && !bus)
		return err_set(e, -ENODEV, "Bus '%s' not found", bus_name);
	rc = apply_globals(m, d, e);
	if (!rc)
		rc = apply_props(d, o, e);
	if (!rc)
		rc = dev_realize(d, bus, e);
	if (!rc)
		rc = add_note(m, d, place, number);
	return rc ? rc : board_sync(m->board, e);
}

struct dev *machine_device_make(struct machine *m, const struct dev_class *c, const char *id,
				const struct opts *o, enum place place, struct err *e)
{
	unsigned number = next_number(m, place);
	char anon[48];
	struct dev *d;

	snprintf(anon, sizeof(anon), "anon[%u]", number);
	d = dev_new(m->env, c, id ? id : anon, e);
	if (d && finish_device(m, d, o, place, number, e) < 0) {
		err_set(e, -ENOMEM, "%s: out of memory", c->name);
		drop_note(m, d);
		dev_free(d);
		d = NULL;
	}
	return d;
}

static int may_add(struct machine *m, const char *driver, const char *id, struct err *e)
{
	const struct dev_class *c = driver ? dev_class_find(driver) : NULL;

	if (!driver)
		return err_set(e, -EINVAL, "Parameter 'driver' is missing");
	if (!c || c->internal)
		return err_set(e, -EINVAL, "'%s' is not a valid device model name", driver);
	if (m->complete && !c->unpluggable)
		return err_set(e, -ENOTSUP, "Device '%s' does not support hotplugging", driver);
	if (!m->hv)
		return err_set(e, -ENODEV, "No '%s' bus found for device '%s'",
			       c->bus ? c->bus->name : "ISA", driver);
	if (id && !good_id(id))
		return err_set(
			e, -EINVAL,
			"Parameter 'id' expects an identifier (a letter, then letters, digits, "
			"'-', '.', '_')");
	if (id && machine_qom_find(m, id))
		return err_set(e, -EEXIST, "Duplicate device ID '%s'", id);
	return 0;
}

struct dev *machine_device_add(struct machine *m, const struct opts *o, struct err *e)
{
	const char *driver = opts_get(o, "driver"), *id = opts_get(o, "id");

	if (may_add(m, driver, id, e) < 0)
		return NULL;
	return machine_device_make(m, dev_class_find(driver), id, o, id ? PLACE_NAMED : PLACE_ANON,
				   e);
}

/* ---- removing ---- */

int machine_device_del(struct machine *m, const char *id, struct err *e)
{
	struct dev *d = machine_qom_find(m, id);
	struct note *n = d ? machine_note(m, d) : NULL;
	struct machine_event ev = {.type = EVENT_DEVICE_DELETED};
	char path[128], name[64];
	int rc;

	if (!d || n->place == PLACE_BOARD)
		return err_set(e, -ENODEV, "Device '%s' not found", id);
	if (!d->class->unpluggable)
		return err_set(e, -ENOTSUP, "Device '%s' does not support hotplugging",
			       d->class->name);
	machine_qom_path(m, d, path, sizeof(path));
	snprintf(name, sizeof(name), "%s", d->id);
	ev.path = path;
	ev.device = n->place == PLACE_NAMED ? name : NULL;
	drop_note(m, d);
	dev_free(d);
	rc = board_sync(m->board, e);
	machine_notify(m, &ev);
	return rc;
}

void machine_notes_free(struct machine *m)
{
	while (m->notes)
		drop_note(m, m->notes->dev);
}
