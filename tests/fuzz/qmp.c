/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QMP client sends: the first byte cuts the rest into pieces; 0 leaves the session before
 * negotiation. The machine lives for many inputs; no input can open a file or a socket.
 */
#include "dm/qmp.h"
#include "dm/qmp_json.h"
#include "tests/fuzz/lib/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char options[] = "-machine pc -accel qtest -nodefaults -display none -m 8 -S "
			      "-drive if=none,id=cd0,media=cdrom,readonly=on "
			      "-device rtl8139,id=nic0,addr=4";

static struct fuzz_machine f;

static unsigned messages;

static void got_message(void *arg, json_t *v, const char *id)
{
	(void)arg;
	(void)id;
	assert(json_is_object(v));
	messages++;
}

static void got_error(void *arg, const char *desc)
{
	(void)arg;
	(void)desc;
	abort();
}

/* Every message is one object on a line of its own. */
static void answered(void *arg, const uint8_t *buf, size_t len)
{
	struct qmp_json j = {.message = got_message, .error = got_error};

	(void)arg;
	assert(len > 2 && buf[len - 2] == '\r' && buf[len - 1] == '\n');
	messages = 0;
	qmp_json_feed(&j, buf, len);
	assert(messages == 1 && !memchr(buf, '\n', len - 1));
	qmp_json_reset(&j);
}

static void inject(struct chr *c, const uint8_t *data, size_t size, size_t piece)
{
	while (size) {
		size_t n = size < piece ? size : piece;

		chr_inject(c, data, n);
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "{'execute':'qmp_capabilities'}";
	struct err e = {{0}};
	struct chr *c;

	if (!f.m)
		fuzz_machine_new(&f, options);
	if (!size)
		return 0;
	c = chr_fake(f.loop, "fuzz", answered, NULL);
	if (!c || qmp_open(f.m, c, false, &e))
		abort();
	fuzz_no_files(true);
	if (data[0])
		chr_inject(c, (const uint8_t *)hello, sizeof(hello) - 1);
	inject(c, data + 1, size - 1, data[0] ? data[0] : 16);
	for (unsigned i = 0; i < 4; i++)
		loop_step(f.loop, 0);
	fuzz_no_files(false);
	qmp_close_all(f.m);
	chr_close(c);
	return 0;
}
