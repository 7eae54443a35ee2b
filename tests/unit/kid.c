/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes whose end is noticed. */
#include "proc/kid.h"

#include "tests/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct box {
	struct loop *l;
	struct kid k;
	unsigned ended;
};

static void ended(void *arg, struct kid *k)
{
	struct box *b = arg;

	CHECK(k == &b->k && !k->pid && !k->watch);
	b->ended++;
}

/* program runs in hvm-dm's place. */
static int start(struct box *b, const char *program, struct err *e)
{
	struct spawn s = {.outlives = true};

	*b = (struct box){.l = loop_new(NULL)};
	b->k = (struct kid){.program = "hvm-dm", .loop = b->l, .ended = ended, .arg = b};
	spawn_program = program;
	spawn_arg(&s, "hvm-dm");
	spawn_arg(&s, "/dev/zero"); /* for cat: without end */
	return kid_start(&b->k, &s, e);
}

static void await_end(struct box *b)
{
	for (unsigned i = 0; i < 100 && !b->ended; i++)
		loop_step(b->l, 100);
	EQ(1, b->ended);
	EQ(0, b->k.pid);
}

TEST(its_end_is_noticed)
{
	struct box b;

	OK(start(&b, "/bin/false", NULL));
	CHECK(b.k.pid > 0);
	await_end(&b);
	EQ(1, WEXITSTATUS(b.k.status));
	kid_signal(&b.k, SIGKILL); /* nobody's */
	kid_free(&b.k);
	EQ(1, b.ended);
	loop_free(b.l);
}

TEST(a_signal)
{
	struct box b;

	OK(start(&b, "/bin/cat", NULL));
	EQ(0, loop_step(b.l, 0));
	kid_signal(&b.k, SIGTERM);
	await_end(&b);
	EQ(SIGTERM, WTERMSIG(b.k.status));
	loop_free(b.l);
}

/* And says nothing. */
TEST(free_kills)
{
	struct box b;
	pid_t pid;

	OK(start(&b, "/bin/cat", NULL));
	pid = b.k.pid;
	kid_free(&b.k);
	EQ(SIGKILL, WTERMSIG(b.k.status));
	EQ(-1, kill(pid, 0));
	EQ(0, b.k.pid);
	EQ(0, loop_step(b.l, 0));
	EQ(0, b.ended);
	loop_free(b.l);
}

TEST(no_such_program)
{
	struct spawn empty = {.outlives = true};
	struct err e = {""};
	struct box b;

	OK(start(&b, "/bin/true", NULL));
	await_end(&b);
	loop_free(b.l);
	spawn_program = NULL;
	b.l = loop_new(NULL);
	b.k.loop = b.l;
	CHECK(kid_start(&b.k, &empty, &e) < 0);
	CHECK(e.msg[0]);
	EQ(0, b.k.pid);
	kid_free(&b.k);
	loop_free(b.l);
}
