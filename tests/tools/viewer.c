/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viewer PATH|HOST:DISPLAY STEP…: a VNC viewer without a window, on a Unix socket or by TCP.
 *
 *   type TEXT    the characters by keysym, one key after the other; ends with Enter
 *   ascii        the 95 printable ones, and after each five F11, which evread in the guest answers
 *                by a LED: a kernel keeps no more of them for a reader
 *   tap SYM      the key of that keysym (a number)
 *   hold SYM, lift SYM
 *   size WxH     waits until the screen is that large
 *   grid NxM     N × M pixels from corner to corner, pressing or lifting the left button at each;
 *                prints them as "grid: X,Y … end"
 *
 * Fails after 60 s, or when the server hangs up.
 */
#include "config.h"

#include <stdio.h>
#ifdef CONFIG_VNC
#include <rfb/rfbclient.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENTER = 0xff0d, F11 = 0xffc8, UNICODE = 0x01000000, QEMU_LEDS = -261, AT_ONCE = 5 };

static int leds = -1;

static void fail(const char *what, const char *of)
{
	fprintf(stderr, "viewer: %s%s\n", what, of);
	exit(1);
}

static void key(rfbClient *c, uint32_t sym, int down)
{
	if (!SendKeyEvent(c, sym, (rfbBool)down))
		fail("the server hung up", "");
}

static void tap(rfbClient *c, uint32_t sym)
{
	key(c, sym, 1);
	key(c, sym, 0);
}

/* The library has read ahead, and its wait knows the socket alone. */
static void hear(rfbClient *c, const char *what)
{
	int n = c->buffered ? 1 : WaitForMessage(c, 100000);

	if (n < 0 || (n > 0 && !HandleRFBServerMessage(c)))
		fail("the server hung up before ", what);
}

static rfbBool take_leds(rfbClient *c, rfbFramebufferUpdateRectHeader *h)
{
	uint8_t state;

	if ((int)h->encoding != QEMU_LEDS || !ReadFromRFBServer(c, (char *)&state, 1))
		return FALSE;
	leds = state;
	return TRUE;
}

static unsigned pictures; /* … of the last pixel */

static void drawn(rfbClient *c, int x, int y, int w, int h)
{
	if (w && h && x + w == c->width && y + h == c->height)
		pictures++;
}

/* Till the server has read all: a picture may be under way that it began before, the second was
 * asked for behind the keys. Who hangs up meanwhile may lose them. */
static void settle(rfbClient *c)
{
	for (unsigned i = 0, was = pictures; i < 2; i++, was = pictures) {
		if (!SendFramebufferUpdateRequest(c, c->width - 1, c->height - 1, 1, 1, FALSE))
			fail("the server hung up", "");
		while (pictures == was)
			hear(c, "all was read");
	}
}

static void ascii(rfbClient *c)
{
	int was;

	for (uint32_t u = ' '; u < 0x7f; u++) {
		tap(c, u);
		if ((u - ' ') % AT_ONCE != AT_ONCE - 1)
			continue;
		while (leds < 0)
			hear(c, "the LEDs were known");
		was = leds;
		tap(c, F11);
		while (leds == was)
			hear(c, "a LED was switched");
	}
}

/* One character of UTF-8 as Unicode. */
static uint32_t next(const char **s)
{
	uint32_t c = (uint8_t) * (*s)++;
	unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	for (c &= more ? 0x3fu >> more : 0x7fu; more; more--)
		c = c << 6 | (*(*s)++ & 0x3f);
	return c;
}

static void type(rfbClient *c, const char *text)
{
	while (*text) {
		uint32_t u = next(&text);

		tap(c, u < 0x100 ? u : UNICODE + u);
	}
	tap(c, ENTER);
}

static void pair(const char *text, int *a, int *b)
{
	if (sscanf(text, "%dx%d", a, b) != 2 || *a < 2 || *b < 2)
		fail("want NxM, not ", text);
}

static void await_size(rfbClient *c, const char *size)
{
	int w, h;

	pair(size, &w, &h);
	while (c->width != w || c->height != h)
		hear(c, size);
}

static void grid(rfbClient *c, const char *size)
{
	int n, m, down = 0;

	pair(size, &n, &m);
	printf("grid:");
	for (int i = 0; i < n * m; i++) {
		int x = (c->width - 1) * (i % n) / (n - 1), y = (c->height - 1) * (i / n) / (m - 1);

		down = !down;
		printf(" %d,%d", x, y);
		if (!SendPointerEvent(c, x, y, down ? rfbButton1Mask : 0))
			fail("the server hung up", "");
	}
	puts(" end");
}

/* How many arguments it took. */
static int step(rfbClient *c, char **argv)
{
	const char *what = argv[0], *arg = argv[1] ? argv[1] : "";
	uint32_t sym = (uint32_t)strtoul(arg, NULL, 0);

	if (!strcmp(what, "ascii")) {
		ascii(c);
		return 1;
	}
	if (!strcmp(what, "type"))
		type(c, arg);
	else if (!strcmp(what, "tap"))
		tap(c, sym);
	else if (!strcmp(what, "hold") || !strcmp(what, "lift"))
		key(c, sym, *what == 'h');
	else if (!strcmp(what, "size"))
		await_size(c, arg);
	else if (!strcmp(what, "grid"))
		grid(c, arg);
	else
		fail("no such step: ", what);
	return 2;
}

static void quiet(const char *format, ...)
{
	(void)format;
}

static void name_server(rfbClient *c, const char *name)
{
	char *display;

	free(c->serverHost);
	c->serverHost = strdup(name);
	c->serverPort = 0; /* the name is a path */
	display = strchr(name, '/') ? NULL : strrchr(c->serverHost, ':');
	if (!display)
		return;
	*display++ = 0;
	c->serverPort = 5900 + atoi(display);
}

int main(int argc, char **argv)
{
	static int encodings[] = {QEMU_LEDS, 0};
	static rfbClientProtocolExtension extension = {.encodings = encodings,
						       .handleEncoding = take_leds};
	rfbClient *c = rfbGetClient(8, 3, 4);
	int none = 0;

	if (argc < 2)
		fail("want a socket", "");
	alarm(60);
	rfbClientLog = rfbClientErr = quiet;
	name_server(c, argv[1]);
	c->canHandleNewFBSize = TRUE;
	c->appData.encodingsString = "zrle";
	c->GotFrameBufferUpdate = drawn;
	rfbClientRegisterExtension(&extension);
	if (!rfbInitClient(c, &none, NULL))
		fail("cannot connect to ", argv[1]);
	for (argv += 2; *argv;)
		argv += argv[1] ? step(c, argv) : (step(c, argv), 1);
	settle(c);
	rfbClientCleanup(c);
	return 0;
}
#else
int main(void)
{
	puts("viewer: built without libvncclient");
	return 77;
}
#endif
