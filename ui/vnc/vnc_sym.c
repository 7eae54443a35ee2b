/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_sym.c: X keysyms as Unicode characters, and characters as accent and letter.
 *
 * Spec: X11/keysymdef.h; The Unicode Standard, canonical decompositions
 */
#include "ui/vnc/vnc_server.h"

#include "base/util.h"

#include <string.h>

enum { SYM_DEAD = 0xfe50, SYM_EURO = 0x20ac, SYM_UNICODE = 0x01000000 };

/* clang-format off */
/* Keysyms that are older than Unicode; a blank: it is none of these. */
static const struct {
	uint16_t first;
	const char *chars;
} old[] = {
	{0x1a1, "Ą˘Ł ĽŚ  ŠŞŤŹ ŽŻ ą˛ł ľśˇ šşťź˝žżŔ  Ă ĹĆ Č Ę Ě  ĎĐŃŇ  Ő  ŘŮ Ű  Ţ ŕ  ă ĺć"},
	{0x1e8, "č ę ě  ďđńň  ő  řů ű  ţ˙"},
	{0x2a1, "Ħ    Ĥ  İ ĞĴ    ħ    ĥ  ı ğĵ"},
	{0x2c5, "ĊĈ"},
	{0x2d5, "Ġ  Ĝ    ŬŜ      ċĉ"},
	{0x2f5, "ġ  ĝ    ŭŝ"},
	{0x3a2, "ĸŖ ĨĻ   ĒĢŦ      ŗ ĩļ   ēģŧŊ ŋĀ      Į    Ė  Ī ŅŌĶ     Ų   ŨŪ ā      į"},
	{0x3ec, "ė  ī ņōķ     ų   ũū"},
	{0x7d0, "Π"},
	{0x7d9, "Ω"},
	{0x7ec, "μ   π"},
	{0x8bc, "≤≠≥   ∞"},
	{0x8de, "∧∨"},
	{0x8fb, "←↑→↓"},
	{0xaa9, "—–   …"},
	{0xac3, "⅛⅜⅝⅞  ™      ‘’“” ‰′″"},
	{0xae6, "•"},
	{0xafd, "‚„"},
	{0x13bc, "ŒœŸ"},
};

/* The combining characters of dead keys, from SYM_DEAD on; 0: none that a layout here has. */
static const uint16_t dead[] = {
	0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30a, 0x30b, 0x30c, 0x327, 0x328,
	0, 0, 0, 0x323, 0x309, 0x31b, 0x335,
};

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

static uint32_t old_char(uint32_t sym)
{
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		const char *s = old[i].chars;

		for (uint32_t at = old[i].first; *s && at <= sym; at++) {
			uint32_t c = layout_next(&s);

			if (at == sym && c != ' ')
				return c;
		}
	}
	return 0;
}

uint32_t vnc_sym_char(uint32_t sym)
{
	if ((sym >= ' ' && sym < 0x7f) || (sym >= 0xa0 && sym < 0x100) || sym == SYM_EURO)
		return sym;
	if (sym > SYM_UNICODE + 0xff && sym <= SYM_UNICODE + 0xffff)
		return sym - SYM_UNICODE;
	if (sym >= SYM_UNICODE + ' ' && sym <= SYM_UNICODE + 0xff)
		return vnc_sym_char(sym - SYM_UNICODE);
	if (sym >= SYM_DEAD && sym - SYM_DEAD < ARRAY_SIZE(dead))
		return dead[sym - SYM_DEAD];
	return old_char(sym);
}

bool vnc_sym_split(uint32_t c, uint32_t *accent, uint32_t *letter)
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

uint32_t vnc_sym_accent(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(spacing); i++)
		if (spacing[i].c == c)
			return spacing[i].accent;
	return 0;
}
