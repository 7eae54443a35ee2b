/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/vnc_rig.h: hvm-vnc from end to end: a screen, a keyboard and a tablet on one side,
 * libvncclient in a thread on the other.
 */
#ifndef TESTS_UNIT_VNC_RIG_H
#define TESTS_UNIT_VNC_RIG_H
#include "tests/test.h"
#include "ui/vnc.h"

#include <rfb/rfbclient.h>

struct vnc_rig {
	struct loop *loop;
	struct clock *clock;
	struct display *display;
	struct input *input;
	struct input_device keyboard, tablet;
	struct vnc *vnc;
	uint32_t width, height, salt; /* of the pattern */
	bool redraw, smooth;          /* smooth: nothing that JPEG and wavelets have to spoil */
	char dir[64], path[96], said[4096];
	char events[512]; /* of vnc_config: "+ * -" for connected, initialized, gone */
};
void vnc_rig_open(struct vnc_rig *r, const struct vnc_config *c); /* the address is the rig's */
void vnc_rig_close(struct vnc_rig *r);
double vnc_rig_seconds(void);
void vnc_rig_redraw(struct vnc_rig *r); /* in run: after changes of the pattern */

/* Turns the loop till cond, 10 s at most. */
#define UNTIL(r, cond)                                       \
	do {                                                 \
		double end_ = vnc_rig_seconds() + 10;        \
		while (!(cond) && vnc_rig_seconds() < end_)  \
			MUST(loop_step((r)->loop, 20) >= 0); \
		CHECK(cond);                                 \
	} while (0)

/* A viewer: what it does runs in a thread, while the test turns the loop. */
struct vnc_session {
	struct vnc_rig *r;
	const char *encoding, *password;
	unsigned bits, bytes; /* of a colour and of a pixel; 0: 8 and 4 */
	int quality;          /* of what loses: 1 to 9; 0: nothing may be lost */
	double loss;          /* and then: differs by this much at most, on average, of 255 */
	void (*run)(struct vnc_session *s);
	rfbClient *c; /* NULL: it was not let in */
	bool done, ok;
	unsigned step, updates;
	double lost; /* by the last look */
};
void vnc_rig_session(struct vnc_session *s);
/* In run: the picture as it should be, 5 s at most. */
bool vnc_rig_sees(struct vnc_session *s);
/* A client of bytes alone. */
int vnc_rig_connect(const struct vnc_rig *r, const void *bytes, size_t n);
#endif
