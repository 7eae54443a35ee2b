/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/wire.h: a network card's wire, whose other end is in the test's hand. */
#ifndef TESTS_HW_WIRE_H
#define TESTS_HW_WIRE_H
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

/* Options of a machine with one NIC of that model, 52:54:00:ab:cd:ef, on a new wire. */
const char *wire_args(const char *model);
/* A frame that the NIC sent; 0 after 5 s without one. */
size_t wire_get(struct guest *b, void *buf, size_t size);
bool wire_silent(struct guest *b);
void wire_put(const void *frame, size_t len); /* to the NIC */

/* `len` bytes: destination, another station's address, type 88b5h, then a pattern. */
void make_frame(uint8_t *frame, const void *to, size_t len);
/* For the laws: to the rig's NIC, all, a group, or another's; often tagged, or IPv4 with TCP or
 * UDP. Returns its length. */
size_t wire_any_frame(struct rig *r, uint8_t *f, size_t max);
#endif
