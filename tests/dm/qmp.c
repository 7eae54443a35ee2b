/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP over real sockets: negotiation, several monitors, pieces, ids, descriptors, events, and each
 * command of the tables once. Wordings were compared with QEMU 7.2's.
 */
#include "dm/qmp.h"
#include "hypervisor/vcpus.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine.h"
#include "tests/dm/vm.h"

#include <fcntl.h>

/* clang-format off */
#define MONITOR(id, file) \
	"-chardev socket,id=" id ",path=%s/" file ",server=on,wait=off " \
	"-mon chardev=" id ",mode=control "
#define NONE \
	"-machine none -nodefaults -display none -name guest " MONITOR("c0", "q0")
#define PC \
	"-machine pc -accel qtest -nodefaults -display none -m 16 -S -name guest " \
	"-uuid 11111111-2222-3333-4444-555555555555 " MONITOR("c0", "q0") \
	"-drive if=none,id=cd0,readonly=on " /* libxl does not say that it is a CD */ \
	"-device ide-cd,drive=cd0,id=ide0,bus=ide.1 " \
	"-drive if=none,id=hd0,file=%s/hd.img,format=raw -device ide-hd,drive=hd0,id=disk0 " \
	"-device rtl8139,id=nic0,addr=4,mac=52:54:00:12:34:56 "
/* clang-format on */

/* ---- talking ---- */

static char *line(struct vm_client *c)
{
	char *text = client_until(c, "\r\n");

	MUST(text);
	CHECK(!strchr(text, '\n')[1]);
	return text;
}

static json_t *parse(const char *text)
{
	json_error_t e;
	json_t *v = json_loads(text, JSON_DECODE_ANY, &e);

	if (!CHECK(v))
		NOTE("%s", text);
	MUST(v);
	return v;
}

/* The next message; events are thrown away unless wanted. */
static json_t *next(struct vm_client *c, bool event)
{
	for (;;) {
		char *text = line(c);
		json_t *v = parse(text);

		free(text);
		if (event == !!json_object_get(v, "event"))
			return v;
		json_decref(v);
	}
}

static void send_text(struct vm_client *c, const char *text)
{
	client_send(c, text, strlen(text));
}

static json_t *ask(struct vm_client *c, const char *text)
{
	send_text(c, text);
	return next(c, false);
}

static char *compact(const json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	MUST(text);
	return text;
}

/* An answer: "return" compactly, or "Class: sentence". `want` is all of it, or its beginning when
 * it ends in "…". */
static void answer(struct vm_client *c, const char *command, const char *want)
{
	json_t *v = ask(c, command), *error = json_object_get(v, "error");
	size_t len = strlen(want);
	char text[65536] = "", *ret;

	NOTE("%.200s", command);
	if (error) {
		snprintf(text, sizeof(text), "%s: %s",
			 json_string_value(json_object_get(error, "class")),
			 json_string_value(json_object_get(error, "desc")));
	} else if (CHECK(json_object_get(v, "return"))) {
		ret = compact(json_object_get(v, "return"));
		snprintf(text, sizeof(text), "%s", ret);
		free(ret);
	}
	if (len >= 3 && !strcmp(want + len - 3, "…"))
		text[len - 3 < sizeof(text) ? len - 3 : 0] = 0, len -= 3;
	if (strncmp(want, text, len) || text[len])
		EQS(want, text);
	json_decref(v);
}

static void negotiate(struct vm_client *c)
{
	json_t *greeting = next(c, false);

	CHECK(json_object_get(greeting, "QMP"));
	json_decref(greeting);
	answer(c, "{'execute':'qmp_capabilities'}", "{}");
}

static void start(struct vm *v, struct vm_client *c, const char *options)
{
	vm_open(v, options);
	client_open(c, v, "q0");
	negotiate(c);
}

static void end(struct vm *v, struct vm_client *c)
{
	client_close(c);
	vm_close(v);
}

/* ---- negotiation, as QEMU's qmp-test wants it ---- */

static const struct {
	const char *in, *out;
} malformed[] = {
	{"{]\n", "GenericError: JSON parse error, expecting value"},
	{"{\xff", "GenericError: JSON parse error, stray '\xef\xbf\xbd'"},
	{"{\x01", "GenericError: JSON parse error, stray '\x01'"},
	{"{'bad \xff", "GenericError: JSON parse error, stray ''bad \xef\xbf\xbd'"},
	{"{'execute': 'nonexistent', 'id':'\n", "GenericError: JSON parse error, stray ''\n'"},
	{"%%p", "GenericError: JSON parse error, stray '%'"},
	{"null\n", "GenericError: QMP input must be a JSON object"},
	{"5\n", "GenericError: QMP input must be a JSON object"},
	{"'a'", "GenericError: QMP input must be a JSON object"},
	{"[]", "GenericError: QMP input must be a JSON object"},
	{"{}", "GenericError: QMP input lacks member 'execute'"},
	{"{'execute':true}", "GenericError: QMP input member 'execute' must be a string"},
	{"{'execute':'no-such-cmd','arguments':[]}",
	 "GenericError: QMP input member 'arguments' must be an object"},
	{"{'execute':'no-such-cmd','extra':true}",
	 "GenericError: QMP input member 'extra' is unexpected"},
	{"{'exec-oob':'query-name'}", "GenericError: QMP input member 'exec-oob' is unexpected"},
};

static void all_malformed(struct vm_client *c, const char *recovered)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		answer(c, malformed[i].in, malformed[i].out);
		answer(c, "{'execute':'no-such-cmd'}", recovered);
	}
}

TEST(protocol)
{
	static const char early[] = "CommandNotFound: Expecting capabilities negotiation with "
				    "'qmp_capabilities'";
	struct vm v;
	struct vm_client c;
	json_t *greeting;
	char *text;

	vm_open(&v, NONE);
	client_open(&c, &v, "q0");
	greeting = next(&c, false);
	text = compact(greeting);
	EQS("{\"QMP\":{\"capabilities\":[],\"version\":{\"package\":\"hvm-dm\",\"qemu\":"
	    "{\"major\":7,\"micro\":22,\"minor\":2}}}}",
	    text);
	free(text);
	json_decref(greeting);
	answer(&c, "{'execute':'query-version'}", early);
	all_malformed(&c, early);
	answer(&c, "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
	       "GenericError: Capability oob not available");
	answer(&c, "{'execute':'qmp_capabilities','arguments':{'enable':['x']}}",
	       "GenericError: Parameter 'enable[0]' does not accept value 'x'");
	answer(&c, "{'execute':'qmp_capabilities','arguments':{'enable':'oob'}}",
	       "GenericError: Invalid parameter type for 'enable', expected: array");
	answer(&c, "{'execute':'qmp_capabilities'}", "{}");
	answer(&c, "{'execute':'qmp_capabilities'}",
	       "CommandNotFound: Capabilities negotiation is already complete, command ignored");
	all_malformed(&c, "CommandNotFound: The command no-such-cmd has not been found");
	end(&v, &c);
}

TEST(engine_counters)
{
	struct vm v;
	struct vm_client c;
	struct engine *en;
	json_t *r, *ret, *cpus;

	start(&v, &c, "-accel soft -smp 2 -nodefaults -display none -m 16 -S " MONITOR("c0", "q0"));
	en = vcpus_engine(v.m->vcpus);
	en->ops->cpu(en, 1)->stats.translations = 3;
	en->ops->cpu(en, 1)->stats.exits_poll = 1ull << 40;
	r = ask(&c, "{'execute':'x-query-engine'}");
	ret = json_object_get(r, "return");
	cpus = json_object_get(ret, "cpus");
	EQ(2, json_array_size(cpus));
	ret = json_object_get(ret, "total");
	EQ(ENGINE_STATS_N, json_object_size(ret));
	EQ(3, json_integer_value(json_object_get(ret, "translations")));
	EQ(1ull << 40, json_integer_value(json_object_get(ret, "exits_poll")));
	ret = json_array_get(cpus, 1);
	CHECK(!json_object_get(ret, "translations"));
	EQ(1ull << 40, json_integer_value(json_object_get(ret, "exits_poll")));
	EQ(0, json_integer_value(json_object_get(json_array_get(cpus, 0), "exits_poll")));
	json_decref(r);
	client_close(&c);
	vm_close(&v);
}

/* ---- ids ---- */

static const struct {
	const char *sent, *back;
} ids[] = {
	{"1", "1"},
	{"-9223372036854775808", "-9223372036854775808"},
	{"18446744073709551615", "18446744073709551615"},
	{"1.0", "1.0"},
	{"1e2", "1e2"},
	{"null", "null"},
	{"true", "true"},
	{"\"x\"", "\"x\""},
	{"''", "\"\""},
	{"\"\\u0000\xe2\x82\xac\"", "\"\\u0000\\u20AC\""},
	{"[ 1 ,[]]", "[1, []]"},
	{"{\"a\" : {}}", "{\"a\": {}}"},
};

TEST_EACH(ids, sizeof(ids) / sizeof(ids[0]), ids[i].sent)
{
	char command[256], want[256], *got;
	struct vm v;
	struct vm_client c;

	start(&v, &c, NONE);
	snprintf(command, sizeof(command), "{\"execute\":\"query-name\",\"id\":%s}", ids[i].sent);
	send_text(&c, command);
	got = line(&c);
	snprintf(want, sizeof(want), "{\"id\": %s, \"return\": {\"name\": \"guest\"}}\r\n",
		 ids[i].back);
	EQS(want, got);
	free(got);
	snprintf(command, sizeof(command), "{\"id\":%s,\"execute\":\"nope\"}", ids[i].sent);
	send_text(&c, command);
	got = line(&c);
	snprintf(want, sizeof(want),
		 "{\"id\": %s, \"error\": {\"class\": \"CommandNotFound\", \"desc\": "
		 "\"The command nope has not been found\"}}\r\n",
		 ids[i].back);
	EQS(want, got);
	free(got);
	end(&v, &c);
}

/* ---- pieces, several at once ---- */

TEST(pieces_of_every_size)
{
	static const char text[] =
		"{\"execute\":\"query-status\",\"id\":1} {'execute':'query-name',"
		"'id':2}\r\n{\"execute\": \"nope\", \"id\": [3]}";
	struct vm v;
	struct vm_client c;

	start(&v, &c, NONE);
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		for (size_t i = 0; i < sizeof(text) - 1; i += piece) {
			client_send(&c, text + i,
				    sizeof(text) - 1 - i < piece ? sizeof(text) - 1 - i : piece);
			vm_turn(&v, 0);
		}
		for (int i = 0; i < 3; i++) {
			json_t *r = next(&c, false), *id = json_object_get(r, "id");

			EQ(i + 1, json_integer_value(i < 2 ? id : json_array_get(id, 0)));
			CHECK(json_object_get(r, i < 2 ? "return" : "error"));
			json_decref(r);
		}
	}
	end(&v, &c);
}

TEST(two_monitors)
{
	struct vm v;
	struct vm_client a, b;

	vm_open(&v, NONE MONITOR("c1", "q1"));
	client_open(&a, &v, "q0");
	client_open(&b, &v, "q1");
	negotiate(&a);
	/* Negotiation is each monitor's own; so is a message begun. */
	send_text(&a, "{'execute':");
	json_decref(next(&b, false));
	answer(&b, "{'execute':'query-name'}",
	       "CommandNotFound: Expecting capabilities negotiation with 'qmp_capabilities'");
	answer(&b, "{'execute':'qmp_capabilities'}", "{}");
	answer(&a, "'query-name'}", "{\"name\":\"guest\"}");
	/* Events go to both. */
	answer(&a, "{'execute':'stop'}", "{}");
	json_t *ev = next(&b, true);

	EQS("STOP", json_string_value(json_object_get(ev, "event")));
	json_decref(ev);
	client_close(&b);
	end(&v, &a);
}

TEST(reconnect)
{
	struct vm v;
	struct vm_client c;

	start(&v, &c, NONE);
	send_text(&c, "{'execute':'query-");
	vm_turn(&v, 0);
	client_close(&c);
	for (unsigned i = 0; i < 3; i++) {
		vm_turn(&v, 10);
		client_open(&c, &v, "q0");
		json_decref(next(&c, false));
		answer(&c, "{'execute':'query-name'}",
		       "CommandNotFound: Expecting capabilities negotiation with "
		       "'qmp_capabilities'");
		if (i < 2)
			client_close(&c);
	}
	end(&v, &c);
}

TEST(pretty)
{
	struct vm v;
	struct vm_client c;
	char *text;

	vm_open(&v, "-machine none -nodefaults -chardev socket,id=c0,path=%s/q0,server=on,wait=off "
		    "-mon chardev=c0,mode=control,pretty=on");
	client_open(&c, &v, "q0");
	text = client_until(&c, "\n}\r\n");
	CHECK(text && strstr(text, "{\n    \"QMP\": {"));
	free(text);
	send_text(&c, "{'execute':'qmp_capabilities','id':7}");
	text = client_until(&c, "\n}\r\n");
	CHECK(text && strstr(text, "\"id\": 7"));
	free(text);
	end(&v, &c);
}

TEST(hostile)
{
	static char big[100000];
	struct vm v;
	struct vm_client c;

	start(&v, &c, NONE);
	memset(big, '[', 2000);
	client_send(&c, big, 2000);
	answer(&c, "\n", "GenericError: JSON nesting depth limit exceeded");
	answer(&c, "{'execute':'query-name'}", "{\"name\":\"guest\"}");
	memset(big, 'a', sizeof(big));
	send_text(&c, "{'execute':'");
	client_send(&c, big, sizeof(big));
	answer(&c, "'}", "CommandNotFound: The command aaaa…");
	send_text(&c, "{'execute':'query-name','arguments':{'");
	client_send(&c, big, sizeof(big));
	answer(&c, "':1}}", "GenericError: Parameter 'aaaa…");
	answer(&c, "{'execute':'device_del','arguments':{'id':'a\\u0000b'}}",
	       "GenericError: Parameter 'id' does not take a string with a NUL");
	answer(&c, "{'execute':'query-name\\u0000'}",
	       "GenericError: QMP input member 'execute' must be a string");
	answer(&c, "{'execute':'query-name'}", "{\"name\":\"guest\"}");
	end(&v, &c);
}

/* ---- every command ---- */

static const struct {
	const char *machine, *in, *out;
} commands[] = {
	{NONE, "{'execute':'query-version'}",
	 "{\"package\":\"hvm-dm\",\"qemu\":{\"major\":7,\"micro\":22,\"minor\":2}}"},
	{NONE, "{'execute':'query-version','arguments':{'x':1}}",
	 "GenericError: Parameter 'x' is unexpected"},
	{NONE, "{'execute':'query-commands'}", "[{\"name\":\"qmp_capabilities\"}…"},
	{NONE, "{'execute':'query-status'}",
	 "{\"running\":true,\"singlestep\":false,\"status\":\"running\"}"},
	{PC, "{'execute':'query-status'}",
	 "{\"running\":false,\"singlestep\":false,\"status\":\"prelaunch\"}"},
	{NONE, "{'execute':'query-name'}", "{\"name\":\"guest\"}"},
	{NONE, "{'execute':'query-uuid'}", "{\"UUID\":\"00000000-0000-0000-0000-000000000000\"}"},
	{PC, "{'execute':'query-uuid'}", "{\"UUID\":\"11111111-2222-3333-4444-555555555555\"}"},
	{NONE, "{'execute':'query-machines'}", "[{\"alias\":\"pc\",\"cpu-max\":128,…"},
	{NONE, "{'execute':'query-qmp-schema'}",
	 "[{\"json-type\":\"string\",\"meta-type\":\"builtin\",\"name\":\"str\"},…"},
	{NONE, "{'execute':'query-target'}", "{\"arch\":\"x86_64\"}"},
	{NONE, "{'execute':'query-kvm'}", "{\"enabled\":false,\"present\":false}"},
	{NONE, "{'execute':'query-cpus-fast'}", "[]"},
	{PC, "{'execute':'query-cpus-fast'}",
	 "[{\"cpu-index\":0,\"props\":{\"core-id\":0,\"socket-id\":0,\"thread-id\":0},\"qom-path\":"
	 "\"/machine/unattached/cpu[0]\",…"},
	{PC, "{'execute':'x-query-engine'}",
	 "GenericError: no engine that counts runs the CPUs of this machine"},
	{NONE, "{'execute':'query-hotpluggable-cpus'}",
	 "GenericError: machine does not support hot-plugging CPUs"},
	{PC, "{'execute':'query-hotpluggable-cpus'}",
	 "[{\"props\":{\"core-id\":0,\"socket-id\":0,\"thread-id\":0},\"qom-path\":…"},
	{PC, "{'execute':'query-memory-size-summary'}",
	 "{\"base-memory\":16777216,\"plugged-memory\":0}"},
	{NONE, "{'execute':'query-iothreads'}", "[]"},
	{NONE, "{'execute':'query-mice'}", "[]"},
	{NONE, "{'execute':'query-chardev'}", "[{\"filename\":\"unix:/tmp/…"},
	{NONE, "{'execute':'query-vnc'}", "{\"enabled\":false}"},
	{NONE, "{'execute':'query-vnc-servers'}", "[]"},
	{NONE, "{'execute':'expire_password','arguments':{'protocol':'vnc','time':'now'}}",
	 "GenericError: Could not set password expire time"},
	{NONE, "{'execute':'query-command-line-options','arguments':{'option':'name'}}",
	 "[{\"option\":\"name\",\"parameters\":[{\"name\":\"guest\",\"type\":\"string\"},…"},
	{NONE, "{'execute':'query-command-line-options','arguments':{'option':'x'}}",
	 "GenericError: invalid option name: x"},
	{NONE, "{'execute':'query-pci'}", "[]"},
	{PC, "{'execute':'query-pci'}",
	 "[{\"bus\":0,\"devices\":[{\"bus\":0,\"class_info\":{\"class\":1536,\"desc\":"
	 "\"Host bridge\"},\"function\":0,\"id\":{\"device\":4663,\"subsystem\":4352,"
	 "\"subsystem-vendor\":6900,\"vendor\":32902},\"irq_pin\":0,\"qdev_id\":\"\","
	 "\"regions\":[],\"slot\":0},…"},
	{PC, "{'execute':'query-block'}",
	 "[{\"device\":\"cd0\",\"io-status\":\"ok\",\"locked\":false,\"qdev\":\"ide0\","
	 "\"removable\":true,\"tray_open\":false,\"type\":\"unknown\"},{\"device\":\"hd0\","
	 "\"inserted\":{…"},
	{PC, "{'execute':'query-blockstats'}", "[{\"device\":\"cd0\",\"qdev\":\"ide0\",…"},
	{NONE, "{'execute':'qom-list-types','arguments':{'implements':'machine'}}",
	 "[{\"name\":\"pc-machine\",\"parent\":\"machine\"},{\"name\":\"none-machine\","
	 "\"parent\":\"machine\"}]"},
	{NONE,
	 "{'execute':'qom-list-types','arguments':{'implements':'isa-device','abstract':true}}",
	 "[{\"abstract\":true,\"name\":\"isa-device\",\"parent\":\"device\"},{\"name\":"
	 "\"isa-debug-exit\",\"parent\":\"isa-device\"},…"},
	{NONE, "{'execute':'device-list-properties','arguments':{'typename':'xx'}}",
	 "DeviceNotFound: Device 'xx' not found"},
	{NONE, "{'execute':'qom-list','arguments':{'path':'/'}}",
	 "[{\"name\":\"type\",\"type\":\"string\"},{\"name\":\"machine\",\"type\":"
	 "\"child<none-machine>\"}]"},
	{PC, "{'execute':'qom-list','arguments':{'path':'/machine/peripheral'}}",
	 "[{\"name\":\"type\",\"type\":\"string\"},{\"name\":\"ide0\",\"type\":\"child<ide-cd>\"},"
	 "{\"name\":\"disk0\",\"type\":\"child<ide-hd>\"},"
	 "{\"name\":\"nic0\",\"type\":\"child<rtl8139>\"}]"},
	{PC, "{'execute':'qom-list','arguments':{'path':'/machine/peripheral/nic0'}}",
	 "[{\"name\":\"type\",\"type\":\"string\"},…"},
	{PC, "{'execute':'qom-get','arguments':{'path':'/machine','property':'type'}}",
	 "\"pc-machine\""},
	{PC, "{'execute':'qom-get','arguments':{'path':'/machine/','property':'xx'}}",
	 "GenericError: Property 'pc-machine.xx' not found"},
	{PC,
	 "{'execute':'qom-get','arguments':{'path':'/machine/peripheral/nic0','property':'mac'}}",
	 "\"52:54:00:12:34:56\""},
	{PC, "{'execute':'qom-get','arguments':{'path':'nic0','property':'realized'}}", "true"},
	{PC,
	 "{'execute':'qom-get','arguments':{'path':'/machine/unattached/cpu[0]',"
	 "'property':'type'}}",
	 "\"qemu64-x86_64-cpu\""},
	{PC, "{'execute':'qom-get','arguments':{'path':'/machine/xx','property':'type'}}",
	 "DeviceNotFound: Device '/machine/xx' not found"},
	{PC, "{'execute':'qom-set','arguments':{'path':'/machine','property':'rtc-time'}}",
	 "GenericError: Parameter 'value' is missing"},
	{PC, "{'execute':'qom-set','arguments':{'path':'nic0','property':'mac','value':1}}",
	 "GenericError: Property 'rtl8139.mac' is not writable"},
	{NONE, "{'execute':'stop'}", "{}"},
	{NONE, "{'execute':'cont'}", "{}"},
	{PC, "{'execute':'cont'}", "{}"},
	{PC, "{'execute':'system_reset'}", "{}"},
	{NONE, "{'execute':'system_powerdown'}", "{}"},
	{NONE, "{'execute':'system_wakeup'}",
	 "GenericError: Unable to wake up: guest is not in suspended state"},
	{NONE, "{'execute':'quit'}", "{}"},
	{NONE, "{'execute':'inject-nmi'}", "GenericError: machine does not provide NMIs"},
	{PC, "{'execute':'inject-nmi'}", "{}"},
	{NONE, "{'execute':'screendump','arguments':{'filename':'x'}}",
	 "GenericError: There is no console to take a screendump from"},
	{NONE, "{'execute':'screendump','arguments':{'filename':'x','format':'gif'}}",
	 "GenericError: Parameter 'format' does not accept value 'gif'"},
	{NONE, "{'execute':'send-key','arguments':{'keys':[{'type':'qcode','data':'a'}]}}",
	 "GenericError: There is no keyboard"},
	{NONE, "{'execute':'send-key','arguments':{'keys':[{'type':'qcode','data':'axx'}]}}",
	 "GenericError: Parameter 'data' does not accept value 'axx'"},
	{NONE, "{'execute':'send-key','arguments':{'keys':[{'type':'qcode'}]}}",
	 "GenericError: Parameter 'keys[0].data' is missing"},
	{NONE, "{'execute':'send-key','arguments':{'keys':['a']}}",
	 "GenericError: Invalid parameter type for 'keys[0]', expected: object"},
	{NONE, "{'execute':'x-type-text','arguments':{'text':'a'}}",
	 "GenericError: There is no keyboard"},
	{PC, "{'execute':'x-type-text','arguments':{'text':'a','hold-time':0}}",
	 "GenericError: Parameter 'hold-time' expects 1 to 60000 ms"},
	{PC, "{'execute':'x-type-text','arguments':{'text':'aß'}}",
	 "GenericError: the keyboard's layout does not have ß (U+00DF), character 2 of the text"},
	{PC, "{'execute':'x-type-text','arguments':{'text':''}}", "{\"waiting\":0}"},
	{PC, "{'execute':'input-send-event','arguments':{'events':[]}}",
	 "GenericError: VM not running"},
	{NONE, "{'execute':'input-send-event','arguments':{'events':[{'type':'zz','data':{}}]}}",
	 "GenericError: Parameter 'type' does not accept value 'zz'"},
	{NONE, "{'execute':'set_password','arguments':{'protocol':'vnc','password':'x'}}",
	 "GenericError: Could not set password"},
	{NONE, "{'execute':'set_password','arguments':{'protocol':'spice','password':'x'}}",
	 "GenericError: there is no SPICE server"},
	{NONE, "{'execute':'change-vnc-password','arguments':{'password':'x'}}",
	 "GenericError: Could not set password"},
	{NONE, "{'execute':'human-monitor-command','arguments':{'command-line':'info name'}}",
	 "\"guest\\r\\n\""},
	{NONE, "{'execute':'human-monitor-command'}",
	 "GenericError: Parameter 'command-line' is missing"},
	{NONE, "{'execute':'human-monitor-command','arguments':{'command-line':5}}",
	 "GenericError: Invalid parameter type for 'command-line', expected: string"},
	{NONE, "{'execute':'getfd','arguments':{'fdname':'x'}}",
	 "GenericError: No file descriptor supplied via SCM_RIGHTS"},
	{NONE, "{'execute':'closefd','arguments':{'fdname':'x'}}",
	 "GenericError: File descriptor named 'x' not found"},
	{NONE, "{'execute':'add-fd'}", "GenericError: No file descriptor supplied via SCM_RIGHTS"},
	{NONE, "{'execute':'remove-fd','arguments':{'fdset-id':5}}",
	 "GenericError: File descriptor named 'fdset-id:5' not found"},
	{NONE, "{'execute':'remove-fd','arguments':{'fdset-id':5,'fd':4294967296}}",
	 "GenericError: File descriptor named 'fdset-id:5, fd:4294967296' not found"},
	{NONE, "{'execute':'query-fdsets'}", "[]"},
	{NONE, "{'execute':'add_client','arguments':{'protocol':'vnc','fdname':'x'}}",
	 "GenericError: File descriptor named 'x' has not been found"},
	{PC, "{'execute':'eject'}", "GenericError: Need exactly one of 'device' and 'id'"},
	{PC, "{'execute':'eject','arguments':{'id':'xx'}}",
	 "DeviceNotFound: Device 'xx' not found"},
	{PC, "{'execute':'eject','arguments':{'device':'cd0'}}", "{}"},
	{PC, "{'execute':'blockdev-change-medium','arguments':{'id':'ide0','filename':'/nowhere'}}",
	 "GenericError: …"},
	{PC, "{'execute':'blockdev-open-tray','arguments':{'id':'disk0'}}",
	 "GenericError: Device 'disk0' is not removable"},
	{PC, "{'execute':'blockdev-open-tray','arguments':{'id':'ide0','force':true}}", "{}"},
	{PC, "{'execute':'blockdev-close-tray','arguments':{'device':'cd0'}}", "{}"},
	{PC, "{'execute':'blockdev-remove-medium','arguments':{'id':'ide0'}}",
	 "GenericError: Tray of device 'ide0' is not open"},
	{NONE, "{'execute':'netdev_add','arguments':{'type':'none'}}",
	 "GenericError: Parameter 'id' is missing"},
	{NONE, "{'execute':'netdev_add','arguments':{'type':'none','id':5}}",
	 "GenericError: Invalid parameter type for 'id', expected: string"},
	{NONE, "{'execute':'netdev_add','arguments':{'type':'none','id':'n,9'}}", "{}"},
	{NONE, "{'execute':'netdev_del','arguments':{'id':'xx'}}",
	 "DeviceNotFound: Device 'xx' not found"},
	{NONE, "{'execute':'set_link','arguments':{'name':'xx','up':true}}",
	 "DeviceNotFound: Device 'xx' not found"},
	{NONE,
	 "{'execute':'chardev-add','arguments':{'id':'x','backend':{'type':'null','data':{}}}}",
	 "{}"},
	{NONE,
	 "{'execute':'chardev-add','arguments':{'id':'x','backend':{'type':'null',"
	 "'data':{'a':[]}}}}",
	 "GenericError: a member of the description is neither text, number nor boolean"},
	{NONE, "{'execute':'chardev-remove','arguments':{'id':'c0'}}",
	 "GenericError: Chardev 'c0' is busy"},
	{NONE, "{'execute':'chardev-remove','arguments':{'id':'x'}}",
	 "GenericError: Chardev 'x' not found"},
	{NONE, "{'execute':'ringbuf-read','arguments':{'device':'c0','size':9}}",
	 "GenericError: c0 is not a ringbuf device"},
	{NONE, "{'execute':'ringbuf-read','arguments':{'device':'c0','size':0}}",
	 "GenericError: size must be greater than zero"},
	{PC, "{'execute':'device_add','arguments':{}}",
	 "GenericError: Parameter 'driver' is missing"},
	{PC, "{'execute':'device_add','arguments':{'driver':'xx'}}",
	 "GenericError: 'xx' is not a valid device model name"},
	{PC, "{'execute':'device_add','arguments':{'driver':'rtl8139','id':'nic0'}}",
	 "GenericError: Duplicate device ID 'nic0'"},
	{PC, "{'execute':'device_add','arguments':{'driver':'rtl8139','mac':[]}}",
	 "GenericError: Invalid parameter type for 'mac', expected: string"},
	{PC, "{'execute':'device_add','arguments':{'driver':'rtl8139','id':'n1','addr':'5'}}",
	 "{}"},
	{PC, "{'execute':'device_del','arguments':{'id':'xx'}}",
	 "DeviceNotFound: Device 'xx' not found"},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

TEST_EACH(commands, N_COMMANDS, commands[i].in)
{
	struct vm v;
	struct vm_client c;

	start(&v, &c, commands[i].machine);
	answer(&c, commands[i].in, commands[i].out);
	end(&v, &c);
}

TEST(every_command_has_a_row)
{
	const struct qmp_command *row;

	for (unsigned i = 0; (row = qmp_command(i)); i++) {
		char name[80];
		bool found = !strcmp(row->name, "qmp_capabilities");

		snprintf(name, sizeof(name), "'execute':'%s'", row->name);
		for (size_t k = 0; k < N_COMMANDS && !found; k++)
			found = strstr(commands[k].in, name);
		if (!CHECK(found))
			NOTE("%s", row->name);
		for (unsigned k = 0; k < i; k++)
			CHECK(strcmp(qmp_command(k)->name, row->name));
	}
}

/* ---- events ---- */

/* The next event without its time, compactly. */
static void event(struct vm_client *c, const char *want)
{
	json_t *v = next(c, true), *time = json_object_get(v, "timestamp");
	char *text;

	CHECK(json_is_integer(json_object_get(time, "seconds")));
	CHECK(json_integer_value(json_object_get(time, "microseconds")) < 1000000);
	CHECK(!json_object_get(v, "id"));
	json_object_del(v, "timestamp");
	text = compact(v);
	EQS(want, text);
	free(text);
	json_decref(v);
}

TEST(events)
{
	struct vm v;
	struct vm_client c;

	start(&v, &c, PC);
	send_text(&c, "{'execute':'cont','id':1}");
	event(&c, "{\"event\":\"RESUME\"}");
	send_text(&c, "{'execute':'stop','id':1}");
	event(&c, "{\"event\":\"STOP\"}");
	send_text(&c, "{'execute':'system_reset','id':1}");
	event(&c, "{\"data\":{\"guest\":false,\"reason\":\"host-qmp-system-reset\"},"
		  "\"event\":\"RESET\"}");
	send_text(&c, "{'execute':'system_powerdown','id':1}");
	event(&c, "{\"event\":\"POWERDOWN\"}");
	send_text(&c, "{'execute':'eject','arguments':{'id':'ide0'}}");
	event(&c, "{\"data\":{\"device\":\"cd0\",\"id\":\"ide0\",\"tray-open\":true},"
		  "\"event\":\"DEVICE_TRAY_MOVED\"}");
	send_text(&c, "{'execute':'device_add','arguments':{'driver':'rtl8139','id':'n1'}}");
	send_text(&c, "{'execute':'device_del','arguments':{'id':'n1'}}");
	event(&c, "{\"data\":{\"device\":\"n1\",\"path\":\"/machine/peripheral/n1\"},"
		  "\"event\":\"DEVICE_DELETED\"}");
	v.m->drives->tray_moved(v.m->drives, false, v.m);
	event(&c, "{\"data\":{\"device\":\"cd0\",\"id\":\"ide0\",\"tray-open\":false},"
		  "\"event\":\"DEVICE_TRAY_MOVED\"}");
	send_text(&c, "{'execute':'quit'}");
	event(&c, "{\"data\":{\"guest\":false,\"reason\":\"host-qmp-quit\"},"
		  "\"event\":\"SHUTDOWN\"}");
	end(&v, &c);
}

/* ---- a stream added, used, read, removed ---- */

TEST(ringbuf)
{
	struct vm v;
	struct vm_client c;

	start(&v, &c, NONE);
	answer(&c,
	       "{'execute':'chardev-add','arguments':{'id':'r','backend':{'type':'ringbuf','data':"
	       "{'size':16}}}}",
	       "{}");
	EQ(5, chr_write(machine_chr(v.m, "r")->chr, "he\xffll", 5));
	answer(&c, "{'execute':'ringbuf-read','arguments':{'device':'r','size':3}}",
	       "\"he\xef\xbf\xbd\"");
	answer(&c, "{'execute':'ringbuf-read','arguments':{'device':'r','size':100}}", "\"ll\"");
	answer(&c, "{'execute':'chardev-remove','arguments':{'id':'r'}}", "{}");
	end(&v, &c);
}

TEST(chardevs_added)
{
	struct vm v;
	struct vm_client c, peer;
	char command[512];

	start(&v, &c, NONE);
	snprintf(command, sizeof(command),
		 "{'execute':'chardev-add','arguments':{'id':'s','backend':{'type':'socket','data':"
		 "{'addr':{'type':'unix','data':{'path':'%s/s'}}}}}}",
		 v.dir);
	answer(&c, command, "{}");
	client_open(&peer, &v, "s");
	snprintf(command, sizeof(command),
		 "{'execute':'chardev-add','arguments':{'id':'f','backend':{'type':'file','data':"
		 "{'out':'%s/a,b'}}}}",
		 v.dir);
	answer(&c, command, "{}");
	snprintf(command, sizeof(command), "%s/a,b", v.dir);
	EQ(0, access(command, F_OK));
	answer(&c,
	       "{'execute':'chardev-add','arguments':{'id':'p','backend':{'type':'pty',"
	       "'data':{}}}}",
	       "{\"pty\":\"/dev/pts/…");
	client_close(&peer);
	end(&v, &c);
}

/* ---- descriptors ---- */

/* libxl's way: the descriptor rides on the first byte, the rest follows. */
static void send_fd(struct vm_client *c, int fd, const char *text)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	EQ(1, sendmsg(c->fd, &msg, MSG_NOSIGNAL));
	vm_turn(c->vm, 0);
	send_text(c, text + 1);
}

TEST(fd_sets)
{
	struct vm v;
	struct vm_client c;
	json_t *r, *fds;
	int fd;

	start(&v, &c, NONE);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_fd(&c, fd, "{'execute':'add-fd','arguments':{'opaque':'raw:/x'},'id':1}");
	r = next(&c, false);
	CHECK(json_is_integer(json_object_get(json_object_get(r, "return"), "fd")));
	EQ(0, json_integer_value(json_object_get(json_object_get(r, "return"), "fdset-id")));
	json_decref(r);
	r = ask(&c, "{'execute':'query-fdsets'}");
	fds = json_object_get(json_array_get(json_object_get(r, "return"), 0), "fds");
	EQS("raw:/x", json_string_value(json_object_get(json_array_get(fds, 0), "opaque")));
	json_decref(r);
	answer(&c, "{'execute':'remove-fd','arguments':{'fdset-id':0}}", "{}");
	answer(&c, "{'execute':'query-fdsets'}", "[]");
	send_fd(&c, fd, "{'execute':'add-fd','arguments':{'fdset-id':-1}}");
	r = next(&c, false);
	CHECK(json_object_get(r, "error"));
	json_decref(r);
	close(fd);
	end(&v, &c);
}

TEST(named_fds)
{
	struct vm v;
	struct vm_client c;
	int fd;

	start(&v, &c, NONE);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_fd(&c, fd, "{'execute':'getfd','arguments':{'fdname':'5a'}}");
	json_decref(next(&c, false));
	answer(&c, "{'execute':'closefd','arguments':{'fdname':'5a'}}",
	       "GenericError: File descriptor named '5a' not found");
	send_fd(&c, fd, "{'execute':'getfd','arguments':{'fdname':'a'}}");
	json_decref(next(&c, false));
	answer(&c, "{'execute':'closefd','arguments':{'fdname':'a'}}", "{}");
	send_fd(&c, fd, "{'execute':'getfd','arguments':{'fdname':'b'}}");
	json_decref(next(&c, false));
	answer(&c, "{'execute':'add_client','arguments':{'protocol':'vnc','fdname':'b'}}",
	       "GenericError: protocol 'vnc' is invalid");
	close(fd);
	end(&v, &c);
}

TEST(a_socket_chardev_takes_a_client_by_descriptor)
{
	struct vm v;
	struct vm_client c;
	char command[256], got[8] = "";
	int pair[2];

	start(&v, &c, NONE);
	snprintf(command, sizeof(command),
		 "{'execute':'chardev-add','arguments':{'id':'s0','backend':{'type':'socket',"
		 "'data':{'addr':{'type':'unix','data':{'path':'%s/s0'}},'wait':false}}}}",
		 v.dir);
	answer(&c, command, "{}");
	EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	send_fd(&c, pair[1], "{'execute':'getfd','arguments':{'fdname':'peer'}}");
	json_decref(next(&c, false));
	close(pair[1]);
	answer(&c, "{'execute':'add_client','arguments':{'protocol':'s0','fdname':'peer'}}", "{}");
	chr_write(machine_chr(v.m, "s0")->chr, "hello", 5);
	EQ(5, recv(pair[0], got, sizeof(got), MSG_DONTWAIT));
	EQS("hello", got);
	send_fd(&c, pair[0], "{'execute':'getfd','arguments':{'fdname':'more'}}");
	json_decref(next(&c, false));
	answer(&c, "{'execute':'add_client','arguments':{'protocol':'s0','fdname':'more'}}",
	       "GenericError: chardev s0: it has a client already");
	close(pair[0]);
	end(&v, &c);
}

/* ---- media ---- */

TEST(media)
{
	struct vm v;
	struct vm_client c;
	char path[128], command[512], want[512];
	int fd;

	start(&v, &c, PC);
	snprintf(path, sizeof(path), "%s/cd.iso", v.dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EQ(0, ftruncate(fd, 1 << 20));
	snprintf(command, sizeof(command),
		 "{'execute':'blockdev-change-medium','arguments':{'id':'ide0','filename':'%s',"
		 "'format':'raw'}}",
		 path);
	answer(&c, command, "{}");
	snprintf(want, sizeof(want),
		 "[{\"device\":\"cd0\",\"inserted\":{\"backing_file_depth\":0,…");
	answer(&c, "{'execute':'query-block'}", want);
	answer(&c, "{'execute':'blockdev-open-tray','arguments':{'id':'ide0'}}", "{}");
	CHECK(v.m->drives->blk && v.m->drives->tray_open);
	answer(&c, "{'execute':'blockdev-close-tray','arguments':{'id':'ide0'}}", "{}");
	CHECK(v.m->drives->blk && !v.m->drives->tray_open);
	answer(&c, "{'execute':'blockdev-open-tray','arguments':{'id':'ide0'}}", "{}");
	answer(&c, "{'execute':'blockdev-remove-medium','arguments':{'id':'ide0'}}", "{}");
	CHECK(!v.m->drives->blk && v.m->drives->tray_open);
	answer(&c, "{'execute':'eject','arguments':{'id':'ide0'}}", "{}");
	/* libxl hands the medium over as a descriptor. */
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	send_fd(&c, fd, "{'execute':'add-fd','arguments':{'fdset-id':3}}");
	json_decref(next(&c, false));
	answer(&c,
	       "{'execute':'blockdev-change-medium','arguments':{'id':'ide0','filename':"
	       "'/dev/fdset/3','format':'raw','read-only-mode':'read-only'}}",
	       "{}");
	answer(&c,
	       "{'execute':'human-monitor-command','arguments':{'command-line':'info block cd0'}}",
	       "\"cd0: /dev/fdset/3 (raw, read-only)\\r\\n    Attached to:      ide0\\r\\n"
	       "    Removable device: not locked, tray closed\\r\\n"
	       "    Cache mode:       writeback\\r\\n\"");
	close(fd);
	end(&v, &c);
}
