/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/layout_find.c: which keys make a character.
 *
 * Spec: The Unicode Standard, canonical decompositions; X Keyboard Extension 1.0, 12 (key types)
 * Tests: tests/unit/vnc_keys.c, tests/unit/typist.c
 */
#include "ui/layout.h"

#include "base/util.h"

/* clang-format off */
/* Letters, and with the accent. A blank: what the dead key and the space bar make. */
static const struct {
	uint16_t accent;
	const char *letters, *composed;
} accents[] = {
	{0x300, " AEIOUaeiou", "`ÀÈÌÒÙàèìòù"},
	{0x301, "AEIOUYaeiouyCcLlNnRrSsZz", "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹź"},
	{0x302, " AEIOUaeiouCcGgHhJjSsWwYy", "^ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷ"},
	{0x303, " ANOanoIiUu", "~ÃÑÕãñõĨĩŨũ"},
	{0x304, "AaEeIiOoUu", "ĀāĒēĪīŌōŪū"},
	{0x306, "AaEeGgIiOoUu", "ĂăĔĕĞğĬĭŎŏŬŭ"},
	{0x307, "CcEeGgIZz", "ĊċĖėĠġİŻż"},
	{0x308, "AEIOUaeiouyY", "ÄËÏÖÜäëïöüÿŸ"},
	{0x30a, "AaUu", "ÅåŮů"},
	{0x30b, "OoUu", "ŐőŰű"},
	{0x30c, "CcDdEeLlNnRrSsTtZz", "ČčĎďĚěĽľŇňŘřŠšŤťŽž"},
	{0x327, "CcGgKkLlNnRrSsTt", "ÇçĢģĶķĻļŅņŖŗŞşŢţ"},
	{0x328, "AaEeIiUu", "ĄąĘęĮįŲų"},
};

/* Accents by themselves, for which the dead key is the nearest that a layout may have. */
static const struct {
	uint16_t c, accent;
} spacing[] = {
	{0xb4, 0x301}, {0xaf, 0x304}, {0x2d8, 0x306}, {0x2d9, 0x307}, {0xa8, 0x308}, {0xb0, 0x30a},
	{0x2dd, 0x30b}, {0x2c7, 0x30c}, {0xb8, 0x327}, {0x2db, 0x328},
};
/* clang-format on */

/* Two strokes in its place: a dead key and a letter or the space bar. False: nothing is known. */
static bool split_char(uint32_t c, uint32_t *accent, uint32_t *letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(accents); i++) {
		const char *s = accents[i].composed;

		*accent = accents[i].accent;
		for (const char *l = accents[i].letters; *l; l++) {
			*letter = (uint8_t)*l;
			if (layout_next(&s) == c)
				return true;
		}
	}
	return false;
}

/* The dead key of ´, ¨, …; 0: it is none of them. */
static uint32_t accent_of(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(spacing); i++)
		if (spacing[i].c == c)
			return spacing[i].accent;
	return 0;
}

static bool is_pair(uint16_t c, uint16_t d)
{
	if ((c == 'i' && d == 0x130) || (c == 0x131 && d == 'I')) /* Turkish: İ and ı */
		return true;
	return c != d && layout_capital(c) == layout_capital(d);
}

/* What the key makes. Caps Lock is as in xkb: another shift where both letters of a pair are on the
 * key, else a capital in place of a small letter. */
static uint32_t made(const struct layout *l, unsigned level, unsigned code, bool caps)
{
	const uint16_t(*at)[LAYOUT_KEYS] = l->at;

	if (!caps)
		return at[level][code];
	if (is_pair(at[0][code], at[1][code]) && is_pair(at[level & 2][code], at[level | 1][code]))
		return at[level ^ 1][code];
	return layout_capital(at[level][code]);
}

/* The least that has to be done for it: best with the keys that are held, then plain, … */
static bool seek(const struct layout *l, uint32_t c, unsigned now, bool caps,
		 struct layout_stroke *s)
{
	unsigned best = ~0u;

	for (unsigned level = 0; level < LAYOUT_LEVELS; level++)
		for (unsigned code = 1; code < LAYOUT_KEYS; code++) {
			unsigned cost = level == now ? 0 : 1 + level;

			if (cost >= best || made(l, level, code, caps) != c)
				continue;
			best = cost;
			*s = (struct layout_stroke){(uint8_t)code, (uint8_t)level};
		}
	return best != ~0u;
}

unsigned layout_find(const struct layout *l, uint32_t c, unsigned level, bool caps,
		     struct layout_stroke s[2])
{
	uint32_t accent, letter;

	if (!c)
		return 0;
	if (seek(l, c, level, caps, &s[0]))
		return 1;
	if (split_char(c, &accent, &letter) && seek(l, accent, level, caps, &s[0]) &&
	    seek(l, letter, level, caps, &s[1]))
		return 2;
	accent = accent_of(c);
	if (accent && seek(l, accent, level, caps, &s[0]))
		return 1;
	return seek(l, c, level, false, &s[0]);
}
