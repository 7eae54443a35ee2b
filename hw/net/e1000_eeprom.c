/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/e1000_eeprom.c: the EEPROM behind EECD: its lines, and what the factory writes into it.
 *
 * Spec: 8254x Software Developer's Manual, 5.3 and 5.6.
 */
#include "hw/net/e1000.h"

#define CHECKSUM 0xbaba

/* Words without a line here are 0. */
void e1000_eeprom_program(struct e1000 *s, const uint8_t mac[6], uint16_t device)
{
	const struct {
		uint8_t at;
		uint16_t word;
	} words[] = {
		{0x04, 0xffff},                 /* LEDs: default */
		{0x08, 0x3000}, {0x09, 0x1000}, /* number of the board */
		{0x0a, 0x6403},                 /* Initialization Control 1 */
		{0x0b, device}, {0x0c, 0x8086}, /* subsystem */
		{0x0d, device}, {0x0e, 0x8086},
		{0x0f, 0x3040}, /* Initialization Control 2: flow control */
		{0x2f, 0x0602}, /* LEDCTL */
	};
	struct eeprom *ee = &s->ee;
	uint16_t sum = 0;

	memset(ee->word, 0, sizeof(ee->word));
	for (unsigned i = 0; i < 3; i++)
		ee->word[i] = (uint16_t)load_le(mac + 2 * i, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		ee->word[words[i].at] = words[i].word;
	for (unsigned i = 0; i < 63; i++)
		sum = (uint16_t)(sum + ee->word[i]);
	ee->word[63] = (uint16_t)(CHECKSUM - sum);
	ee->programmed = 1;
}

static unsigned lines(uint32_t eecd)
{
	return (eecd & EECD_CS ? EEPROM_CS : 0) | (eecd & EECD_SK ? EEPROM_SK : 0) |
	       (eecd & EECD_DI ? EEPROM_DI : 0);
}

void e1000_eeprom_lines(struct e1000 *s, uint32_t was, uint32_t now)
{
	eeprom_lines(&s->ee, lines(was), lines(now));
}
