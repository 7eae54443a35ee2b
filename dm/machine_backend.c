/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_backend.c: streams, network devices and drives by name, and the media in drives. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "dm/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- streams ---- */

struct chr_slot *machine_chr(struct machine *m, const char *id)
{
	struct chr_slot *s = m->chrs;

	while (s && strcmp(chr_id(s->chr), id))
		s = s->next;
	return s;
}

/* Takes c over, at the end of the list: query-chardev shows them in order. */
static struct chr_slot *keep_chr(struct machine *m, struct chr *c, struct err *e)
{
	struct chr_slot *s = NULL, **at = &m->chrs;

	if (!c)
		return NULL;
	if (machine_chr(m, chr_id(c)))
		err_set(e, -EEXIST, "Chardev with id '%s' already exists", chr_id(c));
	else if (!(s = calloc(1, sizeof(*s))))
		err_set(e, -ENOMEM, "out of memory");
	if (!s) {
		chr_close(c);
		return NULL;
	}
	while (*at)
		at = &(*at)->next;
	s->chr = c;
	*at = s;
	return s;
}

struct chr_slot *machine_chr_add(struct machine *m, const char *opts, struct err *e)
{
	return keep_chr(m, chr_open(m->loop, opts, e), e);
}

struct chr_slot *machine_chr_short(struct machine *m, const char *label, const char *spec,
				   struct err *e)
{
	struct chr_slot *s;

	if (strncmp(spec, "chardev:", 8))
		return keep_chr(m, chr_open_short(m->loop, label, spec, e), e);
	s = machine_chr(m, spec + 8);
	if (!s)
		err_set(e, -ENOENT, "there is no chardev '%s'", spec + 8);
	return s;
}

static void free_chr(struct chr_slot *s)
{
	chr_close(s->chr);
	free(s);
}

int machine_chr_remove(struct machine *m, const char *id, struct err *e)
{
	struct chr_slot **at = &m->chrs, *s = machine_chr(m, id);

	if (!s)
		return err_set(e, -ENOENT, "Chardev '%s' not found", id);
	if (s->user || s->monitor)
		return err_set(e, -EBUSY, "Chardev '%s' is busy", id);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free_chr(s);
	return 0;
}

/* ---- network ---- */

struct net_slot *machine_net(struct machine *m, const char *id)
{
	struct net_slot *s = m->nets;

	while (s && strcmp(net_id(s->net), id))
		s = s->next;
	return s;
}

/* The type is the first word, or libxl's type=… */
static int net_text(char *text, size_t size, const char *opts, struct err *e)
{
	if (!strncmp(opts, "type=", 5))
		opts += 5;
	if ((size_t)snprintf(text, size, "%s", opts) >= size)
		return err_set(e, -E2BIG, "-netdev: the description is too long");
	return 0;
}

struct net_slot *machine_net_add(struct machine *m, const char *opts, struct err *e)
{
	struct net_slot *s, **at = &m->nets;
	struct netdev *n;
	char text[4096];

	if (net_text(text, sizeof(text), opts, e) < 0)
		return NULL;
	n = net_open(m->loop, text, e);
	if (!n)
		return NULL;
	s = machine_net(m, net_id(n)) ? NULL : calloc(1, sizeof(*s));
	if (!s) {
		err_set(e, -EEXIST, "Duplicate ID '%s' for netdev", net_id(n));
		net_close(n);
		return NULL;
	}
	while (*at)
		at = &(*at)->next;
	s->net = n;
	*at = s;
	return s;
}

static void free_net(struct net_slot *s)
{
	net_close(s->net);
	free(s);
}

int machine_net_remove(struct machine *m, const char *id, struct err *e)
{
	struct net_slot **at = &m->nets, *s = machine_net(m, id);

	if (!s)
		return err_set(e, -ENOENT, "Device '%s' not found", id);
	if (s->user)
		return err_set(e, -EBUSY, "netdev '%s' is used by device '%s'", id, s->user->id);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free_net(s);
	return 0;
}

/* ---- drives ---- */

struct drive *machine_drive(struct machine *m, const char *id)
{
	struct drive *d = m->drives;

	while (d && strcmp(d->id, id))
		d = d->next;
	if (!d)
		for (d = m->drives; d && !(d->user && !strcmp(d->user->id, id));)
			d = d->next;
	return d;
}

static struct blk *open_medium(struct machine *m, struct drive *d, const char *file,
			       const char *format, struct err *e)
{
	struct blk_options o = {.file = file,
				.format = format,
				.id = d->id,
				.readonly = d->readonly,
				.failed = machine_drive_failed,
				.failed_arg = d};

	return blk_open(m->loop, &o, e);
}

static struct blk *open_first(struct machine *m, struct drive *d, const struct drive_config *c,
			      struct err *e)
{
	struct blk_options o = {.file = c->file,
				.format = c->format,
				.id = d->id,
				.readonly = d->readonly,
				.cache = c->cache,
				.snapshot = c->snapshot < 0 ? m->cfg->snapshot : c->snapshot,
				.no_discard = !c->discard,
				.detect_zeroes = c->detect_zeroes,
				.native_aio = c->native_aio,
				.failed = machine_drive_failed,
				.failed_arg = d};

	return blk_open(m->loop, &o, e);
}

static void tray_moved(struct machine *m, struct drive *d, bool open)
{
	struct machine_event ev = {
		.type = EVENT_DEVICE_TRAY_MOVED, .device = d->id, .tray_open = open};
	char path[128];

	d->tray_open = open;
	if (d->user) {
		machine_qom_path(m, d->user, path, sizeof(path));
		ev.path = path;
	}
	machine_notify(m, &ev);
}

static void guest_moved_tray(struct drive *d, bool open, void *owner)
{
	tray_moved(owner, d, open);
}

int machine_drive_add(struct machine *m, const struct drive_config *c, struct err *e)
{
	struct drive *d = calloc(1, sizeof(*d)), **at = &m->drives;

	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	while (*at)
		at = &(*at)->next;
	*at = d;
	snprintf(d->id, sizeof(d->id), "%s", c->id);
	snprintf(d->serial, sizeof(d->serial), "%s", c->serial ? c->serial : "");
	d->tray_moved = guest_moved_tray;
	d->owner = m;
	d->cdrom = c->cdrom;
	d->readonly = c->readonly;
	d->werror = c->werror;
	d->rerror = c->rerror;
	d->if_type = c->interface;
	d->bus = c->bus;
	d->unit = c->unit;
	if (c->file)
		d->blk = open_first(m, d, c, e);
	return c->file && !d->blk ? -EIO : 0;
}

static void take_medium(struct drive *d)
{
	struct blk *b = d->blk;

	if (!b)
		return;
	blk_drain(b);
	d->blk = NULL;
	if (d->medium_changed)
		d->medium_changed(d->arg, false);
	blk_close(b);
}

/* What both commands want first: a tray that is open, where there is one. */
static int open_tray(struct machine *m, struct drive *d, bool force, struct err *e)
{
	if (!drive_removable(d))
		return err_set(e, -EINVAL, "Device '%s' is not removable", d->id);
	if (d->floppy)
		return 0;
	if (d->locked && !force) {
		if (d->eject_request)
			d->eject_request(d->arg, false);
		return err_set(
			e, -EBUSY,
			"Device '%s' is locked and force was not specified, wait for tray to "
			"open and try again",
			d->id);
	}
	if (d->locked && d->eject_request)
		d->eject_request(d->arg, true);
	if (!d->tray_open)
		tray_moved(m, d, true);
	return 0;
}

int machine_eject(struct machine *m, struct drive *d, bool force, struct err *e)
{
	int rc = open_tray(m, d, force, e);

	if (!rc)
		take_medium(d);
	return rc;
}

int machine_tray(struct machine *m, struct drive *d, bool open, bool force, struct err *e)
{
	int rc = 0;

	if (d->floppy)
		return err_set(e, -ENOTSUP, "Device '%s' does not have a tray", d->id);
	if (open == d->tray_open)
		return 0;
	if (open)
		rc = open_tray(m, d, force, e);
	else
		tray_moved(m, d, false);
	if (!rc && d->medium_changed)
		d->medium_changed(d->arg, !open);
	return rc;
}

static int set_readonly(struct drive *d, const char *mode, struct err *e)
{
	if (!mode || !strcmp(mode, "retain"))
		return 0;
	if (strcmp(mode, "read-only") && strcmp(mode, "read-write"))
		return err_set(e, -EINVAL, "read-only-mode '%s' is not known", mode);
	if (d->cdrom && strcmp(mode, "read-only"))
		return err_set(e, -EACCES, "Device '%s' is a CD drive: its media are read only",
			       d->id);
	d->readonly = !strcmp(mode, "read-only");
	return 0;
}

int machine_change_medium(struct machine *m, struct drive *d, const char *file, const char *format,
			  const char *readonly, bool force, struct err *e)
{
	struct blk *b;
	int rc = set_readonly(d, readonly, e);

	if (rc)
		return rc;
	/* The new medium first: when it is no good the old one stays. */
	b = open_medium(m, d, file, format, e);
	if (!b)
		return -EIO;
	rc = open_tray(m, d, force, e);
	if (rc) {
		blk_close(b);
		return rc;
	}
	take_medium(d);
	d->blk = b;
	if (!d->floppy)
		tray_moved(m, d, false);
	if (d->medium_changed)
		d->medium_changed(d->arg, true);
	return 0;
}

/* ---- properties of devices ---- */

static void *taken(struct dev *user, const char *what, const char *name, struct err *e)
{
	err_set(e, -EBUSY, "%s '%s' is in use%s%s", what, name, user ? " by " : "",
		user ? user->id : "");
	return NULL;
}

static void *backend_drive(struct machine *m, struct dev *d, const char *name, struct err *e)
{
	struct drive *x = m->drives;

	while (x && strcmp(x->id, name))
		x = x->next;
	if (!x) {
		err_set(e, -ENOENT, "there is no drive '%s' (-drive id=%s makes one)", name, name);
		return NULL;
	}
	if (x->user)
		return taken(x->user, "drive", name, e);
	x->user = d;
	return x;
}

static void *backend_net(struct machine *m, struct dev *d, const char *name, struct err *e)
{
	struct net_slot *s = machine_net(m, name);

	if (!s) {
		err_set(e, -ENOENT, "there is no netdev '%s' (-netdev TYPE,id=%s makes one)", name,
			name);
		return NULL;
	}
	if (s->user)
		return taken(s->user, "netdev", name, e);
	s->user = d;
	return s->net;
}

static void *backend_chr(struct machine *m, struct dev *d, const char *name, struct err *e)
{
	struct chr_slot *s = machine_chr(m, name);

	if (!s) {
		err_set(e, -ENOENT, "there is no chardev '%s' (-chardev TYPE,id=%s makes one)",
			name, name);
		return NULL;
	}
	if (s->user || s->monitor)
		return taken(s->user, "chardev", name, e);
	s->user = d;
	return s->chr;
}

void *machine_backend(struct machine *m, struct dev *d, enum prop_type type, const char *name,
		      struct err *e)
{
	if (type == PROP_INPUT)
		return m->input;
	if (type == PROP_BLK)
		return backend_drive(m, d, name, e);
	if (type == PROP_DISPLAY)
		return machine_display_make(m, d, e);
	return type == PROP_NET ? backend_net(m, d, name, e) : backend_chr(m, d, name, e);
}

void machine_backend_release(struct machine *m, struct dev *d, enum prop_type type, void *be)
{
	struct drive *drive = be;

	if (type == PROP_BLK) {
		drive->user = NULL;
		drive->medium_changed = NULL;
		drive->eject_request = NULL;
		drive->locked = drive->floppy = false;
	}
	if (type == PROP_DISPLAY)
		machine_display_free(m, be);
	for (struct chr_slot *s = m->chrs; s; s = s->next)
		if (s->user == d && s->chr == be)
			s->user = NULL;
	for (struct net_slot *s = m->nets; s; s = s->next)
		if (s->user == d && s->net == be)
			s->user = NULL;
}

/* ---- all of them ---- */

static int add_fds(struct machine *m, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < m->cfg->n_fdsets && !rc; i++) {
		const struct fdset_config *f = &m->cfg->fdsets[i];
		int64_t set = f->set;

		rc = host_fdset_adopt(f->fd, &set, f->opaque, e);
	}
	return rc;
}

int machine_backends_open(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	int rc;

	blk_host_open = host_open;
	chr_host_open = host_open;
	net_host_open = host_open;
	rc = add_fds(m, e);

	for (unsigned i = 0; i < c->chardevs.n && !rc; i++)
		rc = machine_chr_add(m, c->chardevs.v[i], e) ? 0 : -EINVAL;
	for (unsigned i = 0; i < c->netdevs.n && !rc; i++)
		rc = machine_net_add(m, c->netdevs.v[i], e) ? 0 : -EINVAL;
	if (!rc)
		rc = machine_dumps_open(m, e);
	for (unsigned i = 0; i < c->n_drives && !rc; i++)
		rc = machine_drive_add(m, &c->drives[i], e);
	return rc;
}

void machine_backends_close(struct machine *m)
{
	while (m->chrs) {
		struct chr_slot *s = m->chrs;

		m->chrs = s->next;
		free_chr(s);
	}
	while (m->nets) {
		struct net_slot *s = m->nets;

		m->nets = s->next;
		free_net(s);
	}
	while (m->drives) {
		struct drive *d = m->drives;

		m->drives = d->next;
		blk_close(d->blk);
		free(d);
	}
}
