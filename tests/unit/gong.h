/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/gong.h: the host side of the toy device "test-gong". */
#ifndef TESTS_UNIT_GONG_H
#define TESTS_UNIT_GONG_H
#include "base/dev_owner.h"

struct gong_host {
	uint16_t iobase;
	bool loud, fail;
	uint32_t pitch;
	uint64_t bytes;
	char *label;
	uint8_t mac[6];
	void *chr;
	unsigned settles;
};
#endif
