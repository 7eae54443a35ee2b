/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/net/part_93c46.c: the instructions of the 93C46; tests/hw/e1000.c and rtl8139.c clock it. */
#include "hw/net/part_93c46.h"

/* DONE: deaf until CS falls. */
enum { PHASE_IDLE, PHASE_COMMAND, PHASE_READ, PHASE_DATA, PHASE_PROGRAM, PHASE_DONE };
enum { OP_EXTENDED, OP_WRITE, OP_READ, OP_ERASE }; /* the two bits after the start bit */
enum { EXT_EWDS, EXT_WRAL, EXT_ERAL, EXT_EWEN };   /* OP_EXTENDED: A5-A4 */

#define COMMAND_BITS 8 /* opcode and address */

static void start(struct eeprom *ee, unsigned phase)
{
	ee->phase = (uint8_t)phase;
	ee->count = 0;
	ee->shift = 0;
}

static void extended(struct eeprom *ee)
{
	unsigned op = ee->addr >> 4;

	if (op == EXT_EWDS || op == EXT_EWEN)
		ee->writable = op == EXT_EWEN;
	start(ee, op == EXT_WRAL ? PHASE_DATA : op == EXT_ERAL ? PHASE_PROGRAM : PHASE_DONE);
	if (op == EXT_ERAL)
		ee->shift = 0xffff;
}

/* The instruction is in. A read drives DO low first: the dummy bit. */
static void command(struct eeprom *ee)
{
	ee->addr = ee->shift & 0x3f;
	ee->op = ee->shift >> 6 & 3;
	switch (ee->op) {
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
static void read_bit(struct eeprom *ee)
{
	ee->out = ee->word[ee->addr] >> (15 - ee->count) & 1;
	if (++ee->count == 16) {
		ee->count = 0;
		ee->addr = (ee->addr + 1) & 0x3f;
	}
}

static void clock_in(struct eeprom *ee, bool di)
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
static void deselect(struct eeprom *ee)
{
	bool all = ee->op == OP_EXTENDED;

	if (ee->phase == PHASE_PROGRAM && ee->writable)
		for (unsigned i = 0; i < ARRAY_SIZE(ee->word); i++)
			if (all || i == ee->addr)
				ee->word[i] = ee->shift;
	start(ee, PHASE_IDLE);
	ee->out = 1;
}

void eeprom_lines(struct eeprom *ee, unsigned was, unsigned now)
{
	if (!(now & EEPROM_CS)) {
		if (was & EEPROM_CS)
			deselect(ee);
	} else if (now & ~was & EEPROM_SK) {
		clock_in(ee, now & EEPROM_DI);
	}
}
