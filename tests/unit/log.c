/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "tests/test.h"

#include <stdio.h>
#include <unistd.h>

/* Runs body with the log going to a file; its text, cut to what fits. */
static const char *logged(void (*body)(void))
{
	static char text[65536];
	char path[] = "/tmp/hvm-log-XXXXXX";
	int fd = mkstemp(path);
	ssize_t n;

	MUST(fd >= 0);
	OK(log_open(path, NULL));
	log_set_name("t");
	body();
	log_close();
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	close(fd);
	unlink(path);
	return text;
}

static void levels_body(void)
{
	log_error("e %d", 1);
	log_warn("w");
	log_info("i");
	log_msg(LOG_DEBUG, "hidden");
	log_set_level(LOG_DEBUG);
	log_msg(LOG_DEBUG, "d");
	log_set_level(LOG_ERROR);
	log_warn("hidden");
}

TEST(levels)
{
	EQS("t: error: e 1\nt: warning: w\nt: i\nt: debug: d\n", logged(levels_body));
}

static void control_body(void)
{
	log_info("a\nb\x1b%c", 0x7f);
}

TEST(control_characters_are_escaped)
{
	EQS("t: a\\x0ab\\x1b\\x7f\n", logged(control_body));
}

static void flood_body(void)
{
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	for (int i = 0; i < 500; i++)
		log_trace("trace %d", i);
}

TEST(a_flood_is_cut_but_traces_pass)
{
	const char *text = logged(flood_body);
	unsigned lines = 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	EQ(200 + 500 + 1, lines);
	CHECK(strstr(text, "t: line 199\n"));
	CHECK(!strstr(text, "line 200\n"));
	CHECK(strstr(text, "trace 499\n"));
	CHECK(strstr(text, "t: warning: 800 more lines were dropped\n"));
}

static void long_body(void)
{
	char big[4000];

	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	log_info("%s", big);
}

TEST(a_long_line_is_cut)
{
	const char *text = logged(long_body);

	CHECK(strlen(text) <= 1024);
	EQ('\n', text[strlen(text) - 1]);
}

static void keep_line(void *arg, const char *line)
{
	snprintf(arg, 100, "%s", line);
}

TEST(trace_hook)
{
	char got[100];

	log_trace_hook(keep_line, got);
	log_trace("1 gong.stat %c", 'w');
	EQS("1 gong.stat w", got);
	log_trace_hook(NULL, NULL);
}

TEST(a_bad_file_is_named)
{
	struct err e = {0};

	CHECK(log_open("/nonexistent/log", &e) < 0);
	EQS("cannot open the log file /nonexistent/log: No such file or directory", e.msg);
	OK(log_open(NULL, &e));
	OK(log_open("", &e));
}
