/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qtest_text.h: blocks of bytes as hex digits and as base 64 (RFC 4648). */
#ifndef DM_QTEST_TEXT_H
#define DM_QTEST_TEXT_H
#include <stddef.h>
#include <stdint.h>

/* Return the characters written: 2 * len, base64_room(len). No terminator. */
size_t hex_encode(char *to, const uint8_t *from, size_t len);
size_t base64_encode(char *to, const uint8_t *from, size_t len);
static inline size_t base64_room(size_t len)
{
	return (len + 2) / 3 * 4;
}
/* len bytes at `to`; digits that lack or are none count as 0. */
void hex_decode(uint8_t *to, size_t len, const char *text);
/* Up to len bytes, how many; other characters are skipped, '=' ends. */
size_t base64_decode(uint8_t *to, size_t len, const char *text);
#endif
