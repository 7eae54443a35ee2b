/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/machine.c: images as drives of a machine, as -drive and QMP show them. */
#include "tests/block/image.h"

#include <stdio.h>

static const char *chain(void)
{
	struct err e = {""};
	struct blk_create c = {.format = "qcow2",
			       .bytes = 1 << 20,
			       .file = bus_tmpfile(0),
			       .backing = bus_tmpfile(1 << 20),
			       .backing_format = "raw"};

	MUST(!blk_create(&c, &e));
	return c.file;
}

static void has(struct guest *b, const char *text)
{
	const char *reply = bus_qmp(b, "{\"execute\":\"query-block\"}");
	char plain[8192];
	size_t n = 0;

	for (; *reply && n < sizeof(plain) - 1; reply++)
		if (*reply != ' ')
			plain[n++] = *reply;
	plain[n] = 0;
	if (!CHECK(strstr(plain, text)))
		NOTE("%s not in %s", text, plain);
}

static void shows_chain(struct guest *b)
{
	has(b, "\"drv\":\"qcow2\"");
	has(b, "\"backing_file_depth\":1");
	has(b, "\"format\":\"raw\"");
	has(b, "\"direct\":true");
	has(b, "\"ro\":false");
}

TEST(chain_as_a_drive)
{
	char args[300];

	snprintf(args, sizeof(args), "-nodefaults -drive file=%s,format=qcow2,cache=none", chain());
	bus_run(false, args, shows_chain);
}

static void shows_temporary(struct guest *b)
{
	has(b, "\"backing_file_depth\":2");
	has(b, "\"no-flush\":true");
}

TEST(snapshot_as_a_drive)
{
	char args[300];

	snprintf(args, sizeof(args), "-nodefaults -snapshot -drive file=%s,format=qcow2", chain());
	bus_run(false, args, shows_temporary);
}
