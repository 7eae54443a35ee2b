/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_commands.c: the human monitor's commands; most are QMP's in other words. */
#include "dm/hmp.h"

#include "base/util.h"
#include "dm/qmp.h"

#include <stdlib.h>

/* Runs a QMP command; its answer, if any, is of no interest. */
static void do_qmp(struct hmp_call *c, const char *name, json_t *args)
{
	struct err e = {{0}};

	if (qmp_do(c->m, name, args, NULL, &e) < 0)
		hmp_error(c, &e);
}

static void run_stop(struct hmp_call *c)
{
	do_qmp(c, "stop", NULL);
}

static void run_cont(struct hmp_call *c)
{
	do_qmp(c, "cont", NULL);
}

static void run_reset(struct hmp_call *c)
{
	do_qmp(c, "system_reset", NULL);
}

static void run_powerdown(struct hmp_call *c)
{
	do_qmp(c, "system_powerdown", NULL);
}

static void run_wakeup(struct hmp_call *c)
{
	do_qmp(c, "system_wakeup", NULL);
}

static void run_quit(struct hmp_call *c)
{
	do_qmp(c, "quit", NULL);
}

static void run_nmi(struct hmp_call *c)
{
	do_qmp(c, "inject-nmi", NULL);
}

static void run_eject(struct hmp_call *c)
{
	do_qmp(c, "eject",
	       json_pack("{s:o, s:b}", "device", qmp_text(hmp_text(c, "device")), "force",
			 hmp_flag(c, "force")));
}

/* Adds an argument that was given. */
static void add_text(struct hmp_call *c, json_t *args, const char *key, const char *name)
{
	if (hmp_text(c, name))
		json_object_set_new(args, key, qmp_text(hmp_text(c, name)));
}

/* "change vnc password SECRET" */
static void change_vnc(struct hmp_call *c)
{
	const char *target = hmp_text(c, "target"), *password = hmp_text(c, "format");

	if (strcmp(target, "password") && strcmp(target, "passwd"))
		fprintf(c->out, "Error: Expected 'password' after 'vnc'\n");
	else if (!password)
		fprintf(c->out, "Error: change vnc password: wants the password too\n");
	else
		do_qmp(c, "change-vnc-password",
		       json_pack("{s:o}", "password", qmp_text(password)));
}

static void run_set_password(struct hmp_call *c)
{
	json_t *args = json_object();

	add_text(c, args, "protocol", "protocol");
	add_text(c, args, "password", "password");
	add_text(c, args, "connected", "connected");
	do_qmp(c, "set_password", args);
}

static void run_expire_password(struct hmp_call *c)
{
	json_t *args = json_object();

	add_text(c, args, "protocol", "protocol");
	add_text(c, args, "time", "time");
	do_qmp(c, "expire_password", args);
}

static void run_change(struct hmp_call *c)
{
	json_t *args;

	if (!strcmp(hmp_text(c, "device"), "vnc")) {
		change_vnc(c);
		return;
	}
	args = json_pack("{s:b}", "force", hmp_flag(c, "force"));

	add_text(c, args, "device", "device");
	add_text(c, args, "filename", "target");
	add_text(c, args, "format", "format");
	add_text(c, args, "read-only-mode", "read-only-mode");
	do_qmp(c, "blockdev-change-medium", args);
}

static void run_screendump(struct hmp_call *c)
{
	json_t *args = json_object();

	add_text(c, args, "filename", "filename");
	add_text(c, args, "format", "format");
	add_text(c, args, "device", "device");
	if (hmp_value(c, "head")->set)
		json_object_set_new(args, "head", json_integer(hmp_number(c, "head", 0)));
	do_qmp(c, "screendump", args);
}

/* ---- devices ---- */

static void list_classes(FILE *f)
{
	for (const struct dev_class *k = dev_class_first(); k; k = dev_class_next(k)) {
		if (k->internal)
			continue;
		fprintf(f, "name \"%s\"", k->name);
		if (k->bus)
			fprintf(f, ", bus %s", k->bus->name);
		fprintf(f, ", desc \"%s\"\n", k->summary ? k->summary : "");
	}
}

/* "help", "?" or "driver,help". False: it is a device. */
static bool device_help(struct hmp_call *c, const struct opts *o)
{
	const char *driver = opts_get(o, "driver");
	const struct dev_class *k = driver ? dev_class_find(driver) : NULL;

	if (driver && (!strcmp(driver, "help") || !strcmp(driver, "?"))) {
		list_classes(c->out);
		return true;
	}
	if (!k || (!opts_get(o, "help") && !opts_get(o, "?")))
		return false;
	dev_class_help(k, c->out);
	return true;
}

static void run_device_add(struct hmp_call *c)
{
	const char *text = hmp_text(c, "device");
	struct opts o = {0};
	struct err e = {{0}};

	if (opts_parse(&o, text ? text : "", "driver", &e))
		hmp_error(c, &e);
	else if (!opts_get(&o, "driver"))
		fprintf(c->out, "Error: Parameter 'driver' is missing\n");
	else if (!device_help(c, &o) && !machine_device_add(c->m, &o, &e))
		hmp_error(c, &e);
	opts_free(&o);
}

static void run_device_del(struct hmp_call *c)
{
	do_qmp(c, "device_del", json_pack("{s:o}", "id", qmp_text(hmp_text(c, "id"))));
}

static void run_chardev_add(struct hmp_call *c)
{
	struct err e = {{0}};

	if (!machine_chr_add(c->m, hmp_text(c, "args"), &e))
		hmp_error(c, &e);
}

static void run_chardev_remove(struct hmp_call *c)
{
	struct err e = {{0}};

	if (machine_chr_remove(c->m, hmp_text(c, "id"), &e))
		hmp_error(c, &e);
}

static void run_netdev_add(struct hmp_call *c)
{
	struct err e = {{0}};

	if (!machine_net_add(c->m, hmp_text(c, "netdev"), &e))
		hmp_error(c, &e);
}

static void run_netdev_del(struct hmp_call *c)
{
	struct err e = {{0}};

	if (machine_net_remove(c->m, hmp_text(c, "id"), &e))
		hmp_error(c, &e);
}

static void run_set_link(struct hmp_call *c)
{
	bool up;

	if (text_bool(hmp_text(c, "up"), &up))
		fprintf(c->out, "Expected 'on' or 'off'\n");
	else
		do_qmp(c, "set_link",
		       json_pack("{s:o, s:b}", "name", qmp_text(hmp_text(c, "name")), "up", up));
}

static void run_ringbuf_read(struct hmp_call *c)
{
	struct err e = {{0}};
	json_t *text = NULL;

	if (qmp_do(c->m, "ringbuf-read",
		   json_pack("{s:o, s:I}", "device", qmp_text(hmp_text(c, "device")), "size",
			     (json_int_t)hmp_number(c, "size", 0)),
		   &text, &e) < 0)
		hmp_error(c, &e);
	else
		fprintf(c->out, "%s\n", json_string_value(text));
	json_decref(text);
}

/* With an id or without: then it is the first of type user. */
static struct netdev *user_net(struct hmp_call *c, const char *id)
{
	const struct net_slot *s = c->m->nets;

	while (s && strcmp(id ? id : "user", id ? net_id(s->net) : net_type_name(s->net)))
		s = s->next;
	if (!s && id)
		fprintf(c->out, "unrecognized netdev id '%s'\n", id);
	else if (!s)
		fprintf(c->out, "no user mode network stack\n");
	return s ? s->net : NULL;
}

static void hostfwd(struct hmp_call *c, bool add)
{
	const char *one = hmp_text(c, "arg1"), *two = hmp_text(c, "arg2");
	struct netdev *n = user_net(c, two ? one : NULL);
	struct err e = {{0}};

	if (!n)
		return;
	two = two ? two : one;
	if (net_hostfwd(n, add, two, &e) < 0 && add)
		hmp_error(c, &e);
	else if (!add)
		fprintf(c->out, "host forwarding rule for %s %s\n", two,
			e.msg[0] ? "not found" : "removed");
}

static void run_hostfwd_add(struct hmp_call *c)
{
	hostfwd(c, true);
}

static void run_hostfwd_remove(struct hmp_call *c)
{
	hostfwd(c, false);
}

/* ---- objects ---- */

static void run_qom_list(struct hmp_call *c)
{
	const char *path = hmp_text(c, "path");
	struct err e = {{0}};
	json_t *list = NULL, *v;
	size_t i;

	if (qmp_do(c->m, "qom-list", json_pack("{s:o}", "path", qmp_text(path ? path : "/")), &list,
		   &e) < 0)
		hmp_error(c, &e);
	json_array_foreach(list, i, v)
		fprintf(c->out, "%s (%s)\n", json_string_value(json_object_get(v, "name")),
			json_string_value(json_object_get(v, "type")));
	json_decref(list);
}

static void run_qom_get(struct hmp_call *c)
{
	json_t *args = json_object(), *v = NULL;
	struct err e = {{0}};

	add_text(c, args, "path", "path");
	add_text(c, args, "property", "property");
	if (qmp_do(c->m, "qom-get", args, &v, &e) < 0) {
		hmp_error(c, &e);
		return;
	}
	json_dumpf(v, c->out, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	fputc('\n', c->out);
	json_decref(v);
}

/* ---- trace ---- */

/* What dev_trace_set was told last; the command line's globs come first. */
static char *trace_globs;

static void trace_set(struct hmp_call *c, const char *globs)
{
	char *copy = strdup(globs);
	struct err e = {{0}};

	if (!copy || dev_trace_set(copy, &e)) {
		hmp_error(c, &e);
		free(copy);
		return;
	}
	free(trace_globs);
	trace_globs = copy;
}

static void run_trace(struct hmp_call *c)
{
	const char *globs = hmp_text(c, "globs");

	trace_set(c, globs ? globs : "");
}

#define TRACE_MAX 4096

static void run_trace_event(struct hmp_call *c)
{
	const char *now = trace_globs ? trace_globs : c->m->cfg->trace, *name = hmp_text(c, "name");
	char *globs;
	bool on;

	if (text_bool(hmp_text(c, "option"), &on)) {
		fprintf(c->out,
			"Expected 'on' or 'off'\nTry \"help trace-event\" for more information\n");
		return;
	}
	if (strlen(name) + strlen(now ? now : "") > TRACE_MAX) {
		fprintf(c->out, "Error: too many patterns; start anew with trace\n");
		return;
	}
	if (asprintf(&globs, "%s%s%s%s", now ? now : "", now && *now ? "," : "", on ? "" : "-",
		     name) < 0)
		return;
	trace_set(c, globs);
	free(globs);
}

static void run_no_vcpu(struct hmp_call *c)
{
	fprintf(c->out, "Error: there is no vCPU whose %s could be shown\n",
		!strcmp(c->command->names, "x") ? "memory" : "registers");
}

static void run_print(struct hmp_call *c)
{
	const struct hmp_value *fmt = hmp_value(c, "fmt");
	long long v = (long long)hmp_number(c, "val", 0);

	switch (fmt->format) {
	case 'o':
		fprintf(c->out, "%#llo\n", v);
		break;
	case 'u':
		fprintf(c->out, "%llu\n", v);
		break;
	case 'd':
		fprintf(c->out, "%lld\n", v);
		break;
	case 'c':
		fprintf(c->out, "'%c'\n", v >= ' ' && v < 0x7f ? (char)v : '?');
		break;
	default:
		fprintf(c->out, "%#llx\n", v);
	}
}

/* clang-format off */
const struct hmp_command hmp_commands[] = {
	{"help|?", "name:S?", "[cmd]", "show the help", hmp_help, NULL},
	{"info", "item:s?", "[subcommand]", "show various information about the system state",
	 hmp_info, hmp_info_commands},
	{"stop|s", "", "", "stop emulation", run_stop, NULL},
	{"cont|c", "", "", "resume emulation", run_cont, NULL},
	{"system_reset", "", "", "reset the system", run_reset, NULL},
	{"system_powerdown", "", "", "send system power down event", run_powerdown, NULL},
	{"system_wakeup", "", "", "wakeup guest from suspend", run_wakeup, NULL},
	{"quit|q", "", "", "quit the emulator", run_quit, NULL},
	{"nmi", "", "", "inject an NMI", run_nmi, NULL},
	{"eject", "force:-f,device:s", "[-f] device", "eject a removable medium (-f: force it)",
	 run_eject, NULL},
	{"change", "device:s,force:-f,target:s,format:s?,read-only-mode:s?",
	 "device [-f] filename [format [read-only-mode]]",
	 "change a removable medium, optional format (-f: force the operation)", run_change, NULL},
	{"set_password", "protocol:s,password:s,connected:s?",
	 "protocol password [action-if-connected]", "set the password of VNC", run_set_password,
	 NULL},
	{"expire_password", "protocol:s,time:s", "protocol time",
	 "set when the password of VNC expires", run_expire_password, NULL},
	{"screendump", "filename:s,format:-fs,device:s?,head:i?",
	 "filename [-f format] [device [head]]",
	 "save screen from head 'head' of display device 'device' as image 'filename'",
	 run_screendump, NULL},
	{"sendkey", "keys:s,hold-time:i?", "keys [hold_ms]",
	 "send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=100 ms)", hmp_sendkey,
	 NULL},
	{"mouse_move", "dx:s,dy:s,dz:s?", "dx dy [dz]", "send mouse move events", hmp_mouse_move,
	 NULL},
	{"mouse_button", "button_state:i", "state", "change mouse button state (1=L, 2=R, 4=M)",
	 hmp_mouse_button, NULL},
	{"mouse_set", "index:i", "index", "set which mouse device receives events", hmp_mouse_set,
	 NULL},
	{"device_add", "device:s?", "driver[,prop=value][,...]",
	 "add device, like -device on the command line", run_device_add, NULL},
	{"device_del", "id:s", "device", "remove device", run_device_del, NULL},
	{"chardev-add", "args:s", "args", "add chardev", run_chardev_add, NULL},
	{"chardev-remove", "id:s", "id", "remove chardev", run_chardev_remove, NULL},
	{"netdev_add", "netdev:s", "type,id=str[,prop=value][,...]", "add host network device",
	 run_netdev_add, NULL},
	{"netdev_del", "id:s", "id", "remove host network device", run_netdev_del, NULL},
	{"set_link", "name:s,up:s", "name on|off", "change the link status of a network adapter",
	 run_set_link, NULL},
	{"hostfwd_add", "arg1:s,arg2:s?",
	 "[netdev_id] [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport",
	 "redirect TCP or UDP connections from host to guest (requires -net user)",
	 run_hostfwd_add, NULL},
	{"hostfwd_remove", "arg1:s,arg2:s?", "[netdev_id] [tcp|udp]:[hostaddr]:hostport",
	 "remove host-to-guest TCP or UDP redirection", run_hostfwd_remove, NULL},
	{"ringbuf_read", "device:s,size:i", "device size",
	 "Read from a ring buffer character device",
	 run_ringbuf_read, NULL},
	{"qom-list", "path:s?", "path", "list properties", run_qom_list, NULL},
	{"qom-get", "path:s,property:s", "path property", "print a property", run_qom_get, NULL},
	{"o", "fmt:/,addr:i,val:i", "/fmt addr value", "I/O port write", hmp_port_out, NULL},
	{"i", "fmt:/,addr:i,index:i?", "/fmt addr", "I/O port read", hmp_port_in, NULL},
	{"xp", "fmt:/,addr:i", "/fmt addr", "physical memory dump starting at 'addr'", hmp_dump,
	 NULL},
	{"x", "rest:S?", "/fmt addr", "virtual memory dump: needs a vCPU", run_no_vcpu, NULL},
	{"sum", "start:i,size:i", "addr size", "compute the checksum of a memory region", hmp_sum,
	 NULL},
	{"print|p", "fmt:/,val:i", "/fmt expr", "print expression value", run_print, NULL},
	{"trace-event", "name:s,option:s", "name on|off", "trace registers whose name fits",
	 run_trace_event, NULL},
	{"trace", "globs:S?", "[globs]", "trace just these registers, as -trace does", run_trace,
	 NULL},
	{0},
};
/* clang-format on */
