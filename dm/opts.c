/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/opts.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the list */

static int add_owned(struct opts *o, char *key, char *value, bool bare)
{
	struct opt *v = NULL;

	if (key && value)
		v = realloc(o->v, (o->n + 1) * sizeof(*v));
	if (!v) {
		free(key);
		free(value);
		return -ENOMEM;
	}
	o->v = v;
	v[o->n++] = (struct opt){key, value, bare};
	return 0;
}

int opts_add(struct opts *o, const char *key, const char *value)
{
	return add_owned(o, strdup(key), strdup(value), false);
}

void opts_free(struct opts *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		free(o->v[i].key);
		free(o->v[i].value);
	}
	free(o->v);
	*o = (struct opts){0};
}

int opts_copy(struct opts *to, const struct opts *from)
{
	int rc = 0;

	*to = (struct opts){0};
	for (unsigned i = 0; i < from->n && !rc; i++)
		rc = add_owned(to, strdup(from->v[i].key), strdup(from->v[i].value),
			       from->v[i].bare);
	if (rc)
		opts_free(to);
	return rc;
}

/* One word up to a single comma, ",," being a comma in it; *text moves behind it. */
static char *next_word(const char **text)
{
	const char *p = *text;
	char *word = malloc(strlen(p) + 1), *to = word;

	if (!word)
		return NULL;
	for (; *p && (*p != ',' || p[1] == ','); p++) {
		*to++ = *p;
		p += *p == ',';
	}
	*to = 0;
	*text = *p ? p + 1 : p;
	return word;
}

/* "key=value", "key", or for the first word with an implied key "value". */
static int add_word(struct opts *o, const char *word, const char *implied)
{
	const char *eq = strchr(word, '=');

	if (!eq && implied)
		return opts_add(o, implied, word);
	if (!eq)
		return add_owned(o, strdup(word), strdup("on"), true);
	return add_owned(o, strndup(word, (size_t)(eq - word)), strdup(eq + 1), false);
}

int opts_parse(struct opts *o, const char *text, const char *implied, struct err *e)
{
	int rc = 0;

	*o = (struct opts){0};
	for (bool first = true; *text && !rc; first = false) {
		char *word = next_word(&text);

		if (!word)
			rc = -ENOMEM;
		else if (*word == '=')
			rc = err_set(e, -EINVAL, "'%s' lacks a name before the '='", word);
		else if (*word || (first && implied))
			rc = add_word(o, word, first ? implied : NULL);
		free(word);
	}
	if (rc) {
		opts_free(o);
		err_set(e, rc, "out of memory");
	}
	return rc;
}

const char *opts_get(const struct opts *o, const char *key)
{
	for (unsigned i = o->n; i--;)
		if (!strcmp(o->v[i].key, key))
			return o->v[i].value;
	return NULL;
}

char *opts_take(struct opts *o, const char *key)
{
	char *value = NULL;
	unsigned kept = 0;

	for (unsigned i = 0; i < o->n; i++) {
		if (strcmp(o->v[i].key, key)) {
			o->v[kept++] = o->v[i];
			continue;
		}
		free(value);
		value = o->v[i].value;
		free(o->v[i].key);
	}
	o->n = kept;
	return value;
}

/* ---- values */

int text_bool(const char *text, bool *v)
{
	static const char *const words[] = {"off", "no", "false", "n", "on", "yes", "true", "y"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i])) {
			*v = i >= 4;
			return 0;
		}
	return -EINVAL;
}

int text_number(const char *text, uint64_t max, uint64_t *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*v = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (*end || end == text)
		return -EINVAL;
	return errno || *v > max ? -ERANGE : 0;
}

/* Power of 1024 of a suffix letter, -1 = none such. */
static int power_of(char suffix)
{
	const char *letters = "bkmgtpe", *at = strchr(letters, suffix | 0x20);

	return suffix && at ? (int)(at - letters) : -1;
}

int text_size(const char *text, uint64_t unit, uint64_t *v)
{
	char *end;
	uint64_t whole, part = 0, scale = 1;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	whole = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno)
		return -ERANGE;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++)
			if (scale < 1000000) {
				part = part * 10 + (uint64_t)(*end - '0');
				scale *= 10;
			}
	if (*end && power_of(*end) < 0)
		return -EINVAL;
	if (*end)
		unit = 1ull << 10 * power_of(*end++);
	if ((*end | 0x20) == 'b' && !end[1])
		end++;
	if (*end)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, v))
		return -ERANGE;
	return add_overflows(*v, muldiv64(part, unit, scale), v) ? -ERANGE : 0;
}

int opts_bool(const struct opts *o, const char *key, bool *v, const char *what, struct err *e)
{
	const char *text = opts_get(o, key);

	if (text && text_bool(text, v) < 0)
		return err_set(e, -EINVAL, "%s: %s=%s: want on or off", what, key, text);
	return 0;
}

int opts_number(const struct opts *o, const char *key, uint64_t max, uint64_t *v, const char *what,
		struct err *e)
{
	const char *text = opts_get(o, key);

	if (text && text_number(text, max, v) < 0)
		return err_set(e, -EINVAL, "%s: %s=%s: want a number from 0 to %llu", what, key,
			       text, (unsigned long long)max);
	return 0;
}

/* ---- names */

/* Edit distance (insert, delete, replace, swap of neighbours count 1), for short words. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[3][64];
	size_t n = strlen(a), k = strlen(b);

	if (n >= 64 || k >= 64)
		return ~0u;
	for (size_t j = 0; j <= k; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= k; j++) {
			row[j] =
				MIN(MIN(up[j], row[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], up2[j - 2] + 1);
		}
	}
	return d[n % 3][k];
}

const char *text_nearest(const char *name, const char *const *names, unsigned n)
{
	const char *best = NULL;
	unsigned least = (unsigned)MIN(strlen(name) / 2 + 1, 4);

	for (unsigned i = 0; i < n; i++) {
		unsigned d = distance(name, names[i]);

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

int opts_only(const struct opts *o, const char *const *known, const char *what, struct err *e)
{
	unsigned n = 0;

	while (known[n])
		n++;
	for (unsigned i = 0; i < o->n; i++) {
		unsigned k = 0;
		const char *near;

		while (k < n && strcmp(o->v[i].key, known[k]))
			k++;
		if (k < n)
			continue;
		near = text_nearest(o->v[i].key, known, n);
		return err_set(e, -EINVAL,
			       near ? "%s: no such key '%s' (did you mean '%s'?)"
				    : "%s: no such key '%s'",
			       what, o->v[i].key, near);
	}
	return 0;
}
