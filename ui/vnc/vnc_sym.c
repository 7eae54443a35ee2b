/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_sym.c: X keysyms as Unicode characters.
 *
 * Spec: X11/keysymdef.h
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
