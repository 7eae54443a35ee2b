/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_screen.c: a guest's consoles, and what a person does there: look, and type.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "base/util.h"
#include "toolstack/console.h"
#include "toolstack/control.h"
#include "toolstack/running.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- console ---- */

int verb_console(unsigned domid, unsigned port, struct err *e)
{
	json_t *info = running_info(domid, e);
	const char *tty = json_string_value(json_array_get(json_object_get(info, "serial"), port));
	int rc = info ? 0 : -EIO;

	if (info && !tty)
		rc = err_set(e, -ENOENT, "guest %u has no serial port %u on a pty (serial=\"pty\")",
			     domid, port);
	if (!rc)
		rc = console_run(tty, STDIN_FILENO, STDOUT_FILENO, e);
	json_decref(info);
	if (rc == CONSOLE_CLOSED)
		fprintf(stderr, "The console has closed.\n");
	return rc < 0 ? rc : 0;
}

static int console(const struct verb_call *c, struct err *e)
{
	const char *type = verb_option(c, "type");
	unsigned domid;
	long port = 0;
	int rc = verb_number(c, "number", 0, 3, &port, e);

	if (!rc && type && strcmp(type, "serial"))
		rc = err_set(e, -ENOTSUP,
			     "--type=%s: guests here have consoles of type serial alone", type);
	if (!rc)
		rc = running_find(c, 0, &domid, e);
	return rc ? rc : verb_console(domid, (unsigned)port, e);
}

/* ---- vncviewer ---- */

/* Where a viewer reads it: its standard input. */
static int hand_password(unsigned domid, struct err *e)
{
	struct guest g = {.name = NULL};
	struct cfg cfg = {0};
	int fd = memfd_create("password", MFD_CLOEXEC), rc = running_config(domid, &cfg, &g, e);

	if (!rc && fd >= 0 && g.vncpasswd)
		dprintf(fd, "%s", g.vncpasswd);
	if (!rc && (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0))
		rc = err_set(e, -EIO, "cannot hand the password over");
	guest_free(&g);
	cfg_free(&cfg);
	if (fd >= 0)
		close(fd);
	return rc;
}

int verb_vncviewer(unsigned domid, bool with_password, struct err *e)
{
	const char *program = getenv("VNCVIEWER");
	json_t *info = running_info(domid, e), *vnc = json_object_get(info, "vnc");
	long long port = running_number(vnc, "port");
	const char *host = running_text(vnc, "host", "");
	bool v6 = strchr(host, ':');
	char where[128];

	if (!info)
		return -EIO;
	snprintf(where, sizeof(where), "%s%s%s:%lld", v6 ? "[" : "", host, v6 ? "]" : "",
		 port - 5900);
	json_decref(info);
	if (port < 5900)
		return err_set(e, -ENOENT, "guest %u has no VNC display (vnc=1)", domid);
	if (with_password && hand_password(domid, e))
		return -EIO;
	program = program && *program ? program : "vncviewer";
	execlp(program, program, where, with_password ? "-autopass" : (char *)NULL, (char *)NULL);
	return err_errno(e, -errno, "cannot start %s (VNCVIEWER names another one)", program);
}

static int vncviewer(const struct verb_call *c, struct err *e)
{
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	return rc ? rc : verb_vncviewer(domid, verb_option(c, "autopass"), e);
}

/* ---- screenshot ---- */

/* hvm-dm writes into what we hand over: it may open no files. A set's number. */
static long long hand_over(unsigned domid, int fd, struct err *e)
{
	json_t *request = json_pack("{ssss}", "do", "qmp", "execute", "add-fd");
	json_t *set = control_call(domid, request, &fd, 1, CONTROL_MS, NULL, e);
	long long id = set ? running_number(set, "fdset-id") : -EIO;

	json_decref(set);
	return id;
}

static int take_picture(unsigned domid, int fd, const char *format, struct err *e)
{
	long long set = hand_over(domid, fd, e);
	char path[64];
	int rc;

	if (set < 0)
		return -EIO;
	snprintf(path, sizeof(path), "/dev/fdset/%lld", set);
	rc = running_done(control_qmp(domid, "screendump",
				      json_pack("{ssss}", "filename", path, "format", format), e));
	running_done(control_qmp(domid, "remove-fd", json_pack("{sI}", "fdset-id", (json_int_t)set),
				 NULL));
	return rc;
}

static int copy(int from, int to)
{
	char buf[65536];
	ssize_t n, w = 0;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n; at += w) {
			w = write(to, buf + at, (size_t)(n - at));
			if (w <= 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

static int save(int picture, const char *file, struct err *e)
{
	bool out = !strcmp(file, "-");
	int fd = out ? STDOUT_FILENO : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : copy(picture, fd);

	if (fd >= 0 && !out && close(fd) && !rc)
		rc = -errno;
	return rc ? err_errno(e, rc, "cannot write %s", file) : 0;
}

/* The file is opened once there is a picture: one that is there already survives a guest that is
 * not. */
static int screenshot(const struct verb_call *c, struct err *e)
{
	const char *file = c->args[1], *end = strrchr(file, '.'),
		   *format = verb_option(c, "format");
	int picture = memfd_create("picture", MFD_CLOEXEC), to = -1, rc;
	char path[40];
	unsigned domid;

	if (!format)
		format = end && !strcasecmp(end, ".ppm") ? "ppm" : "png";
	snprintf(path, sizeof(path), "/proc/self/fd/%d", picture);
	to = open(path, O_WRONLY | O_CLOEXEC); /* as hvm-dm wants to open it */
	rc = to < 0 ? err_errno(e, -errno, "no memory for a picture")
		    : running_find(c, 0, &domid, e);
	if (!rc)
		rc = take_picture(domid, to, format, e);
	if (!rc)
		rc = save(picture, file, e);
	if (to >= 0)
		close(to);
	if (picture >= 0)
		close(picture);
	return rc;
}

/* ---- keys ---- */

static int type_keys(unsigned domid, const char *combination, long hold, struct err *e)
{
	json_t *keys = json_array();

	/* "ctrl-alt-delete"; the minus key is called minus */
	for (const char *at = combination; *at;) {
		size_t n = strcspn(at, "-");

		json_array_append_new(keys, json_pack("{ssss%}", "type", "qcode", "data", at, n));
		at += n + (at[n] == '-');
	}
	return running_done(control_qmp(
		domid, "send-key", json_pack("{sosi}", "keys", keys, "hold-time", (int)hold), e));
}

static int send_key(const struct verb_call *c, struct err *e)
{
	long hold = 100;
	unsigned domid;
	int rc = verb_number(c, "hold-time", 0, 60000, &hold, e);

	if (!rc)
		rc = running_find(c, 0, &domid, e);
	for (unsigned i = 1; !rc && i < c->n; i++)
		rc = type_keys(domid, c->args[i], hold, e);
	return rc;
}

static int sysrq(const struct verb_call *c, struct err *e)
{
	char keys[] = "alt-sysrq-x", letter = c->args[1][0];
	unsigned domid;
	int rc;

	if (letter >= 'A' && letter <= 'Z')
		letter = (char)(letter + 32);
	if (strlen(c->args[1]) != 1 ||
	    !((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')))
		return err_set(e, -EINVAL, "sysrq: %s is no letter or digit", c->args[1]);
	keys[strlen(keys) - 1] = letter;
	rc = running_find(c, 0, &domid, e);
	return rc ? rc : type_keys(domid, keys, 100, e);
}

/* ---- text ---- */

#define TEXT_MAX 16384

/* TEXT, or what comes at standard input for "-". */
static int read_text(const char *word, char text[TEXT_MAX], struct err *e)
{
	size_t n = 0;

	if (strcmp(word, "-"))
		n = (size_t)snprintf(text, TEXT_MAX, "%s", word);
	else
		n = fread(text, 1, TEXT_MAX, stdin);
	if (n >= TEXT_MAX)
		return err_set(e, -E2BIG, "that is more than %d bytes of text", TEXT_MAX - 1);
	text[n] = 0;
	return strlen(text) == n ? 0 : err_set(e, -EINVAL, "the text has a byte 0");
}

/* The number of keys that wait, or < 0. */
static long long type_text_of(unsigned domid, const char *text, long hold, struct err *e)
{
	json_t *args = json_pack("{sssi}", "text", text, "hold-time", (int)hold), *answer;
	long long n;

	if (!args)
		return err_set(e, -EINVAL, "the text is not UTF-8");
	answer = control_qmp(domid, "x-type-text", args, e);
	n = answer ? running_number(answer, "waiting") : -EIO;
	json_decref(answer);
	return n;
}

static int type_text(const struct verb_call *c, struct err *e)
{
	static char text[TEXT_MAX];
	long hold = 20;
	unsigned domid;
	long long n = -1;
	int rc = verb_number(c, "hold-time", 1, 60000, &hold, e);

	if (!rc)
		rc = running_find(c, 0, &domid, e);
	if (!rc)
		rc = read_text(c->args[1], text, e);
	if (!rc)
		n = type_text_of(domid, text, hold, e);
	if (n >= 0 && verb_option(c, "enter"))
		n = type_text_of(domid, "\n", hold, e);
	while (n > 0 && verb_option(c, "wait")) {
		poll(NULL, 0, 50);
		n = type_text_of(domid, "", hold, e);
	}
	return rc ? rc : n < 0 ? -EIO : 0;
}

/* clang-format off */
const struct verb verb_screen_verbs[] = {
	{"console", "DOMAIN", "Make this terminal a serial port of a guest, until Ctrl-].", 1, 1,
	 VERB_OPTIONS_OF(
		{'t', "type", "TYPE", "serial, as usual; xl's pv and vuart are not there"},
		{'n', "number", "N", "which one, from 0"}),
	 console},
	{"screenshot", "DOMAIN FILE",
	 "Save a picture of a guest's screen.\n"
	 "FILE may be - for standard output.", 2, 2,
	 VERB_OPTIONS_OF({0, "format", "png|ppm", "else PPM if FILE ends so, or PNG"}), screenshot},
	{"send-key", "DOMAIN KEYS…",
	 "Type keys by their QEMU names: ctrl-alt-f1, a, shift-b.\n"
	 "Those that a minus joins are pressed together, the others one after another.",
	 2, VERB_MANY,
	 VERB_OPTIONS_OF({0, "hold-time", "MS", "how long each is down (100)"}), send_key},
	{"sysrq", "DOMAIN LETTER", "Type Alt-SysRq and a letter, for Linux's kernel.", 2, 2, NULL,
	 sysrq},
	{"type-text", "DOMAIN TEXT",
	 "Type a text by the layout of the guest's keyboard (keymap).\n"
	 "A line feed is Enter; - reads the text from standard input.", 2, 2,
	 VERB_OPTIONS_OF(
		{'e', "enter", NULL, "and Enter at the end"},
		{'w', "wait", NULL, "until the guest has taken all of it"},
		{0, "hold-time", "MS", "how long each key is down (20)"}),
	 type_text},
	{"vncviewer", "DOMAIN", "Start a VNC viewer ($VNCVIEWER or vncviewer) on a screen.", 1, 1,
	 VERB_OPTIONS_OF({'a', "autopass", NULL, "with the password on its input"}), vncviewer},
	{0},
};
/* clang-format on */
