/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay/qemu.c: QEMU, stopped: its monitor's i, o and xp, through QMP, which does not echo; its
 * gdb stub writes memory, which the monitor cannot.
 */
#include "tests/tools/replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int hmp(struct target *t, const char *command, char **line, size_t *room, struct err *e)
{
	fprintf(t->out,
		"{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}\n",
		command);
	fflush(t->out);
	do {
		if (target_line(t, line, room, e) < 0)
			return -EIO;
	} while (strncmp(*line, "{\"return\"", 9) != 0 && strncmp(*line, "{\"error\"", 8) != 0);
	if ((*line)[2] == 'e' || strstr(*line, "invalid") || strstr(*line, "rror"))
		return err_set(e, -EIO, "qemu: %s: %s", command, *line);
	return 0;
}

/* The answer's number is its last word: "portb[0x03fd] = 0x60", "0000000000001000: 0x12". */
static int hmp_number(struct target *t, const char *command, uint64_t *v, struct err *e)
{
	char *line = NULL, *at = NULL;
	size_t room = 0;
	int rc = hmp(t, command, &line, &room, e);

	for (char *p = rc ? NULL : line; p && (p = strstr(p, "0x")); p += 2)
		at = p;
	if (!rc && !at)
		rc = err_set(e, -EIO, "qemu: %s: no number in %s", command, line);
	if (!rc)
		*v = strtoull(at, NULL, 16);
	free(line);
	return rc;
}

static int qemu_in(struct target *t, unsigned size, uint64_t port, uint64_t *v, struct err *e)
{
	char command[64];

	snprintf(command, sizeof(command), "i/%c 0x%llx", " bh w"[size], (unsigned long long)port);
	return hmp_number(t, command, v, e);
}

static int qemu_out(struct target *t, unsigned size, uint64_t port, uint64_t v, struct err *e)
{
	char command[64], *line = NULL;
	size_t room = 0;
	int rc;

	snprintf(command, sizeof(command), "o/%c 0x%llx 0x%llx", " bh w"[size],
		 (unsigned long long)port, (unsigned long long)v);
	rc = hmp(t, command, &line, &room, e);
	free(line);
	return rc;
}

static int qemu_read(struct target *t, unsigned size, uint64_t addr, uint64_t *v, struct err *e)
{
	char command[64];

	snprintf(command, sizeof(command), "xp/1x%c 0x%llx", " bh w"[size],
		 (unsigned long long)addr);
	return hmp_number(t, command, v, e);
}

/* One packet of gdb's remote protocol: $text#sum; QEMU answers "+$OK#9a", and wants a "+". */
static int gdb_command(struct target *t, const char *text, struct err *e)
{
	char packet[128], answer[64];
	unsigned sum = 0;
	ssize_t n = 0, k;

	for (const char *p = text; *p; p++)
		sum += (unsigned char)*p;
	snprintf(packet, sizeof(packet), "$%s#%02x", text, sum & 0xff);
	if (send(t->gdb, packet, strlen(packet), MSG_NOSIGNAL) < 0)
		return err_errno(e, -errno, "qemu's gdb stub");
	do {
		k = recv(t->gdb, answer + n, sizeof(answer) - 1 - (size_t)n, 0);
		if (k <= 0)
			return err_set(e, -EIO, "qemu's gdb stub does not answer %s", text);
		n += k;
		answer[n] = 0;
	} while (!strchr(answer, '#') || strchr(answer, '#') + 3 > answer + n);
	if (send(t->gdb, "+", 1, MSG_NOSIGNAL) < 0 || !strstr(answer, "$OK#"))
		return err_set(e, -EIO, "qemu's gdb stub answers %s to %s", answer, text);
	return 0;
}

static int qemu_write(struct target *t, unsigned size, uint64_t addr, uint64_t v, struct err *e)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "M%llx,%x:", (unsigned long long)addr, size);

	for (unsigned i = 0; i < size; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x",
			      (unsigned)(v >> 8 * i & 0xff));
	return gdb_command(t, text, e);
}

static int qemu_start(struct target *t, char **argv, struct err *e)
{
	int qmp[2], gdb[2], rc;
	char qmp_arg[64], gdb_arg[64], *line = NULL;
	size_t room = 0;
	unsigned n = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gdb) < 0)
		return err_errno(e, -errno, "cannot create sockets");
	snprintf(qmp_arg, sizeof(qmp_arg), "socket,id=replay,fd=%d", qmp[1]);
	snprintf(gdb_arg, sizeof(gdb_arg), "socket,id=gdb,fd=%d", gdb[1]);
	while (argv[n])
		n++;
	memcpy(&argv[n],
	       (char *[]){"-S", "-accel", "tcg", "-chardev", qmp_arg, "-mon",
			  "chardev=replay,mode=control", "-chardev", gdb_arg, "-gdb", "chardev:gdb",
			  NULL},
	       12 * sizeof(char *));
	rc = target_spawn(t, argv, (int[]){qmp[1], gdb[1]}, 2, e);
	close(qmp[1]);
	close(gdb[1]);
	t->gdb = gdb[0];
	setsockopt(t->gdb, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = SOCKET_SECONDS},
		   sizeof(struct timeval));
	if (rc || target_streams(t, qmp[0], e) || target_line(t, &line, &room, e))
		return -EIO;
	fprintf(t->out, "{\"execute\":\"qmp_capabilities\"}\n");
	fflush(t->out);
	rc = target_line(t, &line, &room, e);
	free(line);
	return rc ? rc : gdb_command(t, "Qqemu.PhyMemMode:1", e);
}

const struct target_ops qemu_ops = {qemu_start, qemu_in, qemu_out, qemu_read, qemu_write, NULL};
