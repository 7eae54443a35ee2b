/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/err.h: errors as -errno plus one sentence, made at the place that knows
 * the file, the option or the device. Shown to people as it stands.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char msg[512]; /* one sentence, no newline; "" = none */
};

/*
 * Records a sentence and returns rc, so that a function can say
 * `return err_set(e, -ENOENT, "cannot open %s", path);`. e may be NULL. The
 * first sentence wins: a later one on the way out does not hide the cause.
 */
int err_set(struct err *e, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, with ": <strerror(-rc)>" appended. */
int err_errno(struct err *e, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "<text>: " before the sentence that is there already. */
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);
#endif
