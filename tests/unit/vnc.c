/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/vnc.c: hvm-vnc from end to end: a screen and a keyboard on one side, libvncclient in a
 * thread on the other.
 */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/log.h"
#include "base/util.h"
#include "ui/vnc.h"

#include <poll.h>
#include <pthread.h>
#include <rfb/rfbclient.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- the guest: a screen with a pattern; a keyboard and a tablet that write down what they get */

struct rig {
	struct loop *loop;
	struct clock *clock;
	struct display *display;
	struct input *input;
	struct input_device keyboard, tablet;
	struct vnc *vnc;
	uint32_t width, height, salt; /* of the pattern */
	bool redraw;
	char dir[64], path[96], said[4096];
};

static uint32_t pixel(const struct rig *r, uint32_t x, uint32_t y)
{
	if (y % 48 < 16) /* some of it is plain, some of few colours, some of many */
		return 0x102030 + r->salt;
	if (y % 48 < 32)
		return (x / 7 + y / 3) % 3 ? 0xff8000 : 0x000055;
	return ((x * 2654435761u) ^ (y * 40503u * 77) ^ r->salt) & 0xffffff;
}

static void draw(void *arg)
{
	struct rig *r = arg;
	uint32_t stride,
		*p = r->width ? display_resize(r->display, r->width, r->height, &stride) : NULL;

	if (!p || !r->redraw)
		return;
	r->redraw = false;
	for (uint32_t y = 0; y < r->height; y++)
		for (uint32_t x = 0; x < r->width; x++)
			p[y * (stride / 4) + x] = pixel(r, x, y);
	display_dirty(r->display, 0, 0, r->width, r->height);
}

static const struct display_ops ops = {.render = draw};

static void say(struct rig *r, const char *text)
{
	size_t n = strlen(r->said);

	snprintf(r->said + n, sizeof(r->said) - n, "%s%s", n ? " " : "", text);
}

static bool key(void *arg, unsigned code, bool down)
{
	char text[16];

	snprintf(text, sizeof(text), "%c%u", down ? '+' : '-', code);
	say(arg, text);
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

static void plug(struct rig *r, struct input_device *d, enum input_kind kind)
{
	*d = (struct input_device){
		.kind = kind, .name = "toy", .key = key, .point = point, .arg = r};
	input_attach(r->input, d);
	input_ready(d, true);
}

static const char *program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	MUST(n > 0);
	path[n] = 0;
	for (unsigned up = 0; up < 2; up++)
		*strrchr(path, '/') = 0;
	strcat(path, "/hvm-vnc");
	MUST(access(path, X_OK) == 0);
	return path;
}

static void rig_open(struct rig *r, bool password)
{
	struct vnc_config c = {.password = password};
	struct err e = {""};
	char address[120];

	memset(r, 0, sizeof(*r));
	log_set_level(LOG_ERROR);
	vnc_program = program();
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
	r->vnc = vnc_open(&c, r->display, r->input, r->loop, &e);
	EQS("", e.msg);
	MUST(r->vnc);
}

static void rig_close(struct rig *r)
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

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Turns the loop till cond, 10 s at most. */
#define UNTIL(r, cond)                                       \
	do {                                                 \
		double end_ = seconds() + 10;                \
		while (!(cond) && seconds() < end_)          \
			MUST(loop_step((r)->loop, 20) >= 0); \
		CHECK(cond);                                 \
	} while (0)

/* ---- the viewer: what it does runs in a thread, while the test turns the loop */

struct session {
	struct rig *r;
	const char *encoding, *password;
	void (*run)(struct session *s);
	rfbClient *c; /* NULL: it was not let in */
	bool done, ok;
	unsigned step, updates;
};

static void quiet(const char *format, ...)
{
	(void)format;
}

static char *give_password(rfbClient *c)
{
	struct session *s = rfbClientGetClientData(c, quiet);

	return strdup(s->password ? s->password : "");
}

static void counted(rfbClient *c)
{
	struct session *s = rfbClientGetClientData(c, quiet);

	s->updates++;
}

static void *session_thread(void *arg)
{
	struct session *s = arg;
	int argc = 0;

	rfbClientLog = rfbClientErr = quiet;
	s->c = rfbGetClient(8, 3, 4);
	free(s->c->serverHost);
	s->c->serverHost = strdup(s->r->path);
	s->c->serverPort = 0;
	s->c->canHandleNewFBSize = TRUE;
	s->c->appData.encodingsString = s->encoding ? s->encoding : "raw";
	s->c->appData.enableJPEG = FALSE;
	s->c->GetPassword = give_password;
	s->c->FinishedFrameBufferUpdate = counted;
	rfbClientSetClientData(s->c, quiet, s);
	if (rfbInitClient(s->c, &argc, NULL)) {
		s->ok = true;
		s->run(s);
		free(s->c->frameBuffer);
		rfbClientCleanup(s->c);
	} else {
		s->c = NULL;
	}
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(const struct session *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static void session(struct session *s)
{
	pthread_t t;

	MUST(!pthread_create(&t, NULL, session_thread, s));
	UNTIL(s->r, is_done(s));
	if (is_done(s))
		pthread_join(t, NULL);
	else
		MUST(!"the viewer ends");
}

static bool same(const struct session *s)
{
	const struct rig *r = s->r;
	const rfbPixelFormat *f = &s->c->format;

	if ((uint32_t)s->c->width != r->width || (uint32_t)s->c->height != r->height)
		return false;
	for (uint32_t y = 0; y < r->height; y++)
		for (uint32_t x = 0; x < r->width; x++) {
			uint32_t got = ((uint32_t *)(void *)s->c->frameBuffer)[y * r->width + x];

			if (((got >> f->redShift & 255) << 16 | (got >> f->greenShift & 255) << 8 |
			     (got >> f->blueShift & 255)) != pixel(r, x, y))
				return false;
		}
	return true;
}

/* The picture as it should be, 5 s at most. */
static bool sees(struct session *s)
{
	double end = seconds() + 5;

	while (!same(s) && seconds() < end) {
		int n = WaitForMessage(s->c, 50000);

		if (n < 0 || (n > 0 && !HandleRFBServerMessage(s->c)))
			return false;
	}
	return same(s);
}

static void look(struct session *s)
{
	s->ok = sees(s);
}

static const char *const all_encodings[] = {"raw",  "hextile", "zrle", "tight",
					    "zlib", "rre",     "corre"};

TEST_EACH(pixels, ARRAY_SIZE(all_encodings), all_encodings[i])
{
	struct rig r;
	struct session s = {.r = &r, .encoding = all_encodings[i], .run = look};

	rig_open(&r, false);
	session(&s);
	CHECK(s.ok);
	rig_close(&r);
}

/* Another size, and then another picture. */
static void look_thrice(struct session *s)
{
	s->ok = sees(s);
	s->r->width = 333;
	s->r->height = 77;
	s->r->redraw = true;
	s->ok &= sees(s);
	s->r->salt = 0x000100;
	s->r->redraw = true;
	s->ok &= sees(s);
}

TEST(resize)
{
	struct rig r;
	struct session s = {.r = &r, .encoding = "tight", .run = look_thrice};

	rig_open(&r, false);
	session(&s);
	CHECK(s.ok);
	rig_close(&r);
}

static void type(struct session *s)
{
	/* an a; an A by its name alone; a "1" while shift is held; enter; a key that stays down */
	static const struct {
		uint32_t sym;
		bool down;
	} keys[] = {{'a', 1}, {'a', 0},    {'A', 1},    {'A', 0},    {0xffe1, 1}, {'1', 1},
		    {'1', 0}, {0xffe1, 0}, {0xff0d, 1}, {0xff0d, 0}, {'z', 1}};

	s->ok = sees(s);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		SendKeyEvent(s->c, keys[i].sym, keys[i].down);
	SendPointerEvent(s->c, 199, 99, 0);
	SendPointerEvent(s->c, 100, 0, rfbButton3Mask);
	SendPointerEvent(s->c, 0, 0, rfbButton4Mask);
	SendPointerEvent(s->c, 0, 0, 0);
}

/* A key by its place: Right Ctrl, whatever the viewer calls it; by its name where it has none. */
static void type_places(struct session *s)
{
	static const struct {
		uint32_t sym, code;
	} keys[] = {{'q', 0x1e}, {0xffe4, 0x9d}, {'x', 0}};

	/* The library knows the encoding but does not list it: raw, size, this. */
	static const uint8_t list[] = {2,    0,    0,    3,    0,    0,    0,    0,
				       0xff, 0xff, 0xff, 0x21, 0xff, 0xff, 0xfe, 0xfe};

	WriteToRFBServer(s->c, (const char *)list, sizeof(list));
	s->ok = sees(s) && SupportsClient2Server(s->c, rfbQemuEvent);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (int down = 1; down >= 0; down--)
			SendExtendedKeyEvent(s->c, keys[i].sym, keys[i].code, (rfbBool)down);
}

TEST(extended_keys)
{
	struct rig r;
	struct session s = {.r = &r, .run = type_places};

	rig_open(&r, false);
	session(&s);
	CHECK(s.ok);
	UNTIL(&r, strstr(r.said, "-45"));
	EQS("+30 -30 +97 -97 +45 -45", r.said);
	rig_close(&r);
}

TEST(keys_and_pointer)
{
	struct rig r;
	struct session s = {.r = &r, .run = type};

	rig_open(&r, false);
	session(&s);
	CHECK(s.ok);
	UNTIL(&r, strstr(r.said, "-44"));
	EQS("+30 -30 +42 +30 -30 -42 +42 -42 +2 -2 +42 -42 +28 -28 +44 "
	    "32767,32767/0 16466,0/2 0,0/0w1 0,0/0 -44",
	    r.said);
	rig_close(&r);
}

/* ---- who gets in */

static void nothing(struct session *s)
{
	(void)s;
}

TEST(password)
{
	struct rig r;
	struct session none = {.r = &r, .run = nothing, .password = "x"},
		       wrong = {.r = &r, .run = nothing, .password = "secrex"},
		       right = {.r = &r, .run = look, .password = "secret"};
	struct err e = {""};

	rig_open(&r, true);
	session(&none); /* before one is set nobody gets in */
	CHECK(!none.ok);
	OK(vnc_set_password(r.vnc, "secret", &e));
	session(&wrong);
	CHECK(!wrong.ok);
	session(&right);
	CHECK(right.ok);
	rig_close(&r);
}

TEST(open_to_all_only_when_meant)
{
	struct vnc_config c = {.address = "0.0.0.0:55000"};
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	CHECK(!vnc_open(&c, NULL, NULL, l, &e));
	CHECK(strstr(e.msg, "noauth=on"));
	loop_free(l);
}

static const char *const bad_addresses[] = {"",       "1",     "host", "127.0.0.1:x",
					    ":60000", "unix:", ":1x"};

TEST_EACH(bad_address, ARRAY_SIZE(bad_addresses), bad_addresses[i])
{
	struct vnc_listen at;
	struct err e = {""};

	CHECK(vnc_listen(&at, bad_addresses[i], 0, &e) < 0);
	CHECK(e.msg[0]);
}

TEST(next_free_port)
{
	struct vnc_listen a, b, c;
	struct err e = {""};

	OK(vnc_listen(&a, "127.0.0.1:53000", 53050, &e));
	OK(vnc_listen(&b, ":53000", 53050, &e));
	CHECK(strcmp(a.service, b.service));
	EQS("127.0.0.1", b.host);
	CHECK(!b.any);
	snprintf(c.host, sizeof(c.host), ":%d", atoi(a.service) - 5900);
	CHECK(vnc_listen(&c, c.host, 0, &e) < 0);
	vnc_listen_close(&a);
	vnc_listen_close(&b);
}

/* ---- clients that disturb */

static int connect_raw(const struct rig *r, const void *bytes, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", r->path);
	MUST(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	MUST(write(fd, bytes, n) == (ssize_t)n);
	return fd;
}

/* Reads until the server hangs up. */
static size_t read_all(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t more = 1;

	while (more > 0 && n + 1 < size) {
		more = read(fd, text + n, size - 1 - n);
		n += (size_t)MAX(more, 0);
	}
	text[n] = 0;
	return n;
}

/* The library would take WebSockets on every port, and spin over the first three bytes of one. */
TEST(no_websocket_unasked)
{
	static const char get[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
				  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
				  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	char text[64] = "";
	struct rig r;
	int fd, few;

	rig_open(&r, false);
	fd = connect_raw(&r, get, sizeof(get) - 1);
	few = connect_raw(&r, "GET", 3);
	read_all(fd, text, sizeof(text));
	EQS("RFB 003.008\n", text);
	EQ(12, read(few, text, 12));
	close(fd);
	close(few);
	rig_close(&r);
}

/* One says nothing, one begins a message, one asks for pictures and never reads them. */
TEST(others_do_not_wait)
{
	static const uint8_t part[] = "RFB 003.008\n\1\1\3";
	static const uint8_t full[] = {3, 0, 0,   0, 0,
				       0, 0, 200, 0, 100}; /* FramebufferUpdateRequest */
	struct rig r;
	struct session s = {.r = &r, .encoding = "zrle", .run = look};
	int fds[3];
	double began;

	rig_open(&r, false);
	fds[0] = connect_raw(&r, "", 0);
	fds[1] = connect_raw(&r, part, sizeof(part) - 1);
	fds[2] = connect_raw(&r, part, sizeof(part) - 2);
	UNTIL(&r, vnc_client_address(r.vnc, 1)); /* all but the silent one */
	for (unsigned i = 0; i < 2000; i++)
		send(fds[2], full, sizeof(full), MSG_DONTWAIT | MSG_NOSIGNAL);
	began = seconds();
	session(&s);
	CHECK(s.ok);
	CHECK(seconds() - began < 5);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	UNTIL(&r, !vnc_client_address(r.vnc, 0));
	rig_close(&r);
}

static pid_t vnc_pid(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	if (!f)
		SKIP("the kernel does not list children of a process");
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

TEST(killed_and_started_again)
{
	struct session s, again;
	struct rig r;
	pid_t pid;

	rig_open(&r, true);
	OK(vnc_set_password(r.vnc, "pw", NULL));
	s = again = (struct session){.r = &r, .run = look, .password = "pw"};
	session(&s);
	CHECK(s.ok);
	pid = vnc_pid();
	OK(kill(pid, SIGKILL));
	UNTIL(&r, vnc_pid() && vnc_pid() != pid);
	session(&again); /* the password and the port are as they were */
	CHECK(again.ok);
	rig_close(&r);
}

static unsigned long long status_of(pid_t pid, const char *key_, int base)
{
	char path[64], line[256];
	unsigned long long v = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	MUST(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key_, strlen(key_)))
			v = strtoull(line + strlen(key_) + 1, NULL, base);
	fclose(f);
	return v;
}

TEST(jailed)
{
	struct rig r;
	pid_t pid;

	rig_open(&r, false);
	pid = vnc_pid();
	EQ(1, status_of(pid, "NoNewPrivs:", 10));
#ifdef CONFIG_SECCOMP
	EQ(2, status_of(pid, "Seccomp:", 10));
#endif
	EQ(0, status_of(pid, "CapEff:", 16));
	rig_close(&r);
	EQ(-1, kill(pid, 0));
}
#endif
