/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/xkb_guest.h: layouts as xkb has them, for tests of ours. */
#ifndef TESTS_UNIT_XKB_GUEST_H
#define TESTS_UNIT_XKB_GUEST_H
#include "config.h"
#ifdef CONFIG_XKB
#include "ui/layout.h"

#include <string.h>
#include <xkbcommon/xkbcommon.h>

enum { XKB_CODE = 8 }; /* xkb's number of a key is evdev's and this */

/* The keymap of an X server in the guest that is set to the layout of that (QEMU's) name; NULL:
 * there is none. */
static inline struct xkb_keymap *xkb_guest(struct xkb_context *x, const char *name)
{
	static const char *const names[][3] = {
		{"da", "dk", ""}, {"de-ch", "ch", ""}, {"en-gb", "gb", ""}, {"en-us", "us", ""},
		{"et", "ee", ""}, {"fr-be", "be", ""}, {"fr-ca", "ca", ""}, {"fr-ch", "ch", "fr"},
		{"sl", "si", ""}, {"cs", "cz", ""},    {"sv", "se", ""},    {"pt-br", "br", ""},
	};
	struct xkb_rule_names r = {"evdev", "pc105", name, "", ""};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i][0], name)) {
			r.layout = names[i][1];
			r.variant = names[i][2];
		}
	return xkb_keymap_new_from_names(x, &r, XKB_KEYMAP_COMPILE_NO_FLAGS);
}
#endif
#endif
