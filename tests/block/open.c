/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/open.c: opening images: names, formats, locks between processes. */
#include "base/util.h"
#include "block/blk.h"
#include "tests/hw/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static struct err error;

static struct blk *open_with(const char *file, const char *format, bool readonly)
{
	const struct blk_options o = {.file = file, .format = format, .readonly = readonly};

	if (!loop)
		loop = loop_new(&error);
	err_clear(&error);
	return blk_open(loop, &o, &error);
}

static void finish(void)
{
	loop_free(loop);
	loop = NULL;
}

static void put(const char *file, uint64_t at, const void *bytes, size_t len)
{
	int fd = open(file, O_WRONLY);

	MUST(fd >= 0 && pwrite(fd, bytes, len, (off_t)at) == (ssize_t)len);
	close(fd);
}

TEST(failures_say_the_file)
{
	CHECK(!open_with("/nonexistent/disk", "raw", false));
	EQS("cannot open /nonexistent/disk: No such file or directory", error.msg);
	CHECK(!open_with("/tmp", "raw", true));
	EQS("/tmp is neither a file nor a block device", error.msg);
	CHECK(!open_with("fd:nonsense", "raw", true));
	CHECK(strstr(error.msg, "fd:nonsense"));
	CHECK(!open_with("fd:999", "raw", true));
	CHECK(strstr(error.msg, "Bad file descriptor"));
	CHECK(!open_with("/dev/fdset/3", "raw", true));
	CHECK(strstr(error.msg, "/dev/fdset/3"));
	finish();
}

TEST(unknown_cache_mode)
{
	const char *file = bus_tmpfile(4096);
	const struct blk_options o = {.file = file, .format = "raw", .cache = "fast"};

	loop = loop_new(&error);
	CHECK(!blk_open(loop, &o, &error));
	CHECK(strstr(error.msg, "cache=fast is not one of"));
	finish();
}

static const struct {
	const char *name;
	unsigned at;
	const char *bytes;
	unsigned len;
} foreign[] = {
	{"qed", 0, "QED", 4},       {"vmdk", 0, "KDMV", 4},
	{"vhdx", 0, "vhdxfile", 8}, {"vdi", 64, "\x7f\x10\xda\xbe", 4},
	{"vpc", 0, "conectix", 8},  {"luks", 0, "LUKS\xba\xbe", 6},
};

TEST_EACH(foreign_formats_are_not_taken_for_raw, ARRAY_SIZE(foreign), foreign[i].name)
{
	const char *file = bus_tmpfile(4096);
	char want[64];
	struct blk *b;

	put(file, foreign[i].at, foreign[i].bytes, foreign[i].len);
	CHECK(!open_with(file, NULL, false));
	snprintf(want, sizeof(want), "image format '%s' is not supported", foreign[i].name);
	CHECK(strstr(error.msg, want));
	b = open_with(file, "raw", false); /* said so: then it is */
	CHECK(b);
	blk_close(b);
	CHECK(!open_with(file, "qcow9", false));
	CHECK(strstr(error.msg, "qcow9"));
	finish();
}

static int result;

static void done(struct blk_req *r, int rc)
{
	(void)r;
	result = rc;
}

static int write_first(struct blk *b, const void *bytes, size_t len)
{
	static struct blk_req r;
	static uint8_t sector[1024];

	memset(sector, 0, sizeof(sector));
	memcpy(sector, bytes, len);
	r = (struct blk_req){.op = BLK_WRITE, .bytes = 1024, .done = done};
	r.iov[0] = (struct iovec){sector, 100}; /* the header is looked for across pieces */
	r.iov[1] = (struct iovec){sector + 100, 924};
	r.iovcnt = 2;
	blk_submit(b, &r);
	blk_drain(b);
	return result;
}

TEST(probed_raw_stays_raw)
{
	const char *file = bus_tmpfile(4096);
	struct blk *b = open_with(file, NULL, false);

	MUST(b);
	EQS("raw", blk_format(b));
	EQ((unsigned)-EPERM, (unsigned)write_first(b, "QFI\xfb", 4));
	EQ(0, write_first(b, "MBR", 3));
	blk_close(b);
	b = open_with(file, "raw", false); /* named: no guard */
	MUST(b);
	EQ(0, write_first(b, "QFI\xfb", 4));
	blk_close(b);
	finish();
}

/* ---- by descriptor ---- */

static int from_set(const char *name, int flags, unsigned mode, struct err *e)
{
	if (!strcmp(name, "secret"))
		return err_set(e, -EPERM, "it is not for you");
	EQS("/dev/fdset/7", name);
	EQ(0, mode);
	EQ(O_RDONLY, flags & O_ACCMODE);
	return open("/proc/self/exe", O_RDONLY);
}

TEST(descriptors)
{
	char name[32];
	int fd = open(bus_tmpfile(8192), O_RDWR);
	struct blk *b;

	snprintf(name, sizeof(name), "fd:%d", fd);
	b = open_with(name, "raw", false);
	MUST(b);
	EQ(8192, blk_bytes(b));
	EQ(0, write_first(b, "x", 1));
	blk_close(b);
	CHECK(fcntl(fd, F_GETFD) >= 0); /* still the caller's */
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY);
	snprintf(name, sizeof(name), "fd:%d", fd);
	CHECK(!open_with(name, "raw", false));
	CHECK(strstr(error.msg, "for reading only"));
	close(fd);
	blk_host_open = from_set;
	b = open_with("/dev/fdset/7", "raw", true);
	CHECK(b);
	blk_close(b);
	CHECK(!open_with("secret", "raw", true));
	EQS("it is not for you", error.msg);
	finish();
}

/* ---- locks ---- */

/* In a child, as another process: 0 when it could open, 1 and the sentence on *msg when not. */
static int elsewhere(const char *file, bool readonly, char *msg, size_t len)
{
	int p[2], status;
	ssize_t n;
	pid_t pid;

	MUST(!pipe(p));
	pid = fork();
	if (!pid) {
		struct err e = {""};
		struct loop *l = loop_new(&e);
		struct blk_options o = {.file = file, .format = "raw", .readonly = readonly};
		struct blk *b = blk_open(l, &o, &e);
		n = write(p[1], e.msg, strlen(e.msg));
		_exit(!b);
	}
	close(p[1]);
	n = read(p[0], msg, len - 1);
	msg[n > 0 ? n : 0] = 0;
	close(p[0]);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

TEST(one_writer)
{
	const char *file = bus_tmpfile(4096);
	struct blk *b = open_with(file, "raw", false);
	char msg[600], want[64];

	MUST(b);
	EQ(1, elsewhere(file, false, msg, sizeof(msg)));
	snprintf(want, sizeof(want), "is in use by process %d", (int)getpid());
	if (!CHECK(strstr(msg, want)))
		NOTE("%s", msg);
	EQ(1, elsewhere(file, true, msg, sizeof(msg)));
	CHECK(strstr(msg, "is being written by process"));
	CHECK(!open_with(file, "raw", false));
	CHECK(strstr(error.msg, "by another drive of this guest"));
	blk_close(b);
	EQ(0, elsewhere(file, false, msg, sizeof(msg)));
	finish();
}

TEST(many_readers)
{
	const char *file = bus_tmpfile(4096);
	struct blk *a = open_with(file, "raw", true), *b = open_with(file, "raw", true);
	char msg[600];

	MUST(a && b);
	EQ(0, elsewhere(file, true, msg, sizeof(msg)));
	EQ(1, elsewhere(file, false, msg, sizeof(msg)));
	blk_close(a);
	blk_close(b);
	finish();
}

TEST(no_lock_when_told)
{
	const char *file = bus_tmpfile(4096);
	const struct blk_options o = {.file = file, .format = "raw", .no_lock = true};
	struct blk *a = open_with(file, "raw", false), *b = blk_open(loop, &o, &error);

	CHECK(a && b);
	blk_close(b);
	blk_close(a);
	finish();
}

/* QEMU shows that it writes by a shared lock on byte 101, that nobody else may by one on 201. */
TEST(locks_that_qemu_holds)
{
	const char *file = bus_tmpfile(4096);
	struct flock fl = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
	int fd = open(file, O_RDWR);
	struct blk *b;

	MUST(!fcntl(fd, F_OFD_SETLK, &fl)); /* a QEMU that reads */
	CHECK(!open_with(file, "raw", false));
	b = open_with(file, "raw", true);
	CHECK(b);
	fl.l_type = F_WRLCK; /* how a QEMU that wants to write asks */
	fl.l_start = 203;
	MUST(!fcntl(fd, F_OFD_GETLK, &fl));
	EQ(F_RDLCK, fl.l_type);
	blk_close(b);
	close(fd);
	finish();
}
