/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/vnc_rig.c: see vnc_rig.h. */
#include "config.h"
#ifdef CONFIG_VNC
#include "base/log.h"
#include "base/util.h"
#include "tests/unit/process.h"
#include "tests/unit/vnc_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- the guest: a screen with a pattern; a keyboard and a tablet that write down what they get */

static uint32_t pixel(const struct vnc_rig *r, uint32_t x, uint32_t y)
{
	if (r->smooth)
		return ((x / 2 & 127) << 16 | (y & 127) << 8 | (x + y) / 4 % 128) + r->salt;
	if (y % 48 < 16) /* some of it is plain, some of few colours, some of many */
		return 0x102030 + r->salt;
	if (y % 48 < 32)
		return (x / 7 + y / 3) % 3 ? 0xff8000 : 0x000055;
	return ((x * 2654435761u) ^ (y * 40503u * 77) ^ r->salt) & 0xffffff;
}

static void draw(void *arg)
{
	struct vnc_rig *r = arg;
	uint32_t stride,
		*p = r->width ? display_resize(r->display, r->width, r->height, &stride) : NULL;

	if (!p || !__atomic_exchange_n(&r->redraw, false, __ATOMIC_ACQ_REL))
		return;
	for (uint32_t y = 0; y < r->height; y++)
		for (uint32_t x = 0; x < r->width; x++)
			p[y * (stride / 4) + x] = pixel(r, x, y);
	display_dirty(r->display, 0, 0, r->width, r->height);
}

static const struct display_ops ops = {.render = draw};

static void say(struct vnc_rig *r, const char *text)
{
	size_t n = strlen(r->said);

	snprintf(r->said + n, sizeof(r->said) - n, "%s%s", n ? " " : "", text);
}

static bool key(void *arg, unsigned code, bool down)
{
	struct vnc_rig *r = arg;
	char text[16];

	snprintf(text, sizeof(text), "%c%u", down ? '+' : '-', code);
	say(r, text);
	if (code == KEY_NUM_LOCK && down)
		input_set_leds(&r->keyboard, r->keyboard.leds ^ INPUT_NUM_LOCK);
	return true;
}

static bool point(void *arg, const struct input_motion *m)
{
	char text[64];

	snprintf(text, sizeof(text), "%d,%d/%x", m->abs ? m->x : -1, m->abs ? m->y : -1,
		 m->buttons);
	if (m->wheel)
		snprintf(text + strlen(text), 8, "w%d", m->wheel);
	say(arg, text);
	return true;
}

static void plug(struct vnc_rig *r, struct input_device *d, enum input_kind kind)
{
	*d = (struct input_device){
		.kind = kind, .name = "toy", .key = key, .point = point, .arg = r};
	input_attach(r->input, d);
	input_ready(d, true);
}

static void happened(void *arg, enum vnc_event ev, const struct vnc_peer *peer)
{
	struct vnc_rig *r = arg;
	size_t n = strlen(r->events);

	snprintf(r->events + n, sizeof(r->events) - n, "%c%s", "+*-"[ev],
		 peer -> websocket ? "w" : "");
}

void vnc_rig_open(struct vnc_rig *r, const struct vnc_config *config)
{
	struct vnc_config c = *config;
	struct err e = {""};
	char address[120];

	memset(r, 0, sizeof(*r));
	log_set_level(LOG_ERROR);
	process_use("hvm-vnc");
	strcpy(r->dir, "/tmp/hvm-test-XXXXXX");
	MUST(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/vnc", r->dir);
	snprintf(address, sizeof(address), "unix:%s", r->path);
	r->loop = loop_new(&e);
	r->clock = clock_new(CLOCK_MANUAL);
	r->input = input_new(r->clock);
	r->display = display_new("screen", &e);
	display_attach(r->display, &ops, r);
	plug(r, &r->keyboard, INPUT_KEYBOARD);
	plug(r, &r->tablet, INPUT_TABLET);
	r->width = 200;
	r->height = 100;
	r->redraw = true;
	c.address = address;
	c.event = happened;
	c.arg = r;
	r->vnc = vnc_open(&c, r->display, r->input, r->loop, &e);
	EQS("", e.msg);
	MUST(r->vnc);
}

void vnc_rig_close(struct vnc_rig *r)
{
	vnc_close(r->vnc);
	CHECK(access(r->path, F_OK) < 0);
	display_free(r->display);
	input_detach(&r->keyboard);
	input_detach(&r->tablet);
	input_free(r->input);
	clock_free(r->clock);
	loop_free(r->loop);
	OK(rmdir(r->dir));
}

double vnc_rig_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the viewer */

static void quiet(const char *format, ...)
{
	(void)format;
}

static char *give_password(rfbClient *c)
{
	struct vnc_session *s = rfbClientGetClientData(c, quiet);

	return strdup(s->password ? s->password : "");
}

static void counted(rfbClient *c)
{
	struct vnc_session *s = rfbClientGetClientData(c, quiet);

	s->updates++;
}

int tjDestroy(void *handle);

static void *session_thread(void *arg)
{
	struct vnc_session *s = arg;
	int argc = 0;

	rfbClientLog = rfbClientErr = quiet;
	s->c = rfbGetClient(s->bytes ? (int)s->bits : 8, 3, s->bytes ? (int)s->bytes : 4);
	free(s->c->serverHost);
	s->c->serverHost = strdup(s->r->path);
	s->c->serverPort = 0;
	s->c->canHandleNewFBSize = TRUE;
	s->c->appData.encodingsString = s->encoding ? s->encoding : "raw";
	s->c->appData.enableJPEG = s->quality > 0;
	s->c->appData.qualityLevel = s->quality;
	s->c->GetPassword = give_password;
	s->c->FinishedFrameBufferUpdate = counted;
	rfbClientSetClientData(s->c, quiet, s);
	if (rfbInitClient(s->c, &argc, NULL)) {
		s->ok = true;
		s->run(s);
		free(s->c->frameBuffer);
		if (s->c->tjhnd) /* the library forgets it */
			tjDestroy(s->c->tjhnd);
		rfbClientCleanup(s->c);
	} else {
		s->c = NULL;
	}
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(const struct vnc_session *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

void vnc_rig_session(struct vnc_session *s)
{
	pthread_t t;

	MUST(!pthread_create(&t, NULL, session_thread, s));
	UNTIL(s->r, is_done(s));
	if (is_done(s))
		pthread_join(t, NULL);
	else
		MUST(!"the viewer ends");
}

/* How far a colour of the viewer is from the guest's, which it has with 8 bits. */
static unsigned far(uint32_t is, unsigned shift, unsigned max, uint32_t want)
{
	unsigned got = is >> shift & max, rounded = ((want & 255) * max + 127) / 255;

	return (got > rounded ? got - rounded : rounded - got) * 255 / max;
}

static unsigned differs(const rfbClient *c, size_t at, uint32_t want)
{
	const rfbPixelFormat *f = &c->format;
	uint32_t is = 0;

	memcpy(&is, c->frameBuffer + at * f->bitsPerPixel / 8, f->bitsPerPixel / 8);
	return far(is, f->redShift, f->redMax, want >> 16) +
	       far(is, f->greenShift, f->greenMax, want >> 8) +
	       far(is, f->blueShift, f->blueMax, want);
}

static bool same(struct vnc_session *s)
{
	const struct vnc_rig *r = s->r;
	uint64_t sum = 0;

	if ((uint32_t)s->c->width != r->width || (uint32_t)s->c->height != r->height)
		return false;
	for (uint32_t y = 0; y < r->height; y++)
		for (uint32_t x = 0; x < r->width; x++)
			sum += differs(s->c, (size_t)y * r->width + x, pixel(r, x, y));
	s->lost = (double)sum / (3.0 * r->width * r->height);
	return s->lost <= s->loss;
}

bool vnc_rig_sees(struct vnc_session *s)
{
	double end = vnc_rig_seconds() + 5;

	while (!same(s) && vnc_rig_seconds() < end) {
		/* What the library has read already it does not wait for. */
		int n = s->c->buffered ? 1 : WaitForMessage(s->c, 50000);

		if (n < 0 || (n > 0 && !HandleRFBServerMessage(s->c)))
			return false;
	}
	return same(s);
}

void vnc_rig_redraw(struct vnc_rig *r)
{
	__atomic_store_n(&r->redraw, true, __ATOMIC_RELEASE);
}

int vnc_rig_connect(const struct vnc_rig *r, const void *bytes, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", r->path);
	MUST(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	MUST(write(fd, bytes, n) == (ssize_t)n);
	return fd;
}
#endif
