/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a guest when it ends, by its configuration; events are made up, /bin/cat and
 * /bin/true stand for processes. */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/util.h"
#include "tests/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/hvm-sup-life-XXXXXX";

struct box {
	struct sup s;
	struct child child;
	int lock; /* the guest's */
};

static void open_box(struct box *b, const char *setting)
{
	char text[200], path[80];
	struct err e = {""};
	int n = snprintf(text, sizeof(text), "name='web'\nmemory=16\n%s", setting);

	MUST(mkdtemp(dir) && !setenv("HVM_RUN_DIR", dir, 1) && !setenv("HVM_LOG_DIR", dir, 1));
	snprintf(path, sizeof(path), "%s/web.log", dir);
	log_set_level(LOG_ERROR);
	*b = (struct box){.s = {.state = SUP_RUNNING, .loop = loop_new(NULL)}, .child.control = -1};
	b->s.child = &b->child;
	OK(cfg_read(&b->s.cfg, "g.cfg", text, (size_t)n, &e));
	OK(guest_read(&b->s.guest, &b->s.cfg, NULL, &e));
	OK(sup_life_open(&b->s, &e));
	OK(rundir_new("web", &b->s.domid, &b->lock, &e));
	b->s.log = guest_log_open(b->s.loop, path, false, &e);
	b->s.core = (struct kid){.program = "hvm-core", .ended = sup_kid_ended, .arg = b};
	b->s.dm = (struct kid){.program = "hvm-dm", .ended = sup_kid_ended, .arg = b};
	b->s.another = (struct kid){.program = "hvm", .ended = sup_kid_ended, .arg = b};
	b->s.core.loop = b->s.dm.loop = b->s.another.loop = b->s.loop;
	EQS("", e.msg);
}

static void close_box(struct box *b)
{
	char command[64];

	kid_free(&b->s.core);
	kid_free(&b->s.dm);
	kid_free(&b->s.another);
	sup_store_leave(&b->s);
	guest_log_free(b->s.log);
	alarm_free(&b->s.deadline);
	alarm_free(&b->s.publish);
	guest_free(&b->s.guest);
	cfg_free(&b->s.cfg);
	close(b->lock);
	loop_free(b->s.loop);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	EQ(0, system(command));
}

static void run(struct kid *k, const char *program)
{
	struct spawn s = {.outlives = true};

	spawn_program = program;
	spawn_arg(&s, k->program);
	spawn_arg(&s, "/dev/zero");
	OK(kid_start(k, &s, NULL));
}

static void event(struct box *b, const char *name, const char *key, const char *value)
{
	json_t *data = json_pack("{ss}", key, value);

	sup_event(&b->s, name, data);
	json_decref(data);
}

/* on_… = its word; hvm-dm's reason; young: it has just been started. */
static const struct {
	const char *setting, *reason;
	bool young;
	enum sup_state state;
	const char *why;
} ends[] = {
	{"", "guest-shutdown", true, SUP_ENDING, "poweroff"},
	{"", "guest-reset", true, SUP_STARTING, "reboot"},
	{"", "guest-panic", true, SUP_ENDING, "crash"},
	{"on_poweroff='destroy'", "guest-shutdown", false, SUP_ENDING, "poweroff"},
	{"on_poweroff='restart'", "guest-shutdown", true, SUP_STARTING, "poweroff"},
	{"on_poweroff='preserve'", "guest-shutdown", false, SUP_SHUTDOWN, "poweroff"},
	{"on_poweroff='rename-restart'", "guest-shutdown", false, SUP_SHUTDOWN, "poweroff"},
	{"on_reboot='destroy'", "guest-reset", false, SUP_ENDING, "reboot"},
	{"on_reboot='preserve'", "guest-reset", false, SUP_SHUTDOWN, "reboot"},
	{"on_reboot='soft-reset'", "guest-reset", false, SUP_STARTING, "reboot"},
	{"on_crash='restart'", "guest-panic", false, SUP_STARTING, "crash"},
	{"on_crash='restart'", "guest-panic", true, SUP_ENDING, "crash"}, /* no crash loop */
	{"on_crash='preserve'", "guest-panic", true, SUP_CRASHED, "crash"},
	{"on_crash='coredump-destroy'", "guest-panic", false, SUP_ENDING, "crash"},
	{"on_crash='coredump-restart'", "guest-panic", false, SUP_STARTING, "crash"},
	{"on_crash='rename-restart'", "guest-panic", false, SUP_CRASHED, "crash"},
	{"on_crash='rename-restart'", "guest-panic", true, SUP_ENDING, "crash"},
};

static const char *end_name(size_t i)
{
	static char text[80];

	snprintf(text, sizeof(text), "%s %s%s", ends[i].setting, ends[i].reason,
		 ends[i].young ? " young" : "");
	return text;
}

TEST_EACH(ends, ARRAY_SIZE(ends), end_name(i))
{
	struct box b;

	open_box(&b, ends[i].setting);
	b.s.started = time(NULL) - (ends[i].young ? 0 : 1000);
	run(&b.s.dm, "/bin/cat");
	event(&b, "SHUTDOWN", "reason", ends[i].reason);
	EQ(ends[i].state, b.s.state);
	EQS(ends[i].why, b.s.reason);
	EQ(ends[i].state == SUP_ENDING || ends[i].state == SUP_STARTING, b.s.stopped != NULL);
	EQ(!!strstr(ends[i].setting, "rename") && !ends[i].young, b.s.renames);
	event(&b, "SHUTDOWN", "reason", "guest-reset"); /* it has ended already */
	EQ(ends[i].state, b.s.state);
	EQS(ends[i].why, b.s.reason);
	close_box(&b);
}

/* hvm-dm is told to end, then the other guest is made; this one is renamed and keeps its core. */
TEST(rename_restart)
{
	char name[RUNDIR_NAME];
	struct box b;

	open_box(&b, "on_poweroff='rename-restart'");
	run(&b.s.core, "/bin/cat");
	run(&b.s.dm, "/bin/cat");
	spawn_program = "/bin/true"; /* in hvm's place */
	event(&b, "SHUTDOWN", "reason", "guest-shutdown");
	for (unsigned i = 0; i < 100 && (b.s.dm.pid || b.s.another.pid); i++)
		loop_step(b.s.loop, 100);
	EQ(SIGTERM, WTERMSIG(b.s.dm.status));
	EQ(0, b.s.another.pid);
	EQ(0, b.s.another.status);
	OK(rundir_name(b.s.domid, name));
	EQ(0, strncmp("web-20", name, 6));
	EQS(name, b.s.guest.name);
	EQ(SUP_SHUTDOWN, b.s.state);
	CHECK(b.s.core.pid > 0);
	close_box(&b);
}

/* A process that nobody told to end is a crash, whichever it is. */
TEST_EACH(killed, 2, i ? "hvm-dm" : "hvm-core")
{
	struct box b;
	struct kid *k = i ? &b.s.dm : &b.s.core;

	open_box(&b, "on_crash='preserve'");
	run(k, "/bin/cat");
	kid_signal(k, SIGKILL);
	for (unsigned n = 0; n < 100 && k->pid; n++)
		loop_step(b.s.loop, 100);
	EQ(SUP_CRASHED, b.s.state);
	close_box(&b);
}

/* hvm-dm first, the core then; what does not listen is killed at the deadline. */
TEST(stop_in_order)
{
	struct box b;

	open_box(&b, "");
	run(&b.s.core, "/bin/cat");
	run(&b.s.dm, "/bin/cat");
	sup_end(&b.s, "destroy");
	CHECK(alarm_is_set(&b.s.deadline));
	EQ(0, loop_run(b.s.loop));
	EQ(SIGTERM, WTERMSIG(b.s.dm.status));
	EQ(SIGTERM, WTERMSIG(b.s.core.status));
	EQ(0, b.s.core.pid);
	EQS("destroy", b.s.reason);
	close_box(&b);
}

TEST(nothing_runs_any_more)
{
	struct box b;

	open_box(&b, "");
	sup_end(&b.s, "destroy");
	EQ(0, loop_run(b.s.loop));
	close_box(&b);
}

TEST(paused_and_resumed)
{
	struct box b;

	open_box(&b, "");
	sup_event(&b.s, "RESUME", NULL);
	EQ(SUP_RUNNING, b.s.state);
	sup_event(&b.s, "STOP", NULL);
	EQ(SUP_PAUSED, b.s.state);
	sup_event(&b.s, "RESUME", NULL);
	EQ(SUP_RUNNING, b.s.state);
	sup_event(&b.s, "RESET", NULL);
	EQ(1, b.s.reboots);
	sup_event(&b.s, "NOBODY_KNOWS", NULL);
	sup_event(&b.s, "SHUTDOWN", NULL); /* without a reason: off */
	EQS("poweroff", b.s.reason);
	close_box(&b);
}

/* A guest that sets its clock all the time does not keep the store busy, which all guests share. */
TEST(the_clock)
{
	json_t *far = json_pack("{sI}", "offset", (json_int_t)INT64_MIN);
	struct itimerspec left;
	struct box b;

	open_box(&b, "");
	for (int i = 1; i < 1000; i++) {
		json_t *data = json_pack("{si}", "offset", i);

		sup_event(&b.s, "RTC_CHANGE", data);
		json_decref(data);
	}
	EQ(999, b.s.rtc_offset);
	CHECK(!b.s.xs); /* it would be connected by now */
	timerfd_gettime(b.s.publish.fd, &left);
	CHECK(left.it_value.tv_sec < 1 && left.it_value.tv_nsec > 0);
	sup_event(&b.s, "RTC_CHANGE", far);
	EQ(999, b.s.rtc_offset);
	json_decref(far);
	close_box(&b);
}
