/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay/number.c: numbers: 0x10, names, unary ~ and -, then | & << >> + - * / with C's precedence
 * and without blanks.
 */
#include "tests/tools/replay/replay.h"

#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct sum {
	const char *at;
	const struct target *t;
	bool bad;
};

static uint64_t sum_level(struct sum *s, unsigned level);

static uint64_t sum_name(struct sum *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s->at[n]) || s->at[n] == '_')
		n++;
	for (unsigned i = s->t->n_vars; i-- > 0;) {
		const char *name = s->t->vars[i].name;

		if (!strncmp(name, s->at, n) && !name[n]) {
			s->at += n;
			return s->t->vars[i].value;
		}
	}
	s->bad = true;
	return 0;
}

static uint64_t sum_atom(struct sum *s)
{
	uint64_t v;
	char *end;

	if (*s->at == '~' || *s->at == '-') {
		bool invert = *s->at++ == '~';

		v = sum_atom(s);
		return invert ? ~v : -v;
	}
	if (*s->at == '(') {
		s->at++;
		v = sum_level(s, 0);
		s->bad |= *s->at != ')';
		s->at += *s->at == ')';
		return v;
	}
	if (!isdigit((unsigned char)*s->at))
		return isalpha((unsigned char)*s->at) ? sum_name(s) : (s->bad = true, 0);
	v = strtoull(s->at, &end, 0);
	s->at = end;
	return v;
}

static const struct {
	unsigned level;
	const char *text;
} operators[] = {{0, "|"}, {1, "&"}, {2, "<<"}, {2, ">>"}, {3, "+"}, {3, "-"}, {4, "*"}, {4, "/"}};

static uint64_t apply(struct sum *s, char op, uint64_t a, uint64_t b)
{
	switch (op) {
	case '|':
		return a | b;
	case '&':
		return a & b;
	case '<':
		return b < 64 ? a << b : 0;
	case '>':
		return b < 64 ? a >> b : 0;
	case '+':
		return a + b;
	case '-':
		return a - b;
	case '*':
		return a * b;
	default:
		s->bad |= !b;
		return b ? a / b : 0;
	}
}

static uint64_t sum_level(struct sum *s, unsigned level)
{
	uint64_t v = level == 4 + 1 ? sum_atom(s) : sum_level(s, level + 1);

	for (unsigned i = 0; i < ARRAY_SIZE(operators) && level <= 4; i++) {
		size_t n = strlen(operators[i].text);

		if (operators[i].level != level || strncmp(s->at, operators[i].text, n) != 0)
			continue;
		s->at += n;
		v = apply(s, *operators[i].text, v, sum_level(s, level + 1));
		i = UINT_MAX; /* again from the first: a+b-c */
	}
	return v;
}

int number_of(const struct target *t, const struct line *l, unsigned word, uint64_t *v,
	      struct err *e)
{
	struct sum s = {.at = word < l->n ? l->words[word] : "", .t = t};

	*v = sum_level(&s, 0);
	if (s.bad || *s.at)
		return script_error(t->script, l, e, "%s wants a number where '%s' stands",
				    l->words[0], word < l->n ? l->words[word] : "nothing");
	return 0;
}

void number_push(struct target *t, const char *name, uint64_t v)
{
	if (t->n_vars == MAX_VARS)
		return; /* its use will say that it is unknown */
	t->vars[t->n_vars].name = name;
	t->vars[t->n_vars++].value = v;
}

void number_set(struct target *t, const char *name, uint64_t v)
{
	unsigned i = t->n_vars;

	while (i > 0 && strcmp(t->vars[i - 1].name, name) != 0)
		i--;
	if (i)
		t->vars[i - 1].value = v;
	else
		number_push(t, name, v);
}
