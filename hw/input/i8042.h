/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/input/i8042.h: what the keyboard controller and the two PS/2 devices on it, one device of the
 * board together, see of each other.
 */
#ifndef HW_INPUT_I8042_H
#define HW_INPUT_I8042_H
#include "base/dev.h"
#include "ui/input.h"

/* Both devices: what they answer to a command goes before what they have to tell. */
struct ps2_answer {
	uint32_t n;
	uint8_t bytes[6], pad[2];
};

struct ps2_kbd {
	struct ps2_answer answer;
	uint32_t n;
	uint8_t fifo[16];
	uint8_t enabled, set, leds, rate;
	uint8_t command; /* that waits for its parameter; 0 = none */
	uint8_t last;    /* byte sent, for RESEND */
	uint8_t code;    /* of the key that repeats; 0 = none */
	uint8_t chord;   /* how Print went down */
	uint8_t down[KEY_CODES / 8];
	/* Scan code set 3, by its codes: keys that do not repeat, do not say when they go up. */
	uint8_t single[32], mute[32];
	struct dev_timer repeat;
};

struct ps2_mouse {
	struct ps2_answer answer;
	uint32_t n;
	uint8_t fifo[4];
	int32_t dx, dy, dz;    /* since the last report; dz: towards the user */
	uint8_t buttons, told; /* now; in the last report */
	uint8_t enabled, remote, wrap, doubled, resolution, rate, id;
	uint8_t command;  /* that waits for its parameter; 0 = none */
	uint8_t knock[2]; /* sample rates set before the last */
	uint8_t last;
	uint8_t pad[1];
	struct dev_timer sample;
};

struct i8042 {
	struct ps2_kbd kbd;
	struct ps2_mouse mouse;
	uint8_t ram[32]; /* 0: command byte */
	uint8_t flags;   /* of the status: SYS, CMD, AUXB, OBF */
	uint8_t out, outport;
	uint8_t command; /* that waits for its data; 0 = none */
	uint8_t reply;   /* the controller's own byte, while has_reply: 1, 2 = as from the mouse */
	uint8_t has_reply;
	uint8_t release; /* translation: F0 came */
	uint8_t pad[1];
	struct dev_timer serial; /* pending: a byte takes its time on the wire */
};

struct i8042_host {
	struct input *input;
	struct input_device kbd, mouse;
};

enum { PS2_ACK = 0xfa, PS2_RESEND = 0xfe, PS2_BAT_OK = 0xaa };

/* clang-format off */
#define PS2_ANSWER_ROWS(T, m) \
	HID(T, m.n, .max = SIZEOF_(T, m.bytes)), BUF(T, m.bytes, m.n), HID_ARRAY(T, m.pad)
/* clang-format on */

static inline struct i8042 *i8042_of(const struct dev *d)
{
	return d->state;
}
static inline void ps2_answer(struct ps2_answer *a, uint8_t byte)
{
	if (a->n < sizeof(a->bytes))
		a->bytes[a->n++] = byte;
}
static inline uint8_t ps2_shift(uint8_t *bytes, uint32_t *n)
{
	uint8_t b = bytes[0];

	memmove(bytes, bytes + 1, --*n);
	return b;
}

/* There may be something to take, or take again, now: last in a device's hook. */
void i8042_changed(struct dev *d);

/* The devices' end of the wire: a byte to it; the next one from it, false when it has none. */
void ps2_kbd_realize(struct dev *d);
unsigned ps2_kbd_leds(const struct ps2_kbd *k); /* enum input_led */
void ps2_kbd_write(struct dev *d, uint8_t byte);
bool ps2_kbd_take(struct dev *d, uint8_t *byte);
bool ps2_kbd_valid(const struct ps2_kbd *k);
void ps2_kbd_repeat_fired(struct dev *d, unsigned index);
void ps2_mouse_realize(struct dev *d);
void ps2_mouse_write(struct dev *d, uint8_t byte);
bool ps2_mouse_take(struct dev *d, uint8_t *byte);
void ps2_mouse_taken(struct dev *d);
bool ps2_mouse_valid(const struct ps2_mouse *m);
void ps2_mouse_sample_fired(struct dev *d, unsigned index);
#endif
