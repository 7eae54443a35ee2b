/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hvm-dm may have opened: the guest's disks, the discs put in and what lies under them. */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct box {
	struct sup s;
	struct disk disks[3];
	char dir[40];
	struct err e;
};

static char *path(struct box *b, const char *name)
{
	static char text[4][PATH_MAX];
	static unsigned n;
	char *p = text[n++ % 4];

	snprintf(p, PATH_MAX, "%s/%s", b->dir, name);
	return p;
}

static void open_box(struct box *b)
{
	*b = (struct box){.dir = "/tmp/hvm-sup-files-XXXXXX"};
	MUST(mkdtemp(b->dir));
	b->s.guest.name = (char *)"web";
	b->s.guest.disks = b->disks;
	b->s.guest.n_disks = 3; /* the last one: an empty drive */
	b->disks[0] = (struct disk){.target = strdup(path(b, "disk")), .writable = true};
	b->disks[1] = (struct disk){.target = strdup(path(b, "cd")), .cdrom = true};
	OK(sup_files_new(&b->s, &b->e));
	log_set_level(LOG_ERROR);
}

static void close_box(struct box *b)
{
	char command[64];

	sup_files_free(&b->s);
	free(b->disks[0].target);
	free(b->disks[1].target);
	snprintf(command, sizeof(command), "rm -r %s", b->dir);
	EQ(0, system(command));
}

static void put(const char *name, const void *bytes, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static int try_open(struct box *b, const char *name, int flags)
{
	int fd;

	err_clear(&b->e);
	fd = sup_files_open(&b->s, name, flags, 0644, &b->e);
	if (fd >= 0)
		close(fd);
	return MIN(fd, 0);
}

TEST(disks_and_nothing_else)
{
	struct box b;
	char want[200];

	open_box(&b);
	put(path(&b, "disk"), "", 0);
	put(path(&b, "cd"), "", 0);
	put(path(&b, "other"), "", 0);
	EQ(0, try_open(&b, path(&b, "disk"), O_RDWR | O_DIRECT));
	EQ(0, try_open(&b, path(&b, "disk"), O_RDONLY));
	EQ(0, try_open(&b, path(&b, "cd"), O_RDONLY));
	EQ(-EACCES, try_open(&b, path(&b, "cd"), O_RDWR));
	EQ(-EACCES, try_open(&b, path(&b, "cd"), O_WRONLY));
	EQ(-EACCES, try_open(&b, path(&b, "other"), O_RDONLY));
	snprintf(want, sizeof(want), "cannot open %s: it is not among the guest's files",
		 path(&b, "other"));
	EQS(want, b.e.msg);
	EQ(-EACCES, try_open(&b, path(&b, "./disk"), O_RDONLY));
	EQ(-EACCES, try_open(&b, path(&b, ""), O_RDONLY));
	EQ(-EACCES, try_open(&b, "", O_RDONLY));
	close_box(&b);
}

static const int not_so[] = {O_CREAT, O_TRUNC, O_TMPFILE, O_PATH, O_APPEND, O_DIRECTORY, 1 << 30};

TEST_EACH(not_so, ARRAY_SIZE(not_so), "")
{
	struct box b;

	open_box(&b);
	put(path(&b, "disk"), "x", 1);
	EQ(-EACCES, try_open(&b, path(&b, "disk"), O_RDWR | not_so[i]));
	EQ(0, try_open(&b, path(&b, "disk"), O_RDWR));
	close_box(&b);
}

/* Opening it must not wait for somebody. */
TEST(neither_a_fifo_nor_a_terminal)
{
	struct box b;

	open_box(&b);
	OK(mkfifo(path(&b, "cd"), 0600));
	alarm(5);
	EQ(-EINVAL, try_open(&b, path(&b, "cd"), O_RDONLY));
	CHECK(strstr(b.e.msg, "/cd: neither a file nor a disk"));
	alarm(0);
	OK(sup_files_allow(&b.s, "/dev/tty", true));
	EQ(-EINVAL, try_open(&b, "/dev/tty", O_RDWR));
	EQ(-ENOENT, try_open(&b, path(&b, "disk"), O_RDWR));
	close_box(&b);
}

/* What may be written once may be written again: the same disk named twice. */
TEST(allowed_twice)
{
	struct box b;

	open_box(&b);
	put(path(&b, "cd"), "", 0);
	OK(sup_files_allow(&b.s, path(&b, "cd"), true));
	OK(sup_files_allow(&b.s, path(&b, "cd"), false));
	EQ(0, try_open(&b, path(&b, "cd"), O_RDWR));
	close_box(&b);
}

/* ---- chains ---- */

static void put_be(uint8_t *p, uint64_t v, unsigned n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* The head of a qcow2 image over `under` (NULL: none), whose format is said, or not (NULL). */
static size_t make_head(uint8_t h[2048], const char *under, const char *format)
{
	size_t at = 104, n = under ? strlen(under) : 0;

	memset(h, 0, 2048);
	memcpy(h, "QFI\xfb", 4);
	put_be(h + 4, 3, 4);
	put_be(h + 20, 16, 4);
	put_be(h + 100, 104, 4);
	put_be(h + at, 0x6803f857, 4); /* features: 5 bytes, padded to 8 */
	put_be(h + at + 4, 5, 4);
	at += 16;
	if (format) {
		put_be(h + at, 0xe2792aca, 4);
		put_be(h + at + 4, strlen(format), 4);
		memcpy(h + at + 8, format, strlen(format));
		at += 8 + (strlen(format) + 7) / 8 * 8;
	}
	at += 8;
	if (under) {
		put_be(h + 8, at, 8);
		put_be(h + 16, n, 4);
		memcpy(h + at, under, n);
	}
	return at + n;
}

static void put_image(const char *name, const char *under, const char *format)
{
	uint8_t h[2048];

	put(name, h, make_head(h, under, format));
}

/* 1: it may be read. */
static int allowed(struct box *b, const char *name)
{
	int rc = try_open(b, name, O_RDONLY);

	EQ(-EACCES, try_open(b, name, O_RDWR));
	return rc != -EACCES;
}

TEST(a_chain)
{
	struct box b;

	open_box(&b);
	OK(mkdir(path(&b, "sub"), 0700));
	put_image(path(&b, "top"), "sub/middle", "qcow2");
	put_image(path(&b, "sub/middle"), "file:low", "qcow2");
	put_image(path(&b, "sub/low"), path(&b, "raw"), "raw");
	put_image(path(&b, "raw"), "secret", "qcow2"); /* what looks like an image in a raw one */
	put(path(&b, "secret"), "", 0);
	OK(sup_files_allow_chain(&b.s, path(&b, "top"), "qcow2"));
	EQ(1, allowed(&b, path(&b, "top")));
	EQ(1, allowed(&b, path(&b, "sub/middle")));
	EQ(1, allowed(&b, path(&b, "sub/low")));
	EQ(1, allowed(&b, path(&b, "raw")));
	EQ(0, allowed(&b, path(&b, "secret")));
	close_box(&b);
}

/* A raw disc that looks like an image names nothing; one of no named format leads no further. */
TEST(formats_are_not_guessed)
{
	struct box b;

	open_box(&b);
	put_image(path(&b, "top"), "middle", NULL);
	put_image(path(&b, "middle"), "secret", "raw");
	OK(sup_files_allow_chain(&b.s, path(&b, "top"), "raw"));
	EQ(1, allowed(&b, path(&b, "top")));
	EQ(0, allowed(&b, path(&b, "middle")));
	OK(sup_files_allow_chain(&b.s, path(&b, "top"), "qcow2"));
	EQ(1, allowed(&b, path(&b, "middle")));
	EQ(0, allowed(&b, path(&b, "secret")));
	close_box(&b);
}

TEST(a_chain_without_end)
{
	char name[16], next[16];
	struct box b;

	open_box(&b);
	put_image(path(&b, "loop"), "loop", "qcow2");
	OK(sup_files_allow_chain(&b.s, path(&b, "loop"), "qcow2"));
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		snprintf(next, sizeof(next), "f%u", i + 1);
		put_image(path(&b, name), next, "qcow2");
	}
	OK(sup_files_allow_chain(&b.s, path(&b, "f0"), "qcow2"));
	EQ(1, allowed(&b, path(&b, "f32")));
	EQ(0, allowed(&b, path(&b, "f33")));
	close_box(&b);
}

TEST(chains_to_other_places)
{
	static const char *const names[] = {"nbd://host/x", "json:{}", "fd:3", "nbd:x"};
	struct box b;

	open_box(&b);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		put_image(path(&b, "top"), names[i], "raw");
		OK(sup_files_allow_chain(&b.s, path(&b, "top"), "qcow2"));
		EQ(0, allowed(&b, names[i]));
		EQ(0, allowed(&b, path(&b, names[i])));
	}
	OK(sup_files_allow_chain(&b.s, path(&b, "none"), "qcow2"));
	EQ(1, allowed(&b, path(&b, "none"))); /* it is hvm-dm that says it is not there */
	close_box(&b);
}

/* Each byte of a head made anything: nothing is read beyond it, and the name is the only file. */
TEST(damaged_heads)
{
	uint8_t h[2048], damaged[2048];
	size_t n = make_head(h, "under", "qcow2");
	struct box b;

	open_box(&b);
	put(path(&b, "under"), "", 0);
	for (size_t at = 4; at < 120; at++)
		for (unsigned v = 0; v < 3; v++) {
			memcpy(damaged, h, n);
			damaged[at] = (uint8_t[]){0, 0x7f, 0xff}[v];
			put(path(&b, "top"), damaged, n);
			OK(sup_files_allow_chain(&b.s, path(&b, "top"), "qcow2"));
		}
	for (size_t len = 0; len < n; len++) {
		put(path(&b, "top"), h, len);
		OK(sup_files_allow_chain(&b.s, path(&b, "top"), "qcow2"));
	}
	close_box(&b);
}
