/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -vnc of a machine: its options, what monitors say of it, its screen and its keyboard. */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/log.h"
#include "dm/qmp.h"
#include "tests/dm/vm.h"
#include "tests/unit/process.h"

#define QUIET "-accel qtest -nodefaults -display none -m 16 "

static void says(struct vm *v, const char *line, const char *want)
{
	char *got = hmp_run(v->m, line);

	EQS(want, got);
	free(got);
}

TEST(monitors_know_it)
{
	json_t *ret = NULL;
	struct vm v;

	process_use("hvm-vnc");
	vm_open(&v, QUIET "-vnc :52000,to=52050,password=on");
	OK(qmp_do(v.m, "query-vnc", NULL, &ret, NULL));
	CHECK(json_is_true(json_object_get(ret, "enabled")));
	EQS("127.0.0.1", json_string_value(json_object_get(ret, "host")));
	EQS("ipv4", json_string_value(json_object_get(ret, "family")));
	EQS("vnc", json_string_value(json_object_get(ret, "auth")));
	EQ(0, json_array_size(json_object_get(ret, "clients")));
	json_decref(ret);
	says(&v, "change vnc password secret", "");
	says(&v, "set_password vnc other", "");
	says(&v, "set_password vnc \"\"", "Error: the password is empty\r\n");
	vm_close(&v);
}

/* The next event as far as it is known before: without time and the client's port. */
static void event(struct vm_client *c, const char *want)
{
	char *text = NULL, got[128];
	json_t *v, *data;

	for (unsigned tries = 0; tries < 5 && !text; tries++)
		text = client_until(c, "\n");
	MUST(text);
	v = json_loads(text, 0, NULL);
	data = json_object_get(v, "data");
	snprintf(got, sizeof(got), "%s %s %s %d", json_string_value(json_object_get(v, "event")),
		 json_string_value(json_object_get(json_object_get(data, "server"), "service")),
		 json_string_value(json_object_get(json_object_get(data, "client"), "host")),
		 json_is_true(json_object_get(json_object_get(data, "client"), "websocket")));
	EQS(want, got);
	json_decref(v);
	free(text);
}

TEST(events)
{
	static const char hello[] = "RFB 003.008\n\1\1";
	struct vm_client qmp, viewer;
	json_t *ret = NULL, *client;
	struct vm v;

	process_use("hvm-vnc");
	vm_open(&v, QUIET "-vnc unix:%s/vnc -qmp unix:%s/qmp,server=on,wait=off");
	client_open(&qmp, &v, "qmp");
	free(client_until(&qmp, "\n"));
	client_send(&qmp, "{'execute':'qmp_capabilities'}", 30);
	free(client_until(&qmp, "\n"));
	client_open(&viewer, &v, "vnc");
	event(&qmp, "VNC_CONNECTED  unix 0");
	client_send(&viewer, hello, sizeof(hello) - 1);
	event(&qmp, "VNC_INITIALIZED  unix 0");
	OK(qmp_do(v.m, "query-vnc", NULL, &ret, NULL));
	client = json_array_get(json_object_get(ret, "clients"), 0);
	EQS("unix", json_string_value(json_object_get(client, "host")));
	EQS("unix", json_string_value(json_object_get(client, "family")));
	json_decref(ret);
	client_close(&viewer);
	event(&qmp, "VNC_DISCONNECTED  unix 0");
	client_close(&qmp);
	vm_close(&v);
}

TEST(two_ports)
{
	char text[256];
	json_t *ret = NULL, *list;
	struct vm v;
	int port;

	process_use("hvm-vnc");
	vm_open(&v, QUIET "-vnc :52100,to=52150,password=on,websocket=on");
	OK(qmp_do(v.m, "query-vnc-servers", NULL, &ret, NULL));
	list = json_object_get(json_array_get(ret, 0), "server");
	EQ(2, json_array_size(list));
	port = atoi(json_string_value(json_object_get(json_array_get(list, 0), "service")));
	snprintf(text, sizeof(text),
		 "default:\r\n  Server: 127.0.0.1:%d (ipv4)\r\n    Auth: vnc (Sub: none)\r\n"
		 "  Server: 127.0.0.1:%d (ipv4 (Websocket))\r\n    Auth: vnc (Sub: none)\r\n",
		 port, port - 200);
	says(&v, "info vnc", text);
	CHECK(json_is_true(json_object_get(json_array_get(list, 1), "websocket")));
	json_decref(ret);
	vm_close(&v);
}

static const struct {
	const char *line, *says;
} expiries[] = {
	{"never", ""},
	{"now", ""},
	{"+60", ""},
	{"1800000000", ""},
	{"+", "Error: time: '+': want now, never, +SECONDS or SECONDS\r\n"},
	{"-1", "Error: time: '-1': want now, never, +SECONDS or SECONDS\r\n"},
	{"99999999999999999999",
	 "Error: time: '99999999999999999999': want now, never, +SECONDS or SECONDS\r\n"},
};

TEST(expire_password)
{
	char text[80];
	struct vm v;

	process_use("hvm-vnc");
	vm_open(&v, QUIET "-vnc unix:%s/vnc,password=on");
	for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
		snprintf(text, sizeof(text), "expire_password vnc %s", expiries[i].line);
		says(&v, text, expiries[i].says);
	}
	vm_close(&v);
}

static const struct {
	const char *option, *error;
} wrong[] = {
	{"-vnc :52160,websocket=on",
	 "-vnc: websocket: any page in a browser of this host would control the guest: say "
	 "password=on, or noauth=on if that is meant"},
	{"-vnc :52160,websocket=x", "-vnc: websocket=x: want on, PORT or HOST:PORT"},
	{"-vnc 0.0.0.0:52060", "-vnc: 0.0.0.0:52060: whoever reaches this host would control the "
			       "guest: say password=on, or noauth=on if that is meant"},
	{"-vnc :1,lossy=on", NULL},
	{"-vnc :1,share=some", "-vnc: share=some: want allow-exclusive, force-shared or ignore"},
	{"-vnc nonsense", "-vnc: 'nonsense': want HOST:N, :N or unix:PATH, N up to 59635"},
};

TEST_EACH(wrong_options, sizeof(wrong) / sizeof(wrong[0]), wrong[i].option)
{
	struct machine_config cfg;
	struct loop *l = loop_new(NULL);
	struct err e = {""};
	char text[200];

	process_use("hvm-vnc");
	log_set_level(LOG_ERROR);
	snprintf(text, sizeof(text), QUIET "%s", wrong[i].option);
	OK(options_parse_text(&cfg, text, &e));
	CHECK(!machine_new(&cfg, l, &e));
	if (wrong[i].error)
		EQS(wrong[i].error, e.msg);
	CHECK(strstr(e.msg, "-vnc"));
	config_free(&cfg);
	loop_free(l);
}
#endif
