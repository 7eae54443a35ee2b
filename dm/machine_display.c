/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_display.c: the screens of the machine's adapters, and pictures of them. */
#include "dm/machine_parts.h"

#include "dm/host.h"
#include "ui/display.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct display *machine_display_make(struct machine *m, struct dev *d, struct err *e)
{
	struct display_slot *s = calloc(1, sizeof(*s)), **at = &m->displays;

	if (s)
		s->display = display_new(d->id, e);
	if (!s || !s->display) {
		free(s);
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	s->user = d;
	while (*at)
		at = &(*at)->next;
	*at = s;
	return s->display;
}

void machine_display_free(struct machine *m, struct display *display)
{
	for (struct display_slot **at = &m->displays; *at; at = &(*at)->next) {
		struct display_slot *s = *at;

		if (s->display != display)
			continue;
		*at = s->next;
		display_free(s->display);
		free(s);
		return;
	}
}

struct display *machine_screen(struct machine *m, struct err *e)
{
	if (m->displays)
		return m->displays->display;
	if (!m->no_display)
		m->no_display = display_new("none", e);
	return m->no_display;
}

struct display *machine_display(struct machine *m, const char *device, struct err *e)
{
	struct dev *d = device ? machine_qom_find(m, device) : NULL;

	if (device && !d) {
		err_set(e, -ENODEV, "Device '%s' not found", device);
		return NULL;
	}
	for (struct display_slot *s = m->displays; s; s = s->next)
		if (!d || s->user == d)
			return s->display;
	err_set(e, -ENOTSUP, "There is no console to take a screendump from");
	return NULL;
}

int machine_screendump(struct machine *m, const char *device, unsigned head, const char *file,
		       const char *format, struct err *e)
{
	struct display *d = machine_display(m, device, e);
	int fd, rc;

	if (!d)
		return -ENOTSUP;
	if (head)
		return err_set(e, -EINVAL, "'%s' has one head, number 0", display_name(d));
	fd = host_open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666, e);
	if (fd < 0)
		return fd;
	rc = display_dump(d, fd, format, e);
	close(fd);
	return rc;
}
