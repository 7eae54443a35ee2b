/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/guest.c: from the settings of a configuration to a guest, by the table of keys.c, and
 * what several of them must be to each other.
 *
 * Tests: tests/toolstack/guest.c
 */
#include "toolstack/guest.h"

#include "base/util.h"
#include "toolstack/keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct guest *g;
	const struct cfg *cfg;
	FILE *say;
	struct err *e;
};

/* ---- words ---- */

static void note(struct reader *r, const struct cfg_setting *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct reader *r, const struct cfg_setting *s, const char *fmt, ...)
{
	va_list ap;

	if (!r->say)
		return;
	fprintf(r->say, "%s:%u: %s", s->file, s->line, s->name);
	va_start(ap, fmt);
	vfprintf(r->say, fmt, ap);
	va_end(ap);
	fputc('\n', r->say);
}

/* "FILE:LINE: KEY" and how it goes on. */
static int bad(struct reader *r, const struct cfg_setting *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct reader *r, const struct cfg_setting *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cfg_err(r->e, -EINVAL, s->file, s->line, "%s%s", s->name, text);
}

static int no_memory(struct reader *r)
{
	return err_set(r->e, -ENOMEM, "out of memory");
}

/* ---- settings of each kind ---- */

static int read_text(struct reader *r, const struct key *k, const struct cfg_setting *s)
{
	char **to = (char **)((char *)r->g + k->at);

	if (s->value->kind == CFG_LIST)
		return bad(r, s, " is a text, not a list");
	*to = strdup(s->value->text);
	return *to ? 0 : no_memory(r);
}

/* As libxlutil: a string may hold the number; 0x and 0 before it mean what they mean in C. */
static int read_number(struct reader *r, const struct key *k, const struct cfg_setting *s)
{
	const char *text = s->value->text;
	char *end;
	long v;

	if (s->value->kind == CFG_LIST)
		return bad(r, s, " is a number, not a list");
	errno = 0;
	v = strtol(text, &end, 0);
	if (errno || end == text || *end)
		return bad(r, s, "=\"%s\": not a number", text);
	if (v < k->min || v > k->max)
		return bad(r, s, "=%s: from %ld to %ld", text, k->min, k->max);
	*(long *)((char *)r->g + k->at) = v;
	return 0;
}

static bool add_text(struct texts *t, const char *text)
{
	char **v = realloc(t->v, (t->n + 1) * sizeof(*v));

	if (!v)
		return false;
	t->v = v;
	v[t->n] = strdup(text);
	return v[t->n++];
}

/* A single text stands for a list of one, as it does in xl for serial and usbdevice. */
static int read_list(struct reader *r, const struct key *k, const struct cfg_setting *s)
{
	struct texts *to = (struct texts *)((char *)r->g + k->at);
	bool list = s->value->kind == CFG_LIST;

	for (const struct cfg_value *v = list ? s->value->items : s->value; v; v = v->next) {
		if (v->kind == CFG_LIST)
			return cfg_err(r->e, -EINVAL, s->file, v->line, "%s holds texts, no lists",
				       s->name);
		if (!add_text(to, v->text))
			return no_memory(r);
	}
	return 0;
}

/* The place of text among "a|b|c"; -1. */
static int choice(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int n = 0; *words; n++) {
		size_t word = strcspn(words, "|");

		if (word == len && !memcmp(words, text, len))
			return n;
		words += word + (words[word] == '|');
	}
	return -1;
}

static int read_choice(struct reader *r, const struct key *k, const struct cfg_setting *s)
{
	int n = s->value->kind == CFG_LIST ? -1 : choice(k->note, s->value->text);

	if (n < 0)
		return bad(r, s, "=\"%s\": one of %s",
			   s->value->kind == CFG_LIST ? "[…]" : s->value->text, k->note);
	if (k->at != NOWHERE)
		*(unsigned *)((char *)r->g + k->at) = (unsigned)n;
	return 0;
}

static int read_any(struct reader *r, const struct key *k, const struct cfg_setting *s)
{
	(void)r;
	(void)k;
	(void)s;
	return 0;
}

static int (*const readers[])(struct reader *, const struct key *, const struct cfg_setting *) = {
	[KEY_BOOL] = read_number, [KEY_NUMBER] = read_number, [KEY_TEXT] = read_text,
	[KEY_LIST] = read_list,   [KEY_CHOICE] = read_choice, [KEY_ANY] = read_any,
};

/* A list without items and a 0 ask for nothing. */
static bool asks_nothing(const struct cfg_setting *s)
{
	return s->value->kind == CFG_LIST ? !s->value->items
					  : !*s->value->text || !strcmp(s->value->text, "0");
}

static const struct key *find_key(const char *name)
{
	for (unsigned i = 0; i < n_keys; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static int read_setting(struct reader *r, const struct cfg_setting *s)
{
	const struct key *k = find_key(s->name);

	if (!k) { /* as xl, which looks for the keys that it knows */
		note(r, s, ": no such setting is known; it does nothing");
		return 0;
	}
	if (k->status == KEY_REFUSED && !asks_nothing(s))
		return bad(r, s, ": %s", k->note);
	if (k->status == KEY_NOTED)
		note(r, s, " does nothing here: %s", k->note);
	if (k->status == KEY_OLD)
		note(r, s, " is an old spelling: %s", k->note);
	return readers[k->kind](r, k, s);
}

static void set_defaults(struct guest *g)
{
	for (unsigned i = 0; i < n_keys; i++) {
		char *at = keys[i].at == NOWHERE ? NULL : (char *)g + keys[i].at;

		if (keys[i].kind == KEY_CHOICE && at)
			*(unsigned *)at = (unsigned)keys[i].def;
		else if (keys[i].kind == KEY_BOOL || keys[i].kind == KEY_NUMBER)
			*(long *)at = keys[i].def;
	}
}

/* ---- lists of disks and network cards ---- */

/* The value that became item i of a list, for its line. */
static unsigned line_of(const struct cfg_setting *s, unsigned i)
{
	const struct cfg_value *v = s->value->kind == CFG_LIST ? s->value->items : s->value;

	while (i-- && v->next)
		v = v->next;
	return v->line;
}

static int at_item(struct reader *r, const struct cfg_setting *s, unsigned i)
{
	err_prefix(r->e, "%s:%u", s->file, line_of(s, i));
	return -EINVAL;
}

/* hda and xvda are one place. */
static int check_places(struct reader *r, const struct cfg_setting *s, unsigned i)
{
	const struct disk *d = r->g->disks, *it = &d[i];

	if (it->bus == DISK_SCSI)
		return cfg_err(r->e, -EINVAL, s->file, line_of(s, i),
			       "%s: there is no SCSI controller: hda to hdd", it->vdev);
	for (unsigned k = 0; k < i; k++)
		if (d[k].number == it->number)
			return cfg_err(r->e, -EINVAL, s->file, line_of(s, i),
				       "two disks are at one place: %s here, %s on line %u",
				       it->vdev, d[k].vdev, line_of(s, k));
	return 0;
}

static int check_kind(struct reader *r, const struct cfg_setting *s, unsigned i)
{
	const struct disk *d = &r->g->disks[i];
	const char *why = NULL;

	if (d->cdrom && d->number > 3)
		why = "a CD drive is one of hda to hdd";
	else if (!d->cdrom && !d->writable && d->number < 4)
		why = "an IDE disk cannot be read-only";
	else if (d->format == DISK_QCOW || d->format == DISK_VHD || d->format == DISK_QED)
		why = "images are raw or qcow2 (hvm-img knows no other either: qemu-img converts)";
	else if (d->script)
		why = "disks are files and devices of this host, there are no block scripts";
	else if (d->backend)
		why = "disks are of this host, there are no driver domains";
	if (why)
		return cfg_err(r->e, -EINVAL, s->file, line_of(s, i), "%s: %s", d->vdev, why);
	if (d->number > 3)
		note(r, s, ": %s is left out: a guest has hda to hdd", d->vdev);
	if (d->old)
		note(r, s, ": %s is spelled as of old: \"%s,%s,%s,%s\"", d->vdev,
		     d->target ? d->target : "", d->target ? disk_format_name(d->format) : "",
		     d->vdev,
		     d->cdrom      ? "cdrom"
		     : d->writable ? "rw"
				   : "ro");
	return 0;
}

static int read_disks(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "disk");
	struct guest *g = r->g;
	int rc = 0;

	g->disks = calloc(g->disk_specs.n + 1, sizeof(*g->disks));
	if (!g->disks)
		return no_memory(r);
	for (unsigned i = 0; !rc && i < g->disk_specs.n; i++) {
		g->n_disks++;
		if (disk_parse(&g->disks[i], g->disk_specs.v[i], r->e))
			return at_item(r, s, i);
		rc = check_places(r, s, i);
		if (!rc)
			rc = check_kind(r, s, i);
	}
	return rc;
}

static void note_vif(struct reader *r, const struct cfg_setting *s, unsigned i)
{
	const struct vif *v = &r->g->vifs[i];

	if (!v->emulated)
		note(r, s, ": card %u is left out: type=vif needs a driver of Xen's", i);
	if (v->rate)
		note(r, s, ": card %u: rate does nothing here", i);
}

static int read_vifs(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "vif");
	struct guest *g = r->g;

	g->vifs = calloc(g->vif_specs.n + 1, sizeof(*g->vifs));
	if (!g->vifs)
		return no_memory(r);
	for (unsigned i = 0; i < g->vif_specs.n; i++) {
		g->n_vifs++;
		if (vif_parse(&g->vifs[i], g->vif_specs.v[i], r->e))
			return at_item(r, s, i);
		note_vif(r, s, i);
	}
	return 0;
}

/* ---- what the settings are to each other ---- */

static int want(struct reader *r, const char *name, bool there)
{
	const char *file = r->cfg->sources ? r->cfg->files[0] : "the configuration";

	return there ? 0 : err_set(r->e, -EINVAL, "%s: %s is missing", file, name);
}

/* A name goes into paths, into the store and into titles. */
int guest_name_check(const char *name, struct err *e)
{
	if (!*name || strlen(name) > 63 || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strspn(name, "0123456789") == strlen(name))
		return err_set(e, -EINVAL, "name=\"%s\": 1 to 63 characters, not a number alone",
			       name);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '/' || *p == 0x7f)
			return err_set(e, -EINVAL, "name=\"%s\": no blanks, no '/'", name);
	return 0;
}

static int check_name(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "name");
	struct err why = {""};

	return guest_name_check(r->g->name, &why)
		       ? cfg_err(r->e, -EINVAL, s->file, s->line, "%s", why.msg)
		       : 0;
}

static int check_uuid(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "uuid");
	const char *u = r->g->uuid;

	if (!u)
		return 0;
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? u[i] != '-' : !u[i] || !strchr("0123456789abcdefABCDEF", u[i]))
			return bad(r, s,
				   "=\"%s\": not like "
				   "01234567-89ab-cdef-0123-456789abcdef",
				   u);
	}
	return u[36] ? bad(r, s, "=\"%s\": too long", u) : 0;
}

static int check_video(struct reader *r)
{
	const struct cfg_setting *vga = cfg_find(r->cfg, "vga"),
				 *ram = cfg_find(r->cfg, "videoram");
	struct guest *g = r->g;
	long least = g->vga == VGA_STD ? 16 : g->vga == VGA_CIRRUS ? 8 : 0;

	if (g->stdvga && !vga)
		g->vga = VGA_STD, least = 16;
	if (g->vga == VGA_QXL)
		return bad(r, vga, "=\"qxl\": no SPICE and no QXL card; stdvga has the same modes");
	if (!ram || g->vga == VGA_NONE)
		g->videoram = least;
	else if (g->videoram < least)
		return bad(r, ram, "=%ld: this adapter has %ld at least", g->videoram, least);
	return 0;
}

/* "host,NAME=BITS,…" is how xl changes single bits of CPUID. */
static int check_cpuid(struct reader *r)
{
	const char *policy = r->g->cpuid;

	if (policy && !strncmp(policy, "host,", 5))
		note(r, cfg_find(r->cfg, "cpuid"), ": no single bits are set here: as host");
	return 0;
}

static int check_boot(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "boot");
	char *kernel = r->g->kernel;

	if (s && strspn(r->g->boot, "acdn") != strlen(r->g->boot))
		return bad(r, s, "=\"%s\": of the letters a, c, d and n", r->g->boot);
	/* A configuration for xend: hvmloader is what Xen starts, not what the guest boots. */
	if (kernel && strstr(kernel, "hvmloader")) {
		note(r, cfg_find(r->cfg, "kernel"), " names hvmloader: not needed, left out");
		free(kernel);
		r->g->kernel = NULL;
	}
	return 0;
}

static int check_numbers(struct reader *r)
{
	struct guest *g = r->g;

	if (!g->maxvcpus)
		g->maxvcpus = g->vcpus;
	if (g->vcpus > g->maxvcpus)
		return bad(r, cfg_find(r->cfg, "vcpus"), "=%ld: more than maxvcpus, %ld", g->vcpus,
			   g->maxvcpus);
	if (!g->maxmem)
		g->maxmem = g->memory;
	if (g->memory > g->maxmem)
		return bad(r, cfg_find(r->cfg, "memory"), "=%ld: more than maxmem, %ld", g->memory,
			   g->maxmem);
	if (g->usbversion > 1)
		return bad(r, cfg_find(r->cfg, "usbversion"), "=%ld: there is UHCI alone: 1",
			   g->usbversion);
	if (g->usbversion && (g->usb || g->usbdevice.n))
		return bad(r, cfg_find(r->cfg, "usbversion"),
			   ": not together with usb or usbdevice");
	return 0;
}

/* What is not done of an action is said: no memory is dumped. */
static int check_actions(struct reader *r)
{
	static const char *const names[] = {"on_poweroff", "on_reboot", "on_crash"};
	const enum guest_action actions[] = {r->g->on_poweroff, r->g->on_reboot, r->g->on_crash};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const struct cfg_setting *s = cfg_find(r->cfg, names[i]);

		if (actions[i] == ACTION_COREDUMP_DESTROY)
			note(r, s, ": no memory is dumped here: as destroy");
		else if (actions[i] == ACTION_COREDUMP_RESTART)
			note(r, s, ": no memory is dumped here: as restart");
	}
	return 0;
}

static int check_display(struct reader *r)
{
	const struct cfg_setting *s = cfg_find(r->cfg, "vncdisplay");
	const char *listen = r->g->vnclisten, *colon = listen ? strrchr(listen, ':') : NULL;

	/* An IPv6 address has colons of its own, and brackets. */
	if (s && colon && strchr("0123456789", colon[1]) &&
	    (!strchr(listen, ']') || strchr(listen, ']') < colon))
		return bad(r, s, ": vnclisten=\"%s\" names the display already", listen);
	return 0;
}

static int check(struct reader *r)
{
	static int (*const checks[])(struct reader *) = {
		check_name, check_uuid,    check_numbers, check_cpuid, check_video,
		check_boot, check_display, check_actions, read_disks,  read_vifs,
	};
	int rc = want(r, "name", r->g->name);

	if (!rc)
		rc = want(r, "memory", r->g->memory);
	for (unsigned i = 0; !rc && i < ARRAY_SIZE(checks); i++)
		rc = checks[i](r);
	return rc;
}

int guest_read(struct guest *g, const struct cfg *c, FILE *say, struct err *e)
{
	struct reader r = {.g = g, .cfg = c, .say = say, .e = e};
	int rc = 0;

	*g = (struct guest){.name = NULL};
	set_defaults(g);
	for (const struct cfg_setting *s = c->first; !rc && s; s = s->next)
		rc = read_setting(&r, s);
	return rc ? rc : check(&r);
}

/* ---- life ---- */

static void free_texts(struct texts *t)
{
	for (unsigned i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	*t = (struct texts){.v = NULL};
}

void guest_free(struct guest *g)
{
	for (unsigned i = 0; i < n_keys; i++) {
		char *at = keys[i].at == NOWHERE ? NULL : (char *)g + keys[i].at;

		if (keys[i].kind == KEY_TEXT)
			free(*(char **)at);
		else if (keys[i].kind == KEY_LIST)
			free_texts((struct texts *)at);
	}
	for (unsigned i = 0; i < g->n_disks; i++)
		disk_free(&g->disks[i]);
	for (unsigned i = 0; i < g->n_vifs; i++)
		vif_free(&g->vifs[i]);
	free(g->disks);
	free(g->vifs);
	*g = (struct guest){.name = NULL};
}

/* ---- the table, for people ---- */

void guest_print_keys(FILE *f)
{
	static const char *const states[] = {[KEY_WORKS] = "yes",
					     [KEY_NOTED] = "does nothing, said",
					     [KEY_REFUSED] = "refused",
					     [KEY_OLD] = "old spelling, said"};

	fputs("| key | here | |\n|---|---|---|\n", f);
	for (unsigned i = 0; i < n_keys; i++) {
		fprintf(f, "| `%s` | %s | ", keys[i].name, states[keys[i].status]);
		for (const char *p = keys[i].note; *p; p++)
			*p == '|' ? fputs(", ", f) : fputc(*p, f);
		fputs(" |\n", f);
	}
}
