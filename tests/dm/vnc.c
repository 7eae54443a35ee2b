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

static const struct {
	const char *option, *error;
} wrong[] = {
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
