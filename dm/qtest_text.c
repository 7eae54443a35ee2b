/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/qtest_text.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t hex_encode(char *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		to[2 * i] = hex_digits[from[i] >> 4];
		to[2 * i + 1] = hex_digits[from[i] & 15];
	}
	return 2 * len;
}

static uint8_t hex_value(char c)
{
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c | 0x20);
	at = c ? strchr(hex_digits, c) : NULL;
	return at ? (uint8_t)(at - hex_digits) : 0;
}

void hex_decode(uint8_t *to, size_t len, const char *text)
{
	size_t have = strlen(text);

	for (size_t i = 0; i < len; i++)
		to[i] = 2 * i + 1 < have ? (uint8_t)(hex_value(text[2 * i]) << 4 |
						     hex_value(text[2 * i + 1]))
					 : 0;
}

size_t base64_encode(char *to, const uint8_t *from, size_t len)
{
	char *start = to;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i;
		uint32_t v = (uint32_t)from[i] << 16;

		v |= n > 1 ? (uint32_t)from[i + 1] << 8 : 0;
		v |= n > 2 ? from[i + 2] : 0;
		*to++ = base64_digits[v >> 18];
		*to++ = base64_digits[v >> 12 & 63];
		*to++ = n > 1 ? base64_digits[v >> 6 & 63] : '=';
		*to++ = n > 2 ? base64_digits[v & 63] : '=';
	}
	return (size_t)(to - start);
}

size_t base64_decode(uint8_t *to, size_t len, const char *text)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (; *text && *text != '=' && n < len; text++) {
		const char *at = strchr(base64_digits, *text);

		if (!at)
			continue;
		bits = bits << 6 | (uint32_t)(at - base64_digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}
