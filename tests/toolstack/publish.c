/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/publish.c: a guest's nodes as xenstore's own client shows them, and their end. */
#include "toolstack/publish.h"

#include "base/util.h"
#include "tests/test.h"
#include "tests/toolstack/store_run.h"
#include "toolstack/vif_script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UUID   "3f8c1d7a-6a0e-4c55-9a57-0f3a36b10c5e"
#define LISTED 16384

struct world {
	struct store_run run;
	struct xs *x;
	struct cfg c;
	struct guest g;
	struct publish_runtime r;
};

static void begin(struct world *w, const char *cfg)
{
	struct err e = {""};

	memset(w, 0, sizeof(*w));
	w->run = store_run_new(NULL, 0);
	w->x = xs_open(w->run.path, &e);
	OK(cfg_read(&w->c, "g.cfg", cfg, strlen(cfg), &e));
	OK(guest_read(&w->g, &w->c, NULL, &e));
	EQS("", e.msg);
	w->r = (struct publish_runtime){.domid = 7, .uuid = UUID, .start = {1700000000, 120000000}};
	vif_script_folder = "/nowhere";
}

static void end(struct world *w)
{
	xs_close(w->x);
	guest_free(&w->g);
	cfg_free(&w->c);
	store_run_free(&w->run);
}

static char *listed(const struct world *w)
{
	static char text[LISTED];
	char command[128];
	FILE *f;

	snprintf(command, sizeof(command), "XENSTORED_PATH=%s xenstore-ls -f -p 2>&1", w->run.path);
	f = popen(command, "r");
	MUST(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	if (pclose(f))
		SKIP("no xenstore-ls (xenstore-utils)");
	return text;
}

static const char *wanted(void)
{
	static char text[LISTED];
	FILE *f = fopen("tests/toolstack/publish.want", "r");

	MUST(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static const char *value(struct world *w, const char *path)
{
	static char text[XS_TEXT];
	struct err e = {""};

	return xs_read(w->x, path, text, &e) ? strcpy(text, e.msg) : text;
}

static const char rich[] =
	"name = 'web'\nmemory = 512\nvcpus = 2\nmaxvcpus = 3\n"
	"vga = 'stdvga'\nvideoram = 16\nrtc_timeoffset = 3600\nmmio_hole = 1024\n"
	"vif = ['mac=00:16:3e:01:02:03,bridge=br7,model=e1000,vifname=web,mtu=1400,"
	"ip=10.0.0.7,gatewaydev=eth9,script=/x/vif-mine', 'type=vif']\n";

TEST(all_of_it)
{
	char before[LISTED];
	struct world w;

	begin(&w, rich);
	strcpy(before, listed(&w));
	OK(publish_all(w.x, &w.g, &w.r, NULL)); /* with what is known at first */
	EQS("", value(&w, "/local/domain/0/device-model/7"));
	w.r.dm_pid = 4711;
	w.r.dm_running = true;
	w.r.vnc_listen = "127.0.0.1";
	w.r.vnc_port = 5903;
	w.r.serial[0] = "/dev/pts/3";
	w.r.serial[1] = "/dev/pts/4";
	w.r.vif_connected[0] = true;
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	EQS(wanted(), listed(&w));
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	EQS(wanted(), listed(&w));
	OK(publish_remove(w.x, 7, NULL));
	EQS(before, listed(&w));
	OK(publish_remove(w.x, 7, NULL));
	end(&w);
}

TEST(least_of_it)
{
	struct world w;

	begin(&w, "name = 'a'\nmemory = 64\n");
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	EQS("", value(&w, "/vm/" UUID "/rtc/timeoffset"));
	EQS("", value(&w, "/local/domain/7/console/tty"));
	EQS("the store cannot read /local/domain/0/backend/vif: No such file or directory",
	    value(&w, "/local/domain/0/backend/vif"));
	EQS("the store cannot read /local/domain/7/serial/0/tty: No such file or directory",
	    value(&w, "/local/domain/7/serial/0/tty"));
	end(&w);
}

/* What a person has written to shut it down stays till somebody has seen it. */
TEST(changes)
{
	struct world w;

	begin(&w, rich);
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	OK(xs_write(w.x, "/local/domain/7/control/shutdown", "poweroff", NULL));
	EQS("3600", value(&w, "/vm/" UUID "/rtc/timeoffset"));
	w.r.name = "new";
	w.r.rtc_changed = true;
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	EQS("new", value(&w, "/local/domain/7/name"));
	EQS("new", value(&w, "/vm/" UUID "/name"));
	EQS("0", value(&w, "/vm/" UUID "/rtc/timeoffset"));
	EQS("poweroff", value(&w, "/local/domain/7/control/shutdown"));
	end(&w);
}

/* Two guests: one goes, all of the other stays. What somebody wrote in vm is not followed. */
TEST(one_of_two)
{
	char before[LISTED];
	struct world w;
	struct publish_runtime other = {.domid = 71, .uuid = "other", .dm_running = true};

	begin(&w, rich);
	OK(publish_all(w.x, &w.g, &other, NULL));
	strcpy(before, listed(&w));
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	OK(publish_remove(w.x, 7, NULL));
	EQS(before, listed(&w));
	OK(publish_all(w.x, &w.g, &w.r, NULL));
	OK(xs_write(w.x, "/local/domain/7/vm", "/vm/other/name", NULL));
	OK(publish_remove(w.x, 7, NULL));
	EQS("other", value(&w, "/vm/other/uuid"));
	OK(xs_write(w.x, "/local/domain/7/vm", "/local", NULL));
	OK(publish_remove(w.x, 7, NULL));
	EQS("71", value(&w, "/local/domain/71/domid"));
	end(&w);
}

TEST(store_gone)
{
	struct world w;
	struct err e = {""};

	begin(&w, rich);
	store_run_kill(&w.run);
	EQ(-EPIPE, publish_all(w.x, &w.g, &w.r, &e));
	CHECK(strstr(e.msg, "has gone"));
	EQ(-EPIPE, publish_remove(w.x, 7, NULL));
	end(&w);
}
