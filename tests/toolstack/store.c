/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/store.c: hvm-store's requests by hand, as Xen's documents have them. */
#include "tests/toolstack/store_talk.h"

#include <errno.h>
#include <xen/io/xs_wire.h>

TEST(write_creates_parents)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "/a/b/c\0value", "OK|");
	SAYS(&t, 0, XS_READ, "/a/b/c\0", "value");
	SAYS(&t, 0, XS_READ, "/a/b\0", "");
	SAYS(&t, 0, XS_WRITE, "/a/b\0", "OK|");
	SAYS(&t, 0, XS_WRITE, "/a/zero\0a\0b", "OK|");
	SAYS(&t, 0, XS_READ, "/a/zero\0", "a|b");
	SAYS(&t, 0, XS_DIRECTORY, "/a\0", "b|zero|");
	SAYS(&t, 0, XS_DIRECTORY, "/a/zero\0", "");
	SAYS(&t, 0, XS_DIRECTORY, "/\0", "a|tool|");
	talk_free(&t);
}

TEST(remove)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "/a/b/c\0v", "OK|");
	SAYS(&t, 0, XS_RM, "/a/b\0", "OK|");
	SAYS(&t, 0, XS_READ, "/a/b/c\0", "!ENOENT");
	SAYS(&t, 0, XS_RM, "/a/b\0", "OK|"); /* gone already */
	SAYS(&t, 0, XS_RM, "/a/x/y\0", "!ENOENT");
	SAYS(&t, 0, XS_RM, "/\0", "!EINVAL");
	SAYS(&t, 0, XS_MKDIR, "/a/b\0", "OK|");
	SAYS(&t, 0, XS_DIRECTORY, "/a\0", "b|");
	talk_free(&t);
}

#define BAD(text)                      \
	{                              \
		text, sizeof(text) - 1 \
	}
static const struct {
	const char *text;
	size_t len;
} bad_paths[] = {
	BAD("\0"),      BAD("/a/\0"),  BAD("//\0"),   BAD("/a//b\0"),
	BAD("/a b\0"),  BAD("/a:b\0"), BAD("/a.b\0"), BAD("@x\0"),
	BAD("/a\0b\0"), BAD("/a"),     BAD(""),       BAD("/\xc3\xa4\0"),
};

TEST_EACH(bad_path, sizeof(bad_paths) / sizeof(bad_paths[0]), bad_paths[i].text)
{
	struct talk t = talk_new();

	talk_ask(&t, 0, XS_READ, 0, bad_paths[i].text, bad_paths[i].len);
	talk_hears(&t, 0, XS_READ, "!EINVAL");
	talk_free(&t);
}

TEST(relative_names_are_of_the_domain)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "x\0v", "OK|");
	SAYS(&t, 0, XS_READ, "/local/domain/0/x\0", "v");
	SAYS(&t, 0, XS_WATCH, "x\0tok\0", "OK|");
	EVENT(&t, 0, "x|tok|");
	SAYS(&t, 0, XS_WRITE, "x/y\0v", "OK|");
	EVENT(&t, 0, "x/y|tok|");
	talk_free(&t);
}

TEST(permissions)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "/own\0v", "OK|");
	SAYS(&t, 0, XS_GET_PERMS, "/own\0", "n0|");
	SAYS(&t, GUEST, XS_READ, "/own\0", "!EACCES");
	SAYS(&t, GUEST, XS_READ, "/none\0", "!EACCES"); /* nor may it know that it is not there */
	SAYS(&t, 0, XS_SET_PERMS, "/own\0r0\0", "OK|");
	SAYS(&t, GUEST, XS_READ, "/own\0", "v");
	SAYS(&t, GUEST, XS_READ, "/own/none\0", "!ENOENT");
	SAYS(&t, GUEST, XS_WRITE, "/own\0w", "!EACCES");
	SAYS(&t, 0, XS_SET_PERMS, "/own\0n0\0b7\0r8\0", "OK|");
	SAYS(&t, 0, XS_GET_PERMS, "/own\0", "n0|b7|r8|");
	SAYS(&t, GUEST, XS_WRITE, "/own/new\0w", "OK|");
	SAYS(&t, 0, XS_GET_PERMS, "/own/new\0", "n7|b7|r8|"); /* inherited, but it is its own */
	SAYS(&t, GUEST, XS_SET_PERMS, "/own\0n7\0", "!EACCES");
	SAYS(&t, GUEST, XS_SET_PERMS, "/own/new\0n8\0", "!EACCES");
	SAYS(&t, GUEST, XS_SET_PERMS, "/own/new\0r7\0", "OK|");
	SAYS(&t, 0, XS_SET_PERMS, "/own\0x0\0", "!EINVAL");
	SAYS(&t, 0, XS_SET_PERMS, "/own\0n\0", "!EINVAL");
	SAYS(&t, 0, XS_SET_PERMS, "/own\0n70000\0", "!EINVAL");
	SAYS(&t, 0, XS_SET_PERMS, "/own\0", "!EINVAL");
	SAYS(&t, 0, XS_SET_PERMS, "/none\0n0\0", "!ENOENT");
	talk_free(&t);
}

TEST(watches)
{
	struct talk t = talk_new();

	SAYS(&t, 1, XS_WATCH, "/a\0one\0", "OK|");
	EVENT(&t, 1, "/a|one|"); /* at once, though it is not there */
	SAYS(&t, 1, XS_WATCH, "/a\0one\0", "!EEXIST");
	SAYS(&t, 1, XS_WATCH, "/a/b/c\0deep\0", "OK|");
	EVENT(&t, 1, "/a/b/c|deep|");
	SAYS(&t, 0, XS_WRITE, "/a/b/c\0v", "OK|");
	EVENT(&t, 1, "/a/b/c|deep|"); /* of the node asked for, not of its new parents */
	EVENT(&t, 1, "/a/b/c|one|");
	SAYS(&t, 0, XS_WRITE, "/ab\0v", "OK|");
	SAYS(&t, 0, XS_MKDIR, "/a/b\0", "OK|"); /* no change, no event */
	talk_quiet(&t, 1);
	SAYS(&t, 0, XS_SET_PERMS, "/a/b\0n0\0", "OK|");
	EVENT(&t, 1, "/a/b|one|");
	SAYS(&t, 0, XS_RM, "/a/b\0", "OK|"); /* above: the root of what went; inside: itself */
	EVENT(&t, 1, "/a/b/c|deep|");
	EVENT(&t, 1, "/a/b|one|");
	SAYS(&t, 0, XS_RM, "/a\0", "OK|"); /* what was gone already is not told again */
	EVENT(&t, 1, "/a|one|");
	talk_quiet(&t, 1);
	SAYS(&t, 1, XS_UNWATCH, "/a\0two\0", "!ENOENT");
	SAYS(&t, 1, XS_UNWATCH, "/a\0one\0", "OK|");
	SAYS(&t, 0, XS_WRITE, "/a\0v", "OK|");
	SAYS(&t, 1, XS_RESET_WATCHES, "\0", "OK|");
	SAYS(&t, 0, XS_WRITE, "/a/b/c\0v", "OK|");
	talk_quiet(&t, 1);
	talk_free(&t);
}

TEST(no_events_of_what_one_may_not_read)
{
	struct talk t = talk_new();

	SAYS(&t, GUEST, XS_WATCH, "/\0t\0", "OK|");
	EVENT(&t, GUEST, "/|t|");
	SAYS(&t, 0, XS_WRITE, "/secret\0v", "OK|");
	talk_quiet(&t, GUEST);
	SAYS(&t, 0, XS_SET_PERMS, "/secret\0n0\0r7\0", "OK|");
	EVENT(&t, GUEST, "/secret|t|");
	SAYS(&t, 0, XS_RM, "/secret\0", "OK|");
	EVENT(&t, GUEST, "/secret|t|");
	talk_free(&t);
}

TEST(domains)
{
	struct talk t = talk_new();

	SAYS(&t, 1, XS_WATCH, "@introduceDomain\0in\0", "OK|");
	EVENT(&t, 1, "@introduceDomain|in|");
	SAYS(&t, 1, XS_WATCH, "@releaseDomain\0out\0", "OK|");
	EVENT(&t, 1, "@releaseDomain|out|");
	SAYS(&t, 0, XS_GET_DOMAIN_PATH, "9\0", "/local/domain/9|");
	SAYS(&t, 0, XS_IS_DOMAIN_INTRODUCED, "9\0", "F|");
	SAYS(&t, 0, XS_IS_DOMAIN_INTRODUCED, "0\0", "T|");
	SAYS(&t, 0, XS_RELEASE, "9\0", "!ENOENT");
	SAYS(&t, 0, XS_INTRODUCE, "9\00012\0003\0", "OK|");
	EVENT(&t, 1, "@introduceDomain|in|");
	SAYS(&t, 0, XS_IS_DOMAIN_INTRODUCED, "9\0", "T|");
	SAYS(&t, 0, XS_RESUME, "9\0", "OK|");
	SAYS(&t, 0, XS_SET_TARGET, "9\0000\0", "OK|");
	SAYS(&t, GUEST, XS_RELEASE, "9\0", "!EACCES");
	SAYS(&t, 0, XS_RELEASE, "9\0", "OK|");
	EVENT(&t, 1, "@releaseDomain|out|");
	SAYS(&t, 0, XS_RELEASE, "0\0", "!EINVAL");
	SAYS(&t, 0, XS_GET_DOMAIN_PATH, "x\0", "!EINVAL");
	SAYS(&t, 0, XS_GET_DOMAIN_PATH, "65536\0", "!EINVAL");
	talk_free(&t);
}

TEST(unknown_requests)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_CONTROL, "help\0", "!ENOSYS");
	SAYS(&t, 0, XS_WATCH_EVENT, "a\0b\0", "!ENOSYS");
	SAYS(&t, 0, 20, "\0", "!ENOSYS");
	SAYS(&t, 0, 0xffff, "\0", "!ENOSYS");
	talk_free(&t);
}

TEST(directory_in_parts)
{
	struct talk t = talk_new();
	char name[64];
	int n;

	SAYS(&t, 0, XS_MKDIR, "/d/a\0", "OK|");
	SAYS(&t, 0, XS_MKDIR, "/d/e\0", "OK|");
	SAYS(&t, 0, XS_MKDIR, "/d/bin\0", "OK|");
	SAYS(&t, 0, XS_DIRECTORY_PART, "/d\0000\0", "#|a|bin|e||");
	SAYS(&t, 0, XS_DIRECTORY_PART, "/d\0002\0", "#|bin|e||");
	SAYS(&t, 0, XS_DIRECTORY_PART, "/d\00099\0", "#||");
	SAYS(&t, 0, XS_DIRECTORY_PART, "/d\0-1\0", "!EINVAL");
	for (unsigned i = 0; i < 300; i++) {
		n = snprintf(name, sizeof(name), "/many/child-number-%u", i) + 1;
		talk_ask(&t, 0, XS_MKDIR, 0, name, (size_t)n);
		talk_hears(&t, 0, XS_MKDIR, "OK|");
	}
	SAYS(&t, 0, XS_DIRECTORY, "/many\0", "!E2BIG");
	talk_ask(&t, 0, XS_DIRECTORY_PART, 0, "/many\0000\0", 8);
	CHECK(talk_get(&t, 0, XS_DIRECTORY_PART) > 4000);
	CHECK(t.text[t.len - 2] != 0); /* no second NUL: there is more */
	talk_free(&t);
}

/* ---- transactions */

TEST(transaction)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "/a\0old", "OK|");
	SAYS(&t, 1, XS_WATCH, "/a\0t\0", "OK|");
	EVENT(&t, 1, "/a|t|");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "1|");
	t.txn = 1;
	SAYS(&t, 0, XS_WRITE, "/a\0new", "OK|");
	SAYS(&t, 0, XS_READ, "/a\0", "new"); /* its own write … */
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "!EBUSY");
	t.txn = 0;
	SAYS(&t, 1, XS_READ, "/a\0", "old"); /* … which nobody else sees */
	talk_quiet(&t, 1);
	t.txn = 1;
	SAYS(&t, 1, XS_READ, "/a\0", "!ENOENT"); /* nor has that transaction */
	SAYS(&t, 0, XS_TRANSACTION_END, "T\0", "OK|");
	EVENT(&t, 1, "/a|t|");
	SAYS(&t, 0, XS_TRANSACTION_END, "T\0", "!ENOENT");
	t.txn = 0;
	SAYS(&t, 0, XS_READ, "/a\0", "new");
	SAYS(&t, 0, XS_TRANSACTION_END, "T\0", "!ENOENT");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "2|");
	t.txn = 2;
	SAYS(&t, 0, XS_RM, "/a\0", "OK|");
	SAYS(&t, 0, XS_TRANSACTION_END, "x\0", "!EINVAL");
	SAYS(&t, 0, XS_TRANSACTION_END, "F\0", "OK|");
	t.txn = 0;
	SAYS(&t, 0, XS_READ, "/a\0", "new");
	talk_quiet(&t, 1);
	talk_free(&t);
}

/* What another client does meanwhile, and what becomes of a transaction that read /a, listed /b
 * and created /c/d/e. */
static const struct {
	const char *what;
	unsigned type;
	const char *text;
	size_t len;
	const char *end;
} meanwhile[] = {
#define DOES(type, text, end)                                     \
	{                                                         \
#type " " text, type, text, sizeof(text) - 1, end \
	}
	DOES(XS_READ, "/a\0", "OK|"),       DOES(XS_WRITE, "/a\0same", "!EAGAIN"),
	DOES(XS_RM, "/a\0", "!EAGAIN"),     DOES(XS_SET_PERMS, "/a\0r0\0", "!EAGAIN"),
	DOES(XS_WRITE, "/a/x\0v", "OK|"),   DOES(XS_WRITE, "/b/x\0v", "!EAGAIN"),
	DOES(XS_WRITE, "/b\0v", "!EAGAIN"), DOES(XS_WRITE, "/b/k\0v", "OK|"),
	DOES(XS_WRITE, "/c/x\0v", "OK|"),   DOES(XS_MKDIR, "/c/d\0", "!EAGAIN"),
	DOES(XS_RM, "/c\0", "!EAGAIN"),     DOES(XS_WRITE, "/c/d/e\0v", "!EAGAIN"),
	DOES(XS_WRITE, "/other\0v", "OK|"),
};

TEST_EACH(conflict, sizeof(meanwhile) / sizeof(meanwhile[0]), meanwhile[i].what)
{
	struct talk t = talk_new();

	SAYS(&t, 0, XS_WRITE, "/a\0same", "OK|");
	SAYS(&t, 0, XS_WRITE, "/b/k\0v", "OK|");
	SAYS(&t, 0, XS_MKDIR, "/c\0", "OK|");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "1|");
	t.txn = 1;
	SAYS(&t, 0, XS_READ, "/a\0", "same");
	SAYS(&t, 0, XS_DIRECTORY, "/b\0", "k|");
	SAYS(&t, 0, XS_WRITE, "/c/d/e\0mine", "OK|");
	t.txn = 0;
	talk_ask(&t, 1, meanwhile[i].type, 0, meanwhile[i].text, meanwhile[i].len);
	CHECK(talk_get(&t, 1, meanwhile[i].type) >= 0);
	t.txn = 1;
	SAYS(&t, 0, XS_TRANSACTION_END, "T\0", meanwhile[i].end);
	t.txn = 0;
	if (meanwhile[i].end[0] == 'O')
		SAYS(&t, 0, XS_READ, "/c/d/e\0", "mine");
	talk_free(&t);
}

/* ---- limits */

TEST(limits)
{
	struct store_limits small = {.nodes = 10,
				     .watches = 2,
				     .transactions = 2,
				     .changes = 6,
				     .log = 100,
				     .unread = 1 << 16};
	struct talk t = talk_limited(&small);

	SAYS(&t, 0, XS_WATCH, "/a\0001\0", "OK|");
	EVENT(&t, 0, "/a|1|");
	SAYS(&t, 0, XS_WATCH, "/a\0002\0", "OK|");
	EVENT(&t, 0, "/a|2|");
	SAYS(&t, 0, XS_WATCH, "/a\0003\0", "!E2BIG");
	SAYS(&t, 0, XS_RESET_WATCHES, "\0", "OK|");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "1|");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "2|");
	SAYS(&t, 0, XS_TRANSACTION_START, "\0", "!ENOSPC");
	t.txn = 1;
	SAYS(&t, 0, XS_WRITE,
	     "/x\0"
	     "0123456789012345678901234567890123456789",
	     "OK|");
	SAYS(&t, 0, XS_WRITE,
	     "/x\0"
	     "0123456789012345678901234567890123456789",
	     "OK|");
	SAYS(&t, 0, XS_WRITE,
	     "/x\0"
	     "0123456789012345678901234567890123456789",
	     "!ENOSPC");
	t.txn = 2;
	SAYS(&t, 0, XS_READ, "/1/2/3\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/2\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/3\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/4\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/5\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/6\0", "!ENOENT");
	SAYS(&t, 0, XS_READ, "/7\0", "!ENOSPC");
	SAYS(&t, 0, XS_READ, "/6\0", "!ENOENT");
	t.txn = 0;
	SAYS(&t, 0, XS_WRITE, "/1/2/3/4/5/6/7\0v", "OK|"); /* 3 + 7 */
	SAYS(&t, 0, XS_WRITE, "/1/2/x/y\0v", "!ENOSPC");
	SAYS(&t, 0, XS_DIRECTORY, "/1/2\0", "3|"); /* nothing of it stays */
	SAYS(&t, 0, XS_RM, "/1/2\0", "OK|");
	SAYS(&t, 0, XS_WRITE, "/1/2/x/y\0v", "OK|");
	talk_free(&t);
}

TEST(long_message)
{
	static const char header[16] = {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0, 0};
	struct talk t = talk_new();

	CHECK(store_client_input(t.c[0], header, sizeof(header)) < 0);
	t.c[0] = NULL; /* hung up on: the others go on */
	SAYS(&t, 1, XS_READ, "/\0", "");
	talk_free(&t);
}

/* A watcher that does not read is hung up on; the others do not notice. */
TEST(reader_that_sleeps)
{
	struct store_limits small = {.nodes = 10, .watches = 2, .unread = 1 << 12};
	struct talk t = talk_limited(&small);
	const void *bytes;
	size_t n;

	SAYS(&t, 1, XS_WATCH, "/a\0t\0", "OK|");
	for (unsigned i = 0; i < 1000; i++)
		SAYS(&t, 0, XS_WRITE, "/a\0v", "OK|");
	CHECK(store_client_output(t.c[1], &bytes, &n) < 0);
	CHECK(n <= 1 << 12);
	talk_free(&t);
}

TEST(pieces)
{
	struct talk t = talk_new();
	const uint8_t two[] = "\x0b\0\0\0\7\0\0\0\0\0\0\0\4\0\0\0/x\0v" /* WRITE */
			      "\2\0\0\0\x8\0\0\0\0\0\0\0\3\0\0\0/x";    /* READ */

	for (size_t i = 0; i < sizeof(two); i++)
		OK(store_client_input(t.c[0], two + i, 1));
	talk_hears(&t, 0, XS_WRITE, "OK|");
	EQ(7, t.req);
	talk_hears(&t, 0, XS_READ, "v");
	EQ(8, t.req);
	talk_free(&t);
}
