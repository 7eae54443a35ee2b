/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/vnc_keys.c: keysyms typed by hvm-vnc, read back by xkb as a guest has it. */
#include "tests/unit/xkb_guest.h"

#include "tests/test.h"
#if defined(CONFIG_VNC) && defined(CONFIG_XKB)
#include "base/util.h"
#include "ui/vnc/vnc_server.h"

#include <stdio.h>

struct guest {
	struct xkb_context *context;
	struct xkb_keymap *keymap;
	struct xkb_state *state;
	bool down[KEY_CODES];
	char text[512]; /* the keysyms by name; characters as themselves */
	struct vnc_keys keys;
};

static bool is_modifier(xkb_keysym_t s)
{
	return (s >= XKB_KEY_Shift_L && s <= XKB_KEY_Hyper_R) || s == XKB_KEY_ISO_Level3_Shift;
}

static void guest_key(void *arg, unsigned code, bool down)
{
	struct guest *g = arg;
	xkb_keysym_t sym = xkb_state_key_get_one_sym(g->state, code + XKB_CODE);
	size_t n = strlen(g->text);

	CHECK(g->down[code] != down);
	g->down[code] = down;
	if (down && !is_modifier(sym)) {
		char name[64];

		if (xkb_keysym_to_utf8(sym, name, sizeof(name)) <= 1)
			xkb_keysym_get_name(sym, name, sizeof(name));
		snprintf(g->text + n, sizeof(g->text) - n, "%s", name);
	}
	xkb_state_update_key(g->state, code + XKB_CODE, down ? XKB_KEY_DOWN : XKB_KEY_UP);
}

static void guest_open(struct guest *g, const char *layout)
{
	*g = (struct guest){.context = xkb_context_new(XKB_CONTEXT_NO_FLAGS)};
	g->keymap = xkb_guest(g->context, layout);
	MUST(g->keymap);
	g->state = xkb_state_new(g->keymap);
	g->keys.key = guest_key;
	g->keys.arg = g;
	MUST(layout_load(&g->keys.layout, layout));
}

static void guest_close(struct guest *g)
{
	for (unsigned c = 0; c < KEY_CODES; c++)
		CHECK(!g->down[c]);
	xkb_state_unref(g->state);
	xkb_keymap_unref(g->keymap);
	xkb_context_unref(g->context);
}

static const char *typed(struct guest *g, uint32_t sym)
{
	g->text[0] = 0;
	vnc_keys_sym(&g->keys, sym, true);
	vnc_keys_sym(&g->keys, sym, false);
	return g->text;
}

/* What a client holds meanwhile, and what its Caps Lock is. */
static const struct {
	const char *label;
	uint32_t held[2];
	bool caps;
} states[] = {
	{"plain", {0}, false},
	{"Shift", {XKB_KEY_Shift_L}, false},
	{"right Shift", {XKB_KEY_Shift_R}, false},
	{"AltGr", {XKB_KEY_ISO_Level3_Shift}, false},
	{"both", {XKB_KEY_ISO_Level3_Shift, XKB_KEY_Shift_R}, false},
	{"Caps Lock", {0}, true},
	{"Caps Lock and Shift", {XKB_KEY_Shift_L}, true},
};

static void hold(struct guest *g, unsigned n, bool down)
{
	for (unsigned i = 0; i < 2; i++)
		vnc_keys_sym(&g->keys, states[n].held[i], down);
}

static void with_state(struct guest *g, unsigned n, void (*run)(struct guest *g))
{
	NOTE("%s", states[n].label);
	if (states[n].caps) {
		typed(g, XKB_KEY_Caps_Lock);
		g->keys.leds = INPUT_CAPS_LOCK;
	}
	/* An American keyboard's right Alt is an Alt. */
	if (g->keys.layout.altgr || states[n].held[0] != XKB_KEY_ISO_Level3_Shift) {
		hold(g, n, true);
		run(g);
		hold(g, n, false);
	}
	if (states[n].caps)
		typed(g, XKB_KEY_Caps_Lock);
	g->keys.leds = 0;
}

/* Itself; or an accent that waits, and a blank. */
static void ascii(struct guest *g)
{
	static const char *const waiting[][2] = {
		{"`", "dead_grave "}, {"^", "dead_circumflex "}, {"~", "dead_tilde "}};

	for (uint32_t c = ' '; c < 0x7f; c++) {
		char want[2] = {(char)c};
		const char *also = want, *got = typed(g, c);

		for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
			if (*waiting[i][0] == (char)c)
				also = waiting[i][1];
		if (strcmp(got, also))
			EQS(want, got);
	}
}

TEST_EACH(printable_ascii, layout_count(), layout_name(i))
{
	struct guest g;

	guest_open(&g, layout_name(i));
	for (unsigned n = 0; n < ARRAY_SIZE(states); n++)
		with_state(&g, n, ascii);
	guest_close(&g);
}

/* Every character that is on a key, by the keysym that xkb has for it and by its Unicode one. */
static void own_characters(struct guest *g)
{
	for (unsigned level = 0; level < LAYOUT_LEVELS; level++)
		for (unsigned code = 1; code < LAYOUT_KEYS; code++) {
			uint32_t c = g->keys.layout.at[level][code];
			char want[8];

			if (!c || (c >= 0x300 && c < 0x370))
				continue;
			xkb_keysym_to_utf8(xkb_utf32_to_keysym(c), want, sizeof(want));
			EQS(want, typed(g, xkb_utf32_to_keysym(c)));
			EQS(want, typed(g, 0x01000000 + c));
		}
}

TEST_EACH(own_characters, layout_count(), layout_name(i))
{
	struct guest g;

	guest_open(&g, layout_name(i));
	for (unsigned n = 0; n < ARRAY_SIZE(states); n++)
		if (!states[n].caps)
			with_state(&g, n, own_characters);
	guest_close(&g);
}

TEST(dead_keys_and_composed_letters)
{
	struct guest g;

	guest_open(&g, "de");
	EQS("dead_circumflex", typed(&g, XKB_KEY_dead_circumflex));
	EQS("dead_acutee", typed(&g, XKB_KEY_eacute));
	EQS("dead_graveA", typed(&g, 0x010000c0)); /* À */
	EQS("dead_acute", typed(&g, XKB_KEY_acute));
	EQS("", typed(&g, 0x01000416)); /* Ж is on no key */
	guest_close(&g);
	guest_open(&g, "cz");
	EQS("ě", typed(&g, XKB_KEY_ecaron));
	EQS("dead_caronE", typed(&g, XKB_KEY_Ecaron));
	typed(&g, XKB_KEY_Caps_Lock);
	g.keys.leds = INPUT_CAPS_LOCK;
	EQS("Ě", typed(&g, XKB_KEY_Ecaron)); /* of the key with the small one */
	EQS("dead_carone", typed(&g, XKB_KEY_ecaron));
	guest_close(&g);
}

/* A viewer that lets shift go first: the key goes up under the name that it has then. */
TEST(key_goes_up_as_it_went_down)
{
	struct guest g;

	guest_open(&g, "en-us");
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_L, true);
	vnc_keys_sym(&g.keys, '!', true);
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_L, false);
	vnc_keys_sym(&g.keys, '!', false);
	EQS("!", g.text);
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_R, true);
	vnc_keys_sym(&g.keys, 'a', true); /* lifts it … */
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_R, false);
	vnc_keys_sym(&g.keys, 'a', false); /* … and does not bring it back */
	guest_close(&g);
}

/* Ctrl-Shift-c stays that, Ctrl-C of a viewer's Caps Lock is Ctrl-c; a bracket needs its AltGr. */
TEST(chords)
{
	struct guest g;

	guest_open(&g, "de");
	vnc_keys_sym(&g.keys, XKB_KEY_Control_L, true);
	vnc_keys_sym(&g.keys, 'C', true);
	CHECK(g.down[46] && !g.down[KEY_SHIFT_L]);
	vnc_keys_sym(&g.keys, 'C', false);
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_L, true);
	vnc_keys_sym(&g.keys, 'c', true);
	CHECK(g.down[46] && g.down[KEY_SHIFT_L]);
	vnc_keys_sym(&g.keys, 'c', false);
	vnc_keys_sym(&g.keys, XKB_KEY_Shift_L, false);
	vnc_keys_sym(&g.keys, ']', true);
	CHECK(g.down[10] && g.down[KEY_ALT_R]);
	vnc_keys_sym(&g.keys, ']', true); /* repeated: nothing happens */
	CHECK(g.down[10] && g.down[KEY_ALT_R]);
	vnc_keys_sym(&g.keys, ']', false);
	CHECK(!g.down[KEY_ALT_R]);
	vnc_keys_sym(&g.keys, XKB_KEY_Control_L, false);
	guest_close(&g);
}
#elif defined(CONFIG_VNC)
TEST(printable_ascii)
{
	SKIP("built without libxkbcommon");
}
#endif
