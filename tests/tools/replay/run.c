/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay/run.c: the statements of a script. */
#include "tests/tools/replay/replay.h"

#include "base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

enum { POLLS = 3000 };

void run_note(struct target *t, const struct line *l, unsigned size, uint64_t v, const char *format,
	      ...)
{
	struct entry *more = realloc(t->log, (t->n_log + 1) * sizeof(*more));
	char what[200], *key;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (!more || asprintf(&key, "%s/%s", t->section, what) < 0)
		abort();
	t->log = more;
	t->log[t->n_log++] = (struct entry){key, v, size, l->number};
	if (t->show && size)
		printf("%s = 0x%0*llx\n", what, (int)size * 2, (unsigned long long)v);
	else if (t->show)
		printf("%s\n", what);
}

/* The access width: a word of the line, "b", "w" or "l". */
static int width(const struct target *t, const struct line *l, unsigned word, unsigned *size,
		 struct err *e)
{
	const char *w = word < l->n ? l->words[word] : "";

	*size = !strcmp(w, "b") ? 1 : !strcmp(w, "w") ? 2 : !strcmp(w, "l") ? 4 : 0;
	return *size ? 0 : script_error(t->script, l, e, "want b, w or l, not '%s'", w);
}

static int wants(const struct target *t, const struct line *l, unsigned n, const char *usage,
		 struct err *e)
{
	return l->n == n ? 0 : script_error(t->script, l, e, "want %s", usage);
}

static int do_in(struct target *t, const struct line *l, struct err *e)
{
	uint64_t port, v;
	unsigned size;

	if (wants(t, l, 3, "in b|w|l PORT", e) || width(t, l, 1, &size, e) ||
	    number_of(t, l, 2, &port, e))
		return -EINVAL;
	if (t->ops->in(t, size, port, &v, e) < 0)
		return -EIO;
	run_note(t, l, size, v, "in %s 0x%03llx", l->words[1], (unsigned long long)port);
	return 0;
}

static int do_out(struct target *t, const struct line *l, struct err *e)
{
	uint64_t port, v;
	unsigned size;

	if (wants(t, l, 4, "out b|w|l PORT VALUE", e) || width(t, l, 1, &size, e) ||
	    number_of(t, l, 2, &port, e) || number_of(t, l, 3, &v, e))
		return -EINVAL;
	v &= ones(size);
	run_note(t, l, 0, v, "out %s 0x%03llx 0x%0*llx", l->words[1], (unsigned long long)port,
		 (int)size * 2, (unsigned long long)v);
	return t->ops->out(t, size, port, v, e);
}

/* Waits for the disk or the network behind a device: real time, since no clock runs. */
static int do_poll(struct target *t, const struct line *l, struct err *e)
{
	uint64_t port, mask, want, v = 0;
	unsigned size;

	if (wants(t, l, 5, "poll b|w|l PORT MASK VALUE", e) || width(t, l, 1, &size, e) ||
	    number_of(t, l, 2, &port, e) || number_of(t, l, 3, &mask, e) ||
	    number_of(t, l, 4, &want, e))
		return -EINVAL;
	for (unsigned i = 0; i < POLLS; i++) {
		if (t->ops->in(t, size, port, &v, e) < 0)
			return -EIO;
		if ((v & mask) == want) {
			run_note(t, l, size, v, "poll %s 0x%03llx", l->words[1],
				 (unsigned long long)port);
			return 0;
		}
		nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
	}
	return script_error(t->script, l, e, "on %s the value stays 0x%llx", target_names[t->which],
			    (unsigned long long)v);
}

/* DEVICE.FUNCTION in hex, as lspci has them, or a sum that gives devfn and starts with a name. */
static int devfn_of(const struct target *t, const struct line *l, unsigned word, unsigned *devfn,
		    struct err *e)
{
	unsigned dev, fn;
	uint64_t v;

	if (word < l->n && sscanf(l->words[word], "%x.%x", &dev, &fn) == 2)
		v = dev << 3 | fn;
	else if (number_of(t, l, word, &v, e))
		return -EINVAL;
	*devfn = (unsigned)v;
	return v < 256 ? 0 : script_error(t->script, l, e, "no such function");
}

/* cfg r|w b|w|l DEVICE.FUNCTION REGISTER [VALUE] */
static int do_cfg(struct target *t, const struct line *l, struct err *e)
{
	bool write = l->n > 1 && !strcmp(l->words[1], "w");
	unsigned size, devfn;
	uint64_t reg, v = 0;
	char what[32];
	int rc;

	if (wants(t, l, write ? 6 : 5, "cfg r|w b|w|l DEV.FN REGISTER [VALUE]", e) ||
	    width(t, l, 2, &size, e) || devfn_of(t, l, 3, &devfn, e) ||
	    number_of(t, l, 4, &reg, e) || (write && number_of(t, l, 5, &v, e)))
		return -EINVAL;
	reg &= 0xff;
	snprintf(what, sizeof(what), "%s %02x.%x 0x%02llx", l->words[2], devfn >> 3, devfn & 7,
		 (unsigned long long)reg);
	rc = t->ops->out(t, 4, 0xcf8, 0x80000000 | devfn << 8 | (reg & 0xfc), e);
	if (write && !rc) {
		v &= ones(size);
		run_note(t, l, 0, v, "cfg w %s 0x%0*llx", what, (int)size * 2,
			 (unsigned long long)v);
		return t->ops->out(t, size, 0xcfc + (reg & 3), v, e);
	}
	if (!rc)
		rc = t->ops->in(t, size, 0xcfc + (reg & 3), &v, e);
	if (!rc)
		run_note(t, l, size, v, "cfg r %s", what);
	return rc;
}

static int do_mem(struct target *t, const struct line *l, struct err *e)
{
	bool write = l->n > 1 && !strcmp(l->words[1], "w");
	uint64_t addr, v = 0;
	unsigned size;
	int rc;

	if (wants(t, l, write ? 5 : 4, "mem r|w b|w|l ADDRESS [VALUE]", e) ||
	    width(t, l, 2, &size, e) || number_of(t, l, 3, &addr, e) ||
	    (write && number_of(t, l, 4, &v, e)))
		return -EINVAL;
	if (write) {
		v &= ones(size);
		run_note(t, l, 0, v, "mem w %s 0x%llx 0x%0*llx", l->words[2],
			 (unsigned long long)addr, (int)size * 2, (unsigned long long)v);
		return t->ops->write(t, size, addr, v, e);
	}
	rc = t->ops->read(t, size, addr, &v, e);
	if (!rc)
		run_note(t, l, size, v, "mem r %s 0x%llx", l->words[2], (unsigned long long)addr);
	return rc;
}

/* For delays that QEMU does not have: time passes in ours alone. */
static int do_step(struct target *t, const struct line *l, struct err *e)
{
	uint64_t ns;

	if (wants(t, l, 2, "step NANOSECONDS", e) || number_of(t, l, 1, &ns, e))
		return -EINVAL;
	return t->ops->step ? t->ops->step(t, ns, e) : 0;
}

static int do_let(struct target *t, const struct line *l, struct err *e)
{
	uint64_t v;

	if (wants(t, l, 3, "let NAME VALUE", e) || number_of(t, l, 2, &v, e))
		return -EINVAL;
	number_set(t, l->words[1], v);
	return 0;
}

static int do_section(struct target *t, const struct line *l, struct err *e)
{
	if (wants(t, l, 2, "section NAME", e))
		return -EINVAL;
	t->section = l->words[1];
	if (t->show)
		printf("== %s\n", t->section);
	return 0;
}

static int do_nothing(struct target *t, const struct line *l, struct err *e)
{
	(void)t, (void)l, (void)e;
	return 0;
}

static int run_range(struct target *t, unsigned from, unsigned to, struct err *e);

/* for NAME FIRST LAST [STEP], repeat COUNT */
static int do_loop(struct target *t, const struct line *l, struct err *e)
{
	uint64_t first = 1, last, step = 1;
	bool repeat = script_is(l, "repeat");
	unsigned at = (unsigned)(l - t->script->lines);
	int rc = 0;

	if (l->n < (repeat ? 2 : 4) || l->n > (repeat ? 2 : 5))
		return script_error(t->script, l, e,
				    "want for NAME FIRST LAST [STEP], "
				    "or repeat COUNT");
	if (number_of(t, l, repeat ? 1 : 3, &last, e) ||
	    (!repeat && number_of(t, l, 2, &first, e)) ||
	    (l->n == 5 && number_of(t, l, 4, &step, e)))
		return -EINVAL;
	if (!step || last > UINT32_MAX)
		return script_error(t->script, l, e, "this loop would not end");
	for (uint64_t i = first; i <= last && !rc; i += step) {
		if (!repeat)
			number_set(t, l->words[1], i);
		rc = run_range(t, at + 1, l->end, e);
	}
	return rc;
}

/* NAME ARGUMENT…: the lines of `def NAME PARAMETER…`; what it names is its own. */
static int do_call(struct target *t, const struct line *l, struct err *e)
{
	const struct script *s = t->script;
	unsigned outside = t->n_vars;
	const struct line *def = NULL;
	uint64_t v[MAX_WORDS];
	int rc;

	for (unsigned i = 0; i < s->n_lines && !def; i++)
		if (script_is(&s->lines[i], "def") && s->lines[i].n > 1 &&
		    !strcmp(s->lines[i].words[1], l->words[0]))
			def = &s->lines[i];
	if (!def)
		return script_error(s, l, e, "%s: no such word", l->words[0]);
	if (l->n + 1 != def->n)
		return script_error(s, l, e, "%s wants %u arguments", l->words[0], def->n - 2);
	for (unsigned i = 1; i < l->n; i++)
		if (number_of(t, l, i, &v[i], e) < 0)
			return -EINVAL;
	for (unsigned i = 1; i < l->n; i++)
		number_push(t, def->words[i + 1], v[i]);
	rc = run_range(t, (unsigned)(def - s->lines) + 1, def->end, e);
	t->n_vars = outside;
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct target *t, const struct line *l, struct err *e);
} statements[] = {
	{"in", do_in},        {"out", do_out},     {"poll", do_poll},       {"cfg", do_cfg},
	{"mem", do_mem},      {"let", do_let},     {"for", do_loop},        {"repeat", do_loop},
	{"step", do_step},    {"def", do_nothing}, {"section", do_section}, {"args", do_nothing},
	{"file", do_nothing},
};

static int run_line(struct target *t, const struct line *l, struct err *e)
{
	for (unsigned i = 0; i < ARRAY_SIZE(statements); i++)
		if (script_is(l, statements[i].name))
			return statements[i].run(t, l, e);
	return l->n ? do_call(t, l, e) : 0;
}

static int run_range(struct target *t, unsigned from, unsigned to, struct err *e)
{
	const struct script *s = t->script;
	int rc = 0;

	if (t->depth == MAX_DEPTH)
		return script_error(s, &s->lines[from], e, "calls are nested too deep");
	t->depth++;
	for (unsigned i = from; i < to && !rc; i++) {
		rc = run_line(t, &s->lines[i], e);
		if (script_opens_block(&s->lines[i]))
			i = s->lines[i].end;
	}
	t->depth--;
	return rc;
}

int run_script(struct target *t, struct err *e)
{
	t->section = "start";
	return run_range(t, 0, t->script->n_lines, e);
}
