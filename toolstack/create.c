/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/create.c: a folder for a new guest, its configuration in it, and its supervisor.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/create.h"

#include "base/packet.h"
#include "base/util.h"
#include "proc/helper.h"
#include "toolstack/rundir.h"
#include "toolstack/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 120000 /* the supervisor has a shorter one and says what is wrong */

/* Version 4, RFC 4122. */
static int write_uuid(FILE *f)
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return -EIO;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	fputs("uuid = \"", f);
	for (unsigned i = 0; i < 16; i++)
		fprintf(f, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
	fputs("\"\n", f);
	return 0;
}

/* It may hold a password. */
static int write_config(const struct cfg *cfg, bool has_uuid, unsigned domid, struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_guest_path(path, domid, "config.cfg", e);
	int fd = rc ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return rc ? rc : err_errno(e, -errno, "cannot write %s", path);
	cfg_write(cfg, f);
	if (!has_uuid)
		rc = write_uuid(f);
	if (fclose(f) || rc)
		return err_set(e, -EIO, "cannot write %s", path);
	return 0;
}

static int start(const struct create *c, unsigned domid, int control, int lock, pid_t *pid,
		 struct err *e)
{
	struct spawn s = {.outlives = true};
	char path[4096], id[16];
	int rc = spawn_find("hvm-supervisor", path, sizeof(path), e);

	snprintf(id, sizeof(id), "%u", domid);
	spawn_arg(&s, "hvm-supervisor");
	spawn_fd(&s, "-control", control, false);
	spawn_fd(&s, "-lock", lock, false);
	spawn_arg(&s, "-domid");
	spawn_arg(&s, id);
	spawn_arg(&s, "-jail");
	spawn_arg(&s, jail_mode_name(c->jail));
	if (c->paused)
		spawn_arg(&s, "-paused");
	if (!rc)
		rc = spawn_start(&s, path, pid, e);
	spawn_done(&s);
	return rc;
}

static int hear_one(int control, char text[HELPER_MESSAGE])
{
	const struct iovec iov = {text, HELPER_MESSAGE - 1};
	struct pollfd p = {.fd = control, .events = POLLIN};
	ssize_t n = 0;
	int rc;

	do
		rc = poll(&p, 1, START_MS);
	while (rc < 0 && errno == EINTR);
	if (rc > 0)
		n = packet_receive(control, &iov, 1, 0, NULL, 0, NULL);
	text[MAX(n, 0)] = 0;
	return n > 0 ? 0 : -EPIPE;
}

static const char *after(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) ? NULL : text + n;
}

static int hear(const struct create *c, int control, struct err *e)
{
	char text[HELPER_MESSAGE];
	const char *more;

	while (!hear_one(control, text)) {
		if (!strcmp(text, HELPER_READY))
			return 0;
		if ((more = after(text, HELPER_ERROR)))
			return err_set(e, -EIO, "%s", more);
		if ((more = after(text, SUPERVISOR_NOTE)) && c->notes)
			fprintf(c->notes, "%s: %s\n", c->name, more);
	}
	return err_set(e, -EIO, "hvm-supervisor does not start");
}

static int run(const struct create *c, unsigned domid, int lock, struct err *e)
{
	int control[2], rc;
	pid_t pid = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0) {
		close(lock);
		return err_errno(e, -errno, "no socket");
	}
	rc = start(c, domid, control[1], lock, &pid, e);
	if (!rc)
		rc = hear(c, control[0], e);
	close(control[0]);
	if (rc && pid > 0) {
		kill(pid, SIGTERM); /* it cleans up, also when it is only too slow */
		waitpid(pid, NULL, 0);
	}
	return rc;
}

int create_guest(const struct cfg *cfg, const struct create *c, unsigned *domid, struct err *e)
{
	int all = rundir_lock(e), lock = -1, rc = all < 0 ? all : 0;

	if (!rc)
		rc = rundir_new(c->name, domid, &lock, e);
	if (!rc)
		rc = write_config(cfg, c->has_uuid, *domid, e);
	if (all >= 0)
		close(all);
	if (lock < 0)
		return rc;
	if (!rc)
		rc = run(c, *domid, lock, e);
	else
		close(lock);
	if (rc)
		sweep(); /* if there was nobody to clean up */
	return rc;
}
