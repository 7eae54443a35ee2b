/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/gdb.c: gdb's remote protocol. A vCPU is a thread; the machine runs or stands
 * as a whole, and stands from when a debugger comes until it says otherwise.
 *
 * Spec: gdb manual, appendix E (remote protocol).
 * Missing: catching the guest's exceptions, reverse execution, 32-bit register sets.
 */
#include "dm/gdb.h"

#include "base/util.h"
#include "dm/machine_parts.h"
#include "dm/qmp.h"
#include "hypervisor/vcpus.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/debug.h"
#include "hypervisor/x86/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET 0x4000u
enum { SIG_INT = 2, SIG_TRAP = 5 };

struct gdb {
	struct machine *m;
	struct chr_slot *slot;
	struct machine_listener listener;
	struct cpu_debug debug;
	unsigned thread;    /* that g, m … and steps are about */
	bool no_ack, waits; /* waits: it let the machine go, and is owed a reply */
	bool cuts;          /* in a packet: the next two bytes are its checksum */
	unsigned len, sums;
	char in[PACKET + 1], out[2 * PACKET + 8], last[2 * PACKET + 8];
};

static struct cpu *cpu_of(const struct gdb *g, unsigned vcpu)
{
	struct engine *en = vcpus_engine(g->m->vcpus);

	return en->ops->cpu(en, vcpu);
}

static unsigned n_cpus(const struct gdb *g)
{
	return g->m->cfg->cpus;
}

/* ---- packets out ---- */

static void reply(struct gdb *g, const char *text)
{
	uint8_t sum = 0;
	int n;

	for (const char *p = text; *p; p++)
		sum = (uint8_t)(sum + (uint8_t)*p);
	n = snprintf(g->last, sizeof(g->last), "$%s#%02x", text, sum);
	chr_write(g->slot->chr, g->last, (size_t)n);
}

static void reply_hex(struct gdb *g, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(g->out + 2 * i, 3, "%02x", data[i]);
	g->out[2 * len] = 0;
	reply(g, g->out);
}

/* Threads are numbered from 1. */
static void stopped(struct gdb *g, int signal)
{
	const struct cpu *c = cpu_of(g, g->thread);
	char why[64] = "";

	if (signal == SIG_TRAP && c->debug_hit)
		snprintf(why, sizeof(why), "%s:%llx;",
			 c->debug_hit->read ? c->debug_hit->write ? "awatch" : "rwatch" : "watch",
			 (unsigned long long)c->debug_hit->at);
	snprintf(g->out, sizeof(g->out), "T%02xthread:%x;%s", (unsigned)signal, g->thread + 1, why);
	g->waits = false;
	reply(g, g->out);
}

/* ---- numbers in ---- */

static int digit(char ch)
{
	const char *digits = "0123456789abcdef", *at = ch ? strchr(digits, ch | 0x20) : NULL;

	if (ch >= '0' && ch <= '9')
		return ch - '0';
	return at ? (int)(at - digits) : -1;
}

static bool number(const char **p, uint64_t *v)
{
	const char *from = *p;

	for (*v = 0; digit(**p) >= 0; (*p)++)
		*v = *v << 4 | (unsigned)digit(**p);
	return *p != from;
}

static bool skip(const char **p, char ch)
{
	return **p == ch && (*p)++;
}

/* Two digits a byte; how many there were. */
static size_t bytes(const char *p, uint8_t *to, size_t most)
{
	size_t n = 0;

	while (n < most && digit(p[0]) >= 0 && digit(p[1]) >= 0) {
		to[n++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		p += 2;
	}
	return n;
}

/* ---- registers ---- */

static void read_all(struct gdb *g)
{
	uint8_t all[GDB_REGS * 16], *to = all;

	for (unsigned n = 0; gdb_reg_size(n); n++) {
		gdb_reg_read(cpu_of(g, g->thread), n, to);
		to += gdb_reg_size(n);
	}
	reply_hex(g, all, (size_t)(to - all));
}

static void write_all(struct gdb *g, const char *p)
{
	uint8_t buf[16];

	for (unsigned n = 0; gdb_reg_size(n); n++) {
		unsigned size = gdb_reg_size(n);

		memset(buf, 0, sizeof(buf));
		if (bytes(p, buf, size) != size)
			break;
		gdb_reg_write(cpu_of(g, g->thread), n, buf);
		p += 2 * size;
	}
	reply(g, "OK");
}

static void read_one(struct gdb *g, const char *p)
{
	uint8_t buf[16];
	uint64_t n;

	if (!number(&p, &n) || n >= GDB_REGS || !gdb_reg_size((unsigned)n)) {
		reply(g, "E01");
		return;
	}
	gdb_reg_read(cpu_of(g, g->thread), (unsigned)n, buf);
	reply_hex(g, buf, gdb_reg_size((unsigned)n));
}

static void write_one(struct gdb *g, const char *p)
{
	uint8_t buf[16] = {0};
	uint64_t n;

	if (!number(&p, &n) || !skip(&p, '=') || n >= GDB_REGS || !gdb_reg_size((unsigned)n) ||
	    bytes(p, buf, 16) != gdb_reg_size((unsigned)n)) {
		reply(g, "E01");
		return;
	}
	gdb_reg_write(cpu_of(g, g->thread), (unsigned)n, buf);
	reply(g, "OK");
}

/* ---- memory: linear addresses of the thread ---- */

static bool memory(struct gdb *g, uint64_t at, uint8_t *buf, size_t len, bool write)
{
	return gdb_memory(g->m->dom, cpu_of(g, g->thread), at, buf, len, write);
}

static void read_memory(struct gdb *g, const char *p)
{
	uint8_t buf[PACKET / 2];
	uint64_t at, len;

	if (!number(&p, &at) || !skip(&p, ',') || !number(&p, &len) || len > sizeof(buf))
		reply(g, "E22");
	else if (!memory(g, at, buf, len, false))
		reply(g, "E14");
	else
		reply_hex(g, buf, len);
}

/* The data of an X packet is as it is, but for } and a byte with bit 5 turned. */
static size_t unescape(const char *p, const char *end, uint8_t *to, size_t most)
{
	size_t n = 0;

	for (; p < end && n < most; p++)
		to[n++] = (uint8_t)(*p == '}' && p + 1 < end ? *++p ^ 0x20 : *p);
	return n;
}

static void write_memory(struct gdb *g, const char *p, bool raw)
{
	uint8_t buf[PACKET];
	uint64_t at, len;
	size_t n;

	if (!number(&p, &at) || !skip(&p, ',') || !number(&p, &len) || !skip(&p, ':')) {
		reply(g, "E22");
		return;
	}
	n = raw ? unescape(p, g->in + g->len, buf, sizeof(buf)) : bytes(p, buf, sizeof(buf));
	if (n != len)
		reply(g, "E22");
	else
		reply(g, memory(g, at, buf, n, true) ? "OK" : "E14");
}

/* ---- breakpoints ---- */

static void debug_changed(struct gdb *g)
{
	struct engine *en = vcpus_engine(g->m->vcpus);

	en->ops->debug(en, &g->debug);
}

static bool set_break(struct gdb *g, uint64_t at, bool on)
{
	struct cpu_debug *d = &g->debug;
	unsigned i = 0;

	while (i < d->n_breaks && d->breaks[i] != at)
		i++;
	if (on && i == DEBUG_BREAKS)
		return false;
	if (on && i == d->n_breaks)
		d->breaks[d->n_breaks++] = at;
	else if (!on && i < d->n_breaks)
		d->breaks[i] = d->breaks[--d->n_breaks];
	return true;
}

static bool set_watch(struct gdb *g, const struct cpu_watch *w, bool on)
{
	struct cpu_debug *d = &g->debug;
	unsigned i = 0;

	while (i < d->n_watches && (d->watches[i].at != w->at || d->watches[i].len != w->len ||
				    d->watches[i].read != w->read))
		i++;
	if (on && (i == DEBUG_WATCHES || !w->len || w->len > 4096))
		return false;
	if (on && i == d->n_watches)
		d->watches[d->n_watches++] = *w;
	else if (!on && i < d->n_watches)
		d->watches[i] = d->watches[--d->n_watches];
	return true;
}

/* Z0, Z1: breakpoints; Z2 write, Z3 read, Z4 either: watchpoints. */
static void set_point(struct gdb *g, const char *p, bool on)
{
	uint64_t kind, at, len;
	bool done;

	if (!number(&p, &kind) || !skip(&p, ',') || !number(&p, &at) || !skip(&p, ',') ||
	    !number(&p, &len)) {
		reply(g, "E22");
		return;
	}
	if (kind > 4) {
		reply(g, "");
		return;
	}
	if (kind < 2)
		done = set_break(g, at, on);
	else
		done = set_watch(
			g, &(struct cpu_watch){at, (uint32_t)MIN(len, 8192u), kind != 2, kind != 3},
			on);
	debug_changed(g);
	reply(g, done ? "OK" : "E28");
}

/* ---- running ---- */

static void go(struct gdb *g)
{
	struct err e = {""};

	g->waits = true;
	if (machine_cont(g->m, &e) < 0)
		stopped(g, SIG_TRAP);
}

static void step(struct gdb *g)
{
	vcpus_step(g->m->vcpus, g->thread);
	stopped(g, SIG_TRAP);
}

/* vCont;s:2;c and the like: a step of the one thread that it names, or all go. */
static void cont_each(struct gdb *g, const char *p)
{
	const char *s = strstr(p, ";s"), *sig = strstr(p, ";S");
	uint64_t thread;

	s = s ? s : sig;
	if (!s) {
		go(g);
		return;
	}
	s = strchr(s, ':');
	if (s++ && number(&s, &thread) && thread - 1 < n_cpus(g))
		g->thread = (unsigned)thread - 1;
	step(g);
}

static void forget(struct gdb *g)
{
	struct err e = {""};

	g->debug.n_breaks = g->debug.n_watches = 0;
	debug_changed(g);
	g->no_ack = g->waits = false;
	if (g->m->state == RUN_PAUSED)
		machine_cont(g->m, &e);
}

/* ---- questions ---- */

static void part_of(struct gdb *g, const char *text, const char *p)
{
	size_t all = strlen(text);
	uint64_t at, len;

	if (!number(&p, &at) || !skip(&p, ',') || !number(&p, &len)) {
		reply(g, "E00");
		return;
	}
	at = MIN(at, all);
	len = MIN(len, MIN(all - at, PACKET - 8));
	snprintf(g->out, sizeof(g->out), "%c%.*s", at + len < all ? 'm' : 'l', (int)len, text + at);
	reply(g, g->out);
}

static void threads(struct gdb *g)
{
	int n = snprintf(g->out, sizeof(g->out), "m");

	for (unsigned i = 0; i < n_cpus(g); i++)
		n += snprintf(g->out + n, sizeof(g->out) - (size_t)n, "%s%x", i ? "," : "", i + 1);
	reply(g, g->out);
}

/* "monitor …" */
static void command(struct gdb *g, const char *hex)
{
	char line[1024] = "";
	char *text;

	line[bytes(hex, (uint8_t *)line, sizeof(line) - 1)] = 0;
	text = hmp_run(g->m, line);
	reply_hex(g, (const uint8_t *)(text ? text : "\n"),
		  MIN(strlen(text ? text : "\n"), PACKET));
	free(text);
}

static void extra(struct gdb *g, const char *p)
{
	char text[64] = "";
	uint64_t n;

	if (number(&p, &n) && n - 1 < n_cpus(g))
		snprintf(text, sizeof(text), "CPU#%u %s", (unsigned)n - 1,
			 cpu_of(g, (unsigned)n - 1)->halted ? "[halted]" : "[running]");
	reply_hex(g, (const uint8_t *)text, strlen(text));
}

static bool starts(const char **p, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*p, with, n))
		return false;
	*p += n;
	return true;
}

static void question(struct gdb *g, const char *p)
{
	if (starts(&p, "qSupported")) {
		snprintf(g->out, sizeof(g->out),
			 "PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+",
			 PACKET);
		reply(g, g->out);
	} else if (starts(&p, "qXfer:features:read:target.xml:")) {
		part_of(g, gdb_target_xml, p);
	} else if (starts(&p, "qfThreadInfo")) {
		threads(g);
	} else if (starts(&p, "qsThreadInfo")) {
		reply(g, "l");
	} else if (starts(&p, "qThreadExtraInfo,")) {
		extra(g, p);
	} else if (starts(&p, "qRcmd,")) {
		command(g, p);
	} else if (starts(&p, "qAttached")) {
		reply(g, "1");
	} else if (!strcmp(p, "qC")) {
		snprintf(g->out, sizeof(g->out), "QC%x", g->thread + 1);
		reply(g, g->out);
	} else {
		reply(g, "");
	}
}

/* Hg, Hc: 0 is any, -1 all. */
static void choose(struct gdb *g, const char *p)
{
	uint64_t n;

	if (p[0] && number(&(const char *){p + 1}, &n) && n) {
		p++;
		number(&p, &n);
		if (n - 1 >= n_cpus(g)) {
			reply(g, "E22");
			return;
		}
		g->thread = (unsigned)n - 1;
	}
	reply(g, "OK");
}

/* ---- packets in ---- */

static void resume(struct gdb *g, const char *p)
{
	char what = *p++ | 0x20;
	uint64_t at;

	if (p[-1] < 'a') { /* with a signal, which no vCPU takes */
		number(&p, &at);
		skip(&p, ';');
	}
	if (number(&p, &at))
		cpu_of(g, g->thread)->rip = at;
	if (what == 's')
		step(g);
	else
		go(g);
}

static void verbose(struct gdb *g, const char *p)
{
	if (!strcmp(p, "vCont?"))
		reply(g, "vCont;c;C;s;S");
	else if (!strncmp(p, "vCont;", 6))
		cont_each(g, p + 5);
	else
		reply(g, "");
}

static void alive(struct gdb *g, const char *p)
{
	uint64_t n;

	reply(g, number(&p, &n) && n - 1 < n_cpus(g) ? "OK" : "E01");
}

static void other_packet(struct gdb *g, const char *p)
{
	switch (*p) {
	case 'D':
		reply(g, "OK");
		forget(g);
		break;
	case 'H':
		choose(g, p + 1);
		break;
	case 'T':
		alive(g, p + 1);
		break;
	case 'k':
		machine_quit(g->m, "host-signal");
		break;
	case 'q':
		question(g, p);
		break;
	case 'Q':
		g->no_ack = !strcmp(p, "QStartNoAckMode");
		reply(g, g->no_ack ? "OK" : "");
		break;
	case 'v':
		verbose(g, p);
		break;
	default:
		reply(g, "");
	}
}

static void packet(struct gdb *g)
{
	const char *p = g->in;

	switch (*p) {
	case '?':
		stopped(g, SIG_TRAP);
		break;
	case 'g':
		read_all(g);
		break;
	case 'G':
		write_all(g, p + 1);
		break;
	case 'p':
		read_one(g, p + 1);
		break;
	case 'P':
		write_one(g, p + 1);
		break;
	case 'm':
		read_memory(g, p + 1);
		break;
	case 'M':
	case 'X':
		write_memory(g, p + 1, *p == 'X');
		break;
	case 'Z':
	case 'z':
		set_point(g, p + 1, *p == 'Z');
		break;
	case 'c':
	case 'C':
	case 's':
	case 'S':
		resume(g, p);
		break;
	default:
		other_packet(g, p);
	}
}

static void packet_ends(struct gdb *g)
{
	uint8_t sum = 0, want = 0;

	for (unsigned i = 0; i < g->len; i++)
		sum = (uint8_t)(sum + (uint8_t)g->in[i]);
	bytes(g->in + g->len, &want, 1);
	g->in[g->len] = 0;
	g->cuts = false;
	if (!g->no_ack)
		chr_write(g->slot->chr, sum == want ? "+" : "-", 1);
	if (sum == want)
		packet(g);
}

static void got_byte(struct gdb *g, char ch)
{
	if (g->sums) {
		g->in[g->len + 2 - g->sums] = ch;
		if (!--g->sums)
			packet_ends(g);
	} else if (ch == '$') {
		g->cuts = true;
		g->len = 0;
	} else if (g->cuts && ch == '#') {
		g->sums = 2;
	} else if (g->cuts) {
		if (g->len < PACKET - 2)
			g->in[g->len++] = ch;
		else
			g->cuts = false; /* too long for what we said: never answered */
	} else if (ch == '-') {
		chr_write(g->slot->chr, g->last, strlen(g->last));
	} else if (ch == 3 && g->m->state == RUN_RUNNING) {
		machine_stop(g->m);
	}
}

static size_t chr_can_read(void *arg)
{
	(void)arg;
	return PACKET;
}

static void chr_got(void *arg, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		got_byte(arg, (char)buf[i]);
}

static void chr_happened(void *arg, enum chr_event ev)
{
	struct gdb *g = arg;

	if (ev == CHR_OPENED) {
		g->cuts = g->no_ack = false;
		g->sums = g->len = 0;
		machine_stop(g->m);
	} else if (ev == CHR_CLOSED) {
		forget(g);
	}
}

/* ---- life ---- */

/* Somebody stopped it: ^C, a breakpoint, a monitor. */
static void machine_happened(void *arg, const struct machine_event *ev)
{
	struct gdb *g = arg;

	if (ev->type == EVENT_STOP && g->waits && !g->m->want.debug)
		stopped(g, SIG_INT);
}

void gdb_met(struct machine *m)
{
	struct gdb *g = m->gdb;

	if (!g)
		return;
	g->thread = m->want.debug_vcpu;
	m->want.debug = true; /* for machine_happened: this is not somebody else's stop */
	machine_stop(m);
	m->want.debug = false;
	if (g->waits)
		stopped(g, SIG_TRAP);
}

int gdb_open(struct machine *m, const char *spec, struct err *e)
{
	const struct chr_client client = {chr_can_read, chr_got, chr_happened, NULL};
	struct chr_client with = client;
	struct gdb *g;
	char text[512];

	if (!m->vcpus)
		return err_set(e, -ENOTSUP, "-gdb: there is no vCPU in this process to debug");
	g = m->gdb = calloc(1, sizeof(*g));
	if (!g)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(text, sizeof(text), "%s%s", spec,
		 strstr(spec, "server") || (strncmp(spec, "tcp:", 4) && strncmp(spec, "unix:", 5))
			 ? ""
			 : ",server=on,wait=off");
	g->m = m;
	g->slot = machine_chr_short(m, "gdb", text, e);
	if (!g->slot)
		return err_set(e, -EINVAL, "-gdb %s: no such thing", spec);
	g->slot->monitor = true;
	g->listener = (struct machine_listener){.fn = machine_happened, .arg = g};
	machine_listen(m, &g->listener);
	chr_set_reliable(g->slot->chr);
	with.arg = g;
	chr_attach(g->slot->chr, &with);
	return 0;
}

void gdb_close(struct machine *m)
{
	struct gdb *g = m->gdb;

	if (!g)
		return;
	if (g->slot) {
		chr_attach(g->slot->chr, NULL);
		machine_unlisten(m, &g->listener);
	}
	free(g);
	m->gdb = NULL;
}
