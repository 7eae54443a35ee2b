/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_rfb.c: one client, served by libvncserver in a process of its own. The library waits
 * for each message that has begun (up to 20 s) and for room to write; here that delays this client
 * alone.
 *
 * Spec: RFC 6143; the community's "RFB Protocol": pseudo-encodings -257 (pointer motion change),
 *       -258 (QEMU extended key event), -261 and 0x574d5668 (LED states of QEMU and VMware),
 *       message 255
 * Missing: exclusive access, audio, the clipboard.
 */
#include "ui/vnc/vnc_server.h"

#include "base/clock.h"
#include "base/util.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <rfb/rfb.h>
#include <rfb/rfbregion.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LOGIN_MS = 30000, /* for version, password and so on */
	FRAME_MS = 30,    /* between two looks at a screen that changes … */
	SLOWER_MS = 20,   /* … and this much longer after each look at one that does not … */
	IDLE_MS = 400,    /* … up to this */
	ENCODING_POINTER = -257,
	ENCODING_KEYS = -258,
	ENCODING_LEDS = -261,
	ENCODING_LEDS_VMWARE = 0x574d5668,
	MESSAGE_QEMU = 255,
	RELATIVE_MIDDLE = 0x7fff,
	MESSAGES_TURN = 64, /* of the client, between two looks at anything else */
};

struct viewer {
	rfbScreenInfoPtr rfb;
	rfbClientPtr client; /* NULL: it has gone */
	struct screen_copy screen;
	struct vnc_keys keys;
	int events;
	bool websocket, logged_in, broken, absolute, dirty;
	bool alone;         /* it does not want others beside it */
	int64_t expires;    /* the password does; see vnc_server.h */
	bool knows_pointer; /* it can be told that motion is relative */
	int knows_leds;     /* by which encoding; 0: not */
	int64_t started, next;
	int wait; /* ms between looks */
};

static struct viewer *viewer_of(rfbClientPtr c)
{
	return c->screen->screenData;
}

/* The library's own is seeded with the time of day; this one takes its place for the challenge. */
void rfbRandomBytes(unsigned char *bytes);
void rfbRandomBytes(unsigned char *bytes)
{
	while (getrandom(bytes, CHALLENGESIZE, 0) != CHALLENGESIZE)
		; /* a signal, before the kernel had any */
}

/* ---- WebSockets */

/* The library spins for ever over one to three first bytes, so it gets them when there are four. */
static bool has_begun(struct viewer *v, int fd)
{
	static const struct timespec while_few = {.tv_nsec = 20000000};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char four[4];

	for (;;) {
		int left = (int)(v->started + LOGIN_MS - clock_host_ms());
		ssize_t n = left > 0 && poll(&p, 1, left) > 0
				    ? recv(fd, four, sizeof(four), MSG_PEEK | MSG_DONTWAIT)
				    : 0;

		if (n <= 0 || n == sizeof(four))
			return n > 0;
		nanosleep(&while_few, NULL);
	}
}

/*
 * Takes the library's place, which would try them on each port: any page in a browser may open one
 * to any address, so they are only where somebody wanted them, and nothing else is there. Elsewhere
 * this saves the 100 ms in which the library waits for one to begin.
 */
rfbBool webSocketsCheck(rfbClientPtr c);
rfbBool webSocketsCheck(rfbClientPtr c)
{
	rfbBool (*check)(rfbClientPtr) = NULL;
	struct viewer *v = viewer_of(c);

	if (!v->websocket)
		return TRUE;
	*(void **)&check = dlsym(RTLD_NEXT, "webSocketsCheck");
	return check && has_begun(v, c->sock) && check(c) && c->wsctx;
}

/* ---- to the device model */

static void say(struct viewer *v, const struct vnc_msg *m)
{
	if (send(v->events, m, sizeof(*m), MSG_NOSIGNAL) != sizeof(*m))
		v->broken = true;
}

/* Before anything else that it says. */
static void log_in(struct viewer *v)
{
	if (v->logged_in)
		return;
	v->logged_in = true;
	say(v, &(struct vnc_msg){.type = VNC_LOGGED_IN, .a = !v->alone});
}

static void key(void *arg, unsigned code, bool down)
{
	say(arg, &(struct vnc_msg){.type = VNC_KEY, .a = (int32_t)code, .b = down});
}

static void typed(rfbBool down, rfbKeySym sym, rfbClientPtr c)
{
	struct viewer *v = viewer_of(c);

	log_in(v);
	vnc_keys_sym(&v->keys, sym, down);
	v->wait = FRAME_MS;
	v->next = 0;
}

static void pointed(int buttons, int x, int y, rfbClientPtr c)
{
	struct viewer *v = viewer_of(c);
	struct vnc_msg m = {.type = VNC_POINTER, .a = x, .b = y, .e = (uint32_t)buttons};

	if (v->knows_pointer && !v->absolute) {
		m.type = VNC_MOTION;
		m.a = x - RELATIVE_MIDDLE;
		m.b = y - RELATIVE_MIDDLE;
	}
	log_in(v);
	m.c = v->rfb->width;
	m.d = v->rfb->height;
	say(v, &m);
	v->wait = FRAME_MS;
	v->next = 0;
}

/* ---- extensions */

struct rect {
	int32_t encoding;
	uint16_t x, w, h;
	uint8_t data[4]; /* in place of pixels */
	unsigned n;
};

/* An update of one rectangle that has no pixels, which is how a server agrees to an encoding. */
static void send_rect(rfbClientPtr c, const struct rect *r)
{
	struct {
		rfbFramebufferUpdateMsg update;
		rfbFramebufferUpdateRectHeader rect;
		uint8_t data[4];
	} m = {.update = {.type = rfbFramebufferUpdate, .nRects = Swap16IfLE(1)}};
	size_t n = sz_rfbFramebufferUpdateMsg + sz_rfbFramebufferUpdateRectHeader + r->n;

	m.rect.r.x = Swap16IfLE(r->x);
	m.rect.r.w = Swap16IfLE(r->w);
	m.rect.r.h = Swap16IfLE(r->h);
	m.rect.encoding = Swap32IfLE((uint32_t)r->encoding);
	memcpy(m.data, r->data, r->n);
	if (rfbWriteExact(c, (char *)&m, (int)n) < 0 && errno != EPIPE &&
	    errno != ECONNRESET) /* what it said before counts: see hear */
		rfbCloseClient(c);
}

static void agree(rfbClientPtr c, int32_t encoding, uint16_t x)
{
	send_rect(c, &(struct rect){.encoding = encoding,
				    .x = x,
				    .w = (uint16_t)c->screen->width,
				    .h = (uint16_t)c->screen->height});
}

/* Both have Scroll Lock, Num Lock, Caps Lock from bit 0 on: QEMU in a byte, VMware in four. */
static void tell_leds(struct viewer *v)
{
	struct rect r = {.encoding = v->knows_leds, .n = v->knows_leds == ENCODING_LEDS ? 1 : 4};
	unsigned leds = v->keys.leds;

	if (!v->knows_leds || !v->client)
		return;
	r.data[r.n - 1] = (leds & INPUT_SCROLL_LOCK ? 1 : 0) | (leds & INPUT_NUM_LOCK ? 2 : 0) |
			  (leds & INPUT_CAPS_LOCK ? 4 : 0);
	send_rect(v->client, &r);
}

static rfbBool extension_client(rfbClientPtr c, void **data)
{
	(void)c;
	*data = NULL;
	return TRUE;
}

static rfbBool extension_encoding(rfbClientPtr c, void **data, int encoding)
{
	struct viewer *v = viewer_of(c);

	(void)data;
	if (encoding == ENCODING_KEYS)
		agree(c, ENCODING_KEYS, 0);
	if (encoding == ENCODING_POINTER) {
		v->knows_pointer = true;
		agree(c, ENCODING_POINTER, v->absolute);
	}
	/* A viewer that lists both wants one of them. */
	if (encoding == ENCODING_LEDS || (encoding == ENCODING_LEDS_VMWARE && !v->knows_leds)) {
		v->knows_leds = encoding;
		tell_leds(v);
	}
	return TRUE;
}

static rfbBool extension_message(rfbClientPtr c, void *data, const rfbClientToServerMsg *m)
{
	struct viewer *v = viewer_of(c);
	uint8_t b[11]; /* 0, down in 16 bits, keysym, key in 32 bits */

	(void)data;
	if (m->type != MESSAGE_QEMU)
		return FALSE;
	if (rfbReadExact(c, (char *)b, sizeof(b)) <= 0 || b[0]) {
		rfbCloseClient(c);
		return TRUE;
	}
	log_in(v);
	vnc_keys_code(&v->keys,
		      (uint32_t)b[3] << 24 | (uint32_t)b[4] << 16 | (uint32_t)b[5] << 8 | b[6],
		      (unsigned)b[9] << 8 | b[10], b[1] || b[2]);
	v->wait = FRAME_MS;
	v->next = 0;
	return TRUE;
}

static int encodings[] = {ENCODING_KEYS, ENCODING_POINTER, ENCODING_LEDS, ENCODING_LEDS_VMWARE, 0};
static rfbProtocolExtension extension = {
	.newClient = extension_client,
	.pseudoEncodings = encodings,
	.enablePseudoEncoding = extension_encoding,
	.handleMessage = extension_message,
};

/* ---- the screen */

static void set_format(rfbScreenInfoPtr s)
{
	s->serverFormat.redShift = 16;
	s->serverFormat.greenShift = 8;
	s->serverFormat.blueShift = 0;
	s->serverFormat.redMax = s->serverFormat.greenMax = s->serverFormat.blueMax = 255;
	s->serverFormat.depth = s->depth = 24;
}

static void resize(struct viewer *v)
{
	rfbNewFramebuffer(v->rfb, (char *)v->screen.pixels, (int)v->screen.width,
			  (int)v->screen.height, 8, 3, 4);
	set_format(v->rfb);
	if (v->client)
		v->rfb->setTranslateFunction(v->client);
}

static void dirty(void *arg, int x, int y, int w, int h)
{
	struct viewer *v = arg;

	v->dirty = true;
	/* On a change of size the library still has the old one; resize marks everything. */
	if (v->rfb->frameBuffer == (char *)v->screen.pixels)
		rfbMarkRectAsModified(v->rfb, x, y, x + w, y + h);
}

static void screen_event(struct viewer *v)
{
	enum screen_news news;

	v->dirty = false;
	news = screen_copy_event(&v->screen, dirty, v);
	if (news == SCREEN_GONE)
		v->broken = true;
	if (news == SCREEN_RESIZED)
		resize(v);
	if (news != SCREEN_DRAWN && news != SCREEN_RESIZED)
		return;
	v->wait = v->dirty || news == SCREEN_RESIZED ? FRAME_MS : MIN(v->wait + SLOWER_MS, IDLE_MS);
	v->next = clock_host_ms() + v->wait;
}

/* ---- events of the device model */

static void state_event(struct viewer *v)
{
	struct vnc_msg m;
	ssize_t n = recv(v->events, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(m) || m.type != VNC_STATE) {
		v->broken = true;
		return;
	}
	if (v->keys.leds != (unsigned)m.a) {
		v->keys.leds = (unsigned)m.a;
		tell_leds(v);
	}
	if (v->absolute == !!m.b)
		return;
	v->absolute = m.b;
	if (v->knows_pointer && v->client)
		agree(v->client, ENCODING_POINTER, v->absolute);
}

/* ---- turns */

static void gone(rfbClientPtr c)
{
	viewer_of(c)->client = NULL;
}

static enum rfbNewClientAction arrived(rfbClientPtr c)
{
	viewer_of(c)->client = c;
	c->clientGoneHook = gone;
	return RFB_CLIENT_ACCEPT;
}

static bool wants_frame(const struct viewer *v)
{
	return v->logged_in && !sraRgnEmpty(v->client->requestedRegion);
}

static void look(struct viewer *v)
{
	if (v->client->state == RFB_NORMAL)
		log_in(v);
	if (wants_frame(v) && clock_host_ms() >= v->next && screen_copy_ask(&v->screen) < 0)
		v->broken = true;
}

/* How long nothing has to be done; -1: for ever. */
static int patience(const struct viewer *v)
{
	int64_t left = v->next - clock_host_ms();

	if (!v->logged_in)
		return (int)MAX(v->started + LOGIN_MS - clock_host_ms(), 0);
	return wants_frame(v) && !v->screen.asked ? (int)MAX(left, 0) : -1;
}

/* The library keeps this byte to itself. Browsers' clients share, or have to. */
static void hear_init(struct viewer *v)
{
	uint8_t shared = 1;

	if (v->client->state == RFB_INITIALISATION && !v->websocket &&
	    recv(v->client->sock, &shared, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
		v->alone = !shared;
}

/*
 * What it said goes before what it is shown: who types and hangs up has typed, but the library
 * closes at the first picture that cannot be sent, with keys unread. Once it has hung up there is
 * an end to what can be read.
 */
static void hear(struct viewer *v)
{
	struct pollfd p = {.events = POLLIN | POLLRDHUP};

	for (unsigned n = 0; n < MESSAGES_TURN || p.revents & POLLRDHUP; n++) {
		p.fd = v->client->sock; /* -1: closed */
		if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
			return;
		if (v->client->state == RFB_NORMAL)
			log_in(v); /* the rest of a message may be long in coming */
		hear_init(v);
		do
			rfbProcessClientMessage(v->client);
		while (v->websocket && v->client->sock >= 0 &&
		       webSocketsHasDataInBuffer(v->client));
	}
}

static void turn(struct viewer *v)
{
	struct pollfd p[3] = {{.fd = v->client->sock, .events = POLLIN},
			      {.fd = v->screen.fd, .events = POLLIN},
			      {.fd = v->events, .events = POLLIN}};

	if (poll(p, 3, patience(v)) < 0 && errno != EINTR)
		v->broken = true;
	if (p[1].revents)
		screen_event(v);
	if (p[2].revents)
		state_event(v);
	hear(v);
	rfbProcessEvents(v->rfb, 0);
	if (!v->client)
		return;
	look(v);
	if (!v->logged_in && clock_host_ms() >= v->started + LOGIN_MS)
		v->broken = true;
}

/* A request without width or height would have some encoders divide by zero. */
static void drop_empty(sraRegionPtr region)
{
	sraRegionPtr whole = sraRgnCreate(), one;
	sraRectangleIterator *i = sraRgnGetIterator(region);
	sraRect r;

	while (sraRgnIteratorNext(i, &r)) {
		if (r.x2 <= r.x1 || r.y2 <= r.y1)
			continue;
		one = sraRgnCreateRect(r.x1, r.y1, r.x2, r.y2);
		sraRgnOr(whole, one);
		sraRgnDestroy(one);
	}
	sraRgnReleaseIterator(i);
	sraRgnMakeEmpty(region);
	sraRgnOr(region, whole);
	sraRgnDestroy(whole);
}

/*
 * Two encodings that 0.9.14 has wrong. Tight's JPEG is for 16 and 32 bits a pixel: it looks
 * at our own format, not the client's. ZYWRLE of 32 bits is not what libvncclient reads.
 */
static void before_update(rfbClientPtr c)
{
	drop_empty(c->requestedRegion);
	drop_empty(c->modifiedRegion);
	if (c->format.bitsPerPixel == 8)
		c->turboQualityLevel = -1;
	if (c->preferredEncoding == rfbEncodingZYWRLE)
		c->preferredEncoding = rfbEncodingRaw;
}

static rfbBool check_password(rfbClientPtr c, const char *answer, int len)
{
	const struct viewer *v = viewer_of(c);

	return (!v->expires || time(NULL) < v->expires) && rfbCheckPasswordByList(c, answer, len);
}

static void quiet(const char *format, ...)
{
	(void)format; /* what a client does is not for the log */
}

static bool make_screen(struct viewer *v, char **passwords)
{
	static uint32_t black[640 * 480];
	rfbScreenInfoPtr s = rfbGetScreen(NULL, NULL, 640, 480, 8, 3, 4);

	v->rfb = s;
	if (!s)
		return false;
	set_format(s);
	s->frameBuffer = (char *)black;
	s->screenData = v;
	s->desktopName = "hvm";
	s->port = s->ipv6port = 0;
	s->autoPort = FALSE;
	s->alwaysShared = TRUE;
	s->deferUpdateTime = 0;
	s->cursor = NULL;
	s->permitFileTransfer = FALSE;
	s->handleEventsEagerly = FALSE;
	s->kbdAddEvent = typed;
	s->ptrAddEvent = pointed;
	s->newClientHook = arrived;
	s->displayHook = before_update;
	if (passwords[0]) {
		s->authPasswdData = passwords;
		s->passwordCheck = check_password;
	}
	rfbInitServer(s);
	return true;
}

void vnc_rfb_prepare(void)
{
	unsigned char challenge[CHALLENGESIZE] = {0};
	char password[] = "x";

	rfbLog = rfbErr = quiet;
	rfbRegisterProtocolExtension(&extension);
	rfbEncryptBytes(challenge, password); /* makes the library of ciphers ready */
}

void vnc_rfb_run(const struct vnc_rfb *how)
{
	char text[VNC_PASSWORD + 1] = "", *passwords[2] = {NULL, NULL};
	struct viewer v = {.screen.fd = how->screen,
			   .events = how->events,
			   .websocket = how->websocket,
			   .expires = how->expires,
			   .wait = FRAME_MS};

	v.started = clock_host_ms();
	v.keys.key = key;
	v.keys.arg = &v;
	v.keys.layout = *how->layout;
	if (how->password) {
		strncpy(text, how->password, VNC_PASSWORD);
		passwords[0] = text;
	}
	if (!make_screen(&v, passwords))
		return;
	rfbNewClient(v.rfb, how->client);
	while (v.client && !v.broken)
		turn(&v);
	rfbScreenCleanup(v.rfb);
	screen_copy_free(&v.screen);
}
