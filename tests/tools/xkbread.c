/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xkbread LAYOUT: reads evdev codes ("+42 +30 -30 -42") and writes the characters that an X server
 * in the guest would make of them with that layout (by QEMU's name). An accent that waits and a
 * blank are the accent.
 */
#include "tests/unit/xkb_guest.h"

#include <stdio.h>
#include <stdlib.h>
#ifdef CONFIG_XKB

static void put(xkb_keysym_t sym)
{
	static const struct {
		xkb_keysym_t dead;
		char c;
	} accents[] = {{XKB_KEY_dead_grave, '`'},
		       {XKB_KEY_dead_circumflex, '^'},
		       {XKB_KEY_dead_tilde, '~'}};
	static char waiting;
	char text[16];

	for (size_t i = 0; i < sizeof(accents) / sizeof(accents[0]); i++)
		if (sym == accents[i].dead) {
			waiting = accents[i].c;
			return;
		}
	if (waiting && sym == XKB_KEY_space)
		putchar(waiting);
	else if (waiting)
		printf("(%c?)", waiting);
	if ((!waiting || sym != XKB_KEY_space) && xkb_keysym_to_utf8(sym, text, sizeof(text)) > 1)
		fputs(text, stdout);
	waiting = 0;
}

static bool is_modifier(xkb_keysym_t s)
{
	return (s >= XKB_KEY_Shift_L && s <= XKB_KEY_Hyper_R) || s == XKB_KEY_ISO_Level3_Shift;
}

int main(int argc, char **argv)
{
	struct xkb_context *x = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_keymap *m = argc == 2 ? xkb_guest(x, argv[1]) : NULL;
	struct xkb_state *s = m ? xkb_state_new(m) : NULL;
	unsigned code;
	char sign;

	if (!s) {
		fputs("xkbread: want a layout\n", stderr);
		return 2;
	}
	while (scanf(" %c%u", &sign, &code) == 2) {
		xkb_keysym_t sym = xkb_state_key_get_one_sym(s, code + XKB_CODE);

		if (sign == '+' && !is_modifier(sym))
			put(sym);
		xkb_state_update_key(s, code + XKB_CODE, sign == '+' ? XKB_KEY_DOWN : XKB_KEY_UP);
	}
	putchar('\n');
	xkb_state_unref(s);
	xkb_keymap_unref(m);
	xkb_context_unref(x);
	return 0;
}
#else
int main(void)
{
	puts("xkbread: built without libxkbcommon");
	return 77;
}
#endif
