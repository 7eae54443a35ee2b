/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine whose core is behind a socket: its clock is the core's. */
#include "base/util.h"
#include "dm/board.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "hypervisor/domain.h"
#include "hypervisor/remote.h"
#include "tests/test.h"
#include "ui/display.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	struct domain *dom;
	struct loop *core_loop, *loop;
	struct remote *remote;
	pthread_t thread;
	struct machine_config cfg;
	struct machine *m;
};

static void lock_fn(void *arg)
{
	domain_lock(arg);
}

static void unlock_fn(void *arg)
{
	domain_unlock(arg);
}

static void *core_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

/* The machine leaves, and with it the core ends. */
static void ended(void *arg, bool asked, const char *why)
{
	struct pair *p = arg;

	NOTE("%s", why);
	CHECK(asked);
	remote_close(p->remote);
	p->remote = NULL;
	loop_quit(p->core_loop, 0);
}

static void pair_open_with(struct pair *p, const char *more)
{
	char args[128];
	struct err e = {""};
	int fds[2];

	*p = (struct pair){.core_loop = loop_new(NULL), .loop = loop_new(NULL)};
	p->dom = domain_new(&(struct domain_config){.ram = 16 << 20}, NULL);
	MUST(p->dom && p->core_loop && p->loop);
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	loop_lock_hooks(p->core_loop, lock_fn, unlock_fn, p->dom);
	p->remote = remote_open(p->dom, p->core_loop, fds[0], ended, p, NULL);
	MUST(p->remote);
	MUST(!pthread_create(&p->thread, NULL, core_thread, p->core_loop));
	snprintf(args, sizeof(args), "-core fd=%d -nodefaults -m 16 -S -display none %s", fds[1],
		 more);
	MUST(options_parse_text(&p->cfg, args, &e) == OPTIONS_RUN);
	p->m = machine_new(&p->cfg, p->loop, &e);
	NOTE("%s", e.msg);
	MUST(p->m);
}

static void pair_open(struct pair *p)
{
	pair_open_with(p, "");
}

static void pair_close(struct pair *p)
{
	machine_free(p->m);
	pthread_join(p->thread, NULL);
	loop_free(p->loop);
	loop_free(p->core_loop);
	domain_free(p->dom);
	config_free(&p->cfg);
}

static int64_t core_now(struct pair *p)
{
	int64_t t;

	domain_lock(p->dom);
	t = clock_now(domain_clock(p->dom));
	domain_unlock(p->dom);
	return t;
}

TEST(time_is_the_cores)
{
	struct pair p;
	int64_t before, t;

	pair_open(&p);
	EQ(0, clock_now(p.m->clock)); /* -S */
	OK(machine_cont(p.m, NULL));
	while (!clock_now(p.m->clock))
		;
	before = core_now(&p);
	t = clock_now(p.m->clock);
	CHECK(before <= t && t <= core_now(&p));
	OK(machine_stop(p.m));
	t = core_now(&p);
	EQ(t, clock_now(p.m->clock));
	usleep(2000);
	EQ(t, clock_now(p.m->clock));
	EQ(t, core_now(&p));
	OK(machine_cont(p.m, NULL));
	while (clock_now(p.m->clock) == t)
		;
	CHECK(core_now(&p) > t);
	pair_close(&p);
}

static void fired(void *arg)
{
	++*(unsigned *)arg;
}

TEST(timers_wait_for_cont)
{
	struct pair p;
	unsigned n = 0;
	struct timer t = {.fn = fired, .arg = &n};

	pair_open(&p);
	timer_arm(p.m->clock, &t, 1);
	while (loop_step(p.loop, 20) > 0)
		;
	EQ(0, n);
	OK(machine_cont(p.m, NULL));
	for (unsigned i = 0; i < 100 && !n; i++)
		loop_step(p.loop, 50);
	EQ(1, n);
	pair_close(&p);
}

/* ---- memory of a device: the core's, mapped into the guest, its writes logged there ---- */

enum { LFB = 0xe0000000, VGA_CFG = 0x1000, VBE_INDEX = 0x1ce, VBE_DATA = 0x1cf };

static void vbe(struct pair *p, unsigned reg, uint16_t val)
{
	board_write(p->m->board, SPACE_IO, VBE_INDEX, 2, reg);
	board_write(p->m->board, SPACE_IO, VBE_DATA, 2, val);
}

static void vbe_mode(struct pair *p)
{
	board_config_write(p->m->board, VGA_CFG | 0x10, 4, LFB);
	board_config_write(p->m->board, VGA_CFG | 4, 2, 3);
	vbe(p, 1, 640);
	vbe(p, 2, 480);
	vbe(p, 3, 32);
	vbe(p, 4, 0x41);
	board_write(p->m->board, SPACE_IO, 0x3c0, 1, 0x20);
}

static uint32_t pixel(struct pair *p, unsigned x, unsigned y)
{
	struct display_view v;

	MUST(display_refresh(machine_display(p->m, NULL, NULL), &v));
	return ((const uint32_t *)(v.pixels + (size_t)y * v.at.stride))[x];
}

/* What the guest's processor writes at the core shows here, and its tiles alone are news. */
TEST(frame_buffer_of_a_remote_machine)
{
	struct display_view v;
	uint32_t val, seen;
	struct pair p;

	pair_open_with(&p, "-vga std");
	vbe_mode(&p);
	EQ(0, pixel(&p, 3, 400));
	for (uint32_t y = 0; y < 480; y += 41) {
		val = 0x100000 + y;
		OK(domain_mem_write(p.dom, DOMAIN_NO_VCPU, LFB + (y * 640 + 3) * 4, &val, 4));
		EQ(val, pixel(&p, 3, y));
	}
	MUST(display_refresh(machine_display(p.m, NULL, NULL), &v));
	seen = display_generation(&v);
	OK(domain_mem_write(p.dom, DOMAIN_NO_VCPU, LFB, &val, 4));
	EQ(val, pixel(&p, 0, 0));
	CHECK(display_newer(&v, 0, seen));
	CHECK(!display_newer(&v, 1, seen));
	pair_close(&p);
}
