/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/part_93c46.h: the serial EEPROM 93C46 (64 words of 16 bits) on a network card, clocked
 * bit by bit. A device embeds a struct eeprom in its state and EEPROM_ROWS in its rows.
 *
 * Spec: Atmel AT93C46 (x16 organisation), instruction set.
 */
#ifndef HW_NET_PART_93C46_H
#define HW_NET_PART_93C46_H
#include "base/dev.h"

struct eeprom {
	uint16_t word[64], shift;
	uint8_t programmed; /* by the factory: word[] holds something */
	uint8_t phase, op, count, addr, out, writable;
};

/* out: DO after a reset. */
#define EEPROM_ROWS(T, m, out_reset)                                                           \
	HID_ARRAY(T, m.word, .hw = 0xffff, .flags = ROW_KEEP), HID(T, m.shift, .hw = 0xffff),  \
		HID(T, m.programmed, .max = 1, .flags = ROW_KEEP), HID(T, m.phase, .max = 5),  \
		HID(T, m.op, .max = 3), HID(T, m.count, .max = 15), HID(T, m.addr, .max = 63), \
		HID(T, m.out, .reset = out_reset, .max = 1), HID(T, m.writable, .max = 1)

enum { EEPROM_CS = 1 << 0, EEPROM_SK = 1 << 1, EEPROM_DI = 1 << 2 };
/* The lines to it went from was to now; DO is ee->out. */
void eeprom_lines(struct eeprom *ee, unsigned was, unsigned now);
#endif
