/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state stream: what it refuses, by name, and that refusing changes nothing. */
#include "tests/hw/laws.h"

static struct rig *busy_gong(struct dev_stream *s)
{
	struct rig *r = rig_new(dev_class_find("test-gong"));
	struct err e = {""};

	dev_write(r->dev, 0, 2, 2, 50);
	dev_write(r->dev, 0, 8, 2, 0x2211);
	dev_write(r->dev, 0, 1, 1, 3);
	rig_run(r, 10 * NS_PER_MS);
	OK(dev_save(&r->env, "m", s, &e));
	return r;
}

TEST(load_restores_values_clock_and_timers)
{
	struct dev_stream s = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e = {""};

	OK(dev_load(&b->env, "m", s.data, s.len, &e));
	EQ(10 * NS_PER_MS, clock_now(b->clock));
	EQ(40, dev_read(b->dev, 0, 4, 2));
	rig_run(b, 40 * NS_PER_MS);
	EQ(1, dev_read(b->dev, 0, 6, 1));
	EQ(0x2211, dev_read(b->dev, 0, 8, 2));
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

TEST(a_loaded_level_is_no_edge)
{
	struct dev_stream s = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e = {""};

	rig_run(a, NS_PER_SEC);
	EQ(1, dev_line_counter(a->dev, 0) & 1);
	dev_stream_free(&s);
	OK(dev_save(&a->env, "m", &s, &e));
	b->edges = 0;
	OK(dev_load(&b->env, "m", s.data, s.len, &e));
	EQ(1, dev_line_counter(b->dev, 0) & 1);
	EQ(0, b->edges);
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

/* ---- each kind of damage, and the sentence it gets ---- */

struct damage {
	const char *row; /* the change is `at` bytes after this text, or from the start/end */
	int at;
	uint8_t val;
	const char *say;
};
#define FROM_END "\377"

static const struct damage damages[] = {
	{"", 0, 'h', "state stream: not a state stream"},
	{"", 8, DEV_STREAM_VERSION + 1, "state stream: version 3, this program reads 1 to 2"},
	{"", 12, 'D', "state stream: record out of place"},
	{"", 13, 0xff, "state stream: record: cut short"},
	{"", 17, 'x', "state stream: description: it was saved by another machine"},
	{"latch", 0, 'L', "state stream: Latch: unknown row"},
	{"latch", 5, 2, "state stream: latch: wrong size or count"},
	{"index", 10, 8, "state stream: index: a value that no guest can reach"},
	{"fifo_len", 13, 3, "state stream: fifo: length does not match its row"},
	{"ctrl", 9, 2, "state stream: test-gong: rows contradict each other"},
	{"alarm", 17, 0xf0, "state stream: alarm: a value that no guest can reach"},
	{"/board/", 1, 'B', "state stream: /Board/test-gong: no such device in this machine"},
	{FROM_END, -5, 'Q', "state stream: record out of place"},
	{FROM_END, -4, 1, "state stream: record: cut short"},
};

static void damage(struct dev_stream *s, const struct damage *dm)
{
	uint8_t *at = s->data;

	if (!strcmp(dm->row, FROM_END))
		at = s->data + s->len;
	else if (*dm->row)
		at = memmem(s->data, s->len, dm->row, strlen(dm->row));
	MUST(at);
	at[dm->at] = dm->val;
}

TEST_EACH(refuses, ARRAY_SIZE(damages), damages[i].say)
{
	struct dev_stream s = {0}, before = {0}, after = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e = {""};

	OK(dev_save(&b->env, "m", &before, &e));
	damage(&s, &damages[i]);
	CHECK(dev_load(&b->env, "m", s.data, s.len, &e) < 0);
	EQS(damages[i].say, e.msg);
	err_clear(&e);
	OK(dev_save(&b->env, "m", &after, &e));
	EQ(before.len, after.len);
	EQM(before.data, after.data, before.len);
	dev_stream_free(&s);
	dev_stream_free(&before);
	dev_stream_free(&after);
	rig_free(a);
	rig_free(b);
}

TEST(a_row_or_device_that_comes_twice_or_not_at_all)
{
	struct dev_stream s = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e = {""};

	memcpy(memmem(s.data, s.len, "latch", 5), "index", 5);
	CHECK(dev_load(&b->env, "m", s.data, s.len, &e) < 0);
	EQS("state stream: index: row given twice", e.msg);
	err_clear(&e);
	s.len = 0;
	OK(dev_save(&a->env, "m", &s, &e));
	dev_free(a->dev);
	CHECK(dev_load(&a->env, "m", s.data, s.len, &e) < 0);
	EQS("state stream: /board/test-gong: no such device in this machine", e.msg);
	err_clear(&e);
	s.len = 0;
	OK(dev_save(&a->env, "m", &s, &e));
	CHECK(dev_load(&b->env, "m", s.data, s.len, &e) < 0);
	EQS("state stream: test-gong: device missing", e.msg);
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

TEST(every_truncation_is_refused)
{
	struct dev_stream s = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e;

	for (size_t n = 0; n < s.len; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* so that ASan sees a read past its end */
		memcpy(exact, s.data, n);
		err_clear(&e);
		CHECK(dev_load(&b->env, "m", exact, n, &e) < 0);
		free(exact);
	}
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

/* ---- a board that gained a device since the stream was written ---- */

struct newcomer {
	uint32_t v;
};
static const struct row newcomer_rows[] = {HID(struct newcomer, v, .max = 9, .reset = 5)};
static struct dev_class newcomer_class = {
	.name = "test-newcomer",
	.summary = "came with the next version of the stream",
	.internal = true,
	.since = DEV_STREAM_VERSION + 1,
	.state_size = sizeof(struct newcomer),
	.rows = newcomer_rows,
	.n_rows = ARRAY_SIZE(newcomer_rows),
};
DEV_REGISTER(newcomer_class)

TEST(an_older_stream_may_lack_a_younger_device)
{
	struct dev_stream s = {0};
	struct rig *a = busy_gong(&s), *b = rig_new(a->dev->class);
	struct err e = {""};
	struct dev *d = dev_new(&b->env, &newcomer_class, "new", &e);

	MUST(d);
	OK(dev_realize(d, NULL, &e));
	((struct newcomer *)d->state)->v = 7;
	OK(dev_load(&b->env, "m", s.data, s.len, &e));
	EQS("", e.msg);
	EQ(5, ((struct newcomer *)d->state)->v);
	EQ(50, dev_read(b->dev, 0, 2, 2));
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}
