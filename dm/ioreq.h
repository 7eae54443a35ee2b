/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/ioreq.h: I/O requests from the core to devices. Nothing in a request is
 * believed: the core may be another process, and the guest writes half of it.
 */
#ifndef DM_IOREQ_H
#define DM_IOREQ_H
#include "dm/board.h"

/* Carries the request out and fills r->data for reads. r is private to the caller. */
void ioreq_handle(struct board *b, struct hv_ioreq *r);
/* For struct hv_client; arg is the board. */
void ioreq_client(void *arg, struct hv_ioreq *r, unsigned vcpu);
void ioreq_client_buffered(void *arg, struct hv_ioreq *r);
#endif
