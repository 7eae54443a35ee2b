/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_input.c: HMP commands that type and point; info mice, info usb. */
#include "dm/hmp.h"

#include "hw/usb/usb.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_KEYS 16

/* ---- keys ---- */

/* A qcode, QEMU's abbreviation for the key between shift and z on some keyboards, or the number
 * that the key has in AT set 1. */
static bool key_code(const char *name, size_t len, uint8_t *code)
{
	const struct key *k =
		len == 1 && *name == '<' ? key_named("less", 4) : key_named(name, len);
	char *end;
	unsigned long number;

	if (!k && len > 2 && !strncmp(name, "0x", 2)) {
		number = strtoul(name, &end, 16);
		if (end != name + len)
			return false;
		k = number < 256 ? key_by_set1((unsigned)number) : NULL;
		*code = k ? k->code : KEY_NONE;
		return true;
	}
	*code = k ? k->code : KEY_NONE;
	return k || (len == 8 && !strncmp(name, "unmapped", 8));
}

void hmp_sendkey(struct hmp_call *c)
{
	uint8_t codes[MAX_KEYS];
	struct err e = {""};
	unsigned n = 0;

	for (const char *s = hmp_text(c, "keys");; s++) {
		size_t len = strcspn(s, "-");

		if (n == MAX_KEYS) {
			fprintf(c->out, "too many keys\n");
			return;
		}
		if (!key_code(s, len, &codes[n++])) {
			fprintf(c->out, "invalid parameter: %.*s\n", (int)MIN(len, (size_t)80), s);
			return;
		}
		s += len;
		if (!*s)
			break;
	}
	if (machine_send_key(c->m, codes, n,
			     (unsigned)MAX(MIN(hmp_number(c, "hold-time", 100), 60000), 0), &e) < 0)
		hmp_error(c, &e);
}

/* ---- pointers ---- */

static int number(const struct hmp_call *c, const char *name)
{
	const char *text = hmp_text(c, name);
	long v = text ? strtol(text, NULL, 0) : 0;

	return (int)MAX(MIN(v, INT16_MAX), INT16_MIN);
}

void hmp_mouse_move(struct hmp_call *c)
{
	int dz = number(c, "dz");
	struct input_motion m = {.dx = number(c, "dx"),
				 .dy = number(c, "dy"),
				 .wheel = (dz > 0) - (dz < 0),
				 .buttons = c->m->monitors.buttons};

	input_point(&c->m->monitors, &m);
}

void hmp_mouse_button(struct hmp_call *c)
{
	int64_t state = hmp_number(c, "button_state", 0);
	struct input_motion m = {.buttons = (uint8_t)((state & 1 ? INPUT_LEFT : 0) |
						      (state & 2 ? INPUT_RIGHT : 0) |
						      (state & 4 ? INPUT_MIDDLE : 0))};

	input_point(&c->m->monitors, &m);
}

void hmp_mouse_set(struct hmp_call *c)
{
	int64_t index = hmp_number(c, "index", 0);

	if (index < 0 || index > INT32_MAX || input_mouse_set(c->m->input, (unsigned)index) < 0)
		fprintf(c->out, "Mouse at index '%lld' not found\n", (long long)index);
}

void hmp_info_mice(struct hmp_call *c)
{
	const struct input_device *d;
	unsigned n;

	for (n = 0; (d = input_mouse(c->m->input, n)); n++)
		fprintf(c->out, "%c Mouse #%u: %s%s\n", input_is_current(d) ? '*' : ' ', d->index,
			d->name, d->kind == INPUT_TABLET ? " (absolute)" : "");
	if (!n)
		fprintf(c->out, "No mouse devices connected\n");
}

void hmp_info_usb(struct hmp_call *c)
{
	unsigned buses = 0;

	for (struct bus *b = c->m->env->buses; b; b = b->next) {
		if (b->type != &usb_bus_type)
			continue;
		for_each_dev(d, c->m->env)
			if (dev_bus(d) == b)
				fprintf(c->out,
					"  Device %u.%u, Port %s, Speed %s Mb/s, Product %s%s%s\n",
					buses, usb_address(d), usb_path(d),
					usb_low_speed(d) ? "1.5" : "12", usb_product(d),
					strchr(d->id, '[') ? "" : ", ID: ",
					strchr(d->id, '[') ? "" : d->id);
		buses++;
	}
	if (!buses)
		fprintf(c->out, "Error: USB support not enabled\n");
}
