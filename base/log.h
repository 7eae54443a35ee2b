/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/log.h: the one rate-limited log sink (stderr, or -D FILE). */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/err.h"

#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Sends later lines to `path` (append); NULL or "" = stderr. */
int log_open(const char *path, struct err *e);
void log_close(void);
/* … to a copy of this descriptor. Where one line does not fit without waiting (a pipe
 * with O_NONBLOCK), it is lost. */
void log_to(int fd);
void log_set_level(enum log_level level);
/* Prefix of each line, e.g. "hvm-dm"; borrowed, not copied. */
void log_set_name(const char *name);

/*
 * One line. Control characters are escaped; at most 200 lines in 5 s pass (a
 * guest must not fill the disk), then one line says how many were dropped.
 */
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_msg(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_msg(LOG_INFO, __VA_ARGS__)

/* A trace line: never rate limited (somebody asked for it), same sink. */
void log_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Where trace lines go in tests: fn gets each line without newline; NULL = the sink. */
void log_trace_hook(void (*fn)(void *arg, const char *line), void *arg);
#endif
