/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp.c: the human monitor: a line's command, help, sessions on streams. */
#include "dm/hmp.h"

#include "base/util.h"
#include "dm/qmp.h"

#include <ctype.h>
#include <stdlib.h>

#define PROMPT "(qemu) " /* scripts wait for it */
#define LINE   4096

struct hmp_session {
	struct machine *m;
	struct chr *chr;
	char line[LINE];
	size_t len;
	bool greeted, skip_lf;
	struct hmp_session *next;
};

static struct hmp_session *sessions;

/* ---- a line ---- */

/* Is name[0 … len) one of "a|b"? */
static bool named(const char *names, const char *name, size_t len)
{
	while (*names) {
		size_t n = strcspn(names, "|");

		if (n == len && !strncmp(names, name, n))
			return true;
		names += n + (names[n] == '|');
	}
	return false;
}

static const struct hmp_command *find(const struct hmp_command *table, const char *name, size_t len)
{
	for (; table->names; table++)
		if (named(table->names, name, len))
			return table;
	return NULL;
}

void hmp_error(struct hmp_call *c, const struct err *e)
{
	fprintf(c->out, "Error: %s\n", e->msg);
}

static void run(struct hmp_call *c, const char *args)
{
	struct err e = {{0}};
	int name = (int)strcspn(c->command->names, "|");

	if (hmp_parse(c, args, &e))
		fprintf(c->out, "%s\nTry \"help %s%.*s\" for more information\n", e.msg,
			c->info ? "info " : "", name, c->command->names);
	else
		c->command->run(c);
	hmp_values_free(c);
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (s[n] && !isspace((unsigned char)s[n]) && s[n] != '/')
		n++;
	return n;
}

static void run_line(struct hmp_call *c, const char *line)
{
	const char *start;
	size_t len;

	while (isspace((unsigned char)*line))
		line++;
	start = line;
	len = name_length(line);
	if (!*line)
		return;
	c->command = find(hmp_commands, line, len);
	while (c->command && c->command->sub) {
		const char *next = line + len;

		while (isspace((unsigned char)*next))
			next++;
		if (!*next)
			break;
		line = next;
		len = name_length(line);
		c->info = true;
		c->command = find(c->command->sub, line, len);
	}
	if (!c->command) {
		fprintf(c->out, "unknown command: '%.*s'\n", (int)(line + len - start), start);
		return;
	}
	run(c, line + len);
}

char *hmp_run(struct machine *m, const char *line)
{
	struct hmp_call c = {.m = m};
	char *text = NULL, *crlf, *to;
	size_t len, lines = 0;

	c.out = open_memstream(&text, &len);
	if (!c.out)
		return NULL;
	run_line(&c, line);
	if (fclose(c.out)) {
		free(text);
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	crlf = to = malloc(len + lines + 1);
	for (size_t i = 0; crlf && i < len; i++) {
		if (text[i] == '\n')
			*to++ = '\r';
		*to++ = text[i];
	}
	if (crlf)
		*to = 0;
	free(text);
	return crlf;
}

/* ---- help ---- */

static void help_row(struct hmp_call *c, const struct hmp_command *row, const char *prefix)
{
	fprintf(c->out, "%s%s %s -- %s\n", prefix, row->names, row->params ? row->params : "",
		row->help);
}

static void help_table(struct hmp_call *c, const struct hmp_command *table, const char *prefix)
{
	for (; table->names; table++)
		help_row(c, table, prefix);
}

void hmp_help(struct hmp_call *c)
{
	const char *name = hmp_text(c, "name");
	const struct hmp_command *table = hmp_commands, *row = NULL;
	const char *prefix = "";

	if (name && !strncmp(name, "info", 4) && (!name[4] || name[4] == ' ')) {
		prefix = "info ";
		table = hmp_info_commands;
		name = name[4] ? name + 5 : NULL;
	}
	if (!name) {
		help_table(c, table, prefix);
		return;
	}
	row = find(table, name, strlen(name));
	if (row)
		help_row(c, row, prefix);
	else
		fprintf(c->out, "unknown command: '%s%s'\n", prefix, name);
}

void hmp_info(struct hmp_call *c)
{
	help_table(c, hmp_info_commands, "info ");
}

/* ---- sessions: lines without editing beyond backspace ---- */

static void put(struct hmp_session *s, const char *text)
{
	chr_write(s->chr, text, strlen(text));
}

static void greet(struct hmp_session *s)
{
	char text[128];

	s->greeted = true;
	s->len = 0;
	snprintf(text, sizeof(text),
		 "%s %d.%d.%d monitor - type 'help' for more information\r\n" PROMPT, QMP_PACKAGE,
		 QMP_VERSION_MAJOR, QMP_VERSION_MINOR, QMP_VERSION_MICRO);
	put(s, text);
}

static void line_done(struct hmp_session *s)
{
	char *text;

	s->line[s->len] = 0;
	s->len = 0;
	text = hmp_run(s->m, s->line);
	put(s, text ? text : "out of memory\r\n");
	put(s, PROMPT);
	free(text);
}

static void got_byte(struct hmp_session *s, uint8_t b)
{
	bool after_cr = s->skip_lf;

	s->skip_lf = b == '\r';
	if (b == '\r' || (b == '\n' && !after_cr))
		line_done(s);
	else if ((b == 0x7f || b == '\b') && s->len)
		s->len--;
	else if (b >= ' ' && b != 0x7f && s->len < LINE - 1)
		s->line[s->len++] = (char)b;
}

static size_t chr_can_read(void *arg)
{
	(void)arg;
	return LINE;
}

static void chr_got(void *arg, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		got_byte(arg, buf[i]);
}

static void chr_happened(void *arg, enum chr_event ev)
{
	struct hmp_session *s = arg;

	if (ev == CHR_OPENED && !s->greeted)
		greet(s);
	if (ev == CHR_CLOSED)
		s->greeted = false;
}

static int session_open(struct machine *m, struct chr *c, bool pretty, struct err *e)
{
	struct hmp_session *s = calloc(1, sizeof(*s));
	struct chr_client client = {
		.can_read = chr_can_read, .read = chr_got, .event = chr_happened, .arg = s};

	(void)pretty;
	if (!s)
		return err_set(e, -1, "out of memory");
	s->m = m;
	s->chr = c;
	s->next = sessions;
	sessions = s;
	chr_set_reliable(c);
	chr_attach(c, &client);
	if (chr_connected(c) && !s->greeted)
		greet(s);
	return 0;
}

static void close_all(struct machine *m)
{
	struct hmp_session **p = &sessions;

	while (*p) {
		struct hmp_session *s = *p;

		if (s->m != m) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		chr_attach(s->chr, NULL);
		free(s);
	}
}

static struct monitor_type readline = {
	.mode = "readline", .open = session_open, .close_all = close_all};

__attribute__((constructor)) static void register_readline(void)
{
	machine_monitor_type(&readline);
}
