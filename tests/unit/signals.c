/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signals that end a process are heard in the loop, and only there. */
#include "base/signals.h"

#include "tests/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned heard;

static void hear(void *arg)
{
	heard++;
	loop_quit(arg, 7);
}

/* In a process of its own: signals stay blocked. */
static int child(int signal)
{
	struct loop *l = loop_new(NULL);

	if (!l || signals_watch(l, hear, l, NULL))
		return 1;
	kill(getpid(), signal);
	if (heard)
		return 2;
	return loop_run(l) == 7 && heard == 1 ? 0 : 3;
}

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
static const char *const names[] = {"TERM", "INT", "HUP"};

TEST_EACH(end_in_the_loop, 3, names[i])
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(child(signals[i]));
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid);
	EQ(0, status);
}
