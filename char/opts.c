/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char/opts.c: "type,key=value,flag,path=a,,b" into words, and the short forms of -serial,
 * -monitor, -qmp and -qtest ("unix:PATH,server,nowait") into such text.
 */
#include "char/impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the word at *p and moves on to the next one; ",," stands for one comma. */
static char *next_word(char **p)
{
	char *word = *p, *to = word, *from = word;

	while (*from && (*from != ',' || from[1] == ',')) {
		from += *from == ',';
		*to++ = *from++;
	}
	*p = *from ? from + 1 : NULL;
	*to = '\0';
	return word;
}

/* "server" is server=on; "nowait" is wait=off, as old command lines have it. */
static int add_word(struct chr_opts *o, char *word, struct err *e)
{
	char *eq = strchr(word, '=');

	if (!*word)
		return 0;
	if (o->n == CHR_OPTS)
		return err_set(e, -EINVAL, "too many options for a character device");
	if (eq)
		*eq = '\0';
	o->v[o->n].key = word;
	o->v[o->n].value = eq ? eq + 1 : "on";
	if (!eq && !strcmp(word, "nowait")) {
		o->v[o->n].key = "wait";
		o->v[o->n].value = "off";
	}
	o->n++;
	return 0;
}

int chr_opts_parse(struct chr_opts *o, const char *text, struct err *e)
{
	char *p;
	int rc = 0;

	*o = (struct chr_opts){.text = strdup(text)};
	if (!o->text)
		return err_set(e, -ENOMEM, "out of memory");
	p = o->text;
	o->type = next_word(&p);
	if (!strncmp(o->type, "backend=", 8))
		o->type += 8;
	while (p && !rc)
		rc = add_word(o, next_word(&p), e);
	if (rc)
		chr_opts_free(o);
	return rc;
}

void chr_opts_free(struct chr_opts *o)
{
	free(o->text);
	*o = (struct chr_opts){0};
}

const char *chr_opts_get(const struct chr_opts *o, const char *key)
{
	const char *value = NULL;

	for (unsigned i = 0; i < o->n; i++) {
		if (!strcmp(o->v[i].key, key))
			value = o->v[i].value;
	}
	return value;
}

int chr_opts_bool(const struct chr_opts *o, const char *key, bool *v, struct err *e)
{
	const char *s = chr_opts_get(o, key);

	if (!s)
		return 0;
	if (!strcmp(s, "on") || !strcmp(s, "yes") || !strcmp(s, "true") || !strcmp(s, "y"))
		*v = true;
	else if (!strcmp(s, "off") || !strcmp(s, "no") || !strcmp(s, "false") || !strcmp(s, "n"))
		*v = false;
	else
		return err_set(e, -EINVAL, "%s=%s is neither on nor off", key, s);
	return 0;
}

int chr_opts_number(const struct chr_opts *o, const char *key, unsigned long max, unsigned long *v,
		    struct err *e)
{
	const char *s = chr_opts_get(o, key);
	char *end;
	unsigned long n;

	if (!s)
		return 0;
	errno = 0;
	n = strtoul(s, &end, 0);
	if (*end == 'k' || *end == 'K')
		n = n > max >> 10 ? max + 1 : n << 10, end++;
	else if (*end == 'M')
		n = n > max >> 20 ? max + 1 : n << 20, end++;
	if (end == s || *end || *s == '-' || errno || n > max)
		return err_set(e, -EINVAL, "%s=%s is not a number up to %lu", key, s, max);
	*v = n;
	return 0;
}

static bool listed(const char *words, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = words; n && (p = strstr(p, key)); p += n) {
		if (p > words && p[-1] == ' ' && p[n] == ' ')
			return true;
	}
	return false;
}

int chr_opts_only(const struct chr_opts *o, const char *common, const char *own, struct err *e)
{
	for (unsigned i = 0; i < o->n; i++) {
		if (!listed(common, o->v[i].key) && !listed(own, o->v[i].key))
			return err_set(e, -EINVAL,
				       "a character device of type %s has no option '%s', only%s%s",
				       o->type, o->v[i].key, own, common + 1);
	}
	return 0;
}

/* ---- short forms ---- */

static char *make_text(const char *id, const char *type, const char *key, const char *path)
{
	size_t len = 2 * strlen(path) + 2 * strlen(id) + 64;
	char *text = malloc(len), *p;

	if (!text)
		return NULL;
	p = text + sprintf(text, "%s,id=", type);
	for (const char *s = id; *s; s++) {
		*p++ = *s;
		if (*s == ',')
			*p++ = ',';
	}
	if (key)
		sprintf(p, ",%s=%s", key, path);
	else
		*p = '\0';
	return text;
}

/* "HOST:PORT,server,nowait": HOST may be empty or [v6]; what follows the comma stays as it is. */
static char *short_tcp(const char *id, const char *rest, struct err *e)
{
	const char *v6 = *rest == '[' ? strchr(rest, ']') : NULL;
	const char *colon = strchr(v6 ? v6 : rest, ':');
	const char *comma = strchr(rest, ',');
	char *text, *with;
	size_t len;

	if (!colon || (comma && comma < colon) || (*rest == '[' && !v6)) {
		err_set(e, -EINVAL, "tcp:%s lacks a port: tcp:HOST:PORT", rest);
		return NULL;
	}
	len = (size_t)((v6 ? v6 : colon) - rest) - (v6 ? 1 : 0);
	text = make_text(id, "socket", NULL, "");
	with = text ? malloc(strlen(text) + strlen(rest) + 32) : NULL;
	if (with)
		sprintf(with, "%s,host=%.*s,port=%s", text, (int)len, rest + (v6 ? 1 : 0),
			colon + 1);
	else
		err_set(e, -ENOMEM, "out of memory");
	free(text);
	return with;
}

char *chr_opts_from_short(const char *id, const char *spec, struct err *e)
{
	static const struct {
		const char *prefix, *type, *key;
	} forms[] = {
		{"file:", "file", "path"},
		{"pipe:", "pipe", "path"},
		{"unix:", "socket", "path"},
		{"fd:", "socket", "fd"},
	};
	static const char *const plain[] = {"null", "pty", "stdio", "ringbuf"};

	if (!strcmp(spec, "none"))
		return NULL;
	if (!strncmp(spec, "tcp:", 4))
		return short_tcp(id, spec + 4, e);
	if (!strncmp(spec, "/dev/", 5))
		return make_text(id, "serial", "path", spec);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i].prefix);

		if (!strncmp(spec, forms[i].prefix, n))
			return make_text(id, forms[i].type, forms[i].key, spec + n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (!strcmp(spec, plain[i]))
			return make_text(id, plain[i], NULL, "");
	}
	err_set(e, -EINVAL,
		"'%s' is no character device: null, none, pty, stdio, file:PATH, pipe:PATH, "
		"unix:PATH[,server][,nowait], tcp:HOST:PORT[,server][,nowait], /dev/TTY",
		spec);
	return NULL;
}
