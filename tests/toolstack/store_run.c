/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/toolstack/store_run.h"

#include "tests/test.h"
#include "toolstack/store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whoever connects and asks hears the same. */
static void answer_all(int fd, const void *answer, size_t len)
{
	for (;;) {
		int c = accept(fd, NULL, NULL);
		char buf[4096];

		if (len && recv(c, buf, sizeof(buf), 0) > 0)
			send(c, answer, len, MSG_NOSIGNAL);
		if (len)
			recv(c, buf, sizeof(buf), 0); /* till it hangs up */
	}
}

static void serve(struct store_run *r, const void *answer, size_t len, int ready)
{
	struct loop *l = loop_new(NULL);
	struct store *s = store_new(&store_limits, NULL);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!answer && store_server_new(s, l, r->path, NULL)) {
		(void)!write(ready, "", 1);
		loop_run(l);
	} else if (answer) {
		struct sockaddr_un at = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		strcpy(at.sun_path, r->path);
		if (!bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, 4) &&
		    write(ready, "", 1) == 1)
			answer_all(fd, answer, len);
	}
	_exit(1);
}

struct store_run store_run_new(const void *answer, size_t len)
{
	struct store_run r = {.dir = "/tmp/hvm-xs-XXXXXX"};
	int ready[2];
	char byte;

	MUST(mkdtemp(r.dir) && !pipe(ready));
	snprintf(r.path, sizeof(r.path), "%s/socket", r.dir);
	r.pid = fork();
	if (!r.pid) {
		close(ready[0]);
		serve(&r, answer, len, ready[1]);
	}
	close(ready[1]);
	EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
	return r;
}

void store_run_kill(struct store_run *r)
{
	if (r->pid > 0)
		kill(r->pid, SIGKILL);
	if (r->pid > 0)
		waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

void store_run_free(struct store_run *r)
{
	store_run_kill(r);
	unlink(r->path);
	OK(rmdir(r->dir));
}
