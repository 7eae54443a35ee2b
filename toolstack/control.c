/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/control.c: see control.h.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/control.h"

#include "base/packet.h"
#include "toolstack/rundir.h"
#include "toolstack/sweep.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GONE_MS 2000

/* A supervisor that nobody hears has been killed, and its guest is about to be gone: that is waited
 * for, so that what follows finds it gone. */
static int reach(unsigned domid, struct err *e)
{
	char path[RUNDIR_PATH], name[RUNDIR_NAME];
	int rc = rundir_guest_path(path, domid, "control", e);

	for (unsigned i = 0; !rc && i < GONE_MS / 10; i++) {
		int fd = packet_connect(path);

		if (fd >= 0)
			return fd;
		sweep();
		if (rundir_name(domid, name))
			return err_set(e, -ESRCH, "guest %u has just ended", domid);
		usleep(10000);
	}
	return rc ? rc : err_set(e, -EIO, "the supervisor of guest %u does not listen", domid);
}

static int say(int fd, const json_t *request, const int *fds, unsigned n, struct err *e)
{
	char *text = json_dumps(request, JSON_COMPACT);
	struct iovec iov = {text, text ? strlen(text) : 0};
	ssize_t sent = text ? packet_send(fd, &iov, 1, fds, n) : -ENOMEM;

	free(text);
	return sent < 0 ? err_errno(e, (int)sent, "cannot ask the guest's supervisor") : 0;
}

static json_t *hear(int fd, int timeout_ms, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char *text = malloc(CONTROL_MAX);
	struct iovec iov = {text, CONTROL_MAX};
	json_t *answer = NULL;
	ssize_t n = 0;
	int rc;

	do
		rc = poll(&p, 1, timeout_ms);
	while (rc < 0 && errno == EINTR);
	if (text && rc > 0)
		n = packet_receive(fd, &iov, 1, 0, NULL, 0, NULL);
	if (n > 0)
		answer = json_loadb(text, (size_t)n, 0, NULL);
	free(text);
	if (!rc)
		err_set(e, -ETIMEDOUT, "the guest's supervisor does not answer");
	else if (!answer)
		err_set(e, -EPIPE, "the guest's supervisor has ended");
	return answer;
}

json_t *control_call(unsigned domid, json_t *request, const int *fds, unsigned n, int timeout_ms,
		     int *rc, struct err *e)
{
	json_t *answer = NULL, *value = NULL;
	int fd = reach(domid, e);
	const char *error;

	if (rc)
		*rc = fd < 0 ? fd : -EIO;
	if (fd >= 0 && !say(fd, request, fds, n, e))
		answer = hear(fd, timeout_ms, e);
	json_decref(request);
	if (fd >= 0)
		close(fd);
	if (!answer && fd >= 0 && rc) {
		fd = reach(domid, NULL); /* had it been killed when it was asked? */
		*rc = fd < 0 ? fd : -EIO;
		if (fd >= 0)
			close(fd);
	}
	if (!answer)
		return NULL;
	error = json_string_value(json_object_get(answer, "error"));
	if (error)
		err_set(e, -EIO, "%s", error);
	else
		value = json_incref(json_object_get(answer, "return"));
	json_decref(answer);
	if (rc && value)
		*rc = 0;
	return value;
}

json_t *control_do(unsigned domid, const char *name, struct err *e)
{
	return control_call(domid, json_pack("{ss}", "do", name), NULL, 0, CONTROL_MS, NULL, e);
}

json_t *control_qmp(unsigned domid, const char *command, json_t *arguments, struct err *e)
{
	json_t *request = json_pack("{ssss}", "do", "qmp", "execute", command);

	if (arguments)
		json_object_set_new(request, "arguments", arguments);
	return control_call(domid, request, NULL, 0, CONTROL_MS, NULL, e);
}
