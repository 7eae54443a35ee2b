/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/bus.c: bus.h twice: over an embedded core, and over hvm-dm's qtest socket. */
#include "tests/hw/bus.h"

#include "base/loop.h"
#include "base/util.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "dm/qtest_text.h"
#include "hypervisor/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PINS       DOMAIN_PINS
#define PATIENCE   30000 /* ms for another process to answer: sanitized, on a busy machine */
#define BLOCK      32768
#define MAX_WORDS  128
#define MAX_FILES  16
#define WAIT_LIMIT 5000 /* ms, bus.h says it */

struct guest {
	bool qtest;
	bool level[PINS];
	unsigned edges[PINS];
	int qmp;       /* our end of the monitor, -1 = none yet */
	char *reply;   /* of bus_qmp */
	char *pending; /* bytes of the monitor behind the last line */
	size_t n_pending;
	/* in process */
	struct machine_config cfg;
	struct loop *loop;
	struct machine *m;
	struct pin_watch watch;
	/* by qtest */
	pid_t pid;
	int sock;
	char *line; /* the last one, without newline */
	size_t n_line, cap_line;
	char in[65536];
	size_t at, end;
};

/* ---- files of the test ---- */

static char test_dir[64];
static char files[MAX_FILES][96];
static unsigned n_files;

static const char *own_dir(void)
{
	if (!test_dir[0]) {
		snprintf(test_dir, sizeof(test_dir), "/tmp/hvm-test-XXXXXX");
		MUST(mkdtemp(test_dir));
	}
	return test_dir;
}

const char *bus_tmpfile(uint64_t bytes)
{
	char *path = files[n_files];
	int fd;

	MUST(n_files < MAX_FILES);
	snprintf(path, sizeof(files[0]), "%s/file%u", own_dir(), n_files);
	n_files++;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	MUST(ftruncate(fd, (off_t)bytes) == 0);
	close(fd);
	return path;
}

static void remove_files(void)
{
	for (unsigned i = 0; i < n_files; i++)
		unlink(files[i]);
	if (test_dir[0])
		rmdir(test_dir);
	n_files = 0;
	test_dir[0] = 0;
}

static void pin_changed(void *arg, unsigned pin, bool level)
{
	struct guest *b = arg;

	if (pin >= PINS || b->level[pin] == level)
		return;
	b->level[pin] = level;
	b->edges[pin] += level;
}

/* ---- in process ---- */

static void start_here(struct guest *b, const char *args)
{
	struct err e = {""};
	char *text;

	MUST(asprintf(&text, "%s -accel qtest", args) > 0);
	if (!CHECK(options_parse_text(&b->cfg, text, &e) == OPTIONS_RUN))
		test_note("%s", e.msg);
	free(text);
	b->loop = loop_new(&e);
	MUST(b->loop);
	b->m = machine_new(&b->cfg, b->loop, &e);
	if (!b->m) {
		test_note("%s", e.msg);
		MUST(!"machine_new");
	}
	machine_lock(b->m);
	b->watch = (struct pin_watch){.fn = pin_changed, .arg = b};
	if (b->m->dom)
		domain_watch_pins(b->m->dom, &b->watch);
}

/* The loop takes the device lock itself. */
static void turn_here(struct guest *b, int timeout_ms)
{
	machine_requests(b->m);
	machine_unlock(b->m);
	loop_step(b->loop, timeout_ms);
	machine_lock(b->m);
}

static void end_here(struct guest *b)
{
	if (b->m->dom)
		domain_unwatch_pins(b->m->dom, &b->watch);
	machine_unlock(b->m);
	machine_free(b->m);
	loop_free(b->loop);
	config_free(&b->cfg);
}

/* ---- by qtest: the process ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && strlen(path) < sizeof(a.sun_path));
	memcpy(a.sun_path, path, strlen(path));
	MUST(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0);
	return fd;
}

/* The twin of this test binary's kind (sanitized, for coverage), else the normal one. */
static void find_program(char *path, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	MUST(n > 0);
	self[n] = 0;
	for (int up = 0; up < 2; up++)
		*strrchr(self, '/') = 0; /* …/asan/tests/check → …/asan */
	snprintf(path, size, "%s/hvm-dm", self);
	if (access(path, X_OK) < 0) {
		*strrchr(self, '/') = 0;
		snprintf(path, size, "%s/bin/hvm-dm", self);
	}
	if (access(path, X_OK) < 0)
		SKIP("hvm-dm is not built");
}

/* As options_parse_text does it. */
static unsigned split(char *text, char **argv)
{
	unsigned n = 0;

	while (*(text += strspn(text, " "))) {
		char *to = text, quote = 0;

		MUST(n < MAX_WORDS - 1);
		argv[n++] = to;
		for (; *text && (quote || *text != ' '); text++)
			if (quote ? *text == quote : (*text == '\'' || *text == '"'))
				quote = quote ? 0 : *text;
			else
				*to++ = *text;
		text += *text != 0;
		*to = 0;
	}
	argv[n] = NULL;
	return n;
}

static int accept_from(struct guest *b, int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	for (int waited = 0; poll(&p, 1, 100) == 0; waited += 100) {
		int status;

		if (waitpid(b->pid, &status, WNOHANG) == b->pid) {
			b->pid = 0;
			MUST(!"hvm-dm ended before it connected");
		}
		MUST(waited < PATIENCE);
	}
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static void start_process(struct guest *b, const char *args)
{
	char program[600], qtest[96], qmp[96], *argv[MAX_WORDS], *text;
	int qtest_listener, qmp_listener;

	find_program(program, sizeof(program));
	snprintf(qtest, sizeof(qtest), "%s/qtest", own_dir());
	snprintf(qmp, sizeof(qmp), "%s/qmp", own_dir());
	qtest_listener = listen_at(qtest);
	qmp_listener = listen_at(qmp);
	MUST(asprintf(&text,
		      "%s -qtest unix:%s -qtest-log none -chardev socket,path=%s,id=char0"
		      " -mon chardev=char0,mode=control -display none %s -accel qtest",
		      program, qtest, qmp, args) > 0);
	split(text, argv);
	b->pid = fork();
	MUST(b->pid >= 0);
	if (!b->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(program, argv);
		_exit(127);
	}
	b->sock = accept_from(b, qtest_listener);
	b->qmp = accept_from(b, qmp_listener);
	MUST(b->sock >= 0 && b->qmp >= 0);
	close(qtest_listener);
	close(qmp_listener);
	unlink(qtest);
	unlink(qmp);
	free(text);
}

/* A clean end is a part of every test: it is where leaks show. */
static void end_process(struct guest *b)
{
	int status = -1;

	close(b->sock);
	kill(b->pid, SIGTERM);
	MUST(waitpid(b->pid, &status, 0) == b->pid);
	CHECK(WIFEXITED(status));
	EQ(0, WEXITSTATUS(status));
	free(b->line);
}

/* ---- by qtest: the protocol ---- */

static void fill(struct guest *b)
{
	struct pollfd p = {.fd = b->sock, .events = POLLIN};
	ssize_t n;

	MUST(poll(&p, 1, PATIENCE) > 0);
	n = read(b->sock, b->in, sizeof(b->in));
	MUST(n > 0);
	b->at = 0;
	b->end = (size_t)n;
}

static void next_line(struct guest *b)
{
	b->n_line = 0;
	for (;;) {
		if (b->at == b->end)
			fill(b);
		if (b->n_line + 1 >= b->cap_line) {
			b->cap_line = b->cap_line ? b->cap_line * 2 : 1024;
			b->line = realloc(b->line, b->cap_line);
			MUST(b->line);
		}
		b->line[b->n_line] = b->in[b->at++];
		if (b->line[b->n_line] == '\n')
			break;
		b->n_line++;
	}
	b->line[b->n_line] = 0;
}

/* The text behind "OK", at least "". Interrupt lines on the way are taken in. */
static const char *answer(struct guest *b)
{
	unsigned pin;

	for (;;) {
		next_line(b);
		if (sscanf(b->line, "IRQ raise %u", &pin) == 1)
			pin_changed(b, pin, true);
		else if (sscanf(b->line, "IRQ lower %u", &pin) == 1)
			pin_changed(b, pin, false);
		else
			break;
	}
	if (strncmp(b->line, "OK", 2)) {
		test_note("%.120s", b->line);
		MUST(!"an answer that begins with OK");
	}
	return b->line[2] ? b->line + 3 : "";
}

static void send_all(int fd, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, text + at, len - at, MSG_NOSIGNAL);

		MUST(n > 0);
		at += (size_t)n;
	}
}

static const char *say(struct guest *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static const char *say(struct guest *b, const char *fmt, ...)
{
	char text[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	text[n++] = '\n';
	send_all(b->sock, text, (size_t)n);
	return answer(b);
}

/* ---- accesses ---- */

static char letter(unsigned size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

uint32_t bus_in(struct guest *b, uint16_t port, unsigned size)
{
	uint32_t val = 0;

	if (b->qtest)
		return (uint32_t)strtoull(say(b, "in%c 0x%x", letter(size), port), NULL, 0);
	OK(domain_in(b->m->dom, DOMAIN_NO_VCPU, port, size, &val));
	machine_requests(b->m);
	return val;
}

void bus_out(struct guest *b, uint16_t port, unsigned size, uint32_t val)
{
	if (b->qtest) {
		say(b, "out%c 0x%x 0x%x", letter(size), port, val);
		return;
	}
	OK(domain_out(b->m->dom, DOMAIN_NO_VCPU, port, size, val));
	machine_requests(b->m);
}

static bool whole(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

uint64_t bus_read(struct guest *b, uint64_t gpa, unsigned size)
{
	uint8_t buf[8] = {0};

	if (b->qtest && whole(size))
		return strtoull(say(b, "read%c 0x%" PRIx64, letter(size), gpa), NULL, 0);
	bus_memread(b, gpa, buf, size);
	return load_le(buf, size);
}

void bus_write(struct guest *b, uint64_t gpa, unsigned size, uint64_t val)
{
	uint8_t buf[8];

	store_le(buf, 8, val);
	if (b->qtest && whole(size))
		say(b, "write%c 0x%" PRIx64 " 0x%" PRIx64, letter(size), gpa, val & ones(size));
	else
		bus_memwrite(b, gpa, buf, size);
}

static void read_block(struct guest *b, uint64_t gpa, uint8_t *buf, size_t len)
{
	const char *text = say(b, "read 0x%" PRIx64 " 0x%zx", gpa, len);

	MUST(strlen(text) == 2 + 2 * len);
	hex_decode(buf, len, text + 2);
}

void bus_memread(struct guest *b, uint64_t gpa, void *buf, size_t len)
{
	if (!b->qtest) {
		OK(domain_mem_read(b->m->dom, DOMAIN_NO_VCPU, gpa, buf, len));
		machine_requests(b->m);
		return;
	}
	for (size_t at = 0; at < len; at += BLOCK)
		read_block(b, gpa + at, (uint8_t *)buf + at, MIN(len - at, (size_t)BLOCK));
}

static void write_block(struct guest *b, uint64_t gpa, const uint8_t *buf, size_t len)
{
	char *text = malloc(80 + 2 * len);
	size_t n;

	MUST(text);
	n = (size_t)sprintf(text, "write 0x%" PRIx64 " 0x%zx 0x", gpa, len);
	n += hex_encode(text + n, buf, len);
	text[n++] = '\n';
	send_all(b->sock, text, n);
	free(text);
	answer(b);
}

void bus_memwrite(struct guest *b, uint64_t gpa, const void *buf, size_t len)
{
	if (!b->qtest) {
		OK(domain_mem_write(b->m->dom, DOMAIN_NO_VCPU, gpa, buf, len));
		machine_requests(b->m);
		return;
	}
	for (size_t at = 0; at < len; at += BLOCK)
		write_block(b, gpa + at, (const uint8_t *)buf + at, MIN(len - at, (size_t)BLOCK));
}

/* ---- time ---- */

void bus_step(struct guest *b, int64_t ns)
{
	if (b->qtest) {
		say(b, "clock_step %" PRIi64, ns);
		return;
	}
	/* One turn lets back ends finish what they have, before time moves and after. */
	turn_here(b, 0);
	clock_advance(b->m->clock, ns);
	turn_here(b, 0);
}

static int64_t host_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool bus_wait(struct guest *b, bool (*cond)(struct guest *b, void *arg), void *arg)
{
	int64_t until = host_ms() + WAIT_LIMIT;

	while (!cond(b, arg)) {
		if (host_ms() > until)
			return false;
		if (b->qtest)
			usleep(500);
		else
			turn_here(b, 1);
	}
	return true;
}

/* By qtest a pin's change may have come without being asked for. */
static void take_news(struct guest *b)
{
	if (b->qtest)
		say(b, "endianness");
}

bool bus_irq(struct guest *b, unsigned gsi)
{
	MUST(gsi < PINS);
	take_news(b);
	return b->level[gsi];
}

unsigned bus_edges(struct guest *b, unsigned gsi)
{
	MUST(gsi < PINS);
	take_news(b);
	return b->edges[gsi];
}

/* ---- PCI ---- */

static uint16_t cfg_port(struct guest *b, unsigned devfn, unsigned at)
{
	bus_out(b, 0xcf8, 4, 0x80000000u | devfn << 8 | (at & ~3u));
	return (uint16_t)(0xcfc + (at & 3));
}

uint32_t bus_cfg_read(struct guest *b, unsigned devfn, unsigned at, unsigned size)
{
	return bus_in(b, cfg_port(b, devfn, at), size);
}

void bus_cfg_write(struct guest *b, unsigned devfn, unsigned at, unsigned size, uint32_t val)
{
	bus_out(b, cfg_port(b, devfn, at), size, val);
}

int bus_find_pci(struct guest *b, uint32_t id)
{
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		uint32_t got = bus_cfg_read(b, devfn, 0, 4);

		if (got == (id >> 16 | id << 16))
			return (int)devfn;
	}
	return -1;
}

/* ---- QMP ---- */

/* Waits for bytes of the monitor; in process the loop has to run for them. */
static void qmp_fill(struct guest *b)
{
	struct pollfd p = {.fd = b->qmp, .events = POLLIN};
	int64_t until = host_ms() + PATIENCE;
	char buf[65536];
	ssize_t n;

	while (poll(&p, 1, b->qtest ? 100 : 0) == 0) {
		MUST(host_ms() < until);
		if (!b->qtest)
			turn_here(b, 10);
	}
	n = read(b->qmp, buf, sizeof(buf));
	MUST(n > 0);
	b->pending = realloc(b->pending, b->n_pending + (size_t)n);
	MUST(b->pending);
	memcpy(b->pending + b->n_pending, buf, (size_t)n);
	b->n_pending += (size_t)n;
}

/* The next message, in b->reply. */
static void qmp_line(struct guest *b)
{
	char *end;

	while (!b->n_pending || !(end = memchr(b->pending, '\n', b->n_pending)))
		qmp_fill(b);
	free(b->reply);
	b->reply = strndup(b->pending, (size_t)(end - b->pending));
	b->n_pending -= (size_t)(end + 1 - b->pending);
	memmove(b->pending, end + 1, b->n_pending);
	if (strlen(b->reply) && b->reply[strlen(b->reply) - 1] == '\r')
		b->reply[strlen(b->reply) - 1] = 0;
}

static bool is_event(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);
	bool event = json_object_get(j, "event") != NULL;

	CHECK(j);
	json_decref(j);
	return event;
}

static const char *qmp_run(struct guest *b, const char *command)
{
	send_all(b->qmp, command, strlen(command));
	send_all(b->qmp, "\n", 1);
	do {
		qmp_line(b);
	} while (is_event(b->reply));
	return b->reply;
}

static void qmp_open_here(struct guest *b)
{
	struct mon_config mon = {.chardev = (char *)"bus-qmp", .control = true};
	struct err e = {""};
	char text[80];
	int sv[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	snprintf(text, sizeof(text), "socket,id=bus-qmp,fd=%d", sv[1]);
	MUST(machine_chr_add(b->m, text, &e));
	OK(machine_monitor_open(b->m, &mon, &e));
	b->qmp = sv[0];
}

const char *bus_qmp(struct guest *b, const char *command)
{
	if (!b->reply) {
		if (!b->qtest)
			qmp_open_here(b);
		qmp_line(b); /* the greeting */
		qmp_run(b, "{\"execute\": \"qmp_capabilities\"}");
	}
	return qmp_run(b, command);
}

/* ---- a test ---- */

void bus_run(bool qtest, const char *args, void (*body)(struct guest *b))
{
	struct guest *b = calloc(1, sizeof(*b));

	MUST(b);
	b->qtest = qtest;
	b->qmp = -1;
	if (qtest) {
		start_process(b, args);
		say(b, "irq_intercept_in ioapic");
	} else {
		start_here(b, args);
	}
	body(b);
	if (b->qmp >= 0)
		close(b->qmp);
	if (qtest)
		end_process(b);
	else
		end_here(b);
	free(b->reply);
	free(b->pending);
	free(b);
	remove_files();
}
