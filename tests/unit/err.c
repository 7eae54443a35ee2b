/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"
#include "tests/test.h"

#include <errno.h>

TEST(first_sentence_wins)
{
	struct err e = {0};

	EQ(-ENOENT, err_set(&e, -ENOENT, "cannot open %s", "a.img"));
	EQS("cannot open a.img", e.msg);
	EQ(-EIO, err_set(&e, -EIO, "start failed"));
	EQS("cannot open a.img", e.msg);
	err_clear(&e);
	EQS("", e.msg);
	err_set(&e, -1, "new");
	EQS("new", e.msg);
}

TEST(errno_is_appended)
{
	struct err e = {0};

	EQ(-ENOENT, err_errno(&e, -ENOENT, "x.img"));
	EQS("x.img: No such file or directory", e.msg);
	err_clear(&e);
	err_errno(&e, ENOENT, "positive too");
	EQS("positive too: No such file or directory", e.msg);
}

TEST(prefix)
{
	struct err e = {0};

	err_set(&e, -1, "no such bus");
	err_prefix(&e, "-device %s", "rtl8139");
	EQS("-device rtl8139: no such bus", e.msg);
	err_clear(&e);
	err_prefix(&e, "alone");
	EQS("alone", e.msg);
}

TEST(null_and_control_characters)
{
	struct err e = {0};

	EQ(-EINVAL, err_set(NULL, -EINVAL, "x"));
	EQ(-EINVAL, err_errno(NULL, -EINVAL, "x"));
	err_prefix(NULL, "x");
	err_clear(NULL);
	err_set(&e, -1, "bad name a\nb\x1b[1m");
	EQS("bad name a b [1m", e.msg);
}

TEST(long_text_is_cut)
{
	struct err e = {0};
	char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	err_set(&e, -1, "%s", big);
	EQ(sizeof(e.msg) - 1, strlen(e.msg));
	err_prefix(&e, "%s", "p");
	EQ(sizeof(e.msg) - 1, strlen(e.msg));
	CHECK(!strncmp(e.msg, "p: xxx", 6));
	err_prefix(&e, "%s", big);
	EQ(sizeof(e.msg) - 1, strlen(e.msg));
}
