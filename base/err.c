/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/err.c: errors as -errno plus one sentence; see err.h. */
#include "base/err.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Sentences are one line: what a file name or a guest put into one stays on it. */
static void flatten(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
	}
}

int err_set(struct err *e, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!e || *e->msg)
		return rc;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	flatten(e->msg);
	return rc;
}

int err_errno(struct err *e, int rc, const char *fmt, ...)
{
	char text[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, rc, "%s: %s", text, strerror(rc < 0 ? -rc : rc));
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	size_t n, room;

	if (!e)
		return;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (*old)
		strncat(e->msg, ": ", sizeof(e->msg) - 1 - strlen(e->msg));
	n = strlen(e->msg);
	room = sizeof(e->msg) - 1 - n;
	memcpy(e->msg + n, old, MIN(strlen(old) + 1, room));
	e->msg[sizeof(e->msg) - 1] = '\0';
	flatten(e->msg);
}

void err_clear(struct err *e)
{
	if (e)
		*e->msg = '\0';
}
