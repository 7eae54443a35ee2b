/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/net/rtl8139_eeprom.c: the EEPROM behind 9346CR: its lines, and what the factory writes. */
#include "hw/net/rtl8139.h"

void rtl8139_eeprom_program(struct rtl8139 *s, const uint8_t mac[6])
{
	struct eeprom *ee = &s->ee;

	ee->word[0] = 0x8129; /* the signature without which nothing is loaded */
	ee->word[1] = 0x10ec;
	ee->word[2] = 0x8139;
	for (unsigned i = 0; i < 3; i++)
		ee->word[7 + i] = (uint16_t)load_le(mac + 2 * i, 2);
	ee->programmed = 1;
}

static unsigned lines(uint8_t cfg9346)
{
	return (cfg9346 & EE_CS ? EEPROM_CS : 0) | (cfg9346 & EE_SK ? EEPROM_SK : 0) |
	       (cfg9346 & EE_DI ? EEPROM_DI : 0);
}

void rtl8139_eeprom_lines(struct rtl8139 *s, uint8_t was, uint8_t now)
{
	eeprom_lines(&s->ee, lines(was), lines(now));
}
