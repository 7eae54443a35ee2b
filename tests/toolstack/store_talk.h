/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/store_talk.h: a store with clients that a test speaks for. */
#ifndef TESTS_TOOLSTACK_STORE_TALK_H
#define TESTS_TOOLSTACK_STORE_TALK_H
#include "tests/test.h"
#include "toolstack/store/store.h"

#include <stdio.h>

enum { TALKERS = 3, GUEST = 2 /* of domain 7 */ };
struct talk {
	struct store *s;
	struct store_client *c[TALKERS];
	uint32_t txn; /* of the next requests */
	/* the last message got */
	uint32_t req;
	size_t len;
	char text[STORE_PAYLOAD];
};

struct talk talk_new(void);
struct talk talk_limited(const struct store_limits *l);
void talk_free(struct talk *t);
void talk_ask(struct talk *t, unsigned who, uint32_t type, uint32_t req, const char *text,
	      size_t len);
/* The next message to it, which must be of that type or an error; how long it is, < 0: -1 for
 * none, -2 for an error, whose name is the text. */
int talk_get(struct talk *t, unsigned who, uint32_t type);
/* want: the payload with | for NUL and # for any number, or ! and an error's name. */
void talk_hears(struct talk *t, unsigned who, uint32_t type, const char *want);
void talk_quiet(struct talk *t, unsigned who); /* nothing waits for it */

#define SAYS(t, who, type, text, want)                             \
	do {                                                       \
		NOTE("client %d: %s %s", who, #type, text);        \
		talk_ask(t, who, type, 0, text, sizeof(text) - 1); \
		talk_hears(t, who, type, want);                    \
	} while (0)
#define EVENT(t, who, want) talk_hears(t, who, 15 /* XS_WATCH_EVENT */, want)
#endif
