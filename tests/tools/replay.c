/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay: runs a register script on our device model and on QEMU, and compares what the guest
 * would have read. docs/replay.md has the language. QEMU is stopped (-S): its monitor's i, o and
 * xp reach ports and memory, its gdb stub writes memory. Ours is driven through qtest. No clock
 * runs in either.
 */
#include "tests/tools/replay/replay.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* ---- comparing */

/* The first annotation that covers the bits that differ. */
static struct diff *diff_for(struct script *s, const char *key, uint64_t bits)
{
	for (unsigned i = 0; i < s->n_diffs; i++)
		if (!(bits & ~s->diffs[i].bits) && !fnmatch(s->diffs[i].glob, key, 0))
			return &s->diffs[i];
	return NULL;
}

static bool same(struct script *s, const struct entry *qemu, const struct entry *ours)
{
	uint64_t bits = qemu->size ? qemu->value ^ ours->value : 0;
	struct diff *d = bits ? diff_for(s, qemu->key, bits) : NULL;
	int digits = (int)qemu->size * 2;

	if (d)
		d->hits++;
	if (!bits || d)
		return true;
	printf("%s:%u: %s: qemu 0x%0*llx, ours 0x%0*llx\n", s->path, qemu->number, qemu->key,
	       digits, (unsigned long long)qemu->value, digits, (unsigned long long)ours->value);
	return false;
}

static unsigned compare(struct script *s, const struct target *qemu, const struct target *ours)
{
	unsigned bad = qemu->n_log != ours->n_log, reads = 0, known = 0;

	for (size_t i = 0; i < qemu->n_log && i < ours->n_log; i++) {
		bad += !same(s, &qemu->log[i], &ours->log[i]);
		reads += qemu->log[i].size != 0;
	}
	for (unsigned i = 0; i < s->n_diffs; i++) {
		known += s->diffs[i].hits;
		if (s->diffs[i].hits)
			continue;
		printf("%s:%u: diff %s: nothing differs there any more\n", s->path,
		       s->diffs[i].number, s->diffs[i].glob);
		bad++;
	}
	printf("%s: %zu accesses, %u reads compared, %u differ as annotated, %u otherwise\n",
	       s->path, qemu->n_log, reads, known, bad);
	return bad;
}

static int replay_script(struct script *s, const char *const *programs, const char *only)
{
	struct target t[2];
	struct err e = {{0}};
	unsigned bad = 0;
	int rc = 0;

	for (unsigned i = 0; i < 2; i++) {
		t[i] = (struct target){.ops = i == QEMU ? &qemu_ops : &ours_ops,
				       .which = i,
				       .program = programs[i],
				       .show = only,
				       .script = s};
		if (!rc && (!only || !strcmp(only, target_names[i])))
			rc = target_run(&t[i], &e);
	}
	if (rc)
		fprintf(stderr, "replay: %s: %s\n", s->path, e.msg);
	else if (!only)
		bad = compare(s, &t[QEMU], &t[OURS]);
	target_end(&t[QEMU]);
	target_end(&t[OURS]);
	return rc || bad ? 1 : 0;
}

/* ---- the table for docs/ */

static void markdown(const struct script *s)
{
	printf("\n## %s\n\n", s->title);
	printf("`%s`", s->path);
	if (!s->n_diffs) {
		printf(": no difference.\n");
		return;
	}
	printf("\n\n| access | bits | why |\n|---|---|---|\n");
	for (unsigned i = 0; i < s->n_diffs; i++) {
		const struct diff *d = &s->diffs[i];

		printf("| `%s` | ", d->glob);
		if (d->bits != ~0ull)
			printf("`0x%llx` ", (unsigned long long)d->bits);
		printf("| %s |\n", d->reason);
	}
}

static int usage(void)
{
	fprintf(stderr,
		"usage: replay [--qemu PROGRAM] [--ours PROGRAM] SCRIPT…\n"
		"       replay --only qemu|ours SCRIPT…   prints the log\n"
		"       replay --markdown SCRIPT…         prints the expected differences\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *programs[] = {"qemu-system-x86_64", "build/bin/hvm-dm"}, *only = NULL;
	char *ours;
	bool table = false;
	int i = 1, bad = 0;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--markdown"))
			table = true;
		else if (i + 1 < argc && !strcmp(argv[i], "--qemu"))
			programs[QEMU] = argv[++i];
		else if (i + 1 < argc && !strcmp(argv[i], "--ours"))
			programs[OURS] = argv[++i];
		else if (i + 1 < argc && !strcmp(argv[i], "--only"))
			only = argv[++i];
		else
			return usage();
	}
	if (i == argc)
		return usage();
	ours = realpath(programs[OURS], NULL); /* it starts in another folder */
	if (ours)
		programs[OURS] = ours;
	for (; i < argc; i++) {
		struct script s;
		struct err e = {{0}};

		if (script_load(&s, argv[i], &e) < 0) {
			fprintf(stderr, "replay: %s\n", e.msg);
			bad++;
		} else if (table) {
			markdown(&s);
		} else {
			bad += replay_script(&s, programs, only);
		}
		script_free(&s);
	}
	free(ours);
	return bad ? 1 : 0;
}
