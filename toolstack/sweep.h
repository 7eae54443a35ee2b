/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/sweep.h: what guests left behind whose supervisor was killed. */
#ifndef TOOLSTACK_SWEEP_H
#define TOOLSTACK_SWEEP_H

/* Removes it: their folders, their nodes in the store, their network cards. Each verb begins so. */
void sweep(void);
#endif
