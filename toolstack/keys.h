/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/keys.h: the table of xl.cfg's keys, for guest.c. */
#ifndef TOOLSTACK_KEYS_H
#define TOOLSTACK_KEYS_H
#include <stddef.h>

enum key_kind { KEY_BOOL, KEY_NUMBER, KEY_TEXT, KEY_LIST, KEY_CHOICE, KEY_ANY };
enum key_status {
	KEY_WORKS,
	KEY_NOTED,   /* taken, does nothing here: said */
	KEY_REFUSED, /* the guest would not be what was asked for */
	KEY_OLD      /* works, xl calls it deprecated or says it otherwise today: said */
};
struct key {
	const char *name;
	enum key_kind kind;
	enum key_status status;
	size_t at;          /* in struct guest; KEY_ANY: nowhere */
	long def, min, max; /* of numbers and booleans */
	const char *note;   /* for people; of a choice: its words, "a|b" */
};
#define NOWHERE ((size_t)-1)

extern const struct key keys[];
extern const unsigned n_keys;
#endif
