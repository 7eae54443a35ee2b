/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An xl.cfg file of any bytes, then a command line of more of them; a guest, maybe; each
 * string is a disk, too. */
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"
#include "toolstack/cfg.h"
#include "toolstack/guest.h"

static void as_guest(const struct cfg *c)
{
	struct guest g;
	struct err e = {""};

	if (guest_read(&g, c, NULL, &e)) {
		CHECK(e.msg[0]);
	} else {
		char **args = guest_args(&g, 1, "dm");

		CHECK(args && args[0]);
		guest_args_free(args);
	}
	guest_free(&g);
}

static void as_disk(const char *spec)
{
	struct disk d;

	if (!disk_parse(&d, spec, NULL))
		CHECK(d.vdev && (d.target || d.cdrom));
	disk_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t first = zero ? (size_t)(zero - data) : size;
	struct cfg c = {.first = NULL};
	struct err e = {""};

	if (!size)
		return 0;
	if (!cfg_read(&c, "file", (const char *)data, first, &e) && zero)
		cfg_read(&c, "command line", (const char *)zero + 1, size - first - 1, &e);
	for (const struct cfg_setting *s = c.first; s; s = s->next) {
		CHECK(cfg_find(&c, s->name) == s);
		CHECK((s->value->kind == CFG_LIST) == !s->value->text);
		if (s->value->text)
			as_disk(s->value->text);
	}
	as_guest(&c);
	cfg_free(&c);
	return 0;
}
