/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/console.h: this terminal, or two files, as the other end of a guest's serial line. */
#ifndef TOOLSTACK_CONSOLE_H
#define TOOLSTACK_CONSOLE_H
#include "base/err.h"

#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */

enum console_end {
	CONSOLE_LEFT,  /* by Ctrl-] */
	CONSOLE_CLOSED /* the guest's end is no more */
};

/*
 * Carries bytes between the pseudo-terminal `path` and in, out until one of those happens. A
 * terminal is raw meanwhile, and as it was again when this returns or a signal ends the process.
 * When `in` ends, out goes on. < 0 and a sentence: it cannot be opened, or our own side is gone.
 */
int console_run(const char *path, int in, int out, struct err *e);
#endif
