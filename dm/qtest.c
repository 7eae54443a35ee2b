/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qtest.c: the protocol: one command a line, words split at single blanks, one
 * answer line each; "IRQ raise N" lines come between. Numbers as strtoull's base 0.
 * Behaviour, answers and log follow QEMU 7.2; where that would abort on a bad
 * line, this says FAIL.
 */
#include "dm/qtest.h"

#include "base/util.h"
#include "dm/host.h"
#include "dm/machine_parts.h"
#include "dm/qtest_text.h"
#include "hypervisor/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64u << 20) /* a test writes its whole disk image in one line */
#define BLOCK_MAX      (16u << 20)
#define WORDS_MAX      6

struct qtest {
	struct machine *m;
	void (*reply)(void *arg, const char *text, size_t len);
	void *arg;
	struct chr_slot *slot; /* NULL: fed by hand */
	FILE *log;
	struct timespec since;
	char *line; /* what has come of the line so far */
	size_t len, cap;
	bool overlong; /* dropping the rest of a line */
	struct pin_watch watch;
	bool watching;
	char intercepted[64];
	bool levels[DOMAIN_PINS];
};

/* ---- output ---- */

static double elapsed(const struct qtest *q)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - q->since.tv_sec) + (double)(t.tv_nsec - q->since.tv_nsec) / 1e9;
}

static void log_prefix(struct qtest *q, char kind)
{
	if (q->log)
		fprintf(q->log, "[%c +%.06f] ", kind, elapsed(q));
}

/* One whole line. */
static void send_line(struct qtest *q, const char *text, size_t len)
{
	log_prefix(q, 'S');
	if (q->log) {
		fwrite(text, 1, len, q->log);
		fflush(q->log);
	}
	q->reply(q->arg, text, len);
}

static void say(struct qtest *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct qtest *q, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	n = MIN(n, (int)sizeof(text) - 2);
	text[n++] = '\n';
	send_line(q, text, (size_t)n);
}

/* ---- arguments ---- */

struct command {
	struct qtest *q;
	char *word[WORDS_MAX];
	unsigned n;
};

static bool number(struct command *c, unsigned i, uint64_t *v)
{
	char *end;

	if (i >= c->n || !*c->word[i])
		return false;
	errno = 0;
	*v = strtoull(c->word[i], &end, 0);
	return !errno && !*end;
}

static bool signed_number(struct command *c, unsigned i, int64_t *v)
{
	char *end;

	if (i >= c->n || !*c->word[i])
		return false;
	errno = 0;
	*v = strtoll(c->word[i], &end, 0);
	return !errno && !*end;
}

static void bad_arguments(struct command *c)
{
	say(c->q, "FAIL Bad arguments of '%.32s'", c->word[0]);
}

/* The width letter at the end of inb, readq, … */
static unsigned width(const char *name)
{
	switch (name[strlen(name) - 1]) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'l':
		return 4;
	}
	return 8;
}

/* ---- ports and memory ---- */

static void mem_read(struct machine *m, uint64_t gpa, void *buf, size_t len)
{
	if (!m->dom || domain_mem_read(m->dom, DOMAIN_NO_VCPU, gpa, buf, len) < 0)
		memset(buf, 0xff, len);
}

static void mem_write(struct machine *m, uint64_t gpa, const void *buf, size_t len)
{
	if (m->dom)
		domain_mem_write(m->dom, DOMAIN_NO_VCPU, gpa, buf, len);
}

static void do_out(struct command *c)
{
	uint64_t port, val;

	if (!number(c, 1, &port) || !number(c, 2, &val)) {
		bad_arguments(c);
		return;
	}
	if (c->q->m->dom && port <= 0xffff)
		domain_out(c->q->m->dom, DOMAIN_NO_VCPU, (uint16_t)port, width(c->word[0]),
			   (uint32_t)(val & ones(width(c->word[0]))));
	say(c->q, "OK");
}

static void do_in(struct command *c)
{
	uint32_t val = ~0u;
	uint64_t port;

	if (!number(c, 1, &port)) {
		bad_arguments(c);
		return;
	}
	if (c->q->m->dom && port <= 0xffff)
		domain_in(c->q->m->dom, DOMAIN_NO_VCPU, (uint16_t)port, width(c->word[0]), &val);
	say(c->q, "OK 0x%04" PRIx32, val & (uint32_t)ones(width(c->word[0])));
}

static void do_write_unit(struct command *c)
{
	uint64_t gpa, val;
	uint8_t buf[8];

	if (!number(c, 1, &gpa) || !number(c, 2, &val)) {
		bad_arguments(c);
		return;
	}
	store_le(buf, 8, val);
	mem_write(c->q->m, gpa, buf, width(c->word[0]));
	say(c->q, "OK");
}

static void do_read_unit(struct command *c)
{
	uint8_t buf[8] = {0};
	uint64_t gpa;

	if (!number(c, 1, &gpa)) {
		bad_arguments(c);
		return;
	}
	mem_read(c->q->m, gpa, buf, width(c->word[0]));
	say(c->q, "OK 0x%016" PRIx64, load_le(buf, 8));
}

/* ADDR SIZE of a block command: the buffer for it, NULL when that was answered already. */
static uint8_t *block(struct command *c, uint64_t *gpa, uint64_t *len)
{
	uint8_t *buf = NULL;

	if (!number(c, 1, gpa) || !number(c, 2, len) || add_overflows(*gpa, *len, &(uint64_t){0}))
		bad_arguments(c);
	else if (*len > BLOCK_MAX)
		say(c->q, "FAIL More than %u bytes at once", BLOCK_MAX);
	else if (!(buf = calloc(1, *len + 1)))
		say(c->q, "FAIL Out of memory");
	return buf;
}

/* "OK " + text + newline, text made by encode into the room for it. */
static void reply_block(struct command *c, const uint8_t *buf, size_t len, const char *prefix,
			size_t room, size_t (*encode)(char *to, const uint8_t *from, size_t len))
{
	size_t n = strlen(prefix);
	char *text = malloc(n + room + 2);

	if (!text) {
		say(c->q, "FAIL Out of memory");
		return;
	}
	memcpy(text, prefix, n);
	n += encode(text + n, buf, len);
	text[n++] = '\n';
	send_line(c->q, text, n);
	free(text);
}

static void do_read(struct command *c)
{
	uint64_t gpa, len;
	uint8_t *buf = block(c, &gpa, &len);

	if (!buf)
		return;
	mem_read(c->q->m, gpa, buf, len);
	if (!len)
		bad_arguments(c);
	else if (!strcmp(c->word[0], "b64read"))
		reply_block(c, buf, len, "OK ", base64_room(len), base64_encode);
	else
		reply_block(c, buf, len, "OK 0x", 2 * len, hex_encode);
	free(buf);
}

static void do_write(struct command *c)
{
	uint64_t gpa, len;
	uint8_t *buf;

	if (c->n > 3 && strlen(c->word[3]) < 3) {
		say(c->q, "ERR invalid argument size");
		return;
	}
	if (c->n < 4) {
		bad_arguments(c);
		return;
	}
	buf = block(c, &gpa, &len);
	if (!buf)
		return;
	/* Digits that lack are zeros. */
	hex_decode(buf, len, c->word[3] + 2);
	mem_write(c->q->m, gpa, buf, len);
	free(buf);
	say(c->q, "OK");
}

static void do_b64write(struct command *c)
{
	uint64_t gpa, len;
	size_t got;
	uint8_t *buf;

	if (c->n < 4) {
		bad_arguments(c);
		return;
	}
	buf = block(c, &gpa, &len);
	if (!buf)
		return;
	got = base64_decode(buf, len, c->word[3]);
	mem_write(c->q->m, gpa, buf, got);
	free(buf);
	say(c->q, "OK");
}

static void do_memset(struct command *c)
{
	uint64_t gpa, len, val;
	uint8_t *buf;

	if (!number(c, 3, &val)) {
		bad_arguments(c);
		return;
	}
	buf = block(c, &gpa, &len);
	if (!buf)
		return;
	memset(buf, (int)(val & 0xff), len);
	mem_write(c->q->m, gpa, buf, len);
	free(buf);
	say(c->q, "OK");
}

static void do_endianness(struct command *c)
{
	say(c->q, "OK little");
}

/* ---- the clock ---- */

static void clock_to(struct command *c, int64_t to)
{
	struct clock *k = c->q->m->clock;

	if (to > clock_now(k))
		clock_set(k, to);
	say(c->q, "OK %" PRIi64, clock_now(k));
}

static void do_clock_step(struct command *c)
{
	struct clock *k = c->q->m->clock;
	int64_t now = clock_now(k), by;

	if (c->n > 1 && *c->word[1]) {
		if (!signed_number(c, 1, &by) || by > INT64_MAX - now)
			bad_arguments(c);
		else
			clock_to(c, now + by);
		return;
	}
	/* To the next deadline; without one time stands. */
	by = clock_next(k);
	clock_to(c, by == INT64_MAX ? now : by);
}

static void do_clock_set(struct command *c)
{
	int64_t to;

	if (!signed_number(c, 1, &to))
		bad_arguments(c);
	else
		clock_to(c, to);
}

/* ---- interrupts ---- */

static void pin_changed(void *arg, unsigned pin, bool level)
{
	struct qtest *q = arg;

	if (pin >= DOMAIN_PINS || q->levels[pin] == level)
		return;
	q->levels[pin] = level;
	say(q, "IRQ %s %u", level ? "raise" : "lower", pin);
}

/* What has the machine's interrupt pins: by type, by partial or by whole path. */
static bool has_pins(struct machine *m, const char *path)
{
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	if (!m->dom)
		return false;
	return !strcmp(last, "ioapic") || strstr(last, "i8259") || !strcmp(last, "pic") ||
	       !strcmp(last, "isa-pic") || !strcmp(last, "gsi");
}

static void do_intercept(struct command *c)
{
	struct qtest *q = c->q;

	if (c->n < 2) {
		bad_arguments(c);
		return;
	}
	/* Lines of single devices are not taken away from the board: their pins are watched. */
	if (!has_pins(q->m, c->word[1]) && !(q->m->dom && machine_qom_find(q->m, c->word[1]))) {
		say(q, "FAIL Unknown device");
		return;
	}
	if (q->watching) {
		say(q, strcmp(q->intercepted, c->word[1]) ? "FAIL IRQ intercept already enabled"
							  : "OK");
		return;
	}
	snprintf(q->intercepted, sizeof(q->intercepted), "%s", c->word[1]);
	domain_watch_pins(q->m->dom, &q->watch);
	q->watching = true;
	say(q, "OK");
}

/* set_irq_in PATH NAME NUM LEVEL */
static void do_set_irq_in(struct command *c)
{
	struct machine *m = c->q->m;
	int64_t level;
	uint64_t num;
	struct dev *d;

	if (!number(c, 3, &num) || !signed_number(c, 4, &level)) {
		bad_arguments(c);
		return;
	}
	d = machine_qom_find(m, c->word[1]);
	if (d && num < d->class->n_inputs) {
		dev_input(d, (unsigned)num, level != 0);
		say(c->q, "OK");
	} else if (!d && has_pins(m, c->word[1]) && num < DOMAIN_PINS) {
		domain_set_pin(m->dom, (unsigned)num, level != 0);
		say(c->q, "OK");
	} else {
		say(c->q,
		    d || has_pins(m, c->word[1]) ? "FAIL Unknown input" : "FAIL Unknown device");
	}
}

/* ---- the rest ---- */

static void do_module_load(struct command *c)
{
	/* There are no modules: all that exists is loaded. */
	say(c->q, "OK");
}

static const struct {
	const char *name;
	void (*run)(struct command *c);
} commands[] = {
	{"outb", do_out},
	{"outw", do_out},
	{"outl", do_out},
	{"inb", do_in},
	{"inw", do_in},
	{"inl", do_in},
	{"writeb", do_write_unit},
	{"writew", do_write_unit},
	{"writel", do_write_unit},
	{"writeq", do_write_unit},
	{"readb", do_read_unit},
	{"readw", do_read_unit},
	{"readl", do_read_unit},
	{"readq", do_read_unit},
	{"read", do_read},
	{"write", do_write},
	{"b64read", do_read},
	{"b64write", do_b64write},
	{"memset", do_memset},
	{"endianness", do_endianness},
	{"clock_step", do_clock_step},
	{"clock_set", do_clock_set},
	{"irq_intercept_in", do_intercept},
	{"irq_intercept_out", do_intercept},
	{"set_irq_in", do_set_irq_in},
	{"module_load", do_module_load},
};

static void log_line(struct qtest *q, const char *line)
{
	if (!q->log)
		return;
	log_prefix(q, 'R');
	fprintf(q->log, "%s\n", line);
	fflush(q->log);
}

/* Words are cut in place; the last one keeps the rest. */
static void run_line(struct qtest *q, char *line)
{
	struct command c = {.q = q};
	char *p = line;

	log_line(q, line);
	while (p && c.n < WORDS_MAX) {
		c.word[c.n++] = p;
		p = c.n < WORDS_MAX ? strchr(p, ' ') : NULL;
		if (p)
			*p++ = 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, c.word[0])) {
			commands[i].run(&c);
			/* What the access asked for (a reset) is done before the next command. */
			machine_requests(q->m);
			return;
		}
	say(q, "FAIL Unknown command '%.256s'", c.word[0]);
}

/* ---- input ---- */

static bool room_for(struct qtest *q, size_t more)
{
	size_t cap = q->cap ? q->cap : 4096;
	char *line;

	if (q->len + more + 1 > LINE_MAX_BYTES)
		return false;
	while (cap < q->len + more + 1)
		cap *= 2;
	if (cap == q->cap)
		return true;
	line = realloc(q->line, cap);
	if (!line)
		return false;
	q->line = line;
	q->cap = cap;
	return true;
}

static void take(struct qtest *q, const char *bytes, size_t len)
{
	if (q->overlong)
		return;
	if (!room_for(q, len)) {
		q->overlong = true;
		return;
	}
	memcpy(q->line + q->len, bytes, len);
	q->len += len;
}

static void end_of_line(struct qtest *q)
{
	if (q->overlong || !room_for(q, 0)) {
		say(q, "FAIL The line is longer than %u bytes", LINE_MAX_BYTES);
	} else {
		if (q->len && q->line[q->len - 1] == '\r')
			q->len--;
		q->line[q->len] = 0;
		run_line(q, q->line);
	}
	q->len = 0;
	q->overlong = false;
	if (q->cap > 1 << 20) {
		free(q->line);
		q->line = NULL;
		q->cap = 0;
	}
}

void qtest_feed(struct qtest *q, const char *bytes, size_t len)
{
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) : len;

		take(q, bytes, n);
		if (end) {
			end_of_line(q);
			n++;
		}
		bytes += n;
		len -= n;
	}
}

/* ---- the stream ---- */

static void to_stream(void *arg, const char *text, size_t len)
{
	struct qtest *q = arg;

	chr_write(q->slot->chr, text, len);
}

static size_t stream_can_read(void *arg)
{
	(void)arg;
	return 65536;
}

static void stream_read(void *arg, const uint8_t *buf, size_t len)
{
	qtest_feed(arg, (const char *)buf, len);
}

static void stream_event(void *arg, enum chr_event ev)
{
	struct qtest *q = arg;

	if (ev == CHR_OPENED) {
		clock_gettime(CLOCK_MONOTONIC, &q->since);
		memset(q->levels, 0, sizeof(q->levels));
		q->len = 0;
		q->overlong = false;
	}
	if (q->log && ev != CHR_BREAK) {
		fprintf(q->log, ev == CHR_OPENED ? "[I %.06f] OPENED\n" : "[I +%.06f] CLOSED\n",
			elapsed(q));
		fflush(q->log);
	}
}

/* ---- life ---- */

struct qtest *qtest_new(struct machine *m, void (*reply)(void *arg, const char *text, size_t len),
			void *arg)
{
	struct qtest *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	*q = (struct qtest){
		.m = m, .reply = reply, .arg = arg, .watch = {.fn = pin_changed, .arg = q}};
	clock_gettime(CLOCK_MONOTONIC, &q->since);
	return q;
}

void qtest_free(struct qtest *q)
{
	if (!q)
		return;
	if (q->watching)
		domain_unwatch_pins(q->m->dom, &q->watch);
	if (q->slot) {
		chr_attach(q->slot->chr, NULL);
		q->slot->monitor = false;
	}
	if (q->log && q->log != stderr)
		fclose(q->log);
	free(q->line);
	free(q);
}

/* Not given: standard error, as QEMU. */
static int open_log(struct qtest *q, const char *log, struct err *e)
{
	int fd;

	if (!log) {
		q->log = stderr;
		return 0;
	}
	if (!strcmp(log, "none"))
		return 0;
	fd = host_open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644, e);
	q->log = fd >= 0 ? fdopen(fd, "w") : NULL;
	return q->log ? 0 : err_errno(e, fd < 0 ? fd : -errno, "-qtest-log: cannot write %s", log);
}

int qtest_open(struct machine *m, const char *spec, const char *log, struct err *e)
{
	struct chr_client client = {
		.can_read = stream_can_read, .read = stream_read, .event = stream_event};
	struct qtest *q = qtest_new(m, to_stream, NULL);

	if (!q)
		return err_set(e, -ENOMEM, "out of memory");
	m->qtest = q;
	q->arg = client.arg = q;
	if (open_log(q, log, e) < 0)
		return -EIO;
	q->slot = machine_chr_short(m, "qtest", spec, e);
	if (!q->slot || q->slot->user || q->slot->monitor) {
		q->slot = NULL;
		err_set(e, -EBUSY, "it is in use");
		err_prefix(e, "-qtest %s", spec);
		return -EINVAL;
	}
	q->slot->monitor = true;
	chr_set_reliable(q->slot->chr);
	chr_attach(q->slot->chr, &client);
	return 0;
}

void qtest_close(struct machine *m)
{
	qtest_free(m->qtest);
	m->qtest = NULL;
}
