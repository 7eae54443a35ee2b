/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/verbs.h: the words of hvm's command line. */
#ifndef TOOLSTACK_VERBS_H
#define TOOLSTACK_VERBS_H

/* The verb and what follows it, NULL-terminated. The exit status: 0, 1, or 2 for a wrong usage. */
int verbs_run(char **args);
#endif
