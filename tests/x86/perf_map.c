/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/x86/perf_map.h"

#include "tests/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[40], text[400];

static const char *read_file(void)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = 0;
	return text;
}

static struct perf_map *open_map(void)
{
	struct err e = {""};
	struct perf_map *p;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	p = perf_map_open(&e);
	NOTE("%s", e.msg);
	MUST(p);
	return p;
}

TEST(a_line_for_each_piece_at_once)
{
	struct perf_map *p = open_map();
	struct stat st;

	perf_map_add(p, (const void *)0x7f0000001000, 0x1f0, 0xffffffff81000000u | ~0ull << 32, 64);
	perf_map_add(p, (const void *)0x7f00000011f0, 16, 0x7c00, 16);
	perf_map_add_named(p, (const void *)0x7f0000000000, 4096, "stubs");
	EQS("7f0000001000 1f0 guest64:ffffffff81000000\n7f00000011f0 10 guest16:7c00\n"
	    "7f0000000000 1000 stubs\n",
	    read_file());
	OK(stat(path, &st));
	EQ(0600, st.st_mode & 0777);
	perf_map_close(p);
	EQ(0, access(path, F_OK)); /* for perf report, after the end */
	unlink(path);
}

/* What is there already, of anybody, is not written through. */
TEST(a_link_is_not_followed)
{
	char to[] = "/tmp/hvm-perf-XXXXXX";
	int fd = mkstemp(to);
	struct perf_map *p;
	struct stat st;

	MUST(fd >= 0);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	OK(symlink(to, path));
	p = open_map();
	perf_map_add(p, to, 1, 2, 32);
	perf_map_close(p);
	OK(lstat(path, &st));
	CHECK(S_ISREG(st.st_mode));
	OK(fstat(fd, &st));
	EQ(0, st.st_size);
	close(fd);
	unlink(to);
	unlink(path);
}

TEST(none_is_fine)
{
	perf_map_add(NULL, "", 1, 2, 64);
	perf_map_close(NULL);
}
