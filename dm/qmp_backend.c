/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_backend.c: streams and network devices come and go; links; what a ringbuf holds. */
#include "dm/qmp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- JSON to the text that the command line would have ---- */

static void put_value(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == ',')
			fputc(',', f);
		fputc(*text, f);
	}
}

/* ",key=value" of each member but those in the NULL-ended list. False: one has no text. */
static bool put_members(FILE *f, const json_t *object, const char *const *but)
{
	const char *name, *text;
	char number[40];
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)object, name, v)
	{
		const char *const *b = but;

		while (*b && strcmp(*b, name))
			b++;
		if (*b)
			continue;
		text = qmp_option_text(v, number);
		if (!text)
			return false;
		fprintf(f, ",%s=", name);
		put_value(f, text);
	}
	return true;
}

/* "type,id=ID,…", malloced. NULL: the error is noted. */
static char *option_line(struct qmp_call *c, const char *type, const json_t *members,
			 const char *const *but)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool good;

	if (!f) {
		qmp_fail(c, NULL, "out of memory");
		return NULL;
	}
	put_value(f, type);
	fputs(",id=", f);
	put_value(f, qmp_str(c, "id"));
	good = put_members(f, members, but);
	if (!fclose(f) && good)
		return text;
	free(text);
	qmp_fail(c, NULL, "a member of the description is neither text, number nor boolean");
	return NULL;
}

/* ---- network ---- */

static int netdev_add(struct qmp_call *c)
{
	static const char *const but[] = {"type", "id", NULL};
	char *text;
	int rc;

	if (!qmp_has(c, "type") || !qmp_has(c, "id"))
		return qmp_fail(c, NULL, "Parameter '%s' is missing",
				qmp_has(c, "type") ? "id" : "type");
	if (!qmp_str(c, "type") || !qmp_str(c, "id"))
		return qmp_fail(c, NULL, "Invalid parameter type for '%s', expected: string",
				qmp_str(c, "type") ? "id" : "type");
	text = option_line(c, qmp_str(c, "type"), c->args, but);
	rc = text && machine_net_add(c->m, text, &c->err) ? 0 : -1;
	free(text);
	return rc;
}

static int netdev_del(struct qmp_call *c)
{
	const char *id = qmp_str(c, "id");

	if (!machine_net(c->m, id))
		return qmp_not_found(c, id);
	return machine_net_remove(c->m, id, &c->err);
}

/* By the name of the netdev or of the device that holds it. */
static int set_link(struct qmp_call *c)
{
	const char *name = qmp_str(c, "name");
	struct net_slot *s = machine_net(c->m, name);

	for (struct net_slot *i = c->m->nets; !s && i; i = i->next)
		if (i->user && !strcmp(i->user->id, name))
			s = i;
	if (!s)
		return qmp_not_found(c, name);
	net_set_link(s->net, qmp_bool(c, "up", true));
	return 0;
}

/* ---- streams ---- */

/* QMP's members are not quite the option's: the address is an object, servers do not wait. */
static json_t *chardev_members(const json_t *data)
{
	json_t *v = json_copy((json_t *)(uintptr_t)data);
	json_t *addr = json_object_get(json_object_get(v, "addr"), "data");

	if (json_object_get(v, "out")) {
		json_object_set(v, "path", json_object_get(v, "out"));
		json_object_del(v, "out");
	}
	if (!json_is_object(addr))
		return v;
	json_object_update(v, addr);
	if (json_object_get(v, "str")) {
		json_object_set(v, "fd", json_object_get(v, "str"));
		json_object_del(v, "str");
	}
	json_object_del(v, "addr");
	if (!json_object_get(v, "server"))
		json_object_set_new(v, "server", json_true());
	if (json_is_true(json_object_get(v, "server")) && !json_object_get(v, "wait"))
		json_object_set_new(v, "wait", json_false());
	return v;
}

static int chardev_add(struct qmp_call *c)
{
	static const char *const but[] = {NULL};
	const json_t *backend = json_object_get(c->args, "backend");
	const char *type = json_string_value(json_object_get(backend, "type"));
	json_t *members = chardev_members(json_object_get(backend, "data"));
	char *text = option_line(c, type, members, but);
	struct chr_slot *s = text ? machine_chr_add(c->m, text, &c->err) : NULL;
	const char *pty = "pty:";

	json_decref(members);
	free(text);
	if (!s)
		return -1;
	c->ret = json_object();
	if (!strncmp(chr_filename(s->chr), pty, strlen(pty)))
		json_object_set_new(c->ret, "pty", qmp_text(chr_filename(s->chr) + strlen(pty)));
	return 0;
}

static int chardev_remove(struct qmp_call *c)
{
	return machine_chr_remove(c->m, qmp_str(c, "id"), &c->err);
}

static int ringbuf_read(struct qmp_call *c)
{
	const char *id = qmp_str(c, "device"), *format = qmp_str(c, "format");
	int64_t size = qmp_int(c, "size", 0);
	struct chr_slot *s = machine_chr(c->m, id);
	char buf[65536];
	int n;

	if (!s)
		return qmp_fail(c, NULL, "Device '%s' not found", id);
	if (size <= 0)
		return qmp_fail(c, NULL, "size must be greater than zero");
	if (format && strcmp(format, "utf8"))
		return qmp_fail(c, NULL, "format base64 is not supported");
	n = chr_ringbuf_read(s->chr, buf, size < (int64_t)sizeof(buf) ? (size_t)size : sizeof(buf));
	if (n < 0)
		return qmp_fail(c, NULL, "%s is not a ringbuf device", id);
	c->ret = qmp_bytes(buf, (size_t)n);
	return 0;
}

static const char *const formats[] = {"utf8", "base64", NULL};

/* clang-format off */
static const struct qmp_arg backend_rows[] = {
	ARG("type", QMP_STR), ARG("data", QMP_OBJECT), {0},
};

const struct qmp_command qmp_backend_commands[] = {
	COMMAND("netdev_add", NULL, netdev_add, .open = true),
	COMMAND("netdev_del", ARGS(ARG("id", QMP_STR)), netdev_del),
	COMMAND("set_link", ARGS(ARG("name", QMP_STR), ARG("up", QMP_BOOL)), set_link),
	COMMAND("chardev-add",
		ARGS(ARG("id", QMP_STR), ARG("backend", QMP_OBJECT, .members = backend_rows)),
		chardev_add),
	COMMAND("chardev-remove", ARGS(ARG("id", QMP_STR)), chardev_remove),
	COMMAND("ringbuf-read",
		ARGS(ARG("device", QMP_STR), ARG("size", QMP_INT),
		     OPT("format", QMP_STR, .values = formats)), ringbuf_read),
	COMMANDS_END,
};
/* clang-format on */
