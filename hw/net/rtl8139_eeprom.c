/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/rtl8139_eeprom.c: the 93C46 behind 9346CR, clocked bit by bit.
 *
 * Spec: Atmel AT93C46 (x16 organisation), instruction set.
 */
#include "hw/net/rtl8139.h"

/* DONE: deaf until CS falls. */
enum { PHASE_IDLE, PHASE_COMMAND, PHASE_READ, PHASE_DATA, PHASE_PROGRAM, PHASE_DONE };
enum { OP_EXTENDED, OP_WRITE, OP_READ, OP_ERASE }; /* the two bits after the start bit */
enum { EXT_EWDS, EXT_WRAL, EXT_ERAL, EXT_EWEN };   /* OP_EXTENDED: A5-A4 */

#define COMMAND_BITS 8 /* opcode and address */

void rtl8139_eeprom_program(struct rtl8139 *s, const uint8_t mac[6])
{
	struct rtl8139_eeprom *ee = &s->ee;

	ee->word[0] = 0x8129; /* the signature without which nothing is loaded */
	ee->word[1] = 0x10ec;
	ee->word[2] = 0x8139;
	for (unsigned i = 0; i < 3; i++)
		ee->word[7 + i] = (uint16_t)load_le(mac + 2 * i, 2);
	ee->programmed = 1;
}

static void start(struct rtl8139_eeprom *ee, unsigned phase)
{
	ee->phase = (uint8_t)phase;
	ee->count = 0;
	ee->shift = 0;
}

static void extended(struct rtl8139_eeprom *ee)
{
	unsigned op = ee->addr >> 4;

	if (op == EXT_EWDS || op == EXT_EWEN)
		ee->writable = op == EXT_EWEN;
	start(ee, op == EXT_WRAL ? PHASE_DATA : op == EXT_ERAL ? PHASE_PROGRAM : PHASE_DONE);
	if (op == EXT_ERAL)
		ee->shift = 0xffff;
}

/* The instruction is in. A read drives DO low first: the dummy bit. */
static void command(struct rtl8139_eeprom *ee)
{
	unsigned op = ee->shift >> 6 & 3;

	ee->addr = ee->shift & 0x3f;
	ee->op = (uint8_t)op;
	switch (op) {
	case OP_EXTENDED:
		extended(ee);
		break;
	case OP_WRITE:
		start(ee, PHASE_DATA);
		break;
	case OP_READ:
		start(ee, PHASE_READ);
		ee->out = 0;
		break;
	case OP_ERASE:
		start(ee, PHASE_PROGRAM);
		ee->shift = 0xffff;
		break;
	}
}

/* Reading on after 16 bits goes to the next word. */
static void read_bit(struct rtl8139_eeprom *ee)
{
	ee->out = ee->word[ee->addr] >> (15 - ee->count) & 1;
	if (++ee->count == 16) {
		ee->count = 0;
		ee->addr = (ee->addr + 1) & 0x3f;
	}
}

static void clock_in(struct rtl8139_eeprom *ee, bool di)
{
	switch (ee->phase) {
	case PHASE_IDLE: /* until the start bit */
		if (di)
			start(ee, PHASE_COMMAND);
		break;
	case PHASE_COMMAND:
		ee->shift = (uint16_t)(ee->shift << 1 | di);
		if (++ee->count == COMMAND_BITS)
			command(ee);
		break;
	case PHASE_READ:
		read_bit(ee);
		break;
	case PHASE_DATA:
		ee->shift = (uint16_t)(ee->shift << 1 | di);
		if (++ee->count == 16) {
			ee->count = 0;
			ee->phase = PHASE_PROGRAM;
		}
		break;
	}
}

/* Programming starts when CS falls; it takes no time here, so DO says ready at once. */
static void deselect(struct rtl8139_eeprom *ee)
{
	bool all = ee->op == OP_EXTENDED;

	if (ee->phase == PHASE_PROGRAM && ee->writable)
		for (unsigned i = 0; i < ARRAY_SIZE(ee->word); i++)
			if (all || i == ee->addr)
				ee->word[i] = ee->shift;
	start(ee, PHASE_IDLE);
	ee->out = 1;
}

void rtl8139_eeprom_lines(struct rtl8139 *s, uint8_t was, uint8_t now)
{
	struct rtl8139_eeprom *ee = &s->ee;

	if (!(now & EE_CS)) {
		if (was & EE_CS)
			deselect(ee);
	} else if (now & ~was & EE_SK) {
		clock_in(ee, now & EE_DI);
	}
}
