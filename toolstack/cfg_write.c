/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/cfg_write.c: settings as a text in the grammar of cfg.c: what a guest was created from,
 * for its supervisor.
 *
 * Tests: tests/toolstack/cfg.c
 */
#include "toolstack/cfg.h"

static void write_text(const char *text, FILE *f)
{
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			fprintf(f, "\\%03o", *p);
		else
			fputc(*p, f);
	}
	fputc('"', f);
}

static void write_value(const struct cfg_value *v, FILE *f)
{
	switch (v->kind) {
	case CFG_NUMBER:
		fputs(v->text, f);
		break;
	case CFG_STRING:
		write_text(v->text, f);
		break;
	case CFG_LIST:
		fputs("[ ", f);
		for (const struct cfg_value *i = v->items; i; i = i->next) {
			write_value(i, f);
			fputs(i->next ? ", " : " ", f);
		}
		fputc(']', f);
		break;
	}
}

void cfg_write(const struct cfg *c, FILE *f)
{
	for (const struct cfg_setting *s = c->first; s; s = s->next) {
		fprintf(f, "%s = ", s->name);
		write_value(s->value, f);
		fputc('\n', f);
	}
}
