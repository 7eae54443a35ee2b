/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/broker_wire.h: the messages between broker.c and broker_client.c: one host, one build. */
#ifndef PROC_BROKER_WIRE_H
#define PROC_BROKER_WIRE_H
#include <stdint.h>

enum broker_what {
	BROKER_OPEN = 1, /* text: the path; answered with one descriptor */
	BROKER_START,    /* text: the arguments, [0] the program; descriptors in their order */
	BROKER_END,      /* not answered */
};
/* Behind it: texts, each with its NUL, BROKER_TEXT bytes at most. */
struct broker_request {
	uint32_t what;
	uint32_t serial; /* END: the helper's id */
	int32_t flags;   /* OPEN */
	uint32_t mode;
};
#define BROKER_TEXT 16384
#define BROKER_FD   "\1" /* in START's arguments: fd= of the next descriptor */

struct broker_answer {
	uint32_t serial;
	int32_t rc;    /* 0 or -errno */
	uint32_t id;   /* START */
	char msg[512]; /* with its NUL */
};
#endif
