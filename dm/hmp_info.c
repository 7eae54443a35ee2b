/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_info.c: `info …`: QMP's answers for people. */
#include "dm/hmp.h"

#include "base/util.h"
#include "dm/qmp.h"
#include "hypervisor/x86/stats.h"
#include "ui/display.h"
#include "ui/vnc.h"

#include <inttypes.h>
#include <stdlib.h>

static json_t *ask(struct hmp_call *c, const char *name)
{
	struct err e = {{0}};
	json_t *v = NULL;

	if (qmp_do(c->m, name, NULL, &v, &e) < 0)
		hmp_error(c, &e);
	return v;
}

static const char *text(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static long long number(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}

static bool truth(const json_t *v, const char *key)
{
	return json_is_true(json_object_get(v, key));
}

static void info_version(struct hmp_call *c)
{
	fprintf(c->out, "%d.%d.%d (%s)\n", QMP_VERSION_MAJOR, QMP_VERSION_MINOR, QMP_VERSION_MICRO,
		QMP_PACKAGE);
}

static void info_status(struct hmp_call *c)
{
	enum run_state s = c->m->state;

	fprintf(c->out, "VM status: %s", s == RUN_RUNNING ? "running" : "paused");
	if (s != RUN_RUNNING && s != RUN_PAUSED)
		fprintf(c->out, " (%s)", run_state_name(s));
	fputc('\n', c->out);
}

static void info_name(struct hmp_call *c)
{
	if (c->m->cfg->name)
		fprintf(c->out, "%s\n", c->m->cfg->name);
}

static void info_uuid(struct hmp_call *c)
{
	json_t *v = ask(c, "query-uuid");

	fprintf(c->out, "%s\n", text(v, "UUID"));
	json_decref(v);
}

static void info_kvm(struct hmp_call *c)
{
	fprintf(c->out, "kvm support: not compiled\n");
}

static void info_cpus(struct hmp_call *c)
{
	json_t *list = ask(c, "query-cpus-fast"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		fprintf(c->out, "%c CPU #%lld: thread_id=%lld\n", i ? ' ' : '*',
			number(v, "cpu-index"), number(v, "thread-id"));
	json_decref(list);
}

static void info_chardev(struct hmp_call *c)
{
	json_t *list = ask(c, "query-chardev"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		fprintf(c->out, "%s: filename=%s\n", text(v, "label"), text(v, "filename"));
	json_decref(list);
}

static void block_row(FILE *f, const json_t *v)
{
	const json_t *medium = json_object_get(v, "inserted");

	if (medium)
		fprintf(f, "%s: %s (%s%s)\n", text(v, "device"), text(medium, "file"),
			text(medium, "drv"), truth(medium, "ro") ? ", read-only" : "");
	else
		fprintf(f, "%s: [not inserted]\n", text(v, "device"));
	if (json_object_get(v, "qdev"))
		fprintf(f, "    Attached to:      %s\n", text(v, "qdev"));
	if (truth(v, "removable"))
		fprintf(f, "    Removable device: %slocked, tray %s\n",
			truth(v, "locked") ? "" : "not ",
			truth(v, "tray_open") ? "open" : "closed");
	if (medium)
		fprintf(f, "    Cache mode:       writeback\n");
}

static void info_block(struct hmp_call *c)
{
	const char *only = hmp_text(c, "device");
	json_t *list = ask(c, "query-block"), *v;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (only && strcmp(only, text(v, "device")))
			continue;
		if (any)
			fputc('\n', c->out);
		any = true;
		block_row(c->out, v);
	}
	json_decref(list);
}

static void info_blockstats(struct hmp_call *c)
{
	static const char *const keys[] = {"rd_bytes", "wr_bytes", "rd_operations", "wr_operations",
					   "flush_operations"};
	json_t *list = ask(c, "query-blockstats"), *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		fprintf(c->out, "%s:", text(v, "device"));
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			fprintf(c->out, " %s=%lld", keys[k],
				number(json_object_get(v, "stats"), keys[k]));
		fputc('\n', c->out);
	}
	json_decref(list);
}

static void info_network(struct hmp_call *c)
{
	char mac[32];

	for (const struct net_slot *s = c->m->nets; s; s = s->next) {
		if (s->user) {
			if (dev_prop_get(s->user, "mac", mac, sizeof(mac)) < 0)
				mac[0] = 0;
			fprintf(c->out, "%s: index=0,type=nic,model=%s,macaddr=%s\n \\ ",
				s->user->id, s->user->class->name, mac);
		}
		fprintf(c->out, "%s: index=0,%s%s\n", net_id(s->net), net_info(s->net),
			net_link(s->net) ? "" : " (link down)");
	}
}

static void info_usernet(struct hmp_call *c)
{
	char status[NET_STATUS_MAX];

	for (const struct net_slot *s = c->m->nets; s; s = s->next) {
		struct err e = {{0}};

		if (strcmp(net_type_name(s->net), "user"))
			continue;
		if (net_status(s->net, status, sizeof(status), &e) < 0)
			hmp_error(c, &e);
		else
			fprintf(c->out, "Hub -1 (%s):\n%s", net_id(s->net), status);
	}
}

static void pci_region(FILE *f, const json_t *r)
{
	bool io = !strcmp(text(r, "type"), "io");
	uint64_t at = (uint64_t)number(r, "address"), end = at + (uint64_t)number(r, "size") - 1;

	fprintf(f, "      BAR%lld: ", number(r, "bar"));
	if (io)
		fprintf(f, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n", at, end);
	else
		fprintf(f, "32 bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n",
			truth(r, "prefetch") ? " prefetchable" : "", at, end);
}

static void pci_row(FILE *f, const json_t *v)
{
	const json_t *class = json_object_get(v, "class_info"), *id = json_object_get(v, "id"), *r;
	long long pin = number(v, "irq_pin");
	size_t i;

	fprintf(f, "  Bus %2lld, device %3lld, function %lld:\n    ", number(v, "bus"),
		number(v, "slot"), number(v, "function"));
	if (json_object_get(class, "desc"))
		fprintf(f, "%s", text(class, "desc"));
	else
		fprintf(f, "Class %04lld", number(class, "class"));
	fprintf(f, ": PCI device %04llx:%04llx\n", number(id, "vendor"), number(id, "device"));
	fprintf(f, "      PCI subsystem %04llx:%04llx\n", number(id, "subsystem-vendor"),
		number(id, "subsystem"));
	if (pin)
		fprintf(f, "      IRQ %lld, pin %c\n", number(v, "irq"), (char)('A' + pin - 1));
	json_array_foreach(json_object_get(v, "regions"), i, r) pci_region(f, r);
	fprintf(f, "      id \"%s\"\n", text(v, "qdev_id"));
}

static void info_pci(struct hmp_call *c)
{
	json_t *buses = ask(c, "query-pci"), *bus, *v;
	size_t i, j;

	if (!json_array_size(buses))
		fprintf(c->out, "PCI bus not found\n");
	json_array_foreach(buses, i, bus) json_array_foreach(json_object_get(bus, "devices"), j, v)
		pci_row(c->out, v);
	json_decref(buses);
}

static void info_vnc(struct hmp_call *c)
{
	struct vnc_info i;
	struct vnc_peer p;

	if (!c->m->vnc) {
		fprintf(c->out, "None\n");
		return;
	}
	vnc_get_info(c->m->vnc, &i);
	fprintf(c->out, "default:\n  Server: %s%s%s (%s)\n    Auth: %s (Sub: none)\n", i.host,
		*i.service ? ":" : "", i.service, i.family, i.password ? "vnc" : "none");
	if (i.websocket.host)
		fprintf(c->out, "  Server: %s:%s (%s (Websocket))\n    Auth: %s (Sub: none)\n",
			i.websocket.host, i.websocket.service, i.websocket.family,
			i.password ? "vnc" : "none");
	for (unsigned n = 0; vnc_get_peer(c->m->vnc, n, &p); n++)
		fprintf(c->out, "  Client: %s (%s%s)\n", p.address,
			p.websocket ? i.websocket.family : i.family,
			p.websocket ? " (Websocket)" : "");
}

static void info_nothing(struct hmp_call *c)
{
	(void)c;
}

static void info_memory(struct hmp_call *c)
{
	fprintf(c->out, "base memory: %" PRIu64 "\nplugged memory: 0\n", c->m->cfg->ram);
}

static void info_registers(struct hmp_call *c)
{
	fprintf(c->out, "Error: there is no vCPU whose registers could be shown\n");
}

/* A line for each counter: the sum, and of several CPUs each one's. */
static void info_jit(struct hmp_call *c)
{
	json_t *v = ask(c, "x-query-engine"), *cpus = json_object_get(v, "cpus");
	size_t n = json_array_size(cpus);

	for (unsigned i = 0; v && i < ENGINE_STATS_N; i++) {
		const struct stats_row *row = &stats_rows[i];

		fprintf(c->out, "%-14s %16lld", row->name,
			number(json_object_get(v, "total"), row->name));
		for (size_t k = 0; n > 1 && k < n && row->of == STATS_OF_VCPU; k++)
			fprintf(c->out, " %16lld", number(json_array_get(cpus, k), row->name));
		fprintf(c->out, "\n");
	}
	json_decref(v);
}

/* The upper half of code page 437, for who reads along. */
static const char *cp437(uint8_t ch)
{
	static const char *const upper[128] = {
		"Ç", "ü", "é", "â", "ä", "à", "å", "ç", "ê", "ë", "è", "ï", "î", "ì", "Ä", "Å",
		"É", "æ", "Æ", "ô", "ö", "ò", "û", "ù", "ÿ", "Ö", "Ü", "¢", "£", "¥", "₧", "ƒ",
		"á", "í", "ó", "ú", "ñ", "Ñ", "ª", "º", "¿", "⌐", "¬", "½", "¼", "¡", "«", "»",
		"░", "▒", "▓", "│", "┤", "╡", "╢", "╖", "╕", "╣", "║", "╗", "╝", "╜", "╛", "┐",
		"└", "┴", "┬", "├", "─", "┼", "╞", "╟", "╚", "╔", "╩", "╦", "╠", "═", "╬", "╧",
		"╨", "╤", "╥", "╙", "╘", "╒", "╓", "╫", "╪", "┘", "┌", "█", "▄", "▌", "▐", "▀",
		"α", "ß", "Γ", "π", "Σ", "σ", "µ", "τ", "Φ", "Θ", "Ω", "δ", "∞", "φ", "ε", "∩",
		"≡", "±", "≥", "≤", "⌠", "⌡", "÷", "≈", "°", "∙", "·", "√", "ⁿ", "²", "■", " "};

	return upper[ch & 127];
}

static void print_line(FILE *f, const struct display_text *t, unsigned y)
{
	unsigned n = t->columns;

	while (n && strchr(" \xff", t->cell[y * t->columns + n - 1].ch))
		n--;
	for (unsigned x = 0; x < n; x++) {
		uint8_t ch = t->cell[y * t->columns + x].ch;

		if (ch & 0x80)
			fputs(cp437(ch), f);
		else
			fputc(ch < ' ' || ch == 0x7f ? '.' : ch, f);
	}
	fputc('\n', f);
}

/* What a person would read from the screen of a text mode. */
static void info_screen(struct hmp_call *c)
{
	struct err e = {""};
	struct display *d = machine_display(c->m, hmp_text(c, "device"), &e);
	struct display_text *t = d ? calloc(1, sizeof(*t)) : NULL;

	if (!t) {
		hmp_error(c, &e);
		return;
	}
	if (!display_get_text(d, t)) {
		fprintf(c->out, "%s is not in a text mode\n", display_name(d));
		free(t);
		return;
	}
	fprintf(c->out, "%s: %ux%u characters", display_name(d), t->columns, t->lines);
	if (t->cursor_x == ~0u)
		fprintf(c->out, ", no cursor\n");
	else
		fprintf(c->out, ", cursor at column %u of line %u\n", t->cursor_x, t->cursor_y);
	for (unsigned y = 0; y < t->lines; y++)
		print_line(c->out, t, y);
	free(t);
}

/* clang-format off */
const struct hmp_command hmp_info_commands[] = {
	{"version", "", "", "show the version", info_version, NULL},
	{"status", "", "", "show the current VM status (running|paused)", info_status, NULL},
	{"name", "", "", "show the current VM name", info_name, NULL},
	{"uuid", "", "", "show the current VM UUID", info_uuid, NULL},
	{"kvm", "", "", "show KVM information", info_kvm, NULL},
	{"cpus", "", "", "show infos for each CPU", info_cpus, NULL},
	{"registers", "rest:S?", "[-a|vcpu]", "show the cpu registers: needs a vCPU",
	 info_registers, NULL},
	{"jit", "", "", "show what the engine that runs the CPUs has counted", info_jit, NULL},
	{"block", "nodes:-n,verbose:-v,device:s?", "[-n] [-v] [device]",
	 "show info of one block device or all block devices", info_block, NULL},
	{"blockstats", "", "", "show block device statistics", info_blockstats, NULL},
	{"chardev", "", "", "show the character devices", info_chardev, NULL},
	{"network", "", "", "show the network state", info_network, NULL},
	{"usernet", "", "", "show user network stack connection states", info_usernet, NULL},
	{"pci", "", "", "show PCI info", info_pci, NULL},
	{"qtree", "", "", "show device tree", hmp_info_qtree, NULL},
	{"qom-tree", "path:s?", "[path]", "show QOM composition tree", hmp_info_qom_tree, NULL},
	{"mtree", "flags:S?", "", "show who answers which address", hmp_info_mtree, NULL},
	{"dev", "id:s?", "[id]", "show each register of a device, or of all", hmp_info_dev, NULL},
	{"irq", "", "", "show the interrupt pins", hmp_info_irq, NULL},
	{"pic", "", "", "show PIC state", hmp_info_pic, NULL},
	{"iothreads", "", "", "show iothreads", info_nothing, NULL},
	{"memory_size_summary", "", "", "show the amount of memory in bytes", info_memory, NULL},
	{"mice", "", "", "show which guest mouse is receiving events", hmp_info_mice, NULL},
	{"screen", "device:s?", "[device]", "show the characters of a text screen", info_screen,
	 NULL},
	{"usb", "", "", "show guest USB devices", hmp_info_usb, NULL},
	{"vnc", "", "", "show the vnc server status", info_vnc, NULL},
	{0},
};
/* clang-format on */
