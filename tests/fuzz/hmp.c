/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines to the human monitor, each as human-monitor-command gets it; no input can open a file. */
#include "dm/hmp.h"
#include "dm/qmp.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#define LINES 12

static void run(struct machine *m, const char *line)
{
	char *text = hmp_run(m, line);

	MUST(text);
	for (const char *s = text; *s; s++)
		CHECK(*s != '\n' || (s > text && s[-1] == '\r'));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *next, *line = text;
	struct fuzz_machine f;

	MUST(text);
	memcpy(text, data, size);
	text[size] = 0;
	fuzz_quiet();
	fuzz_machine_new(&f, "-machine pc -accel qtest -nodefaults -display none -m 4 -S "
			     "-drive if=none,id=cd0,media=cdrom,readonly=on "
			     "-device ide-cd,drive=cd0,id=ide0,bus=ide.1 "
			     "-netdev none,id=n0 -device rtl8139,id=nic0,addr=4,netdev=n0");
	fuzz_no_files(true);
	for (unsigned i = 0; i < LINES && line; i++, line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		machine_lock(f.m);
		run(f.m, line);
		machine_unlock(f.m);
		loop_step(f.loop, 0);
	}
	fuzz_no_files(false);
	fuzz_machine_free(&f);
	free(text);
	return 0;
}
