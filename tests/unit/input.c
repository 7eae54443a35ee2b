/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/input.c: keys and motion from consoles to devices; the table of keys. */
#include "ui/input.h"

#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a keyboard, a mouse and a tablet that write down what they get ---- */

struct toy {
	struct input_device dev;
	char said[4096];
	unsigned room; /* events that it takes */
	unsigned lost;
};

static void say(struct toy *t, const char *text)
{
	size_t n = strlen(t->said);

	snprintf(t->said + n, sizeof(t->said) - n, "%s%s", n ? " " : "", text);
}

static bool toy_key(void *arg, unsigned code, bool down)
{
	struct toy *t = arg;
	char text[16];

	if (!t->room)
		return false;
	t->room--;
	snprintf(text, sizeof(text), "%c%u", down ? '+' : '-', code);
	say(t, text);
	return true;
}

static bool toy_point(void *arg, const struct input_motion *m)
{
	struct toy *t = arg;
	char text[64];

	if (!t->room)
		return false;
	t->room--;
	if (t->dev.kind == INPUT_TABLET && m->abs)
		snprintf(text, sizeof(text), "%d,%d/%x", m->x, m->y, m->buttons);
	else if (t->dev.kind == INPUT_TABLET)
		snprintf(text, sizeof(text), "/%x", m->buttons);
	else
		snprintf(text, sizeof(text), "%+d%+d/%x", m->dx, m->dy, m->buttons);
	if (m->wheel)
		snprintf(text + strlen(text), 8, "w%d", m->wheel);
	say(t, text);
	return true;
}

static void toy_lost(void *arg)
{
	((struct toy *)arg)->lost++;
}

static void plug(struct input *in, struct toy *t, enum input_kind kind)
{
	*t = (struct toy){.dev = {.kind = kind,
				  .name = "toy",
				  .key = toy_key,
				  .point = toy_point,
				  .lost = toy_lost,
				  .arg = t},
			  .room = 1000000};
	input_attach(in, &t->dev);
	input_ready(&t->dev, true);
}

struct desk {
	struct clock *clock;
	struct input *in;
	struct input_source a, b;
	struct toy kbd, mouse, tablet;
	unsigned leds, led_calls;
	bool absolute;
};

static void on_leds(void *arg, unsigned leds)
{
	struct desk *d = arg;

	d->leds = leds;
	d->led_calls++;
}

static void on_absolute(void *arg, bool absolute)
{
	((struct desk *)arg)->absolute = absolute;
}

static struct desk *desk_new(void)
{
	struct desk *d = calloc(1, sizeof(*d));

	MUST(d);
	d->clock = clock_new(CLOCK_MANUAL);
	d->in = input_new(d->clock);
	MUST(d->clock && d->in);
	d->a = (struct input_source){.leds = on_leds, .absolute = on_absolute, .arg = d};
	input_join(d->in, &d->a);
	input_join(d->in, &d->b);
	plug(d->in, &d->kbd, INPUT_KEYBOARD);
	plug(d->in, &d->mouse, INPUT_MOUSE);
	return d;
}

static void desk_free(struct desk *d)
{
	input_leave(&d->b);
	input_free(d->in);
	clock_free(d->clock);
	free(d);
}

/* ---- the table ---- */

TEST(input_key_table)
{
	/* linux/input-event-codes.h, by hand */
	static const struct {
		const char *name;
		unsigned code;
	} linux_codes[] = {
		{"esc", 1},       {"a", 30},        {"ret", 28},        {"f12", 88},
		{"kp_enter", 96}, {"alt_r", 100},   {"delete", 111},    {"pause", 119},
		{"meta_l", 125},  {"compose", 127}, {"audiomute", 113}, {"less", 86},
	};

	for (size_t i = 0; i < ARRAY_SIZE(linux_codes); i++) {
		const struct key *k = key_named(linux_codes[i].name, strlen(linux_codes[i].name));

		MUST(k);
		EQ(linux_codes[i].code, k->code);
		CHECK(key_find(k->code) == k);
		CHECK(key_by_set1(k->set1) == k);
		CHECK(key_by_usage(k->usage) == k);
	}
	CHECK(!key_named("esca", 4));
	CHECK(!key_find(0) && !key_by_set1(0) && !key_by_usage(0) && !key_find(255));
	EQ(97, key_by_set1(0x9d)->code); /* QEMU's way to write e01d */
	EQ(122, key_by_set1(0xf2)->code);
	EQ(4, key_named("a", 1)->usage);
}

/* What an 8042 makes of set 2 is set 1 (its table is the keyboard controller's, in hardware). */
TEST(input_key_sets_agree)
{
	static const uint8_t basic[0x84] = {
		[0x76] = 0x01, [0x16] = 0x02, [0x1e] = 0x03, [0x26] = 0x04, [0x25] = 0x05,
		[0x2e] = 0x06, [0x36] = 0x07, [0x3d] = 0x08, [0x3e] = 0x09, [0x46] = 0x0a,
		[0x45] = 0x0b, [0x4e] = 0x0c, [0x55] = 0x0d, [0x66] = 0x0e, [0x0d] = 0x0f,
		[0x15] = 0x10, [0x1d] = 0x11, [0x24] = 0x12, [0x2d] = 0x13, [0x2c] = 0x14,
		[0x35] = 0x15, [0x3c] = 0x16, [0x43] = 0x17, [0x44] = 0x18, [0x4d] = 0x19,
		[0x54] = 0x1a, [0x5b] = 0x1b, [0x5a] = 0x1c, [0x14] = 0x1d, [0x1c] = 0x1e,
		[0x1b] = 0x1f, [0x23] = 0x20, [0x2b] = 0x21, [0x34] = 0x22, [0x33] = 0x23,
		[0x3b] = 0x24, [0x42] = 0x25, [0x4b] = 0x26, [0x4c] = 0x27, [0x52] = 0x28,
		[0x0e] = 0x29, [0x12] = 0x2a, [0x5d] = 0x2b, [0x1a] = 0x2c, [0x22] = 0x2d,
		[0x21] = 0x2e, [0x2a] = 0x2f, [0x32] = 0x30, [0x31] = 0x31, [0x3a] = 0x32,
		[0x41] = 0x33, [0x49] = 0x34, [0x4a] = 0x35, [0x59] = 0x36, [0x7c] = 0x37,
		[0x11] = 0x38, [0x29] = 0x39, [0x58] = 0x3a, [0x05] = 0x3b, [0x06] = 0x3c,
		[0x04] = 0x3d, [0x0c] = 0x3e, [0x03] = 0x3f, [0x0b] = 0x40, [0x83] = 0x41,
		[0x0a] = 0x42, [0x01] = 0x43, [0x09] = 0x44, [0x77] = 0x45, [0x7e] = 0x46,
		[0x6c] = 0x47, [0x75] = 0x48, [0x7d] = 0x49, [0x7b] = 0x4a, [0x6b] = 0x4b,
		[0x73] = 0x4c, [0x74] = 0x4d, [0x79] = 0x4e, [0x69] = 0x4f, [0x72] = 0x50,
		[0x7a] = 0x51, [0x70] = 0x52, [0x71] = 0x53, [0x61] = 0x56, [0x78] = 0x57,
		[0x07] = 0x58,
	};
	unsigned n = 0;

	for (unsigned code = 1; code < KEY_CODES; code++) {
		const struct key *k = key_find(code);

		if (!k || k->set2 >= ARRAY_SIZE(basic) || !basic[k->set2])
			continue;
		EQ(basic[k->set2], k->set1);
		n++;
	}
	EQ(86, n);
}

/* ---- keys ---- */

TEST(input_keys_are_held_once)
{
	struct desk *d = desk_new();

	input_key(&d->a, 30, true);
	input_key(&d->a, 30, true); /* a viewer's repeat */
	input_key(&d->b, 30, true);
	input_key(&d->a, 30, false);
	EQS("+30", d->kbd.said);
	input_key(&d->b, 30, false);
	input_key(&d->b, 30, false);
	input_key(&d->a, 0, true);
	input_key(&d->a, 255, true);
	input_key(&d->a, 70000, true);
	EQS("+30 -30", d->kbd.said);
	input_key(&d->b, 31, true);
	input_leave(&d->b);
	EQS("+30 -30 +31 -31", d->kbd.said);
	desk_free(d);
}

TEST(input_keys_wait_for_room)
{
	struct desk *d = desk_new();

	d->kbd.room = 1;
	input_key(&d->a, 30, true);
	input_key(&d->a, 30, false);
	input_key(&d->a, 31, true);
	EQS("+30", d->kbd.said);
	d->kbd.room = 2;
	input_kick(&d->kbd.dev);
	EQS("+30 -30 +31", d->kbd.said);
	desk_free(d);
}

TEST(input_overflow_lifts_all)
{
	struct desk *d = desk_new();

	d->kbd.room = 1;
	input_key(&d->a, 42, true);
	for (unsigned i = 0; i < 5000 && !d->kbd.lost; i++) {
		input_key(&d->a, 30, true);
		input_key(&d->a, 30, false);
	}
	EQ(1, d->kbd.lost);
	d->kbd.said[0] = 0;
	d->kbd.room = 1000000;
	input_kick(&d->kbd.dev);
	EQS("-42", d->kbd.said);
	input_key(&d->a, 42, false);
	input_key(&d->a, 42, true);
	EQS("-42 +42", d->kbd.said);
	desk_free(d);
}

TEST(input_keys_go_up_where_they_went_down)
{
	struct desk *d = desk_new();
	struct toy usb;

	input_key(&d->a, 30, true);
	plug(d->in, &usb, INPUT_KEYBOARD);
	input_key(&d->a, 31, true);
	input_key(&d->a, 30, false);
	input_key(&d->a, 31, false);
	EQS("+30 -30", d->kbd.said);
	EQS("+31 -31", usb.said);
	/* A keyboard that nobody reads any more does not hold up the other. */
	input_key(&d->a, 32, true);
	input_ready(&usb.dev, false);
	usb.room = 0;
	input_key(&d->a, 32, false);
	input_key(&d->a, 33, true);
	EQS("+30 -30 +33", d->kbd.said);
	input_detach(&usb.dev);
	desk_free(d);
}

TEST(input_type_holds_on_the_guests_clock)
{
	struct desk *d = desk_new();

	OK(input_type(d->in, (const uint8_t[]){29, 56, 111}, 3, 100));
	EQS("+29", d->kbd.said);
	clock_advance(d->clock, 99 * NS_PER_MS);
	EQS("+29", d->kbd.said);
	clock_advance(d->clock, NS_PER_MS);
	EQS("+29 +56", d->kbd.said);
	clock_advance(d->clock, 400 * NS_PER_MS);
	EQS("+29 +56 +111 -111 -56 -29", d->kbd.said);
	for (unsigned i = 0; i < 1000; i++)
		if (input_type(d->in, (const uint8_t[]){30}, 1, 1000))
			break;
	EQ(-ENOSPC, input_type(d->in, (const uint8_t[]){30}, 1, 1000));
	desk_free(d);
}

TEST(input_resume_lifts_what_nobody_holds)
{
	struct desk *d = desk_new();
	uint8_t down[KEY_CODES / 8] = {0};

	down[30 / 8] |= 1 << 30 % 8;
	down[31 / 8] |= 1 << 31 % 8;
	input_ready(&d->kbd.dev, false);
	input_key(&d->a, 31, true);
	input_ready(&d->kbd.dev, true);
	input_resume(&d->kbd.dev, down);
	EQS("-30", d->kbd.said);
	input_key(&d->a, 31, false);
	EQS("-30 -31", d->kbd.said);
	desk_free(d);
}

TEST(input_leds)
{
	struct desk *d = desk_new();

	input_set_leds(&d->kbd.dev, INPUT_CAPS_LOCK);
	EQ(INPUT_CAPS_LOCK, d->leds);
	EQ(INPUT_CAPS_LOCK, input_leds(d->in));
	EQ(2, d->led_calls); /* the first as it joined */
	input_set_leds(&d->kbd.dev, INPUT_CAPS_LOCK);
	EQ(2, d->led_calls);
	desk_free(d);
}

/* ---- pointers ---- */

TEST(input_tablet_before_mouse)
{
	struct desk *d = desk_new();
	struct input_motion m = {.buttons = INPUT_LEFT};

	CHECK(!input_absolute(d->in));
	input_pixel(&d->a, 100, 100, 640, 480, &m);
	input_point(&d->a, &m);
	input_pixel(&d->a, 110, 90, 640, 480, &m);
	input_point(&d->a, &m);
	EQS("+0+0/1 +10-10/1", d->mouse.said);
	plug(d->in, &d->tablet, INPUT_TABLET);
	CHECK(input_absolute(d->in) && d->absolute);
	input_pixel(&d->a, 639, 479, 640, 480, &m);
	input_point(&d->a, &m);
	EQS("32767,32767/1", d->tablet.said);
	EQS("+0+0/1 +10-10/1 +0+0/0", d->mouse.said); /* its button is let go */
	/* Steps still have the mouse to go to. */
	m = (struct input_motion){.dx = 5, .dy = 6, .buttons = INPUT_RIGHT};
	input_point(&d->a, &m);
	EQS("+0+0/1 +10-10/1 +0+0/0 +5+6/0", d->mouse.said);
	EQS("32767,32767/1 /2", d->tablet.said);
	input_detach(&d->tablet.dev);
	CHECK(!d->absolute);
	desk_free(d);
}

TEST(input_mouse_set)
{
	struct desk *d = desk_new();

	plug(d->in, &d->tablet, INPUT_TABLET);
	CHECK(input_mouse(d->in, 0) == &d->tablet.dev);
	CHECK(input_mouse(d->in, 1) == &d->mouse.dev);
	CHECK(!input_mouse(d->in, 2));
	EQ(2, d->mouse.dev.index);
	EQ(3, d->tablet.dev.index);
	CHECK(input_is_current(&d->tablet.dev));
	OK(input_mouse_set(d->in, 2));
	CHECK(input_is_current(&d->mouse.dev) && !input_absolute(d->in));
	EQ(-ENOENT, input_mouse_set(d->in, 1)); /* the keyboard */
	desk_free(d);
}

/* While the guest does not look, motion adds up and no click is lost. */
TEST(input_motion_merges)
{
	struct desk *d = desk_new();
	struct input_motion m = {.dx = 1, .wheel = 1};

	d->mouse.room = 0;
	for (unsigned i = 0; i < 1000; i++)
		input_point(&d->a, &m);
	m.buttons = INPUT_LEFT;
	input_point(&d->a, &m);
	m.buttons = 0;
	input_point(&d->a, &m);
	d->mouse.room = 100;
	input_kick(&d->mouse.dev);
	EQS("+1+0/0w1 +999+0/0w999 +1+0/1w1 +1+0/0w1", d->mouse.said);
	desk_free(d);
}

TEST(input_bad_numbers)
{
	struct desk *d = desk_new();
	struct input_motion m = {.abs = true, .x = 1 << 30, .y = -5, .buttons = 0xff};

	plug(d->in, &d->tablet, INPUT_TABLET);
	input_point(&d->a, &m);
	EQS("32767,0/1f", d->tablet.said);
	m = (struct input_motion){.dx = INT32_MAX, .dy = INT32_MIN};
	d->mouse.room = 0;
	for (unsigned i = 0; i < 100; i++)
		input_point(&d->a, &m);
	input_pixel(&d->a, 5, 5, 0, 0, &m);
	EQ(0, m.x);
	input_pixel(&d->a, -5, INT32_MAX, 1, 100, &m);
	EQ(0, m.x);
	EQ(INPUT_ABS_MAX, m.y);
	desk_free(d);
}

/* The promise of input_pixel, for each pixel of each width, in each way of scaling back. */
TEST(input_pixel_is_exact)
{
	static const unsigned widths[] = {2,    3,    320,  640,  720,  800,  1024,
					  1152, 1280, 1366, 1400, 1440, 1600, 1680,
					  1920, 2048, 2560, 3840, 4096, 16384};
	struct desk *d = desk_new();
	unsigned bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		for (unsigned w = widths[i], p = 0; p < w; p++) {
			struct input_motion m = {0};
			unsigned x;

			input_pixel(&d->a, (int)p, 0, w, 1, &m);
			x = (unsigned)m.x;
			bad += x * w / 0x8000 != p;
			bad += x * (w - 1) / 0x7fff != p;
			bad += (2 * x * (w - 1) + 0x7fff) / (2 * 0x7fff) != p;
		}
	EQ(0, bad);
	desk_free(d);
}
