/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay/replay.h: a register script, the two machines it runs on, and the log of an execution.
 * docs/replay.md has the language.
 */
#ifndef TESTS_REPLAY_H
#define TESTS_REPLAY_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { MAX_WORDS = 12, MAX_VARS = 64, MAX_DIFFS = 128, MAX_FILES = 4, MAX_DEPTH = 16 };
enum { SOCKET_SECONDS = 30 };

struct line {
	char *memory, *text, *words[MAX_WORDS];
	unsigned n, number, end; /* end: the index of the `end` of a block */
};

/* An expected difference: where, which bits, why. */
struct diff {
	const char *glob, *reason;
	uint64_t bits;
	unsigned number, hits;
};

struct script {
	const char *path, *title;
	struct line *lines;
	unsigned n_lines, n_diffs, n_files;
	struct diff diffs[MAX_DIFFS];
	struct {
		const char *name;
		uint64_t size;
	} files[MAX_FILES];
};

enum which { QEMU, OURS };
extern const char *const target_names[];

/* One access: what it was ("section/in b 0x3fd") and what it gave. */
struct entry {
	char *key;
	uint64_t value;
	unsigned size, number; /* size 0: a write, nothing to compare */
};

struct target;

struct target_ops {
	int (*start)(struct target *t, char **argv, struct err *e);
	int (*in)(struct target *t, unsigned size, uint64_t port, uint64_t *v, struct err *e);
	int (*out)(struct target *t, unsigned size, uint64_t port, uint64_t v, struct err *e);
	int (*read)(struct target *t, unsigned size, uint64_t addr, uint64_t *v, struct err *e);
	int (*write)(struct target *t, unsigned size, uint64_t addr, uint64_t v, struct err *e);
	int (*step)(struct target *t, uint64_t ns, struct err *e); /* NULL: its clock stands */
};

struct target {
	const struct target_ops *ops;
	enum which which;
	const char *program;
	char dir[96]; /* its working directory, with its copies of the script's files */
	pid_t pid;
	FILE *in, *out;
	bool show;
	/* the script as it runs */
	const struct script *script;
	const char *section;
	struct {
		const char *name;
		uint64_t value;
	} vars[MAX_VARS];
	unsigned n_vars, depth;
	struct entry *log;
	size_t n_log;
};

/* ---- script.c */

int script_load(struct script *s, const char *path, struct err *e);
void script_free(struct script *s);
bool script_is(const struct line *l, const char *word);
bool script_opens_block(const struct line *l);
int script_error(const struct script *s, const struct line *l, struct err *e, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));

/* ---- number.c: a word of a line as a number */

int number_of(const struct target *t, const struct line *l, unsigned word, uint64_t *v,
	      struct err *e);
/* The innermost of that name, or a new one; a new one, which hides others while it is there. */
void number_set(struct target *t, const char *name, uint64_t v);
void number_push(struct target *t, const char *name, uint64_t v);

/* ---- run.c */

int run_script(struct target *t, struct err *e);
void run_note(struct target *t, const struct line *l, unsigned size, uint64_t v, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));

/* ---- target.c: a machine from its start to its end */

int target_run(struct target *t, struct err *e);
void target_end(struct target *t);
/* For the two below: starts argv, which keeps the n descriptors; then its streams. */
int target_spawn(struct target *t, char **argv, const int *keep, unsigned n, struct err *e);
int target_streams(struct target *t, int fd, struct err *e);
int target_line(struct target *t, char **line, size_t *room, struct err *e);

extern const struct target_ops qemu_ops, ours_ops; /* qemu.c, ours.c */
#endif
