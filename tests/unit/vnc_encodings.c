/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/vnc_encodings.c: each encoding that libvncclient knows, in each of its pixel formats:
 * what a viewer has is what the guest drew, pixel by pixel.
 */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/util.h"
#include "tests/unit/vnc_rig.h"

/*
 * trle and zlibhex are not the server's, and zywrle is broken in it: such a viewer gets raw. JPEG
 * loses 0.4 of 255 on average at level 9 and 2.5 at level 1 of what is drawn here.
 */
static const struct {
	const char *name;
	int quality;
	double loss;
} encodings[] = {
	{"raw", 0, 0},     {"copyrect raw", 0, 0}, {"rre", 0, 0},     {"corre", 0, 0},
	{"hextile", 0, 0}, {"zlib", 0, 0},         {"zlibhex", 0, 0}, {"tight", 0, 0},
	{"ultra", 0, 0},   {"trle", 0, 0},         {"zrle", 0, 0},    {"zywrle", 0, 0},
	{"tight", 9, 0.8}, {"tight", 1, 4},
};

static const struct {
	const char *name;
	unsigned bits, bytes;
} formats[] = {{"32", 8, 4}, {"16", 5, 2}, {"8", 2, 1}};

#define CASES (ARRAY_SIZE(encodings) * ARRAY_SIZE(formats))

static const char *name(size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s-%d, %s bits", encodings[i % ARRAY_SIZE(encodings)].name,
		 encodings[i % ARRAY_SIZE(encodings)].quality,
		 formats[i / ARRAY_SIZE(encodings)].name);
	return text;
}

/* All of it; another size; a change of some of it. */
static void look_thrice(struct vnc_session *s)
{
	s->ok = vnc_rig_sees(s);
	s->r->width = 333;
	s->r->height = 77;
	vnc_rig_redraw(s->r);
	s->ok &= vnc_rig_sees(s);
	s->r->salt = 0x000100;
	vnc_rig_redraw(s->r);
	s->ok &= vnc_rig_sees(s);
}

TEST_EACH(pixels, CASES, name(i))
{
	struct vnc_rig r;
	struct vnc_session s = {.r = &r,
				.encoding = encodings[i % ARRAY_SIZE(encodings)].name,
				.quality = encodings[i % ARRAY_SIZE(encodings)].quality,
				.bits = formats[i / ARRAY_SIZE(encodings)].bits,
				.bytes = formats[i / ARRAY_SIZE(encodings)].bytes,
				.run = look_thrice};

	vnc_rig_open(&r, &(struct vnc_config){0});
	r.smooth = s.quality > 0;
	if (s.bytes > 1) /* in 8 bits nothing is lost */
		s.loss = encodings[i % ARRAY_SIZE(encodings)].loss;
	vnc_rig_session(&s);
	NOTE("lost %f", s.lost);
	CHECK(s.ok);
	CHECK((s.lost > 0) == (s.loss > 0)); /* JPEG was at work */
	vnc_rig_close(&r);
}
#endif
