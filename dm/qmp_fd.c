/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_fd.c: descriptors handed over with the commands that speak of them. */
#include "dm/qmp.h"

#include "dm/host.h"

#include <errno.h>
#include <unistd.h>

static int need_fd(struct qmp_call *c)
{
	int fd = qmp_take_fd(c);

	return fd >= 0 ? fd : qmp_fail(c, NULL, "No file descriptor supplied via SCM_RIGHTS");
}

static int getfd(struct qmp_call *c)
{
	const char *name = qmp_str(c, "fdname");
	int fd = need_fd(c);

	if (fd < 0)
		return fd;
	if (name[0] >= '0' && name[0] <= '9') {
		close(fd);
		return qmp_fail(c, NULL,
				"Parameter 'fdname' expects a name not starting with a digit");
	}
	return host_fd_put(name, fd, &c->err);
}

static int no_such_fd(struct qmp_call *c, const char *name)
{
	return qmp_fail(c, NULL, "File descriptor named '%s' not found", name);
}

static int closefd(struct qmp_call *c)
{
	const char *name = qmp_str(c, "fdname");
	int fd = host_fd_take(name);

	if (fd < 0)
		return no_such_fd(c, name);
	close(fd);
	return 0;
}

static int add_fd(struct qmp_call *c)
{
	int64_t set = qmp_int(c, "fdset-id", -1);
	int fd = need_fd(c), rc;

	if (fd < 0)
		return fd;
	if (qmp_has(c, "fdset-id") && set < 0) {
		close(fd);
		return qmp_fail(c, NULL, "Parameter 'fdset-id' expects a non-negative value");
	}
	rc = host_fdset_add(fd, &set, qmp_str(c, "opaque"), &c->err);
	if (!rc)
		c->ret = json_pack("{s:I, s:i}", "fdset-id", (json_int_t)set, "fd", fd);
	return rc;
}

static int remove_fd(struct qmp_call *c)
{
	int64_t set = qmp_int(c, "fdset-id", -1), fd = qmp_int(c, "fd", -1);
	char name[80];

	if (fd <= INT32_MAX && (fd >= 0 || !qmp_has(c, "fd")) && set >= 0 &&
	    !host_fdset_remove(set, (int)fd, NULL))
		return 0;
	if (qmp_has(c, "fd"))
		snprintf(name, sizeof(name), "fdset-id:%lld, fd:%lld", (long long)set,
			 (long long)fd);
	else
		snprintf(name, sizeof(name), "fdset-id:%lld", (long long)set);
	return no_such_fd(c, name);
}

static int query_fdsets(struct qmp_call *c)
{
	c->ret = json_array();
	for (const struct host_fdset *s = host_fdset_first(); s; s = s->next) {
		json_t *fds = json_array();

		for (const struct host_fd *f = s->fds; f; f = f->next) {
			json_t *row = json_pack("{s:i}", "fd", f->fd);

			if (f->opaque)
				json_object_set_new(row, "opaque", qmp_text(f->opaque));
			json_array_append_new(fds, row);
		}
		json_array_append_new(
			c->ret, json_pack("{s:I, s:o}", "fdset-id", (json_int_t)s->id, "fds", fds));
	}
	return 0;
}

/* No display and no character device takes clients this way yet. */
/* protocol: a display server (there is none yet), or the id of a socket chardev. */
static int add_client(struct qmp_call *c)
{
	const char *name = qmp_str(c, "fdname"), *protocol = qmp_str(c, "protocol");
	struct chr_slot *s = machine_chr(c->m, protocol);
	int fd = host_fd_take(name), rc;
	struct err e = {""};

	if (fd < 0)
		return qmp_fail(c, NULL, "File descriptor named '%s' has not been found", name);
	rc = s ? chr_adopt(s->chr, fd, &e)
	       : err_set(&e, -EINVAL, "protocol '%s' is invalid", protocol);
	if (!rc)
		return 0;
	close(fd);
	return qmp_fail(c, NULL, "%s", e.msg);
}

/* clang-format off */
const struct qmp_command qmp_fd_commands[] = {
	COMMAND("getfd", ARGS(ARG("fdname", QMP_STR)), getfd),
	COMMAND("closefd", ARGS(ARG("fdname", QMP_STR)), closefd),
	COMMAND("add-fd", ARGS(OPT("fdset-id", QMP_INT), OPT("opaque", QMP_STR)), add_fd),
	COMMAND("remove-fd", ARGS(ARG("fdset-id", QMP_INT), OPT("fd", QMP_INT)), remove_fd),
	COMMAND("query-fdsets", NULL, query_fdsets),
	COMMAND("add_client", ARGS(ARG("protocol", QMP_STR), ARG("fdname", QMP_STR),
				   OPT("skipauth", QMP_BOOL), OPT("tls", QMP_BOOL)), add_client),
	COMMANDS_END,
};
/* clang-format on */
