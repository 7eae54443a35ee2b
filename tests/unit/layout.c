/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/layout.c: each key of each layout beside xkb's tables. */
#include "tests/unit/xkb_guest.h"

#include "tests/test.h"
#include "ui/layout.h"

TEST(names)
{
	static const char *const wanted[] = {"en-us", "de", "fr", "pl", "cs", "cz"};
	struct layout l;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		CHECK(layout_load(&l, wanted[i]));
	CHECK(!layout_load(&l, "de-nosuch"));
	CHECK(!layout_load(NULL, ""));
}

/* By hand: what is printed on them. */
TEST(some_keys)
{
	struct layout l;

	CHECK(layout_load(&l, "de"));
	EQ('z', l.at[0][21]);
	EQ('Z', l.at[LAYOUT_SHIFT][21]);
	EQ('@', l.at[LAYOUT_ALTGR][16]);
	EQ(0x302, l.at[0][41]); /* a circumflex that waits */
	CHECK(l.altgr);
	CHECK(layout_load(&l, "en-us"));
	EQ('~', l.at[LAYOUT_SHIFT][41]);
	EQ(0, l.at[0][86]); /* an American keyboard lacks it */
	CHECK(!l.altgr);
}

#ifdef CONFIG_XKB
/* The combining character of a dead key; 0: it is none, or one that nobody's letters need. */
static uint32_t combining(xkb_keysym_t sym)
{
	char name[40];
	static const struct {
		const char *name;
		uint32_t c;
	} marks[] = {
		{"dead_grave", 0x300},    {"dead_acute", 0x301},       {"dead_circumflex", 0x302},
		{"dead_tilde", 0x303},    {"dead_macron", 0x304},      {"dead_breve", 0x306},
		{"dead_abovedot", 0x307}, {"dead_diaeresis", 0x308},   {"dead_abovering", 0x30a},
		{"dead_caron", 0x30c},    {"dead_doubleacute", 0x30b}, {"dead_cedilla", 0x327},
		{"dead_ogonek", 0x328},   {"dead_belowdot", 0x323},    {"dead_hook", 0x309},
		{"dead_horn", 0x31b},     {"dead_stroke", 0x335},
	};

	xkb_keysym_get_name(sym, name, sizeof(name));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strcmp(name, marks[i].name))
			return marks[i].c;
	return 0;
}

static uint32_t xkb_char(struct xkb_keymap *m, unsigned code, unsigned level)
{
	const xkb_keysym_t *syms;
	uint32_t c;

	if (level >= xkb_keymap_num_levels_for_key(m, code + XKB_CODE, 0) ||
	    xkb_keymap_key_get_syms_by_level(m, code + XKB_CODE, 0, level, &syms) != 1)
		return 0;
	c = combining(*syms);
	if (!c)
		c = xkb_keysym_to_utf32(*syms);
	return c < ' ' || c == 0x7f ? 0 : c;
}

/* What ours says is what xkb says; what it leaves out are signs that nobody has to type: all of
 * ASCII and all letters that the first two levels have are there. */
TEST_EACH(as_xkb, layout_count(), layout_name(i))
{
	struct xkb_context *x = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_keymap *m = xkb_guest(x, layout_name(i));
	struct layout l;

	MUST(m);
	MUST(layout_load(&l, layout_name(i)));
	for (unsigned level = 0; level < LAYOUT_LEVELS; level++)
		for (unsigned code = 1; code < 57; code++) {
			uint32_t want = xkb_char(m, code, level);
			NOTE("key %u level %u", code, level);
			if (l.at[level][code])
				EQ(want, l.at[level][code]);
			else if (level < 2 && code != 86 && code != 55) /* < and keypad's * */
				EQ(0, want);
		}
	xkb_keymap_unref(m);
	xkb_context_unref(x);
}

TEST(capitals_as_xkb)
{
	for (uint32_t c = ' '; c < 0x180; c++) {
		xkb_keysym_t up = xkb_keysym_to_upper(xkb_utf32_to_keysym(c));

		NOTE("U+%04x", c);
		if (c != 0xb5 && c != 0xdf && c != 0x131 && c != 0x17f && c != 0xff &&
		    (c < 0x7f || c >= 0xa0))
			EQ(xkb_keysym_to_utf32(up), layout_capital(c));
	}
}
#else
TEST(as_xkb)
{
	SKIP("built without libxkbcommon");
}
#endif
