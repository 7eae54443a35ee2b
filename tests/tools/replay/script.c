/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay/script.c: reads a script: its lines, their blocks, expected differences, files. */
#include "tests/tools/replay/replay.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int script_error(const struct script *s, const struct line *l, struct err *e, const char *format,
		 ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(e, -EINVAL, "%s:%u: %s", s->path, l->number, text);
}

bool script_is(const struct line *l, const char *word)
{
	return l->n && !strcmp(l->words[0], word);
}

bool script_opens_block(const struct line *l)
{
	return script_is(l, "for") || script_is(l, "repeat") || script_is(l, "def");
}

/* diff GLOB [bits MASK] -- REASON */
static int parse_diff(struct script *s, struct line *l, struct err *e)
{
	char *glob = l->text + strlen("diff"), *reason = strstr(glob, " -- "), *bits, *end = "";
	struct diff *d = &s->diffs[s->n_diffs];

	if (!reason || s->n_diffs == MAX_DIFFS)
		return script_error(s, l, e,
				    "want diff SECTION/ACCESS [bits MASK] -- REASON, "
				    "at most %d times",
				    MAX_DIFFS);
	*reason = 0;
	*d = (struct diff){.reason = reason + 4, .bits = ~0ull, .number = l->number};
	bits = strstr(glob, " bits ");
	if (bits) {
		*bits = 0;
		d->bits = strtoull(bits + 6, &end, 0);
		if (*end)
			return script_error(s, l, e, "bits %s: not a number", bits + 6);
	}
	d->glob = glob + strspn(glob, " \t");
	s->n_diffs++;
	l->n = 0;
	return 0;
}

static int parse_file(struct script *s, struct line *l, struct err *e)
{
	char *end = "?";

	if (l->n != 3 || s->n_files == MAX_FILES || strchr(l->words[1], '/'))
		return script_error(s, l, e, "want file NAME BYTES, at most %d times", MAX_FILES);
	s->files[s->n_files].name = l->words[1];
	s->files[s->n_files++].size = strtoull(l->words[2], &end, 0);
	return *end ? script_error(s, l, e, "%s: not a number", l->words[2]) : 0;
}

static int split_words(const struct script *s, struct line *l, struct err *e)
{
	for (char *p = l->text; *(p += strspn(p, " \t"));) {
		if (l->n == MAX_WORDS)
			return script_error(s, l, e, "more than %d words", MAX_WORDS);
		l->words[l->n++] = p;
		p += strcspn(p, " \t");
		if (*p)
			*p++ = 0;
	}
	return 0;
}

static int parse_line(struct script *s, struct line *l, struct err *e)
{
	char *text = l->text + strspn(l->text, " \t"), *hash = text;

	while ((hash = strchr(hash, '#')) && hash != text && !isspace((unsigned char)hash[-1]))
		hash++;
	if (hash)
		*hash = 0;
	l->text = text;
	if (!strncmp(text, "diff ", 5))
		return parse_diff(s, l, e);
	if (!strncmp(text, "title ", 6)) {
		s->title = text + 6;
		return 0;
	}
	if (split_words(s, l, e) < 0)
		return -EINVAL;
	return script_is(l, "file") ? parse_file(s, l, e) : 0;
}

/* Each opening line learns where its `end` is. */
static int match_blocks(struct script *s, struct err *e)
{
	unsigned open[MAX_DEPTH], depth = 0;

	for (unsigned i = 0; i < s->n_lines; i++) {
		struct line *l = &s->lines[i];

		if (script_opens_block(l) && depth == MAX_DEPTH)
			return script_error(s, l, e, "blocks are nested too deep");
		if (script_opens_block(l))
			open[depth++] = i;
		else if (script_is(l, "end") && !depth)
			return script_error(s, l, e, "end without a block");
		else if (script_is(l, "end"))
			s->lines[open[--depth]].end = i;
	}
	return depth ? script_error(s, &s->lines[open[0]], e, "this block has no end") : 0;
}

int script_load(struct script *s, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	size_t room = 0;
	int rc = 0;

	*s = (struct script){.path = path, .title = path};
	if (!f)
		return err_errno(e, -errno, "cannot open %s", path);
	for (unsigned number = 1; !rc; number++) {
		struct line l = {.number = number}, *more;
		ssize_t n = getline(&l.memory, &room, f);

		room = 0;
		if (n < 0) {
			free(l.memory);
			break;
		}
		l.text = l.memory;
		l.text[strcspn(l.text, "\n")] = 0;
		more = realloc(s->lines, (s->n_lines + 1) * sizeof(*more));
		if (!more)
			abort();
		s->lines = more;
		s->lines[s->n_lines] = l;
		rc = parse_line(s, &s->lines[s->n_lines++], e);
	}
	fclose(f);
	return rc ? rc : match_blocks(s, e);
}

void script_free(struct script *s)
{
	for (unsigned i = 0; i < s->n_lines; i++)
		free(s->lines[i].memory);
	free(s->lines);
}
