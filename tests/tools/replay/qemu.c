/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay/qemu.c: QEMU, stopped, through its gdb stub: qRcmd passes the monitor's i, o and xp on
 * without the echo and the byte-wise reading of a monitor's own stream; M writes memory, which the
 * monitor cannot.
 */
#include "tests/tools/replay/replay.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER = 512 };

static int put_packet(struct target *t, const char *text, struct err *e)
{
	unsigned sum = 0;

	for (const char *p = text; *p; p++)
		sum += (unsigned char)*p;
	fprintf(t->out, "$%s#%02x", text, sum & 0xff);
	return fflush(t->out) ? err_errno(e, -errno, "qemu's gdb stub") : 0;
}

/* $text#sum, and before it acknowledgements, which we neither want nor send. */
static int get_packet(struct target *t, char *text, size_t size, struct err *e)
{
	size_t n = 0;
	int c;

	while ((c = getc(t->in)) != '$')
		if (c == EOF)
			return err_set(e, -EIO, "qemu ended or hangs");
	while ((c = getc(t->in)) != '#' && c != EOF)
		if (n + 1 < size)
			text[n++] = (char)c;
	text[n] = 0;
	getc(t->in);
	getc(t->in);
	return 0;
}

static unsigned from_hex(const char *digits)
{
	char two[3] = {digits[0], digits[1], 0};

	return (unsigned)strtoul(two, NULL, 16);
}

/* Sends a packet; what QEMU prints meanwhile comes in O packets, in hex, before OK. */
static int command(struct target *t, const char *packet, char *printed, struct err *e)
{
	char text[ANSWER];
	size_t n = 0;
	int rc = put_packet(t, packet, e);

	*printed = 0;
	while (!rc && !(rc = get_packet(t, text, sizeof(text), e)) && strcmp(text, "OK") != 0) {
		if (*text != 'O')
			return err_set(e, -EIO, "qemu's gdb stub answers '%s' to %s", text, packet);
		for (char *p = text + 1; p[0] && p[1] && n + 1 < ANSWER; p += 2)
			printed[n++] = (char)from_hex(p);
		printed[n] = 0;
	}
	return rc;
}

static int monitor(struct target *t, const char *line, char *printed, struct err *e)
{
	char packet[ANSWER] = "qRcmd,";
	size_t n = strlen(packet);

	for (const char *p = line; *p && n + 3 < sizeof(packet); p++)
		n += (size_t)snprintf(packet + n, 3, "%02x", (unsigned char)*p);
	return command(t, packet, printed, e);
}

/* The answer's number is its last word: "portb[0x03fd] = 0x60", "0000000000001000: 0x12". */
static int monitor_number(struct target *t, const char *line, uint64_t *v, struct err *e)
{
	char printed[ANSWER], *at = NULL;
	int rc = monitor(t, line, printed, e);

	if (rc < 0)
		return rc;
	for (char *p = printed; (p = strstr(p, "0x")); p += 2)
		at = p;
	if (!at)
		return err_set(e, -EIO, "qemu answers '%s' to %s", printed, line);
	*v = strtoull(at, NULL, 16);
	return 0;
}

static int qemu_in(struct target *t, unsigned size, uint64_t port, uint64_t *v, struct err *e)
{
	char line[64];

	snprintf(line, sizeof(line), "i/%c 0x%llx", " bh w"[size], (unsigned long long)port);
	return monitor_number(t, line, v, e);
}

static int qemu_out(struct target *t, unsigned size, uint64_t port, uint64_t v, struct err *e)
{
	char line[64], printed[ANSWER];
	int rc;

	snprintf(line, sizeof(line), "o/%c 0x%llx 0x%llx", " bh w"[size], (unsigned long long)port,
		 (unsigned long long)v);
	rc = monitor(t, line, printed, e);
	if (!rc && *printed)
		rc = err_set(e, -EIO, "qemu answers '%s' to %s", printed, line);
	return rc;
}

static int qemu_read(struct target *t, unsigned size, uint64_t addr, uint64_t *v, struct err *e)
{
	char line[64];

	snprintf(line, sizeof(line), "xp/1x%c 0x%llx", " bh w"[size], (unsigned long long)addr);
	return monitor_number(t, line, v, e);
}

static int qemu_write(struct target *t, unsigned size, uint64_t addr, uint64_t v, struct err *e)
{
	char packet[64], printed[ANSWER];
	int n = snprintf(packet, sizeof(packet), "M%llx,%x:", (unsigned long long)addr, size);

	for (unsigned i = 0; i < size; i++)
		n += snprintf(packet + n, sizeof(packet) - (size_t)n, "%02x",
			      (unsigned)(v >> 8 * i & 0xff));
	return command(t, packet, printed, e);
}

static int qemu_start(struct target *t, char **argv, struct err *e)
{
	char arg[64], printed[ANSWER];
	unsigned n = 0;
	int gdb[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gdb) < 0)
		return err_errno(e, -errno, "cannot create sockets");
	snprintf(arg, sizeof(arg), "socket,id=gdb,fd=%d", gdb[1]);
	while (argv[n])
		n++;
	memcpy(&argv[n],
	       (char *[]){"-S", "-accel", "tcg", "-chardev", arg, "-gdb", "chardev:gdb", NULL},
	       8 * sizeof(char *));
	rc = target_spawn(t, argv, &gdb[1], 1, e);
	close(gdb[1]);
	if (!rc)
		rc = target_streams(t, gdb[0], e);
	return rc ? rc : command(t, "Qqemu.PhyMemMode:1", printed, e);
}

const struct target_ops qemu_ops = {qemu_start, qemu_in, qemu_out, qemu_read, qemu_write, NULL};
