/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device table's promises, on the toy of tests/unit/gong.c. */
#include "base/log.h"
#include "tests/hw/laws.h"
#include "tests/unit/gong.h"

#include <stdio.h>

static struct rig *gong(void)
{
	return rig_new(dev_class_find("test-gong"));
}

TEST(constants_and_unclaimed)
{
	struct rig *r = gong();

	EQ('G', dev_read(r->dev, 0, 0, 1));
	EQ(0xff, dev_read(r->dev, 0, 7, 1));
	EQ(1, dev_guest_errors(r->dev));
	EQ(1000, dev_read(r->dev, 0, 2, 2));
	EQ(0xff00, dev_read(r->dev, 0, 15, 2)); /* beyond the region: ones */
	rig_free(r);
}

TEST(lanes_of_wide_and_narrow_accesses)
{
	struct rig *r = gong();

	dev_write(r->dev, 0, 2, 2, 0x1234);
	dev_write(r->dev, 0, 3, 1, 0xab);
	EQ(0xab34, dev_read(r->dev, 0, 2, 2));
	EQ(0xab340047, dev_read(r->dev, 0, 0, 4)); /* id, ctrl, load */
	dev_write(r->dev, 0, 0, 4, 0x56780200);    /* two rows in one access */
	EQ(0x56780247, dev_read(r->dev, 0, 0, 4));
	rig_free(r);
}

TEST(write_masks_and_w1c)
{
	struct rig *r = gong();

	dev_write(r->dev, 0, 1, 1, 0xf2); /* only IRQ of these is writable */
	EQ(2, dev_read(r->dev, 0, 1, 1));
	dev_input(r->dev, 0, true);
	EQ(2, dev_read(r->dev, 0, 6, 1));
	dev_write(r->dev, 0, 6, 1, 1);
	EQ(2, dev_read(r->dev, 0, 6, 1));
	dev_write(r->dev, 0, 6, 1, 0xff);
	EQ(0, dev_read(r->dev, 0, 6, 1));
	rig_free(r);
}

TEST(arrays_with_stride)
{
	struct rig *r = gong();

	EQ(0x00070007, dev_read(r->dev, 0, 12, 4));
	dev_write(r->dev, 0, 14, 2, 0xffff);
	EQ(0x0fff0007, dev_read(r->dev, 0, 12, 4));
	dev_write(r->dev, 0, 13, 1, 0x05);
	EQ(0x0507, dev_read(r->dev, 0, 12, 2));
	rig_free(r);
}

TEST(banks_and_overlays)
{
	struct rig *r = gong();

	dev_write(r->dev, 0, 9, 1, 5);
	dev_write(r->dev, 0, 10, 1, 0x77);
	EQ(0x77, dev_read(r->dev, 1, 5, 1));
	dev_write(r->dev, 0, 1, 1, 4); /* BANK: 10 is the latch now */
	EQ(0, dev_read(r->dev, 0, 10, 1));
	dev_write(r->dev, 0, 10, 1, 0xff);
	EQ(0x0f, dev_read(r->dev, 0, 10, 1));
	dev_write(r->dev, 0, 1, 1, 0);
	EQ(0x77, dev_read(r->dev, 0, 10, 1));
	rig_free(r);
}

TEST(data_port_takes_a_wide_access_whole)
{
	struct rig *r = gong();
	uint8_t buf[4] = {0};

	dev_write(r->dev, 0, 8, 4, 0x44332211); /* not FIFO + index + bank data */
	EQ(0, dev_read(r->dev, 0, 9, 1));
	EQ(0x2211, dev_read(r->dev, 0, 8, 2));
	dev_bulk(r->dev, 0, 8, 1, false, buf, 3); /* two by bulk, one by the row */
	EQM("\x33\x44\x00", buf, 3);
	dev_bulk(r->dev, 0, 8, 2, true, buf, 2);
	EQ(0x4433, dev_read(r->dev, 0, 8, 2));
	rig_free(r);
}

TEST(illegal_widths)
{
	struct rig *r = gong();

	dev_write(r->dev, 2, 0, 4, 0x12345678);
	EQ(0xffff, dev_read(r->dev, 2, 0, 2)); /* OTHER_ONES */
	dev_write(r->dev, 2, 0, 2, 0);
	EQ(0x12345678, dev_read(r->dev, 2, 0, 4));
	EQ(0x55555555, dev_read(r->dev, 3, 0, 4)); /* SPLIT into four */
	EQ(4, dev_guest_errors(r->dev));
	rig_free(r);
}

TEST(timer_fires_and_line_follows_state)
{
	struct rig *r = gong();

	dev_write(r->dev, 0, 2, 2, 50);
	dev_write(r->dev, 0, 1, 1, 3);
	rig_run(r, 49 * NS_PER_MS);
	EQ(0, dev_line_counter(r->dev, 0));
	EQ(1, dev_read(r->dev, 0, 4, 2));
	rig_run(r, NS_PER_MS);
	EQ(1, dev_line_counter(r->dev, 0));
	EQ(2, dev_read(r->dev, 0, 1, 1));
	dev_write(r->dev, 0, 6, 1, 1);
	EQ(2, dev_line_counter(r->dev, 0)); /* low again */
	rig_free(r);
}

TEST(pulses_are_edges_that_a_level_cannot_lose)
{
	struct rig *r = gong();

	r->edges = 0;
	dev_write(r->dev, 0, 8, 2, 0x2211);
	EQ(4, dev_line_counter(r->dev, 1)); /* two rising edges inside one access */
	EQ(2, r->edges);
	rig_free(r);
}

TEST(settle_runs_once_an_access)
{
	struct rig *r = gong();
	struct gong_host *h = r->dev->host;
	unsigned before = h->settles;

	dev_write(r->dev, 0, 10, 1, 1); /* its hook writes a bank */
	EQ(before + 1, h->settles);
	dev_write(r->dev, 0, 0, 4, 0);
	EQ(before + 2, h->settles);
	rig_free(r);
}

TEST(windows_follow_the_state)
{
	struct rig *r = gong();

	EQ(0x300, dev_windows(r->dev)[0].base);
	EQ(WINDOW_OFF, dev_windows(r->dev)[1].base);
	dev_write(r->dev, 0, 1, 1, 4);
	EQ(0x1000, dev_windows(r->dev)[1].base);
	dev_reset(r->dev, false);
	EQ(WINDOW_OFF, dev_windows(r->dev)[1].base);
	rig_free(r);
}

/* By way of a stream: the guest cannot write it. */
static void set_nvram(struct rig *r, uint8_t v)
{
	struct dev_stream s = {0};
	struct err e = {""};
	uint8_t *at;

	OK(dev_save(&r->env, "", &s, &e));
	at = memmem(s.data, s.len, "nvram", 5);
	MUST(at);
	at[10] = v; /* after name, size and count */
	OK(dev_load(&r->env, "", s.data, s.len, &e));
	dev_stream_free(&s);
}

TEST(keep_rows_survive_reset)
{
	struct rig *r = gong();
	char text[4096] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	set_nvram(r, 0x5a);
	dev_write(r->dev, 0, 2, 2, 5);
	dev_reset(r->dev, false);
	dev_info(r->dev, f);
	fclose(f);
	CHECK(strstr(text, "nvram                    5a"));
	EQ(1000, dev_read(r->dev, 0, 2, 2));
	rig_free(r);
}

TEST(properties)
{
	struct rig *r = gong();
	const struct dev_class *c = dev_class_find("test-gong");
	struct err e = {""};
	struct dev *d = dev_new(&r->env, c, "g2", &e);
	struct gong_host *h = d->host;
	char buf[64];

	EQ(440, h->pitch);
	EQ(1024, h->bytes);
	EQ(true, h->loud);
	OK(dev_prop_set(d, "bytes", "3M", &e));
	EQ(3 << 20, h->bytes);
	OK(dev_prop_set(d, "loud", "off", &e));
	EQ(false, h->loud);
	OK(dev_prop_set(d, "mac", "52:54:00:12:34:56", &e));
	OK(dev_prop_get(d, "mac", buf, sizeof(buf)));
	EQS("52:54:00:12:34:56", buf);
	OK(dev_prop_set(d, "label", "a,b", &e));
	OK(dev_prop_get(d, "label", buf, sizeof(buf)));
	EQS("a,b", buf);
	EQ(-2, dev_prop_get(d, "nosuch", buf, sizeof(buf)));
	dev_free(d);
	rig_free(r);
}

#define GONG_SAYS(text) "Property 'test-gong." text

TEST(property_errors_say_what_would_do)
{
	static const struct {
		const char *name, *value, *say;
	} rows[] = {
		{"pitch", "20001", GONG_SAYS("pitch' doesn't take value '20001' (at most 20000)")},
		{"pitch", "-1", GONG_SAYS("pitch' doesn't take value '-1' (expects uint32)")},
		{"pitch", "12x", GONG_SAYS("pitch' doesn't take value '12x' (expects uint32)")},
		{"loud", "maybe", GONG_SAYS("loud' doesn't take value 'maybe' (expects bool)")},
		{"mac", "52:54:00",
		 GONG_SAYS("mac' doesn't take value '52:54:00' "
			   "(expects xx:xx:xx:xx:xx:xx)")},
		{"bytes", "99999999999G",
		 GONG_SAYS("bytes' doesn't take value '99999999999G' (expects size)")},
		{"pich", "1",
		 GONG_SAYS("pich' not found (it has: iobase, loud, fail, pitch, "
			   "bytes, label, mac, chardev)")},
	};
	struct rig *r = gong();
	struct err e;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		err_clear(&e);
		CHECK(dev_prop_set(r->dev, rows[i].name, rows[i].value, &e) < 0);
		EQS(rows[i].say, e.msg);
	}
	rig_free(r);
}

TEST(failed_realize_leaves_nothing)
{
	struct rig *r = gong();
	struct err e = {""};
	struct dev *d = dev_new(&r->env, dev_class_find("test-gong"), "g2", &e);

	OK(dev_prop_set(d, "fail", "on", &e));
	CHECK(dev_realize(d, NULL, &e) < 0);
	EQS("gong: told to fail", e.msg);
	CHECK(!dev_find(&r->env, "g2"));
	dev_free(d);
	rig_free(r);
}

static void keep_line(void *arg, const char *line)
{
	char *all = arg;

	snprintf(all + strlen(all), 2000 - strlen(all), "%s\n", line);
}

TEST(trace_by_glob)
{
	struct rig *r = gong();
	char lines[2000] = "";
	struct err e = {""};

	log_trace_hook(keep_line, lines);
	OK(dev_trace_set("test-gong.*,-*.id", &e));
	rig_run(r, 60000000);
	dev_write(r->dev, 0, 2, 2, 5);
	dev_read(r->dev, 0, 0, 1);
	dev_write(r->dev, 0, 14, 2, 9);
	dev_read(r->dev, 0, 7, 1);
	OK(dev_trace_set(NULL, &e));
	dev_read(r->dev, 0, 2, 1);
	EQS("60000000 test-gong.load w +2 3e8 -> 5\n"
	    "60000000 test-gong.ch.level[1] w +e 7 -> 9\n"
	    "60000000 test-gong.unclaimed r +7 ff -> ff\n",
	    lines);
	CHECK(dev_trace_set("a,,b", &e) < 0);
	log_trace_hook(NULL, NULL);
	rig_free(r);
}

TEST(state_lives_in_one_arena_and_is_reused)
{
	struct rig *r = gong();
	void *first = NULL;
	struct err e = {""};

	for (unsigned i = 0; i < 5000; i++) {
		struct dev *d = dev_new(&r->env, r->dev->class, "g2", &e);
		MUST(d);
		first = first ? first : d->state;
		EQ((uintptr_t)first, (uintptr_t)d->state);
		dev_free(d);
	}
	rig_free(r);
}
