/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all byte streams share, and those that need no peer. */
#include "char/chr.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct loop *loop;
static struct err err;
static char got[512], events[64];
static size_t room = 100;
static struct chr *to_close;

static size_t can_read(void *arg)
{
	(void)arg;
	return room;
}

static void do_read(void *arg, const uint8_t *buf, size_t len)
{
	(void)arg;
	CHECK(len <= room);
	strncat(got, (const char *)buf, len);
	room -= len;
	chr_close(to_close);
}

static void do_event(void *arg, enum chr_event ev)
{
	(void)arg;
	strcat(events, ev == CHR_OPENED ? "O" : ev == CHR_CLOSED ? "C" : "B");
}

static const struct chr_client client = {can_read, do_read, do_event, NULL};

static struct chr *open_ok(const char *text)
{
	struct chr *c;

	if (!loop)
		loop = loop_new(NULL);
	c = chr_open(loop, text, &err);
	EQS("", err.msg);
	MUST(c);
	return c;
}

static char *tmp_path(const char *name)
{
	static char dir[] = "/tmp/hvm-chr-XXXXXX", path[4][96];
	static unsigned n;

	if (strstr(dir, "XXXXXX"))
		MUST(mkdtemp(dir));
	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

static char *text_of(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	close(fd);
	return text;
}

static void tidy(struct chr *c)
{
	char cmd[128];

	chr_close(c);
	loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", tmp_path(""));
	if (system(cmd))
		return;
}

static const struct {
	const char *text, *sentence;
} bad[] = {
	{"null", "character device null lacks an id="},
	{"gong,id=a", "'gong' is none of file, null, pipe, pty, ringbuf, serial, socket, stdio"},
	{"udp,id=a", "character devices of type udp are not supported"},
	{"null,id=a,mux=on",
	 "chardev a: mux=on is not supported: use one character device for each"},
	{"null,id=a,mux=maybe", "chardev a: mux=maybe is neither on nor off"},
	{"null,id=a,path=x", "chardev a: a character device of type null has no option 'path', "
			     "only id mux logfile logappend "},
	{"file,id=a", "chardev a: a character device of type file lacks a path="},
	{"file,id=a,path=/nonexistent/x",
	 "chardev a: cannot open /nonexistent/x: No such file or directory"},
	{"pipe,id=a,path=/nonexistent/x",
	 "chardev a: cannot open /nonexistent/x: No such file or directory"},
	{"serial,id=a,path=/dev/null", "chardev a: /dev/null is no terminal"},
	{"ringbuf,id=a,size=1000", "chardev a: size of ringbuf chardev must be power of two"},
	{"ringbuf,id=a,size=-1", "chardev a: size=-1 is not a number up to 67108864"},
	{"null,id=a,logfile=/nonexistent/x",
	 "chardev a: cannot open /nonexistent/x: No such file or directory"},
};

TEST_EACH(bad_options, sizeof(bad) / sizeof(bad[0]), bad[i].text)
{
	struct err e = {0};

	loop = loop_new(NULL);
	CHECK(!chr_open(loop, bad[i].text, &e));
	EQS(bad[i].sentence, e.msg);
	loop_free(loop);
}

TEST(null_takes_all)
{
	struct chr *c = open_ok("null,id=n0");

	EQS("n0", chr_id(c));
	EQS("null", chr_filename(c));
	CHECK(chr_connected(c));
	EQ(3, chr_write(c, "abc", 3));
	EQ(-1, chr_take_fd(c));
	chr_attach(c, &client);
	EQS("O", events); /* there from the start */
	tidy(c);
	chr_close(NULL);
}

TEST(short_forms)
{
	static const struct {
		const char *spec, *name;
	} forms[] = {{"null", "null"}, {"ringbuf", "ringbuf"}};
	struct chr *c;

	loop = loop_new(NULL);
	for (size_t i = 0; i < 2; i++) {
		c = chr_open_short(loop, "serial0", forms[i].spec, &err);
		MUST(c);
		EQS("serial0", chr_id(c));
		EQS(forms[i].name, chr_filename(c));
		chr_close(c);
	}
	CHECK(!chr_open_short(loop, "serial0", "none", &err));
	EQS("", err.msg);
	CHECK(!chr_open_short(loop, "serial0", "gong:x", &err));
	CHECK(strstr(err.msg, "'gong:x' is no character device"));
	err_clear(&err);
	CHECK(!chr_open_short(loop, "serial0", "tcp:localhost", &err));
	EQS("tcp:localhost lacks a port: tcp:HOST:PORT", err.msg);
	loop_free(loop);
}

TEST(file_truncates_or_appends)
{
	char text[256], *path = tmp_path("f,1");
	struct chr *c;

	snprintf(text, sizeof(text), "file,id=f,path=%.*s,,1", (int)strlen(path) - 2, path);
	c = open_ok(text); /* ",," is one comma of the name */
	EQS("file", chr_filename(c));
	EQ(5, chr_write(c, "hello", 5));
	chr_close(c);
	EQS("hello", text_of(path));
	strcat(text, ",append=on");
	c = open_ok(text);
	chr_write(c, "+", 1);
	EQS("hello+", text_of(path));
	tidy(c);
}

TEST(logfile_gets_the_output)
{
	char text[256], *path = tmp_path("log");
	struct chr *c;

	snprintf(text, sizeof(text), "null,id=n,logfile=%s", path);
	c = open_ok(text);
	chr_write(c, "hello", 5);
	EQS("hello", text_of(path));
	tidy(c);
}

TEST(pipe_in_both_directions)
{
	char text[256], *in = tmp_path("p.in"), *out = tmp_path("p.out"), buf[8] = "";
	struct chr *c;
	int fd;

	MUST(!mkfifo(in, 0600) && !mkfifo(out, 0600));
	snprintf(text, sizeof(text), "pipe,id=p,path=%s", tmp_path("p"));
	c = open_ok(text);
	EQS("pipe", chr_filename(c));
	chr_attach(c, &client);
	fd = open(in, O_WRONLY | O_NONBLOCK);
	MUST(fd >= 0 && write(fd, "abc", 3) == 3);
	close(fd);
	loop_step(loop, 0);
	EQS("abc", got);
	chr_write(c, "xyz", 3);
	fd = open(out, O_RDONLY | O_NONBLOCK);
	EQ(3, read(fd, buf, sizeof(buf)));
	EQS("xyz", buf);
	close(fd);
	tidy(c);
}

TEST(pty_survives_its_users)
{
	struct chr *c = open_ok("pty,id=p");
	struct termios t;
	char buf[256] = "";
	int fd;

	CHECK(!strncmp(chr_filename(c), "pty:/dev/pts/", 13));
	chr_attach(c, &client);
	chr_write(c, "early\n", 6);
	for (int i = 0; i < 2; i++) { /* users come and go */
		fd = open(chr_filename(c) + 4, O_RDWR | O_NOCTTY);
		MUST(fd >= 0 && !tcgetattr(fd, &t));
		EQ(0, t.c_lflag & (ICANON | ECHO));
		EQ(6, read(fd, buf, sizeof(buf)));
		EQM("early\n", buf, 6); /* raw: no carriage return was added */
		MUST(write(fd, "x\r", 2) == 2);
		for (int n = 0; n < 100 && strlen(got) < 2u * (unsigned)(i + 1); n++)
			loop_step(loop, 50); /* the kernel moves it at its leisure */
		close(fd);
		EQ(0, loop_step(loop, 0)); /* no wake-ups for a hangup */
		chr_write(c, "early\n", 6);
	}
	EQS("x\rx\r", got);
	tidy(c);
}

/* The guest ends with these, and a console that reads has them. */
TEST(last_words_through_a_pty)
{
	struct chr *c = open_ok("pty,id=p");
	int fd = open(chr_filename(c) + 4, O_RDWR | O_NOCTTY), status;
	pid_t pid;

	MUST(fd >= 0);
	chr_attach(c, &client);
	pid = fork();
	if (!pid) { /* by exec, so that the other end is not in there too */
		dup2(fd, 9);
		execl("/bin/sh", "sh", "-c",
		      "echo ready >&9; read -r text <&9; [ \"$text\" = 'Power down' ]", NULL);
	}
	while (!strstr(got, "ready\n"))
		loop_step(loop, 100);
	chr_write(c, "Power down\n", 11);
	tidy(c);
	MUST(waitpid(pid, &status, 0) == pid);
	EQ(0, status);
	close(fd);
}

/* Nobody reads: no write blocks, and the ring has the newest 64 KiB. */
TEST(a_full_pty_never_stops_the_guest)
{
	static char buf[300000];
	struct chr *c = open_ok("pty,id=p");
	char line[16];
	size_t n = 0;
	ssize_t k;
	int fd;

	for (int i = 0; i < 40000; i++)
		chr_write(c, line, (size_t)sprintf(line, "%05d\n", i));
	fd = open(chr_filename(c) + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
	MUST(fd >= 0);
	for (int idle = 0; idle < 5;) {
		loop_step(loop, idle ? 20 : 0);
		k = read(fd, buf + n, sizeof(buf) - 1 - n);
		idle = k > 0 ? 0 : idle + 1;
		n += k > 0 ? (size_t)k : 0;
	}
	CHECK(n >= 64 << 10);
	CHECK(n < 140000);
	EQM("00000\n00001\n", buf, 12); /* what the kernel took at first */
	EQM("39998\n39999\n", buf + n - 12, 12);
	close(fd);
	tidy(c);
}

TEST(ringbuf_keeps_the_newest)
{
	struct chr *c = open_ok("ringbuf,id=r,size=8"), *null = open_ok("null,id=n");
	char buf[16] = "";

	chr_write(c, "0123456789", 10);
	EQ(3, chr_ringbuf_read(c, buf, 3));
	EQS("234", buf);
	chr_write(c, "ab", 2);
	EQ(7, chr_ringbuf_read(c, buf, sizeof(buf)));
	EQS("56789ab", buf);
	EQ(0, chr_ringbuf_read(c, buf, sizeof(buf)));
	CHECK(chr_ringbuf_read(null, buf, 1) < 0);
	chr_close(null);
	tidy(c);
}

/* ---- the fake one, as devices' tests use it ---- */

static char said[256];

static void heard(void *arg, const uint8_t *buf, size_t len)
{
	(void)arg;
	strncat(said, (const char *)buf, len);
}

TEST(fake_paces_and_reports)
{
	struct chr *c;

	loop = loop_new(NULL);
	c = chr_fake(loop, "f", heard, NULL);
	EQ(0, chr_inject(c, (const uint8_t *)"x", 1)); /* nobody listens */
	chr_attach(c, &client);
	room = 3;
	EQ(3, chr_inject(c, (const uint8_t *)"abcde", 5));
	EQS("abc", got);
	chr_write(c, "hi", 2);
	EQS("hi", said);
	chr_inject_event(c, CHR_CLOSED);
	CHECK(!chr_connected(c));
	chr_write(c, " later", 6); /* is kept for the next one */
	EQS("hi", said);
	chr_inject_event(c, CHR_BREAK);
	chr_inject_event(c, CHR_OPENED);
	EQS("hi later", said);
	EQS("OCBO", events);
	chr_set_reliable(c);
	chr_inject_event(c, CHR_CLOSED);
	chr_write(c, "lost", 4); /* but a monitor's answers are not */
	chr_inject_event(c, CHR_OPENED);
	EQS("hi later", said);
	chr_attach(c, NULL);
	EQ(0, chr_inject(c, (const uint8_t *)"x", 1));
	tidy(c);
}

TEST(closed_by_its_own_client)
{
	struct chr *c;

	loop = loop_new(NULL);
	c = to_close = chr_fake(loop, "f", heard, NULL);
	chr_attach(c, &client);
	EQ(2, chr_inject(c, (const uint8_t *)"ab", 2));
	loop_free(loop);
}

static int opened_flags;

static int my_open(const char *path, int flags, unsigned mode, struct err *e)
{
	(void)mode;
	opened_flags = flags;
	return err_set(e, -EACCES, "not %s", path);
}

TEST(host_files_are_opened_by_the_owner)
{
	loop = loop_new(NULL);
	chr_host_open = my_open;
	CHECK(!chr_open(loop, "file,id=f,path=/x", &err));
	EQS("chardev f: not /x", err.msg);
	EQ(O_WRONLY | O_CREAT | O_TRUNC, opened_flags);
	loop_free(loop);
}

/* ---- stdio: the test's own descriptors 0 and 1 are replaced ---- */

TEST(stdio_on_pipes)
{
	int in[2], out[2], saved = dup(1);
	char buf[16] = "";
	struct chr *c;

	MUST(!pipe(in) && !pipe(out));
	dup2(in[0], 0);
	dup2(out[1], 1);
	c = open_ok("stdio,id=s,signal=off");
	EQS("stdio", chr_filename(c));
	CHECK(!chr_open(loop, "stdio,id=t", &err));
	EQS("chardev t: cannot use stdio by multiple character devices", err.msg);
	chr_attach(c, &client);
	MUST(write(in[1], "abc", 3) == 3);
	loop_step(loop, 0);
	EQS("abc", got);
	chr_write(c, "xyz", 3);
	EQ(3, read(out[0], buf, sizeof(buf)));
	EQS("xyz", buf);
	close(in[0]);
	close(in[1]);
	loop_step(loop, 0);
	loop_step(loop, 0);
	EQS("OC", events); /* the end of input is told once … */
	EQ(0, loop_step(loop, 0));
	chr_write(c, "!", 1); /* … and output goes on */
	EQ(1, read(out[0], buf, sizeof(buf)));
	tidy(c);
	dup2(saved, 1);
	EQ(0, fcntl(0, F_GETFL) & O_NONBLOCK);
}

TEST(stdio_from_a_file)
{
	char *path = tmp_path("in");
	int fd = open(path, O_RDWR | O_CREAT, 0600), turns = 0;
	struct chr *c;

	MUST(write(fd, "one two three", 13) == 13);
	lseek(fd, 0, SEEK_SET);
	dup2(fd, 0);
	room = 4;
	c = open_ok("stdio,id=s");
	chr_attach(c, &client);
	loop_step(loop, 0);
	EQS("one ", got);
	EQ(0, loop_step(loop, 0)); /* no room, no turns */
	room = 100;
	chr_kick(c);
	while (strcmp(events, "OC") && turns++ < 10)
		loop_step(loop, 0);
	EQS("one two three", got);
	EQS("OC", events);
	close(fd);
	tidy(c);
}
