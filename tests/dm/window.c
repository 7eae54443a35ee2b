/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -display of a machine: its words, its window, and where the screen is when nobody said. */
#include "base/log.h"
#include "config.h"
#include "dm/qmp.h"
#include "tests/dm/vm.h"
#include "tests/unit/process.h"

#include <stdlib.h>

#define QUIET "-accel qtest -nodefaults -m 16 "

static void parse(struct machine_config *c, const char *text, const char *error)
{
	struct err e = {""};

	memset(c, 0, sizeof(*c));
	options_parse_text(c, text, &e);
	EQS(error, e.msg);
}

TEST(words_of_a_window)
{
	struct machine_config c;

	parse(&c, "-display sdl", "");
	EQ(SHOW_WINDOW, c.show);
	CHECK(!c.window.keep && !c.window.show_cursor && !c.window.full_screen && !c.window.gl);
	config_free(&c);
	parse(&c, "-full-screen -display sdl,gl=es,grab-mod=rctrl,window-close=off,show-cursor=on",
	      "");
	CHECK(c.window.keep && c.window.show_cursor && c.window.full_screen);
	EQS("on", c.window.gl);
	EQS("rctrl", c.window.grab);
	config_free(&c);
	parse(&c, "-sdl -display sdl,alt_grab=on,gl=off", "");
	EQS("lshift-lctrl-lalt", c.window.grab);
	EQS("off", c.window.gl);
	config_free(&c);
	parse(&c, "-display vnc=:7,password=on", "");
	EQ(SHOW_NOTHING, c.show);
	EQS(":7,password=on", c.vnc);
	config_free(&c);
}

static const struct {
	const char *text, *error;
} wrong[] = {
	{"-display gtk", "-display gtk: there are none, sdl and vnc=…"},
	{"-display none,gl=on", "-display none,gl=on: there are none, sdl and vnc=…"},
	{"-display sdl,gl=yes", "-display: gl=yes: want on, off, core or es"},
	{"-display sdl,grab-mod=f1", "-display: grab-mod=f1: want lshift-lctrl-lalt or rctrl"},
};

TEST_EACH(wrong_words, sizeof(wrong) / sizeof(wrong[0]), wrong[i].text)
{
	struct machine_config c;

	parse(&c, wrong[i].text, wrong[i].error);
	config_free(&c);
}

static void no_desktop(void)
{
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("SDL_VIDEODRIVER");
	log_set_level(LOG_ERROR);
}

/* Shown as main does it. */
static void shown(const char *options, bool vnc, bool window)
{
	struct vm v;

	vm_open(&v, options);
	machine_show(v.m);
	EQ(vnc, v.m->vnc != NULL);
	EQ(window, v.m->sdl != NULL);
	vm_close(&v);
}

TEST(nobody_said)
{
	no_desktop();
#ifdef CONFIG_VNC
	process_use("hvm-vnc");
	shown(QUIET "-vga std", true, false);
#endif
	shown(QUIET "-vga none", false, false);
	shown(QUIET "-vga std -display none", false, false);
	shown(QUIET "-vga std -nographic", false, false);
	shown(QUIET "-vga std -vnc none", false, false);
}

#ifdef CONFIG_SDL
TEST(window)
{
	struct vm v;

	no_desktop();
	process_use("hvm-sdl");
	setenv("DISPLAY", ":0", 1);
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	shown(QUIET "-vga std", false, true);
	shown(QUIET "-vga none -display sdl", false, true);
	vm_open(&v, QUIET "-name guest -vga std -display sdl,gl=off");
	MUST(v.m->sdl);
	OK(machine_stop(v.m));
	OK(machine_cont(v.m, NULL));
	vm_close(&v);
	EQ(0, process_child());
}

TEST(window_without_a_desktop)
{
	struct machine_config c;
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	no_desktop();
	process_use("hvm-sdl");
	parse(&c, QUIET "-vga std -display sdl", "");
	CHECK(!machine_new(&c, l, &e));
	EQS("-display sdl: no display: DISPLAY is not set; use -display none or -vnc", e.msg);
	config_free(&c);
	loop_free(l);
}
#endif
