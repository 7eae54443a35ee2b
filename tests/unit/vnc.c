/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/vnc.c: hvm-vnc from end to end, by libvncclient and by bytes. */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/util.h"
#include "tests/unit/process.h"
#include "tests/unit/vnc_rig.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void look(struct vnc_session *s)
{
	s->ok = vnc_rig_sees(s);
}

/* Another size, and then another picture. */
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

TEST(resize)
{
	struct vnc_rig r;
	struct vnc_session s = {.r = &r, .encoding = "tight", .run = look_thrice};

	vnc_rig_open(&r, &(struct vnc_config){0});
	vnc_rig_session(&s);
	CHECK(s.ok);
	vnc_rig_close(&r);
}

static void type(struct vnc_session *s)
{
	/* an a; an A by its name alone; a "1" while shift is held; enter; a key that stays down */
	static const struct {
		uint32_t sym;
		bool down;
	} keys[] = {{'a', 1}, {'a', 0},    {'A', 1},    {'A', 0},    {0xffe1, 1}, {'1', 1},
		    {'1', 0}, {0xffe1, 0}, {0xff0d, 1}, {0xff0d, 0}, {'z', 1}};

	s->ok = vnc_rig_sees(s);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		SendKeyEvent(s->c, keys[i].sym, keys[i].down);
	SendPointerEvent(s->c, 199, 99, 0);
	SendPointerEvent(s->c, 100, 0, rfbButton3Mask);
	SendPointerEvent(s->c, 0, 0, rfbButton4Mask);
	SendPointerEvent(s->c, 0, 0, 0);
}

/* A key by its place: Right Ctrl, whatever the viewer calls it; by its name where it has none. */
static void type_places(struct vnc_session *s)
{
	static const struct {
		uint32_t sym, code;
	} keys[] = {{'q', 0x1e}, {0xffe4, 0x9d}, {'x', 0}};

	/* The library knows the encoding but does not list it: raw, size, this. */
	static const uint8_t list[] = {2,    0,    0,    3,    0,    0,    0,    0,
				       0xff, 0xff, 0xff, 0x21, 0xff, 0xff, 0xfe, 0xfe};

	double end = vnc_rig_seconds() + 5;

	WriteToRFBServer(s->c, (const char *)list, sizeof(list));
	s->ok = vnc_rig_sees(s);
	while (s->ok && !SupportsClient2Server(s->c, rfbQemuEvent) && vnc_rig_seconds() < end)
		if (s->c->buffered || WaitForMessage(s->c, 50000) > 0)
			s->ok = HandleRFBServerMessage(s->c); /* the picture may be older */
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (int down = 1; down >= 0; down--)
			SendExtendedKeyEvent(s->c, keys[i].sym, keys[i].code, (rfbBool)down);
}

TEST(extended_keys)
{
	struct vnc_rig r;
	struct vnc_session s = {.r = &r, .run = type_places};

	vnc_rig_open(&r, &(struct vnc_config){0});
	vnc_rig_session(&s);
	CHECK(s.ok);
	UNTIL(&r, strstr(r.said, "-45"));
	EQS("+30 -30 +97 -97 +45 -45", r.said);
	vnc_rig_close(&r);
}

TEST(keys_and_pointer)
{
	struct vnc_rig r;
	struct vnc_session s = {.r = &r, .run = type};

	vnc_rig_open(&r, &(struct vnc_config){0});
	vnc_rig_session(&s);
	CHECK(s.ok);
	UNTIL(&r, strstr(r.said, "-44"));
	EQS("+30 -30 +42 +30 -30 -42 +42 -42 +2 -2 +42 -42 +28 -28 +44 "
	    "32767,32767/0 16466,0/2 0,0/0w1 0,0/0 -44",
	    r.said);
	vnc_rig_close(&r);
}

static unsigned clients(const struct vnc_rig *r)
{
	struct vnc_peer p;
	unsigned n = 0;

	while (vnc_get_peer(r->vnc, n, &p))
		n++;
	return n;
}

/* QEMU's LED state, a pseudo-encoding that the library does not know. */
static int heard_leds = -1;

static rfbBool take_leds(rfbClient *c, rfbFramebufferUpdateRectHeader *h)
{
	uint8_t leds;

	if (h->encoding != (uint32_t)-261 || !ReadFromRFBServer(c, (char *)&leds, 1))
		return FALSE;
	heard_leds = leds;
	return TRUE;
}

static void watch_leds(struct vnc_session *s)
{
	s->ok = vnc_rig_sees(s) && heard_leds == 4; /* before the first picture: Caps Lock */
	SendKeyEvent(s->c, 0xff7f, TRUE);
	while (s->ok && heard_leds != 6)
		s->ok = WaitForMessage(s->c, 5000000) > 0 && HandleRFBServerMessage(s->c);
}

TEST(led_states)
{
	static int encodings[] = {-261, 0};
	static rfbClientProtocolExtension leds = {.encodings = encodings,
						  .handleEncoding = take_leds};
	struct vnc_session s = {.run = watch_leds};
	struct vnc_rig r;

	vnc_rig_open(&r, &(struct vnc_config){0});
	s.r = &r;
	rfbClientRegisterExtension(&leds);
	input_set_leds(&r.keyboard, INPUT_CAPS_LOCK);
	vnc_rig_session(&s);
	CHECK(s.ok);
	vnc_rig_close(&r);
}

/* ---- who gets in */

static void nothing(struct vnc_session *s)
{
	(void)s;
}

TEST(password)
{
	struct vnc_rig r;
	struct vnc_session none = {.r = &r, .run = nothing, .password = "x"},
			   wrong = {.r = &r, .run = nothing, .password = "secrex"},
			   right = {.r = &r, .run = look, .password = "secret"};
	struct err e = {""};

	vnc_rig_open(&r, &(struct vnc_config){.password = true});
	vnc_rig_session(&none); /* before one is set nobody gets in */
	CHECK(!none.ok);
	OK(vnc_set_password(r.vnc, "secret", &e));
	vnc_rig_session(&wrong);
	CHECK(!wrong.ok);
	vnc_rig_session(&right);
	CHECK(right.ok);
	vnc_rig_close(&r);
}

TEST(password_expires)
{
	struct vnc_session s = {.run = nothing, .password = "secret"};
	struct vnc_rig r;

	vnc_rig_open(&r, &(struct vnc_config){.password = true});
	s.r = &r;
	OK(vnc_set_password(r.vnc, "secret", NULL));
	OK(vnc_expire_password(r.vnc, time(NULL) + 3600, NULL));
	vnc_rig_session(&s);
	CHECK(s.ok);
	OK(vnc_expire_password(r.vnc, 1, NULL));
	s.ok = s.done = false;
	vnc_rig_session(&s);
	CHECK(!s.ok);
	OK(vnc_expire_password(r.vnc, 0, NULL));
	s.done = false;
	vnc_rig_session(&s);
	CHECK(s.ok);
	vnc_rig_close(&r);
}

static const char shared[] = "RFB 003.008\n\1\1", alone[] = "RFB 003.008\n\1\0";

static const struct {
	const char *name;
	enum vnc_share share;
	const char *first, *second, *events;
} policies[] = {
	{"together", VNC_ALLOW_EXCLUSIVE, shared, shared, "+*+*"},
	{"the second alone", VNC_ALLOW_EXCLUSIVE, shared, alone, "+*+-*"},
	{"the first alone", VNC_ALLOW_EXCLUSIVE, alone, shared, "+*+-"},
	{"one alone after the other", VNC_ALLOW_EXCLUSIVE, alone, alone, "+*+-*"},
	{"must share", VNC_FORCE_SHARED, shared, alone, "+*+-"},
	{"whatever they want", VNC_IGNORE, alone, alone, "+*+*"},
};

TEST_EACH(share, ARRAY_SIZE(policies), policies[i].name)
{
	struct vnc_rig r;
	int fds[2];

	vnc_rig_open(&r, &(struct vnc_config){.share = policies[i].share});
	fds[0] = vnc_rig_connect(&r, policies[i].first, 14);
	UNTIL(&r, clients(&r) == 1);
	fds[1] = vnc_rig_connect(&r, policies[i].second, 14);
	UNTIL(&r, strlen(r.events) >= strlen(policies[i].events));
	EQS(policies[i].events, r.events);
	close(fds[0]);
	close(fds[1]);
	UNTIL(&r, !clients(&r));
	vnc_rig_close(&r);
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

/* One says nothing, one begins a message, one asks for pictures and never reads them. */
TEST(others_do_not_wait)
{
	static const uint8_t part[] = "RFB 003.008\n\1\1\3";
	static const uint8_t full[] = {3, 0, 0,   0, 0,
				       0, 0, 200, 0, 100}; /* FramebufferUpdateRequest */
	struct vnc_rig r;
	struct vnc_session s = {.r = &r, .encoding = "zrle", .run = look};
	int fds[3];
	double began;

	vnc_rig_open(&r, &(struct vnc_config){0});
	fds[0] = vnc_rig_connect(&r, "", 0);
	fds[1] = vnc_rig_connect(&r, part, sizeof(part) - 1);
	fds[2] = vnc_rig_connect(&r, part, sizeof(part) - 2);
	UNTIL(&r, clients(&r) == 2); /* all but the silent one */
	for (unsigned i = 0; i < 2000; i++)
		send(fds[2], full, sizeof(full), MSG_DONTWAIT | MSG_NOSIGNAL);
	began = vnc_rig_seconds();
	vnc_rig_session(&s);
	CHECK(s.ok);
	CHECK(vnc_rig_seconds() - began < 5);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	UNTIL(&r, !clients(&r));
	vnc_rig_close(&r);
}

/* One says nothing, one never reads, one says a byte between two frames of another's. */
static int disturbing[3];

static void look_on(struct vnc_session *s)
{
	s->ok = false;
	for (s->step = 0; s->step < 20; s->step++) {
		send(disturbing[2], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		s->r->salt = s->step * 0x10101;
		vnc_rig_redraw(s->r);
		if (!vnc_rig_sees(s))
			return;
	}
	s->ok = true;
}

TEST(each_frame_beside_others)
{
	static const uint8_t ask[] = {3, 0, 0, 0, 0, 0, 0, 200, 0, 100};
	static const uint8_t part[] = "RFB 003.008\n\1\1\2\0\377\377"; /* so many encodings … */
	struct vnc_rig r;
	struct vnc_session s = {.r = &r, .encoding = "tight", .run = look_on};

	vnc_rig_open(&r, &(struct vnc_config){0});
	disturbing[0] = vnc_rig_connect(&r, "", 0);
	disturbing[1] = vnc_rig_connect(&r, part, 14);
	disturbing[2] = vnc_rig_connect(&r, part, sizeof(part) - 1); /* … byte by byte */
	UNTIL(&r, clients(&r) == 2);
	for (unsigned i = 0; i < 2000; i++)
		send(disturbing[1], ask, sizeof(ask), MSG_DONTWAIT | MSG_NOSIGNAL);
	vnc_rig_session(&s);
	EQ(20, s.step);
	CHECK(s.ok);
	for (unsigned i = 0; i < 3; i++)
		close(disturbing[i]);
	vnc_rig_close(&r);
}

TEST(killed_and_started_again)
{
	struct vnc_session s, again;
	struct vnc_rig r;
	pid_t pid;

	vnc_rig_open(&r, &(struct vnc_config){.password = true});
	OK(vnc_set_password(r.vnc, "pw", NULL));
	s = again = (struct vnc_session){.r = &r, .run = look, .password = "pw"};
	vnc_rig_session(&s);
	CHECK(s.ok);
	pid = process_child();
	OK(kill(pid, SIGKILL));
	UNTIL(&r, process_child() && process_child() != pid);
	vnc_rig_session(&again); /* the password and the port are as they were */
	CHECK(again.ok);
	vnc_rig_close(&r);
}

static bool may_unshare(void)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0);
	return waitpid(pid, &status, 0) == pid && !status;
}

TEST(jailed)
{
	struct vnc_rig r;
	pid_t pid;

	vnc_rig_open(&r, &(struct vnc_config){0});
	pid = process_child();
	EQ(geteuid() ? geteuid() : 65534, process_status(pid, "Uid:", 10));
	EQ(1, process_status(pid, "NoNewPrivs:", 10));
#ifdef CONFIG_SECCOMP
	EQ(2, process_status(pid, "Seccomp:", 10));
#endif
	EQ(0, process_status(pid, "CapEff:", 16));
	if (may_unshare())
		CHECK(!process_shares(pid, "net") && !process_shares(pid, "ipc"));
	vnc_rig_close(&r);
	EQ(-1, kill(pid, 0));
}
#endif
