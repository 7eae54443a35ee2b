/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/toolstack/store_talk.h"

#include "base/util.h"

#include <xen/io/xs_wire.h>

struct talk talk_limited(const struct store_limits *l)
{
	struct talk t = {.s = store_new(l, NULL)};

	MUST(t.s);
	for (unsigned i = 0; i < TALKERS; i++) {
		t.c[i] = store_client_new(t.s, i == GUEST ? 7 : 0, NULL, NULL);
		MUST(t.c[i]);
	}
	return t;
}

struct talk talk_new(void)
{
	return talk_limited(&store_limits);
}

void talk_free(struct talk *t)
{
	store_free(t->s);
}

void talk_ask(struct talk *t, unsigned who, uint32_t type, uint32_t req, const char *text,
	      size_t len)
{
	uint8_t message[STORE_HEADER + STORE_PAYLOAD];

	MUST(len <= STORE_PAYLOAD);
	store_le(message, 4, type);
	store_le(message + 4, 4, req);
	store_le(message + 8, 4, t->txn);
	store_le(message + 12, 4, len);
	memcpy(message + STORE_HEADER, text, len);
	OK(store_client_input(t->c[who], message, STORE_HEADER + len));
}

int talk_get(struct talk *t, unsigned who, uint32_t type)
{
	const void *bytes;
	const uint8_t *p;
	size_t n;

	OK(store_client_output(t->c[who], &bytes, &n));
	p = bytes;
	t->len = 0;
	if (n < STORE_HEADER)
		return -1;
	t->len = load_le(p + 12, 4);
	MUST(t->len <= STORE_PAYLOAD && n >= STORE_HEADER + t->len);
	t->req = (uint32_t)load_le(p + 4, 4);
	memcpy(t->text, p + STORE_HEADER, t->len);
	if (type == XS_WATCH_EVENT)
		EQ(0, load_le(p + 4, 8));
	store_client_sent(t->c[who], STORE_HEADER + t->len);
	if (load_le(p, 4) == XS_ERROR)
		return -2;
	EQ(type, load_le(p, 4));
	return (int)t->len;
}

void talk_hears(struct talk *t, unsigned who, uint32_t type, const char *want)
{
	char got[STORE_PAYLOAD + 2], *at = got;
	int rc = talk_get(t, who, type);
	size_t from = 0;

	if (rc == -1) {
		EQS(want, "(nothing)");
		return;
	}
	if (rc == -2)
		*at++ = '!';
	if (*want == '#') {
		*at++ = '#';
		while (from < t->len && t->text[from] >= '0' && t->text[from] <= '9')
			from++;
	}
	for (; from < t->len; from++)
		if (rc != -2 || t->text[from])
			*at++ = t->text[from] ? t->text[from] : '|';
	*at = 0;
	EQS(want, got);
}

void talk_quiet(struct talk *t, unsigned who)
{
	const void *bytes;
	size_t n;

	OK(store_client_output(t->c[who], &bytes, &n));
	EQ(0, n);
}
