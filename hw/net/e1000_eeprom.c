/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/e1000_eeprom.c: the 93C46 behind EECD, clocked bit by bit, and what
 * the factory writes into it.
 *
 * Spec: 8254x Software Developer's Manual, 5.3 and 5.6; AT93C46 (x16).
 */
#include "hw/net/e1000.h"

/* DONE: deaf until CS falls. */
enum { PHASE_IDLE, PHASE_COMMAND, PHASE_READ, PHASE_DATA, PHASE_PROGRAM, PHASE_DONE };
enum { OP_EXTENDED, OP_WRITE, OP_READ, OP_ERASE }; /* the two bits after the start bit */
enum { EXT_EWDS, EXT_WRAL, EXT_ERAL, EXT_EWEN };   /* OP_EXTENDED: A5-A4 */

#define COMMAND_BITS 8 /* opcode and address */
#define CHECKSUM     0xbaba

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
	struct e1000_eeprom *ee = &s->ee;
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

static void start(struct e1000_eeprom *ee, unsigned phase)
{
	ee->phase = (uint8_t)phase;
	ee->count = 0;
	ee->shift = 0;
}

static void extended(struct e1000_eeprom *ee)
{
	unsigned op = ee->addr >> 4;

	if (op == EXT_EWDS || op == EXT_EWEN)
		ee->writable = op == EXT_EWEN;
	start(ee, op == EXT_WRAL ? PHASE_DATA : op == EXT_ERAL ? PHASE_PROGRAM : PHASE_DONE);
	if (op == EXT_ERAL)
		ee->shift = 0xffff;
}

/* The instruction is in. A read drives DO low first: the dummy bit. */
static void command(struct e1000_eeprom *ee)
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
static void read_bit(struct e1000_eeprom *ee)
{
	ee->out = ee->word[ee->addr] >> (15 - ee->count) & 1;
	if (++ee->count == 16) {
		ee->count = 0;
		ee->addr = (ee->addr + 1) & 0x3f;
	}
}

static void clock_in(struct e1000_eeprom *ee, bool di)
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
static void deselect(struct e1000_eeprom *ee)
{
	bool all = ee->op == OP_EXTENDED;

	if (ee->phase == PHASE_PROGRAM && ee->writable)
		for (unsigned i = 0; i < ARRAY_SIZE(ee->word); i++)
			if (all || i == ee->addr)
				ee->word[i] = ee->shift;
	start(ee, PHASE_IDLE);
	ee->out = 1;
}

void e1000_eeprom_lines(struct e1000 *s, uint32_t was, uint32_t now)
{
	struct e1000_eeprom *ee = &s->ee;

	if (!(now & EECD_CS)) {
		if (was & EECD_CS)
			deselect(ee);
	} else if (now & ~was & EECD_SK) {
		clock_in(ee, now & EECD_DI);
	}
}
